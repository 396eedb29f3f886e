/* SPDX-License-Identifier: GPL-2.0 */
/*
 * ep_atu: metered outbound windows, and the address translation unit behind them
 *
 * Offered to:	ep_ctrl, whose BAR2 and window registers this is, and cable (which
 *		says how many windows there are).
 * Registers:	pcie-cable-regs.h, from PCIE_CABLE_OB(0) on
 *
 * Unlike a mapped window, which the endpoint's QEMU does by itself, each access to
 * a metered one comes here, so it can be refused, counted and traced.
 */
#ifndef CABLE_EP_ATU_H
#define CABLE_EP_ATU_H

#include <stdbool.h>
#include <stdint.h>

#include "pcie-cable-regs.h"

struct cable;

#define EP_ATU_GRANULE_MIN	256ull
#define EP_ATU_GRANULE_MAX	(1024ull << 10)
#define EP_ATU_SPACE_MIN	(1ull << 20)
#define EP_ATU_SPACE_MAX	(1024ull << 20)

/**
 * struct ep_atu_limits - what the endpoint's driver has to live with
 * @windows: 1 to PCIE_CABLE_MAX_OB_WINDOWS; 0: windows are mapped, not metered
 * @space: bytes of BAR2, a power of two
 * @granule: bytes, a power of two; see PCIE_CABLE_OB_GRANULE
 * @passes_low_bits: see PCIE_CABLE_FEATURE_LOW_BITS
 */
struct ep_atu_limits {
	unsigned int windows;
	uint64_t space;
	uint64_t granule;
	bool passes_low_bits;
};

struct ep_atu_window {
	uint64_t base;
	uint64_t size;
	uint64_t target;
	uint32_t ctrl;
};

struct ep_atu {
	struct ep_atu_limits limits;
	struct ep_atu_window window[PCIE_CABLE_MAX_OB_WINDOWS];
};

static inline bool ep_atu_is_metered(const struct ep_atu *atu)
{
	return atu->limits.windows;
}

/* Close all windows. */
void ep_atu_reset(struct ep_atu *atu);

/* A register from PCIE_CABLE_OB(0) on: 0 where there is none, or the store is lost */
uint32_t ep_atu_reg_read(const struct ep_atu *atu, uint64_t offset);
void ep_atu_reg_write(struct ep_atu *atu, uint64_t offset, uint32_t v);

/* Accesses of the endpoint at @offset of BAR2 */
void ep_atu_read(struct cable *cable, uint64_t offset, uint8_t *data, uint32_t count);
void ep_atu_write(struct cable *cable, uint64_t offset, const uint8_t *data, uint32_t count);

#endif /* CABLE_EP_ATU_H */
