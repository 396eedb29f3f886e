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

#include "function.h"
#include "trace.h"

/* Rings that could not be mapped: pauses between attempts */
#define EPFV_START_MIN_NS	(5 * NSEC_PER_MSEC)
#define EPFV_START_MAX_NS	NSEC_PER_SEC

/*
 * A driver that is bound again begins at once, and the registers are not looked at while a
 * window is unmapped, which flushes a TLB, or takes longer.  So that is done when none has
 * come for so long, and the next one, which often has its rings where they were before, may
 * find them mapped.
 */
#define EPFV_KEEP_NS		NSEC_PER_SEC

/* Tell the device type of a driver, if it wants to know */
static void epfv_driver_state(struct epfv_function *f, enum epfv_side side, bool up, u32 features)
{
	if (f->type->control_feature)
		f->ops->driver(f->priv, side, up, features);
}

/* Whether the host's driver has a queue, with the features that it accepted */
static bool epfv_queue_in_use(struct epfv_function *f, unsigned int i)
{
	const struct epfv_type *type = f->type;

	if (type->control_feature && !(f->setup.features & type->control_feature) &&
	    i != type->pairs[0].rx && i != type->pairs[0].tx)
		return false;
	return f->setup.queue[i].desc;
}

/* What the poller drives */

static void epfv_stop_queues(struct epfv_function *f)
{
	unsigned int i;

	for (i = 0; i < f->type->num_queues; i++)
		epfv_hostq_stop(&f->hostq[i]);
}

/* Unmap one window, or a queue's; returns whether there was one */
static bool epfv_release_one(struct epfv_function *f)
{
	unsigned int i;

	if (epfv_hostmem_release(&f->lane))
		return true;
	for (i = 0; i < f->type->num_queues; i++) {
		if (epfv_hostq_release(&f->hostq[i]))
			return true;
	}
	return false;
}

static void epfv_release(void *ctx)
{
	struct epfv_function *f = ctx;

	while (epfv_release_one(f))
		;
	f->release_at = 0;
}

/* Nanoseconds until windows of a driver that has gone are unmapped, U64_MAX if none is left */
static u64 epfv_release_later(struct epfv_function *f)
{
	ktime_t now;

	if (!f->release_at)
		return U64_MAX;
	now = ktime_get();
	if (now < f->release_at)
		return f->release_at - now;
	if (epfv_release_one(f))
		return 0;
	f->release_at = 0;
	return U64_MAX;
}

/* Whose memory the function uses from now on */
static void epfv_set_epoch(struct epfv_function *f, u32 epoch)
{
	unsigned int i;

	f->lane.epoch = epoch;
	for (i = 0; i < f->type->num_queues; i++)
		f->hostq[i].lane.epoch = epoch;
}

/* The driver is ready, and may be spinning for a buffer: try again, ever less often */
static void epfv_start_later(struct epfv_function *f, unsigned int i, int err)
{
	const struct epfv_hostq *q = &f->hostq[i];

	epfv_stop_queues(f);
	epfv_release(f);
	if (!f->start_wait_ns) {
		f->start_wait_ns = EPFV_START_MIN_NS;
		f->lane.stats.host_errors++;
		trace_epfv_host_error(dev_name(&f->epf->dev), q->name, "ring cannot be mapped");
		dev_err_ratelimited(&f->epf->dev,
				    "cannot map the host's %s queue at %#llx (err=%d), will try again\n",
				    q->name, f->setup.queue[i].desc, err);
	} else {
		f->start_wait_ns = min_t(u64, 2 * f->start_wait_ns, EPFV_START_MAX_NS);
	}
	f->start_at = ktime_add_ns(ktime_get(), f->start_wait_ns);
}

static void epfv_start(void *ctx)
{
	struct epfv_function *f = ctx;
	struct epfv_transport *t = f->poller.t;
	unsigned int i;
	int err;

	f->start_at = 0;
	f->release_at = 0;
	epfv_set_epoch(f, t->epoch);
	t->ops->setup(t, &f->setup);
	epfv_irq_start(&f->irq, f->poller.msix_on);
	if (!f->poller.msix_on) {
		dev_info_ratelimited(&f->epf->dev, "the host has not enabled MSI-X, and gets INTx\n");
		t->ops->put_isr(t, EPFV_ISR_QUEUE);
	}
	for (i = 0; i < f->type->num_queues; i++)
		epfv_hostq_keep(&f->hostq[i],
				epfv_queue_in_use(f, i) ? &f->setup.queue[i] : NULL);
	for (i = 0; i < f->type->num_queues; i++) {
		if (!epfv_queue_in_use(f, i))
			continue;
		err = epfv_hostq_start(&f->hostq[i], &f->setup.queue[i]);
		if (err) {
			epfv_start_later(f, i, err);
			return;
		}
	}
	epfv_driver_state(f, EPFV_HOST, true, f->setup.features);
	for (i = 0; i < f->type->num_pairs; i++) {
		epfv_pipe_start(&f->from_host[i]);
		epfv_pipe_start(&f->to_host[i]);
	}
}

/* Nanoseconds until the next attempt to map the rings, U64_MAX if none is due */
static u64 epfv_start_again(struct epfv_function *f)
{
	ktime_t now;

	if (!f->start_at || !epfv_poller_epoch_open(&f->poller))
		return U64_MAX;
	now = ktime_get();
	if (now < f->start_at)
		return f->start_at - now;
	epfv_start(f);
	return f->start_at ? f->start_wait_ns : 0;
}

static void epfv_stop(void *ctx)
{
	struct epfv_function *f = ctx;
	unsigned int i;

	for (i = 0; i < f->type->num_pairs; i++) {
		epfv_pipe_stop(&f->from_host[i]);
		epfv_pipe_stop(&f->to_host[i]);
	}
	epfv_control_stop(&f->control);
	epfv_driver_state(f, EPFV_HOST, false, 0);
	epfv_stop_queues(f);
	epfv_set_epoch(f, EPFV_NO_EPOCH);
	epfv_irq_drop(&f->irq);
	f->start_at = 0;
	f->start_wait_ns = 0;
	f->release_at = ktime_add_ns(ktime_get(), EPFV_KEEP_NS);
}

/* Run one direction, and tell what it took */
static u64 epfv_run_pipe(struct epfv_function *f, struct epfv_pipe *p,
			 u64 (*run)(struct epfv_pipe *p))
{
	struct epfv_hostq *q = p->hq;
	const struct epfv_stats before = q->lane.stats, *after = &q->lane.stats;
	u64 messages = q->messages, bytes = q->bytes;
	u64 again = run(p);

	if (q->messages != messages)
		trace_epfv_batch(dev_name(&f->epf->dev), q->name, q->messages - messages,
				 q->bytes - bytes, after->np_reads - before.np_reads,
				 after->posted_writes - before.posted_writes,
				 after->interrupts - before.interrupts);
	return again;
}

/*
 * Tell the device type of a sender that has closed its end and is done with.  The next one goes
 * on when the receiver knows of the end; one that cannot wait does not.
 */
static u64 epfv_drained_one(struct epfv_function *f, struct epfv_pipe *p, enum epfv_side side,
			    unsigned int pair)
{
	if (!epfv_pipe_delivered(p))
		return U64_MAX;
	if (!f->ops->drained(f->priv, side, pair) && READ_ONCE(p->lossless))
		return U64_MAX;
	return epfv_pipe_drained(p) ? 0 : U64_MAX;
}

static u64 epfv_drained(struct epfv_function *f, unsigned int pair)
{
	return min(epfv_drained_one(f, &f->from_host[pair], EPFV_HOST, pair),
		   epfv_drained_one(f, &f->to_host[pair], EPFV_ENDPOINT, pair));
}

/*
 * Messages that have come change what is done with data, and are handled before it;
 * what drivers are told then is true.
 */
static u64 epfv_work(void *ctx, bool scan)
{
	struct epfv_function *f = ctx;
	bool control = f->type->control_feature;
	u64 again = min(epfv_start_again(f), epfv_release_later(f));
	unsigned int i;

	if (control)
		again = min(again, epfv_control_receive(&f->control, scan));
	for (i = 0; i < f->type->num_pairs; i++) {
		if (scan) {
			epfv_pipe_notified(&f->from_host[i]);
			epfv_pipe_notified(&f->to_host[i]);
		}
		again = min(again, epfv_run_pipe(f, &f->from_host[i], epfv_pipe_from_host));
		again = min(again, epfv_run_pipe(f, &f->to_host[i], epfv_pipe_to_host));
		if (control)
			again = min(again, epfv_drained(f, i));
	}
	if (control)
		again = min(again, epfv_control_send(&f->control));
	if (epfv_irq_starved(&f->irq))
		epfv_hostmem_yield(&f->lane);
	if (f->poller.up)
		again = min(again, epfv_irq_flush(&f->irq));
	return again;
}

static void epfv_leave(void *ctx)
{
	struct epfv_function *f = ctx;
	unsigned int i;

	for (i = 0; i < f->type->num_queues; i++)
		epfv_hostq_abandon(&f->hostq[i]);
	/* While the epoch is open: what was written leaves before its window does */
	epfv_stop_queues(f);
	epfv_release(f);
}

static void epfv_failed(void *ctx, bool incomplete)
{
	const char *what = incomplete ? "the host's driver did not set up every queue" :
					"the host's driver has given up on the device";
	struct epfv_function *f = ctx;

	f->lane.stats.host_errors++;
	trace_epfv_host_error(dev_name(&f->epf->dev), "-", what);
	dev_warn_ratelimited(&f->epf->dev, "%s; left alone until the host resets it\n", what);
}

static void epfv_written(void *ctx, u32 val)
{
	struct epfv_function *f = ctx;

	f->ops->written(f->priv, val);
}

static bool epfv_msix_enabled(void *ctx)
{
	struct epfv_function *f = ctx;

	return epfv_irq_msix_enabled(&f->irq);
}

const struct epfv_poller_ops epfv_poller_ops = {
	.start = epfv_start,
	.stop = epfv_stop,
	.release = epfv_release,
	.leave = epfv_leave,
	.failed = epfv_failed,
	.work = epfv_work,
	.written = epfv_written,
	.msix_enabled = epfv_msix_enabled,
};

/* What the bridge tells */

static void epfv_notify(void *ctx, struct epfv_localq *q)
{
	struct epfv_function *f = ctx;
	unsigned int i;

	if (f->type->control_feature && q == f->control.local_tx)
		epfv_control_collect(&f->control);
	for (i = 0; i < f->type->num_pairs; i++) {
		if (f->to_host[i].lq == q && !epfv_pipe_collect(&f->to_host[i]))
			return;
	}
	epfv_poller_kick(&f->poller);
}

static void epfv_local_driver(void *ctx, bool up, u32 features)
{
	struct epfv_function *f = ctx;

	epfv_driver_state(f, EPFV_ENDPOINT, up, features);
	epfv_poller_kick(&f->poller);
}

static const struct epfv_bridge_ops epfv_bridge_ops = {
	.notify = epfv_notify,
	.driver = epfv_local_driver,
};

/* What a device type does */

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
		epfv_pipe_close(from);
	epfv_wake(f);
}
EXPORT_SYMBOL_GPL(epfv_pair_open);

void epfv_pair_lossless(struct epfv_function *f, unsigned int pair, enum epfv_side side,
			bool lossless)
{
	struct epfv_pipe *to, *from;

	epfv_receiver_and_sender(f, pair, side, &to, &from);
	epfv_pipe_lossless(from, lossless);
}
EXPORT_SYMBOL_GPL(epfv_pair_lossless);

void epfv_pair_put(struct epfv_function *f, unsigned int pair, const void *buf, size_t len)
{
	epfv_pipe_put(&f->from_host[pair], buf, len);
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
		epfv_wake(f);
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
		epfv_wake(f);
	return n;
}
EXPORT_SYMBOL_GPL(epfv_pair_write);

void epfv_wake(struct epfv_function *f)
{
	epfv_poller_kick(&f->poller);
}
EXPORT_SYMBOL_GPL(epfv_wake);

void epfv_lock(struct epfv_function *f)
{
	mutex_lock(&f->poller.lock);
}
EXPORT_SYMBOL_GPL(epfv_lock);

void epfv_unlock(struct epfv_function *f)
{
	mutex_unlock(&f->poller.lock);
}
EXPORT_SYMBOL_GPL(epfv_unlock);

void epfv_config_changed(struct epfv_function *f)
{
	struct epfv_transport *t = f->poller.t;

	epfv_lock(f);
	t->ops->put_config(t, f->poller.msix_on);
	if (epfv_poller_epoch_open(&f->poller)) {
		/* It looks at the configuration at each interrupt then, which does no harm */
		if (!f->poller.msix_on)
			t->ops->put_isr(t, EPFV_ISR_QUEUE | EPFV_ISR_CONFIG);
		epfv_irq_raise(&f->irq, f->setup.config_vector);
	}
	epfv_unlock(f);
	epfv_wake(f);
	if (f->bridge)
		virtio_config_changed(&f->bridge->vdev);
}
EXPORT_SYMBOL_GPL(epfv_config_changed);

/**
 * epfv_function_stats() - what was done in all lanes
 * @f: bound function
 * @sum: where to put it; interrupts are those that were sent at any time
 */
void epfv_function_stats(const struct epfv_function *f, struct epfv_stats *sum)
{
	unsigned int i;

	*sum = f->lane.stats;
	for (i = 0; i < f->type->num_queues; i++)
		epfv_stats_add(sum, &f->hostq[i].lane.stats);
	sum->interrupts = f->irq.sent;
}

/* Memory for both */

/* Of several streams, all together may have as much in transit as a single one */
static u32 epfv_transit(const struct epfv_type *type, const struct epfv_pair *pair)
{
	if (pair->lossless)
		return 2 * EPFV_HISTORY_SIZE;
	return max_t(u32, rounddown_pow_of_two(EPFV_TRANSIT_SIZE / type->num_pairs),
		     2 * EPFV_HISTORY_SIZE);
}

/* One queue of the endpoint's side, whatever that is */
static struct epfv_localq *epfv_localq(struct epfv_function *f, unsigned int i)
{
	return f->bridge ? &f->bridge->queues[i].q : &f->direct->queues[i].q;
}

static int epfv_init_pipes(struct epfv_function *f)
{
	unsigned int i;
	int err;

	for (i = 0; i < f->type->num_pairs; i++) {
		const struct epfv_pair *pair = &f->type->pairs[i];
		u32 transit = epfv_transit(f->type, pair);

		err = epfv_pipe_init(&f->from_host[i], false, &f->hostq[pair->tx],
				     epfv_localq(f, pair->rx), transit, pair->lossless);
		if (err)
			return err;
		err = epfv_pipe_init(&f->to_host[i], true, &f->hostq[pair->rx],
				     epfv_localq(f, pair->tx), transit, pair->lossless);
		if (err)
			return err;
		if (f->type->control_feature) {
			epfv_pipe_open(&f->from_host[i], false);
			epfv_pipe_open(&f->to_host[i], false);
		}
	}
	return 0;
}

static void epfv_init_control(struct epfv_function *f)
{
	const struct epfv_pair *pair = &f->type->control;

	f->control = (struct epfv_control){
		.host_rx = &f->hostq[pair->rx],
		.host_tx = &f->hostq[pair->tx],
		.local_rx = epfv_localq(f, pair->rx),
		.local_tx = epfv_localq(f, pair->tx),
		.message = f->ops ? f->ops->message : NULL,
		.next = f->ops ? f->ops->next : NULL,
		.ctx = f->priv,
	};
}

/**
 * epfv_free_queues() - undo epfv_alloc_queues()
 * @f: function; may have nothing allocated, or a part
 */
void epfv_free_queues(struct epfv_function *f)
{
	unsigned int i;

	for (i = 0; f->from_host && i < f->type->num_pairs; i++)
		epfv_pipe_free(&f->from_host[i]);
	for (i = 0; f->to_host && i < f->type->num_pairs; i++)
		epfv_pipe_free(&f->to_host[i]);
	epfv_bridge_free(f->bridge);
	kfree(f->direct);
	f->bridge = NULL;
	f->direct = NULL;
	for (i = 0; f->hostq && i < f->type->num_queues; i++)
		epfv_hostq_free(&f->hostq[i]);
	kvfree(f->from_host);
	kvfree(f->to_host);
	kvfree(f->hostq);
	f->from_host = NULL;
	f->to_host = NULL;
	f->hostq = NULL;
}

/**
 * epfv_alloc_queues() - make the queues of both sides, and join them
 * @f: function with its type, and its host memory and interrupts prepared
 *
 * Return: 0 or -ENOMEM.
 */
int epfv_alloc_queues(struct epfv_function *f)
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
		err = epfv_hostq_init(&f->hostq[i], f->type->queue_names[i], &f->hostmem, &f->irq);
		if (err)
			goto err_free;
	}
	if (f->type->direct)
		f->direct = epfv_direct_alloc(f->type, f->ops->changed, f->priv);
	else
		f->bridge = epfv_bridge_alloc(&f->epf->dev, f->type, f->queue_size,
					      &epfv_bridge_ops, f);
	if (!f->bridge && !f->direct) {
		err = -ENOMEM;
		goto err_free;
	}
	epfv_init_control(f);
	err = epfv_init_pipes(f);
	if (err)
		goto err_free;
	return 0;

err_free:
	epfv_free_queues(f);
	return err;
}
