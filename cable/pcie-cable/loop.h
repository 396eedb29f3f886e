/* SPDX-License-Identifier: GPL-2.0 */
/*
 * loop: the one epoll loop everything runs in
 *
 * Offered to:	everybody who waits for a file descriptor or for a time.
 * Rule:	a callback never blocks; a QEMU waits for its answer with its big
 *		lock held, and for five seconds at most.
 */
#ifndef CABLE_LOOP_H
#define CABLE_LOOP_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/epoll.h>

#define LOOP_BATCH	16

struct loop_source {
	int fd;
	void (*ready)(struct loop_source *src, uint32_t events);
};

struct loop_timer {
	void (*fire)(struct loop_timer *timer);
	int64_t when_ns;
	bool armed;
	struct loop_timer *next;
};

struct loop {
	int epoll_fd;
	struct loop_timer *timers;
	struct epoll_event batch[LOOP_BATCH];
	int batch_len;
	int64_t awake_until_ns;
	bool stop;
	int exit_code;
};

/* 0, or a negative errno */
int loop_init(struct loop *loop);
void loop_exit(struct loop *loop);

/* Run until loop_stop(); returns the exit code given to it. */
int loop_run(struct loop *loop);

/* End the loop after the current callback; the first exit code counts. */
void loop_stop(struct loop *loop, int exit_code);

/*
 * Do not sleep for @ns nanoseconds from now on, if there is nothing to do: the next
 * message of a machine that has just got an answer is on its way, and to be woken for
 * it takes longer than all else.
 */
void loop_stay_awake(struct loop *loop, int64_t ns);

/* Watch @src->fd for @events (EPOLLIN, EPOLLOUT); 0, or a negative errno. */
int loop_add(struct loop *loop, struct loop_source *src, uint32_t events);
void loop_modify(struct loop *loop, struct loop_source *src, uint32_t events);

/* Forget @src; it may be freed at once, also inside a callback. */
void loop_del(struct loop *loop, struct loop_source *src);

/* Nanoseconds of a clock that is never set */
int64_t loop_now_ns(void);

/* Fire once, @ms milliseconds from now; arming again moves the time. */
void loop_timer_arm(struct loop *loop, struct loop_timer *timer, unsigned int ms);
void loop_timer_cancel(struct loop *loop, struct loop_timer *timer);

#endif /* CABLE_LOOP_H */
