// SPDX-License-Identifier: GPL-2.0
/*
 * Metered outbound windows
 *
 * One address space, BAR2, pieces of which the window registers translate: what
 * the outbound address translation unit of a real controller does.  As there, base,
 * target and size of a window are multiples of a granule, and there are few windows.
 */
#include <linux/align.h>
#include <linux/log2.h>

#include "cable-ep.h"

#define CABLE_EP_METERED_BAR	2

/* Context: process, may sleep.  ep->num_ob is known, and not 0. */
int cable_ep_metered_init(struct cable_ep *ep)
{
	struct pci_dev *pdev = ep->pdev;
	struct device *dev = &pdev->dev;
	u32 granule = cable_ep_read(ep, PCIE_CABLE_OB_GRANULE);
	resource_size_t space = pci_resource_len(pdev, CABLE_EP_METERED_BAR);
	unsigned int i;
	int ret;

	if (ep->num_ob > PCIE_CABLE_MAX_OB_WINDOWS ||
	    !is_power_of_2(granule) || granule > space)
		return dev_err_probe(dev, -EINVAL,
				     "%u windows of multiples of %u bytes are not possible\n",
				     ep->num_ob, granule);

	ret = pcim_request_region(pdev, CABLE_EP_METERED_BAR, pci_name(pdev));
	if (ret)
		return dev_err_probe(dev, ret, "cannot claim BAR %d\n",
				     CABLE_EP_METERED_BAR);

	ep->windows = devm_kzalloc(dev, sizeof(*ep->windows), GFP_KERNEL);
	ep->ob = devm_kcalloc(dev, ep->num_ob, sizeof(*ep->ob), GFP_KERNEL);
	if (!ep->windows || !ep->ob)
		return -ENOMEM;

	/* As all controllers do: no mapping is smaller than a page */
	ep->windows->phys_base = pci_resource_start(pdev, CABLE_EP_METERED_BAR);
	ep->windows->size = space;
	ep->windows->page_size = max_t(size_t, granule, PAGE_SIZE);
	ep->num_windows = 1;
	ep->ob_granule = granule;

	for (i = 0; i < ep->num_ob; i++)
		cable_ep_write(ep, PCIE_CABLE_OB(i) + PCIE_CABLE_OB_CTRL, 0);
	return 0;
}

/* Called without epc->lock, which is what keeps the driver data */
u64 cable_ep_metered_align(struct pci_epc *epc, u64 pci_addr, size_t *size,
			   size_t *offset)
{
	size_t wanted = *size;
	struct cable_ep *ep;
	u32 granule;

	mutex_lock(&epc->lock);
	ep = epc_get_drvdata(epc);
	granule = ep ? ep->ob_granule : 1;
	if (ep)
		*size = cable_ep_short(ep, pci_addr, *size);
	mutex_unlock(&epc->lock);

	*offset = pci_addr & (granule - 1);
	/* One that is cut short may be shorter than a granule */
	if (*size < wanted)
		*size += *offset;
	else
		*size = ALIGN(*offset + *size, granule);
	return pci_addr - *offset;
}

static void cable_ep_write_64(struct cable_ep *ep, u32 reg, u64 v)
{
	cable_ep_write(ep, reg, lower_32_bits(v));
	cable_ep_write(ep, reg + 4, upper_32_bits(v));
}

int cable_ep_metered_map(struct pci_epc *epc, u8 func_no, u8 vfunc_no,
			 phys_addr_t addr, u64 pci_addr, size_t size)
{
	struct cable_ep *ep = cable_ep_usable(epc);
	int window;
	u64 base;
	u32 regs;

	if (!ep)
		return -ENODEV;

	base = addr - ep->windows->phys_base;
	/* A controller that passes low bits takes whatever it is given, and maps it wrongly */
	if (addr < ep->windows->phys_base || base >= ep->windows->size ||
	    size > ep->windows->size - base ||
	    (!ep->ob_passes_low_bits &&
	     (base | pci_addr) & (ep->ob_granule - 1))) {
		dev_err_ratelimited(&epc->dev,
				    "%zu bytes at %pa for %#llx: both have to be multiples of %u, the first in the window space; use pci_epc_mem_map()\n",
				    size, &addr, pci_addr, ep->ob_granule);
		return -EINVAL;
	}

	window = cable_ep_take_window(ep, addr, size);
	if (window < 0)
		return window;

	regs = PCIE_CABLE_OB(window);
	cable_ep_write_64(ep, regs + PCIE_CABLE_OB_BASE_LO, base);
	cable_ep_write_64(ep, regs + PCIE_CABLE_OB_SIZE_LO,
			  ALIGN(size, ep->ob_granule));
	cable_ep_write_64(ep, regs + PCIE_CABLE_OB_TARGET_LO, pci_addr);
	cable_ep_write(ep, regs + PCIE_CABLE_OB_CTRL,
		       PCIE_CABLE_OB_ENABLE | PCIE_CABLE_OB_FN(func_no));
	return 0;
}

void cable_ep_metered_unmap(struct pci_epc *epc, u8 func_no, u8 vfunc_no,
			    phys_addr_t addr)
{
	struct cable_ep *ep = epc_get_drvdata(epc);
	int window;

	if (!ep)
		return;

	window = cable_ep_give_window(ep, addr);
	if (window >= 0)
		cable_ep_write(ep, PCIE_CABLE_OB(window) + PCIE_CABLE_OB_CTRL, 0);
}
