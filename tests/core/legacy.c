// SPDX-License-Identifier: GPL-2.0
/*
 * A host's virtio-pci driver on the legacy layout, access by access
 */
#include <errno.h>
#include <string.h>

#include <linux/compiler.h>
#include <linux/virtio_config.h>
#include <linux/virtio_pci.h>

#include "fake-sched.h"
#include "legacy.h"

#define ACK	VIRTIO_CONFIG_S_ACKNOWLEDGE
#define DRIVER	(ACK | VIRTIO_CONFIG_S_DRIVER)
#define OK	(DRIVER | VIRTIO_CONFIG_S_DRIVER_OK)

static bool gone(struct legacy *l)
{
	if (l->left == 1)
		return true;
	if (l->left)
		l->left--;
	return false;
}

static void set_msix(struct legacy *l, int vectors)
{
	if (!gone(l))
		*l->msix = vectors;
}

void legacy_w8(struct legacy *l, unsigned int off, u8 val)
{
	if (!gone(l))
		WRITE_ONCE(*(l->bar + off), val);
}

void legacy_w16(struct legacy *l, unsigned int off, u16 val)
{
	if (!gone(l))
		WRITE_ONCE(*(u16 *)(l->bar + off), val);
}

void legacy_w32(struct legacy *l, unsigned int off, u32 val)
{
	if (!gone(l))
		WRITE_ONCE(*(u32 *)(l->bar + off), val);
}

u8 legacy_r8(struct legacy *l, unsigned int off)
{
	if (gone(l))
		return 0;
	fake_sleep(LEGACY_RTT);
	return READ_ONCE(*(l->bar + off));
}

u16 legacy_r16(struct legacy *l, unsigned int off)
{
	if (gone(l))
		return 0;
	fake_sleep(LEGACY_RTT);
	return READ_ONCE(*(u16 *)(l->bar + off));
}

u32 legacy_r32(struct legacy *l, unsigned int off)
{
	if (gone(l))
		return 0;
	fake_sleep(LEGACY_RTT);
	return READ_ONCE(*(u32 *)(l->bar + off));
}

void legacy_notify(struct legacy *l, u16 queue)
{
	legacy_w16(l, VIRTIO_PCI_QUEUE_NOTIFY, queue);
}

void legacy_reset(struct legacy *l)
{
	legacy_w8(l, VIRTIO_PCI_STATUS, 0);
	l->up = false;
}

enum policy { EACH, SHARED, INTX };

/* setup_vq(), vp_setup_vq() */
static int setup_queue(struct legacy *l, unsigned int q, enum policy policy)
{
	u16 vector = policy == EACH ? q + 1 : 1;

	legacy_w16(l, VIRTIO_PCI_QUEUE_SEL, q);
	l->size = legacy_r16(l, VIRTIO_PCI_QUEUE_NUM);
	legacy_w16(l, VIRTIO_PCI_QUEUE_SEL, q);
	if (!l->size || legacy_r32(l, VIRTIO_PCI_QUEUE_PFN))
		return -ENOENT;
	fake_sleep(LEGACY_ALLOC);
	legacy_w16(l, VIRTIO_PCI_QUEUE_SEL, q);
	legacy_w32(l, VIRTIO_PCI_QUEUE_PFN, l->ring[q] >> VIRTIO_PCI_QUEUE_ADDR_SHIFT);
	if (policy == INTX)
		return 0;
	legacy_w16(l, VIRTIO_PCI_QUEUE_SEL, q);
	legacy_w16(l, VIRTIO_MSI_QUEUE_VECTOR, vector);
	if (legacy_r16(l, VIRTIO_MSI_QUEUE_VECTOR) != vector)
		return -EBUSY;
	/* request_irq() */
	if (policy == EACH)
		fake_sleep(5 * LEGACY_RTT);
	return 0;
}

static int find_queues(struct legacy *l, enum policy policy)
{
	unsigned int q;
	int err;

	l->attempts++;
	if (policy != INTX) {
		set_msix(l, l->vectors);
		fake_sleep(LEGACY_ENABLE_MSIX);
		legacy_w16(l, VIRTIO_MSI_CONFIG_VECTOR, 0);
		if (legacy_r16(l, VIRTIO_MSI_CONFIG_VECTOR))
			return -EBUSY;
	}
	for (q = 0; q < l->num_queues; q++) {
		err = setup_queue(l, q, policy);
		if (err)
			return err;
	}
	return 0;
}

static void delete_queues(struct legacy *l)
{
	unsigned int q;

	for (q = 0; q < l->num_queues; q++) {
		if (*l->msix) {
			legacy_w16(l, VIRTIO_PCI_QUEUE_SEL, q);
			legacy_w16(l, VIRTIO_MSI_QUEUE_VECTOR, VIRTIO_MSI_NO_VECTOR);
			legacy_r16(l, VIRTIO_MSI_QUEUE_VECTOR);
			legacy_r8(l, VIRTIO_PCI_ISR);
		}
		legacy_w16(l, VIRTIO_PCI_QUEUE_SEL, q);
		legacy_w32(l, VIRTIO_PCI_QUEUE_PFN, 0);
	}
	if (*l->msix) {
		legacy_w16(l, VIRTIO_MSI_CONFIG_VECTOR, VIRTIO_MSI_NO_VECTOR);
		legacy_r16(l, VIRTIO_MSI_CONFIG_VECTOR);
		set_msix(l, 0);
	}
}

static int probe(void *data)
{
	struct legacy *l = data;
	enum policy policy;

	set_msix(l, 0);
	legacy_w8(l, VIRTIO_PCI_STATUS, 0);
	legacy_r8(l, VIRTIO_PCI_STATUS);
	legacy_r8(l, VIRTIO_PCI_STATUS);
	legacy_w8(l, VIRTIO_PCI_STATUS, ACK);
	legacy_r8(l, VIRTIO_PCI_STATUS);
	legacy_w8(l, VIRTIO_PCI_STATUS, DRIVER);
	l->features = legacy_r32(l, VIRTIO_PCI_HOST_FEATURES) & l->accepts;
	legacy_w32(l, VIRTIO_PCI_GUEST_FEATURES, l->features);
	l->attempts = 0;
	for (policy = l->use_msix ? EACH : INTX; policy <= INTX; policy++) {
		l->err = find_queues(l, policy);
		if (!l->err)
			break;
		delete_queues(l);
	}
	if (l->err) {
		legacy_w8(l, VIRTIO_PCI_STATUS,
			  legacy_r8(l, VIRTIO_PCI_STATUS) | VIRTIO_CONFIG_S_FAILED);
		return l->err;
	}
	legacy_r8(l, VIRTIO_PCI_STATUS);
	legacy_w8(l, VIRTIO_PCI_STATUS, OK);
	l->up = true;
	return 0;
}

static int remove(void *data)
{
	struct legacy *l = data;

	legacy_reset(l);
	legacy_r8(l, VIRTIO_PCI_STATUS);
	delete_queues(l);
	legacy_r8(l, VIRTIO_PCI_STATUS);
	legacy_w8(l, VIRTIO_PCI_STATUS, ACK);
	return 0;
}

static void run(struct legacy *l, int (*fn)(void *data), const char *name)
{
	if (current->host)
		fn(l);
	else
		fake_join(fake_host_task(fn, l, name));
}

int legacy_probe(struct legacy *l)
{
	run(l, probe, "host's probe");
	return l->err;
}

void legacy_remove(struct legacy *l)
{
	run(l, remove, "host's remove");
}
