/* SPDX-License-Identifier: GPL-2.0 */
/*
 * All interleavings of a host and the engine
 */
#ifndef MODEL_EXPLORE_H
#define MODEL_EXPLORE_H

#include "world.h"

enum search_mode {
	/* No more than @budget ticks from the beginning of a pass to the end of the next */
	SEARCH_TIMED,
	/* Any time between passes, but less than a round trip in a pass */
	SEARCH_UNTIMED,
	/* No clocks; up to @budget loads that lie, passes on stale words, garbage in STATUS */
	SEARCH_FAULTS,
};

/**
 * struct search - what to search
 * @s: host, engine and memory
 * @mode: see enum search_mode
 * @budget: ticks, or faults
 * @properties: mask of enum property: violations of others end an interleaving, and
 *	no more; MISUSE is always looked at
 * @allowed: mask of enum limit: the same for violations that these cause
 * @recovery: driver that must succeed from every state, or NULL
 * @verbose: print the way to the first violation
 */
struct search {
	const struct world_setup *s;
	enum search_mode mode;
	unsigned int budget;
	u32 properties;
	u32 allowed;
	const struct world_setup *recovery;
	bool verbose;
};

/**
 * struct findings - what was found
 * @error: a violation that is not allowed, or NULL
 * @states: how many were reached
 * @recovered: states that are different to an engine, from which @recovery was run
 * @ended: interleavings ended by violations that are allowed, by enum limit
 */
struct findings {
	const struct violation *error;
	unsigned long states;
	unsigned long recovered;
	unsigned long ended[NUM_LIMITS];
};

#define ALL_PROPERTIES	((1u << NUM_PROPERTIES) - 1)

struct findings explore(const struct search *search);

/* The whole program with @passes passes behind each step of the host */
struct findings lockstep(const struct world_setup *s, unsigned int passes);

#endif /* MODEL_EXPLORE_H */
