// SPDX-License-Identifier: GPL-2.0
/*
 * All states that can be reached: depth first, known by 127 bits of hash
 *
 * The number of messages is bounded, so no state can come again on a path: if
 * one does, both sides are busy for ever without getting on.
 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "world.h"

/* A state that was seen; both 0: an empty slot.  OPEN: on the path to the current one */
struct slot {
	u64 a;
	u64 b;
};

#define OPEN		1ULL

struct frame {
	struct world w;
	struct slot key;
	u8 move;	/* to be tried next */
	bool moved;	/* at least one was possible */
};

struct explorer {
	const struct setup *s;
	struct slot *table;
	u64 size;
	struct frame *path;
	u32 depth, max_depth;
	struct result res;
};

static void *must(void *p)
{
	if (!p) {
		perror("explore");
		abort();
	}
	return p;
}

static struct slot hash_world(const struct world *w, const struct setup *s)
{
	static_assert(offsetof(struct world, q) % 8 == 0, "hashed in 64-bit steps");
	static_assert(sizeof(struct world_queue) % 8 == 0, "hashed in 64-bit steps");
	u64 a = 0x9e3779b97f4a7c15, b = 0xc2b2ae3d27d4eb4f;
	size_t i, size = world_size(s);
	const u8 *p = (const u8 *)w;

	for (i = 0; i < size; i += 8) {
		u64 v;

		memcpy(&v, p + i, 8);
		a = (a ^ v) * 0xff51afd7ed558ccd;
		a ^= a >> 32;
		b = (b + v) * 0xc4ceb9fe1a85ec53;
		b ^= b >> 29;
	}
	return (struct slot){ a ? a : 1, b & ~OPEN };
}

static struct slot *find(const struct explorer *e, struct slot key)
{
	u64 i = key.a & (e->size - 1);

	while (e->table[i].a && (e->table[i].a != key.a || (e->table[i].b & ~OPEN) != key.b))
		i = (i + 1) & (e->size - 1);
	return &e->table[i];
}

static void grow(struct explorer *e)
{
	struct slot *old = e->table;
	u64 i, size = e->size;

	e->size = size ? size * 4 : 1 << 16;
	e->table = must(calloc(e->size, sizeof(*e->table)));
	for (i = 0; i < size; i++)
		if (old[i].a)
			*find(e, (struct slot){ old[i].a, old[i].b & ~OPEN }) = old[i];
	free(old);
}

static void visit(struct explorer *e, const struct world *w)
{
	struct slot key = hash_world(w, e->s), *slot;
	struct frame *f;

	if (e->res.states * 2 >= e->size)
		grow(e);
	slot = find(e, key);
	if (slot->a) {
		if (slot->b & OPEN)
			e->res.error = "both sides are busy without getting on";
		return;
	}
	*slot = (struct slot){ key.a, key.b | OPEN };
	e->res.states++;

	if (e->depth == e->max_depth) {
		e->max_depth = e->max_depth ? e->max_depth * 2 : 1 << 6;
		e->path = must(realloc(e->path, e->max_depth * sizeof(*e->path)));
	}
	f = &e->path[e->depth++];
	memcpy(&f->w, w, world_size(e->s));
	f->key = key;
	f->move = 0;
	f->moved = false;
	if (e->depth > e->res.longest)
		e->res.longest = e->depth;
}

/* Nothing follows from this state */
static void leave(struct explorer *e, const struct frame *f)
{
	find(e, f->key)->b &= ~OPEN;
	if (f->moved)
		return;
	e->res.ends++;
	if (!world_done(&f->w, e->s))
		e->res.error = "both sides are asleep, and messages are outstanding";
}

static void print_path(const struct explorer *e)
{
	u32 i;

	for (i = 0; i < e->depth; i++)
		if (e->path[i].move)
			world_print_move(&e->path[i].w, e->s, e->path[i].move - 1);
	fprintf(stderr, "  %s\n", e->res.error);
}

struct result explore(const struct setup *s, bool verbose)
{
	struct explorer e = { .s = s };
	static struct world w;

	world_init(&w, s);
	visit(&e, &w);
	while (e.depth && !e.res.error) {
		struct frame *f = &e.path[e.depth - 1];
		bool moved = false;

		memcpy(&w, &f->w, world_size(s));
		while (!moved && f->move < NUM_MOVES)
			moved = world_move(&w, s, f->move++);
		if (!moved) {
			leave(&e, f);
			if (!e.res.error)
				e.depth--;
			continue;
		}
		f->moved = true;
		e.res.error = w.error;
		if (!e.res.error)
			visit(&e, &w);
	}
	if (e.res.error && verbose)
		print_path(&e);
	free(e.table);
	free(e.path);
	return e.res;
}
