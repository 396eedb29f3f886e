/* SPDX-License-Identifier: GPL-2.0 */
/*
 * mem: accesses to memory that a running machine accesses too
 *
 * Offered to:	host_fn (BARs in the endpoint's RAM), ep_window, ep_atu and ep_dma; host_ram
 *		and vfu_dma, which map it.
 * Each naturally aligned piece of 1, 2, 4 or 8 bytes is one single-copy atomic
 * load or store, in ascending order, as a bus would do it.
 */
#ifndef CABLE_MEM_H
#define CABLE_MEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "loop.h"

void mem_read(uint8_t *to, const uint8_t *from, uint32_t count);
void mem_write(uint8_t *to, const uint8_t *from, uint32_t count);

/**
 * struct mem_map - a file in our memory, of which parts may go while it is mapped
 *
 * It may be made shorter, or there may be no room for a part that is used for the first time.
 * What is gone, and what follows it in the file, reads as zero, and writes go nowhere.
 *
 * @mem: where it is
 * @size: bytes
 * @lost: told in the loop, once, that a part is gone
 * @arg: for @lost
 * @is_lost: a part is
 * @told: so @lost has been called
 * @next: mem's own
 */
struct mem_map {
	uint8_t *mem;
	size_t size;
	void (*lost)(void *arg);
	void *arg;
	bool is_lost;
	bool told;
	struct mem_map *next;
};

/* Between these two @map stays in its place. */
void mem_add(struct mem_map *map);
void mem_del(struct mem_map *map);

/* Before the first mem_add(); 0, or a negative errno */
int mem_init(struct loop *loop);
void mem_exit(void);

#endif /* CABLE_MEM_H */
