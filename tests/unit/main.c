// SPDX-License-Identifier: GPL-2.0
/*
 * Runs all unit tests, or the groups named on the command line
 */
#include <stdio.h>
#include <string.h>

#include "tests.h"

static const struct {
	const char *name;
	int (*run)(void);
} groups[] = {
	{ "regs", test_regs },
	{ "ring", test_ring },
	{ "ports", test_ports },
};

#define NUM_GROUPS	(sizeof(groups) / sizeof(*groups))

int main(int argc, char **argv)
{
	int failed = 0, known, i;
	unsigned int g;

	for (i = 1; i < argc; i++) {
		known = 0;
		for (g = 0; g < NUM_GROUPS; g++)
			known |= !strcmp(argv[i], groups[g].name);
		if (!known) {
			fprintf(stderr, "unit: no group '%s'; there are: regs ring ports\n",
				argv[i]);
			return 2;
		}
	}
	for (g = 0; g < NUM_GROUPS; g++) {
		known = argc < 2;
		for (i = 1; i < argc; i++)
			known |= !strcmp(argv[i], groups[g].name);
		if (known)
			failed += groups[g].run() != 0;
	}
	return failed != 0;
}
