// SPDX-License-Identifier: GPL-2.0
/*
 * Bounded byte history between two sides
 */
#include <linux/errno.h>
#include <linux/log2.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/string.h>

#include "fifo.h"

/**
 * epfv_fifo_alloc() - begin with an empty history
 * @fifo: any content
 * @size: capacity in bytes, a power of two
 *
 * Context: may sleep.
 * Return: 0 or -ENOMEM.
 */
int epfv_fifo_alloc(struct epfv_fifo *fifo, u32 size)
{
	*fifo = (struct epfv_fifo){ .size = size };
	fifo->data = kvmalloc(size, GFP_KERNEL);
	return fifo->data ? 0 : -ENOMEM;
}

/**
 * epfv_fifo_free() - undo epfv_fifo_alloc()
 * @fifo: allocated, or zeroed
 */
void epfv_fifo_free(struct epfv_fifo *fifo)
{
	kvfree(fifo->data);
	fifo->data = NULL;
}

/**
 * epfv_fifo_drop() - drop the oldest bytes, and count them
 * @fifo: history
 * @len: number of bytes, at most as many as it holds
 */
void epfv_fifo_drop(struct epfv_fifo *fifo, u32 len)
{
	fifo->dropped += len;
	fifo->out += len;
}

/**
 * epfv_fifo_put() - append bytes, dropping the oldest if they do not fit
 * @fifo: history
 * @buf: bytes
 * @len: number of bytes
 */
void epfv_fifo_put(struct epfv_fifo *fifo, const void *buf, size_t len)
{
	u32 at, n;

	if (len > fifo->size) {
		size_t excess = len - fifo->size;

		fifo->dropped += excess;
		buf += excess;
		len = fifo->size;
	}
	if (len > epfv_fifo_room(fifo))
		epfv_fifo_drop(fifo, len - epfv_fifo_room(fifo));

	at = fifo->in & (fifo->size - 1);
	n = min_t(u32, len, fifo->size - at);
	memcpy(fifo->data + at, buf, n);
	memcpy(fifo->data, buf + n, len - n);
	fifo->in += len;
}

/**
 * epfv_fifo_get() - take out the oldest bytes
 * @fifo: history
 * @buf: where to
 * @len: at most so many
 *
 * Return: number of bytes taken.
 */
size_t epfv_fifo_get(struct epfv_fifo *fifo, void *buf, size_t len)
{
	u32 at = fifo->out & (fifo->size - 1);
	u32 n;

	len = min_t(size_t, len, epfv_fifo_len(fifo));
	n = min_t(u32, len, fifo->size - at);
	memcpy(buf, fifo->data + at, n);
	memcpy(buf + n, fifo->data, len - n);
	fifo->out += len;
	return len;
}
