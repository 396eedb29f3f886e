/* SPDX-License-Identifier: GPL-2.0 */
#ifndef CORE_SHIM_UAPI_LINUX_PCI_REGS_H
#define CORE_SHIM_UAPI_LINUX_PCI_REGS_H

#include <linux/pci_regs.h>

#endif /* CORE_SHIM_UAPI_LINUX_PCI_REGS_H */
