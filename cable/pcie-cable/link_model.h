/* SPDX-License-Identifier: GPL-2.0 */
/*
 * link_model: the link that is said to be there, and what its traffic would take
 *
 * Offered to:	main (options), host_fn (limits, and what the function's registers say)
 *		and stats (times).
 *
 * An account, nothing waits: an access of an emulated machine takes longer than one of
 * a real one by far.
 */
#ifndef CABLE_LINK_MODEL_H
#define CABLE_LINK_MODEL_H

#include <stdbool.h>
#include <stdint.h>

#include "traffic.h"

#define LINK_MODEL_MAX_NS	1000000
#define LINK_MODEL_MIN_SIZE	128	/* of payload and read request */
#define LINK_MODEL_MAX_SIZE	4096

/* For messages */
#define LINK_MODEL_ALLOWED	"gen1 to gen5 with x1, x2, x4, x8 or x16, as in gen3x1"

/**
 * struct link_model - what was chosen
 * @timed: are times wanted?
 * @gen: 1 (2.5 GT/s) to 5 (32 GT/s)
 * @lanes: 1 to 16
 * @read_ns: from the end of a request that is completed to its completion's begin
 * @write_ns: what the sender of one that is not loses beside its time on the link
 * @payload: Max_Payload_Size, 0: as the host has set it
 * @request: Max_Read_Request_Size, likewise
 */
struct link_model {
	bool timed;
	unsigned int gen;
	unsigned int lanes;
	uint32_t read_ns;
	uint32_t write_ns;
	uint32_t payload;
	uint32_t request;
};

/* What is there without any option */
#define LINK_MODEL_DEFAULT	{ .gen = 1, .lanes = 1 }

/* "gen3x4"; false: not allowed */
bool link_model_parse(struct link_model *model, const char *s);

/* Time of so many bytes on the link, one way */
double link_model_wire_ns(const struct link_model *model, uint64_t bytes);

/* Time of a requester that does one after the other */
double link_model_read_ns(const struct link_model *model, const struct traffic_use *use);
double link_model_write_ns(const struct link_model *model, const struct traffic_use *use);

#endif /* CABLE_LINK_MODEL_H */
