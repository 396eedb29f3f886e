/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A trap-and-emulate device, which sees each access in the host's order
 */
#ifndef MODEL_ORACLE_H
#define MODEL_ORACLE_H

#include "host.h"
#include "regs.h"

struct oracle {
	u32 pfn[EPFV_MAX_QUEUES];
	u16 vector[EPFV_MAX_QUEUES];
	u16 config_vector;
	u16 sel;
	u32 features;
	u8 status;
	bool msix;
};

void oracle_reset(struct oracle *o);
void oracle_write(struct oracle *o, const struct host_op *op);
u64 oracle_read(const struct oracle *o, const struct epfv_regs_params *p,
		const struct host_op *op);

/* Whether @op is on device configuration and not on a register */
bool oracle_is_config(const struct oracle *o, const struct host_op *op);

static inline bool oracle_running(const struct oracle *o)
{
	return o->status & DRIVER_OK;
}

#endif /* MODEL_ORACLE_H */
