// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <linux/vfio.h>
#include <unistd.h>

#include "log.h"
#include "vfu_irq.h"

void vfu_irq_init(struct vfu_irqs *irqs)
{
	unsigned int i;

	for (i = 0; i < VFU_IRQ_MAX; i++) {
		irqs->fd[i] = -1;
		irqs->masked[i] = 0;
		irqs->pending[i] = 0;
	}
}

static void drop(struct vfu_irqs *irqs, unsigned int i)
{
	if (irqs->fd[i] >= 0)
		close(irqs->fd[i]);
	irqs->fd[i] = -1;
	irqs->masked[i] = 0;
	irqs->pending[i] = 0;
}

void vfu_irq_exit(struct vfu_irqs *irqs)
{
	unsigned int i;

	for (i = 0; i < VFU_IRQ_MAX; i++)
		drop(irqs, i);
}

static void signal_fd(int fd)
{
	const uint64_t one = 1;

	/* A full counter means that the interrupt is pending anyway. */
	if (write(fd, &one, sizeof(one)) < 0 && errno != EAGAIN)
		log_event("cannot signal an interrupt: error %d", errno);
}

bool vfu_irq_is_set_up(const struct vfu_irqs *irqs, unsigned int index)
{
	return index < VFU_IRQ_MAX && irqs->fd[index] >= 0;
}

bool vfu_irq_fire(struct vfu_irqs *irqs, unsigned int index)
{
	if (!vfu_irq_is_set_up(irqs, index))
		return false;
	if (irqs->masked[index])
		irqs->pending[index] = 1;
	else
		signal_fd(irqs->fd[index]);
	return true;
}

static void set_masked(struct vfu_irqs *irqs, unsigned int i, bool masked)
{
	irqs->masked[i] = masked;
	if (!masked && irqs->pending[i] && irqs->fd[i] >= 0) {
		irqs->pending[i] = 0;
		signal_fd(irqs->fd[i]);
	}
}

static int set_eventfds(struct vfu_irqs *irqs, const struct vfu_irq_set *set,
			int *fds, unsigned int num_fds)
{
	unsigned int i;
	int flags;

	/* All vectors get a descriptor or all lose theirs. */
	if (num_fds && num_fds != set->count)
		return -EINVAL;
	for (i = 0; i < num_fds; i++) {
		/* A descriptor that blocks would stop the other machine. */
		flags = fcntl(fds[i], F_GETFL);
		if (flags < 0 || (flags & O_ACCMODE) == O_RDONLY ||
		    fcntl(fds[i], F_SETFL, flags | O_NONBLOCK))
			return -EINVAL;
	}
	for (i = 0; i < set->count; i++) {
		drop(irqs, set->start + i);
		if (num_fds) {
			irqs->fd[set->start + i] = fds[i];
			fds[i] = -1;
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
	unsigned int i;

	if (set->index != VFIO_PCI_MSIX_IRQ_INDEX || set->start > count ||
	    set->count > count - set->start)
		return -EINVAL;
	if (data_type == VFIO_IRQ_SET_DATA_BOOL && data_len < set->count)
		return -EINVAL;

	if (data_type == VFIO_IRQ_SET_DATA_EVENTFD)
		return action == VFIO_IRQ_SET_ACTION_TRIGGER ?
		       set_eventfds(irqs, set, fds, num_fds) : -EINVAL;
	if (data_type != VFIO_IRQ_SET_DATA_NONE && data_type != VFIO_IRQ_SET_DATA_BOOL)
		return -EINVAL;

	/* Triggering nothing at all is how a whole interrupt type is turned off. */
	if (action == VFIO_IRQ_SET_ACTION_TRIGGER && !set->count) {
		vfu_irq_exit(irqs);
		return 0;
	}
	for (i = 0; i < set->count; i++) {
		if (data_type == VFIO_IRQ_SET_DATA_BOOL && !data[i])
			continue;
		switch (action) {
		case VFIO_IRQ_SET_ACTION_TRIGGER:
			vfu_irq_fire(irqs, set->start + i);
			break;
		case VFIO_IRQ_SET_ACTION_MASK:
			set_masked(irqs, set->start + i, true);
			break;
		case VFIO_IRQ_SET_ACTION_UNMASK:
			set_masked(irqs, set->start + i, false);
			break;
		default:
			return -EINVAL;
		}
	}
	return 0;
}
