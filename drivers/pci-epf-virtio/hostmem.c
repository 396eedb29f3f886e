// SPDX-License-Identifier: GPL-2.0
/*
 * Host memory as seen by a function: what the processor copies
 */
#include <asm/barrier.h>
#include <linux/err.h>
#include <linux/errno.h>
#include <linux/io.h>
#include <linux/minmax.h>
#include <linux/sizes.h>
#include <linux/string.h>

#include "window.h"

/* The gate is asked before each burst, so this bounds what passes after a reset */
#define EPFV_BURST		SZ_4K

/* Widest access: one bus word of the processor */
#define EPFV_WORD		sizeof(unsigned long)

bool epfv_lane_open(struct epfv_lane *lane)
{
	lane->burst = 0;
	return lane->epoch != EPFV_NO_EPOCH && lane->hm->gate(lane->hm->gate_ctx, lane->epoch);
}

/*
 * After the last burst of a read: 0 if what was read is what the driver has put there.  One
 * that has reset the device meanwhile may have used the memory for something else before.
 */
static int epfv_lane_valid(struct epfv_lane *lane)
{
	rmb();	/* the gate, which is memory of ours, is not looked at before the reads */
	return epfv_lane_open(lane) ? 0 : -ESHUTDOWN;
}

static void epfv_count(struct epfv_lane *lane)
{
	lane->burst++;
	if (lane->burst > lane->stats.longest_burst)
		lane->stats.longest_burst = lane->burst;
}

static void epfv_load(struct epfv_lane *lane, void *dst, const void __iomem *src, size_t size)
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
	lane->stats.np_reads++;
	lane->stats.np_bytes += size;
	epfv_count(lane);
}

static void epfv_store(struct epfv_lane *lane, void __iomem *dst, const void *src, size_t size)
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
	lane->stats.posted_writes++;
	lane->stats.posted_bytes += size;
	epfv_count(lane);
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
static void epfv_fromio(struct epfv_lane *lane, void *dst, const void __iomem *src, size_t len)
{
	while (len) {
		size_t n = epfv_access_size(src, len);

		epfv_load(lane, dst, src, n);
		dst += n;
		src += n;
		len -= n;
	}
}

static void epfv_toio(struct epfv_lane *lane, void __iomem *dst, const void *src, size_t len)
{
	while (len) {
		size_t n = epfv_access_size(dst, len);

		epfv_store(lane, dst, src, n);
		dst += n;
		src += n;
		len -= n;
	}
}

/* As epfv_fromio(), but in whole aligned words, of which the ends are cut off */
static void epfv_fromio_wide(struct epfv_lane *lane, void *dst, const void __iomem *src,
			     size_t len)
{
	size_t skip = (unsigned long)src & (EPFV_WORD - 1);

	src -= skip;
	while (len) {
		size_t n = min(len, EPFV_WORD - skip);
		u8 word[EPFV_WORD];

		epfv_load(lane, word, src, EPFV_WORD);
		memcpy(dst, word + skip, n);
		dst += n;
		src += EPFV_WORD;
		len -= n;
		skip = 0;
	}
}

/* A read cannot pass the writes before it */
void epfv_hostmem_push(struct epfv_lane *lane, const void __iomem *ptr)
{
	u32 word;

	epfv_load(lane, &word, ptr, sizeof(word));
}

/* How many of @len bytes a window shows from @addr on */
static size_t epfv_window_left(const struct epfv_window *win, u64 addr, size_t len)
{
	return min_t(u64, len, win->addr + win->size - addr);
}

static int epfv_region_check(struct epfv_lane *lane, const struct epfv_region *region, u32 off,
			     u32 len)
{
	if (off > region->len || len > region->len - off)
		return -ERANGE;
	return epfv_lane_open(lane) ? 0 : -ESHUTDOWN;
}

/**
 * epfv_region_read() - copy from a region
 * @lane: lane
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
int epfv_region_read(struct epfv_lane *lane, struct epfv_region *region, u32 off, void *buf,
		     u32 len)
{
	int err = epfv_region_check(lane, region, off, len);

	if (err)
		return err;
	while (len) {
		u64 addr = region->addr + off;
		struct epfv_window *win = epfv_window_get(lane, region, addr);
		const void __iomem *src;
		u32 n;

		if (IS_ERR(win))
			return PTR_ERR(win);
		n = epfv_window_left(win, addr, len);
		src = epfv_window_ptr(win, addr);
		if (epfv_access_size(src, n) == n)
			epfv_fromio(lane, buf, src, n);
		else
			epfv_fromio_wide(lane, buf, src, n);
		epfv_window_put(lane, win, false);
		buf += n;
		off += n;
		len -= n;
	}
	return epfv_lane_valid(lane);
}

/**
 * epfv_region_write() - copy to a region
 * @lane: lane
 * @region: mapped region
 * @off: offset in bytes
 * @buf: where from
 * @len: bytes
 *
 * Return: 0, -ERANGE outside the region, -ESHUTDOWN if the gate is closed, or the
 * controller's error if there is no window to be had.
 */
int epfv_region_write(struct epfv_lane *lane, struct epfv_region *region, u32 off,
		      const void *buf, u32 len)
{
	int err = epfv_region_check(lane, region, off, len);

	while (!err && len) {
		u64 addr = region->addr + off;
		struct epfv_window *win = epfv_window_get(lane, region, addr);
		u32 n;

		if (IS_ERR(win))
			return PTR_ERR(win);
		n = epfv_window_left(win, addr, len);
		epfv_toio(lane, epfv_window_ptr(win, addr), buf, n);
		epfv_window_put(lane, win, true);
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
static struct epfv_window *epfv_burst(struct epfv_lane *lane, u64 addr, size_t len, size_t *n)
{
	struct epfv_window *win;

	if (!epfv_lane_open(lane))
		return ERR_PTR(-ESHUTDOWN);
	win = epfv_window_get(lane, NULL, addr);
	if (!IS_ERR(win))
		*n = min(epfv_window_left(win, addr, len),
			 EPFV_BURST - (size_t)(addr & (EPFV_BURST - 1)));
	return win;
}

/**
 * epfv_hostmem_read() - copy payload from host memory
 * @lane: lane
 * @buf: where to
 * @addr: host address, any
 * @len: bytes
 *
 * Return: 0, -EINVAL if the range wraps, -ESHUTDOWN if the gate is closed before a burst or
 * after the last one, or the controller's error if it cannot reach the address.
 */
int epfv_hostmem_read(struct epfv_lane *lane, void *buf, u64 addr, size_t len)
{
	if (len && addr + len - 1 < addr)
		return -EINVAL;

	while (len) {
		struct epfv_window *win;
		size_t n;

		win = epfv_burst(lane, addr, len, &n);
		if (IS_ERR(win))
			return PTR_ERR(win);
		epfv_fromio(lane, buf, epfv_window_ptr(win, addr), n);
		epfv_window_put(lane, win, false);
		buf += n;
		addr += n;
		len -= n;
	}
	return epfv_lane_valid(lane);
}

/**
 * epfv_hostmem_write() - copy payload to host memory
 * @lane: lane
 * @addr: host address, any
 * @buf: where from
 * @len: bytes
 *
 * Return: as epfv_hostmem_read().
 */
int epfv_hostmem_write(struct epfv_lane *lane, u64 addr, const void *buf, size_t len)
{
	if (len && addr + len - 1 < addr)
		return -EINVAL;

	while (len) {
		struct epfv_window *win;
		size_t n;

		win = epfv_burst(lane, addr, len, &n);
		if (IS_ERR(win))
			return PTR_ERR(win);
		epfv_toio(lane, epfv_window_ptr(win, addr), buf, n);
		epfv_window_put(lane, win, true);
		buf += n;
		addr += n;
		len -= n;
	}
	return 0;
}
