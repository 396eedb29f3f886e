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
	struct epfv_buf buf;
	unsigned long flags;

	for (;;) {
		size_t len = 0;
		unsigned int i;

		spin_lock_irqsave(&q->lock, flags);
		if (!epfv_localq_next(q, &buf) || !epfv_ring_get(q->ring, &buf))
			break;
		for (i = 0; i < buf.nsegs; i++) {
			size_t n = min_t(size_t, buf.segs[i].len, sizeof(msg) - len);

			if (buf.segs[i].writable)
				continue;
			epfv_localq_read(&buf.segs[i], 0, msg + len, n);
			len += n;
		}
		spin_unlock_irqrestore(&q->lock, flags);

		c->message(c->ctx, EPFV_ENDPOINT, msg, len);

		spin_lock_irqsave(&q->lock, flags);
		if (q->live)
			epfv_ring_put(q->ring, buf.head, 0);
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
	struct epfv_buf buf;
	unsigned long flags;
	unsigned int i;
	bool there;

	for (;;) {
		size_t len, written = 0;

		spin_lock_irqsave(&q->lock, flags);
		there = epfv_localq_next(q, &buf);
		spin_unlock_irqrestore(&q->lock, flags);
		if (!there)
			break;
		len = c->next(c->ctx, EPFV_ENDPOINT, msg);
		if (!len)
			break;

		/* The driver may have been reset just now: then it needs no message */
		spin_lock_irqsave(&q->lock, flags);
		if (epfv_localq_next(q, &buf)) {
			for (i = 0; i < buf.nsegs; i++) {
				size_t n = min_t(size_t, buf.segs[i].len, len - written);

				if (!buf.segs[i].writable)
					continue;
				epfv_localq_write(&buf.segs[i], 0, msg + written, n);
				written += n;
			}
			epfv_localq_done(q, written);
		}
		spin_unlock_irqrestore(&q->lock, flags);
	}
	spin_lock_irqsave(&q->lock, flags);
	epfv_localq_publish(q);
	spin_unlock_irqrestore(&q->lock, flags);
	epfv_localq_call(q);
}

/* The readable part of a buffer of the host, up to the size of a message */
static int epfv_control_read(struct epfv_control *c, const struct epfv_buf *buf, u8 *msg,
			     size_t *len)
{
	unsigned int i;

	*len = 0;
	for (i = 0; i < buf->nsegs && *len < EPFV_MESSAGE_MAX; i++) {
		size_t n = min_t(size_t, buf->segs[i].len, EPFV_MESSAGE_MAX - *len);
		int err;

		if (buf->segs[i].writable)
			continue;
		err = epfv_hostmem_read(c->host_tx->hm, msg + *len, buf->segs[i].addr, n);
		if (err)
			return err;
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
	struct epfv_buf buf;
	int err = 0;
	u64 again;

	while (q->live && round < EPFV_CONTROL_ROUND) {
		size_t len;

		err = epfv_hostq_next(q, &buf);
		if (err <= 0)
			break;
		round++;
		err = epfv_control_read(c, &buf, msg, &len);
		if (err == -ESHUTDOWN)
			break;
		if (err)
			epfv_hostq_bad_address(q, &buf.segs[0], err);
		else
			c->message(c->ctx, EPFV_HOST, msg, len);
		epfv_hostq_done(q, &buf, 0, err ? 0 : len);
		err = 0;
	}
	again = epfv_hostq_finish(q, err);
	return again == U64_MAX && epfv_hostq_more(q) ? 0 : again;
}

/* Write a message to a buffer of the host; returns how much of it did fit */
static int epfv_control_write(struct epfv_control *c, const struct epfv_buf *buf, const u8 *msg,
			      size_t len)
{
	size_t written = 0;
	unsigned int i;

	for (i = 0; i < buf->nsegs && written < len; i++) {
		size_t n = min_t(size_t, buf->segs[i].len, len - written);
		int err;

		if (!buf->segs[i].writable)
			continue;
		err = epfv_hostmem_write(c->host_rx->hm, buf->segs[i].addr, msg + written, n);
		if (err == -ESHUTDOWN)
			return err;
		if (err) {
			epfv_hostq_bad_address(c->host_rx, &buf->segs[i], err);
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
			err = epfv_hostq_next(q, &c->buf);
			if (err <= 0)
				break;
			c->active = true;
		}
		/* From here on the message is void if the host has reset the device */
		len = c->next(c->ctx, EPFV_HOST, msg);
		if (!len)
			break;
		round++;
		err = epfv_control_write(c, &c->buf, msg, len);
		if (err < 0)
			break;
		epfv_hostq_done(q, &c->buf, err, err);
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
