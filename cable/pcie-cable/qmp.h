/* SPDX-License-Identifier: GPL-2.0 */
/*
 * qmp: plugs the functions into a host machine that is already running
 *
 * Offered to:	cable and link, which say which functions a host is wanted for.
 *
 * From the time a host is wanted until it has all functions: connect to the host's
 * QMP socket (again and again), negotiate, wait a moment for a device on its
 * command line, then device_add, function 0 last: with it the host's slot has a card.
 * The QMP specification and QAPI's device_add (QEMU, docs/interop/qmp-spec.rst,
 * qapi/qdev.json) govern the messages.
 */
#ifndef CABLE_QMP_H
#define CABLE_QMP_H

#include <stdbool.h>
#include <stddef.h>

#include "aside.h"
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
	struct aside_owner owner;
	const char *path;		/* NULL: never plug */
	const char *socket;		/* absolute path of the host's socket */
	const char *bus;
	const char *id;			/* of function 0; others have their number behind it */
	unsigned int functions;		/* of the card, a bit for each */
	unsigned int missing;		/* of these, the host has no device yet */
	unsigned int asked;		/* for which device_add was answered */
	unsigned int fn;		/* which is under way */
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

/*
 * Of a card's @functions the host has none for those that are @missing: start plugging
 * them, or stop; saying the same twice changes nothing.
 */
void qmp_want_functions(struct qmp *qmp, unsigned int functions, unsigned int missing);

#endif /* CABLE_QMP_H */
