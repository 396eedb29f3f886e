/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Threads and time of a kernel with one processor, and a host beside it
 *
 * A task runs until it sleeps, yields or waits for a mutex; which one is next depends on
 * priorities, and among equals on whose turn it is, so a test runs the same way each time.
 * The test itself is a task.  While the endpoint's processor is busy, time goes on by what
 * its calls cost (&fake_tick): timers expire, and tasks of the host, which has processors of
 * its own, run.  While it is idle time leaps to what comes next.
 */
#ifndef CORE_FAKE_SCHED_H
#define CORE_FAKE_SCHED_H

#include <linux/kthread.h>
#include <linux/types.h>

/*
 * Real-time tasks that do not sleep for so long leave no other task a chance: the test
 * fails.  In nanoseconds of fake time.
 */
#define FAKE_RT_MOST	(30 * 1000000000LL)

/**
 * struct task_struct - a task
 * @name: for messages
 * @rt: it has a real-time priority: runs before all that have not
 * @nice: else: below 0 it gets most of the processor, as with the kernel's weights
 * @rt_ns: how long it has run with a real-time priority
 * @nice_ns: and without one, with less than the usual nice value
 * @normal_ns: and with that
 * @changes: how often its priority was set
 * All else is private.
 */
struct task_struct {
	const char *name;
	bool rt;
	int nice;
	u64 rt_ns;
	u64 nice_ns;
	u64 normal_ns;
	unsigned int changes;

	struct fake_fiber *fiber;
	unsigned int state;
	bool host;
	bool should_stop;
	bool done;
	s64 wake_at;
	const void *waits_for;
	u64 vruntime;
	u64 turn;
	int (*fn)(void *data);
	void *data;
	struct task_struct *next;
};

/* There are no more threads to be had */
extern bool fake_no_thread;

/* Only the test itself is left, with the usual priority, and fake_now as it is */
void fake_sched_reset(void);

/* Let the others run for that long: the calling task sleeps */
void fake_sleep(u64 ns);

/* A task of the host, which sleeps with fake_sleep(), and costs the endpoint nothing */
struct task_struct *fake_host_task(int (*fn)(void *data), void *data, const char *name);
/* Wait for its end */
void fake_join(struct task_struct *task);

/* Time passes on the endpoint's processor */
void fake_spend(u64 ns);

/* Tasks there are, but for the test and those that have ended */
unsigned int fake_tasks(void);

/* Interrupts are off so often at present; the longest time they were, in nanoseconds */
extern unsigned int fake_irqs_off;
extern u64 fake_irqs_off_longest;

/* Where a task gives up the processor by chance: one in so many; 0: nowhere */
extern unsigned int fake_preempt_one_in;
void fake_preempt(void);

#endif /* CORE_FAKE_SCHED_H */
