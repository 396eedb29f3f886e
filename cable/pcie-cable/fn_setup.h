/* SPDX-License-Identifier: GPL-2.0 */
/*
 * fn_setup: a function as the endpoint set it up
 *
 * Offered to:	ep_ctrl (fills it), link (takes it over when the link is enabled)
 *		and host_fn (shows it to the host).
 */
#ifndef CABLE_FN_SETUP_H
#define CABLE_FN_SETUP_H

#include <stdbool.h>
#include <stdint.h>

#include "pcie-cable-regs.h"

#define FN_SETUP_MAX_MSI	32
#define FN_SETUP_MAX_MSIX	256

struct fn_setup {
	bool present;
	uint32_t id;
	uint32_t class_rev;
	uint32_t subsys;
	uint32_t misc;
	struct {
		uint64_t size;
		uint32_t flags;
	} bar[PCIE_CABLE_NUM_BARS];
	uint32_t msix_vectors;
	uint32_t msix_table;
	uint32_t msix_pba;
	uint32_t msi_vectors;
};

/* Can a host be shown this as function @n?  Otherwise a message says what is allowed. */
bool fn_setup_check(const struct fn_setup *fn, unsigned int n);

/* The interrupt pin, 1 (A) to 4 (D); 0: no INTx */
static inline unsigned int fn_setup_pin(const struct fn_setup *fn)
{
	return fn->misc >> 8 & 0xff;
}

/* Do both look the same to a QEMU, which fixes BARs and interrupts when it starts? */
bool fn_setup_same_shape(const struct fn_setup *a, const struct fn_setup *b);

/* Where the MSI-X table and its pending bits are: bytes [*start, *end) of @bar */
void fn_setup_msix_area(const struct fn_setup *fn, unsigned int bar, bool pba,
			uint64_t *start, uint64_t *end);

#endif /* CABLE_FN_SETUP_H */
