// SPDX-License-Identifier: GPL-2.0
/*
 * The endpoint: ring.c and hostq.c as they are, called in the order of pipe.c
 *
 * A round is run again from its start for each access: those made before are
 * answered from a log, and the first one that was not ends the run until its
 * pieces are satisfied.  So every access is a point at which all others may move.
 */
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#include <asm/barrier.h>

#include "hostq.h"
#include "irq.h"
#include "legacy-layout.h"
#include "world.h"

static struct epfv_hostq hostqs[MAX_QUEUES];
/* Has no part in it: the host can always be reached here */
static struct epfv_hostmem host;
static struct endpoint_queue eps[MAX_QUEUES];

/* The run under way */
static struct {
	struct world *w;
	const struct setup *s;
	unsigned int log_pos;
	unsigned int effects;
	jmp_buf stop;
} run;

/* Accesses and effects */

static void make_access(enum access_kind kind, unsigned int q, unsigned int off, void *buf,
			unsigned int len, unsigned int piece)
{
	struct world *w = run.w;

	if (run.log_pos == w->log_len) {
		if (w->log_len + len > MAX_LOG)
			abort();
		w->next = (struct access){ kind, q, off, len, piece, 0 };
		longjmp(run.stop, 1);
	}
	memcpy(buf, w->log + run.log_pos, len);
	run.log_pos += len;
}

/* Whether an effect is to be had now; if not, it was had before */
static bool have_effect(void)
{
	if (run.effects++ < run.w->effects)
		return false;
	run.w->effects++;
	return true;
}

static void post(enum posted_kind kind, unsigned int q, unsigned int off, const void *data,
		 unsigned int len)
{
	struct world *w = run.w;
	struct posted *p = &w->posted[w->num_posted++];

	*p = (struct posted){ .kind = kind, .q = q, .off = off, .len = len, .fence = w->fence };
	memcpy(p->data, data, len);
	w->fence = false;
}

/* Room for @n posted writes; wait for it before anything is done */
static bool may_post(unsigned int n)
{
	if (run.effects == run.w->effects && run.w->num_posted + n > MAX_POSTED) {
		run.w->next = (struct access){ .kind = ACCESS_POST, .len = n };
		longjmp(run.stop, 1);
	}
	return have_effect();
}

/* What hostq.c and ring.c call */

static unsigned int region_queue(const struct epfv_region *region)
{
	return container_of(region, struct epfv_hostq, region[0]) - hostqs;
}

/*
 * Pieces are smaller than the 64 bytes at which a completer may split a read,
 * so that small rings are split, too: each entry, each descriptor.
 */
int epfv_region_read(struct epfv_lane *lane, struct epfv_region *region, u32 off, void *buf,
		     u32 len)
{
	unsigned int table = run.s->num * sizeof(struct epfv_ring_desc);

	(void)lane;
	if (!len || off + len > table + 4 + 2 * run.s->num)
		world_error(run.w, "read outside of what the driver writes");
	make_access(ACCESS_RING, region_queue(region), off, buf, len,
		    off < table ? sizeof(struct epfv_ring_desc) : off == table ? 4 : 2);
	return 0;
}

int epfv_region_write(struct epfv_lane *lane, struct epfv_region *region, u32 off,
		      const void *buf, u32 len)
{
	u32 piece = len < sizeof(struct epfv_ring_used) ? len : sizeof(struct epfv_ring_used);
	u32 end = USED_OFFSET + 4 + run.s->num * sizeof(struct epfv_ring_used);
	unsigned int q = region_queue(region);
	u32 i;

	(void)lane;
	if (off < USED_OFFSET || off + len > end || len % piece) {
		world_error(run.w, "write outside of the used ring");
		return 0;
	}
	if (may_post(len / piece))
		for (i = 0; i < len; i += piece)
			post(POSTED_USED, q, off - USED_OFFSET + i, (const u8 *)buf + i, piece);
	return 0;
}

int epfv_region_map(struct epfv_lane *lane, struct epfv_region *region, u64 addr, u32 len)
{
	(void)lane;
	region->addr = addr;
	region->len = len;
	return 0;
}

void epfv_region_unmap(struct epfv_lane *lane, struct epfv_region *region)
{
	(void)lane;
	(void)region;
}

/* Only looked at where the host cannot be reached, which it always can be here */
ktime_t ktime_get(void)
{
	return 0;
}

/* A store by writel(), which orders it behind all before */
bool epfv_irq_raise(struct epfv_irq *irq, u16 vector)
{
	(void)irq;
	if (!may_post(1))
		return true;
	run.w->fence = true;
	post(POSTED_INTERRUPT, vector, 0, "", 1);
	return true;
}

/* Later reads are behind earlier writes, so they find what there is when those have arrived */
void endpoint_mb(void)
{
	if (!have_effect())
		return;
	run.w->fence = true;
	world_forget(run.w, run.s);
}

void endpoint_rmb(void)
{
	if (have_effect())
		world_snapshot(run.w, run.s);
}

void endpoint_wmb(void)
{
	if (have_effect())
		run.w->fence = true;
}

/* One round of the poller, and the two directions of pipe.c */

/* The descriptor at @addr, which must be one of queue @q in flight */
static unsigned int find_buffer(unsigned int q, u64 addr)
{
	unsigned int d;

	for (d = 0; d < run.s->num; d++)
		if (addr == BUFFER_ADDR(q, d))
			return d;
	world_error(run.w, "address that the driver did not make available");
	return 0;
}

static const struct epfv_seg *this_seg(unsigned int q)
{
	return epfv_ring_seg(hostqs[q].ring, &eps[q].at);
}

static void next_seg(unsigned int q)
{
	epfv_ring_next(hostqs[q].ring, &eps[q].at);
	eps[q].seg++;
}

static void read_payload(unsigned int q, const struct epfv_seg *seg)
{
	struct endpoint_queue *ep = &eps[q];
	u8 byte;

	make_access(ACCESS_PAYLOAD, q, find_buffer(q, seg->addr), &byte, 1, 1);
	if (byte != message_byte(ep->count, ep->seg))
		world_error(run.w, "payload read is not that of the next message");
	next_seg(q);
}

static void write_payload(unsigned int q, const struct epfv_seg *seg)
{
	struct endpoint_queue *ep = &eps[q];
	u8 byte = message_byte(ep->count, ep->seg);

	if (may_post(1))
		post(POSTED_PAYLOAD, q, find_buffer(q, seg->addr), &byte, 1);
	next_seg(q);
}

static void check(int ret)
{
	if (ret < 0)
		world_error(run.w, "the ring is said to be broken");
}

static bool next_buffer(unsigned int q)
{
	struct endpoint_queue *ep = &eps[q];
	int ret;

	if (ep->active)
		return true;
	ret = epfv_hostq_take(&hostqs[q], &ep->req);
	check(ret);
	if (ret <= 0)
		return false;
	if (ep->req.nsegs != message_chain(run.s, q, ep->count))
		world_error(run.w, "chain is not as long as the driver made it");
	ep->active = true;
	ep->at = epfv_ring_begin(&ep->req);
	ep->seg = 0;
	return true;
}

static void finish(unsigned int q, u32 written)
{
	struct endpoint_queue *ep = &eps[q];

	epfv_hostq_complete(&hostqs[q], &ep->req, written, ep->req.nsegs);
	ep->active = false;
	ep->count++;
}

/* As epfv_pipe_from_host(); whether there is more to do */
static bool from_host(unsigned int q)
{
	struct endpoint_queue *ep = &eps[q];
	bool held = false;

	while (!held && !run.w->error && next_buffer(q)) {
		if (ep->seg == ep->req.nsegs)
			finish(q, 0);
		else if (ep->count == ep->limit)
			held = true;
		else
			read_payload(q, this_seg(q));
	}
	check(epfv_hostq_publish(&hostqs[q]));
	return !held && epfv_ring_available(hostqs[q].ring);
}

/* As epfv_pipe_to_host() */
static void to_host(unsigned int q)
{
	struct endpoint_queue *ep = &eps[q];

	while (ep->count < ep->limit && !run.w->error && next_buffer(q)) {
		if (ep->seg == ep->req.nsegs)
			finish(q, ep->seg);
		else
			write_payload(q, this_seg(q));
	}
	check(epfv_hostq_publish(&hostqs[q]));
}

static bool work(bool scan)
{
	bool again = false;
	unsigned int q;

	for (q = 0; q < run.s->num_queues; q++) {
		hostqs[q].scan |= scan;
		if (run.s->q[q].to_host)
			to_host(q);
		else
			again |= from_host(q);
	}
	return again;
}

/* As epfv_poller_round() with epfv_regs_pass(); whether the next round is due at once */
static bool poller_round(void)
{
	bool notified;
	u8 byte;

	make_access(ACCESS_LOOK, 0, 0, &byte, 1, 1);
	notified = byte;
	mb();
	if (notified) {
		make_access(ACCESS_CLEAR, 0, 0, &byte, 1, 1);
		mb();
	}
	return work(notified);
}

/* Between a world and what the code under test works on */

static void pack(struct packed_ring *p, const struct epfv_ring *ring)
{
	unsigned int i;

	memcpy(p->head, ring, offsetof(struct epfv_ring, fetched));
	/* Where in the array they begin makes no difference */
	for (i = 0; i < MAX_NUM; i++)
		p->fetched[i] = ring->fetched[(ring->first_fetched + i) % EPFV_RING_BATCH];
	memcpy(p->segs, ring->segs, sizeof(p->segs));
	memcpy(p->done, ring->done, sizeof(p->done));
	memcpy(p->burst, ring->burst, sizeof(p->burst));
	memcpy(p->next, ring->next, sizeof(p->next));
	memcpy(p->state, ring->state, sizeof(p->state));
	p->num_fetched = ring->num_fetched;
	p->num_done = ring->num_done;
	p->burst_first = ring->burst_first;
	p->burst_len = ring->burst_len;
	p->chain = ring->chain;
}

static void unpack(struct epfv_ring *ring, const struct packed_ring *p)
{
	memcpy(ring, p->head, offsetof(struct epfv_ring, fetched));
	memcpy(ring->fetched, p->fetched, sizeof(p->fetched));
	memcpy(ring->segs, p->segs, sizeof(p->segs));
	memcpy(ring->done, p->done, sizeof(p->done));
	memcpy(ring->burst, p->burst, sizeof(p->burst));
	memcpy(ring->next, p->next, sizeof(p->next));
	memcpy(ring->state, p->state, sizeof(p->state));
	ring->first_fetched = 0;
	ring->num_fetched = p->num_fetched;
	ring->num_done = p->num_done;
	ring->burst_first = p->burst_first;
	ring->burst_len = p->burst_len;
	ring->chain = p->chain;
}

/* Descriptors of a request */
static void mark(bool *used, const struct epfv_request *req, const struct epfv_ring *ring)
{
	struct epfv_cursor at = epfv_ring_begin(req);

	for (; epfv_ring_seg(ring, &at); epfv_ring_next(ring, &at))
		used[at.desc] = true;
}

/*
 * What will not be read again is made the same, so that states which are alike
 * do not differ in it; and so that it shows if it is read
 */
static void bury(struct world_queue *wq, const struct epfv_ring *ring)
{
	struct packed_ring *p = &wq->ring;
	struct endpoint_queue *ep = &wq->ep;
	bool used[MAX_NUM] = { false };
	unsigned int i;

	for (i = 0; i < MAX_NUM; i++) {
		if (i >= p->num_fetched)
			memset(&p->fetched[i], POISON, sizeof(p->fetched[i]));
		else
			mark(used, &p->fetched[i], ring);
		if (i >= p->num_done)
			memset(&p->done[i], POISON, sizeof(p->done[i]));
		if (!p->state[i])
			p->next[i] = ring->num;
	}
	if (!ep->active) {
		memset(&ep->req, POISON, sizeof(ep->req));
		memset(&ep->at, POISON, sizeof(ep->at));
	} else {
		mark(used, &ep->req, ring);
	}
	for (i = 0; i < MAX_NUM; i++)
		if (!used[i])
			memset(&p->segs[i], POISON, sizeof(p->segs[i]));
	memset(p->burst, POISON, sizeof(p->burst));
	ep->limit = 0;
}

static void load(const struct world *w, const struct setup *s)
{
	unsigned int q;

	for (q = 0; q < s->num_queues; q++) {
		unpack(hostqs[q].ring, &w->q[q].ring);
		eps[q] = w->q[q].ep;
		hostqs[q].scan = eps[q].scan;
	}
}

static void save(struct world *w, const struct setup *s)
{
	unsigned int q;

	for (q = 0; q < s->num_queues; q++) {
		pack(&w->q[q].ring, hostqs[q].ring);
		w->q[q].ep = eps[q];
		w->q[q].ep.scan = hostqs[q].scan;
		bury(&w->q[q], hostqs[q].ring);
	}
	world_forget(w, s);
	w->effects = 0;
	w->log_len = 0;
	memset(w->log, 0, sizeof(w->log));
}

/* Go on to the next access that has not been made */
static void go_on(struct world *w, const struct setup *s)
{
	run.w = w;
	run.s = s;
	run.log_pos = 0;
	run.effects = 0;
	load(w, s);
	if (setjmp(run.stop))
		return;
	w->asleep = !poller_round();
	save(w, s);
	w->next = (struct access){ .kind = ACCESS_LOOK };
}

void endpoint_init(struct world *w, const struct setup *s)
{
	unsigned int q;

	for (q = 0; q < s->num_queues; q++) {
		struct epfv_hostq *hq = &hostqs[q];
		struct epfv_queue_setup setup;

		if (!hq->ring && epfv_hostq_init(hq, "queue", &host, NULL))
			abort();
		setup = legacy_queue((u64)(q + 1) << 12, s->num, q);
		if (epfv_hostq_start(hq, &setup))
			abort();
		memset(&eps[q], 0, sizeof(eps[q]));
	}
	save(w, s);
}

/* Moves */

/* A piece of a read of the ring is satisfied: now, or, if nothing holds it back, before */
static bool ring_piece(struct world *w, const struct setup *s, unsigned int piece, bool old)
{
	struct access *a = &w->next;
	unsigned int at = a->off + piece * a->piece;
	struct world_queue *wq = &w->q[a->q];
	u8 *log = w->log + w->log_len + piece * a->piece;

	if (piece * a->piece >= a->len || a->got & 1 << piece)
		return false;
	if (old) {
		if (!w->old_valid || !memcmp(wq->old.byte + at, wq->driver.byte + at, a->piece))
			return false;
		memcpy(log, wq->old.byte + at, a->piece);
	} else {
		world_flush(w, s);
		memcpy(log, wq->driver.byte + at, a->piece);
		if (!w->old_valid)
			world_snapshot(w, s);
		/* A later read of the same place does not find what was there before */
		if (w->old_valid)
			memcpy(wq->old.byte + at, log, a->piece);
	}
	a->got |= 1 << piece;
	return true;
}

static void look(struct world *w, const struct setup *s)
{
	unsigned int q;

	w->log[w->log_len] = w->notify;
	w->kicked = false;
	w->asleep = false;
	for (q = 0; q < s->num_queues; q++)
		w->q[q].ep.limit = w->q[q].limit;
}

bool endpoint_awake(const struct world *w)
{
	return w->next.kind != ACCESS_LOOK || !w->asleep || w->notify || w->kicked;
}

bool endpoint_move(struct world *w, const struct setup *s, unsigned int piece, bool old)
{
	struct access *a = &w->next;

	if (a->kind == ACCESS_RING) {
		if (!ring_piece(w, s, piece, old))
			return false;
		if (a->got != (1 << a->len / a->piece) - 1)
			return true;
	} else if (piece || old || !endpoint_awake(w)) {
		return false;
	} else if (a->kind == ACCESS_LOOK) {
		look(w, s);
	} else if (a->kind == ACCESS_CLEAR) {
		w->notify = false;
	} else if (a->kind == ACCESS_PAYLOAD) {
		world_flush(w, s);
		w->log[w->log_len] = w->q[a->q].payload[a->off];
	} else if (w->num_posted + a->len > MAX_POSTED) {
		return false;
	}
	if (a->kind != ACCESS_POST)
		w->log_len += a->kind == ACCESS_RING ? a->len : 1;
	go_on(w, s);
	return true;
}

/* Of a broken ring nobody reads here; the search looks at the ring itself */
void dev_err(const struct device *dev, const char *fmt, ...)
{
	(void)dev;
	(void)fmt;
}
