/* SPDX-License-Identifier: GPL-2.0 */
#ifndef CORE_SHIM_ASM_BARRIER_H
#define CORE_SHIM_ASM_BARRIER_H

#define mb()	__sync_synchronize()
/* What a test wants to happen there */
extern void (*fake_on_rmb)(void);

#define rmb()	(__sync_synchronize(), fake_on_rmb ? fake_on_rmb() : (void)0)
#define wmb()	__sync_synchronize()
#define smp_mb()	__sync_synchronize()
#define smp_store_release(p, v)	__atomic_store_n(p, v, __ATOMIC_RELEASE)
#define smp_load_acquire(p)	__atomic_load_n(p, __ATOMIC_ACQUIRE)

#endif /* CORE_SHIM_ASM_BARRIER_H */
