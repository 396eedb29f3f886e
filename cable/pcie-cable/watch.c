// SPDX-License-Identifier: GPL-2.0
#include "cable.h"
#include "watch.h"

void watch_mem(struct cable *cable, bool write, unsigned int bar, uint64_t offset,
	       const uint8_t *data, uint32_t count, bool answer)
{
	stats_access(&cable->stats.mem[write], count, answer);
	trace_host_bar(&cable->trace, write, bar, offset, data, count, answer);
}

void watch_cfg(struct cable *cable, bool write, uint32_t offset, const uint8_t *data,
	       uint32_t count)
{
	(void)offset;
	(void)data;
	stats_access(&cable->stats.cfg[write], count, cable->link.up);
}

uint32_t watch_irq(struct cable *cable, enum irq_kind kind, uint32_t number, uint32_t result)
{
	(void)number;
	if (result < STATS_IRQ_RESULTS)
		cable->stats.irq[kind][result]++;
	return result;
}

void watch_event(struct cable *cable, enum watch_event event)
{
	struct stats *stats = &cable->stats;

	switch (event) {
	case WATCH_LINK_UP:
		stats->link_ups++;
		break;
	case WATCH_LINK_DOWN:
		stats->link_downs++;
		break;
	case WATCH_HOST_RESET:
		stats->host_resets++;
		break;
	case WATCH_BUS_MASTER:
		stats->bus_master++;
		break;
	}
}
