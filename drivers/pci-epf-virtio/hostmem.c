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
#define VEPF_GRANULE_MIN	SZ_256
#define VEPF_GRANULE_MAX	SZ_64M

/* The gate is asked before each burst, so this bounds what passes after a reset */
#define VEPF_BURST		SZ_4K

/* Widest access: one bus word of the processor */
#define VEPF_WORD		sizeof(unsigned long)

/* Whether host memory may be used, for one burst */
static bool vepf_hostmem_open(struct vepf_hostmem *hm)
{
	hm->burst = 0;
	return hm->gate(hm->gate_ctx);
}

/*
 * After the last burst of a read: 0 if what was read is what the driver has put there.  One
 * that has reset the device meanwhile may have used the memory for something else before.
 */
static int vepf_hostmem_valid(struct vepf_hostmem *hm)
{
	rmb();	/* the gate, which is memory of ours, is not looked at before the reads */
	return vepf_hostmem_open(hm) ? 0 : -ESHUTDOWN;
}

static void vepf_count(struct vepf_hostmem *hm)
{
	hm->burst++;
	if (hm->burst > hm->stats->longest_burst)
		hm->stats->longest_burst = hm->burst;
}

static void vepf_load(struct vepf_hostmem *hm, void *dst, const void __iomem *src, size_t size)
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
	vepf_count(hm);
}

static void vepf_store(struct vepf_hostmem *hm, void __iomem *dst, const void *src, size_t size)
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
	vepf_count(hm);
}

/* Bytes of the widest aligned access at @addr that does not exceed @len */
static size_t vepf_access_size(const void __iomem *addr, size_t len)
{
	size_t size = VEPF_WORD;

	while (size > len || (unsigned long)addr & (size - 1))
		size >>= 1;
	return size;
}

/*
 * memcpy_fromio() and memcpy_toio() fall back to bytes before and after the
 * aligned middle.  A window is device memory, where each access is a
 * transaction, so take the widest one that is aligned.
 */
static void vepf_fromio(struct vepf_hostmem *hm, void *dst, const void __iomem *src, size_t len)
{
	while (len) {
		size_t n = vepf_access_size(src, len);

		vepf_load(hm, dst, src, n);
		dst += n;
		src += n;
		len -= n;
	}
}

static void vepf_toio(struct vepf_hostmem *hm, void __iomem *dst, const void *src, size_t len)
{
	while (len) {
		size_t n = vepf_access_size(dst, len);

		vepf_store(hm, dst, src, n);
		dst += n;
		src += n;
		len -= n;
	}
}

/* As vepf_fromio(), but in whole aligned words, of which the ends are cut off */
static void vepf_fromio_wide(struct vepf_hostmem *hm, void *dst, const void __iomem *src,
			     size_t len)
{
	size_t skip = (unsigned long)src & (VEPF_WORD - 1);

	src -= skip;
	while (len) {
		size_t n = min(len, VEPF_WORD - skip);
		u8 word[VEPF_WORD];

		vepf_load(hm, word, src, VEPF_WORD);
		memcpy(dst, word + skip, n);
		dst += n;
		src += VEPF_WORD;
		len -= n;
		skip = 0;
	}
}

static bool vepf_window_shows(const struct vepf_window *win, u64 addr)
{
	return win->size && addr >= win->addr && addr - win->addr < win->size;
}

static void vepf_window_unmap(struct vepf_hostmem *hm, struct vepf_window *win)
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
	if (win->dirty && vepf_hostmem_open(hm))
		vepf_load(hm, &word, win->map.virt_addr, sizeof(word));

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
static int vepf_window_map(struct vepf_hostmem *hm, struct vepf_window *win, u64 addr, size_t size)
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
			if (vepf_window_shows(win, addr))
				return 0;
			/* It ends before @addr, and tells how much can be had at once */
			size = min(size, max_t(size_t, 2 * VEPF_GRANULE_MIN,
					       2 * rounddown_pow_of_two(win->size)));
			vepf_window_unmap(hm, win);
			err = -ENOMEM;
		}
		if (err != -ENOMEM || size <= VEPF_GRANULE_MIN)
			return err;
	}
}

static void __iomem *vepf_window_ptr(const struct vepf_window *win, u64 addr)
{
	return win->map.virt_addr + (addr - win->addr);
}

/**
 * vepf_hostmem_init() - prepare for a function that has been bound
 * @hm: any content
 * @epf: function, bound to a controller
 * @stats: counters
 * @gate: see struct vepf_hostmem
 * @gate_ctx: handed to @gate
 */
void vepf_hostmem_init(struct vepf_hostmem *hm, struct pci_epf *epf,
		       struct vepf_stats *stats, bool (*gate)(void *ctx), void *gate_ctx)
{
	struct pci_epc *epc = epf->epc;
	size_t total = 0;
	unsigned int i;

	memset(hm, 0, sizeof(*hm));
	hm->epf = epf;
	hm->stats = stats;
	hm->gate = gate;
	hm->gate_ctx = gate_ctx;
	hm->max_pinned = VEPF_PINNED_REGIONS;

	/* Leave most of the controller's window space to rings and to others */
	for (i = 0; i < epc->num_windows; i++)
		total += epc->windows[i]->window.size;
	hm->granule = clamp_t(size_t, rounddown_pow_of_two(total / 32 | 1),
			      SZ_4K, VEPF_GRANULE_MAX);
}

/**
 * vepf_hostmem_flush() - unmap the payload cache; regions keep their own windows
 * @hm: host memory
 */
void vepf_hostmem_flush(struct vepf_hostmem *hm)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(hm->cache); i++)
		vepf_window_unmap(hm, &hm->cache[i]);
}

/**
 * vepf_hostmem_forget() - an epoch has ended: do not read back what was written
 * @hm: host memory
 *
 * To push writes out of a window that is unmapped later would be an access to memory that
 * only the host's last driver gave away.
 */
void vepf_hostmem_forget(struct vepf_hostmem *hm)
{
	unsigned int i, k;

	for (i = 0; i < ARRAY_SIZE(hm->cache); i++)
		hm->cache[i].dirty = false;
	for (i = 0; i < hm->num_pinned; i++) {
		struct vepf_region *region = hm->pinned[i];

		for (k = 0; k < region->num_pieces; k++)
			region->pieces[k].dirty = false;
	}
}

/**
 * vepf_hostmem_release() - unmap one window of the payload cache
 * @hm: host memory
 *
 * Return: whether there was one.
 */
bool vepf_hostmem_release(struct vepf_hostmem *hm)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(hm->cache); i++) {
		if (hm->cache[i].size) {
			vepf_window_unmap(hm, &hm->cache[i]);
			return true;
		}
	}
	return false;
}

static void vepf_region_unpin(struct vepf_hostmem *hm, struct vepf_region *region)
{
	unsigned int i;

	while (region->num_pieces)
		vepf_window_unmap(hm, &region->pieces[--region->num_pieces]);
	for (i = 0; i < hm->num_pinned; i++) {
		if (hm->pinned[i] == region) {
			hm->pinned[i] = hm->pinned[--hm->num_pinned];
			break;
		}
	}
}

/* Take a region its own windows, so that others have some; false: none has any */
static bool vepf_hostmem_take(struct vepf_hostmem *hm)
{
	if (!hm->num_pinned)
		return false;
	hm->max_pinned = hm->num_pinned - 1;
	vepf_region_unpin(hm, hm->pinned[hm->max_pinned]);
	return true;
}

/**
 * vepf_hostmem_yield() - leave a window to others
 * @hm: host memory
 *
 * Until host memory is used the next time there is at least one more free, if there
 * was one to give.
 */
void vepf_hostmem_yield(struct vepf_hostmem *hm)
{
	u64 before = hm->stats->unmaps;

	vepf_hostmem_flush(hm);
	if (hm->stats->unmaps == before)
		vepf_hostmem_take(hm);
}

/* The cached window that shows @addr, mapped if need be */
static struct vepf_window *vepf_cache_get(struct vepf_hostmem *hm, u64 addr)
{
	struct vepf_window *oldest = &hm->cache[0];
	unsigned int i;
	int err;

	hm->clock++;
	for (i = 0; i < ARRAY_SIZE(hm->cache); i++) {
		struct vepf_window *win = &hm->cache[i];

		if (vepf_window_shows(win, addr)) {
			win->used = hm->clock;
			return win;
		}
		if (oldest->size && (!win->size || win->used < oldest->used))
			oldest = win;
	}

	vepf_window_unmap(hm, oldest);
	err = vepf_window_map(hm, oldest, addr, hm->granule);
	if (err) {
		/* The controller may have fewer windows than the cache would like */
		vepf_hostmem_flush(hm);
		err = vepf_window_map(hm, oldest, addr, hm->granule);
	}
	/*
	 * Or than rings and it would like.  Where there were enough before, others have them
	 * for a while, and a ring might not get its own back.
	 */
	while (err && err != -ERANGE && hm->num_pinned > hm->enough_for && vepf_hostmem_take(hm))
		err = vepf_window_map(hm, oldest, addr, hm->granule);
	if (err)
		return ERR_PTR(err);
	hm->enough_for = max(hm->enough_for, hm->num_pinned);
	oldest->used = hm->clock;
	return oldest;
}

/* Give a region its own windows */
static int vepf_region_pin(struct vepf_hostmem *hm, struct vepf_region *region)
{
	u64 pos = region->addr, end = region->addr + region->len;
	size_t size = roundup_pow_of_two(region->len);
	int err;

	while (pos < end) {
		struct vepf_window *win = &region->pieces[region->num_pieces];

		if (region->num_pieces == VEPF_REGION_PIECES) {
			err = -ENOSPC;
			goto err_unmap;
		}
		err = vepf_window_map(hm, win, pos, size);
		if (err) {
			/* Rings go before payload: make room and try once more */
			vepf_hostmem_flush(hm);
			err = vepf_window_map(hm, win, pos, size);
		}
		if (err)
			goto err_unmap;
		region->num_pieces++;
		pos = win->addr + win->size;
	}
	hm->pinned[hm->num_pinned++] = region;
	return 0;

err_unmap:
	vepf_region_unpin(hm, region);
	return err;
}

/* Whether all of a region can be shown by the cache, one window after the other */
static int vepf_region_reach(struct vepf_hostmem *hm, const struct vepf_region *region)
{
	u64 pos = region->addr, end = region->addr + region->len;

	while (pos < end) {
		struct vepf_window *win = vepf_cache_get(hm, pos);

		if (IS_ERR(win))
			return PTR_ERR(win);
		pos = win->addr + win->size;
	}
	return 0;
}

/**
 * vepf_region_map() - prepare a range of host memory for use until vepf_region_unmap()
 * @hm: host memory
 * @region: not in use; stays in its place while it is
 * @addr: host address
 * @len: bytes, at least 1
 *
 * Return: 0, -EINVAL if the range wraps, -ENOSPC if it would need more windows than
 * a region has, or the controller's error if it cannot reach it.
 */
int vepf_region_map(struct vepf_hostmem *hm, struct vepf_region *region, u64 addr, u32 len)
{
	int err;

	if (addr + len <= addr)
		return -EINVAL;

	region->addr = addr;
	region->len = len;
	region->num_pieces = 0;
	err = hm->num_pinned < hm->max_pinned ? vepf_region_pin(hm, region) : -ENOMEM;
	if (err && err != -ENOSPC)
		err = vepf_region_reach(hm, region);
	if (err)
		region->len = 0;
	else
		hm->num_regions++;
	return err;
}

/**
 * vepf_region_unmap() - undo vepf_region_map()
 * @hm: host memory
 * @region: mapped or not
 */
void vepf_region_unmap(struct vepf_hostmem *hm, struct vepf_region *region)
{
	if (!region->len)
		return;
	vepf_region_unpin(hm, region);
	region->len = 0;
	/* What comes next may find windows that others have now */
	if (!--hm->num_regions) {
		hm->max_pinned = VEPF_PINNED_REGIONS;
		hm->enough_for = 0;
	}
}

/* The window that shows @off, and how many of @len bytes it shows from there */
static struct vepf_window *vepf_region_window(struct vepf_hostmem *hm, struct vepf_region *region,
					      u32 off, u32 *len)
{
	u64 addr = region->addr + off;
	struct vepf_window *win;
	unsigned int i;

	for (i = 0; i < region->num_pieces; i++) {
		if (vepf_window_shows(&region->pieces[i], addr))
			break;
	}
	if (i < region->num_pieces)
		win = &region->pieces[i];
	else
		win = vepf_cache_get(hm, addr);
	if (!IS_ERR(win))
		*len = min_t(u64, *len, win->addr + win->size - addr);
	return win;
}

static int vepf_region_check(struct vepf_hostmem *hm, const struct vepf_region *region,
			     u32 off, u32 len)
{
	if (off > region->len || len > region->len - off)
		return -ERANGE;
	return vepf_hostmem_open(hm) ? 0 : -ESHUTDOWN;
}

/**
 * vepf_region_read() - copy from a region
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
int vepf_region_read(struct vepf_hostmem *hm, struct vepf_region *region,
		     u32 off, void *buf, u32 len)
{
	int err = vepf_region_check(hm, region, off, len);

	if (err)
		return err;
	while (len) {
		u32 n = len;
		struct vepf_window *win = vepf_region_window(hm, region, off, &n);
		const void __iomem *src;

		if (IS_ERR(win))
			return PTR_ERR(win);
		src = vepf_window_ptr(win, region->addr + off);
		if (vepf_access_size(src, n) == n)
			vepf_fromio(hm, buf, src, n);
		else
			vepf_fromio_wide(hm, buf, src, n);
		buf += n;
		off += n;
		len -= n;
	}
	return vepf_hostmem_valid(hm);
}

/**
 * vepf_region_write() - copy to a region
 * @hm: host memory
 * @region: mapped region
 * @off: offset in bytes
 * @buf: where from
 * @len: bytes
 *
 * Return: 0, -ERANGE outside the region, -ESHUTDOWN if the gate is closed, or the
 * controller's error if there is no window to be had.
 */
int vepf_region_write(struct vepf_hostmem *hm, struct vepf_region *region,
		      u32 off, const void *buf, u32 len)
{
	int err = vepf_region_check(hm, region, off, len);

	while (!err && len) {
		u32 n = len;
		struct vepf_window *win = vepf_region_window(hm, region, off, &n);

		if (IS_ERR(win))
			return PTR_ERR(win);
		vepf_toio(hm, vepf_window_ptr(win, region->addr + off), buf, n);
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
static struct vepf_window *vepf_burst(struct vepf_hostmem *hm, u64 addr, size_t len, size_t *n)
{
	struct vepf_window *win;

	if (!vepf_hostmem_open(hm))
		return ERR_PTR(-ESHUTDOWN);
	win = vepf_cache_get(hm, addr);
	if (!IS_ERR(win))
		*n = min3(len, (size_t)(win->addr + win->size - addr),
			  VEPF_BURST - (size_t)(addr & (VEPF_BURST - 1)));
	return win;
}

/**
 * vepf_hostmem_read() - copy payload from host memory
 * @hm: host memory
 * @buf: where to
 * @addr: host address, any
 * @len: bytes
 *
 * Return: 0, -EINVAL if the range wraps, -ESHUTDOWN if the gate is closed before a burst or
 * after the last one, or the controller's error if it cannot reach the address.
 */
int vepf_hostmem_read(struct vepf_hostmem *hm, void *buf, u64 addr, size_t len)
{
	if (len && addr + len - 1 < addr)
		return -EINVAL;

	while (len) {
		struct vepf_window *win;
		size_t n;

		win = vepf_burst(hm, addr, len, &n);
		if (IS_ERR(win))
			return PTR_ERR(win);
		vepf_fromio(hm, buf, vepf_window_ptr(win, addr), n);
		buf += n;
		addr += n;
		len -= n;
	}
	return vepf_hostmem_valid(hm);
}

/**
 * vepf_hostmem_write() - copy payload to host memory
 * @hm: host memory
 * @addr: host address, any
 * @buf: where from
 * @len: bytes
 *
 * Return: as vepf_hostmem_read().
 */
int vepf_hostmem_write(struct vepf_hostmem *hm, u64 addr, const void *buf, size_t len)
{
	if (len && addr + len - 1 < addr)
		return -EINVAL;

	while (len) {
		struct vepf_window *win;
		size_t n;

		win = vepf_burst(hm, addr, len, &n);
		if (IS_ERR(win))
			return PTR_ERR(win);
		vepf_toio(hm, vepf_window_ptr(win, addr), buf, n);
		win->dirty = true;
		buf += n;
		addr += n;
		len -= n;
	}
	return 0;
}
