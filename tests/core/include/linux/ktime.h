/* SPDX-License-Identifier: GPL-2.0 */
/* Time is what the test says */
#ifndef CORE_SHIM_LINUX_KTIME_H
#define CORE_SHIM_LINUX_KTIME_H

#include <linux/types.h>

typedef s64 ktime_t;

#define KTIME_MAX	S64_MAX

ktime_t ktime_get(void);

static inline ktime_t ktime_sub(ktime_t a, ktime_t b)
{
	return a - b;
}

static inline ktime_t ktime_add_ns(ktime_t t, u64 ns)
{
	return t + ns;
}

static inline s64 ktime_to_ns(ktime_t t)
{
	return t;
}

#endif /* CORE_SHIM_LINUX_KTIME_H */
