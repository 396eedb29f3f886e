// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "cable.h"
#include "control.h"
#include "control_cmd.h"
#include "fds.h"
#include "log.h"

static void drop(struct control_client *c)
{
	if (c->src.fd < 0)
		return;
	loop_del(c->control->cable->loop, &c->src);
	sock_close(c->src.fd, &c->control->listener.owner);
	c->src.fd = -1;
}

/* 1: nothing left to send; 0: later; negative errno */
static int flush(struct control_client *c)
{
	ssize_t n;

	while (c->sent < c->answer.len) {
		n = send(c->src.fd, c->answer.text + c->sent, c->answer.len - c->sent,
			 MSG_DONTWAIT | MSG_NOSIGNAL);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN ? 0 : -errno;
		c->sent += n;
	}
	return 1;
}

static void answer_line(struct control_client *c, char *line, size_t len)
{
	c->answer.len = 0;
	c->sent = 0;
	if (len && line[len - 1] == '\r')
		len--;
	line[len] = '\0';
	if (c->skip)
		answer_end(&c->answer, "the line is too long; 255 characters are allowed");
	else
		control_cmd_run(c->control->cable, line, len, &c->answer);
	c->skip = false;
}

/* Carry out the first line that came, if it is there as a whole */
static bool take_line(struct control_client *c)
{
	char *end = memchr(c->in, '\n', c->in_len);
	size_t len;

	if (!end) {
		if (c->in_len == sizeof(c->in)) {
			c->skip = true;
			c->in_len = 0;
		}
		return false;
	}
	len = end - c->in;
	answer_line(c, c->in, len);
	c->in_len -= len + 1;
	memmove(c->in, end + 1, c->in_len);
	return true;
}

/* 1: all lines are answered; 0: an answer waits; negative errno */
static int serve(struct control_client *c)
{
	int ret = flush(c);

	while (ret == 1 && take_line(c))
		ret = flush(c);
	return ret;
}

/* Once only: one that never stops sending is not the only one to be served */
static int receive(struct control_client *c)
{
	const ssize_t n = fds_receive_none(c->src.fd, c->in + c->in_len,
					   sizeof(c->in) - c->in_len,
					   &c->control->listener.owner);

	if (n < 0)
		return n == -EAGAIN ? 0 : n;
	if (!n)
		return -EPIPE;
	c->in_len += n;
	return 1;
}

static void client_ready(struct loop_source *src, uint32_t events)
{
	struct control_client *c = (struct control_client *)src;
	uint32_t wanted;
	int ret;

	(void)events;
	ret = serve(c);
	if (ret == 1) {
		ret = receive(c);
		if (ret == 1)
			ret = serve(c);
	}
	if (ret < 0 || aside_is_behind(&c->control->listener.owner)) {
		drop(c);
		return;
	}
	wanted = c->sent < c->answer.len ? EPOLLOUT : EPOLLIN;
	if (wanted != c->events)
		loop_modify(c->control->cable->loop, src, wanted);
	c->events = wanted;
}

/* The one that came first makes room: those who leave clients behind lock nobody out. */
static struct control_client *free_client(struct control *control)
{
	struct control_client *c, *first = control->client;

	for (c = control->client; c < control->client + CONTROL_CLIENTS; c++) {
		if (c->src.fd < 0)
			return c;
		if (c->number < first->number)
			first = c;
	}
	drop(first);
	return first;
}

static void accept_client(void *arg, int fd)
{
	struct control *control = arg;
	struct control_client *c = free_client(control);

	c->src = (struct loop_source){ .fd = fd, .ready = client_ready };
	c->control = control;
	c->number = ++control->num_accepted;
	c->events = EPOLLIN;
	c->skip = false;
	c->in_len = 0;
	c->sent = 0;
	c->answer.len = 0;
	if (!loop_add(control->cable->loop, &c->src, EPOLLIN))
		return;
	log_event("control: connection refused: out of memory");
	sock_refuse(fd, &control->listener.owner);
	c->src.fd = -1;
}

int control_open(struct control *control, struct cable *cable, const char *path, mode_t mode)
{
	unsigned int i;
	int ret;

	control->cable = cable;
	for (i = 0; i < CONTROL_CLIENTS; i++)
		control->client[i].src.fd = -1;
	ret = sock_listen(&control->listener, cable->loop, path, mode, accept_client,
			  control);
	control->listens = !ret;
	return ret;
}

void control_close(struct control *control)
{
	unsigned int i;

	if (!control->listens)
		return;
	for (i = 0; i < CONTROL_CLIENTS; i++)
		drop(&control->client[i]);
	sock_unlisten(&control->listener);
	control->listens = false;
}
