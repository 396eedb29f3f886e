// SPDX-License-Identifier: GPL-2.0
/*
 * What is true whatever was done
 */
#include <string.h>

#include "search.h"

void check_always(struct card *c)
{
	assert_int_equal(fake_locks, 0);
	assert_int_equal(fake_irqs_off, 0);
	if (c->bound && !c->link && c->f->poller.up)
		fail_msg("a card is polled that no host reaches");
}

static bool vague(const struct card *c, unsigned int id)
{
	unsigned int i;

	for (i = 0; i < 2; i++)
		if (c->side[i].wild || c->side[i].end[id].vague)
			return true;
	return false;
}

static bool enabled(const struct card *c, unsigned int id)
{
	return c->vcon->setting[id] && c->vcon->setting[id]->enabled;
}

/* Nobody waits for ever */
static void check_held(const struct card *c, unsigned int id)
{
	const struct epfv_pipe *pipes[] = { &c->f->from_host[id], &c->f->to_host[id] };
	unsigned int i;

	for (i = 0; i < 2; i++) {
		const struct epfv_pipe *p = pipes[i];

		if (p->hq->held || p->lq->held || p->closing)
			fail_msg("port %u: %s is held", id, p->to_host ? "the endpoint" : "the host");
		if (p->hq->live && p->hq->ring->error)
			fail_msg("port %u: a ring of the host is broken", id);
		if (p->lq->live && p->lq->ring && p->lq->ring->error)
			fail_msg("port %u: a ring of the endpoint is broken", id);
	}
}

/* All has come that had to, to whoever is there */
static void check_arrived(const struct card *c, enum epfv_side from, unsigned int id)
{
	const struct flow *f = &c->flow[from][id];
	unsigned int i;

	if (!c->side[!from].end[id].open)
		return;
	for (i = 0; i < f->num; i++)
		if (f->sent[i].sure && f->sent[i].excuses == f->excuses && !f->sent[i].arrived)
			fail_msg("port %u: byte %u of the %s has not come", id, i,
				 from == EPFV_HOST ? "host" : "endpoint");
}

/* A driver was told what the settings are, and what the other one does */
static void check_told(const struct card *c, enum epfv_side side, unsigned int id)
{
	const struct end *end = &c->side[side].end[id], *peer = &c->side[!side].end[id];
	const char *who = side == EPFV_HOST ? "host" : "endpoint";
	const struct vcon_setting *s = c->vcon->setting[id];
	bool user = side == EPFV_ENDPOINT && card_direct(c);

	if (end->known != enabled(c, id))
		fail_msg("port %u: the %s believes that it is %s", id, who,
			 end->known ? "there" : "gone");
	if (!end->known)
		return;
	if (end->console != s->console)
		fail_msg("port %u: the %s believes that it is %s console", id, who,
			 end->console ? "a" : "no");
	if (!(user && end->console) && strcmp(end->name, s->name))
		fail_msg("port %u: the %s believes that its name is \"%s\"", id, who, end->name);
	if (end->console && memcmp(&end->size, &s->size[side], sizeof(end->size)))
		fail_msg("port %u: the %s believes that its size is %ux%u", id, who,
			 end->size.cols, end->size.rows);
	if (!(user && end->console) && end->peer != peer->open)
		fail_msg("port %u: the %s believes that the other end is %s", id, who,
			 end->peer ? "open" : "closed");
}

static void check_config(const struct card *c)
{
	const u8 *bar = fake_epf.epf.bar[BAR_0].addr;
	struct vcon_size host = c->vcon->size[VCON_HOST];
	u8 bytes[8];

	memcpy(bytes, bar + (c->epc.msix ? 24 : 20), sizeof(bytes));
	if (card_has_ports(c)) {
		assert_int_equal(bytes[4], c->f->type->num_pairs);
		return;
	}
	assert_int_equal(bytes[0] | bytes[1] << 8, host.cols);
	assert_int_equal(bytes[2] | bytes[3] << 8, host.rows);
}

void check_settled(struct card *c)
{
	unsigned int side, i;

	check_always(c);
	if (!c->bound)
		return;
	for (i = 0; i < c->f->type->num_pairs; i++) {
		if (vague(c, i))
			continue;
		check_held(c, i);
		check_arrived(c, EPFV_HOST, i);
		check_arrived(c, EPFV_ENDPOINT, i);
	}
	if (c->side[EPFV_HOST].up)
		check_config(c);
	for (side = 0; side < 2; side++) {
		struct side *s = &c->side[side];
		bool there = side == EPFV_ENDPOINT && card_direct(c) ? card_has_ports(c) : s->up;

		for (i = 0; there && s->multiport && i < PORTS; i++)
			if (!vague(c, i))
				check_told(c, side, i);
	}
}

static void open_end(struct card *c, enum epfv_side side, unsigned int id)
{
	struct side *s = &c->side[side];

	if (side == EPFV_ENDPOINT && card_direct(c))
		user_open(s, id, true);
	else
		console_open(s, id, true);
}

static void send_bytes(struct card *c, enum epfv_side side, unsigned int id)
{
	struct flow *f = &c->flow[side][id];
	struct side *s = &c->side[side];
	unsigned int i, before = f->num;

	if (before + 3 > MAX_BYTES)
		return;
	for (i = 0; i < 3; i++) {
		if (side == EPFV_ENDPOINT && card_direct(c))
			user_send(s, id);
		else
			console_send(s, id);
	}
	if (f->num != before + 3)
		fail_msg("port %u: the %s cannot send", id, side == EPFV_HOST ? "host" : "endpoint");
	for (i = before; i < f->num; i++)
		f->sent[i].sure = true;
}

/* Each port that is there can be used by both sides; afterwards nothing is left to be known */
void check_works(struct card *c)
{
	bool multiport;
	unsigned int i;

	if (!c->bound && card_bind(c))
		return;
	card_link(c, true);
	for (i = 0; i < 2; i++)
		c->side[i].hasty = false;
	/* Who has said nonsense starts anew */
	for (i = 0; i < PORTS; i++) {
		if (vague(c, i)) {
			host_down(c, true);
			local_down(c);
		}
	}
	host_up(c, true, 0);
	local_up(c, true);
	card_settle(c);
	check_settled(c);
	multiport = c->side[EPFV_HOST].multiport && c->side[EPFV_ENDPOINT].multiport;
	for (i = 0; i < (multiport ? PORTS : 1); i++) {
		if (card_has_ports(c) && !enabled(c, i))
			continue;
		open_end(c, EPFV_HOST, i);
		open_end(c, EPFV_ENDPOINT, i);
	}
	card_settle(c);
	check_settled(c);
	for (i = 0; i < (multiport ? PORTS : 1); i++) {
		if (card_has_ports(c) && !enabled(c, i))
			continue;
		send_bytes(c, EPFV_HOST, i);
		send_bytes(c, EPFV_ENDPOINT, i);
	}
	card_settle(c);
	check_settled(c);
}

/* FNV-1a */
static u64 mix(u64 hash, const void *data, size_t len)
{
	const u8 *byte = data;

	while (len--)
		hash = (hash ^ *byte++) * 0x100000001b3;
	return hash;
}

static u64 mix_bits(u64 hash, u64 bits)
{
	return mix(hash, &bits, sizeof(bits));
}

static u64 mix_pipe(u64 h, const struct epfv_pipe *p)
{
	return mix_bits(h, p->lossless | p->open << 1 | p->discard << 2 | p->closing << 3 |
			p->host_live << 4 | (p->chunk_len > 0) << 5 | p->active << 6 |
			(p->settle.at != 0) << 7 | p->hq->live << 8 | p->hq->held << 9 |
			p->hq->scan << 10 | p->lq->live << 11 | p->lq->held << 12 |
			(p->lq->settle.at != 0) << 13 | p->lq->call << 14 |
			(epfv_fifo_len(&p->fifo) > 0) << 15 | (epfv_fifo_len(&p->fifo) > 1) << 16);
}

static u64 mix_side(u64 h, const struct side *s)
{
	unsigned int i;

	h = mix_bits(h, s->up | s->multiport << 1 | s->asked << 2 | s->mute << 3 | s->lazy << 4 |
		     s->stalled << 5 | s->hasty << 6 | s->wild << 7);
	for (i = 0; i < PORTS; i++) {
		const struct end *e = &s->end[i];

		h = mix_bits(h, e->known | e->reused << 1 | e->ready << 2 | e->console << 3 |
			     e->peer << 4 | e->open << 5 | e->vague << 6 | e->gone << 7);
		h = mix(h, e->name, strlen(e->name));
		h = mix(h, &e->size, sizeof(e->size));
	}
	for (i = 0; i < QUEUES; i++)
		h = mix_bits(h, s->up ? s->queue[i].d.in_flight + s->queue[i].fill * 256 : 0);
	return h;
}

u64 card_signature(const struct card *c)
{
	const struct vcon *v = c->vcon;
	u64 h = 0xcbf29ce484222325;
	unsigned int i;

	h = mix_bits(h, c->bound | c->link << 1 | v->direct << 2 | v->bound << 3 |
		     v->direct_work.pending << 4 | c->epc.msix << 5);
	h = mix(h, v->ports.port, PORTS * sizeof(v->ports.port[0]));
	h = mix(h, v->ports.multiport, sizeof(v->ports.multiport));
	h = mix(h, v->ports.ready, sizeof(v->ports.ready));
	h = mix(h, v->size, sizeof(v->size));
	for (i = 0; i < PORTS; i++)
		if (v->setting[i])
			h = mix(h, &v->setting[i]->enabled, sizeof(*v->setting[i]) -
				offsetof(struct vcon_setting, enabled));
	for (i = 0; i < 2; i++)
		h = mix_side(h, &c->side[i]);
	if (!c->bound)
		return h;
	h = mix_bits(h, c->f->poller.up | c->f->poller.t->phase << 1);
	for (i = 0; i < c->f->type->num_pairs; i++) {
		h = mix_pipe(h, &c->f->from_host[i]);
		h = mix_pipe(h, &c->f->to_host[i]);
	}
	return h;
}
