// SPDX-License-Identifier: GPL-2.0
/*
 * 2^64 bytes of host memory, of which those that were touched exist
 */
#include <stdlib.h>
#include <string.h>

#include "fake-host.h"

#define PAGE		4096

struct host_page {
	u64 addr;
	u8 data[PAGE];
};

static u8 untouched(u64 addr)
{
	u64 z = addr * 0x9e3779b97f4a7c15;

	return (z ^ z >> 29) >> 32;
}

void host_init(struct host_mem *mem)
{
	mem->num_slots = 1024;
	mem->num_pages = 0;
	mem->slots = calloc(mem->num_slots, sizeof(*mem->slots));
}

void host_free(struct host_mem *mem)
{
	unsigned int i;

	for (i = 0; i < mem->num_slots; i++)
		free(mem->slots[i]);
	free(mem->slots);
	memset(mem, 0, sizeof(*mem));
}

/* Where the page is, or should be put */
static struct host_page **find_slot(struct host_mem *mem, u64 addr)
{
	unsigned int i = (addr / PAGE * 0x9e3779b97f4a7c15) >> 40 & (mem->num_slots - 1);

	while (mem->slots[i] && mem->slots[i]->addr != addr)
		i = (i + 1) & (mem->num_slots - 1);
	return &mem->slots[i];
}

static void grow(struct host_mem *mem)
{
	struct host_page **old = mem->slots;
	unsigned int i, n = mem->num_slots;

	mem->num_slots *= 2;
	mem->slots = calloc(mem->num_slots, sizeof(*mem->slots));
	for (i = 0; i < n; i++)
		if (old[i])
			*find_slot(mem, old[i]->addr) = old[i];
	free(old);
}

static struct host_page *touch(struct host_mem *mem, u64 addr)
{
	struct host_page **slot = find_slot(mem, addr);
	unsigned int i;

	if (*slot)
		return *slot;
	if (mem->num_pages * 2 >= mem->num_slots) {
		grow(mem);
		slot = find_slot(mem, addr);
	}
	mem->num_pages++;
	*slot = malloc(sizeof(**slot));
	(*slot)->addr = addr;
	for (i = 0; i < PAGE; i++)
		(*slot)->data[i] = untouched(addr + i);
	return *slot;
}

static u8 *byte(struct host_mem *mem, u64 addr)
{
	return &touch(mem, addr & ~(u64)(PAGE - 1))->data[addr & (PAGE - 1)];
}

static size_t to_page_end(u64 addr, size_t len)
{
	size_t n = PAGE - (addr & (PAGE - 1));

	return n < len ? n : len;
}

void host_read(struct host_mem *mem, u64 addr, void *buf, size_t len)
{
	while (len) {
		size_t n = to_page_end(addr, len);

		memcpy(buf, byte(mem, addr), n);
		buf = (char *)buf + n;
		addr += n;
		len -= n;
	}
}

void host_write(struct host_mem *mem, u64 addr, const void *buf, size_t len)
{
	while (len) {
		size_t n = to_page_end(addr, len);

		memcpy(byte(mem, addr), buf, n);
		buf = (const char *)buf + n;
		addr += n;
		len -= n;
	}
}

/* Whether all pages of @a are as in @b */
static bool covers(struct host_mem *a, struct host_mem *b, u64 *where)
{
	unsigned int i, k;

	for (i = 0; i < a->num_slots; i++) {
		const struct host_page *page = a->slots[i], *other;

		if (!page)
			continue;
		other = touch(b, page->addr);
		for (k = 0; k < PAGE; k++) {
			if (page->data[k] != other->data[k]) {
				*where = page->addr + k;
				return false;
			}
		}
	}
	return true;
}

bool host_same(struct host_mem *a, struct host_mem *b, u64 *where)
{
	return covers(a, b, where) && covers(b, a, where);
}
