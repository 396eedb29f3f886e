/* SPDX-License-Identifier: GPL-2.0 */
/*
 * vfu_conn: one vfio-user connection, and the device at its other end
 *
 * Offered to:	cable (accepts connections and gives each its device) and the
 *		devices host_fn, ep_ctrl and ep_window (struct vfu_ops).
 *
 * The transport cuts the stream into messages, collects their descriptors and
 * sends the replies; vfu_msg gives the messages their meaning.  While a reply
 * cannot be sent, no further message is read, so memory is bounded.
 */
#ifndef CABLE_VFU_CONN_H
#define CABLE_VFU_CONN_H

#include <stdbool.h>
#include <stdint.h>

#include "aside.h"
#include "loop.h"
#include "vfu_dma.h"
#include "vfu_irq.h"
#include "vfu_proto.h"

/* What a device tells about a region; all zero: not there. */
struct vfu_region {
	uint64_t size;
	int fd;				/* to be mapped by QEMU; -1: none */
};

struct vfu_conn;

/*
 * A device.  Callbacks never block and never close their own connection;
 * those that return int give 0 or a negative errno, which becomes the reply.
 */
struct vfu_ops {
	/* Interrupts of type @index, VFIO_PCI_*_IRQ_INDEX; 0: there is none. */
	unsigned int (*num_irqs)(void *dev, unsigned int index);
	void (*region)(void *dev, unsigned int index, struct vfu_region *region);
	/* Offset and count are inside the region already. */
	int (*read)(void *dev, unsigned int index, uint64_t offset,
		    uint8_t *data, uint32_t count);
	int (*write)(void *dev, unsigned int index, uint64_t offset,
		     const uint8_t *data, uint32_t count);
	/* Must a read wait? Asked again each millisecond; NULL: no read does. */
	bool (*hold)(void *dev, unsigned int index);
	/* Take in a range; @fd is -1 or the file with it. */
	int (*dma_map)(void *dev, const struct vfu_dma_map *map, int fd);
	void (*reset)(void *dev);
	void (*ready)(void *dev);	/* VERSION was agreed upon */
	void (*closed)(void *dev);	/* the connection is about to be freed */
};

struct vfu_conn {
	struct loop_source src;
	struct loop *loop;
	struct aside_owner *owner;	/* of descriptors that are not wanted, and of itself */
	const struct vfu_ops *ops;
	void *dev;
	const char *name;		/* in messages */
	bool negotiated;

	struct vfu_dma dma;
	struct vfu_irqs irqs;

	struct loop_timer hold_timer;
	bool held;			/* the message in @in waits, or the next one */
	bool closing;			/* it has sent descriptors that are being closed */
	uint32_t events;		/* what the loop waits for */

	uint8_t in[VFU_MAX_MESSAGE];
	size_t in_len;
	int fds[VFU_MAX_FDS];
	unsigned int num_fds;

	uint8_t out[VFU_MAX_MESSAGE];
	size_t out_len;
	size_t out_sent;
	int out_fd;			/* not ours to close; -1: none */
};

/*
 * Serve @fd of @owner, which is taken over in any case, as device @ops/@dev.  @events own the
 * descriptors of interrupts: they are closed, and counted, beside what others send to @owner.
 * NULL when out of memory or descriptors.
 */
struct vfu_conn *vfu_conn_new(struct loop *loop, int fd, struct aside_owner *owner,
			      struct aside_owner *events, const char *name,
			      const struct vfu_ops *ops, void *dev);

/* Tell the device, then free everything. */
void vfu_conn_close(struct vfu_conn *conn);

/* Has the other side gone, perhaps unnoticed yet? */
bool vfu_conn_is_gone(const struct vfu_conn *conn);

#endif /* CABLE_VFU_CONN_H */
