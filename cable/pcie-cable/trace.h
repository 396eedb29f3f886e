/* SPDX-License-Identifier: GPL-2.0 */
/*
 * trace: a file with a line for each transaction on the link
 *
 * Offered to:	cable (open, close) and watch.
 */
#ifndef CABLE_TRACE_H
#define CABLE_TRACE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "loop.h"
#include "writer.h"

enum trace_kind {
	TRACE_MEM, TRACE_CFG, TRACE_IRQ, TRACE_LINK, TRACE_OUT, TRACE_DMA, TRACE_KINDS
};

#define TRACE_ALL		((1u << TRACE_KINDS) - 1)
#define TRACE_KINDS_ALLOWED	"mem, cfg, irq, link, out, dma"	/* in messages */

/* Of what DMA moves, the trace has no more bytes than these. */
#define TRACE_DMA_BYTES		16

#define TRACE_LIMIT_MIN		(1ull << 20)
#define TRACE_LIMIT_MAX		(2048ull << 30)
#define TRACE_LIMIT_DEFAULT	(4ull << 30)

/**
 * struct trace - a trace, or none if @line is NULL
 * @path: of the file
 * @kinds: of lines that are wanted, bits 1 << enum trace_kind
 * @limit: bytes that the file may have
 * @size: bytes that were handed to @writer
 * @lost: lines since the last one that was
 * @ended: no more lines are
 * @line: the line that is being made; its characters are in @text, of @len
 * @text: see @line
 * @len: see @line
 * @fd: the file
 * @writer: writes to it before long
 * @loop: for @look
 * @look: has what was handed over been written?
 * @start_ns: when time began
 * @time: in seconds since then, of the line that is being made
 */
struct trace {
	const char *path;
	unsigned int kinds;
	uint64_t limit;
	uint64_t size;
	uint64_t lost;
	bool ended;
	FILE *line;
	char *text;
	size_t len;
	int fd;
	struct writer writer;
	struct loop *loop;
	struct loop_timer look;
	int64_t start_ns;
	char time[28];
};

/*
 * Begin a trace of @limit bytes at most; an old one of that name is lost.  0, or a
 * negative errno after a message.
 */
int trace_open(struct trace *trace, struct loop *loop, const char *path, unsigned int kinds,
	       uint64_t limit);
void trace_close(struct trace *trace);

/*
 * A read (with what it gave) or a write of the host at function @fn; without @answer the function
 * did not answer, as its memory is disabled or the link is down.
 */
void trace_host_bar(struct trace *trace, unsigned int fn, bool write, unsigned int bar,
		    uint64_t offset, const uint8_t *data, uint32_t count, bool answer);

/* The same in the configuration space */
void trace_host_cfg(struct trace *trace, unsigned int fn, bool write, uint32_t offset,
		    const uint8_t *data, uint32_t count, bool answer);

/*
 * An access of the endpoint through a metered window.  @sent: as a request to the host,
 * and @place is the address there; else @place is the offset in the windows' space.
 * Without @answer it was not sent, or the host has no memory there.
 */
void trace_ep_window(struct trace *trace, unsigned int fn, bool write, bool sent,
		     uint64_t place, const uint8_t *data, uint32_t count, bool answer);

/* @count bytes at @addr of the host, moved by DMA in that many requests */
void trace_ep_dma(struct trace *trace, unsigned int fn, bool write, uint64_t addr,
		  const uint8_t *data, uint32_t count, uint64_t requests);

/* Why an element of a list of DMA, or the list, was refused, as a line has it */
extern const char *const trace_dma_refusals[];

/**
 * enum trace_dma_refusal - which of these
 * @TRACE_DMA_LIST: the list cannot be read, or is too long; no element is known
 * @TRACE_DMA_LENGTH: there is nothing to move
 * @TRACE_DMA_BUS_MASTER: the function may not send requests: the link is down, or bus
 *	mastering is off
 * @TRACE_DMA_NO_MEMORY: the host has no memory there
 * @TRACE_DMA_LOCAL: the endpoint has none there
 */
enum trace_dma_refusal {
	TRACE_DMA_LIST, TRACE_DMA_LENGTH, TRACE_DMA_BUS_MASTER, TRACE_DMA_NO_MEMORY,
	TRACE_DMA_LOCAL, TRACE_DMA_REFUSALS
};

/* @count bytes at @addr of the host that DMA has not moved, and sent no request for */
void trace_ep_dma_refused(struct trace *trace, unsigned int fn, bool write, uint64_t addr,
			  uint32_t count, enum trace_dma_refusal why);

/* Anything else that happens: @who is the link, or one of both machines at function @fn */
void trace_text(struct trace *trace, enum trace_kind kind, const char *who, unsigned int fn,
		const char *fmt, ...) __attribute__((format(printf, 5, 6)));

/* The bits for a list of kinds with commas between them; false: there is another word */
bool trace_parse_kinds(const char *list, unsigned int *kinds);

#endif /* CABLE_TRACE_H */
