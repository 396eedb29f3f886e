/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A stream of bytes between a driver of the host and one of the endpoint
 *
 * What was sent and not yet received is in transit.  A sender has its buffers
 * back within EPFV_HOLD_NS, whatever the other side does: hvc, for one, spins with
 * interrupts off until then.  So a host that sends faster than the endpoint
 * receives is slowed down, to one buffer in that time; the endpoint's own driver,
 * whose spinning could keep this very code from running, is not.
 *
 * What nobody receives goes into a bounded history, from which the oldest bytes
 * are dropped and counted.
 *
 * A pipe may be lossless instead: its sender waits.  Then buffers are taken only as
 * fast as the receiver takes them, and nothing is dropped but what is under way
 * when the receiver closes its end.
 */
#ifndef EPFV_PIPE_H
#define EPFV_PIPE_H

#include <linux/ktime.h>
#include <linux/sizes.h>
#include <linux/time64.h>
#include <linux/types.h>

#include "fifo.h"
#include "hostq.h"
#include "localq.h"
#include "settle.h"

/* Bytes kept for a receiver that is not there, in each direction */
#define EPFV_HISTORY_SIZE	SZ_64K

/* Bytes in transit, at most, to a receiver that takes some at least so often */
#define EPFV_TRANSIT_SIZE	SZ_4M
#define EPFV_TRANSIT_NS		(5 * NSEC_PER_SEC)

/*
 * While more than the history is in transit, the host's buffers are held back, for
 * so long: 10 ms less what it takes to notice
 */
#define EPFV_HOLD_NS		(7 * NSEC_PER_MSEC)

/* Largest piece of payload moved at once */
#define EPFV_PIPE_CHUNK		SZ_4K

/**
 * struct epfv_flow - how a receiver keeps up
 * @since: since when it has taken nothing, though it was offered all; 0: not known
 * @stopped: it took nothing for EPFV_TRANSIT_NS: only the history is kept until it does
 * @held_since: since when the host's buffers are held back for it; 0: they are not
 * @took: it has taken bytes since then
 * @idle: it took nothing while buffers were held back: none are until it does
 *
 * Only who has just tried to deliver judges a receiver, so that it is never
 * blamed for a delay of ours.
 */
struct epfv_flow {
	ktime_t since;
	bool stopped;
	ktime_t held_since;
	bool took;
	bool idle;
};

/**
 * struct epfv_pipe - one direction: a queue of the host, a queue of the endpoint's driver
 * @to_host: the direction
 * @hq: the host's queue
 * @lq: queue of the endpoint's own driver
 * @fifo: bytes between them; guarded by @lq's lock
 * @flow: how the receiver keeps up; guarded by @lq's lock
 * @lossless: the sender waits, instead of losing bytes
 * @open: the receiver wants bytes; guarded by @lq's lock
 * @discard: what was sent until now is for a receiver that is not there any more;
 *	guarded by @lq's lock
 * @closing: the sender has closed its end: what it sent before goes first
 * @settle: to the host: whether its driver may be given data yet
 * @host_live: the host's driver is there; to the host: written under @lq's lock
 * @chunk: EPFV_PIPE_CHUNK bytes on their way
 * @chunk_len: to the host: bytes in @chunk that are not in the host's memory yet
 * @req: buffer of the host that is being read or written
 * @active: @req is valid
 * @at: where to go on in it
 * @done: bytes of it read or written
 * @unreached: since when the host's memory at @at cannot be reached; 0: it can
 * @retry: when to try that again
 */
struct epfv_pipe {
	bool to_host;
	struct epfv_hostq *hq;
	struct epfv_localq *lq;
	struct epfv_fifo fifo;
	struct epfv_flow flow;
	bool lossless;
	bool open;
	bool discard;
	bool closing;
	struct epfv_settle settle;
	bool host_live;
	u8 *chunk;
	u32 chunk_len;
	struct epfv_request req;
	bool active;
	struct epfv_cursor at;
	u64 done;
	ktime_t unreached;
	ktime_t retry;
};

int epfv_pipe_init(struct epfv_pipe *p, bool to_host, struct epfv_hostq *hq,
		   struct epfv_localq *lq, u32 transit, bool lossless);
void epfv_pipe_free(struct epfv_pipe *p);
void epfv_pipe_start(struct epfv_pipe *p);
void epfv_pipe_stop(struct epfv_pipe *p);
void epfv_pipe_notified(struct epfv_pipe *p);

/* The receiver opens or closes its end; any context */
void epfv_pipe_open(struct epfv_pipe *p, bool open);

/* Whether the sender waits; any context */
void epfv_pipe_lossless(struct epfv_pipe *p, bool lossless);

/* The sender closes its end: by the function's thread if it is the host, else in any context */
void epfv_pipe_close(struct epfv_pipe *p, struct epfv_lane *lane);

/* Whether all is delivered that was sent before; and then be done with the sender; that thread */
bool epfv_pipe_delivered(struct epfv_pipe *p);
bool epfv_pipe_drained(struct epfv_pipe *p);

/* Host to endpoint: to be called by one thread */
u64 epfv_pipe_from_host(struct epfv_pipe *p);
void epfv_pipe_put(struct epfv_pipe *p, const void *buf, size_t n);

/* Endpoint to host: collect in any context, send by one thread */
bool epfv_pipe_collect(struct epfv_pipe *p);
u64 epfv_pipe_to_host(struct epfv_pipe *p);

/* For who takes what is in transit by itself; @lq is locked */
void epfv_pipe_trim(struct epfv_pipe *p);

static inline void epfv_flow_took(struct epfv_flow *flow)
{
	flow->since = 0;
	flow->stopped = false;
	flow->took = true;
	flow->idle = false;
}

#endif /* EPFV_PIPE_H */
