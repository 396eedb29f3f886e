// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "json.h"
#include "log.h"
#include "qmp.h"
#include "sock.h"

#define RETRY_MS	200
#define SETTLE_MS	1000
#define COMMAND_MAX	1024

static void disconnect(struct qmp *qmp)
{
	if (qmp->src.fd < 0)
		return;
	loop_del(qmp->loop, &qmp->src);
	close(qmp->src.fd);
	qmp->src.fd = -1;
	qmp->len = 0;
	qmp->skip = false;
}

static void retry(struct qmp *qmp)
{
	disconnect(qmp);
	qmp->state = QMP_RETRY;
	loop_timer_arm(qmp->loop, &qmp->timer, RETRY_MS);
}

/* Commands are far smaller than a socket's buffer, so they go out as a whole. */
static void send_command(struct qmp *qmp, const char *text, enum qmp_state next)
{
	const size_t len = strlen(text);

	if (send(qmp->src.fd, text, len, MSG_DONTWAIT | MSG_NOSIGNAL) != (ssize_t)len) {
		retry(qmp);
		return;
	}
	qmp->state = next;
}

static void send_device_add(struct qmp *qmp)
{
	char socket[COMMAND_MAX / 2], bus[128], id[128], text[COMMAND_MAX + 256];

	if (!json_quote(socket, sizeof(socket), qmp->socket) ||
	    !json_quote(bus, sizeof(bus), qmp->bus) ||
	    !json_quote(id, sizeof(id), qmp->id)) {
		log_event("cannot plug: socket path, bus or device name is too long");
		qmp->state = QMP_DONE;
		return;
	}
	if (!qmp->failed)
		log_event("plugging %s into the host's %s", qmp->id, qmp->bus);
	/* Accesses keep their distance in time only if the host waits for each. */
	snprintf(text, sizeof(text),
		 "{\"execute\":\"device_add\",\"arguments\":{\"driver\":\"vfio-user-pci\","
		 "\"id\":%s,\"bus\":%s,\"socket\":{\"type\":\"unix\",\"path\":%s},"
		 "\"x-no-posted-writes\":true}}\r\n", id, bus, socket);
	send_command(qmp, text, QMP_ADD);
}

static void device_add_failed(struct qmp *qmp, struct json error)
{
	struct json desc = { "", 0 };

	json_member(error, "desc", &desc);
	/* Plugged at another time, or on the command line: it will connect. */
	if (desc.len > 20 && !strncmp(desc.text, "\"Duplicate device ID", 20)) {
		log_debug("the host has device %s already", qmp->id);
		qmp->state = QMP_DONE;
		return;
	}
	if (!qmp->failed)
		log_event("cannot plug %s into the host's %s yet: %.*s", qmp->id, qmp->bus,
			  (int)desc.len, desc.text);
	qmp->failed = true;
	qmp->state = QMP_SETTLE;
	loop_timer_arm(qmp->loop, &qmp->timer, SETTLE_MS);
}

static void handle_line(struct qmp *qmp, struct json line)
{
	struct json member;

	if (!json_is_object(line))
		return;
	if (qmp->state == QMP_GREETING && json_member(line, "QMP", &member)) {
		send_command(qmp, "{\"execute\":\"qmp_capabilities\"}\r\n", QMP_CAPABILITIES);
	} else if (qmp->state == QMP_CAPABILITIES && json_member(line, "return", &member)) {
		qmp->state = QMP_SETTLE;
		loop_timer_arm(qmp->loop, &qmp->timer, SETTLE_MS);
	} else if (qmp->state == QMP_ADD && json_member(line, "return", &member)) {
		qmp->state = QMP_DONE;
	} else if (qmp->state == QMP_ADD && json_member(line, "error", &member)) {
		device_add_failed(qmp, member);
	}
}

static void take_byte(struct qmp *qmp, char c)
{
	if (c != '\n') {
		if (qmp->len < sizeof(qmp->line))
			qmp->line[qmp->len++] = c;
		else
			qmp->skip = true;
		return;
	}
	if (!qmp->skip)
		handle_line(qmp, (struct json){ qmp->line, qmp->len });
	qmp->len = 0;
	qmp->skip = false;
}

static void qmp_ready(struct loop_source *src, uint32_t events)
{
	struct qmp *qmp = (struct qmp *)src;
	char buf[4096];
	ssize_t i, n;

	(void)events;
	n = recv(src->fd, buf, sizeof(buf), MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		retry(qmp);
		return;
	}
	for (i = 0; i < n && qmp->src.fd >= 0; i++)
		take_byte(qmp, buf[i]);
}

static void try_connect(struct qmp *qmp)
{
	int fd = sock_connect(qmp->path);

	if (fd < 0) {
		if (!qmp->waiting)
			log_event("waiting for the host's QMP at %s: %s", qmp->path,
				  strerror(-fd));
		qmp->waiting = true;
		retry(qmp);
		return;
	}
	qmp->src.fd = fd;
	if (loop_add(qmp->loop, &qmp->src, EPOLLIN)) {
		close(fd);
		qmp->src.fd = -1;
		retry(qmp);
		return;
	}
	qmp->state = QMP_GREETING;
}

static void timer_fired(struct loop_timer *timer)
{
	struct qmp *qmp = (struct qmp *)((char *)timer - offsetof(struct qmp, timer));

	if (qmp->state == QMP_RETRY)
		try_connect(qmp);
	else if (qmp->state == QMP_SETTLE)
		send_device_add(qmp);
}

void qmp_init(struct qmp *qmp, struct loop *loop, const char *path,
	      const char *socket, const char *bus, const char *id)
{
	memset(qmp, 0, sizeof(*qmp));
	qmp->src = (struct loop_source){ .fd = -1, .ready = qmp_ready };
	qmp->timer.fire = timer_fired;
	qmp->loop = loop;
	qmp->path = path;
	qmp->socket = socket;
	qmp->bus = bus;
	qmp->id = id;
}

void qmp_want_host(struct qmp *qmp, bool wanted)
{
	if (!qmp->path || wanted == (qmp->state != QMP_IDLE))
		return;
	if (wanted) {
		qmp->waiting = false;
		qmp->failed = false;
		try_connect(qmp);
	} else {
		qmp_exit(qmp);
	}
}

void qmp_exit(struct qmp *qmp)
{
	loop_timer_cancel(qmp->loop, &qmp->timer);
	disconnect(qmp);
	qmp->state = QMP_IDLE;
}
