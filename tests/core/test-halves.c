// SPDX-License-Identifier: GPL-2.0
/*
 * The poller of a 32-bit endpoint, which reads a 64-bit word of the registers in halves
 */
#include "world.h"

/* Loads that the host may see to differ, before the word is taken as it is */
#define LOADS_MOST	64

/* A queue that the function has not */
#define OTHER		9

static struct {
	struct world *w;
	unsigned int calls;	/* since the host was last looked at in full */
	u16 sel;
} host;

static void count(void)
{
	host.calls++;
}

/* The host selects another queue between any two loads */
static void select_another(void)
{
	if (++host.calls > LOADS_MOST)
		fail_msg("the word is loaded again as long as the host pleases");
	legacy_w16(&host.w->driver, 14, ++host.sel);
}

static int setup(void **state)
{
	*state = world_new(&fake_dwc);
	host.w = *state;
	host.calls = 0;
	return 0;
}

static int teardown(void **state)
{
	fake_on_rmb = NULL;
	world_free(*state);
	return 0;
}

static void test_driver(void **state)
{
	struct world *w = *state;

	fake_on_rmb = count;
	world_host_up(w);
	/* That it is the poller in halves which is tried here */
	assert_true(host.calls);
	world_host_down(w);
	world_host_up(w);
}

static void test_host_selects_all_the_time(void **state)
{
	struct world *w = *state;
	unsigned int i;

	w->driver.bar = fake_epf.epf.bar[BAR_0].addr;
	fake_on_rmb = select_another;
	for (i = 0; i < 1000; i++) {
		host.calls = 0;
		epfv_regs_changed(&w->f->legacy.regs);
		host.calls = 0;
		epfv_lock(w->f);
		epfv_regs_pass(&w->f->legacy.regs, false);
		epfv_unlock(w->f);
	}
	fake_on_rmb = NULL;
	world_host_up(w);
}

/* The host selects another queue, and sets it up, in front of one load of a half */
static void select_and_set_up(void)
{
	if (--host.calls)
		return;
	legacy_w16(&host.w->driver, 14, OTHER);
	legacy_w32(&host.w->driver, 8, 0x1234);
}

static void test_halves_of_two_times(void **state)
{
	struct world *w = *state;
	struct epfv_regs *regs = &w->f->legacy.regs;
	bool acted = true;
	unsigned int i;

	w->driver.bar = fake_epf.epf.bar[BAR_0].addr;
	for (i = 1; acted; i++) {
		legacy_reset(&w->driver);
		world_idle(MSEC);
		epfv_lock(w->f);
		legacy_w8(&w->driver, 18, 3);
		legacy_w16(&w->driver, 14, 0);
		epfv_regs_pass(regs, false);
		host.calls = i;
		fake_on_rmb = select_and_set_up;
		epfv_regs_pass(regs, false);
		fake_on_rmb = NULL;
		acted = (int)host.calls <= 0;
		epfv_regs_pass(regs, false);
		epfv_unlock(w->f);
		/* It is not that of the queue which was selected before */
		assert_int_equal(regs->queue[0].pfn, 0);
		assert_int_equal(regs->t.ignored, i - !acted);
	}
	assert_in_range(i, 4, 12);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_driver, setup, teardown),
		cmocka_unit_test_setup_teardown(test_halves_of_two_times, setup, teardown),
		cmocka_unit_test_setup_teardown(test_host_selects_all_the_time, setup, teardown),
	};

	return cmocka_run_group_tests_name("halves", tests, NULL, NULL);
}
