// SPDX-License-Identifier: GPL-2.0
/*
 * From tables of steps to a program
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <linux/bits.h>

#include "host.h"

#define FIRST_PFN	0x100000

/* What the steps behind depend on */
struct state {
	struct host *h;
	const struct program *p;
	unsigned int queue;
	unsigned int given;	/* queues whose PFN was written */
	unsigned int vector;
	u32 pfn;
	u8 status;
	bool msix;
};

static void expand(struct state *s, const struct step *step);

void host_add(struct host *h, struct host_op op)
{
	if (h->len == HOST_MAX_OPS) {
		fprintf(stderr, "host program longer than %u\n", HOST_MAX_OPS);
		abort();
	}
	op.next = h->len + 1;
	op.alt = HOST_NONE;
	h->op[h->len++] = op;
}

static u32 value(struct state *s, const struct step *step)
{
	u32 low = step->val;

	switch (step->val >> 32 << 32) {
	case QUEUE:
		return s->queue;
	case LAST_QUEUE:
		return s->h->queues - 1;
	case PFN:
		return ++s->pfn;
	case NEXT_VECTOR:
		return ++s->vector;
	case FEATURES:
		return s->p->device->features;
	case SAME:
		return s->status | low;
	default:
		return low;
	}
}

static void expand_write(struct state *s, const struct step *step)
{
	u32 val = value(s, step);

	host_add(s->h, (struct host_op){
		.kind = HOST_WRITE, .size = step->size, .off = step->off, .val = val,
	});
	if (step->off == VIRTIO_PCI_STATUS)
		s->status = val;
	if (step->off == VIRTIO_PCI_QUEUE_PFN && val)
		s->given = s->queue + 1;
}

static void expand_read(struct state *s, unsigned int size, unsigned int off)
{
	host_add(s->h, (struct host_op){ .kind = HOST_READ, .size = size, .off = off });
}

static void expand_config(struct state *s, const struct step *step)
{
	unsigned int i;

	for (i = 0; i <= step->off; i++)
		expand_read(s, 1, VIRTIO_PCI_CONFIG_OFF(s->msix) + step->val + i);
}

static void expand_delay(struct state *s, unsigned int ticks)
{
	if (ticks)
		host_add(s->h, (struct host_op){ .kind = HOST_DELAY, .val = ticks });
}

static void expand_msix(struct state *s, bool on)
{
	host_add(s->h, (struct host_op){ .kind = HOST_MSIX, .val = on });
	s->msix = on;
	s->vector = 0;
}

static void expand_queues(struct state *s, const struct step *table, unsigned int count)
{
	unsigned int q;

	for (q = 0; q < count; q++) {
		s->queue = q;
		expand(s, table);
	}
}

/* Where an attempt has come to when it fails */
struct point {
	unsigned int given;
	bool msix;
};

/*
 * An attempt that may fail in front of each of its steps, and does so at its end;
 * what was set up is taken down again
 */
static void expand_fails(struct state *s, const struct step *table)
{
	static struct point at[HOST_MAX_OPS];
	u16 undo[HOST_MAX_QUEUES + 1][2];
	u16 last[HOST_MAX_QUEUES + 1][2];
	unsigned int first = s->h->len, end, i, given, msix;
	struct state now;

	s->given = 0;
	expand(s, table);
	end = s->h->len;

	for (i = first, given = 0, msix = 0; i < end; i++) {
		const struct host_op *op = &s->h->op[i];

		at[i] = (struct point){ given, msix };
		if (op->kind == HOST_MSIX)
			msix = op->val;
		else if (op->kind == HOST_WRITE && op->off == VIRTIO_PCI_QUEUE_PFN && op->val)
			given++;
	}

	now = *s;
	for (msix = 0; msix < 2; msix++) {
		for (given = 0; given <= s->h->queues; given++) {
			*s = now;
			s->given = given;
			s->msix = msix;
			undo[given][msix] = s->h->len;
			expand(s, linux_del_vqs);
			last[given][msix] = s->h->len - 1;
		}
	}
	for (msix = 0; msix < 2; msix++) {
		for (given = 0; given <= s->h->queues; given++) {
			if (last[given][msix] + 1 > undo[given][msix])
				s->h->op[last[given][msix]].next = s->h->len;
			else
				undo[given][msix] = s->h->len;
		}
	}
	for (i = first; i < end; i++)
		s->h->op[i].alt = undo[at[i].given][at[i].msix];
	s->h->op[end - 1].next = undo[now.given][now.msix];
	s->given = 0;
	s->msix = false;
}

static void expand_crash(struct state *s, const struct step *table)
{
	unsigned int i, at = s->h->len;

	for (i = 0; i < at; i++)
		s->h->op[i].alt = at;
	s->given = 0;
	expand(s, table);
}

static void expand_step(struct state *s, const struct step *step)
{
	const struct device *device = s->p->device;

	switch (step->kind) {
	case STEP_WRITE:
		expand_write(s, step);
		break;
	case STEP_READ:
		expand_read(s, step->size, step->off);
		break;
	case STEP_ALLOC:
		expand_delay(s, s->p->pace ? s->p->pace->alloc : 0);
		break;
	case STEP_REQUEST_IRQ:
		expand_delay(s, s->p->pace ? s->p->pace->request_irq : 0);
		break;
	case STEP_MSIX:
		expand_msix(s, step->val);
		break;
	case STEP_SYNC:
		host_add(s->h, (struct host_op){ .kind = HOST_SYNC });
		break;
	case STEP_CONFIG:
		expand_config(s, step);
		break;
	case STEP_TABLE:
		expand(s, step->table);
		break;
	case STEP_QUEUES:
		expand_queues(s, step->table, s->h->queues);
		break;
	case STEP_GIVEN:
		expand_queues(s, step->table, s->given);
		s->given = 0;
		break;
	case STEP_IF_CALLBACK:
		if (device->callbacks(s->h->queues) & BIT(s->queue))
			expand(s, step->table);
		break;
	case STEP_IF_MSIX:
		if (s->msix)
			expand(s, step->table);
		break;
	case STEP_FIND_VQS:
		expand(s, s->p->find_vqs);
		break;
	case STEP_BEFORE:
		if (device->before)
			expand(s, device->before);
		break;
	case STEP_READY:
		expand(s, device->ready);
		break;
	case STEP_FAILS:
		expand_fails(s, step->table);
		break;
	case STEP_CRASH:
		expand_crash(s, step->table);
		break;
	}
}

static void expand(struct state *s, const struct step *step)
{
	for (; step->kind != STEP_END; step++)
		expand_step(s, step);
}

void host_expand(struct host *h, const struct program *p, unsigned int queues)
{
	struct state s = { .h = h, .p = p, .pfn = FIRST_PFN };

	memset(h, 0, sizeof(*h));
	h->queues = queues;
	h->device = p->device;
	expand(&s, p->steps);
}

bool host_line(const struct host_op *op, char line[HOST_LINE])
{
	switch (op->kind) {
	case HOST_WRITE:
		snprintf(line, HOST_LINE, "W%u %u %#x", 8 * op->size, op->off, op->val);
		return true;
	case HOST_READ:
		snprintf(line, HOST_LINE, "R%u %u", 8 * op->size, op->off);
		return true;
	default:
		return false;
	}
}

void host_print(const struct host *h)
{
	char line[HOST_LINE];
	unsigned int pc;

	for (pc = 0; pc < h->len; pc = h->op[pc].next) {
		if (host_line(&h->op[pc], line))
			puts(line);
		else if (h->op[pc].kind == HOST_MSIX)
			printf("# MSI-X %s\n", h->op[pc].val ? "on" : "off");
	}
}

const struct program *find_program(const char *key)
{
	unsigned int i;

	for (i = 0; i < num_programs; i++) {
		if (!strcmp(programs[i].key, key))
			return &programs[i];
	}
	return NULL;
}
