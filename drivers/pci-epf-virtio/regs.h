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

#include <linux/types.h>

#include "transport.h"

/* Size of the register file with the largest device configuration, in bytes */
#define EPFV_REGS_SIZE		128

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
 * struct epfv_regs - the engine
 * @t: what it is to others
 *
 * All below is private.
 * @queue: what is known of each virtqueue in this epoch
 * @features: feature bits the driver accepted, latched when going LIVE
 * @config_vector: MSI-X table entry for configuration changes or EPFV_NO_VECTOR,
 *	latched when going LIVE
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
	struct epfv_transport t;
	struct epfv_regs_queue queue[EPFV_MAX_QUEUES];
	u32 features;
	u16 config_vector;

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

/*
 * The operations of the transport, by their own names: see &struct epfv_transport_ops, and
 * here what is true of this one only.
 */

/* Starts a new epoch and takes MSI-X to be off */
void epfv_regs_defaults(struct epfv_regs *regs);

/*
 * The place of the configuration bytes depends on @msix_on: they begin at 24, not at 20.  So
 * it should be fresh at a reset, and before the host's driver reads its configuration after it
 * has set up the queues.
 *
 * Two loads when nothing happens.  All-ones words, which no host writes, are left alone.
 */
unsigned int epfv_regs_pass(struct epfv_regs *regs, bool msix_on);

/*
 * At most two loads.  Does not see GUEST_FEATURES while the driver is being set up, nor a
 * change of MSI-X.
 */
bool epfv_regs_changed(struct epfv_regs *regs);

/* One load when nothing happened; touches NOTIFY only */
bool epfv_regs_notified(struct epfv_regs *regs);

/* At most two loads.  Always true outside of phase RUNNING */
bool epfv_regs_epoch_over(struct epfv_regs *regs);

void epfv_regs_setup(const struct epfv_regs *regs, struct epfv_setup *setup);
void epfv_regs_put_config(struct epfv_regs *regs, bool msix_on);

/*
 * A host that has not enabled MSI-X looks at the status at each interrupt, and takes no notice
 * of one where it is 0.  Its read should clear it (virtio specification, "ISR status
 * capability"), which plain memory cannot do: it stays until the host's reset.
 */
void epfv_regs_put_isr(struct epfv_regs *regs, u8 isr);

#endif /* EPFV_REGS_H */
