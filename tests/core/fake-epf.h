/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The endpoint core, with one function and one controller
 */
#ifndef CORE_FAKE_EPF_H
#define CORE_FAKE_EPF_H

#include <linux/pci-epc.h>
#include <linux/pci-epf.h>

#define FAKE_MAX_MANAGED	16

/* What is undone when a device goes */
struct fake_managed {
	void (*action)(void *data);
	void *data;
};

/**
 * struct fake_epf - what there is
 * @epf: the function
 * @driver: of function drivers, the one that was registered
 * @features: of the controller
 * @no_features: it does not tell of them
 * @no_bar: it has no memory for a BAR
 * @header_result: what its operations return
 * @bar_result: the same
 * @msix_result: the same
 * @header: as it was written last
 * @bar_is_set: the host sees the BAR
 * @msix_vectors: as they were set last
 */
struct fake_epf {
	struct pci_epf epf;
	struct pci_epf_driver *driver;
	struct pci_epc_features features;
	bool no_features;
	bool no_bar;
	int header_result;
	int bar_result;
	int msix_result;
	struct pci_epf_header header;
	bool bar_is_set;
	u16 msix_vectors;
	struct fake_managed managed[FAKE_MAX_MANAGED];
	unsigned int num_managed;
};

extern struct fake_epf fake_epf;

void fake_epf_reset(struct pci_epc *epc);

/* A folder is made, and removed */
int fake_epf_create(void);
void fake_epf_destroy(void);

/* It is linked to the controller, and unlinked */
int fake_epf_bind(void);
void fake_epf_unbind(void);

/* Events of the controller */
int fake_epf_init(void);
void fake_epf_deinit(void);
void fake_epf_link(bool up);

#endif /* CORE_FAKE_EPF_H */
