/* SPDX-License-Identifier: GPL-2.0 */
#ifndef CORE_SHIM_LINUX_ALIGN_H
#define CORE_SHIM_LINUX_ALIGN_H

#define ALIGN(x, a)		(((x) + (a) - 1) & ~((__typeof__(x))(a) - 1))
#define IS_ALIGNED(x, a)	(((x) & ((a) - 1)) == 0)
#define DIV_ROUND_UP(n, d)	(((n) + (d) - 1) / (d))

#endif /* CORE_SHIM_LINUX_ALIGN_H */
