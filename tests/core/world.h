/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Two machines, their drivers, and the pipes between them, in fake time
 *
 * The function between them is the whole of it, bound to a fake controller: what happens in
 * it is the poller's thread's doing, and that of who calls it.
 */
#ifndef CORE_WORLD_H
#define CORE_WORLD_H

#include "driver.h"
#include "fake-epc.h"
#include "fake-epf.h"
#include "fake-kernel.h"
#include "fake-sched.h"
#include "fake-virtio.h"
#include "function.h"
#include "legacy.h"

#define QUEUE_SIZE	64
#define SLOTS		64
#define SLOT_SIZE	(128 * 1024)
#define MAX_SEGS	8
#define MAX_RECEIVED	(16 << 20)

#define USEC		1000ULL
#define MSEC		1000000ULL

/* The thread looks that often, in so many milliseconds, whether MSI-X is still enabled */
#define WATCHES(ms)	((ms) / 20)

/* Bytes that one call may move: what pipe.c calls a round, and one piece more */
#define ROUND_MAX	(16384 + EPFV_PIPE_CHUNK)

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
	u16 queue;
	u64 slots;		/* address of the buffers */
	bool slot_busy[SLOTS];
	unsigned int slot[DRIVER_MAX_DESC];	/* by head */
	struct epfv_seg segs[DRIVER_MAX_DESC][MAX_SEGS];
	unsigned int num_segs[DRIVER_MAX_DESC];
	ktime_t since[DRIVER_MAX_DESC];
	unsigned int in_flight;
	u64 pos;
	u8 *received;
	u64 num_received;
	unsigned long returned;
	u64 slowest;
};

/**
 * struct world - both machines
 * @type: what the function is; as &struct epfv_type has it, until it is bound
 * @ops: the same; @create and @bind are there
 * @vectors: of the card
 * @use_msix: the host enables MSI-X
 * @accepts: features that the host's driver knows
 * @silent: the host's memory reads all-ones where its driver looks for buffers; from the start
 * @step: what the drivers do, called very often
 *
 * All from @f on is valid while the function is bound.
 */
struct world {
	struct host_mem host;
	struct fake_epc epc;
	struct epfv_driver drv;
	struct epfv_type type;
	struct epfv_type_ops ops;
	int vectors;
	bool use_msix;
	u32 accepts;
	bool silent;
	void (*step)(struct world *w);

	struct epfv_function *f;
	bool bound;
	struct epfv_pipe *from_host;
	struct epfv_pipe *to_host;
	struct epfv_hostq *host_tx;
	struct epfv_hostq *host_rx;
	struct epfv_localq *local_tx;
	struct epfv_localq *local_rx;
	struct legacy driver;
	struct side htx, hrx, ltx, lrx;
	u32 flags_and_idx[2];
	bool host_up;
	unsigned int boots;
};

/* A function that is not there yet; it is made in configfs; it is bound, and the link is up */
struct world *world_make(const struct fake_profile *profile);
void world_create(struct world *w);
void world_bind(struct world *w);
void world_unbind(struct world *w);
void world_free(struct world *w);

/* All at once, of the usual kinds; with world_new_direct() the endpoint has no driver */
struct world *world_new(const struct fake_profile *profile);
struct world *world_new_lossless(const struct fake_profile *profile);
struct world *world_new_direct(void (*changed)(void *priv, unsigned int pair), bool lossless);

/* Fixtures: one of world_new(), bound; one that is made only; and the end of either */
int world_setup(void **state);
int world_setup_unbound(void **state);
int world_teardown(void **state);

/* The host's driver sets its queues up; is unbound */
void world_host_up(struct world *w);
void world_host_down(struct world *w);

/* Its memory answers, as it has not from the start */
void world_host_answers(struct world *w);
void world_local_up(struct world *w);
void world_local_down(struct world *w);

/* What the function has done, in all */
struct epfv_stats world_stats(const struct world *w);

/* How often its threads have woken, all together */
u64 world_wakeups(const struct world *w);

/* Have its threads run at the next chance */
void world_kick(struct world *w);
/* What it does in a round, by hand; returns when the next is due, in nanoseconds */
u64 world_poll(struct world *w, bool scan);
/* Let everything run for so long; without the drivers' steps */
void world_idle(u64 ns);
void world_run(struct world *w, u64 ns);

/* Send the next @len bytes of the stream in @n descriptors; false: no room */
bool side_send(struct side *s, u32 len, unsigned int n);
/* Offer a buffer */
bool side_offer(struct side *s, u32 len, unsigned int n);
/* Make these descriptors available as they are, and notify */
int side_add_raw(struct side *s, const struct epfv_seg *segs, unsigned int n);
/* Take back what was used */
void side_reap(struct side *s);

/* A byte of the stream that every side sends */
u8 stream_byte(u64 i);

/* Bytes of the stream that did not come; fails if others came, or in another order */
u64 side_gaps(const struct side *s, u64 sent);

#endif /* CORE_WORLD_H */
