/* SPDX-License-Identifier: GPL-2.0 */
/*
 * host_fn: a function that the host machine sees
 *
 * Offered to:	cable (vfu_ops of the host's connections), link (up, down, reset), ep_atu
 *		and ep_dma (what it may send), and host_irq (its interrupts).
 *
 * While the link is down every read gives all-ones and writes are dropped.
 * While it is up, BAR accesses land in the endpoint's RAM.
 */
#ifndef CABLE_HOST_FN_H
#define CABLE_HOST_FN_H

#include <stdbool.h>
#include <stdint.h>

#include "fn_setup.h"
#include "link_model.h"
#include "pci_config.h"
#include "peer.h"
#include "vfu_conn.h"

struct cable;

/**
 * struct host_fn - one function, and the host's connection for it
 * @cable: it is one of @cable->host
 * @number: index there, and number of the function
 * @name: of @conn, in messages
 * @conn: NULL: the host has no device for it
 * @shape: as the host has realized it
 * @cfg: its configuration space
 * @intx: asserted by the endpoint; see host_irq
 * @been_up: the link was up with @conn
 * @touched: used by the host since its last reset
 * @seen_ram: the host has mapped the RAM file
 * @translated: an IOMMU of the host's translates what it sends
 * @ram_check: does its QEMU share it?
 * @wrote: to a BAR, with no read since
 * @held_since: a read waits since then; 0: none does
 * @held_run: how long the endpoint's QEMU had run by then
 */
struct host_fn {
	struct cable *cable;
	unsigned int number;
	char name[32];
	struct vfu_conn *conn;
	struct fn_setup shape;
	struct pci_config cfg;
	bool intx;
	bool been_up;
	bool touched;
	bool seen_ram;
	bool translated;
	struct peer_check ram_check;
	bool wrote;
	int64_t held_since;
	struct peer_run held_run;
};

extern const struct vfu_ops host_fn_ops;	/* dev is the struct host_fn */

/*
 * Where a host connects for function @n, given the path for the first one: that, or with
 * the number behind it, as in PATH.1.  To be freed; NULL: no memory.
 */
char *host_fn_socket(const char *path, unsigned int n);

void host_fn_init(struct host_fn *host, struct cable *cable, unsigned int number);

/* A host has connected that realizes the function as @fn says. */
void host_fn_connected(struct host_fn *host, struct vfu_conn *conn, const struct fn_setup *fn);

/* The link comes up with the function @fn; its registers start from zero. */
void host_fn_link_up(struct host_fn *host, const struct fn_setup *fn);

/* Registers as after a reset of the function.  Had the host used it since the last one? */
bool host_fn_reset(struct host_fn *host);

/* Is the link up, and the function one of those that it shows? */
bool host_fn_is_up(const struct host_fn *host);

/*
 * Does the configuration space answer: is it up, or has a host connected for it that has
 * not done so for all others yet?  For a QEMU that finds all-ones where it looks for
 * capabilities never ends.
 */
bool host_fn_has_config(const struct host_fn *host);

/* May the function send requests: it is up, bus mastering enabled? */
bool host_fn_may_master(const struct host_fn *host);

/*
 * Bytes of payload in a packet, and that a read of the function asks for: what the link
 * model says, else what the host has set
 */
uint32_t host_fn_payload(const struct host_fn *host);
uint32_t host_fn_read_request(const struct host_fn *host);

/* Read Completion Boundary: of the host (it tells), and of every function (2.3.1.1) */
uint32_t host_fn_completion_boundary(const struct host_fn *host);
#define FN_COMPLETION_BOUNDARY	128

/* Where the host has a BAR */
uint64_t host_fn_bar_address(const struct host_fn *host, unsigned int bar);

#endif /* CABLE_HOST_FN_H */
