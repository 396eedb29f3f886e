/* SPDX-License-Identifier: GPL-2.0 */
/*
 * link: is there a link, and who is told when that changes
 *
 * Offered to:	ep_ctrl (enable, disable), host_fn (reset, bus mastering, coming
 *		and going of the host) and control_cmd (forcing it down, hot reset).
 *
 *	enabled		the endpoint has set LINK_ENABLE with a valid setup
 *	forced_down	a control command holds it down, whatever the machines do
 *	up		enabled, not forced down, and a host is connected with all functions
 *			of the setup, each realized with the shape that it has there
 */
#ifndef CABLE_LINK_H
#define CABLE_LINK_H

#include <stdbool.h>
#include <stdint.h>

#include "fn_setup.h"

struct cable;

struct link {
	bool enabled;
	bool forced_down;
	bool up;
	bool waits_perst;		/* the endpoint starts anew with PERST# */
	bool starting;			/* it has not enabled the link since the last one */
	int64_t starting_since;
	unsigned int functions;		/* of the setup, a bit for each */
	struct fn_setup view[PCIE_CABLE_MAX_FUNCTIONS];	/* at the time of enabling */
};

/* Is function @n in the setup? */
static inline bool link_has(const struct link *link, unsigned int n)
{
	return link->functions >> n & 1;
}

/* With the functions that the endpoint has set up */
void link_enable(struct cable *cable);
void link_disable(struct cable *cable);

/* The endpoint waits for PERST#, or no longer; a host is taken to be on. */
void link_wait_perst(struct cable *cable, bool wait);

/* The host has asserted and deasserted PERST#: the endpoint starts anew. */
void link_perst(struct cable *cable);

/* Does the endpoint start anew, so that the host retries? */
bool link_is_retried(const struct link *link);

/* The host has agreed on a protocol version for one of its functions, or that has gone. */
void link_host_ready(struct cable *cable);
void link_host_gone(struct cable *cable);

/*
 * The host, or the slot, was reset, and with it all functions.  @by_link: by a hot reset,
 * which is an event in any case.  Otherwise it is one if the host had used a function, as
 * a machine that starts resets its devices; and where the endpoint waits for it, PERST#.
 */
void link_host_reset(struct cable *cable, bool by_link);

/* Hold the link down, as a cable that is pulled out does, or no longer. */
void link_force_down(struct cable *cable, bool down);

/* Is it down as the host was started with other BARs or interrupts, which its QEMU keeps? */
bool link_is_misfit(const struct cable *cable);

/* "up", or "down" and why */
const char *link_state(const struct cable *cable);

#endif /* CABLE_LINK_H */
