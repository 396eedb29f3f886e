/* SPDX-License-Identifier: GPL-2.0 */
/*
 * drops: how often the program has not done what it was asked for, to keep going
 *
 * Offered to:	whoever drops something, and stats, which tells.
 */
#ifndef CABLE_DROPS_H
#define CABLE_DROPS_H

#include <stdint.h>

/**
 * enum drop - what of
 * @DROP_LOG_LOST: lines of the log that nobody took, or that could not be written
 * @DROP_LOG_LIMITED: lines of the log that came too often
 * @DROP_TRACE_LOST: lines of the trace that nobody took
 * @DROP_CONNECTION: connections that were refused
 * @DROP_FD: descriptors that came with messages and were not wanted
 * @DROP_MEMORY: times that a part of a machine's RAM was not there any more
 */
enum drop {
	DROP_LOG_LOST, DROP_LOG_LIMITED, DROP_TRACE_LOST, DROP_CONNECTION, DROP_FD, DROP_MEMORY,
	DROPS
};

extern const char *const drop_names[DROPS];

void drop_count(enum drop drop);
uint64_t drop_counted(enum drop drop);
void drops_reset(void);

#endif /* CABLE_DROPS_H */
