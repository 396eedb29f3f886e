/* SPDX-License-Identifier: GPL-2.0 */
/*
 * trace: a file with a line for each transaction on the link
 *
 * Offered to:	cable (open, close) and watch.
 */
#ifndef CABLE_TRACE_H
#define CABLE_TRACE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "loop.h"

/**
 * struct trace - a trace, or none if @file is NULL
 * @path: of the file
 * @file: buffered; a line is in the file before long
 * @loop: for @flush
 * @flush: armed while there are lines in the buffer
 * @start_ns: when time began
 */
struct trace {
	const char *path;
	FILE *file;
	struct loop *loop;
	struct loop_timer flush;
	int64_t start_ns;
};

/* Begin a trace; an old one of that name is lost. 0, or a negative errno after a message. */
int trace_open(struct trace *trace, struct loop *loop, const char *path);
void trace_close(struct trace *trace);

/*
 * A read (with what it gave) or a write of the host; without @answer the function
 * did not answer, as its memory is disabled or the link is down.
 */
void trace_host_bar(struct trace *trace, bool write, unsigned int bar, uint64_t offset,
		    const uint8_t *data, uint32_t count, bool answer);

#endif /* CABLE_TRACE_H */
