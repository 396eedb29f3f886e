// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "help.h"
#include "log.h"
#include "options.h"

#define PROGRAM_VERSION		"0.1"

enum {
	OPT_EP_SOCKET = 256,
	OPT_HOST_SOCKET,
	OPT_HOST_RAM,
	OPT_HOST_QMP,
	OPT_HOST_BUS,
	OPT_HOST_DEVICE_ID,
	OPT_PROFILE,
	OPT_WINDOWS,
	OPT_DMA,
	OPT_INIT,
	OPT_LINK,
	OPT_READ_NS,
	OPT_WRITE_NS,
	OPT_MPS,
	OPT_MRRS,
	OPT_TRACE,
	OPT_TRACE_FILTER,
	OPT_TRACE_LIMIT,
	OPT_CONTROL,
	OPT_SOCKET_MODE,
	OPT_CONTROL_MODE,
};

static const struct option long_options[] = {
	{ "ep-socket", required_argument, NULL, OPT_EP_SOCKET },
	{ "host-socket", required_argument, NULL, OPT_HOST_SOCKET },
	{ "host-ram", required_argument, NULL, OPT_HOST_RAM },
	{ "host-qmp", required_argument, NULL, OPT_HOST_QMP },
	{ "host-bus", required_argument, NULL, OPT_HOST_BUS },
	{ "host-device-id", required_argument, NULL, OPT_HOST_DEVICE_ID },
	{ "profile", required_argument, NULL, OPT_PROFILE },
	{ "windows", required_argument, NULL, OPT_WINDOWS },
	{ "dma", required_argument, NULL, OPT_DMA },
	{ "init", required_argument, NULL, OPT_INIT },
	{ "link", required_argument, NULL, OPT_LINK },
	{ "read-ns", required_argument, NULL, OPT_READ_NS },
	{ "write-ns", required_argument, NULL, OPT_WRITE_NS },
	{ "mps", required_argument, NULL, OPT_MPS },
	{ "mrrs", required_argument, NULL, OPT_MRRS },
	{ "trace", required_argument, NULL, OPT_TRACE },
	{ "trace-filter", required_argument, NULL, OPT_TRACE_FILTER },
	{ "trace-limit", required_argument, NULL, OPT_TRACE_LIMIT },
	{ "control", required_argument, NULL, OPT_CONTROL },
	{ "socket-mode", required_argument, NULL, OPT_SOCKET_MODE },
	{ "control-mode", required_argument, NULL, OPT_CONTROL_MODE },
	{ "verbose", no_argument, NULL, 'v' },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, 'V' },
	{ }
};

static void __attribute__((noreturn)) usage(const char *what)
{
	log_event("%s; see --help", what);
	exit(CABLE_EXIT_USAGE);
}

static bool parse_size(const char *s, uint64_t *size)
{
	unsigned int shift = 0;
	char *end;

	if (*s < '0' || *s > '9')
		return false;
	errno = 0;
	*size = strtoull(s, &end, 10);
	switch (*end) {
	case 'K':
		shift = 10;
		break;
	case 'M':
		shift = 20;
		break;
	case 'G':
		shift = 30;
		break;
	}
	if (errno || end[shift != 0] || *size > UINT64_MAX >> shift)
		return false;
	*size <<= shift;
	return true;
}

/* FILE,size=SIZE: the comma before size is the last one, the file may have some. */
static void parse_ram(char *arg, struct cable_options *opt)
{
	static const char key[] = ",size=";
	const uint64_t *size = &opt->host_ram_size;
	char *at = strrchr(arg, ',');

	if (!at || at == arg || strncmp(at, key, strlen(key)) ||
	    !parse_size(at + strlen(key), &opt->host_ram_size))
		usage("--host-ram: FILE,size=SIZE is allowed, for example /dev/shm/host-ram,size=512M");
	if (*size < HOST_RAM_MIN || *size > HOST_RAM_MAX || (*size & (*size - 1)))
		usage("--host-ram: a size that is a power of two from 64M to 2G is allowed");
	*at = '\0';
	opt->host_ram = arg;
}

static bool parse_power_of_two(const char *s, uint64_t min, uint64_t max, uint64_t *size)
{
	return s && parse_size(s, size) && *size >= min && *size <= max &&
	       !(*size & (*size - 1));
}

static void parse_windows(char *arg, struct ep_atu_limits *limits)
{
	enum { MAPPED, METERED, NUMBER, GRANULE, SPACE };
	static char *const words[] = {
		[MAPPED] = "mapped", [METERED] = "metered", [NUMBER] = "number",
		[GRANULE] = "granule", [SPACE] = "space", NULL
	};
	struct ep_atu_limits wanted = { .windows = 16, .granule = 64 << 10, .space = 64 << 20 };
	char *value;
	uint64_t n;
	int kind;

	kind = getsubopt(&arg, words, &value);
	if ((kind != MAPPED && kind != METERED) || value || (kind == MAPPED && *arg))
		usage("--windows: mapped, or metered with number=, granule=, space= is allowed");
	while (*arg) {
		switch (getsubopt(&arg, words, &value)) {
		case NUMBER:
			if (!value || !parse_size(value, &n) || !n ||
			    n > PCIE_CABLE_MAX_OB_WINDOWS)
				usage("--windows: a number from 1 to 256 is allowed");
			wanted.windows = n;
			break;
		case GRANULE:
			if (!parse_power_of_two(value, EP_ATU_GRANULE_MIN, EP_ATU_GRANULE_MAX,
						&wanted.granule))
				usage("--windows: a granule that is a power of two from 256 to 1M is allowed");
			break;
		case SPACE:
			if (!parse_power_of_two(value, EP_ATU_SPACE_MIN, EP_ATU_SPACE_MAX,
						&wanted.space))
				usage("--windows: a space that is a power of two from 1M to 1G is allowed");
			break;
		default:
			usage("--windows: metered takes number=, granule= and space=");
		}
	}
	if (kind == METERED)
		*limits = wanted;
}

static void __attribute__((noreturn)) no_such_profile(void)
{
	const struct profile *profile;
	unsigned int i;

	for (i = 0; (profile = profile_at(i)); i++)
		fprintf(stderr, "    %-10s  %s\n", profile->name, profile->what);
	usage("--profile: one of those above is allowed");
}

static void parse_dma(const char *arg, unsigned int *channels)
{
	uint64_t n;

	if (!parse_size(arg, &n) || n > PCIE_CABLE_MAX_DMA_CHANNELS)
		usage("--dma: a number of channels from 0 to 8 is allowed");
	*channels = n;
}

static void parse_link(const char *arg, struct link_model *model)
{
	if (!link_model_parse(model, arg))
		usage("--link: " LINK_MODEL_ALLOWED " is allowed");
	model->timed = true;
}

static void parse_ns(const char *arg, uint32_t *ns, struct link_model *model)
{
	uint64_t n;

	if (arg[strspn(arg, "0123456789")] || !parse_size(arg, &n) || n > LINK_MODEL_MAX_NS)
		usage("--read-ns, --write-ns: a number of nanoseconds from 0 to 1000000 is allowed");
	*ns = n;
	model->timed = true;
}

static void parse_packet_size(const char *arg, uint32_t *size)
{
	uint64_t n;

	if (!parse_power_of_two(arg, LINK_MODEL_MIN_SIZE, LINK_MODEL_MAX_SIZE, &n))
		usage("--mps, --mrrs: a power of two from 128 to 4096 is allowed");
	*size = n;
}

#define MODES_ALLOWED	"600, 620, 660 or 666"

/* Who may write to a socket may connect; it can always be the owner. */
static bool parse_mode(const char *arg, mode_t *mode)
{
	static const char *const allowed[] = { "600", "620", "660", "666" };
	unsigned int i;

	arg += *arg == '0';
	for (i = 0; i < sizeof(allowed) / sizeof(allowed[0]); i++) {
		if (!strcmp(arg, allowed[i])) {
			*mode = strtoul(arg, NULL, 8);
			return true;
		}
	}
	return false;
}

void options_parse(int argc, char **argv, struct cable_options *opt)
{
	bool own_windows = false, own_dma = false;
	int c;

	*opt = (struct cable_options){
		.host_bus = "rp0", .host_device_id = "card", .trace_kinds = TRACE_ALL,
		.trace_limit = TRACE_LIMIT_DEFAULT, .socket_mode = 0600, .control_mode = 0600,
		.profile = profile_at(0), .model = LINK_MODEL_DEFAULT,
	};
	while ((c = getopt_long(argc, argv, "vhV", long_options, NULL)) != -1) {
		switch (c) {
		case OPT_EP_SOCKET:
			opt->ep_socket = optarg;
			break;
		case OPT_HOST_SOCKET:
			opt->host_socket = optarg;
			break;
		case OPT_HOST_RAM:
			parse_ram(optarg, opt);
			break;
		case OPT_HOST_QMP:
			opt->host_qmp = optarg;
			break;
		case OPT_HOST_BUS:
			opt->host_bus = optarg;
			break;
		case OPT_HOST_DEVICE_ID:
			opt->host_device_id = optarg;
			break;
		case OPT_PROFILE:
			opt->profile = profile_find(optarg);
			if (!opt->profile)
				no_such_profile();
			break;
		case OPT_WINDOWS:
			parse_windows(optarg, &opt->windows);
			own_windows = true;
			break;
		case OPT_DMA:
			parse_dma(optarg, &opt->dma_channels);
			own_dma = true;
			break;
		case OPT_INIT:
			opt->perst = !strcmp(optarg, "perst");
			if (!opt->perst && strcmp(optarg, "probe"))
				usage("--init: probe or perst is allowed");
			break;
		case OPT_LINK:
			parse_link(optarg, &opt->model);
			break;
		case OPT_READ_NS:
			parse_ns(optarg, &opt->model.read_ns, &opt->model);
			break;
		case OPT_WRITE_NS:
			parse_ns(optarg, &opt->model.write_ns, &opt->model);
			break;
		case OPT_MPS:
			parse_packet_size(optarg, &opt->model.payload);
			break;
		case OPT_MRRS:
			parse_packet_size(optarg, &opt->model.request);
			break;
		case OPT_TRACE:
			opt->trace = optarg;
			break;
		case OPT_TRACE_FILTER:
			if (!trace_parse_kinds(optarg, &opt->trace_kinds))
				usage("--trace-filter: allowed are, with commas between them: " TRACE_KINDS_ALLOWED);
			break;
		case OPT_TRACE_LIMIT:
			if (!parse_size(optarg, &opt->trace_limit) ||
			    opt->trace_limit < TRACE_LIMIT_MIN ||
			    opt->trace_limit > TRACE_LIMIT_MAX)
				usage("--trace-limit: a size from 1M to 2048G is allowed");
			break;
		case OPT_CONTROL:
			opt->control = optarg;
			break;
		case OPT_SOCKET_MODE:
			if (!parse_mode(optarg, &opt->socket_mode))
				usage("--socket-mode: " MODES_ALLOWED " is allowed");
			break;
		case OPT_CONTROL_MODE:
			if (!parse_mode(optarg, &opt->control_mode))
				usage("--control-mode: " MODES_ALLOWED " is allowed");
			break;
		case 'v':
			log_verbose = true;
			break;
		case 'h':
			fputs(help_text, stdout);
			exit(CABLE_EXIT_OK);
		case 'V':
			puts("pcie-cable " PROGRAM_VERSION);
			exit(CABLE_EXIT_OK);
		default:
			exit(CABLE_EXIT_USAGE);
		}
	}
	if (!own_windows)
		opt->windows = opt->profile->windows;
	if (!own_dma)
		opt->dma_channels = opt->profile->dma_channels;
	if (optind < argc)
		usage("only options are allowed as arguments, or ctl or trace first");
	if (!opt->ep_socket || !opt->host_socket || !opt->host_ram)
		usage("--ep-socket, --host-socket and --host-ram are needed");
	if (!strcmp(opt->ep_socket, opt->host_socket))
		usage("--ep-socket and --host-socket need different paths");
	if (opt->control && (!strcmp(opt->control, opt->ep_socket) ||
			     !strcmp(opt->control, opt->host_socket)))
		usage("--control needs a path of its own");
}
