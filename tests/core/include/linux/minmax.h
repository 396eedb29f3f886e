/* SPDX-License-Identifier: GPL-2.0 */
#ifndef CORE_SHIM_LINUX_MINMAX_H
#define CORE_SHIM_LINUX_MINMAX_H

#define __pick(x, op, y) \
	({ __auto_type __x = (x); __auto_type __y = (y); __x op __y ? __x : __y; })

#define min(x, y)		__pick(x, <, y)
#define max(x, y)		__pick(x, >, y)
#define min_t(type, x, y)	min((type)(x), (type)(y))
#define max_t(type, x, y)	max((type)(x), (type)(y))
#define min3(x, y, z)		min(x, min(y, z))
#define clamp_t(type, val, lo, hi)	min_t(type, max_t(type, val, lo), hi)

#endif /* CORE_SHIM_LINUX_MINMAX_H */
