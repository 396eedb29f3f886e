/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A host's driver, host memory, a PCIe link and an endpoint, as one state
 *
 * A state is plain data without holes.  Moves lead from one to the next: a store
 * of the host becomes visible, the host does a step, a posted write arrives, a
 * piece of a read is satisfied, either side has something new to send or takes
 * something.  All that can happen next, in any order, is what is searched.
 */
#ifndef RING_MODEL_WORLD_H
#define RING_MODEL_WORLD_H

#include <linux/types.h>

#include "ring.h"

#define MAX_QUEUES	2
#define MAX_NUM		4	/* descriptors */
#define MAX_PIECES	4	/* of one read */
#define MAX_POSTED	8	/* writes of the endpoint under way */
#define MAX_STORES	8	/* in a store buffer of the host */
#define MAX_LOG		248	/* bytes read in a round of the endpoint */

#define USED_OFFSET	4096	/* of the used ring, for all sizes up to MAX_NUM */
#define BUFFER_ADDR(q, d)	(0x100000 * (u64)((q) + 1) + 0x1000 * (u64)(d))
#define POISON		0xee	/* what lies in a buffer that is the driver's own */

/* How the host's driver learns of used buffers */
enum callbacks {
	CB_TOGGLE,	/* off while it is at work, on before it sleeps; looks again then */
	CB_ON,		/* always on */
	CB_SPIN,	/* always off: waits for each buffer, as hvc does */
};

/**
 * struct setup - what is searched
 * @name: for the report
 * @num: descriptors
 * @num_queues: queues in use
 * @weak: the endpoint's processor keeps the order of its accesses at barriers only
 * @quick: few states
 * @q.to_host: direction
 * @q.messages: to be sent, one to a buffer
 * @q.buffers: available at a time, at most
 * @q.chain: descriptors of a buffer; 0: one and two in turn
 * @q.callbacks: how the driver learns of used buffers
 * @q.toggles: times that the driver turns interrupts on or off for no reason
 * @q.host_stops: the driver may sleep where it could go on, and go on at any time
 * @q.endpoint_stops: from the host: a message is taken only when there is room, and room
 *	comes at any time
 */
struct setup {
	const char *name;
	u8 num;
	u8 num_queues;
	bool weak;
	bool quick;
	struct {
		bool to_host;
		u8 messages;
		u8 buffers;
		u8 chain;
		enum callbacks callbacks;
		u8 toggles;
		bool host_stops;
		bool endpoint_stops;
	} q[MAX_QUEUES];
};

/* What the ring of a few descriptors has in use of struct epfv_ring */
struct packed_ring {
	u64 head[(offsetof(struct epfv_ring, fetched) + 7) / 8];
	struct epfv_request fetched[MAX_NUM];
	u32 num_fetched;
	struct epfv_seg segs[MAX_NUM];
	struct epfv_ring_used done[MAX_NUM];
	struct epfv_ring_desc burst[MAX_NUM];
	u32 num_done;
	u32 burst_first;
	u32 burst_len;
	u32 chain;
	u16 next[MAX_NUM];
	u8 state[MAX_NUM];
	u8 pad[4];
};

/* The driver's part of a queue: descriptor table and available ring */
struct driver_area {
	u8 byte[MAX_NUM * 16 + 4 + MAX_NUM * 2 + 4];
};

enum store_kind {
	STORE_PAYLOAD,
	STORE_DESC,
	STORE_ENTRY,
	STORE_IDX,
	STORE_FLAGS,
};

/* A store of the host that only the host sees yet */
struct store {
	u8 kind;
	u8 index;
	u16 val;
	u16 next;
};

enum host_state {
	HOST_RUNNING,
	HOST_ENABLING,	/* has turned interrupts on, and not looked again yet */
	HOST_ASLEEP,
};

/* The driver of one queue; one context at a time, as its lock would have it */
struct host {
	struct store store[MAX_STORES];
	u8 num_stores;
	u8 state;
	u8 no_interrupt;	/* flags as it has written them */
	u8 unkicked;
	u8 avail_idx;
	u8 last_used;
	u8 free_head;
	u8 num_free;
	u8 in_flight;		/* buffers */
	u8 added;
	u8 returned;
	u8 toggles;
	u8 next[MAX_NUM];	/* of free descriptors, and within a buffer */
	u8 chain[MAX_NUM];	/* descriptors of the buffer with this head, 0: none */
	u8 owned[MAX_NUM];	/* descriptor is part of a buffer in flight */
};

/* One direction as pipe.c serves it */
struct endpoint_queue {
	struct epfv_request req;
	struct epfv_cursor at;
	u8 active;
	u8 seg;
	u8 count;	/* messages received or sent */
	u8 scan;
	u8 limit;	/* messages it may receive or send in this round */
	u8 pad[3];
};

struct world_queue {
	struct packed_ring ring;	/* as before the round that is under way */
	struct endpoint_queue ep;	/* likewise, but for @limit */
	struct driver_area driver;
	struct driver_area old;		/* what a read may find that is not held back */
	u8 used[4 + 8 * MAX_NUM];
	u8 payload[MAX_NUM];
	struct host host;
	u8 limit;			/* messages there are, or room */
	u8 pad[7];
};

enum posted_kind {
	POSTED_USED,
	POSTED_PAYLOAD,
	POSTED_INTERRUPT,
};

/* A write of the endpoint under way */
struct posted {
	u8 kind;
	u8 q;
	u8 off;
	u8 len;
	u8 fence;	/* nothing before it may arrive after it */
	u8 data[8];
	u8 pad[3];
};

enum access_kind {
	ACCESS_LOOK,		/* load the notify register; the first of each round */
	ACCESS_CLEAR,		/* store it */
	ACCESS_RING,
	ACCESS_PAYLOAD,
	ACCESS_POST,		/* wait until posted writes can be taken */
};

/* The access of the endpoint that comes next, or that is under way */
struct access {
	u8 kind;
	u8 q;
	u8 off;
	u8 len;
	u8 piece;	/* bytes */
	u8 got;		/* pieces satisfied, a bit for each */
};

struct world {
	const char *error;

	u8 notify;		/* the register, in the endpoint's memory */
	u8 notifies;		/* posted writes of the host to it under way */
	u8 kicked;		/* the endpoint's own side has something new */
	u8 asleep;
	u8 fence;		/* before the next posted write */
	u8 old_valid;
	struct access next;
	struct posted posted[MAX_POSTED];
	u8 num_posted;
	u8 effects;		/* writes and barriers made in this round */
	u8 log_len;
	u8 log[MAX_LOG];	/* what reads of this round gave */
	u8 pad;

	struct world_queue q[MAX_QUEUES];
};

/* Bytes of a world that are in use: a multiple of 8 */
static inline size_t world_size(const struct setup *s)
{
	return offsetof(struct world, q) + s->num_queues * sizeof(struct world_queue);
}

static inline void world_error(struct world *w, const char *error)
{
	if (!w->error)
		w->error = error;
}

enum move_kind {
	MOVE_ENDPOINT,				/* piece, or old piece */
	MOVE_ARRIVE = 2 * MAX_PIECES,		/* posted write */
	MOVE_NOTIFY = MOVE_ARRIVE + MAX_POSTED,
	MOVE_QUEUE,				/* those below, for each queue */
};

enum queue_move {
	MOVE_VISIBLE,	/* the oldest store in the host's buffer */
	MOVE_ADD,
	MOVE_KICK,
	MOVE_GET,
	MOVE_SLEEP,
	MOVE_RECHECK,
	MOVE_TOGGLE,
	MOVE_LOCAL,	/* another message to send, or room for one */
	NUM_QUEUE_MOVES,
};

#define NUM_MOVES	(MOVE_QUEUE + MAX_QUEUES * NUM_QUEUE_MOVES)

/* world.c */
void world_init(struct world *w, const struct setup *s);
/* Returns whether the move is possible; if not, @w is as it was */
bool world_move(struct world *w, const struct setup *s, unsigned int move);
/* Whether all messages have come, and all buffers that carried them have come back */
bool world_done(const struct world *w, const struct setup *s);
void world_print_move(const struct world *w, const struct setup *s, unsigned int move);
/* All posted writes arrive */
void world_flush(struct world *w, const struct setup *s);
/* Reads may find what is there now, however late they are; or not any more */
void world_snapshot(struct world *w, const struct setup *s);
void world_forget(struct world *w, const struct setup *s);

/* host.c */
void host_init(struct world *w, const struct setup *s, unsigned int q);
bool host_move(struct world *w, const struct setup *s, unsigned int q, enum queue_move move);
void host_interrupt(struct world *w, const struct setup *s, unsigned int q);
unsigned int message_chain(const struct setup *s, unsigned int q, unsigned int number);
u8 message_byte(unsigned int number, unsigned int part);

/* endpoint.c */
void endpoint_init(struct world *w, const struct setup *s);
bool endpoint_move(struct world *w, const struct setup *s, unsigned int piece, bool old);
bool endpoint_awake(const struct world *w);

/* explore.c */
struct result {
	const char *error;	/* NULL if all went well */
	unsigned long states;
	unsigned long ends;	/* states from which nothing follows */
	unsigned int longest;	/* moves */
};

struct result explore(const struct setup *s, bool verbose);

#endif /* RING_MODEL_WORLD_H */
