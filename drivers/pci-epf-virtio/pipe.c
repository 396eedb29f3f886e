// SPDX-License-Identifier: GPL-2.0
/*
 * A stream of bytes between a driver of the host and one of the endpoint
 */
#include <linux/compiler.h>
#include <linux/minmax.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "pipe.h"

/* Payload moved in one go, so that the other direction and the registers get their turn */
#define VEPF_PIPE_ROUND		SZ_16K

/* Pause between attempts to reach memory of the host */
#define VEPF_UNREACHED_NS	(50 * NSEC_PER_MSEC)

/**
 * vepf_pipe_init() - prepare one direction
 * @p: any content
 * @to_host: the direction
 * @hq: the host's queue
 * @lq: queue of the endpoint's own driver
 * @transit: bytes in transit at most, a power of two of at least twice the history
 * @lossless: the sender waits, instead of losing bytes
 *
 * The receiver's end is open.
 *
 * Return: 0 or -ENOMEM.
 */
int vepf_pipe_init(struct vepf_pipe *p, bool to_host, struct vepf_hostq *hq,
		   struct vepf_localq *lq, u32 transit, bool lossless)
{
	int err;

	memset(p, 0, sizeof(*p));
	p->to_host = to_host;
	p->hq = hq;
	p->lq = lq;
	p->lossless = lossless;
	p->open = true;
	p->chunk = kmalloc(VEPF_PIPE_CHUNK, GFP_KERNEL);
	if (!p->chunk)
		return -ENOMEM;
	err = vepf_fifo_alloc(&p->fifo, transit);
	if (err) {
		kfree(p->chunk);
		p->chunk = NULL;
	}
	return err;
}

/**
 * vepf_pipe_free() - undo vepf_pipe_init()
 * @p: pipe, or zeroed
 */
void vepf_pipe_free(struct vepf_pipe *p)
{
	vepf_fifo_free(&p->fifo);
	kfree(p->chunk);
	p->chunk = NULL;
}

/**
 * vepf_pipe_start() - the host's queue is live
 * @p: pipe
 */
void vepf_pipe_start(struct vepf_pipe *p)
{
	unsigned long flags;

	spin_lock_irqsave(&p->lq->lock, flags);
	p->host_live = p->hq->live;
	p->flow = (struct vepf_flow){};
	spin_unlock_irqrestore(&p->lq->lock, flags);
	vepf_settle_begin(&p->settle);
}

/**
 * vepf_pipe_notified() - the host's driver has notified
 * @p: pipe
 */
void vepf_pipe_notified(struct vepf_pipe *p)
{
	vepf_hostq_scan(p->hq);
	vepf_settle_disturb(&p->settle);
}

static bool vepf_pipe_received(const struct vepf_pipe *p)
{
	return (p->to_host ? p->host_live : p->lq->live) && p->open && !p->flow.stopped;
}

/**
 * vepf_pipe_trim() - keep the history only, unless somebody takes what is in transit
 * @p: pipe, whose @lq is locked
 */
void vepf_pipe_trim(struct vepf_pipe *p)
{
	if (p->lossless || vepf_pipe_received(p))
		return;
	p->flow.since = 0;
	if (vepf_fifo_len(&p->fifo) > VEPF_HISTORY_SIZE)
		vepf_fifo_drop(&p->fifo, vepf_fifo_len(&p->fifo) - VEPF_HISTORY_SIZE);
}

/**
 * vepf_pipe_stop() - the host's queue is not live any more; the history stays
 * @p: pipe
 */
void vepf_pipe_stop(struct vepf_pipe *p)
{
	unsigned long flags;

	spin_lock_irqsave(&p->lq->lock, flags);
	p->host_live = false;
	vepf_pipe_trim(p);
	spin_unlock_irqrestore(&p->lq->lock, flags);
	p->active = false;
}

/*
 * The receiver has just been offered all that it would take: keep more than the
 * history for it only if it has taken some lately.  Returns when to come again.
 */
static u64 vepf_pipe_judge(struct vepf_pipe *p)
{
	struct vepf_flow *flow = &p->flow;
	ktime_t now = ktime_get();
	u64 again = U64_MAX;
	unsigned long flags;
	u64 passed;

	spin_lock_irqsave(&p->lq->lock, flags);
	if (p->lossless || vepf_fifo_len(&p->fifo) <= VEPF_HISTORY_SIZE) {
		flow->since = 0;
	} else if (vepf_pipe_received(p)) {
		if (!flow->since)
			flow->since = now;
		passed = ktime_to_ns(ktime_sub(now, flow->since));
		if (passed < VEPF_TRANSIT_NS)
			again = VEPF_TRANSIT_NS - passed;
		else
			flow->stopped = true;
	}
	vepf_pipe_trim(p);
	spin_unlock_irqrestore(&p->lq->lock, flags);
	return again;
}

/*
 * Fill buffers of the endpoint's driver with what is in the history.  Returns for
 * how many nanoseconds it cannot be done yet.
 */
static u64 vepf_pipe_deliver(struct vepf_pipe *p)
{
	struct vepf_localq *q = p->lq;
	struct vepf_buf buf;
	unsigned long flags;
	u64 left = U64_MAX;
	unsigned int i;

	spin_lock_irqsave(&q->lock, flags);
	if (q->live && p->open && vepf_fifo_len(&p->fifo))
		left = vepf_settle_left(&q->settle) ?: U64_MAX;
	while (left == U64_MAX && p->open && vepf_fifo_len(&p->fifo) && vepf_localq_next(q, &buf)) {
		u32 written = 0;

		for (i = 0; i < buf.nsegs; i++)
			if (buf.segs[i].writable)
				written += vepf_localq_from_fifo(&buf.segs[i], &p->fifo);
		vepf_localq_done(q, written);
		if (written)
			vepf_flow_took(&p->flow);
	}
	vepf_localq_publish(q);
	spin_unlock_irqrestore(&q->lock, flags);
	vepf_localq_call(q);
	return left;
}

/* For how many nanoseconds memory that could not be reached is left alone */
static u64 vepf_pipe_unreached_left(const struct vepf_pipe *p)
{
	ktime_t now;

	if (!p->unreached)
		return 0;
	now = ktime_get();
	return now < p->retry ? p->retry - now : 0;
}

/*
 * The host's memory cannot be reached.  Windows may be short for a while, so it is tried
 * again for as long as a sender may be held, or, as a driver may take an empty buffer for
 * the last one, a receiver be waited for.  Returns how many nanoseconds later; 0: the
 * rest of the buffer has been given up.
 */
static u64 vepf_pipe_unreached(struct vepf_pipe *p, const struct vepf_seg *seg, int err)
{
	u64 most = p->to_host ? VEPF_TRANSIT_NS : VEPF_HOLD_NS;
	ktime_t now = ktime_get();
	u64 passed, left;

	if (!p->unreached)
		p->unreached = p->flow.held_since ?: now;
	passed = ktime_to_ns(ktime_sub(now, p->unreached));
	if (passed >= most) {
		vepf_hostq_bad_address(p->hq, seg, err);
		p->seg = p->buf.nsegs;
		return 0;
	}
	left = min_t(u64, most - passed, VEPF_UNREACHED_NS);
	p->retry = ktime_add_ns(now, left);
	return left;
}

/* Begin with the next buffer of the host; as vepf_hostq_next() */
static int vepf_pipe_next(struct vepf_pipe *p)
{
	int n;

	if (p->active)
		return 1;
	n = vepf_hostq_next(p->hq, &p->buf);
	if (n == 1) {
		p->active = true;
		p->seg = 0;
		p->off = 0;
		p->done = 0;
		p->unreached = 0;
	}
	return n;
}

/* The next descriptor of the right kind of the active buffer, NULL at its end */
static const struct vepf_seg *vepf_pipe_seg(struct vepf_pipe *p, bool writable)
{
	while (p->seg < p->buf.nsegs) {
		const struct vepf_seg *seg = &p->buf.segs[p->seg];

		if (seg->writable == writable && p->off < seg->len)
			return seg;
		p->seg++;
		p->off = 0;
	}
	return NULL;
}

static void vepf_pipe_finish(struct vepf_pipe *p, bool written)
{
	vepf_hostq_done(p->hq, &p->buf, written ? p->done : 0, p->done);
	p->active = false;
}

/* As vepf_pipe_hold(); the queue's lock is held */
static u64 vepf_pipe_hold_left(struct vepf_pipe *p, size_t n)
{
	struct vepf_flow *flow = &p->flow;
	ktime_t now;
	u64 passed;

	if (vepf_fifo_len(&p->fifo) + n <= VEPF_HISTORY_SIZE)
		return 0;
	/* Until the receiver takes some, of which its driver notifies */
	if (p->lossless)
		return U64_MAX;
	if (!p->lq->live || !p->open || flow->idle)
		return 0;

	now = ktime_get();
	if (!flow->held_since) {
		flow->held_since = now;
		flow->took = false;
	}
	passed = ktime_to_ns(ktime_sub(now, flow->held_since));
	if (passed < VEPF_HOLD_NS)
		return VEPF_HOLD_NS - passed;
	flow->idle = !flow->took;
	return 0;
}

/*
 * For how many nanoseconds the host's next @n bytes are not to be taken yet, so
 * that their sender goes slower; 0: take them.
 */
static u64 vepf_pipe_hold(struct vepf_pipe *p, size_t n)
{
	unsigned long flags;
	u64 left;

	spin_lock_irqsave(&p->lq->lock, flags);
	left = vepf_pipe_hold_left(p, n);
	spin_unlock_irqrestore(&p->lq->lock, flags);
	return left;
}

/* No sender waits: the next one is held anew */
static void vepf_pipe_nobody_held(struct vepf_pipe *p)
{
	unsigned long flags;

	spin_lock_irqsave(&p->lq->lock, flags);
	p->flow.held_since = 0;
	spin_unlock_irqrestore(&p->lq->lock, flags);
}

/**
 * vepf_pipe_put() - bytes of the host are in transit from now on
 * @p: pipe from the host
 * @buf: the bytes
 * @n: how many
 *
 * Context: that of vepf_pipe_from_host().
 */
void vepf_pipe_put(struct vepf_pipe *p, const void *buf, size_t n)
{
	unsigned long flags;

	spin_lock_irqsave(&p->lq->lock, flags);
	vepf_fifo_put(&p->fifo, buf, n);
	vepf_pipe_trim(p);
	vepf_localq_changed(p->lq);
	spin_unlock_irqrestore(&p->lq->lock, flags);
}

/* Take the host's buffers without reading what is in them, if nobody is there for it */
static int vepf_pipe_discard_from_host(struct vepf_pipe *p)
{
	unsigned int most = p->hq->ring->num;
	unsigned long flags;
	u64 dropped = 0;
	int n = 1;

	spin_lock_irqsave(&p->lq->lock, flags);
	vepf_fifo_drop(&p->fifo, vepf_fifo_len(&p->fifo));
	/* Of what comes after that, its driver notifies */
	p->hq->scan |= p->discard;
	p->discard = false;
	spin_unlock_irqrestore(&p->lq->lock, flags);

	while (p->hq->live && most--) {
		n = vepf_pipe_next(p);
		if (n <= 0)
			break;
		dropped += p->buf.readable - p->done;
		vepf_pipe_finish(p, false);
	}
	spin_lock_irqsave(&p->lq->lock, flags);
	p->fifo.dropped += dropped;
	spin_unlock_irqrestore(&p->lq->lock, flags);
	return min(n, 0);
}

/* Whether nobody is there for what was sent until now */
static bool vepf_pipe_unwanted(struct vepf_pipe *p)
{
	return READ_ONCE(p->discard) || (p->lossless && !READ_ONCE(p->open));
}

/* Publish what is done; returns as vepf_hostq_finish() */
static u64 vepf_pipe_end_round(struct vepf_pipe *p, int err)
{
	u64 again = vepf_hostq_finish(p->hq, err);

	/* A queue that was found broken takes its buffer with it */
	if (!p->hq->live)
		p->active = false;
	return again;
}

/**
 * vepf_pipe_from_host() - move bytes from the host's driver to the endpoint's
 * @p: pipe whose @hq is the host's tx queue
 *
 * Return: nanoseconds until it should be called again, 0 if there is more to
 * do, U64_MAX if only a notification of either driver can bring more.
 */
u64 vepf_pipe_from_host(struct vepf_pipe *p)
{
	u64 again = U64_MAX;
	bool held = false;
	u32 moved = 0;
	int err = 0;
	u64 left;

	if (vepf_pipe_unwanted(p))
		err = vepf_pipe_discard_from_host(p);
	vepf_pipe_deliver(p);
	while (p->hq->live && err >= 0) {
		const struct vepf_seg *seg;
		size_t n;

		err = vepf_pipe_next(p);
		if (err <= 0) {
			vepf_pipe_nobody_held(p);
			break;
		}
		seg = vepf_pipe_seg(p, false);
		if (!seg) {
			vepf_pipe_finish(p, false);
			continue;
		}
		if (moved >= VEPF_PIPE_ROUND) {
			again = 0;
			break;
		}

		n = min_t(size_t, seg->len - p->off, VEPF_PIPE_CHUNK);
		if (vepf_fifo_len(&p->fifo) + n > VEPF_HISTORY_SIZE)
			vepf_pipe_deliver(p);
		again = vepf_pipe_hold(p, n);
		if (again) {
			held = true;
			break;
		}
		again = vepf_pipe_unreached_left(p);
		if (again)
			break;
		again = U64_MAX;

		err = vepf_hostmem_read(p->hq->hm, p->chunk, seg->addr + p->off, n);
		if (err == -ESHUTDOWN)
			break;
		if (err) {
			again = vepf_pipe_unreached(p, seg, err);
			err = 0;
			if (again)
				break;
			again = U64_MAX;
			continue;
		}
		p->unreached = 0;
		vepf_pipe_put(p, p->chunk, n);
		p->off += n;
		p->done += n;
		moved += n;
	}

	again = min(again, vepf_pipe_end_round(p, err));
	/* The read that decided on the interrupt may have found more */
	if (again == U64_MAX && !held && vepf_hostq_more(p->hq))
		again = 0;
	left = vepf_pipe_deliver(p);
	if (left == U64_MAX)
		left = vepf_pipe_judge(p);
	return min(again, left);
}

/* Take what is left of a buffer of the endpoint's driver, but no more than @room bytes */
static bool vepf_pipe_put_local(struct vepf_pipe *p, const struct vepf_buf *buf, size_t room)
{
	struct vepf_localq *q = p->lq;

	for (; q->seg < buf->nsegs; q->seg++, q->off = 0) {
		const struct vepf_seg *seg = &buf->segs[q->seg];
		size_t n = min_t(size_t, seg->len - q->off, room);

		if (seg->writable)
			continue;
		vepf_localq_to_fifo(seg, q->off, &p->fifo, n);
		room -= n;
		q->off += n;
		if (q->off < seg->len)
			return false;
	}
	q->seg = 0;
	q->off = 0;
	return true;
}

/*
 * Take the messages of the endpoint's driver; @room: bytes that may be in transit then.
 * The queue's lock is held.
 */
static void vepf_pipe_take_local(struct vepf_pipe *p, size_t room)
{
	struct vepf_buf buf;

	while (vepf_fifo_len(&p->fifo) < room && vepf_localq_next(p->lq, &buf)) {
		if (!vepf_pipe_put_local(p, &buf, room - vepf_fifo_len(&p->fifo)))
			break;
		vepf_localq_done(p->lq, 0);
	}
}

/* Take them, and throw them away with all that is in transit; the queue's lock is held */
static void vepf_pipe_discard_local(struct vepf_pipe *p)
{
	unsigned int most = VEPF_RING_MAX_SIZE;
	struct vepf_buf buf;

	while (most-- && vepf_localq_next(p->lq, &buf)) {
		vepf_pipe_put_local(p, &buf, SIZE_MAX);
		vepf_localq_done(p->lq, 0);
	}
	p->fifo.dropped += p->chunk_len;
	p->chunk_len = 0;
	vepf_fifo_drop(&p->fifo, vepf_fifo_len(&p->fifo));
	p->discard = false;
	vepf_localq_changed(p->lq);
}

/**
 * vepf_pipe_collect() - take the messages of the endpoint's driver
 * @p: pipe whose @lq is the endpoint driver's tx queue
 *
 * Empties the queue into the history on the spot, so that a driver that waits
 * for its buffer, maybe with interrupts off, does not depend on any thread
 * being scheduled.  One whose sender is told to wait is left to the thread.
 *
 * Context: any.
 * Return: true if vepf_pipe_to_host() has something to do.
 */
bool vepf_pipe_collect(struct vepf_pipe *p)
{
	struct vepf_localq *q = p->lq;
	unsigned long flags;
	bool work;

	if (p->lossless)
		return true;
	spin_lock_irqsave(&q->lock, flags);
	vepf_pipe_take_local(p, SIZE_MAX);
	vepf_pipe_trim(p);
	vepf_localq_publish(q);
	work = vepf_fifo_len(&p->fifo) || q->call;
	spin_unlock_irqrestore(&q->lock, flags);
	return work;
}

/* The same, for the thread */
static void vepf_pipe_refill(struct vepf_pipe *p)
{
	struct vepf_localq *q = p->lq;
	unsigned long flags;

	spin_lock_irqsave(&q->lock, flags);
	if (vepf_pipe_unwanted(p))
		vepf_pipe_discard_local(p);
	if (!p->lossless)
		vepf_pipe_take_local(p, SIZE_MAX);
	else if (p->open)
		vepf_pipe_take_local(p, VEPF_HISTORY_SIZE);
	vepf_pipe_trim(p);
	vepf_localq_publish(q);
	spin_unlock_irqrestore(&q->lock, flags);
}

/* Take bytes out of the history, unless some are still on their way */
static u32 vepf_pipe_take(struct vepf_pipe *p)
{
	unsigned long flags;

	if (!p->chunk_len) {
		spin_lock_irqsave(&p->lq->lock, flags);
		p->chunk_len = vepf_fifo_get(&p->fifo, p->chunk, VEPF_PIPE_CHUNK);
		if (p->chunk_len)
			vepf_localq_changed(p->lq);
		spin_unlock_irqrestore(&p->lq->lock, flags);
	}
	return p->chunk_len;
}

/* The first @n bytes on their way have arrived */
static void vepf_pipe_taken(struct vepf_pipe *p, size_t n)
{
	unsigned long flags;

	p->chunk_len -= n;
	memmove(p->chunk, p->chunk + n, p->chunk_len);
	spin_lock_irqsave(&p->lq->lock, flags);
	vepf_flow_took(&p->flow);
	spin_unlock_irqrestore(&p->lq->lock, flags);
}

/**
 * vepf_pipe_to_host() - move bytes from the endpoint's driver to the host's
 * @p: pipe whose @hq is the host's rx queue
 *
 * Return: as vepf_pipe_from_host().
 */
u64 vepf_pipe_to_host(struct vepf_pipe *p)
{
	u64 left = p->hq->live && READ_ONCE(p->open) ? vepf_settle_left(&p->settle) : 0;
	u64 again = left ?: U64_MAX;
	u32 moved = 0;
	int err = 0;

	vepf_pipe_refill(p);
	while (!left && p->hq->live && READ_ONCE(p->open) && vepf_pipe_take(p)) {
		const struct vepf_seg *seg;
		size_t n;

		err = vepf_pipe_next(p);
		if (err <= 0)
			break;
		seg = vepf_pipe_seg(p, true);
		if (!seg) {
			vepf_pipe_finish(p, true);
			continue;
		}
		if (moved >= VEPF_PIPE_ROUND) {
			again = 0;
			break;
		}

		again = vepf_pipe_unreached_left(p);
		if (again)
			break;
		again = U64_MAX;

		n = min_t(size_t, seg->len - p->off, p->chunk_len);
		err = vepf_hostmem_write(p->hq->hm, seg->addr + p->off, p->chunk, n);
		if (err == -ESHUTDOWN)
			break;
		if (err) {
			again = vepf_pipe_unreached(p, seg, err);
			err = 0;
			if (again)
				break;
			again = U64_MAX;
			continue;
		}
		p->unreached = 0;
		vepf_pipe_taken(p, n);
		p->off += n;
		p->done += n;
		moved += n;
		if (!p->chunk_len && !vepf_fifo_len(&p->fifo))
			vepf_pipe_refill(p);
	}

	/* A stream has no reason to wait for a buffer to be full */
	if (err >= 0 && p->active && p->done)
		vepf_pipe_finish(p, true);
	again = min(again, vepf_pipe_end_round(p, err));
	vepf_pipe_refill(p);
	if (again && !left)
		again = min(again, vepf_pipe_judge(p));
	vepf_localq_call(p->lq);
	return again;
}

/**
 * vepf_pipe_open() - the receiver has opened its end, or closed it
 * @p: pipe
 * @open: what it did
 *
 * Its driver is able to receive as soon as it says that it is open.
 *
 * Context: any.  The thread has to run afterwards.
 */
void vepf_pipe_open(struct vepf_pipe *p, bool open)
{
	unsigned long flags;

	spin_lock_irqsave(&p->lq->lock, flags);
	if (p->open != open) {
		WRITE_ONCE(p->open, open);
		if (!open)
			WRITE_ONCE(p->discard, p->lossless);
		p->flow = (struct vepf_flow){};
		vepf_pipe_trim(p);
	}
	if (open)
		vepf_settle_end(p->to_host ? &p->settle : &p->lq->settle);
	spin_unlock_irqrestore(&p->lq->lock, flags);
}

/**
 * vepf_pipe_lossless() - whether this sender is able to wait
 * @p: pipe
 * @lossless: it is
 *
 * If this is news, what is under way is dropped.
 *
 * Context: any.
 */
void vepf_pipe_lossless(struct vepf_pipe *p, bool lossless)
{
	unsigned long flags;

	spin_lock_irqsave(&p->lq->lock, flags);
	if (p->lossless != lossless) {
		p->lossless = lossless;
		WRITE_ONCE(p->discard, true);
	}
	spin_unlock_irqrestore(&p->lq->lock, flags);
}

/**
 * vepf_pipe_close() - the sender has closed its end
 * @p: pipe
 *
 * What it sends from now on waits until vepf_pipe_drained().
 *
 * Context: that of vepf_pipe_from_host(), or any for a pipe to the host.
 */
void vepf_pipe_close(struct vepf_pipe *p)
{
	unsigned long flags;

	spin_lock_irqsave(&p->lq->lock, flags);
	p->closing = true;
	if (p->lossless && p->to_host)
		vepf_localq_hold(p->lq);
	spin_unlock_irqrestore(&p->lq->lock, flags);
	if (p->lossless && !p->to_host)
		vepf_hostq_hold(p->hq);
}

/* Whether what the sender had put in its ring when it closed its end has been taken from it */
static bool vepf_pipe_ring_taken(const struct vepf_pipe *p)
{
	if (p->to_host)
		return !p->lq->live || !p->lq->ring || vepf_ring_all_taken(p->lq->ring);
	return !p->hq->live || (!p->active && vepf_ring_all_taken(p->hq->ring));
}

/* The same, with the queue's lock held */
static bool vepf_pipe_is_delivered(const struct vepf_pipe *p)
{
	if (!p->closing || !p->lossless)
		return p->closing;
	return !p->discard && !p->chunk_len && !vepf_fifo_len(&p->fifo) &&
	       vepf_pipe_ring_taken(p);
}

/**
 * vepf_pipe_delivered() - whether a sender has closed its end, and the receiver has all
 * @p: pipe
 *
 * What the next sender sends still waits.
 *
 * Context: that of vepf_pipe_from_host().
 * Return: true if so.
 */
bool vepf_pipe_delivered(struct vepf_pipe *p)
{
	unsigned long flags;
	bool delivered;

	spin_lock_irqsave(&p->lq->lock, flags);
	delivered = vepf_pipe_is_delivered(p);
	spin_unlock_irqrestore(&p->lq->lock, flags);
	return delivered;
}

/**
 * vepf_pipe_drained() - be done with a sender that has closed its end
 * @p: pipe
 *
 * Context: that of vepf_pipe_from_host().
 * Return: true, once for each vepf_pipe_close() or several of them, if all that was
 * sent before is with the receiver, or dropped.
 */
bool vepf_pipe_drained(struct vepf_pipe *p)
{
	unsigned long flags;
	bool done;

	spin_lock_irqsave(&p->lq->lock, flags);
	done = vepf_pipe_is_delivered(p);
	if (done) {
		p->closing = false;
		/* It is held even if the sender was told meanwhile that it need not wait */
		if (p->to_host)
			vepf_localq_unhold(p->lq);
		vepf_localq_changed(p->lq);
	}
	spin_unlock_irqrestore(&p->lq->lock, flags);
	if (done && !p->to_host)
		vepf_hostq_unhold(p->hq);
	return done;
}
