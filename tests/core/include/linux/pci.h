/* SPDX-License-Identifier: GPL-2.0 */
#ifndef CORE_SHIM_LINUX_PCI_H
#define CORE_SHIM_LINUX_PCI_H

#define PCI_IRQ_INTX	1
#define PCI_IRQ_MSIX	4

#endif /* CORE_SHIM_LINUX_PCI_H */
