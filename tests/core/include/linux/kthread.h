/* SPDX-License-Identifier: GPL-2.0 */
/* Threads of fake-sched.c */
#ifndef CORE_SHIM_LINUX_KTHREAD_H
#define CORE_SHIM_LINUX_KTHREAD_H

#include <linux/err.h>
#include <linux/sched.h>

struct task_struct *__attribute__((format(printf, 3, 4)))
kthread_create(int (*fn)(void *data), void *data, const char *fmt, ...);
int kthread_stop(struct task_struct *task);
bool kthread_should_stop(void);

#endif /* CORE_SHIM_LINUX_KTHREAD_H */
