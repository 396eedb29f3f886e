// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cable.h"
#include "control_cmd.h"

#define ARG_OFF		UINT32_MAX

#define MAP_LIMIT_MIN	256u		/* no controller translates less */
#define MAP_LIMIT_MAX	(512u << 20)

struct command {
	const char *name;
	const char *arg;	/* NULL: none */
	uint32_t min;		/* what @arg may be */
	uint32_t max;
	bool off;		/* it may also be "off", which is ARG_OFF */
	const char *what;
	/* What is wrong, or NULL */
	const char *(*run)(struct cable *cable, uint32_t arg, struct answer *answer);
};

static const char *run_help(struct cable *cable, uint32_t arg, struct answer *answer);

static const char *link_down(struct cable *cable, uint32_t arg, struct answer *answer)
{
	(void)arg;
	if (cable->link.forced_down)
		answer_add(answer, "the link is forced down already\n");
	link_force_down(cable, true);
	return NULL;
}

static const char *link_up(struct cable *cable, uint32_t arg, struct answer *answer)
{
	(void)arg;
	if (!cable->link.forced_down)
		answer_add(answer, "the link is not forced down\n");
	link_force_down(cable, false);
	answer_add(answer, "the link is %s\n", link_state(cable));
	return NULL;
}

static const char *hot_reset(struct cable *cable, uint32_t arg, struct answer *answer)
{
	(void)arg;
	(void)answer;
	if (!cable->link.up)
		return "the link is down; hot-reset is allowed while it is up";
	link_host_reset(cable, true);
	return NULL;
}

static const char *perst(struct cable *cable, uint32_t arg, struct answer *answer)
{
	(void)arg;
	(void)answer;
	if (!cable->link.waits_perst)
		return cable->perst ? "the endpoint has not started the link; perst is allowed when it has" :
				      "the endpoint does not wait for PERST#; perst is allowed with --init=perst";
	link_perst(cable);
	return NULL;
}

static const char *irq_delay(struct cable *cable, uint32_t arg, struct answer *answer)
{
	(void)answer;
	cable->irq_path.delay_ms = arg;
	return NULL;
}

static const char *irq_drop(struct cable *cable, uint32_t arg, struct answer *answer)
{
	(void)answer;
	cable->irq_path.hold_next = arg;
	return NULL;
}

static const char *irq_flush(struct cable *cable, uint32_t arg, struct answer *answer)
{
	const unsigned int n = irq_path_flush(&cable->irq_path);

	(void)arg;
	answer_add(answer, "%u vector%s sent\n", n, n == 1 ? "" : "s");
	return NULL;
}

static const char *map_short(struct cable *cable, uint32_t arg, struct answer *answer)
{
	(void)answer;
	if (cable->atu.limits.passes_low_bits)
		return "this controller's driver has no align_addr, without which every mapping is as long as wanted; map short is allowed with other profiles";
	if (arg != ARG_OFF && arg & (arg - 1))
		return "map short: BYTES must be a power of two";
	cable->faults.map_limit = arg == ARG_OFF ? 0 : arg;
	return NULL;
}

static const char *windows_limit(struct cable *cable, uint32_t arg, struct answer *answer)
{
	(void)answer;
	cable->faults.window_limit = arg == ARG_OFF ? 0 : PCIE_CABLE_WINDOW_LIMITED | arg;
	return NULL;
}

static const char *stop_machine(struct stop *stop, const struct vfu_conn *conn,
				struct answer *answer)
{
	int ret;

	if (!conn)
		return "that machine is not connected; it can be stopped while it is";
	if (stop_is_on(stop)) {
		answer_add(answer, "the %s is stopped already\n", stop->who);
		return NULL;
	}
	ret = stop_begin(stop, conn);
	if (ret == -EPERM)
		return "that machine's process belongs to another user; it can be stopped by root";
	return ret ? "that machine's process is not to be found; it can be stopped where its PID is seen" :
		     NULL;
}

static const char *let_go_on(struct stop *stop, struct answer *answer)
{
	if (!stop_is_on(stop))
		answer_add(answer, "the %s is not stopped\n", stop->who);
	stop_end(stop);
	return NULL;
}

static const char *host_stop(struct cable *cable, uint32_t arg, struct answer *answer)
{
	(void)arg;
	return stop_machine(&cable->host_stop, cable->host[0].conn, answer);
}

static const char *host_cont(struct cable *cable, uint32_t arg, struct answer *answer)
{
	(void)arg;
	return let_go_on(&cable->host_stop, answer);
}

static const char *ep_stop(struct cable *cable, uint32_t arg, struct answer *answer)
{
	(void)arg;
	return stop_machine(&cable->ep_stop, cable->ep.conn, answer);
}

static const char *ep_cont(struct cable *cable, uint32_t arg, struct answer *answer)
{
	(void)arg;
	return let_go_on(&cable->ep_stop, answer);
}

static const char *print_stats(struct cable *cable, uint32_t arg, struct answer *answer)
{
	(void)arg;
	stats_print(cable, answer);
	return NULL;
}

static const char *reset_stats(struct cable *cable, uint32_t arg, struct answer *answer)
{
	(void)arg;
	(void)answer;
	stats_reset(&cable->stats);
	return NULL;
}

static const struct command commands[] = {
	{ "help", NULL, 0, 0, false, "this list", run_help },
	{ "stat", NULL, 0, 0, false, "counters", print_stats },
	{ "stat reset", NULL, 0, 0, false, "count from zero again", reset_stats },
	{ "link down", NULL, 0, 0, false, "lose the link, until \"link up\"", link_down },
	{ "link up", NULL, 0, 0, false, "no longer hold the link down", link_up },
	{ "hot-reset", NULL, 0, 0, false, "reset all functions, as the host's slot does",
	  hot_reset },
	{ "perst", NULL, 0, 0, false, "assert and deassert PERST#", perst },
	{ "irq delay", "MS", 0, IRQ_PATH_MAX_MS, false, "let interrupts arrive so much later",
	  irq_delay },
	{ "irq drop", "N", 0, 1000000, false, "hold the next N back, until \"irq flush\"",
	  irq_drop },
	{ "irq flush", NULL, 0, 0, false, "send what is held back, each vector once",
	  irq_flush },
	{ "map short", "BYTES", MAP_LIMIT_MIN, MAP_LIMIT_MAX, true,
	  "map no more of the host at once, until \"off\"", map_short },
	{ "windows limit", "N", 0, PCIE_CABLE_MAX_OB_WINDOWS, true,
	  "let no more windows be in use, until \"off\"", windows_limit },
	{ "host stop", NULL, 0, 0, false, "stop the host's QEMU, until \"host cont\"",
	  host_stop },
	{ "host cont", NULL, 0, 0, false, "let it go on", host_cont },
	{ "endpoint stop", NULL, 0, 0, false, "stop the endpoint's QEMU, until \"endpoint cont\"",
	  ep_stop },
	{ "endpoint cont", NULL, 0, 0, false, "let it go on", ep_cont },
};

#define NUM_COMMANDS	(sizeof(commands) / sizeof(commands[0]))

static const char *run_help(struct cable *cable, uint32_t arg, struct answer *answer)
{
	const struct command *cmd;

	(void)cable;
	(void)arg;
	for (cmd = commands; cmd < commands + NUM_COMMANDS; cmd++)
		answer_add(answer, "%s%s%s\t%s\n", cmd->name, cmd->arg ? " " : "",
			   cmd->arg ? cmd->arg : "", cmd->what);
	return NULL;
}

static bool parse_arg(const struct command *cmd, const char *s, uint32_t *value)
{
	const size_t digits = strspn(s, "0123456789");

	if (cmd->off && !strcmp(s, "off")) {
		*value = ARG_OFF;
		return true;
	}
	if (!digits || digits > 9 || s[digits])
		return false;
	*value = strtoul(s, NULL, 10);
	return *value >= cmd->min && *value <= cmd->max;
}

/* The words of @line with one space between them, and nothing that is not printed */
static void tidy(char *line, size_t len)
{
	char *to = line;
	size_t i;

	for (i = 0; i < len; i++) {
		if (line[i] != ' ' && line[i] != '\t')
			*to++ = line[i] > ' ' && line[i] < 0x7f ? line[i] : '?';
		else if (to > line && to[-1] != ' ')
			*to++ = ' ';
	}
	if (to > line && to[-1] == ' ')
		to--;
	*to = '\0';
}

/* What follows the name of @cmd in @line, without the space; NULL: another command */
static const char *behind_name(const struct command *cmd, const char *line)
{
	const size_t len = strlen(cmd->name);

	if (strncmp(line, cmd->name, len) || (line[len] && line[len] != ' '))
		return NULL;
	return line + len + (line[len] == ' ');
}

static void unknown(const char *line, struct answer *answer)
{
	const struct command *cmd;
	char error[480];
	size_t n;

	if (*line)
		n = snprintf(error, sizeof(error), "'%.40s' is no command; allowed are", line);
	else
		n = snprintf(error, sizeof(error), "no command; allowed are");
	for (cmd = commands; cmd < commands + NUM_COMMANDS && n < sizeof(error); cmd++)
		n += snprintf(error + n, sizeof(error) - n, "%s %s%s%s",
			      cmd == commands ? ":" : ",", cmd->name, cmd->arg ? " " : "",
			      cmd->arg ? cmd->arg : "");
	answer_end(answer, error);
}

void control_cmd_run(struct cable *cable, char *line, size_t len, struct answer *answer)
{
	const struct command *cmd, *found = NULL;
	const char *arg = NULL, *rest;
	uint32_t value = 0;
	char error[128];

	tidy(line, len);
	/* The longest name that fits: "stat reset" is not "stat" with an argument */
	for (cmd = commands; cmd < commands + NUM_COMMANDS; cmd++) {
		rest = behind_name(cmd, line);
		if (rest && (!found || strlen(cmd->name) > strlen(found->name))) {
			found = cmd;
			arg = rest;
		}
	}
	if (!found) {
		unknown(line, answer);
	} else if (found->arg && !parse_arg(found, arg, &value)) {
		snprintf(error, sizeof(error), "%s: %s from %u to %u%s is allowed", found->name,
			 found->arg, found->min, found->max, found->off ? ", or off," : "");
		answer_end(answer, error);
	} else if (!found->arg && *arg) {
		snprintf(error, sizeof(error), "%s: no argument is allowed", found->name);
		answer_end(answer, error);
	} else {
		answer_end(answer, found->run(cable, value, answer));
	}
}
