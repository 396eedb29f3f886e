// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stddef.h>
#include <time.h>
#include <unistd.h>

#include "log.h"
#include "loop.h"

#define NS_PER_MS	1000000LL
#define NS_PER_S	1000000000LL

int64_t loop_now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * NS_PER_S + ts.tv_nsec;
}

int loop_init(struct loop *loop)
{
	*loop = (struct loop){ .epoll_fd = epoll_create1(EPOLL_CLOEXEC) };
	return loop->epoll_fd < 0 ? -errno : 0;
}

void loop_exit(struct loop *loop)
{
	close(loop->epoll_fd);
}

int loop_add(struct loop *loop, struct loop_source *src, uint32_t events)
{
	struct epoll_event ev = { .events = events, .data.ptr = src };

	return epoll_ctl(loop->epoll_fd, EPOLL_CTL_ADD, src->fd, &ev) ? -errno : 0;
}

void loop_modify(struct loop *loop, struct loop_source *src, uint32_t events)
{
	struct epoll_event ev = { .events = events, .data.ptr = src };

	if (epoll_ctl(loop->epoll_fd, EPOLL_CTL_MOD, src->fd, &ev))
		log_event("cannot change a watched descriptor: error %d", errno);
}

void loop_del(struct loop *loop, struct loop_source *src)
{
	int i;

	epoll_ctl(loop->epoll_fd, EPOLL_CTL_DEL, src->fd, NULL);
	/* An event already fetched must not reach a source that is gone. */
	for (i = 0; i < loop->batch_len; i++)
		if (loop->batch[i].data.ptr == src)
			loop->batch[i].data.ptr = NULL;
}

void loop_timer_cancel(struct loop *loop, struct loop_timer *timer)
{
	struct loop_timer **p;

	if (!timer->armed)
		return;
	for (p = &loop->timers; *p; p = &(*p)->next) {
		if (*p == timer) {
			*p = timer->next;
			break;
		}
	}
	timer->armed = false;
}

void loop_timer_arm(struct loop *loop, struct loop_timer *timer, unsigned int ms)
{
	struct loop_timer **p;

	loop_timer_cancel(loop, timer);
	/* Never now: what a timer arms waits until all others have had their turn. */
	timer->when_ns = loop_now_ns() + ms * NS_PER_MS + 1;
	for (p = &loop->timers; *p && (*p)->when_ns <= timer->when_ns; p = &(*p)->next)
		;
	timer->next = *p;
	timer->armed = true;
	*p = timer;
}

void loop_stay_awake(struct loop *loop, int64_t ns)
{
	loop->awake_until_ns = loop_now_ns() + ns;
}

static int timeout_ms(const struct loop *loop)
{
	int64_t left;

	if (loop->awake_until_ns && loop_now_ns() < loop->awake_until_ns)
		return 0;
	if (!loop->timers)
		return -1;
	left = loop->timers->when_ns - loop_now_ns();
	return left <= 0 ? 0 : (int)((left + NS_PER_MS - 1) / NS_PER_MS);
}

static void fire_timers(struct loop *loop)
{
	const int64_t now = loop_now_ns();
	struct loop_timer *timer;

	while (!loop->stop && (timer = loop->timers) && timer->when_ns <= now) {
		loop_timer_cancel(loop, timer);
		timer->fire(timer);
	}
}

void loop_stop(struct loop *loop, int exit_code)
{
	if (!loop->stop)
		loop->exit_code = exit_code;
	loop->stop = true;
}

int loop_run(struct loop *loop)
{
	struct loop_source *src;
	int i, n;

	while (!loop->stop) {
		n = epoll_wait(loop->epoll_fd, loop->batch, LOOP_BATCH, timeout_ms(loop));
		if (n < 0 && errno != EINTR) {
			log_event("epoll_wait: error %d", errno);
			loop_stop(loop, 1);
		}
		loop->batch_len = n < 0 ? 0 : n;
		for (i = 0; i < loop->batch_len && !loop->stop; i++) {
			src = loop->batch[i].data.ptr;
			if (src)
				src->ready(src, loop->batch[i].events);
		}
		loop->batch_len = 0;
		fire_timers(loop);
	}
	return loop->exit_code;
}
