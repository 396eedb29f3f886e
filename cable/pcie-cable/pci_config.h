/* SPDX-License-Identifier: GPL-2.0 */
/*
 * pci_config: a type 0 configuration space
 *
 * Offered to:	host_fn, ep_ctrl, ep_window and trace_tlp.
 * Layout from the PCI Local Bus Specification 3.0, 6.1, and the PCI Express Base
 * Specification, 7.5; register names from <linux/pci_regs.h>.
 */
#ifndef CABLE_PCI_CONFIG_H
#define CABLE_PCI_CONFIG_H

#include <linux/pci_regs.h>
#include <stdbool.h>
#include <stdint.h>

#ifndef PCI_HEADER_TYPE_MFD	/* before Linux 6.7 */
#define PCI_HEADER_TYPE_MFD	0x80
#endif

#define PCI_CONFIG_SIZE		256	/* conventional */
#define PCI_CONFIG_SIZE_EXPRESS	4096

struct pci_config {
	uint32_t size;
	uint8_t next_cap;		/* where the next capability goes */
	uint8_t msix;			/* offset of the capability; 0: none */
	uint8_t msi;			/* likewise */
	uint8_t express;		/* likewise */
	uint8_t data[PCI_CONFIG_SIZE_EXPRESS];
	uint8_t writable[PCI_CONFIG_SIZE_EXPRESS];
};

/* An empty header; @class_rev and the rest as the dwords in it. */
void pci_config_init(struct pci_config *cfg, uint32_t size, uint32_t id,
		     uint32_t class_rev, uint32_t subsys);

/* BAR @bar of @size bytes; @flags are the low four bits of the register. */
void pci_config_add_bar(struct pci_config *cfg, unsigned int bar, uint64_t size,
			uint32_t flags);

/**
 * struct pci_config_link - what the PCI Express capability says of the link
 * @speed: 1 (2.5 GT/s), 2 (5 GT/s), ...; all below are supported, too
 * @width: lanes
 * @payload: Max_Payload_Size that is supported, 128 to 4096
 */
struct pci_config_link {
	unsigned int speed;
	unsigned int width;
	unsigned int payload;
};

/* A PCI Express endpoint capability, version 2, without function-level reset */
void pci_config_add_express(struct pci_config *cfg, const struct pci_config_link *link);

/* MSI-X; @table and @pba are the registers, offset | BAR number. */
void pci_config_add_msix(struct pci_config *cfg, unsigned int vectors,
			 uint32_t table, uint32_t pba);

/* MSI for @vectors vectors, a power of two; 64-bit addresses, no masks */
void pci_config_add_msi(struct pci_config *cfg, unsigned int vectors);

/* @offset and @count are inside the space. */
void pci_config_read(const struct pci_config *cfg, uint32_t offset,
		     uint8_t *data, uint32_t count);
void pci_config_write(struct pci_config *cfg, uint32_t offset,
		      const uint8_t *data, uint32_t count);

/* Show in the status register whether INTx is asserted. */
void pci_config_set_intx(struct pci_config *cfg, bool asserted);

/* Does this write start a function level reset? */
bool pci_config_starts_flr(const struct pci_config *cfg, uint32_t offset, const uint8_t *data,
			   uint32_t count);

/* Everything a machine can write goes back to zero, as after a reset. */
void pci_config_reset(struct pci_config *cfg);

uint16_t pci_config_get16(const struct pci_config *cfg, uint32_t offset);
uint16_t pci_config_command(const struct pci_config *cfg);
/* The message control word, 0 where there is no MSI-X */
uint16_t pci_config_msix_control(const struct pci_config *cfg);
/* MSI vectors that were given out, 0 while MSI is off */
unsigned int pci_config_msi_enabled(const struct pci_config *cfg);

/* Where a BAR is, and how wide, from all six registers at @regs */
uint64_t pci_config_bar_address(const uint8_t *regs, unsigned int bar);
bool pci_config_bar_is_64bit(const uint8_t *regs, unsigned int bar);

/* Device Control and Link Control of the PCI Express capability; 0: there is none */
uint16_t pci_config_express_control(const struct pci_config *cfg);
uint16_t pci_config_link_control(const struct pci_config *cfg);

#endif /* CABLE_PCI_CONFIG_H */
