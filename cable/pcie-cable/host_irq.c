// SPDX-License-Identifier: GPL-2.0
#include <linux/vfio.h>

#include "cable.h"

unsigned int host_irq_count(const struct host_fn *host, unsigned int index)
{
	switch (index) {
	case VFIO_PCI_INTX_IRQ_INDEX:
		return fn_setup_pin(&host->shape) != 0;
	case VFIO_PCI_MSI_IRQ_INDEX:
		return host->shape.msi_vectors;
	case VFIO_PCI_MSIX_IRQ_INDEX:
		return host->shape.msix_vectors;
	default:
		return 0;
	}
}

/* Messages are writes to memory, which a function may send while it masters the bus. */
static bool is_master(const struct host_fn *host)
{
	return pci_config_command(&host->cfg) & PCI_COMMAND_MASTER;
}

uint32_t host_irq_msix_enabled(const struct host_fn *host)
{
	if (!host_fn_is_up(host) ||
	    !(pci_config_msix_control(&host->cfg) & PCI_MSIX_FLAGS_ENABLE))
		return 0;
	return host->shape.msix_vectors;
}

uint32_t host_irq_raise_msix(struct host_fn *host, uint32_t vector)
{
	if (!host_fn_is_up(host))
		return PCIE_CABLE_IRQ_LINK_DOWN;
	if (!host_irq_msix_enabled(host) || !is_master(host))
		return PCIE_CABLE_IRQ_DISABLED;
	if (!vector || vector > host->shape.msix_vectors)
		return PCIE_CABLE_IRQ_NO_VECTOR;
	if (pci_config_msix_control(&host->cfg) & PCI_MSIX_FLAGS_MASKALL)
		return PCIE_CABLE_IRQ_MASKED;
	/* QEMU sets a vector up when the driver first unmasks it in the table. */
	if (!irq_path_send(host, VFIO_PCI_MSIX_IRQ_INDEX, vector - 1))
		return PCIE_CABLE_IRQ_MASKED;
	return PCIE_CABLE_IRQ_SENT;
}

uint32_t host_irq_msi_enabled(const struct host_fn *host)
{
	return host_fn_is_up(host) ? pci_config_msi_enabled(&host->cfg) : 0;
}

uint32_t host_irq_raise_msi(struct host_fn *host, uint32_t vector)
{
	const uint32_t enabled = host_irq_msi_enabled(host);

	if (!host_fn_is_up(host))
		return PCIE_CABLE_IRQ_LINK_DOWN;
	if (!enabled || !is_master(host))
		return PCIE_CABLE_IRQ_DISABLED;
	if (!vector || vector > enabled)
		return PCIE_CABLE_IRQ_NO_VECTOR;
	/* QEMU sets all vectors up before the host's write that enables MSI has ended. */
	if (!irq_path_send(host, VFIO_PCI_MSI_IRQ_INDEX, vector - 1))
		return PCIE_CABLE_IRQ_DISABLED;
	return PCIE_CABLE_IRQ_SENT;
}

/* What becomes of INTx now */
static uint32_t intx_status(const struct host_fn *host)
{
	if (!host_fn_is_up(host))
		return PCIE_CABLE_IRQ_LINK_DOWN;
	if (!fn_setup_pin(&host->shape))
		return PCIE_CABLE_IRQ_NO_VECTOR;
	if (pci_config_command(&host->cfg) & PCI_COMMAND_INTX_DISABLE ||
	    host_irq_msi_enabled(host) || host_irq_msix_enabled(host))
		return PCIE_CABLE_IRQ_DISABLED;
	return PCIE_CABLE_IRQ_SENT;
}

void host_irq_update(struct host_fn *host)
{
	pci_config_set_intx(&host->cfg, host->intx);
	if (host->conn)
		vfu_irq_intx(&host->conn->irqs, host->intx,
			     intx_status(host) == PCIE_CABLE_IRQ_SENT);
}

uint32_t host_irq_set_intx(struct host_fn *host, bool asserted)
{
	const uint32_t status = intx_status(host);

	if (status == PCIE_CABLE_IRQ_SENT || status == PCIE_CABLE_IRQ_DISABLED) {
		host->intx = asserted;
		host_irq_update(host);
	}
	return status;
}

uint32_t host_irq_pulse_intx(struct host_fn *host)
{
	const uint32_t status = intx_status(host);

	/* QEMU sets INTx up before the host's write that turns the others off has ended. */
	if (status == PCIE_CABLE_IRQ_SENT &&
	    !irq_path_send(host, VFIO_PCI_INTX_IRQ_INDEX, 0))
		return PCIE_CABLE_IRQ_DISABLED;
	return status;
}

void host_irq_forget(struct host_fn *host)
{
	host->intx = false;
	if (host->conn)
		vfu_irq_forget_intx(&host->conn->irqs);
	host_irq_update(host);
}
