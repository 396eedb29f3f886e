// SPDX-License-Identifier: GPL-2.0
/*
 * One virtqueue of the endpoint's own driver, as who serves it uses it
 */
#include <linux/io.h>

#include "localq.h"

/**
 * vepf_localq_ptr() - memory of a buffer
 * @seg: descriptor of it
 *
 * The address is one of the endpoint kernel's own driver: believe it.
 *
 * Return: where its first byte is.
 */
void *vepf_localq_ptr(const struct vepf_seg *seg)
{
	return phys_to_virt(seg->addr);
}

/**
 * vepf_localq_next() - look at the next buffer the driver made available
 * @q: queue
 * @buf: the buffer
 *
 * Return: 1, or 0 if there is none.
 */
int vepf_localq_next(struct vepf_localq *q, struct vepf_buf *buf)
{
	if (!q->live || !q->ring)
		return 0;
	if (vepf_ring_peek(q->ring, buf))
		return 1;
	if (vepf_ring_poll(q->ring) > 0 && vepf_ring_fetch(q->ring, VEPF_RING_BATCH) > 0)
		return vepf_ring_peek(q->ring, buf);
	return 0;
}

/**
 * vepf_localq_done() - the buffer vepf_localq_next() gave is used
 * @q: queue
 * @written: bytes written to it
 */
void vepf_localq_done(struct vepf_localq *q, u32 written)
{
	struct vepf_buf buf;

	if (vepf_ring_get(q->ring, &buf))
		vepf_ring_put(q->ring, buf.head, written);
}

/**
 * vepf_localq_publish() - show the driver what has been used; vepf_localq_call() tells it
 * @q: queue
 */
void vepf_localq_publish(struct vepf_localq *q)
{
	if (!q->live || !q->ring)
		return;
	if (vepf_ring_publish(q->ring) > 0 && vepf_ring_need_interrupt(q->ring) > 0)
		q->call = true;
}

/**
 * vepf_localq_start() - the driver's ring may be served
 * @q: queue, whose @ring has just been set up
 */
void vepf_localq_start(struct vepf_localq *q)
{
	if (q->held)
		vepf_ring_hold(q->ring);
	vepf_settle_begin(&q->settle);
	q->seg = 0;
	q->off = 0;
	q->live = true;
}

/**
 * vepf_localq_hold() - take nothing that is made available from now on
 * @q: queue
 *
 * Until vepf_localq_unhold(), whichever driver it is.
 */
void vepf_localq_hold(struct vepf_localq *q)
{
	q->held = true;
	if (!q->live || !q->ring)
		return;
	vepf_ring_poll(q->ring);
	vepf_ring_hold(q->ring);
}

/**
 * vepf_localq_unhold() - undo vepf_localq_hold()
 * @q: queue
 */
void vepf_localq_unhold(struct vepf_localq *q)
{
	q->held = false;
	if (q->ring)
		vepf_ring_release(q->ring);
}
