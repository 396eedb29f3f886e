/* SPDX-License-Identifier: GPL-2.0 */
/*
 * 2^64 bytes of host memory, of which those that were touched exist
 *
 * What nobody wrote tells its own address, so that a read of the wrong place
 * cannot give the right bytes.
 */
#ifndef CORE_FAKE_HOST_H
#define CORE_FAKE_HOST_H

#include <linux/types.h>

struct host_page;

struct host_mem {
	struct host_page **slots;
	unsigned int num_slots;
	unsigned int num_pages;
};

void host_init(struct host_mem *mem);
void host_free(struct host_mem *mem);
void host_read(struct host_mem *mem, u64 addr, void *buf, size_t len);
void host_write(struct host_mem *mem, u64 addr, const void *buf, size_t len);

/* Whether all bytes are the same; if not, *@where is an address where they are not */
bool host_same(struct host_mem *a, struct host_mem *b, u64 *where);

#endif /* CORE_FAKE_HOST_H */
