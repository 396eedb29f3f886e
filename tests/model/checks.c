// SPDX-License-Identifier: GPL-2.0
/*
 * Host programs against the register engine, in all interleavings
 *
 * A budget is the largest time, in eighths of a round trip of the host, between
 * the beginning of a pass and the end of the next with which every interleaving
 * ends well.  One more must find a counterexample: this keeps the table
 * honest, and shows that the search finds errors.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <linux/bits.h>

#include "checks.h"
#include "explore.h"
#include "linux.h"
#include "others.h"

unsigned int num_checks;

static struct host host;
static struct world_setup setup;

static void prepare(const struct program *p, unsigned int queues)
{
	host_expand(&host, p, queues);
	world_setup_init(&setup, &host);
}

/* The driver that must succeed whatever came before; it has the same device */
static const struct world_setup *recovery(const struct program *p, unsigned int queues)
{
	static struct host h;
	static struct world_setup s;
	const struct program last = {
		.steps = linux_recover, .find_vqs = linux_each, .device = p->device,
	};

	host_expand(&h, &last, queues);
	world_setup_init(&s, &h);
	return &s;
}

static unsigned int failed(const char *name, unsigned int queues, const char *what,
			   const struct violation *v)
{
	if (v)
		printf("FAILED: %s, %u queues, %s: O%u: %s\n", name, queues, what, v->property,
		       v->text);
	else
		printf("FAILED: %s, %u queues: %s\n", name, queues, what);
	return 1;
}

/* Budgets */

static void print_budget(unsigned int budget, unsigned int explored)
{
	printf(" %s%.2f |", budget & AT_LEAST ? "≥ " : "", explored / (double)HOST_RTT);
}

static unsigned int check_budget(const struct program *p, unsigned int queues,
				 unsigned long *states, const char **limit)
{
	unsigned int budget = p->budget[queues - 1];
	struct search search = {
		.s = &setup, .mode = SEARCH_TIMED, .budget = budget & ~AT_LEAST,
		.properties = ALL_PROPERTIES,
	};
	struct findings found, more;

	if (!budget) {
		printf(" not searched |");
		return 0;
	}
	num_checks++;
	prepare(p, queues);
	if (queues > 1 && !(budget & AT_LEAST) && search.budget < p->floor)
		return failed(p->name, queues, "the budget is below the least allowed", NULL);
	found = explore(&search);
	*states += found.states;
	print_budget(budget, search.budget);
	fflush(stdout);
	if (found.error)
		return failed(p->name, queues, "within the budget", found.error);
	if (budget & AT_LEAST)
		return 0;

	search.budget++;
	more = explore(&search);
	*states += more.states;
	if (!more.error)
		return failed(p->name, queues, "the budget is larger than that", NULL);
	*limit = more.error->text;
	return 0;
}

unsigned int check_budgets(void)
{
	unsigned int i, queues, bad = 0;

	printf("| program | 1 queue | 2 | 3 | 4 | 5 | 6 | states | beyond |\n");
	printf("|---|---|---|---|---|---|---|---|---|\n");
	for (i = 0; i < num_programs; i++) {
		const char *limit = "not searched";
		unsigned long states = 0;

		printf("| %s |", programs[i].name);
		for (queues = 1; queues <= HOST_MAX_QUEUES; queues++)
			bad += check_budget(&programs[i], queues, &states, &limit);
		printf(" %lu | %s |\n", states, limit);
		fflush(stdout);
	}
	return bad;
}

/* One, two, ... whole passes behind each step of the host */
unsigned int check_lockstep(void)
{
	unsigned int i, queues, passes, bad = 0;

	for (i = 0; i < num_programs; i++) {
		for (queues = 1; queues <= HOST_MAX_QUEUES; queues++) {
			num_checks++;
			prepare(&programs[i], queues);
			for (passes = 1; passes <= 4; passes++) {
				struct findings found = lockstep(&setup, passes);

				if (!found.error)
					continue;
				bad += failed(programs[i].name, queues, "passes behind each step",
					      found.error);
				break;
			}
		}
	}
	printf("Lockstep, 1 to 4 passes behind each step: %u programs, 1 to %u queues\n",
	       num_programs, HOST_MAX_QUEUES);
	return bad;
}

/* Whether MSI-X is on becomes known at any time after it was switched, or not at all */
unsigned int check_stale_msix(void)
{
	static const char *const keys[] = {
		"each-real", "rebind-each", "each-first", "reboot-shared",
	};
	unsigned long states = 0;
	unsigned int i, bad = 0;

	for (i = 0; i < sizeof(keys) / sizeof(*keys); i++) {
		struct search search = {
			.s = &setup, .budget = 7, .properties = ALL_PROPERTIES,
		};
		struct findings found;

		num_checks++;
		prepare(find_program(keys[i]), 2);
		setup.stale_msix = true;
		found = explore(&search);
		states += found.states;
		if (found.error)
			bad += failed(keys[i], 2, "MSI-X is known late", found.error);
	}
	printf("MSI-X known at any time later: %u programs, 2 queues, 0.88: %lu states\n", i,
	       states);
	return bad;
}

/*
 * Memory that keeps the order of writes to each word only: the queue's word
 * is a pass late.  This is what passes between DRIVER_OK and LIVE are for.
 */
unsigned int check_late_word(void)
{
	static const struct step up[] = { DO(new_ipxe), SYNC, END };
	const struct program p = { .steps = up, .device = &any_device };
	struct search search = { .s = &setup, .budget = 7, .properties = ALL_PROPERTIES };
	unsigned int queues, passes, bad = 0;
	unsigned long states = 0;

	for (queues = 1; queues <= 4; queues++) {
		struct findings found = { 0 };

		num_checks++;
		prepare(&p, queues);
		setup.late = true;
		for (passes = 1; passes <= 3 && !found.error; passes++)
			found = lockstep(&setup, passes);
		if (!found.error)
			found = explore(&search);
		states += found.states;
		if (found.error)
			bad += failed("iPXE since 2026", queues, "queue word late", found.error);
	}
	printf("Queue word a pass late: iPXE since 2026, 1 to 4 queues, 0.88: %lu states\n",
	       states);
	return bad;
}

/*
 * Any time between passes, but less than a round trip in one, since interrupts are off:
 * what passive memory cannot do ends an interleaving, and no more
 */
unsigned int check_untimed(unsigned int max_queues)
{
	unsigned long states = 0, recovered = 0, ended[NUM_LIMITS] = { 0 };
	unsigned int i, queues, limit, bad = 0;

	for (i = 0; i < num_programs; i++) {
		for (queues = 1; queues <= max_queues; queues++) {
			struct search search = {
				.s = &setup, .mode = SEARCH_UNTIMED,
				.properties = ALL_PROPERTIES,
				.allowed = BIT(P1) | BIT(P3) | BIT(P4),
				.recovery = recovery(&programs[i], queues),
			};
			struct findings found;

			num_checks++;
			prepare(&programs[i], queues);
			found = explore(&search);
			states += found.states;
			recovered += found.recovered;
			for (limit = 0; limit < NUM_LIMITS; limit++)
				ended[limit] += found.ended[limit];
			if (found.error)
				bad += failed(programs[i].name, queues, "any gap", found.error);
		}
	}
	printf("Any gap between passes: %u programs, 1 to %u queues: %lu states;", num_programs,
	       max_queues, states);
	printf(" ended by P1: %lu, P3: %lu, P4: %lu;", ended[P1], ended[P3], ended[P4]);
	printf(" a driver succeeds from %lu states of the engine\n", recovered);
	return bad;
}

unsigned int check_properties(u32 properties, const struct program *only)
{
	unsigned int i, mode, bad = 0;

	for (i = 0; i < num_programs && !bad; i++) {
		if (only && only != &programs[i])
			continue;
		for (mode = SEARCH_TIMED; mode <= SEARCH_UNTIMED && !bad; mode++) {
			struct search search = {
				.s = &setup, .mode = mode,
				.budget = programs[i].budget[1] & ~AT_LEAST,
				.properties = properties,
				.allowed = mode == SEARCH_UNTIMED ? BIT(P1) | BIT(P3) | BIT(P4) : 0,
				.recovery = recovery(&programs[i], 2),
			};
			struct findings found;

			prepare(&programs[i], 2);
			found = explore(&search);
			if (found.error)
				bad += failed(programs[i].name, 2, "short run", found.error);
		}
	}
	return bad;
}
