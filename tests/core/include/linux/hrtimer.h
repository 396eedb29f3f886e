/* SPDX-License-Identifier: GPL-2.0 */
/* Timers of fake-sched.c; their callbacks run with interrupts off */
#ifndef CORE_SHIM_LINUX_HRTIMER_H
#define CORE_SHIM_LINUX_HRTIMER_H

#include <linux/ktime.h>
#include <linux/time64.h>

enum hrtimer_restart { HRTIMER_NORESTART, HRTIMER_RESTART };
enum hrtimer_mode { HRTIMER_MODE_REL, HRTIMER_MODE_ABS };

#define CLOCK_MONOTONIC	1

struct hrtimer {
	enum hrtimer_restart (*function)(struct hrtimer *timer);
	ktime_t expires;
	bool queued;
	struct hrtimer *next;
};

void hrtimer_setup(struct hrtimer *timer,
		   enum hrtimer_restart (*function)(struct hrtimer *timer),
		   int clock_id, enum hrtimer_mode mode);
void hrtimer_start(struct hrtimer *timer, ktime_t time, enum hrtimer_mode mode);
int hrtimer_cancel(struct hrtimer *timer);
u64 hrtimer_forward_now(struct hrtimer *timer, ktime_t interval);

/* In a state that was set before; KTIME_MAX: until it is woken */
int schedule_hrtimeout(ktime_t *expires, enum hrtimer_mode mode);

static inline ktime_t ns_to_ktime(u64 ns)
{
	return ns;
}

#endif /* CORE_SHIM_LINUX_HRTIMER_H */
