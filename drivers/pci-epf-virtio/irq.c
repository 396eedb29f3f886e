// SPDX-License-Identifier: GPL-2.0
/*
 * Interrupts to the host
 */
#include <linux/bitops.h>
#include <linux/errno.h>
#include <linux/minmax.h>
#include <linux/pci.h>
#include <linux/pci-epc.h>
#include <linux/time64.h>

#include "irq.h"
#include "trace.h"

/*
 * A driver masks a vector for microseconds while it changes an affinity, or
 * for good while the device is of no interest: begin quickly, then slow down.
 */
#define VEPF_IRQ_RETRY_MIN_NS	(50 * NSEC_PER_USEC)
#define VEPF_IRQ_RETRY_MAX_NS	(20 * NSEC_PER_MSEC)

/**
 * vepf_irq_init() - begin without pending interrupts
 * @irq: any content
 * @epf: function, bound to a controller
 * @stats: counters
 */
void vepf_irq_init(struct vepf_irq *irq, struct pci_epf *epf, struct vepf_stats *stats)
{
	irq->epf = epf;
	irq->stats = stats;
	vepf_irq_drop(irq);
}

/**
 * vepf_irq_raise() - send an MSI-X message, now or as soon as it can be sent
 * @irq: interrupts
 * @vector: entry of the MSI-X table, the first is 0; any other value than that
 *	of an entry means that the driver wants none (VIRTIO_MSI_NO_VECTOR)
 */
void vepf_irq_raise(struct vepf_irq *irq, u16 vector)
{
	if (vector >= VEPF_MAX_VECTORS)
		return;
	__set_bit(vector, irq->pending);
	irq->next = 0;
	vepf_irq_flush(irq);
}

/**
 * vepf_irq_flush() - try again what is pending, if it is time
 * @irq: interrupts
 *
 * Return: nanoseconds until the next attempt is due, U64_MAX if nothing is
 * pending.
 */
u64 vepf_irq_flush(struct vepf_irq *irq)
{
	struct pci_epf *epf = irq->epf;
	unsigned int vector;
	bool failed = false;
	ktime_t now;

	if (bitmap_empty(irq->pending, VEPF_MAX_VECTORS))
		return U64_MAX;

	now = ktime_get();
	if (now < irq->next)
		return irq->next - now;

	irq->starved = false;
	for_each_set_bit(vector, irq->pending, VEPF_MAX_VECTORS) {
		/* The EPC core counts from 1 */
		int err = pci_epc_raise_irq(epf->epc, epf->func_no, epf->vfunc_no,
					    PCI_IRQ_MSIX, vector + 1);

		trace_vepf_irq(dev_name(&epf->dev), vector, err);
		if (err) {
			irq->stats->interrupt_retries++;
			irq->starved |= err != -EPERM;
			failed = true;
		} else {
			irq->stats->interrupts++;
			__clear_bit(vector, irq->pending);
		}
	}

	if (!failed) {
		irq->retry_ns = 0;
		return U64_MAX;
	}
	irq->retry_ns = clamp_t(u64, irq->retry_ns * 2, VEPF_IRQ_RETRY_MIN_NS,
				VEPF_IRQ_RETRY_MAX_NS);
	irq->next = ktime_add_ns(now, irq->retry_ns);
	return irq->retry_ns;
}

/**
 * vepf_irq_drop() - forget what is pending: the host has reset the device
 * @irq: interrupts
 */
void vepf_irq_drop(struct vepf_irq *irq)
{
	bitmap_zero(irq->pending, VEPF_MAX_VECTORS);
	irq->retry_ns = 0;
	irq->next = 0;
	irq->starved = false;
}

/**
 * vepf_irq_msix_enabled() - whether the host has MSI-X enabled
 * @irq: interrupts
 *
 * Return: true if so; a controller's error counts as no.
 */
bool vepf_irq_msix_enabled(struct vepf_irq *irq)
{
	struct pci_epf *epf = irq->epf;

	return pci_epc_get_msix(epf->epc, epf->func_no, epf->vfunc_no) > 0;
}
