// SPDX-License-Identifier: GPL-2.0
#include "cable.h"
#include "log.h"

static void set_up(struct cable *cable, bool up)
{
	if (cable->link.up == up)
		return;
	cable->link.up = up;
	log_event("link %s", up ? "up" : "down");
	if (up)
		host_fn_link_up(&cable->host, &cable->link.view);
	ep_ctrl_event(&cable->ep, up ? PCIE_CABLE_EVENT_LINK_UP : PCIE_CABLE_EVENT_LINK_DOWN);
}

static bool host_is_ready(const struct cable *cable)
{
	return cable->host.conn && cable->host.conn->negotiated;
}

static bool host_shape_fits(const struct cable *cable)
{
	return fn_setup_same_shape(&cable->link.view, &cable->host.shape);
}

static void update(struct cable *cable)
{
	const struct link *link = &cable->link;

	set_up(cable, link->enabled && host_is_ready(cable) && host_shape_fits(cable));
	qmp_want_host(&cable->qmp, link->enabled && !cable->host.conn);
}

void link_enable(struct cable *cable, const struct fn_setup *fn)
{
	struct link *link = &cable->link;

	if (link->enabled || !fn_setup_check(fn))
		return;
	link->view = *fn;
	link->enabled = true;
	log_event("link enabled: function %04x:%04x, %u MSI-X vectors", fn->id & 0xffff,
		  fn->id >> 16, fn->msix_vectors);
	if (host_is_ready(cable) && !host_shape_fits(cable))
		log_event("the function has other BARs or MSI-X vectors than the host machine was started with; the link stays down until the host machine's QEMU is started again");
	update(cable);
}

void link_disable(struct cable *cable)
{
	if (!cable->link.enabled)
		return;
	cable->link.enabled = false;
	log_event("link disabled");
	update(cable);
}

void link_host_ready(struct cable *cable)
{
	update(cable);
}

void link_host_gone(struct cable *cable)
{
	update(cable);
}

void link_host_reset(struct cable *cable)
{
	log_event("host reset");
	ep_ctrl_event(&cable->ep, PCIE_CABLE_EVENT_LINK_DOWN | PCIE_CABLE_EVENT_LINK_UP);
}
