/* SPDX-License-Identifier: GPL-2.0 */
#ifndef CORE_SHIM_LINUX_VIRTIO_CONFIG_H
#define CORE_SHIM_LINUX_VIRTIO_CONFIG_H

#include_next <linux/virtio_config.h>
#include <linux/virtio.h>

struct irq_affinity;

struct virtqueue_info {
	const char *name;
	void (*callback)(struct virtqueue *vq);
	bool ctx;
};

struct virtio_config_ops {
	void (*get)(struct virtio_device *vdev, unsigned int offset, void *buf,
		    unsigned int len);
	void (*set)(struct virtio_device *vdev, unsigned int offset, const void *buf,
		    unsigned int len);
	u8 (*get_status)(struct virtio_device *vdev);
	void (*set_status)(struct virtio_device *vdev, u8 status);
	void (*reset)(struct virtio_device *vdev);
	int (*find_vqs)(struct virtio_device *vdev, unsigned int nvqs, struct virtqueue *vqs[],
			struct virtqueue_info vqs_info[], struct irq_affinity *desc);
	void (*del_vqs)(struct virtio_device *vdev);
	void (*synchronize_cbs)(struct virtio_device *vdev);
	u64 (*get_features)(struct virtio_device *vdev);
	int (*finalize_features)(struct virtio_device *vdev);
	const char *(*bus_name)(struct virtio_device *vdev);
};

#endif /* CORE_SHIM_LINUX_VIRTIO_CONFIG_H */
