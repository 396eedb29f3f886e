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

static struct host_mem *host_of(const struct epfv_lane *lane)
{
	return container_of(lane->hm->epf->epc, struct fake_epc, epc)->host;
}

static bool open_gate(const struct epfv_lane *lane)
{
	return lane->hm->gate(lane->hm->gate_ctx, lane->epoch);
}

void epfv_hostmem_init(struct epfv_hostmem *hm, struct pci_epf *epf,
		       bool (*gate)(void *ctx, u32 epoch), void *gate_ctx)
{
	memset(hm, 0, sizeof(*hm));
	hm->epf = epf;
	hm->gate = gate;
	hm->gate_ctx = gate_ctx;
}

void epfv_hostmem_flush(struct epfv_lane *lane)
{
	(void)lane;
}

bool epfv_hostmem_release(struct epfv_lane *lane)
{
	(void)lane;
	return false;
}

void epfv_hostmem_yield(struct epfv_lane *lane)
{
	(void)lane;
}

int epfv_region_map(struct epfv_lane *lane, struct epfv_region *region, u64 addr, u32 len)
{
	(void)lane;
	region->addr = addr;
	region->len = len;
	return 0;
}

void epfv_region_unmap(struct epfv_lane *lane, struct epfv_region *region)
{
	(void)lane;
	region->len = 0;
}

int epfv_hostmem_read(struct epfv_lane *lane, void *buf, u64 addr, size_t len)
{
	if (!open_gate(lane))
		return -ESHUTDOWN;
	host_read(host_of(lane), addr, buf, len);
	lane->stats.np_reads += (len + READ_REQUEST - 1) / READ_REQUEST;
	lane->stats.np_bytes += len;
	return 0;
}

int epfv_hostmem_write(struct epfv_lane *lane, u64 addr, const void *buf, size_t len)
{
	if (!open_gate(lane))
		return -ESHUTDOWN;
	host_write(host_of(lane), addr, buf, len);
	lane->stats.posted_writes += (len + WRITE_PAYLOAD - 1) / WRITE_PAYLOAD;
	lane->stats.posted_bytes += len;
	return 0;
}

int epfv_region_read(struct epfv_lane *lane, struct epfv_region *region,
		     u32 off, void *buf, u32 len)
{
	if (off > region->len || len > region->len - off)
		return -ERANGE;
	return epfv_hostmem_read(lane, buf, region->addr + off, len);
}

int epfv_region_write(struct epfv_lane *lane, struct epfv_region *region,
		      u32 off, const void *buf, u32 len)
{
	if (off > region->len || len > region->len - off)
		return -ERANGE;
	return epfv_hostmem_write(lane, region->addr + off, buf, len);
}
