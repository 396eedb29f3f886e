// SPDX-License-Identifier: GPL-2.0
/*
 * ring.c over memory that the input fills, and changes while it is being read
 *
 * An input is a header {queue size, alignment} and actions of a driver that may
 * do anything, mixed with calls into the ring.  Each access is checked, and each
 * result against what ring.h promises.
 */
#include <errno.h>
#include <linux/virtio_ring.h>

#include "check.h"
#include "input.h"
#include "ring.h"

#define BASE		0x700000000000	/* where the rings are */
#define MAX_BLOWS	8
#define SOME_ERROR	(-ECOMM)

enum action {
	SET_DESC, SET_ENTRY, SET_IDX, MOVE_IDX, SET_FLAGS, SET_RAW, OFFER,
	POLL, FETCH, GET, PUT, PUT_ANY, PUBLISH, NEED_INTERRUPT, HOLD, ABANDON,
	ARM, BREAK_ACCESS, LINK, START, NUM_ACTIONS
};

/* What becomes of a head */
enum { NOT_OURS, HELD, PUT_BACK };

/* Memory changes by itself, some accesses from now */
struct blow {
	unsigned int in;	/* 0: none */
	u32 off;
	u16 val;
	bool after;		/* the access has been made */
};

static struct epfv_ring ring;

static struct {
	struct input *in;
	u8 *mem;
	u32 size, avail, used;
	u16 num;
	u32 align;

	struct blow blows[MAX_BLOWS];
	unsigned int fail_in;	/* this access fails; 0: none */
	bool gone;		/* reads give all-ones */
	u32 desc_changes;

	/* the call being made */
	unsigned int accesses;
	unsigned int most;
	bool failed;
	bool saw_ones;

	/* what the ring owes us */
	unsigned int fetched;
	u32 fetched_at;		/* desc_changes then */
	bool holds;
	unsigned int promised;	/* to be fetched yet, while it holds */
	u8 state[EPFV_RING_MAX_SIZE];
	u16 nsegs[EPFV_RING_MAX_SIZE];
	u16 held[EPFV_RING_MAX_SIZE];
	unsigned int num_held;
	unsigned int taken_descs;
	struct epfv_ring_used done[EPFV_RING_MAX_SIZE];
	unsigned int num_done;
	u16 used_idx;
	u16 free;		/* descriptor that OFFER uses next */
} s;

static u16 load16(u32 off)
{
	u16 v;

	memcpy(&v, s.mem + off, sizeof(v));
	return v;
}

static void store(u32 off, const void *buf, u32 len)
{
	if (off < s.avail)
		s.desc_changes++;
	memcpy(s.mem + off, buf, len);
}

static void store16(u32 off, u16 v)
{
	store(off, &v, sizeof(v));
}

static void strike(bool after)
{
	unsigned int i;

	for (i = 0; i < MAX_BLOWS; i++) {
		struct blow *b = &s.blows[i];

		if (!b->in || b->after != after || --b->in)
			continue;
		store16(b->off, b->val);
	}
}

static void check_place(u32 off, u32 len, bool write)
{
	CHECK(len && off + len > off && off + len <= s.size);
	if (off >= s.used) {
		u32 entries = s.used + 4;

		CHECK(write);
		if (off >= entries)
			CHECK(off + len <= entries + 8 * s.num && !((off - entries) % 8) &&
			      !(len % 8));
		else
			CHECK(len == 2 && !(off % 2));
		return;
	}
	CHECK(!write);
	if (off >= s.avail + 4)
		CHECK(off + len <= s.avail + 4 + 2 * s.num && !(off % 2) && !(len % 2));
	else if (off >= s.avail)
		CHECK(off == s.avail && len == 4);
	else
		CHECK(off + len <= s.avail && !(off % 16) && !(len % 16));
}

static int begin_access(u32 off, u32 len, bool write)
{
	check_place(off, len, write);
	CHECK(++s.accesses <= s.most);
	/* An accessor's error goes to the caller at once */
	CHECK(!s.failed);
	if (s.fail_in && !--s.fail_in)
		s.failed = true;
	return s.failed ? SOME_ERROR : 0;
}

/* Is one of the elements of @size bytes all-ones? */
static bool has_ones(const u8 *buf, u32 len, u32 size)
{
	u32 at, i;

	for (at = 0; at < len; at += size) {
		for (i = 0; i < size && buf[at + i] == 0xff; i++)
			;
		if (i == size)
			return true;
	}
	return false;
}

static int op_read(void *ctx, u64 addr, void *buf, u32 len)
{
	u32 off = addr - BASE;

	CHECK(ctx == &s);
	if (begin_access(off, len, false)) {
		memset(buf, 0x5a, len);
		return SOME_ERROR;
	}
	strike(false);
	if (s.gone)
		memset(buf, 0xff, len);
	else
		memcpy(buf, s.mem + off, len);
	if (off == s.avail)
		s.saw_ones |= !memcmp(buf, "\xff\xff\xff\xff", 4);
	else
		s.saw_ones |= has_ones(buf, len, off < s.avail ? 16 : 2);
	strike(true);
	return 0;
}

static int op_write(void *ctx, u64 addr, const void *buf, u32 len)
{
	u32 off = addr - BASE;

	CHECK(ctx == &s);
	if (begin_access(off, len, true))
		return SOME_ERROR;
	if (!s.gone)
		memcpy(s.mem + off, buf, len);
	return 0;
}

static void op_barrier(void *ctx)
{
	CHECK(ctx == &s);
}

static const struct epfv_ring_ops ops = {
	.read = op_read,
	.write = op_write,
	.read_barrier = op_barrier,
	.write_barrier = op_barrier,
	.mb = op_barrier,
};

/* Before a call that may make so many accesses; none any more once the ring is broken */
static void begin_call(unsigned int most)
{
	s.accesses = 0;
	s.most = ring.error ? 0 : most;
	s.failed = false;
	s.saw_ones = false;
}

/* After it: @ret is an error exactly if there was a reason for that */
static void end_call(int ret)
{
	if (s.failed)
		CHECK(ret == SOME_ERROR);
	else if (ring.error)
		CHECK(ret == -EIO);
	else if (ret < 0)
		CHECK(ret == -ENODEV && s.saw_ones);
	CHECK(epfv_ring_available(&ring) <= s.num);
	CHECK(epfv_ring_error_text(ring.error));
}

static void start(void)
{
	memset(&ring, 0xa5, sizeof(ring));
	CHECK(!epfv_ring_init(&ring, s.num, BASE, BASE + s.avail, BASE + s.used, &ops, &s));
	s.fetched = 0;
	s.holds = false;
	s.num_held = 0;
	s.num_done = 0;
	s.taken_descs = 0;
	s.used_idx = 0;
	s.free = 0;
	memset(s.state, NOT_OURS, sizeof(s.state));
}

static void set_desc(u16 i, u64 addr, u32 len, u16 flags, u16 next)
{
	const struct vring_desc desc = { addr, len, flags, next };

	store(i * sizeof(desc), &desc, sizeof(desc));
}

/* Mostly near the ends of what is allowed */
static u64 some_addr(struct input *in)
{
	u8 how = in8(in);

	switch (how & 3) {
	case 0:
		return (u64)how << 20;
	case 1:
		return ~0ULL - (how >> 2);
	case 2:
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

static void move_idx(int8_t by)
{
	store16(s.avail + 2, load16(s.avail + 2) + by);
}

/* A buffer as a driver makes it, of descriptors that follow each other */
static void offer(u8 how)
{
	unsigned int readable = how & 3, n = readable + (how >> 2 & 3), i;
	u16 idx = load16(s.avail + 2), head = s.free;

	if (!n)
		n = 1;
	for (i = 0; i < n; i++) {
		u16 at = s.free;

		s.free = (s.free + 1) & (s.num - 1);
		set_desc(at, 0x1000 * (i + 1), i + 1,
			 (i < readable ? 0 : VRING_DESC_F_WRITE) |
			 (i + 1 < n ? VRING_DESC_F_NEXT : 0), s.free);
	}
	store16(s.avail + 4 + 2 * (idx & (s.num - 1)), head);
	move_idx(1);
}

static void check_same(const struct epfv_request *a, const struct epfv_request *b)
{
	CHECK(a->head == b->head && a->nsegs == b->nsegs &&
	      a->readable == b->readable && a->writable == b->writable);
}

static void check_segs(const struct epfv_request *buf)
{
	struct epfv_cursor at = epfv_ring_begin(buf);
	u64 readable = 0, writable = 0;
	const struct epfv_seg *seg;
	unsigned int n = 0;

	for (; (seg = epfv_ring_seg(&ring, &at)); epfv_ring_next(&ring, &at)) {
		CHECK(n++ < buf->nsegs);
		CHECK(seg >= ring.segs && seg < ring.segs + EPFV_RING_MAX_SIZE);
		CHECK(seg->len >= 1 && seg->addr + (seg->len - 1) >= seg->addr);
		CHECK(seg->writable || !writable);
		if (seg->writable)
			writable += seg->len;
		else
			readable += seg->len;
	}
	CHECK(n == buf->nsegs);
	CHECK(readable == buf->readable && writable == buf->writable);
}

/* Nobody has touched a descriptor since: what the ring gave must be what is there */
static void check_truth(const struct epfv_request *buf)
{
	struct epfv_cursor cur = epfv_ring_begin(buf);
	unsigned int i, at = buf->head;

	for (i = 0; i < buf->nsegs; i++, epfv_ring_next(&ring, &cur)) {
		const struct epfv_seg *seg = epfv_ring_seg(&ring, &cur);
		struct vring_desc desc;

		CHECK(at < s.num);
		memcpy(&desc, s.mem + at * sizeof(desc), sizeof(desc));
		CHECK(desc.addr == seg->addr && desc.len == seg->len);
		CHECK(!(desc.flags & VRING_DESC_F_INDIRECT));
		CHECK(seg->writable == !!(desc.flags & VRING_DESC_F_WRITE));
		CHECK(!(desc.flags & VRING_DESC_F_NEXT) == (i + 1 == buf->nsegs));
		at = desc.next;
	}
}

static void do_fetch(u8 max)
{
	unsigned int before = s.fetched;
	u32 changes = s.desc_changes;
	int ret;

	/* Entries, a burst for each head, each descriptor once, and {flags, idx} in the end */
	begin_call(2 + EPFV_RING_BATCH + s.num + 1);
	ret = epfv_ring_fetch(&ring, max);
	end_call(ret);
	if (!before)
		s.fetched_at = changes;
	if (ring.error)
		s.fetched = 0;
	else
		s.fetched = ring.num_fetched;
	if (ret >= 0)
		CHECK((unsigned int)ret == s.fetched);
	CHECK(ring.error || (s.fetched >= before && s.fetched - before <= max));
	CHECK(s.fetched <= EPFV_RING_BATCH);
	if (s.holds && s.fetched > before) {
		CHECK(s.fetched - before <= s.promised);
		s.promised -= s.fetched - before;
	}
	/* Bursts overlap in time with what strikes */
	if (s.desc_changes != changes)
		s.fetched_at = changes - 1;
}

static void do_get(void)
{
	struct epfv_request buf, peeked;
	int ret, peek;

	begin_call(0);
	peek = epfv_ring_peek(&ring, &peeked);
	ret = epfv_ring_take(&ring, &buf);
	CHECK(ret == peek && ret == (!ring.error && s.fetched));
	if (!ret)
		return;

	check_same(&buf, &peeked);
	s.fetched--;
	CHECK(buf.head < s.num && buf.nsegs >= 1);
	CHECK(s.state[buf.head] == NOT_OURS);
	check_segs(&buf);
	if (s.desc_changes == s.fetched_at)
		check_truth(&buf);
	s.state[buf.head] = HELD;
	s.nsegs[buf.head] = buf.nsegs;
	s.taken_descs += buf.nsegs;
	CHECK(s.taken_descs <= s.num);
	s.held[s.num_held++] = buf.head;
}

static void do_put(u16 head, u32 written)
{
	unsigned int i;

	begin_call(0);
	epfv_ring_complete(&ring, head, written);
	if (head >= s.num || s.state[head] != HELD)
		return;
	s.state[head] = PUT_BACK;
	s.done[s.num_done++] = (struct epfv_ring_used){ head, written };
	for (i = 0; s.held[i] != head; i++)
		;
	s.held[i] = s.held[--s.num_held];
}

static void do_publish(void)
{
	unsigned int i;
	int ret;

	begin_call(3);
	ret = epfv_ring_publish(&ring);
	end_call(ret);
	if (ret < 0)
		return;
	CHECK((unsigned int)ret == s.num_done);
	for (i = 0; i < s.num_done; i++) {
		u32 at = s.used + 4 + 8 * ((s.used_idx + i) & (s.num - 1));
		u16 head = s.done[i].id;

		CHECK(s.gone || !memcmp(s.mem + at, &s.done[i], sizeof(s.done[i])));
		s.state[head] = NOT_OURS;
		s.taken_descs -= s.nsegs[head];
	}
	s.used_idx += s.num_done;
	if (s.num_done && !s.gone)
		CHECK(load16(s.used + 2) == s.used_idx);
	s.num_done = 0;
}

static void do_poll(bool interrupt)
{
	int ret;

	begin_call(1);
	ret = interrupt ? epfv_ring_need_interrupt(&ring) : epfv_ring_poll(&ring);
	end_call(ret);
	if (interrupt)
		CHECK(ret <= 1);
	else if (ret >= 0)
		CHECK((unsigned int)ret == epfv_ring_available(&ring));
}

/* Nothing is fetched from there on, which a host may have said anything about */
static void hold(bool on, u16 idx)
{
	int16_t left = idx - ring.fetch_idx;

	if (on) {
		s.promised = left > 0 ? left : 0;
		epfv_ring_hold(&ring, idx);
	} else {
		epfv_ring_release(&ring);
	}
	s.holds = on;
	CHECK(epfv_ring_all_taken(&ring) ==
	      (ring.error || (!s.fetched && !epfv_ring_available(&ring) &&
			      !(on && (int16_t)(idx - ring.driver_idx) > 0))));
}

static void do_abandon(void)
{
	int ret;

	begin_call(2);
	ret = epfv_ring_abandon(&ring);
	end_call(ret);
	start();
}

static void arm(struct input *in)
{
	struct blow *b = &s.blows[in8(in) % MAX_BLOWS];
	u8 when = in8(in);

	b->after = when & 0x80;
	b->in = when & 0x7f;
	b->off = in16(in) % (s.used / 2) * 2;
	b->val = in16(in);
}

static void act(struct input *in)
{
	u8 raw[64];
	u32 off, len;
	u16 i;

	switch (in8(in) % NUM_ACTIONS) {
	case SET_DESC:
		i = in16(in) & (s.num - 1);
		set_desc(i, some_addr(in), some_len(in), in8(in) & 7, in16(in));
		break;
	case SET_ENTRY:
		i = in16(in) & (s.num - 1);
		store16(s.avail + 4 + 2 * i, in16(in));
		break;
	case SET_IDX:
		store16(s.avail + 2, in16(in));
		break;
	case MOVE_IDX:
		move_idx(in8(in));
		break;
	case SET_FLAGS:
		store16(s.avail, in16(in));
		break;
	case SET_RAW:
		off = in32(in) % s.size;
		len = in8(in) % sizeof(raw);
		if (len > s.size - off)
			len = s.size - off;
		in_bytes(in, raw, len);
		store(off, raw, len);
		break;
	case OFFER:
		offer(in8(in));
		break;
	case POLL:
		do_poll(false);
		break;
	case FETCH:
		do_fetch(in8(in));
		break;
	case GET:
		do_get();
		break;
	case PUT:
		if (s.num_held)
			do_put(s.held[in8(in) % s.num_held], in32(in));
		break;
	case PUT_ANY:
		do_put(in16(in), in32(in));
		break;
	case PUBLISH:
		do_publish();
		break;
	case NEED_INTERRUPT:
		do_poll(true);
		break;
	case HOLD:
		i = in8(in);
		hold(i & 1, i & 2 ? ring.driver_idx : in16(in));
		break;
	case ABANDON:
		do_abandon();
		break;
	case ARM:
		arm(in);
		break;
	case BREAK_ACCESS:
		s.fail_in = in8(in);
		break;
	case LINK:
		s.gone = in8(in) & 1;
		break;
	case START:
		start();
		break;
	}
}

static void reset(void)
{
	s.gone = false;
	s.fail_in = 0;
	memset(s.blows, 0, sizeof(s.blows));
	memset(s.mem, 0, s.size);
	start();
}

/* An access that fails may be made again, wherever it was */
static void retry(void)
{
	unsigned int k;

	for (k = 1; k <= 5; k++) {
		reset();
		offer(3);
		s.fail_in = k;
		do_poll(false);
		do_fetch(1);
		s.fail_in = 0;
		do_poll(false);
		do_fetch(1);
		CHECK(!ring.error && s.fetched == 1);
		do_get();
	}
}

/* The driver resets the device and behaves: everything works again */
static void recover(void)
{
	unsigned int i, n = s.num < 3 ? s.num : 3;

	if (s.num >= 4)
		retry();
	reset();
	for (i = 0; i < n; i++)
		offer(0);
	do_poll(false);
	CHECK(epfv_ring_available(&ring) == n);
	do_fetch(EPFV_RING_BATCH);
	CHECK(s.fetched == n);
	for (i = 0; i < n; i++)
		do_get();
	CHECK(s.num_held == n);
	while (s.num_held)
		do_put(s.held[0], 1);
	do_publish();
	CHECK(s.used_idx == n);
	begin_call(1);
	CHECK(epfv_ring_need_interrupt(&ring) == 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { data, size };
	u8 how = in8(&in);

	memset(&s, 0, sizeof(s));
	s.num = 1 << (how & 15) % 11;
	s.align = how & 0x80 ? 4 : 4096;
	s.size = vring_size(s.num, s.align);
	s.avail = 16 * s.num;
	s.used = s.size - (4 + 8 * s.num + 2);
	/* Apart, so that the sanitizer sees what is outside of it */
	s.mem = calloc(1, s.size);
	start();
	while (in.left)
		act(&in);
	recover();
	free(s.mem);
	return 0;
}
