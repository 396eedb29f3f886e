// SPDX-License-Identifier: GPL-2.0
/*
 * The endpoint core, with one function and one controller
 */
#include <stdlib.h>
#include <string.h>

#include <linux/sizes.h>

#include "fake-epf.h"
#include "fake-kernel.h"

struct fake_epf fake_epf;

int devm_add_action_or_reset(struct device *dev, void (*action)(void *data), void *data)
{
	assert_ptr_equal(dev, &fake_epf.epf.dev);
	assert_true(fake_epf.num_managed < FAKE_MAX_MANAGED);
	fake_epf.managed[fake_epf.num_managed++] = (struct fake_managed){ action, data };
	return 0;
}

void *devm_kzalloc(struct device *dev, size_t size, int flags)
{
	void *memory = calloc(1, size);

	(void)flags;
	devm_add_action_or_reset(dev, free, memory);
	return memory;
}

int __pci_epf_register_driver(struct pci_epf_driver *driver, struct module *owner)
{
	(void)owner;
	assert_null(fake_epf.driver);
	fake_epf.driver = driver;
	return 0;
}

void pci_epf_unregister_driver(struct pci_epf_driver *driver)
{
	assert_ptr_equal(fake_epf.driver, driver);
	fake_epf.driver = NULL;
}

void *pci_epf_alloc_space(struct pci_epf *epf, size_t size, enum pci_barno bar,
			  const struct pci_epc_features *features,
			  enum pci_epc_interface_type type)
{
	(void)features;
	assert_int_equal(type, PRIMARY_INTERFACE);
	if (fake_epf.no_bar)
		return NULL;
	epf->bar[bar].size = size;
	return epf->bar[bar].addr = aligned_alloc(SZ_4K, size);
}

void pci_epf_free_space(struct pci_epf *epf, void *addr, enum pci_barno bar,
			enum pci_epc_interface_type type)
{
	assert_int_equal(type, PRIMARY_INTERFACE);
	assert_ptr_equal(epf->bar[bar].addr, addr);
	assert_false(fake_epf.bar_is_set);
	free(addr);
	epf->bar[bar].addr = NULL;
}

const struct pci_epc_features *pci_epc_get_features(struct pci_epc *epc, u8 func_no,
						    u8 vfunc_no)
{
	(void)epc;
	(void)func_no;
	(void)vfunc_no;
	return fake_epf.no_features ? NULL : &fake_epf.features;
}

int pci_epc_write_header(struct pci_epc *epc, u8 func_no, u8 vfunc_no,
			 struct pci_epf_header *header)
{
	(void)epc;
	(void)func_no;
	(void)vfunc_no;
	if (!fake_epf.header_result)
		fake_epf.header = *header;
	return fake_epf.header_result;
}

int pci_epc_set_bar(struct pci_epc *epc, u8 func_no, u8 vfunc_no, struct pci_epf_bar *bar)
{
	(void)epc;
	(void)func_no;
	(void)vfunc_no;
	assert_non_null(bar->addr);
	if (!fake_epf.bar_result)
		fake_epf.bar_is_set = true;
	return fake_epf.bar_result;
}

void pci_epc_clear_bar(struct pci_epc *epc, u8 func_no, u8 vfunc_no, struct pci_epf_bar *bar)
{
	(void)epc;
	(void)func_no;
	(void)vfunc_no;
	(void)bar;
	assert_true(fake_epf.bar_is_set);
	fake_epf.bar_is_set = false;
}

int pci_epc_set_msix(struct pci_epc *epc, u8 func_no, u8 vfunc_no, u16 nr_irqs,
		     enum pci_barno bar, u32 offset)
{
	(void)epc;
	(void)func_no;
	(void)vfunc_no;
	(void)offset;
	assert_int_equal(bar, BAR_0);
	if (!fake_epf.msix_result)
		fake_epf.msix_vectors = nr_irqs;
	return fake_epf.msix_result;
}

/* What configfs does */

void fake_epf_reset(struct pci_epc *epc)
{
	memset(&fake_epf, 0, sizeof(fake_epf));
	fake_epf.epf.dev.name = "epf";
	fake_epf.epf.epc = epc;
	fake_epf.features.msix_capable = true;
}

int fake_epf_create(void)
{
	fake_epf.epf.driver = fake_epf.driver;
	return fake_epf.driver->probe(&fake_epf.epf, fake_epf.driver->id_table);
}

void fake_epf_destroy(void)
{
	while (fake_epf.num_managed) {
		struct fake_managed *last = &fake_epf.managed[--fake_epf.num_managed];

		last->action(last->data);
	}
}

int fake_epf_bind(void)
{
	return fake_epf.driver->ops->bind(&fake_epf.epf);
}

void fake_epf_unbind(void)
{
	fake_epf.driver->ops->unbind(&fake_epf.epf);
}

int fake_epf_init(void)
{
	fake_epf.epf.epc->init_complete = true;
	return fake_epf.epf.event_ops->epc_init(&fake_epf.epf);
}

void fake_epf_deinit(void)
{
	fake_epf.epf.epc->init_complete = false;
	fake_epf.bar_is_set = false;
	fake_epf.epf.event_ops->epc_deinit(&fake_epf.epf);
}

void fake_epf_link(bool up)
{
	if (up)
		fake_epf.epf.event_ops->link_up(&fake_epf.epf);
	else
		fake_epf.epf.event_ops->link_down(&fake_epf.epf);
}
