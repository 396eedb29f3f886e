// SPDX-License-Identifier: GPL-2.0
#include <string.h>

#include "tlp.h"

/* Format and type, the first byte */
#define FMT_4DW		0x20
#define FMT_DATA	0x40
#define TYPE_MEM	0x00
#define TYPE_CFG0	0x04
#define TYPE_CPL	0x0a
#define TYPE_MSG_LOCAL	0x14

#define CPL_UNSUPPORTED	1
#define CFG_BYTES	4

static void put16(struct tlp *tlp, uint16_t v)
{
	tlp->bytes[tlp->len++] = v >> 8;
	tlp->bytes[tlp->len++] = v;
	tlp->kept = tlp->len;
}

static void put32(struct tlp *tlp, uint32_t v)
{
	put16(tlp, v >> 16);
	put16(tlp, v);
}

/* Length is in dwords; 1024 of them are written as 0, as 4096 bytes are elsewhere */
static void begin(struct tlp *tlp, uint8_t fmt_type, uint32_t dwords)
{
	tlp->len = 0;
	put32(tlp, (uint32_t)fmt_type << 24 | (dwords & 0x3ff));
}

static uint32_t dwords(uint64_t addr, uint32_t count)
{
	return ((addr & 3) + count + 3) / 4;
}

/* Which bytes of the last and of the first dword are meant */
static uint8_t byte_enables(uint64_t addr, uint32_t count)
{
	const uint32_t begin = addr & 3, end = begin + count;
	const uint8_t first = 0xf << begin & 0xf;

	if (end <= 4)
		return first & 0xf >> (4 - end);
	return (0xf >> (3 - (end - 1) % 4)) << 4 | first;
}

static void put_data(struct tlp *tlp, uint64_t addr, const uint8_t *data, uint32_t count)
{
	const uint32_t len = dwords(addr, count) * 4;

	memset(tlp->bytes + tlp->len, 0, len);
	tlp->payload = tlp->len + (addr & 3);
	memcpy(tlp->bytes + tlp->payload, data, count);
	tlp->len += len;
	tlp->kept = tlp->len;
}

static void put_request(struct tlp *tlp, uint16_t requester, uint8_t tag, uint8_t enables)
{
	put16(tlp, requester);
	put16(tlp, tag << 8 | enables);
}

void tlp_mem(struct tlp *tlp, uint16_t requester, uint8_t tag, uint64_t addr,
	     const uint8_t *data, uint32_t count)
{
	/* An address that fits must not be written with 64 bits. */
	const bool wide = addr >> 32;

	begin(tlp, TYPE_MEM | (wide ? FMT_4DW : 0) | (data ? FMT_DATA : 0), dwords(addr, count));
	put_request(tlp, requester, tag, byte_enables(addr, count));
	if (wide)
		put32(tlp, addr >> 32);
	put32(tlp, addr & ~3ull);
	if (data)
		put_data(tlp, addr, data, count);
}

void tlp_cfg(struct tlp *tlp, uint16_t completer, uint8_t tag, uint32_t offset,
	     const uint8_t *data, uint32_t count)
{
	begin(tlp, TYPE_CFG0 | (data ? FMT_DATA : 0), 1);
	put_request(tlp, TLP_ID_HOST, tag, byte_enables(offset, count));
	put16(tlp, completer);
	put16(tlp, offset & 0xffc);
	if (data)
		put_data(tlp, offset, data, count);
}

static void put_completion(struct tlp *tlp, uint16_t completer, uint16_t requester, uint8_t tag,
			   uint8_t status, uint32_t count, uint8_t lower_addr)
{
	put16(tlp, completer);
	put16(tlp, status << 13 | (count & 0xfff));
	put16(tlp, requester);
	put16(tlp, tag << 8 | lower_addr);
}

void tlp_completion(struct tlp *tlp, uint16_t completer, uint16_t requester, uint8_t tag,
		    uint64_t addr, const uint8_t *data, uint32_t count)
{
	begin(tlp, TYPE_CPL | (data ? FMT_DATA : 0), data ? dwords(addr, count) : 0);
	put_completion(tlp, completer, requester, tag, 0, data ? count : CFG_BYTES,
		       data ? addr & 0x7f : 0);
	if (data)
		put_data(tlp, addr, data, count);
}

void tlp_unsupported(struct tlp *tlp, uint16_t completer, uint16_t requester, uint8_t tag,
		     uint32_t count)
{
	begin(tlp, TYPE_CPL, 0);
	put_completion(tlp, completer, requester, tag, CPL_UNSUPPORTED, count, 0);
}

void tlp_cut(struct tlp *tlp, uint32_t known)
{
	tlp->kept = tlp->payload + known;
}

void tlp_message(struct tlp *tlp, uint16_t requester, uint8_t code)
{
	begin(tlp, TYPE_MSG_LOCAL | FMT_4DW, 0);
	put_request(tlp, requester, 0, code);
	put32(tlp, 0);
	put32(tlp, 0);
}
