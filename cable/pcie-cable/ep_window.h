/* SPDX-License-Identifier: GPL-2.0 */
/*
 * ep_window: windows to the host's RAM, and the banks that hold more of them
 *
 * Offered to:	cable (vfu_ops of the banks' connections) and ep_ctrl (whose
 *		device has two windows of its own).
 *
 * A window is the host's RAM file, which the endpoint's QEMU maps into its
 * machine: those accesses never come here.  Accesses that QEMU traps all the
 * same are carried out on the file.
 */
#ifndef CABLE_EP_WINDOW_H
#define CABLE_EP_WINDOW_H

#include <stdbool.h>
#include <stdint.h>

#include "host_ram.h"
#include "pci_config.h"
#include "vfu_conn.h"

struct ep_bank {
	struct vfu_conn *conn;		/* NULL: free */
	struct host_ram *ram;
	struct pci_config cfg;
	char name[24];
};

#define EP_WINDOW_BAR_FLAGS	(PCI_BASE_ADDRESS_MEM_TYPE_64 | PCI_BASE_ADDRESS_MEM_PREFETCH)
/* Class of controller and banks: "Processing accelerators" has no driver. */
#define EP_CLASS_REV		0x12000001u

extern const struct vfu_ops ep_bank_ops;	/* dev is the struct ep_bank */

void ep_bank_connected(struct ep_bank *bank, struct vfu_conn *conn, struct host_ram *ram);

#endif /* CABLE_EP_WINDOW_H */
