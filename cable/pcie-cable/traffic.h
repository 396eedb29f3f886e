/* SPDX-License-Identifier: GPL-2.0 */
/*
 * traffic: the packets that accesses become on a link, and how long they are
 *
 * Offered to:	watch (counts), stats (prints), link_model (what they would take) and
 *		trace_line (requests of DMA).
 *
 * The section numbers here and in traffic.c are those of the PCI Express Base
 * Specification, revision 6.0; of a link that is not in Flit Mode.
 */
#ifndef CABLE_TRAFFIC_H
#define CABLE_TRAFFIC_H

#include <stdbool.h>
#include <stdint.h>

enum traffic_type {
	TRAFFIC_MRD, TRAFFIC_MWR, TRAFFIC_CFGRD, TRAFFIC_CFGWR, TRAFFIC_CPLD, TRAFFIC_CPL,
	TRAFFIC_MSG, TRAFFIC_TYPES
};

enum traffic_requester {
	TRAFFIC_HOST, TRAFFIC_ENDPOINT, TRAFFIC_DMA, TRAFFIC_REQUESTERS
};

/**
 * struct traffic_way - what went one way
 * @packets: by type
 * @payload: bytes that were read or written, in MWr, CfgWr and CplD
 * @wire: bytes that all packets have on the link, with header and framing
 */
struct traffic_way {
	uint64_t packets[TRAFFIC_TYPES];
	uint64_t payload;
	uint64_t wire;
};

/**
 * struct traffic_use - what one requester has asked for
 * @reads: requests that are completed: MRd, CfgRd, CfgWr
 * @read_wire: bytes they have on the link, together with their completions
 * @writes: requests that are not: MWr, Msg
 * @write_wire: bytes these have on the link
 */
struct traffic_use {
	uint64_t reads;
	uint64_t read_wire;
	uint64_t writes;
	uint64_t write_wire;
};

struct traffic {
	struct traffic_way way[2];	/* [to the host] */
	struct traffic_use use[TRAFFIC_REQUESTERS];
};

/**
 * struct traffic_access - an access to memory
 * @who: sends the requests
 * @addr: of its first byte, which also decides whether addresses need 64 bits
 * @count: bytes, not 0
 * @request: no request has more bytes, or crosses a multiple of that
 */
struct traffic_access {
	enum traffic_requester who;
	uint64_t addr;
	uint32_t count;
	uint32_t request;
};

/**
 * struct traffic_completer - how reads are answered
 * @payload: most bytes of a completion
 * @boundary: Read Completion Boundary: only at multiples may there be another one
 */
struct traffic_completer {
	uint32_t payload;
	uint32_t boundary;
};

/* Requests of up to @most bytes, none of which crosses a multiple of that */
static inline uint64_t traffic_requests(uint64_t addr, uint32_t count, uint32_t most)
{
	return (addr + count - 1) / most - addr / most + 1;
}

/* A read; without @completer it is an Unsupported Request. */
void traffic_read(struct traffic *traffic, const struct traffic_access *access,
		  const struct traffic_completer *completer);

void traffic_write(struct traffic *traffic, const struct traffic_access *access);

/* An access of the host in the configuration space, which is completed */
void traffic_config(struct traffic *traffic, bool write, uint32_t offset, uint32_t count);

/* A message of the endpoint without data */
void traffic_message(struct traffic *traffic);

#endif /* CABLE_TRAFFIC_H */
