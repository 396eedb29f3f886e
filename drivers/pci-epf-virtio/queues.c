// SPDX-License-Identifier: GPL-2.0
/*
 * The queues of both sides, and how they are joined
 */
#include <linux/compiler.h>
#include <linux/errno.h>
#include <linux/log2.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/sizes.h>
#include <linux/slab.h>

#include "function.h"
#include "trace.h"

/* What a worker does for its pairs */

static void epfv_pairs_epoch(void *ctx, u32 epoch)
{
	struct epfv_function_worker *fw = ctx;
	struct epfv_function *f = fw->f;
	unsigned int i;

	for (i = 0; i < f->type->num_pairs; i++) {
		const struct epfv_pair *pair = &f->type->pairs[i];

		if (pair->worker != fw->id)
			continue;
		f->hostq[pair->rx].lane.epoch = epoch;
		f->hostq[pair->tx].lane.epoch = epoch;
	}
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
	u64 again = min(epfv_drained_one(f, &f->from_host[pair], EPFV_HOST, pair),
			epfv_drained_one(f, &f->to_host[pair], EPFV_ENDPOINT, pair));

	/* The drivers are to hear of it */
	if (!again)
		epfv_poller_kick(&f->poller);
	return again;
}

static u64 epfv_pairs_work(void *ctx, bool scan)
{
	struct epfv_function_worker *fw = ctx;
	struct epfv_function *f = fw->f;
	u64 again = U64_MAX;
	unsigned int i;

	for (i = 0; i < f->type->num_pairs; i++) {
		if (f->type->pairs[i].worker != fw->id)
			continue;
		if (scan) {
			epfv_pipe_notified(&f->from_host[i]);
			epfv_pipe_notified(&f->to_host[i]);
		}
		again = min(again, epfv_run_pipe(f, &f->from_host[i], epfv_pipe_from_host));
		again = min(again, epfv_run_pipe(f, &f->to_host[i], epfv_pipe_to_host));
		if (f->type->control_feature)
			again = min(again, epfv_drained(f, i));
	}
	/* The poller's thread tries again what could not be sent */
	if (epfv_irq_waits(&f->irq))
		epfv_poller_kick(&f->poller);
	return again;
}

static void epfv_pairs_look(void *ctx)
{
	struct epfv_function_worker *fw = ctx;

	epfv_poller_look(&fw->f->poller);
}

static const struct epfv_worker_ops epfv_pairs_ops = {
	.epoch = epfv_pairs_epoch,
	.work = epfv_pairs_work,
	.look = epfv_pairs_look,
};

/**
 * epfv_start_workers() - begin to serve the queues of the endpoint's side
 * @f: function whose queues are there
 *
 * Return: 0, or an error of kthread_create().
 */
int epfv_start_workers(struct epfv_function *f)
{
	int err;

	for (; f->num_workers < f->type->num_workers; f->num_workers++) {
		struct epfv_function_worker *fw = &f->workers[f->num_workers];

		fw->f = f;
		fw->id = f->num_workers;
		err = epfv_worker_start(&fw->w, dev_name(&f->epf->dev), fw->id,
					&epfv_pairs_ops, fw);
		if (err) {
			epfv_stop_workers(f);
			return err;
		}
	}
	return 0;
}

/**
 * epfv_stop_workers() - undo epfv_start_workers()
 * @f: function that has no session
 */
void epfv_stop_workers(struct epfv_function *f)
{
	while (f->num_workers)
		epfv_worker_stop(&f->workers[--f->num_workers].w);
}

/* What the bridge tells */

static void epfv_notify(void *ctx, struct epfv_localq *q)
{
	struct epfv_function *f = ctx;
	unsigned int i;

	if (f->type->control_feature && (q == f->control.local_tx || q == f->control.local_rx)) {
		if (q == f->control.local_tx)
			epfv_control_collect(&f->control);
		epfv_poller_kick(&f->poller);
		return;
	}
	for (i = 0; i < f->type->num_pairs; i++) {
		const struct epfv_pair *pair = &f->type->pairs[i];
		bool tx = f->to_host[i].lq == q;

		if ((tx && epfv_pipe_collect(&f->to_host[i])) || f->from_host[i].lq == q)
			epfv_worker_kick(&f->workers[pair->worker].w, false);
	}
}

static void epfv_local_driver(void *ctx, bool up, u32 features)
{
	struct epfv_function *f = ctx;

	epfv_driver_state(f, EPFV_ENDPOINT, up, features);
	epfv_wake(f);
}

static const struct epfv_bridge_ops epfv_bridge_ops = {
	.notify = epfv_notify,
	.driver = epfv_local_driver,
};

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

	f->control = (struct epfv_control){};
	if (!f->type->control_feature)
		return;
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
	kvfree(f->workers);
	f->workers = NULL;
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
	f->workers = kvcalloc(f->type->num_workers, sizeof(*f->workers), GFP_KERNEL);
	if (!f->hostq || !f->from_host || !f->to_host || !f->workers) {
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
