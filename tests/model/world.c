// SPDX-License-Identifier: GPL-2.0
/*
 * The host's half of the world, and what must hold in it
 */
#include <stdlib.h>
#include <string.h>

#include <linux/bits.h>

#include "world.h"

#define QUEUE_SIZE	256
#define NO_NOTIFY	0xffff

/* More than any driver accepts */
#define OFFERED		0x08ffffff

/* Passes in a long time: two more than DRIVER_OK needs to be believed */
#define SYNC_PASSES	6

/* Passes of an undisturbed engine behind each access of the host */
#define QUICK_PASSES	2

/* A count of resets that is not exceeded in one pass */
#define MAX_RESETS	7

static const u8 config[] = {
	0x52, 0x54, 0x00, 0x12, 0x34, 0x56, 0x01, 0x00, 0x02, 0x00, 0xdc, 0x05,
};

static const struct violation bad_read = { O1, NO_LIMIT, "host reads a wrong value" };
static const struct violation pfn_read = { O1, P1, "host finds its queue in use" };
static const struct violation vector_read = { O1, P4, "host reads a wrong vector" };
static const struct violation config_read = { O5, P4, "host reads wrong configuration" };
static const struct violation wrong_pfn = { O2, P3, "PFN differs from what the host wrote" };
static const struct violation wrong_vector = {
	O2, P3, "queue vector differs from what the host wrote"
};
static const struct violation wrong_config_vector = {
	O2, NO_LIMIT, "config vector differs from what the host wrote"
};
static const struct violation wrong_features = {
	O2, NO_LIMIT, "features differ from what the host wrote"
};
static const struct violation not_over = { O3, NO_LIMIT, "epoch goes on behind a reset" };
static const struct violation no_driver = { O3, NO_LIMIT, "rings in use without a driver" };
static const struct violation kick_lost = { O4, NO_LIMIT, "a kick was lost" };
static const struct violation for_nothing = {
	O6, NO_LIMIT, "nothing happens, but a pass is said to be due"
};
static const struct violation not_running = {
	O6, NO_LIMIT, "driver is ready, the engine is not"
};
static const struct violation over_early = {
	O6, NO_LIMIT, "epoch is over while the driver is running"
};
static const struct violation unannounced = {
	O6, NO_LIMIT, "epfv_regs_changed() missed something"
};
static const struct violation stuck = { O6, NO_LIMIT, "an undisturbed driver fails" };
static const struct violation long_run = { MISUSE, NO_LIMIT, "too many writes in a row" };

const struct violation *world_judge(const struct world_setup *s, const struct violation *v)
{
	return s->hostile && v->property != MISUSE ? NULL : v;
}

const struct violation *world_compare(const struct world *w, const struct world_setup *s)
{
	const struct oracle *o = &w->oracle;
	unsigned int q;

	for (q = 0; q < s->params.num_queues; q++) {
		if (w->regs.queue[q].pfn != o->pfn[q])
			return world_judge(s, &wrong_pfn);
		if (o->msix && o->vector[q] != EPFV_NO_VECTOR &&
		    w->regs.queue[q].vector != o->vector[q])
			return world_judge(s, &wrong_vector);
	}
	if (o->msix && w->regs.config_vector != o->config_vector)
		return world_judge(s, &wrong_config_vector);
	if (w->regs.features != o->features)
		return world_judge(s, &wrong_features);
	return NULL;
}

void world_flush_late(struct world *w, unsigned int n)
{
	unsigned int i;

	if (!w->num_late)
		return;
	for (i = 0; i < n; i++)
		memcpy(w->mem + w->late[i].off, &w->late[i].val, w->late[i].size);
	memmove(w->late, w->late + n, (w->num_late - n) * sizeof(*w->late));
	w->num_late -= n;
	memset(w->late + w->num_late, 0, n * sizeof(*w->late));
	w->late_at_start -= n < w->late_at_start ? n : w->late_at_start;
}

static const struct violation *sync_world(struct world *w, const struct world_setup *s)
{
	const struct violation *error = NULL;
	unsigned int i;

	for (i = 0; i < SYNC_PASSES && !error; i++)
		error = world_pass(w, s, NULL);
	if (error)
		return error;

	w->gap = 0;
	if (world_ask(w, epfv_regs_changed))
		return world_judge(s, &for_nothing);
	if (!oracle_running(&w->oracle)) {
		if (w->regs.t.phase == EPFV_PHASE_RUNNING)
			return world_judge(s, &no_driver);
		return world_ask(w, epfv_regs_epoch_over) ? NULL : world_judge(s, &not_over);
	}
	if (w->regs.t.phase != EPFV_PHASE_RUNNING)
		return world_judge(s, &not_running);
	if (world_ask(w, epfv_regs_epoch_over))
		return world_judge(s, &over_early);
	if (w->unscanned)
		return world_judge(s, &kick_lost);
	return world_compare(w, s);
}

static void count_reset(u8 *resets)
{
	if (*resets < MAX_RESETS)
		++*resets;
}

static const struct violation *host_write(struct world *w, const struct world_setup *s,
					  const struct host_op *op)
{
	oracle_write(&w->oracle, op);
	if (op->off == VIRTIO_PCI_QUEUE_NOTIFY) {
		w->unscanned = true;
	} else if (op->off == VIRTIO_PCI_STATUS && !op->val) {
		w->unscanned = false;
		if (w->in_pass)
			count_reset(&w->resets_since_pass);
		if (w->regs.t.phase == EPFV_PHASE_RUNNING || w->in_pass)
			count_reset(&w->resets_since_live);
	}

	if (s->late && op->off >= 8 && op->off < 16) {
		if (w->num_late == WORLD_MAX_LATE)
			return &long_run;
		w->late[w->num_late++] = (struct late_write){ op->size, op->off, op->val };
		return NULL;
	}
	if (w->oracle.msix && op->off >= VIRTIO_MSI_CONFIG_VECTOR)
		w->vectors = true;
	memcpy(w->mem + op->off, &op->val, op->size);
	if (op->off != VIRTIO_PCI_QUEUE_NOTIFY && op->off < 24)
		w->dirty |= ((1u << op->size) - 1) << op->off;
	return NULL;
}

static const struct violation *host_read(const struct world *w, const struct world_setup *s,
					 const struct host_op *op)
{
	u64 val = 0;

	memcpy(&val, w->mem + op->off, op->size);
	if (val == oracle_read(&w->oracle, &s->params, op))
		return NULL;
	if (oracle_is_config(&w->oracle, op))
		return world_judge(s, &config_read);
	if (op->off == VIRTIO_PCI_QUEUE_PFN)
		return world_judge(s, &pfn_read);
	if (op->off >= VIRTIO_MSI_CONFIG_VECTOR)
		return world_judge(s, &vector_read);
	return world_judge(s, &bad_read);
}

const struct violation *world_host(struct world *w, const struct world_setup *s)
{
	const struct host_op *op = &s->host->op[w->pc];

	w->pc = op->next;
	w->wait = 0;
	if (op->kind != HOST_WRITE && op->kind != HOST_DELAY)
		world_flush_late(w, w->num_late);

	switch (op->kind) {
	case HOST_WRITE:
		return host_write(w, s, op);
	case HOST_READ:
		w->wait = HOST_RTT;
		return host_read(w, s, op);
	case HOST_DELAY:
		w->wait = op->val;
		return NULL;
	case HOST_MSIX:
		w->wait = HOST_RTT;
		w->oracle.msix = op->val;
		w->vectors = false;
		return NULL;
	default:
		return sync_world(w, s);
	}
}

/*
 * Whether a pass would do anything that epfv_regs_changed() does not announce;
 * a change of MSI-X is not announced
 */
static bool missed_by_changed(const struct world *w, const struct world_setup *s)
{
	static const struct world_setup blind = { .hostile = true };
	struct world copy = *w;
	unsigned int events = 0;

	if (w->oracle.msix != w->regs.msix_layout || s->stale_msix ||
	    world_ask(w, epfv_regs_changed))
		return false;
	world_pass(&copy, &blind, &events);
	return events;
}

static const struct violation *check_running(const struct world *w, const struct world_setup *s)
{
	u16 notify;

	if (w->resets_since_live)
		return world_ask(w, epfv_regs_epoch_over) ? NULL : world_judge(s, &not_over);

	memcpy(&notify, w->mem + VIRTIO_PCI_QUEUE_NOTIFY, sizeof(notify));
	if (w->unscanned && (notify == NO_NOTIFY || w->notify_buffered))
		return world_judge(s, &kick_lost);
	return NULL;
}

const struct violation *world_check(const struct world *w, const struct world_setup *s)
{
	const struct violation *error = NULL;

	if (w->in_pass || s->hostile)
		return NULL;
	if (w->regs.t.phase == EPFV_PHASE_RUNNING)
		error = check_running(w, s);
	if (!error && missed_by_changed(w, s))
		error = world_judge(s, &unannounced);
	return error;
}

const struct violation *world_recover(const struct world *from, const struct world_setup *s)
{
	const struct violation *error = NULL;
	struct world w = *from;
	unsigned int i;

	w.unscanned = false;
	w.resets_since_live = 0;
	w.pc = 0;
	while (w.pc < s->host->len && !error) {
		error = world_host(&w, s);
		for (i = 0; i < QUICK_PASSES && !error; i++)
			error = world_pass(&w, s, NULL);
		if (!error)
			error = world_check(&w, s);
	}
	return error ? &stuck : NULL;
}

void world_setup_init(struct world_setup *s, const struct host *host)
{
	*s = (struct world_setup){
		.host = host,
		.params = {
			.features = OFFERED,
			.num_queues = host->queues,
			.required = host->queues,
			.queue_size = QUEUE_SIZE,
			.config = config,
			.config_len = host->device->config_len,
		},
	};
}

/* The register file is written before the host can look at it */
static void plain_st32(void *ctx, unsigned int off, u32 val)
{
	memcpy(((struct world *)ctx)->mem + off, &val, sizeof(val));
}

static void plain_st16(void *ctx, unsigned int off, u16 val)
{
	memcpy(((struct world *)ctx)->mem + off, &val, sizeof(val));
}

static void plain_st8(void *ctx, unsigned int off, u8 val)
{
	((struct world *)ctx)->mem[off] = val;
}

void world_init(struct world *w, const struct world_setup *s)
{
	static const struct epfv_regs_ops ops = {
		.st32 = plain_st32,
		.st16 = plain_st16,
		.st8 = plain_st8,
	};

	memset(w, 0, sizeof(*w));
	memset(w->mem, 0xa5, sizeof(w->mem));
	oracle_reset(&w->oracle);
	if (epfv_regs_init(&w->regs, &s->params, &ops, w))
		abort();
	epfv_regs_defaults(&w->regs);
	w->regs.ctx = NULL;
	w->regs.t.epoch = 0;
}
