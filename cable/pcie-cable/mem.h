/* SPDX-License-Identifier: GPL-2.0 */
/*
 * mem: accesses to memory that a running machine accesses too
 *
 * Offered to:	host_fn (BARs in the endpoint's RAM) and ep_window.
 * Each naturally aligned piece of 1, 2, 4 or 8 bytes is one single-copy atomic
 * load or store, in ascending order, as a bus would do it.
 */
#ifndef CABLE_MEM_H
#define CABLE_MEM_H

#include <stdint.h>

void mem_read(uint8_t *to, const uint8_t *from, uint32_t count);
void mem_write(uint8_t *to, const uint8_t *from, uint32_t count);

/*
 * Survive files that shrink while they are mapped: what is gone reads as zero and
 * writes go nowhere.  0, or a negative errno.
 */
int mem_init(void);

#endif /* CABLE_MEM_H */
