/* SPDX-License-Identifier: GPL-2.0 */
/* Tracepoints that nobody listens to */
#ifndef CORE_SHIM_LINUX_TRACEPOINT_H
#define CORE_SHIM_LINUX_TRACEPOINT_H

#define TP_PROTO(...)			__VA_ARGS__
#define TRACE_EVENT(name, proto, ...)	static inline void trace_##name(proto) { }

#endif /* CORE_SHIM_LINUX_TRACEPOINT_H */
