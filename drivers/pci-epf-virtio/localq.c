// SPDX-License-Identifier: GPL-2.0
/*
 * One virtqueue of the endpoint's own driver, as who serves it uses it
 */
#include <linux/highmem.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/pfn.h>
#include <linux/string.h>

#include "localq.h"

/*
 * Memory of a buffer at @off, and how many of *@len bytes there are in one piece.  The address
 * is one of the endpoint kernel's own driver: believe it.  A page that a program's data is in
 * may be highmem.
 */
static void *epfv_localq_map(const struct epfv_seg *seg, u32 off, size_t *len)
{
	u64 addr = seg->addr + off;

	*len = min_t(size_t, *len, PAGE_SIZE - offset_in_page(addr));
	return kmap_local_page(pfn_to_page(PHYS_PFN(addr))) + offset_in_page(addr);
}

/* Copy from a buffer at @off, or to it */
static void epfv_localq_copy(const struct epfv_seg *seg, u32 off, void *buf, size_t len,
			     bool write)
{
	while (len) {
		size_t n = len;
		void *ptr = epfv_localq_map(seg, off, &n);

		if (write)
			memcpy(ptr, buf, n);
		else
			memcpy(buf, ptr, n);
		kunmap_local(ptr);
		off += n;
		buf += n;
		len -= n;
	}
}

/**
 * epfv_localq_read() - copy what is readable of a request
 * @q: queue
 * @req: request
 * @buf: where to
 * @len: at most so many bytes
 *
 * Return: number of bytes.
 */
size_t epfv_localq_read(const struct epfv_localq *q, const struct epfv_request *req, void *buf,
			size_t len)
{
	struct epfv_cursor at = epfv_ring_begin(req);
	const struct epfv_seg *seg;
	size_t done = 0;

	for (; (seg = epfv_ring_seg(q->ring, &at)); epfv_ring_next(q->ring, &at)) {
		size_t n = min_t(size_t, seg->len, len - done);

		if (seg->writable)
			continue;
		epfv_localq_copy(seg, 0, buf + done, n, false);
		done += n;
	}
	return done;
}

/**
 * epfv_localq_write() - copy to what is writable of a request
 * @q: queue
 * @req: request
 * @buf: where from
 * @len: bytes
 *
 * Return: number of bytes that did fit.
 */
size_t epfv_localq_write(const struct epfv_localq *q, const struct epfv_request *req,
			 const void *buf, size_t len)
{
	struct epfv_cursor at = epfv_ring_begin(req);
	const struct epfv_seg *seg;
	size_t done = 0;

	for (; (seg = epfv_ring_seg(q->ring, &at)); epfv_ring_next(q->ring, &at)) {
		size_t n = min_t(size_t, seg->len, len - done);

		if (!seg->writable)
			continue;
		epfv_localq_copy(seg, 0, (void *)buf + done, n, true);
		done += n;
	}
	return done;
}

/**
 * epfv_localq_to_fifo() - copy from a buffer to a history
 * @seg: descriptor of it
 * @off: where in it, in bytes
 * @fifo: history
 * @len: bytes
 */
void epfv_localq_to_fifo(const struct epfv_seg *seg, u32 off, struct epfv_fifo *fifo, size_t len)
{
	while (len) {
		size_t n = len;
		void *src = epfv_localq_map(seg, off, &n);

		epfv_fifo_put(fifo, src, n);
		kunmap_local(src);
		off += n;
		len -= n;
	}
}

/**
 * epfv_localq_from_fifo() - fill a buffer from a history, as far as it goes
 * @seg: descriptor of it
 * @fifo: history
 *
 * Return: number of bytes.
 */
u32 epfv_localq_from_fifo(const struct epfv_seg *seg, struct epfv_fifo *fifo)
{
	u32 off = 0;

	while (off < seg->len && epfv_fifo_len(fifo)) {
		size_t n = seg->len - off;
		void *dst = epfv_localq_map(seg, off, &n);

		off += epfv_fifo_get(fifo, dst, n);
		kunmap_local(dst);
	}
	return off;
}

/**
 * epfv_localq_next() - look at the next buffer the driver made available
 * @q: queue
 * @req: the request, not taken yet
 *
 * Return: 1, or 0 if there is none.
 */
int epfv_localq_next(struct epfv_localq *q, struct epfv_request *req)
{
	if (!q->live || !q->ring)
		return 0;
	if (epfv_ring_peek(q->ring, req))
		return 1;
	if (epfv_ring_poll(q->ring) > 0 && epfv_ring_fetch(q->ring, EPFV_RING_BATCH) > 0)
		return epfv_ring_peek(q->ring, req);
	return 0;
}

/**
 * epfv_localq_done() - the buffer epfv_localq_next() gave is used
 * @q: queue
 * @written: bytes written to it
 */
void epfv_localq_done(struct epfv_localq *q, u32 written)
{
	struct epfv_request req;

	if (epfv_ring_take(q->ring, &req))
		epfv_ring_complete(q->ring, req.head, written);
}

/**
 * epfv_localq_publish() - show the driver what has been used; epfv_localq_call() tells it
 * @q: queue
 */
void epfv_localq_publish(struct epfv_localq *q)
{
	if (!q->live || !q->ring)
		return;
	if (epfv_ring_publish(q->ring) > 0 && epfv_ring_need_interrupt(q->ring) > 0)
		q->call = true;
}

/**
 * epfv_localq_start() - the driver's ring may be served
 * @q: queue, whose @ring has just been set up
 */
void epfv_localq_start(struct epfv_localq *q)
{
	if (q->held)
		epfv_ring_hold(q->ring, 0);
	epfv_settle_begin(&q->settle);
	q->begun = false;
	q->live = true;
}

/**
 * epfv_localq_hold() - take nothing that is made available from now on
 * @q: queue
 *
 * Until epfv_localq_unhold(), whichever driver it is.
 */
void epfv_localq_hold(struct epfv_localq *q)
{
	q->held = true;
	if (!q->live || !q->ring)
		return;
	epfv_ring_poll(q->ring);
	epfv_ring_hold(q->ring, q->ring->driver_idx);
}

/**
 * epfv_localq_unhold() - undo epfv_localq_hold()
 * @q: queue
 */
void epfv_localq_unhold(struct epfv_localq *q)
{
	q->held = false;
	if (q->ring)
		epfv_ring_release(q->ring);
}
