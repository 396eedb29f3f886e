// SPDX-License-Identifier: GPL-2.0
/*
 * control.c between a host and an endpoint's driver
 */
#include <stdlib.h>
#include <string.h>

#include <linux/highmem.h>
#include <linux/minmax.h>

#include "control.h"
#include "world.h"

#define MAX_MESSAGES	256

/* A device type that remembers what it was told, and has so much to say */
struct type {
	struct world *w;
	struct epfv_control c;
	struct {
		enum epfv_side from;
		size_t len;
		u8 msg[EPFV_MESSAGE_MAX];
	} told[MAX_MESSAGES];
	unsigned int num_told;
	unsigned int to_say[2];
	unsigned int said[2];
	size_t len;		/* of what it says */
	unsigned long asked;
};

static void message(void *ctx, enum epfv_side from, const void *msg, size_t len)
{
	struct type *t = ctx;

	if (fake_locks)
		fail_msg("a message is handled under a lock");
	assert_in_range(len, 0, EPFV_MESSAGE_MAX);
	assert_true(t->num_told < MAX_MESSAGES);
	t->told[t->num_told].from = from;
	t->told[t->num_told].len = len;
	memcpy(t->told[t->num_told++].msg, msg, len);
}

static size_t next(void *ctx, enum epfv_side to, void *msg)
{
	struct type *t = ctx;

	if (fake_locks)
		fail_msg("a message is made under a lock");
	t->asked++;
	if (t->said[to] == t->to_say[to])
		return 0;
	memset(msg, 'a' + t->said[to]++ % 26, t->len);
	return t->len;
}

static int setup(void **state)
{
	struct type *t = calloc(1, sizeof(*t));
	struct world *w = world_new_lossless(&fake_dwc);

	t->w = w;
	t->len = 12;
	t->c = (struct epfv_control){
		.host_rx = w->host_rx,
		.host_tx = w->host_tx,
		.local_rx = w->local_rx,
		.local_tx = w->local_tx,
		.message = message,
		.next = next,
		.ctx = t,
	};
	world_host_up(w);
	world_local_up(w);
	*state = t;
	return 0;
}

static int teardown(void **state)
{
	struct type *t = *state;

	world_free(t->w);
	free(t);
	return 0;
}

static u64 work(struct type *t, bool scan)
{
	u64 again = epfv_control_receive(&t->c, scan);

	again = min(again, epfv_control_send(&t->c));
	fake_epc_settle(&t->w->epc);
	assert_int_equal(fake_kmaps, 0);
	return again;
}

/* What a side has sent is what the type was told, from message @first on */
static void check_told(struct type *t, unsigned int first, enum epfv_side from, size_t len)
{
	assert_true(first < t->num_told);
	assert_int_equal(t->told[first].from, from);
	assert_int_equal(t->told[first].len, len);
}

static void test_messages_of_drivers(void **state)
{
	struct type *t = *state;
	struct world *w = t->w;
	unsigned long interrupts = w->epc.sent[2];

	assert_true(side_send(&w->htx, 8, 1));
	assert_true(side_send(&w->htx, 9, 3));
	assert_true(side_send(&w->htx, 1000, 2));
	assert_int_equal(work(t, true), U64_MAX);
	side_reap(&w->htx);
	assert_int_equal(w->htx.returned, 3);
	assert_int_equal(t->num_told, 3);
	check_told(t, 0, EPFV_HOST, 8);
	check_told(t, 1, EPFV_HOST, 9);
	check_told(t, 2, EPFV_HOST, EPFV_MESSAGE_MAX);
	/* The bytes are those of one stream, of which the first 8 went first */
	assert_memory_not_equal(t->told[0].msg, t->told[1].msg, 8);
	assert_int_equal(w->epc.sent[2], interrupts + 1);
}

/* The endpoint's driver waits on the spot, with no thread running */
static void test_local_driver_does_not_wait(void **state)
{
	struct type *t = *state;
	struct world *w = t->w;

	assert_true(side_send(&w->ltx, 8, 2));
	epfv_control_collect(&t->c);
	side_reap(&w->ltx);
	assert_int_equal(w->ltx.returned, 1);
	check_told(t, 0, EPFV_ENDPOINT, 8);
	assert_true(side_send(&w->ltx, 500, 4));
	epfv_control_collect(&t->c);
	side_reap(&w->ltx);
	check_told(t, 1, EPFV_ENDPOINT, EPFV_MESSAGE_MAX);
}

static void check_received(const struct side *s, unsigned int n, size_t len)
{
	unsigned int i;

	assert_int_equal(s->num_received, n * len);
	for (i = 0; i < n * len; i++)
		assert_int_equal(s->received[i], 'a' + i / len % 26);
}

/* Nothing is made that there is no buffer for, and nothing is lost */
static void test_messages_for_drivers(void **state)
{
	struct type *t = *state;
	struct world *w = t->w;
	unsigned int i;

	t->to_say[EPFV_HOST] = 30;
	t->to_say[EPFV_ENDPOINT] = 30;
	assert_int_equal(work(t, true), U64_MAX);
	assert_int_equal(t->said[EPFV_HOST] + t->said[EPFV_ENDPOINT], 0);
	for (i = 0; i < 5; i++) {
		assert_true(side_offer(&w->hrx, 4096, 1));
		assert_true(side_offer(&w->lrx, 4096, 2));
	}
	work(t, true);
	assert_int_equal(t->said[EPFV_HOST], 5);
	assert_int_equal(t->said[EPFV_ENDPOINT], 5);
	assert_true(w->epc.sent[1] > 0);
	assert_true(fake_virtio.calls[0] > 0);
	for (i = 0; i < 40; i++) {
		assert_true(side_offer(&w->hrx, 100, 3));
		side_reap(&w->hrx);
		assert_true(side_offer(&w->lrx, 100, 1));
		side_reap(&w->lrx);
		work(t, true);
	}
	side_reap(&w->hrx);
	side_reap(&w->lrx);
	check_received(&w->hrx, 30, t->len);
	check_received(&w->lrx, 30, t->len);

	/* A buffer that is there already serves the next one, without looking for others */
	t->to_say[EPFV_HOST]++;
	work(t, false);
	side_reap(&w->hrx);
	check_received(&w->hrx, 31, t->len);
}

/* A buffer that is too small gets what fits, as nobody knows better */
static void test_small_buffers(void **state)
{
	struct type *t = *state;
	struct world *w = t->w;

	t->to_say[EPFV_HOST] = 1;
	t->to_say[EPFV_ENDPOINT] = 1;
	assert_true(side_offer(&w->hrx, 7, 2));
	assert_true(side_offer(&w->lrx, 7, 2));
	work(t, true);
	side_reap(&w->hrx);
	side_reap(&w->lrx);
	assert_int_equal(w->hrx.num_received, 7);
	assert_int_equal(w->lrx.num_received, 7);
}

/* However much a driver has to say, the data gets its turn */
static void test_rounds(void **state)
{
	struct type *t = *state;
	struct world *w = t->w;
	unsigned int i;

	t->to_say[EPFV_HOST] = 1000;
	for (i = 0; i < QUEUE_SIZE; i++) {
		assert_true(side_send(&w->htx, 8, 1));
		assert_true(side_offer(&w->hrx, 64, 1));
	}
	while (!work(t, true))
		;
	assert_int_equal(t->num_told, QUEUE_SIZE);
	assert_int_equal(t->said[EPFV_HOST], QUEUE_SIZE);
}

/* The host resets: nothing is read or written any more, and the next driver is served */
static void test_reset(void **state)
{
	struct type *t = *state;
	struct world *w = t->w;

	t->to_say[EPFV_HOST] = 2;
	assert_true(side_send(&w->htx, 8, 1));
	assert_true(side_offer(&w->hrx, 64, 1));
	assert_true(side_offer(&w->hrx, 64, 1));
	legacy_reset(&w->driver);
	work(t, true);
	assert_int_equal(t->num_told, 0);
	epfv_control_stop(&t->c);
	world_host_down(w);
	assert_int_equal(work(t, false), U64_MAX);

	world_host_up(w);
	t->said[EPFV_HOST] = 0;
	assert_true(side_offer(&w->hrx, 64, 1));
	assert_true(side_send(&w->htx, 8, 1));
	work(t, true);
	side_reap(&w->hrx);
	check_received(&w->hrx, 1, t->len);
	assert_int_equal(t->num_told, 1);
}

/* Buffers that cannot be reached, and rings that make no sense: said once, and no more */
static void test_bad_host(void **state)
{
	struct type *t = *state;
	struct world *w = t->w;
	struct epfv_seg wrong = { 0x1000, 8, true };
	struct epfv_seg empty = { 0x1000, 0, false };
	u64 errors;

	/* Readable and writable the wrong way round */
	assert_true(side_add_raw(&w->htx, &wrong, 1) >= 0);
	wrong.writable = false;
	assert_true(side_add_raw(&w->hrx, &wrong, 1) >= 0);
	t->to_say[EPFV_HOST] = 1;
	work(t, true);
	check_told(t, 0, EPFV_HOST, 0);
	errors = world_stats(w).host_errors;
	side_add_raw(&w->htx, &empty, 1);
	work(t, true);
	assert_int_equal(world_stats(w).host_errors, errors + 1);
	assert_false(w->host_tx->live);
	assert_int_equal(work(t, true), U64_MAX);
	assert_int_equal(world_stats(w).host_errors, errors + 1);
	fake_messages = 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_messages_of_drivers, setup, teardown),
		cmocka_unit_test_setup_teardown(test_local_driver_does_not_wait, setup, teardown),
		cmocka_unit_test_setup_teardown(test_messages_for_drivers, setup, teardown),
		cmocka_unit_test_setup_teardown(test_small_buffers, setup, teardown),
		cmocka_unit_test_setup_teardown(test_rounds, setup, teardown),
		cmocka_unit_test_setup_teardown(test_reset, setup, teardown),
		cmocka_unit_test_setup_teardown(test_bad_host, setup, teardown),
	};

	return cmocka_run_group_tests_name("control", tests, NULL, NULL);
}
