/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Interrupts to the host
 *
 * The only caller of pci_epc_raise_irq().  A message that could not be sent,
 * because the host has masked the vector for a moment, stays pending and is
 * tried again: controllers keep no pending bit (dw_pcie_ep_raise_msix_irq()
 * returns -EPERM and forgets it).
 *
 * A host that has not enabled MSI-X gets INTx.  It is one for all queues, and a
 * pulse of about a millisecond (cdns_pcie_ep_send_intx_irq()): one that ends
 * before the host has come back from the one before it may be lost, so the last
 * of a series is sent twice.
 *
 * Several threads may raise interrupts; everything here may sleep.
 */
#ifndef EPFV_IRQ_H
#define EPFV_IRQ_H

#include <linux/bitmap.h>
#include <linux/ktime.h>
#include <linux/mutex.h>
#include <linux/pci-epf.h>
#include <linux/types.h>

/* As many as a function can have: one for each queue, one for the configuration */
#define EPFV_MAX_VECTORS	67

/**
 * struct epfv_irq - interrupts of one function
 * @epf: the function, bound to a controller
 * @lock: guards all that follows
 * @sent: messages sent, or INTx
 * @retries: attempts that failed; each is made again
 * @pending: vectors to be sent, the first is 0
 * @retry_ns: pause before the next attempt, 0 if the last one succeeded
 * @next: not before this time
 * @starved: an attempt failed, and neither is the vector masked nor MSI-X off; some
 *	controllers need an outbound window of their own for each message
 * @intx: the host has not enabled MSI-X, so what is pending is INTx, as vector 0
 * @refused: the controller has refused to raise INTx
 * @echo: when to send INTx again, 0: not
 */
struct epfv_irq {
	struct pci_epf *epf;
	struct mutex lock; /* what is pending */
	u64 sent;
	u64 retries;
	DECLARE_BITMAP(pending, EPFV_MAX_VECTORS);
	u64 retry_ns;
	ktime_t next;
	bool starved;
	bool intx;
	bool refused;
	ktime_t echo;
};

void epfv_irq_init(struct epfv_irq *irq, struct pci_epf *epf);
void epfv_irq_start(struct epfv_irq *irq, bool msix_on);
bool epfv_irq_raise(struct epfv_irq *irq, u16 vector);
u64 epfv_irq_flush(struct epfv_irq *irq);
bool epfv_irq_waits(const struct epfv_irq *irq);
bool epfv_irq_starved(struct epfv_irq *irq);
void epfv_irq_drop(struct epfv_irq *irq);
bool epfv_irq_msix_enabled(const struct epfv_irq *irq);

#endif /* EPFV_IRQ_H */
