/* SPDX-License-Identifier: GPL-2.0 */
/*
 * link: is there a link, and who is told when that changes
 *
 * Offered to:	ep_ctrl (enable, disable), host_fn (reset, bus mastering, coming
 *		and going of the host) and control_cmd (forcing it down, hot reset).
 *
 *	enabled		the endpoint has set LINK_ENABLE with a valid setup
 *	forced_down	a control command holds it down, whatever the machines do
 *	up		enabled, not forced down, a host is connected, and the setup has the shape
 *			with which that host has realized the function
 */
#ifndef CABLE_LINK_H
#define CABLE_LINK_H

#include <stdbool.h>

#include "fn_setup.h"

struct cable;

struct link {
	bool enabled;
	bool forced_down;
	bool up;
	struct fn_setup view;		/* the setup at the time of enabling */
};

void link_enable(struct cable *cable, const struct fn_setup *fn);
void link_disable(struct cable *cable);

/* The host has agreed on a protocol version, or has gone. */
void link_host_ready(struct cable *cable);
void link_host_gone(struct cable *cable);

/* The host was reset after it had used the function. */
void link_host_reset(struct cable *cable);

/* Hold the link down, as a cable that is pulled out does, or no longer. */
void link_force_down(struct cable *cable, bool down);

/* Reset the function by the link, which must be up, as the host's slot can. */
void link_hot_reset(struct cable *cable);

/* "up", or "down" and why */
const char *link_state(const struct cable *cable);

#endif /* CABLE_LINK_H */
