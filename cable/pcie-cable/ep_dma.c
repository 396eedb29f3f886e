// SPDX-License-Identifier: GPL-2.0
#include <linux/vfio.h>
#include <stddef.h>
#include <string.h>

#include "cable.h"
#include "ep_dma.h"
#include "host_mem.h"
#include "mem.h"
#include "watch.h"

#define DMA_STRIDE	(PCIE_CABLE_DMA(1) - PCIE_CABLE_DMA(0))

struct element {
	uint64_t host;
	uint64_t local;
	uint32_t len;
	uint32_t reserved;
};

static unsigned int num_chans(const struct ep_dma *dma)
{
	return 2 * dma->channels;
}

static bool is_read(const struct ep_dma *dma, unsigned int c)
{
	return c < dma->channels;
}

static uint8_t *local_mem(struct cable *cable, uint64_t addr, uint64_t size)
{
	uint8_t *mem;

	if (vfu_dma_find(&cable->ep.conn->dma, addr, size, &mem) != VFU_DMA_FOUND)
		return NULL;
	return mem;
}

/* As with an eDMA that nobody tells otherwise, the engine is function 0's. */
static struct host_fn *requester(struct cable *cable)
{
	return &cable->host[0];
}

static int64_t refuse(struct ep_dma *dma, unsigned int c, const struct element *el,
		      enum trace_dma_refusal why)
{
	const uint32_t moved = dma->chan[c].moved;

	watch_dma_refused(requester(dma->cable), !is_read(dma, c), el->host + moved,
			  el->len > moved ? el->len - moved : 0, why);
	return -1;
}

static int64_t refuse_list(struct ep_dma *dma, unsigned int c)
{
	watch_dma_refused(requester(dma->cable), !is_read(dma, c), 0, 0, TRACE_DMA_LIST);
	return -1;
}

/* Up to @room bytes of one element; how many, or -1: it cannot be carried out. */
static int64_t move(struct ep_dma *dma, unsigned int c, uint32_t room)
{
	struct ep_dma_chan *chan = &dma->chan[c];
	struct cable *cable = dma->cable;
	const bool write = !is_read(dma, c);
	uint8_t *host, *local;
	struct element el;
	uint32_t n;

	local = local_mem(cable, chan->list + chan->done * sizeof(el), sizeof(el));
	if (!local)
		return refuse_list(dma, c);
	mem_read((uint8_t *)&el, local, sizeof(el));
	/* The endpoint may change an element that is under way; it harms itself only. */
	if (el.len <= chan->moved)
		return refuse(dma, c, &el, TRACE_DMA_LENGTH);
	if (!host_fn_may_master(requester(cable)))
		return refuse(dma, c, &el, TRACE_DMA_BUS_MASTER);
	n = el.len - chan->moved;
	if (n > room)
		n = room;
	/* No more than is in one piece there; the rest is for the next turn. */
	host = host_mem_at(requester(cable), el.host + chan->moved, &n, write);
	if (!host)
		return refuse(dma, c, &el, TRACE_DMA_NO_MEMORY);
	local = local_mem(cable, el.local + chan->moved, n);
	if (!local)
		return refuse(dma, c, &el, TRACE_DMA_LOCAL);

	if (write)
		mem_write(host, local, n);
	else
		mem_read(local, host, n);
	watch_dma(requester(cable), write, el.host + chan->moved, local, n);
	chan->moved += n;
	if (chan->moved == el.len) {
		chan->done++;
		chan->moved = 0;
	}
	return n;
}

static void interrupt(struct ep_dma *dma)
{
	if (dma->status & dma->enable)
		vfu_irq_fire(&dma->cable->ep.conn->irqs, VFIO_PCI_MSIX_IRQ_INDEX,
			     PCIE_CABLE_IRQ_DMA);
}

static void finish(struct ep_dma *dma, unsigned int c, uint32_t error)
{
	const uint32_t bit = 1u << c;
	const bool risen = !(dma->status & bit);

	dma->chan[c].ctrl = error;
	watch_dma_list(requester(dma->cable), !is_read(dma, c));
	dma->status |= bit;
	if (risen && (dma->enable & bit))
		interrupt(dma);
}

static void run(struct ep_dma *dma, unsigned int c)
{
	struct ep_dma_chan *chan = &dma->chan[c];
	uint32_t room = EP_DMA_PIECE;
	int64_t n;

	while (room && chan->done < chan->count) {
		n = chan->count > PCIE_CABLE_DMA_MAX_ELEMENTS ? refuse_list(dma, c) :
								move(dma, c, room);
		if (n < 0) {
			finish(dma, c, PCIE_CABLE_DMA_ERROR);
			return;
		}
		room -= n;
	}
	if (chan->done == chan->count)
		finish(dma, c, 0);
}

static bool is_busy(const struct ep_dma_chan *chan)
{
	return chan->ctrl & PCIE_CABLE_DMA_BUSY;
}

static void turn(struct loop_timer *timer)
{
	struct ep_dma *dma = (struct ep_dma *)((char *)timer - offsetof(struct ep_dma, timer));
	unsigned int i, c;

	for (i = 0; i < num_chans(dma); i++) {
		c = (dma->next + i) % num_chans(dma);
		if (!is_busy(&dma->chan[c]))
			continue;
		run(dma, c);
		dma->next = c + 1;
		break;
	}
	for (i = 0; i < num_chans(dma); i++)
		if (is_busy(&dma->chan[i]) && !timer->armed)
			loop_timer_arm(dma->cable->loop, timer, 0);
}

void ep_dma_init(struct ep_dma *dma, struct cable *cable, unsigned int channels)
{
	*dma = (struct ep_dma){ .cable = cable, .channels = channels, .timer.fire = turn };
}

void ep_dma_reset(struct ep_dma *dma)
{
	loop_timer_cancel(dma->cable->loop, &dma->timer);
	memset(dma->chan, 0, sizeof(dma->chan));
	dma->status = 0;
	dma->enable = 0;
}

static const struct ep_dma_chan *chan_at(const struct ep_dma *dma, uint64_t offset)
{
	const uint64_t c = (offset - PCIE_CABLE_DMA(0)) / DMA_STRIDE;

	return offset >= PCIE_CABLE_DMA(0) && c < num_chans(dma) ? &dma->chan[c] : NULL;
}

static uint32_t chan_read(const struct ep_dma_chan *chan, uint32_t reg)
{
	switch (reg) {
	case PCIE_CABLE_DMA_LIST_LO:
		return chan->list;
	case PCIE_CABLE_DMA_LIST_HI:
		return chan->list >> 32;
	case PCIE_CABLE_DMA_COUNT:
		return chan->count;
	case PCIE_CABLE_DMA_CTRL:
		return chan->ctrl;
	case PCIE_CABLE_DMA_DONE:
		return chan->done;
	default:
		return 0;
	}
}

uint32_t ep_dma_reg_read(const struct ep_dma *dma, uint64_t offset)
{
	const struct ep_dma_chan *chan = chan_at(dma, offset);

	if (chan)
		return chan_read(chan, offset % DMA_STRIDE);
	switch (offset) {
	case PCIE_CABLE_DMA_CHANNELS:
		return dma->channels;
	case PCIE_CABLE_DMA_STATUS:
		return dma->status;
	case PCIE_CABLE_DMA_ENABLE:
		return dma->enable;
	default:
		return 0;
	}
}

static void chan_write(struct ep_dma *dma, struct ep_dma_chan *chan, uint32_t reg, uint32_t v)
{
	if (reg == PCIE_CABLE_DMA_CTRL && v == PCIE_CABLE_DMA_ABORT) {
		chan->ctrl = 0;
		return;
	}
	if (is_busy(chan))
		return;
	switch (reg) {
	case PCIE_CABLE_DMA_LIST_LO:
		chan->list = (chan->list & ~0xffffffffull) | v;
		break;
	case PCIE_CABLE_DMA_LIST_HI:
		chan->list = (chan->list & 0xffffffffull) | (uint64_t)v << 32;
		break;
	case PCIE_CABLE_DMA_COUNT:
		chan->count = v;
		break;
	case PCIE_CABLE_DMA_CTRL:
		if (v != PCIE_CABLE_DMA_BUSY)
			break;
		chan->ctrl = PCIE_CABLE_DMA_BUSY;
		chan->done = 0;
		chan->moved = 0;
		if (!dma->timer.armed)
			loop_timer_arm(dma->cable->loop, &dma->timer, 0);
		break;
	}
}

void ep_dma_reg_write(struct ep_dma *dma, uint64_t offset, uint32_t v)
{
	struct ep_dma_chan *chan = (struct ep_dma_chan *)chan_at(dma, offset);

	if (chan) {
		chan_write(dma, chan, offset % DMA_STRIDE, v);
		return;
	}
	switch (offset) {
	case PCIE_CABLE_DMA_STATUS:
		dma->status &= ~v;
		break;
	case PCIE_CABLE_DMA_ENABLE:
		dma->enable = v;
		interrupt(dma);
		break;
	}
}
