/* SPDX-License-Identifier: GPL-2.0 */
/* log: one line per event on stderr, and per message when verbose */
#ifndef CABLE_LOG_H
#define CABLE_LOG_H

#include <stdbool.h>

extern bool log_verbose;

/*
 * From now on lines are written by a thread, and lost where nobody takes them.  0, or a
 * negative errno.
 */
int log_start(void);

/* Write what is left, for a second at most; the last thing to be done. */
void log_stop(void);

/* Print "pcie-cable: <event>"; for events a user cares about. */
void log_event(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* The same, only with --verbose; for what happens all the time. */
#define log_debug(...)				\
	do {					\
		if (log_verbose)		\
			log_event(__VA_ARGS__);	\
	} while (0)

#endif /* CABLE_LOG_H */
