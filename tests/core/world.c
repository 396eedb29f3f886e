// SPDX-License-Identifier: GPL-2.0
/*
 * Two machines, their drivers, and the pipes between them, in fake time
 */
#include <stdlib.h>
#include <string.h>

#include <linux/highmem.h>
#include <linux/minmax.h>
#include <linux/module.h>
#include <linux/sizes.h>
#include <linux/virtio_ring.h>

#include "world.h"

#define HOST_ALIGN	4096

/* After a gap the stream is found again by so many bytes */
#define RESYNC		32

/* How often the drivers look, and what a look at the time costs the endpoint */
#define STEP_NS		(20 * USEC)
#define TICK_NS		200

enum { RX, TX, CONTROL_RX, CONTROL_TX };

u8 stream_byte(u64 i)
{
	u64 z = (i / 4 + 1) * 0x9e3779b97f4a7c15;

	return (z ^ z >> 31) >> (8 * (i % 4));
}

/* Memory of the host */

static void host_load(void *ctx, u64 addr, void *buf, u32 len)
{
	host_read(ctx, addr, buf, len);
}

static void host_store(void *ctx, u64 addr, const void *buf, u32 len)
{
	host_write(ctx, addr, buf, len);
}

static const struct driver_mem host_ops = { host_load, host_store };

/* Sides */

static void side_init(struct side *s, struct world *w, bool host, unsigned int queue)
{
	memset(s, 0, sizeof(*s));
	s->w = w;
	s->host = host;
	s->queue = queue;
	s->receives = queue == RX;
	if (!host)
		s->slots = (uintptr_t)malloc(SLOTS * SLOT_SIZE);
	if (s->receives)
		s->received = malloc(MAX_RECEIVED);
}

static void side_free(struct side *s)
{
	if (!s->host)
		free((void *)(uintptr_t)s->slots);
	free(s->received);
}

/* A new ring; what was in the old one is forgotten */
static void side_start(struct side *s, u64 base)
{
	const struct vring *vring;

	memset(s->slot_busy, 0, sizeof(s->slot_busy));
	s->in_flight = 0;
	if (s->host) {
		driver_init(&s->d, &host_ops, &s->w->host, base, QUEUE_SIZE, HOST_ALIGN);
		s->slots = base + (1 << 20);
	} else {
		vring = virtqueue_get_vring(fake_virtio.vq[s->queue]);
		driver_init(&s->d, &driver_local_mem, NULL, (uintptr_t)vring->desc, QUEUE_SIZE,
			    SMP_CACHE_BYTES);
	}
}

static void side_notify(struct side *s)
{
	if (s->host)
		legacy_notify(&s->w->driver, s->queue);
	else
		fake_virtio_notify(s->queue);
}

int side_add_raw(struct side *s, const struct epfv_seg *segs, unsigned int n)
{
	int head = driver_add(&s->d, segs, n);

	if (head < 0)
		return head;
	s->since[head] = fake_now;
	s->num_segs[head] = n;
	memcpy(s->segs[head], segs, n * sizeof(*segs));
	s->slot[head] = SLOTS;
	s->in_flight++;
	side_notify(s);
	return head;
}

/* @len bytes in @n descriptors of at least a byte, with gaps between them */
static bool side_add(struct side *s, u32 len, unsigned int n)
{
	struct epfv_seg segs[MAX_SEGS];
	unsigned int slot, i;
	u64 at;
	int head;

	for (slot = 0; slot < SLOTS && s->slot_busy[slot]; slot++)
		;
	if (slot == SLOTS || n > (unsigned int)s->d.num - s->d.in_flight)
		return false;
	n = min(n, len);
	at = s->slots + slot * SLOT_SIZE + rnd_range(0, 15);
	for (i = 0; i < n; i++) {
		u32 most = len - (n - 1 - i);

		segs[i].addr = at;
		segs[i].len = i == n - 1 ? len : rnd_range(1, most);
		segs[i].writable = s->receives;
		len -= segs[i].len;
		at += segs[i].len + rnd_range(0, 100);
		if (!s->receives) {
			u8 buf[SLOT_SIZE];
			u32 k;

			for (k = 0; k < segs[i].len; k++)
				buf[k] = stream_byte(s->pos++);
			s->d.mem->store(s->d.ctx, segs[i].addr, buf, segs[i].len);
		}
	}
	head = side_add_raw(s, segs, n);
	s->slot[head] = slot;
	s->slot_busy[slot] = true;
	return true;
}

bool side_send(struct side *s, u32 len, unsigned int n)
{
	return side_add(s, len, n);
}

bool side_offer(struct side *s, u32 len, unsigned int n)
{
	return side_add(s, len, n);
}

static void side_take(struct side *s, int head, u32 len)
{
	unsigned int i;

	for (i = 0; i < s->num_segs[head] && len; i++) {
		const struct epfv_seg *seg = &s->segs[head][i];
		u32 n = min(len, seg->len);

		if (!seg->writable)
			continue;
		if (s->num_received + n > MAX_RECEIVED)
			fail_msg("more was received than was ever sent");
		s->d.mem->load(s->d.ctx, seg->addr, s->received + s->num_received, n);
		s->num_received += n;
		len -= n;
	}
	if (len)
		fail_msg("%u bytes more than the buffer holds", len);
}

void side_reap(struct side *s)
{
	u32 len;
	int head;

	/* A driver looks at used entries after it has seen idx, so all writes are there */
	if (s->host)
		fake_epc_settle(&s->w->epc);
	while ((head = driver_get(&s->d, &len)) >= 0) {
		s->slowest = max(s->slowest, (u64)(fake_now - s->since[head]));
		s->returned++;
		s->in_flight--;
		if (s->slot[head] < SLOTS)
			s->slot_busy[s->slot[head]] = false;
		if (s->receives)
			side_take(s, head, len);
		else
			assert_int_equal(len, 0);
	}
}

static bool resync(const struct side *s, u64 at, u64 pos, u64 sent)
{
	u64 i, n = min(s->num_received - at, (u64)RESYNC);

	if (pos + n > sent)
		return false;
	for (i = 0; i < n; i++)
		if (s->received[at + i] != stream_byte(pos + i))
			return false;
	return true;
}

/*
 * A piece that is shorter, between two gaps: what was left of a message when the host reset
 * the device, with those behind it dropped.  Returns where it is from, or @sent.
 */
static u64 find_piece(const struct side *s, u64 at, u64 pos, u64 sent)
{
	u64 len, from, behind;

	for (len = 1; len < RESYNC; len++) {
		for (behind = pos; behind < sent && !resync(s, at + len, behind, sent); behind++)
			;
		for (from = pos; behind < sent && from + len <= behind; from++) {
			u64 i;

			for (i = 0; i < len && s->received[at + i] == stream_byte(from + i); i++)
				;
			if (i == len)
				return from;
		}
	}
	return sent;
}

u64 side_gaps(const struct side *s, u64 sent)
{
	u64 i, pos = 0, next;

	for (i = 0; i < s->num_received; i++, pos++) {
		if (pos < sent && s->received[i] == stream_byte(pos))
			continue;
		for (next = pos; next < sent && !resync(s, i, next, sent); next++)
			;
		if (next >= sent)
			next = find_piece(s, i, pos, sent);
		if (next >= sent)
			fail_msg("byte %llu of those received was never sent, or is not in order",
				 i);
		pos = next;
	}
	return sent - s->num_received;
}

/* The function */

static const char * const queue_names[] = {
	"receiveq", "transmitq", "control_receiveq", "control_transmitq"
};

static const struct epfv_pair pairs[] = { { .rx = RX, .tx = TX } };
static const struct epfv_pair lossless_pairs[] = { { .rx = RX, .tx = TX, .lossless = true } };

static const struct pci_epf_device_id ids[] = { { "epf" } };

static struct world *the_world;

static void *create(struct epfv_function *f, struct device *dev)
{
	(void)dev;
	the_world->f = f;
	return the_world;
}

static const struct epfv_type *bind(void *priv)
{
	return &((struct world *)priv)->type;
}

/* Of the core, what no test here is about */

struct config_group *epfv_configfs_group(struct epfv_function *f)
{
	return &f->group;
}

void *epfv_item_priv(struct config_item *item)
{
	(void)item;
	return the_world;
}

void epfv_debugfs_init(void) { }
void epfv_debugfs_exit(void) { }

void epfv_debugfs_add(struct epfv_function *f)
{
	assert_false(f->bound);
}

void epfv_debugfs_remove(struct epfv_function *f)
{
	assert_true(f->bound);
}

struct world *world_make(const struct fake_profile *profile)
{
	struct world *w = calloc(1, sizeof(*w));

	the_world = w;
	fake_kernel_reset();
	fake_virtio_reset();
	host_init(&w->host);
	fake_epc_init(&w->epc, profile, &w->host);
	fake_epf_reset(&w->epc.epc);
	w->epc.msix = 0;

	w->type = (struct epfv_type){
		.name = "world",
		.pci_device_id = 0x1003,
		.virtio_id = 3,
		.num_queues = 2,
		.queue_names = queue_names,
		.pairs = pairs,
		.num_pairs = 1,
		.num_workers = 1,
	};
	w->ops.create = create;
	w->ops.bind = bind;
	w->drv = (struct epfv_driver){
		.epf = { .driver.name = "epf", .id_table = ids },
		.type = &w->type,
		.ops = &w->ops,
	};
	w->vectors = 3;
	w->use_msix = true;
	return w;
}

void world_create(struct world *w)
{
	assert_int_equal(epfv_register_driver(&w->drv), 0);
	assert_int_equal(fake_epf_create(), 0);
	w->f->queue_size = QUEUE_SIZE;
}

/* A reader of the endpoint may be on another processor */
static void guard(const struct epfv_pipe *p)
{
	fake_guard(&p->lq->lock, &p->flow, sizeof(p->flow), "a receiver's flow");
	fake_guard(&p->lq->lock, &p->fifo, sizeof(p->fifo), "what is in transit");
}

void world_bind(struct world *w)
{
	struct epfv_function *f = w->f;

	assert_int_equal(fake_epf_bind(), 0);
	assert_int_equal(fake_epf_init(), 0);
	w->from_host = f->from_host;
	w->to_host = f->to_host;
	w->host_rx = &f->hostq[RX];
	w->host_tx = &f->hostq[TX];
	w->local_rx = f->from_host->lq;
	w->local_tx = f->to_host->lq;
	side_init(&w->htx, w, true, TX);
	side_init(&w->hrx, w, true, RX);
	side_init(&w->ltx, w, false, TX);
	side_init(&w->lrx, w, false, RX);
	guard(w->from_host);
	guard(w->to_host);
	w->bound = true;
}

static struct world *make_and_bind(struct world *w)
{
	world_create(w);
	world_bind(w);
	return w;
}

struct world *world_new(const struct fake_profile *profile)
{
	return make_and_bind(world_make(profile));
}

struct world *world_new_lossless(const struct fake_profile *profile)
{
	struct world *w = world_make(profile);

	w->type.pairs = lossless_pairs;
	return make_and_bind(w);
}

struct world *world_new_direct(void (*changed)(void *priv, unsigned int pair), bool lossless)
{
	struct world *w = world_make(&fake_dwc);

	if (lossless)
		w->type.pairs = lossless_pairs;
	w->type.direct = true;
	w->ops.changed = changed;
	return make_and_bind(w);
}

void world_unbind(struct world *w)
{
	if (!w->bound)
		return;
	fake_no_guards();
	fake_tick = TICK_NS;
	fake_epf_unbind();
	fake_tick = 0;
	w->bound = false;
	w->host_up = false;
	side_free(&w->htx);
	side_free(&w->hrx);
	side_free(&w->ltx);
	side_free(&w->lrx);
	assert_int_equal(w->epc.num_maps, 0);
	assert_int_equal(w->f->hostmem.maps, w->f->hostmem.unmaps);
	assert_int_equal(fake_tasks(), 0);
}

void world_free(struct world *w)
{
	world_unbind(w);
	fake_epf_destroy();
	epfv_unregister_driver(&w->drv);
	fake_epc_free(&w->epc);
	host_free(&w->host);
	free(w);
}

int world_setup(void **state)
{
	*state = world_new(&fake_dwc);
	return 0;
}

int world_setup_unbound(void **state)
{
	struct world *w = world_make(&fake_dwc);

	world_create(w);
	*state = w;
	return 0;
}

int world_teardown(void **state)
{
	world_free(*state);
	return 0;
}

/* What it reads of the available rings: either all-ones, or what is there */
static void world_host_silence(struct world *w)
{
	struct driver *drivers[] = { &w->htx.d, &w->hrx.d };
	u32 silence = ~0;
	unsigned int i;

	for (i = 0; i < 2; i++) {
		struct driver *d = drivers[i];

		d->mem->load(d->ctx, d->base + d->avail, &w->flags_and_idx[i], sizeof(u32));
		d->mem->store(d->ctx, d->base + d->avail, &silence, sizeof(u32));
	}
}

void world_host_answers(struct world *w)
{
	struct driver *drivers[] = { &w->htx.d, &w->hrx.d };
	unsigned int i;

	for (i = 0; i < 2; i++) {
		struct driver *d = drivers[i];

		d->mem->store(d->ctx, d->base + d->avail, &w->flags_and_idx[i], sizeof(u32));
	}
}

/* Each boot has its rings and buffers elsewhere, so that use of old ones shows */
void world_host_up(struct world *w)
{
	u64 base = w->epc.profile->ram ? 0 : 0x100000000;
	struct driver unused;
	unsigned int i;

	base += (u64)(++w->boots % 8) << 25;
	w->driver = (struct legacy){
		.bar = fake_epf.epf.bar[BAR_0].addr,
		.msix = &w->epc.msix,
		.vectors = w->vectors,
		.use_msix = w->use_msix,
		.accepts = w->accepts,
		.num_queues = w->type.num_queues,
		.ring = { base, base + (1 << 24) },
	};
	for (i = TX + 1; i < w->type.num_queues; i++) {
		/* Nobody here uses them, but a driver has emptied them */
		w->driver.ring[i] = base + (13 << 21) + i * SZ_16K;
		driver_init(&unused, &host_ops, &w->host, w->driver.ring[i], QUEUE_SIZE,
			    HOST_ALIGN);
	}
	side_start(&w->hrx, w->driver.ring[RX]);
	side_start(&w->htx, w->driver.ring[TX]);
	if (w->silent)
		world_host_silence(w);
	fake_tick = TICK_NS;
	assert_int_equal(legacy_probe(&w->driver), 0);
	assert_int_equal(w->driver.size, QUEUE_SIZE);
	/* The function believes it a few looks later */
	fake_sleep(50 * USEC);
	fake_tick = 0;
	assert_string_equal(epfv_poller_state(&w->f->poller), "running");
	w->host_up = true;
	/* Its driver was there for long; test_settle() is about those that were not */
	w->to_host->settle = (struct epfv_settle){};
}

void world_host_down(struct world *w)
{
	w->epc.act_after = 0;
	fake_tick = TICK_NS;
	legacy_remove(&w->driver);
	fake_sleep(2 * MSEC);
	fake_tick = 0;
	w->host_up = false;
	assert_string_equal(epfv_poller_state(&w->f->poller), "idle");
}

/* The same */
void world_local_up(struct world *w)
{
	assert_int_equal(fake_virtio_probe(), 0);
	side_start(&w->ltx, 0);
	side_start(&w->lrx, 0);
	w->local_rx->settle = (struct epfv_settle){};
}

void world_local_down(struct world *w)
{
	(void)w;
	fake_virtio_remove();
}

struct epfv_stats world_stats(const struct world *w)
{
	struct epfv_stats sum;

	epfv_function_stats(w->f, &sum);
	return sum;
}

u64 world_wakeups(const struct world *w)
{
	u64 sum = w->f->poller.wakeups;
	unsigned int i;

	for (i = 0; i < w->f->num_workers; i++)
		sum += w->f->workers[i].w.wakeups;
	return sum;
}

void world_kick(struct world *w)
{
	epfv_wake(w->f);
}

u64 world_poll(struct world *w, bool scan)
{
	struct epfv_function *f = w->f;
	struct epfv_stats before = world_stats(w), after;
	unsigned int i;
	u64 again;

	epfv_lock(f);
	again = epfv_poller_ops.work(f);
	for (i = 0; i < f->num_workers; i++) {
		struct epfv_worker *worker = &f->workers[i].w;

		again = min(again, worker->ops->work(worker->ctx, scan));
	}
	/* As far as they have woken it */
	if (f->poller.kicked)
		again = min(again, epfv_poller_ops.work(f));
	epfv_unlock(f);
	after = world_stats(w);

	/* Ring entries and descriptors come on top of the payload */
	assert_in_range(after.posted_bytes - before.posted_bytes, 0,
			ROUND_MAX + QUEUE_SIZE * 2 * 16);
	assert_in_range(after.np_bytes - before.np_bytes, 0, ROUND_MAX + QUEUE_SIZE * 4 * 32);
	/* The endpoint's drivers have been told of all that they want to know */
	assert_false(w->local_tx->call);
	assert_false(w->local_rx->call);
	assert_int_equal(fake_locks, 0);
	assert_int_equal(fake_kmaps, 0);
	return again;
}

void world_idle(u64 ns)
{
	fake_tick = TICK_NS;
	fake_sleep(ns);
	fake_tick = 0;
}

void world_run(struct world *w, u64 ns)
{
	ktime_t end = fake_now + ns;

	fake_tick = TICK_NS;
	while (fake_now < end) {
		if (w->step)
			w->step(w);
		fake_sleep(min((u64)STEP_NS, (u64)(end - fake_now)));
	}
	if (w->step)
		w->step(w);
	fake_tick = 0;
}
