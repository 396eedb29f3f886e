// SPDX-License-Identifier: GPL-2.0
/*
 * Queues on which a device and its drivers talk, on either side
 */
#include <linux/errno.h>
#include <linux/minmax.h>
#include <linux/string.h>

#include "control.h"

/* Messages handled in one go, so that the data gets its turn */
#define EPFV_CONTROL_ROUND	64

/**
 * epfv_control_collect() - take the messages of the endpoint's driver
 * @c: control queues
 *
 * A driver waits for the buffer of its message without sleeping, so this must not
 * depend on a thread being scheduled.  Each message has been handled when its buffer
 * goes back.
 *
 * Context: any; no lock of a queue may be held.
 */
void epfv_control_collect(struct epfv_control *c)
{
	struct epfv_localq *q = c->local_tx;
	u8 msg[EPFV_MESSAGE_MAX];
	struct epfv_request req;
	unsigned long flags;

	for (;;) {
		size_t len;

		spin_lock_irqsave(&q->lock, flags);
		if (!epfv_localq_next(q, &req) || !epfv_ring_take(q->ring, &req))
			break;
		len = epfv_localq_read(q, &req, msg, sizeof(msg));
		spin_unlock_irqrestore(&q->lock, flags);

		c->message(c->ctx, EPFV_ENDPOINT, msg, len);

		spin_lock_irqsave(&q->lock, flags);
		if (q->live)
			epfv_ring_complete(q->ring, req.head, 0);
		epfv_localq_publish(q);
		spin_unlock_irqrestore(&q->lock, flags);
	}
	spin_unlock_irqrestore(&q->lock, flags);
}

/* Fill buffers of the endpoint's driver with messages */
static void epfv_control_to_local(struct epfv_control *c)
{
	struct epfv_localq *q = c->local_rx;
	u8 msg[EPFV_MESSAGE_MAX];
	struct epfv_request req;
	unsigned long flags;
	bool there;

	for (;;) {
		size_t len;

		spin_lock_irqsave(&q->lock, flags);
		there = epfv_localq_next(q, &req);
		spin_unlock_irqrestore(&q->lock, flags);
		if (!there)
			break;
		len = c->next(c->ctx, EPFV_ENDPOINT, msg);
		if (!len)
			break;

		/* The driver may have been reset just now: then it needs no message */
		spin_lock_irqsave(&q->lock, flags);
		if (epfv_localq_next(q, &req))
			epfv_localq_done(q, epfv_localq_write(q, &req, msg, len));
		spin_unlock_irqrestore(&q->lock, flags);
	}
	spin_lock_irqsave(&q->lock, flags);
	epfv_localq_publish(q);
	spin_unlock_irqrestore(&q->lock, flags);
	epfv_localq_call(q);
}

/* The readable part of a buffer of the host, up to the size of a message */
static int epfv_control_read(struct epfv_control *c, const struct epfv_request *req, u8 *msg,
			     size_t *len)
{
	struct epfv_hostq *q = c->host_tx;
	struct epfv_cursor at = epfv_ring_begin(req);
	const struct epfv_seg *seg;

	*len = 0;
	for (; (seg = epfv_ring_seg(q->ring, &at)); epfv_ring_next(q->ring, &at)) {
		size_t n = min_t(size_t, seg->len, EPFV_MESSAGE_MAX - *len);
		int err;

		if (seg->writable || !n)
			continue;
		err = epfv_hostmem_read(&q->lane, msg + *len, seg->addr, n);
		if (err == -ESHUTDOWN)
			return err;
		if (err) {
			epfv_hostq_bad_address(q, seg, err);
			return err;
		}
		*len += n;
	}
	return 0;
}

/* Messages of the host's driver; returns as epfv_pipe_from_host() */
static u64 epfv_control_from_host(struct epfv_control *c)
{
	struct epfv_hostq *q = c->host_tx;
	u8 msg[EPFV_MESSAGE_MAX];
	unsigned int round = 0;
	struct epfv_request req;
	int err = 0;
	u64 again;

	while (q->live && round < EPFV_CONTROL_ROUND) {
		size_t len;

		err = epfv_hostq_take(q, &req);
		if (err <= 0)
			break;
		round++;
		err = epfv_control_read(c, &req, msg, &len);
		if (err == -ESHUTDOWN)
			break;
		if (!err)
			c->message(c->ctx, EPFV_HOST, msg, len);
		epfv_hostq_complete(q, &req, 0, err ? 0 : len);
		err = 0;
	}
	again = epfv_hostq_finish(q, err);
	return again == U64_MAX && epfv_hostq_more(q) ? 0 : again;
}

/* Write a message to a buffer of the host; returns how much of it did fit */
static int epfv_control_write(struct epfv_control *c, const struct epfv_request *req,
			      const u8 *msg, size_t len)
{
	struct epfv_hostq *q = c->host_rx;
	struct epfv_cursor at = epfv_ring_begin(req);
	const struct epfv_seg *seg;
	size_t written = 0;

	for (; (seg = epfv_ring_seg(q->ring, &at)); epfv_ring_next(q->ring, &at)) {
		size_t n = min_t(size_t, seg->len, len - written);
		int err;

		if (!seg->writable || !n)
			continue;
		err = epfv_hostmem_write(&q->lane, seg->addr, msg + written, n);
		if (err == -ESHUTDOWN)
			return err;
		if (err) {
			epfv_hostq_bad_address(q, seg, err);
			break;
		}
		written += n;
	}
	return written;
}

static u64 epfv_control_to_host(struct epfv_control *c)
{
	struct epfv_hostq *q = c->host_rx;
	u8 msg[EPFV_MESSAGE_MAX];
	unsigned int round = 0;
	int err = 0;
	u64 again;

	while (q->live && round < EPFV_CONTROL_ROUND) {
		size_t len;

		if (!c->active) {
			err = epfv_hostq_take(q, &c->req);
			if (err <= 0)
				break;
			c->active = true;
		}
		/* From here on the message is void if the host has reset the device */
		len = c->next(c->ctx, EPFV_HOST, msg);
		if (!len)
			break;
		round++;
		err = epfv_control_write(c, &c->req, msg, len);
		if (err < 0)
			break;
		epfv_hostq_complete(q, &c->req, err, err);
		c->active = false;
		err = 0;
	}
	again = epfv_hostq_finish(q, err);
	return round == EPFV_CONTROL_ROUND ? 0 : again;
}

/**
 * epfv_control_stop() - the host's queues are not live any more
 * @c: control queues
 */
void epfv_control_stop(struct epfv_control *c)
{
	c->active = false;
}

/**
 * epfv_control_enter() - whose memory is used from now on
 * @c: control queues
 * @epoch: epoch, or EPFV_NO_EPOCH
 */
void epfv_control_enter(struct epfv_control *c, u32 epoch)
{
	if (!c->host_rx)
		return;
	c->host_rx->lane.epoch = epoch;
	c->host_tx->lane.epoch = epoch;
}

/**
 * epfv_control_receive() - take the messages that drivers have sent
 * @c: control queues
 * @scan: the host's driver may have made buffers available
 *
 * Return: as epfv_pipe_from_host().
 */
u64 epfv_control_receive(struct epfv_control *c, bool scan)
{
	if (scan) {
		epfv_hostq_scan(c->host_rx);
		epfv_hostq_scan(c->host_tx);
	}
	epfv_control_collect(c);
	epfv_localq_call(c->local_tx);
	return epfv_control_from_host(c);
}

/**
 * epfv_control_send() - give drivers the messages that there are for them
 * @c: control queues
 *
 * Return: as epfv_pipe_from_host().
 */
u64 epfv_control_send(struct epfv_control *c)
{
	epfv_control_to_local(c);
	return epfv_control_to_host(c);
}
