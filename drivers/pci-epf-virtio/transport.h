/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Floor 1: what a host's driver does to the device, however that becomes known
 *
 * The poller looks through these operations, and all that it finds is handed on in words
 * that every layout of virtio over PCI shares.  Today there is one transport, the legacy
 * register file in plain memory (regs.h, legacy.h).
 *
 * No kernel API is used here.
 */
#ifndef EPFV_TRANSPORT_H
#define EPFV_TRANSPORT_H

#include <linux/bits.h>
#include <linux/types.h>

/* As many as a console with 32 ports has */
#define EPFV_MAX_QUEUES		66
#define EPFV_MAX_CONFIG		64
#define EPFV_NO_VECTOR		0xffff

/* What a pass has found, a bit mask; several may come at once, in this order */
#define EPFV_EVENT_ACTIVITY	BIT(0)	/* the driver has done something since the last pass */
#define EPFV_EVENT_RESET	BIT(1)	/* all learnt before is void: a new epoch */
#define EPFV_EVENT_FAILED	BIT(2)	/* the host gave up; comes with RESET */
#define EPFV_EVENT_LIVE		BIT(3)	/* DRIVER_OK, all queues known: rings may be used */
#define EPFV_EVENT_NOTIFY	BIT(4)	/* all rings must be scanned now */
#define EPFV_EVENT_INCOMPLETE	BIT(5)	/* DRIVER_OK without all required queues */
#define EPFV_EVENT_WRITTEN	BIT(6)	/* the word that drivers may write was written */

/* Interrupt status: queues want to be looked at, or the configuration */
#define EPFV_ISR_QUEUE		BIT(0)
#define EPFV_ISR_CONFIG		BIT(1)

enum epfv_phase {
	EPFV_PHASE_IDLE,	/* no driver, or one that only knows of the device */
	EPFV_PHASE_SETUP,	/* a driver is at work */
	EPFV_PHASE_RUNNING,	/* DRIVER_OK was accepted */
	EPFV_PHASE_DEAD,	/* it failed; ends with a reset, or when a driver begins again */
};

/**
 * struct epfv_queue_setup - a virtqueue as the host's driver has set it up
 * @desc: host address of the descriptor table; 0: the driver does not use the queue
 * @avail: host address of the available ring
 * @used: host address of the used ring
 * @size: descriptors
 * @vector: MSI-X table entry (the first is 0) or EPFV_NO_VECTOR; as the host left it, so it
 *	may exceed the table, and has no meaning while MSI-X is off
 */
struct epfv_queue_setup {
	u64 desc;
	u64 avail;
	u64 used;
	u16 size;
	u16 vector;
};

/**
 * struct epfv_setup - all that a driver has set up, when it went LIVE
 * @features: those that it accepted
 * @config_vector: MSI-X table entry for configuration changes or EPFV_NO_VECTOR; same limits
 *	as &struct epfv_queue_setup.vector
 * @queue: virtqueues, by number
 */
struct epfv_setup {
	u64 features;
	u16 config_vector;
	struct epfv_queue_setup queue[EPFV_MAX_QUEUES];
};

struct epfv_transport;

/**
 * struct epfv_transport_ops - a transport
 * @pass: look at what the driver has done; returns a mask of EPFV_EVENT_* bits.  Never
 *	sleeps; may run with interrupts disabled.  @msix_on: the host has MSI-X enabled, which
 *	may be known late
 * @changed: whether a pass would find anything; any context, beside a pass on another
 *	processor, where it may err on the side of true
 * @notified: whether the running driver has notified of buffers, which is taken: all rings
 *	must be scanned then.  Any context, beside a pass on another processor
 * @epoch_over: whether the host has reset the device since the last pass: its memory must
 *	not be used any more.  To be asked before each burst of accesses; any context
 * @setup: fill in what the driver has set up; in phase RUNNING, not beside a pass
 * @put_config: write the configuration bytes anew; not beside a pass
 * @put_isr: have the host read this interrupt status (EPFV_ISR_* bits), 0 for a host that has
 *	MSI-X enabled; not beside a pass
 * @defaults: for the time before the host can see the device, and while the link is down:
 *	write all that it will find, and begin a new epoch
 */
struct epfv_transport_ops {
	unsigned int (*pass)(struct epfv_transport *t, bool msix_on);
	bool (*changed)(struct epfv_transport *t);
	bool (*notified)(struct epfv_transport *t);
	bool (*epoch_over)(struct epfv_transport *t);
	void (*setup)(const struct epfv_transport *t, struct epfv_setup *setup);
	void (*put_config)(struct epfv_transport *t, bool msix_on);
	void (*put_isr)(struct epfv_transport *t, u8 isr);
	void (*defaults)(struct epfv_transport *t);
};

/**
 * struct epfv_transport - what all transports have
 * @ops: what it does
 * @phase: see enum epfv_phase; written by a pass only
 * @epoch: counts the times at which everything learnt before became void
 * @resets: host resets seen
 * @guesses: queues whose number had to be guessed
 * @ignored: queues set up that the device does not have
 * @written: what the driver has written to the word that it may write
 */
struct epfv_transport {
	const struct epfv_transport_ops *ops;
	enum epfv_phase phase;
	u32 epoch;
	u64 resets;
	u64 guesses;
	u64 ignored;
	u32 written;
};

#endif /* EPFV_TRANSPORT_H */
