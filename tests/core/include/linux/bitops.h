/* SPDX-License-Identifier: GPL-2.0 */
#ifndef CORE_SHIM_LINUX_BITOPS_H
#define CORE_SHIM_LINUX_BITOPS_H

#include <linux/types.h>

#define __WORD_BITS		(8 * sizeof(unsigned long))

static inline bool test_bit(unsigned int n, const unsigned long *map)
{
	return map[n / __WORD_BITS] >> n % __WORD_BITS & 1;
}

static inline void __set_bit(unsigned int n, unsigned long *map)
{
	map[n / __WORD_BITS] |= 1UL << n % __WORD_BITS;
}

static inline void __clear_bit(unsigned int n, unsigned long *map)
{
	map[n / __WORD_BITS] &= ~(1UL << n % __WORD_BITS);
}

/* One thread of the tests runs at a time */
#define set_bit		__set_bit

static inline bool test_and_clear_bit(unsigned int n, unsigned long *map)
{
	bool was = test_bit(n, map);

	__clear_bit(n, map);
	return was;
}

#define for_each_set_bit(bit, map, size) \
	for ((bit) = 0; (bit) < (size); (bit)++) \
		if (test_bit(bit, map))

#endif /* CORE_SHIM_LINUX_BITOPS_H */
