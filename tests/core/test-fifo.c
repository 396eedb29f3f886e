// SPDX-License-Identifier: GPL-2.0
/*
 * fifo.c against a model that remembers everything
 */
#include <stdlib.h>
#include <string.h>

#include "fake-kernel.h"
#include "fifo.h"

#define SIZE	64

static u8 nth(u64 i)
{
	return i * 167 + (i >> 8) * 13 + (i >> 16);
}

static void put(struct epfv_fifo *fifo, u64 from, size_t len)
{
	u8 *buf = malloc(len);
	size_t i;

	for (i = 0; i < len; i++)
		buf[i] = nth(from + i);
	epfv_fifo_put(fifo, buf, len);
	free(buf);
}

/* Up to @len bytes, which must be those from @from on */
static size_t get(struct epfv_fifo *fifo, u64 from, size_t len)
{
	u8 *buf = malloc(len);
	size_t i, n = epfv_fifo_get(fifo, buf, len);

	assert_true(n <= len);
	for (i = 0; i < n; i++)
		assert_int_equal(buf[i], nth(from + i));
	free(buf);
	return n;
}

static int setup(void **state)
{
	struct epfv_fifo *fifo = malloc(sizeof(*fifo));

	fake_kernel_reset();
	*state = fifo;
	return epfv_fifo_alloc(fifo, SIZE);
}

static int teardown(void **state)
{
	epfv_fifo_free(*state);
	epfv_fifo_free(*state);	/* zeroed is as good as allocated */
	free(*state);
	return 0;
}

static void test_empty(void **state)
{
	struct epfv_fifo *fifo = *state;

	assert_int_equal(epfv_fifo_len(fifo), 0);
	assert_int_equal(epfv_fifo_room(fifo), SIZE);
	assert_int_equal(get(fifo, 0, 10), 0);
	put(fifo, 0, 0);
	assert_int_equal(epfv_fifo_len(fifo), 0);
}

static void test_holds_exactly_its_size(void **state)
{
	struct epfv_fifo *fifo = *state;

	put(fifo, 0, SIZE);
	assert_int_equal(epfv_fifo_room(fifo), 0);
	assert_int_equal(fifo->dropped, 0);
	put(fifo, SIZE, 1);
	assert_int_equal(epfv_fifo_len(fifo), SIZE);
	assert_int_equal(fifo->dropped, 1);
	assert_int_equal(get(fifo, 1, SIZE), SIZE);
	assert_int_equal(epfv_fifo_len(fifo), 0);
}

static void test_wraps(void **state)
{
	struct epfv_fifo *fifo = *state;

	put(fifo, 0, 50);
	assert_int_equal(get(fifo, 0, 45), 45);
	put(fifo, 50, 40);
	assert_int_equal(epfv_fifo_len(fifo), 45);
	assert_int_equal(get(fifo, 45, 100), 45);
	assert_int_equal(fifo->dropped, 0);
}

static void test_more_than_it_holds_at_once(void **state)
{
	struct epfv_fifo *fifo = *state;

	put(fifo, 0, 10);
	put(fifo, 10, 3 * SIZE + 5);
	assert_int_equal(epfv_fifo_len(fifo), SIZE);
	assert_int_equal(fifo->dropped, 10 + 2 * SIZE + 5);
	assert_int_equal(get(fifo, 10 + 2 * SIZE + 5, SIZE), SIZE);
}

/* What was put is what was taken, dropped or is held; the newest stays */
static void test_random(void **state)
{
	struct epfv_fifo *fifo = *state;
	u64 in = 0, out = 0, dropped = 0;
	unsigned int i;

	for (i = 0; i < 200000; i++) {
		size_t n = rnd() % 8 ? rnd_range(0, 30) : rnd_range(0, 3 * SIZE);

		if (rnd() & 1) {
			put(fifo, in, n);
			in += n;
			if (in - out > SIZE) {
				dropped += in - out - SIZE;
				out = in - SIZE;
			}
		} else {
			size_t expected = n < in - out ? n : in - out;

			assert_int_equal(get(fifo, out, n), expected);
			out += expected;
		}
		assert_int_equal(epfv_fifo_len(fifo), in - out);
		assert_int_equal(epfv_fifo_room(fifo), SIZE - (in - out));
		assert_int_equal(fifo->dropped, dropped);
	}
	assert_true(dropped > 0);
}

/* Counts go past 2^32 in a day of traffic */
static void test_counts_beyond_4g(void **state)
{
	struct epfv_fifo *fifo = *state;
	u64 at = (1ULL << 32) - 20;

	fifo->in = at;
	fifo->out = at;
	put(fifo, at, 40);
	assert_int_equal(epfv_fifo_len(fifo), 40);
	put(fifo, at + 40, 40);
	assert_int_equal(fifo->dropped, 80 - SIZE);
	assert_int_equal(get(fifo, at + 80 - SIZE, SIZE), SIZE);
}

#define TEST(fn)	cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_empty),
		TEST(test_holds_exactly_its_size),
		TEST(test_wraps),
		TEST(test_more_than_it_holds_at_once),
		TEST(test_random),
		TEST(test_counts_beyond_4g),
	};

	return cmocka_run_group_tests_name("fifo", tests, NULL, NULL);
}
