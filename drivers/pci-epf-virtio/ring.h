/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Floor 3: the device's side of a split virtqueue, over an accessor
 *
 * Works on batches, because over PCIe each read is a round trip: one read of
 * {flags, idx}, one burst of ring entries, one burst of descriptors; used
 * entries as one burst, then idx.  The read of {flags, idx} that decides on
 * the interrupt is the next poll, too.
 *
 * Nothing the driver side writes is believed: indices, lengths and chains are
 * checked before use, and the first violation breaks the ring until it is set
 * up again.  No kernel API is used here; payload is moved by the caller.
 *
 * What is taken is a request, which owns its descriptors until it is completed:
 * they stay as they were read, however often the ring is looked at meanwhile.
 * Requests may be completed in any order.
 *
 * "Split Virtqueues" in the virtio specification, include/uapi/linux/virtio_ring.h.
 */
#ifndef EPFV_RING_H
#define EPFV_RING_H

#include <linux/types.h>

#define EPFV_RING_MAX_SIZE	1024
/* Buffers handled at once: bounds the work, and the memory, of one batch */
#define EPFV_RING_BATCH		64
/* Descriptors read at once */
#define EPFV_RING_BURST		128

/**
 * struct epfv_ring_ops - access to the memory of one virtqueue
 * @read: copy @len bytes at @addr to @buf
 * @write: copy @len bytes from @buf to @addr
 * @read_barrier: later reads are not satisfied before earlier ones
 * @write_barrier: earlier writes are visible to the driver before later ones
 * @mb: later reads happen after earlier writes are visible
 *
 * read and write return 0 or a negative errno, which the ring hands to its
 * caller unchanged and without breaking; the call may be repeated then.  4-byte
 * reads and 2-byte writes that are aligned are single accesses.  The ring sees
 * to it that all of these are naturally aligned to 4, 2 and, for the bursts of
 * descriptors, 16 bytes, if the addresses of its parts are.  Memory is little endian.
 */
struct epfv_ring_ops {
	int (*read)(void *ctx, u64 addr, void *buf, u32 len);
	int (*write)(void *ctx, u64 addr, const void *buf, u32 len);
	void (*read_barrier)(void *ctx);
	void (*write_barrier)(void *ctx);
	void (*mb)(void *ctx);
};

/**
 * struct epfv_seg - one descriptor of a request
 * @addr: address as the driver wrote it; may be anything
 * @len: bytes, at least 1
 * @writable: the device may write it (else: read it)
 */
struct epfv_seg {
	u64 addr;
	u32 len;
	bool writable;
};

/**
 * struct epfv_request - an available buffer that was taken, and is to be completed
 * @head: descriptor that names the buffer in the used ring
 * @nsegs: descriptors in the chain
 * @readable: bytes in readable descriptors
 * @writable: bytes in writable descriptors
 */
struct epfv_request {
	u16 head;
	u16 nsegs;
	u64 readable;
	u64 writable;
};

/**
 * struct epfv_cursor - a place in a request
 * @desc: number of its descriptor
 * @off: byte of that
 */
struct epfv_cursor {
	u16 desc;
	u32 off;
};

/* Why a ring was broken; epfv_ring_error_text() puts it in words */
enum epfv_ring_error {
	EPFV_RING_OK,
	EPFV_RING_BAD_IDX,	/* avail idx went back, or further than descriptors exist */
	EPFV_RING_BAD_HEAD,	/* ring entry names no descriptor */
	EPFV_RING_BAD_NEXT,	/* next names no descriptor */
	EPFV_RING_BAD_CHAIN,	/* descriptor is part of this or another chain already */
	EPFV_RING_BAD_LEN,	/* zero length, or address plus length wraps */
	EPFV_RING_BAD_ORDER,	/* readable descriptor behind a writable one */
	EPFV_RING_BAD_INDIRECT,	/* INDIRECT was not negotiated */
	EPFV_RING_TOO_MANY,	/* head is part of a buffer in use already */
};

/* As they lie in memory */
struct epfv_ring_desc {
	__le64 addr;
	__le32 len;
	__le16 flags;
	__le16 next;
};

struct epfv_ring_used {
	__le32 id;
	__le32 len;
};

/**
 * struct epfv_ring - device side of one virtqueue
 * @error: why the ring is broken, EPFV_RING_OK if it is not
 * @ops: accessors
 * @ctx: handed to @ops
 * @num: descriptors
 * @desc: address of the descriptor table
 * @avail: address of the available ring
 * @used: address of the used ring
 * @driver_flags: flags beside the idx polled last
 * @driver_idx: idx polled last
 * @fetch_idx: the next ring entry to fetch
 * @used_idx: idx published last
 * @signalled_idx: idx of which the driver was, or need not be, told
 * @hold: if set, buffers from the idx in its low half on are not fetched
 * @fetched: requests not taken yet, a ring
 * @first_fetched: the first of them
 * @num_fetched: how many
 * @done: requests completed and not published yet
 * @num_done: how many
 * @segs: descriptors of requests, by number
 * @next: the descriptor behind each one in flight, or @num behind the last
 * @state: of each descriptor
 * @burst: descriptors as read last
 * @burst_first: number of the first one
 * @burst_len: how many
 * @chain: descriptors in the last chain
 * @doubted: an entry or descriptor was all-ones, with the link there again just after
 *
 * All but @error is private.  Large (tens of KiB): allocate it.
 */
struct epfv_ring {
	enum epfv_ring_error error;

	const struct epfv_ring_ops *ops;
	void *ctx;
	u16 num;
	u64 desc;
	u64 avail;
	u64 used;
	u16 driver_flags;
	u16 driver_idx;
	u16 fetch_idx;
	u16 used_idx;
	u16 signalled_idx;
	u32 hold;

	struct epfv_request fetched[EPFV_RING_BATCH];
	unsigned int first_fetched;
	unsigned int num_fetched;

	struct epfv_ring_used done[EPFV_RING_MAX_SIZE];
	unsigned int num_done;

	struct epfv_seg segs[EPFV_RING_MAX_SIZE];
	u16 next[EPFV_RING_MAX_SIZE];
	u8 state[EPFV_RING_MAX_SIZE];

	struct epfv_ring_desc burst[EPFV_RING_BURST];
	unsigned int burst_first;
	unsigned int burst_len;
	unsigned int chain;
	bool doubted;
};

/**
 * epfv_ring_init() - begin with a virtqueue that its driver has just set up
 * @ring: ring, any content
 * @num: descriptors, a power of two up to EPFV_RING_MAX_SIZE
 * @desc: address of the descriptor table, a multiple of 16
 * @avail: address of the available ring, a multiple of 2
 * @used: address of the used ring, a multiple of 4
 * @ops: accessors
 * @ctx: handed to @ops
 *
 * Does not touch the memory of the virtqueue, all indices of which are taken to
 * be 0.  This and all functions below may sleep only where the accessors do,
 * and must not run beside each other for one ring.
 * Return: 0, or -EINVAL if @num is out of range or an address not aligned.
 */
int epfv_ring_init(struct epfv_ring *ring, u16 num, u64 desc, u64 avail, u64 used,
		   const struct epfv_ring_ops *ops, void *ctx);

/**
 * epfv_ring_poll() - read {flags, idx}
 * @ring: ring
 *
 * Return: number of buffers available beyond those already fetched (at most
 * the queue size), -EIO if the ring is broken, -ENODEV if {flags, idx} read
 * all-ones (the link is gone), or the accessor's error.
 */
int epfv_ring_poll(struct epfv_ring *ring);

/**
 * epfv_ring_fetch() - read ring entries and descriptors in bursts
 * @ring: ring
 * @max: fetch at most so many buffers, capped at EPFV_RING_BATCH less those still held fetched
 *
 * Uses the idx of the last poll; reads nothing if it promises nothing.  Buffers
 * fetched before an error are kept, unless the ring is broken by it.
 * Return: number of buffers fetched and not yet taken not yet taken
 * if the ring is broken, -ENODEV if it would be, but {flags, idx} now read
 * all-ones, or what was read is all-ones for the first time, or the accessor's error.
 */
int epfv_ring_fetch(struct epfv_ring *ring, unsigned int max);

/**
 * epfv_ring_take() - take the next fetched request
 * @ring: ring
 * @req: where to put it
 *
 * Return: 1 and *@req, or 0 if none is fetched or the ring is broken.
 */
int epfv_ring_take(struct epfv_ring *ring, struct epfv_request *req);

/**
 * epfv_ring_peek() - look at the next fetched request without taking it
 * @ring: ring
 * @req: where to put it
 *
 * Return: 1 and *@req, or 0 if none is fetched or the ring is broken.
 */
int epfv_ring_peek(struct epfv_ring *ring, struct epfv_request *req);

/**
 * epfv_ring_begin() - the first place in a request
 * @req: fetched or taken, and not published
 *
 * Return: a cursor at its first byte.
 */
static inline struct epfv_cursor epfv_ring_begin(const struct epfv_request *req)
{
	return (struct epfv_cursor){ .desc = req->head };
}

/**
 * epfv_ring_seg() - the descriptor that a cursor is at
 * @ring: ring
 * @cur: cursor
 *
 * Return: descriptor, NULL at the end of the request.
 */
static inline const struct epfv_seg *epfv_ring_seg(const struct epfv_ring *ring,
						   const struct epfv_cursor *cur)
{
	return cur->desc < ring->num ? &ring->segs[cur->desc] : NULL;
}

/**
 * epfv_ring_next() - move a cursor to the next descriptor
 * @ring: ring
 * @cur: cursor, not at the end
 */
static inline void epfv_ring_next(const struct epfv_ring *ring, struct epfv_cursor *cur)
{
	*cur = (struct epfv_cursor){ .desc = ring->next[cur->desc] };
}

/**
 * epfv_ring_complete() - a request is done; remembered until epfv_ring_publish()
 * @ring: ring
 * @head: as in the request; any order
 * @written: bytes written to the buffer, 0 for a readable one
 *
 * There is room for as many as there are descriptors, so this cannot fail for a request
 * that was taken.  A head that was not is ignored.
 */
void epfv_ring_complete(struct epfv_ring *ring, u16 head, u32 written);

/**
 * epfv_ring_publish() - write the used entries (at most two bursts), then idx
 * @ring: ring
 *
 * The caller has made sure that payload is visible before.
 * Return: number of entries published, -EIO if the ring is broken, or the
 * accessor's error (nothing is lost then: the next call writes them again).
 */
int epfv_ring_publish(struct epfv_ring *ring);

/**
 * epfv_ring_need_interrupt() - whether the driver wants to hear of what was published
 * @ring: ring
 *
 * Reads {flags, idx} after a full barrier, which serves as the next poll; how
 * many buffers it promises is told by epfv_ring_available().
 * Return: 1 if so, 0 if not or nothing was published since the last call, or an
 * error as from epfv_ring_poll(), after which it may be asked again.
 */
int epfv_ring_need_interrupt(struct epfv_ring *ring);

/**
 * epfv_ring_available() - what the last read of {flags, idx} promised
 * @ring: ring
 *
 * Return: number of buffers available beyond those already fetched, up to the hold;
 * 0 if the ring is broken.
 */
unsigned int epfv_ring_available(const struct epfv_ring *ring);

/**
 * epfv_ring_hold() - fetch no buffer from this one on
 * @ring: ring
 * @idx: of the available ring, as a driver says how far it got; it is not believed to be
 *	in the ring
 *
 * Until epfv_ring_release().  What comes later is as if it was not there yet.  This and
 * epfv_ring_release() may run beside all other functions.
 */
void epfv_ring_hold(struct epfv_ring *ring, u16 idx);

/**
 * epfv_ring_avail_idx() - where a driver says how far it got
 * @ring: ring
 *
 * For who has to know beside those who use the ring, see epfv_ring_hold().
 * Return: address of idx of the available ring, two bytes.
 */
u64 epfv_ring_avail_idx(const struct epfv_ring *ring);

/**
 * epfv_ring_release() - undo epfv_ring_hold()
 * @ring: ring
 */
void epfv_ring_release(struct epfv_ring *ring);

/**
 * epfv_ring_behind() - whether the driver was ahead of the last poll when a hold was set
 * @ring: ring
 *
 * Return: true if so: a poll will find more, unless the driver said what is not true.
 */
bool epfv_ring_behind(const struct epfv_ring *ring);

/**
 * epfv_ring_all_taken() - whether no buffer is left, as far as the last poll and a hold tell
 * @ring: ring
 *
 * Return: true if each of them was taken, or the ring is broken.
 */
bool epfv_ring_all_taken(const struct epfv_ring *ring);

/**
 * epfv_ring_abandon() - tell the driver that nobody serves this queue any more
 * @ring: ring, not to be used any more afterwards
 *
 * The legacy layout has no DEVICE_NEEDS_RESET.  But a driver that finds a used
 * entry for a buffer which cannot exist gives the queue up (virtqueue_get_buf()
 * in the kernel's virtio_ring.c marks it broken), and no longer waits for its
 * buffers to come back.
 * Return: 0, -EIO if the ring is broken already, or the accessor's error.
 */
int epfv_ring_abandon(struct epfv_ring *ring);

/**
 * epfv_ring_error_text() - an error in words for a log
 * @error: any value
 *
 * Return: a constant string, never NULL.
 */
const char *epfv_ring_error_text(enum epfv_ring_error error);

#endif /* EPFV_RING_H */
