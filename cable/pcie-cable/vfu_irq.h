/* SPDX-License-Identifier: GPL-2.0 */
/*
 * vfu_irq: interrupts of a device as the event descriptors QEMU gave us
 *
 * Offered to:	vfu_msg, which sets them, and ep_ctrl and host_irq, which fire.
 * The types are those of <linux/vfio.h>, VFIO_PCI_INTX_IRQ_INDEX and the two for MSI
 * and MSI-X.  What a vector's message is, QEMU keeps to itself; a server only learns
 * vector numbers.
 */
#ifndef CABLE_VFU_IRQ_H
#define CABLE_VFU_IRQ_H

#include <stdbool.h>
#include <stdint.h>

#include "aside.h"
#include "vfu_proto.h"

#define VFU_IRQ_MAX_MSI		32
#define VFU_IRQ_MAX_MSIX	256

/**
 * struct vfu_irq - one vector, or INTx
 * @fd: to be signalled; -1: the machine has not set the vector up
 * @automask: signalling it masks it
 * @masked: until the machine unmasks it
 * @off: the device must not send it now
 * @pending: it was fired while masked
 * @level: as good as fired at any time
 */
struct vfu_irq {
	int fd;
	bool automask;
	bool masked;
	bool off;
	bool pending;
	bool level;
};

/**
 * struct vfu_irqs - all interrupts of a device
 * @owner: of the event descriptors
 * @intx: VFIO_PCI_INTX_IRQ_INDEX
 * @msi: VFIO_PCI_MSI_IRQ_INDEX
 * @msix: VFIO_PCI_MSIX_IRQ_INDEX
 */
struct vfu_irqs {
	struct aside_owner *owner;
	struct vfu_irq intx;
	struct vfu_irq msi[VFU_IRQ_MAX_MSI];
	struct vfu_irq msix[VFU_IRQ_MAX_MSIX];
};

void vfu_irq_init(struct vfu_irqs *irqs, struct aside_owner *owner);
void vfu_irq_exit(struct vfu_irqs *irqs);

/*
 * Carry out SET_IRQS for a device with @count vectors of type @set->index.  @data are
 * the bytes after @set; descriptors, of eventfds only, that are taken over are set to -1
 * in @fds.  0 or -EINVAL.
 */
int vfu_irq_set(struct vfu_irqs *irqs, unsigned int count,
		const struct vfu_irq_set *set, const uint8_t *data,
		uint32_t data_len, int *fds, unsigned int num_fds);

/* Has the machine set vector @vector of type @index up? */
bool vfu_irq_is_set_up(struct vfu_irqs *irqs, unsigned int index, unsigned int vector);

/* Flags that GET_IRQ_INFO tells of type @index */
uint32_t vfu_irq_flags(unsigned int index);

/* Send vector @vector of type @index; false when the machine has not set it up. */
bool vfu_irq_fire(struct vfu_irqs *irqs, unsigned int index, unsigned int vector);

/* From now on INTx is asserted, or not, and may be signalled, or waits. */
void vfu_irq_intx(struct vfu_irqs *irqs, bool asserted, bool allowed);

/* No INTx waits any more. */
void vfu_irq_forget_intx(struct vfu_irqs *irqs);

#endif /* CABLE_VFU_IRQ_H */
