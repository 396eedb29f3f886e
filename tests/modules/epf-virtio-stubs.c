// SPDX-License-Identifier: GPL-2.0
/*
 * virtio devices that a driver of the host can probe, and no more: nobody is
 * behind them.  For tests of what drivers do with the registers.
 */
#include <linux/module.h>
#include <linux/pci_ids.h>
#include <uapi/linux/virtio_console.h>
#include <uapi/linux/virtio_ids.h>
#include <uapi/linux/virtio_net.h>
#include <uapi/linux/virtio_vsock.h>

#include "pci-epf-virtio.h"

/* A console with several ports, of which it never makes one */

static const char * const console_queue_names[] = {
	"port0-in", "port0-out", "control-in", "control-out",
};

/* A driver waits for its control messages to be used */
static const struct epfv_pair console_pairs[] = {
	{ .rx = 2, .tx = 3 },
};

/* 80 columns, 25 rows, 1 port */
static const u8 console_config[] = { 80, 0, 25, 0, 1, 0, 0, 0 };

static const struct epfv_type console_type = {
	.name = "console stub",
	.pci_device_id = 0x1003,
	.pci_class = PCI_CLASS_COMMUNICATION_OTHER,
	.virtio_id = VIRTIO_ID_CONSOLE,
	.features = BIT(VIRTIO_CONSOLE_F_SIZE) | BIT(VIRTIO_CONSOLE_F_MULTIPORT),
	.num_queues = ARRAY_SIZE(console_queue_names),
	.queue_names = console_queue_names,
	.pairs = console_pairs,
	.num_pairs = ARRAY_SIZE(console_pairs),
	.num_workers = 1,
	.config = { console_config, console_config },
	.config_len = sizeof(console_config),
};

/* A network card */

static const char * const net_queue_names[] = { "receive", "transmit", "control" };

/* Commands are used, for which a driver waits, but fail: their answer is not written */
static const struct epfv_pair net_pairs[] = {
	{ .rx = 0, .tx = 2 },
};

/* Address, status LINK_UP, 1 pair of queues, an MTU so small that drivers refuse it */
static const u8 net_config[] = { 0x02, 0, 0, 0, 0, 1, 1, 0, 1, 0, 67, 0 };

static const struct epfv_type net_type = {
	.name = "net stub",
	.pci_device_id = 0x1000,
	.pci_class = PCI_CLASS_NETWORK_ETHERNET,
	.virtio_id = VIRTIO_ID_NET,
	.features = BIT(VIRTIO_NET_F_MTU) | BIT(VIRTIO_NET_F_MAC) | BIT(VIRTIO_NET_F_STATUS) |
		    BIT(VIRTIO_NET_F_CTRL_VQ) | BIT(VIRTIO_NET_F_MQ),
	.num_queues = ARRAY_SIZE(net_queue_names),
	.queue_names = net_queue_names,
	.pairs = net_pairs,
	.num_pairs = ARRAY_SIZE(net_pairs),
	.num_workers = 1,
	.config = { net_config, net_config },
	.config_len = sizeof(net_config),
};

/* Sockets */

static const char * const vsock_queue_names[] = { "receive", "transmit", "event" };

static const struct epfv_pair vsock_pairs[] = {
	{ .rx = 0, .tx = 1 },
};

/* CID 3 */
static const u8 vsock_config[] = { 3, 0, 0, 0, 0, 0, 0, 0 };

/* The specification has no transitional ID for it; Linux takes any of the range */
static const struct epfv_type vsock_type = {
	.name = "vsock stub",
	.pci_device_id = 0x1012,
	.pci_class = PCI_CLASS_COMMUNICATION_OTHER,
	.virtio_id = VIRTIO_ID_VSOCK,
	.features = BIT(VIRTIO_VSOCK_F_SEQPACKET),
	.num_queues = ARRAY_SIZE(vsock_queue_names),
	.queue_names = vsock_queue_names,
	.pairs = vsock_pairs,
	.num_pairs = ARRAY_SIZE(vsock_pairs),
	.num_workers = 1,
	.config = { vsock_config, vsock_config },
	.config_len = sizeof(vsock_config),
};

static const struct pci_epf_device_id console_ids[] = { { .name = "epf_console_stub" }, { } };
static const struct pci_epf_device_id net_ids[] = { { .name = "epf_net_stub" }, { } };
static const struct pci_epf_device_id vsock_ids[] = { { .name = "epf_vsock_stub" }, { } };

static struct epfv_driver stubs[] = {
	{
		.epf = { .driver.name = "epf_console_stub", .id_table = console_ids },
		.type = &console_type,
	}, {
		.epf = { .driver.name = "epf_net_stub", .id_table = net_ids },
		.type = &net_type,
	}, {
		.epf = { .driver.name = "epf_vsock_stub", .id_table = vsock_ids },
		.type = &vsock_type,
	},
};

static int __init epf_virtio_stubs_init(void)
{
	unsigned int i;
	int err;

	for (i = 0; i < ARRAY_SIZE(stubs); i++) {
		err = epfv_register_driver(&stubs[i]);
		if (err)
			goto err_unregister;
	}
	return 0;

err_unregister:
	while (i--)
		epfv_unregister_driver(&stubs[i]);
	return err;
}
module_init(epf_virtio_stubs_init);

static void __exit epf_virtio_stubs_exit(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(stubs); i++)
		epfv_unregister_driver(&stubs[i]);
}
module_exit(epf_virtio_stubs_exit);

MODULE_DESCRIPTION("virtio devices that can be probed, for tests");
MODULE_LICENSE("GPL");
