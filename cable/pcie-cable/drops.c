// SPDX-License-Identifier: GPL-2.0
#include <string.h>

#include "drops.h"

static uint64_t counted[DROPS];

const char *const drop_names[DROPS] = {
	[DROP_LOG_LOST] = "log lines lost",
	[DROP_LOG_LIMITED] = "log lines left out",
	[DROP_TRACE_LOST] = "trace lines lost",
	[DROP_CONNECTION] = "connections refused",
	[DROP_FD] = "descriptors refused",
	[DROP_MEMORY] = "parts of RAM lost",
};

void drop_count(enum drop drop)
{
	counted[drop]++;
}

uint64_t drop_counted(enum drop drop)
{
	return counted[drop];
}

void drops_reset(void)
{
	memset(counted, 0, sizeof(counted));
}
