/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A host, a register file and the engine, and all ways they can meet
 *
 * Each access of the engine is a point at which the host may run.  Memory keeps
 * the order of writes, except that the engine's clearing of NOTIFY may linger
 * in a store buffer until a barrier or the next pass.
 */
#ifndef UNIT_WORLD_H
#define UNIT_WORLD_H

#include "host.h"
#include "regs.h"

#define WORLD_CONFIG	4

/* A trap-and-emulate device that sees each access in the host's order */
struct oracle {
	u32 pfn[VEPF_MAX_QUEUES];
	u16 vector[VEPF_MAX_QUEUES];
	u16 config_vector;
	u16 sel;
	u32 features;
	u8 status;
	u8 resets;
	bool msix;
};

struct late_write {
	u8 size;
	u8 off;
	u32 val;
};

#define WORLD_MAX_LOADS	4
#define WORLD_MAX_LATE	4

struct world {
	struct vepf_regs regs;	/* as before the pass that is under way */
	struct oracle oracle;
	u8 mem[64];

	/* The pass under way: what it did, and what it was told */
	u64 seen[WORLD_MAX_LOADS];
	u8 loads;
	u8 steps;
	bool in_pass;
	bool pass_msix;

	bool notify_buffered;	/* cleared, but not visible to the host yet */
	bool unscanned;		/* the host kicked, and rings were not scanned since */
	u8 resets_seen;		/* resets of the oracle when the pass loaded STATUS */
	u8 resets_live;		/* ... and when the engine went LIVE */

	u16 pc;
	u8 wait;		/* ticks until the host can do its next access */
	u8 gap;			/* ticks since the pass before began */
	u8 gap_this;		/* ... since this pass began */

	struct late_write late[WORLD_MAX_LATE];
	u8 num_late;
	u8 late_at_start;
};

struct world_setup {
	const struct host *host;
	struct vepf_regs_params params;
	bool late;		/* writes to {PFN, NUM, SEL} become visible a pass late */
	bool stale_msix;	/* the engine learns of MSI-X at any time later */
	bool hostile;		/* nothing the host did needs to make sense */
	bool verbose;
};

struct world_result {
	const char *error;	/* NULL if all went well */
	unsigned long states;
};

void world_setup_init(struct world_setup *s, const struct host *host);

void world_init(struct world *w, const struct world_setup *s);

/* One access of the host, whatever time it takes; returns an error or NULL */
const char *world_host(struct world *w, const struct world_setup *s);

/* A whole pass without the host; returns an error or NULL */
const char *world_pass(struct world *w, const struct world_setup *s, unsigned int *events);

/* The whole program with @passes passes behind each step of the host */
struct world_result world_lockstep(const struct world_setup *s, unsigned int passes);

/*
 * All interleavings in which no more than @budget ticks lie between the
 * beginning of a pass and the end of the next
 */
struct world_result world_explore(const struct world_setup *s, unsigned int budget);

#endif /* UNIT_WORLD_H */
