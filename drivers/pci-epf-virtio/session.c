// SPDX-License-Identifier: GPL-2.0
/*
 * A session: from the moment that the host's driver is ready to the one that it is gone
 */
#include <linux/errno.h>
#include <linux/minmax.h>
#include <linux/time64.h>

#include "function.h"
#include "trace.h"

/* Rings that could not be mapped: pauses between attempts */
#define EPFV_START_MIN_NS	(5 * NSEC_PER_MSEC)
#define EPFV_START_MAX_NS	NSEC_PER_SEC

/* Workers that are in the last session yet: they end the burst they are at */
#define EPFV_START_SOON_NS	(20 * NSEC_PER_USEC)

/*
 * A driver that is bound again begins at once, and the registers are not looked at while a
 * window is unmapped, which flushes a TLB, or takes longer.  So that is done when none has
 * come for so long, and the next one, which often has its rings where they were before, may
 * find them mapped.
 */
#define EPFV_KEEP_NS		NSEC_PER_SEC

/* Tell the device type of a driver, if it wants to know */
void epfv_driver_state(struct epfv_function *f, enum epfv_side side, bool up, u64 features)
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

/* Without workers, all of the function's ways to the host's memory */
static void epfv_use_lanes(struct epfv_function *f, u32 epoch)
{
	unsigned int i;

	f->lane.epoch = epoch;
	for (i = 0; i < f->type->num_queues; i++)
		f->hostq[i].lane.epoch = epoch;
}

/* Whose memory is used from now on; workers hear of it */
static void epfv_enter(struct epfv_function *f, u32 epoch)
{
	unsigned int i;

	f->lane.epoch = epoch;
	epfv_control_enter(&f->control, epoch);
	for (i = 0; i < f->num_workers; i++)
		epfv_worker_enter(&f->workers[i].w, epoch);
}

/* Whether no worker uses the host's memory any more */
static bool epfv_workers_left(const struct epfv_function *f)
{
	unsigned int i;

	for (i = 0; i < f->num_workers; i++)
		if (!epfv_worker_is_in(&f->workers[i].w, EPFV_NO_EPOCH))
			return false;
	return true;
}

static void epfv_workers_wait(struct epfv_function *f)
{
	unsigned int i;

	for (i = 0; i < f->num_workers; i++)
		epfv_worker_wait(&f->workers[i].w, EPFV_NO_EPOCH);
}

static void epfv_release(void *ctx)
{
	struct epfv_function *f = ctx;

	epfv_workers_wait(f);
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
	if (!epfv_workers_left(f))
		return EPFV_START_SOON_NS;
	if (epfv_release_one(f))
		return 0;
	f->release_at = 0;
	return U64_MAX;
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

	f->release_at = 0;
	if (!epfv_workers_left(f)) {
		f->start_at = ktime_add_ns(ktime_get(), EPFV_START_SOON_NS);
		return;
	}
	f->start_at = 0;
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
	epfv_enter(f, t->epoch);
}

/* Nanoseconds until the next attempt to begin, U64_MAX if none is due */
static u64 epfv_start_again(struct epfv_function *f)
{
	ktime_t now;

	if (!f->start_at || !epfv_poller_epoch_open(&f->poller))
		return U64_MAX;
	now = ktime_get();
	if (now < f->start_at)
		return f->start_at - now;
	epfv_start(f);
	now = ktime_get();
	return f->start_at ? max_t(s64, f->start_at - now, 1) : 0;
}

static void epfv_stop(void *ctx)
{
	struct epfv_function *f = ctx;
	unsigned int i;

	epfv_enter(f, EPFV_NO_EPOCH);
	for (i = 0; i < f->type->num_pairs; i++) {
		epfv_pipe_stop(&f->from_host[i]);
		epfv_pipe_stop(&f->to_host[i]);
	}
	epfv_control_stop(&f->control);
	epfv_driver_state(f, EPFV_HOST, false, 0);
	epfv_stop_queues(f);
	epfv_irq_drop(&f->irq);
	f->start_at = 0;
	f->start_wait_ns = 0;
	f->release_at = ktime_add_ns(ktime_get(), EPFV_KEEP_NS);
}

/* What the poller's thread does beside looking */
static u64 epfv_work(void *ctx)
{
	struct epfv_function *f = ctx;
	bool scan = test_and_clear_bit(EPFV_CONTROL_SCAN, &f->flags);
	u64 again = min(epfv_start_again(f), epfv_release_later(f));

	if (f->type->control_feature) {
		again = min(again, epfv_control_receive(&f->control, scan));
		again = min(again, epfv_control_send(&f->control));
	}
	if (epfv_irq_starved(&f->irq))
		epfv_hostmem_yield(&f->lane);
	if (f->poller.up)
		again = min(again, epfv_irq_flush(&f->irq));
	return again;
}

/* The host's driver has notified, of no queue in particular */
static void epfv_notified(void *ctx)
{
	struct epfv_function *f = ctx;
	unsigned int i;

	for (i = 0; i < f->num_workers; i++)
		epfv_worker_kick(&f->workers[i].w, true);
	if (!f->type->control_feature)
		return;
	set_bit(EPFV_CONTROL_SCAN, &f->flags);
	epfv_poller_kick(&f->poller);
}

static void epfv_leave(void *ctx)
{
	struct epfv_function *f = ctx;
	u32 epoch = f->lane.epoch;
	unsigned int i;

	epfv_enter(f, EPFV_NO_EPOCH);
	epfv_workers_wait(f);
	/* While the epoch is open: what was written leaves before its window does */
	epfv_use_lanes(f, epoch);
	for (i = 0; i < f->type->num_queues; i++)
		epfv_hostq_abandon(&f->hostq[i]);
	epfv_stop_queues(f);
	epfv_release(f);
	epfv_use_lanes(f, EPFV_NO_EPOCH);
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
	.notified = epfv_notified,
	.work = epfv_work,
	.written = epfv_written,
	.msix_enabled = epfv_msix_enabled,
};

