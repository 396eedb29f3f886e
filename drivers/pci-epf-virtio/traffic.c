// SPDX-License-Identifier: GPL-2.0
/*
 * What passes through a function: queues of both sides, joined
 */
#include <linux/errno.h>
#include <linux/log2.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/virtio_pci.h>

#include "function.h"
#include "trace.h"

/* Rings that could not be mapped: pauses between attempts */
#define VEPF_START_MIN_NS	(5 * NSEC_PER_MSEC)
#define VEPF_START_MAX_NS	NSEC_PER_SEC

/*
 * A driver that is bound again begins at once, and the registers are not looked at while a
 * window is unmapped, which flushes a TLB, or takes longer.  So that is done when none has
 * come for so long, and the next one, which often has its rings where they were before, may
 * find them mapped.
 */
#define VEPF_KEEP_NS		NSEC_PER_SEC

/* Tell the device type of a driver, if it wants to know */
static void vepf_driver_state(struct vepf_function *f, enum vepf_side side, bool up, u32 features)
{
	if (f->type->control_feature)
		f->ops->driver(f->priv, side, up, features);
}

/* Whether the host's driver has a queue, with the features that it accepted */
static bool vepf_queue_in_use(struct vepf_function *f, unsigned int i)
{
	const struct vepf_type *type = f->type;
	const struct vepf_regs *regs = &f->poller.regs;

	if (type->control_feature && !(regs->features & type->control_feature) &&
	    i != type->pairs[0].rx && i != type->pairs[0].tx)
		return false;
	return regs->queue[i].pfn;
}

/* What the poller drives */

static void vepf_stop_queues(struct vepf_function *f)
{
	unsigned int i;

	for (i = 0; i < f->type->num_queues; i++)
		vepf_hostq_stop(&f->hostq[i]);
}

/* Unmap one window, or a queue's; returns whether there was one */
static bool vepf_release_one(struct vepf_function *f)
{
	unsigned int i;

	if (vepf_hostmem_release(&f->hostmem))
		return true;
	for (i = 0; i < f->type->num_queues; i++) {
		if (vepf_hostq_release(&f->hostq[i]))
			return true;
	}
	return false;
}

static void vepf_release(void *ctx)
{
	struct vepf_function *f = ctx;

	while (vepf_release_one(f))
		;
	f->release_at = 0;
}

/* Nanoseconds until windows of a driver that has gone are unmapped, U64_MAX if none is left */
static u64 vepf_release_later(struct vepf_function *f)
{
	ktime_t now;

	if (!f->release_at)
		return U64_MAX;
	now = ktime_get();
	if (now < f->release_at)
		return f->release_at - now;
	if (vepf_release_one(f))
		return 0;
	f->release_at = 0;
	return U64_MAX;
}

/* The driver is ready, and may be spinning for a buffer: try again, ever less often */
static void vepf_start_later(struct vepf_function *f, const struct vepf_hostq *q, u32 pfn, int err)
{
	vepf_stop_queues(f);
	vepf_release(f);
	if (!f->start_wait_ns) {
		f->start_wait_ns = VEPF_START_MIN_NS;
		f->stats.host_errors++;
		trace_vepf_host_error(dev_name(&f->epf->dev), q->name, "ring cannot be mapped");
		dev_err_ratelimited(&f->epf->dev,
				    "cannot map the host's %s queue at page %#x (err=%d), will try again\n",
				    q->name, pfn, err);
	} else {
		f->start_wait_ns = min_t(u64, 2 * f->start_wait_ns, VEPF_START_MAX_NS);
	}
	f->start_at = ktime_add_ns(ktime_get(), f->start_wait_ns);
}

static void vepf_start(void *ctx)
{
	struct vepf_function *f = ctx;
	const struct vepf_regs *regs = &f->poller.regs;
	unsigned int i;
	int err;

	f->start_at = 0;
	f->release_at = 0;
	vepf_irq_start(&f->irq, f->poller.msix_on);
	if (!f->poller.msix_on) {
		dev_info_ratelimited(&f->epf->dev, "the host has not enabled MSI-X, and gets INTx\n");
		vepf_regs_put_isr(&f->poller.regs, VEPF_ISR_QUEUE);
	}
	for (i = 0; i < f->type->num_queues; i++)
		vepf_hostq_keep(&f->hostq[i], vepf_queue_in_use(f, i) ? regs->queue[i].pfn : 0,
				f->queue_size);
	for (i = 0; i < f->type->num_queues; i++) {
		if (!vepf_queue_in_use(f, i))
			continue;
		err = vepf_hostq_start(&f->hostq[i], regs->queue[i].pfn, f->queue_size,
				       regs->queue[i].vector);
		if (err) {
			vepf_start_later(f, &f->hostq[i], regs->queue[i].pfn, err);
			return;
		}
	}
	vepf_driver_state(f, VEPF_HOST, true, regs->features);
	for (i = 0; i < f->type->num_pairs; i++) {
		vepf_pipe_start(&f->from_host[i]);
		vepf_pipe_start(&f->to_host[i]);
	}
}

/* Nanoseconds until the next attempt to map the rings, U64_MAX if none is due */
static u64 vepf_start_again(struct vepf_function *f)
{
	ktime_t now;

	if (!f->start_at || !vepf_poller_epoch_open(&f->poller))
		return U64_MAX;
	now = ktime_get();
	if (now < f->start_at)
		return f->start_at - now;
	vepf_start(f);
	return f->start_at ? f->start_wait_ns : 0;
}

static void vepf_stop(void *ctx)
{
	struct vepf_function *f = ctx;
	unsigned int i;

	for (i = 0; i < f->type->num_pairs; i++) {
		vepf_pipe_stop(&f->from_host[i]);
		vepf_pipe_stop(&f->to_host[i]);
	}
	vepf_control_stop(&f->control);
	vepf_driver_state(f, VEPF_HOST, false, 0);
	vepf_stop_queues(f);
	vepf_hostmem_forget(&f->hostmem);
	vepf_irq_drop(&f->irq);
	f->start_at = 0;
	f->start_wait_ns = 0;
	f->release_at = ktime_add_ns(ktime_get(), VEPF_KEEP_NS);
}

/* Run one direction, and tell what it took from what the others did */
static u64 vepf_run_pipe(struct vepf_function *f, struct vepf_pipe *p,
			 u64 (*run)(struct vepf_pipe *p))
{
	const struct vepf_stats before = f->stats;
	struct vepf_hostq *q = p->hq;
	u64 messages = q->messages, bytes = q->bytes;
	u64 again = run(p);

	vepf_stats_add(&q->stats, &before, &f->stats);
	if (q->messages != messages)
		trace_vepf_batch(dev_name(&f->epf->dev), q->name, q->messages - messages,
				 q->bytes - bytes, f->stats.np_reads - before.np_reads,
				 f->stats.posted_writes - before.posted_writes,
				 f->stats.interrupts - before.interrupts);
	return again;
}

/*
 * Tell the device type of a sender that has closed its end and is done with.  The next one goes
 * on when the receiver knows of the end; one that cannot wait does not.
 */
static u64 vepf_drained_one(struct vepf_function *f, struct vepf_pipe *p, enum vepf_side side,
			    unsigned int pair)
{
	if (!vepf_pipe_delivered(p))
		return U64_MAX;
	if (!f->ops->drained(f->priv, side, pair) && READ_ONCE(p->lossless))
		return U64_MAX;
	return vepf_pipe_drained(p) ? 0 : U64_MAX;
}

static u64 vepf_drained(struct vepf_function *f, unsigned int pair)
{
	return min(vepf_drained_one(f, &f->from_host[pair], VEPF_HOST, pair),
		   vepf_drained_one(f, &f->to_host[pair], VEPF_ENDPOINT, pair));
}

/*
 * Messages that have come change what is done with data, and are handled before it;
 * what drivers are told then is true.
 */
static u64 vepf_work(void *ctx, bool scan)
{
	struct vepf_function *f = ctx;
	bool control = f->type->control_feature;
	u64 again = min(vepf_start_again(f), vepf_release_later(f));
	unsigned int i;

	if (control)
		again = min(again, vepf_control_receive(&f->control, scan));
	for (i = 0; i < f->type->num_pairs; i++) {
		if (scan) {
			vepf_pipe_notified(&f->from_host[i]);
			vepf_pipe_notified(&f->to_host[i]);
		}
		again = min(again, vepf_run_pipe(f, &f->from_host[i], vepf_pipe_from_host));
		again = min(again, vepf_run_pipe(f, &f->to_host[i], vepf_pipe_to_host));
		if (control)
			again = min(again, vepf_drained(f, i));
	}
	if (control)
		again = min(again, vepf_control_send(&f->control));
	if (f->irq.starved) {
		vepf_hostmem_yield(&f->hostmem);
		/* Until another attempt has failed */
		f->irq.starved = false;
	}
	if (f->poller.up)
		again = min(again, vepf_irq_flush(&f->irq));
	return again;
}

static void vepf_leave(void *ctx)
{
	struct vepf_function *f = ctx;
	unsigned int i;

	for (i = 0; i < f->type->num_queues; i++)
		vepf_hostq_abandon(&f->hostq[i]);
	/* While the epoch is open: what was written leaves before its window does */
	vepf_stop_queues(f);
	vepf_release(f);
}

static void vepf_failed(void *ctx, bool incomplete)
{
	const char *what = incomplete ? "the host's driver did not set up every queue" :
					"the host's driver has given up on the device";
	struct vepf_function *f = ctx;

	f->stats.host_errors++;
	trace_vepf_host_error(dev_name(&f->epf->dev), "-", what);
	dev_warn_ratelimited(&f->epf->dev, "%s; left alone until the host resets it\n", what);
}

static void vepf_written(void *ctx, u32 val)
{
	struct vepf_function *f = ctx;

	f->ops->written(f->priv, val);
}

static bool vepf_msix_enabled(void *ctx)
{
	struct vepf_function *f = ctx;

	return vepf_irq_msix_enabled(&f->irq);
}

const struct vepf_poller_ops vepf_poller_ops = {
	.start = vepf_start,
	.stop = vepf_stop,
	.release = vepf_release,
	.leave = vepf_leave,
	.failed = vepf_failed,
	.work = vepf_work,
	.written = vepf_written,
	.msix_enabled = vepf_msix_enabled,
};

/* What the bridge tells */

static void vepf_notify(void *ctx, struct vepf_localq *q)
{
	struct vepf_function *f = ctx;
	unsigned int i;

	if (f->type->control_feature && q == f->control.local_tx)
		vepf_control_collect(&f->control);
	for (i = 0; i < f->type->num_pairs; i++) {
		if (f->to_host[i].lq == q && !vepf_pipe_collect(&f->to_host[i]))
			return;
	}
	vepf_poller_kick(&f->poller);
}

static void vepf_local_driver(void *ctx, bool up, u32 features)
{
	struct vepf_function *f = ctx;

	vepf_driver_state(f, VEPF_ENDPOINT, up, features);
	vepf_poller_kick(&f->poller);
}

static const struct vepf_bridge_ops vepf_bridge_ops = {
	.notify = vepf_notify,
	.driver = vepf_local_driver,
};

/* What a device type does */

static void vepf_receiver_and_sender(struct vepf_function *f, unsigned int pair,
				     enum vepf_side side, struct vepf_pipe **to,
				     struct vepf_pipe **from)
{
	*to = side == VEPF_HOST ? &f->to_host[pair] : &f->from_host[pair];
	*from = side == VEPF_HOST ? &f->from_host[pair] : &f->to_host[pair];
}

void vepf_pair_open(struct vepf_function *f, unsigned int pair, enum vepf_side side, bool open)
{
	struct vepf_pipe *to, *from;

	vepf_receiver_and_sender(f, pair, side, &to, &from);
	vepf_pipe_open(to, open);
	if (!open)
		vepf_pipe_close(from);
	vepf_wake(f);
}
EXPORT_SYMBOL_GPL(vepf_pair_open);

void vepf_pair_lossless(struct vepf_function *f, unsigned int pair, enum vepf_side side,
			bool lossless)
{
	struct vepf_pipe *to, *from;

	vepf_receiver_and_sender(f, pair, side, &to, &from);
	vepf_pipe_lossless(from, lossless);
}
EXPORT_SYMBOL_GPL(vepf_pair_lossless);

void vepf_pair_put(struct vepf_function *f, unsigned int pair, const void *buf, size_t len)
{
	vepf_pipe_put(&f->from_host[pair], buf, len);
}
EXPORT_SYMBOL_GPL(vepf_pair_put);

size_t vepf_pair_readable(struct vepf_function *f, unsigned int pair)
{
	return vepf_direct_pending(&f->from_host[pair]);
}
EXPORT_SYMBOL_GPL(vepf_pair_readable);

size_t vepf_pair_read(struct vepf_function *f, unsigned int pair, void *buf, size_t len)
{
	bool work;
	size_t n;

	n = vepf_direct_read(&f->from_host[pair], buf, len, &work);
	if (work)
		vepf_wake(f);
	return n;
}
EXPORT_SYMBOL_GPL(vepf_pair_read);

size_t vepf_pair_writable(struct vepf_function *f, unsigned int pair)
{
	return vepf_direct_room(&f->to_host[pair]);
}
EXPORT_SYMBOL_GPL(vepf_pair_writable);

size_t vepf_pair_write(struct vepf_function *f, unsigned int pair, const void *buf, size_t len)
{
	size_t n = vepf_direct_write(&f->to_host[pair], buf, len);

	if (n)
		vepf_wake(f);
	return n;
}
EXPORT_SYMBOL_GPL(vepf_pair_write);

void vepf_wake(struct vepf_function *f)
{
	vepf_poller_kick(&f->poller);
}
EXPORT_SYMBOL_GPL(vepf_wake);

void vepf_lock(struct vepf_function *f)
{
	mutex_lock(&f->poller.lock);
}
EXPORT_SYMBOL_GPL(vepf_lock);

void vepf_unlock(struct vepf_function *f)
{
	mutex_unlock(&f->poller.lock);
}
EXPORT_SYMBOL_GPL(vepf_unlock);

void vepf_config_changed(struct vepf_function *f)
{
	const struct vepf_regs *regs = &f->poller.regs;

	vepf_lock(f);
	vepf_regs_put_config(&f->poller.regs, f->poller.msix_on);
	if (vepf_poller_epoch_open(&f->poller)) {
		/* It looks at the configuration at each interrupt then, which does no harm */
		if (!f->poller.msix_on)
			vepf_regs_put_isr(&f->poller.regs, VEPF_ISR_QUEUE | VIRTIO_PCI_ISR_CONFIG);
		vepf_irq_raise(&f->irq, regs->config_vector);
	}
	vepf_unlock(f);
	vepf_wake(f);
	if (f->bridge)
		virtio_config_changed(&f->bridge->vdev);
}
EXPORT_SYMBOL_GPL(vepf_config_changed);

/* Memory for both */

/* Of several streams, all together may have as much in transit as a single one */
static u32 vepf_transit(const struct vepf_type *type, const struct vepf_pair *pair)
{
	if (pair->lossless)
		return 2 * VEPF_HISTORY_SIZE;
	return max_t(u32, rounddown_pow_of_two(VEPF_TRANSIT_SIZE / type->num_pairs),
		     2 * VEPF_HISTORY_SIZE);
}

/* One queue of the endpoint's side, whatever that is */
static struct vepf_localq *vepf_localq(struct vepf_function *f, unsigned int i)
{
	return f->bridge ? &f->bridge->queues[i].q : &f->direct->queues[i].q;
}

static int vepf_init_pipes(struct vepf_function *f)
{
	unsigned int i;
	int err;

	for (i = 0; i < f->type->num_pairs; i++) {
		const struct vepf_pair *pair = &f->type->pairs[i];
		u32 transit = vepf_transit(f->type, pair);

		err = vepf_pipe_init(&f->from_host[i], false, &f->hostq[pair->tx],
				     vepf_localq(f, pair->rx), transit, pair->lossless);
		if (err)
			return err;
		err = vepf_pipe_init(&f->to_host[i], true, &f->hostq[pair->rx],
				     vepf_localq(f, pair->tx), transit, pair->lossless);
		if (err)
			return err;
		if (f->type->control_feature) {
			vepf_pipe_open(&f->from_host[i], false);
			vepf_pipe_open(&f->to_host[i], false);
		}
	}
	return 0;
}

static void vepf_init_control(struct vepf_function *f)
{
	const struct vepf_pair *pair = &f->type->control;

	f->control = (struct vepf_control){
		.host_rx = &f->hostq[pair->rx],
		.host_tx = &f->hostq[pair->tx],
		.local_rx = vepf_localq(f, pair->rx),
		.local_tx = vepf_localq(f, pair->tx),
		.message = f->ops ? f->ops->message : NULL,
		.next = f->ops ? f->ops->next : NULL,
		.ctx = f->priv,
	};
}

/**
 * vepf_free_queues() - undo vepf_alloc_queues()
 * @f: function; may have nothing allocated, or a part
 */
void vepf_free_queues(struct vepf_function *f)
{
	unsigned int i;

	for (i = 0; f->from_host && i < f->type->num_pairs; i++)
		vepf_pipe_free(&f->from_host[i]);
	for (i = 0; f->to_host && i < f->type->num_pairs; i++)
		vepf_pipe_free(&f->to_host[i]);
	vepf_bridge_free(f->bridge);
	kfree(f->direct);
	f->bridge = NULL;
	f->direct = NULL;
	for (i = 0; f->hostq && i < f->type->num_queues; i++)
		vepf_hostq_free(&f->hostq[i]);
	kvfree(f->from_host);
	kvfree(f->to_host);
	kvfree(f->hostq);
	f->from_host = NULL;
	f->to_host = NULL;
	f->hostq = NULL;
}

/**
 * vepf_alloc_queues() - make the queues of both sides, and join them
 * @f: function with its type, and its host memory and interrupts prepared
 *
 * Return: 0 or -ENOMEM.
 */
int vepf_alloc_queues(struct vepf_function *f)
{
	unsigned int i;
	int err;

	f->hostq = kvcalloc(f->type->num_queues, sizeof(*f->hostq), GFP_KERNEL);
	f->from_host = kvcalloc(f->type->num_pairs, sizeof(*f->from_host), GFP_KERNEL);
	f->to_host = kvcalloc(f->type->num_pairs, sizeof(*f->to_host), GFP_KERNEL);
	if (!f->hostq || !f->from_host || !f->to_host) {
		err = -ENOMEM;
		goto err_free;
	}
	for (i = 0; i < f->type->num_queues; i++) {
		err = vepf_hostq_init(&f->hostq[i], f->type->queue_names[i], &f->hostmem, &f->irq);
		if (err)
			goto err_free;
	}
	if (f->type->direct)
		f->direct = vepf_direct_alloc(f->type, f->ops->changed, f->priv);
	else
		f->bridge = vepf_bridge_alloc(&f->epf->dev, f->type, f->queue_size,
					      &vepf_bridge_ops, f);
	if (!f->bridge && !f->direct) {
		err = -ENOMEM;
		goto err_free;
	}
	vepf_init_control(f);
	err = vepf_init_pipes(f);
	if (err)
		goto err_free;
	return 0;

err_free:
	vepf_free_queues(f);
	return err;
}
