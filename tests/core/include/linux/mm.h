/* SPDX-License-Identifier: GPL-2.0 */
#ifndef CORE_SHIM_LINUX_MM_H
#define CORE_SHIM_LINUX_MM_H

#include <linux/slab.h>
#include <stdint.h>

struct page;

#define PAGE_SIZE		4096UL
#define offset_in_page(addr)	((addr) % PAGE_SIZE)

/* A page is where it is */
#define pfn_to_page(pfn)	((struct page *)(uintptr_t)((pfn) * PAGE_SIZE))

#define kvmalloc(size, flags)		fake_alloc(size, false)
#define kvcalloc(n, size, flags)	fake_alloc((n) * (size), true)
#define kvfree(ptr)			free(ptr)

#endif /* CORE_SHIM_LINUX_MM_H */
