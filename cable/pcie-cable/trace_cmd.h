/* SPDX-License-Identifier: GPL-2.0 */
/*
 * trace_cmd: "pcie-cable trace FILE...", which prints a trace or converts it
 *
 * Offered to:	main
 */
#ifndef CABLE_TRACE_CMD_H
#define CABLE_TRACE_CMD_H

/* @argv begins with the word "trace"; the exit code. */
int trace_main(int argc, char **argv);

#endif /* CABLE_TRACE_CMD_H */
