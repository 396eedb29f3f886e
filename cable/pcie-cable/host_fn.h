/* SPDX-License-Identifier: GPL-2.0 */
/*
 * host_fn: the function that the host machine sees
 *
 * Offered to:	cable (vfu_ops of the host's connection), link (up, down) and
 *		host_irq (its interrupts).
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

struct host_fn {
	struct vfu_conn *conn;		/* NULL: no host */
	struct fn_setup shape;		/* as that host has realized it */
	struct pci_config cfg;
	bool intx;			/* asserted by the endpoint; see host_irq */
	bool touched;			/* used by the host since its last reset */
	bool seen_ram;			/* the host has mapped the RAM file */
	bool wrote;			/* to a BAR, with no read since */
	int64_t held_since;		/* a read waits since then; 0: none does */
	struct peer_run held_run;	/* how long the endpoint's QEMU had run by then */
};

extern const struct vfu_ops host_fn_ops;	/* dev is the struct cable */

/* A host with @shape has connected. */
void host_fn_connected(struct host_fn *host, struct vfu_conn *conn,
		       const struct fn_setup *shape);

/* The link of @model comes up with the function @fn; its registers start from zero. */
void host_fn_link_up(struct host_fn *host, const struct fn_setup *fn,
		     const struct link_model *model);

/* May the function send requests: link up, bus mastering enabled? */
bool host_fn_may_master(const struct cable *cable);

/*
 * Bytes of payload in a packet, and that a read of the function asks for: what the link
 * model says, else what the host has set
 */
uint32_t host_fn_payload(const struct cable *cable);
uint32_t host_fn_read_request(const struct cable *cable);

/* Read Completion Boundary: of the host (it tells), and of every function (2.3.1.1) */
uint32_t host_fn_completion_boundary(const struct cable *cable);
#define FN_COMPLETION_BOUNDARY	128

/* Where the host has a BAR */
uint64_t host_fn_bar_address(const struct cable *cable, unsigned int bar);

#endif /* CABLE_HOST_FN_H */
