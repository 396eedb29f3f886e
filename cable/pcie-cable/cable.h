/* SPDX-License-Identifier: GPL-2.0 */
/*
 * cable: the two machines' sockets, and everything that is between them
 *
 * Offered to:	main (open, close) and to the parts, which reach each other
 *		through struct cable.
 */
#ifndef CABLE_CABLE_H
#define CABLE_CABLE_H

#include "control.h"
#include "ep_atu.h"
#include "ep_ctrl.h"
#include "ep_dma.h"
#include "ep_window.h"
#include "host_fn.h"
#include "host_irq.h"
#include "host_ram.h"
#include "irq_path.h"
#include "link.h"
#include "link_model.h"
#include "loop.h"
#include "peer.h"
#include "profile.h"
#include "qmp.h"
#include "sock.h"
#include "stats.h"
#include "stop.h"
#include "trace.h"

#define CABLE_MAX_BANKS		8

/* Exit codes, documented in --help */
enum cable_exit {
	CABLE_EXIT_OK		= 0,
	CABLE_EXIT_ERROR	= 1,
	CABLE_EXIT_USAGE	= 2,
	CABLE_EXIT_MACHINE	= 3,	/* a machine does not share its RAM */
	CABLE_EXIT_REFUSED	= 4,	/* ctl: the command was refused */
};

struct cable_options {
	const char *ep_socket;
	const char *host_socket;
	const char *host_ram;
	uint64_t host_ram_size;
	const char *host_qmp;
	const char *host_bus;
	const char *host_device_id;
	const char *trace;
	uint64_t trace_limit;
	const struct profile *profile;
	struct ep_atu_limits windows;
	unsigned int dma_channels;
	bool perst;
	struct link_model model;
	unsigned int trace_kinds;	/* as in struct trace */
	const char *control;
	mode_t socket_mode;		/* of the machines' sockets */
	mode_t control_mode;
};

struct cable {
	struct loop *loop;
	struct sock_listener ep_listener;
	struct sock_listener host_listener[PCIE_CABLE_MAX_FUNCTIONS];
	struct aside_owner ep_events;	/* of the eventfds of both machines */
	struct aside_owner host_events[PCIE_CABLE_MAX_FUNCTIONS];
	char *host_socket[PCIE_CABLE_MAX_FUNCTIONS];	/* where they listen */
	char *host_socket_abs;				/* of the first, for others */
	struct host_ram ram;
	const struct profile *profile;
	bool perst;			/* the endpoint starts anew with PERST# */
	struct link_model model;
	struct ep_ctrl ep;
	struct ep_faults faults;
	struct ep_atu atu;
	struct ep_dma dma;
	struct ep_bank banks[CABLE_MAX_BANKS];
	struct host_fn host[PCIE_CABLE_MAX_FUNCTIONS];
	struct link link;
	struct irq_path irq_path;
	struct peer_check ep_check;	/* does the endpoint's QEMU share its RAM? */
	struct stop host_stop;
	struct stop ep_stop;
	struct qmp qmp;
	struct stats stats;
	struct trace trace;
	struct control control;
};

/* 0, or a negative errno after a message */
int cable_open(struct cable *cable, struct loop *loop, const struct cable_options *opt);
void cable_close(struct cable *cable);

#endif /* CABLE_CABLE_H */
