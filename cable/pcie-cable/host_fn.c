// SPDX-License-Identifier: GPL-2.0
#include <linux/vfio.h>
#include <stdio.h>
#include <string.h>

#include "cable.h"
#include "host_mem.h"
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

char *host_fn_socket(const char *path, unsigned int n)
{
	char *full;

	if (!n)
		return strdup(path);
	return asprintf(&full, "%s.%u", path, n) < 0 ? NULL : full;
}

void host_fn_init(struct host_fn *host, struct cable *cable, unsigned int number)
{
	*host = (struct host_fn){ .cable = cable, .number = number };
	if (number)
		snprintf(host->name, sizeof(host->name), "host, function %u", number);
	else
		snprintf(host->name, sizeof(host->name), "host");
}

bool host_fn_is_up(const struct host_fn *host)
{
	return host->cable->link.up && link_has(&host->cable->link, host->number);
}

bool host_fn_has_config(const struct host_fn *host)
{
	const struct link *link = &host->cable->link;

	return host_fn_is_up(host) || (!host->been_up && link->enabled && !link->forced_down &&
				       link_has(link, host->number));
}

static void make_config(struct host_fn *host, const struct fn_setup *fn)
{
	const struct link_model *model = &host->cable->model;
	const bool several = host->cable->link.functions != 1;
	const struct pci_config_link link = {
		.speed = model->gen,
		.width = model->lanes,
		.payload = model->payload ? model->payload : LINK_MODEL_MIN_SIZE,
	};
	struct pci_config *cfg = &host->cfg;
	unsigned int b;

	pci_config_init(cfg, PCI_CONFIG_SIZE_EXPRESS, fn->id, fn->class_rev, fn->subsys);
	cfg->data[PCI_CACHE_LINE_SIZE] = fn->misc;
	cfg->data[PCI_INTERRUPT_PIN] = fn_setup_pin(fn);
	if (several)
		cfg->data[PCI_HEADER_TYPE] |= PCI_HEADER_TYPE_MFD;
	for (b = 0; b < PCIE_CABLE_NUM_BARS; b++)
		if (fn->bar[b].size)
			pci_config_add_bar(cfg, b, fn->bar[b].size, fn->bar[b].flags);
	pci_config_add_express(cfg, &link);
	if (fn->msix_vectors)
		pci_config_add_msix(cfg, fn->msix_vectors, fn->msix_table, fn->msix_pba);
	if (fn->msi_vectors)
		pci_config_add_msi(cfg, fn->msi_vectors);
}

void host_fn_connected(struct host_fn *host, struct vfu_conn *conn, const struct fn_setup *fn)
{
	host->conn = conn;
	host->shape = *fn;
	host->been_up = false;
	host->touched = false;
	host->seen_ram = false;
	host->translated = false;
	make_config(host, fn);
}

void host_fn_link_up(struct host_fn *host, const struct fn_setup *fn)
{
	make_config(host, fn);
	host->been_up = true;
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
	const struct host_fn *host = dev;

	if (index < PCIE_CABLE_NUM_BARS)
		region->size = host->shape.bar[index].size;
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

static uint8_t *bar_mem(const struct host_fn *host, unsigned int bar, uint64_t offset,
			uint32_t count)
{
	if (!host_fn_is_up(host) || !(pci_config_command(&host->cfg) & PCI_COMMAND_MEMORY))
		return NULL;
	return ep_ctrl_bar_mem(&host->cable->ep, host->number, bar, offset, count);
}

static int host_read(void *dev, unsigned int index, uint64_t offset,
		     uint8_t *data, uint32_t count)
{
	struct host_fn *host = dev;
	const uint8_t *mem;

	if (index == VFIO_PCI_CONFIG_REGION_INDEX) {
		if (host_fn_has_config(host))
			pci_config_read(&host->cfg, offset, data, count);
		else
			memset(data, 0xff, count);
		watch_cfg(host, false, offset, data, count);
		return 0;
	}

	mem = bar_mem(host, index, offset, count);
	if (!mem)
		memset(data, 0xff, count);
	else if (in_msix(&host->shape, index, offset, count))
		memset(data, 0, count);	/* QEMU has the table; nothing is ever pending */
	else
		mem_read(data, mem, count);
	watch_mem(host, false, index, offset, data, count, mem);
	return 0;
}

/* No event tells the endpoint: what the host has set up is gone, and that is all. */
static void function_level_reset(struct host_fn *host)
{
	watch_event(host, WATCH_FLR);
	irq_path_lose_function(&host->cable->irq_path, host->number);
	host_fn_reset(host);
}

static void config_write(struct host_fn *host, uint64_t offset, const uint8_t *data,
			 uint32_t count)
{
	const uint16_t before = pci_config_command(&host->cfg);
	struct cable *cable = host->cable;
	uint16_t risen;

	/* The host's QEMU makes the device; nothing that the endpoint has to know of. */
	if (!host_fn_is_up(host)) {
		pci_config_write(&host->cfg, offset, data, count);
		return;
	}
	if (pci_config_starts_flr(&host->cfg, offset, data, count)) {
		function_level_reset(host);
		return;
	}
	pci_config_write(&host->cfg, offset, data, count);
	host_irq_update(host);
	risen = pci_config_command(&host->cfg) & ~before;
	if (risen & COMMAND_USED) {
		host->touched = true;
		host_mem_look(host);
	}
	if (risen & PCI_COMMAND_MASTER) {
		watch_event(host, WATCH_BUS_MASTER);
		ep_ctrl_event(&cable->ep, PCIE_CABLE_EVENT_BME);
	}
}

static int host_write(void *dev, unsigned int index, uint64_t offset,
		      const uint8_t *data, uint32_t count)
{
	struct host_fn *host = dev;
	uint8_t *mem;

	if (index == VFIO_PCI_CONFIG_REGION_INDEX) {
		watch_cfg(host, true, offset, data, count);
		if (host_fn_has_config(host))
			config_write(host, offset, data, count);
		return 0;
	}

	mem = bar_mem(host, index, offset, count);
	if (mem && !in_msix(&host->shape, index, offset, count)) {
		mem_write(mem, data, count);
		host->wrote = true;
	}
	watch_mem(host, true, index, offset, data, count, mem);
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
	struct host_fn *host = dev;
	struct peer_run run;

	if (index == VFIO_PCI_CONFIG_REGION_INDEX)
		return link_is_retried(&host->cable->link);
	if (!host->wrote || index >= PCIE_CABLE_NUM_BARS || !host_fn_is_up(host))
		return false;
	peer_run_look(host->cable->ep.conn->src.fd, &run);
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

bool host_fn_reset(struct host_fn *host)
{
	const bool touched = host->touched;

	pci_config_reset(&host->cfg);
	host_irq_forget(host);
	host->touched = false;
	return touched;
}

static int host_dma_map(void *dev, const struct vfu_dma_map *map, int fd)
{
	return host_mem_map(dev, map, fd);
}

/* QEMU resets a function only with its slot, or the machine: all of them at a time. */
static void host_reset(void *dev)
{
	struct host_fn *host = dev;

	link_host_reset(host->cable, false);
}

static void host_ready(void *dev)
{
	struct host_fn *host = dev;

	log_event("%s connected", host->name);
	link_host_ready(host->cable);
}

static void host_closed(void *dev)
{
	struct host_fn *host = dev;

	/* The program that is stopped is found by this connection. */
	if (!host->number)
		stop_end(&host->cable->host_stop);
	log_event("%s disconnected", host->name);
	peer_check_forget(&host->ram_check);
	host->conn = NULL;
	link_host_gone(host->cable);
}

bool host_fn_may_master(const struct host_fn *host)
{
	return host_fn_is_up(host) && (pci_config_command(&host->cfg) & PCI_COMMAND_MASTER);
}

/* Two of the eight values are reserved. */
static uint32_t request_size(uint32_t value)
{
	return value <= 5 ? 128u << value : TLP_MAX_BYTES;
}

uint32_t host_fn_payload(const struct host_fn *host)
{
	if (host->cable->model.payload)
		return host->cable->model.payload;
	return request_size((pci_config_express_control(&host->cfg) &
			     PCI_EXP_DEVCTL_PAYLOAD) >> 5);
}

uint32_t host_fn_read_request(const struct host_fn *host)
{
	if (host->cable->model.request)
		return host->cable->model.request;
	return request_size((pci_config_express_control(&host->cfg) &
			     PCI_EXP_DEVCTL_READRQ) >> 12);
}

uint32_t host_fn_completion_boundary(const struct host_fn *host)
{
	return pci_config_link_control(&host->cfg) & PCI_EXP_LNKCTL_RCB ? 128 : 64;
}

uint64_t host_fn_bar_address(const struct host_fn *host, unsigned int bar)
{
	return pci_config_bar_address(host->cfg.data + PCI_BASE_ADDRESS_0, bar);
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
