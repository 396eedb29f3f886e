/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One virtqueue of the host's driver: a ring in host memory and its interrupt
 *
 * One thread at a time; everything here may sleep.
 */
#ifndef EPFV_HOSTQ_H
#define EPFV_HOSTQ_H

#include <linux/ktime.h>
#include <linux/sizes.h>
#include <linux/types.h>

#include "hostmem.h"
#include "irq.h"
#include "ring.h"
#include "transport.h"

/*
 * Where the host cannot be reached, pauses between attempts: it may be back in a moment,
 * or, with a controller that does not tell of the link, be gone
 */
#define EPFV_HOSTQ_AGAIN_MIN_NS	NSEC_PER_MSEC
#define EPFV_HOSTQ_AGAIN_MAX_NS	(20 * NSEC_PER_MSEC)

/* Descriptor table, available ring and used ring; mapped as one where no more is between them */
#define EPFV_HOSTQ_PARTS	3
#define EPFV_HOSTQ_GAP		SZ_4K

/**
 * struct epfv_hostq - a virtqueue in host memory
 * @name: for messages
 * @lane: the way to its memory, and what was done on it
 * @irq: its interrupts
 * @region: the ring, in one piece or more, mapped while @live and for a while after that
 * @num_regions: how many
 * @ring: device's half
 * @vector: MSI-X table entry or EPFV_NO_VECTOR
 * @live: may be served
 * @held: what its driver makes available from some point on is not taken yet, even if it is
 *	another driver by now
 * @scan: the driver may have made buffers available since the last poll
 * @again_ns: pause after the last attempt to reach the host, 0 if it was reached
 * @again_at: when the pause ends
 * @messages: buffers used
 * @bytes: payload moved
 */
struct epfv_hostq {
	const char *name;
	struct epfv_lane lane;
	struct epfv_irq *irq;
	struct epfv_region region[EPFV_HOSTQ_PARTS];
	unsigned int num_regions;
	struct epfv_ring *ring;
	u16 vector;
	bool live;
	bool held;
	bool scan;
	u64 again_ns;
	ktime_t again_at;
	u64 messages;
	u64 bytes;
};

int epfv_hostq_init(struct epfv_hostq *q, const char *name, struct epfv_hostmem *hm,
		    struct epfv_irq *irq);
void epfv_hostq_free(struct epfv_hostq *q);
int epfv_hostq_start(struct epfv_hostq *q, const struct epfv_queue_setup *setup);
void epfv_hostq_stop(struct epfv_hostq *q);
bool epfv_hostq_keep(struct epfv_hostq *q, const struct epfv_queue_setup *setup);
bool epfv_hostq_release(struct epfv_hostq *q);
void epfv_hostq_hold(struct epfv_hostq *q, struct epfv_lane *lane);
void epfv_hostq_unhold(struct epfv_hostq *q);
void epfv_hostq_abandon(struct epfv_hostq *q);
void epfv_hostq_scan(struct epfv_hostq *q);
int epfv_hostq_take(struct epfv_hostq *q, struct epfv_request *req);
void epfv_hostq_complete(struct epfv_hostq *q, const struct epfv_request *req, u32 written,
			 u64 moved);
int epfv_hostq_publish(struct epfv_hostq *q);
u64 epfv_hostq_finish(struct epfv_hostq *q, int err);
bool epfv_hostq_more(const struct epfv_hostq *q);
void epfv_hostq_bad_address(struct epfv_hostq *q, const struct epfv_seg *seg, int err);

#endif /* EPFV_HOSTQ_H */
