// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <inttypes.h>
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

int trace_open(struct trace *trace, struct loop *loop, const char *path)
{
	int ret;

	*trace = (struct trace){
		.path = path, .loop = loop, .flush.fire = flush, .start_ns = loop_now_ns(),
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

void trace_host_bar(struct trace *trace, bool write, unsigned int bar, uint64_t offset,
		    const uint8_t *data, uint32_t count, bool answer)
{
	int64_t ns;

	if (!trace->file)
		return;
	ns = loop_now_ns() - trace->start_ns;
	fprintf(trace->file, "%" PRId64 ".%06" PRId64 " host %s bar%u+0x%" PRIx64 " %u 0x",
		ns / 1000000000, ns / 1000 % 1000000, write ? "MWr" : "MRd", bar, offset, count);
	while (count--)
		fprintf(trace->file, "%02x", data[count]);
	fputs(answer ? "\n" : " UR\n", trace->file);
	flush_soon(trace);
}
