// SPDX-License-Identifier: GPL-2.0
/*
 * The engine, one access at a time: a pass is run again from its start for each
 */
#include <setjmp.h>
#include <string.h>

#include <linux/bits.h>

#include "world.h"

#define NO_NOTIFY	0xffff
#define FEATURES_SEEN	BIT(30)
#define WORD_QUEUE	8
#define WORD_STATUS	16

static const struct violation bad_load = { MISUSE, NO_LIMIT, "load outside of the header" };
static const struct violation bad_store = { MISUSE, NO_LIMIT, "store outside of the registers" };
static const struct violation many_loads = { MISUSE, NO_LIMIT, "more loads in a pass than needed" };
static const struct violation not_to_store = { O7, NO_LIMIT, "store the engine must not make" };
static const struct violation overwritten = { O7, NO_LIMIT, "store over what the host just wrote" };
static const struct violation pfn_overwritten = {
	O7, P3, "store over a PFN the host just wrote"
};
static const struct violation over_vector = { O7, NO_LIMIT, "store over a vector" };
static const struct violation queue_lost = { O2, P3, "a queue was lost" };
static const struct violation rings_in_use = { O3, NO_LIMIT, "rings in use behind a reset" };

struct runner {
	struct world *w;
	const struct world_setup *s;
	unsigned int step;
	unsigned int load;
	bool whole;		/* to the end of the pass */
	bool stale;		/* loads give what they gave last */
	bool done_one;
	enum fault fault;
	const struct violation *error;
	jmp_buf stop;
};

static void fail(struct runner *r, const struct violation *v)
{
	if (!r->error)
		r->error = world_judge(r->s, v);
}

/* Returns whether the access is to be made now; if not, it was made before */
static bool runner_access(struct runner *r)
{
	if (r->step++ < r->w->steps)
		return false;
	if (r->done_one && !r->whole)
		longjmp(r->stop, 1);
	r->done_one = true;
	r->w->steps++;
	return true;
}

static u64 mem_load(const struct world *w, unsigned int size, unsigned int off)
{
	u64 val = 0;

	memcpy(&val, w->mem + off, size);
	return val;
}

/* Of bytes that hold the same already, nobody knows */
static void mem_store(struct runner *r, unsigned int size, unsigned int off, u64 val)
{
	struct world *w = r->w;

	if (byte_range(w->dirty, size, off) && memcmp(w->mem + off, &val, size))
		fail(r, off == VIRTIO_PCI_QUEUE_PFN ? &pfn_overwritten : &overwritten);
	memcpy(w->mem + off, &val, size);
}

static void drain_notify(struct world *w)
{
	u16 val = NO_NOTIFY;

	if (w->notify_buffered)
		memcpy(w->mem + VIRTIO_PCI_QUEUE_NOTIFY, &val, sizeof(val));
	w->notify_buffered = false;
}

static u64 load_now(struct runner *r, unsigned int off)
{
	struct world *w = r->w;
	u64 val = mem_load(w, 8, off);

	if (off == WORD_QUEUE && w->has_early) {
		val = w->early;
		w->early = 0;
		w->has_early = false;
	}
	if (r->s->torn) {
		val = val >> 32 << 32 | w->half;
		w->half = 0;
	}
	if (r->fault == FAULT_ONES)
		val = ~0ULL;
	w->dirty &= ~(0xffu << off);
	if (r->s->hostile)
		w->last[off / 8] = val;
	return val;
}

static u64 runner_ld64(void *ctx, unsigned int off)
{
	struct runner *r = ctx;
	struct world *w = r->w;

	if (off % 8 || off > WORD_STATUS) {
		r->error = &bad_load;
		return 0;
	}
	if (r->stale)
		return w->last[off / 8];
	if (r->s->torn && runner_access(r)) {
		drain_notify(w);
		w->half = mem_load(w, 4, off);
	}
	if (runner_access(r)) {
		if (w->loads == WORLD_MAX_LOADS) {
			r->error = &many_loads;
			return 0;
		}
		drain_notify(w);
		if (!w->loads) {
			w->resets_since_pass = 0;
			if (r->fault == FAULT_EARLY) {
				w->early = mem_load(w, 8, WORD_QUEUE);
				w->has_early = true;
			}
		}
		w->seen[w->loads++] = load_now(r, off);
	}
	return w->seen[r->load++];
}

static void runner_st32(void *ctx, unsigned int off, u32 val)
{
	struct runner *r = ctx;

	if (!runner_access(r))
		return;
	if (!(off == VIRTIO_PCI_QUEUE_PFN && !val) &&
	    !(off == VIRTIO_PCI_GUEST_FEATURES && val == FEATURES_SEEN))
		fail(r, &not_to_store);
	if (off % 4 || off + 4 > WORLD_BAR_SIZE)
		r->error = &bad_store;
	else
		mem_store(r, 4, off, val);
}

/* A host that overwrites NOTIFY loses nothing: all rings are scanned */
static void runner_st16(void *ctx, unsigned int off, u16 val)
{
	struct runner *r = ctx;

	if (!runner_access(r))
		return;
	if (off == VIRTIO_PCI_QUEUE_NOTIFY && val == NO_NOTIFY) {
		r->w->notify_buffered = true;
		return;
	}
	fail(r, &not_to_store);
	if (off % 2 || off + 2 > WORLD_BAR_SIZE)
		r->error = &bad_store;
	else
		mem_store(r, 2, off, val);
}

static void runner_st8(void *ctx, unsigned int off, u8 val)
{
	struct runner *r = ctx;
	struct world *w = r->w;
	unsigned int base = VIRTIO_PCI_CONFIG_OFF(w->pass_msix);
	unsigned int len = r->s->params.config_len;

	if (!runner_access(r))
		return;
	if (!w->pass_msix && len < 4)
		len = 4;
	if (off < base || off >= base + len)
		fail(r, &not_to_store);
	if (off < VIRTIO_PCI_CONFIG_OFF(1) && w->vectors && !r->s->stale_msix &&
	    w->mem[off] != val)
		fail(r, &over_vector);
	if (off >= WORLD_BAR_SIZE)
		r->error = &bad_store;
	else
		mem_store(r, 1, off, val);
}

static void runner_mb(void *ctx)
{
	struct runner *r = ctx;

	if (runner_access(r))
		drain_notify(r->w);
}

static const struct epfv_regs_ops runner_ops = {
	.ld64 = runner_ld64,
	.st32 = runner_st32,
	.st16 = runner_st16,
	.st8 = runner_st8,
	.mb = runner_mb,
};

static const struct violation *end_pass(struct world *w, const struct world_setup *s,
					unsigned int events)
{
	bool same = !w->resets_since_pass && oracle_running(&w->oracle);
	const struct violation *error = NULL;

	if (events & EPFV_EVENT_LIVE) {
		w->resets_since_live = w->resets_since_pass;
		if (same)
			error = world_compare(w, s);
	}
	if (events & EPFV_EVENT_INCOMPLETE && same)
		error = world_judge(s, &queue_lost);
	if (events & (EPFV_EVENT_LIVE | EPFV_EVENT_NOTIFY))
		w->unscanned = false;
	if (w->regs.t.phase != EPFV_PHASE_RUNNING)
		w->resets_since_live = 0;
	else if (w->resets_since_live != w->resets_since_pass && !error)
		error = world_judge(s, &rings_in_use);

	w->in_pass = false;
	w->loads = 0;
	w->steps = 0;
	w->resets_since_pass = 0;
	w->early = 0;
	w->has_early = false;
	memset(w->seen, 0, sizeof(w->seen));
	w->gap = w->gap_this;
	w->gap_this = 0;
	/* Of these, states that are alike otherwise must not differ */
	w->regs.t.epoch = 0;
	w->regs.t.resets = 0;
	w->regs.t.guesses = 0;
	w->regs.t.ignored = 0;
	world_flush_late(w, w->late_at_start);
	w->late_at_start = 0;
	return error;
}

static const struct violation *run(struct runner *r, unsigned int *events)
{
	struct world *w = r->w;
	struct epfv_regs regs = w->regs;
	unsigned int found;

	if (!w->in_pass) {
		w->in_pass = true;
		w->gap_this = 0;
		w->late_at_start = w->num_late;
	}
	regs.ops = &runner_ops;
	regs.ctx = r;
	if (setjmp(r->stop))
		return r->error;

	found = epfv_regs_pass(&regs, w->pass_msix);
	regs.ctx = NULL;
	w->regs = regs;
	if (events)
		*events = found;
	if (r->error) {
		end_pass(w, r->s, found);
		return r->error;
	}
	return end_pass(w, r->s, found);
}

const struct violation *world_engine(struct world *w, const struct world_setup *s,
				     enum fault fault)
{
	struct runner r = { .w = w, .s = s, .fault = fault };

	return run(&r, NULL);
}

const struct violation *world_pass(struct world *w, const struct world_setup *s,
				   unsigned int *events)
{
	struct runner r = { .w = w, .s = s, .whole = true };

	if (!w->in_pass)
		w->pass_msix = w->oracle.msix;
	return run(&r, events);
}

const struct violation *world_stale_pass(struct world *w, const struct world_setup *s)
{
	struct runner r = { .w = w, .s = s, .whole = true, .stale = true };

	return run(&r, NULL);
}

bool world_ask(const struct world *w, bool (*question)(struct epfv_regs *regs))
{
	static const struct world_setup plain;
	struct world copy = *w;
	struct runner r = { .w = &copy, .s = &plain, .whole = true };

	copy.regs.ops = &runner_ops;
	copy.regs.ctx = &r;
	return question(&copy.regs);
}
