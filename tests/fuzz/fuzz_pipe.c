// SPDX-License-Identifier: GPL-2.0
/*
 * pipe.c, hostq.c, hostmem.c and irq.c between a host that may do anything and
 * an endpoint's driver that behaves, over the fake controllers of tests/core
 *
 * The fakes fail on what no controller may be asked for: an access outside of
 * what is mapped, one that is not aligned, one under a lock.  Here is checked
 * that the work of a call is bounded, that every window is unmapped in the end,
 * that no byte gets lost on the way, and that a host that has reset the device
 * is served again.
 */
#include <linux/minmax.h>
#include <linux/virtio_ring.h>

#include "check.h"
#include "driver.h"
#include "fake-epc.h"
#include "fake-kernel.h"
#include "input.h"
#include "legacy-layout.h"
#include "pipe.h"

#define QUEUE_SIZE	32	/* of the endpoint's queues, and of the host's, mostly */
#define QUEUE_LARGE	512
#define HOST_ALIGN	4096
#define LOCAL_ALIGN	64
#define LOCAL_BUFS	16
#define LOCAL_BUF	4096
#define MAX_BLOWS	4
#define MSEC		1000000ULL

/* What one call may move, and the most that its rings can cost */
#define ROUND_MAX	(16384 + EPFV_PIPE_CHUNK)
#define RING_MAX	(2 * w.num * 16 * (min_t(u64, w.num, EPFV_RING_BURST) + 4))
/* Windows for a descriptor: one for each piece, and smaller ones tried before */
#define MAPS_MAX	(4 * w.num * 20 + 2 * ROUND_MAX / 256)

enum action {
	SET_DESC, SET_ENTRY, SET_IDX, MOVE_IDX, SET_FLAGS, SET_RAW, OFFER, ARM,
	UP, DOWN, CLOSE_GATE, POLL, NOTIFY, WAIT, SETTLE, RESERVE, IRQ_RESULT,
	LOCAL_UP, LOCAL_DOWN, LOCAL_SEND, LOCAL_OFFER, LOCAL_REAP, NUM_ACTIONS
};

enum { RX, TX };

/* Host memory changes by itself, some questions to the gate from now */
struct blow {
	unsigned int in;	/* 0: none */
	u8 queue;
	u16 off;
	u16 val;
};

/* The endpoint's driver on one queue */
struct local {
	struct epfv_localq q;
	struct driver d;
	u8 *ring;
	u8 *bufs;
	int buf_of[QUEUE_SIZE];	/* by head */
	bool busy[LOCAL_BUFS];
	u64 bytes;		/* sent or received */
	u8 last;		/* byte that came in last */
};

static struct {
	struct host_mem host;
	struct fake_epc epc;
	struct pci_epf epf;
	struct epfv_lane lane;
	u32 epoch;
	struct epfv_irq irq;
	struct epfv_hostmem hm;
	struct epfv_hostq hq[2];
	struct epfv_pipe pipe[2];	/* by the host's queue: to it, from it */
	unsigned int num;		/* descriptors of the host's queues */
	u64 base[2];
	bool up;
	bool open;
	unsigned int close_in;		/* the gate closes by itself; 0: it does not */
	u64 partial[2];			/* moved in buffers that were never finished */
	struct local local[2];		/* by the queue of the endpoint: rx, tx */
	struct blow blows[MAX_BLOWS];
	u16 free[2];			/* descriptor that OFFER uses next */
} w;

/* The endpoint's rings are plain memory, and used under the queue's lock only */

static struct local *local_of(void *ctx)
{
	struct epfv_localq *q = ctx;

	CHECK(q->lock.held);
	return container_of(q, struct local, q);
}

/* Addresses are pointers */
static u8 *local_at(void *ctx, u64 addr, u32 len)
{
	const struct local *l = local_of(ctx);
	u8 *ptr = (u8 *)(uintptr_t)addr;

	CHECK(ptr >= l->ring && ptr + len <= l->ring + vring_size(QUEUE_SIZE, LOCAL_ALIGN));
	return ptr;
}

static int local_read(void *ctx, u64 addr, void *buf, u32 len)
{
	memcpy(buf, local_at(ctx, addr, len), len);
	return 0;
}

static int local_write(void *ctx, u64 addr, const void *buf, u32 len)
{
	memcpy(local_at(ctx, addr, len), buf, len);
	return 0;
}

static void local_barrier(void *ctx)
{
	local_of(ctx);
}

static const struct epfv_ring_ops local_ops = {
	.read = local_read,
	.write = local_write,
	.read_barrier = local_barrier,
	.write_barrier = local_barrier,
	.mb = local_barrier,
};

static void local_load(void *ctx, u64 addr, void *buf, u32 len)
{
	CHECK(!ctx);
	memcpy(buf, (const void *)(uintptr_t)addr, len);
}

static void local_store(void *ctx, u64 addr, const void *buf, u32 len)
{
	CHECK(!ctx);
	memcpy((void *)(uintptr_t)addr, buf, len);
}

static const struct driver_mem local_mem = { local_load, local_store };

static void local_call(struct epfv_localq *q)
{
	CHECK(!fake_locks);
	q->call = false;
}

/* Of the buffer that the pipe is at; one that a driver left behind is not any more */
static u64 begun(unsigned int i)
{
	return w.pipe[i].active && w.hq[i].live ? w.pipe[i].done : 0;
}

static u64 moved(unsigned int i)
{
	return w.hq[i].bytes + w.partial[i] + begun(i);
}

/* Bytes that have gone through the host's buffers, as the pipe sees it */
static u64 passed(unsigned int i)
{
	const struct epfv_pipe *p = &w.pipe[i];

	return i == TX ? p->fifo.in : p->fifo.out - p->fifo.dropped - p->chunk_len;
}

/* Conservation: every byte is where it has come to, or was counted as dropped */
static void check_bytes(void)
{
	const struct epfv_fifo *from = &w.pipe[TX].fifo, *to = &w.pipe[RX].fifo;

	CHECK(passed(TX) == moved(TX));
	CHECK(from->out - from->dropped == w.local[RX].bytes);
	CHECK(to->in == w.local[TX].bytes);
	CHECK(passed(RX) == moved(RX));
	CHECK(epfv_fifo_len(from) <= from->size && epfv_fifo_len(to) <= to->size);
}

/* A queue that has just been found broken takes its buffer with it */
static void count_broken(unsigned int i)
{
	u64 rest = passed(i) - moved(i);

	CHECK(!w.pipe[i].active && w.hq[i].ring->error);
	CHECK(!rest || rest == w.pipe[i].done);
	w.partial[i] += rest;
}

static void local_reap(struct local *l)
{
	u32 len;
	int head;

	while ((head = driver_get(&l->d, &len)) >= 0) {
		int i = l->buf_of[head];

		l->busy[i] = false;
		if (l != &w.local[RX]) {
			CHECK(!len);
			continue;
		}
		CHECK(len <= LOCAL_BUF);
		l->bytes += len;
		if (len)
			l->last = l->bufs[i * LOCAL_BUF + len - 1];
	}
}

static void local_add(struct local *l, u32 len, u8 fill)
{
	struct epfv_seg seg = { .len = len, .writable = l == &w.local[RX] };
	int i, head;

	for (i = 0; i < LOCAL_BUFS && l->busy[i]; i++)
		;
	if (i == LOCAL_BUFS || !l->q.live || !len)
		return;
	seg.addr = (uintptr_t)l->bufs + i * LOCAL_BUF;
	if (!seg.writable) {
		memset(l->bufs + i * LOCAL_BUF, fill, len);
		l->bytes += len;
	}
	head = driver_add(&l->d, &seg, 1);
	CHECK(head >= 0);
	l->buf_of[head] = i;
	l->busy[i] = true;
	if (!seg.writable)
		epfv_pipe_collect(&w.pipe[RX]);
}

/* The driver goes with what it was given: nothing is left in its ring */
static void local_down(void)
{
	unsigned int i;

	for (i = 0; i < 2; i++) {
		struct local *l = &w.local[i];

		if (l->q.live)
			local_reap(l);
		l->q.live = false;
		l->q.call = false;
		memset(l->busy, 0, sizeof(l->busy));
	}
}

static void local_up(void)
{
	unsigned int i;

	local_down();
	for (i = 0; i < 2; i++) {
		struct local *l = &w.local[i];
		struct vring vring;

		vring_init(&vring, QUEUE_SIZE, l->ring, LOCAL_ALIGN);
		driver_init(&l->d, &local_mem, NULL, (uintptr_t)l->ring, QUEUE_SIZE, LOCAL_ALIGN);
		CHECK(!epfv_ring_init(l->q.ring, QUEUE_SIZE, (uintptr_t)vring.desc,
				      (uintptr_t)vring.avail, (uintptr_t)vring.used, &local_ops,
				      &l->q));
		l->q.live = true;
	}
}

/* The host */

static u32 avail_off(void)
{
	return w.num * sizeof(struct vring_desc);
}

static void host_set16(unsigned int q, u32 off, u16 val)
{
	host_write(&w.host, w.base[q] + off, &val, sizeof(val));
}

static void host_set_desc(unsigned int q, u16 i, u64 addr, u32 len, u16 flags, u16 next)
{
	const struct vring_desc desc = { addr, len, flags, next };

	host_write(&w.host, w.base[q] + i * sizeof(desc), &desc, sizeof(desc));
}

static void host_move_idx(unsigned int q, int8_t by)
{
	u16 idx;

	host_read(&w.host, w.base[q] + avail_off() + 2, &idx, sizeof(idx));
	host_set16(q, avail_off() + 2, idx + by);
}

static bool gate(void *ctx, u32 epoch)
{
	unsigned int i;

	CHECK(ctx == &w && !fake_locks);
	for (i = 0; i < MAX_BLOWS; i++) {
		struct blow *b = &w.blows[i];

		if (b->in && !--b->in)
			host_set16(b->queue, b->off, b->val);
	}
	if (w.close_in && !--w.close_in)
		w.open = false;
	return w.open && epoch == w.epoch;
}

/* Mostly near the ends of what is allowed, and of what the cable's windows show */
static u64 some_addr(struct input *in)
{
	u8 how = in8(in);

	switch (how % 6) {
	case 0:
		return (u64)how << 20;
	case 1:
		return ~0ULL - how;
	case 2:
		return (512ULL << 20) - how;
	case 3:
		return (1ULL << 32) - how;
	case 4:
		return in32(in);
	default:
		return in64(in);
	}
}

static u32 some_len(struct input *in)
{
	u8 how = in8(in);

	switch (how & 3) {
	case 0:
		return how >> 2;
	case 1:
		return ~0U - (how >> 2);
	case 2:
		return how << 6;
	default:
		return in32(in);
	}
}

static void host_offer(struct input *in)
{
	u8 how = in8(in);
	unsigned int q = how & 1, n = 1 + (how >> 1 & 3), i;
	u16 idx, head = w.free[q];

	for (i = 0; i < n; i++) {
		u16 at = w.free[q];
		u64 addr = some_addr(in);

		w.free[q] = (at + 1) % w.num;
		host_set_desc(q, at, addr, some_len(in), (q == RX ? VRING_DESC_F_WRITE : 0) |
			      (i + 1 < n ? VRING_DESC_F_NEXT : 0), w.free[q]);
	}
	host_read(&w.host, w.base[q] + avail_off() + 2, &idx, sizeof(idx));
	host_set16(q, avail_off() + 4 + 2 * (idx % w.num), head);
	host_move_idx(q, 1);
}

static void host_stop(void)
{
	unsigned int i;

	if (!w.up)
		return;
	w.up = false;
	w.open = false;
	for (i = 0; i < 2; i++) {
		w.partial[i] += begun(i);
		epfv_pipe_stop(&w.pipe[i]);
		epfv_hostq_stop(&w.hq[i]);
	}
	/* What was under way to it; what came from it may still be received */
	CHECK(epfv_fifo_len(&w.pipe[RX].fifo) <= EPFV_HISTORY_SIZE);
	/* No window goes before what was written has left, as a next driver takes its time */
	fake_epc_settle(&w.epc);
	epfv_irq_drop(&w.irq);
}

/* As when no driver has come for a while */
static void host_release(void)
{
	while (epfv_hostmem_release(&w.lane))
		;
	epfv_hostq_release(&w.hq[RX]);
	epfv_hostq_release(&w.hq[TX]);
	CHECK(!w.epc.num_maps && w.hm.maps == w.hm.unmaps);
}

static void host_down(void)
{
	host_stop();
	host_release();
}

static void host_up(u32 rx_pfn, u32 tx_pfn)
{
	static const u8 zeros[8 * HOST_ALIGN];
	const struct epfv_queue_setup setup[] = {
		legacy_queue((u64)rx_pfn << 12, w.num, 1),
		legacy_queue((u64)tx_pfn << 12, w.num, 2),
	};
	unsigned int i;

	host_stop();
	if (rx_pfn & 1)
		host_release();
	for (i = 0; i < 2; i++)
		epfv_hostq_keep(&w.hq[i], &setup[i]);
	w.up = true;
	w.open = true;
	w.close_in = 0;
	w.lane.epoch = ++w.epoch;
	for (i = 0; i < 2; i++) {
		w.hq[i].lane.epoch = w.epoch;
		w.base[i] = setup[i].desc;
		w.free[i] = 0;
		host_write(&w.host, w.base[i], zeros, vring_size(w.num, HOST_ALIGN));
		if (!epfv_hostq_start(&w.hq[i], &setup[i]))
			epfv_pipe_start(&w.pipe[i]);
		else
			CHECK(!w.hq[i].num_regions);
	}
	/* Its driver was there for long */
	w.pipe[RX].settle = (struct epfv_settle){};
}

static struct epfv_stats all_stats(void)
{
	struct epfv_stats sum = w.lane.stats;

	epfv_stats_add(&sum, &w.hq[RX].lane.stats);
	epfv_stats_add(&sum, &w.hq[TX].lane.stats);
	return sum;
}

static void poll(void)
{
	const struct epfv_stats before = all_stats();
	struct epfv_stats after;
	unsigned int messages = fake_messages;
	unsigned long lost = w.epc.lost;
	const bool live[] = { w.hq[RX].live, w.hq[TX].live };
	unsigned int i;

	fake_epc_clear_log(&w.epc);
	epfv_pipe_from_host(&w.pipe[TX]);
	epfv_pipe_to_host(&w.pipe[RX]);
	if (epfv_irq_starved(&w.irq))
		epfv_hostmem_yield(&w.lane);
	if (w.up)
		epfv_irq_flush(&w.irq);

	after = all_stats();
	CHECK(after.posted_bytes - before.posted_bytes <= ROUND_MAX + RING_MAX);
	CHECK(after.np_bytes - before.np_bytes <= ROUND_MAX + RING_MAX);
	CHECK(after.maps - before.maps <= MAPS_MAX);
	CHECK(fake_messages - messages <= 4 * w.num);
	CHECK(!fake_locks);
	/* Where the host has reset the device, what is on its way may get lost */
	if (w.open)
		CHECK(w.epc.lost == lost);
	for (i = 0; i < 2; i++) {
		CHECK(!w.hq[i].live || !w.hq[i].ring->error);
		if (live[i] && !w.hq[i].live)
			count_broken(i);
	}
	local_reap(&w.local[RX]);
	check_bytes();
}

static void notify(void)
{
	epfv_pipe_notified(&w.pipe[RX]);
	epfv_pipe_notified(&w.pipe[TX]);
}

static void arm(struct input *in)
{
	struct blow *b = &w.blows[in8(in) % MAX_BLOWS];

	b->in = in8(in) & 0x3f;
	b->queue = in8(in) & 1;
	b->off = in16(in) % (avail_off() + 4 + 2 * w.num);
	b->val = in16(in);
}

static void act(struct input *in)
{
	u8 raw[32];
	unsigned int q;
	u64 addr;
	u16 i;

	switch (in8(in) % NUM_ACTIONS) {
	case SET_DESC:
		q = in8(in);
		addr = some_addr(in);
		host_set_desc(q & 1, (q >> 1) % QUEUE_SIZE, addr, some_len(in), in8(in) & 7,
			      in8(in));
		break;
	case SET_ENTRY:
		q = in8(in);
		host_set16(q & 1, avail_off() + 4 + (q & 0x3e), in8(in));
		break;
	case SET_IDX:
		q = in8(in) & 1;
		host_set16(q, avail_off() + 2, in16(in));
		break;
	case MOVE_IDX:
		q = in8(in) & 1;
		host_move_idx(q, in8(in));
		break;
	case SET_FLAGS:
		q = in8(in) & 1;
		host_set16(q, avail_off(), in16(in));
		break;
	case SET_RAW:
		addr = w.base[in8(in) & 1] + in16(in) % (2 * HOST_ALIGN);
		i = in8(in) % sizeof(raw);
		in_bytes(in, raw, i);
		host_write(&w.host, addr, raw, i);
		break;
	case OFFER:
		host_offer(in);
		break;
	case ARM:
		arm(in);
		break;
	case UP:
		addr = in32(in);
		host_up(addr, in32(in));
		break;
	case DOWN:
		host_down();
		break;
	case CLOSE_GATE:
		w.close_in = in8(in);
		break;
	case POLL:
		poll();
		break;
	case NOTIFY:
		notify();
		poll();
		break;
	case WAIT:
		fake_now += in8(in) * MSEC;
		break;
	case SETTLE:
		fake_epc_settle(&w.epc);
		break;
	case RESERVE:
		w.epc.reserved = in8(in) % 8;
		break;
	case IRQ_RESULT:
		q = in8(in);
		w.epc.raise_result[q & 3] = q & 4 ? -EPERM : q & 8 ? -ENOMEM : 0;
		break;
	case LOCAL_UP:
		local_up();
		break;
	case LOCAL_DOWN:
		local_down();
		break;
	case LOCAL_SEND:
		local_add(&w.local[TX], in16(in) % LOCAL_BUF, 0x11);
		break;
	case LOCAL_OFFER:
		local_add(&w.local[RX], in16(in) % LOCAL_BUF, 0);
		break;
	case LOCAL_REAP:
		local_reap(&w.local[RX]);
		local_reap(&w.local[TX]);
		break;
	}
	check_bytes();
}

/* A driver of the host that behaves, for the end */

static void honest_load(void *ctx, u64 addr, void *buf, u32 len)
{
	host_read(ctx, addr, buf, len);
}

static void honest_store(void *ctx, u64 addr, const void *buf, u32 len)
{
	host_write(ctx, addr, buf, len);
}

static const struct driver_mem honest_mem = { honest_load, honest_store };

#define FROM_HOST	5000	/* more than one piece */
#define TO_HOST		100
#define FILL_HOST	0x77
#define FILL_LOCAL	0x88

/* What is sent now arrives, behind what was held before */
static void recover(void)
{
	struct epfv_seg out = { .addr = 0x200000, .len = FROM_HOST };
	struct epfv_seg in = { .addr = 0x300000, .len = 64 << 10, .writable = true };
	struct driver tx, rx;
	bool came[2] = {};
	u8 buf[FROM_HOST], last = 0;
	unsigned int i;
	u32 len;

	memset(w.blows, 0, sizeof(w.blows));
	memset(w.epc.raise_result, 0, sizeof(w.epc.raise_result));
	w.epc.reserved = 0;
	host_up(0x100, 0x110);
	CHECK(w.hq[RX].live && w.hq[TX].live);
	driver_init(&tx, &honest_mem, &w.host, w.base[TX], w.num, HOST_ALIGN);
	driver_init(&rx, &honest_mem, &w.host, w.base[RX], w.num, HOST_ALIGN);
	local_up();

	memset(buf, FILL_HOST, sizeof(buf));
	host_write(&w.host, out.addr, buf, sizeof(buf));
	CHECK(driver_add(&tx, &out, 1) >= 0);
	local_add(&w.local[TX], TO_HOST, FILL_LOCAL);
	/* A buffer each time, for all that can be in transit */
	for (i = 0; i < EPFV_TRANSIT_SIZE / LOCAL_BUF + 200 && (!came[RX] || !came[TX]); i++) {
		local_add(&w.local[RX], LOCAL_BUF - 1, 0);
		if (!rx.in_flight)
			CHECK(driver_add(&rx, &in, 1) >= 0);
		fake_now += MSEC;
		notify();
		poll();
		local_reap(&w.local[TX]);
		fake_epc_settle(&w.epc);
		if (driver_get(&rx, &len) >= 0)
			host_read(&w.host, in.addr + len - 1, &last, 1);
		came[RX] = last == FILL_LOCAL && !w.pipe[RX].chunk_len &&
			   !epfv_fifo_len(&w.pipe[RX].fifo);
		came[TX] = w.local[RX].last == FILL_HOST && !epfv_fifo_len(&w.pipe[TX].fifo);
	}
	CHECK(came[RX] && came[TX]);
	CHECK(driver_get(&tx, &len) >= 0);
	host_down();
	check_bytes();
}

static void begin(u8 how)
{
	static const struct fake_profile *const profiles[] = {
		&fake_dwc, &fake_cadence, &fake_rk3399, &fake_three,
		&fake_four, &fake_small, &fake_cable,
	};
	unsigned int i;

	memset(&w, 0, sizeof(w));
	fake_kernel_reset();
	host_init(&w.host);
	fake_epc_init(&w.epc, profiles[(how & 0x7f) % ARRAY_SIZE(profiles)], &w.host);
	w.num = how & 0x80 ? QUEUE_LARGE : QUEUE_SIZE;
	w.epf.dev.name = "epf";
	w.epf.epc = &w.epc.epc;
	epfv_hostmem_init(&w.hm, &w.epf, gate, &w);
	w.lane.hm = &w.hm;
	epfv_irq_init(&w.irq, &w.epf);
	for (i = 0; i < 2; i++) {
		struct local *l = &w.local[i];

		CHECK(!epfv_hostq_init(&w.hq[i], i == RX ? "receiveq" : "transmitq", &w.hm, &w.irq));
		l->q.callback = local_call;
		l->q.ring = calloc(1, sizeof(*l->q.ring));
		l->ring = calloc(1, vring_size(QUEUE_SIZE, LOCAL_ALIGN));
		l->bufs = calloc(LOCAL_BUFS, LOCAL_BUF);
	}
	CHECK(!epfv_pipe_init(&w.pipe[TX], false, &w.hq[TX], &w.local[RX].q, EPFV_TRANSIT_SIZE,
			      false));
	CHECK(!epfv_pipe_init(&w.pipe[RX], true, &w.hq[RX], &w.local[TX].q, EPFV_TRANSIT_SIZE,
			      false));
	local_up();
	host_up(0x100, 0x110);
}

static void end(void)
{
	unsigned int i;

	host_down();
	for (i = 0; i < 2; i++) {
		epfv_pipe_free(&w.pipe[i]);
		epfv_hostq_free(&w.hq[i]);
		free(w.local[i].q.ring);
		free(w.local[i].ring);
		free(w.local[i].bufs);
	}
	fake_epc_free(&w.epc);
	host_free(&w.host);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { data, size };

	begin(in8(&in));
	while (in.left)
		act(&in);
	recover();
	end();
	return 0;
}
