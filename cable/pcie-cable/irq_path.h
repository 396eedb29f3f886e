/* SPDX-License-Identifier: GPL-2.0 */
/*
 * irq_path: the way of an interrupt message to the host, which may be made long
 *
 * Offered to:	host_irq (sends), link (loses what is under way) and control_cmd.
 *
 * A message was sent for the endpoint as soon as it is on its way: a controller does
 * not learn when a posted write arrives.  Messages never overtake each other, but for
 * those that are held back.
 */
#ifndef CABLE_IRQ_PATH_H
#define CABLE_IRQ_PATH_H

#include <linux/vfio.h>
#include <stdbool.h>
#include <stdint.h>

#include "loop.h"
#include "pcie-cable-regs.h"
#include "vfu_irq.h"

#define IRQ_PATH_LATE	1024	/* under way at a time; then the first arrives at once */
#define IRQ_PATH_MAX_MS	10000
#define IRQ_PATH_TYPES	(VFIO_PCI_MSIX_IRQ_INDEX + 1)

struct cable;
struct host_fn;

struct irq_path {
	struct cable *cable;
	unsigned int delay_ms;
	uint32_t hold_next;		/* so many are to be held back */
	/* Until they are let go */
	bool held[PCIE_CABLE_MAX_FUNCTIONS][IRQ_PATH_TYPES][VFU_IRQ_MAX_MSIX];
	struct loop_timer timer;
	unsigned int first;
	unsigned int num;
	struct {
		unsigned int fn;
		unsigned int type;
		unsigned int vector;
		int64_t due_ns;
	} late[IRQ_PATH_LATE];
};

void irq_path_init(struct irq_path *path, struct cable *cable);

/*
 * Send vector @vector, the first is 0, of type @type (VFIO_PCI_MSIX_IRQ_INDEX, ...) of
 * a function; false when the host has not set it up.
 */
bool irq_path_send(struct host_fn *host, unsigned int type, unsigned int vector);

/* All that is under way or held back is lost. */
void irq_path_lose(struct irq_path *path);

/* The same of one function */
void irq_path_lose_function(struct irq_path *path, unsigned int fn);

/* How many vectors are held back. */
unsigned int irq_path_held(const struct irq_path *path);

/* Let go what is held back; how many vectors that was. */
unsigned int irq_path_flush(struct irq_path *path);

#endif /* CABLE_IRQ_PATH_H */
