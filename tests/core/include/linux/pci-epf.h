/* SPDX-License-Identifier: GPL-2.0 */
#ifndef CORE_SHIM_LINUX_PCI_EPF_H
#define CORE_SHIM_LINUX_PCI_EPF_H

#include <linux/device.h>
#include <linux/types.h>

struct module;
struct pci_epc;

struct pci_epf {
	struct device dev;
	struct pci_epc *epc;
	u8 func_no;
	u8 vfunc_no;
};

struct pci_epf_driver {
	const char *name;
};

#endif /* CORE_SHIM_LINUX_PCI_EPF_H */
