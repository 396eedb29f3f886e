// SPDX-License-Identifier: GPL-2.0
/*
 * A trap-and-emulate device, which sees each access in the host's order
 */
#include "oracle.h"

void oracle_reset(struct oracle *o)
{
	unsigned int q;

	for (q = 0; q < EPFV_MAX_QUEUES; q++) {
		o->pfn[q] = 0;
		o->vector[q] = EPFV_NO_VECTOR;
	}
	o->config_vector = EPFV_NO_VECTOR;
	o->features = 0;
	o->status = 0;
}

void oracle_write(struct oracle *o, const struct host_op *op)
{
	switch (op->off) {
	case VIRTIO_PCI_GUEST_FEATURES:
		o->features = op->val;
		break;
	case VIRTIO_PCI_QUEUE_PFN:
		o->pfn[o->sel % EPFV_MAX_QUEUES] = op->val;
		break;
	case VIRTIO_PCI_QUEUE_SEL:
		o->sel = op->val;
		break;
	case VIRTIO_PCI_STATUS:
		if (op->val)
			o->status = op->val;
		else
			oracle_reset(o);
		break;
	case VIRTIO_MSI_CONFIG_VECTOR:
		o->config_vector = op->val;
		break;
	case VIRTIO_MSI_QUEUE_VECTOR:
		o->vector[o->sel % EPFV_MAX_QUEUES] = op->val;
		break;
	}
}

bool oracle_is_config(const struct oracle *o, const struct host_op *op)
{
	return op->off >= VIRTIO_PCI_CONFIG_OFF(o->msix);
}

u64 oracle_read(const struct oracle *o, const struct epfv_regs_params *p,
		const struct host_op *op)
{
	if (oracle_is_config(o, op))
		return p->config[op->off - VIRTIO_PCI_CONFIG_OFF(o->msix)];

	switch (op->off) {
	case VIRTIO_PCI_HOST_FEATURES:
		return p->features;
	case VIRTIO_PCI_QUEUE_PFN:
		return o->pfn[o->sel % EPFV_MAX_QUEUES];
	case VIRTIO_PCI_QUEUE_NUM:
		return p->queue_size;
	case VIRTIO_PCI_STATUS:
		return o->status;
	case VIRTIO_MSI_CONFIG_VECTOR:
		return o->config_vector;
	case VIRTIO_MSI_QUEUE_VECTOR:
		return o->vector[o->sel % EPFV_MAX_QUEUES];
	default:
		return 0;
	}
}
