// SPDX-License-Identifier: GPL-2.0
/*
 * virtio console on a PCIe endpoint
 *
 * "Console Device" in the virtio specification.  Without ports in its settings it has
 * one console, and two queues.  With ports it has MULTIPORT: the function stands between
 * the drivers of both sides, and is the device that each of them talks to.  The endpoint's
 * side may do without a driver, see direct.h.
 */
#include <asm/byteorder.h>
#include <linux/module.h>
#include <linux/pci_ids.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/virtio_console.h>
#include <uapi/linux/virtio_ids.h>

#include "vcon.h"

/* The queues of port 0 come first, then those for messages, then those of the other ports */
#define VCON_CONTROL_RECEIVEQ	2
#define VCON_CONTROL_TRANSMITQ	3

static const struct epfv_type vcon_type = {
	.name = "console",
	.pci_device_id = 0x1003,
	.pci_class = PCI_CLASS_COMMUNICATION_OTHER,
	.virtio_id = VIRTIO_ID_CONSOLE,
	.features = BIT(VIRTIO_CONSOLE_F_SIZE),
	.host_features = BIT(VIRTIO_CONSOLE_F_EMERG_WRITE),
	.num_queues = 2,
	.num_pairs = 1,
	.num_workers = 1,
	.config_len = VCON_CONFIG_LEN,
	.written = offsetof(struct virtio_console_config, emerg_wr),
};

static enum vcon_side vcon_side(enum epfv_side side)
{
	return side == EPFV_HOST ? VCON_HOST : VCON_ENDPOINT;
}

static enum epfv_side epfv_side(enum vcon_side side)
{
	return side == VCON_HOST ? EPFV_HOST : EPFV_ENDPOINT;
}

static void vcon_open_ports(struct vcon *vcon, u32 mask, enum epfv_side side, bool open)
{
	unsigned int i;

	for (i = 0; i < VCON_MAX_PORTS; i++)
		if (mask & BIT(i))
			epfv_pair_open(vcon->f, i, side, open);
}

/* Whoever knows one port only has a console there, and never waits */
void vcon_driver_state(void *priv, enum epfv_side side, bool up, u64 features)
{
	bool multiport = features & BIT(VIRTIO_CONSOLE_F_MULTIPORT);
	struct vcon *vcon = priv;
	unsigned long flags;
	bool lossless;
	u32 mask;

	spin_lock_irqsave(&vcon->lock, flags);
	if (up)
		mask = vcon_driver_up(&vcon->ports, vcon_side(side), multiport,
				      features & BIT(VIRTIO_CONSOLE_F_SIZE));
	else
		mask = vcon_driver_down(&vcon->ports, vcon_side(side));
	lossless = multiport && !vcon->ports.port[0].console;
	spin_unlock_irqrestore(&vcon->lock, flags);

	if (up)
		epfv_pair_lossless(vcon->f, 0, side, lossless);
	vcon_open_ports(vcon, mask, side, up);
	vcon_direct_kick(vcon);
}

void vcon_driver_message(void *priv, enum epfv_side side, const void *msg, size_t len)
{
	enum vcon_action action;
	struct vcon *vcon = priv;
	unsigned long flags;
	unsigned int id;

	spin_lock_irqsave(&vcon->lock, flags);
	action = vcon_message(&vcon->ports, vcon_side(side), msg, len, &id);
	spin_unlock_irqrestore(&vcon->lock, flags);
	if (action != VCON_NOTHING)
		epfv_pair_open(vcon->f, id, side, action == VCON_OPENED);
	vcon_direct_kick(vcon);
}

size_t vcon_next_message(void *priv, enum epfv_side side, void *msg)
{
	struct vcon *vcon = priv;
	unsigned long flags;
	size_t len;

	spin_lock_irqsave(&vcon->lock, flags);
	len = vcon_next(&vcon->ports, vcon_side(side), msg);
	spin_unlock_irqrestore(&vcon->lock, flags);
	/* It may be what the other side's sender waits for */
	if (len)
		epfv_wake(vcon->f);
	return len;
}

static bool vcon_pair_drained(void *priv, enum epfv_side side, unsigned int pair)
{
	struct vcon *vcon = priv;
	unsigned long flags;
	bool told;

	spin_lock_irqsave(&vcon->lock, flags);
	told = vcon_drained(&vcon->ports, vcon_side(side), pair);
	/* The message has been taken, but a reader does not know of it yet */
	if (side == EPFV_HOST && vcon->direct_busy)
		told = false;
	spin_unlock_irqrestore(&vcon->lock, flags);
	vcon_direct_kick(vcon);
	return told;
}

/* An emergency write: a character that a host without a driver, or in a panic, sends */
static void vcon_written(void *priv, u32 val)
{
	struct vcon *vcon = priv;
	u8 byte = val;

	/* Port 0 is what has been a console ever since; with MULTIPORT it need not be one */
	if (!vcon->type.control_feature || READ_ONCE(vcon->ports.port[0].console))
		epfv_pair_put(vcon->f, 0, &byte, sizeof(byte));
}

static void vcon_put_size(u8 *config, struct vcon_size size)
{
	__le16 val[] = { cpu_to_le16(size.cols), cpu_to_le16(size.rows) };

	memcpy(config, val, sizeof(val));
}

/*
 * The bytes move by four when a host enables or disables MSI-X, and it takes a moment until
 * that is seen.  So its driver finds what it looks for in both places: the size, or, if it
 * has MULTIPORT, which makes the size none of its business, the number of ports.
 */
static void vcon_put_config(struct vcon *vcon, enum vcon_side side)
{
	u8 *config = vcon->config[epfv_side(side)];

	vcon_put_size(config, vcon->size[side]);
	if (!vcon->type.control_feature) {
		vcon_put_size(config + 4, vcon->size[side]);
		return;
	}
	config[4] = vcon->type.num_pairs;
	if (side == VCON_HOST)
		memcpy(config, config + 4, 4);
}

void vcon_apply_size(struct vcon *vcon, enum vcon_side side)
{
	if (!vcon->bound)
		return;
	/* The thread copies them */
	epfv_lock(vcon->f);
	vcon_put_config(vcon, side);
	epfv_unlock(vcon->f);
	epfv_config_changed(vcon->f);
	if (vcon->type.direct && !vcon->type.control_feature && side == VCON_ENDPOINT)
		vcon_direct_resize(vcon, vcon->size[side]);
}

static void vcon_plug_port(struct vcon *vcon, const struct vcon_setting *s)
{
	unsigned long flags;

	spin_lock_irqsave(&vcon->lock, flags);
	vcon_plug(&vcon->ports, s->id, s->console, s->name);
	spin_unlock_irqrestore(&vcon->lock, flags);
}

void vcon_apply_port(const struct vcon_setting *s)
{
	struct vcon *vcon = s->vcon;
	unsigned int closed = 0;
	unsigned long flags;
	bool was;

	if (!vcon->bound)
		return;

	epfv_lock(vcon->f);
	spin_lock_irqsave(&vcon->lock, flags);
	vcon_resize(&vcon->ports, VCON_HOST, s->id, s->size[VCON_HOST]);
	vcon_resize(&vcon->ports, VCON_ENDPOINT, s->id, s->size[VCON_ENDPOINT]);
	was = vcon->ports.port[s->id].present;
	if (was && !s->enabled)
		closed = vcon_unplug(&vcon->ports, s->id);
	spin_unlock_irqrestore(&vcon->lock, flags);

	if (closed & BIT(VCON_HOST))
		epfv_pair_open(vcon->f, s->id, EPFV_HOST, false);
	if (closed & BIT(VCON_ENDPOINT))
		epfv_pair_open(vcon->f, s->id, EPFV_ENDPOINT, false);
	if (!was && s->enabled) {
		epfv_pair_lossless(vcon->f, s->id, EPFV_HOST, !s->console);
		epfv_pair_lossless(vcon->f, s->id, EPFV_ENDPOINT, !s->console);
		vcon_plug_port(vcon, s);
	}
	epfv_unlock(vcon->f);
	if (was != s->enabled && s->console && !vcon->type.direct)
		vcon_driver_terminal(vcon, s->id, s->enabled);
	epfv_wake(vcon->f);
	vcon_direct_kick(vcon);
}

static void vcon_name_queue(struct vcon *vcon, unsigned int i, const char *what, int port)
{
	if (port < 0)
		strscpy(vcon->names[i], what, sizeof(vcon->names[i]));
	else
		snprintf(vcon->names[i], sizeof(vcon->names[i]), "port%d_%s", port, what);
	vcon->queue_names[i] = vcon->names[i];
}

static void vcon_add_pair(struct vcon *vcon, unsigned int i, bool multiport)
{
	const struct vcon_setting *s = vcon->setting[i];
	unsigned int rx = i ? 2 * i + 2 : 0;

	vcon->pairs[i] = (struct epfv_pair){
		.rx = rx,
		.tx = rx + 1,
		.lossless = multiport && !(s && s->console),
	};
	vcon_name_queue(vcon, rx, "receiveq", multiport ? i : -1);
	vcon_name_queue(vcon, rx + 1, "transmitq", multiport ? i : -1);
}

/* One more than the highest number of a port, 0: there are none */
static unsigned int vcon_end_of_ports(const struct vcon *vcon)
{
	unsigned int num = VCON_MAX_PORTS;

	while (num && !vcon->setting[num - 1])
		num--;
	return num;
}

bool vcon_has_ports(const struct vcon *vcon)
{
	if (vcon->bound)
		return vcon->type.control_feature;
	return vcon->max_ports || vcon_end_of_ports(vcon);
}

/* Ports to make room for, 0: there are none */
static int vcon_num_ports(struct vcon *vcon)
{
	unsigned int num = vcon_end_of_ports(vcon);

	if (!vcon_sizes_ok(vcon))
		return -EINVAL;
	if (!vcon->max_ports)
		return num;
	if (num > vcon->max_ports) {
		dev_err(vcon->dev, "there is a port %u, but max_ports is %u\n", num - 1,
			vcon->max_ports);
		return -EINVAL;
	}
	return vcon->max_ports;
}

static void vcon_add_ports(struct vcon *vcon, unsigned int num)
{
	struct epfv_type *type = &vcon->type;
	unsigned int i;

	type->features |= BIT(VIRTIO_CONSOLE_F_MULTIPORT);
	type->control_feature = BIT(VIRTIO_CONSOLE_F_MULTIPORT);
	type->control.rx = VCON_CONTROL_RECEIVEQ;
	type->control.tx = VCON_CONTROL_TRANSMITQ;
	type->num_pairs = num;
	type->num_queues = 2 * (num + 1);
	vcon_name_queue(vcon, VCON_CONTROL_RECEIVEQ, "control_receiveq", -1);
	vcon_name_queue(vcon, VCON_CONTROL_TRANSMITQ, "control_transmitq", -1);
	for (i = 0; i < num; i++) {
		const struct vcon_setting *s = vcon->setting[i];

		if (!s)
			continue;
		vcon->ports.port[i].end[VCON_HOST].size = s->size[VCON_HOST];
		vcon->ports.port[i].end[VCON_ENDPOINT].size = s->size[VCON_ENDPOINT];
		if (s->enabled)
			vcon_plug(&vcon->ports, i, s->console, s->name);
	}
}

static const struct epfv_type *vcon_bind(void *priv)
{
	struct vcon *vcon = priv;
	struct epfv_type *type = &vcon->type;
	unsigned int i;
	int num;

	mutex_lock(&vcon->mutex);
	num = vcon_num_ports(vcon);
	if (num < 0) {
		mutex_unlock(&vcon->mutex);
		return ERR_PTR(num);
	}
	*type = vcon_type;
	type->direct = vcon->direct;
	type->queue_names = vcon->queue_names;
	type->pairs = vcon->pairs;
	type->config[EPFV_HOST] = vcon->config[EPFV_HOST];
	type->config[EPFV_ENDPOINT] = vcon->config[EPFV_ENDPOINT];
	memset(vcon->config, 0, sizeof(vcon->config));
	vcon_ports_init(&vcon->ports, num);
	if (num)
		vcon_add_ports(vcon, num);
	for (i = 0; i < type->num_pairs; i++)
		vcon_add_pair(vcon, i, num);
	vcon_put_config(vcon, VCON_HOST);
	vcon_put_config(vcon, VCON_ENDPOINT);
	mutex_unlock(&vcon->mutex);
	return type;
}

/* The endpoint's driver makes terminals of all consoles */
static void vcon_driver_terminals(struct vcon *vcon, bool bound)
{
	unsigned int i;

	for (i = 0; i < vcon->type.num_pairs; i++)
		if (!vcon->type.control_feature ||
		    (vcon->ports.port[i].present && vcon->ports.port[i].console))
			vcon_driver_terminal(vcon, i, bound);
}

static void vcon_bound(void *priv, bool bound)
{
	struct vcon *vcon = priv;

	mutex_lock(&vcon->mutex);
	vcon->bound = bound;
	if (!vcon->type.direct)
		vcon_driver_terminals(vcon, bound);
	else if (bound)
		vcon_direct_start(vcon);
	else
		vcon_direct_stop(vcon);
	mutex_unlock(&vcon->mutex);
}

static void *vcon_create(struct epfv_function *f, struct device *dev)
{
	struct vcon *vcon;

	vcon = devm_kzalloc(dev, sizeof(*vcon), GFP_KERNEL);
	if (!vcon)
		return ERR_PTR(-ENOMEM);
	vcon->f = f;
	vcon->dev = dev;
	mutex_init(&vcon->mutex);
	spin_lock_init(&vcon->lock);
	vcon_direct_init(vcon);
	return vcon;
}

static const struct epfv_type_ops vcon_type_ops = {
	.create = vcon_create,
	.attrs = vcon_attrs,
	.groups = vcon_add_groups,
	.bind = vcon_bind,
	.bound = vcon_bound,
	.driver = vcon_driver_state,
	.message = vcon_driver_message,
	.next = vcon_next_message,
	.drained = vcon_pair_drained,
	.written = vcon_written,
	.changed = vcon_direct_changed,
};

static const struct pci_epf_device_id vcon_ids[] = {
	{ .name = "pci_epf_vcon" },
	{ }
};

static struct epfv_driver vcon_driver = {
	.epf = {
		.driver.name = "pci_epf_vcon",
		.id_table = vcon_ids,
	},
	.type = &vcon_type,
	.ops = &vcon_type_ops,
};

static int __init vcon_init(void)
{
	int err;

	err = vcon_devices_init();
	if (err)
		return err;
	err = epfv_register_driver(&vcon_driver);
	if (err)
		vcon_devices_exit();
	return err;
}
module_init(vcon_init);

static void __exit vcon_exit(void)
{
	epfv_unregister_driver(&vcon_driver);
	vcon_terminals_exit();
	vcon_devices_exit();
}
module_exit(vcon_exit);

MODULE_DESCRIPTION("virtio console on a PCIe endpoint");
MODULE_LICENSE("GPL");
