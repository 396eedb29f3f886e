/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The world around pcie-cable: time, waiting, sockets, other processes
 *
 * The program's own main.c, options.c, log.c, aside.c, sock.c and peer.c are not linked.  Nothing
 * waits: when there is nothing to do, the loop asks server_idle(), which makes
 * something happen, lets time pass or stops the loop.
 */
#ifndef FUZZ_SERVER_ENV_H
#define FUZZ_SERVER_ENV_H

#include <stdbool.h>
#include <stdint.h>

#include "cable.h"

#define ENV_RAM_SIZE	(1 << 20)

extern int64_t env_now_ns;
extern bool env_private;	/* what peer_check_start() finds */
extern bool env_closing;	/* descriptors are being closed */
extern bool env_qmp_there;	/* somebody listens at the QMP socket */
extern int env_qmp_peer;	/* the other end of what the program has connected to; -1: none */

/*
 * Once: a file that is the host's RAM, whose path is returned.  It stays; the sandbox has a
 * /dev/shm for each run.
 */
const char *env_init(int *ram_fd);

/* Nothing is ready; the program would wait for so long, -1: for ever */
void server_idle(int timeout_ms);

/* How many descriptors below 256 are open */
unsigned int env_count_fds(void);

/* Connections that were not freed */
unsigned int env_count_conns(void);

#endif /* FUZZ_SERVER_ENV_H */
