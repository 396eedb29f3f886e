// SPDX-License-Identifier: GPL-2.0
#include <string.h>

#include "cable.h"
#include "ep_atu.h"
#include "host_mem.h"
#include "mem.h"
#include "watch.h"

/* In which an endpoint that copies from a window asks for the next word */
#define AWAKE_NS	100000

#define OB_STRIDE	(PCIE_CABLE_OB(1) - PCIE_CABLE_OB(0))

void ep_atu_reset(struct ep_atu *atu)
{
	memset(atu->window, 0, sizeof(atu->window));
}

static const struct ep_atu_window *window_at(const struct ep_atu *atu, uint64_t offset)
{
	const uint64_t n = (offset - PCIE_CABLE_OB(0)) / OB_STRIDE;

	return offset >= PCIE_CABLE_OB(0) && n < atu->limits.windows ? &atu->window[n] : NULL;
}

uint32_t ep_atu_reg_read(const struct ep_atu *atu, uint64_t offset)
{
	const struct ep_atu_window *win = window_at(atu, offset);

	if (!win)
		return 0;
	switch (offset % OB_STRIDE) {
	case PCIE_CABLE_OB_BASE_LO:
		return win->base;
	case PCIE_CABLE_OB_BASE_HI:
		return win->base >> 32;
	case PCIE_CABLE_OB_SIZE_LO:
		return win->size;
	case PCIE_CABLE_OB_SIZE_HI:
		return win->size >> 32;
	case PCIE_CABLE_OB_TARGET_LO:
		return win->target;
	case PCIE_CABLE_OB_TARGET_HI:
		return win->target >> 32;
	case PCIE_CABLE_OB_CTRL:
		return win->ctrl;
	default:
		return 0;
	}
}

static void set_half(uint64_t *v, bool high, uint32_t half)
{
	const unsigned int shift = high ? 32 : 0;

	*v = (*v & ~(0xffffffffull << shift)) | (uint64_t)half << shift;
}

void ep_atu_reg_write(struct ep_atu *atu, uint64_t offset, uint32_t v)
{
	struct ep_atu_window *win = (struct ep_atu_window *)window_at(atu, offset);
	const uint32_t reg = offset % OB_STRIDE;

	if (!win)
		return;
	switch (reg) {
	case PCIE_CABLE_OB_BASE_LO:
	case PCIE_CABLE_OB_BASE_HI:
		set_half(&win->base, reg == PCIE_CABLE_OB_BASE_HI, v);
		break;
	case PCIE_CABLE_OB_SIZE_LO:
	case PCIE_CABLE_OB_SIZE_HI:
		set_half(&win->size, reg == PCIE_CABLE_OB_SIZE_HI, v);
		break;
	case PCIE_CABLE_OB_TARGET_LO:
	case PCIE_CABLE_OB_TARGET_HI:
		set_half(&win->target, reg == PCIE_CABLE_OB_TARGET_HI, v);
		break;
	case PCIE_CABLE_OB_CTRL:
		win->ctrl = v;
		break;
	}
}

/* Does @count bytes from @offset on lie in the window, and at which host address? */
static bool covers(const struct ep_atu_limits *limits, const struct ep_atu_window *win,
		   uint64_t offset, uint32_t count, uint64_t *addr)
{
	const uint64_t mask = ~(limits->granule - 1);
	const uint64_t base = win->base & mask, size = win->size & mask;

	if (!(win->ctrl & PCIE_CABLE_OB_ENABLE) || offset < base ||
	    offset - base >= size || count > size - (offset - base))
		return false;
	*addr = (win->target & mask) + offset - base;
	return true;
}

/* As many low bits of the offset as the size has go to the host as they are. */
static bool covers_low_bits(const struct ep_atu_limits *limits, const struct ep_atu_window *win,
			    uint64_t offset, uint32_t count, uint64_t *addr)
{
	uint64_t low = limits->granule - 1;

	while (low < win->size - 1 && low < limits->space)
		low = low << 1 | 1;
	if (!(win->ctrl & PCIE_CABLE_OB_ENABLE) || !win->size || !count ||
	    (offset & ~low) != (win->base & ~low) ||
	    ((offset + count - 1) & ~low) != (win->base & ~low))
		return false;
	*addr = (win->target & ~low) | (offset & low);
	return true;
}

/**
 * struct request - what becomes of an access
 * @host: the function that makes it; the first one where no window shows it
 * @sent: a window shows it to the host, and the function may send requests
 * @place: address at the host; where it is not sent, the offset in BAR2
 * @mem: memory of the host that it goes to; NULL: it is not answered
 */
struct request {
	struct host_fn *host;
	bool sent;
	uint64_t place;
	uint8_t *mem;
};

static unsigned int function_of(const struct ep_atu_window *win)
{
	return win->ctrl >> PCIE_CABLE_OB_FN_SHIFT & PCIE_CABLE_OB_FN_MASK;
}

static struct request translate(struct cable *cable, uint64_t offset, uint32_t count, bool write)
{
	const struct ep_atu_limits *limits = &cable->atu.limits;
	const struct ep_atu_window *win = cable->atu.window;
	const struct ep_atu_window *end = win + limits->windows;
	struct request req = { .host = &cable->host[0], .place = offset };
	uint32_t there = count;
	uint64_t addr = 0;

	for (; win < end; win++)
		if (limits->passes_low_bits ?
		    covers_low_bits(limits, win, offset, count, &addr) :
		    covers(limits, win, offset, count, &addr))
			break;
	if (win == end || function_of(win) >= cable->profile->functions)
		return req;
	req.host = &cable->host[function_of(win)];
	if (!host_fn_may_master(req.host))
		return req;
	req.sent = true;
	req.place = addr;
	req.mem = host_mem_at(req.host, addr, &there, write);
	if (there < count)
		req.mem = NULL;
	return req;
}

void ep_atu_read(struct cable *cable, uint64_t offset, uint8_t *data, uint32_t count)
{
	const struct request req = translate(cable, offset, count, false);

	if (req.mem)
		mem_read(data, req.mem, count);
	else
		memset(data, 0xff, count);
	watch_window(req.host, false, req.sent, req.place, data, count, req.mem);
	loop_stay_awake(cable->loop, AWAKE_NS);
}

void ep_atu_write(struct cable *cable, uint64_t offset, const uint8_t *data, uint32_t count)
{
	const struct request req = translate(cable, offset, count, true);

	if (req.mem)
		mem_write(req.mem, data, count);
	watch_window(req.host, true, req.sent, req.place, data, count, req.mem);
}
