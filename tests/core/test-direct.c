// SPDX-License-Identifier: GPL-2.0
/*
 * direct.c: an endpoint that reads and writes without a driver, in fake time
 */
#include <stdlib.h>

#include <linux/minmax.h>
#include <linux/sizes.h>

#include "world.h"

#define HISTORY		EPFV_HISTORY_SIZE

/* What the endpoint's user does */
static struct {
	unsigned int told;	/* how often of a change */
	u64 sent;
	u32 at_once;		/* bytes that are read in one go */
} user;

static void changed(void *priv, unsigned int pair)
{
	assert_non_null(priv);
	assert_int_equal(pair, 0);
	assert_int_equal(fake_locks, 0);
	user.told++;
}

static struct world *make(bool lossless)
{
	user.told = 0;
	user.sent = 0;
	user.at_once = 1000;
	return world_new_direct(changed, lossless);
}

static int setup(void **state)
{
	*state = make(false);
	return 0;
}

static int setup_lossless(void **state)
{
	*state = make(true);
	return 0;
}

/* One read; what came joins what the endpoint has received */
static size_t take(struct world *w, size_t len)
{
	struct side *s = &w->lrx;
	size_t n;

	n = epfv_pair_read(w->f, 0, s->received + s->num_received, len);
	s->num_received += n;
	return n;
}

/* One write of the next bytes of the stream */
static size_t put(struct world *w, size_t len)
{
	u8 buf[SZ_4K];
	size_t i, n;

	for (i = 0; i < len; i++)
		buf[i] = stream_byte(user.sent + i);
	n = epfv_pair_write(w->f, 0, buf, len);
	user.sent += n;
	return n;
}

static void read_when_told(struct world *w)
{
	if (!user.told)
		return;
	user.told = 0;
	while (take(w, user.at_once))
		;
}

static void offer_all(struct world *w)
{
	side_reap(&w->hrx);
	while (side_offer(&w->hrx, 4096, 1))
		;
}

static void test_from_host(void **state)
{
	struct world *w = *state;
	unsigned int i;

	world_host_up(w);
	w->step = read_when_told;
	for (i = 0; i < 200; i++) {
		assert_true(side_send(&w->htx, rnd_range(1, 3000), rnd_range(1, 3)));
		world_run(w, MSEC);
		side_reap(&w->htx);
	}
	assert_int_equal(w->lrx.num_received, w->htx.pos);
	assert_int_equal(side_gaps(&w->lrx, w->htx.pos), 0);
}

static void take_back(struct world *w)
{
	side_reap(&w->htx);
}

/* Nobody reads: the newest bytes are kept, no sender waits, and one who comes has them */
static void test_from_host_nobody_reads(void **state)
{
	struct world *w = *state;
	unsigned int i;

	world_host_up(w);
	w->step = take_back;
	for (i = 0; i < 100; i++) {
		assert_true(side_send(&w->htx, 4096, 1));
		world_run(w, 20 * MSEC);
		assert_int_equal(w->htx.in_flight, 0);
	}
	world_run(w, 6000 * MSEC);
	assert_int_equal(epfv_pair_readable(w->f, 0), HISTORY);
	assert_in_range(w->htx.slowest, 0, 10 * MSEC);
	while (take(w, 100))
		;
	assert_int_equal(w->lrx.num_received, HISTORY);
	assert_int_equal(side_gaps(&w->lrx, w->htx.pos), w->htx.pos - HISTORY);
	assert_int_equal(w->from_host->fifo.dropped, w->htx.pos - HISTORY);
}

static void send_and_read(struct world *w)
{
	take_back(w);
	if (!w->htx.in_flight && w->htx.pos < SZ_1M)
		side_send(&w->htx, 4096, 1);
	take(w, 16);
}

/* Who reads again after that, slower than is sent, has the sender go slower and loses nothing */
static void test_from_host_reader_comes_back(void **state)
{
	struct world *w = *state;
	u64 dropped;

	test_from_host_nobody_reads(state);
	dropped = w->from_host->fifo.dropped;
	w->step = send_and_read;
	world_run(w, 6000 * MSEC);
	assert_int_equal(w->htx.pos, SZ_1M);
	while (take(w, 100))
		;
	assert_int_equal(w->from_host->fifo.dropped, dropped);
	assert_in_range(w->htx.slowest, 5 * MSEC, 10 * MSEC);
}

/* The host's driver waits until there is room, and is served as soon as there is */
static void test_lossless_from_host(void **state)
{
	struct world *w = *state;
	unsigned long wakeups;

	world_host_up(w);
	while (side_send(&w->htx, 5000, 2))
		;
	world_run(w, 10 * MSEC);
	assert_in_range(epfv_pair_readable(w->f, 0), HISTORY - 5000, HISTORY);
	wakeups = world_wakeups(w);
	world_run(w, 60000 * MSEC);
	assert_in_range(world_wakeups(w) - wakeups, 0, WATCHES(60000) + 10);
	assert_true(w->htx.in_flight);

	user.at_once = 16;
	user.told = 1;
	w->step = read_when_told;
	world_run(w, 100 * MSEC);
	side_reap(&w->htx);
	assert_int_equal(w->htx.in_flight, 0);
	assert_int_equal(w->lrx.num_received, w->htx.pos);
	assert_int_equal(side_gaps(&w->lrx, w->htx.pos), 0);
	assert_int_equal(w->from_host->fifo.dropped, 0);
}

static void test_to_host(void **state)
{
	struct world *w = *state;
	unsigned int i;

	world_host_up(w);
	w->step = offer_all;
	for (i = 0; i < 200; i++) {
		u32 len = rnd_range(1, 4096);

		assert_int_equal(epfv_pair_writable(w->f, 0), SIZE_MAX);
		assert_int_equal(put(w, len), len);
		world_run(w, MSEC);
	}
	assert_int_equal(w->hrx.num_received, user.sent);
	assert_int_equal(side_gaps(&w->hrx, user.sent), 0);
}

/* A host that is not there finds the newest bytes when it comes */
static void test_to_host_later(void **state)
{
	struct world *w = *state;
	unsigned int i;

	for (i = 0; i < 64; i++)
		assert_int_equal(put(w, 4096), 4096);
	world_host_up(w);
	w->step = offer_all;
	world_run(w, 100 * MSEC);
	assert_int_equal(w->hrx.num_received, HISTORY);
	assert_int_equal(side_gaps(&w->hrx, user.sent), user.sent - HISTORY);
}

/* A writer is told how much was taken, and when there is room again */
static void test_lossless_to_host(void **state)
{
	struct world *w = *state;
	size_t room;

	world_host_up(w);
	do {
		room = epfv_pair_writable(w->f, 0);
		assert_int_equal(put(w, 4000), min(room, (size_t)4000));
		world_run(w, MSEC);
	} while (room);
	assert_int_equal(put(w, 1), 0);
	/* What has left the history waits for a buffer of the host */
	assert_in_range(user.sent, HISTORY, HISTORY + EPFV_PIPE_CHUNK);
	user.told = 0;
	world_run(w, 60000 * MSEC);
	assert_int_equal(user.told, 0);

	side_offer(&w->hrx, 4096, 1);
	world_run(w, MSEC);
	assert_true(user.told);
	assert_in_range(epfv_pair_writable(w->f, 0), 1, 4096);
	w->step = offer_all;
	world_run(w, 100 * MSEC);
	assert_int_equal(w->hrx.num_received, user.sent);
	assert_int_equal(side_gaps(&w->hrx, user.sent), 0);
	assert_int_equal(w->to_host->fifo.dropped, 0);
}

/* What was written before the endpoint's end was closed goes first; the next one waits for it */
static void test_writer_closes(void **state)
{
	struct world *w = *state;

	world_host_up(w);
	assert_int_equal(put(w, 4000), 4000);
	assert_int_equal(put(w, 4000), 4000);
	world_run(w, MSEC);
	epfv_pipe_close(w->to_host, &w->f->lane);
	assert_false(epfv_pipe_drained(w->to_host));
	assert_int_equal(epfv_pair_writable(w->f, 0), 0);
	assert_int_equal(put(w, 1), 0);
	w->step = offer_all;
	world_run(w, 10 * MSEC);
	assert_int_equal(w->hrx.num_received, 8000);
	user.told = 0;
	assert_true(epfv_pipe_drained(w->to_host));
	assert_false(epfv_pipe_drained(w->to_host));
	world_kick(w);
	world_run(w, MSEC);
	assert_true(user.told);
	assert_int_equal(put(w, 1), 1);
}

/* What the host sent before it closed its end is read first, and the thread hears of it */
static void test_host_closes(void **state)
{
	struct world *w = *state;

	world_host_up(w);
	assert_true(side_send(&w->htx, 3000, 1));
	world_run(w, MSEC);
	epfv_pipe_close(w->from_host, &w->f->lane);
	assert_false(epfv_pipe_drained(w->from_host));
	assert_int_equal(take(w, 2999), 2999);
	assert_false(w->f->poller.kicked);
	assert_false(epfv_pipe_drained(w->from_host));
	assert_int_equal(take(w, 10), 1);
	assert_true(w->f->workers[0].w.kicked);
	assert_true(epfv_pipe_drained(w->from_host));
}

/* What is under way to one who closes is not for the next one */
static void test_reader_closes(void **state)
{
	struct world *w = *state;
	u64 first;

	world_host_up(w);
	while (side_send(&w->htx, 5000, 1))
		;
	world_run(w, MSEC);
	epfv_pipe_open(w->from_host, false);
	assert_int_equal(epfv_pair_readable(w->f, 0), 0);
	assert_int_equal(take(w, 100), 0);
	/* At once, before the thread has thrown anything away */
	epfv_pipe_open(w->from_host, true);
	assert_int_equal(epfv_pair_readable(w->f, 0), 0);
	assert_int_equal(take(w, 100), 0);
	world_kick(w);
	world_run(w, 10 * MSEC);
	side_reap(&w->htx);
	assert_int_equal(w->htx.in_flight, 0);
	first = w->htx.pos;
	assert_int_equal(w->from_host->fifo.dropped, first);

	assert_true(side_send(&w->htx, 100, 1));
	world_run(w, MSEC);
	assert_int_equal(take(w, 1000), 100);
	assert_int_equal(w->lrx.received[0], stream_byte(first));
}

/* The same of the host, which may leave without a word */
static void test_host_leaves(void **state)
{
	struct world *w = *state;

	world_host_up(w);
	while (put(w, 4000))
		;
	world_run(w, MSEC);
	epfv_pipe_open(w->to_host, false);
	assert_int_equal(epfv_pair_writable(w->f, 0), 0);
	user.told = 0;
	world_host_down(w);
	assert_true(user.told);
	assert_int_equal(epfv_pair_writable(w->f, 0), 0);
	assert_int_equal(w->to_host->fifo.dropped, user.sent);

	world_host_up(w);
	epfv_pipe_open(w->to_host, true);
	assert_int_equal(put(w, 10), 10);
	w->step = offer_all;
	world_run(w, 10 * MSEC);
	assert_int_equal(w->hrx.num_received, 10);
}

#define TEST(fn)		cmocka_unit_test_setup_teardown(fn, setup, world_teardown)
#define TEST_LOSSLESS(fn)	cmocka_unit_test_setup_teardown(fn, setup_lossless, world_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_from_host),
		TEST(test_from_host_nobody_reads),
		TEST(test_from_host_reader_comes_back),
		TEST(test_to_host),
		TEST(test_to_host_later),
		TEST_LOSSLESS(test_lossless_from_host),
		TEST_LOSSLESS(test_lossless_to_host),
		TEST_LOSSLESS(test_writer_closes),
		TEST_LOSSLESS(test_host_closes),
		TEST_LOSSLESS(test_reader_closes),
		TEST_LOSSLESS(test_host_leaves),
	};

	return cmocka_run_group_tests_name("direct", tests, NULL, NULL);
}
