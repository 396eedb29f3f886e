/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What was done in a lane to host memory
 *
 * Written by the lane's thread only, so plain increments do.  Reads of the
 * host's memory are counted as the non-posted PCIe reads that the processor's
 * loads become, writes likewise, since that is what a design costs on a link.
 */
#ifndef EPFV_STATS_H
#define EPFV_STATS_H

#include <linux/minmax.h>
#include <linux/types.h>

/**
 * struct epfv_stats - counters of one lane, or of several
 * @np_reads: non-posted reads of host memory
 * @np_bytes: bytes they read
 * @posted_writes: posted writes to host memory
 * @posted_bytes: bytes they wrote
 * @maps: outbound windows mapped
 * @unmaps: outbound windows unmapped
 * @interrupts: interrupts sent at once
 * @host_errors: rings and buffers of the host that were refused
 * @longest_burst: most accesses to host memory made without asking anew whether they may be;
 *	so many at most are made after the host's reset
 */
struct epfv_stats {
	u64 np_reads;
	u64 np_bytes;
	u64 posted_writes;
	u64 posted_bytes;
	u64 maps;
	u64 unmaps;
	u64 interrupts;
	u64 host_errors;
	u64 longest_burst;
};

/**
 * epfv_stats_add() - add the counters of a lane to those of several
 * @sum: of several
 * @stats: of one more
 */
static inline void epfv_stats_add(struct epfv_stats *sum, const struct epfv_stats *stats)
{
	sum->np_reads += stats->np_reads;
	sum->np_bytes += stats->np_bytes;
	sum->posted_writes += stats->posted_writes;
	sum->posted_bytes += stats->posted_bytes;
	sum->maps += stats->maps;
	sum->unmaps += stats->unmaps;
	sum->interrupts += stats->interrupts;
	sum->host_errors += stats->host_errors;
	sum->longest_burst = max(sum->longest_burst, stats->longest_burst);
}

#endif /* EPFV_STATS_H */
