/* SPDX-License-Identifier: GPL-2.0 */
/*
 * peer: what the process at the other end of a socket does
 *
 * Offered to:	host_fn and ep_ctrl, for RAM that comes with a file but is not
 *		shared.  QEMU sends the file of a memory backend with share=off too,
 *		and then works on private copies of its pages.
 */
#ifndef CABLE_PEER_H
#define CABLE_PEER_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Does the peer of @sock have @fd's file mapped privately, and not shared?
 * From /proc/PID/maps (proc_pid_maps(5)); false also when that cannot be read.
 */
bool peer_maps_privately(int sock, int fd);

/* Processor time that the peer of @sock has used so far, in nanoseconds; -1: unknown */
int64_t peer_cpu_ns(int sock);

#endif /* CABLE_PEER_H */
