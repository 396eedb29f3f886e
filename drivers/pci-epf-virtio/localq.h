/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One virtqueue of the endpoint's own driver, as who serves it uses it
 *
 * Or what stands in for one where there is no such driver, see direct.h: it has no ring,
 * never a buffer, and is told of every change.
 *
 * The queue's lock is held for all functions but epfv_localq_call().
 */
#ifndef EPFV_LOCALQ_H
#define EPFV_LOCALQ_H

#include <linux/spinlock.h>
#include <linux/types.h>

#include "fifo.h"
#include "ring.h"
#include "settle.h"

/**
 * struct epfv_localq - a virtqueue of the endpoint's own driver
 * @lock: guards all that follows; taken with interrupts disabled, since drivers
 *	notify with them disabled
 * @ring: the device's half, valid while @live; NULL: there is no driver
 * @live: the driver has set DRIVER_OK: the ring may be served
 * @held: what the driver makes available from some point on is not taken yet, even if it is
 *	another driver by now
 * @settle: whether the driver may be given data yet
 * @call: the driver wants to hear that buffers were used
 * @begun: the next buffer was read in part
 * @at: where to go on in it then
 * @callback: tells the driver, if @call; for epfv_localq_call()
 */
struct epfv_localq {
	spinlock_t lock; /* the device's half */
	struct epfv_ring *ring;
	bool live;
	bool held;
	struct epfv_settle settle;
	bool call;
	bool begun;
	struct epfv_cursor at;
	void (*callback)(struct epfv_localq *q);
};

size_t epfv_localq_read(const struct epfv_localq *q, const struct epfv_request *req, void *buf,
			size_t len);
size_t epfv_localq_write(const struct epfv_localq *q, const struct epfv_request *req,
			 const void *buf, size_t len);
void epfv_localq_to_fifo(const struct epfv_seg *seg, u32 off, struct epfv_fifo *fifo, size_t len);
u32 epfv_localq_from_fifo(const struct epfv_seg *seg, struct epfv_fifo *fifo);
int epfv_localq_next(struct epfv_localq *q, struct epfv_request *req);
void epfv_localq_done(struct epfv_localq *q, u32 written);
void epfv_localq_publish(struct epfv_localq *q);
void epfv_localq_start(struct epfv_localq *q);
void epfv_localq_hold(struct epfv_localq *q);
void epfv_localq_unhold(struct epfv_localq *q);

/* There is more for who has no ring, or room for more: tell it */
static inline void epfv_localq_changed(struct epfv_localq *q)
{
	q->call |= !q->ring;
}

/* Tell the driver that buffers were used, if it asked for it: any context, no lock held */
static inline void epfv_localq_call(struct epfv_localq *q)
{
	q->callback(q);
}

#endif /* EPFV_LOCALQ_H */
