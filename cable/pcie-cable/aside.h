/* SPDX-License-Identifier: GPL-2.0 */
/*
 * aside: what may take any time, and is done by a thread, as the loop never waits
 *
 * Offered to:	fds and those who close connections (what others have sent may be a file on
 *		a server that does not answer, and to close it may wait for that), and peer
 *		(a look into another process).
 *
 * One thing after the other.  Where one of them never ends, none does that comes later.
 */
#ifndef CABLE_ASIDE_H
#define CABLE_ASIDE_H

#include "loop.h"

/**
 * struct aside_job - a thing to be done
 * @work: does it, in the thread, with nothing but what is in the job
 * @done: comes next, in the loop
 * @next: aside's own
 */
struct aside_job {
	void (*work)(struct aside_job *job);
	void (*done)(struct aside_job *job);
	struct aside_job *next;
};

/* 0, or a negative errno */
int aside_open(struct loop *loop);

/* What is not done by now is left to the end of the process. */
void aside_exit(void);

/* Have @job done; it stays where it is until then. */
void aside_do(struct aside_job *job);

/* Close a descriptor. */
void aside_close(int fd);

/* Descriptors that were to be closed, and are not yet; more than ASIDE_MANY are too many. */
unsigned int aside_closing(void);
#define ASIDE_MANY	64

#endif /* CABLE_ASIDE_H */
