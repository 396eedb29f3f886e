/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Endpoint controllers as the core meets them
 *
 * Each is what its driver and the endpoint core make of it together: how local
 * address space is given out, how an address is aligned, what a window shows,
 * what happens when there is none left.  Writes are posted: they stay on their
 * way until a read through any window pushes them, or for as long as it
 * pleases.  What is on its way through a window that is unmapped is lost.
 */
#ifndef CORE_FAKE_EPC_H
#define CORE_FAKE_EPC_H

#include <linux/pci-epc.h>

#include "fake-host.h"

#define FAKE_MAX_WINDOWS	32
#define FAKE_MAX_MAPS		64
/* Smaller where many are made in a second: tests/fuzz */
#ifndef FAKE_MAX_LOG
#define FAKE_MAX_POSTED		65536
#define FAKE_MAX_LOG		(1 << 20)
#endif
#define FAKE_MAX_VECTORS	67

enum fake_align {
	FAKE_ALIGN_NONE,	/* no align_addr */
	FAKE_ALIGN_PAGE,	/* down to the granule of the window (DesignWare) */
	FAKE_ALIGN_SHORT,	/* to a power of two, ends at 1 MiB (RK3399) */
	FAKE_ALIGN_ALL,		/* each window shows all of @ram (the cable) */
};

/**
 * struct fake_profile - a kind of controller
 * @name: for messages
 * @windows: areas of local address space
 * @window_size: bytes of each, a power of two
 * @page_size: granule in which it is given out
 * @max_maps: how many address translations there are
 * @full: error if there is no translation left
 * @align: what align_addr does
 * @low_bits: the low bits of the local address go to the host unchanged, as
 *	many as the size of the mapping needs (Cadence)
 * @ram: end of what it can reach, 0: anything
 */
struct fake_profile {
	const char *name;
	unsigned int windows;
	size_t window_size;
	size_t page_size;
	unsigned int max_maps;
	int full;
	enum fake_align align;
	bool low_bits;
	u64 ram;
};

extern const struct fake_profile fake_dwc;
extern const struct fake_profile fake_cadence;
extern const struct fake_profile fake_rk3399;
extern const struct fake_profile fake_short;
extern const struct fake_profile fake_three;
extern const struct fake_profile fake_four;
extern const struct fake_profile fake_small;
extern const struct fake_profile fake_tiny;
extern const struct fake_profile fake_cable;

/* One access as the host sees it */
struct fake_access {
	u64 addr;
	u8 size;
	bool write;
};

struct fake_map {
	u64 phys;
	size_t size;
	u64 pci_addr;
	void *show;	/* where the caller was told to begin, and what that is to the host */
	u64 show_addr;
	bool dirty;	/* written to; not read back by what looks like a flush */
};

struct fake_posted {
	u64 phys;
	u64 val;
	u8 size;
};

struct fake_epc {
	const struct fake_profile *profile;
	struct host_mem *host;
	struct pci_epc epc;
	struct pci_epc_mem mem[FAKE_MAX_WINDOWS];
	struct pci_epc_mem *mem_ptr[FAKE_MAX_WINDOWS];
	char *space;		/* local address space: a fault if touched */
	size_t space_size;
	struct fake_map map[FAKE_MAX_MAPS];
	unsigned int num_maps;
	unsigned int reserved;	/* translations somebody else uses */

	struct fake_posted *posted;
	unsigned int num_posted;

	unsigned long maps;	/* successful calls */
	unsigned long unmaps;
	unsigned long lost;	/* posted writes on their way through what was unmapped */
	unsigned long flush_reads;	/* 4-byte reads of a dirty window's start at unmap */

	unsigned long act_after;	/* something happens in front of this access, 0: nothing */
	void (*act)(void *ctx);
	void *act_ctx;

	struct fake_access *log;	/* in order, but for those flush reads */
	unsigned int num_log;
	bool no_log;

	int raise_result[FAKE_MAX_VECTORS];	/* what pci_epc_raise_irq() returns */
	unsigned long raises[FAKE_MAX_VECTORS];	/* calls */
	unsigned long sent[FAKE_MAX_VECTORS];	/* calls that succeeded */
	int intx_result;
	unsigned long intx_raises;
	unsigned long intx_sent;
	int msix;				/* what pci_epc_get_msix() returns */
	unsigned long msix_looks;		/* how often it was asked */

	const struct mutex *locks[2];	/* who uses the host's memory or raises has one; NULL: any */
};

void fake_epc_init(struct fake_epc *f, const struct fake_profile *profile, struct host_mem *host);
void fake_epc_free(struct fake_epc *f);

/* All posted writes arrive */
void fake_epc_settle(struct fake_epc *f);

/* Forget the log */
void fake_epc_clear_log(struct fake_epc *f);

#endif /* CORE_FAKE_EPC_H */
