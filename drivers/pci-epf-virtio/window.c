// SPDX-License-Identifier: GPL-2.0
/*
 * Outbound windows: which are mapped, and who uses them
 */
#include <linux/align.h>
#include <linux/compiler.h>
#include <linux/err.h>
#include <linux/errno.h>
#include <linux/log2.h>
#include <linux/minmax.h>
#include <linux/sizes.h>
#include <linux/string.h>

#include "window.h"

/*
 * Bounds of what is mapped at once.  The lower one is what a controller with
 * 256-byte windows can do; the upper one covers the buffers of a driver that
 * allocated them at one go.
 */
#define EPFV_GRANULE_MIN	SZ_256
#define EPFV_GRANULE_MAX	SZ_64M

static bool epfv_window_shows(const struct epfv_window *win, u64 addr)
{
	return win->size && addr >= win->addr && addr - win->addr < win->size;
}

/* Of a window that nobody uses */
static void epfv_window_unmap(struct epfv_lane *lane, struct epfv_window *win)
{
	struct epfv_hostmem *hm = lane->hm;
	struct pci_epf *epf = hm->epf;

	if (!win->size)
		return;

	/*
	 * The window may show something else before posted writes have left
	 * through it (see dw_pcie_ep_raise_msi_irq() in the kernel's
	 * pcie-designware-ep.c).  What was written in an epoch that is over is
	 * left alone: to push it would be an access to memory that only the
	 * host's last driver gave away.
	 */
	if (win->written != EPFV_NO_EPOCH && hm->gate(hm->gate_ctx, win->written))
		epfv_hostmem_push(lane, win->map.virt_addr);

	pci_epc_mem_unmap(epf->epc, epf->func_no, epf->vfunc_no, &win->map);
	win->size = 0;
	hm->unmaps++;
	lane->stats.unmaps++;
}

/*
 * Map a naturally aligned piece of host memory of up to @size bytes, a power
 * of two, that shows @addr.  Alignment to the size matters: controllers
 * without align_addr (Cadence, R-Car Gen3) pass the low bits of the local
 * address on, so a window that is not aligned shows something else.
 *
 * A smaller piece is tried where window space is short, and where the
 * controller maps less than it was asked for and @addr lies beyond.
 */
static int epfv_window_map(struct epfv_lane *lane, struct epfv_window *win, u64 addr,
			   size_t size)
{
	struct epfv_hostmem *hm = lane->hm;
	struct pci_epf *epf = hm->epf;
	int err;

	for (;; size >>= 1) {
		u64 base = addr & ~((u64)size - 1);

		err = pci_epc_mem_map(epf->epc, epf->func_no, epf->vfunc_no, base, size,
				      &win->map);
		if (!err) {
			win->addr = base;
			win->size = win->map.pci_size;
			win->written = EPFV_NO_EPOCH;
			hm->maps++;
			lane->stats.maps++;
			if (epfv_window_shows(win, addr))
				return 0;
			/* It ends before @addr, and tells how much can be had at once */
			size = min(size, max_t(size_t, 2 * EPFV_GRANULE_MIN,
					       2 * rounddown_pow_of_two(win->size)));
			epfv_window_unmap(lane, win);
			err = -ENOMEM;
		}
		if (err != -ENOMEM || size <= EPFV_GRANULE_MIN)
			return err;
	}
}

/**
 * epfv_hostmem_init() - prepare for a function that has been bound
 * @hm: any content
 * @epf: function, bound to a controller
 * @gate: see struct epfv_hostmem
 * @gate_ctx: handed to @gate
 */
void epfv_hostmem_init(struct epfv_hostmem *hm, struct pci_epf *epf,
		       bool (*gate)(void *ctx, u32 epoch), void *gate_ctx)
{
	struct pci_epc *epc = epf->epc;
	size_t total = 0;
	unsigned int i;

	memset(hm, 0, sizeof(*hm));
	hm->epf = epf;
	hm->gate = gate;
	hm->gate_ctx = gate_ctx;
	hm->max_pinned = EPFV_PINNED_REGIONS;
	mutex_init(&hm->lock);
	init_waitqueue_head(&hm->wait);

	/* Leave most of the controller's window space to rings and to others */
	for (i = 0; i < epc->num_windows; i++)
		total += epc->windows[i]->window.size;
	hm->granule = clamp_t(size_t, rounddown_pow_of_two(total / 32 | 1),
			      SZ_4K, EPFV_GRANULE_MAX);
}

/* All below: the lock is held */

static void epfv_cache_flush(struct epfv_lane *lane)
{
	struct epfv_hostmem *hm = lane->hm;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(hm->cache); i++)
		if (!hm->cache[i].users)
			epfv_window_unmap(lane, &hm->cache[i]);
}

static bool epfv_region_used(const struct epfv_region *region)
{
	unsigned int i;

	for (i = 0; i < region->num_pieces; i++)
		if (region->pieces[i].users)
			return true;
	return false;
}

static void epfv_region_unpin(struct epfv_lane *lane, struct epfv_region *region)
{
	struct epfv_hostmem *hm = lane->hm;
	unsigned int i;

	while (region->num_pieces)
		epfv_window_unmap(lane, &region->pieces[--region->num_pieces]);
	for (i = 0; i < hm->num_pinned; i++) {
		if (hm->pinned[i] == region) {
			hm->pinned[i] = hm->pinned[--hm->num_pinned];
			break;
		}
	}
}

/* Take a region its own windows, so that others have some; false: there is none to take */
static bool epfv_hostmem_take(struct epfv_lane *lane)
{
	struct epfv_hostmem *hm = lane->hm;
	unsigned int i = hm->num_pinned;

	while (i && epfv_region_used(hm->pinned[i - 1]))
		i--;
	if (!i)
		return false;
	hm->max_pinned = hm->num_pinned - 1;
	epfv_region_unpin(lane, hm->pinned[i - 1]);
	return true;
}

/* Let the others end what they are at; false: nobody has a window */
static bool epfv_hostmem_wait(struct epfv_hostmem *hm)
{
	unsigned int i, puts = hm->puts;
	bool used = false;

	for (i = 0; i < ARRAY_SIZE(hm->cache); i++)
		used |= hm->cache[i].users;
	for (i = 0; i < hm->num_pinned; i++)
		used |= epfv_region_used(hm->pinned[i]);
	if (!used)
		return false;
	mutex_unlock(&hm->lock);
	wait_event(hm->wait, READ_ONCE(hm->puts) != puts);
	mutex_lock(&hm->lock);
	return true;
}

/* The cached window that shows @addr, and, as far as known, the one to be given up for it */
static struct epfv_window *epfv_cache_find(struct epfv_hostmem *hm, u64 addr,
					   struct epfv_window **oldest)
{
	unsigned int i;

	*oldest = NULL;
	for (i = 0; i < ARRAY_SIZE(hm->cache); i++) {
		struct epfv_window *win = &hm->cache[i];

		if (epfv_window_shows(win, addr))
			return win;
		if (win->users)
			continue;
		if (!*oldest || ((*oldest)->size && (!win->size || win->used < (*oldest)->used)))
			*oldest = win;
	}
	return NULL;
}

/* Map a window of the cache; may give up others for it, but none in use */
static int epfv_cache_map(struct epfv_lane *lane, struct epfv_window *win, u64 addr)
{
	struct epfv_hostmem *hm = lane->hm;
	int err;

	epfv_window_unmap(lane, win);
	err = epfv_window_map(lane, win, addr, hm->granule);
	if (err) {
		/* The controller may have fewer windows than the cache has entries */
		epfv_cache_flush(lane);
		err = epfv_window_map(lane, win, addr, hm->granule);
	}
	/*
	 * Still no window: unpin a ring.  If there were enough for so many rings before,
	 * somebody else has them for a while, and a ring might not get its own back.
	 */
	while (err && err != -ERANGE && hm->num_pinned > hm->enough_for && epfv_hostmem_take(lane))
		err = epfv_window_map(lane, win, addr, hm->granule);
	return err;
}

/* The cached window that shows @addr, mapped if need be */
static struct epfv_window *epfv_cache_get(struct epfv_lane *lane, u64 addr)
{
	struct epfv_hostmem *hm = lane->hm;
	struct epfv_window *win, *oldest;
	int err = -ENOMEM;

	hm->clock++;
	for (;;) {
		win = epfv_cache_find(hm, addr, &oldest);
		if (win)
			break;
		if (oldest) {
			win = oldest;
			err = epfv_cache_map(lane, win, addr);
		}
		if (!err) {
			hm->enough_for = max(hm->enough_for, hm->num_pinned);
			break;
		}
		/* What others are at may be all there is */
		if (err == -ERANGE || !epfv_hostmem_wait(hm))
			return ERR_PTR(err);
	}
	win->used = hm->clock;
	return win;
}

/* Give a region its own windows */
static int epfv_region_pin(struct epfv_lane *lane, struct epfv_region *region)
{
	u64 pos = region->addr, end = region->addr + region->len;
	size_t size = roundup_pow_of_two(region->len);
	struct epfv_hostmem *hm = lane->hm;
	int err;

	while (pos < end) {
		struct epfv_window *win = &region->pieces[region->num_pieces];

		if (region->num_pieces == EPFV_REGION_PIECES) {
			err = -ENOSPC;
			goto err_unmap;
		}
		win->users = 0;
		err = epfv_window_map(lane, win, pos, size);
		if (err) {
			/* Rings go before payload: make room and try once more */
			epfv_cache_flush(lane);
			err = epfv_window_map(lane, win, pos, size);
		}
		if (err)
			goto err_unmap;
		region->num_pieces++;
		pos = win->addr + win->size;
	}
	hm->pinned[hm->num_pinned++] = region;
	return 0;

err_unmap:
	epfv_region_unpin(lane, region);
	return err;
}

/* Whether all of a region can be shown by the cache, one window after the other */
static int epfv_region_reach(struct epfv_lane *lane, const struct epfv_region *region)
{
	u64 pos = region->addr, end = region->addr + region->len;

	while (pos < end) {
		struct epfv_window *win = epfv_cache_get(lane, pos);

		if (IS_ERR(win))
			return PTR_ERR(win);
		pos = win->addr + win->size;
	}
	return 0;
}

/* All below: the lock is taken */

/**
 * epfv_window_get() - a window that shows a host address, for one burst
 * @lane: lane
 * @region: of which the address is a part, or NULL
 * @addr: host address
 *
 * Return: window, to be given back with epfv_window_put(), or an ERR_PTR() of the
 * controller's error.
 */
struct epfv_window *epfv_window_get(struct epfv_lane *lane, struct epfv_region *region, u64 addr)
{
	struct epfv_hostmem *hm = lane->hm;
	struct epfv_window *win = NULL;
	unsigned int i;

	mutex_lock(&hm->lock);
	for (i = 0; region && i < region->num_pieces; i++)
		if (epfv_window_shows(&region->pieces[i], addr))
			win = &region->pieces[i];
	if (!win)
		win = epfv_cache_get(lane, addr);
	if (!IS_ERR(win))
		win->users++;
	mutex_unlock(&hm->lock);
	return win;
}

/**
 * epfv_window_put() - the burst is over
 * @lane: lane
 * @win: from epfv_window_get()
 * @written: it was written to
 */
void epfv_window_put(struct epfv_lane *lane, struct epfv_window *win, bool written)
{
	struct epfv_hostmem *hm = lane->hm;

	mutex_lock(&hm->lock);
	if (written)
		win->written = lane->epoch;
	win->users--;
	WRITE_ONCE(hm->puts, hm->puts + 1);
	mutex_unlock(&hm->lock);
	wake_up(&hm->wait);
}

/**
 * epfv_hostmem_flush() - unmap the payload cache; regions keep their own windows
 * @lane: lane
 *
 * But for windows that somebody is just using.
 */
void epfv_hostmem_flush(struct epfv_lane *lane)
{
	mutex_lock(&lane->hm->lock);
	epfv_cache_flush(lane);
	mutex_unlock(&lane->hm->lock);
}

/**
 * epfv_hostmem_release() - unmap one window of the payload cache
 * @lane: lane
 *
 * Return: whether there was one, which nobody uses.
 */
bool epfv_hostmem_release(struct epfv_lane *lane)
{
	struct epfv_hostmem *hm = lane->hm;
	bool found = false;
	unsigned int i;

	mutex_lock(&hm->lock);
	for (i = 0; i < ARRAY_SIZE(hm->cache) && !found; i++) {
		found = hm->cache[i].size && !hm->cache[i].users;
		if (found)
			epfv_window_unmap(lane, &hm->cache[i]);
	}
	mutex_unlock(&hm->lock);
	return found;
}

/**
 * epfv_hostmem_yield() - leave a window to others
 * @lane: lane
 *
 * Until host memory is used the next time there is at least one more free, if there
 * was one to give.
 */
void epfv_hostmem_yield(struct epfv_lane *lane)
{
	struct epfv_hostmem *hm = lane->hm;
	u64 before;

	mutex_lock(&hm->lock);
	before = hm->unmaps;
	epfv_cache_flush(lane);
	if (hm->unmaps == before)
		epfv_hostmem_take(lane);
	mutex_unlock(&hm->lock);
}

/**
 * epfv_region_map() - prepare a range of host memory for use until epfv_region_unmap()
 * @lane: lane
 * @region: not in use; stays in its place while it is
 * @addr: host address
 * @len: bytes, at least 1
 *
 * Return: 0, -EINVAL if the range wraps, -ENOSPC if it would need more windows than
 * a region has, or the controller's error if it cannot reach it.
 */
int epfv_region_map(struct epfv_lane *lane, struct epfv_region *region, u64 addr, u32 len)
{
	struct epfv_hostmem *hm = lane->hm;
	int err;

	if (addr + len <= addr)
		return -EINVAL;

	mutex_lock(&hm->lock);
	region->addr = addr;
	region->len = len;
	region->num_pieces = 0;
	err = hm->num_pinned < hm->max_pinned ? epfv_region_pin(lane, region) : -ENOMEM;
	if (err && err != -ENOSPC)
		err = epfv_region_reach(lane, region);
	if (err)
		region->len = 0;
	else
		hm->num_regions++;
	mutex_unlock(&hm->lock);
	return err;
}

/**
 * epfv_region_unmap() - undo epfv_region_map()
 * @lane: lane
 * @region: mapped or not; nobody uses it
 */
void epfv_region_unmap(struct epfv_lane *lane, struct epfv_region *region)
{
	struct epfv_hostmem *hm = lane->hm;

	if (!region->len)
		return;
	mutex_lock(&hm->lock);
	epfv_region_unpin(lane, region);
	region->len = 0;
	/* What comes next may find windows that others have now */
	if (!--hm->num_regions) {
		hm->max_pinned = EPFV_PINNED_REGIONS;
		hm->enough_for = 0;
	}
	mutex_unlock(&hm->lock);
}
