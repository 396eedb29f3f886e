/* SPDX-License-Identifier: GPL-2.0 */
/*
 * trace_line: a line of a trace, read again
 *
 * Offered to:	trace_cmd
 */
#ifndef CABLE_TRACE_LINE_H
#define CABLE_TRACE_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "stats.h"
#include "trace.h"
#include "vfu_proto.h"

#define TRACE_LINE_TEXT		128

/**
 * struct trace_line - what a line says
 * @us: when
 * @notice: it is about the trace itself, and nothing but @us and @text are valid
 * @kind: which of the following is valid
 * @fn: the function
 * @write: of an access (TRACE_MEM, TRACE_CFG, TRACE_OUT, TRACE_DMA)
 * @answer: there was one; of TRACE_DMA: the bytes were moved
 * @bar: of TRACE_MEM
 * @offset: in @bar, in the configuration space, or in the windows' space where the
 *	endpoint's access was not sent; else its address at the host
 * @count: bytes that were accessed
 * @known: of them, how many are in @data
 * @data: the lowest address first
 * @request: of TRACE_DMA: most bytes of a request, which does not cross a multiple of it
 * @irq: of TRACE_IRQ
 * @number: the vector, or 1 where INTx is asserted and 0 where it is not any more
 * @sent: the interrupt was, or the access of TRACE_OUT
 * @restart: of TRACE_LINK: registers start from zero, those of all functions or (@one)
 *	of @fn
 * @one: see @restart
 * @text: the line without its time, with a long value cut short
 */
struct trace_line {
	int64_t us;
	bool notice;
	enum trace_kind kind;
	unsigned int fn;
	bool write;
	bool answer;
	unsigned int bar;
	uint64_t offset;
	uint32_t count;
	uint32_t known;
	uint8_t data[VFU_MAX_XFER];
	uint32_t request;
	enum irq_kind irq;
	uint32_t number;
	bool sent;
	bool restart;
	bool one;
	char text[TRACE_LINE_TEXT];
};

/* Read @s, which is changed; false: it is no line of a trace. */
bool trace_line_parse(struct trace_line *line, char *s);

#endif /* CABLE_TRACE_LINE_H */
