/* SPDX-License-Identifier: GPL-2.0 */
#ifndef CORE_SHIM_LINUX_VIRTIO_RING_H
#define CORE_SHIM_LINUX_VIRTIO_RING_H

#include_next <linux/virtio_ring.h>
#include <asm/barrier.h>
#include <linux/virtio.h>

#define virt_mb()	mb()
#define virt_rmb()	rmb()
#define virt_wmb()	wmb()

struct virtqueue *vring_create_virtqueue(unsigned int index, unsigned int num,
					 unsigned int vring_align, struct virtio_device *vdev,
					 bool weak_barriers, bool may_reduce_num, bool ctx,
					 bool (*notify)(struct virtqueue *vq),
					 void (*callback)(struct virtqueue *vq),
					 const char *name);
void vring_del_virtqueue(struct virtqueue *vq);
const struct vring *virtqueue_get_vring(const struct virtqueue *vq);
int vring_interrupt(int irq, void *vq);

#endif /* CORE_SHIM_LINUX_VIRTIO_RING_H */
