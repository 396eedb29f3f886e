/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Counters of one function
 *
 * Written by the poller's thread only, so plain increments do.  Reads of the
 * host's memory are counted as the non-posted PCIe reads that the processor's
 * loads become, writes likewise, since that is what a design costs on a link.
 */
#ifndef VEPF_STATS_H
#define VEPF_STATS_H

#include <linux/types.h>

/**
 * struct vepf_stats - counters of one function
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
 * @host_errors: rings and buffers of the host that were refused
 */
struct vepf_stats {
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
	u64 host_errors;
};

#endif /* VEPF_STATS_H */
