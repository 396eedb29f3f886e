// SPDX-License-Identifier: GPL-2.0
/*
 * The poller of a 32-bit endpoint, which reads a 64-bit word of the registers in halves
 */
#include "world.h"

/* Loads that the host may see to differ, before the word is taken as it is */
#define LOADS_MOST	64

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
		vepf_regs_changed(&w->f->poller.regs);
		host.calls = 0;
		vepf_lock(w->f);
		vepf_regs_pass(&w->f->poller.regs, false);
		vepf_unlock(w->f);
	}
	fake_on_rmb = NULL;
	world_host_up(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_driver, setup, teardown),
		cmocka_unit_test_setup_teardown(test_host_selects_all_the_time, setup, teardown),
	};

	return cmocka_run_group_tests_name("halves", tests, NULL, NULL);
}
