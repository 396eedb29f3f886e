// SPDX-License-Identifier: GPL-2.0
/*
 * The model checker: all checks, or one thing that is asked for
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <linux/bits.h>

#include "checks.h"
#include "explore.h"

/* Searches without clocks: more queues have too many states for the time there is */
#define MANY_QUEUES	2

#define TRACES		"--traces="

static int usage(void)
{
	fprintf(stderr,
		"Usage: model [--small]                 all checks, or fewer states of them\n"
		"       model O1 ...                    a short run; only these properties count\n"
		"       model PROGRAM                   a short run of one program\n"
		"       model --list                    the names of all programs\n"
		"       model --traces=DIR              compare traces of real drivers with programs\n"
		"       model --print PROGRAM QUEUES    what the host does, one access a line\n"
		"       model --budget PROGRAM QUEUES   the largest budget, and what is beyond\n");
	return 2;
}

static int list(void)
{
	unsigned int i;

	for (i = 0; i < num_programs; i++)
		printf("%-16s %s\n", programs[i].key, programs[i].name);
	return 0;
}

/* Searches up to @budget; the first counterexample is printed */
static int measure(const struct host *host)
{
	struct search search = { .properties = ALL_PROPERTIES };
	struct world_setup s;

	world_setup_init(&s, host);
	search.s = &s;
	for (search.budget = 1; search.budget < AT_LEAST; search.budget++) {
		struct findings found = explore(&search);

		if (found.error)
			break;
		printf("%2u/8 of a round trip: %lu states\n", search.budget, found.states);
	}
	search.verbose = true;
	explore(&search);
	return 0;
}

static int one(const char *what, const char *key, const char *count)
{
	const struct program *p = find_program(key);
	unsigned long queues = strtoul(count, NULL, 10);
	static struct host host;

	if (!p || !queues || queues > HOST_MAX_QUEUES) {
		fprintf(stderr, "model: no such program (see --list), or not 1 to %u queues\n",
			HOST_MAX_QUEUES);
		return 2;
	}
	host_expand(&host, p, queues);
	if (!strcmp(what, "--print")) {
		host_print(&host);
		return 0;
	}
	return measure(&host);
}

static int properties(int argc, char **argv)
{
	const struct program *p = find_program(argv[1]);
	u32 mask = 0;
	int i;

	if (p && argc == 2)
		return check_properties(ALL_PROPERTIES, p) != 0;
	for (i = 1; i < argc; i++) {
		if (argv[i][0] != 'O' || argv[i][1] < '1' || argv[i][1] > '7' || argv[i][2])
			return usage();
		mask |= BIT(argv[i][1] - '0');
	}
	return check_properties(mask, NULL) != 0;
}

static int all(bool small)
{
	unsigned int failed, queues = small ? 1 : MANY_QUEUES;

	failed = check_lockstep();
	failed += check_hostile();
	failed += check_late_word();
	failed += check_faults(queues, 1);
	failed += check_untimed(queues);
	if (!small) {
		failed += check_stale_msix();
		failed += check_budgets();
	}
	printf("model: %.0f s of processor time\n", (double)clock() / CLOCKS_PER_SEC);
	printf("%u passed, %u failed\n", num_checks - failed, failed);
	return failed != 0;
}

static int traces(const char *dir)
{
	unsigned int failed = check_traces(dir);

	printf("%u passed, %u failed\n", num_checks - failed, failed);
	return failed != 0;
}

int main(int argc, char **argv)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc == 1)
		return all(false);
	if (argc == 2 && !strcmp(argv[1], "--small"))
		return all(true);
	if (argc == 2 && !strcmp(argv[1], "--list"))
		return list();
	if (argc == 2 && !strncmp(argv[1], TRACES, strlen(TRACES)))
		return traces(argv[1] + strlen(TRACES));
	if (argc == 4 && (!strcmp(argv[1], "--print") || !strcmp(argv[1], "--budget")))
		return one(argv[1], argv[2], argv[3]);
	return properties(argc, argv);
}
