// SPDX-License-Identifier: GPL-2.0
#include <string.h>

#include "pcapng.h"

#define BLOCK_SECTION		0x0a0d0d0a
#define BLOCK_INTERFACE		1
#define BLOCK_PACKET		6

#define BYTE_ORDER_MAGIC	0x1a2b3c4d

#define OPT_END			0
#define OPT_COMMENT		1
#define OPT_SECTION_APPLICATION	4
#define OPT_INTERFACE_NAME	2
#define OPT_PACKET_FLAGS	2

#define OPTION_HEAD		4
#define BLOCK_FRAME		12	/* type, and length on both ends */

static uint32_t padded(uint32_t len)
{
	return (len + 3) & ~3u;
}

static void put16(FILE *file, uint16_t v)
{
	fwrite(&v, sizeof(v), 1, file);
}

static void put32(FILE *file, uint32_t v)
{
	fwrite(&v, sizeof(v), 1, file);
}

static void put_padded(FILE *file, const void *data, uint32_t len)
{
	static const uint8_t zeros[3];

	if (len)
		fwrite(data, 1, len, file);
	fwrite(zeros, 1, padded(len) - len, file);
}

static void put_option(FILE *file, uint16_t code, const void *value, uint16_t len)
{
	put16(file, code);
	put16(file, len);
	put_padded(file, value, len);
}

static uint32_t option_size(uint32_t len)
{
	return OPTION_HEAD + padded(len);
}

void pcapng_begin(FILE *file, const char *application)
{
	const uint32_t size = BLOCK_FRAME + 16 + option_size(strlen(application)) + option_size(0);

	put32(file, BLOCK_SECTION);
	put32(file, size);
	put32(file, BYTE_ORDER_MAGIC);
	put16(file, 1);
	put16(file, 0);
	/* The length of the section is not known yet. */
	put32(file, UINT32_MAX);
	put32(file, UINT32_MAX);
	put_option(file, OPT_SECTION_APPLICATION, application, strlen(application));
	put_option(file, OPT_END, NULL, 0);
	put32(file, size);
}

void pcapng_interface(FILE *file, uint16_t link_type, const char *name)
{
	const uint32_t size = BLOCK_FRAME + 8 + option_size(strlen(name)) + option_size(0);

	put32(file, BLOCK_INTERFACE);
	put32(file, size);
	put16(file, link_type);
	put16(file, 0);
	put32(file, 0);
	put_option(file, OPT_INTERFACE_NAME, name, strlen(name));
	put_option(file, OPT_END, NULL, 0);
	put32(file, size);
}

void pcapng_packet(FILE *file, uint32_t interface, int64_t us, const uint8_t *data,
		   uint32_t kept, uint32_t len, const char *comment,
		   enum pcapng_direction direction)
{
	const uint32_t flags = direction;
	const uint32_t size = BLOCK_FRAME + 20 + padded(kept) + option_size(strlen(comment)) +
			      option_size(sizeof(flags)) + option_size(0);

	put32(file, BLOCK_PACKET);
	put32(file, size);
	put32(file, interface);
	put32(file, us >> 32);
	put32(file, us);
	put32(file, kept);
	put32(file, len);
	put_padded(file, data, kept);
	put_option(file, OPT_COMMENT, comment, strlen(comment));
	put_option(file, OPT_PACKET_FLAGS, &flags, sizeof(flags));
	put_option(file, OPT_END, NULL, 0);
	put32(file, size);
}
