// SPDX-License-Identifier: GPL-2.0
/*
 * A virtio device on the endpoint's own virtio bus
 */
#include <linux/align.h>
#include <linux/err.h>
#include <linux/io.h>
#include <linux/mm.h>
#include <linux/pci_ids.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/virtio_config.h>
#include <linux/virtio_ring.h>
#include <uapi/linux/virtio_ids.h>

#include "bridge.h"
#include "pci-ep-compat.h"

/* Alignment of the used ring within a virtqueue of ours, in bytes */
#define EPFV_BRIDGE_ALIGN	SMP_CACHE_BYTES

static struct epfv_bridge *to_bridge(struct virtio_device *vdev)
{
	return container_of(vdev, struct epfv_bridge, vdev);
}

/*
 * The ring's accessor: a virtqueue of the endpoint's own kernel is ordinary
 * memory, and its addresses are pointers.
 */
static int epfv_bridge_read(void *ctx, u64 addr, void *buf, u32 len)
{
	const void *src = (const void *)(unsigned long)addr;
	u32 word;

	/* Two entries of the available ring are as long, and may lie anywhere */
	if (len != sizeof(word) || !IS_ALIGNED(addr, sizeof(word))) {
		memcpy(buf, src, len);
		return 0;
	}
	word = READ_ONCE(*(const u32 *)src);
	memcpy(buf, &word, len);
	return 0;
}

static int epfv_bridge_write(void *ctx, u64 addr, const void *buf, u32 len)
{
	void *dst = (void *)(unsigned long)addr;

	if (len == sizeof(u16))
		WRITE_ONCE(*(u16 *)dst, *(const u16 *)buf);
	else
		memcpy(dst, buf, len);
	return 0;
}

/* Both halves run on this kernel's processors: "virt" barriers, as its drivers use */
static void epfv_bridge_read_barrier(void *ctx)
{
	virt_rmb();	/* pairs with that of virtio_ring.c */
}

static void epfv_bridge_write_barrier(void *ctx)
{
	virt_wmb();	/* pairs with that of virtio_ring.c */
}

static void epfv_bridge_mb(void *ctx)
{
	virt_mb();	/* pairs with that of virtio_ring.c */
}

static const struct epfv_ring_ops epfv_bridge_ring_ops = {
	.read = epfv_bridge_read,
	.write = epfv_bridge_write,
	.read_barrier = epfv_bridge_read_barrier,
	.write_barrier = epfv_bridge_write_barrier,
	.mb = epfv_bridge_mb,
};

static bool epfv_bridge_notify(struct virtqueue *vq)
{
	struct epfv_bridge_queue *bq = vq->priv;
	struct epfv_localq *q = &bq->q;
	unsigned long flags;

	spin_lock_irqsave(&q->lock, flags);
	epfv_settle_disturb(&q->settle);
	spin_unlock_irqrestore(&q->lock, flags);
	bq->bridge->ops->notify(bq->bridge->ctx, q);
	return true;
}

static void epfv_bridge_stop_queue(struct epfv_localq *q)
{
	unsigned long flags;

	spin_lock_irqsave(&q->lock, flags);
	q->live = false;
	q->call = false;
	spin_unlock_irqrestore(&q->lock, flags);
}

static void epfv_bridge_del_vqs(struct virtio_device *vdev)
{
	struct epfv_bridge *bridge = to_bridge(vdev);
	unsigned long flags;
	unsigned int i;

	for (i = 0; i < bridge->num_queues; i++) {
		struct epfv_bridge_queue *q = &bridge->queues[i];
		struct virtqueue *vq = q->vq;

		epfv_bridge_stop_queue(&q->q);
		/* No callback runs, or will run, once this lock was ours */
		spin_lock_irqsave(&bridge->call_lock, flags);
		q->vq = NULL;
		spin_unlock_irqrestore(&bridge->call_lock, flags);
		if (vq)
			vring_del_virtqueue(vq);
	}
}

static int epfv_bridge_find_vqs(struct virtio_device *vdev, unsigned int nvqs,
				struct virtqueue *vqs[], struct virtqueue_info vqs_info[],
				struct irq_affinity *desc)
{
	struct epfv_bridge *bridge = to_bridge(vdev);
	unsigned int i, index = 0;
	int err;

	for (i = 0; i < nvqs; i++) {
		struct epfv_bridge_queue *q;

		if (!vqs_info[i].name) {
			vqs[i] = NULL;
			continue;
		}
		if (index == bridge->num_queues) {
			err = -ENOENT;
			goto err_del;
		}
		q = &bridge->queues[index++];
		vqs[i] = vring_create_virtqueue(q->index, bridge->queue_size, EPFV_BRIDGE_ALIGN,
						vdev, true, false, vqs_info[i].ctx,
						epfv_bridge_notify, vqs_info[i].callback,
						vqs_info[i].name);
		if (!vqs[i]) {
			err = -ENOMEM;
			goto err_del;
		}
		vqs[i]->priv = q;
		vqs[i]->num_max = bridge->queue_size;
		q->vq = vqs[i];
	}
	return 0;

err_del:
	epfv_bridge_del_vqs(vdev);
	return err;
}

static void epfv_bridge_start_queue(struct epfv_bridge_queue *bq)
{
	struct epfv_localq *q = &bq->q;
	const struct vring *vring;
	unsigned long flags;

	spin_lock_irqsave(&q->lock, flags);
	if (bq->vq && !q->live) {
		vring = virtqueue_get_vring(bq->vq);
		if (!epfv_ring_init(q->ring, vring->num, (unsigned long)vring->desc,
				    (unsigned long)vring->avail, (unsigned long)vring->used,
				    &epfv_bridge_ring_ops, bq))
			epfv_localq_start(q);
	}
	spin_unlock_irqrestore(&q->lock, flags);
}

static u8 epfv_bridge_get_status(struct virtio_device *vdev)
{
	return to_bridge(vdev)->status;
}

static void epfv_bridge_set_status(struct virtio_device *vdev, u8 status)
{
	struct epfv_bridge *bridge = to_bridge(vdev);
	unsigned int i;

	bridge->status = status;
	if (!(status & VIRTIO_CONFIG_S_DRIVER_OK))
		return;
	bridge->ops->driver(bridge->ctx, true, vdev->features);
	for (i = 0; i < bridge->num_queues; i++)
		epfv_bridge_start_queue(&bridge->queues[i]);
	/* The driver may have filled its queues before it said so */
	for (i = 0; i < bridge->num_queues; i++)
		bridge->ops->notify(bridge->ctx, &bridge->queues[i].q);
}

static void epfv_bridge_reset(struct virtio_device *vdev)
{
	struct epfv_bridge *bridge = to_bridge(vdev);
	unsigned int i;

	for (i = 0; i < bridge->num_queues; i++)
		epfv_bridge_stop_queue(&bridge->queues[i].q);
	bridge->status = 0;
	bridge->ops->driver(bridge->ctx, false, 0);
}

static u64 epfv_bridge_get_features(struct virtio_device *vdev)
{
	return to_bridge(vdev)->type->features | BIT_ULL(VIRTIO_F_VERSION_1);
}

static int epfv_bridge_finalize_features(struct virtio_device *vdev)
{
	/* ring handles none of the features that vring would like */
	vdev->features &= epfv_bridge_get_features(vdev);
	return 0;
}

static void epfv_bridge_get(struct virtio_device *vdev, unsigned int offset,
			    void *buf, unsigned int len)
{
	const struct epfv_type *type = to_bridge(vdev)->type;

	memset(buf, 0, len);
	if (offset < type->config_len)
		memcpy(buf, type->config[EPFV_ENDPOINT] + offset,
		       min(len, type->config_len - offset));
}

static void epfv_bridge_set(struct virtio_device *vdev, unsigned int offset,
			    const void *buf, unsigned int len)
{
	/* No device type has configuration bytes that a driver may write */
}

static const char *epfv_bridge_bus_name(struct virtio_device *vdev)
{
	return dev_name(vdev->dev.parent);
}

static void epfv_bridge_synchronize_cbs(struct virtio_device *vdev)
{
	struct epfv_bridge *bridge = to_bridge(vdev);
	unsigned long flags;

	spin_lock_irqsave(&bridge->call_lock, flags);
	spin_unlock_irqrestore(&bridge->call_lock, flags);
}

static const struct virtio_config_ops epfv_bridge_config_ops = {
	.get = epfv_bridge_get,
	.set = epfv_bridge_set,
	.get_status = epfv_bridge_get_status,
	.set_status = epfv_bridge_set_status,
	.reset = epfv_bridge_reset,
	.find_vqs = epfv_bridge_find_vqs,
	.del_vqs = epfv_bridge_del_vqs,
	.get_features = epfv_bridge_get_features,
	.finalize_features = epfv_bridge_finalize_features,
	.bus_name = epfv_bridge_bus_name,
	.synchronize_cbs = epfv_bridge_synchronize_cbs,
};

/*
 * Tell the driver that buffers were used, if it asked for it.  The callback runs as from an
 * interrupt: with interrupts disabled.  If the driver has broken the ring, the log is told
 * instead; not where that is found out, since this kernel's log may go through the very queue.
 */
static void epfv_bridge_call(struct epfv_localq *q)
{
	struct epfv_bridge_queue *bq = container_of(q, struct epfv_bridge_queue, q);
	struct epfv_bridge *bridge = bq->bridge;
	enum epfv_ring_error error = EPFV_RING_OK;
	struct virtqueue *vq = NULL;
	unsigned long flags;

	spin_lock_irqsave(&bridge->call_lock, flags);
	spin_lock(&q->lock);
	if (q->live && q->call)
		vq = bq->vq;
	q->call = false;
	if (q->live && q->ring->error != EPFV_RING_OK) {
		error = q->ring->error;
		q->live = false;
	}
	spin_unlock(&q->lock);
	if (vq)
		vring_interrupt(0, vq);
	spin_unlock_irqrestore(&bridge->call_lock, flags);

	if (error != EPFV_RING_OK)
		dev_err(&bridge->vdev.dev, "%s queue: %s; stopped until its driver resets it\n",
			bridge->type->queue_names[bq->index], epfv_ring_error_text(error));
}

static void epfv_bridge_destroy(struct epfv_bridge *bridge)
{
	unsigned int i;

	for (i = 0; i < bridge->num_queues; i++)
		kvfree(bridge->queues[i].q.ring);
	kfree(bridge);
}

static void epfv_bridge_release(struct device *dev)
{
	epfv_bridge_destroy(to_bridge(dev_to_virtio(dev)));
}

/**
 * epfv_bridge_alloc() - prepare a virtio device for the endpoint's own bus
 * @parent: its parent in the device tree
 * @type: device type, must outlive the bridge
 * @queue_size: descriptors per virtqueue, a power of two
 * @ops: who is told of the driver's buffers
 * @ctx: handed to @ops
 *
 * Context: may sleep.
 * Return: the bridge, or NULL if there is not enough memory.
 */
struct epfv_bridge *epfv_bridge_alloc(struct device *parent, const struct epfv_type *type,
				      u16 queue_size, const struct epfv_bridge_ops *ops,
				      void *ctx)
{
	struct epfv_bridge *bridge;
	unsigned int i;

	bridge = kzalloc_obj(*bridge);
	if (!bridge)
		return NULL;

	bridge->type = type;
	bridge->queue_size = queue_size;
	bridge->ops = ops;
	bridge->ctx = ctx;
	spin_lock_init(&bridge->call_lock);
	for (i = 0; i < type->num_queues; i++) {
		struct epfv_bridge_queue *q = &bridge->queues[i];

		q->bridge = bridge;
		q->index = i;
		spin_lock_init(&q->q.lock);
		q->q.callback = epfv_bridge_call;
		q->q.ring = kvzalloc_obj(*q->q.ring);
		if (!q->q.ring) {
			epfv_bridge_destroy(bridge);
			return NULL;
		}
		bridge->num_queues++;
	}

	bridge->vdev.dev.parent = parent;
	bridge->vdev.dev.release = epfv_bridge_release;
	bridge->vdev.config = &epfv_bridge_config_ops;
	bridge->vdev.id.device = type->virtio_id;
	bridge->vdev.id.vendor = PCI_VENDOR_ID_REDHAT_QUMRANET;
	return bridge;
}

/**
 * epfv_bridge_free() - undo epfv_bridge_alloc()
 * @bridge: bridge that is not registered, NULL is ignored
 */
void epfv_bridge_free(struct epfv_bridge *bridge)
{
	if (!bridge)
		return;
	if (bridge->counted)
		put_device(&bridge->vdev.dev);
	else
		epfv_bridge_destroy(bridge);
}

/**
 * epfv_bridge_register() - put the device on the endpoint's own bus
 * @bridge: from epfv_bridge_alloc(), registered at most once
 *
 * The driver may probe, and its buffers be told of, before this returns.
 *
 * Context: may sleep.
 * Return: 0 or an error of register_virtio_device().
 */
int epfv_bridge_register(struct epfv_bridge *bridge)
{
	int err;

	err = register_virtio_device(&bridge->vdev);
	/* From here on the device counts references, registered or not */
	bridge->counted = true;
	if (!err)
		get_device(&bridge->vdev.dev);
	return err;
}

/**
 * epfv_bridge_unregister() - take the device off the bus
 * @bridge: registered bridge
 *
 * The driver's buffers may be told of until this returns, but not after.  The
 * driver may wait for its buffers meanwhile, so they must still be served.
 *
 * Context: may sleep.
 */
void epfv_bridge_unregister(struct epfv_bridge *bridge)
{
	unregister_virtio_device(&bridge->vdev);
}
