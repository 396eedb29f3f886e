/* SPDX-License-Identifier: GPL-2.0 */
/*
 * An endpoint function: where registers, rings, interrupts and the bridge meet
 */
#ifndef EPFV_FUNCTION_H
#define EPFV_FUNCTION_H

#include <linux/configfs.h>
#include <linux/debugfs.h>
#include <linux/pci-epf.h>
#include <linux/types.h>

#include "bridge.h"
#include "control.h"
#include "direct.h"
#include "hostmem.h"
#include "hostq.h"
#include "irq.h"
#include "legacy.h"
#include "pci-epf-virtio.h"
#include "pipe.h"
#include "poller.h"
#include "worker.h"

#define EPFV_QUEUE_SIZE_MIN	16
#define EPFV_QUEUE_SIZE_MAX	EPFV_RING_MAX_SIZE
#define EPFV_QUEUE_SIZE_DEFAULT	256

/* In &struct epfv_function.flags: the host's driver may have sent messages */
#define EPFV_CONTROL_SCAN	0

/**
 * struct epfv_function_worker - one of a function's workers
 * @w: the thread
 * @f: function
 * @id: its number
 */
struct epfv_function_worker {
	struct epfv_worker w;
	struct epfv_function *f;
	unsigned int id;
};

/**
 * struct epfv_function - one endpoint function
 * @epf: the EPF core's record of it
 * @type: device type, with what the function's settings made of it when it was bound
 * @ops: what the type does, or NULL
 * @priv: its own data
 * @header: configuration header offered to the host
 * @group: the function's own configfs group
 * @group_type: its attributes, with those of the type
 * @attrs: the same
 * @queue_size: descriptors per virtqueue
 * @chosen_vectors: MSI-X vectors, where that was left to the driver
 * @bound: between bind and unbind; all below is valid then
 * @vectors: MSI-X vectors, 0 if the controller has INTx only
 * @bar_set: the controller shows BAR0
 * @ready: the controller has been set up for the function
 * @bar: BAR0: registers, then the MSI-X table and PBA
 * @msix_offset: of the MSI-X table in BAR0, in bytes
 * @hostmem: host memory
 * @lane: the function's own way to it, for its thread
 * @irq: interrupts to the host
 * @legacy: what the host's driver does to the registers
 * @setup: what it has set up, while it runs
 * @poller: drives all that follows
 * @start_at: the driver is ready, the function is not: when to try again; 0: not
 * @start_wait_ns: pause after an attempt to map rings that failed, 0 if none did
 * @release_at: no driver: when to unmap what the last one left; 0: nothing
 * @flags: EPFV_CONTROL_SCAN
 * @workers: move the data of pairs
 * @num_workers: those that run
 * @hostq: the host's virtqueues
 * @bridge: device on the endpoint's own bus, or NULL
 * @direct: what there is instead of it, or NULL
 * @from_host: for each of the type's pairs, the host's tx to the endpoint's rx
 * @to_host: the other direction
 * @control: control queues, if the type has any
 * @debugfs: the function's folder
 */
struct epfv_function {
	struct pci_epf *epf;
	const struct epfv_type *type;
	const struct epfv_type_ops *ops;
	void *priv;
	struct pci_epf_header header;
	struct config_group group;
	struct config_item_type group_type;
	struct configfs_attribute **attrs;
	u16 queue_size;
	u16 chosen_vectors;
	bool bound;
	u16 vectors;
	bool bar_set;
	bool ready;
	void *bar;
	u32 msix_offset;
	struct epfv_hostmem hostmem;
	struct epfv_lane lane;
	struct epfv_irq irq;
	struct epfv_legacy legacy;
	struct epfv_setup setup;
	struct epfv_poller poller;
	ktime_t start_at;
	u64 start_wait_ns;
	ktime_t release_at;
	unsigned long flags;
	struct epfv_function_worker *workers;
	unsigned int num_workers;
	struct epfv_hostq *hostq;
	struct epfv_bridge *bridge;
	struct epfv_direct *direct;
	struct epfv_pipe *from_host;
	struct epfv_pipe *to_host;
	struct epfv_control control;
	struct dentry *debugfs;
};

/* session.c */
extern const struct epfv_poller_ops epfv_poller_ops;
void epfv_driver_state(struct epfv_function *f, enum epfv_side side, bool up, u64 features);

/* queues.c */
int epfv_alloc_queues(struct epfv_function *f);
void epfv_free_queues(struct epfv_function *f);
int epfv_start_workers(struct epfv_function *f);
void epfv_stop_workers(struct epfv_function *f);

void epfv_function_stats(const struct epfv_function *f, struct epfv_stats *sum);

/* configfs.c */
struct config_group *epfv_configfs_group(struct epfv_function *f);

/* debugfs.c */
void epfv_debugfs_init(void);
void epfv_debugfs_exit(void);
void epfv_debugfs_add(struct epfv_function *f);
void epfv_debugfs_remove(struct epfv_function *f);

#endif /* EPFV_FUNCTION_H */
