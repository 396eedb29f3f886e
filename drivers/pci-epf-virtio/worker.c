// SPDX-License-Identifier: GPL-2.0
/*
 * A thread that moves data
 */
#include <linux/bitops.h>
#include <linux/err.h>
#include <linux/hrtimer.h>
#include <linux/kthread.h>
#include <linux/minmax.h>
#include <linux/processor.h>
#include <linux/sched.h>
#include <linux/string.h>
#include <linux/time64.h>
#include <linux/timekeeping.h>

#include "hostmem.h"
#include "worker.h"

#define EPFV_WORKER_SCAN	0

/* Looks for the next notification without a pause after something happened: it is often near */
#define EPFV_WORKER_SPIN_NS	(100 * NSEC_PER_USEC)

/* Account for the time since the last call; @used: it was spent, and not slept */
static void epfv_worker_pay(struct epfv_worker *w, bool used)
{
	ktime_t now = ktime_get();
	bool preferred;

	epfv_credit_pay(&w->credit, ktime_to_ns(ktime_sub(now, w->paid)), used);
	w->paid = now;
	preferred = !w->credit.spent;
	if (preferred == w->preferred)
		return;
	w->preferred = preferred;
	sched_set_normal(current, preferred ? MIN_NICE : 0);
}

/* One round; returns nanoseconds until the next must come, 0: at once, U64_MAX: never */
static u64 epfv_worker_round(struct epfv_worker *w)
{
	u32 wanted;
	bool scan;
	u64 again;

	mutex_lock(&w->lock);
	WRITE_ONCE(w->kicked, false);
	/* What was done before a kick is seen after kicked was cleared */
	smp_mb();
	scan = test_and_clear_bit(EPFV_WORKER_SCAN, &w->flags);
	wanted = READ_ONCE(w->wanted);
	if (wanted != w->epoch) {
		w->ops->epoch(w->ctx, wanted);
		/* Pairs with epfv_worker_is_in(): no host memory of another is used any more */
		smp_store_release(&w->epoch, wanted);
		wake_up(&w->heard);
	}
	again = w->ops->work(w->ctx, scan);
	if (scan || !again)
		w->active = ktime_get();
	mutex_unlock(&w->lock);
	return again;
}

/* Look for what may come next, where that is cheap; until @due at the latest */
static void epfv_worker_spin(struct epfv_worker *w, ktime_t due)
{
	due = min(due, ktime_add_ns(w->active, EPFV_WORKER_SPIN_NS));
	while (w->epoch != EPFV_NO_EPOCH && !READ_ONCE(w->kicked) && !kthread_should_stop() &&
	       ktime_get() < due) {
		w->ops->look(w->ctx);
		cpu_relax();
		cond_resched();
	}
}

static void epfv_worker_sleep(struct epfv_worker *w, ktime_t due)
{
	set_current_state(TASK_IDLE);
	if (!READ_ONCE(w->kicked) && !kthread_should_stop()) {
		schedule_hrtimeout(&due, HRTIMER_MODE_ABS);
		w->wakeups++;
	}
	__set_current_state(TASK_RUNNING);
}

static int epfv_worker_thread(void *data)
{
	struct epfv_worker *w = data;

	while (!kthread_should_stop()) {
		u64 again = epfv_worker_round(w);
		ktime_t due = again == U64_MAX ? KTIME_MAX : ktime_add_ns(ktime_get(), again);

		if (again)
			epfv_worker_spin(w, due);
		epfv_worker_pay(w, true);
		if (again) {
			epfv_worker_sleep(w, due);
			epfv_worker_pay(w, false);
		} else {
			cond_resched();
		}
	}
	return 0;
}

/**
 * epfv_worker_start() - begin to work, in no epoch
 * @w: any content
 * @name: of the function, and of the thread with @id behind it
 * @id: number of the worker
 * @ops: what it drives
 * @ctx: handed to @ops
 *
 * Context: may sleep.
 * Return: 0, or an error of kthread_create().
 */
int epfv_worker_start(struct epfv_worker *w, const char *name, unsigned int id,
		      const struct epfv_worker_ops *ops, void *ctx)
{
	memset(w, 0, sizeof(*w));
	w->ops = ops;
	w->ctx = ctx;
	w->credit.left = EPFV_CREDIT_NS;
	w->preferred = true;
	w->paid = ktime_get();
	mutex_init(&w->lock);
	init_waitqueue_head(&w->heard);
	w->task = kthread_create(epfv_worker_thread, w, "%s/%u", name, id);
	if (IS_ERR(w->task))
		return PTR_ERR(w->task);
	/* A host's processor may be waiting with interrupts off */
	sched_set_normal(w->task, MIN_NICE);
	wake_up_process(w->task);
	return 0;
}

/**
 * epfv_worker_stop() - undo epfv_worker_start()
 * @w: worker, in no epoch
 *
 * Context: may sleep, as long as one round takes.
 */
void epfv_worker_stop(struct epfv_worker *w)
{
	kthread_stop(w->task);
}

/**
 * epfv_worker_kick() - have the thread run now
 * @w: worker
 * @scan: the host's driver may have made buffers available
 *
 * Context: any.
 */
void epfv_worker_kick(struct epfv_worker *w, bool scan)
{
	if (scan)
		set_bit(EPFV_WORKER_SCAN, &w->flags);
	WRITE_ONCE(w->kicked, true);
	wake_up_process(w->task);
}

/**
 * epfv_worker_enter() - have the worker use the host's memory in another epoch
 * @w: worker
 * @epoch: which one; EPFV_NO_EPOCH: not any more
 *
 * Does not wait: see epfv_worker_is_in(), epfv_worker_wait().
 *
 * Context: any.
 */
void epfv_worker_enter(struct epfv_worker *w, u32 epoch)
{
	WRITE_ONCE(w->wanted, epoch);
	epfv_worker_kick(w, epoch != EPFV_NO_EPOCH);
}

/**
 * epfv_worker_is_in() - whether the worker has heard of the epoch
 * @w: worker
 * @epoch: see epfv_worker_enter()
 *
 * Context: any.
 * Return: true if it has: it uses no memory of another one.
 */
bool epfv_worker_is_in(const struct epfv_worker *w, u32 epoch)
{
	/* Pairs with epfv_worker_round() */
	return smp_load_acquire(&w->epoch) == epoch;
}

/**
 * epfv_worker_wait() - wait until the worker has heard of the epoch
 * @w: worker
 * @epoch: see epfv_worker_enter()
 *
 * Context: may sleep, as long as one round takes.
 */
void epfv_worker_wait(struct epfv_worker *w, u32 epoch)
{
	wait_event(w->heard, epfv_worker_is_in(w, epoch));
}
