// SPDX-License-Identifier: GPL-2.0
/*
 * In place of hostmem.c: host memory as a DMA engine would move it
 *
 * Each call is one transfer: a read request for each 512 bytes, a write for
 * each 256 (the usual largest read request and payload).
 */
#include <linux/errno.h>
#include <linux/string.h>

#include "fake-epc.h"
#include "hostmem.h"

#define READ_REQUEST	512
#define WRITE_PAYLOAD	256

static struct host_mem *host_of(const struct epfv_hostmem *hm)
{
	return container_of(hm->epf->epc, struct fake_epc, epc)->host;
}

void epfv_hostmem_init(struct epfv_hostmem *hm, struct pci_epf *epf,
		       struct epfv_stats *stats, bool (*gate)(void *ctx), void *gate_ctx)
{
	memset(hm, 0, sizeof(*hm));
	hm->epf = epf;
	hm->stats = stats;
	hm->gate = gate;
	hm->gate_ctx = gate_ctx;
}

void epfv_hostmem_flush(struct epfv_hostmem *hm)
{
	(void)hm;
}

void epfv_hostmem_forget(struct epfv_hostmem *hm)
{
	(void)hm;
}

bool epfv_hostmem_release(struct epfv_hostmem *hm)
{
	(void)hm;
	return false;
}

void epfv_hostmem_yield(struct epfv_hostmem *hm)
{
	(void)hm;
}

int epfv_region_map(struct epfv_hostmem *hm, struct epfv_region *region, u64 addr, u32 len)
{
	(void)hm;
	region->addr = addr;
	region->len = len;
	return 0;
}

void epfv_region_unmap(struct epfv_hostmem *hm, struct epfv_region *region)
{
	(void)hm;
	region->len = 0;
}

int epfv_hostmem_read(struct epfv_hostmem *hm, void *buf, u64 addr, size_t len)
{
	if (!hm->gate(hm->gate_ctx))
		return -ESHUTDOWN;
	host_read(host_of(hm), addr, buf, len);
	hm->stats->np_reads += (len + READ_REQUEST - 1) / READ_REQUEST;
	hm->stats->np_bytes += len;
	return 0;
}

int epfv_hostmem_write(struct epfv_hostmem *hm, u64 addr, const void *buf, size_t len)
{
	if (!hm->gate(hm->gate_ctx))
		return -ESHUTDOWN;
	host_write(host_of(hm), addr, buf, len);
	hm->stats->posted_writes += (len + WRITE_PAYLOAD - 1) / WRITE_PAYLOAD;
	hm->stats->posted_bytes += len;
	return 0;
}

int epfv_region_read(struct epfv_hostmem *hm, struct epfv_region *region,
		     u32 off, void *buf, u32 len)
{
	if (off > region->len || len > region->len - off)
		return -ERANGE;
	return epfv_hostmem_read(hm, buf, region->addr + off, len);
}

int epfv_region_write(struct epfv_hostmem *hm, struct epfv_region *region,
		      u32 off, const void *buf, u32 len)
{
	if (off > region->len || len > region->len - off)
		return -ERANGE;
	return epfv_hostmem_write(hm, region->addr + off, buf, len);
}
