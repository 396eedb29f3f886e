/* SPDX-License-Identifier: GPL-2.0 */
#ifndef CORE_SHIM_LINUX_ATOMIC_H
#define CORE_SHIM_LINUX_ATOMIC_H

typedef struct {
	int n;
} atomic_t;

static inline void atomic_add(int n, atomic_t *v)
{
	v->n += n;
}

static inline int atomic_inc_return(atomic_t *v)
{
	return ++v->n;
}

#endif /* CORE_SHIM_LINUX_ATOMIC_H */
