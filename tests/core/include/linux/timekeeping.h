/* SPDX-License-Identifier: GPL-2.0 */
#ifndef CORE_SHIM_LINUX_TIMEKEEPING_H
#define CORE_SHIM_LINUX_TIMEKEEPING_H

#include <linux/ktime.h>

#define ktime_get_mono_fast_ns()	((u64)ktime_get())

#endif /* CORE_SHIM_LINUX_TIMEKEEPING_H */
