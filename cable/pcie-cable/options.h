/* SPDX-License-Identifier: GPL-2.0 */
/*
 * options: the command line of the program, as --help describes it
 *
 * Offered to:	main
 */
#ifndef CABLE_OPTIONS_H
#define CABLE_OPTIONS_H

#include "cable.h"

/* Also ends the program: with --help and --version, and where something is wrong. */
void options_parse(int argc, char **argv, struct cable_options *opt);

#endif /* CABLE_OPTIONS_H */
