// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <poll.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fds.h"
#include "log.h"
#include "sock.h"
#include "vfu_conn.h"
#include "vfu_msg.h"

/* Messages taken from one connection before others get their turn */
#define CONN_BURST	8

/* How soon one is asked again that waits for its descriptors to be closed */
#define CLOSING_MS	10

/* Who sends some that are slow to close is not listened to meanwhile. */
static void drop_fd(struct vfu_conn *conn, int fd)
{
	conn->closing |= !fds_close(fd, conn->owner);
}

static void drop_fds(struct vfu_conn *conn)
{
	unsigned int i;

	for (i = 0; i < conn->num_fds; i++)
		if (conn->fds[i] >= 0)
			drop_fd(conn, conn->fds[i]);
	conn->num_fds = 0;
}

void vfu_conn_close(struct vfu_conn *conn)
{
	conn->ops->closed(conn->dev);
	loop_timer_cancel(conn->loop, &conn->hold_timer);
	loop_del(conn->loop, &conn->src);
	sock_close(conn->src.fd, conn->owner);
	drop_fds(conn);
	vfu_irq_exit(&conn->irqs);
	vfu_dma_exit(&conn->dma);
	free(conn);
}

bool vfu_conn_is_gone(const struct vfu_conn *conn)
{
	struct pollfd p = { .fd = conn->src.fd, .events = POLLRDHUP };

	return poll(&p, 1, 0) > 0 && (p.revents & (POLLRDHUP | POLLHUP | POLLERR));
}

/*
 * The descriptors that came with some bytes belong to the message those bytes
 * are part of, as the stream is never read beyond the end of a message.
 */
static int keep_fds(struct vfu_conn *conn, const struct fds *fds)
{
	unsigned int i;
	int ret = 0;

	for (i = 0; i < fds->num; i++) {
		if (conn->num_fds < VFU_MAX_FDS) {
			conn->fds[conn->num_fds++] = fds->fd[i];
		} else {
			drop_fd(conn, fds->fd[i]);
			ret = -EMSGSIZE;
		}
	}
	return ret;
}

/* 1: all @want bytes of the message are there; 0: not yet; negative errno */
static int fill(struct vfu_conn *conn, size_t want)
{
	struct fds fds;
	ssize_t n;
	int ret;

	while (conn->in_len < want) {
		n = fds_receive(conn->src.fd, conn->in + conn->in_len, want - conn->in_len, &fds);
		ret = keep_fds(conn, &fds);
		if (n < 0)
			return n == -EAGAIN ? 0 : n;
		if (ret)
			return ret;
		if (!n)
			return conn->in_len ? -ENODATA : -EPIPE;
		conn->in_len += n;
	}
	return 1;
}

/* 1: nothing left to send; 0: later; negative errno */
static int flush(struct vfu_conn *conn)
{
	_Alignas(struct cmsghdr) uint8_t control[CMSG_SPACE(sizeof(int))];
	struct cmsghdr *cm;
	struct iovec iov;
	struct msghdr mh;
	ssize_t n;

	while (conn->out_sent < conn->out_len) {
		iov.iov_base = conn->out + conn->out_sent;
		iov.iov_len = conn->out_len - conn->out_sent;
		mh = (struct msghdr){ .msg_iov = &iov, .msg_iovlen = 1 };
		if (conn->out_fd >= 0) {
			memset(control, 0, sizeof(control));
			mh.msg_control = control;
			mh.msg_controllen = sizeof(control);
			cm = CMSG_FIRSTHDR(&mh);
			cm->cmsg_level = SOL_SOCKET;
			cm->cmsg_type = SCM_RIGHTS;
			cm->cmsg_len = CMSG_LEN(sizeof(int));
			memcpy(CMSG_DATA(cm), &conn->out_fd, sizeof(int));
		}
		n = sendmsg(conn->src.fd, &mh, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN ? 0 : -errno;
		conn->out_sent += n;
		conn->out_fd = -1;
	}
	return 1;
}

static void handle(struct vfu_conn *conn, const struct vfu_header *head)
{
	struct vfu_header reply = {
		.id = head->id,
		.command = head->command,
		.flags = VFU_TYPE_REPLY,
	};
	struct vfu_msg msg = {
		.command = head->command,
		.data = conn->in + sizeof(*head),
		.len = head->size - sizeof(*head),
		.fds = conn->fds,
		.num_fds = conn->num_fds,
		.reply = conn->out + sizeof(reply),
		.reply_fd = -1,
	};
	int ret;

	ret = vfu_msg_handle(conn, &msg);
	if (ret)
		log_debug("%s: command %u, %u bytes: error %d", conn->name,
			  head->command, head->size, -ret);
	else
		log_debug("%s: command %u, %u bytes", conn->name,
			  head->command, head->size);
	drop_fds(conn);
	conn->in_len = 0;
	if (head->flags & VFU_NO_REPLY)
		return;

	if (ret) {
		reply.flags |= VFU_ERROR;
		reply.error = -ret;
		msg.reply_len = 0;
		msg.reply_fd = -1;
	}
	reply.size = sizeof(reply) + msg.reply_len;
	memcpy(conn->out, &reply, sizeof(reply));
	conn->out_len = reply.size;
	conn->out_sent = 0;
	conn->out_fd = msg.reply_fd;
}

static bool must_wait(const struct vfu_conn *conn, const struct vfu_header *head)
{
	struct vfu_region_access access;

	if (!conn->ops->hold || !conn->negotiated || head->command != VFU_REGION_READ ||
	    head->size < sizeof(*head) + sizeof(access))
		return false;
	memcpy(&access, conn->in + sizeof(*head), sizeof(access));
	return conn->ops->hold(conn->dev, access.region);
}

/* 1: handled one message; 0: wait for more bytes; negative errno */
static int receive(struct vfu_conn *conn)
{
	struct vfu_header head;
	int ret;

	conn->closing = conn->closing && conn->owner->closing;
	/* Each message may leave descriptors of interrupts to be closed, too. */
	conn->held = conn->closing || aside_is_behind(conn->irqs.owner);
	if (conn->held) {
		loop_timer_arm(conn->loop, &conn->hold_timer, CLOSING_MS);
		return 0;
	}
	ret = fill(conn, sizeof(head));
	if (ret <= 0)
		return ret;
	memcpy(&head, conn->in, sizeof(head));
	if (head.size < sizeof(head) || head.size > VFU_MAX_MESSAGE) {
		log_event("%s: message of %u bytes; 16 to %zu are allowed",
			  conn->name, head.size, VFU_MAX_MESSAGE);
		return -EPROTO;
	}
	if ((head.flags & VFU_TYPE_MASK) != VFU_TYPE_COMMAND) {
		log_event("%s: message of type %u; only commands (0) are allowed",
			  conn->name, head.flags & VFU_TYPE_MASK);
		return -EPROTO;
	}
	ret = fill(conn, head.size);
	if (ret <= 0)
		return ret;
	conn->held = must_wait(conn, &head);
	if (conn->held) {
		loop_timer_arm(conn->loop, &conn->hold_timer, 1);
		return 0;
	}
	handle(conn, &head);
	return 1;
}

static void conn_ready(struct loop_source *src, uint32_t events)
{
	struct vfu_conn *conn = (struct vfu_conn *)src;
	uint32_t wanted = EPOLLIN;
	int i, ret;

	/* Nobody waits for the answer any more; asking on would keep the loop busy. */
	if (conn->held && (events & (EPOLLHUP | EPOLLERR))) {
		vfu_conn_close(conn);
		return;
	}
	ret = flush(conn);
	for (i = 0; ret == 1 && i < CONN_BURST; i++) {
		ret = receive(conn);
		if (ret == 1)
			ret = flush(conn);
	}
	if (ret < 0) {
		if (ret != -EPIPE && ret != -ECONNRESET)
			log_event("%s: connection closed: %s", conn->name, strerror(-ret));
		vfu_conn_close(conn);
		return;
	}
	if (conn->out_sent < conn->out_len)
		wanted = EPOLLOUT;
	else if (conn->held)
		wanted = 0;
	if (wanted != conn->events)
		loop_modify(conn->loop, src, wanted);
	conn->events = wanted;
}

static void hold_over(struct loop_timer *timer)
{
	struct vfu_conn *conn = (struct vfu_conn *)((char *)timer -
						    offsetof(struct vfu_conn, hold_timer));

	conn_ready(&conn->src, 0);
}

/* It harms itself only. */
static void lost_memory(void *arg)
{
	const struct vfu_conn *conn = arg;

	log_event("%s: a part of its RAM is not there any more; it reads as zero, and what is written there is lost",
		  conn->name);
}

struct vfu_conn *vfu_conn_new(struct loop *loop, int fd, struct aside_owner *owner,
			      struct aside_owner *events, const char *name,
			      const struct vfu_ops *ops, void *dev)
{
	struct vfu_conn *conn = calloc(1, sizeof(*conn));

	if (!conn)
		goto err_fd;
	conn->src = (struct loop_source){ .fd = fd, .ready = conn_ready };
	conn->loop = loop;
	conn->owner = owner;
	conn->hold_timer.fire = hold_over;
	conn->events = EPOLLIN;
	conn->ops = ops;
	conn->dev = dev;
	conn->name = name;
	conn->out_fd = -1;
	vfu_dma_init(&conn->dma, lost_memory, conn);
	vfu_irq_init(&conn->irqs, events);
	if (loop_add(loop, &conn->src, EPOLLIN))
		goto err_conn;
	return conn;

err_conn:
	free(conn);
err_fd:
	log_event("%s: connection refused: out of memory or descriptors", name);
	sock_refuse(fd, owner);
	return NULL;
}
