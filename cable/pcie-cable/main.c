// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "cable.h"
#include "log.h"
#include "mem.h"

#define PROGRAM_VERSION		"0.1"

static const char help[] =
"NAME\n"
"    pcie-cable - a PCI Express cable between two QEMU machines\n"
"\n"
"SYNOPSIS\n"
"    pcie-cable --ep-socket=PATH --host-socket=PATH --host-ram=FILE,size=SIZE\n"
"               [--host-qmp=PATH] [--host-bus=BUS] [--host-device-id=ID]\n"
"               [--windows=KIND] [--dma=N] [--trace=FILE] [--verbose]\n"
"\n"
"DESCRIPTION\n"
"    Joins an endpoint machine (the card) and a host machine (the PC) so that the\n"
"    host sees, in a PCI Express slot, the function which the endpoint's kernel\n"
"    sets up. Both are QEMU machines with -device vfio-user-pci (QEMU 10.1 or\n"
"    later), connected to this program by Unix sockets. It runs until it gets\n"
"    SIGTERM or SIGINT. Either machine may start first, end, and come back.\n"
"\n"
"OPTIONS\n"
"    --ep-socket=PATH\n"
"        Socket for the endpoint machine. Its first vfio-user-pci device that\n"
"        connects is the endpoint controller (1af4:10f0) with two windows to the\n"
"        host's RAM; each further one, at most eight, is a bank (1af4:10f1) of\n"
"        three more windows. The devices need separate slots.\n"
"    --host-socket=PATH\n"
"        Socket for the host machine, which has one vfio-user-pci device, behind\n"
"        a pcie-root-port.\n"
"    --host-ram=FILE,size=SIZE\n"
"        File that is the host's RAM. It is made if it is not there, and removed\n"
"        at the end by the program that made it; put it on a tmpfs (/dev/shm).\n"
"        SIZE is a power of two from 64M to 2G (suffixes K, M, G). The content\n"
"        stays when the host machine ends and starts again.\n"
"    --host-qmp=PATH\n"
"        QMP socket of the host machine. When the endpoint starts the link and no\n"
"        host connects within a second of its QMP answering, the device is\n"
"        plugged by device_add. Needed where the host starts before the\n"
"        endpoint, as QEMU fixes BARs when it makes the device. Free again for\n"
"        others once the host has connected.\n"
"    --host-bus=BUS\n"
"        Bus to plug into: the id of the host's pcie-root-port. Default: rp0.\n"
"    --host-device-id=ID\n"
"        Id the plugged device gets. Default: card.\n"
"    --windows=mapped\n"
"        Each of the controller's windows shows all of the host's RAM, and QEMU maps\n"
"        it: as fast as RAM, and not seen by this program. The default.\n"
"    --windows=metered[,number=N][,granule=SIZE][,space=SIZE]\n"
"        Windows as a real controller has them: N (1 to 256, default 16) pieces of\n"
"        an address space of SIZE bytes (a power of two from 1M to 1G, default\n"
"        64M), each translated to an address of the host, all three multiples of the\n"
"        granule (a power of two from 256 to 1M, default 64K). Each access comes\n"
"        here. Those that the host does not allow (bus mastering off, link down)\n"
"        are not answered. Some 20 to 100 us an access. No banks.\n"
"    --dma=N\n"
"        DMA channels of each direction, 0 (no engine) to 8. Default: 2.\n"
"    --trace=FILE\n"
"        Write a line to FILE for each transaction of the host in a BAR, in their\n"
"        order; see TRACE. What FILE held is lost.\n"
"    -v, --verbose\n"
"        Log every message. Slow; accesses take several times as long.\n"
"    -h, --help\n"
"        Print this text.\n"
"    -V, --version\n"
"        Print the version.\n"
"\n"
"OUTPUT\n"
"    One line per event on standard error: endpoint connected, host connected,\n"
"    link enabled, link up, link down, host reset, and what is wrong.\n"
"\n"
"TRACE\n"
"    A line is\n"
"        SECONDS host MRd|MWr barN+OFFSET LENGTH VALUE [UR]\n"
"    SECONDS since the program began, with six places. MRd is a read, and VALUE\n"
"    what it gave; MWr a write. LENGTH in bytes; VALUE in hexadecimal, the byte at\n"
"    the highest address first. UR: the function did not answer, as its memory is\n"
"    disabled or the link is down. A line is in the file 50 ms later at the latest.\n"
"    Missing is the MSI-X table, which QEMU keeps for itself.\n"
"\n"
"EXIT STATUS\n"
"    0   ended by SIGTERM or SIGINT\n"
"    1   a socket or file cannot be used, or the system refuses something\n"
"    2   wrong options\n"
"    3   a machine was started without RAM that it shares; the message says\n"
"        which options its QEMU needs\n"
"\n"
"EXAMPLE\n"
"    pcie-cable --ep-socket=ep.sock --host-socket=host.sock \\\n"
"        --host-ram=/dev/shm/host-ram,size=512M --host-qmp=host-qmp.sock\n"
"    qemu-system-aarch64 -machine virt,gic-version=3,memory-backend=ram \\\n"
"        -object memory-backend-memfd,id=ram,size=512M,share=on -m 512M \\\n"
"        -device '{\"driver\":\"vfio-user-pci\",\"socket\":{\"type\":\"unix\",\"path\":\"ep.sock\"}}' ...\n"
"    qemu-system-x86_64 -machine q35,memory-backend=ram -m 512M \\\n"
"        -object memory-backend-file,id=ram,mem-path=/dev/shm/host-ram,size=512M,share=on \\\n"
"        -device pcie-root-port,id=rp0,chassis=1,slot=1 \\\n"
"        -qmp unix:host-qmp.sock,server=on,wait=off ...\n"
"\n"
"TIMING\n"
"    A host's read that follows a write to a BAR is answered when the endpoint\n"
"    machine has had some processor time to see the write: after 1 to 40 ms, on a\n"
"    machine that is very busy up to 0.5 s. So an endpoint that polls registers keeps\n"
"    up. If it has got no processor for so long, a line says so.\n"
"\n"
"LIMITS\n"
"    One function, memory BARs, MSI-X. An endpoint that starts the link again with\n"
"    other BARs or another number of vectors needs the host's QEMU started again;\n"
"    the link stays down until then.\n"
"    Never unplug the device (device_del): QEMU 11.1 aborts if it has MSI-X.\n";

enum {
	OPT_EP_SOCKET = 256,
	OPT_HOST_SOCKET,
	OPT_HOST_RAM,
	OPT_HOST_QMP,
	OPT_HOST_BUS,
	OPT_HOST_DEVICE_ID,
	OPT_WINDOWS,
	OPT_DMA,
	OPT_TRACE,
};

static const struct option long_options[] = {
	{ "ep-socket", required_argument, NULL, OPT_EP_SOCKET },
	{ "host-socket", required_argument, NULL, OPT_HOST_SOCKET },
	{ "host-ram", required_argument, NULL, OPT_HOST_RAM },
	{ "host-qmp", required_argument, NULL, OPT_HOST_QMP },
	{ "host-bus", required_argument, NULL, OPT_HOST_BUS },
	{ "host-device-id", required_argument, NULL, OPT_HOST_DEVICE_ID },
	{ "windows", required_argument, NULL, OPT_WINDOWS },
	{ "dma", required_argument, NULL, OPT_DMA },
	{ "trace", required_argument, NULL, OPT_TRACE },
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

static void parse_dma(const char *arg, unsigned int *channels)
{
	uint64_t n;

	if (!parse_size(arg, &n) || n > PCIE_CABLE_MAX_DMA_CHANNELS)
		usage("--dma: a number of channels from 0 to 8 is allowed");
	*channels = n;
}

static void parse_options(int argc, char **argv, struct cable_options *opt)
{
	int c;

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
		case OPT_WINDOWS:
			parse_windows(optarg, &opt->windows);
			break;
		case OPT_DMA:
			parse_dma(optarg, &opt->dma_channels);
			break;
		case OPT_TRACE:
			opt->trace = optarg;
			break;
		case 'v':
			log_verbose = true;
			break;
		case 'h':
			fputs(help, stdout);
			exit(CABLE_EXIT_OK);
		case 'V':
			puts("pcie-cable " PROGRAM_VERSION);
			exit(CABLE_EXIT_OK);
		default:
			exit(CABLE_EXIT_USAGE);
		}
	}
	if (optind < argc)
		usage("only options are allowed as arguments");
	if (!opt->ep_socket || !opt->host_socket || !opt->host_ram)
		usage("--ep-socket, --host-socket and --host-ram are needed");
	if (!strcmp(opt->ep_socket, opt->host_socket))
		usage("--ep-socket and --host-socket need different paths");
}

struct signals {
	struct loop_source src;
	struct loop *loop;
};

static void signal_ready(struct loop_source *src, uint32_t events)
{
	struct signals *signals = (struct signals *)src;

	(void)events;
	loop_stop(signals->loop, CABLE_EXIT_OK);
}

static int signals_init(struct signals *signals, struct loop *loop)
{
	sigset_t set;

	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	if (sigprocmask(SIG_BLOCK, &set, NULL))
		return -errno;
	signals->src.fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (signals->src.fd < 0)
		return -errno;
	signals->src.ready = signal_ready;
	signals->loop = loop;
	return loop_add(loop, &signals->src, EPOLLIN);
}

int main(int argc, char **argv)
{
	struct cable_options opt = {
		.host_bus = "rp0", .host_device_id = "card",
		.dma_channels = EP_DMA_DEFAULT_CHANNELS
	};
	static struct cable cable;
	struct signals signals;
	struct loop loop;
	int ret;

	parse_options(argc, argv, &opt);
	ret = loop_init(&loop);
	if (!ret)
		ret = signals_init(&signals, &loop);
	if (!ret)
		ret = mem_init();
	if (ret) {
		log_event("cannot start: %s", strerror(-ret));
		return CABLE_EXIT_ERROR;
	}
	if (cable_open(&cable, &loop, &opt))
		return CABLE_EXIT_ERROR;

	log_event("ready");
	ret = loop_run(&loop);
	cable_close(&cable);
	close(signals.src.fd);
	loop_exit(&loop);
	return ret;
}
