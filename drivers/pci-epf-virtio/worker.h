/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A thread that moves data
 *
 * Beside the poller, which must answer a driver's registers at once, each pair of queues
 * that carries data is served by a worker.  A worker holds up neither the poller, nor another
 * worker, nor unbind: all that they ever wait for is the end of the burst it is at.
 *
 * The memory of the host's driver is used in an epoch.  When it ends, workers are told, and
 * nobody waits; before the next one begins, each must have heard of it.
 */
#ifndef EPFV_WORKER_H
#define EPFV_WORKER_H

#include <linux/ktime.h>
#include <linux/mutex.h>
#include <linux/types.h>
#include <linux/wait.h>

#include "credit.h"

struct task_struct;

/**
 * struct epfv_worker_ops - what a worker drives; all are called by its thread, and may sleep
 * @epoch: the host's memory that may be used is that of @epoch from now on; EPFV_NO_EPOCH: none
 * @work: move data; @scan: the host's driver may have made buffers available.  Returns
 *	nanoseconds until it wants to be called again, 0 if there is more to do, U64_MAX if
 *	it need not be called
 * @look: whether the host's driver has notified, which is taken; whoever has to hear of it
 *	has been told
 */
struct epfv_worker_ops {
	void (*epoch)(void *ctx, u32 epoch);
	u64 (*work)(void *ctx, bool scan);
	void (*look)(void *ctx);
};

/**
 * struct epfv_worker - a thread that moves data
 * @task: the thread
 * @ops: what it drives
 * @ctx: handed to @ops
 * @lock: held while @work runs
 * @kicked: the thread must not sleep
 * @flags: EPFV_WORKER_SCAN: see @work
 * @wanted: epoch that it should be in
 * @epoch: the one that it is in
 * @heard: woken when that changes
 * @preferred: it has the lowest nice value
 * @credit: how long it may have
 * @paid: up to when @credit has been accounted for
 * @active: when something happened last
 * @wakeups: times it was woken
 */
struct epfv_worker {
	struct task_struct *task;
	const struct epfv_worker_ops *ops;
	void *ctx;
	struct mutex lock; /* work */
	bool kicked;
	unsigned long flags;
	u32 wanted;
	u32 epoch;
	wait_queue_head_t heard;
	bool preferred;
	struct epfv_credit credit;
	ktime_t paid;
	ktime_t active;
	u64 wakeups;
};

int epfv_worker_start(struct epfv_worker *w, const char *name, unsigned int id,
		      const struct epfv_worker_ops *ops, void *ctx);
void epfv_worker_stop(struct epfv_worker *w);
void epfv_worker_kick(struct epfv_worker *w, bool scan);
void epfv_worker_enter(struct epfv_worker *w, u32 epoch);
bool epfv_worker_is_in(const struct epfv_worker *w, u32 epoch);
void epfv_worker_wait(struct epfv_worker *w, u32 epoch);

#endif /* EPFV_WORKER_H */
