// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include "log.h"
#include "trace.h"

#define FLUSH_MS	50

/* The machines go on without a trace, where there is no room for one. */
static void failed(struct trace *trace)
{
	log_event("%s: the trace ends here: %s", trace->path, strerror(errno));
	fclose(trace->file);
	trace->file = NULL;
}

static void flush(struct loop_timer *timer)
{
	struct trace *trace = (struct trace *)((char *)timer - offsetof(struct trace, flush));

	if (fflush(trace->file))
		failed(trace);
}

int trace_open(struct trace *trace, struct loop *loop, const char *path, unsigned int kinds)
{
	int ret;

	*trace = (struct trace){
		.path = path, .kinds = kinds, .loop = loop, .flush.fire = flush,
		.start_ns = loop_now_ns(),
	};
	trace->file = fopen(path, "we");
	if (trace->file)
		return 0;
	ret = -errno;
	log_event("%s: cannot write a trace: %s", path, strerror(-ret));
	return ret;
}

void trace_close(struct trace *trace)
{
	if (!trace->file)
		return;
	loop_timer_cancel(trace->loop, &trace->flush);
	if (fflush(trace->file)) {
		failed(trace);
		return;
	}
	fclose(trace->file);
	trace->file = NULL;
}

/* Lines that come while the timer runs are flushed with the first one. */
static void flush_soon(struct trace *trace)
{
	if (!trace->flush.armed)
		loop_timer_arm(trace->loop, &trace->flush, FLUSH_MS);
}

static const char *const kind_names[TRACE_KINDS] = {
	"mem", "cfg", "irq", "link", "out", "dma"
};

bool trace_parse_kinds(const char *list, unsigned int *kinds)
{
	unsigned int kind;
	size_t len;

	*kinds = 0;
	do {
		len = strcspn(list, ",");
		for (kind = 0; kind < TRACE_KINDS; kind++)
			if (strlen(kind_names[kind]) == len && !strncmp(list, kind_names[kind], len))
				break;
		if (kind == TRACE_KINDS)
			return false;
		*kinds |= 1u << kind;
		list += len;
	} while (*list++ == ',');
	return true;
}

/* Begin a line, if it is wanted; function 0 is not named */
static bool begin(struct trace *trace, enum trace_kind kind, const char *who, unsigned int fn)
{
	int64_t ns;

	if (!trace->file || !(trace->kinds & 1u << kind))
		return false;
	ns = loop_now_ns() - trace->start_ns;
	fprintf(trace->file, "%" PRId64 ".%06" PRId64 " %s", ns / 1000000000, ns / 1000 % 1000000,
		who);
	if (fn)
		fprintf(trace->file, ".%u", fn);
	return true;
}

static void put_value(struct trace *trace, const uint8_t *data, uint32_t count)
{
	while (count--)
		fprintf(trace->file, "%02x", data[count]);
}

static void access_line(struct trace *trace, const uint8_t *data, uint32_t count, bool answer)
{
	fprintf(trace->file, " %u 0x", count);
	put_value(trace, data, count);
	fputs(answer ? "\n" : " UR\n", trace->file);
	flush_soon(trace);
}

void trace_host_bar(struct trace *trace, unsigned int fn, bool write, unsigned int bar,
		    uint64_t offset, const uint8_t *data, uint32_t count, bool answer)
{
	if (!begin(trace, TRACE_MEM, "host", fn))
		return;
	fprintf(trace->file, " %s bar%u+0x%" PRIx64, write ? "MWr" : "MRd", bar, offset);
	access_line(trace, data, count, answer);
}

void trace_host_cfg(struct trace *trace, unsigned int fn, bool write, uint32_t offset,
		    const uint8_t *data, uint32_t count, bool answer)
{
	if (!begin(trace, TRACE_CFG, "host", fn))
		return;
	fprintf(trace->file, " %s cfg+0x%" PRIx32, write ? "CfgWr" : "CfgRd", offset);
	access_line(trace, data, count, answer);
}

void trace_ep_window(struct trace *trace, unsigned int fn, bool write, bool sent,
		     uint64_t place, const uint8_t *data, uint32_t count, bool answer)
{
	if (!begin(trace, TRACE_OUT, "ep", fn))
		return;
	fprintf(trace->file, " %s %s0x%" PRIx64, write ? "MWr" : "MRd", sent ? "" : "win+", place);
	access_line(trace, data, count, answer);
}

void trace_ep_dma(struct trace *trace, unsigned int fn, bool write, uint64_t addr,
		  const uint8_t *data, uint32_t count, uint64_t requests)
{
	const bool cut = count > TRACE_DMA_BYTES;

	if (!begin(trace, TRACE_DMA, "ep", fn))
		return;
	fprintf(trace->file, " %s 0x%" PRIx64 " %u %" PRIu64 " 0x%s", write ? "DmaWr" : "DmaRd",
		addr, count, requests, cut ? ".." : "");
	put_value(trace, data, cut ? TRACE_DMA_BYTES : count);
	fputc('\n', trace->file);
	flush_soon(trace);
}

const char *const trace_dma_refusals[TRACE_DMA_REFUSALS] = {
	[TRACE_DMA_LIST] = "list",
	[TRACE_DMA_LENGTH] = "length",
	[TRACE_DMA_BUS_MASTER] = "bus-master",
	[TRACE_DMA_NO_MEMORY] = "no-memory",
	[TRACE_DMA_LOCAL] = "local",
};

void trace_ep_dma_refused(struct trace *trace, unsigned int fn, bool write, uint64_t addr,
			  uint32_t count, enum trace_dma_refusal why)
{
	trace_text(trace, TRACE_DMA, "ep", fn, "%s 0x%" PRIx64 " %" PRIu32 " refused %s",
		   write ? "DmaWr" : "DmaRd", addr, count, trace_dma_refusals[why]);
}

void trace_text(struct trace *trace, enum trace_kind kind, const char *who, unsigned int fn,
		const char *fmt, ...)
{
	va_list args;

	if (!begin(trace, kind, who, fn))
		return;
	fputc(' ', trace->file);
	va_start(args, fmt);
	vfprintf(trace->file, fmt, args);
	va_end(args);
	fputc('\n', trace->file);
	flush_soon(trace);
}
