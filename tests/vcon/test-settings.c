// SPDX-License-Identifier: GPL-2.0
/*
 * Settings of a console: what is accepted has an effect, what has none is rejected
 */
#include "world.h"

static u32 seed;

static unsigned int rnd(unsigned int n)
{
	seed = seed * 1664525 + 1013904223;
	return (seed >> 8) % n;
}

static void assert_said(const char *word)
{
	if (!strstr(fake_message, word))
		fail_msg("\"%s\" does not name %s", fake_message, word);
}

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
	struct epfv_function *f = *state;

	assert_int_equal(world_bind(f), 0);
	assert_int_equal(world_set(f, -1, "host_size", "80x24"), 0);
	assert_int_equal(world_set(f, -1, "endpoint_size", "132x50"), 0);
	assert_int_equal(f->config_changes, 2);
	assert_int_equal(f->config[EPFV_HOST][0], 80);
	assert_int_equal(f->config[EPFV_HOST][4], 80);
	assert_int_equal(f->config[EPFV_ENDPOINT][0], 132);
}

/* Whoever waits for a port has it open as soon as there is its device */
static void test_opened_at_once(void **state)
{
	struct epfv_function *f = *state;

	f->hasty = true;
	assert_int_equal(world_set(f, -1, "backend", "direct"), 0);
	assert_int_equal(world_mkdir(f, 2), 0);
	assert_int_equal(world_bind(f), 0);
	assert_int_equal(world_set(f, 2, "enable", "1"), 0);
	world_settle(f);
	assert_true(f->open[EPFV_ENDPOINT][2]);
	/* Also one that has come instead of another one */
	assert_int_equal(world_set(f, 2, "enable", "0"), 0);
	assert_int_equal(world_set(f, 2, "enable", "1"), 0);
	world_settle(f);
	assert_true(f->open[EPFV_ENDPOINT][2]);
}

/* With ports, the terminal's size is a setting of each of them */
static void test_size_of_function(void **state)
{
	static const char * const names[] = { "host_size", "endpoint_size" };
	struct epfv_function *f = *state;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(names); i++) {
		assert_int_equal(world_set(f, -1, names[i], "80x24"), 0);
		/* It may be meant to go with one that is made next */
		assert_int_equal(world_mkdir(f, 0), 0);
		assert_int_equal(world_bind(f), -EINVAL);
		assert_said(names[i]);
		assert_said("ports/");
		assert_int_equal(world_set(f, -1, names[i], "132x50"), -EINVAL);
		assert_said(names[i]);
		assert_said("ports/");
		assert_string_equal(world_get(f, -1, names[i]), "80x24");
		assert_int_equal(world_set(f, -1, names[i], "0x0"), 0);
		assert_int_equal(world_bind(f), 0);
		assert_int_equal(world_set(f, -1, names[i], "80x24"), -EINVAL);
		assert_int_equal(world_set(f, -1, names[i], "0x0"), 0);
		world_unbind(f);
		world_rmdir(f, 0);
		/* A function may have ports before there is one */
		assert_int_equal(world_set(f, -1, "max_ports", "4"), 0);
		assert_int_equal(world_set(f, -1, names[i], "80x24"), -EINVAL);
		assert_said("ports/");
		assert_int_equal(world_set(f, -1, "max_ports", "0"), 0);
	}
	/* One that is bound without ports has none, whatever is made for the next time */
	assert_int_equal(world_bind(f), 0);
	assert_int_equal(world_mkdir(f, 0), 0);
	assert_int_equal(world_set(f, -1, "host_size", "80x24"), 0);
	assert_int_equal(f->config[EPFV_HOST][0], 80);
	world_unbind(f);
	assert_int_equal(world_bind(f), -EINVAL);
}

/* A port that is no console has no terminal */
static void test_size_of_port(void **state)
{
	struct epfv_function *f = *state;

	assert_int_equal(world_mkdir(f, 1), 0);
	/* It may become one */
	assert_int_equal(world_set(f, 1, "host_size", "80x24"), 0);
	assert_int_equal(world_set(f, 1, "enable", "1"), -EINVAL);
	assert_said("port 1");
	assert_said("console");
	assert_int_equal(world_set(f, 1, "console", "1"), 0);
	assert_int_equal(world_set(f, 1, "enable", "1"), 0);
	assert_int_equal(world_set(f, 1, "endpoint_size", "80x24"), 0);
	assert_int_equal(world_set(f, 1, "enable", "0"), 0);
	assert_int_equal(world_set(f, 1, "console", "0"), 0);
	assert_int_equal(world_set(f, 1, "enable", "1"), -EINVAL);
	assert_int_equal(world_set(f, 1, "host_size", "0x0"), 0);
	assert_int_equal(world_set(f, 1, "enable", "1"), -EINVAL);
	assert_int_equal(world_set(f, 1, "endpoint_size", "0x0"), 0);
	assert_int_equal(world_set(f, 1, "enable", "1"), 0);
	assert_int_equal(world_set(f, 1, "endpoint_size", "80x24"), -EINVAL);
	assert_said("port 1");
	assert_said("console");
	assert_int_equal(world_set(f, 1, "endpoint_size", "0x0"), 0);
}

#define PORTS	3

/* What is set is what the drivers of a bound function are told */
static void check_effect(struct epfv_function *f)
{
	struct vcon *vcon = f->vcon;
	unsigned int i, side;

	if (!f->bound)
		return;
	for (side = VCON_HOST; side <= VCON_ENDPOINT; side++) {
		struct vcon_size size = vcon->size[side];

		if (vcon->type.control_feature)
			assert_int_equal(size.cols | size.rows, 0);
		else
			assert_int_equal(f->config[side][0] | f->config[side][1] << 8, size.cols);
	}
	for (i = 0; i < PORTS; i++) {
		const struct vcon_setting *s = vcon->setting[i];

		assert_int_equal(vcon->ports.port[i].present, s && s->enabled);
		if (!s || !s->enabled)
			continue;
		assert_int_equal(vcon->ports.port[i].console, s->console);
		for (side = VCON_HOST; side <= VCON_ENDPOINT; side++) {
			assert_memory_equal(&vcon->ports.port[i].end[side].size, &s->size[side],
					    sizeof(s->size[side]));
			if (!s->console)
				assert_int_equal(s->size[side].cols | s->size[side].rows, 0);
		}
	}
}

static void anything(struct epfv_function *f)
{
	static const char * const sizes[] = { "0x0", "80x24", "200x50" };
	const char *size = sizes[rnd(3)];
	unsigned int id = rnd(PORTS);
	bool there = f->vcon->setting[id];

	switch (rnd(10)) {
	case 0:
		if (there)
			world_rmdir(f, id);
		else
			world_mkdir(f, id);
		break;
	case 1:
		world_set(f, -1, rnd(2) ? "host_size" : "endpoint_size", size);
		break;
	case 2:
		world_set(f, -1, "max_ports", rnd(2) ? "0" : "2");
		break;
	case 3:
		world_set(f, -1, "backend", rnd(2) ? "bridge" : "direct");
		break;
	case 4:
		if (f->bound)
			world_unbind(f);
		else
			world_bind(f);
		break;
	case 5:
		if (there)
			world_set(f, id, "console", rnd(2) ? "1" : "0");
		break;
	case 6 ... 7:
		if (there)
			world_set(f, id, rnd(2) ? "host_size" : "endpoint_size", size);
		break;
	case 8:
		if (there)
			world_set(f, id, "enable", rnd(4) ? "1" : "0");
		break;
	case 9:
		world_settle(f);
	}
	check_effect(f);
}

/* Whatever is written in whatever order */
static void test_any_order(void **state)
{
	struct epfv_function *f;
	unsigned int i, n;

	(void)state;
	for (i = 0; i < 2000; i++) {
		seed = i;
		f = world_new();
		for (n = 0; n < 300; n++)
			anything(f);
		world_free(f);
	}
}

static void add_consoles(struct epfv_function *f, unsigned int num)
{
	unsigned int i;

	for (i = 0; i < num; i++) {
		assert_int_equal(world_mkdir(f, i), 0);
		assert_int_equal(world_set(f, i, "console", "1"), 0);
		assert_int_equal(world_set(f, i, "enable", "1"), 0);
	}
}

/* Which terminals the endpoint has is known of those that the function makes itself */
static void test_terminals(void **state)
{
	struct epfv_function *f = *state;
	unsigned int i;
	char name[8];

	assert_int_equal(world_set(f, -1, "backend", "direct"), 0);
	f->others = BIT(1);
	add_consoles(f, WORLD_TERMINALS);
	assert_string_equal(world_get(f, 0, "endpoint_terminal"), "none");
	assert_int_equal(world_bind(f), 0);
	world_settle(f);
	assert_string_equal(world_get(f, 0, "endpoint_terminal"), "hvc0");
	for (i = 1; i < WORLD_TERMINALS - 1; i++) {
		snprintf(name, sizeof(name), "hvc%u", i + 1);
		assert_string_equal(world_get(f, i, "endpoint_terminal"), name);
	}
	assert_string_equal(world_get(f, i, "endpoint_terminal"), "none");
	assert_int_equal(fake_warnings, 1);
	assert_said("port 7");
	assert_said("/dev/hvc7");
	/* One that becomes free is for the next console that is enabled */
	assert_int_equal(world_set(f, 2, "enable", "0"), 0);
	world_settle(f);
	assert_string_equal(world_get(f, 2, "endpoint_terminal"), "none");
	assert_int_equal(world_set(f, i, "enable", "0"), 0);
	assert_int_equal(world_set(f, i, "enable", "1"), 0);
	world_settle(f);
	assert_string_equal(world_get(f, i, "endpoint_terminal"), "hvc3");
	/* One that is no console has none, and that is nothing to tell of */
	assert_int_equal(world_set(f, 2, "console", "0"), 0);
	assert_int_equal(world_set(f, 2, "enable", "1"), 0);
	world_settle(f);
	assert_string_equal(world_get(f, 2, "endpoint_terminal"), "none");
	assert_int_equal(fake_warnings, 1);
	world_unbind(f);
	assert_string_equal(world_get(f, 0, "endpoint_terminal"), "none");
}

/* Of those that the endpoint's driver makes it is known how many there can be */
static void test_terminals_of_driver(void **state)
{
	struct epfv_function *f = *state;
	unsigned int i, n;

	add_consoles(f, WORLD_TERMINALS + 1);
	for (n = 0; n < 2; n++) {
		assert_int_equal(world_bind(f), 0);
		for (i = 0; i < WORLD_TERMINALS; i++)
			assert_string_equal(world_get(f, i, "endpoint_terminal"),
					    "virtio_console");
		assert_string_equal(world_get(f, i, "endpoint_terminal"), "none");
		assert_int_equal(fake_warnings, n + 1);
		assert_said("port 8");
		assert_said("/dev/hvc7");
		world_unbind(f);
	}
	assert_int_equal(world_bind(f), 0);
	fake_warnings = 0;
	assert_int_equal(world_set(f, 3, "enable", "0"), 0);
	assert_int_equal(world_set(f, 8, "enable", "0"), 0);
	assert_int_equal(world_set(f, 8, "enable", "1"), 0);
	assert_string_equal(world_get(f, 8, "endpoint_terminal"), "virtio_console");
	assert_int_equal(fake_warnings, 0);
	assert_int_equal(world_set(f, 3, "enable", "1"), 0);
	assert_string_equal(world_get(f, 3, "endpoint_terminal"), "none");
	assert_int_equal(fake_warnings, 1);
	world_rmdir(f, 8);
	assert_int_equal(world_set(f, 3, "enable", "0"), 0);
	assert_int_equal(world_set(f, 3, "enable", "1"), 0);
	assert_string_equal(world_get(f, 3, "endpoint_terminal"), "virtio_console");
}

/* A function without ports has one console */
static void test_terminal_of_function(void **state)
{
	struct epfv_function *f = *state;

	assert_string_equal(world_get(f, -1, "endpoint_terminal"), "none");
	assert_int_equal(world_bind(f), 0);
	assert_string_equal(world_get(f, -1, "endpoint_terminal"), "virtio_console");
	world_unbind(f);
	assert_int_equal(world_set(f, -1, "backend", "direct"), 0);
	f->others = BIT(0);
	assert_int_equal(world_bind(f), 0);
	assert_string_equal(world_get(f, -1, "endpoint_terminal"), "hvc1");
	world_unbind(f);
	f->others = 0xff;
	assert_int_equal(world_bind(f), 0);
	assert_string_equal(world_get(f, -1, "endpoint_terminal"), "none");
	assert_int_equal(fake_warnings, 1);
	world_unbind(f);
	assert_int_equal(world_mkdir(f, 0), 0);
	assert_string_equal(world_get(f, -1, "endpoint_terminal"), "see ports/");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_config_bytes, setup, teardown),
		cmocka_unit_test_setup_teardown(test_opened_at_once, setup, teardown),
		cmocka_unit_test_setup_teardown(test_size_of_function, setup, teardown),
		cmocka_unit_test_setup_teardown(test_size_of_port, setup, teardown),
		cmocka_unit_test(test_any_order),
		cmocka_unit_test_setup_teardown(test_terminals, setup, teardown),
		cmocka_unit_test_setup_teardown(test_terminals_of_driver, setup, teardown),
		cmocka_unit_test_setup_teardown(test_terminal_of_function, setup, teardown),
	};

	return cmocka_run_group_tests_name("settings", tests, NULL, NULL);
}
