// SPDX-License-Identifier: GPL-2.0
/*
 * Two machines, their drivers, and the pipes between them, in fake time
 */
#include <stdlib.h>
#include <string.h>

#include <linux/minmax.h>

#include "world.h"

#define LOCAL_ALIGN	64
#define LOCAL_RING	8192
#define HOST_ALIGN	4096

/* A stop is found within so many bytes: drops are further apart */
#define RESYNC		32

/* What a round of the poller takes, and how often the drivers look */
#define POLL_NS		(10 * USEC)
#define STEP_NS		(20 * USEC)
/* How long the poller may take to see a notification in the registers */
#define NOTICE_NS	MSEC

enum { LOCAL_RX, LOCAL_TX };

u8 stream_byte(u64 i)
{
	u64 z = (i / 4 + 1) * 0x9e3779b97f4a7c15;

	return (z ^ z >> 31) >> (8 * (i % 4));
}

/* Memory of both machines */

static void host_load(void *ctx, u64 addr, void *buf, u32 len)
{
	host_read(ctx, addr, buf, len);
}

static void host_store(void *ctx, u64 addr, const void *buf, u32 len)
{
	host_write(ctx, addr, buf, len);
}

static const struct driver_mem host_ops = { host_load, host_store };

static void local_load(void *ctx, u64 addr, void *buf, u32 len)
{
	(void)ctx;
	memcpy(buf, (const void *)(uintptr_t)addr, len);
}

static void local_store(void *ctx, u64 addr, const void *buf, u32 len)
{
	(void)ctx;
	memcpy((void *)(uintptr_t)addr, buf, len);
}

static const struct driver_mem local_ops = { local_load, local_store };

/* The device's half of the endpoint's rings: only ever used under the queue's lock */

static struct world *queue_world(struct vepf_localq *q)
{
	return container_of(q, struct world_queue, q)->w;
}

static struct side *queue_side(struct vepf_localq *q)
{
	struct world *w = queue_world(q);

	if (!q->lock.held)
		fail_msg("the endpoint's ring is used without its lock");
	return q == w->local_tx ? &w->ltx : &w->lrx;
}

static int local_ring_read(void *ctx, u32 off, void *buf, u32 len)
{
	memcpy(buf, queue_side(ctx)->ring + off, len);
	return 0;
}

static int local_ring_write(void *ctx, u32 off, const void *buf, u32 len)
{
	memcpy(queue_side(ctx)->ring + off, buf, len);
	return 0;
}

static void local_ring_barrier(void *ctx)
{
	queue_side(ctx);
}

static const struct vepf_ring_ops local_ring_ops = {
	.read = local_ring_read,
	.write = local_ring_write,
	.read_barrier = local_ring_barrier,
	.write_barrier = local_ring_barrier,
	.mb = local_ring_barrier,
};

static void local_call(struct vepf_localq *q)
{
	struct world *w = queue_world(q);

	if (fake_locks)
		fail_msg("the endpoint's driver is called under a lock");
	if (q->live && q->call)
		w->calls[q == w->local_tx ? LOCAL_TX : LOCAL_RX]++;
	q->call = false;
}

/* Sides */

static void side_init(struct side *s, struct world *w, bool host, bool receives)
{
	s->w = w;
	s->host = host;
	s->receives = receives;
	if (!host) {
		s->ring = malloc(LOCAL_RING);
		s->slots = (uintptr_t)malloc(SLOTS * SLOT_SIZE);
	}
	if (receives)
		s->received = malloc(MAX_RECEIVED);
}

static void side_free(struct side *s)
{
	free(s->ring);
	if (!s->host)
		free((void *)(uintptr_t)s->slots);
	free(s->received);
}

/* A new ring; what was in the old one is forgotten */
static void side_start(struct side *s, u64 host_base)
{
	memset(s->slot_busy, 0, sizeof(s->slot_busy));
	s->in_flight = 0;
	if (s->host) {
		driver_init(&s->d, &host_ops, &s->w->host, host_base, QUEUE_SIZE, HOST_ALIGN);
		s->slots = host_base + (1 << 20);
	} else {
		driver_init(&s->d, &local_ops, NULL, (uintptr_t)s->ring, QUEUE_SIZE, LOCAL_ALIGN);
	}
}

static void side_notify(struct side *s)
{
	struct world *w = s->w;

	if (s->host) {
		if (w->host_kick == S64_MAX)
			w->host_kick = fake_now + rnd_range(0, NOTICE_NS);
	} else if (s->receives || vepf_pipe_collect(&w->to_host)) {
		w->kicked = true;
	}
}

int side_add_raw(struct side *s, const struct vepf_seg *segs, unsigned int n)
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
	struct vepf_seg segs[MAX_SEGS];
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
		const struct vepf_seg *seg = &s->segs[head][i];
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

u64 side_gaps(const struct side *s, u64 sent)
{
	u64 i, pos = 0;

	for (i = 0; i < s->num_received; i++, pos++) {
		if (pos < sent && s->received[i] == stream_byte(pos))
			continue;
		while (pos < sent && !resync(s, i, pos, sent))
			pos++;
		if (pos >= sent)
			fail_msg("byte %llu of those received was never sent, or is not in order",
				 i);
	}
	return sent - s->num_received;
}

/* The function */

static bool gate(void *ctx)
{
	struct world *w = ctx;

	if (w->asked++ >= w->close_after)
		w->open = false;
	return w->open;
}

static struct world *make(const struct fake_profile *profile, u32 transit, bool lossless,
			  struct vepf_direct *direct)
{
	struct world *w = calloc(1, sizeof(*w));
	unsigned int i;

	fake_kernel_reset();
	host_init(&w->host);
	fake_epc_init(&w->epc, profile, &w->host);
	w->epf.dev.name = "epf";
	w->epf.epc = &w->epc.epc;
	w->close_after = ~0UL;
	w->due = S64_MAX;
	w->host_kick = S64_MAX;
	vepf_hostmem_init(&w->hm, &w->epf, &w->stats, gate, w);
	vepf_irq_init(&w->irq, &w->epf, &w->stats);
	assert_int_equal(vepf_hostq_init(&w->host_rx, "receiveq", &w->hm, &w->irq), 0);
	assert_int_equal(vepf_hostq_init(&w->host_tx, "transmitq", &w->hm, &w->irq), 0);

	for (i = 0; i < 2; i++) {
		struct vepf_localq *q = &w->local[i].q;

		w->local[i].w = w;
		q->callback = local_call;
		q->ring = calloc(1, sizeof(*q->ring));
	}
	w->local_rx = direct ? &direct->queues[LOCAL_RX].q : &w->local[LOCAL_RX].q;
	w->local_tx = direct ? &direct->queues[LOCAL_TX].q : &w->local[LOCAL_TX].q;
	assert_int_equal(vepf_pipe_init(&w->from_host, false, &w->host_tx, w->local_rx, transit,
					lossless), 0);
	assert_int_equal(vepf_pipe_init(&w->to_host, true, &w->host_rx, w->local_tx, transit,
					lossless), 0);

	side_init(&w->htx, w, true, false);
	side_init(&w->hrx, w, true, true);
	side_init(&w->ltx, w, false, false);
	side_init(&w->lrx, w, false, true);
	return w;
}

struct world *world_new(const struct fake_profile *profile)
{
	return make(profile, VEPF_TRANSIT_SIZE, false, NULL);
}

struct world *world_new_lossless(const struct fake_profile *profile)
{
	return make(profile, 2 * VEPF_HISTORY_SIZE, true, NULL);
}

struct world *world_new_direct(struct vepf_direct *direct, bool lossless)
{
	return make(&fake_dwc, lossless ? 2 * VEPF_HISTORY_SIZE : VEPF_TRANSIT_SIZE, lossless,
		    direct);
}

void world_free(struct world *w)
{
	unsigned int i;

	if (w->host_up)
		world_host_down(w);
	assert_int_equal(w->epc.num_maps, 0);
	assert_int_equal(w->stats.maps, w->stats.unmaps);
	vepf_pipe_free(&w->from_host);
	vepf_pipe_free(&w->to_host);
	for (i = 0; i < 2; i++)
		free(w->local[i].q.ring);
	vepf_hostq_free(&w->host_tx);
	vepf_hostq_free(&w->host_rx);
	side_free(&w->htx);
	side_free(&w->hrx);
	side_free(&w->ltx);
	side_free(&w->lrx);
	fake_epc_free(&w->epc);
	host_free(&w->host);
	free(w);
}

/* Each boot has its rings and buffers elsewhere, so that use of old ones shows */
void world_host_up(struct world *w)
{
	u64 base = w->epc.profile->ram ? 0 : 0x100000000;

	base += (u64)(++w->boots % 8) << 25;
	side_start(&w->hrx, base);
	side_start(&w->htx, base + (1 << 24));
	w->open = true;
	w->asked = 0;
	w->close_after = ~0UL;
	w->host_up = true;
	assert_int_equal(vepf_hostq_start(&w->host_rx, w->hrx.d.base >> 12, QUEUE_SIZE, 1), 0);
	assert_int_equal(vepf_hostq_start(&w->host_tx, w->htx.d.base >> 12, QUEUE_SIZE, 2), 0);
	vepf_pipe_start(&w->from_host);
	vepf_pipe_start(&w->to_host);
	/* Its driver was there for long; test_settle() is about those that were not */
	w->to_host.settle = (struct vepf_settle){};
	w->kicked = true;
}

void world_host_down(struct world *w)
{
	w->open = false;
	w->host_up = false;
	vepf_pipe_stop(&w->from_host);
	vepf_pipe_stop(&w->to_host);
	vepf_hostq_stop(&w->host_tx);
	vepf_hostq_stop(&w->host_rx);
	vepf_hostq_release(&w->host_tx);
	vepf_hostq_release(&w->host_rx);
	vepf_hostmem_flush(&w->hm);
	vepf_irq_drop(&w->irq);
	w->host_kick = S64_MAX;
	w->kicked = true;
}

static void local_queue_up(struct vepf_localq *q, struct side *s)
{
	side_start(s, 0);
	assert_int_equal(vepf_ring_init(q->ring, QUEUE_SIZE, LOCAL_ALIGN, &local_ring_ops, q), 0);
	q->live = true;
}

void world_local_up(struct world *w)
{
	local_queue_up(w->local_tx, &w->ltx);
	local_queue_up(w->local_rx, &w->lrx);
	w->kicked = true;
}

void world_local_down(struct world *w)
{
	w->local_tx->live = false;
	w->local_tx->call = false;
	w->local_rx->live = false;
	w->local_rx->call = false;
}

u64 world_poll(struct world *w, bool scan)
{
	struct vepf_stats before = w->stats;
	u64 again;

	w->polls++;
	if (scan) {
		vepf_pipe_notified(&w->from_host);
		vepf_pipe_notified(&w->to_host);
	}
	again = vepf_pipe_from_host(&w->from_host);
	again = min(again, vepf_pipe_to_host(&w->to_host));
	if (w->irq.starved)
		vepf_hostmem_yield(&w->hm);
	if (w->host_up)
		again = min(again, vepf_irq_flush(&w->irq));

	/* Ring entries and descriptors come on top of the payload */
	assert_in_range(w->stats.posted_bytes - before.posted_bytes, 0,
			ROUND_MAX + QUEUE_SIZE * 2 * 16);
	assert_in_range(w->stats.np_bytes - before.np_bytes, 0, ROUND_MAX + QUEUE_SIZE * 4 * 32);
	/* The endpoint's drivers have been told of all that they want to know */
	assert_false(w->local_tx->call);
	assert_false(w->local_rx->call);
	assert_int_equal(fake_locks, 0);
	return again;
}

void world_run(struct world *w, u64 ns)
{
	ktime_t end = fake_now + ns;

	while (fake_now < end) {
		if (w->step)
			w->step(w);
		if (w->kicked || fake_now >= w->due || fake_now >= w->host_kick) {
			bool scan = fake_now >= w->host_kick;
			u64 again;

			w->kicked = false;
			if (scan)
				w->host_kick = S64_MAX;
			again = world_poll(w, scan);
			w->due = again == U64_MAX ? S64_MAX : (ktime_t)(fake_now + again);
			fake_now += POLL_NS;
		} else {
			fake_now += STEP_NS;
		}
	}
	if (w->step)
		w->step(w);
}
