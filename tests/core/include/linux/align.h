/* SPDX-License-Identifier: GPL-2.0 */
#ifndef CORE_SHIM_LINUX_ALIGN_H
#define CORE_SHIM_LINUX_ALIGN_H

#define ALIGN(x, a)		(((x) + (a) - 1) & ~((__typeof__(x))(a) - 1))

#endif /* CORE_SHIM_LINUX_ALIGN_H */
