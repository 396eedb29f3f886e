/* SPDX-License-Identifier: GPL-2.0 */
/* What a function sees of a controller; fake-epc.c is the controller */
#ifndef CORE_SHIM_LINUX_PCI_EPC_H
#define CORE_SHIM_LINUX_PCI_EPC_H

#include <linux/pci-epf.h>

struct pci_epc_mem_window {
	phys_addr_t phys_base;
	size_t size;
	size_t page_size;
};

struct pci_epc_mem {
	struct pci_epc_mem_window window;
};

struct pci_epc_features {
	bool msix_capable;
	bool intx_capable;
	bool bar0_reserved;
};

struct pci_epc {
	struct device dev;
	bool init_complete;
	struct pci_epc_mem **windows;
	unsigned int num_windows;
};

struct pci_epc_map {
	u64 pci_addr;
	size_t pci_size;
	u64 map_pci_addr;
	size_t map_size;
	phys_addr_t phys_base;
	phys_addr_t phys_addr;
	void *virt_base;
	void *virt_addr;
};

int pci_epc_mem_map(struct pci_epc *epc, u8 func_no, u8 vfunc_no, u64 pci_addr, size_t pci_size,
		    struct pci_epc_map *map);
void pci_epc_mem_unmap(struct pci_epc *epc, u8 func_no, u8 vfunc_no, struct pci_epc_map *map);
int pci_epc_raise_irq(struct pci_epc *epc, u8 func_no, u8 vfunc_no, unsigned int type,
		      u16 interrupt_num);
const struct pci_epc_features *pci_epc_get_features(struct pci_epc *epc, u8 func_no,
						    u8 vfunc_no);
int pci_epc_write_header(struct pci_epc *epc, u8 func_no, u8 vfunc_no,
			 struct pci_epf_header *header);
int pci_epc_set_bar(struct pci_epc *epc, u8 func_no, u8 vfunc_no, struct pci_epf_bar *bar);
void pci_epc_clear_bar(struct pci_epc *epc, u8 func_no, u8 vfunc_no, struct pci_epf_bar *bar);
int pci_epc_set_msix(struct pci_epc *epc, u8 func_no, u8 vfunc_no, u16 nr_irqs,
		     enum pci_barno bar, u32 offset);
int pci_epc_get_msix(struct pci_epc *epc, u8 func_no, u8 vfunc_no);

#endif /* CORE_SHIM_LINUX_PCI_EPC_H */
