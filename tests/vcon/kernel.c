// SPDX-License-Identifier: GPL-2.0
/*
 * What the console's driver uses of the kernel, in user space
 */
#include <setjmp.h>

#include <cmocka.h>

#include "kernel.h"

unsigned int fake_messages;
unsigned int fake_warnings;
char fake_message[256];

void dev_err(const struct device *dev, const char *fmt, ...)
{
	va_list args;

	(void)dev;
	va_start(args, fmt);
	vsnprintf(fake_message, sizeof(fake_message), fmt, args);
	va_end(args);
	fake_messages++;
}

void dev_warn(const struct device *dev, const char *fmt, ...)
{
	va_list args;

	(void)dev;
	va_start(args, fmt);
	vsnprintf(fake_message, sizeof(fake_message), fmt, args);
	va_end(args);
	fake_warnings++;
}

void mutex_lock(struct mutex *lock)
{
	if (lock->held)
		fail_msg("deadlock: the lock is held already");
	lock->held = true;
}

void mutex_unlock(struct mutex *lock)
{
	if (!lock->held)
		fail_msg("unlock of a lock that is not held");
	lock->held = false;
}

void schedule_work(struct work_struct *work)
{
	work->pending |= work->enabled;
}

void disable_work(struct work_struct *work)
{
	work->enabled = false;
	work->pending = false;
}

void disable_work_sync(struct work_struct *work)
{
	disable_work(work);
}

void enable_work(struct work_struct *work)
{
	work->enabled = true;
}
