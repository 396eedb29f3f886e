/* SPDX-License-Identifier: GPL-2.0 */
/*
 * pci-epf-virtio: standard virtio devices offered by a PCIe endpoint
 *
 * All that a device type includes.  A device type is data: what the host's
 * driver finds (identity, features, queues, configuration bytes) and which
 * queues carry messages from one side to the other.
 */
#ifndef PCI_EPF_VIRTIO_H
#define PCI_EPF_VIRTIO_H

#include <linux/pci-epf.h>
#include <linux/types.h>

struct config_group;
struct config_item;
struct configfs_attribute;
struct epfv_function;

/* Both drivers of a device, and an index to what is theirs */
enum epfv_side {
	EPFV_HOST,
	EPFV_ENDPOINT,
};

/* The longest message on control queues, in bytes */
#define EPFV_MESSAGE_MAX	96

/**
 * struct epfv_pair - two virtqueues that carry messages between both sides
 * @rx: number of the queue that a driver fills with empty buffers
 * @tx: number of the queue that a driver fills with messages
 * @worker: number of the worker that moves its data
 * @lossless: a sender waits for its receiver.  Else its buffers come back at once,
 *	and what is not received is dropped in the end
 *
 * What the driver on one side puts in its @tx queue comes out of the @rx queue
 * on the other, as a stream of bytes: buffers need not come out as they went
 * in.
 */
struct epfv_pair {
	u8 rx;
	u8 tx;
	u8 worker;
	bool lossless;
};

/**
 * struct epfv_type - a virtio device type
 * @name: short name, used in messages
 * @pci_device_id: transitional PCI device ID, 0x1000 to 0x103f
 * @pci_class: base class << 8 | subclass
 * @virtio_id: virtio device ID, the PCI subsystem ID of a legacy device
 * @features: device-specific feature bits offered to the drivers of both sides
 * @host_features: more of them, for the host's driver only
 * @control_feature: the feature that brings control queues, 0: there are none.  A
 *	driver that does not accept it uses the first pair only
 * @control: control queues
 * @num_queues: number of virtqueues, at most 66
 * @queue_names: a name for each virtqueue
 * @pairs: how the queues of both sides are joined
 * @num_pairs: entries in @pairs
 * @num_workers: threads that move data, at least 1
 * @config: device configuration bytes for each side, NULL if @config_len is 0
 * @config_len: length of @config in bytes, at most 64
 * @written: offset of a 32-bit word in @config, 0 there, that the host's driver may write;
 *	a multiple of 4, or 0: there is none
 * @direct: there is no virtio device for the endpoint's own kernel: who is there reads and
 *	writes with epfv_pair_read() and epfv_pair_write().  Only with @bind and @changed of
 *	&struct epfv_type_ops
 *
 * Constants of the virtio specification: sections "PCI Device Discovery" and
 * that of the device type.
 */
struct epfv_type {
	const char *name;
	u16 pci_device_id;
	u16 pci_class;
	u16 virtio_id;
	u64 features;
	u64 host_features;
	u64 control_feature;
	struct epfv_pair control;
	unsigned int num_queues;
	const char * const *queue_names;
	const struct epfv_pair *pairs;
	unsigned int num_pairs;
	unsigned int num_workers;
	const u8 *config[2];
	unsigned int config_len;
	unsigned int written;
	bool direct;
};

/**
 * struct epfv_type_ops - a device type that is more than data
 * @create: a function was made.  Returns the type's own data, or an ERR_PTR(), which
 *	lives as long as the function's device, for which memory can be managed
 * @attrs: more attributes of the function's own configfs group, ends with NULL
 * @groups: add groups to it; optional
 * @bind: the function is about to be bound to a controller, with the settings there are
 *	now.  Returns what it is from then on, or an ERR_PTR() after a line in the log
 * @bound: it is bound, and the calls below that are for bound functions may be made; or
 *	will not be bound any more in a moment
 * @driver: a driver has started with these features (@up), or is gone: all that it was
 *	told is void.  More than once, in any order; the host's by the thread that calls
 *	@message, the endpoint's in a process
 * @message: a driver has sent a message on its control queue; any length.  The endpoint's
 *	may come in any context, while the host's are handled by a thread
 * @next: take the next message for a driver; @msg: EPFV_MESSAGE_MAX bytes.  Returns its
 *	length, 0 if there is none.  The thread
 * @drained: all that this side's driver sent on this pair before it closed its end is
 *	with the other one.  Returns whether the other one knows of the end, or need not: until
 *	then nothing more is taken from this one, if it is able to wait, and @drained called
 *	again; when it does, epfv_wake().  The pair's worker
 * @written: the host's driver has written this to the word that it may write; of what it
 *	writes faster than that is looked at, only the last.  The thread
 * @changed: of a pair, there is more to read at the endpoint, or room for more to write.
 *	Only if the type is direct.  The pair's worker
 *
 * All but @create may be left out, but for types that have what it is about.  None is called
 * with a lock of the core held.
 */
struct epfv_type_ops {
	void *(*create)(struct epfv_function *f, struct device *dev);
	struct configfs_attribute * const *attrs;
	void (*groups)(void *priv, struct config_group *group);
	const struct epfv_type *(*bind)(void *priv);
	void (*bound)(void *priv, bool bound);
	void (*driver)(void *priv, enum epfv_side side, bool up, u64 features);
	void (*message)(void *priv, enum epfv_side side, const void *msg, size_t len);
	size_t (*next)(void *priv, enum epfv_side side, void *msg);
	bool (*drained)(void *priv, enum epfv_side side, unsigned int pair);
	void (*written)(void *priv, u32 val);
	void (*changed)(void *priv, unsigned int pair);
};

/**
 * epfv_pair_open() - a driver has opened its end of a pair, or closed it
 * @f: bound function
 * @pair: number of the pair
 * @side: whose driver
 * @open: what it did
 *
 * Until then it is given nothing.  What it sent before it closed goes to the other side
 * first, see @drained above; what is under way to it is dropped.
 *
 * Context: that of @message or @driver for that side, or with epfv_lock().
 */
void epfv_pair_open(struct epfv_function *f, unsigned int pair, enum epfv_side side, bool open);

/**
 * epfv_pair_lossless() - whether a driver is able to wait, other than what the type says
 * @f: bound function
 * @pair: number of the pair
 * @side: whose driver
 * @lossless: it waits for its receiver
 */
void epfv_pair_lossless(struct epfv_function *f, unsigned int pair, enum epfv_side side,
			bool lossless);

/**
 * epfv_pair_put() - bytes that the host's driver has sent, though not in its queue
 * @f: bound function
 * @pair: number of a pair that is not lossless
 * @buf: the bytes
 * @len: how many
 *
 * Context: that of the calls of @message for the host.
 */
void epfv_pair_put(struct epfv_function *f, unsigned int pair, const void *buf, size_t len);

/**
 * epfv_pair_readable() - bytes of the host that can be read at the endpoint
 * @f: bound function whose type is direct
 * @pair: number of the pair
 *
 * None while the endpoint's end is closed, see epfv_pair_open().
 *
 * Context: any.
 * Return: their number.
 */
size_t epfv_pair_readable(struct epfv_function *f, unsigned int pair);

/**
 * epfv_pair_read() - take bytes of the host
 * @f: bound function whose type is direct
 * @pair: number of the pair
 * @buf: where to
 * @len: at most so many
 *
 * Context: any.
 * Return: number of bytes taken.
 */
size_t epfv_pair_read(struct epfv_function *f, unsigned int pair, void *buf, size_t len);

/**
 * epfv_pair_writable() - bytes that the endpoint may send now
 * @f: bound function whose type is direct
 * @pair: number of the pair
 *
 * Context: any.
 * Return: their number; none while the host's end of a lossless pair is closed, any number
 * for a pair that is not lossless.
 */
size_t epfv_pair_writable(struct epfv_function *f, unsigned int pair);

/**
 * epfv_pair_write() - send bytes to the host
 * @f: bound function whose type is direct
 * @pair: number of the pair
 * @buf: the bytes
 * @len: how many
 *
 * Context: any.
 * Return: number of bytes taken, less than @len only if the pair is lossless.
 */
size_t epfv_pair_write(struct epfv_function *f, unsigned int pair, const void *buf, size_t len);

/**
 * epfv_lock() - hold off the function's threads
 * @f: bound function
 *
 * Context: may sleep; not that of any call of &struct epfv_type_ops.
 */
void epfv_lock(struct epfv_function *f);

/**
 * epfv_unlock() - undo epfv_lock()
 * @f: bound function
 */
void epfv_unlock(struct epfv_function *f);

/**
 * epfv_wake() - have @next asked, and all pairs served
 * @f: bound function
 *
 * Context: any.
 */
void epfv_wake(struct epfv_function *f);

/**
 * epfv_config_changed() - configuration bytes have changed: let the drivers read them
 * @f: bound function
 *
 * Context: may sleep.
 */
void epfv_config_changed(struct epfv_function *f);

/**
 * epfv_item_priv() - the type's own data, for an attribute of the function's group
 * @item: the group
 *
 * Return: what @create returned.
 */
void *epfv_item_priv(struct config_item *item);

/**
 * struct epfv_driver - an endpoint function driver for one virtio device type
 * @epf: set driver.name and id_table; all else is filled in by the core
 * @type: what the driver offers, or, with @ops, what is known before a function is bound
 * @ops: NULL for a type that is data
 */
struct epfv_driver {
	struct pci_epf_driver epf;
	const struct epfv_type *type;
	const struct epfv_type_ops *ops;
};

/**
 * epfv_register_driver() - make a device type available as an endpoint function
 * @drv: driver, must stay in place until epfv_unregister_driver()
 *
 * Context: may sleep.
 * Return: 0, -EINVAL if @drv->type is out of the ranges given above, or an
 * error of pci_epf_register_driver().
 */
#define epfv_register_driver(drv) __epfv_register_driver(drv, THIS_MODULE)
int __epfv_register_driver(struct epfv_driver *drv, struct module *owner);

/**
 * epfv_unregister_driver() - undo epfv_register_driver()
 * @drv: driver; no function of it may be bound to a controller
 *
 * Context: may sleep.
 */
void epfv_unregister_driver(struct epfv_driver *drv);

#define module_epfv_driver(drv) \
	module_driver(drv, epfv_register_driver, epfv_unregister_driver)

#endif /* PCI_EPF_VIRTIO_H */
