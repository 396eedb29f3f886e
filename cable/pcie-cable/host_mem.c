// SPDX-License-Identifier: GPL-2.0
#include "cable.h"
#include "host_mem.h"
#include "log.h"

static void unshared_ram(void *arg)
{
	struct cable *cable = arg;
	const struct host_ram *ram = &cable->ram;

	log_event("the host machine does not have %s as its RAM, shared; start its QEMU with -object memory-backend-file,id=ram,mem-path=%s,size=%lluM,share=on -machine memory-backend=ram",
		  ram->path, ram->path, (unsigned long long)ram->size >> 20);
	loop_stop(cable->loop, CABLE_EXIT_MACHINE);
}

/*
 * What a machine shows to a function begins with its RAM, at address 0; unless it has an IOMMU
 * that translates.  Then there is what its tables have for the function: nothing, as long as
 * a driver has mapped nothing.
 */
void host_mem_look(struct host_fn *host)
{
	struct cable *cable = host->cable;
	const struct vfu_dma *dma = &host->conn->dma;
	enum vfu_dma_found found;
	bool translated;
	uint8_t *mem;

	found = vfu_dma_find(dma, 0, 1, &mem);
	if (found == VFU_DMA_UNSHARED) {
		unshared_ram(cable);
		return;
	}
	translated = found != VFU_DMA_FOUND || mem != cable->ram.mem;
	if (translated == host->translated)
		return;
	host->translated = translated;
	if (!translated)
		log_event("%s: no IOMMU translates the function's addresses any more", host->name);
	else if (ep_atu_is_metered(&cable->atu))
		log_event("%s: an IOMMU translates the function's addresses; what it does not allow is not answered",
			  host->name);
	else
		log_event("%s: an IOMMU translates the function's addresses, but mapped windows show all of the host's RAM, as if there were none; with --windows=metered they do what it says",
			  host->name);
}

int host_mem_map(struct host_fn *host, const struct vfu_dma_map *map, int fd)
{
	struct cable *cable = host->cable;
	const struct host_ram *ram = &cable->ram;
	struct vfu_conn *conn = host->conn;
	int ret;

	/* The file is mapped already; only what the host calls it is of interest. */
	if (fd < 0 || !host_ram_is(ram, fd))
		return vfu_dma_map(&conn->dma, map, -1);
	ret = vfu_dma_map_memory(&conn->dma, map, ram->mem, ram->size);
	if (ret)
		return ret;
	if (!host->seen_ram)
		peer_check_start(&host->ram_check, conn->src.fd, conn->owner, fd, unshared_ram,
				 cable);
	host->seen_ram = true;
	return 0;
}

uint8_t *host_mem_at(const struct host_fn *host, uint64_t addr, uint32_t *count, bool write)
{
	return host->conn ? vfu_dma_piece(&host->conn->dma, addr, count, write) : NULL;
}
