/* SPDX-License-Identifier: GPL-2.0 */
/*
 * host_mem: what the host machine shows of its memory to a function
 *
 * Offered to:	host_fn (what QEMU maps, and when the function is enabled), ep_atu and ep_dma
 *		(what the function reaches).
 */
#ifndef CABLE_HOST_MEM_H
#define CABLE_HOST_MEM_H

#include <stdbool.h>
#include <stdint.h>

#include "vfu_dma.h"

struct host_fn;

/* QEMU maps a range for the function; @fd is -1 or the file with it.  0 or a negative errno. */
int host_mem_map(struct host_fn *host, const struct vfu_dma_map *map, int fd);

/*
 * The host has enabled the function: is what it shows its RAM, and as it is?  What is wrong, or
 * has changed since the last time, is said; a machine without RAM that it shares ends the loop.
 */
void host_mem_look(struct host_fn *host);

/*
 * Memory of the host at @addr, as the function has it, for reading or (@write) writing, and how
 * many of *@count bytes are in one piece there; NULL: the host does not answer.
 */
uint8_t *host_mem_at(const struct host_fn *host, uint64_t addr, uint32_t *count, bool write);

#endif /* CABLE_HOST_MEM_H */
