/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The endpoint's own virtio bus, and a driver on it
 *
 * The driver does what virtio_console's probe and remove do to the device; buffers are the
 * test's business.
 */
#ifndef CORE_FAKE_VIRTIO_H
#define CORE_FAKE_VIRTIO_H

#include <linux/virtio.h>

#define FAKE_MAX_VQS	66

/**
 * struct fake_virtio - the one device that the bus may have, and its driver
 * @vdev: device, NULL while none is registered
 * @bound: the driver has it
 * @accepts: features that the driver knows
 * @num_vqs: queues it asks for
 * @vq: those it has; NULL while it is not bound
 * @calls: interrupts by queue
 * @config_calls: interrupts that told of changed configuration bytes
 * @register_result: what register_virtio_device() returns
 * @no_memory_for: number of the queue that there is no memory for; or -1
 * @unnamed: of the queues that it asks for, the one that it does not use; or -1
 * @fill: called when it has its queues, before it says DRIVER_OK
 * @removing: called when it is about to be unbound, its queues are still served
 */
struct fake_virtio {
	struct virtio_device *vdev;
	bool bound;
	u64 accepts;
	unsigned int num_vqs;
	struct virtqueue *vq[FAKE_MAX_VQS];
	unsigned long calls[FAKE_MAX_VQS];
	unsigned long config_calls;
	int register_result;
	int no_memory_for;
	int unnamed;
	void (*fill)(void);
	void (*removing)(void);
};

extern struct fake_virtio fake_virtio;

void fake_virtio_reset(void);
/* The driver probes the device; 0 or an error of find_vqs */
int fake_virtio_probe(void);
/* The driver is unbound, or unloaded */
void fake_virtio_remove(void);
/* The driver has put buffers in a queue */
void fake_virtio_notify(unsigned int i);

#endif /* CORE_FAKE_VIRTIO_H */
