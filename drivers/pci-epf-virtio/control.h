/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Queues on which a device and its drivers talk, on either side
 *
 * A device type gets each driver's messages, and is asked for its own as soon as there
 * is a buffer for one.  What is in them is its business.
 */
#ifndef EPFV_CONTROL_H
#define EPFV_CONTROL_H

#include <linux/types.h>

#include "hostq.h"
#include "localq.h"
#include "pci-epf-virtio.h"

/**
 * struct epfv_control - a pair of queues on each side
 * @host_rx: from which the host's driver gets messages
 * @host_tx: on which it sends them
 * @local_rx: the same of the endpoint's own driver
 * @local_tx: the same
 * @message: told each message of a driver, as in &struct epfv_type_ops
 * @next: asked for the next one for a driver
 * @ctx: handed to both
 * @req: buffer of the host for the next message
 * @active: @req is valid
 */
struct epfv_control {
	struct epfv_hostq *host_rx;
	struct epfv_hostq *host_tx;
	struct epfv_localq *local_rx;
	struct epfv_localq *local_tx;
	void (*message)(void *ctx, enum epfv_side from, const void *msg, size_t len);
	size_t (*next)(void *ctx, enum epfv_side to, void *msg);
	void *ctx;
	struct epfv_request req;
	bool active;
};

/* Messages of the endpoint's driver: any context */
void epfv_control_collect(struct epfv_control *c);

/* All else: by one thread */
void epfv_control_stop(struct epfv_control *c);
void epfv_control_enter(struct epfv_control *c, u32 epoch);
u64 epfv_control_receive(struct epfv_control *c, bool scan);
u64 epfv_control_send(struct epfv_control *c);

#endif /* EPFV_CONTROL_H */
