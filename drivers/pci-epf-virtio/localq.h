/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One virtqueue of the endpoint's own driver, as who serves it uses it
 *
 * Or what stands in for one where there is no such driver, see direct.h: it has no ring,
 * never a buffer, and is told of every change.
 *
 * The queue's lock is held for all functions but vepf_localq_call().
 */
#ifndef VEPF_LOCALQ_H
#define VEPF_LOCALQ_H

#include <linux/spinlock.h>
#include <linux/types.h>

#include "fifo.h"
#include "ring.h"
#include "settle.h"

/**
 * struct vepf_localq - a virtqueue of the endpoint's own driver
 * @lock: guards all that follows; taken with interrupts disabled, since drivers
 *	notify with them disabled
 * @ring: the device's half, valid while @live; NULL: there is no driver
 * @live: the driver has set DRIVER_OK: the ring may be served
 * @held: what the driver makes available from some point on is not taken yet, even if it is
 *	another driver by now
 * @settle: whether the driver may be given data yet
 * @call: the driver wants to hear that buffers were used
 * @seg: descriptor of the next buffer in which to go on, where it was read in part
 * @off: byte of it
 * @callback: tells the driver, if @call; for vepf_localq_call()
 */
struct vepf_localq {
	spinlock_t lock; /* the device's half */
	struct vepf_ring *ring;
	bool live;
	bool held;
	struct vepf_settle settle;
	bool call;
	u16 seg;
	u32 off;
	void (*callback)(struct vepf_localq *q);
};

void vepf_localq_read(const struct vepf_seg *seg, u32 off, void *buf, size_t len);
void vepf_localq_write(const struct vepf_seg *seg, u32 off, const void *buf, size_t len);
void vepf_localq_to_fifo(const struct vepf_seg *seg, u32 off, struct vepf_fifo *fifo, size_t len);
u32 vepf_localq_from_fifo(const struct vepf_seg *seg, struct vepf_fifo *fifo);
int vepf_localq_next(struct vepf_localq *q, struct vepf_buf *buf);
void vepf_localq_done(struct vepf_localq *q, u32 written);
void vepf_localq_publish(struct vepf_localq *q);
void vepf_localq_start(struct vepf_localq *q);
void vepf_localq_hold(struct vepf_localq *q);
void vepf_localq_unhold(struct vepf_localq *q);

/* There is more for who has no ring, or room for more: tell it */
static inline void vepf_localq_changed(struct vepf_localq *q)
{
	q->call |= !q->ring;
}

/* Tell the driver that buffers were used, if it asked for it: any context, no lock held */
static inline void vepf_localq_call(struct vepf_localq *q)
{
	q->callback(q);
}

#endif /* VEPF_LOCALQ_H */
