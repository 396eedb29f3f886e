/* SPDX-License-Identifier: GPL-2.0 */
#ifndef CORE_SHIM_LINUX_VIRTIO_H
#define CORE_SHIM_LINUX_VIRTIO_H

#include <linux/device.h>

struct virtqueue;

struct virtio_device {
	struct device dev;
};

#endif /* CORE_SHIM_LINUX_VIRTIO_H */
