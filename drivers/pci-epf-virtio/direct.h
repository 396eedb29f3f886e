/* SPDX-License-Identifier: GPL-2.0 */
/*
 * An endpoint's side without a driver: whoever is there reads and writes by itself
 *
 * Instead of a virtio device on the endpoint's own bus, and its driver.  Bytes of the host
 * go from its buffers to what is in transit, and from there to the reader; the other way
 * it is the same.  What a pipe does for a receiver that is slow, or not there, it does here.
 */
#ifndef EPFV_DIRECT_H
#define EPFV_DIRECT_H

#include <linux/types.h>

#include "localq.h"
#include "pci-epf-virtio.h"
#include "pipe.h"

/**
 * struct epfv_direct_queue - what stands in for a queue of the endpoint's driver
 * @q: no ring, always live
 * @direct: where it belongs to
 * @pair: of which pair it is
 */
struct epfv_direct_queue {
	struct epfv_localq q;
	struct epfv_direct *direct;
	unsigned int pair;
};

/**
 * struct epfv_direct - the endpoint's side of a function
 * @changed: told of changes
 * @ctx: handed to it
 * @queues: one for each of the type's queues
 */
struct epfv_direct {
	void (*changed)(void *ctx, unsigned int pair);
	void *ctx;
	struct epfv_direct_queue queues[];
};

struct epfv_direct *epfv_direct_alloc(const struct epfv_type *type,
				      void (*changed)(void *ctx, unsigned int pair), void *ctx);

/* Any context */
size_t epfv_direct_pending(struct epfv_pipe *p);
size_t epfv_direct_read(struct epfv_pipe *p, void *buf, size_t len, bool *work);
size_t epfv_direct_room(struct epfv_pipe *p);
size_t epfv_direct_write(struct epfv_pipe *p, const void *buf, size_t len);

#endif /* EPFV_DIRECT_H */
