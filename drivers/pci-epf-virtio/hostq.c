// SPDX-License-Identifier: GPL-2.0
/*
 * One virtqueue of the host's driver: a ring in host memory and its interrupt
 */
#include <asm/barrier.h>
#include <linux/dev_printk.h>
#include <linux/errno.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/string.h>
#include <linux/time64.h>
#include <uapi/linux/virtio_pci.h>

#include "hostq.h"
#include "pci-ep-compat.h"
#include "trace.h"

static int epfv_hostq_read(void *ctx, u32 off, void *buf, u32 len)
{
	struct epfv_hostq *q = ctx;

	return epfv_region_read(q->hm, &q->region, off, buf, len);
}

static int epfv_hostq_write(void *ctx, u32 off, const void *buf, u32 len)
{
	struct epfv_hostq *q = ctx;

	return epfv_region_write(q->hm, &q->region, off, buf, len);
}

/*
 * Accesses to a window are made in the order of these barriers by the
 * processor; PCIe keeps writes in order, and reads behind writes.
 */
static void epfv_hostq_read_barrier(void *ctx)
{
	rmb();	/* pairs with that of the host's driver */
}

static void epfv_hostq_write_barrier(void *ctx)
{
	wmb();	/* pairs with that of the host's driver */
}

static void epfv_hostq_mb(void *ctx)
{
	mb();	/* pairs with that of the host's driver */
}

static const struct epfv_ring_ops epfv_hostq_ring_ops = {
	.read = epfv_hostq_read,
	.write = epfv_hostq_write,
	.read_barrier = epfv_hostq_read_barrier,
	.write_barrier = epfv_hostq_write_barrier,
	.mb = epfv_hostq_mb,
};

/**
 * epfv_hostq_init() - prepare a queue that the host has not set up yet
 * @q: any content
 * @name: for messages, not copied
 * @hm: host memory
 * @irq: interrupts
 *
 * Return: 0 or -ENOMEM.
 */
int epfv_hostq_init(struct epfv_hostq *q, const char *name, struct epfv_hostmem *hm,
		    struct epfv_irq *irq)
{
	memset(q, 0, sizeof(*q));
	q->name = name;
	q->hm = hm;
	q->irq = irq;
	q->ring = kvzalloc_obj(*q->ring);
	return q->ring ? 0 : -ENOMEM;
}

/**
 * epfv_hostq_free() - undo epfv_hostq_init()
 * @q: stopped, or zeroed
 */
void epfv_hostq_free(struct epfv_hostq *q)
{
	kvfree(q->ring);
	q->ring = NULL;
}

/* A ring of one piece, from the descriptor table on, as the legacy layout has it */
static u32 epfv_hostq_len(const struct epfv_queue_setup *setup)
{
	return setup->used - setup->desc +
	       sizeof(struct epfv_ring_used) * setup->size + 3 * sizeof(__le16);
}

/**
 * epfv_hostq_start() - begin to serve a queue that the host has set up
 * @q: stopped queue
 * @setup: where it is, and whom it interrupts
 *
 * Return: 0, or an error of epfv_region_map().
 */
int epfv_hostq_start(struct epfv_hostq *q, const struct epfv_queue_setup *setup)
{
	int err;

	if (!epfv_hostq_keep(q, setup)) {
		err = epfv_region_map(q->hm, &q->region, setup->desc, epfv_hostq_len(setup));
		if (err)
			return err;
	}

	err = epfv_ring_init(q->ring, setup->size, VIRTIO_PCI_VRING_ALIGN, &epfv_hostq_ring_ops,
			     q);
	if (err) {
		epfv_region_unmap(q->hm, &q->region);
		return err;
	}
	if (q->held)
		epfv_ring_hold(q->ring);
	q->hm->answers = false;
	q->vector = setup->vector;
	q->again_ns = 0;
	epfv_hostq_scan(q);
	q->live = true;
	return 0;
}

/**
 * epfv_hostq_stop() - leave the ring alone: the host has reset the device, or is gone
 * @q: queue, started or not
 *
 * It stays mapped until epfv_hostq_keep() or epfv_hostq_release(): unmapping may take longer
 * than a driver that follows at once can wait.
 */
void epfv_hostq_stop(struct epfv_hostq *q)
{
	q->live = false;
	q->scan = false;
	q->again_at = 0;
}

/**
 * epfv_hostq_keep() - unmap the ring unless the next driver has its own in the same place
 * @q: stopped queue
 * @setup: of the next driver; NULL: it does not use the queue
 *
 * To be called for all queues before the first one is started, so that none has to do
 * without a window that another does not need any more.
 *
 * Return: whether that ring is mapped.
 */
bool epfv_hostq_keep(struct epfv_hostq *q, const struct epfv_queue_setup *setup)
{
	if (setup && q->region.len && q->region.addr == setup->desc &&
	    q->region.len == epfv_hostq_len(setup))
		return true;
	epfv_hostq_release(q);
	return false;
}

/**
 * epfv_hostq_release() - unmap the ring
 * @q: stopped queue
 *
 * Return: whether it was mapped.
 */
bool epfv_hostq_release(struct epfv_hostq *q)
{
	if (!q->region.len)
		return false;
	epfv_region_unmap(q->hm, &q->region);
	return true;
}

/**
 * epfv_hostq_hold() - take nothing that is made available from now on
 * @q: queue, started or not
 *
 * Until epfv_hostq_unhold(), whichever driver it is.
 */
void epfv_hostq_hold(struct epfv_hostq *q)
{
	q->held = true;
	if (!q->live)
		return;
	/* An error is found again by who reads the ring */
	epfv_ring_poll(q->ring);
	epfv_ring_hold(q->ring);
}

/**
 * epfv_hostq_unhold() - undo epfv_hostq_hold(), and look at what there is
 * @q: queue, started or not
 */
void epfv_hostq_unhold(struct epfv_hostq *q)
{
	q->held = false;
	epfv_ring_release(q->ring);
	q->scan = true;
}

/**
 * epfv_hostq_abandon() - leave a queue whose driver may be waiting for a buffer
 * @q: queue, started or not; to be stopped next
 */
void epfv_hostq_abandon(struct epfv_hostq *q)
{
	if (!q->live || epfv_ring_abandon(q->ring))
		return;
	epfv_irq_raise(q->irq, q->vector);
}

static void epfv_hostq_answered(struct epfv_hostq *q)
{
	q->hm->answers = true;
	q->hm->told = false;
}

/*
 * A driver that has set its queues up reaches the function.  Where the function never reaches
 * the driver's memory, and that for some pauses, it is not a link that went down just now.
 */
static void epfv_hostq_unanswered(struct epfv_hostq *q)
{
	if (q->hm->answers || q->hm->told || q->again_ns < EPFV_HOSTQ_AGAIN_MAX_NS)
		return;
	q->hm->told = true;
	dev_err(&q->hm->epf->dev,
		"the host's memory does not answer. Its IOMMU may be why: on the host, unbind the card from virtio-pci, write identity to the card's iommu_group/type, and bind it again; or boot the host with iommu=pt\n");
}

/**
 * epfv_hostq_scan() - the driver may have made buffers available: look, and at once
 * @q: queue, started or not
 */
void epfv_hostq_scan(struct epfv_hostq *q)
{
	q->scan = true;
	q->again_at = 0;
}

/* Nanoseconds for which a host that could not be reached is left alone; 0: try */
static u64 epfv_hostq_pause(const struct epfv_hostq *q)
{
	ktime_t now;

	if (!q->again_at)
		return 0;
	now = ktime_get();
	return now < q->again_at ? q->again_at - now : 0;
}

/**
 * epfv_hostq_next() - the next buffer the driver made available
 * @q: live queue
 * @buf: the buffer, to be given to epfv_hostq_done()
 *
 * Return: 1, 0 if there is none, -EBUSY if it is not time yet to try to reach the host
 * again, or an error of ring or its accessor.
 */
int epfv_hostq_next(struct epfv_hostq *q, struct epfv_buf *buf)
{
	int n;

	if (epfv_ring_get(q->ring, buf))
		return 1;
	if (epfv_hostq_pause(q))
		return -EBUSY;

	n = epfv_ring_fetch(q->ring, EPFV_RING_BATCH);
	if (!n && q->scan) {
		q->scan = false;
		n = epfv_ring_poll(q->ring);
		if (n >= 0)
			epfv_hostq_answered(q);
		if (n > 0)
			n = epfv_ring_fetch(q->ring, EPFV_RING_BATCH);
		/* Nothing was consumed: look again when the host can be reached */
		if (n < 0)
			q->scan = true;
	}
	return n <= 0 ? n : epfv_ring_get(q->ring, buf);
}

/**
 * epfv_hostq_done() - a buffer has been used; the driver hears of it from epfv_hostq_publish()
 * @q: live queue
 * @buf: from epfv_hostq_next()
 * @written: bytes written to the buffer
 * @moved: bytes of payload read from it or written to it
 */
void epfv_hostq_done(struct epfv_hostq *q, const struct epfv_buf *buf, u32 written, u64 moved)
{
	epfv_ring_put(q->ring, buf->head, written);
	q->messages++;
	q->bytes += moved;
}

/**
 * epfv_hostq_publish() - show the driver what has been used, and interrupt it if it wants
 * @q: live queue
 *
 * Return: 0, or an error of ring or its accessor; what was not shown is shown
 * by the next call.
 */
int epfv_hostq_publish(struct epfv_hostq *q)
{
	int n;

	n = epfv_ring_publish(q->ring);
	if (n < 0)
		return n;
	n = epfv_ring_need_interrupt(q->ring);
	if (n > 0)
		epfv_irq_raise(q->irq, q->vector);
	return n < 0 ? n : 0;
}

/**
 * epfv_hostq_finish() - end a round of serving a queue
 * @q: queue
 * @err: the last error of ring or its accessor, not negative if there was none
 *
 * Publishes what is done.  A ring that the driver has broken is left alone until it
 * resets the device, and the log says so.
 *
 * Return: nanoseconds until the queue should be served again, where the host cannot be
 * reached, more each time; else U64_MAX.
 */
u64 epfv_hostq_finish(struct epfv_hostq *q, int err)
{
	u64 pause = epfv_hostq_pause(q);

	if (pause)
		return pause;
	if (err >= 0 && q->live)
		err = epfv_hostq_publish(q);
	if (err >= 0) {
		q->again_ns = 0;
		return U64_MAX;
	}
	if (err != -EIO) {
		if (err == -ENODEV)
			epfv_hostq_unanswered(q);
		q->again_ns = clamp_t(u64, 2 * q->again_ns, EPFV_HOSTQ_AGAIN_MIN_NS,
				      EPFV_HOSTQ_AGAIN_MAX_NS);
		q->again_at = ktime_add_ns(ktime_get(), q->again_ns);
		return q->again_ns;
	}

	q->live = false;
	q->hm->stats->host_errors++;
	trace_epfv_host_error(dev_name(&q->hm->epf->dev), q->name,
			      epfv_ring_error_text(q->ring->error));
	dev_err_ratelimited(&q->hm->epf->dev,
			    "host's %s queue: %s; stopped until the host resets it\n",
			    q->name, epfv_ring_error_text(q->ring->error));
	return U64_MAX;
}

/**
 * epfv_hostq_more() - whether there are buffers, as far as the ring was read
 * @q: queue
 *
 * Return: true if so.
 */
bool epfv_hostq_more(const struct epfv_hostq *q)
{
	return q->live && epfv_ring_available(q->ring);
}

/**
 * epfv_hostq_bad_address() - tell of a buffer that cannot be reached
 * @q: queue
 * @seg: descriptor of it
 * @err: why
 */
void epfv_hostq_bad_address(struct epfv_hostq *q, const struct epfv_seg *seg, int err)
{
	q->hm->stats->host_errors++;
	trace_epfv_host_error(dev_name(&q->hm->epf->dev), q->name, "buffer cannot be reached");
	dev_err_ratelimited(&q->hm->epf->dev,
			    "cannot reach the host's buffer at %#llx, %u bytes (err=%d)\n",
			    seg->addr, seg->len, err);
}
