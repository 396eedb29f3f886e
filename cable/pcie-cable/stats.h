/* SPDX-License-Identifier: GPL-2.0 */
/*
 * stats: counters of what passes over the link
 *
 * Offered to:	watch (counts), ep_ctrl (register accesses) and control_cmd (prints).
 */
#ifndef CABLE_STATS_H
#define CABLE_STATS_H

#include <stdbool.h>
#include <stdint.h>

#include "answer.h"
#include "pcie-cable-regs.h"
#include "traffic.h"

enum irq_kind { IRQ_MSIX, IRQ_MSI, IRQ_INTX, IRQ_KINDS };

enum watch_event {
	WATCH_LINK_UP, WATCH_LINK_DOWN, WATCH_HOST_RESET, WATCH_FLR, WATCH_BUS_MASTER, WATCH_EVENTS
};

extern const char *const irq_kind_names[IRQ_KINDS];

#define STATS_IRQ_RESULTS	(PCIE_CABLE_IRQ_LINK_DOWN + 1)

struct stats_access {
	uint64_t number;
	uint64_t bytes;
	uint64_t unanswered;		/* of @number */
};

struct stats_dma {
	uint64_t lists;
	uint64_t bytes;
	uint64_t requests;		/* that this takes on a link */
	uint64_t refused;		/* of @lists, those that ended with an element refused */
};

/* Of one function */
struct stats_fn {
	struct stats_access mem[2];	/* [write] */
	struct stats_access cfg[2];	/* [write] */
	struct stats_access window[2];	/* [write]; bytes of those that were answered */
	uint64_t irq[IRQ_KINDS][STATS_IRQ_RESULTS];
};

struct stats {
	int64_t since_ns;
	struct stats_fn fn[PCIE_CABLE_MAX_FUNCTIONS];
	struct stats_dma dma[2];	/* [write] */
	uint64_t events[WATCH_EVENTS];
	uint64_t registers[2];		/* [write] */
	struct traffic traffic;
};

struct cable;

/* All from zero, from now on */
void stats_reset(struct stats *stats);

void stats_access(struct stats_access *access, uint32_t bytes, bool answer);

void stats_print(const struct cable *cable, struct answer *answer);

#endif /* CABLE_STATS_H */
