// SPDX-License-Identifier: GPL-2.0
#include <linux/vfio.h>
#include <string.h>

#include "cable.h"
#include "log.h"
#include "mem.h"
#include "peer.h"
#include "tlp.h"
#include "watch.h"

#define COMMAND_USED	(PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER)

/*
 * A read that follows a write takes a round trip on PCIe, in which the endpoint's
 * processors go on.  Those of an emulated one may be waiting for a processor of
 * this machine, so the round trip takes as long as each of them needs to do something:
 * this much of its time, and bounds in case there is nothing to do, or no processor
 * to be had: far below the 5 s after which the host's QEMU gives its device up.
 */
#define ROUND_TRIP_RUN_NS	200000
#define ROUND_TRIP_MIN_NS	1000000
#define ROUND_TRIP_IDLE_NS	40000000
#define ROUND_TRIP_MAX_NS	500000000

void host_fn_connected(struct host_fn *host, struct vfu_conn *conn,
		       const struct fn_setup *shape)
{
	host->conn = conn;
	host->shape = *shape;
	host->touched = false;
	host->seen_ram = false;
}

void host_fn_link_up(struct host_fn *host, const struct fn_setup *fn)
{
	struct pci_config *cfg = &host->cfg;
	unsigned int b;

	pci_config_init(cfg, PCI_CONFIG_SIZE_EXPRESS, fn->id, fn->class_rev, fn->subsys);
	cfg->data[PCI_CACHE_LINE_SIZE] = fn->misc;
	cfg->data[PCI_INTERRUPT_PIN] = fn_setup_pin(fn);
	for (b = 0; b < PCIE_CABLE_NUM_BARS; b++)
		if (fn->bar[b].size)
			pci_config_add_bar(cfg, b, fn->bar[b].size, fn->bar[b].flags);
	pci_config_add_express(cfg);
	if (fn->msix_vectors)
		pci_config_add_msix(cfg, fn->msix_vectors, fn->msix_table, fn->msix_pba);
	if (fn->msi_vectors)
		pci_config_add_msi(cfg, fn->msi_vectors);
	host->touched = false;
	host->wrote = false;
	host->held_since = 0;
}

static unsigned int host_num_irqs(void *dev, unsigned int index)
{
	return host_irq_count(dev, index);
}

static void host_region(void *dev, unsigned int index, struct vfu_region *region)
{
	const struct cable *cable = dev;

	if (index < PCIE_CABLE_NUM_BARS)
		region->size = cable->host.shape.bar[index].size;
	else if (index == VFIO_PCI_CONFIG_REGION_INDEX)
		region->size = PCI_CONFIG_SIZE_EXPRESS;
}

/* Does the access touch the MSI-X table or the pending bits? */
static bool in_msix(const struct fn_setup *fn, unsigned int bar, uint64_t offset,
		    uint32_t count)
{
	uint64_t start, end;
	int pba;

	for (pba = 0; pba < 2; pba++) {
		fn_setup_msix_area(fn, bar, pba, &start, &end);
		if (offset < end && offset + count > start)
			return true;
	}
	return false;
}

static uint8_t *bar_mem(const struct cable *cable, unsigned int bar, uint64_t offset,
			uint32_t count)
{
	if (!cable->link.up || !(pci_config_command(&cable->host.cfg) & PCI_COMMAND_MEMORY))
		return NULL;
	return ep_ctrl_bar_mem(&cable->ep, 0, bar, offset, count);
}

static int host_read(void *dev, unsigned int index, uint64_t offset,
		     uint8_t *data, uint32_t count)
{
	struct cable *cable = dev;
	const uint8_t *mem;

	if (index == VFIO_PCI_CONFIG_REGION_INDEX) {
		if (cable->link.up)
			pci_config_read(&cable->host.cfg, offset, data, count);
		else
			memset(data, 0xff, count);
		watch_cfg(cable, false, offset, data, count);
		return 0;
	}

	mem = bar_mem(cable, index, offset, count);
	if (!mem)
		memset(data, 0xff, count);
	else if (in_msix(&cable->host.shape, index, offset, count))
		memset(data, 0, count);	/* QEMU has the table; nothing is ever pending */
	else
		mem_read(data, mem, count);
	watch_mem(cable, false, index, offset, data, count, mem);
	return 0;
}

static void unshared_ram(struct cable *cable)
{
	const struct host_ram *ram = &cable->ram;

	log_event("the host machine does not have %s as its RAM, shared; start its QEMU with -object memory-backend-file,id=ram,mem-path=%s,size=%lluM,share=on -machine memory-backend=ram",
		  ram->path, ram->path, (unsigned long long)ram->size >> 20);
	loop_stop(cable->loop, CABLE_EXIT_MACHINE);
}

static void config_write(struct cable *cable, uint64_t offset, const uint8_t *data,
			 uint32_t count)
{
	struct host_fn *host = &cable->host;
	const uint16_t before = pci_config_command(&host->cfg);
	uint16_t risen;

	pci_config_write(&host->cfg, offset, data, count);
	host_irq_update(cable);
	risen = pci_config_command(&host->cfg) & ~before;
	if (risen & COMMAND_USED) {
		host->touched = true;
		if (!host->seen_ram)
			unshared_ram(cable);
	}
	if (risen & PCI_COMMAND_MASTER) {
		watch_event(cable, WATCH_BUS_MASTER);
		ep_ctrl_event(&cable->ep, PCIE_CABLE_EVENT_BME);
	}
}

static int host_write(void *dev, unsigned int index, uint64_t offset,
		      const uint8_t *data, uint32_t count)
{
	struct cable *cable = dev;
	uint8_t *mem;

	if (index == VFIO_PCI_CONFIG_REGION_INDEX) {
		watch_cfg(cable, true, offset, data, count);
		if (cable->link.up)
			config_write(cable, offset, data, count);
		return 0;
	}

	mem = bar_mem(cable, index, offset, count);
	if (mem && !in_msix(&cable->host.shape, index, offset, count)) {
		mem_write(mem, data, count);
		cable->host.wrote = true;
	}
	watch_mem(cable, true, index, offset, data, count, mem);
	return 0;
}

static bool round_trip_over(struct host_fn *host, const struct peer_run *run)
{
	const int64_t waited = loop_now_ns() - host->held_since;

	if (waited < ROUND_TRIP_MIN_NS)
		return false;
	switch (peer_ran(&host->held_run, run, ROUND_TRIP_RUN_NS)) {
	case PEER_RAN:
		return true;
	case PEER_IDLE:
		return waited >= ROUND_TRIP_IDLE_NS;
	case PEER_STARVED:
		break;
	}
	if (waited < ROUND_TRIP_MAX_NS)
		return false;
	log_event("the endpoint's QEMU wants to run, and got no processor for %lld ms; it may miss what the host writes",
		  (long long)waited / 1000000);
	return true;
}

static bool host_hold(void *dev, unsigned int index)
{
	struct cable *cable = dev;
	struct host_fn *host = &cable->host;
	struct peer_run run;

	if (!host->wrote || index >= PCIE_CABLE_NUM_BARS || !cable->link.up)
		return false;
	peer_run_look(cable->ep.conn->src.fd, &run);
	if (!host->held_since) {
		host->held_since = loop_now_ns();
		host->held_run = run;
		return true;
	}
	if (!round_trip_over(host, &run))
		return true;
	host->wrote = false;
	host->held_since = 0;
	return false;
}

static int host_dma_map(void *dev, const struct vfu_dma_map *map, int fd)
{
	struct cable *cable = dev;
	const struct host_ram *ram = &cable->ram;
	int ret;

	/* The file is mapped already; only what the host calls it is of interest. */
	ret = vfu_dma_map(&cable->host.conn->dma, map, -1);
	if (ret || fd < 0 || !host_ram_is(ram, fd))
		return ret;
	if (map->addr != map->offset) {
		log_event("the host machine has its RAM at %#llx at offset %#llx of %s; both must be equal: give the machine %lluM, the size of that file",
			  (unsigned long long)map->addr, (unsigned long long)map->offset,
			  ram->path, (unsigned long long)ram->size >> 20);
		loop_stop(cable->loop, CABLE_EXIT_MACHINE);
	}
	if (!cable->host.seen_ram && peer_maps_privately(cable->host.conn->src.fd, fd))
		unshared_ram(cable);
	cable->host.seen_ram = true;
	return 0;
}

static void host_reset(void *dev)
{
	struct cable *cable = dev;
	struct host_fn *host = &cable->host;

	if (!cable->link.up)
		return;
	pci_config_reset(&host->cfg);
	host_irq_forget(cable);
	/* A machine that starts resets its devices before it has used them. */
	if (host->touched)
		link_host_reset(cable);
	host->touched = false;
}

static void host_ready(void *dev)
{
	log_event("host connected");
	link_host_ready(dev);
}

static void host_closed(void *dev)
{
	struct cable *cable = dev;

	stop_end(&cable->host_stop);
	log_event("host disconnected");
	cable->host.conn = NULL;
	link_host_gone(cable);
}

bool host_fn_may_master(const struct cable *cable)
{
	return cable->link.up && (pci_config_command(&cable->host.cfg) & PCI_COMMAND_MASTER);
}

/* Two of the eight values are reserved. */
static uint32_t request_size(uint32_t value)
{
	return value <= 5 ? 128u << value : TLP_MAX_BYTES;
}

uint32_t host_fn_payload(const struct cable *cable)
{
	return request_size((pci_config_express_control(&cable->host.cfg) &
			     PCI_EXP_DEVCTL_PAYLOAD) >> 5);
}

uint32_t host_fn_read_request(const struct cable *cable)
{
	return request_size((pci_config_express_control(&cable->host.cfg) &
			     PCI_EXP_DEVCTL_READRQ) >> 12);
}

const struct vfu_ops host_fn_ops = {
	.num_irqs = host_num_irqs,
	.region = host_region,
	.read = host_read,
	.write = host_write,
	.hold = host_hold,
	.dma_map = host_dma_map,
	.reset = host_reset,
	.ready = host_ready,
	.closed = host_closed,
};
