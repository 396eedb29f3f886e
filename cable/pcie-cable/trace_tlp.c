// SPDX-License-Identifier: GPL-2.0
#include <stdbool.h>
#include <string.h>

#include "pci_config.h"
#include "trace_tlp.h"

/* @regs: the BAR registers of a function */
static bool is_upper_half(const uint8_t *regs, unsigned int bar)
{
	return bar && pci_config_bar_is_64bit(regs, bar - 1) && !is_upper_half(regs, bar - 1);
}

/* Of the lowest byte, the flags stay what the function says that they are. */
static void write_bar_byte(uint8_t *regs, unsigned int at, uint8_t v)
{
	if (at % 4 || is_upper_half(regs, at / 4))
		regs[at] = v;
	else
		regs[at] = (regs[at] & 0xf) | (v & 0xf0);
}

static void restart(struct trace_tlp *t, const struct trace_line *line)
{
	unsigned int fn, at;

	for (fn = 0; fn < PCIE_CABLE_MAX_FUNCTIONS; fn++)
		for (at = 0; at < sizeof(t->bar[fn]); at++)
			if (!line->one || fn == line->fn)
				write_bar_byte(t->bar[fn], at, 0);
}

void trace_tlp_follow(struct trace_tlp *t, const struct trace_line *line)
{
	uint8_t *regs = t->bar[line->fn];
	unsigned int at;
	uint32_t i;

	if (line->kind == TRACE_LINK && line->restart)
		restart(t, line);
	if (line->kind != TRACE_CFG || !line->answer)
		return;
	for (i = 0; i < line->count; i++) {
		at = line->offset + i - PCI_BASE_ADDRESS_0;
		if (at >= sizeof(t->bar[line->fn]))
			continue;
		if (line->write)
			write_bar_byte(regs, at, line->data[i]);
		else
			regs[at] = line->data[i];
	}
}

static void emit(struct trace_tlp *t, bool from_host, const struct tlp *tlp, unsigned int *n)
{
	t->packet(t->arg, from_host, tlp);
	(*n)++;
}

/* Up to the next multiple of @step */
static uint32_t piece(uint64_t at, uint32_t left, uint32_t step)
{
	const uint32_t room = step - at % step;

	return left < room ? left : room;
}

/* Read or write at @addr of the host's address space, split at multiples of @step */
static unsigned int make_mem(struct trace_tlp *t, const struct trace_line *line, bool from_host,
			     uint64_t addr, uint32_t step)
{
	const uint16_t function = TLP_ID_FUNCTION(line->fn);
	const uint16_t requester = from_host ? TLP_ID_HOST : function;
	const uint16_t completer = from_host ? function : TLP_ID_HOST;
	unsigned int packets = 0;
	const uint8_t *data;
	uint32_t i, n, known;
	struct tlp tlp;

	for (i = 0; i < line->count; i += n, addr += n) {
		n = piece(addr, line->count - i, step);
		known = i < line->known ? line->known - i : 0;
		/* Where nothing is known, any bytes will do: they are cut off. */
		data = line->data + (known ? i : 0);
		if (line->write) {
			tlp_mem(&tlp, requester, 0, addr, data, n);
		} else {
			tlp_mem(&tlp, requester, ++t->tag, addr, NULL, n);
			emit(t, from_host, &tlp, &packets);
			if (line->answer)
				tlp_completion(&tlp, completer, requester, t->tag, addr, data, n);
			else
				tlp_unsupported(&tlp, completer, requester, t->tag, n);
		}
		if (known < n)
			tlp_cut(&tlp, known);
		emit(t, from_host == line->write, &tlp, &packets);
	}
	return packets;
}

static unsigned int make_cfg(struct trace_tlp *t, const struct trace_line *line)
{
	const uint16_t function = TLP_ID_FUNCTION(line->fn);
	unsigned int packets = 0;
	uint8_t dword[4];
	uint32_t i, n;
	struct tlp tlp;

	for (i = 0; i < line->count; i += n) {
		const uint32_t at = line->offset + i;

		n = piece(at, line->count - i, sizeof(dword));
		tlp_cfg(&tlp, function, ++t->tag, at, line->write ? line->data + i : NULL, n);
		emit(t, true, &tlp, &packets);
		memset(dword, 0, sizeof(dword));
		memcpy(dword + at % 4, line->data + i, n);
		if (line->answer)
			tlp_completion(&tlp, function, TLP_ID_HOST, t->tag, 0,
				       line->write ? NULL : dword, sizeof(dword));
		else
			tlp_unsupported(&tlp, function, TLP_ID_HOST, t->tag, sizeof(dword));
		emit(t, false, &tlp, &packets);
	}
	return packets;
}

static unsigned int make_irq(struct trace_tlp *t, const struct trace_line *line)
{
	const uint32_t v = line->number;
	const uint8_t data[TLP_MSI_BYTES] = { v, v >> 8, v >> 16, v >> 24 };
	unsigned int packets = 0;
	struct tlp tlp;

	if (!line->sent)
		return 0;
	if (line->irq == IRQ_INTX)
		tlp_message(&tlp, TLP_ID_FUNCTION(line->fn),
			    v ? TLP_MSG_ASSERT_INTA : TLP_MSG_DEASSERT_INTA);
	else
		tlp_mem(&tlp, TLP_ID_FUNCTION(line->fn), 0, TLP_MSI_ADDRESS, data, sizeof(data));
	emit(t, false, &tlp, &packets);
	return packets;
}

unsigned int trace_tlp_make(struct trace_tlp *t, const struct trace_line *line)
{
	switch (line->kind) {
	case TRACE_MEM:
		return make_mem(t, line, true, pci_config_bar_address(t->bar[line->fn], line->bar) +
				line->offset,
				TLP_MAX_BYTES);
	case TRACE_OUT:
		/* What was not sent did not get to the link. */
		return line->sent ? make_mem(t, line, false, line->offset, TLP_MAX_BYTES) : 0;
	case TRACE_DMA:
		if (!line->answer)
			return 0;
		return make_mem(t, line, false, line->offset, line->request);
	case TRACE_CFG:
		return make_cfg(t, line);
	case TRACE_IRQ:
		return make_irq(t, line);
	default:
		return 0;
	}
}
