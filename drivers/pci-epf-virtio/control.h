/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Queues on which a device and its drivers talk, on either side
 *
 * A device type gets each driver's messages, and is asked for its own as soon as there
 * is a buffer for one.  What is in them is its business.
 */
#ifndef VEPF_CONTROL_H
#define VEPF_CONTROL_H

#include <linux/types.h>

#include "hostq.h"
#include "localq.h"
#include "pci-epf-virtio.h"

/**
 * struct vepf_control - a pair of queues on each side
 * @host_rx: from which the host's driver gets messages
 * @host_tx: on which it sends them
 * @local_rx: the same of the endpoint's own driver
 * @local_tx: the same
 * @message: told each message of a driver, as in &struct vepf_type_ops
 * @next: asked for the next one for a driver
 * @ctx: handed to both
 * @buf: buffer of the host for the next message
 * @active: @buf is valid
 */
struct vepf_control {
	struct vepf_hostq *host_rx;
	struct vepf_hostq *host_tx;
	struct vepf_localq *local_rx;
	struct vepf_localq *local_tx;
	void (*message)(void *ctx, enum vepf_side from, const void *msg, size_t len);
	size_t (*next)(void *ctx, enum vepf_side to, void *msg);
	void *ctx;
	struct vepf_buf buf;
	bool active;
};

/* Messages of the endpoint's driver: any context */
void vepf_control_collect(struct vepf_control *c);

/* All else: by one thread */
void vepf_control_stop(struct vepf_control *c);
u64 vepf_control_receive(struct vepf_control *c, bool scan);
u64 vepf_control_send(struct vepf_control *c);

#endif /* VEPF_CONTROL_H */
