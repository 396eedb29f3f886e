// SPDX-License-Identifier: GPL-2.0
/*
 * Threads and time of a kernel with one processor, and a host beside it
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>

#include <sanitizer/common_interface_defs.h>

#include <linux/err.h>
#include <linux/errno.h>
#include <linux/hrtimer.h>
#include <linux/irqflags.h>
#include <linux/minmax.h>
#include <linux/mutex.h>
#include <linux/wait.h>

#include "fake-kernel.h"
#include "fake-sched.h"

#define STACK_SIZE	(256 * 1024)
#define NEVER		S64_MAX

/* sched_prio_to_weight[0] / sched_prio_to_weight[20] in the kernel's kernel/sched/core.c */
#define WEIGHT_OF_MIN_NICE	87

/* A stack of its own; the address sanitizer wants to know when it is left and entered */
struct fake_fiber {
	ucontext_t context;
	void *stack;
	void *fake_stack;
	const void *bottom;
	size_t size;
};

static struct fake_fiber test_fiber;
static struct task_struct test;
static struct task_struct *tasks;
static struct hrtimer *timers;
static struct task_struct *on_cpu;	/* task of the endpoint that has its processor */
static struct task_struct *left;	/* by the last switch */
static u64 turns;
static s64 charged;	/* time up to which @on_cpu has been charged */
static s64 rt_since;	/* since when none but real-time tasks have run */
static s64 irqs_off_since;

struct task_struct *current = &test;
unsigned int fake_irqs_off;
u64 fake_irqs_off_longest;
unsigned int fake_preempt_one_in;
bool fake_no_thread;

void fake_sched_reset(void)
{
	test = (struct task_struct){ .name = "test", .fiber = &test_fiber, .wake_at = NEVER };
	tasks = &test;
	timers = NULL;
	current = &test;
	on_cpu = &test;
	turns = 0;
	charged = fake_now;
	rt_since = fake_now;
	fake_irqs_off = 0;
	fake_irqs_off_longest = 0;
	fake_preempt_one_in = 0;
	fake_no_thread = false;
}

static void charge(void)
{
	u64 ns = fake_now - charged;

	charged = fake_now;
	if (!on_cpu)
		return;
	if (on_cpu->rt)
		on_cpu->rt_ns += ns;
	else if (on_cpu->nice < 0)
		on_cpu->nice_ns += ns;
	else
		on_cpu->normal_ns += ns;
	if (!on_cpu->rt)
		on_cpu->vruntime += on_cpu->nice < 0 ? ns / WEIGHT_OF_MIN_NICE : ns;
	if (!on_cpu->rt)
		rt_since = fake_now;
	else if (fake_now - rt_since > FAKE_RT_MOST)
		fail_msg("%s runs with a real-time priority and never sleeps", on_cpu->name);
}

static void switch_to(struct task_struct *to)
{
	struct task_struct *from = current;

	if (from == to)
		return;
	current = to;
	left = from;
	to->turn = ++turns;
	__sanitizer_start_switch_fiber(from->done ? NULL : &from->fiber->fake_stack,
				       to->fiber->bottom, to->fiber->size);
	swapcontext(&from->fiber->context, &to->fiber->context);
	__sanitizer_finish_switch_fiber(from->fiber->fake_stack, NULL, NULL);
}

/* Whether of two tasks that could run, both of the endpoint, the first should */
static bool goes_before(const struct task_struct *a, const struct task_struct *b)
{
	if (a->rt != b->rt)
		return a->rt;
	if (!a->rt && a->vruntime != b->vruntime)
		return a->vruntime < b->vruntime;
	return a->turn < b->turn;
}

static struct task_struct *best(bool host)
{
	struct task_struct *t, *found = NULL;

	for (t = tasks; t; t = t->next) {
		if (t->state != TASK_RUNNING || t->done || t->host != host)
			continue;
		if (!found || goes_before(t, found))
			found = t;
	}
	return found;
}

static void wake(struct task_struct *task)
{
	const struct task_struct *other = best(false);

	if (task->state == TASK_RUNNING)
		return;
	/* What it has slept is not credited to it */
	if (!task->host && other)
		task->vruntime = max(task->vruntime, other->vruntime);
	task->state = TASK_RUNNING;
	task->wake_at = NEVER;
}

static void wake_sleepers(void)
{
	struct task_struct *t;

	for (t = tasks; t; t = t->next)
		if (t->wake_at <= fake_now)
			wake(t);
}

static void queue_timer(struct hrtimer *timer)
{
	timer->queued = true;
	timer->next = timers;
	timers = timer;
}

static struct hrtimer *expired_timer(void)
{
	struct hrtimer **p, *timer;

	for (p = &timers; (timer = *p); p = &timer->next) {
		if (timer->expires <= fake_now) {
			*p = timer->next;
			timer->queued = false;
			return timer;
		}
	}
	return NULL;
}

static void run_timers(void)
{
	struct task_struct *was = on_cpu;
	struct hrtimer *timer;

	while (!fake_irqs_off && !fake_locks && (timer = expired_timer())) {
		/* The host runs meanwhile, but no other task of the endpoint */
		on_cpu = current;
		fake_irqs_off++;
		if (timer->function(timer) == HRTIMER_RESTART && !timer->queued)
			queue_timer(timer);
		fake_irqs_off--;
		on_cpu = was;
	}
}

static s64 next_event(void)
{
	const struct task_struct *t;
	const struct hrtimer *timer;
	s64 at = NEVER;

	for (t = tasks; t; t = t->next)
		at = min(at, t->wake_at);
	for (timer = timers; timer; timer = timer->next)
		at = min(at, timer->expires);
	return at;
}

/* Nothing can run: time leaps */
static void idle(void)
{
	s64 at = next_event();

	if (at == NEVER)
		fail_msg("all tasks sleep, and nothing will wake any of them");
	fake_now = max(fake_now, at);
	charged = fake_now;
	rt_since = fake_now;
}

/* Run what should run now, which may be the caller; returns when that may go on */
static void resched(void)
{
	struct task_struct *next;

	charge();
	if (!current->host)
		on_cpu = NULL;
	for (;;) {
		wake_sleepers();
		if (!on_cpu)
			run_timers();
		next = best(true);
		if (next)
			break;
		if (!on_cpu)
			on_cpu = best(false);
		next = on_cpu;
		if (next)
			break;
		idle();
	}
	switch_to(next);
	/* Some time may have passed before the processor was free */
	if (!current->host)
		charged = fake_now;
}

/* The endpoint's processor has been busy, and the host has not waited for it */
static void catch_up(void)
{
	wake_sleepers();
	while (best(true))
		switch_to(best(true));
	run_timers();
}

void fake_spend(u64 ns)
{
	if (!ns || current->host)
		return;
	fake_now += ns;
	charge();
	catch_up();
}

void fake_sleep(u64 ns)
{
	current->wake_at = fake_now + ns;
	current->state = TASK_IDLE;
	if (!current->host && (fake_locks || fake_irqs_off))
		fail_msg("%s sleeps with a lock held or interrupts off", current->name);
	resched();
}

/* Waiting for a mutex, or a task's end */

static void wait_for(const void *what)
{
	current->waits_for = what;
	current->state = TASK_IDLE;
	resched();
	current->waits_for = NULL;
}

static void wake_waiters(const void *what)
{
	struct task_struct *t;

	for (t = tasks; t; t = t->next)
		if (t->waits_for == what)
			wake(t);
}

/* Tasks */

static void enter(void)
{
	struct task_struct *me = current;

	/* The stack of the test is not one of ours: this tells where it is */
	__sanitizer_finish_switch_fiber(NULL, &left->fiber->bottom, &left->fiber->size);
	me->fn(me->data);
	me->done = true;
	wake_waiters(me);
	resched();
}

static struct task_struct *make(int (*fn)(void *data), void *data, const char *name, bool host)
{
	struct task_struct *task = calloc(1, sizeof(*task)), **end;
	struct fake_fiber *fiber = calloc(1, sizeof(*fiber));

	fiber->stack = malloc(STACK_SIZE);
	fiber->bottom = fiber->stack;
	fiber->size = STACK_SIZE;
	getcontext(&fiber->context);
	fiber->context.uc_stack.ss_sp = fiber->stack;
	fiber->context.uc_stack.ss_size = STACK_SIZE;
	makecontext(&fiber->context, enter, 0);

	task->name = name;
	task->fn = fn;
	task->data = data;
	task->host = host;
	task->fiber = fiber;
	task->wake_at = NEVER;
	for (end = &tasks; *end; end = &(*end)->next)
		;
	*end = task;
	return task;
}

static void free_task(struct task_struct *task)
{
	struct task_struct **p;

	for (p = &tasks; *p != task; p = &(*p)->next)
		;
	*p = task->next;
	free(task->fiber->stack);
	free(task->fiber);
	if (!task->host)
		free((void *)task->name);
	free(task);
}

struct task_struct *fake_host_task(int (*fn)(void *data), void *data, const char *name)
{
	return make(fn, data, name, true);
}

void fake_join(struct task_struct *task)
{
	while (!task->done)
		wait_for(task);
	free_task(task);
}

unsigned int fake_tasks(void)
{
	const struct task_struct *t;
	unsigned int n = 0;

	for (t = tasks; t; t = t->next)
		n += t != &test;
	return n;
}

void fake_preempt(void)
{
	if (fake_preempt_one_in && !fake_locks && !fake_irqs_off && !current->host &&
	    rnd() % fake_preempt_one_in == 0)
		resched();
}

/* What the kernel has */

void set_current_state(unsigned int state)
{
	current->state = state;
}

void schedule(void)
{
	if (fake_locks || fake_irqs_off)
		fail_msg("%s sleeps with a lock held or interrupts off", current->name);
	resched();
}

int schedule_hrtimeout(ktime_t *expires, enum hrtimer_mode mode)
{
	assert_int_equal(mode, HRTIMER_MODE_ABS);
	if (current->state != TASK_RUNNING)
		current->wake_at = *expires;
	schedule();
	current->wake_at = NEVER;
	return 0;
}

void cond_resched(void)
{
	schedule();
}

int wake_up_process(struct task_struct *task)
{
	int was = task->state;

	wake(task);
	return was != TASK_RUNNING;
}

void sched_set_fifo(struct task_struct *task)
{
	charge();
	task->changes++;
	task->rt = true;
}

void sched_set_normal(struct task_struct *task, int nice)
{
	charge();
	task->changes++;
	task->rt = false;
	task->nice = nice;
}

struct task_struct *kthread_create(int (*fn)(void *data), void *data, const char *fmt, ...)
{
	struct task_struct *task;
	va_list args;
	char *name;

	if (fake_no_thread)
		return ERR_PTR(-EAGAIN);
	va_start(args, fmt);
	if (vasprintf(&name, fmt, args) < 0)
		abort();
	va_end(args);
	task = make(fn, data, name, false);
	task->state = TASK_IDLE;
	return task;
}

int kthread_stop(struct task_struct *task)
{
	task->should_stop = true;
	wake(task);
	fake_join(task);
	return 0;
}

bool kthread_should_stop(void)
{
	return current->should_stop;
}

void mutex_lock(struct mutex *lock)
{
	if (fake_locks || fake_irqs_off)
		fail_msg("%s waits for a mutex with a lock held or interrupts off",
			 current->name);
	if (lock->owner == current)
		fail_msg("%s waits for a mutex of its own", current->name);
	while (lock->owner)
		wait_for(lock);
	lock->owner = current;
}

void mutex_unlock(struct mutex *lock)
{
	if (lock->owner != current)
		fail_msg("%s unlocks a mutex that is not its own", current->name);
	lock->owner = NULL;
	wake_waiters(lock);
	fake_preempt();
}

void fake_wait(wait_queue_head_t *wq)
{
	if (fake_locks || fake_irqs_off)
		fail_msg("%s waits with a lock held or interrupts off", current->name);
	wait_for(wq);
}

void wake_up(wait_queue_head_t *wq)
{
	wake_waiters(wq);
}

void local_irq_disable(void)
{
	if (!fake_irqs_off++)
		irqs_off_since = fake_now;
}

void local_irq_enable(void)
{
	if (--fake_irqs_off)
		return;
	fake_irqs_off_longest = max(fake_irqs_off_longest, (u64)(fake_now - irqs_off_since));
	catch_up();
}

void hrtimer_setup(struct hrtimer *timer,
		   enum hrtimer_restart (*function)(struct hrtimer *timer),
		   int clock_id, enum hrtimer_mode mode)
{
	(void)clock_id;
	(void)mode;
	*timer = (struct hrtimer){ .function = function };
}

int hrtimer_cancel(struct hrtimer *timer)
{
	struct hrtimer **p;

	if (!timer->queued)
		return 0;
	for (p = &timers; *p != timer; p = &(*p)->next)
		;
	*p = timer->next;
	timer->queued = false;
	return 1;
}

void hrtimer_start(struct hrtimer *timer, ktime_t time, enum hrtimer_mode mode)
{
	(void)mode;
	hrtimer_cancel(timer);
	timer->expires = fake_now + time;
	queue_timer(timer);
}

u64 hrtimer_forward_now(struct hrtimer *timer, ktime_t interval)
{
	u64 n = 0;

	for (; timer->expires <= fake_now; n++)
		timer->expires += interval;
	return n;
}
