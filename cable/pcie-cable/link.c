// SPDX-License-Identifier: GPL-2.0
#include "cable.h"
#include "log.h"
#include "watch.h"

/* Far below the 5 s after which the host's QEMU gives its device up */
#define RETRY_NS	1000000000

static void set_up(struct cable *cable, bool up)
{
	struct link *link = &cable->link;
	unsigned int n;

	if (link->up == up)
		return;
	link->up = up;
	log_event("link %s", up ? "up" : "down");
	watch_event(&cable->host[0], up ? WATCH_LINK_UP : WATCH_LINK_DOWN);
	if (!up)
		irq_path_lose(&cable->irq_path);
	for (n = 0; n < PCIE_CABLE_MAX_FUNCTIONS; n++) {
		if (up && link_has(link, n))
			host_fn_link_up(&cable->host[n], &link->view[n]);
		host_irq_forget(&cable->host[n]);
	}
	/* A controller that loses its clocks with the link does not tell of it. */
	if (up || !link->starting)
		ep_ctrl_event(&cable->ep, up ? PCIE_CABLE_EVENT_LINK_UP :
						PCIE_CABLE_EVENT_LINK_DOWN);
}

static bool is_ready(const struct host_fn *host)
{
	return host->conn && host->conn->negotiated;
}

static bool all_ready(const struct cable *cable)
{
	unsigned int n;

	for (n = 0; n < PCIE_CABLE_MAX_FUNCTIONS; n++)
		if (link_has(&cable->link, n) && !is_ready(&cable->host[n]))
			return false;
	return true;
}

static bool shape_fits(const struct cable *cable, unsigned int n)
{
	return fn_setup_same_shape(&cable->link.view[n], &cable->host[n].shape);
}

static bool all_shapes_fit(const struct cable *cable)
{
	unsigned int n;

	for (n = 0; n < PCIE_CABLE_MAX_FUNCTIONS; n++)
		if (link_has(&cable->link, n) && !shape_fits(cable, n))
			return false;
	return true;
}

/* Functions that the host has no device for */
static unsigned int missing(const struct cable *cable)
{
	unsigned int n, functions = 0;

	for (n = 0; n < PCIE_CABLE_MAX_FUNCTIONS; n++)
		if (link_has(&cable->link, n) && !cable->host[n].conn)
			functions |= 1u << n;
	return functions;
}

static void update(struct cable *cable)
{
	const struct link *link = &cable->link;
	const bool wanted = link->enabled && !link->forced_down;

	set_up(cable, wanted && all_ready(cable) && all_shapes_fit(cable));
	/* Without a link no slot has seen a card that could be plugged. */
	qmp_want_functions(&cable->qmp, link->functions, wanted ? missing(cable) : 0);
}

/* Take the endpoint's setup over; what is wrong with it is said. */
static bool take_setup(struct cable *cable)
{
	struct link *link = &cable->link;
	const struct fn_setup *setup;
	unsigned int n;

	link->functions = 0;
	for (n = 0; n < cable->profile->functions; n++) {
		setup = &cable->ep.fn[n].setup;
		if (!setup->present)
			continue;
		if (!fn_setup_check(setup, n))
			return false;
		link->view[n] = *setup;
		link->functions |= 1u << n;
	}
	/* A host does not look for others where there is no function 0. */
	if (!link_has(link, 0))
		log_event("the endpoint has not written a configuration header for function 0");
	return link_has(link, 0);
}

void link_enable(struct cable *cable)
{
	struct link *link = &cable->link;
	const struct fn_setup *fn;
	unsigned int n;

	if (link->enabled || !take_setup(cable))
		return;
	link->enabled = true;
	link->starting = false;
	for (n = 0; n < PCIE_CABLE_MAX_FUNCTIONS; n++) {
		if (!link_has(link, n))
			continue;
		fn = &link->view[n];
		log_event("link enabled: function %u is %04x:%04x, %u MSI-X and %u MSI vectors", n,
			  fn->id & 0xffff, fn->id >> 16, fn->msix_vectors, fn->msi_vectors);
		if (is_ready(&cable->host[n]) && !shape_fits(cable, n))
			log_event("function %u has other BARs or interrupts than the host machine was started with; the link stays down until the host machine's QEMU is started again",
				  n);
	}
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

void link_wait_perst(struct cable *cable, bool wait)
{
	struct link *link = &cable->link;

	if (!cable->perst || link->waits_perst == wait)
		return;
	link->waits_perst = wait;
	link->starting = false;
	if (wait)
		link_perst(cable);
}

void link_perst(struct cable *cable)
{
	struct link *link = &cable->link;

	if (!link->waits_perst)
		return;
	log_event("PERST# deasserted");
	link->starting = true;
	link->starting_since = loop_now_ns();
	link->enabled = false;
	update(cable);
	ep_ctrl_core_reset(cable);
	/* Whatever it has not taken notice of happened to what is no more. */
	cable->ep.event_status = 0;
	ep_ctrl_event(&cable->ep, PCIE_CABLE_EVENT_PERST);
}

bool link_is_retried(const struct link *link)
{
	return link->starting && loop_now_ns() - link->starting_since < RETRY_NS;
}

void link_host_ready(struct cable *cable)
{
	update(cable);
}

void link_host_gone(struct cable *cable)
{
	/* It is off; when it is on again PERST# is deasserted, which is done now. */
	if (cable->link.up && cable->link.waits_perst)
		link_perst(cable);
	else
		update(cable);
}

void link_host_reset(struct cable *cable, bool by_link)
{
	bool meant = by_link;
	unsigned int n;

	if (!cable->link.up)
		return;
	for (n = 0; n < PCIE_CABLE_MAX_FUNCTIONS; n++)
		if (link_has(&cable->link, n))
			meant |= host_fn_reset(&cable->host[n]);
	if (!meant)
		return;
	log_event("host reset");
	watch_event(&cable->host[0], WATCH_HOST_RESET);
	irq_path_lose(&cable->irq_path);
	if (cable->link.waits_perst && !by_link)
		link_perst(cable);
	else
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

bool link_is_misfit(const struct cable *cable)
{
	return cable->link.enabled && all_ready(cable) && !all_shapes_fit(cable);
}

const char *link_state(const struct cable *cable)
{
	const struct link *link = &cable->link;

	if (link->up)
		return "up";
	if (link->forced_down)
		return "down: forced by a control command";
	if (!link->enabled)
		return link->starting ? "down: the endpoint starts anew, as PERST# was deasserted" :
					"down: the endpoint has not started it";
	if (missing(cable) == link->functions)
		return "down: no host is connected";
	if (!all_ready(cable))
		return "down: the host has not connected with all functions";
	return "down: the host was started with other BARs or MSI-X vectors";
}
