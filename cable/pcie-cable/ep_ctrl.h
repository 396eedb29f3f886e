/* SPDX-License-Identifier: GPL-2.0 */
/*
 * ep_ctrl: the endpoint controller that the endpoint machine sees
 *
 * Offered to:	cable (vfu_ops of the controller's connection), link (events)
 *		and host_fn (the memory behind a BAR).
 * Registers:	pcie-cable-regs.h
 */
#ifndef CABLE_EP_CTRL_H
#define CABLE_EP_CTRL_H

#include <stdbool.h>
#include <stdint.h>

#include "fn_setup.h"
#include "pci_config.h"
#include "vfu_conn.h"

struct cable;

struct ep_fn {
	struct fn_setup setup;
	uint32_t addr_lo[PCIE_CABLE_NUM_BARS];	/* waits for the high half */
	uint64_t addr[PCIE_CABLE_NUM_BARS];	/* 0: BAR not set */
	uint32_t irq_status;
};

/**
 * struct ep_faults - what control commands have the endpoint's driver do
 * @map_limit: see PCIE_CABLE_MAP_LIMIT
 * @window_limit: see PCIE_CABLE_WINDOW_LIMIT
 */
struct ep_faults {
	uint32_t map_limit;
	uint32_t window_limit;
};

struct ep_ctrl {
	struct vfu_conn *conn;			/* NULL: no endpoint */
	struct pci_config cfg;
	struct ep_fn fn[PCIE_CABLE_MAX_FUNCTIONS];
	uint32_t events_told;			/* all others never happen */
	uint32_t event_status;
	uint32_t event_enable;
};

extern const struct vfu_ops ep_ctrl_ops;	/* dev is the struct cable */

/* A controller has connected. */
void ep_ctrl_connected(struct cable *cable, struct vfu_conn *conn);

/* Set event bits, and interrupt the endpoint for new ones that are enabled. */
void ep_ctrl_event(struct ep_ctrl *ep, uint32_t events);

/* Functions, metered windows and DMA channels are as after a reset of the controller. */
void ep_ctrl_core_reset(struct cable *cable);

/* Where [@offset, @offset + @size) of @bar is in our memory; NULL: BAR not set. */
uint8_t *ep_ctrl_bar_mem(const struct ep_ctrl *ep, unsigned int fn, unsigned int bar,
			 uint64_t offset, uint64_t size);

#endif /* CABLE_EP_CTRL_H */
