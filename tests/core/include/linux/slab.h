/* SPDX-License-Identifier: GPL-2.0 */
#ifndef CORE_SHIM_LINUX_SLAB_H
#define CORE_SHIM_LINUX_SLAB_H

#include <stdlib.h>

#define SMP_CACHE_BYTES	64

#define GFP_KERNEL		0
#define kmalloc(size, flags)	malloc(size)
#define kzalloc(size, flags)	calloc(1, size)
#define kfree(ptr)		free(ptr)
#define struct_size(p, member, n) \
	(sizeof(*(p)) + (n) * sizeof((p)->member[0]))

#endif /* CORE_SHIM_LINUX_SLAB_H */
