/* SPDX-License-Identifier: GPL-2.0 */
/* Whoever finds it locked waits; see fake-sched.c */
#ifndef CORE_SHIM_LINUX_MUTEX_H
#define CORE_SHIM_LINUX_MUTEX_H

#include <linux/types.h>

struct task_struct;

struct mutex {
	struct task_struct *owner;
};

#define mutex_init(lock)	((lock)->owner = NULL)
void mutex_lock(struct mutex *lock);
#define mutex_lock_nested(lock, subclass)	((void)(subclass), mutex_lock(lock))
void mutex_unlock(struct mutex *lock);

#endif /* CORE_SHIM_LINUX_MUTEX_H */
