// SPDX-License-Identifier: GPL-2.0
/*
 * What the kernel does for the core, as the tests would have it
 */
#include <stdio.h>
#include <string.h>

#include <asm/barrier.h>
#include <linux/device.h>
#include <linux/highmem.h>
#include <linux/spinlock.h>

#include "fake-kernel.h"
#include "fake-sched.h"

ktime_t fake_now;
u64 fake_tick;
unsigned int fake_locks;
unsigned int fake_messages;
char fake_message[256];
void (*fake_on_rmb)(void);
unsigned int fake_kmaps;

static u64 rnd_state;

#define MAX_GUARDS	8

static struct guard {
	const spinlock_t *lock;
	const void *data;
	size_t len;
	const char *name;
	u8 copy[256];
} guards[MAX_GUARDS];
static unsigned int num_guards;

void fake_guard(const spinlock_t *lock, const void *data, size_t len, const char *name)
{
	struct guard *g = &guards[num_guards++];

	assert_true(num_guards <= MAX_GUARDS && len <= sizeof(g->copy));
	*g = (struct guard){ .lock = lock, .data = data, .len = len, .name = name };
	memcpy(g->copy, data, len);
}

void fake_no_guards(void)
{
	num_guards = 0;
}

static void check_guards(const spinlock_t *lock)
{
	unsigned int i;

	for (i = 0; i < num_guards; i++) {
		struct guard *g = &guards[i];

		if (g->lock == lock && memcmp(g->copy, g->data, g->len))
			fail_msg("%s has changed without its lock", g->name);
	}
}

static void renew_guards(const spinlock_t *lock)
{
	unsigned int i;

	for (i = 0; i < num_guards; i++)
		if (guards[i].lock == lock)
			memcpy(guards[i].copy, guards[i].data, guards[i].len);
}

void fake_kernel_reset(void)
{
	fake_now = 1000000000;
	fake_tick = 0;
	fake_locks = 0;
	num_guards = 0;
	fake_messages = 0;
	fake_message[0] = '\0';
	rnd_seed(1);
	fake_sched_reset();
}

ktime_t ktime_get(void)
{
	ktime_t now = fake_now;

	fake_spend(fake_tick);
	return now;
}

void fake_lock(spinlock_t *lock)
{
	if (lock->held)
		fail_msg("deadlock: the lock is held already");
	lock->held = true;
	fake_locks++;
	check_guards(lock);
}

void fake_unlock(spinlock_t *lock)
{
	if (!lock->held)
		fail_msg("unlock of a lock that is not held");
	renew_guards(lock);
	lock->held = false;
	fake_locks--;
}

void dev_err(const struct device *dev, const char *fmt, ...)
{
	va_list args;

	if (fake_locks)
		fail_msg("%s printed under a lock", dev->name);
	va_start(args, fmt);
	vsnprintf(fake_message, sizeof(fake_message), fmt, args);
	va_end(args);
	fake_messages++;
}

void rnd_seed(u64 seed)
{
	rnd_state = seed;
}

/* SplitMix64: a counter, and a function that mixes its bits */
u64 rnd(void)
{
	u64 z = rnd_state += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

u64 rnd_range(u64 lo, u64 hi)
{
	return hi - lo == U64_MAX ? rnd() : lo + rnd() % (hi - lo + 1);
}
