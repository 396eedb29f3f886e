/* SPDX-License-Identifier: GPL-2.0 */
/*
 * ep_dma: the controller's DMA engine, between the two machines' RAM
 *
 * Offered to:	ep_ctrl (registers, reset), cable (how many channels) and trace_line.
 * Registers:	pcie-cable-regs.h, from PCIE_CABLE_DMA_CHANNELS and PCIE_CABLE_DMA(0) on
 *
 * A list is carried out in pieces between other things, so that it takes no machine's
 * turn; it ends with an interrupt.
 */
#ifndef CABLE_EP_DMA_H
#define CABLE_EP_DMA_H

#include <stdbool.h>
#include <stdint.h>

#include "loop.h"
#include "pcie-cable-regs.h"

struct cable;

/* Bytes that are moved before others have their turn: some 20 us */
#define EP_DMA_PIECE		(256u << 10)

/**
 * struct ep_dma_chan - one channel
 * @list: address in the endpoint machine's memory
 * @count: elements of the list
 * @done: of them, those carried out
 * @ctrl: PCIE_CABLE_DMA_BUSY, PCIE_CABLE_DMA_ERROR
 * @moved: bytes of the element after @done that have been moved
 */
struct ep_dma_chan {
	uint64_t list;
	uint32_t count;
	uint32_t done;
	uint32_t ctrl;
	uint32_t moved;
};

/**
 * struct ep_dma - the engine
 * @cable: for @timer
 * @channels: of each direction, 0: no engine; those that read from the host come first
 * @status: PCIE_CABLE_DMA_STATUS
 * @enable: PCIE_CABLE_DMA_ENABLE
 * @next: channel whose turn it is
 * @timer: armed while a channel is busy
 */
struct ep_dma {
	struct cable *cable;
	unsigned int channels;
	uint32_t status;
	uint32_t enable;
	unsigned int next;
	struct loop_timer timer;
	struct ep_dma_chan chan[2 * PCIE_CABLE_MAX_DMA_CHANNELS];
};

void ep_dma_init(struct ep_dma *dma, struct cable *cable, unsigned int channels);

/* Stop all channels, and forget what is in registers. */
void ep_dma_reset(struct ep_dma *dma);

/* A register: 0 where there is none, or the store is lost */
uint32_t ep_dma_reg_read(const struct ep_dma *dma, uint64_t offset);
void ep_dma_reg_write(struct ep_dma *dma, uint64_t offset, uint32_t v);

#endif /* CABLE_EP_DMA_H */
