// SPDX-License-Identifier: GPL-2.0
/*
 * Linux, from 6.12 to 7.3: drivers/virtio/virtio.c, virtio_pci_common.c,
 * virtio_pci_legacy.c, and the drivers of console, net and vsock
 */
#include <linux/bits.h>

#include <linux/virtio_net.h>
#include <linux/virtio_vsock.h>

#include "linux.h"

/* With MQ a command says how many pairs of queues are used, also where there is one */
#define NET_FEATURES	(BIT(VIRTIO_NET_F_MTU) | BIT(VIRTIO_NET_F_MAC) | \
			 BIT(VIRTIO_NET_F_STATUS) | BIT(VIRTIO_NET_F_CTRL_VQ) | \
			 BIT(VIRTIO_NET_F_MQ))

/* register_virtio_device(): vp_reset(), virtio_reset_device(), virtio_add_status() */
const struct step linux_register[] = {
	W8(STATUS, 0),
	R8(STATUS),
	R8(STATUS),
	W8(STATUS, ACK),
	END
};

/* virtio_dev_probe() up to the driver's own probe; a driver bound again begins here */
const struct step linux_bind[] = {
	R8(STATUS),
	W8(STATUS, SAME | DRIVER),
	R32(HOST_FEATURES),
	W32(GUEST_FEATURES, FEATURES),
	BEFORE,
	END
};

/* setup_vq() without a vector */
static const struct step setup_vq[] = {
	W16(QUEUE_SEL, QUEUE),
	R16(QUEUE_NUM),
	W16(QUEUE_SEL, QUEUE),
	R32(QUEUE_PFN),
	ALLOC,
	W16(QUEUE_SEL, QUEUE),
	W32(QUEUE_PFN, PFN),
	END
};

static const struct step own_vector[] = {
	W16(QUEUE_SEL, QUEUE),
	W16_MSI(QUEUE_VECTOR, NEXT_VECTOR),
	R16_MSI(QUEUE_VECTOR),
	REQUEST_IRQ,
	END
};

static const struct step common_vector[] = {
	W16(QUEUE_SEL, QUEUE),
	W16_MSI(QUEUE_VECTOR, 1),
	R16_MSI(QUEUE_VECTOR),
	END
};

static const struct step setup_vq_each[] = {
	DO(setup_vq),
	IF_CALLBACK(own_vector),
	END
};

static const struct step setup_vq_shared[] = {
	DO(setup_vq),
	IF_CALLBACK(common_vector),
	END
};

/* vp_find_vqs_intx() */
const struct step linux_intx[] = {
	QUEUES(setup_vq),
	END
};

/*
 * vp_find_vqs_msix() with a vector for each queue.  VP_VQ_VECTOR_POLICY_SHARED_SLOW
 * differs for admin queues only, which legacy devices do not have.
 */
const struct step linux_each[] = {
	MSIX(1),
	REQUEST_IRQ,
	W16_MSI(CONFIG_VECTOR, 0),
	R16_MSI(CONFIG_VECTOR),
	QUEUES(setup_vq_each),
	END
};

/* vp_find_vqs_msix() with a vector for all queues */
const struct step linux_shared[] = {
	MSIX(1),
	REQUEST_IRQ,
	W16_MSI(CONFIG_VECTOR, 0),
	R16_MSI(CONFIG_VECTOR),
	REQUEST_IRQ,
	QUEUES(setup_vq_shared),
	END
};

static const struct step del_vector[] = {
	W16(QUEUE_SEL, QUEUE),
	W16_MSI(QUEUE_VECTOR, NO_VECTOR),
	R16_MSI(QUEUE_VECTOR),
	R8(ISR),
	END
};

/* del_vq() */
static const struct step del_vq[] = {
	IF_MSIX(del_vector),
	W16(QUEUE_SEL, QUEUE),
	W32(QUEUE_PFN, 0),
	END
};

static const struct step msix_off[] = {
	W16_MSI(CONFIG_VECTOR, NO_VECTOR),
	R16_MSI(CONFIG_VECTOR),
	MSIX(0),
	END
};

/* vp_del_vqs(): STATUS is left alone */
const struct step linux_del_vqs[] = {
	GIVEN(del_vq),
	IF_MSIX(msix_off),
	END
};

/* virtio_device_ready() */
static const struct step device_ready[] = {
	R8(STATUS),
	W8(STATUS, SAME | DRIVER_OK),
	END
};

/* The whole way up */
const struct step linux_probe[] = {
	DO(linux_register),
	DO(linux_bind),
	FIND_VQS,
	READY,
	SYNC,
	END
};

/* A driver's remove(), virtio_dev_remove() */
const struct step linux_remove[] = {
	W8(STATUS, 0),
	R8(STATUS),
	DO(linux_del_vqs),
	R8(STATUS),
	R8(STATUS),
	W8(STATUS, ACK),
	END
};

/* virtio_dev_shutdown(), also before kexec; older kernels have nothing in its place */
const struct step linux_shutdown[] = {
	W8(STATUS, 0),
	R8(STATUS),
	END
};

/* virtio_device_freeze() and the driver's */
const struct step linux_freeze[] = {
	R8(STATUS),
	W8(STATUS, 0),
	R8(STATUS),
	DO(linux_del_vqs),
	END
};

/* virtio_device_restore(): HOST_FEATURES is not read again */
const struct step linux_restore[] = {
	W8(STATUS, 0),
	R8(STATUS),
	R8(STATUS),
	W8(STATUS, ACK),
	R8(STATUS),
	W8(STATUS, SAME | DRIVER),
	W32(GUEST_FEATURES, FEATURES),
	FIND_VQS,
	READY,
	SYNC,
	END
};

/* Another kernel, whatever came before: MSI-X is found on, or off, and switched off */
const struct step linux_next_kernel[] = {
	MSIX(0),
	DO(linux_probe),
	END
};

/* What ends whatever came before, and an ordinary driver */
const struct step linux_recover[] = {
	W8(STATUS, 0),
	DO(linux_next_kernel),
	END
};

static u32 every_queue(unsigned int queues)
{
	return BIT(queues) - 1;
}

static u32 first_queue(unsigned int queues)
{
	(void)queues;
	return BIT(0);
}

static u32 last_queue(unsigned int queues)
{
	return BIT(queues - 1);
}

/* virtio_console init_vqs(): queue 3 sends control messages, and is polled */
static u32 console_callbacks(unsigned int queues)
{
	return (BIT(queues) - 1) & ~BIT(3);
}

/* virtnet_find_vqs(): the last of an odd number is the control queue, which is polled */
static u32 net_callbacks(unsigned int queues)
{
	return queues > 1 && queues % 2 ? BIT(queues - 1) - 1 : BIT(queues) - 1;
}

static const struct step any_ready[] = {
	DO(device_ready),
	W16(QUEUE_NOTIFY, 0),
	R8(STATUS),
	W16(QUEUE_NOTIFY, LAST_QUEUE),
	END
};

/* virtcons_probe(), several ports: max_nr_ports */
static const struct step console_before[] = {
	R8_CONFIG(4, 7),
	END
};

/* Buffers for control messages, and one of them: queues 2 and 3, however many there are */
static const struct step console_ready[] = {
	DO(device_ready),
	W16(QUEUE_NOTIFY, 2),
	W16(QUEUE_NOTIFY, 3),
	R8(STATUS),
	END
};

/*
 * virtnet_validate(): mtu, which is refused, so that features are written without it;
 * virtnet_probe(): max_virtqueue_pairs, mac
 */
static const struct step net_before[] = {
	R8_CONFIG(10, 11),
	W32(GUEST_FEATURES, NET_FEATURES & ~BIT(VIRTIO_NET_F_MTU)),
	R8_CONFIG(8, 9),
	R8_CONFIG(0, 5),
	END
};

/* virtnet_probe(): a command; virtnet_open(): receive buffers, then status in a work */
static const struct step net_ready[] = {
	DO(device_ready),
	W16(QUEUE_NOTIFY, LAST_QUEUE),
	R8(STATUS),
	W16(QUEUE_NOTIFY, 0),
	R8_CONFIG(6, 7),
	END
};

/* virtio_vsock_vqs_init(): guest_cid; virtio_vsock_vqs_start(): receive and event buffers */
static const struct step vsock_ready[] = {
	R8_CONFIG(0, 7),
	DO(device_ready),
	W16(QUEUE_NOTIFY, 0),
	W16(QUEUE_NOTIFY, LAST_QUEUE),
	R8(STATUS),
	END
};

/* No driver: without configuration, which makes the search small */
const struct device any_device = {
	.name = "any",
	.callbacks = every_queue,
	.features = 0x21,
	.ready = any_ready,
};

const struct device first_device = {
	.name = "any",
	.callbacks = first_queue,
	.features = 0x21,
	.ready = any_ready,
};

const struct device last_device = {
	.name = "any",
	.callbacks = last_queue,
	.features = 0x21,
	.ready = any_ready,
};

const struct device console_device = {
	.name = "console",
	.callbacks = console_callbacks,
	.features = 0x3,
	.config_len = 8,
	.before = console_before,
	.ready = console_ready,
};

const struct device net_device = {
	.name = "net",
	.callbacks = net_callbacks,
	.features = NET_FEATURES,
	.config_len = 12,
	.before = net_before,
	.ready = net_ready,
};

const struct device vsock_device = {
	.name = "vsock",
	.callbacks = every_queue,
	.features = BIT(VIRTIO_VSOCK_F_SEQPACKET),
	.config_len = 8,
	.ready = vsock_ready,
};
