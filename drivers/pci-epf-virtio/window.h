/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Outbound windows: which are mapped, and who uses them
 */
#ifndef EPFV_WINDOW_H
#define EPFV_WINDOW_H

#include <linux/io.h>

#include "hostmem.h"

struct epfv_window *epfv_window_get(struct epfv_lane *lane, struct epfv_region *region, u64 addr);
void epfv_window_put(struct epfv_lane *lane, struct epfv_window *win, bool written);

static inline void __iomem *epfv_window_ptr(const struct epfv_window *win, u64 addr)
{
	return win->map.virt_addr + (addr - win->addr);
}

/* hostmem.c: have writes leave through a window that is mapped at @ptr */
void epfv_hostmem_push(struct epfv_lane *lane, const void __iomem *ptr);
/* hostmem.c: whether the memory of an epoch may be used, for one burst */
bool epfv_lane_open(struct epfv_lane *lane);

#endif /* EPFV_WINDOW_H */
