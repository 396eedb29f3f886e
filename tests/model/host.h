/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What host drivers do with a legacy virtio-pci function, as data
 *
 * A driver is written down as tables of steps, one access a row.  host_expand()
 * makes a program of them for a number of queues: a list of accesses in the
 * host's order.  What a read must give is not written down: the oracle, a device
 * that sees each access, knows.
 *
 * Time is counted in eighths of a round trip.  An access that follows a read
 * arrives a round trip after it at the earliest, one that follows a write may
 * arrive together with it.
 */
#ifndef MODEL_HOST_H
#define MODEL_HOST_H

#include <stdbool.h>

#include <linux/types.h>
#include <linux/virtio_config.h>
#include <linux/virtio_pci.h>

#define HOST_RTT		8
#define HOST_MAX_OPS		1536
#define HOST_MAX_QUEUES		6
#define HOST_NONE		0xffff

enum host_kind {
	HOST_WRITE,
	HOST_READ,
	HOST_DELAY,	/* @val ticks of software */
	HOST_MSIX,	/* enable (@val 1) or disable MSI-X: a config write, non-posted */
	HOST_SYNC,	/* a long time passes; compare the engine with the oracle */
};

struct host_op {
	u8 kind;
	u8 size;	/* bytes of an access */
	u8 off;		/* in BAR0 */
	u16 next;	/* the op behind this one */
	u16 alt;	/* what the host may do instead of this one, or HOST_NONE */
	u32 val;
};

enum step_kind {
	STEP_END,
	STEP_WRITE,
	STEP_READ,
	STEP_ALLOC,		/* a ring is allocated */
	STEP_REQUEST_IRQ,
	STEP_MSIX,
	STEP_SYNC,
	STEP_CONFIG,		/* @off + 1 bytes of device configuration, read from @val on */
	STEP_TABLE,		/* the steps of @table */
	STEP_QUEUES,		/* ... for each queue */
	STEP_GIVEN,		/* ... for each queue whose PFN was written */
	STEP_IF_CALLBACK,	/* ... if the queue has a callback */
	STEP_IF_MSIX,		/* ... if MSI-X is on */
	STEP_FIND_VQS,		/* ... of the program's way to have interrupts */
	STEP_BEFORE,		/* ... of the device's driver before it finds its queues */
	STEP_READY,		/* ... and behind that */
	STEP_FAILS,		/* ... ended behind any of them; then those of linux_del_vqs */
	STEP_CRASH,		/* all before may have ended anywhere; then the steps of @table */
};

struct step {
	u8 kind;
	u8 size;
	u8 off;
	u64 val;
	const struct step *table;
};

/* A row each; REG without its VIRTIO_PCI_ or VIRTIO_MSI_ */
#define W8(reg, v)	{ .kind = STEP_WRITE, .size = 1, .off = VIRTIO_PCI_##reg, .val = v }
#define W16(reg, v)	{ .kind = STEP_WRITE, .size = 2, .off = VIRTIO_PCI_##reg, .val = v }
#define W32(reg, v)	{ .kind = STEP_WRITE, .size = 4, .off = VIRTIO_PCI_##reg, .val = v }
#define R8(reg)		{ .kind = STEP_READ, .size = 1, .off = VIRTIO_PCI_##reg }
#define R16(reg)	{ .kind = STEP_READ, .size = 2, .off = VIRTIO_PCI_##reg }
#define R32(reg)	{ .kind = STEP_READ, .size = 4, .off = VIRTIO_PCI_##reg }
#define W16_MSI(reg, v)	{ .kind = STEP_WRITE, .size = 2, .off = VIRTIO_MSI_##reg, .val = v }
#define R16_MSI(reg)	{ .kind = STEP_READ, .size = 2, .off = VIRTIO_MSI_##reg }
#define R8_CONFIG(first, last)	{ .kind = STEP_CONFIG, .val = first, .off = (last) - (first) }
#define MSIX(on)	{ .kind = STEP_MSIX, .val = on }
#define ALLOC		{ .kind = STEP_ALLOC }
#define REQUEST_IRQ	{ .kind = STEP_REQUEST_IRQ }
#define SYNC		{ .kind = STEP_SYNC }
#define DO(t)		{ .kind = STEP_TABLE, .table = t }
#define QUEUES(t)	{ .kind = STEP_QUEUES, .table = t }
#define GIVEN(t)	{ .kind = STEP_GIVEN, .table = t }
#define IF_CALLBACK(t)	{ .kind = STEP_IF_CALLBACK, .table = t }
#define IF_MSIX(t)	{ .kind = STEP_IF_MSIX, .table = t }
#define FIND_VQS	{ .kind = STEP_FIND_VQS }
#define BEFORE		{ .kind = STEP_BEFORE }
#define READY		{ .kind = STEP_READY }
#define FAILS(t)	{ .kind = STEP_FAILS, .table = t }
#define CRASH(t)	{ .kind = STEP_CRASH, .table = t }
#define END		{ .kind = STEP_END }

/* Values that are not the same each time */
#define QUEUE		(1ULL << 32)	/* the queue's number */
#define LAST_QUEUE	(2ULL << 32)
#define PFN		(3ULL << 32)	/* another at each use */
#define NEXT_VECTOR	(4ULL << 32)	/* counts from 1 */
#define FEATURES	(5ULL << 32)	/* those the driver accepts */
#define SAME		(6ULL << 32)	/* STATUS as it is; may be ored with more */

#define NO_VECTOR	VIRTIO_MSI_NO_VECTOR
#define ACK		VIRTIO_CONFIG_S_ACKNOWLEDGE
#define DRIVER		VIRTIO_CONFIG_S_DRIVER
#define DRIVER_OK	VIRTIO_CONFIG_S_DRIVER_OK
#define FAILED		VIRTIO_CONFIG_S_FAILED

/**
 * struct device - what a driver does with its device, and what the device offers
 * @name: of the driver
 * @callbacks: the queues with a callback, by the number of queues
 * @features: those the driver accepts
 * @config_len: bytes of device configuration
 * @before: steps before the queues are found, may be NULL
 * @ready: steps behind that, with DRIVER_OK among them
 */
struct device {
	const char *name;
	u32 (*callbacks)(unsigned int queues);
	u32 features;
	unsigned int config_len;
	const struct step *before;
	const struct step *ready;
};

/* Software between accesses, in ticks */
struct pace {
	unsigned int alloc;
	unsigned int request_irq;
};

/**
 * struct program - what one host does from the beginning to the end
 * @name: in the printed table
 * @key: on the command line
 * @steps: what it does
 * @find_vqs: its way to have interrupts: steps for STEP_FIND_VQS
 * @device: which driver
 * @pace: NULL if software takes no time
 * @floor: the budget below which no change may bring it, for more than one queue
 * @budget: the measured budget, by queues - 1; 0 if there are too many states
 */
struct program {
	const char *name;
	const char *key;
	const struct step *steps;
	const struct step *find_vqs;
	const struct device *device;
	const struct pace *pace;
	unsigned int floor;
	u8 budget[HOST_MAX_QUEUES];
};

/* ored to a budget: larger ones are not looked for */
#define AT_LEAST	0x80

/**
 * struct host - a program for a number of queues
 * @queues: virtqueues
 * @device: which driver
 * @len: ops in @op
 * @op: the first is the first; the program ends where @next is @len
 */
struct host {
	unsigned int queues;
	const struct device *device;
	unsigned int len;
	struct host_op op[HOST_MAX_OPS];
};

extern const struct program programs[];
extern const unsigned int num_programs;

extern const struct device any_device;
extern const struct step linux_del_vqs[];
extern const struct step linux_each[];
extern const struct step linux_intx[];
extern const struct step linux_next_kernel[];

void host_expand(struct host *h, const struct program *p, unsigned int queues);

/* An op is put at the end */
void host_add(struct host *h, struct host_op op);

#define HOST_LINE	32

/* An access to BAR0 as text, without a newline; false if @op is none */
bool host_line(const struct host_op *op, char line[HOST_LINE]);

/* The way through the program on which nothing fails, one access a line */
void host_print(const struct host *h);

const struct program *find_program(const char *key);

#endif /* MODEL_HOST_H */
