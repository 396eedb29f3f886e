/* SPDX-License-Identifier: GPL-2.0 */
#ifndef CORE_SHIM_LINUX_MM_H
#define CORE_SHIM_LINUX_MM_H

#include <linux/slab.h>

#define PAGE_SIZE		4096UL

#define kvmalloc(size, flags)		malloc(size)
#define kvcalloc(n, size, flags)	calloc(n, size)
#define kvfree(ptr)			free(ptr)

#endif /* CORE_SHIM_LINUX_MM_H */
