// SPDX-License-Identifier: GPL-2.0
/*
 * Window banks
 *
 * A bank does nothing by itself.  This driver enables it and claims its BARs,
 * so that the controller can use them as windows for as long as both are bound.
 */
#include <linux/module.h>

#include "cable-ep.h"

static const struct pci_device_id cable_ep_bank_ids[] = {
	{ PCI_DEVICE(PCIE_CABLE_VENDOR_ID, PCIE_CABLE_BANK_DEVICE_ID) },
	{ }
};
MODULE_DEVICE_TABLE(pci, cable_ep_bank_ids);

static int cable_ep_bank_probe(struct pci_dev *pdev,
			       const struct pci_device_id *id)
{
	int bar, ret;

	ret = pcim_enable_device(pdev);
	if (ret)
		return dev_err_probe(&pdev->dev, ret,
				     "cannot enable the device\n");

	for (bar = 0; bar < PCI_STD_NUM_BARS; bar++) {
		if (!pci_resource_len(pdev, bar))
			continue;
		ret = pcim_request_region(pdev, bar, pci_name(pdev));
		if (ret)
			return dev_err_probe(&pdev->dev, ret,
					     "cannot claim BAR %d\n", bar);
	}
	return 0;
}

struct pci_driver cable_ep_bank_driver = {
	.name		= "pcie-cable-ep-bank",
	.id_table	= cable_ep_bank_ids,
	.probe		= cable_ep_bank_probe,
};

bool cable_ep_is_bank(struct pci_dev *pdev)
{
	return pdev->vendor == PCIE_CABLE_VENDOR_ID &&
	       pdev->device == PCIE_CABLE_BANK_DEVICE_ID;
}
