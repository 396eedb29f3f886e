/* SPDX-License-Identifier: GPL-2.0 */
/*
 * ctl: "pcie-cable ctl PATH COMMAND...", the other end of the control socket
 *
 * Offered to:	main
 */
#ifndef CABLE_CTL_H
#define CABLE_CTL_H

/* @argv are PATH and the words of the command; the exit code. */
int ctl_main(int argc, char **argv);

#endif /* CABLE_CTL_H */
