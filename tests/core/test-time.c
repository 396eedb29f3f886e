// SPDX-License-Identifier: GPL-2.0
/*
 * What a host can make the function's thread spend, and with which priority
 */
#include <linux/minmax.h>

#include "world.h"

#define WRITTEN		8	/* a word in the configuration that the host's driver writes */
#define SECOND		1000000000ULL

enum { SELECT, EMERGENCY, NOTIFY };

static struct {
	unsigned int what;
	ktime_t end;
	u64 every;
} hostile;

static int torment(void *data)
{
	struct legacy *l = data;
	u16 i;

	for (i = 0; fake_now < hostile.end; i++) {
		if (hostile.what == SELECT)
			legacy_w16(l, 14, i & 1);
		else if (hostile.what == EMERGENCY)
			legacy_w32(l, 20 + WRITTEN, 'x');
		else
			legacy_notify(l, i & 1);
		fake_sleep(hostile.every);
	}
	return 0;
}

static void tormented(struct world *w, unsigned int what, u64 ns, u64 every)
{
	w->driver.bar = fake_epf.epf.bar[BAR_0].addr;
	hostile.what = what;
	hostile.end = fake_now + ns;
	hostile.every = every;
	w->epc.no_log = true;
	/* A slow processor: there are fewer rounds to go through */
	fake_tick = 5 * USEC;
	fake_join(fake_host_task(torment, &w->driver, "hostile host"));
	fake_tick = 0;
}

/* So much at once, and then a fifth of the time */
static u64 allowed(u64 ns)
{
	return 4 * SECOND + ns / 5 + ns / 100;
}

static u64 total(const struct task_struct *task)
{
	return task->rt_ns + task->nice_ns + task->normal_ns;
}

static void check_time(struct world *w, unsigned int what, u64 ns, u64 every)
{
	const struct task_struct *task = w->f->poller.task;
	struct task_struct before = *task;

	tormented(w, what, ns, every);
	assert_in_range(task->rt_ns - before.rt_ns, 0, allowed(ns));
	assert_in_range(task->nice_ns - before.nice_ns, 0, allowed(ns));
	/* Without a priority it pauses all the same, but for who has it move data */
	if (what != NOTIFY)
		assert_in_range(total(task) - total(&before), 0, allowed(ns) + ns / 2);
}

static void check_times(struct world *w, unsigned int what)
{
	check_time(w, what, 20 * SECOND, 50 * USEC);
	check_time(w, what, 6 * SECOND, 5 * USEC);
}

static void test_time_without_driver(void **state)
{
	struct world *w = *state;

	check_times(w, SELECT);
	/* Who comes afterwards is served */
	world_idle(20 * SECOND);
	world_host_up(w);
}

static void test_time_of_setup(void **state)
{
	struct world *w = *state;

	w->driver.bar = fake_epf.epf.bar[BAR_0].addr;
	legacy_w8(&w->driver, 18, 3);
	check_times(w, SELECT);
	legacy_reset(&w->driver);
	world_idle(20 * SECOND);
	world_host_up(w);
}

/*
 * A driver that falls silent in the middle is waited for, once, whatever else there is to do:
 * the windows of the one before it are unmapped meanwhile
 */
static void test_time_of_silent_setup(void **state)
{
	struct world *w = *state;
	u64 before;

	world_host_up(w);
	world_host_down(w);
	before = w->f->poller.task->rt_ns;
	legacy_w8(&w->driver, 18, 3);
	world_idle(6 * SECOND);
	assert_in_range(w->f->poller.task->rt_ns - before, 0, 12 * SECOND / 10);
}

/* One that comes after it writes to STATUS what is there, and must be heard all the same */
static void test_setup_after_silence(void **state)
{
	struct world *w = *state;
	int enabled;

	for (enabled = 0; enabled < 2; enabled++) {
		world_host_up(w);
		world_host_down(w);
		legacy_w8(&w->driver, 18, 3);
		*w->driver.msix = enabled ? w->driver.vectors : 0;
		world_idle(3 * SECOND);
		/* Its host's kernel disables MSI-X as it finds the card, and maps BAR0 then */
		*w->driver.msix = 0;
		world_idle(MSEC);
		world_host_up(w);
		assert_int_equal(w->driver.attempts, 1);
		world_host_down(w);
	}
}

static void test_time_of_driver(void **state)
{
	struct world *w = *state;
	u64 before;

	world_host_up(w);
	before = w->f->poller.task->rt_ns;
	check_times(w, NOTIFY);
	/* None of it with a real-time priority */
	assert_int_equal(w->f->poller.task->rt_ns, before);
}

/* One that moves data for long has its successor set its queues up in peace */
static void test_setup_after_traffic(void **state)
{
	struct world *w = *state;

	world_host_up(w);
	tormented(w, NOTIFY, 10 * SECOND, 20 * USEC);
	world_host_down(w);
	world_host_up(w);
	assert_int_equal(w->driver.attempts, 1);
}

/* Emergency writes come from honest firmware, too */
static void written(void *priv, u32 val)
{
	(void)priv;
	(void)val;
}

static u8 config[12];

static void test_time_of_emergency_writes(void **state)
{
	struct world *w = *state;

	w->type.config_len = sizeof(config);
	w->type.config[EPFV_HOST] = config;
	w->type.config[EPFV_ENDPOINT] = config;
	w->type.written = WRITTEN;
	w->ops.written = written;
	world_bind(w);
	w->driver.bar = fake_epf.epf.bar[BAR_0].addr;
	check_time(w, EMERGENCY, 10 * SECOND, 50 * USEC);
}

/* Looking for a driver comes before all, its data before most */
static void test_priorities(void **state)
{
	const struct task_struct *task;
	struct world *w = *state;

	task = w->f->poller.task;
	world_idle(MSEC);
	assert_true(task->rt);
	world_host_up(w);
	world_idle(MSEC);
	assert_false(task->rt);
	assert_int_equal(task->nice, -20);
	world_host_down(w);
	world_idle(MSEC);
	assert_true(task->rt);
	fake_epf_link(false);
	epfv_wake(w->f);
	world_idle(MSEC);
	assert_false(task->rt);
}

/* What is not used for long does not become more than what there was at first */
static void test_credit_is_bounded(void **state)
{
	struct world *w = *state;

	world_idle(20 * SECOND);
	check_time(w, SELECT, 10 * SECOND, 50 * USEC);
}

/* Who has used up its time does not have the priority changed at each turn, nor a spinning thread */
static void test_changes_are_few(void **state)
{
	const struct task_struct *task;
	struct world *w = *state;
	struct task_struct before;

	check_time(w, SELECT, 6 * SECOND, 50 * USEC);
	task = w->f->poller.task;
	before = *task;
	tormented(w, SELECT, 5 * SECOND, 50 * USEC);
	assert_in_range(task->changes - before.changes, 1, 12);
	assert_in_range(total(task) - total(&before), 0, 3 * SECOND);
}

/* A driver that begins and falls silent costs no more than a second */
static int begin(void *data)
{
	struct world *w = data;

	legacy_w8(&w->driver, 18, 3);
	fake_sleep(3 * SECOND);
	return 0;
}

static void test_silent_driver(void **state)
{
	struct world *w = *state;
	u64 before;

	w->driver.bar = fake_epf.epf.bar[BAR_0].addr;
	world_idle(MSEC);
	before = w->f->poller.task->rt_ns;
	fake_tick = 2 * USEC;
	fake_join(fake_host_task(begin, w, "silent driver"));
	fake_tick = 0;
	assert_in_range(w->f->poller.task->rt_ns - before, SECOND / 2, 2 * SECOND);
}

/* Interrupts are never off for longer than a slice and a pass */
static void test_slices(void **state)
{
	struct world *w = *state;

	world_host_up(w);
	assert_in_range(fake_irqs_off_longest, 1, 250 * USEC);
}

#define TEST(fn)		cmocka_unit_test_setup_teardown(fn, world_setup, world_teardown)
#define TEST_UNBOUND(fn)	cmocka_unit_test_setup_teardown(fn, world_setup_unbound, world_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_time_without_driver),
		TEST(test_time_of_setup),
		TEST(test_time_of_silent_setup),
		TEST(test_setup_after_silence),
		TEST(test_time_of_driver),
		TEST(test_setup_after_traffic),
		TEST_UNBOUND(test_time_of_emergency_writes),
		TEST(test_priorities),
		TEST(test_credit_is_bounded),
		TEST(test_changes_are_few),
		TEST(test_silent_driver),
		TEST(test_slices),
	};

	return cmocka_run_group_tests_name("time", tests, NULL, NULL);
}
