/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Legacy virtio-pci register file in plain endpoint memory
 *
 * The host's accesses to BAR0 land in the endpoint's RAM without a trap, so
 * the registers are watched instead of handled.  epfv_regs_pass() is one look
 * at them; everything it learns is history plus two 64-bit loads.  No kernel
 * API is used here: the engine is tested in user space, where each accessor
 * call is a point at which the host may run.
 *
 * Layout: "Legacy Interfaces: A Note on PCI Device Layout" in the virtio
 * specification, include/uapi/linux/virtio_pci.h.
 */
#ifndef EPFV_REGS_H
#define EPFV_REGS_H

#include <linux/bits.h>
#include <linux/types.h>

/* As many as a console with 32 ports has */
#define EPFV_MAX_QUEUES		66
#define EPFV_MAX_CONFIG		64
#define EPFV_NO_VECTOR		0xffff

/* Size of the register file with the largest device configuration, in bytes */
#define EPFV_REGS_SIZE		128

/* What a pass has found, a bit mask; several may come at once, in this order */
#define EPFV_REGS_ACTIVITY	BIT(0)	/* any register differs from the last pass */
#define EPFV_REGS_RESET		BIT(1)	/* all learnt before is void: a new epoch */
#define EPFV_REGS_FAILED	BIT(2)	/* the host gave up; comes with RESET */
#define EPFV_REGS_LIVE		BIT(3)	/* DRIVER_OK, all queues known: rings may be used */
#define EPFV_REGS_NOTIFY	BIT(4)	/* NOTIFY was cleared: all rings must be scanned now */
#define EPFV_REGS_INCOMPLETE	BIT(5)	/* DRIVER_OK without all required queues */
#define EPFV_REGS_WRITTEN	BIT(6)	/* the word that drivers may write was written */

/**
 * struct epfv_regs_ops - access to the register file
 * @ld64: aligned 64-bit single-copy-atomic load, offset in bytes from BAR0
 * @st32: aligned 32-bit store
 * @st16: aligned 16-bit store
 * @st8: 8-bit store
 * @mb: full barrier: stores before it are visible to the host before any later load
 *
 * Values are in the engine's byte order; the accessors convert from and to
 * little endian.  Loads and stores take effect in the order of the calls.
 * May be called with interrupts disabled.
 */
struct epfv_regs_ops {
	u64 (*ld64)(void *ctx, unsigned int off);
	void (*st32)(void *ctx, unsigned int off, u32 val);
	void (*st16)(void *ctx, unsigned int off, u16 val);
	void (*st8)(void *ctx, unsigned int off, u8 val);
	void (*mb)(void *ctx);
};

/**
 * struct epfv_regs_params - what the device offers, constant while bound
 * @features: device feature bits 0 to 31, without VIRTIO_RING_F_INDIRECT_DESC and
 *	VIRTIO_RING_F_EVENT_IDX (both cost reads over PCIe) and without bit 30, which
 *	marks GUEST_FEATURES as seen
 * @num_queues: virtqueues, 1 to EPFV_MAX_QUEUES
 * @required: the driver must have set up so many queues, the first ones, at DRIVER_OK
 * @all_with: with any of these features accepted, it must have set up all
 * @queue_size: descriptors per virtqueue, a power of two, 1 to 32768; one value
 *	for all, since the host reads it right behind its queue select
 * @config: device configuration bytes, may be NULL if @config_len is 0
 * @config_len: bytes in @config, 0 to EPFV_MAX_CONFIG
 * @written: offset in @config of a 32-bit word, 0 there, that drivers may write at any
 *	time; a multiple of 4, or 0: there is none
 */
struct epfv_regs_params {
	u32 features;
	unsigned int num_queues;
	unsigned int required;
	u32 all_with;
	u16 queue_size;
	const u8 *config;
	unsigned int config_len;
	unsigned int written;
};

enum epfv_regs_phase {
	EPFV_REGS_IDLE,		/* STATUS is 0 or ACKNOWLEDGE, no queue was set up */
	EPFV_REGS_SETUP,	/* a driver is at work */
	EPFV_REGS_RUNNING,	/* DRIVER_OK was accepted */
	EPFV_REGS_DEAD,		/* FAILED or incomplete; ends with a reset or a new queue */
};

/**
 * struct epfv_regs_queue - what the host told of one virtqueue in this epoch
 * @pfn: page frame number of the ring in units of 4096 bytes, 0 if not set
 * @vector: MSI-X table entry (the first is 0) or EPFV_NO_VECTOR; as the host left it,
 *	so it may exceed the table, and has no meaning while MSI-X is off
 */
struct epfv_regs_queue {
	u32 pfn;
	u16 vector;
};

/**
 * struct epfv_regs - the engine; all below @written is private
 * @queue: what is known of each virtqueue in this epoch
 * @features: feature bits the driver accepted, latched when going LIVE
 * @config_vector: MSI-X table entry for configuration changes or EPFV_NO_VECTOR,
 *	latched when going LIVE; same limits as &struct epfv_regs_queue.vector
 * @epoch: counts the times at which everything learnt before became void
 * @phase: see enum epfv_regs_phase
 * @resets: host resets seen
 * @anomalies: PFN writes whose queue had to be guessed
 * @ignored: PFN writes to queues the device does not have
 * @written: what the driver has written to the word of that name
 * @ops: accessors
 * @ctx: handed to @ops
 * @params: what the device offers
 * @word1: {PFN, NUM, SEL} as left by the last pass
 * @word2: {NOTIFY, STATUS, ISR, vectors} as left by the last pass
 * @status: STATUS in the last pass
 * @isr: ISR, as it was put
 * @settle: passes made since DRIVER_OK was seen
 * @msix_layout: where the configuration bytes were written last
 * @zsel: the queue which the next PFN is for: QUEUE_SEL at a time when PFN was
 *	known to be 0; or -1
 * @sel: QUEUE_SEL in the last pass, or -1
 * @last_queue: queue of the last PFN, or -1
 */
struct epfv_regs {
	struct epfv_regs_queue queue[EPFV_MAX_QUEUES];
	u32 features;
	u16 config_vector;
	u32 epoch;
	enum epfv_regs_phase phase;
	u64 resets;
	u64 anomalies;
	u64 ignored;
	u32 written;

	const struct epfv_regs_ops *ops;
	void *ctx;
	struct epfv_regs_params params;
	u64 word1;
	u64 word2;
	u8 status;
	u8 isr;
	u8 settle;
	bool msix_layout;
	int zsel;
	int sel;
	int last_queue;
};

/**
 * epfv_regs_init() - prepare an engine
 * @regs: engine, any content
 * @params: copied; @params->config must outlive the engine
 * @ops: accessors
 * @ctx: handed to @ops
 *
 * Does not touch the register file.
 * Return: 0, or -EINVAL if @params are out of the ranges given there.
 */
int epfv_regs_init(struct epfv_regs *regs, const struct epfv_regs_params *params,
		   const struct epfv_regs_ops *ops, void *ctx);

/**
 * epfv_regs_defaults() - write the whole register file
 * @regs: engine
 *
 * For the time before the host can see the BAR: at bind and while the link is
 * down.  Starts a new epoch and takes MSI-X to be off.
 */
void epfv_regs_defaults(struct epfv_regs *regs);

/**
 * epfv_regs_pass() - one look at the registers
 * @regs: engine
 * @msix_on: the host has MSI-X enabled: configuration bytes begin at 24, not 20
 *
 * @msix_on may lag behind the host.  What depends on it is the place of the
 * configuration bytes, so it should be fresh at a reset, and before the host's
 * driver reads its configuration after it has set up the queues.
 *
 * Two loads when nothing happens.  Never sleeps; may run with interrupts
 * disabled.  All-ones words, which no host writes, are left alone.
 * Return: mask of EPFV_REGS_* bits, 0 if nothing happened.
 */
unsigned int epfv_regs_pass(struct epfv_regs *regs, bool msix_on);

/* ISR status: queues want to be looked at */
#define EPFV_ISR_QUEUE	BIT(0)

/**
 * epfv_regs_put_isr() - have the host read this interrupt status
 * @regs: engine
 * @isr: ISR status, 0 for a host that has MSI-X enabled
 *
 * A host that has not looks at it at each interrupt, and takes no notice of one
 * where it is 0.  Its read should clear it (virtio specification, "ISR status
 * capability"), which plain memory cannot do: it stays until the host's reset.
 * Must not run beside a pass.
 */
void epfv_regs_put_isr(struct epfv_regs *regs, u8 isr);

/**
 * epfv_regs_put_config() - write the configuration bytes anew
 * @regs: engine
 * @msix_on: where to, as in epfv_regs_pass()
 *
 * Must not run beside a pass.
 */
void epfv_regs_put_config(struct epfv_regs *regs, bool msix_on);

/**
 * epfv_regs_changed() - whether a pass would find anything
 * @regs: engine
 *
 * At most two loads; may run in any context, beside a pass on another CPU,
 * where it may err on the side of true.  Does not see GUEST_FEATURES while the
 * driver is being set up, nor a change of MSI-X.
 * Return: true if a pass is due.
 */
bool epfv_regs_changed(struct epfv_regs *regs);

/**
 * epfv_regs_epoch_over() - whether the host has reset the device since the last pass
 * @regs: engine
 *
 * To be asked before each burst to the host's memory; at most two loads.
 * Always true outside of phase RUNNING.
 * Return: true if host memory learnt of in this epoch must no longer be used.
 */
bool epfv_regs_epoch_over(struct epfv_regs *regs);

#endif /* EPFV_REGS_H */
