/* SPDX-License-Identifier: GPL-2.0 */
/* Barriers of the code under test are the model's */
#ifndef RING_MODEL_ASM_BARRIER_H
#define RING_MODEL_ASM_BARRIER_H

void endpoint_mb(void);
void endpoint_rmb(void);
void endpoint_wmb(void);

#define mb()	endpoint_mb()
#define rmb()	endpoint_rmb()
#define wmb()	endpoint_wmb()

#endif /* RING_MODEL_ASM_BARRIER_H */
