/* SPDX-License-Identifier: GPL-2.0 */
/*
 * host_irq: interrupts of a function that the host machine sees
 *
 * Offered to:	ep_ctrl (registers), host_fn (what QEMU asks for) and link.
 *
 * INTx is a level.  QEMU hears of it by an event descriptor, asserts the pin of its
 * machine, and masks INTx here; when the driver next accesses a BAR it deasserts the
 * pin and unmasks.  So each unmasking has to signal again while the level is asserted.
 */
#ifndef CABLE_HOST_IRQ_H
#define CABLE_HOST_IRQ_H

#include <stdbool.h>
#include <stdint.h>

struct host_fn;

/* Interrupts of type @index, one of VFIO_PCI_*_IRQ_INDEX */
unsigned int host_irq_count(const struct host_fn *host, unsigned int index);

/* Vectors the host has enabled, 0 while MSI-X, or MSI, is off */
uint32_t host_irq_msix_enabled(const struct host_fn *host);
uint32_t host_irq_msi_enabled(const struct host_fn *host);

/* Send vector @vector (the first is 1); one of PCIE_CABLE_IRQ_*. */
uint32_t host_irq_raise_msix(struct host_fn *host, uint32_t vector);
uint32_t host_irq_raise_msi(struct host_fn *host, uint32_t vector);

/* Assert or deassert INTx, or send a pulse; one of PCIE_CABLE_IRQ_*. */
uint32_t host_irq_set_intx(struct host_fn *host, bool asserted);
uint32_t host_irq_pulse_intx(struct host_fn *host);

/* The host has written to the configuration space. */
void host_irq_update(struct host_fn *host);

/* The configuration space is a new one, or gone: INTx is not asserted, and none waits. */
void host_irq_forget(struct host_fn *host);

#endif /* CABLE_HOST_IRQ_H */
