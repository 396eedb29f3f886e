/* SPDX-License-Identifier: GPL-2.0 */
/* Accesses to a window go to the fake controller */
#ifndef CORE_SHIM_LINUX_IO_H
#define CORE_SHIM_LINUX_IO_H

#include <linux/types.h>

u64 fake_io_load(const void *addr, size_t size);
void fake_io_store(void *addr, u64 val, size_t size);

static inline u8 __raw_readb(const void *addr)
{
	return fake_io_load(addr, 1);
}

static inline u16 __raw_readw(const void *addr)
{
	return fake_io_load(addr, 2);
}

static inline u32 __raw_readl(const void *addr)
{
	return fake_io_load(addr, 4);
}

static inline u64 __raw_readq(const void *addr)
{
	return fake_io_load(addr, 8);
}

#define __raw_writeb(val, addr)	fake_io_store(addr, val, 1)
#define __raw_writew(val, addr)	fake_io_store(addr, val, 2)
#define __raw_writel(val, addr)	fake_io_store(addr, val, 4)
#define __raw_writeq(val, addr)	fake_io_store(addr, val, 8)

#endif /* CORE_SHIM_LINUX_IO_H */
