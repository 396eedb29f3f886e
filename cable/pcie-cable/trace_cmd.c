// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cable.h"
#include "log.h"
#include "pcapng.h"
#include "trace_cmd.h"
#include "trace_line.h"
#include "trace_tlp.h"

#define ANY		-1

enum { INTERFACE_FROM_HOST, INTERFACE_FROM_EP, INTERFACE_EVENTS };

struct options {
	const char *file;
	const char *pcapng;
	unsigned int kinds;
	int bar;
	int fn;
	int64_t from_us;
	int64_t to_us;
};

/**
 * struct output - where the lines go
 * @pcapng: as packets; NULL: as text
 * @tlp: makes the packets
 * @line: the one they are made of
 * @last_us: time of the line before; -1: there was none
 */
struct output {
	FILE *pcapng;
	struct trace_tlp tlp;
	const struct trace_line *line;
	int64_t last_us;
};

enum { OPT_PCAPNG = 256, OPT_ONLY, OPT_BAR, OPT_FUNCTION, OPT_FROM, OPT_TO };

static const struct option long_options[] = {
	{ "pcapng", required_argument, NULL, OPT_PCAPNG },
	{ "only", required_argument, NULL, OPT_ONLY },
	{ "bar", required_argument, NULL, OPT_BAR },
	{ "function", required_argument, NULL, OPT_FUNCTION },
	{ "from", required_argument, NULL, OPT_FROM },
	{ "to", required_argument, NULL, OPT_TO },
	{ }
};

static bool refuse(const char *what)
{
	log_event("trace: %s; see --help", what);
	return false;
}

static bool parse_seconds(const char *s, int64_t *us)
{
	char *end;
	double seconds;

	if (strspn(s, "0123456789.") != strlen(s) || !*s)
		return false;
	seconds = strtod(s, &end);
	if (*end || end == s || seconds > 1e12)
		return false;
	*us = (int64_t)(seconds * 1e6 + 0.5);
	return true;
}

static bool parse_digit(const char *s, int end, int *n)
{
	*n = s[0] - '0';
	return *n >= 0 && *n < end && !s[1];
}

static bool parse_option(struct options *opt, int c)
{
	switch (c) {
	case OPT_PCAPNG:
		opt->pcapng = optarg;
		return true;
	case OPT_ONLY:
		return trace_parse_kinds(optarg, &opt->kinds) ||
		       refuse("--only: allowed are, with commas between them: " TRACE_KINDS_ALLOWED);
	case OPT_BAR:
		return parse_digit(optarg, PCIE_CABLE_NUM_BARS, &opt->bar) ||
		       refuse("--bar: a number from 0 to 5 is allowed");
	case OPT_FUNCTION:
		return parse_digit(optarg, PCIE_CABLE_MAX_FUNCTIONS, &opt->fn) ||
		       refuse("--function: a number from 0 to 7 is allowed");
	case OPT_FROM:
	case OPT_TO:
		return parse_seconds(optarg, c == OPT_FROM ? &opt->from_us : &opt->to_us) ||
		       refuse("--from, --to: seconds as in 12.5 are allowed");
	default:
		return false;
	}
}

static bool parse_options(int argc, char **argv, struct options *opt)
{
	int c;

	while ((c = getopt_long(argc, argv, "", long_options, NULL)) != -1)
		if (!parse_option(opt, c))
			return false;
	if (optind + 1 != argc)
		return refuse("one FILE is needed");
	opt->file = argv[optind];
	return true;
}

static bool is_wanted(const struct options *opt, const struct trace_line *line)
{
	if (line->us < opt->from_us || line->us > opt->to_us)
		return false;
	if (line->notice)
		return true;
	if (!(opt->kinds & 1u << line->kind))
		return false;
	if (opt->fn != ANY && (int)line->fn != opt->fn)
		return false;
	return opt->bar == ANY || (line->kind == TRACE_MEM && (int)line->bar == opt->bar);
}

static void print_line(struct output *out, const struct trace_line *line)
{
	const int64_t since = out->last_us < 0 ? 0 : line->us - out->last_us;

	printf("%5" PRId64 ".%06" PRId64 "  %+12.6f  %s\n", line->us / 1000000,
	       line->us % 1000000, since / 1e6, line->text);
	out->last_us = line->us;
}

static void write_packet(void *arg, bool from_host, const struct tlp *tlp)
{
	const struct output *out = arg;

	pcapng_packet(out->pcapng, from_host ? INTERFACE_FROM_HOST : INTERFACE_FROM_EP,
		      out->line->us, tlp->bytes, tlp->kept, tlp->len, out->line->text,
		      from_host ? PCAPNG_INBOUND : PCAPNG_OUTBOUND);
}

static void convert_line(struct output *out, const struct trace_line *line)
{
	out->line = line;
	if (line->notice || !trace_tlp_make(&out->tlp, line))
		pcapng_packet(out->pcapng, INTERFACE_EVENTS, line->us, NULL, 0, 0, line->text,
			      PCAPNG_NO_DIRECTION);
}

static int convert(FILE *in, const struct options *opt, struct output *out)
{
	static struct trace_line line;
	unsigned long number = 0;
	int ret = CABLE_EXIT_OK;
	char *s = NULL;
	size_t size = 0;
	ssize_t len;

	while ((len = getline(&s, &size, in)) > 0) {
		number++;
		/* One without an end is still being written. */
		if (s[len - 1] != '\n')
			break;
		if (memchr(s, '\0', len) || !trace_line_parse(&line, s)) {
			log_event("%s:%lu: no line of a trace; see TRACE in --help", opt->file, number);
			ret = CABLE_EXIT_ERROR;
			break;
		}
		if (is_wanted(opt, &line)) {
			if (out->pcapng)
				convert_line(out, &line);
			else
				print_line(out, &line);
		}
		if (!line.notice)
			trace_tlp_follow(&out->tlp, &line);
	}
	if (ferror(in)) {
		log_event("%s: %s", opt->file, strerror(errno));
		ret = CABLE_EXIT_ERROR;
	}
	free(s);
	return ret;
}

static int cannot_write(const char *name)
{
	log_event("%s: cannot write: %s", name, strerror(errno));
	return CABLE_EXIT_ERROR;
}

static int write_pcapng(FILE *in, const struct options *opt, struct output *out)
{
	bool failed;
	int ret;

	out->pcapng = strcmp(opt->pcapng, "-") ? fopen(opt->pcapng, "we") : stdout;
	if (!out->pcapng)
		return cannot_write(opt->pcapng);
	pcapng_begin(out->pcapng, "pcie-cable");
	pcapng_interface(out->pcapng, PCAPNG_LINKTYPE_USER0, "host to endpoint");
	pcapng_interface(out->pcapng, PCAPNG_LINKTYPE_USER0, "endpoint to host");
	pcapng_interface(out->pcapng, PCAPNG_LINKTYPE_USER0, "no packet");
	ret = convert(in, opt, out);
	failed = ferror(out->pcapng);
	if (fclose(out->pcapng) || failed)
		return cannot_write(opt->pcapng);
	return ret;
}

int trace_main(int argc, char **argv)
{
	struct options opt = { .kinds = TRACE_ALL, .bar = ANY, .fn = ANY, .to_us = INT64_MAX };
	struct output out = { .tlp = { .packet = write_packet, .arg = &out }, .last_us = -1 };
	FILE *in;
	int ret;

	if (!parse_options(argc, argv, &opt))
		return CABLE_EXIT_USAGE;
	in = fopen(opt.file, "re");
	if (!in) {
		log_event("%s: %s", opt.file, strerror(errno));
		return CABLE_EXIT_ERROR;
	}
	if (opt.pcapng)
		ret = write_pcapng(in, &opt, &out);
	else
		ret = convert(in, &opt, &out);
	fclose(in);
	if (fflush(stdout) && !opt.pcapng)
		return cannot_write("standard output");
	return ret;
}
