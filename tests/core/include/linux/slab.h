/* SPDX-License-Identifier: GPL-2.0 */
#ifndef CORE_SHIM_LINUX_SLAB_H
#define CORE_SHIM_LINUX_SLAB_H

#include <stdlib.h>

#define GFP_KERNEL		0
#define kmalloc(size, flags)	malloc(size)
#define kfree(ptr)		free(ptr)

#endif /* CORE_SHIM_LINUX_SLAB_H */
