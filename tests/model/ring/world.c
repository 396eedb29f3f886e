// SPDX-License-Identifier: GPL-2.0
/*
 * The moves that lead from one state to the next, and the link between both sides
 */
#include <stdio.h>
#include <string.h>

#include "world.h"

void world_init(struct world *w, const struct setup *s)
{
	unsigned int q;

	memset(w, 0, sizeof(*w));
	for (q = 0; q < s->num_queues; q++) {
		host_init(w, s, q);
		if (!s->q[q].to_host && !s->q[q].endpoint_stops)
			w->q[q].limit = s->q[q].messages;
	}
	endpoint_init(w, s);
}

static void land(struct world *w, const struct setup *s, const struct posted *p)
{
	struct world_queue *wq = &w->q[p->q];

	switch (p->kind) {
	case POSTED_USED:
		memcpy(wq->used + p->off, p->data, p->len);
		break;
	case POSTED_PAYLOAD:
		if (!wq->host.owned[p->off])
			world_error(w, "written to a buffer that is the driver's again");
		wq->payload[p->off] = p->data[0];
		break;
	case POSTED_INTERRUPT:
		host_interrupt(w, s, p->q);
		break;
	}
}

/* The first @n of those under way, and nothing else */
static void land_first(struct world *w, const struct setup *s, unsigned int n)
{
	unsigned int i;

	for (i = 0; i < n; i++)
		land(w, s, &w->posted[i]);
	w->num_posted -= n;
	memmove(w->posted, w->posted + n, w->num_posted * sizeof(*w->posted));
	memset(w->posted + w->num_posted, 0, n * sizeof(*w->posted));
}

/* Nothing shows the host that this one has arrived */
static bool is_quiet(const struct posted *p)
{
	return p->kind == POSTED_PAYLOAD || (p->kind == POSTED_USED && p->off >= 4);
}

/*
 * Write @n, one that shows, arrives.  PCIe keeps the order of writes, so all
 * before it have arrived, too; a processor may keep it at barriers only, and
 * then those behind the last one are not there yet.
 */
static bool arrive(struct world *w, const struct setup *s, unsigned int n)
{
	unsigned int i = n, before = 0, k;
	struct posted p;

	if (i >= w->num_posted || is_quiet(&w->posted[i]))
		return false;
	for (k = 1; k <= i; k++)
		if (!s->weak || w->posted[k].fence)
			before = k;
	for (k = 0; k < before; k++)
		if (!is_quiet(&w->posted[k]))
			return false;
	land_first(w, s, before);
	i -= before;
	p = w->posted[i];
	w->num_posted--;
	memmove(w->posted + i, w->posted + i + 1, (w->num_posted - i) * sizeof(*w->posted));
	memset(&w->posted[w->num_posted], 0, sizeof(*w->posted));
	land(w, s, &p);
	return true;
}

void world_flush(struct world *w, const struct setup *s)
{
	land_first(w, s, w->num_posted);
}

void world_forget(struct world *w, const struct setup *s)
{
	unsigned int q;

	for (q = 0; q < s->num_queues; q++)
		memset(&w->q[q].old, 0, sizeof(w->q[q].old));
	w->old_valid = false;
}

void world_snapshot(struct world *w, const struct setup *s)
{
	unsigned int q;

	if (!s->weak)
		return;
	for (q = 0; q < s->num_queues; q++)
		w->q[q].old = w->q[q].driver;
	w->old_valid = true;
}

static bool local_move(struct world *w, const struct setup *s, unsigned int q)
{
	if (w->q[q].limit == s->q[q].messages)
		return false;
	w->q[q].limit++;
	w->kicked = true;
	return true;
}

static bool notify_move(struct world *w)
{
	if (!w->notifies)
		return false;
	w->notifies--;
	w->notify = true;
	return true;
}

bool world_move(struct world *w, const struct setup *s, unsigned int move)
{
	unsigned int q = (move - MOVE_QUEUE) / NUM_QUEUE_MOVES;

	if (move < MOVE_ARRIVE)
		return endpoint_move(w, s, move / 2, move & 1);
	if (move < MOVE_NOTIFY)
		return arrive(w, s, move - MOVE_ARRIVE);
	if (move == MOVE_NOTIFY)
		return notify_move(w);
	if (q >= s->num_queues)
		return false;
	move = (move - MOVE_QUEUE) % NUM_QUEUE_MOVES;
	if (move == MOVE_LOCAL)
		return local_move(w, s, q);
	return host_move(w, s, q, move);
}

bool world_done(const struct world *w, const struct setup *s)
{
	unsigned int q;

	for (q = 0; q < s->num_queues; q++)
		if (w->q[q].host.returned != s->q[q].messages ||
		    w->q[q].ep.count != s->q[q].messages)
			return false;
	return true;
}

static void print_endpoint_move(const struct world *w, unsigned int move)
{
	static const char *const names[] = {
		[ACCESS_LOOK] = "looks at the notify register",
		[ACCESS_CLEAR] = "clears it",
		[ACCESS_RING] = "reads the ring",
		[ACCESS_PAYLOAD] = "reads payload",
		[ACCESS_POST] = "goes on writing",
	};
	const struct access *a = &w->next;

	fprintf(stderr, "  endpoint %s", names[a->kind]);
	if (a->kind == ACCESS_RING)
		fprintf(stderr, " of queue %u: %u bytes at %u, piece %u%s", a->q, a->len, a->off,
			move / 2, move & 1 ? " as it was before" : "");
	fprintf(stderr, "\n");
}

static void print_arrival(const struct posted *p)
{
	static const char *const names[] = {
		[POSTED_USED] = "used ring",
		[POSTED_PAYLOAD] = "payload",
		[POSTED_INTERRUPT] = "interrupt",
	};

	fprintf(stderr, "      arrives: %s of queue %u, %u bytes at %u\n", names[p->kind], p->q,
		p->len, p->off);
}

void world_print_move(const struct world *w, const struct setup *s, unsigned int move)
{
	static const char *const names[] = {
		[MOVE_VISIBLE] = "a store becomes visible",
		[MOVE_ADD] = "adds a buffer",
		[MOVE_KICK] = "kicks, if not suppressed",
		[MOVE_GET] = "takes a used buffer",
		[MOVE_SLEEP] = "has nothing to do",
		[MOVE_RECHECK] = "looks again, with interrupts on",
		[MOVE_TOGGLE] = "turns interrupts on or off",
		[MOVE_LOCAL] = "",
	};
	unsigned int q = (move - MOVE_QUEUE) / NUM_QUEUE_MOVES;

	if (move < MOVE_ARRIVE)
		print_endpoint_move(w, move);
	else if (move < MOVE_NOTIFY)
		print_arrival(&w->posted[move - MOVE_ARRIVE]);
	else if (move == MOVE_NOTIFY)
		fprintf(stderr, "      arrives: notification\n");
	else if ((move - MOVE_QUEUE) % NUM_QUEUE_MOVES == MOVE_LOCAL)
		fprintf(stderr, "  endpoint has %s for queue %u\n",
			s->q[q].to_host ? "a message" : "room", q);
	else
		fprintf(stderr, "    host, queue %u: %s\n", q,
			names[(move - MOVE_QUEUE) % NUM_QUEUE_MOVES]);
}
