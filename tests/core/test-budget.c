// SPDX-License-Identifier: GPL-2.0
/*
 * What a batch of messages costs on the link, against the least it can cost
 *
 * Built twice: over hostmem.c, whose loads and stores are of 8 bytes, and with
 * BULK over bulk-mem.c.  Descriptors are consecutive, as a Linux driver's fresh
 * ring hands them out; payload begins at a multiple of 8.
 */
#include <stdio.h>

#include <linux/minmax.h>
#include <linux/sizes.h>

#include "world.h"

/* Payload that pipe.c moves before the other direction gets its turn: a batch of its own */
#define ROUND		SZ_16K

struct cost {
	u64 reads;
	u64 writes;
	u64 interrupts;
	unsigned int rounds;
};

static unsigned int div_up(unsigned int a, unsigned int b)
{
	return (a + b - 1) / b;
}

/* Reads and writes of payload; of what is behind the last word: 4, 2 and 1 bytes */
#ifdef BULK
#define ACCESSOR	"bulk"
static unsigned int payload_reads(unsigned int len)
{
	return div_up(len, 512);
}

static unsigned int payload_writes(unsigned int len)
{
	return div_up(len, 256);
}
#else
#define ACCESSOR	"8-byte loads"
static unsigned int payload_reads(unsigned int len)
{
	return len / 8 + __builtin_popcount(len % 8);
}

static unsigned int payload_writes(unsigned int len)
{
	return payload_reads(len);
}
#endif

/* {flags, idx}, @n ring entries from a multiple of 8 bytes, @n descriptors; {flags, idx} again */
static unsigned int ring_reads(unsigned int n)
{
#ifdef BULK
	return 1 + div_up(2 * n, 512) + div_up(16 * n, 512) + 1;
#else
	return 1 + div_up(2 * n, 8) + 2 * n + 1;
#endif
}

/* Used entries lie 4 bytes beside a multiple of 8; idx */
static unsigned int ring_writes(unsigned int n)
{
#ifdef BULK
	return div_up(8 * n, 256) + 1;
#else
	return n + 1 + 1;
#endif
}

static struct cost least(bool to_host, unsigned int n, u32 len)
{
	return (struct cost){
		.reads = ring_reads(n) + (to_host ? 0 : n * payload_reads(len)),
		.writes = ring_writes(n) + (to_host ? n * payload_writes(len) : 0),
		.interrupts = 1,
		.rounds = 1,
	};
}

static void prepare(struct world *w, bool to_host, unsigned int n, u32 len)
{
	struct side *host = to_host ? &w->hrx : &w->htx;
	unsigned int i;

	for (i = 0; i < n; i++) {
		struct epfv_seg seg = { host->slots + i * 2 * SZ_4K, len, to_host };

		assert_int_equal(side_add_raw(host, &seg, 1), i);
	}
	if (!to_host)
		return;
	/* A notification is for all queues: the other one is looked at here */
	world_poll(w, true);
	for (i = 0; i < n; i++) {
		assert_true(side_send(&w->ltx, len, 1));
		side_reap(&w->ltx);
	}
}

static struct cost move(struct world *w, bool to_host)
{
	unsigned int vector = to_host ? 1 : 2, rounds = 0;
	struct epfv_stats before = world_stats(w), after;
	u64 interrupts = w->epc.sent[vector];

	while (!world_poll(w, !to_host && !rounds))
		rounds++;
	after = world_stats(w);
	return (struct cost){
		.reads = after.np_reads - before.np_reads,
		.writes = after.posted_writes - before.posted_writes,
		.interrupts = w->epc.sent[vector] - interrupts,
		.rounds = rounds + 1,
	};
}

/* @skip messages went before, and so many ring entries are used up */
static struct cost measure(bool to_host, unsigned int n, u32 len, unsigned int skip)
{
	struct world *w = world_new(&fake_dwc);
	struct side *host = to_host ? &w->hrx : &w->htx;
	struct cost cost;
	unsigned int i;

	world_host_up(w);
	world_local_up(w);
	for (i = 0; i < QUEUE_SIZE - 4; i++)
		assert_true(side_offer(&w->lrx, 4096, 1));
	if (skip) {
		prepare(w, to_host, skip, 8);
		move(w, to_host);
		side_reap(host);
	}
	prepare(w, to_host, n, len);
	cost = move(w, to_host);
	side_reap(host);
	assert_int_equal(host->returned, skip + n);
	world_free(w);
	return cost;
}

/*
 * A batch of more than a round comes in as many batches: for each, {flags, idx}
 * is read, and idx and the beginning of the used entries are written
 */
static void check(bool to_host, unsigned int n, u32 len)
{
	struct cost cost = measure(to_host, n, len, 2);
	struct cost bound = least(to_host, n, len);
	unsigned int more = cost.rounds - 1, cuts = 0;

	printf("%-13s  %-9s %3u x %4u: ", ACCESSOR, to_host ? "to host" : "from host", n, len);
	printf("%6llu reads (%6llu), %5llu writes (%5llu), %llu interrupts\n",
	       cost.reads, bound.reads, cost.writes, bound.writes, cost.interrupts);
	assert_in_range(cost.rounds, 1, div_up(n * len, ROUND));
	assert_int_equal(cost.interrupts, cost.rounds);
	assert_in_range(cost.reads, 1, bound.reads + more);
	/* Bytes to the host pass in pieces, the end of which may cut a write in two */
	if (to_host && EPFV_PIPE_CHUNK % len)
		cuts = n * len / EPFV_PIPE_CHUNK;
#ifndef BULK
	cuts *= 5;
#endif
	assert_in_range(cost.writes, 1, bound.writes + 2 * more + cuts);
}

static void test_from_host(void **state)
{
	(void)state;
	check(false, 1, 64);
	check(false, 32, 64);
	check(false, 1, 1514);
	check(false, 32, 1514);
	check(false, 1, 4096);
	check(false, 32, 4096);
}

static void test_to_host(void **state)
{
	(void)state;
	check(true, 1, 64);
	check(true, 32, 64);
	check(true, 1, 1514);
	check(true, 32, 1514);
	check(true, 1, 4096);
	check(true, 32, 4096);
}

/* The figures by themselves, so that a mistake in the bounds shows */
static void test_figures(void **state)
{
	struct cost from_host = measure(false, 32, 64, 2), to_host = measure(true, 32, 64, 2);
	unsigned int unaligned;

	(void)state;
#ifdef BULK
	assert_in_range(from_host.reads, 1, 36);
	assert_in_range(from_host.writes, 1, 2);
	assert_in_range(to_host.reads, 1, 4);
	assert_in_range(to_host.writes, 1, 34);
	unaligned = 0;
#else
	assert_in_range(from_host.reads, 1, 330);
	assert_in_range(from_host.writes, 1, 34);
	assert_in_range(to_host.reads, 1, 74);
	assert_in_range(to_host.writes, 1, 290);
	/* 64 bytes of ring entries touch 9 words unless they begin with one */
	unaligned = 1;
#endif
	assert_int_equal(from_host.interrupts, 1);
	assert_int_equal(to_host.interrupts, 1);
	assert_int_equal(measure(false, 32, 64, 0).reads, from_host.reads + unaligned);
	assert_int_equal(measure(true, 32, 64, 0).reads, to_host.reads + unaligned);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_from_host),
		cmocka_unit_test(test_to_host),
		cmocka_unit_test(test_figures),
	};

	return cmocka_run_group_tests_name("budget, " ACCESSOR, tests, NULL, NULL);
}
