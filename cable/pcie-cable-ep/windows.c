// SPDX-License-Identifier: GPL-2.0
/*
 * Outbound windows in use, mapped ones and metered ones; epc->lock is held
 */
#include "cable-ep.h"

static unsigned int cable_ep_most_windows(struct cable_ep *ep)
{
	return ep->num_ob ? ep->num_ob : ep->num_windows;
}

/* How many may be in use, where a fault on demand leaves fewer than there are */
static unsigned int cable_ep_may_use(struct cable_ep *ep)
{
	u32 limit = cable_ep_read(ep, PCIE_CABLE_WINDOW_LIMIT);

	if (!(limit & PCIE_CABLE_WINDOW_LIMITED))
		return cable_ep_most_windows(ep);
	return min(limit & PCIE_CABLE_WINDOW_COUNT, cable_ep_most_windows(ep));
}

/* Number of a free window, which is now in use, or -EINVAL as from other controllers */
int cable_ep_take_window(struct cable_ep *ep, phys_addr_t addr, size_t size)
{
	unsigned int most = cable_ep_may_use(ep), used = 0, i;
	int window = -EINVAL;

	for (i = 0; i < cable_ep_most_windows(ep); i++) {
		if (ep->ob[i].size)
			used++;
		else if (window < 0)
			window = i;
	}
	if (used >= most) {
		dev_err_ratelimited(&ep->epc->dev,
				    "no free outbound window, there are %u\n",
				    most);
		return -EINVAL;
	}

	ep->ob[window].addr = addr;
	ep->ob[window].size = size;
	return window;
}

/* Number of the window that was in use at @addr, or -ENOENT */
int cable_ep_give_window(struct cable_ep *ep, phys_addr_t addr)
{
	unsigned int i;

	for (i = 0; i < cable_ep_most_windows(ep); i++) {
		if (!ep->ob[i].size || ep->ob[i].addr != addr)
			continue;
		ep->ob[i].size = 0;
		return i;
	}
	return -ENOENT;
}
