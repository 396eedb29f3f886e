// SPDX-License-Identifier: GPL-2.0
#include <linux/pci_regs.h>

#include "fn_setup.h"
#include "log.h"

#define BAR_MIN		16ull
#define BAR_MAX_32	(1ull << 31)
#define BAR_MAX_64	(1ull << 36)

#define MAX_PIN		4u

/* With function @n, as all that is said here */
#define refuse(n, fmt, ...) \
	log_event("function %u: " fmt, n, ##__VA_ARGS__)

static bool check_bar(const struct fn_setup *fn, unsigned int n, unsigned int b)
{
	const uint64_t size = fn->bar[b].size;
	const uint32_t flags = fn->bar[b].flags;
	const bool is_64 = flags & PCI_BASE_ADDRESS_MEM_TYPE_64;
	const uint64_t max = is_64 ? BAR_MAX_64 : BAR_MAX_32;

	if (size < BAR_MIN || size > max || (size & (size - 1))) {
		refuse(n, "BAR%u has %#llx bytes; powers of two from %#llx to %#llx are allowed",
		       b, (unsigned long long)size, BAR_MIN, (unsigned long long)max);
		return false;
	}
	if (flags & ~(PCI_BASE_ADDRESS_MEM_TYPE_64 | PCI_BASE_ADDRESS_MEM_PREFETCH)) {
		refuse(n, "BAR%u has flags %#x; memory, 64-bit (4) and prefetchable (8) are allowed",
		       b, flags);
		return false;
	}
	if (is_64 && (b == PCIE_CABLE_NUM_BARS - 1 || fn->bar[b + 1].size)) {
		refuse(n, "BAR%u is a 64-bit BAR and needs the next register too, which is not free",
		       b);
		return false;
	}
	return true;
}

static uint64_t table_size(const struct fn_setup *fn, bool pba)
{
	if (pba)
		return (fn->msix_vectors + 63) / 64 * 8;
	return fn->msix_vectors * PCI_MSIX_ENTRY_SIZE;
}

static bool check_msix(const struct fn_setup *fn, unsigned int n, bool pba)
{
	const uint32_t reg = pba ? fn->msix_pba : fn->msix_table;
	const char *what = pba ? "pending bits" : "table";
	const unsigned int bar = reg & PCI_MSIX_TABLE_BIR;
	const uint64_t offset = reg & PCI_MSIX_TABLE_OFFSET;

	if (fn->msix_vectors > FN_SETUP_MAX_MSIX) {
		refuse(n, "%u MSI-X vectors; 1 to %u are allowed", fn->msix_vectors,
		       FN_SETUP_MAX_MSIX);
		return false;
	}
	if (bar >= PCIE_CABLE_NUM_BARS || offset + table_size(fn, pba) > fn->bar[bar].size) {
		refuse(n, "the MSI-X %s at %#llx of BAR%u lies outside of that BAR", what,
		       (unsigned long long)offset, bar);
		return false;
	}
	return true;
}

static bool check_msi(const struct fn_setup *fn, unsigned int n)
{
	const uint32_t vectors = fn->msi_vectors;

	if (vectors <= FN_SETUP_MAX_MSI && !(vectors & (vectors - 1)))
		return true;
	refuse(n, "%u MSI vectors; a power of two from 1 to %u is allowed, or 0 for no MSI",
	       vectors, FN_SETUP_MAX_MSI);
	return false;
}

bool fn_setup_check(const struct fn_setup *fn, unsigned int n)
{
	unsigned int b;

	for (b = 0; b < PCIE_CABLE_NUM_BARS; b++)
		if (fn->bar[b].size && !check_bar(fn, n, b))
			return false;
	if (fn_setup_pin(fn) > MAX_PIN) {
		refuse(n, "interrupt pin %u; 1 (A) to %u (D) are allowed, or 0 for no INTx",
		       fn_setup_pin(fn), MAX_PIN);
		return false;
	}
	if (!check_msi(fn, n))
		return false;
	return !fn->msix_vectors || (check_msix(fn, n, false) && check_msix(fn, n, true));
}

bool fn_setup_same_shape(const struct fn_setup *a, const struct fn_setup *b)
{
	unsigned int i;

	for (i = 0; i < PCIE_CABLE_NUM_BARS; i++)
		if (a->bar[i].size != b->bar[i].size ||
		    (a->bar[i].size && a->bar[i].flags != b->bar[i].flags))
			return false;
	if (a->msix_vectors != b->msix_vectors || a->msi_vectors != b->msi_vectors ||
	    fn_setup_pin(a) != fn_setup_pin(b))
		return false;
	return !a->msix_vectors ||
	       (a->msix_table == b->msix_table && a->msix_pba == b->msix_pba);
}

void fn_setup_msix_area(const struct fn_setup *fn, unsigned int bar, bool pba,
			uint64_t *start, uint64_t *end)
{
	const uint32_t reg = pba ? fn->msix_pba : fn->msix_table;

	*start = 0;
	*end = 0;
	if (!fn->msix_vectors || (reg & PCI_MSIX_TABLE_BIR) != bar)
		return;
	*start = reg & PCI_MSIX_TABLE_OFFSET;
	*end = *start + table_size(fn, pba);
}
