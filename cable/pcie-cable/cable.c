// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cable.h"
#include "log.h"

/* A QEMU that has just ended may not have been noticed yet. */
static void reap_endpoint(struct cable *cable)
{
	unsigned int i;

	if (cable->ep.conn && vfu_conn_is_gone(cable->ep.conn))
		vfu_conn_close(cable->ep.conn);
	for (i = 0; i < CABLE_MAX_BANKS; i++)
		if (cable->banks[i].conn && vfu_conn_is_gone(cable->banks[i].conn))
			vfu_conn_close(cable->banks[i].conn);
}

static void accept_bank(struct cable *cable, int fd)
{
	struct vfu_conn *conn;
	struct ep_bank *bank;
	unsigned int i;

	if (ep_atu_is_metered(&cable->atu)) {
		log_event("endpoint: one connection too many; the controller alone is allowed, as its windows are metered and there are no banks");
		sock_refuse(fd, &cable->ep_listener.owner);
		return;
	}
	for (i = 0; i < CABLE_MAX_BANKS && cable->banks[i].conn; i++)
		;
	if (i == CABLE_MAX_BANKS) {
		log_event("endpoint: one connection too many; a controller and up to %u window banks are allowed",
			  CABLE_MAX_BANKS);
		sock_refuse(fd, &cable->ep_listener.owner);
		return;
	}
	bank = &cable->banks[i];
	snprintf(bank->name, sizeof(bank->name), "window bank %u", i);
	conn = vfu_conn_new(cable->loop, fd, &cable->ep_listener.owner, &cable->ep_events,
			    bank->name, &ep_bank_ops, bank);
	if (conn)
		ep_bank_connected(bank, conn, &cable->ram);
}

static void accept_endpoint(void *arg, int fd)
{
	struct cable *cable = arg;
	struct vfu_conn *conn;

	reap_endpoint(cable);
	if (cable->ep.conn) {
		accept_bank(cable, fd);
		return;
	}
	conn = vfu_conn_new(cable->loop, fd, &cable->ep_listener.owner, &cable->ep_events,
			    "endpoint", &ep_ctrl_ops, cable);
	if (conn)
		ep_ctrl_connected(cable, conn);
}

static void accept_host(void *arg, int fd)
{
	struct host_fn *host = arg;
	struct cable *cable = host->cable;
	struct aside_owner *owner = &cable->host_listener[host->number].owner;
	struct vfu_conn *conn;

	if (host->conn && vfu_conn_is_gone(host->conn))
		vfu_conn_close(host->conn);
	if (host->conn) {
		log_event("%s refused: one host is connected already, only one is allowed",
			  host->name);
		sock_refuse(fd, owner);
		return;
	}
	if (!cable->link.enabled) {
		log_event("%s refused: the endpoint has not started the link, so there is no function to show yet; %s",
			  host->name, cable->qmp.path ?
			  "leave the device off the host's command line, it will be plugged" :
			  "start the host later, or leave the device off its command line and use --host-qmp");
		sock_refuse(fd, owner);
		return;
	}
	if (!link_has(&cable->link, host->number)) {
		log_event("%s refused: the endpoint has started the link without this function; leave the device off the host's command line",
			  host->name);
		sock_refuse(fd, owner);
		return;
	}
	/* A QEMU that finds all-ones where it looks for capabilities never ends. */
	if (cable->link.forced_down) {
		log_event("%s refused: the link is forced down by a control command, until \"link up\"",
			  host->name);
		sock_refuse(fd, owner);
		return;
	}
	conn = vfu_conn_new(cable->loop, fd, owner, &cable->host_events[host->number], host->name,
			    &host_fn_ops, host);
	if (conn)
		host_fn_connected(host, conn, &cable->link.view[host->number]);
}

static void cannot_listen(const char *path, int ret)
{
	const char *why;

	if (ret == -EADDRINUSE)
		why = "somebody listens there already";
	else if (ret == -EBUSY)
		why = "its folder is locked by another program; one that others cannot read is locked by nobody else";
	else if (ret == -EEXIST)
		why = "there is a file which is no socket";
	else
		why = strerror(-ret);
	log_event("%s: cannot listen: %s", path, why);
}

static int listen_at(struct sock_listener *l, struct loop *loop, const char *path, mode_t mode,
		     void (*accepted)(void *arg, int fd), void *arg)
{
	int ret;

	ret = sock_listen(l, loop, path, mode, accepted, arg);
	if (ret)
		cannot_listen(path, ret);
	return ret;
}

static void unlisten_host(struct cable *cable, unsigned int functions)
{
	while (functions--) {
		sock_unlisten(&cable->host_listener[functions]);
		free(cable->host_socket[functions]);
	}
}

static int listen_host(struct cable *cable, const char *path, mode_t mode)
{
	unsigned int n;
	int ret;

	for (n = 0; n < cable->profile->functions; n++) {
		cable->host_socket[n] = host_fn_socket(path, n);
		if (!cable->host_socket[n]) {
			ret = -ENOMEM;
			goto err_listeners;
		}
		ret = listen_at(&cable->host_listener[n], cable->loop, cable->host_socket[n],
				mode, accept_host, &cable->host[n]);
		if (ret)
			goto err_free;
	}
	return 0;

err_free:
	free(cable->host_socket[n]);
err_listeners:
	unlisten_host(cable, n);
	return ret;
}

/* Neither machine can go on: the host has lost memory, or finds none where it needs some. */
static void ram_lost(void *arg)
{
	struct cable *cable = arg;

	log_event("%s: a part of the host's RAM is not there any more; somebody has made the file shorter, or its file system has no room",
		  cable->ram.path);
	loop_stop(cable->loop, CABLE_EXIT_ERROR);
}

int cable_open(struct cable *cable, struct loop *loop, const struct cable_options *opt)
{
	unsigned int n;
	int ret;

	memset(cable, 0, sizeof(*cable));
	cable->loop = loop;
	cable->profile = opt->profile;
	cable->perst = opt->perst;
	cable->model = opt->model;
	cable->atu.limits = opt->windows;
	ep_dma_init(&cable->dma, cable, opt->dma_channels);
	stats_reset(&cable->stats);
	irq_path_init(&cable->irq_path, cable);
	for (n = 0; n < PCIE_CABLE_MAX_FUNCTIONS; n++)
		host_fn_init(&cable->host[n], cable, n);
	stop_init(&cable->host_stop, "host");
	stop_init(&cable->ep_stop, "endpoint");
	ret = listen_at(&cable->ep_listener, loop, opt->ep_socket, opt->socket_mode,
			accept_endpoint, cable);
	if (ret)
		return ret;
	ret = listen_host(cable, opt->host_socket, opt->socket_mode);
	if (ret)
		goto err_ep;
	ret = host_ram_open(&cable->ram, opt->host_ram, opt->host_ram_size, ram_lost, cable);
	if (ret)
		goto err_host;

	/* QEMU may run in another directory. */
	cable->host_socket_abs = realpath(opt->host_socket, NULL);
	if (!cable->host_socket_abs) {
		ret = -errno;
		log_event("%s: %s", opt->host_socket, strerror(-ret));
		goto err_ram;
	}
	if (opt->trace) {
		ret = trace_open(&cable->trace, loop, opt->trace, opt->trace_kinds,
				 opt->trace_limit);
		if (ret)
			goto err_path;
	}
	if (opt->control) {
		ret = control_open(&cable->control, cable, opt->control, opt->control_mode);
		if (ret) {
			cannot_listen(opt->control, ret);
			goto err_trace;
		}
	}
	qmp_init(&cable->qmp, loop, opt->host_qmp, cable->host_socket_abs,
		 opt->host_bus, opt->host_device_id);
	return 0;

err_trace:
	trace_close(&cable->trace);
err_path:
	free(cable->host_socket_abs);
err_ram:
	host_ram_close(&cable->ram);
err_host:
	unlisten_host(cable, cable->profile->functions);
err_ep:
	sock_unlisten(&cable->ep_listener);
	return ret;
}

void cable_close(struct cable *cable)
{
	unsigned int i;

	control_close(&cable->control);
	/* The endpoint first: without its setup no host is wanted any more. */
	if (cable->ep.conn)
		vfu_conn_close(cable->ep.conn);
	for (i = 0; i < CABLE_MAX_BANKS; i++)
		if (cable->banks[i].conn)
			vfu_conn_close(cable->banks[i].conn);
	for (i = 0; i < PCIE_CABLE_MAX_FUNCTIONS; i++)
		if (cable->host[i].conn)
			vfu_conn_close(cable->host[i].conn);
	qmp_exit(&cable->qmp);
	trace_close(&cable->trace);
	free(cable->host_socket_abs);
	host_ram_close(&cable->ram);
	unlisten_host(cable, cable->profile->functions);
	sock_unlisten(&cable->ep_listener);
}
