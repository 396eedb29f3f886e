// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "aside.h"
#include "cable.h"
#include "ctl.h"
#include "event_fd.h"
#include "log.h"
#include "mem.h"
#include "options.h"
#include "trace_cmd.h"

/* Descriptors: beside those of vectors, and with what machines may send that do not behave */
#define OTHER_FDS		300
#define ENOUGH_FDS		16384

/*
 * The usual limit is less than the vectors of some functions take: 289 each.  There is a
 * higher one for who asks.
 */
static void raise_limit(const struct profile *profile)
{
	const rlim_t need = profile->functions * (1 + VFU_IRQ_MAX_MSI + VFU_IRQ_MAX_MSIX) + OTHER_FDS;
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit))
		return;
	if (limit.rlim_cur < ENOUGH_FDS) {
		limit.rlim_cur = limit.rlim_max < ENOUGH_FDS ? limit.rlim_max : ENOUGH_FDS;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
	if (limit.rlim_cur < need)
		log_event("no more than %llu descriptors can be open, and %u functions may need %llu; a higher limit is set by ulimit -n",
			  (unsigned long long)limit.rlim_cur, profile->functions,
			  (unsigned long long)need);
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

/* By nohup, or by a shell for what it runs in the background */
static bool is_ignored(int number)
{
	struct sigaction action;

	return !sigaction(number, NULL, &action) && action.sa_handler == SIG_IGN;
}

static int signals_init(struct signals *signals, struct loop *loop)
{
	sigset_t set;

	/* What fails with an error is enough */
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	if (!is_ignored(SIGHUP))
		sigaddset(&set, SIGHUP);
	if (!is_ignored(SIGQUIT))
		sigaddset(&set, SIGQUIT);
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
	struct cable_options opt;
	static struct cable cable;
	struct signals signals;
	struct loop loop;
	int ret;

	if (argc > 1 && !strcmp(argv[1], "ctl"))
		return ctl_main(argc - 2, argv + 2);
	if (argc > 1 && !strcmp(argv[1], "trace"))
		return trace_main(argc - 1, argv + 1);
	options_parse(argc, argv, &opt);
	raise_limit(opt.profile);
	ret = loop_init(&loop);
	if (!ret)
		ret = signals_init(&signals, &loop);
	if (!ret)
		ret = mem_init(&loop);
	if (!ret)
		ret = aside_open(&loop);
	if (ret) {
		log_event("cannot start: %s", strerror(-ret));
		return CABLE_EXIT_ERROR;
	}
	if (event_fd_init() || cable_open(&cable, &loop, &opt))
		return CABLE_EXIT_ERROR;

	/* What is said before is not lost, wherever it goes. */
	ret = log_start();
	if (ret) {
		log_event("cannot start: %s", strerror(-ret));
		ret = CABLE_EXIT_ERROR;
	} else {
		log_event("ready");
		ret = loop_run(&loop);
	}
	cable_close(&cable);
	aside_exit();
	mem_exit();
	close(signals.src.fd);
	loop_exit(&loop);
	log_stop();
	return ret;
}
