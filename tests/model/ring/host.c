// SPDX-License-Identifier: GPL-2.0
/*
 * The driver's half of a split virtqueue, step by step as the kernel's virtio_ring.c
 *
 * Total store order: stores wait in a buffer and become visible one by one, in
 * order; loads do not wait for them, except behind a full barrier, and so does
 * the store to the notify register.
 */
#include <string.h>

#include <asm/byteorder.h>
#include <linux/virtio_ring.h>

#include "world.h"

unsigned int message_chain(const struct setup *s, unsigned int q, unsigned int number)
{
	return s->q[q].chain ? s->q[q].chain : 1 + number % 2;
}

u8 message_byte(unsigned int number, unsigned int part)
{
	return 1 + number * 2 + part;
}

static u16 load16(const u8 *p)
{
	u16 val;

	memcpy(&val, p, sizeof(val));
	return val;
}

static void push(struct host *h, enum store_kind kind, u8 index, u16 val, u16 next)
{
	h->store[h->num_stores++] = (struct store){ kind, index, val, next };
}

static bool room_for(const struct host *h, unsigned int n)
{
	return h->num_stores + n <= MAX_STORES;
}

static void store_desc(struct world_queue *wq, unsigned int q, const struct store *st)
{
	struct vring_desc desc = {
		.addr = BUFFER_ADDR(q, st->index),
		.len = 1,
		.flags = st->val,
		.next = st->next,
	};

	memcpy(wq->driver.byte + st->index * sizeof(desc), &desc, sizeof(desc));
}

static void make_visible(struct world *w, const struct setup *s, unsigned int q)
{
	struct world_queue *wq = &w->q[q];
	struct host *h = &wq->host;
	u8 *avail = wq->driver.byte + s->num * sizeof(struct vring_desc);
	const struct store *st = &h->store[0];

	switch (st->kind) {
	case STORE_PAYLOAD:
		wq->payload[st->index] = st->val;
		break;
	case STORE_DESC:
		store_desc(wq, q, st);
		break;
	case STORE_ENTRY:
		memcpy(avail + 4 + st->index * 2, &st->val, 2);
		break;
	case STORE_IDX:
		memcpy(avail + 2, &st->val, 2);
		break;
	case STORE_FLAGS:
		memcpy(avail, &st->val, 2);
		break;
	}
	h->num_stores--;
	memmove(h->store, h->store + 1, h->num_stores * sizeof(*h->store));
	memset(&h->store[h->num_stores], 0, sizeof(*h->store));
}

/*
 * The next stores become visible: what makes up a buffer at once, since it is
 * not to be looked at before its idx, which is one by itself
 */
static bool next_visible(struct world *w, const struct setup *s, unsigned int q)
{
	struct host *h = &w->q[q].host;

	if (!h->num_stores)
		return false;
	if (h->store[0].kind == STORE_IDX || h->store[0].kind == STORE_FLAGS) {
		make_visible(w, s, q);
		return true;
	}
	while (h->store[0].kind != STORE_IDX)
		make_visible(w, s, q);
	return true;
}

static bool can_add(const struct host *h, const struct setup *s, unsigned int q)
{
	unsigned int most = s->q[q].callbacks == CB_SPIN ? 1 : s->q[q].buffers;

	return h->added < s->q[q].messages && h->in_flight < most &&
	       h->num_free >= message_chain(s, q, h->added);
}

/* virtqueue_add_split(), from payload to idx */
static bool add(struct world *w, const struct setup *s, unsigned int q)
{
	struct host *h = &w->q[q].host;
	unsigned int n = message_chain(s, q, h->added), d = h->free_head, k;
	bool out = !s->q[q].to_host;

	if (h->state == HOST_ENABLING || !can_add(h, s, q) || !room_for(h, (out ? 2 : 1) * n + 2))
		return false;
	if (h->state == HOST_ASLEEP && !s->q[q].host_stops)
		return false;
	h->state = HOST_RUNNING;
	h->chain[d] = n;
	for (k = 0; k < n; k++, d = h->next[d]) {
		h->owned[d] = true;
		if (out)
			push(h, STORE_PAYLOAD, d, message_byte(h->added, k), 0);
		push(h, STORE_DESC, d, (out ? 0 : VRING_DESC_F_WRITE) |
		     (k + 1 < n ? VRING_DESC_F_NEXT : 0), k + 1 < n ? h->next[d] : 0);
	}
	push(h, STORE_ENTRY, h->avail_idx & (s->num - 1), h->free_head, 0);
	push(h, STORE_IDX, 0, ++h->avail_idx, 0);
	h->free_head = d;
	h->num_free -= n;
	h->in_flight++;
	h->added++;
	h->unkicked = true;
	return true;
}

/* virtqueue_kick_prepare_split() and vp_notify() */
static bool kick(struct world *w, unsigned int q)
{
	struct host *h = &w->q[q].host;

	if (h->state != HOST_RUNNING || !h->unkicked || h->num_stores)
		return false;
	h->unkicked = false;
	if (!(load16(w->q[q].used) & VRING_USED_F_NO_NOTIFY))
		w->notifies++;
	return true;
}

static bool more_used(const struct world_queue *wq)
{
	return load16(wq->used + 2) != wq->host.last_used;
}

/* Take back what the driver owns again, and leave nothing in it that could be used */
static void detach(struct world *w, const struct setup *s, unsigned int q, unsigned int head,
		   u32 len)
{
	struct world_queue *wq = &w->q[q];
	struct host *h = &wq->host;
	unsigned int n = h->chain[head], d = head, k;

	if (len != (s->q[q].to_host ? n : 0))
		world_error(w, "used length is not what was written");
	for (k = 0; k < n; k++) {
		if (s->q[q].to_host && wq->payload[d] != message_byte(h->returned, k))
			world_error(w, "payload is not there when the buffer is used");
		wq->payload[d] = POISON;
		memset(wq->driver.byte + d * sizeof(struct vring_desc), POISON,
		       sizeof(struct vring_desc));
		h->owned[d] = false;
		if (k + 1 < n)
			d = h->next[d];
	}
	h->next[d] = h->free_head;
	h->free_head = head;
	h->num_free += n;
	h->chain[head] = 0;
}

/* virtqueue_get_buf_ctx_split() */
static bool get(struct world *w, const struct setup *s, unsigned int q)
{
	struct world_queue *wq = &w->q[q];
	struct host *h = &wq->host;
	struct vring_used_elem elem;

	if (h->state != HOST_RUNNING || h->unkicked || !more_used(wq))
		return false;
	if ((u16)(load16(wq->used + 2) - h->last_used) > h->in_flight) {
		world_error(w, "more buffers used than were available");
		return true;
	}
	memcpy(&elem, wq->used + 4 + (h->last_used & (s->num - 1)) * sizeof(elem), sizeof(elem));
	if (elem.id >= s->num || !h->chain[elem.id]) {
		world_error(w, "used buffer is not one in flight");
		return true;
	}
	detach(w, s, q, elem.id, elem.len);
	h->last_used++;
	h->in_flight--;
	h->returned++;
	return true;
}

static void set_flags(struct host *h, bool no_interrupt)
{
	if (h->no_interrupt == no_interrupt)
		return;
	h->no_interrupt = no_interrupt;
	push(h, STORE_FLAGS, 0, no_interrupt ? VRING_AVAIL_F_NO_INTERRUPT : 0, 0);
}

/* Nothing to do: where interrupts are toggled, virtqueue_enable_cb_prepare_split() first */
static bool go_to_sleep(struct world *w, const struct setup *s, unsigned int q)
{
	struct host *h = &w->q[q].host;

	if (h->state != HOST_RUNNING || s->q[q].callbacks == CB_SPIN || h->unkicked ||
	    !room_for(h, 1) || more_used(&w->q[q]) ||
	    (can_add(h, s, q) && !s->q[q].host_stops))
		return false;
	if (s->q[q].callbacks == CB_ON) {
		h->state = HOST_ASLEEP;
		return true;
	}
	set_flags(h, false);
	h->state = HOST_ENABLING;
	return true;
}

/* virtqueue_poll() behind its full barrier */
static bool recheck(struct world *w, unsigned int q)
{
	struct host *h = &w->q[q].host;

	if (h->state != HOST_ENABLING || h->num_stores)
		return false;
	if (more_used(&w->q[q])) {
		set_flags(h, true);
		h->state = HOST_RUNNING;
	} else {
		h->state = HOST_ASLEEP;
	}
	return true;
}

static bool toggle(struct world *w, unsigned int q)
{
	struct host *h = &w->q[q].host;

	if (h->state != HOST_RUNNING || !h->toggles || !room_for(h, 1))
		return false;
	h->toggles--;
	set_flags(h, !h->no_interrupt);
	return true;
}

/*
 * vring_interrupt().  A driver that is at work will look before it sleeps: to
 * count on the interrupt besides would hide that one is missing.
 */
void host_interrupt(struct world *w, const struct setup *s, unsigned int q)
{
	struct host *h = &w->q[q].host;

	if (h->state != HOST_ASLEEP || !more_used(&w->q[q]))
		return;
	h->state = HOST_RUNNING;
	if (s->q[q].callbacks == CB_TOGGLE)
		set_flags(h, true);
}

bool host_move(struct world *w, const struct setup *s, unsigned int q, enum queue_move move)
{
	switch (move) {
	case MOVE_VISIBLE:
		return next_visible(w, s, q);
	case MOVE_ADD:
		return add(w, s, q);
	case MOVE_KICK:
		return kick(w, q);
	case MOVE_GET:
		return get(w, s, q);
	case MOVE_SLEEP:
		return go_to_sleep(w, s, q);
	case MOVE_RECHECK:
		return recheck(w, q);
	case MOVE_TOGGLE:
		return toggle(w, q);
	default:
		return false;
	}
}

void host_init(struct world *w, const struct setup *s, unsigned int q)
{
	struct world_queue *wq = &w->q[q];
	struct host *h = &wq->host;
	unsigned int d, desc_bytes = s->num * sizeof(struct vring_desc);

	/* What the driver has not written must not matter; flags and idx begin with 0 */
	memset(wq->driver.byte, POISON, sizeof(wq->driver.byte));
	memset(wq->driver.byte + desc_bytes, 0, 4);
	memset(wq->payload, POISON, sizeof(wq->payload));
	for (d = 0; d < s->num; d++)
		h->next[d] = d + 1;
	h->num_free = s->num;
	h->toggles = s->q[q].toggles;
	h->no_interrupt = s->q[q].callbacks == CB_SPIN;
	if (h->no_interrupt)
		wq->driver.byte[desc_bytes] = VRING_AVAIL_F_NO_INTERRUPT;
}
