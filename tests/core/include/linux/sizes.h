/* SPDX-License-Identifier: GPL-2.0 */
#ifndef CORE_SHIM_LINUX_SIZES_H
#define CORE_SHIM_LINUX_SIZES_H

#define SZ_256	0x100
#define SZ_2K	0x800
#define SZ_4K	0x1000
#define SZ_16K	0x4000
#define SZ_64K	0x10000
#define SZ_1M	0x100000
#define SZ_4M	0x400000
#define SZ_64M	0x4000000

#endif /* CORE_SHIM_LINUX_SIZES_H */
