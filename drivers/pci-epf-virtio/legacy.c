// SPDX-License-Identifier: GPL-2.0
/*
 * The legacy register file as it lies in BAR0
 */
#include <asm/barrier.h>
#include <asm/byteorder.h>
#include <linux/compiler.h>

#include "legacy.h"

/* Reads of a word in halves: a driver changes it once in a round trip, and others may wait */
#define EPFV_HALVES_MOST	4

/* The engine's accessors: the BAR is little endian endpoint memory */
static u64 epfv_legacy_ld64(void *ctx, unsigned int off)
{
	struct epfv_legacy *l = ctx;
#ifdef CONFIG_64BIT
	return le64_to_cpu((__force __le64)READ_ONCE(*(u64 *)(l->bar + off)));
#else
	__le32 *word = l->bar + off;
	unsigned int i;
	u32 lo, hi;

	/* The half that a driver writes first (queue select) on both sides */
	for (i = 0; i < EPFV_HALVES_MOST; i++) {
		hi = le32_to_cpu(READ_ONCE(word[1]));
		rmb();	/* pairs with the order of the host's writes */
		lo = le32_to_cpu(READ_ONCE(word[0]));
		rmb();	/* pairs with the order of the host's writes */
		if (hi == le32_to_cpu(READ_ONCE(word[1])))
			break;
	}
	return (u64)hi << 32 | lo;
#endif
}

static void epfv_legacy_st32(void *ctx, unsigned int off, u32 val)
{
	struct epfv_legacy *l = ctx;

	WRITE_ONCE(*(__le32 *)(l->bar + off), cpu_to_le32(val));
}

static void epfv_legacy_st16(void *ctx, unsigned int off, u16 val)
{
	struct epfv_legacy *l = ctx;

	WRITE_ONCE(*(__le16 *)(l->bar + off), cpu_to_le16(val));
}

static void epfv_legacy_st8(void *ctx, unsigned int off, u8 val)
{
	struct epfv_legacy *l = ctx;

	WRITE_ONCE(*(u8 *)(l->bar + off), val);
}

static void epfv_legacy_mb(void *ctx)
{
	mb();	/* pairs with the order of the host's accesses */
}

static const struct epfv_regs_ops epfv_legacy_ops = {
	.ld64 = epfv_legacy_ld64,
	.st32 = epfv_legacy_st32,
	.st16 = epfv_legacy_st16,
	.st8 = epfv_legacy_st8,
	.mb = epfv_legacy_mb,
};

/**
 * epfv_legacy_init() - begin with a register file that the host does not see yet
 * @l: any content
 * @bar: EPFV_REGS_SIZE bytes of endpoint memory, aligned to 8 bytes
 * @params: what the device offers
 *
 * Return: 0, or -EINVAL for @params out of range.
 */
int epfv_legacy_init(struct epfv_legacy *l, void *bar, const struct epfv_regs_params *params)
{
	int err;

	l->bar = bar;
	err = epfv_regs_init(&l->regs, params, &epfv_legacy_ops, l);
	if (err)
		return err;
	epfv_regs_defaults(&l->regs);
	return 0;
}
