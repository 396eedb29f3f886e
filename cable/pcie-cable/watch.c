// SPDX-License-Identifier: GPL-2.0
#include "cable.h"
#include "tlp.h"
#include "watch.h"

static void count_access(struct cable *cable, bool write, const struct traffic_access *access,
			 bool answer)
{
	const struct traffic_completer completer = {
		.payload = host_fn_payload(cable),
		.boundary = access->who == TRAFFIC_HOST ? FN_COMPLETION_BOUNDARY :
							  host_fn_completion_boundary(cable),
	};

	if (write)
		traffic_write(&cable->stats.traffic, access);
	else
		traffic_read(&cable->stats.traffic, access, answer ? &completer : NULL);
}

/* A processor's access has 8 bytes at most: the host's limits do not matter. */
static void count_processor(struct cable *cable, bool write, enum traffic_requester who,
			    uint64_t addr, uint32_t count, bool answer)
{
	const struct traffic_access access = {
		.who = who, .addr = addr, .count = count, .request = TLP_MAX_BYTES,
	};

	count_access(cable, write, &access, answer);
}

void watch_mem(struct cable *cable, bool write, unsigned int bar, uint64_t offset,
	       const uint8_t *data, uint32_t count, bool answer)
{
	stats_access(&cable->stats.mem[write], count, answer);
	if (cable->link.up)
		count_processor(cable, write, TRAFFIC_HOST,
				host_fn_bar_address(cable, bar) + offset, count, answer);
	trace_host_bar(&cable->trace, write, bar, offset, data, count, answer);
}

void watch_cfg(struct cable *cable, bool write, uint32_t offset, const uint8_t *data,
	       uint32_t count)
{
	stats_access(&cable->stats.cfg[write], count, cable->link.up);
	if (cable->link.up)
		traffic_config(&cable->stats.traffic, write, offset, count);
	trace_host_cfg(&cable->trace, write, offset, data, count, cable->link.up);
}

void watch_window(struct cable *cable, bool write, bool sent, uint64_t place,
		  const uint8_t *data, uint32_t count, bool answer)
{
	stats_access(&cable->stats.window[write], answer ? count : 0, answer);
	if (sent)
		count_processor(cable, write, TRAFFIC_ENDPOINT, place, count, answer);
	trace_ep_window(&cable->trace, write, sent, place, data, count, answer);
}

void watch_dma(struct cable *cable, bool write, uint64_t addr, const uint8_t *data,
	       uint32_t count)
{
	const struct traffic_access access = {
		.who = TRAFFIC_DMA,
		.addr = addr,
		.count = count,
		.request = write ? host_fn_payload(cable) : host_fn_read_request(cable),
	};
	const uint64_t requests = traffic_requests(addr, count, access.request);

	cable->stats.dma[write].bytes += count;
	cable->stats.dma[write].requests += requests;
	count_access(cable, write, &access, true);
	trace_ep_dma(&cable->trace, write, addr, data, count, requests);
}

void watch_dma_list(struct cable *cable, bool write)
{
	cable->stats.dma[write].lists++;
}

uint32_t watch_irq(struct cable *cable, enum irq_kind kind, uint32_t number, uint32_t result)
{
	static const char *const results[STATS_IRQ_RESULTS] = {
		[PCIE_CABLE_IRQ_SENT] = "sent",
		[PCIE_CABLE_IRQ_DISABLED] = "disabled",
		[PCIE_CABLE_IRQ_MASKED] = "masked",
		[PCIE_CABLE_IRQ_NO_VECTOR] = "no-vector",
		[PCIE_CABLE_IRQ_LINK_DOWN] = "link-down",
	};

	cable->stats.irq[kind][result]++;
	if (result == PCIE_CABLE_IRQ_SENT && kind == IRQ_INTX)
		traffic_message(&cable->stats.traffic);
	else if (result == PCIE_CABLE_IRQ_SENT)
		count_processor(cable, true, TRAFFIC_ENDPOINT, TLP_MSI_ADDRESS, TLP_MSI_BYTES,
				true);
	if (kind == IRQ_INTX)
		trace_text(&cable->trace, TRACE_IRQ, "ep INTx %s %s",
			   number ? "assert" : "deassert", results[result]);
	else
		trace_text(&cable->trace, TRACE_IRQ, "ep %s %u %s", irq_kind_names[kind],
			   number, results[result]);
	return result;
}

void watch_event(struct cable *cable, enum watch_event event)
{
	static const char *const lines[WATCH_EVENTS] = {
		[WATCH_LINK_UP] = "link up",
		[WATCH_LINK_DOWN] = "link down",
		[WATCH_HOST_RESET] = "host reset",
		[WATCH_BUS_MASTER] = "host BME",
	};

	cable->stats.events[event]++;
	trace_text(&cable->trace, TRACE_LINK, "%s", lines[event]);
}
