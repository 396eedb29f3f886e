// SPDX-License-Identifier: GPL-2.0
/*
 * The kernel's worker, as a task of fake-sched.h
 */
#include <linux/kthread.h>
#include <linux/workqueue.h>

#include "fake-kernel.h"
#include "fake-sched.h"
#include "fake-work.h"

bool fake_work_held;

static struct task_struct *worker;
static struct work_struct *queued;	/* at most one: there is one function */
static struct work_struct *running;

static int work(void *data)
{
	(void)data;
	while (!kthread_should_stop()) {
		if (queued && !fake_work_held) {
			running = queued;
			queued = NULL;
			running->pending = false;
			running->fn(running);
			running = NULL;
			continue;
		}
		set_current_state(TASK_IDLE);
		schedule();
	}
	return 0;
}

void fake_work_begin(void)
{
	fake_work_held = false;
	queued = NULL;
	running = NULL;
	worker = kthread_create(work, NULL, "worker");
	wake_up_process(worker);
}

void fake_work_end(void)
{
	assert_null(queued);
	kthread_stop(worker);
}

void schedule_work(struct work_struct *work)
{
	if (!work->enabled)
		return;
	work->pending = true;
	queued = work;
	wake_up_process(worker);
}

void disable_work(struct work_struct *work)
{
	work->enabled = false;
	work->pending = false;
	if (queued == work)
		queued = NULL;
}

void disable_work_sync(struct work_struct *work)
{
	disable_work(work);
	while (running == work)
		fake_sleep(10000);
}

void enable_work(struct work_struct *work)
{
	work->enabled = true;
}
