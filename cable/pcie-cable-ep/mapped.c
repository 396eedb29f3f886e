// SPDX-License-Identifier: GPL-2.0
/*
 * Mapped outbound windows
 *
 * Each window is a BAR that shows the host's RAM from address 0 on, so nothing
 * is translated: an address is good if its offset in a window is the address of
 * the host.  A window is one page to the allocator in pci-epc-mem.c, which then
 * gives each mapping a window of its own.
 */
#include <linux/log2.h>
#include <linux/slab.h>

#include "cable-ep.h"

static int cable_ep_add_window(struct cable_ep *ep, struct pci_dev *pdev,
			       int bar)
{
	struct pci_epc_mem_window *windows;
	unsigned int n = ep->num_windows;

	if (!pci_resource_len(pdev, bar))
		return 0;

	if (!(pci_resource_flags(pdev, bar) & IORESOURCE_MEM) ||
	    pci_resource_len(pdev, bar) != ep->host_ram)
		return dev_err_probe(&ep->pdev->dev, -EINVAL,
				     "BAR %d of %s is no window of %llu bytes\n",
				     bar, pci_name(pdev), ep->host_ram);

	windows = devm_krealloc(&ep->pdev->dev, ep->windows,
				(n + 1) * sizeof(*windows), GFP_KERNEL);
	if (!windows)
		return -ENOMEM;

	windows[n].phys_base = pci_resource_start(pdev, bar);
	windows[n].size = ep->host_ram;
	windows[n].page_size = ep->host_ram;
	ep->windows = windows;
	ep->num_windows = n + 1;
	return 0;
}

static int cable_ep_add_bank(struct cable_ep *ep, struct pci_dev *bank)
{
	struct device *dev = &ep->pdev->dev;
	int bar, ret;

	/* Unbinds the controller before the bank */
	if (!device_link_add(dev, &bank->dev, DL_FLAG_AUTOREMOVE_CONSUMER))
		return dev_err_probe(dev, -EINVAL, "cannot depend on %s\n",
				     pci_name(bank));

	if (!device_is_bound(&bank->dev))
		return dev_err_probe(dev, -EPROBE_DEFER,
				     "window bank %s is not ready\n",
				     pci_name(bank));

	for (bar = 0; bar < PCI_STD_NUM_BARS; bar++) {
		ret = cable_ep_add_window(ep, bank, bar);
		if (ret)
			return ret;
	}
	return 0;
}

/*
 * A controller's banks are those in the slots after its own, up to the next
 * controller on its bus.
 */
static int cable_ep_find_banks(struct cable_ep *ep)
{
	struct pci_dev *pdev = ep->pdev;
	int slot, ret = 0;

	for (slot = PCI_SLOT(pdev->devfn) + 1; slot < 32 && !ret; slot++) {
		struct pci_dev *other;
		bool last;

		other = pci_get_slot(pdev->bus, PCI_DEVFN(slot, 0));
		if (!other)
			continue;

		last = other->vendor == pdev->vendor &&
		       other->device == pdev->device;
		if (cable_ep_is_bank(other))
			ret = cable_ep_add_bank(ep, other);
		pci_dev_put(other);
		if (last)
			break;
	}
	return ret;
}

/* Context: process, may sleep.  ep->host_ram is known. */
int cable_ep_mapped_init(struct cable_ep *ep)
{
	static const int own_bars[] = { 2, 4 };
	unsigned int i;
	int ret;

	if (ep->host_ram < PAGE_SIZE || !is_power_of_2(ep->host_ram))
		return dev_err_probe(&ep->pdev->dev, -EINVAL,
				     "size of the host's RAM, %llu, is not a power of two\n",
				     ep->host_ram);

	for (i = 0; i < ARRAY_SIZE(own_bars); i++) {
		ret = pcim_request_region(ep->pdev, own_bars[i],
					  pci_name(ep->pdev));
		if (ret)
			return dev_err_probe(&ep->pdev->dev, ret,
					     "cannot claim BAR %d\n",
					     own_bars[i]);
		ret = cable_ep_add_window(ep, ep->pdev, own_bars[i]);
		if (ret)
			return ret;
	}
	ret = cable_ep_find_banks(ep);
	if (ret)
		return ret;

	ep->ob = devm_kcalloc(&ep->pdev->dev, ep->num_windows, sizeof(*ep->ob),
			      GFP_KERNEL);
	return ep->ob ? 0 : -ENOMEM;
}

/*
 * Called without epc->lock, which is what keeps @ep.  An address outside of the
 * host's RAM is left as it is, for map_addr() to refuse.
 */
u64 cable_ep_mapped_align(struct pci_epc *epc, u64 pci_addr, size_t *size,
			  size_t *offset)
{
	struct cable_ep *ep;
	u64 ram;

	mutex_lock(&epc->lock);
	ep = epc_get_drvdata(epc);
	ram = ep ? ep->host_ram : 0;
	if (ep)
		*size = cable_ep_short(ep, pci_addr, *size);
	mutex_unlock(&epc->lock);

	if (pci_addr >= ram) {
		*offset = 0;
		*size = min_t(u64, *size, ram);
		return pci_addr;
	}

	*offset = pci_addr;
	*size = pci_addr + min_t(u64, *size, ram - pci_addr);
	return 0;
}

static bool cable_ep_is_window(struct cable_ep *ep, phys_addr_t base)
{
	unsigned int i;

	for (i = 0; i < ep->num_windows; i++)
		if (ep->windows[i].phys_base == base)
			return true;
	return false;
}

int cable_ep_mapped_map(struct pci_epc *epc, u8 func_no, u8 vfunc_no,
			phys_addr_t addr, u64 pci_addr, size_t size)
{
	struct cable_ep *ep = cable_ep_usable(epc);
	int ret;

	if (!ep)
		return -ENODEV;

	if (pci_addr >= ep->host_ram || size > ep->host_ram - pci_addr) {
		dev_err_ratelimited(&epc->dev,
				    "%zu bytes at %#llx are outside of the host's %llu MiB of RAM\n",
				    size, pci_addr, ep->host_ram >> 20);
		return -ERANGE;
	}
	if (!cable_ep_is_window(ep, addr - pci_addr)) {
		dev_err_ratelimited(&epc->dev,
				    "no window shows %#llx at %pa, use pci_epc_mem_map()\n",
				    pci_addr, &addr);
		return -EINVAL;
	}
	ret = cable_ep_take_window(ep, addr, size);
	return ret < 0 ? ret : 0;
}

/* A window shows the host's RAM at all times, but is not in use */
void cable_ep_mapped_unmap(struct pci_epc *epc, u8 func_no, u8 vfunc_no,
			   phys_addr_t addr)
{
	struct cable_ep *ep = epc_get_drvdata(epc);

	if (ep)
		cable_ep_give_window(ep, addr);
}
