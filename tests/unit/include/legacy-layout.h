/* SPDX-License-Identifier: GPL-2.0 */
/* A virtqueue where a legacy driver has it: in one piece */
#ifndef TESTS_LEGACY_LAYOUT_H
#define TESTS_LEGACY_LAYOUT_H

#include <linux/virtio_ring.h>

#include "transport.h"

static inline struct epfv_queue_setup legacy_queue(u64 addr, u16 num, u16 vector)
{
	const uintptr_t page = 4096;
	struct vring vring;

	vring_init(&vring, num, (void *)page, page);
	return (struct epfv_queue_setup){
		.desc = addr,
		.avail = addr + (uintptr_t)vring.avail - page,
		.used = addr + (uintptr_t)vring.used - page,
		.size = num,
		.vector = vector,
	};
}

#endif /* TESTS_LEGACY_LAYOUT_H */
