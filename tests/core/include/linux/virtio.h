/* SPDX-License-Identifier: GPL-2.0 */
/* A virtio device, and a driver that is the test; see fake-virtio.h */
#ifndef CORE_SHIM_LINUX_VIRTIO_H
#define CORE_SHIM_LINUX_VIRTIO_H

#include <linux/compiler.h>
#include <linux/device.h>
#include <linux/spinlock.h>

struct virtio_device;

struct virtio_device_id {
	u32 device;
	u32 vendor;
};

struct virtqueue {
	struct virtio_device *vdev;
	void (*callback)(struct virtqueue *vq);
	const char *name;
	unsigned int index;
	unsigned int num_max;
	void *priv;
};

struct virtio_config_ops;

struct virtio_device {
	struct device dev;
	struct virtio_device_id id;
	const struct virtio_config_ops *config;
	u64 features;
	void *priv;
};

static inline struct virtio_device *dev_to_virtio(struct device *dev)
{
	return container_of(dev, struct virtio_device, dev);
}

int register_virtio_device(struct virtio_device *dev);
void unregister_virtio_device(struct virtio_device *dev);
void virtio_config_changed(struct virtio_device *dev);

#endif /* CORE_SHIM_LINUX_VIRTIO_H */
