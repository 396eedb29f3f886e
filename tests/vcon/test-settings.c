// SPDX-License-Identifier: GPL-2.0
/*
 * Settings of a console: what is accepted has an effect, what has none is rejected
 */
#include "world.h"

static int setup(void **state)
{
	*state = world_new();
	return 0;
}

static int teardown(void **state)
{
	world_free(*state);
	return 0;
}

/* The thread of the core never copies configuration bytes while they change */
static void test_config_bytes(void **state)
{
	struct vepf_function *f = *state;

	assert_int_equal(world_bind(f), 0);
	assert_int_equal(world_set(f, -1, "host_size", "80x24"), 0);
	assert_int_equal(world_set(f, -1, "endpoint_size", "132x50"), 0);
	assert_int_equal(f->config_changes, 2);
	assert_int_equal(f->config[VEPF_HOST][0], 80);
	assert_int_equal(f->config[VEPF_HOST][4], 80);
	assert_int_equal(f->config[VEPF_ENDPOINT][0], 132);
}

/* Whoever waits for a port has it open as soon as there is its device */
static void test_opened_at_once(void **state)
{
	struct vepf_function *f = *state;

	f->hasty = true;
	assert_int_equal(world_set(f, -1, "backend", "direct"), 0);
	assert_int_equal(world_mkdir(f, 2), 0);
	assert_int_equal(world_bind(f), 0);
	assert_int_equal(world_set(f, 2, "enable", "1"), 0);
	world_settle(f);
	assert_true(f->open[VEPF_ENDPOINT][2]);
	/* Also one that has come instead of another one */
	assert_int_equal(world_set(f, 2, "enable", "0"), 0);
	assert_int_equal(world_set(f, 2, "enable", "1"), 0);
	world_settle(f);
	assert_true(f->open[VEPF_ENDPOINT][2]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_config_bytes, setup, teardown),
		cmocka_unit_test_setup_teardown(test_opened_at_once, setup, teardown),
	};

	return cmocka_run_group_tests_name("settings", tests, NULL, NULL);
}
