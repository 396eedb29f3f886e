// SPDX-License-Identifier: GPL-2.0
/*
 * The explorer: depth first, states are known by 128 bits of hash
 */
#include <assert.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <linux/bits.h>

#include "explore.h"

static const u8 garbage[] = { 0x00, 0x01, 0x03, 0x04, 0x07, 0x08, 0x40, 0x83, 0x87, 0xff };

#define NUM_GARBAGE	(sizeof(garbage) / sizeof(*garbage))

enum move {
	MOVE_TICK,
	MOVE_HOST,
	MOVE_ALT,		/* the host does something else than its next op */
	MOVE_ENGINE,
	MOVE_ENGINE_MSIX,	/* as above, and it learns of MSI-X */
	NUM_MOVES,
	MOVE_ONES = NUM_MOVES,
	MOVE_EARLY,
	MOVE_STALE,
	MOVE_GARBAGE,
	NUM_FAULT_MOVES = MOVE_GARBAGE + NUM_GARBAGE,
};

struct node {
	u64 hash[2];
	u32 parent;
	u8 move;
};

struct table {
	struct node *nodes;
	u32 num_nodes, max_nodes;
	u32 *slots;
	u32 num_slots;
};

struct explorer {
	const struct search *search;
	const struct world_setup *s;
	struct table states;
	struct table recovered;
	struct {
		struct world w;
		u32 node;
	} *stack;
	u32 depth, max_depth;
	struct findings found;
};

static void *must(void *p)
{
	if (!p) {
		perror("explorer");
		abort();
	}
	return p;
}

static void hash_bytes(const void *bytes, size_t len, u64 hash[2])
{
	const u8 *p = bytes;
	u64 a = hash[0], b = hash[1];
	size_t i;

	for (i = 0; i < len; i += 8) {
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

/* All but accessors and parameters, which are the same in all states */
static void hash_world(const struct world *w, u64 hash[2])
{
	const size_t head = offsetof(struct epfv_regs, ops);
	const size_t tail = offsetof(struct epfv_regs, word1);

	static_assert(!offsetof(struct world, regs), "hashed from the start");
	static_assert(!(offsetof(struct epfv_regs, ops) % 8), "hashed in 64-bit steps");
	static_assert(!(offsetof(struct epfv_regs, word1) % 8), "hashed in 64-bit steps");
	static_assert(!(sizeof(*w) % 8), "hashed in 64-bit steps");
	hash[0] = 0x9e3779b97f4a7c15;
	hash[1] = 0xc2b2ae3d27d4eb4f;
	hash_bytes(w, head, hash);
	hash_bytes((const u8 *)w + tail, sizeof(*w) - tail, hash);
}

static u32 *find_slot(struct table *t, const u64 hash[2])
{
	u32 i = hash[0] & (t->num_slots - 1);

	while (t->slots[i] && memcmp(t->nodes[t->slots[i] - 1].hash, hash, 16))
		i = (i + 1) & (t->num_slots - 1);
	return &t->slots[i];
}

static void grow(struct table *t)
{
	u32 i;

	free(t->slots);
	t->num_slots = t->num_slots ? t->num_slots * 4 : 1 << 12;
	t->slots = must(calloc(t->num_slots, sizeof(*t->slots)));
	for (i = 0; i < t->num_nodes; i++)
		*find_slot(t, t->nodes[i].hash) = i + 1;
}

/* Returns whether @w is new */
static bool enter(struct table *t, const struct world *w, u32 parent, unsigned int move)
{
	struct node node = { .parent = parent, .move = move };
	u32 *slot;

	hash_world(w, node.hash);
	if (t->num_nodes * 2 >= t->num_slots)
		grow(t);
	slot = find_slot(t, node.hash);
	if (*slot)
		return false;

	if (t->num_nodes == t->max_nodes) {
		t->max_nodes = t->max_nodes ? t->max_nodes * 2 : 1 << 12;
		t->nodes = must(realloc(t->nodes, t->max_nodes * sizeof(*t->nodes)));
	}
	t->nodes[t->num_nodes++] = node;
	*slot = t->num_nodes;
	return true;
}

static void visit(struct explorer *e, const struct world *w, u32 parent, unsigned int move)
{
	if (!enter(&e->states, w, parent, move))
		return;
	if (e->depth == e->max_depth) {
		e->max_depth = e->max_depth ? e->max_depth * 2 : 1 << 8;
		e->stack = must(realloc(e->stack, e->max_depth * sizeof(*e->stack)));
	}
	e->stack[e->depth].w = *w;
	e->stack[e->depth++].node = e->states.num_nodes - 1;
}

/* Without clocks a wait of the host either may have ended, or began in this pass */
static void forget_time(const struct explorer *e, struct world *w)
{
	w->gap = 0;
	w->gap_this = 0;
	if (!w->in_pass || e->search->mode == SEARCH_FAULTS)
		w->wait = 0;
	else if (w->wait)
		w->wait = 1;
}

/* Returns whether the move is possible in @w */
static bool make_move(const struct explorer *e, struct world *w, unsigned int move,
		      const struct violation **error)
{
	const struct host *h = e->s->host;
	enum fault fault = NO_FAULT;

	*error = NULL;
	if (move >= NUM_MOVES && w->faults++ == e->search->budget)
		return false;
	switch (move) {
	case MOVE_TICK:
		if (e->search->mode != SEARCH_TIMED || !w->wait || w->gap >= e->search->budget)
			return false;
		w->wait--;
		w->gap++;
		w->gap_this += w->in_pass;
		return true;
	case MOVE_HOST:
		if (w->wait || w->pc == h->len)
			return false;
		*error = world_host(w, e->s);
		break;
	case MOVE_ALT:
		if (w->pc == h->len || h->op[w->pc].alt == HOST_NONE)
			return false;
		w->pc = h->op[w->pc].alt;
		return true;
	case MOVE_ENGINE_MSIX:
		if (w->in_pass || w->pass_msix == w->oracle.msix)
			return false;
		w->pass_msix = w->oracle.msix;
		*error = world_engine(w, e->s, NO_FAULT);
		break;
	case MOVE_ONES:
	case MOVE_EARLY:
		fault = move == MOVE_ONES ? FAULT_ONES : FAULT_EARLY;
		/* fall through */
	case MOVE_ENGINE:
		if (!w->in_pass && !e->s->stale_msix)
			w->pass_msix = w->oracle.msix;
		*error = world_engine(w, e->s, fault);
		break;
	case MOVE_STALE:
		if (w->in_pass)
			return false;
		*error = world_stale_pass(w, e->s);
		break;
	default:
		w->mem[VIRTIO_PCI_STATUS] = garbage[move - MOVE_GARBAGE];
		break;
	}
	if (e->search->mode != SEARCH_TIMED)
		forget_time(e, w);
	if (w->faults == e->search->budget)
		memset(w->last, 0, sizeof(w->last));
	return true;
}

static void print_host_op(const struct host_op *op)
{
	static const char *const names[] = { "write", "read", "delay", "msix", "sync" };

	fprintf(stderr, "  host %s%u @%u %#x\n", names[op->kind], 8 * op->size, op->off, op->val);
}

static void print_move(const struct explorer *e, struct world *w, unsigned int move)
{
	const struct violation *ignored;
	bool begins = !w->in_pass;

	if (move == MOVE_HOST)
		print_host_op(&e->s->host->op[w->pc]);
	else if (move == MOVE_ALT)
		fprintf(stderr, "  host fails\n");
	else if (move == MOVE_TICK)
		fprintf(stderr, "  -\n");
	else if (move >= MOVE_STALE)
		fprintf(stderr, "  fault %u\n", move - MOVE_STALE);
	make_move(e, w, move, &ignored);
	if (move >= MOVE_ENGINE && move < MOVE_STALE)
		fprintf(stderr, "  engine%s access%s\n", begins ? " begins a pass:" : "",
			w->in_pass ? "" : ", which is its last");
}

/* How the host and the engine came to @node, and what they did last */
static void print_trace(const struct explorer *e, u32 node, unsigned int last)
{
	const struct node *nodes = e->states.nodes;
	u32 len = 0, n, i;
	struct world w;
	u8 *moves;

	for (n = node; n; n = nodes[n].parent)
		len++;
	moves = must(malloc(len + 1));
	for (n = node, i = len; n; n = nodes[n].parent)
		moves[--i] = nodes[n].move;

	world_init(&w, e->s);
	for (i = 0; i < len; i++)
		print_move(e, &w, moves[i]);
	if (last != NUM_FAULT_MOVES)
		print_move(e, &w, last);
	free(moves);
}

/* Returns whether the search goes on, though not from here */
static bool tolerated(struct explorer *e, const struct violation *error)
{
	if (error->property == MISUSE)
		return false;
	if (!(e->search->properties & BIT(error->property)))
		return true;
	if (!error->limit || !(e->search->allowed & BIT(error->limit)))
		return false;
	e->found.ended[error->limit]++;
	return true;
}

static void report(struct explorer *e, const struct violation *error, u32 node,
		   unsigned int move)
{
	e->found.error = error;
	if (!e->search->verbose)
		return;
	print_trace(e, node, move);
	fprintf(stderr, "  O%u: %s\n", error->property, error->text);
}

/* States that are alike to the engine, whatever the host was about to do */
static const struct violation *recover(struct explorer *e, const struct world *w)
{
	struct world alike = *w;

	if (w->in_pass || !e->search->recovery || !(e->search->properties & BIT(O6)))
		return NULL;
	memset(&alike.oracle, 0, sizeof(alike.oracle));
	memset(alike.last, 0, sizeof(alike.last));
	alike.oracle.msix = w->oracle.msix;
	alike.dirty = 0;
	alike.faults = 0;
	alike.unscanned = false;
	alike.resets_since_pass = 0;
	alike.resets_since_live = 0;
	alike.pc = 0;
	alike.wait = 0;
	alike.gap = 0;
	alike.gap_this = 0;
	if (!enter(&e->recovered, &alike, 0, 0))
		return NULL;
	return world_recover(w, e->search->recovery);
}

static void step(struct explorer *e, const struct world *from, u32 node, unsigned int move)
{
	const struct violation *error;
	struct world w = *from;

	if (!make_move(e, &w, move, &error))
		return;
	if (!error) {
		visit(e, &w, node, move);
		return;
	}
	if (!tolerated(e, error)) {
		report(e, error, node, move);
		return;
	}
	error = recover(e, &w);
	if (error)
		report(e, error, node, move);
}

/* All that follows @from at once */
static void expand(struct explorer *e, const struct world *from, u32 node)
{
	unsigned int moves = e->search->mode == SEARCH_FAULTS ? NUM_FAULT_MOVES : NUM_MOVES;
	const struct violation *error = world_check(from, e->s);
	unsigned int move;

	if (error && tolerated(e, error))
		return;
	if (!error)
		error = recover(e, from);
	if (error) {
		report(e, error, node, NUM_FAULT_MOVES);
		return;
	}
	for (move = 0; move < moves && !e->found.error; move++)
		step(e, from, node, move);
}

struct findings explore(const struct search *search)
{
	struct explorer e = { .search = search, .s = search->s };
	struct world w;

	world_init(&w, e.s);
	visit(&e, &w, 0, MOVE_TICK);
	while (e.depth && !e.found.error) {
		w = e.stack[--e.depth].w;
		expand(&e, &w, e.stack[e.depth].node);
	}
	e.found.states = e.states.num_nodes;
	e.found.recovered = e.recovered.num_nodes;
	free(e.states.nodes);
	free(e.states.slots);
	free(e.recovered.nodes);
	free(e.recovered.slots);
	free(e.stack);
	return e.found;
}

struct findings lockstep(const struct world_setup *s, unsigned int passes)
{
	struct findings found = { 0 };
	struct world w;
	unsigned int i;

	world_init(&w, s);
	while (w.pc < s->host->len && !found.error) {
		found.error = world_host(&w, s);
		for (i = 0; i < passes && !found.error; i++)
			found.error = world_pass(&w, s, NULL);
		if (!found.error)
			found.error = world_check(&w, s);
		found.states++;
	}
	return found;
}
