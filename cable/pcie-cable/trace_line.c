// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ep_dma.h"
#include "pci_config.h"
#include "tlp.h"
#include "trace_line.h"
#include "traffic.h"

#define MAX_WORDS	7
#define US_PER_S	1000000

/* Of any number that fits, so that the text of a line does, too */
#define MAX_DIGITS	20

/* Bytes of a value that are shown */
#define SHOWN		16

static unsigned int split(char *s, char **word)
{
	unsigned int n = 0;
	char *save = NULL;

	for (s = strtok_r(s, " \n", &save); s && n < MAX_WORDS; s = strtok_r(NULL, " \n", &save))
		word[n++] = s;
	return s ? MAX_WORDS + 1 : n;
}

/* @s as a whole, up to @max; @base 10 has no sign and 16 no prefix */
static bool number(const char *s, int base, uint64_t max, uint64_t *value)
{
	const char *digits = base == 10 ? "0123456789" : "0123456789abcdef";

	if (!*s || s[strspn(s, digits)] || strlen(s) > MAX_DIGITS)
		return false;
	errno = 0;
	*value = strtoull(s, NULL, base);
	return !errno && *value <= max;
}

static bool parse_time(char *s, int64_t *us)
{
	char *dot = strchr(s, '.');
	uint64_t seconds, rest;

	if (!dot || strlen(dot + 1) != 6)
		return false;
	*dot = '\0';
	if (!number(s, 10, INT64_MAX / US_PER_S - 1, &seconds) ||
	    !number(dot + 1, 10, US_PER_S - 1, &rest))
		return false;
	*us = seconds * US_PER_S + rest;
	return true;
}

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* As many bytes as are known; ".." stands for those that are not */
static bool parse_value(struct trace_line *line, const char *s)
{
	const char *prefix = line->known < line->count ? "0x.." : "0x";
	uint32_t i;
	int hi, lo;

	if (strncmp(s, prefix, strlen(prefix)))
		return false;
	s += strlen(prefix);
	if (strlen(s) != 2 * (size_t)line->known)
		return false;
	for (i = line->known; i--; s += 2) {
		hi = digit(s[0]);
		lo = digit(s[1]);
		if (hi < 0 || lo < 0)
			return false;
		line->data[i] = hi << 4 | lo;
	}
	return true;
}

static bool parse_place(struct trace_line *line, const char *s)
{
	if (line->kind == TRACE_CFG) {
		return !strncmp(s, "cfg+0x", 6) &&
		       number(s + 6, 16, PCI_CONFIG_SIZE_EXPRESS - 1, &line->offset);
	}
	if (line->kind != TRACE_MEM) {
		line->sent = strncmp(s, "win+", 4);
		s += line->sent ? 0 : 4;
		return !strncmp(s, "0x", 2) && number(s + 2, 16, UINT64_MAX, &line->offset);
	}
	if (strncmp(s, "bar", 3) || s[3] < '0' || s[3] >= '0' + PCIE_CABLE_NUM_BARS ||
	    strncmp(s + 4, "+0x", 3))
		return false;
	line->bar = s[3] - '0';
	return number(s + 7, 16, UINT64_MAX, &line->offset);
}

/* @requests: how many, with a space behind them; "" where that is not said */
static void access_text(struct trace_line *line, char **word, const char *requests)
{
	const uint32_t shown = line->known <= SHOWN ? line->known : SHOWN;
	uint32_t i;
	int n;

	n = snprintf(line->text, sizeof(line->text), "%-4s %-5s %-12s %2u %s0x%s", word[1],
		     word[2], word[3], line->count, requests,
		     shown < line->count ? ".." : "");
	for (i = shown; i--;)
		n += sprintf(line->text + n, "%02x", line->data[i]);
	if (!line->answer)
		sprintf(line->text + n, " UR");
}

static bool parse_direction(struct trace_line *line, const char *s, const char *read,
			    const char *write)
{
	line->write = !strcmp(s, write);
	return line->write || !strcmp(s, read);
}

static bool parse_count(struct trace_line *line, const char *s, uint32_t max)
{
	uint64_t count;

	if (!number(s, 10, max, &count) || !count)
		return false;
	line->count = count;
	return true;
}

static bool parse_access(struct trace_line *line, char **word, unsigned int n, bool from_host)
{
	const bool mem = word[2][0] == 'M';

	if (mem)
		line->kind = from_host ? TRACE_MEM : TRACE_OUT;
	else
		line->kind = TRACE_CFG;
	if (!parse_direction(line, word[2], mem ? "MRd" : "CfgRd", mem ? "MWr" : "CfgWr"))
		return false;
	line->answer = n == 6;
	if (n != 6 && (n != 7 || strcmp(word[6], "UR")))
		return false;
	if (!parse_place(line, word[3]) || !parse_count(line, word[4], sizeof(line->data)) ||
	    (line->kind == TRACE_MEM && line->offset > UINT64_MAX - line->count) ||
	    (!mem && line->offset + line->count > PCI_CONFIG_SIZE_EXPRESS))
		return false;
	line->known = line->count;
	if (!parse_value(line, word[5]))
		return false;
	access_text(line, word, "");
	return line->kind != TRACE_OUT || line->sent || !line->answer;
}

/*
 * The size that makes @requests of them.  Where several do, all of them split @line's
 * bytes at the same addresses: a multiple of one is a multiple of each smaller one.
 */
static bool find_request(struct trace_line *line, uint64_t requests)
{
	for (line->request = 128; line->request <= TLP_MAX_BYTES; line->request *= 2)
		if (traffic_requests(line->offset, line->count, line->request) == requests)
			return true;
	return false;
}

static bool parse_dma_refused(struct trace_line *line, char **word)
{
	enum trace_dma_refusal why = 0;
	uint64_t count;

	while (why < TRACE_DMA_REFUSALS && strcmp(word[6], trace_dma_refusals[why]))
		why++;
	if (why == TRACE_DMA_REFUSALS || !number(word[4], 10, UINT32_MAX, &count))
		return false;
	line->count = count;
	line->answer = false;
	return snprintf(line->text, sizeof(line->text), "%-4s %-5s %-12s %2u %s %s", word[1],
			word[2], word[3], line->count, word[5], word[6]) <
	       (int)sizeof(line->text);
}

static bool parse_dma(struct trace_line *line, char **word)
{
	char text[sizeof("4294967295 ")];
	uint64_t requests;

	line->kind = TRACE_DMA;
	line->answer = true;
	if (!parse_direction(line, word[2], "DmaRd", "DmaWr") || !parse_place(line, word[3]) ||
	    !line->sent)
		return false;
	if (!strcmp(word[5], "refused"))
		return parse_dma_refused(line, word);
	if (!parse_count(line, word[4], EP_DMA_PIECE) ||
	    line->offset > UINT64_MAX - (line->count - 1) ||
	    !number(word[5], 10, UINT32_MAX, &requests) || !find_request(line, requests))
		return false;
	line->known = line->count <= TRACE_DMA_BYTES ? line->count : TRACE_DMA_BYTES;
	if (!parse_value(line, word[6]))
		return false;
	snprintf(text, sizeof(text), "%" PRIu64 " ", requests);
	access_text(line, word, text);
	return true;
}

static bool parse_irq(struct trace_line *line, char **word)
{
	uint64_t vector;

	line->kind = TRACE_IRQ;
	for (line->irq = 0; line->irq < IRQ_KINDS; line->irq++)
		if (!strcmp(word[2], irq_kind_names[line->irq]))
			break;
	if (line->irq == IRQ_KINDS)
		return false;
	if (line->irq == IRQ_INTX) {
		vector = !strcmp(word[3], "assert");
		if (!vector && strcmp(word[3], "deassert"))
			return false;
	} else if (!number(word[3], 10, UINT32_MAX, &vector)) {
		return false;
	}
	line->number = vector;
	line->sent = !strcmp(word[4], "sent");
	return snprintf(line->text, sizeof(line->text), "%-4s %-5s %-12s %s", word[1], word[2],
			word[3], word[4]) < (int)sizeof(line->text);
}

static bool parse_ep(struct trace_line *line, char **word, unsigned int n)
{
	if (n == 5)
		return parse_irq(line, word);
	if (n == 7 && word[2][0] == 'D')
		return parse_dma(line, word);
	return n > 5 && word[2][0] == 'M' && parse_access(line, word, n, false);
}

static bool is_one_of(const char *s, const char *const *words)
{
	while (*words && strcmp(s, *words))
		words++;
	return *words;
}

static bool parse_event(struct trace_line *line, char **word, bool link)
{
	static const char *const of_link[] = { "up", "down", NULL };
	static const char *const of_host[] = { "reset", "FLR", "BME", NULL };

	line->kind = TRACE_LINK;
	if (!is_one_of(word[2], link ? of_link : of_host))
		return false;
	line->one = !strcmp(word[2], "FLR");
	line->restart = line->one || !strcmp(word[2], link ? "up" : "reset");
	snprintf(line->text, sizeof(line->text), "%-4s %s", word[1], word[2]);
	return true;
}

/* Of the trace itself: it has ended, or lines are missing */
static bool parse_notice(struct trace_line *line, char **word, unsigned int n)
{
	uint64_t lost;

	line->notice = true;
	line->fn = 0;
	if (n == 3 && !strcmp(word[2], "end")) {
		snprintf(line->text, sizeof(line->text), "trace end");
		return true;
	}
	if (n != 4 || strcmp(word[2], "lost") || !number(word[3], 10, UINT64_MAX, &lost))
		return false;
	snprintf(line->text, sizeof(line->text), "trace lost %" PRIu64, lost);
	return true;
}

/* @s is @name, or followed by the number of a function other than 0: "host.1" */
static bool is_who(struct trace_line *line, const char *s, const char *name)
{
	const size_t len = strlen(name);

	line->fn = 0;
	if (strncmp(s, name, len))
		return false;
	if (!s[len])
		return true;
	if (s[len] != '.' || s[len + 1] < '1' ||
	    s[len + 1] >= '0' + PCIE_CABLE_MAX_FUNCTIONS || s[len + 2])
		return false;
	line->fn = s[len + 1] - '0';
	return true;
}

bool trace_line_parse(struct trace_line *line, char *s)
{
	char *word[MAX_WORDS];
	const unsigned int n = split(s, word);

	if (n < 3 || n > MAX_WORDS || !parse_time(word[0], &line->us))
		return false;
	line->notice = false;
	if (!strcmp(word[1], "trace"))
		return parse_notice(line, word, n);
	if (is_who(line, word[1], "host"))
		return n == 3 ? parse_event(line, word, false) :
				n > 5 && parse_access(line, word, n, true);
	if (is_who(line, word[1], "ep"))
		return parse_ep(line, word, n);
	return n == 3 && !strcmp(word[1], "link") && parse_event(line, word, true);
}
