// SPDX-License-Identifier: GPL-2.0
/*
 * Bytes that are sent through a port, and what may have become of them
 */
#include "search.h"

static struct side *other(struct side *s)
{
	return &s->card->side[!s->side];
}

struct flow *flow_from(struct side *s, unsigned int id)
{
	return &s->card->flow[s->side][id];
}

struct flow *flow_to(struct side *s, unsigned int id)
{
	return &s->card->flow[!s->side][id];
}

/* Whether a sender waits: it talks of ports, and this one is no console */
static bool waits(const struct side *s, unsigned int id)
{
	return s->multiport && !s->end[id].console;
}

/* Whether the next byte must arrive, if nothing happens later that excuses it */
static bool sure(struct side *s, unsigned int id)
{
	const struct end *end = &s->end[id], *peer = &other(s)->end[id];

	if (!s->multiport)
		return true;
	if (!end->ready || end->gone || peer->gone || end->vague || peer->vague)
		return false;
	return end->console || (end->open && end->peer && peer->open);
}

u8 flow_next(struct side *s, unsigned int id)
{
	struct flow *f = flow_from(s, id);

	f->sent[f->num].session = f->session;
	f->sent[f->num].rsession = f->rsession;
	f->sent[f->num].excuses = f->excuses;
	f->sent[f->num].sure = sure(s, id);
	f->sent[f->num].lossless = waits(s, id);
	return f->num++;
}

void flow_unsent(struct side *s, unsigned int id)
{
	flow_from(s, id)->num--;
}

static void arrive(struct flow *f, u8 byte, unsigned int id)
{
	int i;

	if (byte >= f->num)
		fail_msg("port %u: a byte that was never sent", id);
	if (byte <= f->last)
		fail_msg("port %u: byte %u comes after byte %d", id, byte, f->last);
	for (i = f->last + 1; i < byte; i++)
		if (f->sent[i].sure && f->sent[i].excuses == f->excuses)
			fail_msg("port %u: byte %d is lost, and %u came", id, i, byte);
	f->last = byte;
	f->sent[byte].arrived = true;
}

void flow_arrived(struct side *s, unsigned int id, u8 byte)
{
	struct flow *f = flow_to(s, id);

	arrive(f, byte, id);
	/* Who knows nothing of ports is not told of ends */
	if (!f->sent[byte].lossless || !s->multiport)
		return;
	/* Whoever had the port open before was to have it, and nobody else */
	if (f->sent[byte].sure && f->sent[byte].rsession != f->rsession)
		fail_msg("port %u: byte %u is of the user who was there before", id, byte);
	if (f->heard && f->heard != f->sent[byte].session)
		f->switches++;
	f->heard = f->sent[byte].session;
	if (f->switches > f->ends)
		fail_msg("port %u: byte %u is of another session, and no end came before it", id,
			 byte);
}

/* It has come to a driver whose user is not there */
void flow_dropped(struct side *s, unsigned int id, u8 byte)
{
	arrive(flow_to(s, id), byte, id);
}

void flow_excuse(struct card *c, unsigned int id)
{
	c->flow[EPFV_HOST][id].excuses++;
	c->flow[EPFV_ENDPOINT][id].excuses++;
}

void flow_replaced(struct card *c, unsigned int id)
{
	unsigned int i;

	for (i = 0; i < 2; i++)
		c->side[i].end[id].gone |= c->side[i].multiport && c->side[i].end[id].known;
	flow_excuse(c, id);
}

void flow_excuse_all(struct card *c)
{
	unsigned int i;

	for (i = 0; i < PORTS; i++)
		flow_excuse(c, i);
}

void flow_told_end(struct side *s, unsigned int id)
{
	flow_to(s, id)->ends++;
}

void end_opened(struct side *s, unsigned int id)
{
	struct flow *to = flow_to(s, id);

	s->end[id].open = true;
	flow_from(s, id)->session++;
	to->rsession++;
	to->heard = 0;
	to->switches = 0;
	to->ends = 0;
}

/* What is under way to it is thrown away, what it has sent is not */
void end_closed(struct side *s, unsigned int id)
{
	s->end[id].open = false;
	flow_to(s, id)->excuses++;
}
