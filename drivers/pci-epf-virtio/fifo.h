/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Bounded byte history between two sides
 *
 * Keeps the newest bytes: what does not fit pushes out the oldest, which are
 * counted.  Not locked.
 */
#ifndef EPFV_FIFO_H
#define EPFV_FIFO_H

#include <linux/types.h>

/**
 * struct epfv_fifo - ring of bytes
 * @data: @size bytes
 * @size: capacity in bytes, a power of two
 * @in: bytes ever put in
 * @out: bytes ever taken out or dropped
 * @dropped: bytes ever dropped
 */
struct epfv_fifo {
	u8 *data;
	u32 size;
	u64 in;
	u64 out;
	u64 dropped;
};

int epfv_fifo_alloc(struct epfv_fifo *fifo, u32 size);
void epfv_fifo_free(struct epfv_fifo *fifo);

/* Bytes held, and bytes that fit in without dropping any */
static inline u32 epfv_fifo_len(const struct epfv_fifo *fifo)
{
	return fifo->in - fifo->out;
}

static inline u32 epfv_fifo_room(const struct epfv_fifo *fifo)
{
	return fifo->size - epfv_fifo_len(fifo);
}

void epfv_fifo_put(struct epfv_fifo *fifo, const void *buf, size_t len);
void epfv_fifo_drop(struct epfv_fifo *fifo, u32 len);
size_t epfv_fifo_get(struct epfv_fifo *fifo, void *buf, size_t len);

#endif /* EPFV_FIFO_H */
