// SPDX-License-Identifier: GPL-2.0
/*
 * virtio console on a PCIe endpoint
 *
 * "Console Device" in the virtio specification, without any of its features:
 * one port, two queues, no configuration bytes.  Each side has a /dev/hvc.
 */
#include <linux/module.h>
#include <linux/pci_ids.h>
#include <uapi/linux/virtio_ids.h>

#include "pci-epf-virtio.h"

enum {
	VCON_RECEIVEQ,
	VCON_TRANSMITQ,
	VCON_NUM_QUEUES,
};

static const char * const vcon_queue_names[VCON_NUM_QUEUES] = {
	[VCON_RECEIVEQ] = "receiveq",
	[VCON_TRANSMITQ] = "transmitq",
};

static const struct vepf_pair vcon_pairs[] = {
	{ .rx = VCON_RECEIVEQ, .tx = VCON_TRANSMITQ },
};

static const struct vepf_type vcon_type = {
	.name = "console",
	.pci_device_id = 0x1003,
	.pci_class = PCI_CLASS_COMMUNICATION_OTHER,
	.virtio_id = VIRTIO_ID_CONSOLE,
	.num_queues = VCON_NUM_QUEUES,
	.queue_names = vcon_queue_names,
	.pairs = vcon_pairs,
	.num_pairs = ARRAY_SIZE(vcon_pairs),
};

static const struct pci_epf_device_id vcon_ids[] = {
	{ .name = "pci_epf_vcon" },
	{ }
};

static struct vepf_driver vcon_driver = {
	.epf = {
		.driver.name = "pci_epf_vcon",
		.id_table = vcon_ids,
	},
	.type = &vcon_type,
};
module_vepf_driver(vcon_driver);

MODULE_DESCRIPTION("virtio console on a PCIe endpoint");
MODULE_LICENSE("GPL");
