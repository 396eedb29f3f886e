/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Time for a driver to finish its start
 *
 * A driver says DRIVER_OK and fills its receive queue before it is able to
 * receive: virtio_console throws away what comes before its port is in its list,
 * and the buffers with it (in_intr() and add_port() in the kernel's
 * virtio_console.c).  Nothing in the legacy layout tells when that is over, so
 * wait until the driver has been quiet for a while.
 */
#ifndef EPFV_SETTLE_H
#define EPFV_SETTLE_H

#include <linux/ktime.h>
#include <linux/minmax.h>
#include <linux/time64.h>
#include <linux/types.h>

/* Quiet for so long is settled, and so is who has been running for longer */
#define EPFV_SETTLE_QUIET_NS	(200 * NSEC_PER_MSEC)
#define EPFV_SETTLE_MOST_NS	NSEC_PER_SEC

/**
 * struct epfv_settle - when a driver may be given data
 * @at: time from which on it may, unless it notifies before; 0: it may
 * @latest: time from which on it may in any case
 */
struct epfv_settle {
	ktime_t at;
	ktime_t latest;
};

/* The driver has said DRIVER_OK */
static inline void epfv_settle_begin(struct epfv_settle *s)
{
	ktime_t now = ktime_get();

	s->at = ktime_add_ns(now, EPFV_SETTLE_QUIET_NS);
	s->latest = ktime_add_ns(now, EPFV_SETTLE_MOST_NS);
}

/* The driver has notified */
static inline void epfv_settle_disturb(struct epfv_settle *s)
{
	if (s->at)
		s->at = min(ktime_add_ns(ktime_get(), EPFV_SETTLE_QUIET_NS), s->latest);
}

/* The driver has said itself that it is able to receive */
static inline void epfv_settle_end(struct epfv_settle *s)
{
	s->at = 0;
}

/* Nanoseconds until the driver may be given data, 0: it may */
static inline u64 epfv_settle_left(struct epfv_settle *s)
{
	s64 left;

	if (!s->at)
		return 0;
	left = ktime_to_ns(ktime_sub(s->at, ktime_get()));
	if (left > 0)
		return left;
	s->at = 0;
	return 0;
}

#endif /* EPFV_SETTLE_H */
