/* SPDX-License-Identifier: GPL-2.0 */
/*
 * aside: what may take any time, and is done by a thread, as the loop never waits
 *
 * Offered to:	fds, vfu_irq and those who close connections (to close what others have sent may
 *		wait for them: a file may be on a server that does not answer, an eventfd in
 *		an epoll whose lock its owner keeps), and peer (a look into another process).
 *
 * Each owner has a thread of its own.  Where one thing never ends, none does that comes later
 * for the same owner; no other owner waits for that.
 */
#ifndef CABLE_ASIDE_H
#define CABLE_ASIDE_H

#include <stdbool.h>

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

struct aside_worker;

/**
 * struct aside_owner - from whom descriptors have come; stays in its place
 * @closing: of them, those that are to be closed, and are not yet
 * @worker: aside's own; NULL: nothing was to be done yet
 */
struct aside_owner {
	unsigned int closing;
	struct aside_worker *worker;
};

/*
 * Have @job done, which concerns @owner; it stays where it is until then.  False: it is not
 * done, for want of memory or threads.
 */
bool aside_do(struct aside_job *job, struct aside_owner *owner);

/* Close a descriptor of @owner. */
void aside_close(int fd, struct aside_owner *owner);

/*
 * More are too many; nothing is taken from the owner then.  A function that goes has up to 289
 * eventfds, which are all closed at the same time.
 */
#define ASIDE_MANY	512

static inline bool aside_is_behind(const struct aside_owner *owner)
{
	return owner->closing > ASIDE_MANY;
}

#endif /* CABLE_ASIDE_H */
