// SPDX-License-Identifier: GPL-2.0
/*
 * A host, a register file and the engine, and all ways they can meet
 */
#include <assert.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <linux/bits.h>
#include <linux/virtio_config.h>
#include <linux/virtio_pci.h>

#include "world.h"

#define QUEUE_SIZE	256
#define NO_NOTIFY	0xffff
#define FEATURES_SEEN	BIT(30)

/* Passes in a long time: two more than DRIVER_OK needs to be believed */
#define SYNC_PASSES	6

static const u8 config[WORLD_CONFIG] = { 0x52, 0x54, 0x00, 0x12 };

/* Memory is little endian, and so must be the machine that runs the test */
static u64 mem_load(const struct world *w, unsigned int size, unsigned int off)
{
	u64 val = 0;

	memcpy(&val, w->mem + off, size);
	return val;
}

static void mem_store(struct world *w, unsigned int size, unsigned int off, u64 val)
{
	memcpy(w->mem + off, &val, size);
}

/* The oracle */

static void oracle_reset(struct oracle *o)
{
	unsigned int q;

	for (q = 0; q < VEPF_MAX_QUEUES; q++) {
		o->pfn[q] = 0;
		o->vector[q] = VEPF_NO_VECTOR;
	}
	o->config_vector = VEPF_NO_VECTOR;
	o->features = 0;
	o->status = 0;
	o->resets++;
}

static void oracle_write(struct oracle *o, const struct host_op *op)
{
	switch (op->off) {
	case VIRTIO_PCI_GUEST_FEATURES:
		o->features = op->val;
		break;
	case VIRTIO_PCI_QUEUE_PFN:
		o->pfn[o->sel % VEPF_MAX_QUEUES] = op->val;
		break;
	case VIRTIO_PCI_QUEUE_SEL:
		o->sel = op->val;
		break;
	case VIRTIO_PCI_STATUS:
		if (op->val)
			o->status = op->val;
		else
			oracle_reset(o);
		break;
	case VIRTIO_MSI_CONFIG_VECTOR:
		o->config_vector = op->val;
		break;
	case VIRTIO_MSI_QUEUE_VECTOR:
		o->vector[o->sel % VEPF_MAX_QUEUES] = op->val;
		break;
	}
}

static u64 oracle_read(const struct oracle *o, const struct vepf_regs_params *p,
		       const struct host_op *op)
{
	unsigned int base = VIRTIO_PCI_CONFIG_OFF(o->msix);

	if (op->off >= base)
		return config[op->off - base];

	switch (op->off) {
	case VIRTIO_PCI_HOST_FEATURES:
		return p->features;
	case VIRTIO_PCI_QUEUE_PFN:
		return o->pfn[o->sel % VEPF_MAX_QUEUES];
	case VIRTIO_PCI_QUEUE_NUM:
		return p->queue_size;
	case VIRTIO_PCI_STATUS:
		return o->status;
	case VIRTIO_MSI_CONFIG_VECTOR:
		return o->config_vector;
	case VIRTIO_MSI_QUEUE_VECTOR:
		return o->vector[o->sel % VEPF_MAX_QUEUES];
	default:
		return 0;
	}
}

static bool oracle_running(const struct oracle *o)
{
	return o->status & VIRTIO_CONFIG_S_DRIVER_OK;
}

static const char *compare(const struct world *w, const struct world_setup *s)
{
	const struct oracle *o = &w->oracle;
	unsigned int q;

	for (q = 0; q < s->params.num_queues; q++) {
		if (w->regs.queue[q].pfn != o->pfn[q])
			return "PFN differs from what the host wrote";
		if (o->msix && o->vector[q] != VEPF_NO_VECTOR &&
		    w->regs.queue[q].vector != o->vector[q])
			return "queue vector differs from what the host wrote";
	}
	if (o->msix && w->regs.config_vector != o->config_vector)
		return "config vector differs from what the host wrote";
	if (w->regs.features != o->features)
		return "features differ from what the host wrote";
	return NULL;
}

/* The engine, one access at a time: a pass is run again from its start for each */

struct runner {
	struct world *w;
	const struct world_setup *s;
	unsigned int step;
	unsigned int load;
	bool whole;		/* to the end of the pass */
	bool done_one;
	const char *error;
	jmp_buf stop;
};

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

static void drain_notify(struct world *w)
{
	if (w->notify_buffered)
		mem_store(w, 2, VIRTIO_PCI_QUEUE_NOTIFY, NO_NOTIFY);
	w->notify_buffered = false;
}

static u64 runner_ld64(void *ctx, unsigned int off)
{
	struct runner *r = ctx;
	struct world *w = r->w;

	if (runner_access(r)) {
		if (off % 8 || off > 16)
			r->error = "load outside of the header";
		if (w->loads == WORLD_MAX_LOADS) {
			r->error = "more loads in a pass than needed";
			return 0;
		}
		drain_notify(w);
		if (!w->loads)
			w->resets_seen = w->oracle.resets;
		w->seen[w->loads++] = mem_load(w, 8, off);
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
		r->error = "32-bit store the engine must not make";
	mem_store(r->w, 4, off, val);
}

static void runner_st16(void *ctx, unsigned int off, u16 val)
{
	struct runner *r = ctx;

	if (!runner_access(r))
		return;
	if (off != VIRTIO_PCI_QUEUE_NOTIFY || val != NO_NOTIFY)
		r->error = "16-bit store the engine must not make";
	r->w->notify_buffered = true;
}

static void runner_st8(void *ctx, unsigned int off, u8 val)
{
	struct runner *r = ctx;
	unsigned int base = VIRTIO_PCI_CONFIG_OFF(r->w->pass_msix);

	if (!runner_access(r))
		return;
	if (off < base || off >= base + WORLD_CONFIG)
		r->error = "8-bit store the engine must not make";
	mem_store(r->w, 1, off, val);
}

static void runner_mb(void *ctx)
{
	struct runner *r = ctx;

	if (runner_access(r))
		drain_notify(r->w);
}

static const struct vepf_regs_ops runner_ops = {
	.ld64 = runner_ld64,
	.st32 = runner_st32,
	.st16 = runner_st16,
	.st8 = runner_st8,
	.mb = runner_mb,
};

static void flush_late(struct world *w, unsigned int n)
{
	unsigned int i;

	for (i = 0; i < n; i++)
		mem_store(w, w->late[i].size, w->late[i].off, w->late[i].val);
	memmove(w->late, w->late + n, (w->num_late - n) * sizeof(*w->late));
	w->num_late -= n;
	w->late_at_start -= n < w->late_at_start ? n : w->late_at_start;
}

static const char *end_pass(struct world *w, const struct world_setup *s, unsigned int events)
{
	const struct oracle *o = &w->oracle;
	const char *error = NULL;
	bool same = o->resets == w->resets_seen && oracle_running(o);

	if (events & VEPF_REGS_LIVE) {
		w->resets_live = w->resets_seen;
		if (same)
			error = compare(w, s);
	}
	if (events & VEPF_REGS_INCOMPLETE && same)
		error = "a queue was lost";
	if (events & (VEPF_REGS_LIVE | VEPF_REGS_NOTIFY))
		w->unscanned = false;
	if (w->regs.phase == VEPF_REGS_RUNNING && w->resets_live != w->resets_seen)
		error = "rings in use after the host has reset the device";

	w->in_pass = false;
	w->loads = 0;
	w->steps = 0;
	memset(w->seen, 0, sizeof(w->seen));
	w->gap = w->gap_this;
	w->gap_this = 0;
	/* Of these, states that are alike otherwise must not differ */
	w->regs.epoch = 0;
	w->regs.resets = 0;
	w->regs.anomalies = 0;
	flush_late(w, w->late_at_start);
	w->late_at_start = 0;
	return s->hostile ? NULL : error;
}

/* Make one access, or all that remain in the pass */
static const char *run(struct world *w, const struct world_setup *s, bool whole,
		       unsigned int *events)
{
	struct runner r = { .w = w, .s = s, .whole = whole };
	struct vepf_regs regs = w->regs;
	unsigned int found;

	if (!w->in_pass) {
		w->in_pass = true;
		w->gap_this = 0;
		w->late_at_start = w->num_late;
	}
	regs.ctx = &r;
	if (setjmp(r.stop))
		return r.error;

	found = vepf_regs_pass(&regs, w->pass_msix);
	regs.ctx = NULL;
	w->regs = regs;
	if (events)
		*events = found;
	if (r.error)
		return r.error;
	return end_pass(w, s, found);
}

/* Asked between passes: does not change anything */
static bool ask(const struct world *w, bool (*question)(struct vepf_regs *regs))
{
	struct world copy = *w;
	struct runner r = { .w = &copy, .whole = true };

	copy.regs.ctx = &r;
	return question(&copy.regs);
}

const char *world_pass(struct world *w, const struct world_setup *s, unsigned int *events)
{
	if (!w->in_pass)
		w->pass_msix = w->oracle.msix;
	return run(w, s, true, events);
}

static const char *sync_world(struct world *w, const struct world_setup *s)
{
	const char *error = NULL;
	unsigned int i;

	for (i = 0; i < SYNC_PASSES && !error; i++)
		error = world_pass(w, s, NULL);
	if (error)
		return error;

	w->gap = 0;
	if (ask(w, vepf_regs_changed))
		return "nothing happens, but a pass is said to be due";
	if (!oracle_running(&w->oracle)) {
		if (w->regs.phase == VEPF_REGS_RUNNING)
			return "rings in use without a driver";
		return ask(w, vepf_regs_epoch_over) ? NULL : "epoch goes on without a driver";
	}
	if (w->regs.phase != VEPF_REGS_RUNNING)
		return "driver is ready, the engine is not";
	if (ask(w, vepf_regs_epoch_over))
		return "epoch is over while the driver is running";
	if (w->unscanned)
		return "a kick was lost";
	return compare(w, s);
}

const char *world_host(struct world *w, const struct world_setup *s)
{
	const struct host_op *op = &s->host->op[w->pc++];
	bool posted_late = s->late && op->kind == HOST_WRITE && op->off >= 8 && op->off < 16;

	w->wait = 0;
	if (op->kind != HOST_WRITE && op->kind != HOST_DELAY)
		flush_late(w, w->num_late);

	switch (op->kind) {
	case HOST_WRITE:
		oracle_write(&w->oracle, op);
		if (op->off == VIRTIO_PCI_QUEUE_NOTIFY)
			w->unscanned = true;
		else if (op->off == VIRTIO_PCI_STATUS && !op->val)
			w->unscanned = false;
		if (posted_late && w->num_late == WORLD_MAX_LATE)
			return "too many writes in a row for this test";
		if (posted_late)
			w->late[w->num_late++] = (struct late_write){ op->size, op->off, op->val };
		else
			mem_store(w, op->size, op->off, op->val);
		return NULL;
	case HOST_READ:
		w->wait = HOST_RTT;
		if (mem_load(w, op->size, op->off) == oracle_read(&w->oracle, &s->params, op))
			return NULL;
		return op->off == VIRTIO_PCI_QUEUE_PFN ? "host finds its queue in use" :
							 "host reads a wrong value";
	case HOST_DELAY:
		w->wait = op->val;
		return NULL;
	case HOST_MSIX:
		w->wait = HOST_RTT;
		w->oracle.msix = op->val;
		return NULL;
	default:
		return sync_world(w, s);
	}
}

void world_setup_init(struct world_setup *s, const struct host *host)
{
	*s = (struct world_setup){
		.host = host,
		.params = {
			.features = 0x08000025,
			.num_queues = host->queues,
			.required = BIT(host->queues) - 1,
			.queue_size = QUEUE_SIZE,
			.config = config,
			.config_len = WORLD_CONFIG,
		},
	};
}

/* The register file is written before the host can look at it */
static void plain_st32(void *ctx, unsigned int off, u32 val)
{
	mem_store(ctx, 4, off, val);
}

static void plain_st16(void *ctx, unsigned int off, u16 val)
{
	mem_store(ctx, 2, off, val);
}

static void plain_st8(void *ctx, unsigned int off, u8 val)
{
	mem_store(ctx, 1, off, val);
}

void world_init(struct world *w, const struct world_setup *s)
{
	static const struct vepf_regs_ops ops = {
		.st32 = plain_st32,
		.st16 = plain_st16,
		.st8 = plain_st8,
	};

	memset(w, 0, sizeof(*w));
	memset(w->mem, 0xa5, sizeof(w->mem));
	oracle_reset(&w->oracle);
	if (vepf_regs_init(&w->regs, &s->params, &ops, w))
		abort();
	vepf_regs_defaults(&w->regs);
	w->regs.ops = &runner_ops;
	w->regs.ctx = NULL;
	w->regs.epoch = 0;
}

struct world_result world_lockstep(const struct world_setup *s, unsigned int passes)
{
	struct world_result res = { 0 };
	struct world w;
	unsigned int i;

	world_init(&w, s);
	while (w.pc < s->host->len && !res.error) {
		res.error = world_host(&w, s);
		for (i = 0; i < passes && !res.error; i++)
			res.error = world_pass(&w, s, NULL);
		res.states++;
	}
	if (res.error && s->verbose)
		fprintf(stderr, "at host op %u: %s\n", w.pc - 1, res.error);
	return res;
}

/* The explorer: depth first, states are known by 128 bits of hash */

enum move {
	MOVE_TICK,
	MOVE_HOST,
	MOVE_ENGINE,
	MOVE_ENGINE_MSIX,	/* as above, and it learns of MSI-X */
	NUM_MOVES,
};

struct node {
	u64 hash[2];
	u32 parent;
	u8 move;
};

struct explorer {
	const struct world_setup *s;
	unsigned int budget;
	struct node *nodes;
	u32 num_nodes, max_nodes;
	u32 *table;
	u32 table_size;
	struct {
		struct world w;
		u32 node;
	} *stack;
	u32 depth, max_depth;
};

static void *must(void *p)
{
	if (!p) {
		perror("explorer");
		abort();
	}
	return p;
}

static void hash_world(const struct world *w, u64 hash[2])
{
	const u8 *p = (const u8 *)w;
	u64 a = 0x9e3779b97f4a7c15, b = 0xc2b2ae3d27d4eb4f;
	size_t i;

	static_assert(sizeof(*w) % 8 == 0, "hashed in 64-bit steps");
	for (i = 0; i < sizeof(*w); i += 8) {
		u64 v;

		memcpy(&v, p + i, 8);
		a = (a ^ v) * 0xff51afd7ed558ccd;
		a ^= a >> 32;
		b = (b + v) * 0xc4ceb9fe1a85ec53;
		b ^= b >> 29;
	}
	hash[0] = a;
	hash[1] = b;
}

static u32 *find_slot(struct explorer *e, const u64 hash[2])
{
	u32 i = hash[0] & (e->table_size - 1);

	while (e->table[i] && memcmp(e->nodes[e->table[i] - 1].hash, hash, 16))
		i = (i + 1) & (e->table_size - 1);
	return &e->table[i];
}

static void grow_table(struct explorer *e)
{
	u32 i;

	free(e->table);
	e->table_size = e->table_size ? e->table_size * 4 : 1 << 16;
	e->table = must(calloc(e->table_size, sizeof(*e->table)));
	for (i = 0; i < e->num_nodes; i++)
		*find_slot(e, e->nodes[i].hash) = i + 1;
}

static void visit(struct explorer *e, const struct world *w, u32 parent, enum move move)
{
	struct node node = { .parent = parent, .move = move };
	u32 *slot;

	hash_world(w, node.hash);
	if (e->num_nodes * 2 >= e->table_size)
		grow_table(e);
	slot = find_slot(e, node.hash);
	if (*slot)
		return;

	if (e->num_nodes == e->max_nodes) {
		e->max_nodes = e->max_nodes ? e->max_nodes * 2 : 1 << 14;
		e->nodes = must(realloc(e->nodes, e->max_nodes * sizeof(*e->nodes)));
	}
	if (e->depth == e->max_depth) {
		e->max_depth = e->max_depth ? e->max_depth * 2 : 1 << 8;
		e->stack = must(realloc(e->stack, e->max_depth * sizeof(*e->stack)));
	}
	e->nodes[e->num_nodes++] = node;
	*slot = e->num_nodes;
	e->stack[e->depth].w = *w;
	e->stack[e->depth++].node = e->num_nodes - 1;
}

/* Returns whether the move is possible in @w */
static bool make_move(struct explorer *e, struct world *w, enum move move, const char **error)
{
	switch (move) {
	case MOVE_TICK:
		if (!w->wait || w->gap >= e->budget)
			return false;
		w->wait--;
		w->gap++;
		w->gap_this += w->in_pass;
		return true;
	case MOVE_HOST:
		if (w->wait || w->pc == e->s->host->len)
			return false;
		*error = world_host(w, e->s);
		return true;
	case MOVE_ENGINE_MSIX:
		if (w->in_pass || w->pass_msix == w->oracle.msix)
			return false;
		w->pass_msix = w->oracle.msix;
		break;
	default:
		if (!w->in_pass && !e->s->stale_msix)
			w->pass_msix = w->oracle.msix;
		break;
	}
	*error = run(w, e->s, false, NULL);
	return true;
}

/*
 * Whether a pass would do anything that vepf_regs_changed() does not announce;
 * a change of MSI-X is not announced
 */
static bool missed_by_changed(const struct world *w, const struct world_setup *s)
{
	struct world copy = *w;
	unsigned int events = 0;

	if (w->in_pass || w->oracle.msix != w->regs.msix_layout || s->stale_msix ||
	    ask(w, vepf_regs_changed))
		return false;
	world_pass(&copy, s, &events);
	return events;
}

static void print_host_op(const struct host_op *op)
{
	static const char *const names[] = { "write", "read", "delay", "msix", "sync" };

	fprintf(stderr, "  host %s%u @%u %#x\n", names[op->kind], 8 * op->size, op->off, op->val);
}

static void print_move(struct explorer *e, struct world *w, enum move move)
{
	const char *ignored = NULL;
	bool begins = !w->in_pass;

	if (move == MOVE_HOST)
		print_host_op(&e->s->host->op[w->pc]);
	else if (move == MOVE_TICK)
		fprintf(stderr, "  -\n");
	make_move(e, w, move, &ignored);
	if (move >= MOVE_ENGINE)
		fprintf(stderr, "  engine%s access%s\n", begins ? " begins a pass:" : "",
			w->in_pass ? "" : ", which is its last");
}

/* How the host and the engine came to where @last is an error; NUM_MOVES: no move was made */
static void print_trace(struct explorer *e, u32 node, enum move last, const char *error)
{
	u32 len = 0, n, i;
	struct world w;
	u8 *moves;

	for (n = node; n; n = e->nodes[n].parent)
		len++;
	moves = must(malloc(len + 1));
	for (n = node, i = len; n; n = e->nodes[n].parent)
		moves[--i] = e->nodes[n].move;

	world_init(&w, e->s);
	for (i = 0; i < len; i++)
		print_move(e, &w, moves[i]);
	if (last != NUM_MOVES)
		print_move(e, &w, last);
	fprintf(stderr, "  %s\n", error);
	free(moves);
}

struct world_result world_explore(const struct world_setup *s, unsigned int budget)
{
	struct explorer e = { .s = s, .budget = budget };
	struct world_result res = { 0 };
	struct world w;

	world_init(&w, s);
	visit(&e, &w, 0, MOVE_TICK);
	while (e.depth && !res.error) {
		u32 node = e.stack[--e.depth].node;
		struct world from = e.stack[e.depth].w;
		enum move move;

		if (missed_by_changed(&from, s)) {
			res.error = "vepf_regs_changed() missed something";
			if (s->verbose)
				print_trace(&e, node, NUM_MOVES, res.error);
		}

		for (move = 0; move < NUM_MOVES && !res.error; move++) {
			w = from;
			if (!make_move(&e, &w, move, &res.error))
				continue;
			if (!res.error)
				visit(&e, &w, node, move);
			else if (s->verbose)
				print_trace(&e, node, move, res.error);
		}
	}
	res.states = e.num_nodes;
	free(e.nodes);
	free(e.table);
	free(e.stack);
	return res;
}
