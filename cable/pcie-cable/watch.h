/* SPDX-License-Identifier: GPL-2.0 */
/*
 * watch: what passes over the link is counted and traced
 *
 * Offered to:	host_fn, ep_ctrl, ep_atu, ep_dma and link, one call for each thing that
 *		happens to a function, @host.
 */
#ifndef CABLE_WATCH_H
#define CABLE_WATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "stats.h"

struct host_fn;

/*
 * A read (with what it gave) or a write of the host in a BAR; without @answer the
 * function did not answer, as its memory is disabled or the link is down.
 */
void watch_mem(struct host_fn *host, bool write, unsigned int bar, uint64_t offset,
	       const uint8_t *data, uint32_t count, bool answer);

/* The same in the configuration space, which answers while the link is up */
void watch_cfg(struct host_fn *host, bool write, uint32_t offset, const uint8_t *data,
	       uint32_t count);

/*
 * A read (with what it gave) or a write of the endpoint through a metered window; see
 * trace_ep_window().
 */
void watch_window(struct host_fn *host, bool write, bool sent, uint64_t place,
		  const uint8_t *data, uint32_t count, bool answer);

/* What DMA has moved, @count bytes from or (@write) to @addr of the host */
void watch_dma(struct host_fn *host, bool write, uint64_t addr, const uint8_t *data,
	       uint32_t count);

/* What DMA has not moved, and why; it ends the list */
void watch_dma_refused(struct host_fn *host, bool write, uint64_t addr, uint32_t count,
		       enum trace_dma_refusal why);

/* A list of DMA has ended */
void watch_dma_list(struct host_fn *host, bool write);

/*
 * An interrupt of the endpoint and what became of it, one of PCIE_CABLE_IRQ_*, which
 * is returned.  @number is the vector, from 1; of INTx 1 where it is asserted, else 0.
 */
uint32_t watch_irq(struct host_fn *host, enum irq_kind kind, uint32_t number, uint32_t result);

/* Of one function, or of the link and all functions; then @host is the first */
void watch_event(struct host_fn *host, enum watch_event event);

#endif /* CABLE_WATCH_H */
