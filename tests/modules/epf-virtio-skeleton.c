// SPDX-License-Identifier: GPL-2.0
/*
 * A device type with as little as there can be: docs/new-device.md
 *
 * What one side's driver sends, the other's receives, as a stream of bytes.  The
 * drivers are those of a console without any feature.
 */
#include <linux/module.h>
#include <linux/pci_ids.h>
#include <uapi/linux/virtio_ids.h>

#include "pci-epf-virtio.h"

enum {
	SKELETON_RECEIVEQ,
	SKELETON_TRANSMITQ,
	SKELETON_NUM_QUEUES,
};

static const char * const skeleton_queue_names[SKELETON_NUM_QUEUES] = {
	[SKELETON_RECEIVEQ] = "receiveq",
	[SKELETON_TRANSMITQ] = "transmitq",
};

static const struct epfv_pair skeleton_pairs[] = {
	{ .rx = SKELETON_RECEIVEQ, .tx = SKELETON_TRANSMITQ },
};

static const struct epfv_type skeleton_type = {
	.name = "skeleton",
	.pci_device_id = 0x1003,
	.pci_class = PCI_CLASS_COMMUNICATION_OTHER,
	.virtio_id = VIRTIO_ID_CONSOLE,
	.num_queues = SKELETON_NUM_QUEUES,
	.queue_names = skeleton_queue_names,
	.pairs = skeleton_pairs,
	.num_pairs = ARRAY_SIZE(skeleton_pairs),
	.num_workers = 1,
};

static const struct pci_epf_device_id skeleton_ids[] = {
	{ .name = "epf_virtio_skeleton" },
	{ }
};

static struct epfv_driver skeleton_driver = {
	.epf = {
		.driver.name = "epf_virtio_skeleton",
		.id_table = skeleton_ids,
	},
	.type = &skeleton_type,
};
module_epfv_driver(skeleton_driver);

MODULE_DESCRIPTION("smallest virtio device type on a PCIe endpoint");
MODULE_LICENSE("GPL");
