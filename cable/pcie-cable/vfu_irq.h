/* SPDX-License-Identifier: GPL-2.0 */
/*
 * vfu_irq: MSI-X vectors of a device as the event descriptors QEMU gave us
 *
 * Offered to:	vfu_msg, which sets them, and ep_ctrl and host_fn, which fire.
 * QEMU keeps the vector table itself; a server only learns vector numbers.
 */
#ifndef CABLE_VFU_IRQ_H
#define CABLE_VFU_IRQ_H

#include <stdbool.h>
#include <stdint.h>

#include "vfu_proto.h"

#define VFU_IRQ_MAX	256

struct vfu_irqs {
	int fd[VFU_IRQ_MAX];
	uint8_t masked[VFU_IRQ_MAX];
	uint8_t pending[VFU_IRQ_MAX];
};

void vfu_irq_init(struct vfu_irqs *irqs);
void vfu_irq_exit(struct vfu_irqs *irqs);

/*
 * Carry out SET_IRQS for a device with @count vectors.  @data are the bytes
 * after @set; descriptors taken over are set to -1 in @fds.  0 or -EINVAL.
 */
int vfu_irq_set(struct vfu_irqs *irqs, unsigned int count,
		const struct vfu_irq_set *set, const uint8_t *data,
		uint32_t data_len, int *fds, unsigned int num_fds);

/* Has the machine set vector @index up? */
bool vfu_irq_is_set_up(const struct vfu_irqs *irqs, unsigned int index);

/* Send vector @index; false when the machine has not set it up. */
bool vfu_irq_fire(struct vfu_irqs *irqs, unsigned int index);

#endif /* CABLE_VFU_IRQ_H */
