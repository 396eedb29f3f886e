/* SPDX-License-Identifier: GPL-2.0 */
#ifndef CORE_SHIM_LINUX_SLAB_H
#define CORE_SHIM_LINUX_SLAB_H

#include <stdbool.h>
#include <stdlib.h>

#define SMP_CACHE_BYTES	64

/* There is not enough memory for one of the next requests, the first is 1; 0: for all of them */
unsigned int fake_no_memory_at __attribute__((weak));

static inline void *fake_alloc(size_t size, bool zeroed)
{
	if (fake_no_memory_at && !--fake_no_memory_at)
		return NULL;
	return zeroed ? calloc(1, size) : malloc(size);
}

#define GFP_KERNEL		0
#define kmalloc(size, flags)	fake_alloc(size, false)
#define kzalloc(size, flags)	fake_alloc(size, true)
#define kfree(ptr)		free(ptr)
#define struct_size(p, member, n) \
	(sizeof(*(p)) + (n) * sizeof((p)->member[0]))

#endif /* CORE_SHIM_LINUX_SLAB_H */
