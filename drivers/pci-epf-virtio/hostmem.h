/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Host memory as seen by a function: outbound windows
 *
 * The only part that maps windows and touches them.  Rings are mapped once
 * per epoch; payload goes through a small cache of windows, each far larger
 * than a buffer, since mapping one costs a mutex, an ioremap and register
 * writes.
 *
 * One thread at a time; everything here may sleep.
 */
#ifndef VEPF_HOSTMEM_H
#define VEPF_HOSTMEM_H

#include <linux/pci-epc.h>
#include <linux/pci-epf.h>
#include <linux/types.h>

#include "stats.h"

#define VEPF_REGION_PIECES	4
#define VEPF_CACHE_WINDOWS	4

/**
 * struct vepf_window - one mapped outbound window
 * @map: the EPC core's record of it
 * @addr: first host address it shows
 * @size: bytes it shows; 0: not mapped
 * @dirty: written to since it was mapped or read back
 * @used: when it was used last, in units of &vepf_hostmem.clock
 */
struct vepf_window {
	struct pci_epc_map map;
	u64 addr;
	size_t size;
	bool dirty;
	u64 used;
};

/**
 * struct vepf_region - a range of host memory that stays mapped
 * @addr: host address of its first byte
 * @len: bytes
 * @pieces: windows that show it, in ascending order
 * @num_pieces: entries used in @pieces; 0: not mapped
 */
struct vepf_region {
	u64 addr;
	u32 len;
	struct vepf_window pieces[VEPF_REGION_PIECES];
	unsigned int num_pieces;
};

/**
 * struct vepf_hostmem - access to the host's memory for one function
 * @epf: the function, bound to a controller
 * @stats: where accesses are counted
 * @gate: asked before each burst; false: the host's memory must not be used
 *	any more and the call fails with -ESHUTDOWN
 * @gate_ctx: handed to @gate
 * @burst: accesses since @gate was asked
 * @cache: windows for payload
 * @granule: bytes to map at once for payload, a power of two
 * @clock: counts uses of @cache
 */
struct vepf_hostmem {
	struct pci_epf *epf;
	struct vepf_stats *stats;
	bool (*gate)(void *ctx);
	void *gate_ctx;
	unsigned int burst;
	struct vepf_window cache[VEPF_CACHE_WINDOWS];
	size_t granule;
	u64 clock;
};

void vepf_hostmem_init(struct vepf_hostmem *hm, struct pci_epf *epf,
		       struct vepf_stats *stats, bool (*gate)(void *ctx), void *gate_ctx);

/* Unmap the payload cache; regions stay */
void vepf_hostmem_flush(struct vepf_hostmem *hm);

/*
 * Map a range of host memory until vepf_region_unmap().  Returns 0, -EINVAL
 * if the range wraps, -ENOSPC if it needs too many windows, or the
 * controller's error.
 */
int vepf_region_map(struct vepf_hostmem *hm, struct vepf_region *region, u64 addr, u32 len);
void vepf_region_unmap(struct vepf_hostmem *hm, struct vepf_region *region);

/*
 * Copy between memory and a region, at offset @off in bytes.  Reads may load
 * up to 7 more bytes on either side (whole aligned words, never leaving one).
 * Aligned accesses of 2, 4 and 8 bytes are single.  Returns 0, -ERANGE outside
 * the region, or -ESHUTDOWN (see gate above).
 */
int vepf_region_read(struct vepf_hostmem *hm, struct vepf_region *region,
		     u32 off, void *buf, u32 len);
int vepf_region_write(struct vepf_hostmem *hm, struct vepf_region *region,
		      u32 off, const void *buf, u32 len);

/*
 * Copy payload from or to any host address.  Returns 0, -ESHUTDOWN, or the
 * error of the controller if it cannot reach the address.
 */
int vepf_hostmem_read(struct vepf_hostmem *hm, void *buf, u64 addr, size_t len);
int vepf_hostmem_write(struct vepf_hostmem *hm, u64 addr, const void *buf, size_t len);

#endif /* VEPF_HOSTMEM_H */
