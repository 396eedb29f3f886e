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
#define EPFV_PIPE_ROUND		SZ_16K

/* Pause between attempts to reach memory of the host */
#define EPFV_UNREACHED_NS	(50 * NSEC_PER_MSEC)

/**
 * epfv_pipe_init() - prepare one direction
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
int epfv_pipe_init(struct epfv_pipe *p, bool to_host, struct epfv_hostq *hq,
		   struct epfv_localq *lq, u32 transit, bool lossless)
{
	int err;

	memset(p, 0, sizeof(*p));
	p->to_host = to_host;
	p->hq = hq;
	p->lq = lq;
	p->lossless = lossless;
	p->open = true;
	p->chunk = kmalloc(EPFV_PIPE_CHUNK, GFP_KERNEL);
	if (!p->chunk)
		return -ENOMEM;
	err = epfv_fifo_alloc(&p->fifo, transit);
	if (err) {
		kfree(p->chunk);
		p->chunk = NULL;
	}
	return err;
}

/**
 * epfv_pipe_free() - undo epfv_pipe_init()
 * @p: pipe, or zeroed
 */
void epfv_pipe_free(struct epfv_pipe *p)
{
	epfv_fifo_free(&p->fifo);
	kfree(p->chunk);
	p->chunk = NULL;
}

/**
 * epfv_pipe_start() - the host's queue is live
 * @p: pipe, whose worker is in no epoch
 */
void epfv_pipe_start(struct epfv_pipe *p)
{
	unsigned long flags;

	spin_lock_irqsave(&p->lq->lock, flags);
	p->host_live = p->hq->live;
	p->flow = (struct epfv_flow){};
	spin_unlock_irqrestore(&p->lq->lock, flags);
	p->active = false;
	epfv_settle_begin(&p->settle);
}

/**
 * epfv_pipe_notified() - the host's driver has notified
 * @p: pipe
 */
void epfv_pipe_notified(struct epfv_pipe *p)
{
	epfv_hostq_scan(p->hq);
	epfv_settle_disturb(&p->settle);
}

static bool epfv_pipe_received(const struct epfv_pipe *p)
{
	return (p->to_host ? p->host_live : p->lq->live) && p->open && !p->flow.stopped;
}

/**
 * epfv_pipe_trim() - keep the history only, unless somebody takes what is in transit
 * @p: pipe, whose @lq is locked
 */
void epfv_pipe_trim(struct epfv_pipe *p)
{
	if (p->lossless || epfv_pipe_received(p))
		return;
	p->flow.since = 0;
	if (epfv_fifo_len(&p->fifo) > EPFV_HISTORY_SIZE)
		epfv_fifo_drop(&p->fifo, epfv_fifo_len(&p->fifo) - EPFV_HISTORY_SIZE);
}

/**
 * epfv_pipe_stop() - the host's queue is not live any more; the history stays
 * @p: pipe
 */
void epfv_pipe_stop(struct epfv_pipe *p)
{
	unsigned long flags;

	spin_lock_irqsave(&p->lq->lock, flags);
	p->host_live = false;
	epfv_pipe_trim(p);
	spin_unlock_irqrestore(&p->lq->lock, flags);
}

/*
 * The receiver has just been offered all that it would take: keep more than the
 * history for it only if it has taken some lately.  Returns when to come again.
 */
static u64 epfv_pipe_judge(struct epfv_pipe *p)
{
	struct epfv_flow *flow = &p->flow;
	ktime_t now = ktime_get();
	u64 again = U64_MAX;
	unsigned long flags;
	u64 passed;

	spin_lock_irqsave(&p->lq->lock, flags);
	if (p->lossless || epfv_fifo_len(&p->fifo) <= EPFV_HISTORY_SIZE) {
		flow->since = 0;
	} else if (epfv_pipe_received(p)) {
		if (!flow->since)
			flow->since = now;
		passed = ktime_to_ns(ktime_sub(now, flow->since));
		if (passed < EPFV_TRANSIT_NS)
			again = EPFV_TRANSIT_NS - passed;
		else
			flow->stopped = true;
	}
	epfv_pipe_trim(p);
	spin_unlock_irqrestore(&p->lq->lock, flags);
	return again;
}

/*
 * Fill buffers of the endpoint's driver with what is in the history.  Returns for
 * how many nanoseconds it cannot be done yet.
 */
static u64 epfv_pipe_deliver(struct epfv_pipe *p)
{
	struct epfv_localq *q = p->lq;
	struct epfv_request req;
	unsigned long flags;
	u64 left = U64_MAX;

	spin_lock_irqsave(&q->lock, flags);
	if (q->live && p->open && epfv_fifo_len(&p->fifo))
		left = epfv_settle_left(&q->settle) ?: U64_MAX;
	while (left == U64_MAX && p->open && epfv_fifo_len(&p->fifo) && epfv_localq_next(q, &req)) {
		struct epfv_cursor at = epfv_ring_begin(&req);
		const struct epfv_seg *seg;
		u32 written = 0;

		for (; (seg = epfv_ring_seg(q->ring, &at)); epfv_ring_next(q->ring, &at))
			if (seg->writable)
				written += epfv_localq_from_fifo(seg, &p->fifo);
		epfv_localq_done(q, written);
		if (written)
			epfv_flow_took(&p->flow);
	}
	epfv_localq_publish(q);
	spin_unlock_irqrestore(&q->lock, flags);
	epfv_localq_call(q);
	return left;
}

/* For how many nanoseconds memory that could not be reached is left alone */
static u64 epfv_pipe_unreached_left(const struct epfv_pipe *p)
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
static u64 epfv_pipe_unreached(struct epfv_pipe *p, const struct epfv_seg *seg, int err)
{
	u64 most = p->to_host ? EPFV_TRANSIT_NS : EPFV_HOLD_NS;
	ktime_t now = ktime_get();
	u64 passed, left;

	if (!p->unreached)
		p->unreached = p->flow.held_since ?: now;
	passed = ktime_to_ns(ktime_sub(now, p->unreached));
	if (passed >= most) {
		epfv_hostq_bad_address(p->hq, seg, err);
		while (epfv_ring_seg(p->hq->ring, &p->at))
			epfv_ring_next(p->hq->ring, &p->at);
		return 0;
	}
	left = min_t(u64, most - passed, EPFV_UNREACHED_NS);
	p->retry = ktime_add_ns(now, left);
	return left;
}

/* Begin with the next buffer of the host; as epfv_hostq_take() */
static int epfv_pipe_next(struct epfv_pipe *p)
{
	int n;

	if (p->active)
		return 1;
	n = epfv_hostq_take(p->hq, &p->req);
	if (n == 1) {
		p->active = true;
		p->at = epfv_ring_begin(&p->req);
		p->done = 0;
		p->unreached = 0;
	}
	return n;
}

/* The next descriptor of the right kind of the active buffer, NULL at its end */
static const struct epfv_seg *epfv_pipe_seg(struct epfv_pipe *p, bool writable)
{
	const struct epfv_ring *ring = p->hq->ring;
	const struct epfv_seg *seg;

	for (; (seg = epfv_ring_seg(ring, &p->at)); epfv_ring_next(ring, &p->at))
		if (seg->writable == writable && p->at.off < seg->len)
			return seg;
	return NULL;
}

static void epfv_pipe_finish(struct epfv_pipe *p, bool written)
{
	epfv_hostq_complete(p->hq, &p->req, written ? p->done : 0, p->done);
	p->active = false;
}

/* As epfv_pipe_hold(); the queue's lock is held */
static u64 epfv_pipe_hold_left(struct epfv_pipe *p, size_t n)
{
	struct epfv_flow *flow = &p->flow;
	ktime_t now;
	u64 passed;

	if (epfv_fifo_len(&p->fifo) + n <= EPFV_HISTORY_SIZE)
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
	if (passed < EPFV_HOLD_NS)
		return EPFV_HOLD_NS - passed;
	flow->idle = !flow->took;
	return 0;
}

/*
 * For how many nanoseconds the host's next @n bytes are not to be taken yet, so
 * that their sender goes slower; 0: take them.
 */
static u64 epfv_pipe_hold(struct epfv_pipe *p, size_t n)
{
	unsigned long flags;
	u64 left;

	spin_lock_irqsave(&p->lq->lock, flags);
	left = epfv_pipe_hold_left(p, n);
	spin_unlock_irqrestore(&p->lq->lock, flags);
	return left;
}

/* No sender waits: the next one is held anew */
static void epfv_pipe_nobody_held(struct epfv_pipe *p)
{
	unsigned long flags;

	spin_lock_irqsave(&p->lq->lock, flags);
	p->flow.held_since = 0;
	spin_unlock_irqrestore(&p->lq->lock, flags);
}

/**
 * epfv_pipe_put() - bytes of the host are in transit from now on
 * @p: pipe from the host
 * @buf: the bytes
 * @n: how many
 *
 * Context: that of epfv_pipe_from_host().
 */
void epfv_pipe_put(struct epfv_pipe *p, const void *buf, size_t n)
{
	unsigned long flags;

	spin_lock_irqsave(&p->lq->lock, flags);
	epfv_fifo_put(&p->fifo, buf, n);
	epfv_pipe_trim(p);
	epfv_localq_changed(p->lq);
	spin_unlock_irqrestore(&p->lq->lock, flags);
}

/* Take the host's buffers without reading what is in them, if nobody is there for it */
static int epfv_pipe_discard_from_host(struct epfv_pipe *p)
{
	unsigned int most = p->hq->ring->num;
	unsigned long flags;
	u64 dropped = 0;
	int n = 1;

	spin_lock_irqsave(&p->lq->lock, flags);
	epfv_fifo_drop(&p->fifo, epfv_fifo_len(&p->fifo));
	/* Of what comes after that, its driver notifies */
	p->hq->scan |= p->discard;
	p->discard = false;
	spin_unlock_irqrestore(&p->lq->lock, flags);

	while (p->hq->live && most--) {
		n = epfv_pipe_next(p);
		if (n <= 0)
			break;
		dropped += p->req.readable - p->done;
		epfv_pipe_finish(p, false);
	}
	spin_lock_irqsave(&p->lq->lock, flags);
	p->fifo.dropped += dropped;
	spin_unlock_irqrestore(&p->lq->lock, flags);
	return min(n, 0);
}

/* Whether nobody is there for what was sent until now */
static bool epfv_pipe_unwanted(struct epfv_pipe *p)
{
	return READ_ONCE(p->discard) || (p->lossless && !READ_ONCE(p->open));
}

/* Publish what is done; returns as epfv_hostq_finish() */
static u64 epfv_pipe_end_round(struct epfv_pipe *p, int err)
{
	u64 again = epfv_hostq_finish(p->hq, err);

	/* A queue that was found broken takes its buffer with it */
	if (!p->hq->live)
		p->active = false;
	return again;
}

/**
 * epfv_pipe_from_host() - move bytes from the host's driver to the endpoint's
 * @p: pipe whose @hq is the host's tx queue
 *
 * Return: nanoseconds until it should be called again, 0 if there is more to
 * do, U64_MAX if only a notification of either driver can bring more.
 */
u64 epfv_pipe_from_host(struct epfv_pipe *p)
{
	u64 again = U64_MAX;
	bool held = false;
	u32 moved = 0;
	int err = 0;
	u64 left;

	if (epfv_pipe_unwanted(p))
		err = epfv_pipe_discard_from_host(p);
	epfv_pipe_deliver(p);
	while (p->hq->live && err >= 0) {
		const struct epfv_seg *seg;
		size_t n;

		err = epfv_pipe_next(p);
		if (err <= 0) {
			epfv_pipe_nobody_held(p);
			break;
		}
		seg = epfv_pipe_seg(p, false);
		if (!seg) {
			epfv_pipe_finish(p, false);
			continue;
		}
		if (moved >= EPFV_PIPE_ROUND) {
			again = 0;
			break;
		}

		n = min_t(size_t, seg->len - p->at.off, EPFV_PIPE_CHUNK);
		if (epfv_fifo_len(&p->fifo) + n > EPFV_HISTORY_SIZE)
			epfv_pipe_deliver(p);
		again = epfv_pipe_hold(p, n);
		if (again) {
			held = true;
			break;
		}
		again = epfv_pipe_unreached_left(p);
		if (again)
			break;
		again = U64_MAX;

		err = epfv_hostmem_read(&p->hq->lane, p->chunk, seg->addr + p->at.off, n);
		if (err == -ESHUTDOWN)
			break;
		if (err) {
			again = epfv_pipe_unreached(p, seg, err);
			err = 0;
			if (again)
				break;
			again = U64_MAX;
			continue;
		}
		p->unreached = 0;
		epfv_pipe_put(p, p->chunk, n);
		p->at.off += n;
		p->done += n;
		moved += n;
	}

	again = min(again, epfv_pipe_end_round(p, err));
	/* The read that decided on the interrupt may have found more */
	if (again == U64_MAX && !held && epfv_hostq_more(p->hq))
		again = 0;
	left = epfv_pipe_deliver(p);
	if (left == U64_MAX)
		left = epfv_pipe_judge(p);
	return min(again, left);
}

/* Take what is left of a buffer of the endpoint's driver, but no more than @room bytes */
static bool epfv_pipe_put_local(struct epfv_pipe *p, const struct epfv_request *req, size_t room)
{
	struct epfv_localq *q = p->lq;
	const struct epfv_seg *seg;

	if (!q->begun)
		q->at = epfv_ring_begin(req);
	q->begun = true;
	for (; (seg = epfv_ring_seg(q->ring, &q->at)); epfv_ring_next(q->ring, &q->at)) {
		size_t n = min_t(size_t, seg->len - q->at.off, room);

		if (seg->writable)
			continue;
		epfv_localq_to_fifo(seg, q->at.off, &p->fifo, n);
		room -= n;
		q->at.off += n;
		if (q->at.off < seg->len)
			return false;
	}
	q->begun = false;
	return true;
}

/*
 * Take the messages of the endpoint's driver; @room: bytes that may be in transit then.
 * The queue's lock is held.
 */
static void epfv_pipe_take_local(struct epfv_pipe *p, size_t room)
{
	struct epfv_request req;

	while (epfv_fifo_len(&p->fifo) < room && epfv_localq_next(p->lq, &req)) {
		if (!epfv_pipe_put_local(p, &req, room - epfv_fifo_len(&p->fifo)))
			break;
		epfv_localq_done(p->lq, 0);
	}
}

/* Take them, and throw them away with all that is in transit; the queue's lock is held */
static void epfv_pipe_discard_local(struct epfv_pipe *p)
{
	unsigned int most = EPFV_RING_MAX_SIZE;
	struct epfv_request req;

	while (most-- && epfv_localq_next(p->lq, &req)) {
		epfv_pipe_put_local(p, &req, SIZE_MAX);
		epfv_localq_done(p->lq, 0);
	}
	p->fifo.dropped += p->chunk_len;
	p->chunk_len = 0;
	epfv_fifo_drop(&p->fifo, epfv_fifo_len(&p->fifo));
	p->discard = false;
	epfv_localq_changed(p->lq);
}

/**
 * epfv_pipe_collect() - take the messages of the endpoint's driver
 * @p: pipe whose @lq is the endpoint driver's tx queue
 *
 * Empties the queue into the history on the spot, so that a driver that waits
 * for its buffer, maybe with interrupts off, does not depend on any thread
 * being scheduled.  One whose sender is told to wait is left to the thread.
 *
 * Context: any.
 * Return: true if epfv_pipe_to_host() has something to do.
 */
bool epfv_pipe_collect(struct epfv_pipe *p)
{
	struct epfv_localq *q = p->lq;
	unsigned long flags;
	bool work;

	if (p->lossless)
		return true;
	spin_lock_irqsave(&q->lock, flags);
	epfv_pipe_take_local(p, SIZE_MAX);
	epfv_pipe_trim(p);
	epfv_localq_publish(q);
	work = epfv_fifo_len(&p->fifo) || q->call;
	spin_unlock_irqrestore(&q->lock, flags);
	return work;
}

/* The same, for the thread */
static void epfv_pipe_refill(struct epfv_pipe *p)
{
	struct epfv_localq *q = p->lq;
	unsigned long flags;

	spin_lock_irqsave(&q->lock, flags);
	if (epfv_pipe_unwanted(p))
		epfv_pipe_discard_local(p);
	if (!p->lossless)
		epfv_pipe_take_local(p, SIZE_MAX);
	else if (p->open)
		epfv_pipe_take_local(p, EPFV_HISTORY_SIZE);
	epfv_pipe_trim(p);
	epfv_localq_publish(q);
	spin_unlock_irqrestore(&q->lock, flags);
}

/* Take bytes out of the history, unless some are still on their way */
static u32 epfv_pipe_take(struct epfv_pipe *p)
{
	unsigned long flags;

	if (!p->chunk_len) {
		spin_lock_irqsave(&p->lq->lock, flags);
		p->chunk_len = epfv_fifo_get(&p->fifo, p->chunk, EPFV_PIPE_CHUNK);
		if (p->chunk_len)
			epfv_localq_changed(p->lq);
		spin_unlock_irqrestore(&p->lq->lock, flags);
	}
	return p->chunk_len;
}

/* The first @n bytes on their way have arrived */
static void epfv_pipe_taken(struct epfv_pipe *p, size_t n)
{
	unsigned long flags;

	p->chunk_len -= n;
	memmove(p->chunk, p->chunk + n, p->chunk_len);
	spin_lock_irqsave(&p->lq->lock, flags);
	epfv_flow_took(&p->flow);
	spin_unlock_irqrestore(&p->lq->lock, flags);
}

/**
 * epfv_pipe_to_host() - move bytes from the endpoint's driver to the host's
 * @p: pipe whose @hq is the host's rx queue
 *
 * Return: as epfv_pipe_from_host().
 */
u64 epfv_pipe_to_host(struct epfv_pipe *p)
{
	u64 left = p->hq->live && READ_ONCE(p->open) ? epfv_settle_left(&p->settle) : 0;
	u64 again = left ?: U64_MAX;
	u32 moved = 0;
	int err = 0;

	epfv_pipe_refill(p);
	while (!left && p->hq->live && READ_ONCE(p->open) && epfv_pipe_take(p)) {
		const struct epfv_seg *seg;
		size_t n;

		err = epfv_pipe_next(p);
		if (err <= 0)
			break;
		seg = epfv_pipe_seg(p, true);
		if (!seg) {
			epfv_pipe_finish(p, true);
			continue;
		}
		if (moved >= EPFV_PIPE_ROUND) {
			again = 0;
			break;
		}

		again = epfv_pipe_unreached_left(p);
		if (again)
			break;
		again = U64_MAX;

		n = min_t(size_t, seg->len - p->at.off, p->chunk_len);
		err = epfv_hostmem_write(&p->hq->lane, seg->addr + p->at.off, p->chunk, n);
		if (err == -ESHUTDOWN)
			break;
		if (err) {
			again = epfv_pipe_unreached(p, seg, err);
			err = 0;
			if (again)
				break;
			again = U64_MAX;
			continue;
		}
		p->unreached = 0;
		epfv_pipe_taken(p, n);
		p->at.off += n;
		p->done += n;
		moved += n;
		if (!p->chunk_len && !epfv_fifo_len(&p->fifo))
			epfv_pipe_refill(p);
	}

	/* A stream has no reason to wait for a buffer to be full */
	if (err >= 0 && p->active && p->done)
		epfv_pipe_finish(p, true);
	again = min(again, epfv_pipe_end_round(p, err));
	epfv_pipe_refill(p);
	if (again && !left)
		again = min(again, epfv_pipe_judge(p));
	epfv_localq_call(p->lq);
	return again;
}

/**
 * epfv_pipe_open() - the receiver has opened its end, or closed it
 * @p: pipe
 * @open: what it did
 *
 * Its driver is able to receive as soon as it says that it is open.
 *
 * Context: any.  The thread has to run afterwards.
 */
void epfv_pipe_open(struct epfv_pipe *p, bool open)
{
	unsigned long flags;

	spin_lock_irqsave(&p->lq->lock, flags);
	if (p->open != open) {
		WRITE_ONCE(p->open, open);
		if (!open)
			WRITE_ONCE(p->discard, p->lossless);
		p->flow = (struct epfv_flow){};
		epfv_pipe_trim(p);
	}
	if (open)
		epfv_settle_end(p->to_host ? &p->settle : &p->lq->settle);
	spin_unlock_irqrestore(&p->lq->lock, flags);
}

/**
 * epfv_pipe_lossless() - whether this sender is able to wait
 * @p: pipe
 * @lossless: it is
 *
 * If this is news, what is under way is dropped.
 *
 * Context: any.
 */
void epfv_pipe_lossless(struct epfv_pipe *p, bool lossless)
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
 * epfv_pipe_close() - the sender has closed its end
 * @p: pipe
 * @lane: of the caller
 *
 * What it sends from now on waits until epfv_pipe_drained().
 *
 * Context: the function's thread, or any for a pipe to the host.
 */
void epfv_pipe_close(struct epfv_pipe *p, struct epfv_lane *lane)
{
	unsigned long flags;

	spin_lock_irqsave(&p->lq->lock, flags);
	p->closing = true;
	if (p->lossless && p->to_host)
		epfv_localq_hold(p->lq);
	spin_unlock_irqrestore(&p->lq->lock, flags);
	if (p->lossless && !p->to_host)
		epfv_hostq_hold(p->hq, lane);
}

/* Whether what the sender had put in its ring when it closed its end has been taken from it */
static bool epfv_pipe_ring_taken(const struct epfv_pipe *p)
{
	if (p->to_host)
		return !p->lq->live || !p->lq->ring || epfv_ring_all_taken(p->lq->ring);
	return !p->hq->live || (!p->active && epfv_ring_all_taken(p->hq->ring));
}

/* The same, with the queue's lock held */
static bool epfv_pipe_is_delivered(const struct epfv_pipe *p)
{
	if (!p->closing || !p->lossless)
		return p->closing;
	return !p->discard && !p->chunk_len && !epfv_fifo_len(&p->fifo) &&
	       epfv_pipe_ring_taken(p);
}

/**
 * epfv_pipe_delivered() - whether a sender has closed its end, and the receiver has all
 * @p: pipe
 *
 * What the next sender sends still waits.
 *
 * Context: that of epfv_pipe_from_host().
 * Return: true if so.
 */
bool epfv_pipe_delivered(struct epfv_pipe *p)
{
	unsigned long flags;
	bool delivered;

	spin_lock_irqsave(&p->lq->lock, flags);
	delivered = epfv_pipe_is_delivered(p);
	spin_unlock_irqrestore(&p->lq->lock, flags);
	return delivered;
}

/**
 * epfv_pipe_drained() - be done with a sender that has closed its end
 * @p: pipe
 *
 * Context: that of epfv_pipe_from_host().
 * Return: true, once for each epfv_pipe_close() or several of them, if all that was
 * sent before is with the receiver, or dropped.
 */
bool epfv_pipe_drained(struct epfv_pipe *p)
{
	unsigned long flags;
	bool done;

	spin_lock_irqsave(&p->lq->lock, flags);
	done = epfv_pipe_is_delivered(p);
	if (done) {
		p->closing = false;
		/* It is held even if the sender was told meanwhile that it need not wait */
		if (p->to_host)
			epfv_localq_unhold(p->lq);
		epfv_localq_changed(p->lq);
	}
	spin_unlock_irqrestore(&p->lq->lock, flags);
	if (done && !p->to_host)
		epfv_hostq_unhold(p->hq);
	return done;
}
