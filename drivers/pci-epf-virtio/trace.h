/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Tracepoints: what a function does, as it does it
 *
 * Below /sys/kernel/tracing/events/pci_epf_virtio/.  None is on the way of a
 * single register or ring access; a batch is one event.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM pci_epf_virtio

#if !defined(EPFV_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define EPFV_TRACE_H

#include <linux/tracepoint.h>
#include <linux/types.h>

/* The host's driver has come, gone, or got further: see epfv_poller_state() */
TRACE_EVENT(epfv_state,
	TP_PROTO(const char *function, const char *from, const char *to),
	TP_ARGS(function, from, to),
	TP_STRUCT__entry(
		__string(function, function)
		__string(from, from)
		__string(to, to)
	),
	TP_fast_assign(
		__assign_str(function);
		__assign_str(from);
		__assign_str(to);
	),
	TP_printk("%s: %s -> %s", __get_str(function), __get_str(from), __get_str(to))
);

/* Buffers of the host were used in one go: how many, and what it took */
TRACE_EVENT(epfv_batch,
	TP_PROTO(const char *function, const char *queue, u64 messages, u64 bytes,
		 u64 np_reads, u64 posted_writes, u64 interrupts),
	TP_ARGS(function, queue, messages, bytes, np_reads, posted_writes, interrupts),
	TP_STRUCT__entry(
		__string(function, function)
		__string(queue, queue)
		__field(u64, messages)
		__field(u64, bytes)
		__field(u64, np_reads)
		__field(u64, posted_writes)
		__field(u64, interrupts)
	),
	TP_fast_assign(
		__assign_str(function);
		__assign_str(queue);
		__entry->messages = messages;
		__entry->bytes = bytes;
		__entry->np_reads = np_reads;
		__entry->posted_writes = posted_writes;
		__entry->interrupts = interrupts;
	),
	TP_printk("%s: %s: messages=%llu bytes=%llu np_reads=%llu posted_writes=%llu interrupts=%llu",
		  __get_str(function), __get_str(queue), __entry->messages, __entry->bytes,
		  __entry->np_reads, __entry->posted_writes, __entry->interrupts)
);

/* An MSI-X message was sent, or is to be tried again; INTx is vector -1 */
TRACE_EVENT(epfv_irq,
	TP_PROTO(const char *function, int vector, int err),
	TP_ARGS(function, vector, err),
	TP_STRUCT__entry(
		__string(function, function)
		__field(int, vector)
		__field(int, err)
	),
	TP_fast_assign(
		__assign_str(function);
		__entry->vector = vector;
		__entry->err = err;
	),
	TP_printk("%s: vector=%d err=%d", __get_str(function), __entry->vector, __entry->err)
);

/* The host did what it must not, or cannot be reached; told here however often it happens */
TRACE_EVENT(epfv_host_error,
	TP_PROTO(const char *function, const char *queue, const char *what),
	TP_ARGS(function, queue, what),
	TP_STRUCT__entry(
		__string(function, function)
		__string(queue, queue)
		__string(what, what)
	),
	TP_fast_assign(
		__assign_str(function);
		__assign_str(queue);
		__assign_str(what);
	),
	TP_printk("%s: %s: %s", __get_str(function), __get_str(queue), __get_str(what))
);

#endif /* EPFV_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
