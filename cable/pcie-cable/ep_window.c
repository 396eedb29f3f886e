// SPDX-License-Identifier: GPL-2.0
#include <linux/vfio.h>
#include <string.h>

#include "ep_window.h"
#include "log.h"
#include "mem.h"
#include "pcie-cable-regs.h"

#define BANK_ID		(PCIE_CABLE_BANK_DEVICE_ID << 16 | PCIE_CABLE_VENDOR_ID)

static bool is_window(unsigned int index)
{
	return index == 0 || index == 2 || index == 4;
}

void ep_bank_connected(struct ep_bank *bank, struct vfu_conn *conn, struct host_ram *ram)
{
	unsigned int b;

	bank->conn = conn;
	bank->ram = ram;
	pci_config_init(&bank->cfg, PCI_CONFIG_SIZE, BANK_ID, EP_CLASS_REV, BANK_ID);
	for (b = 0; b < PCIE_CABLE_NUM_BARS; b++)
		if (is_window(b))
			pci_config_add_bar(&bank->cfg, b, ram->size, EP_WINDOW_BAR_FLAGS);
}

static unsigned int bank_num_irqs(void *dev, unsigned int index)
{
	(void)dev;
	(void)index;
	return 0;
}

static void bank_region(void *dev, unsigned int index, struct vfu_region *region)
{
	const struct ep_bank *bank = dev;

	if (is_window(index)) {
		region->size = bank->ram->size;
		region->fd = bank->ram->fd;
	} else if (index == VFIO_PCI_CONFIG_REGION_INDEX) {
		region->size = bank->cfg.size;
	}
}

static int bank_read(void *dev, unsigned int index, uint64_t offset,
		     uint8_t *data, uint32_t count)
{
	const struct ep_bank *bank = dev;

	if (index == VFIO_PCI_CONFIG_REGION_INDEX)
		pci_config_read(&bank->cfg, offset, data, count);
	else
		mem_read(data, bank->ram->mem + offset, count);
	return 0;
}

static int bank_write(void *dev, unsigned int index, uint64_t offset,
		      const uint8_t *data, uint32_t count)
{
	struct ep_bank *bank = dev;

	if (index == VFIO_PCI_CONFIG_REGION_INDEX)
		pci_config_write(&bank->cfg, offset, data, count);
	else
		mem_write(bank->ram->mem + offset, data, count);
	return 0;
}

static int bank_dma_map(void *dev, const struct vfu_dma_map *map, int fd)
{
	struct ep_bank *bank = dev;

	/* The controller's connection tells where the endpoint's RAM is. */
	(void)fd;
	return vfu_dma_map(&bank->conn->dma, map, -1);
}

static void bank_reset(void *dev)
{
	struct ep_bank *bank = dev;

	pci_config_reset(&bank->cfg);
}

static void bank_ready(void *dev)
{
	const struct ep_bank *bank = dev;

	log_event("%s connected", bank->name);
}

static void bank_closed(void *dev)
{
	struct ep_bank *bank = dev;

	log_event("%s disconnected", bank->name);
	bank->conn = NULL;
}

const struct vfu_ops ep_bank_ops = {
	.num_irqs = bank_num_irqs,
	.region = bank_region,
	.read = bank_read,
	.write = bank_write,
	.dma_map = bank_dma_map,
	.reset = bank_reset,
	.ready = bank_ready,
	.closed = bank_closed,
};
