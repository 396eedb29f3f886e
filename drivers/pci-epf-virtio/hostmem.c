// SPDX-License-Identifier: GPL-2.0
/*
 * Host memory as seen by a function: outbound windows
 */
#include <asm/barrier.h>
#include <linux/align.h>
#include <linux/err.h>
#include <linux/errno.h>
#include <linux/io.h>
#include <linux/log2.h>
#include <linux/minmax.h>
#include <linux/sizes.h>
#include <linux/string.h>

#include "hostmem.h"

/*
 * Bounds of what is mapped at once.  The lower one is what a controller with
 * 256-byte windows can do; the upper one covers the buffers of a driver that
 * allocated them at one go.
 */
#define EPFV_GRANULE_MIN	SZ_256
#define EPFV_GRANULE_MAX	SZ_64M

/* The gate is asked before each burst, so this bounds what passes after a reset */
#define EPFV_BURST		SZ_4K

/* Widest access: one bus word of the processor */
#define EPFV_WORD		sizeof(unsigned long)

/* Whether host memory may be used, for one burst */
static bool epfv_hostmem_open(struct epfv_hostmem *hm)
{
	hm->burst = 0;
	return hm->gate(hm->gate_ctx);
}

/*
 * After the last burst of a read: 0 if what was read is what the driver has put there.  One
 * that has reset the device meanwhile may have used the memory for something else before.
 */
static int epfv_hostmem_valid(struct epfv_hostmem *hm)
{
	rmb();	/* the gate, which is memory of ours, is not looked at before the reads */
	return epfv_hostmem_open(hm) ? 0 : -ESHUTDOWN;
}

static void epfv_count(struct epfv_hostmem *hm)
{
	hm->burst++;
	if (hm->burst > hm->stats->longest_burst)
		hm->stats->longest_burst = hm->burst;
}

static void epfv_load(struct epfv_hostmem *hm, void *dst, const void __iomem *src, size_t size)
{
	union { unsigned long w; u32 l; u16 h; u8 b; } v = {};

	switch (size) {
#ifdef CONFIG_64BIT
	case 8:
		v.w = __raw_readq(src);
		break;
#endif
	case 4:
		v.l = __raw_readl(src);
		break;
	case 2:
		v.h = __raw_readw(src);
		break;
	default:
		v.b = __raw_readb(src);
	}
	memcpy(dst, &v, size);
	hm->stats->np_reads++;
	hm->stats->np_bytes += size;
	epfv_count(hm);
}

static void epfv_store(struct epfv_hostmem *hm, void __iomem *dst, const void *src, size_t size)
{
	union { unsigned long w; u32 l; u16 h; u8 b; } v = {};

	memcpy(&v, src, size);
	switch (size) {
#ifdef CONFIG_64BIT
	case 8:
		__raw_writeq(v.w, dst);
		break;
#endif
	case 4:
		__raw_writel(v.l, dst);
		break;
	case 2:
		__raw_writew(v.h, dst);
		break;
	default:
		__raw_writeb(v.b, dst);
	}
	hm->stats->posted_writes++;
	hm->stats->posted_bytes += size;
	epfv_count(hm);
}

/* Bytes of the widest aligned access at @addr that does not exceed @len */
static size_t epfv_access_size(const void __iomem *addr, size_t len)
{
	size_t size = EPFV_WORD;

	while (size > len || (unsigned long)addr & (size - 1))
		size >>= 1;
	return size;
}

/*
 * memcpy_fromio() and memcpy_toio() fall back to bytes before and after the
 * aligned middle.  A window is device memory, where each access is a
 * transaction, so take the widest one that is aligned.
 */
static void epfv_fromio(struct epfv_hostmem *hm, void *dst, const void __iomem *src, size_t len)
{
	while (len) {
		size_t n = epfv_access_size(src, len);

		epfv_load(hm, dst, src, n);
		dst += n;
		src += n;
		len -= n;
	}
}

static void epfv_toio(struct epfv_hostmem *hm, void __iomem *dst, const void *src, size_t len)
{
	while (len) {
		size_t n = epfv_access_size(dst, len);

		epfv_store(hm, dst, src, n);
		dst += n;
		src += n;
		len -= n;
	}
}

/* As epfv_fromio(), but in whole aligned words, of which the ends are cut off */
static void epfv_fromio_wide(struct epfv_hostmem *hm, void *dst, const void __iomem *src,
			     size_t len)
{
	size_t skip = (unsigned long)src & (EPFV_WORD - 1);

	src -= skip;
	while (len) {
		size_t n = min(len, EPFV_WORD - skip);
		u8 word[EPFV_WORD];

		epfv_load(hm, word, src, EPFV_WORD);
		memcpy(dst, word + skip, n);
		dst += n;
		src += EPFV_WORD;
		len -= n;
		skip = 0;
	}
}

static bool epfv_window_shows(const struct epfv_window *win, u64 addr)
{
	return win->size && addr >= win->addr && addr - win->addr < win->size;
}

static void epfv_window_unmap(struct epfv_hostmem *hm, struct epfv_window *win)
{
	struct pci_epf *epf = hm->epf;
	u32 word;

	if (!win->size)
		return;

	/*
	 * The window may show something else before posted writes have left
	 * through it (see dw_pcie_ep_raise_msi_irq() in the kernel's
	 * pcie-designware-ep.c).  A read cannot pass them.
	 */
	if (win->dirty && epfv_hostmem_open(hm))
		epfv_load(hm, &word, win->map.virt_addr, sizeof(word));

	pci_epc_mem_unmap(epf->epc, epf->func_no, epf->vfunc_no, &win->map);
	win->size = 0;
	hm->stats->unmaps++;
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
static int epfv_window_map(struct epfv_hostmem *hm, struct epfv_window *win, u64 addr, size_t size)
{
	struct pci_epf *epf = hm->epf;
	int err;

	for (;; size >>= 1) {
		u64 base = addr & ~((u64)size - 1);

		err = pci_epc_mem_map(epf->epc, epf->func_no, epf->vfunc_no, base, size,
				      &win->map);
		if (!err) {
			win->addr = base;
			win->size = win->map.pci_size;
			win->dirty = false;
			hm->stats->maps++;
			if (epfv_window_shows(win, addr))
				return 0;
			/* It ends before @addr, and tells how much can be had at once */
			size = min(size, max_t(size_t, 2 * EPFV_GRANULE_MIN,
					       2 * rounddown_pow_of_two(win->size)));
			epfv_window_unmap(hm, win);
			err = -ENOMEM;
		}
		if (err != -ENOMEM || size <= EPFV_GRANULE_MIN)
			return err;
	}
}

static void __iomem *epfv_window_ptr(const struct epfv_window *win, u64 addr)
{
	return win->map.virt_addr + (addr - win->addr);
}

/**
 * epfv_hostmem_init() - prepare for a function that has been bound
 * @hm: any content
 * @epf: function, bound to a controller
 * @stats: counters
 * @gate: see struct epfv_hostmem
 * @gate_ctx: handed to @gate
 */
void epfv_hostmem_init(struct epfv_hostmem *hm, struct pci_epf *epf,
		       struct epfv_stats *stats, bool (*gate)(void *ctx), void *gate_ctx)
{
	struct pci_epc *epc = epf->epc;
	size_t total = 0;
	unsigned int i;

	memset(hm, 0, sizeof(*hm));
	hm->epf = epf;
	hm->stats = stats;
	hm->gate = gate;
	hm->gate_ctx = gate_ctx;
	hm->max_pinned = EPFV_PINNED_REGIONS;

	/* Leave most of the controller's window space to rings and to others */
	for (i = 0; i < epc->num_windows; i++)
		total += epc->windows[i]->window.size;
	hm->granule = clamp_t(size_t, rounddown_pow_of_two(total / 32 | 1),
			      SZ_4K, EPFV_GRANULE_MAX);
}

/**
 * epfv_hostmem_flush() - unmap the payload cache; regions keep their own windows
 * @hm: host memory
 */
void epfv_hostmem_flush(struct epfv_hostmem *hm)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(hm->cache); i++)
		epfv_window_unmap(hm, &hm->cache[i]);
}

/**
 * epfv_hostmem_forget() - an epoch has ended: do not read back what was written
 * @hm: host memory
 *
 * To push writes out of a window that is unmapped later would be an access to memory that
 * only the host's last driver gave away.
 */
void epfv_hostmem_forget(struct epfv_hostmem *hm)
{
	unsigned int i, k;

	for (i = 0; i < ARRAY_SIZE(hm->cache); i++)
		hm->cache[i].dirty = false;
	for (i = 0; i < hm->num_pinned; i++) {
		struct epfv_region *region = hm->pinned[i];

		for (k = 0; k < region->num_pieces; k++)
			region->pieces[k].dirty = false;
	}
}

/**
 * epfv_hostmem_release() - unmap one window of the payload cache
 * @hm: host memory
 *
 * Return: whether there was one.
 */
bool epfv_hostmem_release(struct epfv_hostmem *hm)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(hm->cache); i++) {
		if (hm->cache[i].size) {
			epfv_window_unmap(hm, &hm->cache[i]);
			return true;
		}
	}
	return false;
}

static void epfv_region_unpin(struct epfv_hostmem *hm, struct epfv_region *region)
{
	unsigned int i;

	while (region->num_pieces)
		epfv_window_unmap(hm, &region->pieces[--region->num_pieces]);
	for (i = 0; i < hm->num_pinned; i++) {
		if (hm->pinned[i] == region) {
			hm->pinned[i] = hm->pinned[--hm->num_pinned];
			break;
		}
	}
}

/* Take a region its own windows, so that others have some; false: none has any */
static bool epfv_hostmem_take(struct epfv_hostmem *hm)
{
	if (!hm->num_pinned)
		return false;
	hm->max_pinned = hm->num_pinned - 1;
	epfv_region_unpin(hm, hm->pinned[hm->max_pinned]);
	return true;
}

/**
 * epfv_hostmem_yield() - leave a window to others
 * @hm: host memory
 *
 * Until host memory is used the next time there is at least one more free, if there
 * was one to give.
 */
void epfv_hostmem_yield(struct epfv_hostmem *hm)
{
	u64 before = hm->stats->unmaps;

	epfv_hostmem_flush(hm);
	if (hm->stats->unmaps == before)
		epfv_hostmem_take(hm);
}

/* The cached window that shows @addr, mapped if need be */
static struct epfv_window *epfv_cache_get(struct epfv_hostmem *hm, u64 addr)
{
	struct epfv_window *oldest = &hm->cache[0];
	unsigned int i;
	int err;

	hm->clock++;
	for (i = 0; i < ARRAY_SIZE(hm->cache); i++) {
		struct epfv_window *win = &hm->cache[i];

		if (epfv_window_shows(win, addr)) {
			win->used = hm->clock;
			return win;
		}
		if (oldest->size && (!win->size || win->used < oldest->used))
			oldest = win;
	}

	epfv_window_unmap(hm, oldest);
	err = epfv_window_map(hm, oldest, addr, hm->granule);
	if (err) {
		/* The controller may have fewer windows than the cache would like */
		epfv_hostmem_flush(hm);
		err = epfv_window_map(hm, oldest, addr, hm->granule);
	}
	/*
	 * Or than rings and it would like.  Where there were enough before, others have them
	 * for a while, and a ring might not get its own back.
	 */
	while (err && err != -ERANGE && hm->num_pinned > hm->enough_for && epfv_hostmem_take(hm))
		err = epfv_window_map(hm, oldest, addr, hm->granule);
	if (err)
		return ERR_PTR(err);
	hm->enough_for = max(hm->enough_for, hm->num_pinned);
	oldest->used = hm->clock;
	return oldest;
}

/* Give a region its own windows */
static int epfv_region_pin(struct epfv_hostmem *hm, struct epfv_region *region)
{
	u64 pos = region->addr, end = region->addr + region->len;
	size_t size = roundup_pow_of_two(region->len);
	int err;

	while (pos < end) {
		struct epfv_window *win = &region->pieces[region->num_pieces];

		if (region->num_pieces == EPFV_REGION_PIECES) {
			err = -ENOSPC;
			goto err_unmap;
		}
		err = epfv_window_map(hm, win, pos, size);
		if (err) {
			/* Rings go before payload: make room and try once more */
			epfv_hostmem_flush(hm);
			err = epfv_window_map(hm, win, pos, size);
		}
		if (err)
			goto err_unmap;
		region->num_pieces++;
		pos = win->addr + win->size;
	}
	hm->pinned[hm->num_pinned++] = region;
	return 0;

err_unmap:
	epfv_region_unpin(hm, region);
	return err;
}

/* Whether all of a region can be shown by the cache, one window after the other */
static int epfv_region_reach(struct epfv_hostmem *hm, const struct epfv_region *region)
{
	u64 pos = region->addr, end = region->addr + region->len;

	while (pos < end) {
		struct epfv_window *win = epfv_cache_get(hm, pos);

		if (IS_ERR(win))
			return PTR_ERR(win);
		pos = win->addr + win->size;
	}
	return 0;
}

/**
 * epfv_region_map() - prepare a range of host memory for use until epfv_region_unmap()
 * @hm: host memory
 * @region: not in use; stays in its place while it is
 * @addr: host address
 * @len: bytes, at least 1
 *
 * Return: 0, -EINVAL if the range wraps, -ENOSPC if it would need more windows than
 * a region has, or the controller's error if it cannot reach it.
 */
int epfv_region_map(struct epfv_hostmem *hm, struct epfv_region *region, u64 addr, u32 len)
{
	int err;

	if (addr + len <= addr)
		return -EINVAL;

	region->addr = addr;
	region->len = len;
	region->num_pieces = 0;
	err = hm->num_pinned < hm->max_pinned ? epfv_region_pin(hm, region) : -ENOMEM;
	if (err && err != -ENOSPC)
		err = epfv_region_reach(hm, region);
	if (err)
		region->len = 0;
	else
		hm->num_regions++;
	return err;
}

/**
 * epfv_region_unmap() - undo epfv_region_map()
 * @hm: host memory
 * @region: mapped or not
 */
void epfv_region_unmap(struct epfv_hostmem *hm, struct epfv_region *region)
{
	if (!region->len)
		return;
	epfv_region_unpin(hm, region);
	region->len = 0;
	/* What comes next may find windows that others have now */
	if (!--hm->num_regions) {
		hm->max_pinned = EPFV_PINNED_REGIONS;
		hm->enough_for = 0;
	}
}

/* The window that shows @off, and how many of @len bytes it shows from there */
static struct epfv_window *epfv_region_window(struct epfv_hostmem *hm, struct epfv_region *region,
					      u32 off, u32 *len)
{
	u64 addr = region->addr + off;
	struct epfv_window *win;
	unsigned int i;

	for (i = 0; i < region->num_pieces; i++) {
		if (epfv_window_shows(&region->pieces[i], addr))
			break;
	}
	if (i < region->num_pieces)
		win = &region->pieces[i];
	else
		win = epfv_cache_get(hm, addr);
	if (!IS_ERR(win))
		*len = min_t(u64, *len, win->addr + win->size - addr);
	return win;
}

static int epfv_region_check(struct epfv_hostmem *hm, const struct epfv_region *region,
			     u32 off, u32 len)
{
	if (off > region->len || len > region->len - off)
		return -ERANGE;
	return epfv_hostmem_open(hm) ? 0 : -ESHUTDOWN;
}

/**
 * epfv_region_read() - copy from a region
 * @hm: host memory
 * @region: mapped region
 * @off: offset in bytes
 * @buf: where to
 * @len: bytes
 *
 * May load up to 7 more bytes on either side: whole aligned words, never
 * leaving one.  An aligned access of 2, 4 or 8 bytes is a single load.
 *
 * Return: 0, -ERANGE outside the region, -ESHUTDOWN if the gate is closed before or after
 * it, or the controller's error if there is no window to be had.
 */
int epfv_region_read(struct epfv_hostmem *hm, struct epfv_region *region,
		     u32 off, void *buf, u32 len)
{
	int err = epfv_region_check(hm, region, off, len);

	if (err)
		return err;
	while (len) {
		u32 n = len;
		struct epfv_window *win = epfv_region_window(hm, region, off, &n);
		const void __iomem *src;

		if (IS_ERR(win))
			return PTR_ERR(win);
		src = epfv_window_ptr(win, region->addr + off);
		if (epfv_access_size(src, n) == n)
			epfv_fromio(hm, buf, src, n);
		else
			epfv_fromio_wide(hm, buf, src, n);
		buf += n;
		off += n;
		len -= n;
	}
	return epfv_hostmem_valid(hm);
}

/**
 * epfv_region_write() - copy to a region
 * @hm: host memory
 * @region: mapped region
 * @off: offset in bytes
 * @buf: where from
 * @len: bytes
 *
 * Return: 0, -ERANGE outside the region, -ESHUTDOWN if the gate is closed, or the
 * controller's error if there is no window to be had.
 */
int epfv_region_write(struct epfv_hostmem *hm, struct epfv_region *region,
		      u32 off, const void *buf, u32 len)
{
	int err = epfv_region_check(hm, region, off, len);

	while (!err && len) {
		u32 n = len;
		struct epfv_window *win = epfv_region_window(hm, region, off, &n);

		if (IS_ERR(win))
			return PTR_ERR(win);
		epfv_toio(hm, epfv_window_ptr(win, region->addr + off), buf, n);
		win->dirty = true;
		buf += n;
		off += n;
		len -= n;
	}
	return err;
}

/*
 * The next burst of a transfer: a window and how many of @len bytes to move.
 * Bursts end at round addresses, where no word has to be cut in pieces.
 */
static struct epfv_window *epfv_burst(struct epfv_hostmem *hm, u64 addr, size_t len, size_t *n)
{
	struct epfv_window *win;

	if (!epfv_hostmem_open(hm))
		return ERR_PTR(-ESHUTDOWN);
	win = epfv_cache_get(hm, addr);
	if (!IS_ERR(win))
		*n = min3(len, (size_t)(win->addr + win->size - addr),
			  EPFV_BURST - (size_t)(addr & (EPFV_BURST - 1)));
	return win;
}

/**
 * epfv_hostmem_read() - copy payload from host memory
 * @hm: host memory
 * @buf: where to
 * @addr: host address, any
 * @len: bytes
 *
 * Return: 0, -EINVAL if the range wraps, -ESHUTDOWN if the gate is closed before a burst or
 * after the last one, or the controller's error if it cannot reach the address.
 */
int epfv_hostmem_read(struct epfv_hostmem *hm, void *buf, u64 addr, size_t len)
{
	if (len && addr + len - 1 < addr)
		return -EINVAL;

	while (len) {
		struct epfv_window *win;
		size_t n;

		win = epfv_burst(hm, addr, len, &n);
		if (IS_ERR(win))
			return PTR_ERR(win);
		epfv_fromio(hm, buf, epfv_window_ptr(win, addr), n);
		buf += n;
		addr += n;
		len -= n;
	}
	return epfv_hostmem_valid(hm);
}

/**
 * epfv_hostmem_write() - copy payload to host memory
 * @hm: host memory
 * @addr: host address, any
 * @buf: where from
 * @len: bytes
 *
 * Return: as epfv_hostmem_read().
 */
int epfv_hostmem_write(struct epfv_hostmem *hm, u64 addr, const void *buf, size_t len)
{
	if (len && addr + len - 1 < addr)
		return -EINVAL;

	while (len) {
		struct epfv_window *win;
		size_t n;

		win = epfv_burst(hm, addr, len, &n);
		if (IS_ERR(win))
			return PTR_ERR(win);
		epfv_toio(hm, epfv_window_ptr(win, addr), buf, n);
		win->dirty = true;
		buf += n;
		addr += n;
		len -= n;
	}
	return 0;
}
