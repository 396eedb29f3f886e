// SPDX-License-Identifier: GPL-2.0
/*
 * Workers that are asleep, busy, or in the middle of an access to the host's memory that takes
 * its time, while something else goes on
 */
#include <string.h>

#include <linux/minmax.h>
#include <linux/sizes.h>

#include "world.h"

#define STALL		(20 * MSEC)

/*
 * In the middle of an access to the host's memory, time goes on: as if a controller, or the
 * host, took long to answer.  What the registers' thread does itself takes none.
 */
struct stall {
	struct world *w;
	struct task_struct *who;
	u64 ns;
	bool over;
};

static struct stall stall;

static void stand_still(void *ctx)
{
	struct stall *s = ctx;
	s64 end = fake_now + s->ns;

	if (current == s->w->f->poller.task || (s->who && s->who != current)) {
		s->w->epc.act_after = 1;
		return;
	}
	s->who = current;
	/* Nobody wakes it */
	while (fake_now < end)
		fake_sleep(end - fake_now);
	s->over = true;
}

/* Of @who, NULL: any worker, the access after @after others stands still for @ns */
static void stall_at(struct world *w, struct task_struct *who, unsigned long after, u64 ns)
{
	stall = (struct stall){ .w = w, .who = who, .ns = ns };
	w->epc.act = stand_still;
	w->epc.act_ctx = &stall;
	w->epc.act_after = after;
}

static int setup(void **state)
{
	*state = world_new(&fake_dwc);
	return 0;
}

static int teardown(void **state)
{
	world_free(*state);
	return 0;
}

static void both_up(struct world *w)
{
	world_host_up(w);
	world_local_up(w);
}

static void check_session(struct world *w)
{
	/* As of a driver that was there for long: see world_host_up() */
	w->to_host->settle = (struct epfv_settle){};
	assert_true(side_offer(&w->lrx, 4000, 1));
	assert_true(side_offer(&w->hrx, 4000, 1));
	assert_true(side_send(&w->htx, 100, 1));
	assert_true(side_send(&w->ltx, 100, 1));
	world_run(w, 5 * MSEC);
	side_reap(&w->htx);
	side_reap(&w->hrx);
	side_reap(&w->lrx);
	assert_int_equal(w->htx.in_flight, 0);
	assert_true(w->hrx.num_received >= 100);
}

/* A worker is at access @after of a transfer, and stays there */
static bool stalled_at(struct world *w, unsigned long after)
{
	both_up(w);
	world_run(w, 5 * MSEC);
	assert_true(side_offer(&w->lrx, 4000, 1));
	assert_true(side_offer(&w->hrx, 4000, 1));
	stall_at(w, NULL, after, STALL);
	assert_true(side_send(&w->htx, 3000, 2));
	assert_true(side_send(&w->ltx, 3000, 2));
	world_run(w, MSEC);
	if (!stall.who) {
		w->epc.act_after = 0;
		return false;
	}
	assert_false(stall.over);
	return true;
}

/*
 * The host resets the device, and its next driver sets it up, while a worker is in the
 * middle of an access: the registers answer as ever.  The worker finds out at the end of its
 * burst, and the next session begins then; of the last one's memory nothing is changed.
 */
static void test_reset(void **state)
{
	struct world *w = *state;
	u8 sentinel[SZ_4K], buf[SZ_4K];
	unsigned long after;

	memset(sentinel, 0x5a, sizeof(sentinel));
	for (after = 1; ; after++) {
		struct driver *d;
		u64 old[2], begun;
		unsigned int i;

		if (!stalled_at(w, after))
			break;
		begun = fake_now;
		old[0] = w->hrx.d.base;
		old[1] = w->htx.d.base;
		d = &w->htx.d;
		world_host_down(w);
		for (i = 0; i < 2; i++)
			d->mem->store(d->ctx, old[i], sentinel, sizeof(sentinel));
		world_host_up(w);
		/* Neither waited for the worker */
		assert_false(stall.over);
		assert_true(fake_now - begun < STALL / 2);
		assert_false(w->host_tx->live);

		world_run(w, STALL);
		assert_true(stall.over);
		assert_true(w->host_tx->live);
		for (i = 0; i < 2; i++) {
			d->mem->load(d->ctx, old[i], buf, sizeof(buf));
			assert_memory_equal(buf, sentinel, sizeof(buf));
		}
		check_session(w);
		world_host_down(w);
		world_local_down(w);
	}
	assert_true(after > 10);
}

/* A function that is unbound, or whose link goes, waits for the access, and not for more */
static void check_end(struct world *w, void (*end)(struct world *w))
{
	unsigned long after;

	for (after = 1; ; after++) {
		u64 begun;

		if (!stalled_at(w, after))
			break;
		begun = fake_now;
		end(w);
		assert_true(stall.over);
		assert_true(fake_now - begun < STALL + MSEC);
	}
	assert_true(after > 10);
}

static void unbind(struct world *w)
{
	world_unbind(w);
	world_bind(w);
}

static void test_unbind(void **state)
{
	check_end(*state, unbind);
}

static void link_goes(struct world *w)
{
	fake_epf_link(false);
	assert_int_equal(w->epc.num_maps, 0);
	world_unbind(w);
	world_bind(w);
}

static void test_link(void **state)
{
	check_end(*state, link_goes);
}

/* One that sleeps hears of an end as well, and of unbind in no epoch at all */
static void test_asleep(void **state)
{
	struct world *w = *state;

	world_run(w, 10 * MSEC);
	unbind(w);
	both_up(w);
	world_run(w, 5 * 1000 * MSEC);
	unbind(w);
	both_up(w);
	world_run(w, 10 * MSEC);
	world_host_down(w);
	world_run(w, 10 * MSEC);
	unbind(w);
}

/* Two pairs, each with a worker of its own */

static const char * const names[] = { "rx", "tx", "rx 1", "tx 1" };

static const struct epfv_pair pairs[] = {
	{ .rx = 0, .tx = 1, .worker = 0 },
	{ .rx = 2, .tx = 3, .worker = 1 },
};

static int setup_two(void **state)
{
	struct world *w = world_make(&fake_dwc);

	w->type.num_queues = ARRAY_SIZE(names);
	w->type.queue_names = names;
	w->type.pairs = pairs;
	w->type.num_pairs = ARRAY_SIZE(pairs);
	w->type.num_workers = ARRAY_SIZE(pairs);
	w->vectors = ARRAY_SIZE(names) + 1;
	fake_virtio.num_vqs = ARRAY_SIZE(names);
	world_create(w);
	world_bind(w);
	*state = w;
	return 0;
}

/* While one worker stands still, another one's pair goes on */
static void test_two_workers(void **state)
{
	struct world *w = *state;

	both_up(w);
	world_run(w, 5 * MSEC);
	stall_at(w, w->f->workers[1].w.task, 1, STALL);
	/* Of whose queue it is a legacy driver's notification does not say for sure */
	assert_true(side_send(&w->htx, 100, 1));
	assert_true(side_send(&w->ltx, 100, 1));
	assert_true(side_offer(&w->lrx, 4000, 1));
	assert_true(side_offer(&w->hrx, 4000, 1));
	world_run(w, MSEC);
	side_reap(&w->hrx);
	side_reap(&w->lrx);
	assert_int_equal(w->hrx.num_received, 100);
	assert_int_equal(w->lrx.num_received, 100);
	assert_false(stall.over);
	world_run(w, STALL);
	assert_true(stall.over);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_reset, setup, teardown),
		cmocka_unit_test_setup_teardown(test_unbind, setup, teardown),
		cmocka_unit_test_setup_teardown(test_link, setup, teardown),
		cmocka_unit_test_setup_teardown(test_asleep, setup, teardown),
		cmocka_unit_test_setup_teardown(test_two_workers, setup_two, teardown),
	};

	return cmocka_run_group_tests_name("worker", tests, NULL, NULL);
}
