/* SPDX-License-Identifier: GPL-2.0 */
/*
 * peer: what the process at the other end of a socket does
 *
 * Offered to:	host_fn and ep_ctrl, for RAM that comes with a file but is not shared (QEMU
 *		sends the file of a memory backend with share=off too, and then works on
 *		private copies of its pages); host_fn, for the time that an endpoint gets
 *		to run while its host waits; stop, for stopping it.
 */
#ifndef CABLE_PEER_H
#define CABLE_PEER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "aside.h"

/**
 * struct peer_file - a file that a process has mapped
 * @pid: process
 * @dev: device of the file
 * @ino: its number there
 */
struct peer_file {
	pid_t pid;
	dev_t dev;
	ino_t ino;
};

/**
 * struct peer_check - does a process have a file mapped privately, and not shared?
 * @job: the look into /proc/PID/maps (proc_pid_maps(5)), which waits while the process changes
 *	what it has mapped, and may wait for ever
 * @file: what @job looks for
 * @private: the process has; false also where it cannot be told
 * @running: @job is under way
 * @next: what is looked for when @job is done, if @again
 * @again: see @next
 * @owner: the process, as those know it who do @job
 * @found: called when the process has
 * @arg: for @found; NULL: nobody is interested any more
 */
struct peer_check {
	struct aside_job job;
	struct peer_file file;
	bool private;
	bool running;
	struct peer_file next;
	bool again;
	struct aside_owner *owner;
	void (*found)(void *arg);
	void *arg;
};

/* Of the peer of @sock, @owner, and the file of @fd; after one that is under way */
void peer_check_start(struct peer_check *check, int sock, struct aside_owner *owner, int fd,
		      void (*found)(void *arg), void *arg);

/* Its peer has gone. */
void peer_check_forget(struct peer_check *check);

#define PEER_MAX_THREADS	32

/**
 * struct peer_run - how long the threads of a process have run
 * @num: threads in @thread, of which more than PEER_MAX_THREADS are left out
 * @thread: what is known of each; @ns: nanoseconds on a processor; @wants: it runs,
 *	or waits for a processor
 */
struct peer_run {
	unsigned int num;
	struct {
		int tid;
		bool wants;
		int64_t ns;
	} thread[PEER_MAX_THREADS];
};

/*
 * Look at the peer of @sock, in /proc/PID/task; none of its threads where that fails.  The
 * files there that this reads (status, schedstat) are made without a lock that the process
 * could hold, so this never waits for it; in Linux 7.3 stat waits for a process that
 * begins to execute another program.
 */
void peer_run_look(int sock, struct peer_run *run);

enum peer_ran {
	PEER_RAN,		/* all that want to run for that long each, and together */
	PEER_IDLE,		/* not as long, and nobody wants to */
	PEER_STARVED,		/* somebody wants to, and has not got a processor for so long */
};

/* What a process has done between two looks, of @ns nanoseconds of processor time */
enum peer_ran peer_ran(const struct peer_run *before, const struct peer_run *now, int64_t ns);

/*
 * Stop the peer of @sock by SIGSTOP.  Returns a descriptor of the process (pidfd_open(2))
 * for peer_cont(), which closes it, or a negative errno: -ESRCH also where the process is
 * not to be seen from this one's PID namespace.
 */
int peer_stop(int sock);
void peer_cont(int pidfd);

#endif /* CABLE_PEER_H */
