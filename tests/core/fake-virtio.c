// SPDX-License-Identifier: GPL-2.0
/*
 * The endpoint's own virtio bus, and a driver on it
 */
#include <stdlib.h>
#include <string.h>

#include <linux/virtio_config.h>
#include <linux/virtio_ring.h>

#include "fake-kernel.h"
#include "fake-virtio.h"

struct fake_vq {
	struct virtqueue vq;
	struct vring vring;
	bool (*notify)(struct virtqueue *vq);
};

struct fake_virtio fake_virtio;

void fake_virtio_reset(void)
{
	memset(&fake_virtio, 0, sizeof(fake_virtio));
	fake_virtio.num_vqs = 2;
	fake_virtio.no_memory_for = -1;
	fake_virtio.unnamed = -1;
}

static struct fake_vq *to_fake(const struct virtqueue *vq)
{
	return container_of(vq, struct fake_vq, vq);
}

/* The bus */

int register_virtio_device(struct virtio_device *dev)
{
	assert_null(fake_virtio.vdev);
	dev->dev.refs = 1;
	if (fake_virtio.register_result)
		return fake_virtio.register_result;
	fake_virtio.vdev = dev;
	dev->config->reset(dev);
	dev->config->set_status(dev, VIRTIO_CONFIG_S_ACKNOWLEDGE);
	return 0;
}

void unregister_virtio_device(struct virtio_device *dev)
{
	assert_ptr_equal(dev, fake_virtio.vdev);
	fake_virtio_remove();
	fake_virtio.vdev = NULL;
	put_device(&dev->dev);
}

void virtio_config_changed(struct virtio_device *dev)
{
	assert_ptr_equal(dev, fake_virtio.vdev);
	fake_virtio.config_calls += fake_virtio.bound;
}

/* The driver's half of a queue */

struct virtqueue *vring_create_virtqueue(unsigned int index, unsigned int num,
					 unsigned int vring_align, struct virtio_device *vdev,
					 bool weak_barriers, bool may_reduce_num, bool ctx,
					 bool (*notify)(struct virtqueue *vq),
					 void (*callback)(struct virtqueue *vq),
					 const char *name)
{
	size_t size = (vring_size(num, vring_align) + 4095) & ~4095UL;
	struct fake_vq *q;
	void *mem;

	assert_true(weak_barriers);
	assert_false(may_reduce_num);
	if ((int)index == fake_virtio.no_memory_for)
		return NULL;
	q = calloc(1, sizeof(*q));
	mem = aligned_alloc(4096, size);
	memset(mem, 0, size);
	vring_init(&q->vring, num, mem, vring_align);
	q->notify = notify;
	q->vq = (struct virtqueue){ .vdev = vdev, .callback = callback, .name = name,
				    .index = index };
	(void)ctx;
	return &q->vq;
}

void vring_del_virtqueue(struct virtqueue *vq)
{
	struct fake_vq *q = to_fake(vq);

	free(q->vring.desc);
	free(q);
}

const struct vring *virtqueue_get_vring(const struct virtqueue *vq)
{
	return &to_fake(vq)->vring;
}

int vring_interrupt(int irq, void *_vq)
{
	struct virtqueue *vq = _vq;

	(void)irq;
	vq->callback(vq);
	return 0;
}

/* The driver */

static void used(struct virtqueue *vq)
{
	unsigned int i;

	for (i = 0; i < fake_virtio.num_vqs; i++)
		fake_virtio.calls[i] += fake_virtio.vq[i] == vq;
}

static void add_status(u8 status)
{
	struct virtio_device *vdev = fake_virtio.vdev;

	vdev->config->set_status(vdev, vdev->config->get_status(vdev) | status);
}

int fake_virtio_probe(void)
{
	struct virtio_device *vdev = fake_virtio.vdev;
	struct virtqueue_info info[FAKE_MAX_VQS];
	unsigned int i;
	int err;

	assert_non_null(vdev);
	assert_false(fake_virtio.bound);
	add_status(VIRTIO_CONFIG_S_DRIVER);
	vdev->features = vdev->config->get_features(vdev) &
			 (fake_virtio.accepts | 1ULL << VIRTIO_F_VERSION_1);
	assert_int_equal(vdev->config->finalize_features(vdev), 0);
	add_status(VIRTIO_CONFIG_S_FEATURES_OK);
	for (i = 0; i < fake_virtio.num_vqs; i++)
		info[i] = (struct virtqueue_info){ .name = "queue", .callback = used };
	if (fake_virtio.unnamed >= 0)
		info[fake_virtio.unnamed].name = NULL;
	err = vdev->config->find_vqs(vdev, fake_virtio.num_vqs, fake_virtio.vq, info, NULL);
	if (err) {
		add_status(VIRTIO_CONFIG_S_FAILED);
		return err;
	}
	if (fake_virtio.fill)
		fake_virtio.fill();
	add_status(VIRTIO_CONFIG_S_DRIVER_OK);
	fake_virtio.bound = true;
	return 0;
}

void fake_virtio_remove(void)
{
	struct virtio_device *vdev = fake_virtio.vdev;

	if (!fake_virtio.bound)
		return;
	if (fake_virtio.removing)
		fake_virtio.removing();
	fake_virtio.bound = false;
	vdev->config->reset(vdev);
	vdev->config->del_vqs(vdev);
	memset(fake_virtio.vq, 0, sizeof(fake_virtio.vq));
	add_status(VIRTIO_CONFIG_S_ACKNOWLEDGE);
}

void fake_virtio_notify(unsigned int i)
{
	assert_true(to_fake(fake_virtio.vq[i])->notify(fake_virtio.vq[i]));
}
