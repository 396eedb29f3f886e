/* SPDX-License-Identifier: GPL-2.0 */
/* One worker, as a task of fake-sched.h: fake-work.c */
#ifndef CORE_SHIM_LINUX_WORKQUEUE_H
#define CORE_SHIM_LINUX_WORKQUEUE_H

#include <linux/bits.h>
#include <linux/types.h>

struct work_struct {
	void (*fn)(struct work_struct *work);
	bool enabled;
	bool pending;
};

#define INIT_WORK(work, func) \
	(*(work) = (struct work_struct){ .fn = (func), .enabled = true })

void schedule_work(struct work_struct *work);
void disable_work(struct work_struct *work);
void disable_work_sync(struct work_struct *work);
void enable_work(struct work_struct *work);

#endif /* CORE_SHIM_LINUX_WORKQUEUE_H */
