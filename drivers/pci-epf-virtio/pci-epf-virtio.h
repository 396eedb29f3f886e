/* SPDX-License-Identifier: GPL-2.0 */
/*
 * pci-epf-virtio: standard virtio devices offered by a PCIe endpoint
 *
 * All that a device type includes.  A device type is data: what the host's
 * driver finds (identity, features, queues, configuration bytes) and which
 * queues carry messages from one side to the other.
 */
#ifndef PCI_EPF_VIRTIO_H
#define PCI_EPF_VIRTIO_H

#include <linux/pci-epf.h>
#include <linux/types.h>

/**
 * struct vepf_pair - two virtqueues that carry messages between both sides
 * @rx: number of the queue that a driver fills with empty buffers
 * @tx: number of the queue that a driver fills with messages
 *
 * What the driver on one side puts in its @tx queue comes out of the @rx queue
 * on the other, as a stream of bytes: buffers need not come out as they went
 * in.
 */
struct vepf_pair {
	u8 rx;
	u8 tx;
};

/**
 * struct vepf_type - a virtio device type
 * @name: short name, used in messages
 * @pci_device_id: transitional PCI device ID, 0x1000 to 0x103f
 * @pci_class: base class << 8 | subclass
 * @virtio_id: virtio device ID, the PCI subsystem ID of a legacy device
 * @features: device-specific feature bits offered to the drivers of both sides
 * @num_queues: number of virtqueues, at most 66
 * @queue_names: a name for each virtqueue
 * @pairs: how the queues of both sides are joined
 * @num_pairs: entries in @pairs
 * @config: device configuration bytes, NULL if @config_len is 0
 * @config_len: length of @config in bytes, at most 64
 *
 * Constants of the virtio specification: sections "PCI Device Discovery" and
 * that of the device type.
 */
struct vepf_type {
	const char *name;
	u16 pci_device_id;
	u16 pci_class;
	u16 virtio_id;
	u32 features;
	unsigned int num_queues;
	const char * const *queue_names;
	const struct vepf_pair *pairs;
	unsigned int num_pairs;
	const u8 *config;
	unsigned int config_len;
};

/**
 * struct vepf_driver - an endpoint function driver for one virtio device type
 * @epf: set driver.name and id_table; all else is filled in by the core
 * @type: what the driver offers
 */
struct vepf_driver {
	struct pci_epf_driver epf;
	const struct vepf_type *type;
};

/**
 * vepf_register_driver() - make a device type available as an endpoint function
 * @drv: driver, must stay in place until vepf_unregister_driver()
 *
 * Context: may sleep.
 * Return: 0, -EINVAL if @drv->type is out of the ranges given above, or an
 * error of pci_epf_register_driver().
 */
#define vepf_register_driver(drv) __vepf_register_driver(drv, THIS_MODULE)
int __vepf_register_driver(struct vepf_driver *drv, struct module *owner);

/**
 * vepf_unregister_driver() - undo vepf_register_driver()
 * @drv: driver; no function of it may be bound to a controller
 *
 * Context: may sleep.
 */
void vepf_unregister_driver(struct vepf_driver *drv);

#define module_vepf_driver(drv) \
	module_driver(drv, vepf_register_driver, vepf_unregister_driver)

#endif /* PCI_EPF_VIRTIO_H */
