// SPDX-License-Identifier: GPL-2.0
/*
 * The device side of a virtqueue, against a driver in plain memory
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <asm/byteorder.h>
#include <linux/virtio_ring.h>

#include "ring.h"
#include "tests.h"

#define ALIGN		4096
#define MAX_TRACE	512

#define DESC_BASE	0x100000000000
#define AVAIL_BASE	0x200000000002
#define USED_BASE	0x30000000000c

/* Where an access went, as a letter of the trace */
#define AT_STATE	'S'	/* {flags, idx} of the available ring */
#define AT_ENTRIES	'E'	/* its entries */
#define AT_DESC		'D'
#define AT_USED		'U'	/* entries of the used ring */
#define AT_IDX		'I'	/* its idx */
#define AT_FLAGS	'F'	/* its flags */
#define READ_BARRIER	'r'
#define WRITE_BARRIER	'w'
#define FULL_BARRIER	'm'

/* A driver: what it has in flight, and what it got back */
struct driver {
	struct vring vring;
	u8 *mem;
	u32 size;
	u16 num;
	u16 free[EPFV_RING_MAX_SIZE];	/* a stack, as Linux has it */
	unsigned int num_free;
	u16 chain[EPFV_RING_MAX_SIZE];	/* descriptors of the buffer with this head */
	u16 link[EPFV_RING_MAX_SIZE];
	u64 first_addr[EPFV_RING_MAX_SIZE];
	u16 seen_used;

	char trace[MAX_TRACE];
	unsigned int accesses;		/* all calls but barriers */
	unsigned int fail_at;		/* this access fails; 0: none */
	bool gone;			/* reads give all-ones */
	char gone_at;			/* from a read of this on; 0: not from one */
	char back_after;		/* a read of this; 0: it stays gone */

	struct epfv_ring *ring;
};

static void note(struct driver *d, char what)
{
	size_t len = strlen(d->trace);

	if (len < MAX_TRACE - 1)
		d->trace[len] = what;
}

static void expect_trace(struct driver *d, const char *expected)
{
	assert_string_equal(d->trace, expected);
	memset(d->trace, 0, sizeof(d->trace));
}

static char place(const struct driver *d, u32 off, u32 len)
{
	u32 avail = (u8 *)d->vring.avail - d->mem;
	u32 used = (u8 *)d->vring.used - d->mem;

	assert_true(len > 0 && off + len > off && off + len <= d->size);
	if (off >= used + 4) {
		assert_int_equal((off - used - 4) % 8 + len % 8, 0);
		return AT_USED;
	}
	if (off >= used) {
		assert_int_equal(len, 2);
		return off == used ? AT_FLAGS : AT_IDX;
	}
	if (off >= avail + 4) {
		assert_true(off + len <= avail + 4 + 2 * d->num);
		assert_int_equal(off % 2 + len % 2, 0);
		return AT_ENTRIES;
	}
	if (off >= avail) {
		assert_int_equal(off, avail);
		assert_int_equal(len, 4);
		return AT_STATE;
	}
	assert_true(off + len <= avail);
	assert_int_equal(off % 16 + len % 16, 0);
	return AT_DESC;
}

static int access_memory(struct driver *d, char where)
{
	note(d, where);
	d->accesses++;
	return d->accesses == d->fail_at ? -ECOMM : 0;
}

/* Each part is somewhere else, and none where 32 bits would reach */
static u32 place_of(const struct driver *d, u64 addr)
{
	if (addr >= USED_BASE)
		return addr - USED_BASE + ((u8 *)d->vring.used - d->mem);
	if (addr >= AVAIL_BASE)
		return addr - AVAIL_BASE + ((u8 *)d->vring.avail - d->mem);
	assert_true(addr >= DESC_BASE);
	return addr - DESC_BASE;
}

static int op_read(void *ctx, u64 addr, void *buf, u32 len)
{
	struct driver *d = ctx;
	u32 off = place_of(d, addr);
	char where = place(d, off, len);
	int ret = access_memory(d, where);

	if (where == d->gone_at) {
		d->gone = true;
		d->gone_at = 0;
	}
	/* What a failed read leaves behind must not matter */
	if (ret)
		memset(buf, 0x5a, len);
	else if (d->gone)
		memset(buf, 0xff, len);
	else
		memcpy(buf, d->mem + off, len);
	if (d->gone && where == d->back_after)
		d->gone = false;
	return ret;
}

static int op_write(void *ctx, u64 addr, const void *buf, u32 len)
{
	struct driver *d = ctx;
	u32 off = place_of(d, addr);
	char where = place(d, off, len);
	int ret = access_memory(d, where);

	assert_true(where == AT_USED || where == AT_IDX || where == AT_FLAGS);
	if (!ret)
		memcpy(d->mem + off, buf, len);
	return ret;
}

static void op_read_barrier(void *ctx)
{
	note(ctx, READ_BARRIER);
}

static void op_write_barrier(void *ctx)
{
	note(ctx, WRITE_BARRIER);
}

static void op_mb(void *ctx)
{
	note(ctx, FULL_BARRIER);
}

static const struct epfv_ring_ops ops = {
	.read = op_read,
	.write = op_write,
	.read_barrier = op_read_barrier,
	.write_barrier = op_write_barrier,
	.mb = op_mb,
};

static void begin(struct driver *d, u16 num)
{
	unsigned int i;

	memset(d, 0, sizeof(*d));
	d->num = num;
	d->size = vring_size(num, ALIGN);
	/* Apart, so that the sanitizer sees each access outside of it */
	d->mem = aligned_alloc(ALIGN, (d->size + ALIGN - 1) / ALIGN * ALIGN);
	assert_non_null(d->mem);
	memset(d->mem, 0, d->size);
	vring_init(&d->vring, num, d->mem, ALIGN);
	for (i = 0; i < num; i++)
		d->free[d->num_free++] = num - 1 - i;

	d->ring = malloc(sizeof(*d->ring));
	assert_non_null(d->ring);
	memset(d->ring, 0xa5, sizeof(*d->ring));
	assert_int_equal(epfv_ring_init(d->ring, num, DESC_BASE, AVAIL_BASE, USED_BASE, &ops, d), 0);
	assert_int_equal(d->accesses, 0);
}

static void end(struct driver *d)
{
	free(d->ring);
	free(d->mem);
}

static void set_desc(struct driver *d, unsigned int i, u64 addr, u32 len, u16 flags, u16 next)
{
	d->vring.desc[i].addr = cpu_to_le64(addr);
	d->vring.desc[i].len = cpu_to_le32(len);
	d->vring.desc[i].flags = cpu_to_le16(flags);
	d->vring.desc[i].next = cpu_to_le16(next);
}

static void expose(struct driver *d, u16 head)
{
	u16 idx = le16_to_cpu(d->vring.avail->idx);

	d->vring.avail->ring[idx & (d->num - 1)] = cpu_to_le16(head);
	d->vring.avail->idx = cpu_to_le16(idx + 1);
}

/* The lengths and addresses of a buffer follow from its number */
static u16 add(struct driver *d, unsigned int readable, unsigned int writable, u64 number)
{
	unsigned int n = readable + writable, k;
	u16 desc[EPFV_RING_MAX_SIZE];

	assert_true(n >= 1 && n <= d->num_free);
	for (k = 0; k < n; k++)
		desc[k] = d->free[--d->num_free];
	for (k = 0; k < n; k++) {
		u16 flags = (k >= readable ? VRING_DESC_F_WRITE : 0) |
			    (k + 1 < n ? VRING_DESC_F_NEXT : 0);

		set_desc(d, desc[k], number * 0x100000 + k * 0x1000, 64 + k, flags,
			 k + 1 < n ? desc[k + 1] : 0x7fff);
		d->link[desc[k]] = k + 1 < n ? desc[k + 1] : 0xffff;
	}
	d->chain[desc[0]] = n;
	d->first_addr[desc[0]] = number * 0x100000;
	expose(d, desc[0]);
	return desc[0];
}

/* Take one buffer back; returns its head, or -1 */
static int reap(struct driver *d, u32 *len)
{
	struct vring_used_elem *e;
	u32 head, i;

	if (d->seen_used == le16_to_cpu(d->vring.used->idx))
		return -1;
	e = &d->vring.used->ring[d->seen_used++ & (d->num - 1)];
	head = le32_to_cpu(e->id);
	*len = le32_to_cpu(e->len);
	assert_true(head < d->num);
	assert_true(d->chain[head] > 0);
	for (i = head; i != 0xffff; i = d->link[i])
		d->free[d->num_free++] = i;
	d->chain[head] = 0;
	return head;
}

static void check_buf(const struct driver *d, const struct epfv_request *buf)
{
	struct epfv_cursor at = epfv_ring_begin(buf);
	u64 readable = 0, writable = 0;
	const struct epfv_seg *seg;
	unsigned int k = 0;

	assert_true(buf->head < d->num);
	assert_int_equal(buf->nsegs, d->chain[buf->head]);
	for (; (seg = epfv_ring_seg(d->ring, &at)); epfv_ring_next(d->ring, &at), k++) {
		assert_int_equal(seg->addr, d->first_addr[buf->head] + k * 0x1000);
		assert_int_equal(seg->len, 64 + k);
		*(seg->writable ? &writable : &readable) += 64 + k;
	}
	assert_int_equal(k, buf->nsegs);
	assert_int_equal(buf->readable, readable);
	assert_int_equal(buf->writable, writable);
}

static void take_all(struct driver *d, unsigned int n)
{
	struct epfv_request buf;

	while (n--) {
		assert_int_equal(epfv_ring_take(d->ring, &buf), 1);
		check_buf(d, &buf);
		epfv_ring_complete(d->ring, buf.head, buf.writable);
	}
	assert_int_equal(epfv_ring_take(d->ring, &buf), 0);
}

static void test_init(void **state)
{
	static const u16 bad_num[] = { 0, 3, 48, 1023, 2048, 32768 };
	struct driver d;
	unsigned int i;

	(void)state;
	begin(&d, 8);
	for (i = 0; i < sizeof(bad_num) / sizeof(*bad_num); i++)
		assert_int_equal(epfv_ring_init(d.ring, bad_num[i], DESC_BASE, AVAIL_BASE,
						USED_BASE, &ops, &d), -EINVAL);
	for (i = 1; i < 16; i++)
		assert_int_equal(epfv_ring_init(d.ring, 8, DESC_BASE + i, AVAIL_BASE, USED_BASE,
						&ops, &d), -EINVAL);
	assert_int_equal(epfv_ring_init(d.ring, 8, DESC_BASE, AVAIL_BASE + 1, USED_BASE, &ops,
					&d), -EINVAL);
	for (i = 1; i < 4; i++)
		assert_int_equal(epfv_ring_init(d.ring, 8, DESC_BASE, AVAIL_BASE, USED_BASE + i,
						&ops, &d), -EINVAL);
	end(&d);
}

/*
 * Requests stay what they were when they were read, whatever the driver does to its
 * descriptors, and however many others are taken; they are completed in any order.
 */
static void test_requests_own_descriptors(void **state)
{
	static const unsigned int order[] = { 2, 0, 3, 1 };
	struct epfv_request req[4];
	struct driver d;
	unsigned int i;

	(void)state;
	begin(&d, 16);
	for (i = 0; i < 4; i++) {
		add(&d, 1, 2, i);
		assert_int_equal(epfv_ring_poll(d.ring), 1);
		assert_int_equal(epfv_ring_fetch(d.ring, 16), 1);
		assert_int_equal(epfv_ring_take(d.ring, &req[i]), 1);
		memset(d.vring.desc, 0xee, 16 * sizeof(*d.vring.desc));
	}
	for (i = 0; i < 4; i++)
		check_buf(&d, &req[i]);
	for (i = 0; i < 4; i++)
		epfv_ring_complete(d.ring, req[order[i]].head, order[i]);
	for (i = 0; i < 4; i++)
		check_buf(&d, &req[i]);
	assert_int_equal(epfv_ring_publish(d.ring), 4);
	for (i = 0; i < 4; i++) {
		assert_int_equal(le32_to_cpu(d.vring.used->ring[i].id), req[order[i]].head);
		assert_int_equal(le32_to_cpu(d.vring.used->ring[i].len), order[i]);
	}
	end(&d);
}

/* What 32 messages cost, in order of access */
static void budget(unsigned int readable, unsigned int writable)
{
	struct driver d;
	unsigned int i;

	begin(&d, 256);
	for (i = 0; i < 32; i++)
		add(&d, readable, writable, i);
	assert_int_equal(epfv_ring_poll(d.ring), 32);
	assert_int_equal(epfv_ring_fetch(d.ring, EPFV_RING_BATCH), 32);
	take_all(&d, 32);
	assert_int_equal(epfv_ring_publish(d.ring), 32);
	assert_int_equal(epfv_ring_need_interrupt(d.ring), 1);
	assert_int_equal(epfv_ring_available(d.ring), 0);
	expect_trace(&d, "SrEDUwImS");
	assert_int_equal(d.accesses, 6);

	/* The same again: free descriptors are a stack, so heads come downwards now */
	for (i = 0; i < 32; i++) {
		u32 len;

		assert_true(reap(&d, &len) >= 0);
		assert_int_equal(len, writable ? 64 : 0);
	}
	for (i = 0; i < 32; i++)
		add(&d, readable, writable, i);
	assert_int_equal(epfv_ring_poll(d.ring), 32);
	assert_int_equal(epfv_ring_fetch(d.ring, EPFV_RING_BATCH), 32);
	take_all(&d, 32);
	assert_int_equal(epfv_ring_publish(d.ring), 32);
	assert_int_equal(epfv_ring_need_interrupt(d.ring), 1);
	expect_trace(&d, "SrEDUwImS");
	end(&d);
}

static void test_budget_read(void **state)
{
	(void)state;
	budget(1, 0);
}

static void test_budget_write(void **state)
{
	(void)state;
	budget(0, 1);
}

/* A message at a time: the read that decides on the interrupt is the next poll */
static void test_budget_single(void **state)
{
	struct driver d;
	unsigned int i;

	(void)state;
	begin(&d, 256);
	add(&d, 1, 0, 0);
	assert_int_equal(epfv_ring_poll(d.ring), 1);
	for (i = 1; i < 200; i++) {
		assert_int_equal(epfv_ring_fetch(d.ring, EPFV_RING_BATCH), 1);
		take_all(&d, 1);
		assert_int_equal(epfv_ring_publish(d.ring), 1);
		add(&d, 1, 0, i);
		assert_int_equal(epfv_ring_need_interrupt(d.ring), 1);
		assert_int_equal(epfv_ring_available(d.ring), 1);
	}
	assert_int_equal(d.accesses, 1 + 199 * 5);
	end(&d);
}

/* Where the rings end: two bursts each */
static void test_budget_wrap(void **state)
{
	struct driver d;
	unsigned int i;
	u32 len;

	(void)state;
	begin(&d, 64);
	for (i = 0; i < 40; i++)
		add(&d, 1, 0, i);
	assert_int_equal(epfv_ring_poll(d.ring), 40);
	assert_int_equal(epfv_ring_fetch(d.ring, EPFV_RING_BATCH), 40);
	take_all(&d, 40);
	assert_int_equal(epfv_ring_publish(d.ring), 40);
	expect_trace(&d, "SrEDUwI");
	for (i = 0; i < 40; i++)
		assert_true(reap(&d, &len) >= 0);
	for (i = 0; i < 30; i++)
		add(&d, 1, 0, i);
	assert_int_equal(epfv_ring_poll(d.ring), 30);
	assert_int_equal(epfv_ring_fetch(d.ring, EPFV_RING_BATCH), 30);
	take_all(&d, 30);
	assert_int_equal(epfv_ring_publish(d.ring), 30);
	expect_trace(&d, "SrEEDUUwI");
	end(&d);
}

/* Chains in one piece: only the first one's length comes as a surprise */
static void test_budget_chains(void **state)
{
	struct driver d;
	unsigned int i;

	(void)state;
	begin(&d, 256);
	for (i = 0; i < 32; i++)
		add(&d, 1, 1, i);
	assert_int_equal(epfv_ring_poll(d.ring), 32);
	assert_int_equal(epfv_ring_fetch(d.ring, 16), 16);
	take_all(&d, 16);
	assert_int_equal(epfv_ring_fetch(d.ring, 16), 16);
	take_all(&d, 16);
	/* A span of 32 is more than the first burst dares; the second one knows */
	expect_trace(&d, "SrEDDrED");
	end(&d);
}

/* Descriptors far from each other: none is missed, and no burst is larger than its bound */
static void test_scattered(void **state)
{
	struct driver d;
	unsigned int i;

	(void)state;
	begin(&d, 1024);
	for (i = 0; i < 1024; i++)
		d.free[i] = i * 401 % 1024;
	for (i = 0; i < 300; i++)
		add(&d, 1 + i % 2, i % 3, i);
	assert_int_equal(epfv_ring_poll(d.ring), 300);
	for (i = 0; i < 300; i += 60) {
		assert_int_equal(epfv_ring_fetch(d.ring, 60), 60);
		take_all(&d, 60);
	}
	assert_int_equal(epfv_ring_publish(d.ring), 300);
	end(&d);
}

static void test_long_chain(void **state)
{
	struct driver d;
	u32 len;

	(void)state;
	begin(&d, 1024);
	add(&d, 1000, 0, 0);
	assert_int_equal(epfv_ring_poll(d.ring), 1);
	assert_int_equal(epfv_ring_fetch(d.ring, EPFV_RING_BATCH), 1);
	take_all(&d, 1);
	assert_int_equal(epfv_ring_publish(d.ring), 1);
	assert_int_equal(reap(&d, &len), 0);

	/* It is expected that the next one is as long, but a burst has its bounds */
	d.free[d.num_free - 1000] = d.free[d.num_free - 1];
	d.free[d.num_free - 1] = 0;
	add(&d, 1, 0, 1);
	assert_int_equal(epfv_ring_poll(d.ring), 1);
	assert_int_equal(epfv_ring_fetch(d.ring, EPFV_RING_BATCH), 1);
	take_all(&d, 1);
	add(&d, 900, 24, 2);
	assert_int_equal(epfv_ring_poll(d.ring), 1);
	assert_int_equal(epfv_ring_fetch(d.ring, EPFV_RING_BATCH), 1);
	take_all(&d, 1);
	end(&d);
}

static void test_empty(void **state)
{
	struct epfv_request buf;
	struct driver d;

	(void)state;
	begin(&d, 16);
	assert_int_equal(epfv_ring_poll(d.ring), 0);
	expect_trace(&d, "S");
	assert_int_equal(epfv_ring_fetch(d.ring, EPFV_RING_BATCH), 0);
	assert_int_equal(epfv_ring_take(d.ring, &buf), 0);
	assert_int_equal(epfv_ring_peek(d.ring, &buf), 0);
	assert_int_equal(epfv_ring_publish(d.ring), 0);
	assert_int_equal(epfv_ring_need_interrupt(d.ring), 0);
	expect_trace(&d, "");
	end(&d);
}

static void test_peek(void **state)
{
	struct epfv_request buf, again;
	struct driver d;

	(void)state;
	begin(&d, 16);
	add(&d, 2, 1, 3);
	add(&d, 1, 0, 4);
	epfv_ring_poll(d.ring);
	assert_int_equal(epfv_ring_fetch(d.ring, 1), 1);
	assert_int_equal(epfv_ring_peek(d.ring, &buf), 1);
	check_buf(&d, &buf);
	/* Not taken yet, so it cannot be done */
	epfv_ring_complete(d.ring, buf.head, 0);
	assert_int_equal(epfv_ring_publish(d.ring), 0);
	/* Peeked at again behind a fetch, its segments are where they are said to be */
	assert_int_equal(epfv_ring_fetch(d.ring, 8), 2);
	assert_int_equal(epfv_ring_peek(d.ring, &again), 1);
	assert_int_equal(again.head, buf.head);
	check_buf(&d, &again);
	take_all(&d, 2);
	assert_int_equal(epfv_ring_publish(d.ring), 2);
	end(&d);
}

/* Buffers fetched and not taken keep their segments when more are fetched */
static void test_hold(void **state)
{
	struct epfv_request buf;
	struct driver d;
	unsigned int i;

	(void)state;
	begin(&d, 256);
	for (i = 0; i < 100; i++)
		add(&d, 1 + i % 3, 0, i);
	assert_int_equal(epfv_ring_poll(d.ring), 100);
	assert_int_equal(epfv_ring_fetch(d.ring, 50), 50);
	for (i = 0; i < 30; i++) {
		assert_int_equal(epfv_ring_take(d.ring, &buf), 1);
		check_buf(&d, &buf);
	}
	/* At most a batch is held */
	assert_int_equal(epfv_ring_fetch(d.ring, 1000), EPFV_RING_BATCH);
	assert_int_equal(epfv_ring_available(d.ring), 100 - 30 - EPFV_RING_BATCH);
	memset(d.trace, 0, sizeof(d.trace));
	assert_int_equal(epfv_ring_fetch(d.ring, 1000), EPFV_RING_BATCH);
	expect_trace(&d, "");
	take_all(&d, EPFV_RING_BATCH);
	assert_int_equal(epfv_ring_publish(d.ring), EPFV_RING_BATCH);
	end(&d);
}

/* What a driver had made available before a hold is waited for, seen by a poll or not */
static void test_hold_ahead(void **state)
{
	struct epfv_request buf;
	struct driver d;

	(void)state;
	begin(&d, 16);
	add(&d, 1, 0, 0);
	add(&d, 1, 0, 1);
	assert_true(epfv_ring_all_taken(d.ring));
	epfv_ring_hold(d.ring, 1);
	assert_true(epfv_ring_behind(d.ring));
	assert_false(epfv_ring_all_taken(d.ring));
	assert_int_equal(epfv_ring_poll(d.ring), 1);
	assert_false(epfv_ring_behind(d.ring));
	assert_false(epfv_ring_all_taken(d.ring));
	assert_int_equal(epfv_ring_fetch(d.ring, 16), 1);
	assert_false(epfv_ring_all_taken(d.ring));
	assert_int_equal(epfv_ring_take(d.ring, &buf), 1);
	assert_true(epfv_ring_all_taken(d.ring));
	epfv_ring_release(d.ring);
	assert_false(epfv_ring_all_taken(d.ring));
	end(&d);
}

static void test_put_unknown(void **state)
{
	struct epfv_request buf;
	struct driver d;

	(void)state;
	begin(&d, 16);
	add(&d, 2, 0, 1);
	epfv_ring_poll(d.ring);
	epfv_ring_fetch(d.ring, 1);
	epfv_ring_take(d.ring, &buf);
	epfv_ring_complete(d.ring, 16, 0);
	epfv_ring_complete(d.ring, 0xffff, 0);
	epfv_ring_complete(d.ring, buf.head + 1, 0);
	assert_int_equal(epfv_ring_publish(d.ring), 0);
	epfv_ring_complete(d.ring, buf.head, 0);
	epfv_ring_complete(d.ring, buf.head, 0);
	assert_int_equal(epfv_ring_publish(d.ring), 1);
	epfv_ring_complete(d.ring, buf.head, 0);
	assert_int_equal(epfv_ring_publish(d.ring), 0);
	end(&d);
}

static void test_full_ring(void **state)
{
	struct epfv_request buf;
	struct driver d;
	unsigned int round, i;
	u16 heads[1024];
	u32 len;

	(void)state;
	begin(&d, 1024);
	for (round = 0; round < 3; round++) {
		for (i = 0; i < 1024; i++)
			add(&d, 0, 1, i);
		assert_int_equal(epfv_ring_poll(d.ring), 1024);
		for (i = 0; i < 1024; i++) {
			if (!epfv_ring_take(d.ring, &buf)) {
				assert_int_equal(epfv_ring_fetch(d.ring, 100), EPFV_RING_BATCH);
				assert_int_equal(epfv_ring_take(d.ring, &buf), 1);
			}
			heads[i] = buf.head;
		}
		/* All are in flight; now they are done, the last one first */
		assert_int_equal(epfv_ring_poll(d.ring), 0);
		for (i = 0; i < 1024; i++)
			epfv_ring_complete(d.ring, heads[1023 - i], i);
		assert_int_equal(epfv_ring_publish(d.ring), 1024);
		for (i = 0; i < 1024; i++) {
			assert_int_equal(reap(&d, &len), heads[1023 - i]);
			assert_int_equal(len, i);
		}
	}
	end(&d);
}

static void test_smallest(void **state)
{
	struct driver d;
	unsigned int i;
	u32 len;

	(void)state;
	begin(&d, 1);
	for (i = 0; i < 70000; i++) {
		add(&d, 1, 0, i);
		assert_int_equal(epfv_ring_poll(d.ring), 1);
		assert_int_equal(epfv_ring_fetch(d.ring, 1), 1);
		take_all(&d, 1);
		assert_int_equal(epfv_ring_publish(d.ring), 1);
		assert_int_equal(reap(&d, &len), 0);
	}
	end(&d);
}

static u32 next_random(u32 *seed)
{
	*seed = *seed * 1664525 + 1013904223;
	return *seed >> 8;
}

/*
 * A driver and a device that do everything in random portions and order, far
 * beyond where indices wrap; every @fail_every-th access fails if not 0
 */
static void soak(u16 num, unsigned int messages, unsigned int fail_every, u32 seed)
{
	unsigned int added = 0, reaped = 0, num_held = 0, k;
	u16 held[EPFV_RING_MAX_SIZE];
	u32 expected[EPFV_RING_MAX_SIZE];
	struct epfv_request buf;
	struct driver d;

	begin(&d, num);
	while (reaped < messages) {
		unsigned int n = next_random(&seed) % 40;
		unsigned int segs;
		int head, ret;
		u32 len;

		if (fail_every)
			d.fail_at = d.accesses + 1 + next_random(&seed) % fail_every;
		while (n-- && added < messages) {
			segs = 1 + next_random(&seed) % 3;
			if (segs > d.num_free)
				break;
			k = next_random(&seed) % (segs + 1);
			add(&d, k, segs - k, added++);
		}
		ret = epfv_ring_poll(d.ring);
		assert_true(ret >= 0 || ret == -ECOMM);
		ret = epfv_ring_fetch(d.ring, next_random(&seed) % 70);
		assert_true(ret >= 0 || ret == -ECOMM);
		for (n = next_random(&seed) % 70; n && epfv_ring_take(d.ring, &buf); n--) {
			check_buf(&d, &buf);
			held[num_held++] = buf.head;
			assert_true(num_held <= num);
		}
		for (n = next_random(&seed) % 70; n && num_held; n--) {
			k = next_random(&seed) % num_held;
			expected[held[k]] = next_random(&seed);
			epfv_ring_complete(d.ring, held[k], expected[held[k]]);
			held[k] = held[--num_held];
		}
		ret = epfv_ring_publish(d.ring);
		assert_true(ret >= 0 || ret == -ECOMM);
		ret = epfv_ring_need_interrupt(d.ring);
		assert_true(ret == 0 || ret == 1 || ret == -ECOMM);
		while ((head = reap(&d, &len)) >= 0) {
			assert_int_equal(len, expected[head]);
			reaped++;
		}
	}
	assert_int_equal(d.num_free, num);
	assert_int_equal(d.ring->error, EPFV_RING_OK);
	end(&d);
}

static void test_soak(void **state)
{
	(void)state;
	soak(256, 200000, 0, 1);
	soak(64, 150000, 0, 2);
	soak(16, 70000, 0, 3);
	soak(1024, 100000, 0, 4);
}

static void test_soak_errors(void **state)
{
	(void)state;
	soak(256, 100000, 10, 5);
	soak(16, 70000, 4, 6);
}

/* Each access in turn fails once; nothing is lost, and nothing is done twice */
static void test_each_access_fails(void **state)
{
	unsigned int at, failures;

	(void)state;
	for (at = 1; ; at++) {
		unsigned int published = 0;
		struct epfv_request buf;
		struct driver d;
		int ret, i;
		u32 len;

		begin(&d, 64);
		d.fail_at = at;
		failures = 0;
		for (i = 0; i < 3; i++)
			add(&d, 1, 1, i);
		/* Far from the others, so that its chain takes reads of its own */
		d.num_free = 0;
		for (i = 0; i < 3; i++)
			d.free[d.num_free++] = 60 - 20 * i;
		add(&d, 3, 0, 3);
		while (published < 4) {
			ret = epfv_ring_poll(d.ring);
			failures += ret < 0;
			ret = epfv_ring_fetch(d.ring, 8);
			failures += ret < 0;
			while (epfv_ring_take(d.ring, &buf)) {
				check_buf(&d, &buf);
				epfv_ring_complete(d.ring, buf.head, buf.head);
			}
			ret = epfv_ring_publish(d.ring);
			failures += ret < 0;
			published += ret < 0 ? 0 : ret;
			ret = epfv_ring_need_interrupt(d.ring);
			failures += ret < 0;
			if (ret < 0)
				assert_int_equal(epfv_ring_need_interrupt(d.ring), 1);
		}
		for (i = 0; i < 4; i++) {
			int head = reap(&d, &len);

			assert_int_equal(head, len);
		}
		assert_int_equal(reap(&d, &len), -1);
		assert_true(failures == (d.accesses >= at));
		end(&d);
		if (!failures)
			break;
	}
	/* State, entries, at least three times descriptors, used, idx, state */
	assert_true(at > 8);
}

static void one_message(struct driver *d)
{
	add(d, 1, 0, 0);
	assert_int_equal(epfv_ring_poll(d->ring), 1);
	assert_int_equal(epfv_ring_fetch(d->ring, 1), 1);
	take_all(d, 1);
	assert_int_equal(epfv_ring_publish(d->ring), 1);
}

/* The driver is shown a used entry of a buffer that cannot exist, in order and once */
static void test_abandon(void **state)
{
	struct driver d;
	u32 len;

	(void)state;
	begin(&d, 16);
	one_message(&d);
	assert_int_equal(reap(&d, &len), 0);
	memset(d.trace, 0, sizeof(d.trace));
	assert_int_equal(epfv_ring_abandon(d.ring), 0);
	expect_trace(&d, "UwI");
	assert_int_equal(le16_to_cpu(d.vring.used->idx), 2);
	assert_int_equal(le32_to_cpu(d.vring.used->ring[1].id), 0xffffffff);
	end(&d);

	begin(&d, 16);
	d.fail_at = 1;
	assert_int_equal(epfv_ring_abandon(d.ring), -ECOMM);
	assert_int_equal(le16_to_cpu(d.vring.used->idx), 0);
	d.fail_at = 3;
	assert_int_equal(epfv_ring_abandon(d.ring), -ECOMM);
	assert_int_equal(epfv_ring_abandon(d.ring), 0);
	assert_int_equal(le16_to_cpu(d.vring.used->idx), 1);
	end(&d);
}

static void test_interrupt(void **state)
{
	struct driver d;

	(void)state;
	begin(&d, 16);
	one_message(&d);
	assert_int_equal(epfv_ring_need_interrupt(d.ring), 1);
	assert_int_equal(epfv_ring_need_interrupt(d.ring), 0);

	d.vring.avail->flags = cpu_to_le16(VRING_AVAIL_F_NO_INTERRUPT);
	one_message(&d);
	assert_int_equal(epfv_ring_need_interrupt(d.ring), 0);
	d.vring.avail->flags = 0;
	assert_int_equal(epfv_ring_need_interrupt(d.ring), 0);

	/* Flags are read after publishing, not before */
	d.vring.avail->flags = cpu_to_le16(VRING_AVAIL_F_NO_INTERRUPT);
	one_message(&d);
	d.vring.avail->flags = 0;
	assert_int_equal(epfv_ring_need_interrupt(d.ring), 1);

	one_message(&d);
	d.gone = true;
	assert_int_equal(epfv_ring_need_interrupt(d.ring), -ENODEV);
	d.gone = false;
	assert_int_equal(epfv_ring_need_interrupt(d.ring), 1);
	end(&d);
}

static void test_gone(void **state)
{
	struct epfv_request buf;
	struct driver d;
	unsigned int i;

	(void)state;
	begin(&d, 16);
	add(&d, 1, 0, 0);
	d.gone = true;
	assert_int_equal(epfv_ring_poll(d.ring), -ENODEV);
	assert_int_equal(epfv_ring_available(d.ring), 0);
	d.gone = false;
	assert_int_equal(epfv_ring_poll(d.ring), 1);

	/* It goes away between two reads: nothing is believed, nothing is broken, for any time */
	d.gone = true;
	for (i = 0; i < 3; i++)
		assert_int_equal(epfv_ring_fetch(d.ring, 1), -ENODEV);
	assert_int_equal(epfv_ring_take(d.ring, &buf), 0);
	assert_int_equal(d.ring->error, EPFV_RING_OK);
	d.gone = false;
	assert_int_equal(epfv_ring_fetch(d.ring, 1), 1);
	take_all(&d, 1);
	assert_int_equal(epfv_ring_publish(d.ring), 1);
	end(&d);
}

/* It comes back just when the ring asks whether it is there: as after a function level reset */
static void test_back(void **state)
{
	static const char reads[] = { AT_ENTRIES, AT_DESC };
	struct driver d;
	unsigned int i;

	(void)state;
	for (i = 0; i < sizeof(reads); i++) {
		begin(&d, 16);
		add(&d, 1, 0, 0);
		assert_int_equal(epfv_ring_poll(d.ring), 1);
		d.gone_at = reads[i];
		d.back_after = reads[i];
		assert_int_equal(epfv_ring_fetch(d.ring, 1), -ENODEV);
		assert_int_equal(d.ring->error, EPFV_RING_OK);
		d.back_after = 0;
		assert_int_equal(epfv_ring_fetch(d.ring, 1), 1);
		take_all(&d, 1);
		assert_int_equal(epfv_ring_publish(d.ring), 1);
		end(&d);
	}
}

static void expect_broken(struct driver *d, enum epfv_ring_error error)
{
	struct epfv_request buf;

	assert_int_equal(d->ring->error, error);
	memset(d->trace, 0, sizeof(d->trace));
	assert_int_equal(epfv_ring_poll(d->ring), -EIO);
	assert_int_equal(epfv_ring_available(d->ring), 0);
	assert_int_equal(epfv_ring_fetch(d->ring, 1), -EIO);
	assert_int_equal(epfv_ring_take(d->ring, &buf), 0);
	assert_int_equal(epfv_ring_peek(d->ring, &buf), 0);
	assert_int_equal(epfv_ring_publish(d->ring), -EIO);
	assert_int_equal(epfv_ring_need_interrupt(d->ring), -EIO);
	assert_int_equal(epfv_ring_abandon(d->ring), -EIO);
	/* Not one access more */
	expect_trace(d, "");

	/* Until it is set up again */
	memset(d->mem, 0, d->size);
	assert_int_equal(epfv_ring_init(d->ring, d->num, DESC_BASE, AVAIL_BASE, USED_BASE, &ops,
					d), 0);
	set_desc(d, 1, 0x1000, 1, 0, 0);
	expose(d, 1);
	assert_int_equal(epfv_ring_poll(d->ring), 1);
	assert_int_equal(epfv_ring_fetch(d->ring, 1), 1);
	end(d);
}

static void test_bad_idx(void **state)
{
	struct driver d;

	(void)state;
	begin(&d, 16);
	d.vring.avail->idx = cpu_to_le16(17);
	assert_int_equal(epfv_ring_poll(d.ring), -EIO);
	expect_broken(&d, EPFV_RING_BAD_IDX);

	begin(&d, 16);
	one_message(&d);
	one_message(&d);
	d.vring.avail->idx = cpu_to_le16(1);
	assert_int_equal(epfv_ring_poll(d.ring), -EIO);
	expect_broken(&d, EPFV_RING_BAD_IDX);

	/* Back, but not beyond what was fetched */
	begin(&d, 16);
	d.vring.avail->idx = cpu_to_le16(5);
	assert_int_equal(epfv_ring_poll(d.ring), 5);
	d.vring.avail->idx = cpu_to_le16(4);
	assert_int_equal(epfv_ring_poll(d.ring), -EIO);
	expect_broken(&d, EPFV_RING_BAD_IDX);

	/* One that is done but not published is in flight for the driver */
	begin(&d, 16);
	one_message(&d);
	add(&d, 1, 0, 0);
	epfv_ring_poll(d.ring);
	epfv_ring_fetch(d.ring, 1);
	take_all(&d, 1);
	d.vring.avail->idx = cpu_to_le16(17);
	assert_int_equal(epfv_ring_poll(d.ring), 15);
	d.vring.avail->idx = cpu_to_le16(18);
	assert_int_equal(epfv_ring_poll(d.ring), -EIO);
	expect_broken(&d, EPFV_RING_BAD_IDX);

	/* Found out by the read that decides on the interrupt */
	begin(&d, 16);
	one_message(&d);
	d.vring.avail->idx = cpu_to_le16(0x8000);
	assert_int_equal(epfv_ring_need_interrupt(d.ring), -EIO);
	expect_broken(&d, EPFV_RING_BAD_IDX);
}

struct bad_case {
	const char *name;
	enum epfv_ring_error error;
	u16 head;
	struct {
		u64 addr;
		u32 len;
		u16 flags;
		u16 next;
	} desc[3];		/* numbers 0 to 2 */
};

#define NEXT	VRING_DESC_F_NEXT
#define WRITE	VRING_DESC_F_WRITE

static const struct bad_case bad_cases[] = {
	{ "head is the queue size", EPFV_RING_BAD_HEAD, 16, {} },
	{ "head is all-ones", EPFV_RING_BAD_HEAD, 0xffff, {} },
	{ "next is the queue size", EPFV_RING_BAD_NEXT, 0, { { 0, 1, NEXT, 16 } } },
	{ "next is all-ones", EPFV_RING_BAD_NEXT, 0,
	  { { 0, 1, NEXT, 1 }, { 0, 1, NEXT, 0xffff } } },
	{ "next is itself", EPFV_RING_BAD_CHAIN, 0, { { 0, 1, NEXT, 0 } } },
	{ "loop", EPFV_RING_BAD_CHAIN, 0,
	  { { 0, 1, NEXT, 1 }, { 0, 1, NEXT, 2 }, { 0, 1, NEXT, 1 } } },
	{ "empty", EPFV_RING_BAD_LEN, 0, { { 0, 0, 0, 0 } } },
	{ "empty in a chain", EPFV_RING_BAD_LEN, 0, { { 0, 1, NEXT, 1 }, { 0, 0, 0, 0 } } },
	{ "wraps", EPFV_RING_BAD_LEN, 0, { { ~0ULL, 2, 0, 0 } } },
	{ "wraps with the largest length", EPFV_RING_BAD_LEN, 0,
	  { { ~0ULL - 0xfffffffd, 0xffffffff, WRITE, 0 } } },
	{ "readable behind writable", EPFV_RING_BAD_ORDER, 0,
	  { { 0, 1, NEXT | WRITE, 1 }, { 0, 1, 0, 0 } } },
	{ "indirect", EPFV_RING_BAD_INDIRECT, 0, { { 0, 16, VRING_DESC_F_INDIRECT, 0 } } },
	{ "indirect in a chain", EPFV_RING_BAD_INDIRECT, 0,
	  { { 0, 1, NEXT, 1 }, { 0, 16, VRING_DESC_F_INDIRECT | NEXT, 2 } } },
};

static void test_bad_chains(void **state)
{
	unsigned int i, k, before;

	(void)state;
	for (i = 0; i < sizeof(bad_cases) / sizeof(*bad_cases); i++) {
		const struct bad_case *c = &bad_cases[i];

		/* First of all, and behind a good buffer in the same batch */
		for (before = 0; before < 2; before++) {
			struct driver d;

			begin(&d, 16);
			if (before) {
				set_desc(&d, 9, 0x1000, 1, 0, 0);
				expose(&d, 9);
			}
			for (k = 0; k < 3; k++)
				set_desc(&d, k, c->desc[k].addr, c->desc[k].len,
					 c->desc[k].flags, c->desc[k].next);
			expose(&d, c->head);
			assert_int_equal(epfv_ring_poll(d.ring), 1 + before);
			/* All-ones may be those of a link that is back by now, once */
			if (c->head == 0xffff)
				assert_int_equal(epfv_ring_fetch(d.ring, 8), -ENODEV);
			if (epfv_ring_fetch(d.ring, 8) != -EIO)
				fail_msg("%s: not found out", c->name);
			expect_broken(&d, c->error);
		}
	}
}

/* The largest and the last byte that an address can name are fine */
static void test_good_limits(void **state)
{
	struct epfv_request buf;
	struct driver d;

	(void)state;
	begin(&d, 16);
	set_desc(&d, 0, ~0ULL, 1, 0, 0);
	set_desc(&d, 1, ~0ULL - 0xfffffffe, 0xffffffff, NEXT | WRITE, 2);
	set_desc(&d, 2, 0, 0xffffffff, WRITE, 0);
	/* Flags that mean nothing here */
	set_desc(&d, 3, 0, 1, 0xfff8, 0xffff);
	expose(&d, 0);
	expose(&d, 1);
	expose(&d, 3);
	assert_int_equal(epfv_ring_poll(d.ring), 3);
	assert_int_equal(epfv_ring_fetch(d.ring, 8), 3);
	epfv_ring_take(d.ring, &buf);
	assert_int_equal(buf.readable, 1);
	epfv_ring_take(d.ring, &buf);
	assert_int_equal(buf.writable, 2 * 0xffffffffULL);
	epfv_ring_take(d.ring, &buf);
	assert_int_equal(buf.nsegs, 1);
	end(&d);
}

/* The same descriptor twice, in whatever state the first use of it is */
static void test_twice(void **state)
{
	unsigned int step;

	(void)state;
	for (step = 0; step < 4; step++) {
		struct epfv_request buf;
		struct driver d;

		begin(&d, 16);
		set_desc(&d, 4, 0, 1, NEXT, 5);
		set_desc(&d, 5, 0, 1, 0, 0);
		expose(&d, 4);
		if (!step)
			expose(&d, 4);
		epfv_ring_poll(d.ring);
		if (step) {
			assert_int_equal(epfv_ring_fetch(d.ring, 8), 1);
			if (step > 1)
				epfv_ring_take(d.ring, &buf);
			if (step > 2)
				epfv_ring_complete(d.ring, 4, 0);
			expose(&d, 4);
			epfv_ring_poll(d.ring);
		}
		assert_int_equal(epfv_ring_fetch(d.ring, 8), -EIO);
		expect_broken(&d, EPFV_RING_TOO_MANY);

		/* A descriptor in the middle of a buffer as a head, and as a next */
		begin(&d, 16);
		set_desc(&d, 4, 0, 1, NEXT, 5);
		set_desc(&d, 5, 0, 1, 0, 0);
		expose(&d, 4);
		expose(&d, 5);
		epfv_ring_poll(d.ring);
		assert_int_equal(epfv_ring_fetch(d.ring, 8), -EIO);
		expect_broken(&d, EPFV_RING_TOO_MANY);

		begin(&d, 16);
		set_desc(&d, 4, 0, 1, NEXT, 5);
		set_desc(&d, 5, 0, 1, 0, 0);
		set_desc(&d, 6, 0, 1, NEXT, 5);
		expose(&d, 4);
		expose(&d, 6);
		epfv_ring_poll(d.ring);
		assert_int_equal(epfv_ring_fetch(d.ring, 8), -EIO);
		expect_broken(&d, EPFV_RING_BAD_CHAIN);
	}
}

static void test_texts(void **state)
{
	int a, b;

	(void)state;
	for (a = EPFV_RING_OK; a <= EPFV_RING_TOO_MANY; a++) {
		assert_true(strlen(epfv_ring_error_text(a)) > 0);
		for (b = EPFV_RING_OK; b < a; b++)
			assert_string_not_equal(epfv_ring_error_text(a), epfv_ring_error_text(b));
	}
	assert_non_null(epfv_ring_error_text(1000));
}

/* Memory full of nonsense: work is bounded, and nothing is touched that is not ours */
static void test_nonsense(void **state)
{
	unsigned int round, i;
	u32 seed = 7;

	(void)state;
	for (round = 0; round < 5000; round++) {
		u16 num = 1u << next_random(&seed) % 9;
		struct epfv_request buf;
		struct driver d;
		int ret;

		begin(&d, num);
		for (i = 0; i < d.size; i++)
			d.mem[i] = next_random(&seed);
		/* Half of it almost right, so that not all breaks at once */
		for (i = 0; i < num && round % 2; i++) {
			set_desc(&d, i, i * 0x1000, next_random(&seed) % 32 ? 100 : 0,
				 next_random(&seed) % 4 ? 0 : NEXT, next_random(&seed) % num);
			d.vring.avail->ring[i] = cpu_to_le16(next_random(&seed) % num);
		}
		d.vring.avail->idx = cpu_to_le16(next_random(&seed) % (num + 1));
		for (i = 0; i < 20; i++) {
			d.accesses = 0;
			ret = epfv_ring_poll(d.ring);
			assert_true(ret <= num);
			ret = epfv_ring_fetch(d.ring, 1 + next_random(&seed) % 100);
			assert_true(ret <= EPFV_RING_BATCH);
			/* Poll, two of the ring, one for each descriptor, one when it breaks */
			assert_true(d.accesses <= 4u + 2 * num);
			while (epfv_ring_take(d.ring, &buf)) {
				assert_true(buf.nsegs <= num);
				epfv_ring_complete(d.ring, buf.head, next_random(&seed));
			}
			ret = epfv_ring_publish(d.ring);
			assert_true(ret <= num);
			d.vring.avail->idx = cpu_to_le16(le16_to_cpu(d.vring.avail->idx) +
							 next_random(&seed) % 3);
		}
		end(&d);
	}
}

static const struct CMUnitTest ring_tests[] = {
	cmocka_unit_test(test_init),
	cmocka_unit_test(test_requests_own_descriptors),
	cmocka_unit_test(test_budget_read),
	cmocka_unit_test(test_budget_write),
	cmocka_unit_test(test_budget_single),
	cmocka_unit_test(test_budget_wrap),
	cmocka_unit_test(test_budget_chains),
	cmocka_unit_test(test_scattered),
	cmocka_unit_test(test_long_chain),
	cmocka_unit_test(test_empty),
	cmocka_unit_test(test_peek),
	cmocka_unit_test(test_hold),
	cmocka_unit_test(test_hold_ahead),
	cmocka_unit_test(test_put_unknown),
	cmocka_unit_test(test_full_ring),
	cmocka_unit_test(test_smallest),
	cmocka_unit_test(test_soak),
	cmocka_unit_test(test_soak_errors),
	cmocka_unit_test(test_each_access_fails),
	cmocka_unit_test(test_abandon),
	cmocka_unit_test(test_interrupt),
	cmocka_unit_test(test_gone),
		cmocka_unit_test(test_back),
	cmocka_unit_test(test_bad_idx),
	cmocka_unit_test(test_bad_chains),
	cmocka_unit_test(test_good_limits),
	cmocka_unit_test(test_twice),
	cmocka_unit_test(test_texts),
	cmocka_unit_test(test_nonsense),
};

int test_ring(void)
{
	return cmocka_run_group_tests_name("ring", ring_tests, NULL, NULL);
}
