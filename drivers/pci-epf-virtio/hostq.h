/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One virtqueue of the host's driver: a ring in host memory and its interrupt
 *
 * One thread at a time; everything here may sleep.
 */
#ifndef VEPF_HOSTQ_H
#define VEPF_HOSTQ_H

#include <linux/ktime.h>
#include <linux/types.h>

#include "hostmem.h"
#include "irq.h"
#include "ring.h"
#include "stats.h"

/*
 * Where the host cannot be reached, pauses between attempts: it may be back in a moment,
 * or, with a controller that does not tell of the link, be gone
 */
#define VEPF_HOSTQ_AGAIN_MIN_NS	NSEC_PER_MSEC
#define VEPF_HOSTQ_AGAIN_MAX_NS	(20 * NSEC_PER_MSEC)

/**
 * struct vepf_hostq - a virtqueue in host memory
 * @name: for messages
 * @hm: the memory
 * @irq: its interrupts
 * @region: the ring, mapped while @live and for a while after that
 * @ring: device's half
 * @vector: MSI-X table entry or VEPF_NO_VECTOR
 * @live: may be served
 * @held: what its driver makes available from some point on is not taken yet, even if it is
 *	another driver by now
 * @scan: the driver may have made buffers available since the last poll
 * @again_ns: pause after the last attempt to reach the host, 0 if it was reached
 * @again_at: when the pause ends
 * @messages: buffers used
 * @bytes: payload moved
 * @stats: what that took; of the function's counters, this queue's part
 */
struct vepf_hostq {
	const char *name;
	struct vepf_hostmem *hm;
	struct vepf_irq *irq;
	struct vepf_region region;
	struct vepf_ring *ring;
	u16 vector;
	bool live;
	bool held;
	bool scan;
	u64 again_ns;
	ktime_t again_at;
	u64 messages;
	u64 bytes;
	struct vepf_stats stats;
};

int vepf_hostq_init(struct vepf_hostq *q, const char *name, struct vepf_hostmem *hm,
		    struct vepf_irq *irq);
void vepf_hostq_free(struct vepf_hostq *q);
int vepf_hostq_start(struct vepf_hostq *q, u32 pfn, u16 num, u16 vector);
void vepf_hostq_stop(struct vepf_hostq *q);
bool vepf_hostq_keep(struct vepf_hostq *q, u32 pfn, u16 num);
bool vepf_hostq_release(struct vepf_hostq *q);
void vepf_hostq_hold(struct vepf_hostq *q);
void vepf_hostq_unhold(struct vepf_hostq *q);
void vepf_hostq_abandon(struct vepf_hostq *q);
void vepf_hostq_scan(struct vepf_hostq *q);
int vepf_hostq_next(struct vepf_hostq *q, struct vepf_buf *buf);
void vepf_hostq_done(struct vepf_hostq *q, const struct vepf_buf *buf, u32 written, u64 moved);
int vepf_hostq_publish(struct vepf_hostq *q);
u64 vepf_hostq_finish(struct vepf_hostq *q, int err);
bool vepf_hostq_more(const struct vepf_hostq *q);
void vepf_hostq_bad_address(struct vepf_hostq *q, const struct vepf_seg *seg, int err);

#endif /* VEPF_HOSTQ_H */
