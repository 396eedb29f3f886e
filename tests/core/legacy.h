/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A host's virtio-pci driver on the legacy layout, access by access
 *
 * Linux's order: vp_legacy_probe(), virtio_dev_probe(), vp_find_vqs() with a vector for each
 * queue, else with one for all of them, else with INTx, and what undoes them.  tests/model
 * searches all orders and all drivers; here there is one, that is in time as a real one is.
 */
#ifndef CORE_LEGACY_H
#define CORE_LEGACY_H

#include <linux/types.h>

#define LEGACY_MAX_QUEUES	66

/* A round trip over PCIe; what the host takes to allocate a ring, or to enable MSI-X */
#define LEGACY_RTT		1000
#define LEGACY_ALLOC		5000
#define LEGACY_ENABLE_MSIX	150000

/**
 * struct legacy - the driver, and the device as it finds it
 * @bar: BAR0
 * @msix: the host has MSI-X enabled: vectors of the card's capability; owned by the controller
 * @vectors: of its table
 * @use_msix: the host wants to
 * @accepts: features that the driver knows
 * @num_queues: queues that it sets up
 * @ring: address of each
 * @features: those that were accepted
 * @size: descriptors of each queue
 * @attempts: to set queues up, in the last probe
 * @err: why the last probe failed, or 0
 * @up: the driver has said DRIVER_OK
 * @left: accesses that it makes until its host is gone, and one; 1: it is; 0: it stays
 */
struct legacy {
	u8 *bar;
	int *msix;
	int vectors;
	bool use_msix;
	u32 accepts;
	unsigned int num_queues;
	u64 ring[LEGACY_MAX_QUEUES];
	u32 features;
	u16 size;
	unsigned int attempts;
	int err;
	bool up;
	unsigned int left;
};

/* In a task of the host; else for the test, which waits for it */
int legacy_probe(struct legacy *l);
void legacy_remove(struct legacy *l);

/* In no time: the driver has put buffers in a queue; resets the device without waiting */
void legacy_notify(struct legacy *l, u16 queue);
void legacy_reset(struct legacy *l);

/* Single accesses; reads take a round trip */
void legacy_w8(struct legacy *l, unsigned int off, u8 val);
void legacy_w16(struct legacy *l, unsigned int off, u16 val);
void legacy_w32(struct legacy *l, unsigned int off, u32 val);
u8 legacy_r8(struct legacy *l, unsigned int off);
u16 legacy_r16(struct legacy *l, unsigned int off);
u32 legacy_r32(struct legacy *l, unsigned int off);

#endif /* CORE_LEGACY_H */
