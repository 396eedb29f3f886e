/* SPDX-License-Identifier: GPL-2.0 */
/*
 * writer: a thread that writes to a file what the loop hands over without waiting
 *
 * Offered to:	log (standard error) and trace.
 *
 * The file may be a pipe that nobody reads, a terminal that is stopped, or a slow disk.
 * What does not fit into the buffer then is not taken.
 */
#ifndef CABLE_WRITER_H
#define CABLE_WRITER_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * struct writer - a file, and what is to be written to it; stays in its place while it is open
 * @fd: the file
 * @delay_ms: so long the thread waits for more before it writes
 * @lock: of all that follows
 * @more: there is something in @buf, or @stop is set
 * @done: there is nothing in @buf any more
 * @buf: a ring of @room bytes, of which @len from @first on are not written yet
 * @stop: the thread ends when it has written what is there
 * @error: an errno; all that comes later is not written, until writer_go_on()
 * @unwritten: lines that were not
 */
struct writer {
	int fd;
	unsigned int delay_ms;
	pthread_mutex_t lock;
	pthread_cond_t more;
	pthread_cond_t done;
	char *buf;
	size_t room;
	size_t first;
	size_t len;
	bool stop;
	int error;
	unsigned int unwritten;
};

/* Write to @fd, which stays the caller's, with a buffer of @room bytes; 0 or a negative errno */
int writer_open(struct writer *w, int fd, size_t room, unsigned int delay_ms);

/* Is there room for @len bytes?  Nobody but the caller takes it away. */
bool writer_fits(struct writer *w, size_t len);

/* Hand over @data as a whole; false: there is no room now. */
bool writer_put(struct writer *w, const void *data, size_t len);

/* Why nothing is written any more, an errno; 0: it is */
int writer_error(struct writer *w);

/*
 * Try to write again what comes from now on, and add to *@unwritten how many lines were not
 * written.  True: there were none, and nothing waits to be written.
 */
bool writer_go_on(struct writer *w, uint64_t *unwritten);

/*
 * Write what is left, and end.  Where that takes longer than @ms it is left to the end of the
 * process, and so is @fd: false.
 */
bool writer_close(struct writer *w, unsigned int ms);

#endif /* CABLE_WRITER_H */
