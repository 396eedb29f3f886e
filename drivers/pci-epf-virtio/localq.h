/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One virtqueue of the endpoint's own driver, as who serves it uses it
 *
 * The queue's lock is held for all of these.
 */
#ifndef VEPF_LOCALQ_H
#define VEPF_LOCALQ_H

#include "bridge.h"

void *vepf_localq_ptr(const struct vepf_seg *seg);
int vepf_localq_next(struct vepf_bridge_queue *q, struct vepf_buf *buf);
void vepf_localq_done(struct vepf_bridge_queue *q, u32 written);
void vepf_localq_publish(struct vepf_bridge_queue *q);

#endif /* VEPF_LOCALQ_H */
