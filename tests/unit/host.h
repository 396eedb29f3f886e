/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What host drivers do with a legacy virtio-pci function, as data
 *
 * A program is a list of accesses in the host's order.  What a read must give
 * is not written down: the oracle in world.c, a device that sees each access,
 * knows.  Time is counted in eighths of a round trip; an access that follows a
 * read arrives a round trip after it at the earliest, one that follows a write may
 * arrive together with it.
 */
#ifndef UNIT_HOST_H
#define UNIT_HOST_H

#include <linux/types.h>

#define HOST_RTT	8
#define HOST_MAX_OPS	512

enum host_kind {
	HOST_WRITE,
	HOST_READ,
	HOST_DELAY,	/* @val ticks of software */
	HOST_MSIX,	/* enable (@val 1) or disable MSI-X: a config write, non-posted */
	HOST_SYNC,	/* a long time passes; compare the engine with the oracle */
};

struct host_op {
	u8 kind;
	u8 size;	/* bytes of an access */
	u8 off;		/* in BAR0 */
	u32 val;
};

enum host_irq {
	HOST_INTX,
	HOST_EACH,	/* MSI-X, a vector per queue */
	HOST_SHARED,	/* MSI-X, a vector for all queues */
};

struct host {
	unsigned int queues;
	u32 callbacks;		/* mask of queues with a callback */
	u32 features;
	unsigned int config_len;	/* bytes to read where the driver reads configuration */
	unsigned int alloc;	/* ticks to allocate a ring */
	unsigned int request_irq;	/* ticks to request an interrupt */

	bool msix;
	u32 pfn;		/* the last one given to the device */
	unsigned int len;
	struct host_op op[HOST_MAX_OPS];
};

void host_init(struct host *h, unsigned int queues);

void host_write(struct host *h, unsigned int size, unsigned int off, u32 val);
void host_read(struct host *h, unsigned int size, unsigned int off);
void host_delay(struct host *h, unsigned int ticks);
void host_set_msix(struct host *h, bool on);
void host_sync(struct host *h);
void host_kick(struct host *h, unsigned int queue);

/* Linux: drivers/virtio/virtio.c, virtio_pci_common.c, virtio_pci_legacy.c */
void host_linux_register(struct host *h);
void host_linux_bind(struct host *h, u8 status);
void host_linux_queues(struct host *h, enum host_irq irq, unsigned int count);
void host_linux_del_queues(struct host *h, unsigned int count);
void host_linux_ok(struct host *h, u8 status);
void host_linux_probe(struct host *h, enum host_irq irq);
void host_linux_remove(struct host *h);
void host_linux_shutdown(struct host *h);
void host_linux_suspend(struct host *h, enum host_irq irq);

/* Others, from reset to DRIVER_OK */
void host_old_ipxe(struct host *h);
void host_old_ipxe_close(struct host *h);
void host_new_ipxe(struct host *h);
void host_seabios(struct host *h);
void host_uboot(struct host *h);
void host_dpdk(struct host *h);

#endif /* UNIT_HOST_H */
