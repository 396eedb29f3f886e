// SPDX-License-Identifier: GPL-2.0
/*
 * What host drivers do with a legacy virtio-pci function, as data
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <linux/bits.h>
#include <linux/virtio_config.h>
#include <linux/virtio_pci.h>

#include "host.h"

#define NO_VECTOR	0xffff

#define ACK		VIRTIO_CONFIG_S_ACKNOWLEDGE
#define DRIVER		VIRTIO_CONFIG_S_DRIVER
#define DRIVER_OK	VIRTIO_CONFIG_S_DRIVER_OK

void host_init(struct host *h, unsigned int queues)
{
	memset(h, 0, sizeof(*h));
	h->queues = queues;
	h->callbacks = BIT(queues) - 1;
	h->pfn = 0x100000;
}

static void add(struct host *h, struct host_op op)
{
	if (h->len == HOST_MAX_OPS) {
		fprintf(stderr, "host program longer than %u\n", HOST_MAX_OPS);
		abort();
	}
	h->op[h->len++] = op;
}

void host_write(struct host *h, unsigned int size, unsigned int off, u32 val)
{
	add(h, (struct host_op){ .kind = HOST_WRITE, .size = size, .off = off, .val = val });
}

void host_read(struct host *h, unsigned int size, unsigned int off)
{
	add(h, (struct host_op){ .kind = HOST_READ, .size = size, .off = off });
}

void host_delay(struct host *h, unsigned int ticks)
{
	if (ticks)
		add(h, (struct host_op){ .kind = HOST_DELAY, .val = ticks });
}

void host_set_msix(struct host *h, bool on)
{
	add(h, (struct host_op){ .kind = HOST_MSIX, .val = on });
	h->msix = on;
}

void host_sync(struct host *h)
{
	add(h, (struct host_op){ .kind = HOST_SYNC });
}

void host_kick(struct host *h, unsigned int queue)
{
	host_write(h, 2, VIRTIO_PCI_QUEUE_NOTIFY, queue);
}

static void status_write(struct host *h, u8 status)
{
	host_write(h, 1, VIRTIO_PCI_STATUS, status);
}

static void status_read(struct host *h)
{
	host_read(h, 1, VIRTIO_PCI_STATUS);
}

static void select_queue(struct host *h, unsigned int queue)
{
	host_write(h, 2, VIRTIO_PCI_QUEUE_SEL, queue);
}

static void read_num(struct host *h)
{
	host_read(h, 2, VIRTIO_PCI_QUEUE_NUM);
}

static void read_pfn(struct host *h)
{
	host_read(h, 4, VIRTIO_PCI_QUEUE_PFN);
}

static void write_pfn(struct host *h)
{
	host_delay(h, h->alloc);
	host_write(h, 4, VIRTIO_PCI_QUEUE_PFN, ++h->pfn);
}

static void write_queue_vector(struct host *h, unsigned int queue, u16 vector)
{
	select_queue(h, queue);
	host_write(h, 2, VIRTIO_MSI_QUEUE_VECTOR, vector);
	host_read(h, 2, VIRTIO_MSI_QUEUE_VECTOR);
}

static void write_config_vector(struct host *h, u16 vector)
{
	host_write(h, 2, VIRTIO_MSI_CONFIG_VECTOR, vector);
	host_read(h, 2, VIRTIO_MSI_CONFIG_VECTOR);
}

static void features(struct host *h)
{
	host_read(h, 4, VIRTIO_PCI_HOST_FEATURES);
	host_write(h, 4, VIRTIO_PCI_GUEST_FEATURES, h->features);
}

static void read_config(struct host *h)
{
	unsigned int i;

	for (i = 0; i < h->config_len; i++)
		host_read(h, 1, VIRTIO_PCI_CONFIG_OFF(h->msix) + i);
}

/* virtio_pci_legacy.c vp_reset(), virtio.c register_virtio_device() */
void host_linux_register(struct host *h)
{
	status_write(h, 0);
	status_read(h);
	status_read(h);
	status_write(h, ACK);
}

/* virtio.c virtio_dev_probe() up to the driver's own probe */
void host_linux_bind(struct host *h, u8 status)
{
	status_read(h);
	status_write(h, status | DRIVER);
	features(h);
	read_config(h);
}

/* virtio_pci_common.c vp_find_vqs(), one attempt, ended behind @count queues */
void host_linux_queues(struct host *h, enum host_irq irq, unsigned int count)
{
	unsigned int q, vector = 1;

	if (irq != HOST_INTX) {
		host_set_msix(h, true);
		host_delay(h, h->request_irq);
		write_config_vector(h, 0);
	}
	for (q = 0; q < count; q++) {
		select_queue(h, q);
		read_num(h);
		select_queue(h, q);
		read_pfn(h);
		host_delay(h, h->alloc);
		select_queue(h, q);
		host_write(h, 4, VIRTIO_PCI_QUEUE_PFN, ++h->pfn);
		if (irq == HOST_INTX || !(h->callbacks & BIT(q)))
			continue;
		write_queue_vector(h, q, vector);
		if (irq == HOST_EACH) {
			vector++;
			host_delay(h, h->request_irq);
		}
	}
}

/* virtio_pci_common.c vp_del_vqs() */
void host_linux_del_queues(struct host *h, unsigned int count)
{
	unsigned int q;

	for (q = 0; q < count; q++) {
		if (h->msix) {
			write_queue_vector(h, q, NO_VECTOR);
			host_read(h, 1, VIRTIO_PCI_ISR);
		}
		select_queue(h, q);
		host_write(h, 4, VIRTIO_PCI_QUEUE_PFN, 0);
	}
	if (h->msix) {
		write_config_vector(h, NO_VECTOR);
		host_set_msix(h, false);
	}
}

/* The end of a driver's probe, and of virtio_dev_probe() */
void host_linux_ok(struct host *h, u8 status)
{
	read_config(h);
	status_read(h);
	status_write(h, status | DRIVER_OK);
	host_kick(h, 0);
	status_read(h);
	host_kick(h, h->queues - 1);
}

void host_linux_probe(struct host *h, enum host_irq irq)
{
	host_linux_register(h);
	host_linux_bind(h, ACK);
	host_linux_queues(h, irq, h->queues);
	host_linux_ok(h, ACK | DRIVER);
}

/* A driver's remove, virtio.c virtio_dev_remove() */
void host_linux_remove(struct host *h)
{
	status_write(h, 0);
	status_read(h);
	host_linux_del_queues(h, h->queues);
	status_read(h);
	status_read(h);
	status_write(h, ACK);
}

/* Linux 7.3 virtio.c virtio_dev_shutdown(); 6.12 has nothing in its place */
void host_linux_shutdown(struct host *h)
{
	status_write(h, 0);
	status_read(h);
}

/* virtio.c virtio_device_freeze(), virtio_device_restore(): HOST_FEATURES is not read again */
void host_linux_suspend(struct host *h, enum host_irq irq)
{
	status_read(h);
	status_write(h, 0);
	status_read(h);
	host_linux_del_queues(h, h->queues);
	host_sync(h);
	status_write(h, 0);
	status_read(h);
	status_read(h);
	status_write(h, ACK);
	status_read(h);
	status_write(h, ACK | DRIVER);
	host_write(h, 4, VIRTIO_PCI_GUEST_FEATURES, h->features);
	host_linux_queues(h, irq, h->queues);
	host_linux_ok(h, ACK | DRIVER);
}

static void one_select_queues(struct host *h)
{
	unsigned int q;

	for (q = 0; q < h->queues; q++) {
		select_queue(h, q);
		read_num(h);
		read_pfn(h);
		write_pfn(h);
	}
}

/*
 * iPXE until 2025: queues before features, both with STATUS 0, buffers are announced
 * before DRIVER_OK, and ACKNOWLEDGE is left out.
 */
void host_old_ipxe(struct host *h)
{
	status_write(h, 0);
	host_read(h, 1, VIRTIO_PCI_ISR);
	one_select_queues(h);
	host_kick(h, 0);
	features(h);
	status_write(h, DRIVER | DRIVER_OK);
	host_read(h, 1, VIRTIO_PCI_ISR);
	host_kick(h, h->queues - 1);
	host_read(h, 1, VIRTIO_PCI_ISR);
}

void host_old_ipxe_close(struct host *h)
{
	status_write(h, 0);
	host_read(h, 1, VIRTIO_PCI_ISR);
}

static void blind_queues(struct host *h)
{
	unsigned int q;

	for (q = 0; q < h->queues; q++) {
		select_queue(h, q);
		read_num(h);
		host_delay(h, h->alloc);
		select_queue(h, q);
		host_write(h, 4, VIRTIO_PCI_QUEUE_PFN, ++h->pfn);
	}
}

/* iPXE since 2026: each STATUS is read back, PFN is never read, STATUS follows it at once */
void host_new_ipxe(struct host *h)
{
	status_write(h, 0);
	status_read(h);
	status_write(h, ACK);
	status_read(h);
	status_write(h, ACK | DRIVER);
	status_read(h);
	features(h);
	blind_queues(h);
	status_write(h, ACK | DRIVER | DRIVER_OK);
	status_read(h);
	host_kick(h, 0);
}

void host_seabios(struct host *h)
{
	status_write(h, 0);
	host_read(h, 1, VIRTIO_PCI_ISR);
	status_write(h, ACK | DRIVER);
	features(h);
	one_select_queues(h);
	status_write(h, ACK | DRIVER | DRIVER_OK);
	host_kick(h, 0);
	host_read(h, 1, VIRTIO_PCI_ISR);
}

void host_uboot(struct host *h)
{
	host_linux_register(h);
	host_linux_bind(h, ACK);
	one_select_queues(h);
	host_linux_ok(h, ACK | DRIVER);
}

/* Vectors are bound when all queues exist */
void host_dpdk(struct host *h)
{
	unsigned int q;

	status_write(h, 0);
	status_read(h);
	status_write(h, ACK);
	status_read(h);
	status_write(h, ACK | DRIVER);
	features(h);
	host_set_msix(h, true);
	blind_queues(h);
	write_config_vector(h, 0);
	for (q = 0; q < h->queues; q++)
		write_queue_vector(h, q, q + 1);
	status_read(h);
	status_write(h, ACK | DRIVER | DRIVER_OK);
	host_kick(h, 0);
	status_read(h);
}
