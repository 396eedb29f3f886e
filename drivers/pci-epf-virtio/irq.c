// SPDX-License-Identifier: GPL-2.0
/*
 * Interrupts to the host
 */
#include <linux/bitops.h>
#include <linux/compiler.h>
#include <linux/dev_printk.h>
#include <linux/errno.h>
#include <linux/minmax.h>
#include <linux/pci.h>
#include <linux/pci-epc.h>
#include <linux/string.h>
#include <linux/time64.h>

#include "irq.h"
#include "trace.h"

/*
 * A driver masks a vector for microseconds while it changes an affinity, or
 * for good while the device is of no interest: begin quickly, then slow down.
 */
#define EPFV_IRQ_RETRY_MIN_NS	(50 * NSEC_PER_USEC)
#define EPFV_IRQ_RETRY_MAX_NS	(20 * NSEC_PER_MSEC)

/* Longer than a host takes for its handler, and no more than somebody who types notices */
#define EPFV_INTX_ECHO_NS	(10 * NSEC_PER_MSEC)

static void epfv_irq_forget(struct epfv_irq *irq)
{
	bitmap_zero(irq->pending, EPFV_MAX_VECTORS);
	irq->retry_ns = 0;
	irq->next = 0;
	irq->starved = false;
	irq->intx = false;
	irq->refused = false;
	irq->echo = 0;
}

/**
 * epfv_irq_init() - begin without pending interrupts
 * @irq: any content
 * @epf: function, bound to a controller
 */
void epfv_irq_init(struct epfv_irq *irq, struct pci_epf *epf)
{
	memset(irq, 0, sizeof(*irq));
	irq->epf = epf;
	mutex_init(&irq->lock);
}

/**
 * epfv_irq_start() - a driver begins to listen
 * @irq: interrupts, none of them pending
 * @msix_on: the host has MSI-X enabled
 */
void epfv_irq_start(struct epfv_irq *irq, bool msix_on)
{
	mutex_lock(&irq->lock);
	irq->intx = !msix_on;
	mutex_unlock(&irq->lock);
}

static int epfv_irq_send(struct epfv_irq *irq, unsigned int vector)
{
	struct pci_epf *epf = irq->epf;
	int err;

	/* The EPC core counts vectors from 1 */
	if (irq->intx)
		err = pci_epc_raise_irq(epf->epc, epf->func_no, epf->vfunc_no, PCI_IRQ_INTX, 0);
	else
		err = pci_epc_raise_irq(epf->epc, epf->func_no, epf->vfunc_no, PCI_IRQ_MSIX,
					vector + 1);
	trace_epfv_irq(dev_name(&epf->dev), irq->intx ? -1 : (int)vector, err);
	return err;
}

/* Most controllers cannot, and say so in the log each time (dw_pcie_ep_raise_intx_irq()) */
static void epfv_irq_refused(struct epfv_irq *irq)
{
	epfv_irq_forget(irq);
	irq->refused = true;
	dev_err(&irq->epf->dev,
		"the host has not enabled MSI-X, and the controller cannot raise INTx: it hears of nothing\n");
}

/*
 * Whether a message may have failed for want of a window.  Where the host has switched
 * MSI-X off, as a function level reset does, none would help, and to map again what was
 * given up for it would keep the thread from seeing the next driver.
 */
static bool epfv_irq_starves(const struct epfv_irq *irq, int err)
{
	return err != -EPERM && epfv_irq_msix_enabled(irq);
}

/* The last INTx of a series once more, if it is time */
static u64 epfv_irq_echo(struct epfv_irq *irq)
{
	ktime_t now;

	if (!irq->echo)
		return U64_MAX;
	now = ktime_get();
	if (now < irq->echo)
		return irq->echo - now;
	irq->echo = 0;
	if (!epfv_irq_send(irq, 0))
		irq->sent++;
	return U64_MAX;
}

/* As epfv_irq_flush(); the lock is held */
static u64 epfv_irq_try(struct epfv_irq *irq)
{
	unsigned int vector;
	bool failed = false;
	ktime_t now;

	if (bitmap_empty(irq->pending, EPFV_MAX_VECTORS))
		return epfv_irq_echo(irq);

	now = ktime_get();
	if (now < irq->next)
		return irq->next - now;

	irq->starved = false;
	for_each_set_bit(vector, irq->pending, EPFV_MAX_VECTORS) {
		int err = epfv_irq_send(irq, vector);

		if (err == -EINVAL && irq->intx) {
			epfv_irq_refused(irq);
			return U64_MAX;
		}
		if (err) {
			irq->retries++;
			irq->starved |= epfv_irq_starves(irq, err);
			failed = true;
		} else {
			irq->sent++;
			__clear_bit(vector, irq->pending);
		}
	}

	if (!failed) {
		irq->retry_ns = 0;
		if (!irq->intx)
			return U64_MAX;
		irq->echo = ktime_add_ns(now, EPFV_INTX_ECHO_NS);
		return EPFV_INTX_ECHO_NS;
	}
	irq->retry_ns = clamp_t(u64, irq->retry_ns * 2, EPFV_IRQ_RETRY_MIN_NS,
				EPFV_IRQ_RETRY_MAX_NS);
	irq->next = ktime_add_ns(now, irq->retry_ns);
	return irq->retry_ns;
}

/**
 * epfv_irq_raise() - send an interrupt, now or as soon as it can be sent
 * @irq: interrupts
 * @vector: entry of the MSI-X table, the first is 0; any other value than that
 *	of an entry means that the driver wants none (VIRTIO_MSI_NO_VECTOR).  With
 *	MSI-X off there is one interrupt, and it means nothing
 *
 * Return: whether it was sent at once.
 */
bool epfv_irq_raise(struct epfv_irq *irq, u16 vector)
{
	bool sent = false;

	mutex_lock(&irq->lock);
	if (irq->intx)
		vector = 0;
	if (vector < EPFV_MAX_VECTORS && !irq->refused) {
		__set_bit(vector, irq->pending);
		irq->next = 0;
		epfv_irq_try(irq);
		sent = !test_bit(vector, irq->pending);
	}
	mutex_unlock(&irq->lock);
	return sent;
}

/**
 * epfv_irq_flush() - try again what is pending, if it is time
 * @irq: interrupts
 *
 * Return: nanoseconds until the next attempt is due, U64_MAX if nothing is
 * pending.
 */
u64 epfv_irq_flush(struct epfv_irq *irq)
{
	u64 left;

	mutex_lock(&irq->lock);
	left = epfv_irq_try(irq);
	mutex_unlock(&irq->lock);
	return left;
}

/**
 * epfv_irq_waits() - whether an interrupt of the caller's is to be tried again
 * @irq: interrupts
 *
 * Return: true if epfv_irq_flush() has something to do, now or later; for what others raise
 * just now it may err.
 */
bool epfv_irq_waits(const struct epfv_irq *irq)
{
	return !bitmap_empty(irq->pending, EPFV_MAX_VECTORS) || READ_ONCE(irq->echo);
}

/**
 * epfv_irq_starved() - whether an attempt has failed for want of a window
 * @irq: interrupts
 *
 * Return: true once for each attempt that has.
 */
bool epfv_irq_starved(struct epfv_irq *irq)
{
	bool starved;

	mutex_lock(&irq->lock);
	starved = irq->starved;
	irq->starved = false;
	mutex_unlock(&irq->lock);
	return starved;
}

/**
 * epfv_irq_drop() - forget what is pending: the host has reset the device
 * @irq: interrupts
 */
void epfv_irq_drop(struct epfv_irq *irq)
{
	mutex_lock(&irq->lock);
	epfv_irq_forget(irq);
	mutex_unlock(&irq->lock);
}

/**
 * epfv_irq_msix_enabled() - whether the host has MSI-X enabled
 * @irq: interrupts
 *
 * Return: true if so; a controller's error counts as no.
 */
bool epfv_irq_msix_enabled(const struct epfv_irq *irq)
{
	struct pci_epf *epf = irq->epf;

	return pci_epc_get_msix(epf->epc, epf->func_no, epf->vfunc_no) > 0;
}
