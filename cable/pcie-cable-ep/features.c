// SPDX-License-Identifier: GPL-2.0
/*
 * What the controller can do, which the cable decides: see its option --profile
 */
#include "cable-ep.h"
#include "pci-ep-compat.h"

static int cable_ep_find_bar(struct cable_ep *ep, int b)
{
	struct pci_epc_bar_desc *bar = &ep->features.bar[b];
	u32 kind = cable_ep_read(ep, PCIE_CABLE_BAR_KIND(b));

	switch (kind) {
	case PCIE_CABLE_BAR_PROGRAMMABLE:
		bar->type = BAR_PROGRAMMABLE;
		return 0;
	case PCIE_CABLE_BAR_FIXED:
		bar->type = BAR_FIXED;
		bar->fixed_size = cable_ep_read(ep,
						PCIE_CABLE_BAR_FIXED_SIZE(b));
		return 0;
	case PCIE_CABLE_BAR_RESIZABLE:
		pci_ep_set_bar_resizable(bar);
		return 0;
	case PCIE_CABLE_BAR_RESERVED:
		bar->type = BAR_RESERVED;
		return 0;
	case PCIE_CABLE_BAR_DISABLED:
		pci_ep_set_bar_disabled(bar);
		return 0;
	default:
		return dev_err_probe(&ep->pdev->dev, -ENODEV,
				     "BAR %d is of kind %u, this driver knows 0 to %u\n",
				     b, kind, PCIE_CABLE_BAR_DISABLED);
	}
}

/* Context: process, may sleep. */
int cable_ep_find_features(struct cable_ep *ep)
{
	u32 told = cable_ep_read(ep, PCIE_CABLE_FEATURES);
	struct pci_epc_features *features = &ep->features;
	int b, ret;

	ep->num_msix = cable_ep_read(ep, PCIE_CABLE_NUM_MSIX);
	ep->num_msi = cable_ep_read(ep, PCIE_CABLE_NUM_MSI);
	ep->num_ob = cable_ep_read(ep, PCIE_CABLE_OB_WINDOWS);
	ep->ob_passes_low_bits = told & PCIE_CABLE_FEATURE_LOW_BITS;
	ep->intx = told & PCIE_CABLE_FEATURE_INTX;
	ep->perst = told & PCIE_CABLE_FEATURE_PERST;

	features->linkup_notifier = !!(told & PCIE_CABLE_EVENT_LINK_UP);
	features->msi_capable = !!ep->num_msi;
	features->msix_capable = !!ep->num_msix;
	features->align = cable_ep_read(ep, PCIE_CABLE_BAR_ALIGN);
	if (told & PCIE_CABLE_FEATURE_INTX_TOLD)
		pci_ep_set_intx_capable(features);
	if (!ep->ob_passes_low_bits)
		pci_ep_set_dynamic_inbound(features);

	for (b = 0; b < PCIE_CABLE_NUM_BARS; b++) {
		ret = cable_ep_find_bar(ep, b);
		if (ret)
			return ret;
	}
	return 0;
}

/* Can a BAR of this size be had? */
int cable_ep_check_kind(struct cable_ep *ep, const struct pci_epf_bar *epf_bar)
{
	const struct pci_epc_bar_desc *bar = &ep->features.bar[epf_bar->barno];
	struct device *dev = &ep->epc->dev;

	if (!pci_ep_bar_usable(&ep->features, epf_bar->barno)) {
		dev_err(dev, "BAR %d: this controller keeps it for itself\n",
			epf_bar->barno);
		return -EINVAL;
	}
	if (bar->type == BAR_FIXED && epf_bar->size != bar->fixed_size) {
		dev_err(dev, "BAR %d: has %llu bytes on this controller, not %zu\n",
			epf_bar->barno, bar->fixed_size, epf_bar->size);
		return -EINVAL;
	}
	if (pci_ep_bar_resizable(bar) && epf_bar->size < SZ_1M) {
		dev_err(dev, "BAR %d: is resizable, from 1 MiB on, not %zu bytes\n",
			epf_bar->barno, epf_bar->size);
		return -EINVAL;
	}
	if (ep->features.align &&
	    !IS_ALIGNED(epf_bar->phys_addr, ep->features.align)) {
		dev_err(dev, "BAR %d: its memory at %pad is not aligned to %zu bytes\n",
			epf_bar->barno, &epf_bar->phys_addr, ep->features.align);
		return -EINVAL;
	}
	return 0;
}
