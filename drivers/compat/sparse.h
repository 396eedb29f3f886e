/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Read by sparse before anything else
 *
 * sparse 0.6.4 knows neither of these two, which headers of newer kernels use
 * (asm-generic/rwonce.h; linux/moduleparam.h, in a static_assert() on module
 * information), and stops checking where it meets them.
 */
#define __typeof_unqual__	__typeof__
#define __builtin_strlen(s)	(sizeof(s) - 1)
