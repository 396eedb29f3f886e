/* SPDX-License-Identifier: GPL-2.0 */
/*
 * pcapng: a capture file that Wireshark opens
 *
 * Offered to:	trace_cmd
 * Layout from draft-ietf-opsawg-pcapng.
 */
#ifndef CABLE_PCAPNG_H
#define CABLE_PCAPNG_H

#include <stdint.h>
#include <stdio.h>

/* For private use: no number is there for PCI Express that a dissector knows */
#define PCAPNG_LINKTYPE_USER0	147

enum pcapng_direction { PCAPNG_NO_DIRECTION, PCAPNG_INBOUND, PCAPNG_OUTBOUND };

/* Begin a file written by @application; what fails is kept by @file. */
void pcapng_begin(FILE *file, const char *application);

/* The next interface, from 0; times are in microseconds. */
void pcapng_interface(FILE *file, uint16_t link_type, const char *name);

/* A packet of @len bytes, of which the first @kept are at @data */
void pcapng_packet(FILE *file, uint32_t interface, int64_t us, const uint8_t *data,
		   uint32_t kept, uint32_t len, const char *comment,
		   enum pcapng_direction direction);

#endif /* CABLE_PCAPNG_H */
