// SPDX-License-Identifier: GPL-2.0
/*
 * The driver's half of a virtqueue, in memory of either machine
 */
#include <string.h>

#include <linux/virtio_ring.h>

#include "driver.h"
#include "fake-kernel.h"

#define RING_IDX	2
#define RING_ENTRIES	4

static void local_load(void *ctx, u64 addr, void *buf, u32 len)
{
	(void)ctx;
	memcpy(buf, (const void *)(uintptr_t)addr, len);
}

static void local_store(void *ctx, u64 addr, const void *buf, u32 len)
{
	(void)ctx;
	memcpy((void *)(uintptr_t)addr, buf, len);
}

const struct driver_mem driver_local_mem = { local_load, local_store };

static u16 load16(struct driver *d, u32 off)
{
	u16 val;

	d->mem->load(d->ctx, d->base + off, &val, sizeof(val));
	return val;
}

static void store16(struct driver *d, u32 off, u16 val)
{
	d->mem->store(d->ctx, d->base + off, &val, sizeof(val));
}

void driver_init(struct driver *d, const struct driver_mem *mem, void *ctx, u64 base, u16 num,
		 u32 align)
{
	static const u8 zeros[65536];

	memset(d, 0, sizeof(*d));
	d->mem = mem;
	d->ctx = ctx;
	d->base = base;
	d->num = num;
	d->avail = num * sizeof(struct vring_desc);
	d->used = (d->avail + RING_ENTRIES + (num + 1) * sizeof(u16) + align - 1) & ~(align - 1);
	mem->store(ctx, base, zeros, vring_size(num, align));
}

int driver_add(struct driver *d, const struct epfv_seg *segs, unsigned int n)
{
	u16 at[DRIVER_MAX_DESC];
	unsigned int i, k = 0;

	if (n > (unsigned int)d->num - d->in_flight)
		return -1;
	for (i = 0; k < n; i++)
		if (!d->busy[i])
			at[k++] = i;
	for (k = 0; k < n; k++) {
		struct vring_desc desc = {
			.addr = segs[k].addr,
			.len = segs[k].len,
			.flags = (k + 1 < n ? VRING_DESC_F_NEXT : 0) |
				 (segs[k].writable ? VRING_DESC_F_WRITE : 0),
			.next = k + 1 < n ? at[k + 1] : 0,
		};

		d->busy[at[k]] = true;
		d->next[at[k]] = k + 1 < n ? at[k + 1] : d->num;
		d->mem->store(d->ctx, d->base + at[k] * sizeof(desc), &desc, sizeof(desc));
	}
	d->in_flight += n;
	store16(d, d->avail + RING_ENTRIES + d->avail_idx % d->num * sizeof(u16), at[0]);
	store16(d, d->avail + RING_IDX, ++d->avail_idx);
	return at[0];
}

int driver_get(struct driver *d, u32 *len)
{
	struct vring_used_elem elem;
	unsigned int i;

	if (load16(d, d->used + RING_IDX) == d->used_idx)
		return -1;
	d->mem->load(d->ctx,
		     d->base + d->used + RING_ENTRIES + d->used_idx % d->num * sizeof(elem),
		     &elem, sizeof(elem));
	d->used_idx++;
	if (elem.id >= d->num || !d->busy[elem.id])
		fail_msg("descriptor %u was used, but is no buffer of the driver", elem.id);
	for (i = elem.id; i < d->num; i = d->next[i]) {
		d->busy[i] = false;
		d->in_flight--;
	}
	*len = elem.len;
	return elem.id;
}

void driver_want_interrupt(struct driver *d, bool want)
{
	store16(d, d->avail, want ? 0 : VRING_AVAIL_F_NO_INTERRUPT);
}
