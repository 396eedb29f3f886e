// SPDX-License-Identifier: GPL-2.0
#include "cable.h"
#include "log.h"
#include "watch.h"

static void set_up(struct cable *cable, bool up)
{
	if (cable->link.up == up)
		return;
	cable->link.up = up;
	log_event("link %s", up ? "up" : "down");
	watch_event(cable, up ? WATCH_LINK_UP : WATCH_LINK_DOWN);
	if (up)
		host_fn_link_up(&cable->host, &cable->link.view, &cable->model);
	else
		irq_path_lose(&cable->irq_path);
	host_irq_forget(cable);
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

	const bool wanted = link->enabled && !link->forced_down;

	set_up(cable, wanted && host_is_ready(cable) && host_shape_fits(cable));
	/* Without a link no slot has seen a card that could be plugged. */
	qmp_want_host(&cable->qmp, wanted && !cable->host.conn);
}

void link_enable(struct cable *cable, const struct fn_setup *fn)
{
	struct link *link = &cable->link;

	if (link->enabled || !fn_setup_check(fn))
		return;
	link->view = *fn;
	link->enabled = true;
	log_event("link enabled: function %04x:%04x, %u MSI-X and %u MSI vectors", fn->id & 0xffff,
		  fn->id >> 16, fn->msix_vectors, fn->msi_vectors);
	if (host_is_ready(cable) && !host_shape_fits(cable))
		log_event("the function has other BARs or interrupts than the host machine was started with; the link stays down until the host machine's QEMU is started again");
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
	watch_event(cable, WATCH_HOST_RESET);
	irq_path_lose(&cable->irq_path);
	ep_ctrl_event(&cable->ep, PCIE_CABLE_EVENT_LINK_DOWN | PCIE_CABLE_EVENT_LINK_UP);
}

void link_force_down(struct cable *cable, bool down)
{
	if (cable->link.forced_down == down)
		return;
	cable->link.forced_down = down;
	log_event(down ? "link forced down" : "link no longer forced down");
	update(cable);
}

void link_hot_reset(struct cable *cable)
{
	/* It is meant, also where the host has not used the function yet. */
	cable->host.touched = true;
	host_fn_ops.reset(cable);
}

const char *link_state(const struct cable *cable)
{
	const struct link *link = &cable->link;

	if (link->up)
		return "up";
	if (link->forced_down)
		return "down: forced by a control command";
	if (!link->enabled)
		return "down: the endpoint has not started it";
	if (!host_is_ready(cable))
		return "down: no host is connected";
	return "down: the host was started with other BARs or MSI-X vectors";
}
