/* SPDX-License-Identifier: GPL-2.0 */
/* Every page is highmem, and has to be unmapped again */
#ifndef CORE_SHIM_LINUX_HIGHMEM_H
#define CORE_SHIM_LINUX_HIGHMEM_H

#include <linux/mm.h>

extern unsigned int fake_kmaps;

static inline void *kmap_local_page(struct page *page)
{
	fake_kmaps++;
	return page;
}

static inline void kunmap_local(const void *addr)
{
	(void)addr;
	fake_kmaps--;
}

#endif /* CORE_SHIM_LINUX_HIGHMEM_H */
