/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A host, a register file and the engine, and all ways they can meet
 *
 * Each access of the engine is a point at which the host may run.  Memory keeps
 * the order of writes, except that the engine's clearing of NOTIFY may linger
 * in a store buffer until a barrier or the next pass.
 */
#ifndef MODEL_WORLD_H
#define MODEL_WORLD_H

#include "host.h"
#include "oracle.h"
#include "regs.h"

enum property {
	MISUSE,	/* the engine touches what it must not */
	O1,	/* a read of the host gives what the oracle gives */
	O2,	/* what is known when LIVE is what the host wrote */
	O3,	/* no access to host memory behind a reset */
	O4,	/* each notification is followed by a scan of the rings */
	O5,	/* configuration bytes are where and what they should be when read */
	O6,	/* an undisturbed driver succeeds from every state */
	O7,	/* no store lands on what the host wrote and nobody saw */
	NUM_PROPERTIES,
};

/* What of passive memory may cause a violation if nobody looks for long */
enum limit {
	NO_LIMIT,
	P1,	/* PFN is read before it was set back to 0 */
	P3,	/* {SEL, PFN} or {SEL, vector} is overwritten before it was seen */
	P4,	/* configuration is read before it was moved */
	NUM_LIMITS,
};

struct violation {
	enum property property;
	enum limit limit;
	const char *text;
};

struct late_write {
	u8 size;
	u8 off;
	u32 val;
};

#define WORLD_WORDS	3
#define WORLD_MAX_LOADS	4
#define WORLD_MAX_LATE	4
#define WORLD_BAR_SIZE	64

struct world {
	struct epfv_regs regs;	/* as before the pass that is under way; stays the first */
	struct oracle oracle;
	u8 mem[WORLD_BAR_SIZE];
	u32 dirty;		/* mask of header bytes the host wrote and the engine did not load */

	/* The pass under way: what it did, and what it was told */
	u32 half;		/* of a load that is torn */
	u64 seen[WORLD_MAX_LOADS];
	u8 loads;
	u8 steps;
	bool in_pass;
	bool pass_msix;
	bool has_early;
	u64 early;		/* the queue's word, if it was loaded first */

	bool notify_buffered;	/* cleared, but not visible to the host yet */
	bool vectors;		/* the host wrote some since it switched MSI-X on */
	bool unscanned;		/* the host kicked, and rings were not scanned since */
	u8 resets_since_pass;	/* resets since the pass under way loaded STATUS */
	u8 resets_since_live;	/* ... since that pass did that went LIVE */

	u16 pc;
	u8 wait;		/* ticks until the host can do its next access */
	u8 gap;			/* ticks since the pass before began */
	u8 gap_this;		/* ... since this pass began */

	u64 last[WORLD_WORDS];	/* what was loaded last, for passes on stale words */

	struct late_write late[WORLD_MAX_LATE];
	u8 num_late;
	u8 late_at_start;

	u8 faults;		/* so far */
};

struct world_setup {
	const struct host *host;
	struct epfv_regs_params params;
	bool late;		/* writes to {PFN, NUM, SEL} become visible a pass late */
	bool stale_msix;	/* the engine learns of MSI-X at any time later */
	bool hostile;		/* nothing the host did needs to make sense */
	bool torn;		/* 64-bit loads are two of 32 bits */
};

/* What is wrong with the access of the engine that comes next */
enum fault {
	NO_FAULT,
	FAULT_ONES,	/* a load gives all-ones */
	FAULT_EARLY,	/* the queue's word is loaded before STATUS */
};

void world_setup_init(struct world_setup *s, const struct host *host);

void world_init(struct world *w, const struct world_setup *s);

/* One access of the host, whatever time it takes */
const struct violation *world_host(struct world *w, const struct world_setup *s);

/* One access of the engine, which may begin a pass */
const struct violation *world_engine(struct world *w, const struct world_setup *s,
				     enum fault fault);

/* A whole pass, or all that remains of it, without the host */
const struct violation *world_pass(struct world *w, const struct world_setup *s,
				   unsigned int *events);

/* A whole pass that is told what was loaded last */
const struct violation *world_stale_pass(struct world *w, const struct world_setup *s);

/* What must hold at any time */
const struct violation *world_check(const struct world *w, const struct world_setup *s);

/* Asked between passes: does not change anything */
bool world_ask(const struct world *w, bool (*question)(struct epfv_regs *regs));

/* An undisturbed driver, that of @s, behind whatever has happened; between passes */
const struct violation *world_recover(const struct world *w, const struct world_setup *s);

/* Between the host's and the engine's half of the world */
void world_flush_late(struct world *w, unsigned int n);
const struct violation *world_compare(const struct world *w, const struct world_setup *s);
const struct violation *world_judge(const struct world_setup *s, const struct violation *v);

static inline bool byte_range(u32 mask, unsigned int size, unsigned int off)
{
	return off < 32 && mask >> off & ((1u << size) - 1);
}

#endif /* MODEL_WORLD_H */
