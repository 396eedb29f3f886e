/* SPDX-License-Identifier: GPL-2.0 */
/* A lock that knows whether it is held: the tests have one thread */
#ifndef CORE_SHIM_LINUX_SPINLOCK_H
#define CORE_SHIM_LINUX_SPINLOCK_H

#include <linux/types.h>

typedef struct {
	bool held;
} spinlock_t;

void fake_lock(spinlock_t *lock);
void fake_unlock(spinlock_t *lock);

#define spin_lock_init(lock)			((lock)->held = false)
#define spin_lock(lock)				fake_lock(lock)
#define spin_unlock(lock)			fake_unlock(lock)
#define spin_lock_irqsave(lock, flags)		((flags) = 0, fake_lock(lock))
#define spin_unlock_irqrestore(lock, flags)	((void)(flags), fake_unlock(lock))

#endif /* CORE_SHIM_LINUX_SPINLOCK_H */
