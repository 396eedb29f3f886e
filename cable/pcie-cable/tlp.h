/* SPDX-License-Identifier: GPL-2.0 */
/*
 * tlp: Transaction Layer Packets, byte by byte
 *
 * Offered to:	trace_tlp; constants to watch and host_fn
 * Layout from the PCI Express Base Specification, 2.2.
 */
#ifndef CABLE_TLP_H
#define CABLE_TLP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TLP_MAX_BYTES	4096		/* of payload; a request stays inside of 4 KiB, too */

/* Bus numbers are the host's secret: what one with a single root port would give */
#define TLP_ID_HOST	0x0000		/* 00:00.0 */
#define TLP_ID_FUNCTION(n)	(0x0100 | (n))	/* 01:00.n */

/* Where MSI-X goes is in a table that QEMU keeps for itself: the usual place of a PC */
#define TLP_MSI_ADDRESS		0xfee00000
#define TLP_MSI_BYTES		4

#define TLP_MSG_ASSERT_INTA	0x20
#define TLP_MSG_DEASSERT_INTA	0x24

/**
 * struct tlp - one packet
 * @len: bytes that it has on the link
 * @kept: of them, how many are in @bytes; fewer where not all of the payload is known
 * @payload: offset of its first byte that is meant
 * @bytes: header and payload
 */
struct tlp {
	size_t len;
	size_t kept;
	size_t payload;
	uint8_t bytes[4 * 4 + TLP_MAX_BYTES + 4];
};

/* Memory request; @data are the bytes to write, NULL: a read */
void tlp_mem(struct tlp *tlp, uint16_t requester, uint8_t tag, uint64_t addr,
	     const uint8_t *data, uint32_t count);

/* Configuration request of type 0 of the host to @completer, inside of one dword */
void tlp_cfg(struct tlp *tlp, uint16_t completer, uint8_t tag, uint32_t offset,
	     const uint8_t *data, uint32_t count);

/* Successful completion by @completer for @requester; @data NULL: without data */
void tlp_completion(struct tlp *tlp, uint16_t completer, uint16_t requester, uint8_t tag,
		    uint64_t addr, const uint8_t *data, uint32_t count);

/* Completion that says: unsupported request */
void tlp_unsupported(struct tlp *tlp, uint16_t completer, uint16_t requester, uint8_t tag,
		     uint32_t count);

/* Keep only the first @known bytes of a payload. */
void tlp_cut(struct tlp *tlp, uint32_t known);

/* Message of @requester without data, which ends at the receiver */
void tlp_message(struct tlp *tlp, uint16_t requester, uint8_t code);

#endif /* CABLE_TLP_H */
