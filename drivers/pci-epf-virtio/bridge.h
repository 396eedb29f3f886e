/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A virtio device on the endpoint's own virtio bus
 *
 * Its driver is the endpoint kernel's own; its virtqueues are served by ring,
 * as the host's are.  Knows queues, not what is in them.
 */
#ifndef EPFV_BRIDGE_H
#define EPFV_BRIDGE_H

#include <linux/device.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/virtio.h>

#include "localq.h"
#include "pci-epf-virtio.h"
#include "transport.h"

/**
 * struct epfv_bridge_queue - a virtqueue of the endpoint's own driver
 * @q: the device's half
 * @bridge: device it belongs to
 * @index: its number
 * @vq: the driver's half, NULL while the driver has none
 */
struct epfv_bridge_queue {
	struct epfv_localq q;
	struct epfv_bridge *bridge;
	unsigned int index;
	struct virtqueue *vq;
};

/**
 * struct epfv_bridge_ops - what the user of a bridge is told
 * @notify: the driver has put buffers in a queue.  Called with interrupts
 *	disabled or not, possibly with locks of the driver held: must not call
 *	back into the driver.
 * @driver: the driver has said DRIVER_OK (@up), or resets the device; in a process
 */
struct epfv_bridge_ops {
	void (*notify)(void *ctx, struct epfv_localq *q);
	void (*driver)(void *ctx, bool up, u32 features);
};

/**
 * struct epfv_bridge - virtio device whose other side is the PCIe host
 * @vdev: the device
 * @type: device type
 * @queue_size: descriptors per virtqueue
 * @ops: who is told
 * @ctx: handed to @ops
 * @call_lock: held around callbacks into the driver, so that queues stay
 * @status: device status as the driver wrote it
 * @counted: @vdev counts references to the bridge
 * @num_queues: queues in @queues
 * @queues: one for each of the type's queues
 */
struct epfv_bridge {
	struct virtio_device vdev;
	const struct epfv_type *type;
	u16 queue_size;
	const struct epfv_bridge_ops *ops;
	void *ctx;
	spinlock_t call_lock; /* callbacks into the driver */
	u8 status;
	bool counted;
	unsigned int num_queues;
	struct epfv_bridge_queue queues[EPFV_MAX_QUEUES];
};

struct epfv_bridge *epfv_bridge_alloc(struct device *parent, const struct epfv_type *type,
				      u16 queue_size, const struct epfv_bridge_ops *ops,
				      void *ctx);
void epfv_bridge_free(struct epfv_bridge *bridge);
int epfv_bridge_register(struct epfv_bridge *bridge);
void epfv_bridge_unregister(struct epfv_bridge *bridge);

#endif /* EPFV_BRIDGE_H */
