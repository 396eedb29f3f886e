/* SPDX-License-Identifier: GPL-2.0 */
/*
 * qmp: plugs the function into a host machine that is already running
 *
 * Offered to:	cable and link, which say when a host is wanted.
 *
 * From the time a host is wanted until one connects: connect to the host's
 * QMP socket (again and again), negotiate, wait a moment for a device on its
 * command line, then device_add.  The QMP specification and QAPI's device_add
 * (QEMU, docs/interop/qmp-spec.rst, qapi/qdev.json) govern the messages.
 */
#ifndef CABLE_QMP_H
#define CABLE_QMP_H

#include <stdbool.h>
#include <stddef.h>

#include "loop.h"

#define QMP_LINE_MAX	16384

enum qmp_state {
	QMP_IDLE,			/* no host wanted */
	QMP_RETRY,			/* waiting before the next connect */
	QMP_GREETING,
	QMP_CAPABILITIES,
	QMP_SETTLE,			/* a host on its own may connect now */
	QMP_ADD,
	QMP_DONE,			/* plugged; the host's connection is due */
};

struct qmp {
	struct loop_source src;		/* fd is -1 while not connected */
	struct loop_timer timer;
	struct loop *loop;
	const char *path;		/* NULL: never plug */
	const char *socket;		/* absolute path of the host's socket */
	const char *bus;
	const char *id;
	enum qmp_state state;
	bool waiting;			/* said once that nobody answers */
	bool failed;			/* said once that device_add failed */
	char line[QMP_LINE_MAX];
	size_t len;
	bool skip;			/* in a line that is too long */
};

void qmp_init(struct qmp *qmp, struct loop *loop, const char *path,
	      const char *socket, const char *bus, const char *id);
void qmp_exit(struct qmp *qmp);

/* Start or stop plugging; saying the same twice changes nothing. */
void qmp_want_host(struct qmp *qmp, bool wanted);

#endif /* CABLE_QMP_H */
