// SPDX-License-Identifier: GPL-2.0
/*
 * hostmem.c over every kind of controller
 *
 * Host memory tells its own address, and a shadow knows what it should hold, so
 * a byte that went to or came from another place shows.
 */
#include <stdlib.h>
#include <string.h>

#include <linux/minmax.h>
#include <linux/sizes.h>

#include "fake-epc.h"
#include "fake-kernel.h"
#include "fake-sched.h"
#include "hostmem.h"

#define WORD		8
#define BURST		SZ_4K

struct fixture {
	struct host_mem host;
	struct host_mem shadow;
	struct fake_epc epc;
	struct pci_epf epf;
	struct epfv_hostmem hm;
	struct epfv_lane lane;
	struct epfv_region region[66];
	u32 epoch;
	bool open;
	unsigned long asked;
	unsigned long close_after;	/* the gate closes when it was asked so often */
	u8 *buf;
	u8 *expected;
};

#define BUF_SIZE	(8 * SZ_1M)

static bool gate(void *ctx, u32 epoch)
{
	struct fixture *t = ctx;

	if (epoch != t->epoch)
		return false;
	if (t->asked++ >= t->close_after)
		t->open = false;
	return t->open;
}

static int setup_profile(void **state, const struct fake_profile *profile)
{
	struct fixture *t = calloc(1, sizeof(*t));

	fake_kernel_reset();
	host_init(&t->host);
	host_init(&t->shadow);
	fake_epc_init(&t->epc, profile, &t->host);
	t->epf.epc = &t->epc.epc;
	t->open = true;
	t->close_after = ~0UL;
	t->buf = malloc(BUF_SIZE);
	t->expected = malloc(BUF_SIZE);
	memset(&t->hm, 0xff, sizeof(t->hm));
	t->epoch = 7;
	t->lane.hm = &t->hm;
	t->lane.epoch = t->epoch;
	epfv_hostmem_init(&t->hm, &t->epf, gate, t);
	*state = t;
	return 0;
}

/* All is unmapped, counted, and in its place */
static int teardown(void **state)
{
	struct fixture *t = *state;
	unsigned int i;
	u64 where = 0;

	for (i = 0; i < ARRAY_SIZE(t->region); i++)
		epfv_region_unmap(&t->lane, &t->region[i]);
	epfv_hostmem_flush(&t->lane);
	assert_int_equal(t->epc.num_maps, 0);
	assert_int_equal(t->epc.maps, t->epc.unmaps);
	assert_int_equal(t->lane.stats.maps, t->epc.maps);
	assert_int_equal(t->lane.stats.unmaps, t->epc.unmaps);
	if (t->open) {
		assert_int_equal(t->epc.num_posted, 0);
		assert_int_equal(t->epc.lost, 0);
		if (!host_same(&t->host, &t->shadow, &where))
			fail_msg("host memory differs at %#llx", where);
	}
	fake_epc_free(&t->epc);
	host_free(&t->host);
	host_free(&t->shadow);
	free(t->buf);
	free(t->expected);
	free(t);
	return 0;
}

/* Accesses that a transfer needs if each is the widest that is aligned */
static unsigned long accesses(u64 addr, u64 len)
{
	unsigned long n = 0;

	while (len) {
		u64 size = WORD;

		while (size > len || addr % size)
			size /= 2;
		addr += size;
		len -= size;
		n++;
	}
	return n;
}

/* The log is @len bytes from @addr on, each once, in order, in aligned accesses */
static void check_log(struct fixture *t, u64 addr, u64 len, bool write)
{
	u64 pos = addr;
	unsigned int i;

	for (i = 0; i < t->epc.num_log; i++) {
		const struct fake_access *a = &t->epc.log[i];

		assert_int_equal(a->write, write);
		assert_int_equal(a->addr % a->size, 0);
		if (a->addr != pos)
			fail_msg("%s: access at %#llx instead of %#llx", t->epc.profile->name,
				 a->addr, pos);
		pos += a->size;
	}
	assert_true(pos == addr + len);
}

/* Counters moved by what the controller saw */
static void check_counts(struct fixture *t, const struct epfv_stats *before,
			 unsigned long flushed_before)
{
	unsigned long flushed = t->epc.flush_reads - flushed_before;
	u64 reads = 0, read_bytes = 0, writes = 0, written = 0;
	unsigned int i;

	for (i = 0; i < t->epc.num_log; i++) {
		const struct fake_access *a = &t->epc.log[i];

		if (a->write) {
			writes++;
			written += a->size;
		} else {
			reads++;
			read_bytes += a->size;
		}
	}
	assert_int_equal(t->lane.stats.np_reads - before->np_reads, reads + flushed);
	assert_int_equal(t->lane.stats.np_bytes - before->np_bytes, read_bytes + 4 * flushed);
	assert_int_equal(t->lane.stats.posted_writes - before->posted_writes, writes);
	assert_int_equal(t->lane.stats.posted_bytes - before->posted_bytes, written);
}

static void do_read(struct fixture *t, u64 addr, size_t len)
{
	struct epfv_stats before = t->lane.stats;
	unsigned long flushed = t->epc.flush_reads;

	fake_epc_clear_log(&t->epc);
	memset(t->buf, 0, len);
	assert_int_equal(epfv_hostmem_read(&t->lane, t->buf, addr, len), 0);
	host_read(&t->shadow, addr, t->expected, len);
	assert_memory_equal(t->buf, t->expected, len);
	check_log(t, addr, len, false);
	assert_int_equal(t->epc.num_log, accesses(addr, len));
	check_counts(t, &before, flushed);
}

static void do_write(struct fixture *t, u64 addr, size_t len)
{
	struct epfv_stats before = t->lane.stats;
	unsigned long flushed = t->epc.flush_reads;
	size_t i;

	for (i = 0; i < len; i++)
		t->buf[i] = rnd();
	host_write(&t->shadow, addr, t->buf, len);
	fake_epc_clear_log(&t->epc);
	assert_int_equal(epfv_hostmem_write(&t->lane, addr, t->buf, len), 0);
	check_log(t, addr, len, true);
	assert_int_equal(t->epc.num_log, accesses(addr, len));
	check_counts(t, &before, flushed);
}

/* Addresses near every kind of boundary, in the range that the controller reaches */
static u64 any_address(const struct fixture *t, u64 len)
{
	static const u64 steps[] = { 256, SZ_4K, SZ_64K, SZ_1M, SZ_64M, 1ULL << 32, 1ULL << 44 };
	u64 end = t->epc.profile->ram ? t->epc.profile->ram : 1ULL << 48;
	u64 step = steps[rnd_range(0, ARRAY_SIZE(steps) - 1)];
	u64 addr = rnd_range(0, 40) * step - rnd_range(0, len + 16);

	if (rnd() % 4 == 0)
		addr = rnd();
	return addr % (end - len);
}

static u64 any_length(void)
{
	switch (rnd() % 8) {
	case 0:
		return rnd_range(1, 300000);
	case 1:
		return rnd_range(1, 3 * BURST);
	default:
		return rnd_range(1, 64);
	}
}

static void test_random_payload(void **state)
{
	struct fixture *t = *state;
	unsigned int i;

	for (i = 0; i < 1500; i++) {
		u64 len = any_length(), addr = any_address(t, len);

		if (rnd() & 1)
			do_read(t, addr, len);
		else
			do_write(t, addr, len);
		/* The writes are anywhere on their way */
		if (rnd() % 16 == 0)
			fake_epc_settle(&t->epc);
		if (rnd() % 64 == 0)
			epfv_hostmem_flush(&t->lane);
	}
	/* Windows did go while writes were on their way */
	assert_true(t->epc.flush_reads > 10);
}

/* Each alignment and each short length: the widest accesses, nothing beside them */
static void test_every_alignment(void **state)
{
	struct fixture *t = *state;
	u64 base = 0x1234500, off, len;

	for (off = 0; off < 2 * WORD; off++) {
		for (len = 0; len < 4 * WORD; len++) {
			do_read(t, base + off, len);
			do_write(t, base + off, len);
		}
	}
}

static void test_wrap_is_refused(void **state)
{
	struct fixture *t = *state;

	assert_int_equal(epfv_hostmem_read(&t->lane, t->buf, U64_MAX - 3, 5), -EINVAL);
	assert_int_equal(epfv_hostmem_write(&t->lane, U64_MAX - 3, t->buf, 5), -EINVAL);
	assert_int_equal(epfv_hostmem_read(&t->lane, t->buf, U64_MAX, 0), 0);
	assert_int_equal(epfv_region_map(&t->lane, &t->region[0], U64_MAX - 0xfff, 0x1001), -EINVAL);
	assert_int_equal(t->epc.maps, 0);
	if (!t->epc.profile->ram) {
		do_read(t, U64_MAX - 3, 4);
		do_write(t, U64_MAX - 4100, 4101);
	}
}

/* The log goes on with @len bytes in one access, or in whole aligned words */
static void check_region_read(struct fixture *t, unsigned int *i, u64 addr, u64 len)
{
	bool single = (len == 1 || len == 2 || len == 4 || len == 8) && addr % len == 0;
	u64 pos = single ? addr : addr & ~(u64)(WORD - 1);

	for (; pos < addr + len; pos += single ? len : WORD, (*i)++) {
		assert_true(*i < t->epc.num_log);
		assert_false(t->epc.log[*i].write);
		assert_true(t->epc.log[*i].addr == pos);
		assert_int_equal(t->epc.log[*i].size, single ? len : WORD);
	}
}

/* Where the window that shows @pos ends: one of the region's, or one of the cache */
static u64 window_end(const struct fixture *t, const struct epfv_region *r, u64 pos)
{
	unsigned int i;

	for (i = 0; i < r->num_pieces; i++)
		if (pos - r->pieces[i].addr < r->pieces[i].size)
			return r->pieces[i].addr + r->pieces[i].size;
	assert_int_equal(r->num_pieces, 0);
	return (pos | (t->hm.granule - 1)) + 1;
}

/*
 * A region is read in whole aligned words or, where that does, in one access;
 * it is written byte for byte.
 */
static void check_region_access(struct fixture *t, struct epfv_region *r, u32 off, u32 len)
{
	struct epfv_stats before = t->lane.stats;
	unsigned long flushed = t->epc.flush_reads;
	u64 addr = r->addr + off, pos, n;
	unsigned int read = 0;
	u32 i;

	fake_epc_clear_log(&t->epc);
	assert_int_equal(epfv_region_read(&t->lane, r, off, t->buf, len), 0);
	host_read(&t->shadow, addr, t->expected, len);
	assert_memory_equal(t->buf, t->expected, len);
	for (pos = addr; pos < addr + len; pos += n) {
		n = min(window_end(t, r, pos), addr + len) - pos;
		check_region_read(t, &read, pos, n);
	}
	assert_int_equal(read, t->epc.num_log);
	check_counts(t, &before, flushed);

	for (i = 0; i < len; i++)
		t->buf[i] = rnd();
	host_write(&t->shadow, addr, t->buf, len);
	before = t->lane.stats;
	flushed = t->epc.flush_reads;
	fake_epc_clear_log(&t->epc);
	assert_int_equal(epfv_region_write(&t->lane, r, off, t->buf, len), 0);
	check_log(t, addr, len, true);
	assert_int_equal(t->epc.num_log, accesses(addr, len));
	check_counts(t, &before, flushed);
}

/* Rings anywhere, while payload comes and goes */
static void test_random_regions(void **state)
{
	struct fixture *t = *state;
	unsigned int i, k;

	for (i = 0; i < 100; i++) {
		struct epfv_region *r = &t->region[0];
		u32 len = rnd_range(1, 4) * SZ_4K + rnd_range(0, 2000);
		u64 addr = any_address(t, len + SZ_4K) & ~(u64)(SZ_4K - 1);

		assert_int_equal(epfv_region_map(&t->lane, r, addr, len), 0);
		assert_in_range(r->num_pieces, 1, EPFV_REGION_PIECES);
		for (k = 0; k < 20; k++) {
			u32 off = rnd_range(0, len - 1);

			check_region_access(t, r, off, rnd_range(0, min(len - off, 600U)));
		}
		check_region_access(t, r, 0, len);
		do_write(t, any_address(t, 5000), 5000);
		check_region_access(t, r, len - 2, 2);
		epfv_region_unmap(&t->lane, r);
		assert_int_equal(r->num_pieces, 0);
		epfv_region_unmap(&t->lane, r);
	}
}

static void test_region_alignments(void **state)
{
	struct fixture *t = *state;
	u32 off, len;

	assert_int_equal(epfv_region_map(&t->lane, &t->region[0], 0x7770000, 0x1000), 0);
	for (off = 64; off < 64 + 2 * WORD; off++)
		for (len = 0; len < 4 * WORD; len++)
			check_region_access(t, &t->region[0], off, len);
}

static void test_region_bounds(void **state)
{
	struct fixture *t = *state;
	struct epfv_region *r = &t->region[0];
	unsigned long maps;

	assert_int_equal(epfv_region_map(&t->lane, r, 0x7770000, 0x1234), 0);
	maps = t->epc.maps;
	fake_epc_clear_log(&t->epc);
	assert_int_equal(epfv_region_read(&t->lane, r, 0x1234, t->buf, 1), -ERANGE);
	assert_int_equal(epfv_region_read(&t->lane, r, 0x1233, t->buf, 2), -ERANGE);
	assert_int_equal(epfv_region_read(&t->lane, r, 0xfffffffe, t->buf, 4), -ERANGE);
	assert_int_equal(epfv_region_read(&t->lane, r, 4, t->buf, 0xfffffffe), -ERANGE);
	assert_int_equal(epfv_region_write(&t->lane, r, 0x1233, t->buf, 2), -ERANGE);
	assert_int_equal(epfv_region_write(&t->lane, r, 0x1235, t->buf, 0), -ERANGE);
	assert_int_equal(t->epc.num_log, 0);
	assert_int_equal(epfv_region_read(&t->lane, r, 0x1234, t->buf, 0), 0);
	check_region_access(t, r, 0x1232, 2);
	assert_int_equal(t->epc.maps, maps);
}

/* What is written to a region must have left before its window goes, too */
static void test_region_flushed_before_unmap(void **state)
{
	struct fixture *t = *state;

	assert_int_equal(epfv_region_map(&t->lane, &t->region[0], 0x7770000, 0x1000), 0);
	check_region_access(t, &t->region[0], 0x10, 32);
	assert_true(t->epc.num_posted > 0);
	epfv_region_unmap(&t->lane, &t->region[0]);
	assert_int_equal(t->epc.flush_reads, 1);
	assert_int_equal(t->epc.lost, 0);

	/* Nothing written: nothing to wait for */
	assert_int_equal(epfv_region_map(&t->lane, &t->region[0], 0x7770000, 0x1000), 0);
	fake_epc_clear_log(&t->epc);
	assert_int_equal(epfv_region_read(&t->lane, &t->region[0], 0, t->buf, 4), 0);
	epfv_region_unmap(&t->lane, &t->region[0]);
	assert_int_equal(t->epc.num_log, 1);
	assert_int_equal(t->epc.flush_reads, 1);
}

/* Windows in the cache: as many as it has stay, the one not used for longest goes */
static void test_lru(void **state)
{
	struct fixture *t = *state;
	u64 step = t->hm.granule;
	unsigned long maps;
	unsigned int i;

	for (i = 0; i < EPFV_CACHE_WINDOWS; i++)
		do_write(t, i * step, 100);
	maps = t->epc.maps;
	assert_int_equal(t->epc.num_maps, EPFV_CACHE_WINDOWS);
	for (i = 0; i < 50; i++)
		do_read(t, rnd_range(0, EPFV_CACHE_WINDOWS - 1) * step + rnd_range(0, 1000), 100);
	assert_int_equal(t->epc.maps, maps);

	/* Window 0 is used last, 1 is the oldest */
	for (i = 1; i <= EPFV_CACHE_WINDOWS; i++)
		do_read(t, i % EPFV_CACHE_WINDOWS * step, 8);
	do_read(t, EPFV_CACHE_WINDOWS * step, 8);
	assert_int_equal(t->epc.maps, maps + 1);
	for (i = 2; i <= EPFV_CACHE_WINDOWS; i++)
		do_read(t, i * step, 8);
	do_read(t, 0, 8);
	assert_int_equal(t->epc.maps, maps + 1);
	do_read(t, step, 8);
	assert_int_equal(t->epc.maps, maps + 2);
	assert_int_equal(t->epc.num_maps, EPFV_CACHE_WINDOWS);
}

/* Neighbouring buffers share a window that is far larger than they are */
static void test_granule(void **state)
{
	struct fixture *t = *state;
	unsigned int i;

	assert_true(t->hm.granule >= SZ_4K && t->hm.granule <= SZ_64M);
	assert_int_equal(t->hm.granule & (t->hm.granule - 1), 0);
	assert_true(t->hm.granule * 32 <=
		    t->epc.profile->windows * t->epc.profile->window_size);
	for (i = 0; i < t->hm.granule / 4096; i += 7)
		do_read(t, t->hm.granule * 3 + i * 4096, 16);
	assert_int_equal(t->epc.maps, 1);
}

/* One that is short tells what there is: no size in between is tried */
static void test_short_maps(void **state)
{
	struct fixture *t = *state;
	unsigned int i;

	assert_true(t->hm.granule > 8 * SZ_1M);
	for (i = 0; i < 4; i++)
		do_read(t, t->hm.granule + (i + 4) * SZ_1M + 12, 16);
	assert_in_range(t->epc.maps, 4, 8);
}

/* Closed: nothing is mapped, nothing is touched, not even by unmapping */
static void test_gate_closed(void **state)
{
	struct fixture *t = *state;

	assert_int_equal(epfv_region_map(&t->lane, &t->region[0], 0x7770000, 0x1000), 0);
	check_region_access(t, &t->region[0], 0, 64);
	do_write(t, 0x5550000, 64);
	fake_epc_settle(&t->epc);
	fake_epc_clear_log(&t->epc);
	t->open = false;

	assert_int_equal(epfv_hostmem_read(&t->lane, t->buf, 0x5550000, 4), -ESHUTDOWN);
	assert_int_equal(epfv_hostmem_write(&t->lane, 0x5550000, t->buf, 4), -ESHUTDOWN);
	assert_int_equal(epfv_hostmem_write(&t->lane, 0xfff0000, t->buf, 4), -ESHUTDOWN);
	assert_int_equal(epfv_region_read(&t->lane, &t->region[0], 0, t->buf, 4), -ESHUTDOWN);
	assert_int_equal(epfv_region_write(&t->lane, &t->region[0], 0, t->buf, 2), -ESHUTDOWN);
	assert_int_equal(t->epc.maps, 2);
	epfv_region_unmap(&t->lane, &t->region[0]);
	epfv_hostmem_flush(&t->lane);
	assert_int_equal(t->epc.num_log, 0);
	assert_int_equal(t->epc.flush_reads, 0);
}

/* It closes in the middle of a transfer: no burst begins after that */
static void test_gate_closes_in_transfer(void **state)
{
	struct fixture *t = *state;
	unsigned int bursts;

	for (bursts = 0; bursts < 16; bursts++) {
		unsigned int i, bytes = 0;
		bool write = rnd() & 1;
		int err;

		t->open = true;
		t->close_after = ~0UL;
		epfv_hostmem_flush(&t->lane);
		fake_epc_settle(&t->epc);
		fake_epc_clear_log(&t->epc);
		t->asked = 0;
		t->close_after = bursts;
		err = write ? epfv_hostmem_write(&t->lane, 0x5550000, t->buf, 16 * BURST) :
			      epfv_hostmem_read(&t->lane, t->buf, 0x5550000, 16 * BURST);
		assert_int_equal(err, -ESHUTDOWN);
		for (i = 0; i < t->epc.num_log; i++)
			bytes += t->epc.log[i].size;
		assert_in_range(bytes, 0, bursts * BURST);
		/* The gate is asked for bursts, not for words */
		assert_true(bytes == bursts * BURST);
	}
}

/*
 * It closes behind the last burst: the driver may have used the memory for something else
 * before it was read, so what was read counts for nothing
 */
static void test_gate_closes_in_burst(void **state)
{
	struct fixture *t = *state;

	assert_int_equal(epfv_region_map(&t->lane, &t->region[0], 0x7770000, 0x1000), 0);
	t->close_after = 1;
	assert_int_equal(epfv_hostmem_read(&t->lane, t->buf, 0x5550000, 4), -ESHUTDOWN);

	t->open = true;
	t->asked = 0;
	assert_int_equal(epfv_region_read(&t->lane, &t->region[0], 0, t->buf, 4), -ESHUTDOWN);

	t->open = true;
	t->asked = 0;
	t->close_after = 4;
	assert_int_equal(epfv_hostmem_read(&t->lane, t->buf, 0x5550000, 4 * BURST), -ESHUTDOWN);

	t->open = true;
	t->asked = 0;
	t->close_after = 5;
	assert_int_equal(epfv_hostmem_read(&t->lane, t->buf, 0x5550000, 4 * BURST), 0);
	assert_int_equal(t->asked, 5);
}

/* Accesses between two questions: what is counted is the most that was, and has a bound */
static void test_longest_burst(void **state)
{
	struct fixture *t = *state;
	const unsigned int words = BURST / 8;
	/* Of a burst without its first and its last byte, both words in pieces of 1, 2 and 4 */
	const unsigned int most = words - 2 + 2 * 3;
	unsigned int i;

	do_read(t, 0x5550000, 16 * BURST);
	assert_int_equal(t->lane.stats.longest_burst, words);
	do_read(t, 0x5550001, BURST - 2);
	assert_int_equal(t->lane.stats.longest_burst, most);
	do_read(t, 0x5550000, 64);
	assert_int_equal(t->lane.stats.longest_burst, most);

	/* What was written is pushed out where its window goes to the next burst */
	for (i = 1; i <= EPFV_CACHE_WINDOWS; i++)
		do_write(t, 0x5550000 + i * t->hm.granule, 8);
	do_read(t, 0x5550001 + i * t->hm.granule, BURST - 2);
	assert_in_range(t->lane.stats.longest_burst, most, most + 1);
}

/* A region of as many pieces as it may have, and one of more */
static void test_region_pieces(void **state)
{
	struct fixture *t = *state;
	struct epfv_region *r = &t->region[0];
	u64 addr = 0x40000000 + SZ_1M - 0x3000;
	u32 i, len = 3 * SZ_1M - 0x1000;

	assert_int_equal(epfv_region_map(&t->lane, r, addr, len), 0);
	assert_int_equal(r->num_pieces, EPFV_REGION_PIECES);
	for (i = 0; i < 3; i++) {
		u32 boundary = 0x3000 + i * SZ_1M, k;

		for (k = 0; k < 24; k++)
			check_region_access(t, r, boundary - k, 32);
	}
	check_region_access(t, r, 0, len);
	assert_true(t->epc.num_log < FAKE_MAX_LOG);
	epfv_region_unmap(&t->lane, r);

	assert_int_equal(epfv_region_map(&t->lane, r, addr, 4 * SZ_1M), -ENOSPC);
	assert_int_equal(r->num_pieces, 0);
	assert_int_equal(t->epc.num_maps, 0);
}

/* Rings and payload share few windows */
static void test_few_windows(void **state)
{
	struct fixture *t = *state;
	unsigned int max = t->epc.profile->max_maps;
	unsigned int i;

	/* The cache has them all */
	for (i = 0; i < max; i++)
		do_write(t, i * (1ULL << 32), 100);
	for (i = 0; i < 2; i++)
		assert_int_equal(epfv_region_map(&t->lane, &t->region[i], 0x77700000000 + i * 0x10000,
						 0x3000), 0);
	for (i = 0; i < 50; i++) {
		do_write(t, rnd_range(0, 7) << 32, 5000);
		do_read(t, rnd_range(0, 7) << 32, 5000);
		check_region_access(t, &t->region[i & 1], rnd_range(0, 0x2000), 100);
	}
	for (i = 2; i < max; i++)
		assert_int_equal(epfv_region_map(&t->lane, &t->region[i], 0x99900000000 + i * 0x10000,
						 0x3000), 0);

	/* Rings have them all: one gives its own away for payload, and is reached in turn */
	for (i = 0; i < 50; i++) {
		do_write(t, rnd_range(0, 7) << 32, 5000);
		do_read(t, rnd_range(0, 7) << 32, 5000);
		check_region_access(t, &t->region[rnd_range(0, max - 1)], rnd_range(0, 0x2000),
				    100);
	}
	assert_int_equal(t->hm.num_pinned, max - 1);
	epfv_region_unmap(&t->lane, &t->region[0]);
	assert_int_equal(epfv_region_map(&t->lane, &t->region[0], 0xaaa00000000, 0x3000), 0);
	do_write(t, 0x5550000, 8);
	do_read(t, 0x9990000, 8);

	/* Another epoch begins anew */
	for (i = 0; i < max; i++)
		epfv_region_unmap(&t->lane, &t->region[i]);
	assert_int_equal(epfv_region_map(&t->lane, &t->region[0], 0x77700000000, 0x3000), 0);
	assert_int_equal(t->hm.num_pinned, 1);
}

/* More rings than there are windows, in one place or all over the host's memory */
static void check_many_regions(struct fixture *t, u64 step)
{
	const unsigned int n = ARRAY_SIZE(t->region);
	unsigned int i;

	for (i = 0; i < n; i++)
		assert_int_equal(epfv_region_map(&t->lane, &t->region[i], 0x4000000 + i * step,
						 0x2806), 0);
	for (i = 0; i < 500; i++) {
		struct epfv_region *r = &t->region[rnd_range(0, n - 1)];

		check_region_access(t, r, rnd_range(0, 0x2700), rnd_range(1, 0x100));
		if (rnd() % 4 == 0)
			do_write(t, any_address(t, 5000), 5000);
		if (rnd() % 64 == 0)
			epfv_hostmem_yield(&t->lane);
	}
	assert_in_range(t->hm.num_pinned, 0, EPFV_PINNED_REGIONS);
	for (i = 0; i < n; i++)
		epfv_region_unmap(&t->lane, &t->region[i]);
}

static void test_many_regions(void **state)
{
	struct fixture *t = *state;
	unsigned long maps;
	unsigned int i;

	check_many_regions(t, 0x4000);
	check_many_regions(t, t->epc.profile->ram ? SZ_4M : 1ULL << 33);

	/* Those that a driver allocates at one go share a window, which stays */
	epfv_hostmem_flush(&t->lane);
	for (i = 0; i < ARRAY_SIZE(t->region); i++)
		assert_int_equal(epfv_region_map(&t->lane, &t->region[i], 0x8000000 + i * 0x2000,
						 0x1206), 0);
	maps = t->epc.maps;
	for (i = 0; i < 1000; i++)
		check_region_access(t, &t->region[i % ARRAY_SIZE(t->region)], i, 16);
	if (t->hm.granule >= SZ_1M)
		assert_int_equal(t->epc.maps, maps);
}

/* Who needs a window gets one from payload or, if that has none, from a ring */
static void test_yield(void **state)
{
	struct fixture *t = *state;
	unsigned int max = t->epc.profile->max_maps;
	unsigned int i;

	for (i = 0; i < max; i++)
		assert_int_equal(epfv_region_map(&t->lane, &t->region[i], (u64)i << 32, 0x3000), 0);
	assert_int_equal(t->epc.num_maps, max);
	epfv_hostmem_yield(&t->lane);
	assert_int_equal(t->epc.num_maps, max - 1);
	check_region_access(t, &t->region[max - 1], 0, 16);
	assert_int_equal(t->epc.num_maps, max);
	epfv_hostmem_yield(&t->lane);
	assert_int_equal(t->epc.num_maps, max - 1);
	for (i = 0; i < max; i++)
		check_region_access(t, &t->region[i], 0, 16);
}

/* The payload's windows, one at a time */
static void test_release(void **state)
{
	struct fixture *t = *state;
	unsigned int i;

	assert_false(epfv_hostmem_release(&t->lane));
	for (i = 0; i < 2; i++)
		do_read(t, (u64)i << 32, 100);
	for (i = 2; i; i--) {
		assert_int_equal(t->epc.num_maps, i);
		assert_true(epfv_hostmem_release(&t->lane));
	}
	assert_int_equal(t->epc.num_maps, 0);
	assert_false(epfv_hostmem_release(&t->lane));
	do_read(t, 0, 100);
}

/* The next epoch reads nothing back of what was written in the one before */
static void test_next_epoch(void **state)
{
	struct fixture *t = *state;
	unsigned int i;

	assert_int_equal(epfv_region_map(&t->lane, &t->region[0], 0x7770000, 0x1000), 0);
	check_region_access(t, &t->region[0], 0, 64);
	do_write(t, 0x5550000, 64);
	fake_epc_settle(&t->epc);
	t->epoch++;
	t->lane.epoch++;
	fake_epc_clear_log(&t->epc);
	t->epc.flush_reads = 0;
	while (epfv_hostmem_release(&t->lane))
		;
	epfv_region_unmap(&t->lane, &t->region[0]);
	assert_int_equal(t->epc.num_maps, 0);
	assert_int_equal(t->epc.num_log, 0);
	assert_int_equal(t->epc.flush_reads, 0);

	/* What is written after that is */
	do_write(t, 0x5550000, 64);
	for (i = 0; epfv_hostmem_release(&t->lane); i++)
		;
	assert_int_equal(i, 1);
	assert_int_equal(t->epc.flush_reads, 1);
}

/*
 * Several threads at a time, each with a lane of its own: a window in use stays mapped, and
 * who finds none waits for one.
 */
#define USERS	6

struct user {
	struct fixture *t;
	struct epfv_lane lane;
	struct epfv_region ring;
	unsigned int id;
	unsigned int rounds;
};

static int use(void *data)
{
	struct user *u = data;
	struct fixture *t = u->t;
	u8 *buf = t->buf + u->id * SZ_64K, *expected = t->expected + u->id * SZ_64K;
	/* With a controller that reaches part of its addresses only, places are close */
	u64 step = t->epc.profile->ram ? SZ_1M : 1ULL << 33;
	unsigned int i;

	for (i = 0; i < u->rounds; i++) {
		u64 addr = (u->id + rnd() % 3 * USERS) * step + rnd_range(0, 5000);
		size_t len = rnd_range(1, 9000);

		host_read(&t->shadow, addr, expected, len);
		assert_int_equal(epfv_hostmem_read(&u->lane, buf, addr, len), 0);
		assert_memory_equal(buf, expected, len);
		memset(buf, u->id + i, len);
		assert_int_equal(epfv_hostmem_write(&u->lane, addr, buf, len), 0);
		host_write(&t->shadow, addr, buf, len);
		assert_int_equal(epfv_region_write(&u->lane, &u->ring, 8 * i, &addr, 8), 0);
		host_write(&t->shadow, u->ring.addr + 8 * i, &addr, 8);
	}
	return 0;
}

static void test_several_threads(void **state)
{
	struct fixture *t = *state;
	u64 step = t->epc.profile->ram ? SZ_1M : 1ULL << 33;
	struct task_struct *task[USERS];
	struct user user[USERS];
	unsigned int i;

	for (i = 0; i < USERS; i++) {
		user[i] = (struct user){
			.t = t, .lane = { .hm = &t->hm, .epoch = t->epoch },
			.id = i, .rounds = 40,
		};
		assert_int_equal(epfv_region_map(&user[i].lane, &user[i].ring,
						 (3 * USERS + i) * step, 4096), 0);
	}
	t->epc.no_log = true;
	fake_preempt_one_in = 5;
	for (i = 0; i < USERS; i++) {
		task[i] = kthread_create(use, &user[i], "user %u", i);
		wake_up_process(task[i]);
	}
	for (i = 0; i < USERS; i++)
		fake_join(task[i]);
	fake_preempt_one_in = 0;
	for (i = 0; i < USERS; i++) {
		epfv_region_unmap(&user[i].lane, &user[i].ring);
		epfv_stats_add(&t->lane.stats, &user[i].lane.stats);
	}
	assert_int_equal(t->hm.maps - t->hm.unmaps, t->epc.num_maps);
	fake_epc_settle(&t->epc);
}

/* Others have taken translations away: as many places as are left, or an error */
static void test_windows_of_others(void **state)
{
	struct fixture *t = *state;
	unsigned int i;

	for (i = 0; i <= t->epc.profile->max_maps; i++) {
		u64 far = (u64)i << 33;

		epfv_hostmem_flush(&t->lane);
		t->epc.reserved = i;
		if (i < t->epc.profile->max_maps) {
			do_read(t, far, 100);
			do_write(t, far + (1ULL << 34), 9000);
		} else {
			assert_int_equal(epfv_hostmem_read(&t->lane, t->buf, far, 1),
					 t->epc.profile->full);
		}
	}
	t->epc.reserved = 0;
}

/* Most of the window space is taken: smaller pieces do */
static void test_little_space(void **state)
{
	struct fixture *t = *state;
	unsigned int i;

	assert_int_equal(t->hm.granule, t->epc.profile->window_size / 32);
	/* 3.75 MiB of 4 go to rings */
	for (i = 0; i < 3; i++)
		assert_int_equal(epfv_region_map(&t->lane, &t->region[i], i << 24, SZ_1M), 0);
	assert_int_equal(epfv_region_map(&t->lane, &t->region[3], 3 << 24, SZ_1M - SZ_64K * 4), 0);
	epfv_region_unmap(&t->lane, &t->region[3]);
	assert_int_equal(epfv_region_map(&t->lane, &t->region[3], 3 << 24, SZ_1M / 2), 0);
	for (i = 0; i < 200; i++) {
		u64 addr = any_address(t, 100000);

		do_write(t, addr, rnd_range(1, 100000));
		do_read(t, any_address(t, 1000), 1000);
	}
	for (i = 0; i < 4; i++)
		check_region_access(t, &t->region[i], 12345, 1000);
}

/* Behind the end of what the controller reaches */
static void test_out_of_reach(void **state)
{
	struct fixture *t = *state;
	u64 end = t->epc.profile->ram;

	do_read(t, end - 8, 8);
	do_write(t, end - 5000, 5000);
	fake_epc_clear_log(&t->epc);
	assert_int_equal(epfv_hostmem_read(&t->lane, t->buf, end, 8), -ERANGE);
	assert_int_equal(epfv_hostmem_write(&t->lane, 1ULL << 40, t->buf, 8), -ERANGE);
	assert_int_equal(t->epc.num_log, 0);
	assert_int_equal(epfv_region_map(&t->lane, &t->region[0], end, 0x3000), -ERANGE);
	assert_int_equal(epfv_region_map(&t->lane, &t->region[0], end - 0x1000, 0x3000), -ERANGE);
	assert_int_equal(t->region[0].num_pieces, 0);
	do_read(t, end - 16, 16);
}

#define SETUP(profile) \
	static int setup_##profile(void **state) \
	{ \
		return setup_profile(state, &fake_##profile); \
	}

SETUP(dwc)
SETUP(cadence)
SETUP(rk3399)
SETUP(short)
SETUP(three)
SETUP(four)
SETUP(small)
SETUP(tiny)
SETUP(cable)

#define TEST(fn, profile) \
	{ #fn "/" #profile, fn, setup_##profile, teardown, NULL }
#define TEST_EACH(fn) \
	TEST(fn, dwc), TEST(fn, cadence), TEST(fn, rk3399), TEST(fn, three), TEST(fn, four), \
	TEST(fn, small), TEST(fn, cable)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST_EACH(test_random_payload),
		TEST(test_random_payload, tiny),
		TEST_EACH(test_every_alignment),
		TEST(test_every_alignment, tiny),
		TEST_EACH(test_wrap_is_refused),
		TEST_EACH(test_random_regions),
		TEST_EACH(test_region_alignments),
		TEST_EACH(test_region_bounds),
		TEST_EACH(test_region_flushed_before_unmap),
		TEST_EACH(test_gate_closed),
		TEST_EACH(test_gate_closes_in_transfer),
		TEST_EACH(test_gate_closes_in_burst),
		TEST_EACH(test_longest_burst),
		TEST_EACH(test_granule),
		TEST(test_lru, dwc),
		TEST(test_lru, cadence),
		TEST(test_lru, rk3399),
		TEST(test_lru, four),
		TEST(test_lru, cable),
		TEST(test_short_maps, short),
		TEST(test_region_pieces, rk3399),
		TEST(test_few_windows, three),
		TEST(test_few_windows, four),
		TEST_EACH(test_many_regions),
		TEST(test_yield, three),
		TEST(test_yield, four),
		TEST(test_release, three),
		TEST(test_next_epoch, three),
		TEST_EACH(test_several_threads),
		TEST(test_windows_of_others, dwc),
		TEST(test_windows_of_others, cadence),
		TEST(test_windows_of_others, three),
		TEST(test_windows_of_others, four),
		TEST(test_little_space, small),
		TEST(test_out_of_reach, cable),
	};

	return cmocka_run_group_tests_name("hostmem", tests, NULL, NULL);
}
