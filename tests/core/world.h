/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Two machines, their drivers, and the pipes between them, in fake time
 *
 * world_run() is to the pipes what function.c and poller.c are: it calls them
 * when they asked for it, when a driver has notified, and never else.
 */
#ifndef CORE_WORLD_H
#define CORE_WORLD_H

#include "direct.h"
#include "driver.h"
#include "fake-epc.h"
#include "fake-kernel.h"
#include "pipe.h"

#define QUEUE_SIZE	64
#define SLOTS		64
#define SLOT_SIZE	(128 * 1024)
#define MAX_SEGS	8
#define MAX_RECEIVED	(16 << 20)

#define USEC		1000ULL
#define MSEC		1000000ULL

/* Bytes that one call may move: what pipe.c calls a round, and one piece more */
#define ROUND_MAX	(16384 + VEPF_PIPE_CHUNK)

struct world;

/**
 * struct side - a driver that sends or receives a stream of bytes
 * @pos: bytes sent so far, of a stream whose every byte is known
 * @received: what came, in order
 * @returned: buffers that came back
 * @slowest: longest that a buffer was away, in nanoseconds
 */
struct side {
	struct world *w;
	struct driver d;
	bool host;
	bool receives;
	char *ring;		/* the endpoint's: memory of ring and buffers */
	u64 slots;		/* address of the buffers */
	bool slot_busy[SLOTS];
	unsigned int slot[DRIVER_MAX_DESC];	/* by head */
	struct vepf_seg segs[DRIVER_MAX_DESC][MAX_SEGS];
	unsigned int num_segs[DRIVER_MAX_DESC];
	ktime_t since[DRIVER_MAX_DESC];
	unsigned int in_flight;
	u64 pos;
	u8 *received;
	u64 num_received;
	unsigned long returned;
	u64 slowest;
};

/* A queue of the endpoint's driver */
struct world_queue {
	struct vepf_localq q;
	struct world *w;
};

struct world {
	struct host_mem host;
	struct fake_epc epc;
	struct pci_epf epf;
	struct vepf_stats stats;
	struct vepf_irq irq;
	struct vepf_hostmem hm;
	bool open;
	unsigned long asked;
	unsigned long close_after;

	struct vepf_hostq host_tx;
	struct vepf_hostq host_rx;
	struct world_queue local[2];
	struct vepf_localq *local_tx;
	struct vepf_localq *local_rx;
	struct vepf_pipe from_host;
	struct vepf_pipe to_host;
	unsigned long calls[2];		/* callbacks into the endpoint's drivers, by queue */

	struct side htx, hrx, ltx, lrx;
	bool host_up;
	unsigned int boots;

	bool kicked;
	bool scan;
	ktime_t due;
	ktime_t host_kick;		/* when a notification of the host is seen */
	unsigned long polls;
	void (*step)(struct world *w);	/* what the drivers do, called very often */
};

struct world *world_new(const struct fake_profile *profile);
struct world *world_new_lossless(const struct fake_profile *profile);
/* The endpoint has no driver; its first queue is the one that it receives from */
struct world *world_new_direct(struct vepf_direct *direct, bool lossless);
void world_free(struct world *w);

/* The host's driver sets its queues up; resets the device; the gate closes some time before */
void world_host_up(struct world *w);
void world_host_down(struct world *w);
void world_local_up(struct world *w);
void world_local_down(struct world *w);

/* One round of the poller; returns when the next is due, in nanoseconds */
u64 world_poll(struct world *w, bool scan);
void world_run(struct world *w, u64 ns);

/* Send the next @len bytes of the stream in @n descriptors; false: no room */
bool side_send(struct side *s, u32 len, unsigned int n);
/* Offer a buffer */
bool side_offer(struct side *s, u32 len, unsigned int n);
/* Make these descriptors available as they are, and notify */
int side_add_raw(struct side *s, const struct vepf_seg *segs, unsigned int n);
/* Take back what was used */
void side_reap(struct side *s);

/* A byte of the stream that every side sends */
u8 stream_byte(u64 i);

/* Bytes of the stream that did not come; fails if others came, or in another order */
u64 side_gaps(const struct side *s, u64 sent);

#endif /* CORE_WORLD_H */
