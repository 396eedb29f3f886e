// SPDX-License-Identifier: GPL-2.0
/*
 * Rings, drivers and endpoints that are searched
 *
 *	ring-model [-q | -1]	-q: only those with few states; -1: none behind the first
 *				that fails
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "world.h"

#define WEAK		.weak = true

static const struct setup setups[] = {
	{ "from the host, one buffer at a time", .num = 2, WEAK, .num_queues = 1, .quick = true,
	  .q = { { .messages = 4, .buffers = 1, .chain = 1 } } },
	{ "to the host, one buffer at a time", .num = 2, WEAK, .num_queues = 1, .quick = true,
	  .q = { { .to_host = true, .messages = 3, .buffers = 1, .chain = 1 } } },

	{ "from the host, ring of 2 is full", .num = 2, WEAK, .num_queues = 1,
	  .q = { { .messages = 5, .buffers = 2, .chain = 1 } } },
	{ "to the host, ring of 2 is full", .num = 2, WEAK, .num_queues = 1,
	  .q = { { .to_host = true, .messages = 4, .buffers = 2, .chain = 1 } } },
	{ "from the host, a chain fills the ring", .num = 2, WEAK, .num_queues = 1, .quick = true,
	  .q = { { .messages = 4, .buffers = 1, .chain = 2 } } },
	{ "to the host, a chain fills the ring", .num = 2, WEAK, .num_queues = 1, .quick = true,
	  .q = { { .to_host = true, .messages = 3, .buffers = 1, .chain = 2 } } },

	{ "from the host, 3 buffers of 1 or 2", .num = 4, WEAK, .num_queues = 1,
	  .q = { { .messages = 5, .buffers = 3 } } },
	{ "to the host, 3 buffers of 1 or 2", .num = 4, WEAK, .num_queues = 1,
	  .q = { { .to_host = true, .messages = 4, .buffers = 3 } } },
	{ "to the host, 2 buffers of 1 or 2, in order", .num = 4, .num_queues = 1,
	  .q = { { .to_host = true, .messages = 5, .buffers = 2 } } },

	{ "from the host, interrupts always on", .num = 2, WEAK, .num_queues = 1,
	  .q = { { .messages = 4, .buffers = 2, .chain = 1, .callbacks = CB_ON } } },
	{ "to the host, interrupts always on", .num = 2, WEAK, .num_queues = 1,
	  .q = { { .to_host = true, .messages = 3, .buffers = 2, .chain = 1,
		   .callbacks = CB_ON } } },
	{ "from the host, interrupts toggled", .num = 2, WEAK, .num_queues = 1,
	  .q = { { .messages = 3, .buffers = 2, .chain = 1, .toggles = 2 } } },
	{ "to the host, interrupts toggled", .num = 2, WEAK, .num_queues = 1,
	  .q = { { .to_host = true, .messages = 3, .buffers = 2, .chain = 1, .toggles = 2 } } },
	{ "from the host, it spins", .num = 4, WEAK, .num_queues = 1, .quick = true,
	  .q = { { .messages = 6, .buffers = 1, .callbacks = CB_SPIN } } },

	{ "from the host, it stops and resumes", .num = 2, WEAK, .num_queues = 1,
	  .q = { { .messages = 4, .buffers = 2, .chain = 1, .host_stops = true } } },
	{ "to the host, it stops and resumes", .num = 2, WEAK, .num_queues = 1,
	  .q = { { .to_host = true, .messages = 3, .buffers = 2, .chain = 1,
		   .host_stops = true } } },
	{ "from the host, the endpoint stops and resumes", .num = 2, WEAK, .num_queues = 1,
	  .q = { { .messages = 4, .buffers = 2, .chain = 1, .endpoint_stops = true } } },
	{ "from a host that spins, the endpoint stops and resumes", .num = 4, WEAK,
	  .num_queues = 1, .quick = true,
	  .q = { { .messages = 4, .buffers = 1, .callbacks = CB_SPIN,
		   .endpoint_stops = true } } },

	{ "both ways, one notify register", .num = 2, .num_queues = 2,
	  .q = { { .messages = 2, .buffers = 1, .chain = 1, .callbacks = CB_SPIN },
		 { .to_host = true, .messages = 2, .buffers = 2, .chain = 1,
		   .callbacks = CB_ON } } },
	{ "from the host on two queues, one notify register", .num = 2, .num_queues = 2,
	  .q = { { .messages = 2, .buffers = 1, .chain = 1 },
		 { .messages = 2, .buffers = 1, .chain = 1, .callbacks = CB_ON } } },
};

static unsigned long total;
static bool stop_at_first;

static void test_setup(void **state)
{
	const struct setup *s = *state;
	struct result res = explore(s, true);

	printf("%9lu states, %3lu ends, at most %u moves: %s\n", res.states, res.ends,
	       res.longest, s->name);
	fflush(stdout);
	total += res.states;
	if (res.error && stop_at_first) {
		fprintf(stderr, "--- ERROR: %s\n", res.error);
		exit(1);
	}
	if (res.error)
		fail_msg("%s", res.error);
}

int main(int argc, char **argv)
{
	bool quick = argc > 1 && !strcmp(argv[1], "-q");
	struct CMUnitTest tests[ARRAY_SIZE(setups)] = { 0 };
	unsigned int i, n = 0;
	int failed;

	stop_at_first = argc > 1 && !strcmp(argv[1], "-1");
	for (i = 0; i < ARRAY_SIZE(setups); i++) {
		if (quick && !setups[i].quick)
			continue;
		tests[n].name = setups[i].name;
		tests[n].test_func = test_setup;
		tests[n++].initial_state = (void *)&setups[i];
	}
	failed = _cmocka_run_group_tests(quick ? "ring-model, quick" : "ring-model", tests, n,
					 NULL, NULL);
	printf("%9lu states in all\n", total);
	return failed != 0;
}
