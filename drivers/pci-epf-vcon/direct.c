// SPDX-License-Identifier: GPL-2.0
/*
 * The endpoint's side of a console without a second virtio device: its ports
 *
 * With ports this is to the function what virtio_console is on the host: it is sent the
 * same messages, and answers them.
 */
#include <asm/byteorder.h>
#include <linux/bits.h>
#include <linux/dev_printk.h>
#include <linux/err.h>
#include <linux/string.h>
#include <linux/virtio_console.h>

#include "vcon.h"

static void say(struct vcon *vcon, unsigned int id, u16 event, bool value)
{
	u8 msg[sizeof(struct vcon_header)];

	vcon_driver_message(vcon, EPFV_ENDPOINT, msg, vcon_make(msg, id, event, value));
}

void vcon_direct_open(struct vcon *vcon, unsigned int id, bool open)
{
	say(vcon, id, VIRTIO_CONSOLE_PORT_OPEN, open);
}

static int add_terminal(struct vcon *vcon, unsigned int id)
{
	struct vcon_terminal *t;

	t = vcon_terminal_add(vcon->f, id);
	if (t == ERR_PTR(-ENOSPC))
		vcon_say_no_terminal(vcon, id);
	else if (IS_ERR(t))
		dev_err(vcon->dev, "port %u has no terminal (err=%ld)\n", id, PTR_ERR(t));
	if (IS_ERR(t))
		return PTR_ERR(t);
	epfv_lock(vcon->f);
	vcon->direct_port[id].terminal = t;
	epfv_unlock(vcon->f);
	return 0;
}

static int add_device(struct vcon *vcon, unsigned int id, const char *name)
{
	struct vcon_device *d;

	d = vcon_device_add(vcon, id, name);
	if (IS_ERR(d)) {
		dev_err(vcon->dev, "port %u has no device (err=%ld)\n", id, PTR_ERR(d));
		return PTR_ERR(d);
	}
	epfv_lock(vcon->f);
	vcon->direct_port[id].device = d;
	epfv_unlock(vcon->f);
	/* Of what came before, nobody was told who had opened it already */
	vcon_device_changed(d);
	return 0;
}

/* The thread uses a port under this lock only */
static void remove_port(struct vcon *vcon, unsigned int id)
{
	struct vcon_direct_port port = vcon->direct_port[id];

	epfv_lock(vcon->f);
	vcon->direct_port[id] = (struct vcon_direct_port){};
	epfv_unlock(vcon->f);
	if (port.terminal)
		vcon_terminal_remove(port.terminal);
	if (port.device)
		vcon_device_remove(port.device);
}

/* As virtio_console has it: a console is open, whoever looks at it */
static void open_terminal(struct vcon *vcon, unsigned int id)
{
	vcon_direct_open(vcon, id, true);
	/* Of what came before, nobody was told who had opened it already */
	vcon_terminal_changed(vcon->direct_port[id].terminal);
}

static void add_port(struct vcon *vcon, unsigned int id)
{
	const struct vcon_port *port = &vcon->ports.port[id];
	char name[sizeof(port->name)];
	unsigned long flags;
	bool console;
	int err;

	spin_lock_irqsave(&vcon->lock, flags);
	console = port->console;
	strscpy(name, port->name, sizeof(name));
	spin_unlock_irqrestore(&vcon->lock, flags);

	/* First, as whoever waits for it opens it at once */
	say(vcon, id, VIRTIO_CONSOLE_PORT_READY, true);
	err = console ? add_terminal(vcon, id) : add_device(vcon, id, name);
	if (err)
		say(vcon, id, VIRTIO_CONSOLE_PORT_READY, false);
	else if (console)
		open_terminal(vcon, id);
}

static void handle(struct vcon *vcon, const u8 *msg)
{
	struct vcon_header header;
	__le16 size[2];
	unsigned int id;

	memcpy(&header, msg, sizeof(header));
	id = le32_to_cpu(header.id);
	switch (le16_to_cpu(header.event)) {
	case VIRTIO_CONSOLE_PORT_ADD:
		add_port(vcon, id);
		break;
	case VIRTIO_CONSOLE_PORT_REMOVE:
		remove_port(vcon, id);
		break;
	case VIRTIO_CONSOLE_PORT_OPEN:
		if (vcon->direct_port[id].device)
			vcon_device_peer(vcon->direct_port[id].device,
					 le16_to_cpu(header.value));
		break;
	case VIRTIO_CONSOLE_RESIZE:
		memcpy(size, msg + sizeof(header), sizeof(size));
		vcon_terminal_resize(vcon->direct_port[id].terminal, (struct vcon_size){
			.cols = le16_to_cpu(size[0]), .rows = le16_to_cpu(size[1]) });
		break;
	}
}

static void set_busy(struct vcon *vcon, bool busy)
{
	unsigned long flags;

	spin_lock_irqsave(&vcon->lock, flags);
	vcon->direct_busy = busy;
	spin_unlock_irqrestore(&vcon->lock, flags);
}

/* Runs only between start and stop */
static void vcon_direct_work(struct work_struct *work)
{
	struct vcon *vcon = container_of(work, struct vcon, direct_work);
	u8 msg[EPFV_MESSAGE_MAX];
	bool any = false;

	set_busy(vcon, true);
	while (vcon_next_message(vcon, EPFV_ENDPOINT, msg)) {
		handle(vcon, msg);
		any = true;
	}
	set_busy(vcon, false);
	/* The host's sender may wait for that */
	if (any)
		epfv_wake(vcon->f);
}

void vcon_direct_init(struct vcon *vcon)
{
	INIT_WORK(&vcon->direct_work, vcon_direct_work);
	disable_work(&vcon->direct_work);
}

void vcon_direct_kick(struct vcon *vcon)
{
	schedule_work(&vcon->direct_work);
}

void vcon_direct_resize(struct vcon *vcon, struct vcon_size size)
{
	if (vcon->direct_port[0].terminal)
		vcon_terminal_resize(vcon->direct_port[0].terminal, size);
}

int vcon_direct_terminal(struct vcon *vcon, unsigned int id)
{
	int number = -ENODEV;

	epfv_lock(vcon->f);
	if (vcon->direct_port[id].terminal)
		number = vcon_terminal_number(vcon->direct_port[id].terminal);
	epfv_unlock(vcon->f);
	return number;
}

void vcon_direct_changed(void *priv, unsigned int pair)
{
	struct vcon *vcon = priv;
	const struct vcon_direct_port *port = &vcon->direct_port[pair];

	if (port->terminal)
		vcon_terminal_changed(port->terminal);
	if (port->device)
		vcon_device_changed(port->device);
}

void vcon_direct_start(struct vcon *vcon)
{
	if (!vcon->type.control_feature) {
		if (add_terminal(vcon, 0))
			return;
		vcon_direct_resize(vcon, vcon->size[VCON_ENDPOINT]);
		vcon_terminal_changed(vcon->direct_port[0].terminal);
		return;
	}
	enable_work(&vcon->direct_work);
	vcon_driver_state(vcon, EPFV_ENDPOINT, true,
			  BIT(VIRTIO_CONSOLE_F_MULTIPORT) | BIT(VIRTIO_CONSOLE_F_SIZE));
	say(vcon, 0, VIRTIO_CONSOLE_DEVICE_READY, true);
}

void vcon_direct_stop(struct vcon *vcon)
{
	unsigned int i;

	if (vcon->type.control_feature)
		disable_work_sync(&vcon->direct_work);
	for (i = 0; i < VCON_MAX_PORTS; i++)
		remove_port(vcon, i);
	if (vcon->type.control_feature)
		vcon_driver_state(vcon, EPFV_ENDPOINT, false, 0);
}
