// SPDX-License-Identifier: GPL-2.0
/*
 * An endpoint's side without a driver: whoever is there reads and writes by itself
 */
#include <linux/minmax.h>
#include <linux/slab.h>

#include "direct.h"

/* What is in transit, or may be, is no more the same: tell the device type */
static void epfv_direct_call(struct epfv_localq *q)
{
	struct epfv_direct_queue *dq = container_of(q, struct epfv_direct_queue, q);
	unsigned long flags;
	bool call;

	spin_lock_irqsave(&q->lock, flags);
	call = q->call;
	q->call = false;
	spin_unlock_irqrestore(&q->lock, flags);
	if (call)
		dq->direct->changed(dq->direct->ctx, dq->pair);
}

/**
 * epfv_direct_alloc() - what stands in for the queues of an endpoint's driver
 * @type: device type
 * @changed: told when a pair has more to read, or more room, see &struct epfv_type_ops
 * @ctx: handed to it
 *
 * Context: may sleep.
 * Return: a queue for each of the type's, or NULL if there is not enough memory.
 */
struct epfv_direct *epfv_direct_alloc(const struct epfv_type *type,
				      void (*changed)(void *ctx, unsigned int pair), void *ctx)
{
	struct epfv_direct *d;
	unsigned int i;

	d = kzalloc(struct_size(d, queues, type->num_queues), GFP_KERNEL);
	if (!d)
		return NULL;
	d->changed = changed;
	d->ctx = ctx;
	for (i = 0; i < type->num_queues; i++) {
		spin_lock_init(&d->queues[i].q.lock);
		d->queues[i].direct = d;
		d->queues[i].q.live = true;
		d->queues[i].q.callback = epfv_direct_call;
	}
	for (i = 0; i < type->num_pairs; i++) {
		d->queues[type->pairs[i].rx].pair = i;
		d->queues[type->pairs[i].tx].pair = i;
	}
	return d;
}

/**
 * epfv_direct_pending() - bytes of the host that there are to read
 * @p: pipe from the host, whose @lq is one of these
 *
 * Context: any.
 * Return: their number.
 */
size_t epfv_direct_pending(struct epfv_pipe *p)
{
	unsigned long flags;
	size_t n;

	spin_lock_irqsave(&p->lq->lock, flags);
	n = p->open && !p->discard ? epfv_fifo_len(&p->fifo) : 0;
	spin_unlock_irqrestore(&p->lq->lock, flags);
	return n;
}

/**
 * epfv_direct_read() - take bytes of the host
 * @p: pipe from the host, whose @lq is one of these
 * @buf: where to
 * @len: at most so many
 * @work: whether epfv_pipe_from_host() has something to do now
 *
 * Context: any.
 * Return: number of bytes taken.
 */
size_t epfv_direct_read(struct epfv_pipe *p, void *buf, size_t len, bool *work)
{
	/* With so many in transit, none is held back for those that are */
	const u32 most = EPFV_HISTORY_SIZE - EPFV_PIPE_CHUNK;
	unsigned long flags;
	size_t n = 0;
	u32 before;

	spin_lock_irqsave(&p->lq->lock, flags);
	before = epfv_fifo_len(&p->fifo);
	if (p->open && !p->discard)
		n = epfv_fifo_get(&p->fifo, buf, len);
	if (n)
		epfv_flow_took(&p->flow);
	*work = n && ((before > most && before - n <= most) || (p->closing && before == n));
	spin_unlock_irqrestore(&p->lq->lock, flags);
	return n;
}

/* Bytes that may be sent; lq's lock is held */
static size_t epfv_direct_space(const struct epfv_pipe *p)
{
	if (!p->lossless)
		return SIZE_MAX;
	if (!p->open || p->discard || p->closing || epfv_fifo_len(&p->fifo) >= EPFV_HISTORY_SIZE)
		return 0;
	return EPFV_HISTORY_SIZE - epfv_fifo_len(&p->fifo);
}

/**
 * epfv_direct_room() - bytes that may be sent to the host
 * @p: pipe to the host, whose @lq is one of these
 *
 * Context: any.
 * Return: their number, SIZE_MAX for a pipe that is not lossless.
 */
size_t epfv_direct_room(struct epfv_pipe *p)
{
	unsigned long flags;
	size_t n;

	spin_lock_irqsave(&p->lq->lock, flags);
	n = epfv_direct_space(p);
	spin_unlock_irqrestore(&p->lq->lock, flags);
	return n;
}

/**
 * epfv_direct_write() - send bytes to the host
 * @p: pipe to the host, whose @lq is one of these
 * @buf: the bytes
 * @len: how many
 *
 * Context: any.
 * Return: number of bytes that are in transit now, less than @len only if @p is lossless.
 */
size_t epfv_direct_write(struct epfv_pipe *p, const void *buf, size_t len)
{
	unsigned long flags;

	spin_lock_irqsave(&p->lq->lock, flags);
	len = min(len, epfv_direct_space(p));
	epfv_fifo_put(&p->fifo, buf, len);
	epfv_pipe_trim(p);
	spin_unlock_irqrestore(&p->lq->lock, flags);
	return len;
}
