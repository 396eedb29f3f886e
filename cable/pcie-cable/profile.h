/* SPDX-License-Identifier: GPL-2.0 */
/*
 * profile: what kinds of endpoint controllers can do, and what they refuse
 *
 * Offered to:	main (choice by name) and ep_ctrl (registers that tell the driver).
 *
 * A function that ignores a rule of its controller fails on the cable as it would
 * on the board.
 */
#ifndef CABLE_PROFILE_H
#define CABLE_PROFILE_H

#include <stdbool.h>
#include <stdint.h>

#include "ep_atu.h"
#include "pcie-cable-regs.h"

/**
 * struct profile_bar - what can be done with a BAR
 * @type: PCIE_CABLE_BAR_PROGRAMMABLE, ...
 * @size: bytes, of a fixed one
 */
struct profile_bar {
	uint32_t type;
	uint32_t size;
};

/**
 * struct profile - a controller, as its driver in the kernel describes it
 * @name: for --profile
 * @what: one line for --help
 * @windows: outbound windows; none: they are mapped
 * @functions: physical functions, 1 to PCIE_CABLE_MAX_FUNCTIONS
 * @events: PCIE_CABLE_EVENT_* the driver tells functions of
 * @num_msi: vectors the controller can raise, 0: no MSI
 * @num_msix: the same for MSI-X
 * @intx: INTx can be raised
 * @intx_told: the driver says so
 * @dma_channels: of each direction
 * @bar_align: bytes, a power of two; of the endpoint's memory behind a BAR
 * @bar: by number
 */
struct profile {
	const char *name;
	const char *what;
	struct ep_atu_limits windows;
	unsigned int functions;
	uint32_t events;
	uint32_t num_msi;
	uint32_t num_msix;
	bool intx;
	bool intx_told;
	unsigned int dma_channels;
	uint32_t bar_align;
	struct profile_bar bar[PCIE_CABLE_NUM_BARS];
};

/* NULL: there is none of that name. */
const struct profile *profile_find(const char *name);

/* The nth, for lists; NULL: there are not so many. */
const struct profile *profile_at(unsigned int n);

#endif /* CABLE_PROFILE_H */
