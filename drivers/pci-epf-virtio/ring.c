// SPDX-License-Identifier: GPL-2.0
/*
 * Device side of a split virtqueue over an accessor
 */
#include <asm/byteorder.h>
#include <linux/compiler.h>
#include <linux/errno.h>
#include <linux/limits.h>
#include <linux/string.h>
#include <linux/virtio_ring.h>

#include "ring.h"

/* Offsets in the available and the used ring */
#define RING_FLAGS		0
#define RING_IDX		2
#define RING_ENTRIES		4

/* In &struct epfv_ring.hold, beside an idx */
#define RING_HELD		0x10000

/* Unneeded descriptors that are worth reading to save a round trip */
#define BURST_SLACK		8

/* State of a descriptor */
#define DESC_FREE		0
#define DESC_CHAINED		1	/* part of a request */
#define DESC_HEAD		2	/* head of a request that was fetched */
#define DESC_TAKEN		3	/* head of a request that was taken */
#define DESC_DONE		4	/* head of a request that was completed */

static bool is_power_of_two(u32 n)
{
	return n && !(n & (n - 1));
}

int epfv_ring_init(struct epfv_ring *ring, u16 num, u64 desc, u64 avail, u64 used,
		   const struct epfv_ring_ops *ops, void *ctx)
{
	if (!is_power_of_two(num) || num > EPFV_RING_MAX_SIZE)
		return -EINVAL;
	if (desc % sizeof(struct epfv_ring_desc) || avail % sizeof(__le16) ||
	    used % sizeof(__le32))
		return -EINVAL;

	memset(ring, 0, sizeof(*ring));
	ring->ops = ops;
	ring->ctx = ctx;
	ring->num = num;
	ring->chain = 1;
	ring->desc = desc;
	ring->avail = avail;
	ring->used = used;
	return 0;
}

/* mb() is a macro in the kernel, so the member cannot be called by its name */
static void full_barrier(const struct epfv_ring *ring)
{
	void (*call)(void *ctx) = ring->ops->mb;

	call(ring->ctx);
}

u64 epfv_ring_avail_idx(const struct epfv_ring *ring)
{
	return ring->avail + RING_IDX;
}

static int read_driver(const struct epfv_ring *ring, u16 *flags, u16 *idx)
{
	__le16 word[2];
	int ret;

	ret = ring->ops->read(ring->ctx, ring->avail + RING_FLAGS, word, sizeof(word));
	if (ret)
		return ret;
	*flags = le16_to_cpu(word[0]);
	*idx = le16_to_cpu(word[1]);
	return *flags == 0xffff && *idx == 0xffff ? -ENODEV : 0;
}

/*
 * What looks like nonsense may be all-ones of a link that went down just now.  It may
 * even be back by now, so all-ones count only where they are read a second time.
 */
static int break_ring(struct epfv_ring *ring, enum epfv_ring_error error, bool all_ones)
{
	u16 flags, idx;
	int ret;

	ret = read_driver(ring, &flags, &idx);
	if (ret)
		return ret;
	if (all_ones && !ring->doubted) {
		ring->doubted = true;
		return -ENODEV;
	}
	ring->error = error;
	return -EIO;
}

unsigned int epfv_ring_available(const struct epfv_ring *ring)
{
	u16 available = ring->driver_idx - ring->fetch_idx;
	u32 hold = READ_ONCE(ring->hold);
	s16 left;

	if (ring->error)
		return 0;
	if (!(hold & RING_HELD))
		return available;
	left = hold - ring->fetch_idx;
	if (left <= 0)
		return 0;
	return left < available ? left : available;
}

void epfv_ring_hold(struct epfv_ring *ring, u16 idx)
{
	WRITE_ONCE(ring->hold, RING_HELD | idx);
}

void epfv_ring_release(struct epfv_ring *ring)
{
	WRITE_ONCE(ring->hold, 0);
}

bool epfv_ring_behind(const struct epfv_ring *ring)
{
	u32 hold = READ_ONCE(ring->hold);

	return (hold & RING_HELD) && !ring->error && (s16)(hold - ring->driver_idx) > 0;
}

bool epfv_ring_all_taken(const struct epfv_ring *ring)
{
	return ring->error || (!ring->num_fetched && !epfv_ring_available(ring) &&
			       !epfv_ring_behind(ring));
}

int epfv_ring_poll(struct epfv_ring *ring)
{
	u16 room, flags, idx;
	int ret;

	if (ring->error)
		return -EIO;
	ret = read_driver(ring, &flags, &idx);
	if (ret)
		return ret;

	room = ring->num - (u16)(ring->driver_idx - ring->used_idx);
	if ((u16)(idx - ring->driver_idx) > room) {
		ring->error = EPFV_RING_BAD_IDX;
		return -EIO;
	}
	ring->driver_flags = flags;
	ring->driver_idx = idx;
	return epfv_ring_available(ring);
}

static int read_entries(struct epfv_ring *ring, __le16 *heads, unsigned int n)
{
	unsigned int first = ring->fetch_idx & (ring->num - 1);
	u64 entries = ring->avail + RING_ENTRIES;
	unsigned int len = ring->num - first;
	int ret;

	if (len > n)
		len = n;
	ret = ring->ops->read(ring->ctx, entries + first * sizeof(*heads), heads,
			      len * sizeof(*heads));
	if (ret || len == n)
		return ret;
	return ring->ops->read(ring->ctx, entries, heads + len, (n - len) * sizeof(*heads));
}

static bool in_burst(const struct epfv_ring *ring, unsigned int i)
{
	return i >= ring->burst_first && i - ring->burst_first < ring->burst_len;
}

/*
 * Read the descriptors of as many of @heads as lie near each other, in any order:
 * drivers hand out free descriptors up, down, or every second one.  Chains are
 * expected to be as long as the one before, and in one piece.  A descriptor that
 * is not needed costs much less than another round trip.
 */
static int read_burst(struct epfv_ring *ring, const __le16 *heads, unsigned int n)
{
	unsigned int lo = le16_to_cpu(heads[0]);
	unsigned int hi = lo;
	unsigned int i, len;
	int ret;

	for (i = 1; i < n; i++) {
		unsigned int head = le16_to_cpu(heads[i]);
		unsigned int new_lo = head < lo ? head : lo;
		unsigned int new_hi = head > hi ? head : hi;

		len = new_hi - new_lo + ring->chain;
		if (head >= ring->num || len > EPFV_RING_BURST ||
		    len > (i + 1) * (ring->chain + 1) + BURST_SLACK)
			break;
		lo = new_lo;
		hi = new_hi;
	}
	len = hi - lo + ring->chain;
	if (len > ring->num - lo)
		len = ring->num - lo;
	if (len > EPFV_RING_BURST)
		len = EPFV_RING_BURST;

	ring->burst_len = 0;
	ret = ring->ops->read(ring->ctx, ring->desc + lo * sizeof(*ring->burst), ring->burst,
			      len * sizeof(*ring->burst));
	if (ret)
		return ret;
	ring->burst_first = lo;
	ring->burst_len = len;
	return 0;
}

static int read_desc(struct epfv_ring *ring, unsigned int i, struct epfv_ring_desc *desc)
{
	if (!in_burst(ring, i))
		return ring->ops->read(ring->ctx, ring->desc + i * sizeof(*desc), desc,
				       sizeof(*desc));

	*desc = ring->burst[i - ring->burst_first];
	return 0;
}

static void free_chain(struct epfv_ring *ring, unsigned int i)
{
	while (i < ring->num) {
		ring->state[i] = DESC_FREE;
		i = ring->next[i];
	}
}

static enum epfv_ring_error check_desc(const struct epfv_request *req, const struct epfv_seg *seg,
				       u16 flags)
{
	if (flags & VRING_DESC_F_INDIRECT)
		return EPFV_RING_BAD_INDIRECT;
	if (!seg->len || seg->addr + (seg->len - 1) < seg->addr)
		return EPFV_RING_BAD_LEN;
	if (!seg->writable && req->writable)
		return EPFV_RING_BAD_ORDER;
	return EPFV_RING_OK;
}

static bool is_all_ones(const struct epfv_ring_desc *desc)
{
	return le64_to_cpu(desc->addr) == ~0ULL && le32_to_cpu(desc->len) == U32_MAX &&
	       le16_to_cpu(desc->flags) == 0xffff && le16_to_cpu(desc->next) == 0xffff;
}

/* Read the chain of @req; on an error, its descriptors are free again */
static int read_chain(struct epfv_ring *ring, struct epfv_request *req)
{
	unsigned int i = req->head, prev = ring->num;
	enum epfv_ring_error error;
	struct epfv_ring_desc desc;
	int ret;

	for (;;) {
		struct epfv_seg *seg = &ring->segs[i];
		u16 flags;

		ret = read_desc(ring, i, &desc);
		if (ret)
			goto err_free;
		flags = le16_to_cpu(desc.flags);
		seg->addr = le64_to_cpu(desc.addr);
		seg->len = le32_to_cpu(desc.len);
		seg->writable = flags & VRING_DESC_F_WRITE;
		error = check_desc(req, seg, flags);
		if (error)
			goto err_break;

		if (seg->writable)
			req->writable += seg->len;
		else
			req->readable += seg->len;
		ring->state[i] = req->nsegs ? DESC_CHAINED : DESC_HEAD;
		ring->next[i] = ring->num;
		if (req->nsegs++)
			ring->next[prev] = i;
		if (!(flags & VRING_DESC_F_NEXT))
			return 0;

		prev = i;
		i = le16_to_cpu(desc.next);
		if (i >= ring->num) {
			error = EPFV_RING_BAD_NEXT;
			goto err_break;
		}
		if (ring->state[i] != DESC_FREE) {
			error = EPFV_RING_BAD_CHAIN;
			goto err_break;
		}
	}

err_break:
	ret = break_ring(ring, error, is_all_ones(&desc));
err_free:
	if (req->nsegs)
		free_chain(ring, req->head);
	return ret;
}

int epfv_ring_fetch(struct epfv_ring *ring, unsigned int max)
{
	__le16 heads[EPFV_RING_BATCH];
	unsigned int i, n;
	int ret;

	if (ring->error)
		return -EIO;

	n = epfv_ring_available(ring);
	if (n > max)
		n = max;
	if (n > EPFV_RING_BATCH - ring->num_fetched)
		n = EPFV_RING_BATCH - ring->num_fetched;
	if (!n)
		return ring->num_fetched;

	ring->ops->read_barrier(ring->ctx);
	ret = read_entries(ring, heads, n);
	if (ret)
		return ret;

	ring->burst_len = 0;
	for (i = 0; i < n; i++) {
		unsigned int last = ring->first_fetched + ring->num_fetched;
		struct epfv_request *req = &ring->fetched[last % EPFV_RING_BATCH];

		*req = (struct epfv_request){ .head = le16_to_cpu(heads[i]) };
		if (req->head >= ring->num)
			return break_ring(ring, EPFV_RING_BAD_HEAD, req->head == 0xffff);
		if (ring->state[req->head] != DESC_FREE)
			return break_ring(ring, EPFV_RING_TOO_MANY, false);

		if (!in_burst(ring, req->head)) {
			ret = read_burst(ring, heads + i, n - i);
			if (ret)
				return ret;
		}
		ret = read_chain(ring, req);
		if (ret)
			return ret;
		ring->chain = req->nsegs;
		ring->doubted = false;
		ring->num_fetched++;
		ring->fetch_idx++;
	}
	return ring->num_fetched;
}

int epfv_ring_peek(struct epfv_ring *ring, struct epfv_request *req)
{
	if (ring->error || !ring->num_fetched)
		return 0;
	*req = ring->fetched[ring->first_fetched];
	return 1;
}

int epfv_ring_take(struct epfv_ring *ring, struct epfv_request *req)
{
	if (!epfv_ring_peek(ring, req))
		return 0;
	ring->state[req->head] = DESC_TAKEN;
	ring->first_fetched = (ring->first_fetched + 1) % EPFV_RING_BATCH;
	ring->num_fetched--;
	return 1;
}

void epfv_ring_complete(struct epfv_ring *ring, u16 head, u32 written)
{
	if (head >= ring->num || ring->state[head] != DESC_TAKEN)
		return;
	ring->state[head] = DESC_DONE;
	ring->done[ring->num_done].id = cpu_to_le32(head);
	ring->done[ring->num_done].len = cpu_to_le32(written);
	ring->num_done++;
}

static int write_used(struct epfv_ring *ring)
{
	unsigned int first = ring->used_idx & (ring->num - 1);
	u64 entries = ring->used + RING_ENTRIES;
	unsigned int len = ring->num - first;
	int ret;

	if (len > ring->num_done)
		len = ring->num_done;
	ret = ring->ops->write(ring->ctx, entries + first * sizeof(*ring->done), ring->done,
			       len * sizeof(*ring->done));
	if (ret || len == ring->num_done)
		return ret;
	return ring->ops->write(ring->ctx, entries, ring->done + len,
				(ring->num_done - len) * sizeof(*ring->done));
}

int epfv_ring_publish(struct epfv_ring *ring)
{
	unsigned int i, n = ring->num_done;
	__le16 idx;
	int ret;

	if (ring->error)
		return -EIO;
	if (!n)
		return 0;

	ret = write_used(ring);
	if (ret)
		return ret;
	ring->ops->write_barrier(ring->ctx);
	idx = cpu_to_le16(ring->used_idx + n);
	ret = ring->ops->write(ring->ctx, ring->used + RING_IDX, &idx, sizeof(idx));
	if (ret)
		return ret;

	for (i = 0; i < n; i++)
		free_chain(ring, le32_to_cpu(ring->done[i].id));
	ring->used_idx += n;
	ring->num_done = 0;
	return n;
}

int epfv_ring_need_interrupt(struct epfv_ring *ring)
{
	int ret;

	if (ring->error)
		return -EIO;
	if (ring->signalled_idx == ring->used_idx)
		return 0;

	full_barrier(ring);
	ret = epfv_ring_poll(ring);
	if (ret < 0)
		return ret;
	ring->signalled_idx = ring->used_idx;
	return !(ring->driver_flags & VRING_AVAIL_F_NO_INTERRUPT);
}

int epfv_ring_abandon(struct epfv_ring *ring)
{
	const struct epfv_ring_used nobody = { .id = cpu_to_le32(U32_MAX) };
	u32 entry = ring->used_idx & (ring->num - 1);
	__le16 idx = cpu_to_le16(ring->used_idx + 1);
	int ret;

	if (ring->error)
		return -EIO;

	ret = ring->ops->write(ring->ctx, ring->used + RING_ENTRIES + entry * sizeof(nobody),
			       &nobody, sizeof(nobody));
	if (ret)
		return ret;
	ring->ops->write_barrier(ring->ctx);
	return ring->ops->write(ring->ctx, ring->used + RING_IDX, &idx, sizeof(idx));
}

const char *epfv_ring_error_text(enum epfv_ring_error error)
{
	switch (error) {
	case EPFV_RING_OK:
		return "no error";
	case EPFV_RING_BAD_IDX:
		return "available index went back or too far ahead";
	case EPFV_RING_BAD_HEAD:
		return "available ring names no descriptor";
	case EPFV_RING_BAD_NEXT:
		return "next names no descriptor";
	case EPFV_RING_BAD_CHAIN:
		return "chain loops or shares a descriptor";
	case EPFV_RING_BAD_LEN:
		return "descriptor is empty or wraps around the address space";
	case EPFV_RING_BAD_ORDER:
		return "readable descriptor behind a writable one";
	case EPFV_RING_BAD_INDIRECT:
		return "indirect descriptor, which was not negotiated";
	case EPFV_RING_TOO_MANY:
		return "buffer is in use already";
	}
	return "unknown error";
}
