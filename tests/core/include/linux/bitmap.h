/* SPDX-License-Identifier: GPL-2.0 */
#ifndef CORE_SHIM_LINUX_BITMAP_H
#define CORE_SHIM_LINUX_BITMAP_H

#include <linux/bitops.h>

#define __BITMAP_WORDS(bits)	(((bits) + __WORD_BITS - 1) / __WORD_BITS)
#define DECLARE_BITMAP(name, bits) \
	unsigned long name[__BITMAP_WORDS(bits)]

static inline void bitmap_zero(unsigned long *map, unsigned int bits)
{
	__builtin_memset(map, 0, __BITMAP_WORDS(bits) * sizeof(*map));
}

static inline bool bitmap_empty(const unsigned long *map, unsigned int bits)
{
	unsigned int i;

	for_each_set_bit(i, map, bits)
		return false;
	return true;
}

#endif /* CORE_SHIM_LINUX_BITMAP_H */
