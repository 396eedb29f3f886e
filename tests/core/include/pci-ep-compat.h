/* SPDX-License-Identifier: GPL-2.0 */
#ifndef CORE_SHIM_PCI_EP_COMPAT_H
#define CORE_SHIM_PCI_EP_COMPAT_H

#include <linux/hrtimer.h>
#include <linux/pci-epc.h>
#include <linux/slab.h>

#define kzalloc_obj(obj)	fake_alloc(sizeof(obj), true)
#define kvzalloc_obj(obj)	fake_alloc(sizeof(obj), true)

static inline bool pci_ep_bar_usable(const struct pci_epc_features *features, enum pci_barno bar)
{
	return bar == BAR_0 && !features->bar0_reserved;
}

static inline bool pci_ep_intx_capable(const struct pci_epc_features *features)
{
	return features->intx_capable;
}

#endif /* CORE_SHIM_PCI_EP_COMPAT_H */
