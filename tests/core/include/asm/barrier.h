/* SPDX-License-Identifier: GPL-2.0 */
#ifndef CORE_SHIM_ASM_BARRIER_H
#define CORE_SHIM_ASM_BARRIER_H

#define mb()	__sync_synchronize()
#define rmb()	__sync_synchronize()
#define wmb()	__sync_synchronize()
#define smp_mb()	__sync_synchronize()

#endif /* CORE_SHIM_ASM_BARRIER_H */
