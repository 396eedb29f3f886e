/* SPDX-License-Identifier: GPL-2.0 */
/*
 * trace_tlp: the packets that a line of a trace stands for
 *
 * Offered to:	trace_cmd
 *
 * A trace has offsets in BARs, a packet an address: what the host wrote to the BAR
 * registers before, as far as the trace has it, and else 0.
 */
#ifndef CABLE_TRACE_TLP_H
#define CABLE_TRACE_TLP_H

#include "pcie-cable-regs.h"
#include "tlp.h"
#include "trace_line.h"

/**
 * struct trace_tlp - state from line to line
 * @packet: called for each packet, in their order
 * @arg: for @packet
 * @bar: the BAR registers of each function
 * @tag: of the last request that is completed
 */
struct trace_tlp {
	void (*packet)(void *arg, bool from_host, const struct tlp *tlp);
	void *arg;
	uint8_t bar[PCIE_CABLE_MAX_FUNCTIONS][PCIE_CABLE_NUM_BARS * 4];
	uint8_t tag;
};

/* Take in what @line says about addresses; for each line of the trace. */
void trace_tlp_follow(struct trace_tlp *t, const struct trace_line *line);

/* Make the packets of @line, before it is followed; how many these were. */
unsigned int trace_tlp_make(struct trace_tlp *t, const struct trace_line *line);

#endif /* CABLE_TRACE_TLP_H */
