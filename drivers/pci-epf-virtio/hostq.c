// SPDX-License-Identifier: GPL-2.0
/*
 * One virtqueue of the host's driver: a ring in host memory and its interrupt
 */
#include <asm/barrier.h>
#include <asm/byteorder.h>
#include <linux/compiler.h>
#include <linux/dev_printk.h>
#include <linux/errno.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/string.h>
#include <linux/time64.h>

#include "hostq.h"
#include "pci-ep-compat.h"
#include "trace.h"

/* The part of the ring in which an address is: there is one, as that was mapped */
static struct epfv_region *epfv_hostq_region(struct epfv_hostq *q, u64 addr)
{
	unsigned int i = q->num_regions - 1;

	while (i && addr < q->region[i].addr)
		i--;
	return &q->region[i];
}

static int epfv_hostq_read(void *ctx, u64 addr, void *buf, u32 len)
{
	struct epfv_hostq *q = ctx;
	struct epfv_region *region = epfv_hostq_region(q, addr);

	return epfv_region_read(&q->lane, region, addr - region->addr, buf, len);
}

static int epfv_hostq_write(void *ctx, u64 addr, const void *buf, u32 len)
{
	struct epfv_hostq *q = ctx;
	struct epfv_region *region = epfv_hostq_region(q, addr);

	return epfv_region_write(&q->lane, region, addr - region->addr, buf, len);
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
	q->lane.hm = hm;
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

/* Where the parts of a ring are, in ascending order; what lies close together is one */
struct epfv_hostq_parts {
	struct {
		u64 addr;
		u32 len;
	} part[EPFV_HOSTQ_PARTS];
	unsigned int num;
};

static void epfv_hostq_find_parts(const struct epfv_queue_setup *setup,
				  struct epfv_hostq_parts *parts)
{
	const u64 addr[] = { setup->desc, setup->avail, setup->used };
	/* Behind the entries of either ring there is one event index */
	const u32 len[] = {
		setup->size * sizeof(struct epfv_ring_desc),
		(3 + setup->size) * sizeof(__le16),
		setup->size * sizeof(struct epfv_ring_used) + 3 * sizeof(__le16),
	};
	unsigned int i, k;

	parts->num = 0;
	for (i = 0; i < EPFV_HOSTQ_PARTS; i++) {
		for (k = parts->num; k && parts->part[k - 1].addr > addr[i]; k--)
			parts->part[k] = parts->part[k - 1];
		parts->part[k].addr = addr[i];
		parts->part[k].len = len[i];
		parts->num++;
	}
	for (i = 1, k = 0; i < EPFV_HOSTQ_PARTS; i++) {
		u64 end = parts->part[i].addr + parts->part[i].len;

		if (parts->part[i].addr - parts->part[k].addr <
		    parts->part[k].len + EPFV_HOSTQ_GAP)
			parts->part[k].len = max_t(u64, parts->part[k].len,
						   end - parts->part[k].addr);
		else
			parts->part[++k] = parts->part[i];
	}
	parts->num = k + 1;
}

/**
 * epfv_hostq_start() - begin to serve a queue that the host has set up
 * @q: stopped queue
 * @setup: where it is, and whom it interrupts
 *
 * Return: 0, -EINVAL if the ring is not where a ring can be, or an error of
 * epfv_region_map().
 */
int epfv_hostq_start(struct epfv_hostq *q, const struct epfv_queue_setup *setup)
{
	struct epfv_hostq_parts parts;
	int err;

	err = epfv_ring_init(q->ring, setup->size, setup->desc, setup->avail, setup->used,
			     &epfv_hostq_ring_ops, q);
	if (err)
		return err;
	if (!epfv_hostq_keep(q, setup)) {
		epfv_hostq_find_parts(setup, &parts);
		for (; q->num_regions < parts.num; q->num_regions++) {
			err = epfv_region_map(&q->lane, &q->region[q->num_regions],
					      parts.part[q->num_regions].addr,
					      parts.part[q->num_regions].len);
			if (err) {
				epfv_hostq_release(q);
				return err;
			}
		}
	}
	if (q->held)
		epfv_ring_hold(q->ring, 0);
	q->lane.hm->answers = false;
	q->vector = setup->vector;
	q->again_ns = 0;
	epfv_hostq_scan(q);
	WRITE_ONCE(q->live, true);
	return 0;
}

/**
 * epfv_hostq_stop() - leave the ring alone: the host has reset the device, or is gone
 * @q: queue, started or not
 *
 * Who serves it may be at it yet, and finds out at its next access to the host's memory.
 *
 * It stays mapped until epfv_hostq_keep() or epfv_hostq_release(): unmapping may take longer
 * than a driver that follows at once can wait.
 */
void epfv_hostq_stop(struct epfv_hostq *q)
{
	WRITE_ONCE(q->live, false);
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
	struct epfv_hostq_parts parts = { .num = 0 };
	unsigned int i;

	if (setup)
		epfv_hostq_find_parts(setup, &parts);
	for (i = 0; i < parts.num && i < q->num_regions; i++)
		if (q->region[i].addr != parts.part[i].addr ||
		    q->region[i].len != parts.part[i].len)
			break;
	if (q->num_regions && i == parts.num && i == q->num_regions)
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
	if (!q->num_regions)
		return false;
	while (q->num_regions)
		epfv_region_unmap(&q->lane, &q->region[--q->num_regions]);
	return true;
}

/**
 * epfv_hostq_hold() - take nothing that is made available from now on
 * @q: queue, started or not
 * @lane: of the caller, who need not be the one who serves the queue
 *
 * Until epfv_hostq_unhold(), whichever driver it is.  An error in reading how far the driver
 * got is found again by who serves the queue.
 */
void epfv_hostq_hold(struct epfv_hostq *q, struct epfv_lane *lane)
{
	struct epfv_region *region;
	__le16 idx;
	u64 addr;

	q->held = true;
	if (!READ_ONCE(q->live))
		return;
	addr = epfv_ring_avail_idx(q->ring);
	region = epfv_hostq_region(q, addr);
	if (!epfv_region_read(lane, region, addr - region->addr, &idx, sizeof(idx)))
		epfv_ring_hold(q->ring, le16_to_cpu(idx));
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
	q->lane.hm->answers = true;
	q->lane.hm->told = false;
}

/*
 * A driver that has set its queues up reaches the function.  Where the function never reaches
 * the driver's memory, and that for some pauses, it is not a link that went down just now.
 */
static void epfv_hostq_unanswered(struct epfv_hostq *q)
{
	if (q->lane.hm->answers || q->lane.hm->told || q->again_ns < EPFV_HOSTQ_AGAIN_MAX_NS)
		return;
	q->lane.hm->told = true;
	dev_err(&q->lane.hm->epf->dev,
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
 * epfv_hostq_take() - the next buffer the driver made available
 * @q: live queue
 * @req: the request, to be given to epfv_hostq_complete()
 *
 * Return: 1, 0 if there is none, -EBUSY if it is not time yet to try to reach the host
 * again, or an error of ring or its accessor.
 */
int epfv_hostq_take(struct epfv_hostq *q, struct epfv_request *req)
{
	int n;

	if (epfv_ring_take(q->ring, req))
		return 1;
	if (epfv_hostq_pause(q))
		return -EBUSY;

	n = epfv_ring_fetch(q->ring, EPFV_RING_BATCH);
	if (!n && (q->scan || epfv_ring_behind(q->ring))) {
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
	return n <= 0 ? n : epfv_ring_take(q->ring, req);
}

/**
 * epfv_hostq_complete() - a request is done; the driver hears of it from epfv_hostq_publish()
 * @q: live queue
 * @req: from epfv_hostq_take(), in any order
 * @written: bytes written to the buffer
 * @moved: bytes of payload read from it or written to it
 */
void epfv_hostq_complete(struct epfv_hostq *q, const struct epfv_request *req, u32 written,
			 u64 moved)
{
	epfv_ring_complete(q->ring, req->head, written);
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
		q->lane.stats.interrupts += epfv_irq_raise(q->irq, q->vector);
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
	q->lane.stats.host_errors++;
	trace_epfv_host_error(dev_name(&q->lane.hm->epf->dev), q->name,
			      epfv_ring_error_text(q->ring->error));
	dev_err_ratelimited(&q->lane.hm->epf->dev,
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
	q->lane.stats.host_errors++;
	trace_epfv_host_error(dev_name(&q->lane.hm->epf->dev), q->name, "buffer cannot be reached");
	dev_err_ratelimited(&q->lane.hm->epf->dev,
			    "cannot reach the host's buffer at %#llx, %u bytes (err=%d)\n",
			    seg->addr, seg->len, err);
}
