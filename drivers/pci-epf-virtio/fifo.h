/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Bounded byte history between two sides
 *
 * Keeps the newest bytes: what does not fit pushes out the oldest, which are
 * counted.  Not locked.
 */
#ifndef VEPF_FIFO_H
#define VEPF_FIFO_H

#include <linux/types.h>

/**
 * struct vepf_fifo - ring of bytes
 * @data: @size bytes
 * @size: capacity in bytes, a power of two
 * @in: bytes ever put in
 * @out: bytes ever taken out or dropped
 * @dropped: bytes ever dropped
 */
struct vepf_fifo {
	u8 *data;
	u32 size;
	u64 in;
	u64 out;
	u64 dropped;
};

int vepf_fifo_alloc(struct vepf_fifo *fifo, u32 size);
void vepf_fifo_free(struct vepf_fifo *fifo);

/* Bytes held, and bytes that fit in without dropping any */
static inline u32 vepf_fifo_len(const struct vepf_fifo *fifo)
{
	return fifo->in - fifo->out;
}

static inline u32 vepf_fifo_room(const struct vepf_fifo *fifo)
{
	return fifo->size - vepf_fifo_len(fifo);
}

void vepf_fifo_put(struct vepf_fifo *fifo, const void *buf, size_t len);
void vepf_fifo_drop(struct vepf_fifo *fifo, u32 len);
size_t vepf_fifo_get(struct vepf_fifo *fifo, void *buf, size_t len);

#endif /* VEPF_FIFO_H */
