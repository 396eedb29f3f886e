// SPDX-License-Identifier: GPL-2.0
/*
 * What a device type does with its function
 */
#include <linux/module.h>

#include "function.h"

static void epfv_wake_pair(struct epfv_function *f, unsigned int pair)
{
	epfv_worker_kick(&f->workers[f->type->pairs[pair].worker].w, false);
}

static void epfv_receiver_and_sender(struct epfv_function *f, unsigned int pair,
				     enum epfv_side side, struct epfv_pipe **to,
				     struct epfv_pipe **from)
{
	*to = side == EPFV_HOST ? &f->to_host[pair] : &f->from_host[pair];
	*from = side == EPFV_HOST ? &f->from_host[pair] : &f->to_host[pair];
}

void epfv_pair_open(struct epfv_function *f, unsigned int pair, enum epfv_side side, bool open)
{
	struct epfv_pipe *to, *from;

	epfv_receiver_and_sender(f, pair, side, &to, &from);
	epfv_pipe_open(to, open);
	if (!open)
		epfv_pipe_close(from, &f->lane);
	epfv_wake_pair(f, pair);
}
EXPORT_SYMBOL_GPL(epfv_pair_open);

void epfv_pair_lossless(struct epfv_function *f, unsigned int pair, enum epfv_side side,
			bool lossless)
{
	struct epfv_pipe *to, *from;

	epfv_receiver_and_sender(f, pair, side, &to, &from);
	epfv_pipe_lossless(from, lossless);
	epfv_wake_pair(f, pair);
}
EXPORT_SYMBOL_GPL(epfv_pair_lossless);

void epfv_pair_put(struct epfv_function *f, unsigned int pair, const void *buf, size_t len)
{
	epfv_pipe_put(&f->from_host[pair], buf, len);
	epfv_wake_pair(f, pair);
}
EXPORT_SYMBOL_GPL(epfv_pair_put);

size_t epfv_pair_readable(struct epfv_function *f, unsigned int pair)
{
	return epfv_direct_pending(&f->from_host[pair]);
}
EXPORT_SYMBOL_GPL(epfv_pair_readable);

size_t epfv_pair_read(struct epfv_function *f, unsigned int pair, void *buf, size_t len)
{
	bool work;
	size_t n;

	n = epfv_direct_read(&f->from_host[pair], buf, len, &work);
	if (work)
		epfv_wake_pair(f, pair);
	return n;
}
EXPORT_SYMBOL_GPL(epfv_pair_read);

size_t epfv_pair_writable(struct epfv_function *f, unsigned int pair)
{
	return epfv_direct_room(&f->to_host[pair]);
}
EXPORT_SYMBOL_GPL(epfv_pair_writable);

size_t epfv_pair_write(struct epfv_function *f, unsigned int pair, const void *buf, size_t len)
{
	size_t n = epfv_direct_write(&f->to_host[pair], buf, len);

	if (n)
		epfv_wake_pair(f, pair);
	return n;
}
EXPORT_SYMBOL_GPL(epfv_pair_write);

void epfv_wake(struct epfv_function *f)
{
	unsigned int i;

	epfv_poller_kick(&f->poller);
	for (i = 0; i < f->num_workers; i++)
		epfv_worker_kick(&f->workers[i].w, false);
}
EXPORT_SYMBOL_GPL(epfv_wake);

void epfv_lock(struct epfv_function *f)
{
	unsigned int i;

	mutex_lock(&f->poller.lock);
	for (i = 0; i < f->num_workers; i++)
		mutex_lock_nested(&f->workers[i].w.lock, i);
}
EXPORT_SYMBOL_GPL(epfv_lock);

void epfv_unlock(struct epfv_function *f)
{
	unsigned int i;

	for (i = 0; i < f->num_workers; i++)
		mutex_unlock(&f->workers[i].w.lock);
	mutex_unlock(&f->poller.lock);
}
EXPORT_SYMBOL_GPL(epfv_unlock);

void epfv_config_changed(struct epfv_function *f)
{
	struct epfv_transport *t = f->poller.t;

	mutex_lock(&f->poller.lock);
	t->ops->put_config(t, f->poller.msix_on);
	if (epfv_poller_epoch_open(&f->poller)) {
		/* It looks at the configuration at each interrupt then, which does no harm */
		if (!f->poller.msix_on)
			t->ops->put_isr(t, EPFV_ISR_QUEUE | EPFV_ISR_CONFIG);
		epfv_irq_raise(&f->irq, f->setup.config_vector);
	}
	mutex_unlock(&f->poller.lock);
	epfv_poller_kick(&f->poller);
	if (f->bridge)
		virtio_config_changed(&f->bridge->vdev);
}
EXPORT_SYMBOL_GPL(epfv_config_changed);

