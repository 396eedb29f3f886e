// SPDX-License-Identifier: GPL-2.0
#include <linux/vfio.h>

#include "cable.h"

unsigned int host_irq_count(const struct cable *cable, unsigned int index)
{
	switch (index) {
	case VFIO_PCI_MSI_IRQ_INDEX:
		return cable->host.shape.msi_vectors;
	case VFIO_PCI_MSIX_IRQ_INDEX:
		return cable->host.shape.msix_vectors;
	default:
		return 0;
	}
}

/* Messages are writes to memory, which a function may send while it masters the bus. */
static bool is_master(const struct cable *cable)
{
	return pci_config_command(&cable->host.cfg) & PCI_COMMAND_MASTER;
}

uint32_t host_irq_msix_enabled(const struct cable *cable)
{
	if (!cable->link.up ||
	    !(pci_config_msix_control(&cable->host.cfg) & PCI_MSIX_FLAGS_ENABLE))
		return 0;
	return cable->host.shape.msix_vectors;
}

uint32_t host_irq_raise_msix(struct cable *cable, uint32_t vector)
{
	struct host_fn *host = &cable->host;

	if (!cable->link.up)
		return PCIE_CABLE_IRQ_LINK_DOWN;
	if (!host_irq_msix_enabled(cable) || !is_master(cable))
		return PCIE_CABLE_IRQ_DISABLED;
	if (!vector || vector > host->shape.msix_vectors)
		return PCIE_CABLE_IRQ_NO_VECTOR;
	if (pci_config_msix_control(&host->cfg) & PCI_MSIX_FLAGS_MASKALL)
		return PCIE_CABLE_IRQ_MASKED;
	/* QEMU sets a vector up when the driver first unmasks it in the table. */
	if (!irq_path_send(&cable->irq_path, VFIO_PCI_MSIX_IRQ_INDEX, vector - 1))
		return PCIE_CABLE_IRQ_MASKED;
	return PCIE_CABLE_IRQ_SENT;
}

uint32_t host_irq_msi_enabled(const struct cable *cable)
{
	return cable->link.up ? pci_config_msi_enabled(&cable->host.cfg) : 0;
}

uint32_t host_irq_raise_msi(struct cable *cable, uint32_t vector)
{
	const uint32_t enabled = host_irq_msi_enabled(cable);

	if (!cable->link.up)
		return PCIE_CABLE_IRQ_LINK_DOWN;
	if (!enabled || !is_master(cable))
		return PCIE_CABLE_IRQ_DISABLED;
	if (!vector || vector > enabled)
		return PCIE_CABLE_IRQ_NO_VECTOR;
	/* QEMU sets all vectors up before the host's write that enables MSI has ended. */
	if (!irq_path_send(&cable->irq_path, VFIO_PCI_MSI_IRQ_INDEX, vector - 1))
		return PCIE_CABLE_IRQ_DISABLED;
	return PCIE_CABLE_IRQ_SENT;
}
