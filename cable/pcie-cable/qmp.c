// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "fds.h"
#include "host_fn.h"
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
	sock_close(qmp->src.fd, &qmp->owner);
	qmp->src.fd = -1;
	qmp->len = 0;
	qmp->skip = false;
}

static void retry(struct qmp *qmp)
{
	disconnect(qmp);
	qmp->asked = 0;
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

/* Function @n of several; one that is alone is plugged as any card is. */
static void function_properties(char *text, size_t size, const struct qmp *qmp)
{
	if (qmp->functions == 1)
		*text = '\0';
	else
		snprintf(text, size, ",\"addr\":\"0.%u\",\"multifunction\":true", qmp->fn);
}

static bool quote_names(const struct qmp *qmp, char *socket, char *id, size_t size)
{
	char *path = host_fn_socket(qmp->socket, qmp->fn);
	char name[128];
	bool ok;

	if (qmp->fn)
		snprintf(name, sizeof(name), "%s.%u", qmp->id, qmp->fn);
	else
		snprintf(name, sizeof(name), "%s", qmp->id);
	ok = path && json_quote(socket, size, path) && json_quote(id, size, name);
	free(path);
	return ok;
}

static void send_device_add(struct qmp *qmp)
{
	char socket[COMMAND_MAX / 2], bus[128], id[COMMAND_MAX / 2], properties[64];
	char text[2 * COMMAND_MAX];

	if (!quote_names(qmp, socket, id, sizeof(socket)) ||
	    !json_quote(bus, sizeof(bus), qmp->bus)) {
		log_event("cannot plug: socket path, bus or device name is too long");
		qmp->state = QMP_DONE;
		return;
	}
	function_properties(properties, sizeof(properties), qmp);
	if (!qmp->failed)
		log_event("plugging %s into the host's %s%s", qmp->id, qmp->bus,
			  qmp->functions == 1 ? "" : ", one function after the other");
	/* Accesses keep their distance in time only if the host waits for each. */
	snprintf(text, sizeof(text),
		 "{\"execute\":\"device_add\",\"arguments\":{\"driver\":\"vfio-user-pci\","
		 "\"id\":%s,\"bus\":%s,\"socket\":{\"type\":\"unix\",\"path\":%s},"
		 "\"x-no-posted-writes\":true%s}}\r\n", id, bus, socket, properties);
	send_command(qmp, text, QMP_ADD);
}

/* The last of those that have not been asked for */
static void plug_next(struct qmp *qmp)
{
	const unsigned int left = qmp->missing & ~qmp->asked;

	if (!left) {
		qmp->state = QMP_DONE;
		return;
	}
	qmp->fn = 31 - __builtin_clz(left);
	send_device_add(qmp);
}

static void device_is_there(struct qmp *qmp)
{
	qmp->asked |= 1u << qmp->fn;
	plug_next(qmp);
}

static void device_add_failed(struct qmp *qmp, struct json error)
{
	struct json desc = { "", 0 };

	json_member(error, "desc", &desc);
	/* Plugged at another time, or on the command line: it will connect. */
	if (desc.len > 20 && !strncmp(desc.text, "\"Duplicate device ID", 20)) {
		log_debug("the host has device %s already", qmp->id);
		device_is_there(qmp);
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
		device_is_there(qmp);
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
	n = fds_receive_none(src->fd, buf, sizeof(buf), &qmp->owner);
	if (n == -EAGAIN)
		return;
	if (n <= 0 || aside_is_behind(&qmp->owner)) {
		retry(qmp);
		return;
	}
	for (i = 0; i < n && qmp->src.fd >= 0; i++)
		take_byte(qmp, buf[i]);
}

static void try_connect(struct qmp *qmp)
{
	int fd;

	if (aside_is_behind(&qmp->owner)) {
		retry(qmp);
		return;
	}
	fd = sock_connect(qmp->path);
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
		sock_close(fd, &qmp->owner);
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
		plug_next(qmp);
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

void qmp_want_functions(struct qmp *qmp, unsigned int functions, unsigned int missing)
{
	if (!qmp->path)
		return;
	if (functions != qmp->functions)
		qmp_exit(qmp);
	qmp->functions = functions;
	qmp->missing = missing;
	if (!missing) {
		qmp_exit(qmp);
	} else if (qmp->state == QMP_IDLE) {
		qmp->waiting = false;
		qmp->failed = false;
		qmp->asked = 0;
		try_connect(qmp);
	}
}

void qmp_exit(struct qmp *qmp)
{
	loop_timer_cancel(qmp->loop, &qmp->timer);
	disconnect(qmp);
	qmp->state = QMP_IDLE;
}
