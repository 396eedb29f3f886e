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

int kstrtouint(const char *s, unsigned int base, unsigned int *val)
{
	unsigned long n;
	char *end;

	if (!isdigit((unsigned char)s[0]))
		return -EINVAL;
	n = strtoul(s, &end, base);
	if (*end == '\n')
		end++;
	if (*end || n > UINT32_MAX)
		return -EINVAL;
	*val = n;
	return 0;
}

int kstrtobool(const char *s, bool *val)
{
	if (s[0] != '0' && s[0] != '1')
		return -EINVAL;
	*val = s[0] == '1';
	return 0;
}

int fake_match_string(const char * const *strings, size_t n, const char *s)
{
	size_t len = strcspn(s, "\n");
	size_t i;

	for (i = 0; i < n; i++)
		if (strlen(strings[i]) == len && !memcmp(strings[i], s, len))
			return i;
	return -EINVAL;
}
