/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Counters of one function, and of each of the host's queues
 *
 * Written by the poller's thread only, so plain increments do.  Reads of the
 * host's memory are counted as the non-posted PCIe reads that the processor's
 * loads become, writes likewise, since that is what a design costs on a link.
 */
#ifndef EPFV_STATS_H
#define EPFV_STATS_H

#include <linux/types.h>

/**
 * struct epfv_stats - counters of one function, or the part of them that is one queue's
 * @np_reads: non-posted reads of host memory
 * @np_bytes: bytes they read
 * @posted_writes: posted writes to host memory
 * @posted_bytes: bytes they wrote
 * @maps: outbound windows mapped
 * @unmaps: outbound windows unmapped
 * @interrupts: MSI-X messages sent
 * @interrupt_retries: attempts that failed; each is tried again
 * @wakeups: times the poller's thread was woken
 * @host_resets: resets of the device by the host
 * @longest_burst: most accesses to host memory made without asking anew whether they may be;
 *	so many at most are made after the host's reset
 * @host_errors: rings and buffers of the host that were refused
 */
struct epfv_stats {
	u64 np_reads;
	u64 np_bytes;
	u64 posted_writes;
	u64 posted_bytes;
	u64 maps;
	u64 unmaps;
	u64 interrupts;
	u64 interrupt_retries;
	u64 wakeups;
	u64 host_resets;
	u64 longest_burst;
	u64 host_errors;
};

/**
 * epfv_stats_add() - add to a queue's counters what was done on its behalf
 * @queue: counters of the queue
 * @before: those of the function before
 * @after: and after
 */
static inline void epfv_stats_add(struct epfv_stats *queue, const struct epfv_stats *before,
				  const struct epfv_stats *after)
{
	queue->np_reads += after->np_reads - before->np_reads;
	queue->np_bytes += after->np_bytes - before->np_bytes;
	queue->posted_writes += after->posted_writes - before->posted_writes;
	queue->posted_bytes += after->posted_bytes - before->posted_bytes;
	queue->maps += after->maps - before->maps;
	queue->unmaps += after->unmaps - before->unmaps;
	queue->interrupts += after->interrupts - before->interrupts;
	queue->interrupt_retries += after->interrupt_retries - before->interrupt_retries;
	queue->host_errors += after->host_errors - before->host_errors;
}

#endif /* EPFV_STATS_H */
