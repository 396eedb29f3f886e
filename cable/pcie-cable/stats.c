// SPDX-License-Identifier: GPL-2.0
#include <inttypes.h>

#include "cable.h"
#include "drops.h"
#include "stats.h"

#define NS_PER_US	1e3

const char *const irq_kind_names[IRQ_KINDS] = { "MSI-X", "MSI", "INTx" };

void stats_reset(struct stats *stats)
{
	*stats = (struct stats){ .since_ns = loop_now_ns() };
	drops_reset();
}

void stats_access(struct stats_access *access, uint32_t bytes, bool answer)
{
	access->number++;
	access->bytes += bytes;
	access->unanswered += !answer;
}

static void print_access(struct answer *answer, const char *what, const struct stats_access *a)
{
	answer_add(answer, "  %s\t%" PRIu64 "\t%" PRIu64 "\t%" PRIu64 "\n", what, a->number,
		   a->bytes, a->unanswered);
}

static void print_irqs(struct answer *answer, const struct stats_fn *stats)
{
	unsigned int kind, result;

	answer_add(answer, "interrupts\tsent\tdisabled\tmasked\tno vector\tlink down\n");
	for (kind = 0; kind < IRQ_KINDS; kind++) {
		answer_add(answer, "  %s", irq_kind_names[kind]);
		for (result = 0; result < STATS_IRQ_RESULTS; result++)
			answer_add(answer, "\t%" PRIu64, stats->irq[kind][result]);
		answer_add(answer, "\n");
	}
}

static void print_dma(struct answer *answer, const char *what, const struct stats_dma *dma)
{
	answer_add(answer, "  %s\t%" PRIu64 "\t%" PRIu64 "\t%" PRIu64 "\t%" PRIu64 "\n", what,
		   dma->lists, dma->bytes, dma->requests, dma->refused);
}

static void print_windows(struct answer *answer, const struct cable *cable,
			  const struct stats_fn *s)
{
	if (ep_atu_is_metered(&cable->atu)) {
		answer_add(answer, "endpoint to host\tnumber\tbytes\tunanswered\n");
		print_access(answer, "window reads", &s->window[false]);
		print_access(answer, "window writes", &s->window[true]);
	} else {
		answer_add(answer, "endpoint to host\n");
		answer_add(answer, "  mapped windows\tnot counted: they are memory of both machines\n");
	}
}

static void print_function(struct answer *answer, const struct cable *cable, unsigned int n)
{
	const struct stats_fn *s = &cable->stats.fn[n];

	if (cable->link.functions & ~1u)
		answer_add(answer, "function %u\n", n);
	answer_add(answer, "host to endpoint\tnumber\tbytes\tunanswered\n");
	print_access(answer, "memory reads", &s->mem[false]);
	print_access(answer, "memory writes", &s->mem[true]);
	print_access(answer, "config reads", &s->cfg[false]);
	print_access(answer, "config writes", &s->cfg[true]);
	print_windows(answer, cable, s);
	print_irqs(answer, s);
}

static double efficiency(const struct traffic_way *way)
{
	return way->wire ? 100.0 * way->payload / way->wire : 0;
}

static void print_traffic(struct answer *answer, const struct traffic *traffic)
{
	static const char *const types[TRAFFIC_TYPES] = {
		[TRAFFIC_MRD] = "MRd", [TRAFFIC_MWR] = "MWr", [TRAFFIC_CFGRD] = "CfgRd",
		[TRAFFIC_CFGWR] = "CfgWr", [TRAFFIC_CPLD] = "CplD", [TRAFFIC_CPL] = "Cpl",
		[TRAFFIC_MSG] = "Msg",
	};
	const struct traffic_way *to_ep = &traffic->way[false], *to_host = &traffic->way[true];
	unsigned int type;

	answer_add(answer, "packets\tto endpoint\tto host\n");
	for (type = 0; type < TRAFFIC_TYPES; type++)
		answer_add(answer, "  %s\t%" PRIu64 "\t%" PRIu64 "\n", types[type],
			   to_ep->packets[type], to_host->packets[type]);
	answer_add(answer, "  bytes of payload\t%" PRIu64 "\t%" PRIu64 "\n", to_ep->payload,
		   to_host->payload);
	answer_add(answer, "  bytes on the link\t%" PRIu64 "\t%" PRIu64 "\n", to_ep->wire,
		   to_host->wire);
	answer_add(answer, "  efficiency in %%\t%.1f\t%.1f\n", efficiency(to_ep),
		   efficiency(to_host));
}

static void print_times(struct answer *answer, const struct link_model *model,
			const struct traffic *traffic)
{
	static const char *const names[TRAFFIC_REQUESTERS] = {
		[TRAFFIC_HOST] = "host", [TRAFFIC_ENDPOINT] = "endpoint",
		[TRAFFIC_DMA] = "endpoint's DMA",
	};
	const struct traffic_use *use = traffic->use;
	unsigned int i;

	answer_add(answer, "time on gen%u x%u in us\tto endpoint\tto host\n", model->gen,
		   model->lanes);
	answer_add(answer, "  packets\t%.3f\t%.3f\n",
		   link_model_wire_ns(model, traffic->way[false].wire) / NS_PER_US,
		   link_model_wire_ns(model, traffic->way[true].wire) / NS_PER_US);
	answer_add(answer, "time of requesters in us\treads\twrites\n");
	for (i = 0; i < TRAFFIC_REQUESTERS; i++)
		answer_add(answer, "  %s\t%.3f\t%.3f\n", names[i],
			   link_model_read_ns(model, &use[i]) / NS_PER_US,
			   link_model_write_ns(model, &use[i]) / NS_PER_US);
}

static void print_path(struct answer *answer, const struct irq_path *path)
{
	answer_add(answer, "interrupts under way\n");
	answer_add(answer, "  delayed by\t%u\tms\n", path->delay_ms);
	answer_add(answer, "  late\t%u\n", path->num);
	answer_add(answer, "  vectors held back\t%u\n", irq_path_held(path));
	answer_add(answer, "  next to be held back\t%" PRIu32 "\n", path->hold_next);
}

static void print_drops(struct answer *answer)
{
	enum drop drop;

	answer_add(answer, "dropped\tnumber\n");
	for (drop = 0; drop < DROPS; drop++)
		answer_add(answer, "  %s\t%" PRIu64 "\n", drop_names[drop],
			   drop_counted(drop));
}

static void print_faults(struct answer *answer, const struct cable *cable)
{
	const uint32_t windows = cable->faults.window_limit;

	if (!cable->faults.map_limit && !windows && !stop_is_on(&cable->host_stop) &&
	    !stop_is_on(&cable->ep_stop))
		return;

	answer_add(answer, "faults in force\n");
	if (cable->faults.map_limit)
		answer_add(answer, "  map short\t%" PRIu32 "\tbytes\n", cable->faults.map_limit);
	if (windows)
		answer_add(answer, "  windows limit\t%" PRIu32 "\n",
			   windows & PCIE_CABLE_WINDOW_COUNT);
	if (stop_is_on(&cable->host_stop))
		answer_add(answer, "  host stopped\n");
	if (stop_is_on(&cable->ep_stop))
		answer_add(answer, "  endpoint stopped\n");
}

void stats_print(const struct cable *cable, struct answer *answer)
{
	const struct stats *s = &cable->stats;
	unsigned int n;

	answer_add(answer, "link is %s\n", link_state(cable));
	answer_add(answer, "counted for %.1f s\n", (loop_now_ns() - s->since_ns) / 1e9);
	for (n = 0; n < PCIE_CABLE_MAX_FUNCTIONS; n++)
		if (!n || link_has(&cable->link, n))
			print_function(answer, cable, n);
	answer_add(answer, "endpoint's DMA\tlists\tbytes\trequests\trefused\n");
	print_dma(answer, "from the host", &s->dma[false]);
	print_dma(answer, "to the host", &s->dma[true]);
	print_traffic(answer, &s->traffic);
	if (cable->model.timed)
		print_times(answer, &cable->model, &s->traffic);
	answer_add(answer, "events\tnumber\n");
	answer_add(answer, "  link up\t%" PRIu64 "\n", s->events[WATCH_LINK_UP]);
	answer_add(answer, "  link down\t%" PRIu64 "\n", s->events[WATCH_LINK_DOWN]);
	answer_add(answer, "  host reset\t%" PRIu64 "\n", s->events[WATCH_HOST_RESET]);
	answer_add(answer, "  function level reset\t%" PRIu64 "\n", s->events[WATCH_FLR]);
	answer_add(answer, "  bus mastering on\t%" PRIu64 "\n", s->events[WATCH_BUS_MASTER]);
	answer_add(answer, "endpoint's driver\tnumber\n");
	answer_add(answer, "  register reads\t%" PRIu64 "\n", s->registers[false]);
	answer_add(answer, "  register writes\t%" PRIu64 "\n", s->registers[true]);
	print_path(answer, &cable->irq_path);
	print_drops(answer);
	print_faults(answer, cable);
}
