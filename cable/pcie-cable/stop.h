/* SPDX-License-Identifier: GPL-2.0 */
/*
 * stop: a machine that stands still for a while
 *
 * Offered to:	control_cmd (begin, end), cable (init), and host_fn and ep_ctrl, whose
 *		connection does not close before its machine goes on.
 *
 * Its QEMU is stopped, with all that it does for the machine; the link does not change.
 */
#ifndef CABLE_STOP_H
#define CABLE_STOP_H

#include <stdbool.h>

#include "vfu_conn.h"

struct stop {
	const char *who;
	int pidfd;		/* of the stopped process; -1: it runs */
};

void stop_init(struct stop *stop, const char *who);

static inline bool stop_is_on(const struct stop *stop)
{
	return stop->pidfd >= 0;
}

/* Stop the running machine behind @conn; 0 or a negative errno */
int stop_begin(struct stop *stop, const struct vfu_conn *conn);

/* Let it go on, if it was stopped. */
void stop_end(struct stop *stop);

#endif /* CABLE_STOP_H */
