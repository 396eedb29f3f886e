// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <linux/vfio.h>
#include <stddef.h>
#include <string.h>

#include "event_fd.h"
#include "log.h"
#include "vfu_irq.h"

/* The vectors of a type, @num of them; NULL where there is no such type */
static struct vfu_irq *vectors(struct vfu_irqs *irqs, unsigned int index, unsigned int *num)
{
	switch (index) {
	case VFIO_PCI_INTX_IRQ_INDEX:
		*num = 1;
		return &irqs->intx;
	case VFIO_PCI_MSI_IRQ_INDEX:
		*num = VFU_IRQ_MAX_MSI;
		return irqs->msi;
	case VFIO_PCI_MSIX_IRQ_INDEX:
		*num = VFU_IRQ_MAX_MSIX;
		return irqs->msix;
	default:
		return NULL;
	}
}

void vfu_irq_init(struct vfu_irqs *irqs, struct aside_owner *owner)
{
	unsigned int index, i, num;
	struct vfu_irq *irq;

	irqs->owner = owner;
	for (index = 0; index < VFIO_PCI_NUM_IRQS; index++) {
		irq = vectors(irqs, index, &num);
		for (i = 0; irq && i < num; i++)
			irq[i] = (struct vfu_irq){ .fd = -1 };
	}
	irqs->intx.automask = true;
}

uint32_t vfu_irq_flags(unsigned int index)
{
	if (index == VFIO_PCI_INTX_IRQ_INDEX)
		return VFIO_IRQ_INFO_EVENTFD | VFIO_IRQ_INFO_MASKABLE |
		       VFIO_IRQ_INFO_AUTOMASKED;
	return VFIO_IRQ_INFO_EVENTFD;
}

/*
 * To close an eventfd waits for the lock of each epoll that it is in, and whose epoll that is
 * decides how long it is kept (eventpoll_release_file()).
 */
static void drop(struct vfu_irqs *irqs, struct vfu_irq *irq)
{
	if (irq->fd >= 0)
		aside_close(irq->fd, irqs->owner);
	irq->fd = -1;
	irq->masked = false;
	irq->pending = false;
}

static void drop_all(struct vfu_irqs *irqs, unsigned int index)
{
	unsigned int i, num;
	struct vfu_irq *irq = vectors(irqs, index, &num);

	for (i = 0; irq && i < num; i++)
		drop(irqs, irq + i);
}

void vfu_irq_exit(struct vfu_irqs *irqs)
{
	unsigned int index;

	for (index = 0; index < VFIO_PCI_NUM_IRQS; index++)
		drop_all(irqs, index);
}

/* Signal what waits, if it can be */
static void update(struct vfu_irq *irq)
{
	int ret;

	if (irq->fd < 0 || irq->masked || irq->off || !(irq->pending || irq->level))
		return;
	irq->pending = false;
	irq->masked = irq->automask;
	ret = event_fd_signal(irq->fd);
	if (ret)
		log_event("cannot signal an interrupt: %s", strerror(-ret));
}

static bool fire(struct vfu_irq *irq)
{
	if (irq->fd < 0)
		return false;
	irq->pending = true;
	update(irq);
	return true;
}

static struct vfu_irq *find(struct vfu_irqs *irqs, unsigned int index, unsigned int vector)
{
	unsigned int num;
	struct vfu_irq *irq = vectors(irqs, index, &num);

	return irq && vector < num ? irq + vector : NULL;
}

bool vfu_irq_is_set_up(struct vfu_irqs *irqs, unsigned int index, unsigned int vector)
{
	const struct vfu_irq *irq = find(irqs, index, vector);

	return irq && irq->fd >= 0;
}

bool vfu_irq_fire(struct vfu_irqs *irqs, unsigned int index, unsigned int vector)
{
	struct vfu_irq *irq = find(irqs, index, vector);

	return irq && fire(irq);
}

void vfu_irq_intx(struct vfu_irqs *irqs, bool asserted, bool allowed)
{
	irqs->intx.level = asserted;
	irqs->intx.off = !allowed;
	update(&irqs->intx);
}

void vfu_irq_forget_intx(struct vfu_irqs *irqs)
{
	irqs->intx.pending = false;
	irqs->intx.level = false;
}

static void set_masked(struct vfu_irq *irq, bool masked)
{
	irq->masked = masked;
	update(irq);
}

static int set_eventfds(struct vfu_irqs *irqs, struct vfu_irq *irq, unsigned int count, int *fds,
			unsigned int num_fds)
{
	unsigned int i;

	/* All vectors get a descriptor or all lose theirs. */
	if (num_fds && num_fds != count)
		return -EINVAL;
	for (i = 0; i < count; i++) {
		drop(irqs, irq + i);
		if (num_fds) {
			irq[i].fd = fds[i];
			fds[i] = -1;
			update(irq + i);
		}
	}
	return 0;
}

int vfu_irq_set(struct vfu_irqs *irqs, unsigned int count,
		const struct vfu_irq_set *set, const uint8_t *data,
		uint32_t data_len, int *fds, unsigned int num_fds)
{
	const uint32_t data_type = set->flags & VFIO_IRQ_SET_DATA_TYPE_MASK;
	const uint32_t action = set->flags & VFIO_IRQ_SET_ACTION_TYPE_MASK;
	struct vfu_irq *irq;
	unsigned int i, num;

	irq = vectors(irqs, set->index, &num);
	if (!irq || set->start > count || set->count > count - set->start)
		return -EINVAL;
	if (data_type == VFIO_IRQ_SET_DATA_BOOL && data_len < set->count)
		return -EINVAL;
	irq += set->start;

	if (data_type == VFIO_IRQ_SET_DATA_EVENTFD)
		return action == VFIO_IRQ_SET_ACTION_TRIGGER ?
		       set_eventfds(irqs, irq, set->count, fds, num_fds) : -EINVAL;
	if (data_type != VFIO_IRQ_SET_DATA_NONE && data_type != VFIO_IRQ_SET_DATA_BOOL)
		return -EINVAL;

	/* Triggering nothing at all is how a whole interrupt type is turned off. */
	if (action == VFIO_IRQ_SET_ACTION_TRIGGER && !set->count) {
		drop_all(irqs, set->index);
		return 0;
	}
	for (i = 0; i < set->count; i++) {
		if (data_type == VFIO_IRQ_SET_DATA_BOOL && !data[i])
			continue;
		switch (action) {
		case VFIO_IRQ_SET_ACTION_TRIGGER:
			fire(irq + i);
			break;
		case VFIO_IRQ_SET_ACTION_MASK:
			set_masked(irq + i, true);
			break;
		case VFIO_IRQ_SET_ACTION_UNMASK:
			set_masked(irq + i, false);
			break;
		default:
			return -EINVAL;
		}
	}
	return 0;
}
