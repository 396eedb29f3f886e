// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "thread.h"
#include "writer.h"

#define NS_PER_MS	1000000L
#define NS_PER_S	1000000000L

/* All of it, or an errno; what is left then */
static int write_all(int fd, const char *data, size_t *left)
{
	struct pollfd p = { .fd = fd, .events = POLLOUT };
	ssize_t n;

	while (*left) {
		n = write(fd, data, *left);
		if (n >= 0) {
			data += n;
			*left -= n;
		} else if (errno == EAGAIN) {
			/* Somebody who has the file, too, wants it so. */
			poll(&p, 1, -1);
		} else if (errno != EINTR) {
			return errno;
		}
	}
	return 0;
}

static unsigned int count_lines(const char *data, size_t len)
{
	unsigned int lines = 0;

	while (len--)
		lines += *data++ == '\n';
	return lines;
}

static void wait_for_more(struct writer *w)
{
	const struct timespec delay = { .tv_nsec = w->delay_ms * NS_PER_MS };

	while (!w->len && !w->stop)
		pthread_cond_wait(&w->more, &w->lock);
	if (!w->delay_ms || w->stop)
		return;
	pthread_mutex_unlock(&w->lock);
	nanosleep(&delay, NULL);
	pthread_mutex_lock(&w->lock);
}

static void *run(void *arg)
{
	struct writer *w = arg;
	size_t n, left;
	int error;

	pthread_mutex_lock(&w->lock);
	for (;;) {
		wait_for_more(w);
		if (!w->len)
			break;
		n = w->room - w->first;
		if (n > w->len)
			n = w->len;
		left = n;
		error = w->error;
		pthread_mutex_unlock(&w->lock);
		if (!error)
			error = write_all(w->fd, w->buf + w->first, &left);
		pthread_mutex_lock(&w->lock);
		w->unwritten += count_lines(w->buf + w->first + n - left, left);
		w->error = error;
		w->first = (w->first + n) % w->room;
		w->len -= n;
		if (!w->len)
			pthread_cond_signal(&w->done);
	}
	pthread_mutex_unlock(&w->lock);
	return NULL;
}

int writer_open(struct writer *w, int fd, size_t room, unsigned int delay_ms)
{
	pthread_condattr_t attr;
	int ret;

	*w = (struct writer){ .fd = fd, .room = room, .delay_ms = delay_ms };
	w->buf = malloc(room);
	if (!w->buf)
		return -ENOMEM;
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_mutex_init(&w->lock, NULL);
	pthread_cond_init(&w->more, NULL);
	pthread_cond_init(&w->done, &attr);
	ret = thread_start(run, w);
	if (ret) {
		free(w->buf);
		w->buf = NULL;
	}
	return ret;
}

bool writer_fits(struct writer *w, size_t len)
{
	bool fits;

	pthread_mutex_lock(&w->lock);
	fits = len <= w->room - w->len;
	pthread_mutex_unlock(&w->lock);
	return fits;
}

bool writer_put(struct writer *w, const void *data, size_t len)
{
	size_t at, n;

	if (!writer_fits(w, len))
		return false;
	pthread_mutex_lock(&w->lock);
	at = (w->first + w->len) % w->room;
	n = w->room - at;
	if (n > len)
		n = len;
	memcpy(w->buf + at, data, n);
	memcpy(w->buf, (const char *)data + n, len - n);
	if (!w->len)
		pthread_cond_signal(&w->more);
	w->len += len;
	pthread_mutex_unlock(&w->lock);
	return true;
}

int writer_error(struct writer *w)
{
	int error;

	pthread_mutex_lock(&w->lock);
	error = w->error;
	pthread_mutex_unlock(&w->lock);
	return error;
}

bool writer_go_on(struct writer *w, uint64_t *unwritten)
{
	bool well;

	pthread_mutex_lock(&w->lock);
	well = !w->len && !w->unwritten;
	*unwritten += w->unwritten;
	w->unwritten = 0;
	w->error = 0;
	pthread_mutex_unlock(&w->lock);
	return well;
}

bool writer_close(struct writer *w, unsigned int ms)
{
	struct timespec end;
	bool done;
	int ret = 0;

	clock_gettime(CLOCK_MONOTONIC, &end);
	end.tv_sec += ms / 1000;
	end.tv_nsec += ms % 1000 * NS_PER_MS;
	if (end.tv_nsec >= NS_PER_S) {
		end.tv_sec++;
		end.tv_nsec -= NS_PER_S;
	}
	pthread_mutex_lock(&w->lock);
	w->stop = true;
	pthread_cond_signal(&w->more);
	while (w->len && !ret)
		ret = pthread_cond_timedwait(&w->done, &w->lock, &end);
	done = !w->len;
	pthread_mutex_unlock(&w->lock);
	return done;
}
