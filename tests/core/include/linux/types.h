/* SPDX-License-Identifier: GPL-2.0 */
/* More of the kernel's names than tests/unit needs */
#ifndef CORE_SHIM_LINUX_TYPES_H
#define CORE_SHIM_LINUX_TYPES_H

#include_next <linux/types.h>
#include <stdint.h>
#include <sys/types.h>

typedef __s64 s64;
typedef u64 phys_addr_t;

#define U64_MAX		((u64)~0ULL)
#define S64_MAX		((s64)(U64_MAX >> 1))
#define U16_MAX		0xffff
#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))
#define container_of(ptr, type, member) \
	((type *)((char *)(ptr) - offsetof(type, member)))
#define __iomem
#define __force

#endif /* CORE_SHIM_LINUX_TYPES_H */
