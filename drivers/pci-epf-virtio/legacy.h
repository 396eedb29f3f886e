/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The legacy register file as it lies in BAR0
 */
#ifndef EPFV_LEGACY_H
#define EPFV_LEGACY_H

#include "regs.h"

/**
 * struct epfv_legacy - a transport over BAR0
 * @regs: the engine that makes sense of it
 * @bar: endpoint memory behind the BAR
 */
struct epfv_legacy {
	struct epfv_regs regs;
	void *bar;
};

int epfv_legacy_init(struct epfv_legacy *l, void *bar, const struct epfv_regs_params *params);

#endif /* EPFV_LEGACY_H */
