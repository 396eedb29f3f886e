/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the kernel does for the core, as the tests would have it
 */
#ifndef CORE_FAKE_KERNEL_H
#define CORE_FAKE_KERNEL_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>

#include <cmocka.h>
#include <linux/ktime.h>
#include <linux/spinlock.h>
#include <linux/types.h>

/* Nanoseconds; ktime_get() returns it, and moves it on by @fake_tick afterwards */
extern ktime_t fake_now;
extern u64 fake_tick;

/* Spinlocks held, messages of dev_err() and the last one */
extern unsigned int fake_locks;
extern unsigned int fake_messages;
extern char fake_message[256];

/*
 * What a lock guards must change only while it is held: looked at when it is taken.  Until
 * fake_kernel_reset().
 */
void fake_guard(const spinlock_t *lock, const void *data, size_t len, const char *name);
void fake_no_guards(void);

void fake_kernel_reset(void);

/* The same numbers in every run; from @lo up to @hi inclusive */
u64 rnd(void);
u64 rnd_range(u64 lo, u64 hi);
void rnd_seed(u64 seed);

#endif /* CORE_FAKE_KERNEL_H */
