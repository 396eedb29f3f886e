// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "drops.h"
#include "log.h"
#include "trace.h"

#define BUFFER		(4u << 20)
#define DELAY_MS	50	/* between two writes */
#define LOOK_MS		200	/* after a line: has it been written? */
#define LAST_MS		1000

/*
 * Longer than a line about the trace itself.  There is always room for two, in the file and in
 * what waits to be written: how many lines were lost, and that the trace ends.
 */
#define NOTICE_MAX	64
#define LAST_NOTICES	(2 * NOTICE_MAX)

static void end(struct trace *trace, const char *why)
{
	log_event("%s: the trace ends here: %s", trace->path, why);
	trace->ended = true;
}

/* The machines go on without a trace, where there is no room for one. */
static void look(struct loop_timer *timer)
{
	struct trace *trace = (struct trace *)((char *)timer - offsetof(struct trace, look));
	const int error = writer_error(&trace->writer);

	if (error && !trace->ended)
		end(trace, strerror(error));
}

static int open_parts(struct trace *trace)
{
	int ret;

	trace->fd = open(trace->path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	if (trace->fd < 0)
		return -errno;
	trace->line = open_memstream(&trace->text, &trace->len);
	if (!trace->line) {
		ret = -errno;
		goto err_fd;
	}
	ret = writer_open(&trace->writer, trace->fd, BUFFER, DELAY_MS);
	if (ret)
		goto err_line;
	return 0;

err_line:
	fclose(trace->line);
	free(trace->text);
	trace->line = NULL;
err_fd:
	close(trace->fd);
	return ret;
}

int trace_open(struct trace *trace, struct loop *loop, const char *path, unsigned int kinds,
	       uint64_t limit)
{
	int ret;

	*trace = (struct trace){
		.path = path, .kinds = kinds, .limit = limit, .loop = loop, .look.fire = look,
		.start_ns = loop_now_ns(),
	};
	ret = open_parts(trace);
	if (ret)
		log_event("%s: cannot write a trace: %s", path, strerror(-ret));
	return ret;
}

static void take_time(struct trace *trace)
{
	const int64_t us = (loop_now_ns() - trace->start_ns) / 1000;

	snprintf(trace->time, sizeof(trace->time), "%" PRId64 ".%06" PRId64, us / 1000000,
		 us % 1000000);
}

static void put(struct trace *trace, const char *text, size_t len)
{
	if (writer_put(&trace->writer, text, len))
		trace->size += len;
}

/* How many lines were lost since it was said last; nothing, if none was */
static void put_lost(struct trace *trace)
{
	char text[NOTICE_MAX];
	int n;

	if (!trace->lost)
		return;
	n = snprintf(text, sizeof(text), "%s trace lost %" PRIu64 "\n", trace->time, trace->lost);
	put(trace, text, n);
	trace->lost = 0;
}

static void put_end(struct trace *trace)
{
	char text[NOTICE_MAX];
	int n;

	n = snprintf(text, sizeof(text), "%s trace end\n", trace->time);
	put(trace, text, n);
}

/* The line is complete */
static void end_line(struct trace *trace)
{
	size_t need;

	fputc('\n', trace->line);
	fflush(trace->line);
	/* A line comes with the number of those lost before it, or not at all. */
	need = trace->len + (trace->lost ? NOTICE_MAX : 0) + LAST_NOTICES;
	if (trace->size + need > trace->limit) {
		put_lost(trace);
		put_end(trace);
		end(trace, "it is as long as --trace-limit allows");
		return;
	}
	if (writer_fits(&trace->writer, need)) {
		put_lost(trace);
		put(trace, trace->text, trace->len);
	} else {
		trace->lost++;
		drop_count(DROP_TRACE_LOST);
	}
	if (!trace->look.armed)
		loop_timer_arm(trace->loop, &trace->look, LOOK_MS);
}

void trace_close(struct trace *trace)
{
	if (!trace->line)
		return;
	loop_timer_cancel(trace->loop, &trace->look);
	if (!trace->ended) {
		take_time(trace);
		put_lost(trace);
	}
	if (writer_close(&trace->writer, LAST_MS)) {
		look(&trace->look);
		close(trace->fd);
	} else if (!trace->ended) {
		end(trace, "nobody takes the rest of it");
	}
	fclose(trace->line);
	free(trace->text);
	trace->line = NULL;
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
	if (!trace->line || trace->ended || !(trace->kinds & 1u << kind))
		return false;
	take_time(trace);
	rewind(trace->line);
	fprintf(trace->line, "%s %s", trace->time, who);
	if (fn)
		fprintf(trace->line, ".%u", fn);
	return true;
}

static void put_value(struct trace *trace, const uint8_t *data, uint32_t count)
{
	while (count--)
		fprintf(trace->line, "%02x", data[count]);
}

static void access_line(struct trace *trace, const uint8_t *data, uint32_t count, bool answer)
{
	fprintf(trace->line, " %u 0x", count);
	put_value(trace, data, count);
	if (!answer)
		fputs(" UR", trace->line);
	end_line(trace);
}

void trace_host_bar(struct trace *trace, unsigned int fn, bool write, unsigned int bar,
		    uint64_t offset, const uint8_t *data, uint32_t count, bool answer)
{
	if (!begin(trace, TRACE_MEM, "host", fn))
		return;
	fprintf(trace->line, " %s bar%u+0x%" PRIx64, write ? "MWr" : "MRd", bar, offset);
	access_line(trace, data, count, answer);
}

void trace_host_cfg(struct trace *trace, unsigned int fn, bool write, uint32_t offset,
		    const uint8_t *data, uint32_t count, bool answer)
{
	if (!begin(trace, TRACE_CFG, "host", fn))
		return;
	fprintf(trace->line, " %s cfg+0x%" PRIx32, write ? "CfgWr" : "CfgRd", offset);
	access_line(trace, data, count, answer);
}

void trace_ep_window(struct trace *trace, unsigned int fn, bool write, bool sent,
		     uint64_t place, const uint8_t *data, uint32_t count, bool answer)
{
	if (!begin(trace, TRACE_OUT, "ep", fn))
		return;
	fprintf(trace->line, " %s %s0x%" PRIx64, write ? "MWr" : "MRd", sent ? "" : "win+", place);
	access_line(trace, data, count, answer);
}

void trace_ep_dma(struct trace *trace, unsigned int fn, bool write, uint64_t addr,
		  const uint8_t *data, uint32_t count, uint64_t requests)
{
	const bool cut = count > TRACE_DMA_BYTES;

	if (!begin(trace, TRACE_DMA, "ep", fn))
		return;
	fprintf(trace->line, " %s 0x%" PRIx64 " %u %" PRIu64 " 0x%s", write ? "DmaWr" : "DmaRd",
		addr, count, requests, cut ? ".." : "");
	put_value(trace, data, cut ? TRACE_DMA_BYTES : count);
	end_line(trace);
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
	fputc(' ', trace->line);
	va_start(args, fmt);
	vfprintf(trace->line, fmt, args);
	va_end(args);
	end_line(trace);
}
