/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Floor 2: host memory as seen by a function, through outbound windows
 *
 * The only part that maps windows and touches them.  Payload goes through a small
 * cache of windows, each far larger than a buffer, since mapping one costs a mutex,
 * an ioremap and register writes.  The first rings of an epoch have windows of their
 * own, as long as that leaves one to all else.  The others share the cache with
 * payload: many lie in one window where a driver allocates them at one go, and where
 * not, there is no number of rings that a controller has too few windows for.
 *
 * Several threads may use it at a time, each in a lane of its own.  A window is not
 * unmapped while somebody is in the middle of a burst through it; who finds all of
 * them in use waits, for no longer than a burst takes.  Everything here may sleep.
 */
#ifndef EPFV_HOSTMEM_H
#define EPFV_HOSTMEM_H

#include <linux/mutex.h>
#include <linux/pci-epc.h>
#include <linux/pci-epf.h>
#include <linux/types.h>
#include <linux/wait.h>

#include "stats.h"

#define EPFV_REGION_PIECES	4
#define EPFV_CACHE_WINDOWS	4

/* Regions that may have windows of their own */
#define EPFV_PINNED_REGIONS	4

/* Who uses host memory in no epoch is let nowhere */
#define EPFV_NO_EPOCH		0

/**
 * struct epfv_lane - the way to host memory of one thread, for one queue
 * @hm: host memory
 * @epoch: whose memory may be used, EPFV_NO_EPOCH: none; changed by the thread only
 * @stats: what was done in it
 * @burst: accesses since the gate was asked
 */
struct epfv_lane {
	struct epfv_hostmem *hm;
	u32 epoch;
	struct epfv_stats stats;
	unsigned int burst;
};

/**
 * struct epfv_window - one mapped outbound window
 * @map: the EPC core's record of it
 * @addr: first host address it shows
 * @size: bytes it shows; 0: not mapped
 * @written: epoch in which it was written to since it was mapped, or EPFV_NO_EPOCH
 * @users: threads in the middle of a burst through it
 * @used: when it was used last, in units of &epfv_hostmem.clock
 */
struct epfv_window {
	struct pci_epc_map map;
	u64 addr;
	size_t size;
	u32 written;
	unsigned int users;
	u64 used;
};

/**
 * struct epfv_region - a range of host memory that is used again and again
 * @addr: host address of its first byte
 * @len: bytes; 0: not in use
 * @pieces: its own windows that show it, in ascending order
 * @num_pieces: entries used in @pieces; 0: it has none
 */
struct epfv_region {
	u64 addr;
	u32 len;
	struct epfv_window pieces[EPFV_REGION_PIECES];
	unsigned int num_pieces;
};

/**
 * struct epfv_hostmem - access to the host's memory for one function
 * @epf: the function, bound to a controller
 * @gate: asked before each burst, and after the last one of a read; false: the memory of
 *	that epoch must not be used any more, what was read is void, and the call fails
 *	with -ESHUTDOWN.  Any thread, any context
 * @gate_ctx: handed to @gate
 * @answers: the host's driver has answered, since it set its queues up
 * @told: that it does not was said, and it never has since then
 * @lock: guards all that follows, and windows
 * @wait: for a window that is not in use any more
 * @puts: counts those
 * @maps: windows mapped
 * @unmaps: windows unmapped
 * @cache: windows for payload, and for regions without their own
 * @pinned: regions that have their own
 * @num_pinned: how many
 * @max_pinned: how many may have, until no region is in use
 * @enough_for: so many had, when there was a window for payload, too
 * @num_regions: regions in use
 * @granule: bytes to map at once for payload, a power of two
 * @clock: counts uses of @cache
 */
struct epfv_hostmem {
	struct pci_epf *epf;
	bool (*gate)(void *ctx, u32 epoch);
	void *gate_ctx;
	bool answers;
	bool told;
	struct mutex lock; /* windows */
	wait_queue_head_t wait;
	unsigned int puts;
	u64 maps;
	u64 unmaps;
	struct epfv_window cache[EPFV_CACHE_WINDOWS];
	struct epfv_region *pinned[EPFV_PINNED_REGIONS];
	unsigned int num_pinned;
	unsigned int max_pinned;
	unsigned int enough_for;
	unsigned int num_regions;
	size_t granule;
	u64 clock;
};

void epfv_hostmem_init(struct epfv_hostmem *hm, struct pci_epf *epf,
		       bool (*gate)(void *ctx, u32 epoch), void *gate_ctx);

/* Unmap the payload cache; regions keep their own windows */
void epfv_hostmem_flush(struct epfv_lane *lane);

/* Unmap one window of it; returns whether there was one */
bool epfv_hostmem_release(struct epfv_lane *lane);

/* Leave a window to others */
void epfv_hostmem_yield(struct epfv_lane *lane);

/*
 * Prepare a range of host memory for use until epfv_region_unmap().  Returns 0,
 * -EINVAL if the range wraps, -ENOSPC if it would need too many windows, or the
 * controller's error if it cannot reach it.
 */
int epfv_region_map(struct epfv_lane *lane, struct epfv_region *region, u64 addr, u32 len);
void epfv_region_unmap(struct epfv_lane *lane, struct epfv_region *region);

/*
 * Copy between memory and a region, at offset @off in bytes.  Reads may load
 * up to 7 more bytes on either side (whole aligned words, never leaving one).
 * Aligned accesses of 2, 4 and 8 bytes are single.  Returns 0, -ERANGE outside
 * the region, or -ESHUTDOWN (see gate above).
 */
int epfv_region_read(struct epfv_lane *lane, struct epfv_region *region, u32 off, void *buf,
		     u32 len);
int epfv_region_write(struct epfv_lane *lane, struct epfv_region *region, u32 off,
		      const void *buf, u32 len);

/*
 * Copy payload from or to any host address.  Returns 0, -ESHUTDOWN, or the
 * error of the controller if it cannot reach the address.
 */
int epfv_hostmem_read(struct epfv_lane *lane, void *buf, u64 addr, size_t len);
int epfv_hostmem_write(struct epfv_lane *lane, u64 addr, const void *buf, size_t len);

#endif /* EPFV_HOSTMEM_H */
