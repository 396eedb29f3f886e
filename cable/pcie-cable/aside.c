// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "aside.h"
#include "log.h"
#include "thread.h"

struct list {
	struct aside_job *first;
	struct aside_job **end;
};

struct closing {
	struct aside_job job;
	int fd;
	struct aside_owner *owner;
};

/* It lasts as long as the program, as its owner does. */
struct aside_worker {
	pthread_cond_t more;
	struct list waiting;
};

static struct {
	struct loop_source src;		/* something is done */
	struct loop *loop;
	pthread_mutex_t lock;		/* of all lists */
	struct list done;
} aside = { .src.fd = -1, .lock = PTHREAD_MUTEX_INITIALIZER };

static void empty(struct list *list)
{
	list->first = NULL;
	list->end = &list->first;
}

static void append(struct list *list, struct aside_job *job)
{
	job->next = NULL;
	*list->end = job;
	list->end = &job->next;
}

static struct aside_job *take_first(struct list *list)
{
	struct aside_job *job = list->first;

	if (job)
		list->first = job->next;
	if (!list->first)
		empty(list);
	return job;
}

static void *run(void *arg)
{
	struct aside_worker *worker = arg;
	const uint64_t one = 1;
	struct aside_job *job;

	pthread_mutex_lock(&aside.lock);
	for (;;) {
		while (!(job = take_first(&worker->waiting)))
			pthread_cond_wait(&worker->more, &aside.lock);
		pthread_mutex_unlock(&aside.lock);
		job->work(job);
		pthread_mutex_lock(&aside.lock);
		append(&aside.done, job);
		/* One that nobody else has, and that never is full */
		if (write(aside.src.fd, &one, sizeof(one)) < 0)
			abort();
	}
	return NULL;
}

static void something_done(struct loop_source *src, uint32_t events)
{
	struct aside_job *job;
	uint64_t count;

	(void)events;
	if (read(src->fd, &count, sizeof(count)) < 0)
		return;
	for (;;) {
		pthread_mutex_lock(&aside.lock);
		job = take_first(&aside.done);
		pthread_mutex_unlock(&aside.lock);
		if (!job)
			return;
		job->done(job);
	}
}

int aside_open(struct loop *loop)
{
	empty(&aside.done);
	aside.loop = loop;
	aside.src.ready = something_done;
	aside.src.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (aside.src.fd < 0)
		return -errno;
	return loop_add(loop, &aside.src, EPOLLIN);
}

void aside_exit(void)
{
	/* The threads go on; all that they have stays valid. */
	loop_del(aside.loop, &aside.src);
}

static struct aside_worker *new_worker(void)
{
	struct aside_worker *worker = malloc(sizeof(*worker));

	if (!worker)
		return NULL;
	pthread_cond_init(&worker->more, NULL);
	empty(&worker->waiting);
	if (!thread_start(run, worker))
		return worker;
	free(worker);
	return NULL;
}

bool aside_do(struct aside_job *job, struct aside_owner *owner)
{
	if (!owner->worker)
		owner->worker = new_worker();
	if (!owner->worker)
		return false;
	pthread_mutex_lock(&aside.lock);
	append(&owner->worker->waiting, job);
	pthread_cond_signal(&owner->worker->more);
	pthread_mutex_unlock(&aside.lock);
	return true;
}

static void close_fd(struct aside_job *job)
{
	close(((struct closing *)job)->fd);
}

static void fd_closed(struct aside_job *job)
{
	((struct closing *)job)->owner->closing--;
	free(job);
}

void aside_close(int fd, struct aside_owner *owner)
{
	struct closing *closing = malloc(sizeof(*closing));

	if (!closing)
		goto err;
	closing->job.work = close_fd;
	closing->job.done = fd_closed;
	closing->fd = fd;
	closing->owner = owner;
	if (!aside_do(&closing->job, owner))
		goto err_free;
	owner->closing++;
	return;

err_free:
	free(closing);
err:
	log_event("out of memory or threads: a descriptor stays open");
}
