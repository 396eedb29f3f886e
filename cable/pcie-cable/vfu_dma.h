/* SPDX-License-Identifier: GPL-2.0 */
/*
 * vfu_dma: what a machine has told about its address space
 *
 * Offered to:	vfu_msg, which fills it, and host_fn and ep_ctrl, which look up.
 *
 * Files are mapped once, as a whole, and stay mapped until the machine goes: a
 * PC's firmware unmaps and maps again nearly all of its RAM dozens of times.
 * Ranges without a file (ROM, video memory, other devices) are kept as such,
 * so that "not shared" can be told from "not there".
 */
#ifndef CABLE_VFU_DMA_H
#define CABLE_VFU_DMA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include "mem.h"
#include "vfu_proto.h"

#define VFU_DMA_MAX_FILES	32

struct vfu_dma_file {
	dev_t dev;
	ino_t ino;
	struct mem_map map;
	bool writable;
};

struct vfu_dma_range {
	uint64_t addr;
	uint64_t size;
	uint8_t *mem;			/* NULL: not shared */
	bool writable;			/* by a device, and in @mem */
};

struct vfu_dma {
	struct vfu_dma_range *ranges;	/* sorted by address, never overlapping */
	unsigned int num_ranges;
	unsigned int max_ranges;
	struct vfu_dma_file files[VFU_DMA_MAX_FILES];
	unsigned int num_files;
	bool seen_shared;		/* a writable range with a file, ever */
	bool seen_unshared;		/* a writable range without one, ever */
	void (*lost)(void *arg);	/* a part of a file is not there any more */
	void *arg;
};

enum vfu_dma_found {
	VFU_DMA_FOUND,
	VFU_DMA_NOTHING,		/* not (all) in the machine's memory */
	VFU_DMA_UNSHARED,		/* memory, but not shared with us */
};

/* @lost is called with @arg, once for each file of which a part goes */
void vfu_dma_init(struct vfu_dma *dma, void (*lost)(void *arg), void *arg);
void vfu_dma_exit(struct vfu_dma *dma);

/*
 * Take in a range; @fd is -1 or a file that the caller goes on owning.
 * 0, -EINVAL (bad range, outside the file), -EEXIST (overlap), -ENOSPC
 * (too many), or the errno of mmap.
 */
int vfu_dma_map(struct vfu_dma *dma, const struct vfu_dma_map *map, int fd);

/* The same of a file that is in our memory already, @size bytes from @mem on */
int vfu_dma_map_memory(struct vfu_dma *dma, const struct vfu_dma_map *map, uint8_t *mem,
		       uint64_t size);

/* Remove the ranges inside @addr, @size.  0, -ENOENT, -EINVAL (cuts one). */
int vfu_dma_unmap(struct vfu_dma *dma, uint64_t addr, uint64_t size);
void vfu_dma_unmap_all(struct vfu_dma *dma);

/* Where [@addr, @addr + @size) is in our own memory, for reading and writing. */
enum vfu_dma_found vfu_dma_find(const struct vfu_dma *dma, uint64_t addr,
				uint64_t size, uint8_t **mem);

/*
 * Where @addr is in our own memory, for reading or (@write) writing, and how many of *@size
 * bytes are in one piece there; NULL: not at all.
 */
uint8_t *vfu_dma_piece(const struct vfu_dma *dma, uint64_t addr, uint32_t *size, bool write);

#endif /* CABLE_VFU_DMA_H */
