// SPDX-License-Identifier: GPL-2.0
/*
 * A stream of bytes between a driver of the host and one of the endpoint
 */
#include <linux/dev_printk.h>
#include <linux/io.h>
#include <linux/minmax.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "pipe.h"
#include "trace.h"

/* Payload moved in one go, so that the other direction and the registers get their turn */
#define VEPF_PIPE_ROUND		SZ_16K

/* Where the host cannot be reached for a moment, try again after so long */
#define VEPF_PIPE_AGAIN_NS	NSEC_PER_MSEC

/* Pause between attempts to reach memory of the host */
#define VEPF_UNREACHED_NS	(50 * NSEC_PER_MSEC)

/**
 * vepf_pipe_init() - prepare one direction
 * @p: any content
 * @to_host: the direction
 * @hq: the host's queue
 * @lq: queue of the endpoint's own driver
 *
 * Return: 0 or -ENOMEM.
 */
int vepf_pipe_init(struct vepf_pipe *p, bool to_host, struct vepf_hostq *hq,
		   struct vepf_bridge_queue *lq)
{
	int err;

	memset(p, 0, sizeof(*p));
	p->to_host = to_host;
	p->hq = hq;
	p->lq = lq;
	p->chunk = kmalloc(VEPF_PIPE_CHUNK, GFP_KERNEL);
	if (!p->chunk)
		return -ENOMEM;
	err = vepf_fifo_alloc(&p->fifo, VEPF_TRANSIT_SIZE);
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
	p->host_live = true;
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
	p->hq->scan = true;
	vepf_settle_disturb(&p->settle);
}

static bool vepf_pipe_received(const struct vepf_pipe *p)
{
	return (p->to_host ? p->host_live : p->lq->live) && !p->flow.stopped;
}

/* Keep the history only, unless somebody takes what is in transit; lq's lock is held */
static void vepf_pipe_trim(struct vepf_pipe *p)
{
	if (vepf_pipe_received(p))
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

/* The receiver, with lq's lock held, has taken some */
static void vepf_flow_took(struct vepf_flow *flow)
{
	flow->since = 0;
	flow->stopped = false;
	flow->took = true;
	flow->idle = false;
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
	if (vepf_fifo_len(&p->fifo) <= VEPF_HISTORY_SIZE) {
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

/* The address is one of the endpoint kernel's own driver: believe it */
static void *vepf_local_ptr(const struct vepf_seg *seg)
{
	return phys_to_virt(seg->addr);
}

/* Next buffer of the endpoint's driver; the queue's lock is held */
static int vepf_local_next(struct vepf_bridge_queue *q, struct vepf_buf *buf)
{
	if (!q->live)
		return 0;
	if (vepf_ring_peek(q->ring, buf))
		return 1;
	if (vepf_ring_poll(q->ring) > 0 && vepf_ring_fetch(q->ring, VEPF_RING_BATCH) > 0)
		return vepf_ring_peek(q->ring, buf);
	return 0;
}

/* The buffer vepf_local_next() gave is used; the queue's lock is held */
static void vepf_local_done(struct vepf_bridge_queue *q, u32 written)
{
	struct vepf_buf buf;

	if (vepf_ring_get(q->ring, &buf))
		vepf_ring_put(q->ring, buf.head, written);
}

static void vepf_local_publish(struct vepf_bridge_queue *q)
{
	if (q->live && vepf_ring_publish(q->ring) > 0 && vepf_ring_need_interrupt(q->ring) > 0)
		q->call = true;
}

/*
 * Fill buffers of the endpoint's driver with what is in the history.  Returns for
 * how many nanoseconds it cannot be done yet.
 */
static u64 vepf_pipe_deliver(struct vepf_pipe *p)
{
	struct vepf_bridge_queue *q = p->lq;
	struct vepf_buf buf;
	unsigned long flags;
	u64 left = U64_MAX;
	unsigned int i;

	spin_lock_irqsave(&q->lock, flags);
	if (q->live && vepf_fifo_len(&p->fifo))
		left = vepf_settle_left(&q->settle) ?: U64_MAX;
	while (left == U64_MAX && vepf_fifo_len(&p->fifo) && vepf_local_next(q, &buf)) {
		u32 written = 0;

		for (i = 0; i < buf.nsegs; i++)
			if (buf.segs[i].writable)
				written += vepf_fifo_get(&p->fifo, vepf_local_ptr(&buf.segs[i]),
							 buf.segs[i].len);
		vepf_local_done(q, written);
		if (written)
			vepf_flow_took(&p->flow);
	}
	vepf_local_publish(q);
	spin_unlock_irqrestore(&q->lock, flags);
	vepf_bridge_call(q);
	return left;
}

/* An error of the host's queue: how long to leave it alone, U64_MAX: until it is reset */
static u64 vepf_pipe_host_error(struct vepf_pipe *p, int err)
{
	struct vepf_hostq *hq = p->hq;

	if (err != -EIO)
		return VEPF_PIPE_AGAIN_NS;

	p->active = false;
	hq->live = false;
	hq->hm->stats->host_errors++;
	trace_vepf_host_error(dev_name(&hq->hm->epf->dev), hq->name,
			      vepf_ring_error_text(hq->ring->error));
	dev_err_ratelimited(&hq->hm->epf->dev,
			    "host's %s queue: %s; stopped until the host resets it\n",
			    hq->name, vepf_ring_error_text(hq->ring->error));
	return U64_MAX;
}

static void vepf_pipe_bad_address(struct vepf_pipe *p, const struct vepf_seg *seg, int err)
{
	struct vepf_hostq *hq = p->hq;

	hq->hm->stats->host_errors++;
	trace_vepf_host_error(dev_name(&hq->hm->epf->dev), hq->name, "buffer cannot be reached");
	dev_err_ratelimited(&hq->hm->epf->dev,
			    "cannot reach the host's buffer at %#llx, %u bytes (err=%d)\n",
			    seg->addr, seg->len, err);
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
		vepf_pipe_bad_address(p, seg, err);
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

/*
 * For how many nanoseconds the host's next @n bytes are not to be taken yet, so
 * that their sender goes slower; 0: take them.
 */
static u64 vepf_pipe_hold(struct vepf_pipe *p, size_t n)
{
	struct vepf_flow *flow = &p->flow;
	ktime_t now;
	u64 passed;

	if (vepf_fifo_len(&p->fifo) + n <= VEPF_HISTORY_SIZE || !p->lq->live || flow->idle)
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

/* Bytes of the host are in transit from now on */
static void vepf_pipe_put(struct vepf_pipe *p, size_t n)
{
	unsigned long flags;

	spin_lock_irqsave(&p->lq->lock, flags);
	vepf_fifo_put(&p->fifo, p->chunk, n);
	vepf_pipe_trim(p);
	spin_unlock_irqrestore(&p->lq->lock, flags);
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
	u32 moved = 0;
	int err = 0;
	u64 left;

	vepf_pipe_deliver(p);
	while (p->hq->live) {
		const struct vepf_seg *seg;
		size_t n;

		err = vepf_pipe_next(p);
		if (err <= 0) {
			/* No sender waits: the next one is held anew */
			p->flow.held_since = 0;
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
		again = vepf_pipe_hold(p, n) ?: vepf_pipe_unreached_left(p);
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
		vepf_pipe_put(p, n);
		p->off += n;
		p->done += n;
		moved += n;
	}

	if (err >= 0 && p->hq->live)
		err = vepf_hostq_publish(p->hq);
	if (err < 0)
		again = min(again, vepf_pipe_host_error(p, err));
	left = vepf_pipe_deliver(p);
	if (left == U64_MAX)
		left = vepf_pipe_judge(p);
	/* The read that decided on the interrupt may have found more */
	if (again == U64_MAX && err >= 0 && p->hq->live && vepf_ring_available(p->hq->ring))
		again = 0;
	return min(again, left);
}

/**
 * vepf_pipe_collect() - take the messages of the endpoint's driver
 * @p: pipe whose @lq is the endpoint driver's tx queue
 *
 * Empties the queue into the history on the spot, so that a driver that waits
 * for its buffer, maybe with interrupts off, does not depend on any thread
 * being scheduled.
 *
 * Context: any.
 * Return: true if vepf_pipe_to_host() has something to do.
 */
bool vepf_pipe_collect(struct vepf_pipe *p)
{
	struct vepf_bridge_queue *q = p->lq;
	struct vepf_buf buf;
	unsigned long flags;
	unsigned int i;
	bool work;

	spin_lock_irqsave(&q->lock, flags);
	while (vepf_local_next(q, &buf)) {
		for (i = 0; i < buf.nsegs; i++)
			if (!buf.segs[i].writable)
				vepf_fifo_put(&p->fifo, vepf_local_ptr(&buf.segs[i]),
					      buf.segs[i].len);
		vepf_local_done(q, 0);
	}
	vepf_pipe_trim(p);
	vepf_local_publish(q);
	work = vepf_fifo_len(&p->fifo) || q->call;
	spin_unlock_irqrestore(&q->lock, flags);
	return work;
}

/* Take bytes out of the history, unless some are still on their way */
static u32 vepf_pipe_take(struct vepf_pipe *p)
{
	unsigned long flags;

	if (!p->chunk_len) {
		spin_lock_irqsave(&p->lq->lock, flags);
		p->chunk_len = vepf_fifo_get(&p->fifo, p->chunk, VEPF_PIPE_CHUNK);
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
	u64 left = p->hq->live ? vepf_settle_left(&p->settle) : 0;
	u64 again = left ?: U64_MAX;
	u32 moved = 0;
	int err = 0;

	vepf_pipe_collect(p);
	while (!left && p->hq->live && vepf_pipe_take(p)) {
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
	}

	/* A stream has no reason to wait for a buffer to be full */
	if (err >= 0 && p->active && p->done)
		vepf_pipe_finish(p, true);
	if (err >= 0 && p->hq->live)
		err = vepf_hostq_publish(p->hq);
	if (err < 0)
		again = min(again, vepf_pipe_host_error(p, err));

	vepf_pipe_collect(p);
	if (again && !left)
		again = min(again, vepf_pipe_judge(p));
	vepf_bridge_call(p->lq);
	return again;
}
