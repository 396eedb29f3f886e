// SPDX-License-Identifier: GPL-2.0
#include <string.h>

#include "pci_config.h"

#define COMMAND_WRITABLE	(PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER |	\
				 PCI_COMMAND_PARITY | PCI_COMMAND_SERR |	\
				 PCI_COMMAND_INTX_DISABLE)

/* Through slot and root registers, which an endpoint has but does not use */
#define EXPRESS_CAP_SIZE	0x3c

#define LINK_WIDTH_SHIFT	4	/* in Link Capabilities and Link Status */
#define LINK_SPEEDS_SHIFT	1	/* in Link Capabilities 2 */
#define MIN_PAYLOAD		128u

/* With a 64-bit address, and without masks and pending bits */
#define MSI_CAP_SIZE		(PCI_MSI_DATA_64 + 2)
#define MSI_QMASK_SHIFT		1
#define MSI_QSIZE_SHIFT		4

static void put16(uint8_t *p, uint16_t v)
{
	p[0] = v;
	p[1] = v >> 8;
}

static void put32(uint8_t *p, uint32_t v)
{
	put16(p, v);
	put16(p + 2, v >> 16);
}

void pci_config_init(struct pci_config *cfg, uint32_t size, uint32_t id,
		     uint32_t class_rev, uint32_t subsys)
{
	memset(cfg, 0, sizeof(*cfg));
	cfg->size = size;
	cfg->next_cap = PCI_STD_HEADER_SIZEOF;
	put32(cfg->data + PCI_VENDOR_ID, id);
	put32(cfg->data + PCI_CLASS_REVISION, class_rev);
	put32(cfg->data + PCI_SUBSYSTEM_VENDOR_ID, subsys);
	put16(cfg->writable + PCI_COMMAND, COMMAND_WRITABLE);
	cfg->writable[PCI_CACHE_LINE_SIZE] = 0xff;
	cfg->writable[PCI_INTERRUPT_LINE] = 0xff;
}

void pci_config_add_bar(struct pci_config *cfg, unsigned int bar, uint64_t size,
			uint32_t flags)
{
	const uint32_t at = PCI_BASE_ADDRESS_0 + bar * 4;

	put32(cfg->data + at, flags);
	put32(cfg->writable + at, (uint32_t)~(size - 1) & PCI_BASE_ADDRESS_MEM_MASK);
	if (flags & PCI_BASE_ADDRESS_MEM_TYPE_64)
		put32(cfg->writable + at + 4, ~(size - 1) >> 32);
}

static uint32_t bar_reg(const uint8_t *regs, unsigned int bar)
{
	const uint8_t *p = regs + bar * 4;

	return p[0] | p[1] << 8 | p[2] << 16 | (uint32_t)p[3] << 24;
}

bool pci_config_bar_is_64bit(const uint8_t *regs, unsigned int bar)
{
	const uint32_t type = bar_reg(regs, bar) & PCI_BASE_ADDRESS_MEM_TYPE_MASK;

	return type == PCI_BASE_ADDRESS_MEM_TYPE_64 && bar + 1 < PCI_STD_NUM_BARS;
}

uint64_t pci_config_bar_address(const uint8_t *regs, unsigned int bar)
{
	const uint64_t addr = bar_reg(regs, bar) & (uint32_t)PCI_BASE_ADDRESS_MEM_MASK;

	if (!pci_config_bar_is_64bit(regs, bar))
		return addr;
	return addr | (uint64_t)bar_reg(regs, bar + 1) << 32;
}

static uint8_t add_cap(struct pci_config *cfg, uint8_t id, unsigned int size)
{
	const uint8_t at = cfg->next_cap;

	/* The newest comes first in the list: no need to look for its end. */
	cfg->data[at + PCI_CAP_LIST_ID] = id;
	cfg->data[at + PCI_CAP_LIST_NEXT] = cfg->data[PCI_CAPABILITY_LIST];
	cfg->data[PCI_CAPABILITY_LIST] = at;
	cfg->data[PCI_STATUS] |= PCI_STATUS_CAP_LIST;
	cfg->next_cap = (at + size + 3) & ~3u;
	return at;
}

static unsigned int log2_of(unsigned int power_of_two)
{
	unsigned int log2 = 0;

	while (1u << log2 < power_of_two)
		log2++;
	return log2;
}

void pci_config_add_express(struct pci_config *cfg, const struct pci_config_link *link)
{
	const uint8_t at = add_cap(cfg, PCI_CAP_ID_EXP, EXPRESS_CAP_SIZE);
	const uint16_t state = link->width << LINK_WIDTH_SHIFT | link->speed;
	uint8_t *cap = cfg->data + at;

	cfg->express = at;
	put16(cap + PCI_EXP_FLAGS, 2 | PCI_EXP_TYPE_ENDPOINT << 4);
	put32(cap + PCI_EXP_DEVCAP, PCI_EXP_DEVCAP_RBER | PCI_EXP_DEVCAP_FLR |
	      log2_of(link->payload / MIN_PAYLOAD));
	put32(cap + PCI_EXP_LNKCAP, state);
	put16(cap + PCI_EXP_LNKSTA, state);
	put32(cap + PCI_EXP_LNKCAP2, ((1u << link->speed) - 1) << LINK_SPEEDS_SHIFT);
	put16(cap + PCI_EXP_LNKCTL2, link->speed);
	put16(cfg->writable + at + PCI_EXP_DEVCTL, 0x7fff);
	put16(cfg->writable + at + PCI_EXP_LNKCTL, PCI_EXP_LNKCTL_ASPMC | PCI_EXP_LNKCTL_RCB |
	      PCI_EXP_LNKCTL_CCC | PCI_EXP_LNKCTL_ES);
}

void pci_config_add_msix(struct pci_config *cfg, unsigned int vectors,
			 uint32_t table, uint32_t pba)
{
	const uint8_t at = add_cap(cfg, PCI_CAP_ID_MSIX, PCI_CAP_MSIX_SIZEOF);

	cfg->msix = at;
	put16(cfg->data + at + PCI_MSIX_FLAGS, vectors - 1);
	put32(cfg->data + at + PCI_MSIX_TABLE, table);
	put32(cfg->data + at + PCI_MSIX_PBA, pba);
	put16(cfg->writable + at + PCI_MSIX_FLAGS,
	      PCI_MSIX_FLAGS_ENABLE | PCI_MSIX_FLAGS_MASKALL);
}

void pci_config_add_msi(struct pci_config *cfg, unsigned int vectors)
{
	const uint8_t at = add_cap(cfg, PCI_CAP_ID_MSI, MSI_CAP_SIZE);

	cfg->msi = at;
	put16(cfg->data + at + PCI_MSI_FLAGS,
	      PCI_MSI_FLAGS_64BIT | log2_of(vectors) << MSI_QMASK_SHIFT);
	put16(cfg->writable + at + PCI_MSI_FLAGS, PCI_MSI_FLAGS_ENABLE | PCI_MSI_FLAGS_QSIZE);
	put32(cfg->writable + at + PCI_MSI_ADDRESS_LO, ~3u);
	put32(cfg->writable + at + PCI_MSI_ADDRESS_HI, ~0u);
	put16(cfg->writable + at + PCI_MSI_DATA_64, 0xffff);
}

void pci_config_read(const struct pci_config *cfg, uint32_t offset,
		     uint8_t *data, uint32_t count)
{
	memcpy(data, cfg->data + offset, count);
}

void pci_config_write(struct pci_config *cfg, uint32_t offset,
		      const uint8_t *data, uint32_t count)
{
	uint8_t *p = cfg->data + offset, *mask = cfg->writable + offset;

	for (; count; count--, p++, mask++, data++)
		*p = (*p & ~*mask) | (*data & *mask);
}

bool pci_config_starts_flr(const struct pci_config *cfg, uint32_t offset, const uint8_t *data,
			   uint32_t count)
{
	/* Bit 15, in the upper byte of two */
	const uint32_t at = cfg->express + PCI_EXP_DEVCTL + 1;

	return cfg->express && at >= offset && at - offset < count &&
	       data[at - offset] & (PCI_EXP_DEVCTL_BCR_FLR >> 8);
}

void pci_config_set_intx(struct pci_config *cfg, bool asserted)
{
	cfg->data[PCI_STATUS] &= ~PCI_STATUS_INTERRUPT;
	if (asserted)
		cfg->data[PCI_STATUS] |= PCI_STATUS_INTERRUPT;
}

void pci_config_reset(struct pci_config *cfg)
{
	uint32_t i;

	for (i = 0; i < cfg->size; i++)
		cfg->data[i] &= ~cfg->writable[i];
}

uint16_t pci_config_get16(const struct pci_config *cfg, uint32_t offset)
{
	return cfg->data[offset] | cfg->data[offset + 1] << 8;
}

uint16_t pci_config_command(const struct pci_config *cfg)
{
	return pci_config_get16(cfg, PCI_COMMAND);
}

uint16_t pci_config_express_control(const struct pci_config *cfg)
{
	return cfg->express ? pci_config_get16(cfg, cfg->express + PCI_EXP_DEVCTL) : 0;
}

uint16_t pci_config_link_control(const struct pci_config *cfg)
{
	return cfg->express ? pci_config_get16(cfg, cfg->express + PCI_EXP_LNKCTL) : 0;
}

uint16_t pci_config_msix_control(const struct pci_config *cfg)
{
	return cfg->msix ? pci_config_get16(cfg, cfg->msix + PCI_MSIX_FLAGS) : 0;
}

unsigned int pci_config_msi_enabled(const struct pci_config *cfg)
{
	const uint16_t control = cfg->msi ? pci_config_get16(cfg, cfg->msi + PCI_MSI_FLAGS) : 0;
	const unsigned int wanted = (control & PCI_MSI_FLAGS_QMASK) >> MSI_QMASK_SHIFT;
	const unsigned int given = (control & PCI_MSI_FLAGS_QSIZE) >> MSI_QSIZE_SHIFT;

	if (!(control & PCI_MSI_FLAGS_ENABLE))
		return 0;
	/* More than wanted must not be given, but can be written. */
	return 1u << (given < wanted ? given : wanted);
}
