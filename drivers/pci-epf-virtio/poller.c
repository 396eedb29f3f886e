// SPDX-License-Identifier: GPL-2.0
/*
 * The thread that looks at registers
 */
#include <linux/err.h>
#include <linux/irqflags.h>
#include <linux/kthread.h>
#include <linux/minmax.h>
#include <linux/sched.h>
#include <linux/string.h>
#include <linux/time64.h>
#include <linux/timekeeping.h>

#include "pci-ep-compat.h"
#include "poller.h"
#include "trace.h"

/* Without pause after something happened: the next thing is often near */
#define EPFV_SPIN_NS		(100 * NSEC_PER_USEC)

/*
 * Pauses grow in proportion to the time since something happened.  A driver
 * probes again within some hundred microseconds of the reset that announces
 * it, if nothing else does, so with no driver the pause stays short.  Before a
 * running driver is replaced without a word (crash, kexec), its host's kernel
 * disables MSI-X as it enumerates the bus, long before it probes: watch that.
 */
#define EPFV_PAUSE_MIN_NS	(50 * NSEC_PER_USEC)
#define EPFV_PAUSE_IDLE_NS	(100 * NSEC_PER_USEC)
#define EPFV_PAUSE_RUNNING_NS	NSEC_PER_MSEC
#define EPFV_WATCH_NS		(20 * NSEC_PER_MSEC)

/* With interrupts off at most so long; how long a silent driver is waited for */
#define EPFV_SLICE_NS		(200 * NSEC_PER_USEC)
#define EPFV_SETUP_NS		NSEC_PER_SEC

/* Before a driver runs, looking is what counts; afterwards, its data is */
static enum epfv_poller_use epfv_poller_use(const struct epfv_poller *p)
{
	return p->up && p->t->phase != EPFV_PHASE_RUNNING ? EPFV_POLLER_LOOKS :
							     EPFV_POLLER_MOVES;
}

/* Whether the thread may be preferred to others, and need not pause */
static bool epfv_poller_has_credit(const struct epfv_poller *p)
{
	return !p->credit[epfv_poller_use(p)].spent;
}

/* A driver sets its queues up, has not fallen silent, and does not do it all the time */
static bool epfv_poller_in_setup(const struct epfv_poller *p, ktime_t now)
{
	return p->up && p->t->phase == EPFV_PHASE_SETUP && epfv_poller_has_credit(p) &&
	       ktime_to_ns(ktime_sub(now, p->heard)) < EPFV_SETUP_NS;
}

/* Something happened just now; where a driver runs, it is up to the workers to spin */
static bool epfv_poller_spins(const struct epfv_poller *p, ktime_t now)
{
	return p->up && epfv_poller_use(p) == EPFV_POLLER_LOOKS && epfv_poller_has_credit(p) &&
	       ktime_to_ns(ktime_sub(now, p->active)) < EPFV_SPIN_NS;
}

/* Account for the time since the last call; @used: it was spent, and not slept */
static void epfv_poller_pay(struct epfv_poller *p, ktime_t now, bool used)
{
	s64 passed = ktime_to_ns(ktime_sub(now, p->paid));
	unsigned int i;

	p->paid = now;
	for (i = 0; i < ARRAY_SIZE(p->credit); i++)
		epfv_credit_pay(&p->credit[i], passed, used && i == epfv_poller_use(p));
}

/*
 * The driver that was there had MSI-X enabled, and the next one finds it disabled: its
 * first look at the configuration bytes may come soon
 */
static bool epfv_poller_config_moves(const struct epfv_poller *p)
{
	return p->up && p->has_config && p->msix_on && p->t->phase != EPFV_PHASE_RUNNING;
}

/*
 * A driver has fallen silent while it set up, and may have been replaced.  The next one begins
 * with what is in the registers already, but its host's kernel has disabled MSI-X when it found
 * the card, and enables it before the first queue.
 */
static bool epfv_poller_silent(const struct epfv_poller *p, ktime_t now)
{
	return p->up && p->t->phase == EPFV_PHASE_SETUP && !epfv_poller_in_setup(p, now);
}

/* Look whether MSI-X is enabled while no driver runs; returns what a pass would */
static unsigned int epfv_poller_look_at_msix(struct epfv_poller *p)
{
	bool on = p->ops->msix_enabled(p->ctx);
	unsigned int events = on && !p->msix_seen ? EPFV_EVENT_ACTIVITY : 0;

	p->msix_seen = on;
	if (p->has_config)
		p->msix_on = on;
	return events;
}

/* Look at the registers; while a driver sets up, without a pause */
static unsigned int epfv_poller_pass(struct epfv_poller *p)
{
	unsigned int events = 0, found;
	ktime_t now = ktime_get();
	u64 end;

	if (!epfv_poller_in_setup(p, now)) {
		if (epfv_poller_silent(p, now))
			events = epfv_poller_look_at_msix(p);
		else if (epfv_poller_config_moves(p))
			p->msix_on = p->ops->msix_enabled(p->ctx);
		return events | p->t->ops->pass(p->t, p->msix_on);
	}

	epfv_poller_look_at_msix(p);
	local_irq_disable();
	end = ktime_get_mono_fast_ns() + EPFV_SLICE_NS;
	do {
		found = p->t->ops->pass(p->t, p->msix_on);
		events |= found;
	} while (!(found & ~EPFV_EVENT_ACTIVITY) && ktime_get_mono_fast_ns() < end);
	local_irq_enable();
	return events;
}

/* A running driver's host may be replaced without a reset: see EPFV_WATCH_NS */
static void epfv_poller_watch(struct epfv_poller *p, ktime_t now)
{
	bool on;

	if (p->t->phase != EPFV_PHASE_RUNNING || p->alert || !p->msix_on ||
	    ktime_to_ns(ktime_sub(now, p->watched)) < EPFV_WATCH_NS)
		return;
	p->watched = now;
	on = p->ops->msix_enabled(p->ctx);
	p->alert = !on;
	p->msix_on = on;
}

static unsigned int epfv_poller_host(struct epfv_poller *p)
{
	const char *before = epfv_poller_state(p), *now;
	unsigned int events = epfv_poller_pass(p);

	if (events & EPFV_EVENT_WRITTEN)
		p->ops->written(p->ctx, p->t->written);
	if (events & EPFV_EVENT_RESET) {
		p->alert = false;
		p->host_resets++;
		p->ops->stop(p->ctx);
	}
	if (events & (EPFV_EVENT_FAILED | EPFV_EVENT_INCOMPLETE)) {
		p->ops->stop(p->ctx);
		p->ops->failed(p->ctx, events & EPFV_EVENT_INCOMPLETE);
	}
	if (events & EPFV_EVENT_LIVE) {
		p->msix_on = p->ops->msix_enabled(p->ctx);
		/* There is nothing to watch where it is off all the time */
		p->alert = !p->msix_on;
		/* The driver may look at them next */
		if (p->has_config)
			p->t->ops->put_config(p->t, p->msix_on);
		p->ops->start(p->ctx);
	}
	if (events & EPFV_EVENT_NOTIFY)
		p->ops->notified(p->ctx);
	epfv_poller_watch(p, ktime_get());
	now = epfv_poller_state(p);
	if (now != before)
		trace_epfv_state(p->name, before, now);
	return events;
}

/* Longest pause at this time, in nanoseconds; any context */
static u64 epfv_poller_pause(const struct epfv_poller *p, ktime_t now)
{
	s64 most = p->t->phase == EPFV_PHASE_RUNNING && !p->alert ?
		   EPFV_PAUSE_RUNNING_NS : EPFV_PAUSE_IDLE_NS;

	/* A worker may have seen something meanwhile: no time has passed since then */
	return clamp_t(s64, ktime_to_ns(ktime_sub(now, READ_ONCE(p->active))) / 8,
		       EPFV_PAUSE_MIN_NS, most);
}

/*
 * Until a driver runs, the next thing it looks at may be a round trip away, and the
 * processor must not be given to anybody else between two looks.  A driver that runs
 * has patience, and the data it moves must not keep its readers from running.
 */
static void epfv_poller_set_priority(struct epfv_poller *p)
{
	enum epfv_poller_priority priority = EPFV_POLLER_NORMAL;

	if (epfv_poller_has_credit(p))
		priority = epfv_poller_use(p) == EPFV_POLLER_LOOKS ? EPFV_POLLER_URGENT :
								     EPFV_POLLER_FIRST;
	if (priority == p->priority)
		return;
	p->priority = priority;
	if (priority == EPFV_POLLER_URGENT)
		sched_set_fifo(current);
	else
		sched_set_normal(current, priority == EPFV_POLLER_FIRST ? MIN_NICE : 0);
}

/* One round; returns nanoseconds until the next must come, 0: at once, U64_MAX: never */
static u64 epfv_poller_round(struct epfv_poller *p)
{
	unsigned int events = 0;
	u64 again = U64_MAX;
	ktime_t now;

	mutex_lock(&p->lock);
	WRITE_ONCE(p->kicked, false);
	/* What was done before a kick is seen after kicked was cleared */
	smp_mb();
	if (p->up)
		events = epfv_poller_host(p);

	/* While queues are set up there is nothing to do that could not wait */
	now = ktime_get();
	if (!epfv_poller_in_setup(p, now)) {
		again = p->ops->work(p->ctx);
		now = ktime_get();
	}
	if (events || !again)
		WRITE_ONCE(p->active, now);
	if (events)
		p->heard = now;
	epfv_poller_pay(p, now, true);
	if (epfv_poller_in_setup(p, now) || epfv_poller_spins(p, now))
		again = 0;
	else if (p->up && p->t->phase == EPFV_PHASE_RUNNING && p->msix_on)
		again = min_t(u64, again, EPFV_WATCH_NS);
	else if (epfv_poller_config_moves(p) || epfv_poller_silent(p, now))
		again = min_t(u64, again, EPFV_PAUSE_IDLE_NS);
	mutex_unlock(&p->lock);
	epfv_poller_set_priority(p);
	return again;
}

/**
 * epfv_poller_look() - whether the running driver has notified
 * @p: poller
 *
 * Who moves data need not wait for the poller's thread to be scheduled: &struct
 * epfv_poller_ops.notified is called from here if so.
 *
 * Context: any.
 */
void epfv_poller_look(struct epfv_poller *p)
{
	if (!READ_ONCE(p->up) || !p->t->ops->notified(p->t))
		return;
	/* The next look of the timer comes soon */
	WRITE_ONCE(p->active, ktime_get());
	p->ops->notified(p->ctx);
}

static enum hrtimer_restart epfv_poller_timer(struct hrtimer *timer)
{
	struct epfv_poller *p = container_of(timer, struct epfv_poller, timer);
	ktime_t now;

	epfv_poller_look(p);
	now = ktime_get();
	if (READ_ONCE(p->kicked) || now >= p->deadline ||
	    (READ_ONCE(p->up) && p->t->ops->changed(p->t))) {
		wake_up_process(p->task);
		return HRTIMER_NORESTART;
	}
	hrtimer_forward_now(timer, ns_to_ktime(epfv_poller_pause(p, now)));
	return HRTIMER_RESTART;
}

static void epfv_poller_sleep(struct epfv_poller *p, u64 again)
{
	ktime_t now = ktime_get();
	bool timed = READ_ONCE(p->up) || again != U64_MAX;

	epfv_poller_pay(p, now, true);
	p->deadline = again == U64_MAX ? KTIME_MAX : ktime_add_ns(now, again);
	set_current_state(TASK_IDLE);
	if (!READ_ONCE(p->kicked) && !kthread_should_stop()) {
		if (timed)
			hrtimer_start(&p->timer,
				      ns_to_ktime(min(again, epfv_poller_pause(p, now))),
				      HRTIMER_MODE_REL);
		schedule();
		p->wakeups++;
	}
	__set_current_state(TASK_RUNNING);
	hrtimer_cancel(&p->timer);
	epfv_poller_pay(p, ktime_get(), false);
}

static int epfv_poller_thread(void *data)
{
	struct epfv_poller *p = data;

	while (!kthread_should_stop()) {
		u64 again = epfv_poller_round(p);

		if (again)
			epfv_poller_sleep(p, again);
		else
			cond_resched();
	}
	return 0;
}

/**
 * epfv_poller_start() - begin to poll, in state down
 * @p: any content
 * @name: name of the thread, and in traces; not copied
 * @t: transport
 * @has_config: the device has configuration bytes
 * @ops: what is driven
 * @ctx: handed to @ops
 *
 * Context: may sleep.
 * Return: 0, or an error of kthread_create().
 */
int epfv_poller_start(struct epfv_poller *p, const char *name, struct epfv_transport *t,
		      bool has_config, const struct epfv_poller_ops *ops, void *ctx)
{
	unsigned int i;

	memset(p, 0, sizeof(*p));
	p->name = name;
	p->t = t;
	p->ops = ops;
	p->ctx = ctx;
	p->has_config = has_config;
	for (i = 0; i < ARRAY_SIZE(p->credit); i++)
		p->credit[i].left = EPFV_CREDIT_NS;
	p->priority = EPFV_POLLER_FIRST;
	p->paid = ktime_get();
	mutex_init(&p->lock);
	hrtimer_setup(&p->timer, epfv_poller_timer, CLOCK_MONOTONIC, HRTIMER_MODE_REL);

	p->task = kthread_create(epfv_poller_thread, p, "%s", name);
	if (IS_ERR(p->task))
		return PTR_ERR(p->task);
	/* A host's processor may be waiting with interrupts off */
	sched_set_normal(p->task, MIN_NICE);
	wake_up_process(p->task);
	return 0;
}

/**
 * epfv_poller_stop() - undo epfv_poller_start()
 * @p: poller, down
 *
 * Context: may sleep.
 */
void epfv_poller_stop(struct epfv_poller *p)
{
	kthread_stop(p->task);
	hrtimer_cancel(&p->timer);
}

/**
 * epfv_poller_kick() - have the thread run now
 * @p: poller
 *
 * Context: any.
 */
void epfv_poller_kick(struct epfv_poller *p)
{
	WRITE_ONCE(p->kicked, true);
	wake_up_process(p->task);
}

/**
 * epfv_poller_up() - the host can reach the BAR from now on
 * @p: poller
 *
 * Context: may sleep.
 */
void epfv_poller_up(struct epfv_poller *p)
{
	mutex_lock(&p->lock);
	p->active = ktime_get();
	p->heard = p->active;
	p->watched = p->active;
	if (!p->up)
		trace_epfv_state(p->name, epfv_poller_state(p), "idle");
	WRITE_ONCE(p->up, true);
	mutex_unlock(&p->lock);
	epfv_poller_kick(p);
}

static void epfv_poller_stop_host(struct epfv_poller *p)
{
	if (p->up)
		trace_epfv_state(p->name, epfv_poller_state(p), "down");
	WRITE_ONCE(p->up, false);
	p->msix_on = false;
	p->alert = false;
	p->ops->stop(p->ctx);
	p->ops->release(p->ctx);
	p->t->ops->defaults(p->t);
	/* Its timer would go on looking for nobody */
	epfv_poller_kick(p);
}

/**
 * epfv_poller_down() - the host cannot reach the BAR any more, nor be reached
 * @p: poller, up or down
 *
 * When this returns no host memory is mapped, and the registers have their
 * defaults.
 *
 * Context: may sleep, as long as one round takes.
 */
void epfv_poller_down(struct epfv_poller *p)
{
	mutex_lock(&p->lock);
	epfv_poller_stop_host(p);
	mutex_unlock(&p->lock);
}

/**
 * epfv_poller_leave() - as epfv_poller_down(), but the host can still be reached
 * @p: poller, up or down
 *
 * Context: may sleep, as long as one round takes.
 */
void epfv_poller_leave(struct epfv_poller *p)
{
	mutex_lock(&p->lock);
	if (p->up && epfv_poller_epoch_open(p))
		p->ops->leave(p->ctx);
	epfv_poller_stop_host(p);
	mutex_unlock(&p->lock);
}

/**
 * epfv_poller_epoch_open() - whether host memory learnt of in this epoch may be used
 * @p: poller
 *
 * Context: the poller's thread.
 * Return: true if so.
 */
bool epfv_poller_epoch_open(struct epfv_poller *p)
{
	return p->up && p->t->phase == EPFV_PHASE_RUNNING && !p->t->ops->epoch_over(p->t);
}

/**
 * epfv_poller_state() - what the host's driver is about, in a word
 * @p: poller
 *
 * Context: any.
 * Return: "down", "idle", "setup", "running" or "dead".
 */
const char *epfv_poller_state(struct epfv_poller *p)
{
	static const char * const names[] = {
		[EPFV_PHASE_IDLE] = "idle",
		[EPFV_PHASE_SETUP] = "setup",
		[EPFV_PHASE_RUNNING] = "running",
		[EPFV_PHASE_DEAD] = "dead",
	};

	return READ_ONCE(p->up) ? names[READ_ONCE(p->t->phase)] : "down";
}
