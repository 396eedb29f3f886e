/* SPDX-License-Identifier: GPL-2.0 */
/* A function, and the endpoint core it is registered with: see fake-epf.c */
#ifndef CORE_SHIM_LINUX_PCI_EPF_H
#define CORE_SHIM_LINUX_PCI_EPF_H

#include <linux/device.h>
#include <linux/pci.h>
#include <linux/types.h>

struct config_group;
struct module;
struct pci_epc;
struct pci_epc_features;
struct pci_epf;
struct pci_epf_driver;

enum pci_barno { BAR_0, BAR_1, NUM_BARS = 6 };
enum pci_epc_interface_type { PRIMARY_INTERFACE };

#define PCI_INTERRUPT_INTA	1
#define PCI_INTERRUPT_INTD	4

struct pci_epf_header {
	u16 vendorid;
	u16 deviceid;
	u8 revid;
	u8 progif_code;
	u8 subclass_code;
	u8 baseclass_code;
	u16 subsys_vendor_id;
	u16 subsys_id;
	unsigned int interrupt_pin;
};

struct pci_epf_bar {
	void *addr;
	size_t size;
	int flags;
};

struct pci_epf_device_id {
	char name[20];
};

struct pci_epc_event_ops {
	int (*epc_init)(struct pci_epf *epf);
	void (*epc_deinit)(struct pci_epf *epf);
	int (*link_up)(struct pci_epf *epf);
	int (*link_down)(struct pci_epf *epf);
};

struct pci_epf {
	struct device dev;
	struct pci_epf_header *header;
	struct pci_epf_bar bar[NUM_BARS];
	u8 msi_interrupts;
	u16 msix_interrupts;
	u8 func_no;
	u8 vfunc_no;
	struct pci_epc *epc;
	struct pci_epc *sec_epc;
	struct pci_epf_driver *driver;
	const struct pci_epc_event_ops *event_ops;
};

struct pci_epf_ops {
	int (*bind)(struct pci_epf *epf);
	void (*unbind)(struct pci_epf *epf);
	struct config_group *(*add_cfs)(struct pci_epf *epf, struct config_group *group);
};

struct pci_epf_driver {
	int (*probe)(struct pci_epf *epf, const struct pci_epf_device_id *id);
	struct {
		const char *name;
		bool suppress_bind_attrs;
	} driver;
	const struct pci_epf_ops *ops;
	struct module *owner;
	const struct pci_epf_device_id *id_table;
};

static inline void epf_set_drvdata(struct pci_epf *epf, void *data)
{
	epf->dev.data = data;
}

static inline void *epf_get_drvdata(struct pci_epf *epf)
{
	return epf->dev.data;
}

int __pci_epf_register_driver(struct pci_epf_driver *driver, struct module *owner);
void pci_epf_unregister_driver(struct pci_epf_driver *driver);
void *pci_epf_alloc_space(struct pci_epf *epf, size_t size, enum pci_barno bar,
			  const struct pci_epc_features *features,
			  enum pci_epc_interface_type type);
void pci_epf_free_space(struct pci_epf *epf, void *addr, enum pci_barno bar,
			enum pci_epc_interface_type type);

#endif /* CORE_SHIM_LINUX_PCI_EPF_H */
