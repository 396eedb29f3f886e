// SPDX-License-Identifier: GPL-2.0
#include "traffic.h"

/* Headers (2.2.1.1): messages and addresses of 64 bits have a fourth dword */
#define HEADER_3DW	12
#define HEADER_4DW	16

/*
 * Around each packet: at 2.5 and 5 GT/s the symbols STP and END (4.2.1.2.1), sequence
 * number and LCRC (3.6.2.1), 1 + 1 + 2 + 4 bytes; from 8 GT/s on the STP token, which
 * has the sequence number (4.2.2.3.1), and LCRC, 4 + 4.
 */
#define FRAMING		8

#define DWORD		4

/**
 * struct packets - some that have the same type
 * @to_host: which way they go
 * @header: bytes of each one's
 * @payload: bytes of all of them that are meant
 * @dwords: in which these are
 */
struct packets {
	enum traffic_type type;
	bool to_host;
	unsigned int header;
	uint64_t num;
	uint64_t payload;
	uint64_t dwords;
};

/* Bytes they have on the link */
static uint64_t send(struct traffic *traffic, const struct packets *p)
{
	const uint64_t wire = p->num * (p->header + FRAMING) + p->dwords * DWORD;
	struct traffic_way *way = &traffic->way[p->to_host];

	way->packets[p->type] += p->num;
	way->payload += p->payload;
	way->wire += wire;
	return wire;
}

/* Addresses below 4 GiB must have the short form (2.2.4.1). */
static unsigned int mem_header(uint64_t addr)
{
	return addr >> 32 ? HEADER_4DW : HEADER_3DW;
}

static uint64_t dwords(uint64_t addr, uint32_t count)
{
	return traffic_requests(addr, count, DWORD);
}

/* As few as may be: the first ends at a boundary, the others are full (2.3.1.1). */
static uint64_t completions(const struct traffic_completer *completer, uint64_t addr,
			    uint32_t count)
{
	const uint64_t bytes = addr % completer->boundary + count;

	return (bytes + completer->payload - 1) / completer->payload;
}

/* For each request: inside of a request only the first and last bytes are odd ones. */
static uint64_t all_completions(const struct traffic_completer *completer,
				const struct traffic_access *a, uint64_t requests)
{
	const uint32_t size = a->request;
	const uint32_t first = size - a->addr % size;
	uint64_t n;

	if (requests == 1)
		return completions(completer, a->addr, a->count);
	n = completions(completer, a->addr, first);
	n += (requests - 2) * completions(completer, 0, size);
	return n + completions(completer, 0, (a->addr + a->count - 1) % size + 1);
}

void traffic_read(struct traffic *traffic, const struct traffic_access *a,
		  const struct traffic_completer *completer)
{
	struct traffic_use *use = &traffic->use[a->who];
	struct packets p = {
		.type = TRAFFIC_MRD,
		.to_host = a->who != TRAFFIC_HOST,
		.header = mem_header(a->addr),
		.num = traffic_requests(a->addr, a->count, a->request),
	};

	use->reads += p.num;
	use->read_wire += send(traffic, &p);
	p.type = TRAFFIC_CPL;
	p.to_host = !p.to_host;
	p.header = HEADER_3DW;
	if (completer) {
		p.type = TRAFFIC_CPLD;
		p.num = all_completions(completer, a, p.num);
		p.payload = a->count;
		p.dwords = dwords(a->addr, a->count);
	}
	use->read_wire += send(traffic, &p);
}

void traffic_write(struct traffic *traffic, const struct traffic_access *a)
{
	struct traffic_use *use = &traffic->use[a->who];
	const struct packets p = {
		.type = TRAFFIC_MWR,
		.to_host = a->who != TRAFFIC_HOST,
		.header = mem_header(a->addr),
		.num = traffic_requests(a->addr, a->count, a->request),
		.payload = a->count,
		.dwords = dwords(a->addr, a->count),
	};

	use->writes += p.num;
	use->write_wire += send(traffic, &p);
}

/* A dword each (2.2.7.1) */
void traffic_config(struct traffic *traffic, bool write, uint32_t offset, uint32_t count)
{
	struct traffic_use *use = &traffic->use[TRAFFIC_HOST];
	const uint64_t num = dwords(offset, count);
	const struct packets request = {
		.type = write ? TRAFFIC_CFGWR : TRAFFIC_CFGRD,
		.header = HEADER_3DW,
		.num = num,
		.payload = write ? count : 0,
		.dwords = write ? num : 0,
	};
	const struct packets completion = {
		.type = write ? TRAFFIC_CPL : TRAFFIC_CPLD,
		.to_host = true,
		.header = HEADER_3DW,
		.num = num,
		.payload = write ? 0 : count,
		.dwords = write ? 0 : num,
	};

	use->reads += num;
	use->read_wire += send(traffic, &request) + send(traffic, &completion);
}

void traffic_message(struct traffic *traffic)
{
	struct traffic_use *use = &traffic->use[TRAFFIC_ENDPOINT];
	const struct packets p = {
		.type = TRAFFIC_MSG, .to_host = true, .header = HEADER_4DW, .num = 1,
	};

	use->writes++;
	use->write_wire += send(traffic, &p);
}
