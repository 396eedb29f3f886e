/* SPDX-License-Identifier: GPL-2.0 */
#ifndef CORE_SHIM_LINUX_SYSFS_H
#define CORE_SHIM_LINUX_SYSFS_H

#include <linux/types.h>
#include <stdio.h>

#define sysfs_emit(page, fmt, ...)	sprintf(page, fmt, ##__VA_ARGS__)

/* One that was written, with or without the end of its line; -1: it is none of them */
static inline int fake_match_string(const char * const *strings, size_t n, const char *s)
{
	size_t len = __builtin_strcspn(s, "\n");
	size_t i;

	for (i = 0; i < n; i++)
		if (__builtin_strlen(strings[i]) == len && !__builtin_memcmp(strings[i], s, len))
			return i;
	return -1;
}

#define sysfs_match_string(strings, s)	fake_match_string(strings, ARRAY_SIZE(strings), s)

#endif /* CORE_SHIM_LINUX_SYSFS_H */
