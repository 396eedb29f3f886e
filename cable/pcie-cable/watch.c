// SPDX-License-Identifier: GPL-2.0
#include "cable.h"
#include "tlp.h"
#include "watch.h"

static struct stats_fn *stats_of(struct host_fn *host)
{
	return &host->cable->stats.fn[host->number];
}

static void count_access(struct host_fn *host, bool write, const struct traffic_access *access,
			 bool answer)
{
	const struct traffic_completer completer = {
		.payload = host_fn_payload(host),
		.boundary = access->who == TRAFFIC_HOST ? FN_COMPLETION_BOUNDARY :
							  host_fn_completion_boundary(host),
	};

	if (write)
		traffic_write(&host->cable->stats.traffic, access);
	else
		traffic_read(&host->cable->stats.traffic, access, answer ? &completer : NULL);
}

/* A processor's access has 8 bytes at most: the host's limits do not matter. */
static void count_processor(struct host_fn *host, bool write, enum traffic_requester who,
			    uint64_t addr, uint32_t count, bool answer)
{
	const struct traffic_access access = {
		.who = who, .addr = addr, .count = count, .request = TLP_MAX_BYTES,
	};

	count_access(host, write, &access, answer);
}

void watch_mem(struct host_fn *host, bool write, unsigned int bar, uint64_t offset,
	       const uint8_t *data, uint32_t count, bool answer)
{
	stats_access(&stats_of(host)->mem[write], count, answer);
	if (host_fn_is_up(host))
		count_processor(host, write, TRAFFIC_HOST,
				host_fn_bar_address(host, bar) + offset, count, answer);
	trace_host_bar(&host->cable->trace, host->number, write, bar, offset, data, count, answer);
}

void watch_cfg(struct host_fn *host, bool write, uint32_t offset, const uint8_t *data,
	       uint32_t count)
{
	const bool answer = host_fn_has_config(host);

	stats_access(&stats_of(host)->cfg[write], count, answer);
	if (host_fn_is_up(host))
		traffic_config(&host->cable->stats.traffic, write, offset, count);
	trace_host_cfg(&host->cable->trace, host->number, write, offset, data, count, answer);
}

void watch_window(struct host_fn *host, bool write, bool sent, uint64_t place,
		  const uint8_t *data, uint32_t count, bool answer)
{
	stats_access(&stats_of(host)->window[write], answer ? count : 0, answer);
	if (sent)
		count_processor(host, write, TRAFFIC_ENDPOINT, place, count, answer);
	trace_ep_window(&host->cable->trace, host->number, write, sent, place, data, count, answer);
}

void watch_dma(struct host_fn *host, bool write, uint64_t addr, const uint8_t *data,
	       uint32_t count)
{
	const struct traffic_access access = {
		.who = TRAFFIC_DMA,
		.addr = addr,
		.count = count,
		.request = write ? host_fn_payload(host) : host_fn_read_request(host),
	};
	const uint64_t requests = traffic_requests(addr, count, access.request);
	struct stats_dma *dma = &host->cable->stats.dma[write];

	dma->bytes += count;
	dma->requests += requests;
	count_access(host, write, &access, true);
	trace_ep_dma(&host->cable->trace, host->number, write, addr, data, count, requests);
}

void watch_dma_refused(struct host_fn *host, bool write, uint64_t addr, uint32_t count,
		       enum trace_dma_refusal why)
{
	host->cable->stats.dma[write].refused++;
	trace_ep_dma_refused(&host->cable->trace, host->number, write, addr, count, why);
}

void watch_dma_list(struct host_fn *host, bool write)
{
	host->cable->stats.dma[write].lists++;
}

uint32_t watch_irq(struct host_fn *host, enum irq_kind kind, uint32_t number, uint32_t result)
{
	static const char *const results[STATS_IRQ_RESULTS] = {
		[PCIE_CABLE_IRQ_SENT] = "sent",
		[PCIE_CABLE_IRQ_DISABLED] = "disabled",
		[PCIE_CABLE_IRQ_MASKED] = "masked",
		[PCIE_CABLE_IRQ_NO_VECTOR] = "no-vector",
		[PCIE_CABLE_IRQ_LINK_DOWN] = "link-down",
	};

	struct trace *trace = &host->cable->trace;

	stats_of(host)->irq[kind][result]++;
	if (result == PCIE_CABLE_IRQ_SENT && kind == IRQ_INTX)
		traffic_message(&host->cable->stats.traffic);
	else if (result == PCIE_CABLE_IRQ_SENT)
		count_processor(host, true, TRAFFIC_ENDPOINT, TLP_MSI_ADDRESS, TLP_MSI_BYTES,
				true);
	if (kind == IRQ_INTX)
		trace_text(trace, TRACE_IRQ, "ep", host->number, "INTx %s %s",
			   number ? "assert" : "deassert", results[result]);
	else
		trace_text(trace, TRACE_IRQ, "ep", host->number, "%s %u %s",
			   irq_kind_names[kind], number, results[result]);
	return result;
}

void watch_event(struct host_fn *host, enum watch_event event)
{
	static const struct {
		const char *who;
		const char *what;
	} lines[WATCH_EVENTS] = {
		[WATCH_LINK_UP] = { "link", "up" },
		[WATCH_LINK_DOWN] = { "link", "down" },
		[WATCH_HOST_RESET] = { "host", "reset" },
		[WATCH_FLR] = { "host", "FLR" },
		[WATCH_BUS_MASTER] = { "host", "BME" },
	};

	host->cable->stats.events[event]++;
	trace_text(&host->cable->trace, TRACE_LINK, lines[event].who, host->number, "%s",
		   lines[event].what);
}
