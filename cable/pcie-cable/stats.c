// SPDX-License-Identifier: GPL-2.0
#include <inttypes.h>

#include "cable.h"
#include "stats.h"

const char *const irq_kind_names[IRQ_KINDS] = { "MSI-X", "MSI", "INTx" };

void stats_reset(struct stats *stats)
{
	*stats = (struct stats){ .since_ns = loop_now_ns() };
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
	answer_add(answer, "  %s\t%" PRIu64 "\t%" PRIu64 "\t%" PRIu64 "\n", what, dma->lists,
		   dma->bytes, dma->requests);
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

static void print_path(struct answer *answer, struct irq_path *path)
{
	answer_add(answer, "interrupts under way\n");
	answer_add(answer, "  delayed by\t%u\tms\n", path->delay_ms);
	answer_add(answer, "  late\t%u\n", path->num);
	answer_add(answer, "  vectors held back\t%u\n", irq_path_held(path));
	answer_add(answer, "  next to be held back\t%" PRIu32 "\n", path->hold_next);
}

void stats_print(struct cable *cable, struct answer *answer)
{
	const struct stats *s = &cable->stats;
	unsigned int n;

	answer_add(answer, "link is %s\n", link_state(cable));
	answer_add(answer, "counted for %.1f s\n", (loop_now_ns() - s->since_ns) / 1e9);
	for (n = 0; n < PCIE_CABLE_MAX_FUNCTIONS; n++)
		if (!n || link_has(&cable->link, n))
			print_function(answer, cable, n);
	answer_add(answer, "endpoint's DMA\tlists\tbytes\trequests\n");
	print_dma(answer, "from the host", &s->dma[false]);
	print_dma(answer, "to the host", &s->dma[true]);
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
}
