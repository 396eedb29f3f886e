/* SPDX-License-Identifier: GPL-2.0 */
/*
 * log: one line per event on stderr, and per message when verbose
 *
 * Of the same event there are LOG_BURST lines, then one after 2 s, the next after 4 s, and so on
 * up to one in 64 s, until it has not happened for 10 s: what a machine does again and again
 * fills no disk.
 */
#ifndef CABLE_LOG_H
#define CABLE_LOG_H

#include <stdbool.h>
#include <stdint.h>

#define LOG_BURST	500

extern bool log_verbose;

/*
 * From now on lines are written by a thread, and lost where nobody takes them.  0, or a
 * negative errno.
 */
int log_start(void);

/* Write what is left, for a second at most; the last thing to be done. */
void log_stop(void);

/**
 * struct log_site - a place from which lines come
 * @used: of LOG_BURST lines; fewer as time passes
 * @period_ns: how long until there is one more
 * @refilled_ns: when there was
 * @last_ns: when there was a line, said or not
 * @left_out: lines since the last one that was said
 */
struct log_site {
	unsigned int used;
	int64_t period_ns;
	int64_t refilled_ns;
	int64_t last_ns;
	uint64_t left_out;
};

/* May another line from there be said? */
bool log_may(struct log_site *site);

/* Print "pcie-cable: <line>". */
void log_line(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* The same, for events a user cares about; not too often from the same place */
#define log_event(...)					\
	do {						\
		static struct log_site log_site_;	\
							\
		if (log_may(&log_site_))		\
			log_line(__VA_ARGS__);		\
	} while (0)

/* The same, only with --verbose; for what happens all the time. */
#define log_debug(...)					\
	do {						\
		if (log_verbose)			\
			log_line(__VA_ARGS__);		\
	} while (0)

#endif /* CABLE_LOG_H */
