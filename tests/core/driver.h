/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The driver's half of a virtqueue, in memory of either machine
 */
#ifndef CORE_DRIVER_H
#define CORE_DRIVER_H

#include <linux/types.h>

#include "ring.h"

#define DRIVER_MAX_DESC		EPFV_RING_MAX_SIZE

/**
 * struct driver_mem - the memory a driver's ring and buffers are in
 * @load: copy @len bytes at @addr to @buf
 * @store: copy @len bytes from @buf to @addr
 */
struct driver_mem {
	void (*load)(void *ctx, u64 addr, void *buf, u32 len);
	void (*store)(void *ctx, u64 addr, const void *buf, u32 len);
};

/* The endpoint's memory, at its addresses; no context */
extern const struct driver_mem driver_local_mem;

struct driver {
	const struct driver_mem *mem;
	void *ctx;
	u64 base;
	u16 num;
	u32 avail;	/* offsets in the ring */
	u32 used;
	u16 avail_idx;
	u16 used_idx;
	u16 in_flight;
	bool busy[DRIVER_MAX_DESC];
	u16 next[DRIVER_MAX_DESC];	/* @num: the last of its chain */
};

void driver_init(struct driver *d, const struct driver_mem *mem, void *ctx, u64 base, u16 num,
		 u32 align);

/* Make a buffer available; returns its head, or -1 if there are not enough descriptors */
int driver_add(struct driver *d, const struct epfv_seg *segs, unsigned int n);

/* Take a used buffer; returns its head, or -1 if there is none */
int driver_get(struct driver *d, u32 *len);

/* Whether the driver wants to hear of used buffers */
void driver_want_interrupt(struct driver *d, bool want);

#endif /* CORE_DRIVER_H */
