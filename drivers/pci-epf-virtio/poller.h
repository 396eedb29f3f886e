/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The thread that looks at registers
 *
 * A host's accesses to BAR0 raise no interrupt, so somebody has to look.  How
 * often depends on what the host could be about to do:
 *
 *   down	the host cannot reach the BAR: never
 *   idle	no driver: often, since a driver's first steps must be seen
 *   setup	a driver sets its queues up: without pause and with interrupts
 *		off, as the next queue is looked at a round trip later
 *   running	often while something happens, then ever less often
 *
 * Looks between two runs of the thread are made by a timer's callback, which
 * costs a fraction of waking it.  A running driver's notifications wake those
 * who move its data from there, and not the thread.
 */
#ifndef EPFV_POLLER_H
#define EPFV_POLLER_H

#include <linux/hrtimer.h>
#include <linux/ktime.h>
#include <linux/mutex.h>
#include <linux/sched.h>
#include <linux/types.h>

#include "credit.h"
#include "transport.h"

/**
 * struct epfv_poller_ops - what the poller drives; all are called by its thread
 *	or by epfv_poller_down() and epfv_poller_leave(), one at a time, and may sleep
 * @start: the driver said DRIVER_OK: begin to use the queues found in the registers
 * @stop: the host has reset the device, or is gone: use no host memory any more.  Takes no
 *	longer than the next driver can wait, if that begins at once
 * @release: the host cannot be reached any more: unmap all of its memory; after @stop
 * @leave: the device goes away while its driver runs: let the driver know
 * @failed: the driver set FAILED, or DRIVER_OK before it had set up every queue
 *	(@incomplete); the device is left alone until the host resets it
 * @notified: the driver may have made buffers available in any queue; any context, and
 *	neither by the thread alone nor one at a time
 * @work: do what there is to do.  Returns nanoseconds until it wants to be called again,
 *	0 if there is more, U64_MAX if it need not be called.
 * @written: the host's driver has written to the word of the configuration that it may
 *	write; only the last value is known
 * @msix_enabled: whether the host has MSI-X enabled
 */
struct epfv_poller_ops {
	void (*start)(void *ctx);
	void (*stop)(void *ctx);
	void (*release)(void *ctx);
	void (*leave)(void *ctx);
	void (*failed)(void *ctx, bool incomplete);
	void (*notified)(void *ctx);
	u64 (*work)(void *ctx);
	void (*written)(void *ctx, u32 val);
	bool (*msix_enabled)(void *ctx);
};

/* What the thread's time is used for */
enum epfv_poller_use {
	EPFV_POLLER_LOOKS,	/* at registers, for a driver that may come or sets up */
	EPFV_POLLER_MOVES,	/* data of a driver that runs, or of the endpoint's */
	EPFV_POLLER_USES,
};

enum epfv_poller_priority {
	EPFV_POLLER_NORMAL,
	EPFV_POLLER_FIRST,	/* the lowest nice value */
	EPFV_POLLER_URGENT,	/* real-time */
};

/**
 * struct epfv_poller - the poller of one function
 * @name: for traces
 * @t: where to look
 * @task: the thread
 * @timer: looks at the registers while the thread sleeps
 * @lock: held while @ops run
 * @ops: what is driven
 * @ctx: handed to @ops
 * @wakeups: times the thread was woken
 * @host_resets: resets of the device by the host
 * @up: the host can reach the BAR
 * @msix_on: the host has MSI-X enabled, as far as known
 * @alert: the running driver's host has MSI-X disabled: a new driver may be near
 * @msix_seen: the host had MSI-X enabled when that was looked at last, before a driver runs
 * @has_config: configuration bytes move when MSI-X is enabled
 * @priority: of the thread
 * @kicked: the thread must not sleep
 * @active: when something happened last
 * @heard: when it was the host's driver that did something
 * @watched: when MSI-X was looked at last
 * @deadline: when the thread must run at the latest
 * @credit: how long the thread may still be preferred to others, by use
 * @paid: up to when @credit has been accounted for
 */
struct epfv_poller {
	const char *name;
	struct epfv_transport *t;
	struct task_struct *task;
	struct hrtimer timer;
	struct mutex lock; /* one of @ops at a time */
	const struct epfv_poller_ops *ops;
	void *ctx;
	u64 wakeups;
	u64 host_resets;
	bool up;
	bool msix_on;
	bool alert;
	bool msix_seen;
	bool has_config;
	enum epfv_poller_priority priority;
	bool kicked;
	ktime_t active;
	ktime_t heard;
	ktime_t watched;
	ktime_t deadline;
	struct epfv_credit credit[EPFV_POLLER_USES];
	ktime_t paid;
};

int epfv_poller_start(struct epfv_poller *p, const char *name, struct epfv_transport *t,
		      bool has_config, const struct epfv_poller_ops *ops, void *ctx);
void epfv_poller_stop(struct epfv_poller *p);
void epfv_poller_up(struct epfv_poller *p);
void epfv_poller_down(struct epfv_poller *p);
void epfv_poller_leave(struct epfv_poller *p);
void epfv_poller_kick(struct epfv_poller *p);
void epfv_poller_look(struct epfv_poller *p);
bool epfv_poller_epoch_open(struct epfv_poller *p);
const char *epfv_poller_state(struct epfv_poller *p);

#endif /* EPFV_POLLER_H */
