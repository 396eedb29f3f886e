/* SPDX-License-Identifier: GPL-2.0 */
/*
 * host_irq: interrupts of the function that the host machine sees
 *
 * Offered to:	ep_ctrl (registers) and host_fn (what QEMU asks for).
 */
#ifndef CABLE_HOST_IRQ_H
#define CABLE_HOST_IRQ_H

#include <stdint.h>

struct cable;

/* Interrupts of type @index, one of VFIO_PCI_*_IRQ_INDEX */
unsigned int host_irq_count(const struct cable *cable, unsigned int index);

/* Vectors the host has enabled, 0 while MSI-X, or MSI, is off */
uint32_t host_irq_msix_enabled(const struct cable *cable);
uint32_t host_irq_msi_enabled(const struct cable *cable);

/* Send vector @vector (the first is 1); one of PCIE_CABLE_IRQ_*. */
uint32_t host_irq_raise_msix(struct cable *cable, uint32_t vector);
uint32_t host_irq_raise_msi(struct cable *cable, uint32_t vector);

#endif /* CABLE_HOST_IRQ_H */
