// SPDX-License-Identifier: GPL-2.0
/*
 * The controller's interrupt
 */
#include <linux/interrupt.h>

#include "cable-ep.h"

/* Context: process, may sleep.  Functions may use the controller from now on. */
void cable_ep_initialized(struct cable_ep *ep)
{
	mutex_lock(&ep->epc->lock);
	ep->initialized = true;
	mutex_unlock(&ep->epc->lock);
	pci_epc_init_notify(ep->epc);
}

/*
 * In the order of controllers that have no clocks while PERST# is asserted, and do all
 * when it is deasserted: drivers/pci/controller/dwc/pcie-qcom-ep.c, pcie-tegra194.c.
 * The first time, too, epc_deinit comes before epc_init.
 */
static void cable_ep_perst(struct cable_ep *ep)
{
	struct pci_epc *epc = ep->epc;

	dev_dbg(&ep->pdev->dev, "PERST# deasserted\n");
	ep->link_up = false;
	mutex_lock(&epc->lock);
	ep->initialized = false;
	ep->started = false;
	memset(ep->fn, 0, sizeof(ep->fn));
	mutex_unlock(&epc->lock);

	pci_epc_deinit_notify(epc);
	cable_ep_initialized(ep);

	mutex_lock(&epc->lock);
	if (ep->waits_perst)
		cable_ep_enable_link(ep);
	mutex_unlock(&epc->lock);
}

static void cable_ep_link_up(struct cable_ep *ep)
{
	if (ep->link_up)
		return;
	ep->link_up = true;
	dev_dbg(&ep->pdev->dev, "link up\n");
	pci_epc_linkup(ep->epc);
}

static void cable_ep_link_down(struct cable_ep *ep)
{
	if (!ep->link_up)
		return;
	ep->link_up = false;
	dev_dbg(&ep->pdev->dev, "link down\n");
	pci_epc_linkdown(ep->epc);
}

/* In a thread: the notifications take mutexes and functions may sleep in them */
static irqreturn_t cable_ep_event_thread(int irq, void *data)
{
	struct cable_ep *ep = data;
	u32 events = cable_ep_read(ep, PCIE_CABLE_EVENT_STATUS);
	u32 link;

	if (PCI_POSSIBLE_ERROR(events) || !(events & PCIE_CABLE_EVENT_ALL))
		return IRQ_NONE;

	cable_ep_write(ep, PCIE_CABLE_EVENT_STATUS, events);
	if (events & PCIE_CABLE_EVENT_PERST)
		cable_ep_perst(ep);
	link = cable_ep_read(ep, PCIE_CABLE_LINK_STATUS);

	/* What happened first is known from how it ended */
	if (link & PCIE_CABLE_LINK_UP) {
		if (events & PCIE_CABLE_EVENT_LINK_DOWN)
			cable_ep_link_down(ep);
		if (events & PCIE_CABLE_EVENT_LINK_UP)
			cable_ep_link_up(ep);
		if (events & PCIE_CABLE_EVENT_BME)
			pci_epc_bus_master_enable_notify(ep->epc);
	} else {
		if (events & PCIE_CABLE_EVENT_LINK_UP)
			cable_ep_link_up(ep);
		if (events & PCIE_CABLE_EVENT_LINK_DOWN)
			cable_ep_link_down(ep);
	}
	return IRQ_HANDLED;
}

/*
 * Context: process, may sleep; the interrupt vectors have been allocated.
 * Undone by cable_ep_events_stop().
 */
int cable_ep_events_start(struct cable_ep *ep)
{
	int ret;

	ep->irq = pci_irq_vector(ep->pdev, PCIE_CABLE_IRQ_EVENT);
	cable_ep_write(ep, PCIE_CABLE_EVENT_ENABLE, 0);
	cable_ep_write(ep, PCIE_CABLE_EVENT_STATUS, PCIE_CABLE_EVENT_ALL);

	ret = request_threaded_irq(ep->irq, NULL, cable_ep_event_thread,
				   IRQF_ONESHOT, KBUILD_MODNAME, ep);
	if (ret) {
		dev_err(&ep->pdev->dev, "no interrupt: %d\n", ret);
		return ret;
	}

	cable_ep_write(ep, PCIE_CABLE_EVENT_ENABLE, PCIE_CABLE_EVENT_ALL);
	return 0;
}

/* Context: process, may sleep.  No notification is sent after it returns. */
void cable_ep_events_stop(struct cable_ep *ep)
{
	cable_ep_write(ep, PCIE_CABLE_EVENT_ENABLE, 0);
	free_irq(ep->irq, ep);
}
