// SPDX-License-Identifier: GPL-2.0
/*
 * Ports of a console between two drivers: who was told what
 */
#include <asm/byteorder.h>
#include <linux/bits.h>
#include <linux/string.h>
#include <linux/virtio_console.h>

#include "ports.h"

static enum vcon_side other(enum vcon_side side)
{
	return side == VCON_HOST ? VCON_ENDPOINT : VCON_HOST;
}

void vcon_ports_init(struct vcon_ports *ports, unsigned int num)
{
	memset(ports, 0, sizeof(*ports));
	ports->num = num;
}

/* All that was said is void */
static void forget(struct vcon_end *end)
{
	*end = (struct vcon_end){ .size = end->size, .stale = end->stale };
}

u32 vcon_driver_up(struct vcon_ports *ports, enum vcon_side side, bool multiport, bool resize)
{
	ports->multiport[side] = multiport;
	ports->resize[side] = resize;
	ports->ready[side] = false;
	if (multiport)
		return 0;

	/* This driver knows one port, of which it does not talk */
	ports->port[0].end[side].open = true;
	return BIT(0);
}

static void close_end(struct vcon_port *port, enum vcon_side side)
{
	struct vcon_end *peer = &port->end[other(side)];

	port->end[side].open = false;
	if (peer->told_open) {
		peer->close = true;
		peer->drained = false;
	}
}

u32 vcon_driver_down(struct vcon_ports *ports, enum vcon_side side)
{
	u32 closed = 0;
	unsigned int i;

	for (i = 0; i < VCON_MAX_PORTS; i++) {
		struct vcon_port *port = &ports->port[i];

		if (port->end[side].open) {
			close_end(port, side);
			closed |= BIT(i);
		}
		port->end[side].stale |= port->end[side].remove;
		forget(&port->end[side]);
	}
	ports->multiport[side] = false;
	ports->ready[side] = false;
	return closed;
}

static enum vcon_action port_ready(struct vcon_ports *ports, enum vcon_side side,
				   struct vcon_port *port, bool ready)
{
	struct vcon_end *end = &port->end[side];

	end->ready = ready;
	/* A driver that was suspended has its ports already, and does not ask for them */
	if (ready && !end->added) {
		ports->ready[side] = true;
		end->added = true;
		end->remove = !port->present || end->stale;
		/* Nor is it known what it remembers of its size */
		end->told_size = (struct vcon_size){ 0xffff, 0xffff };
	}
	return VCON_NOTHING;
}

static enum vcon_action port_open(struct vcon_port *port, enum vcon_side side, bool open)
{
	struct vcon_end *end = &port->end[side];
	/* A driver's users may find a port just before the driver says that it is ready */
	bool known = end->reused ? end->ready : end->added;

	/* Of a port that was removed meanwhile, or is not known */
	if (!port->present || !known || end->remove || end->open == open)
		return VCON_NOTHING;
	if (open) {
		end->open = true;
		return VCON_OPENED;
	}
	/* By a user who came before the driver knew; a console itself is open all the time */
	if (port->console)
		return VCON_NOTHING;
	close_end(port, side);
	return VCON_CLOSED;
}

enum vcon_action vcon_message(struct vcon_ports *ports, enum vcon_side side, const void *msg,
			      size_t len, unsigned int *id)
{
	struct vcon_header header;
	struct vcon_port *port;
	bool value;

	if (len < sizeof(header) || !ports->multiport[side])
		goto bad;
	memcpy(&header, msg, sizeof(header));
	*id = le32_to_cpu(header.id);
	value = le16_to_cpu(header.value);
	if (le16_to_cpu(header.event) == VIRTIO_CONSOLE_DEVICE_READY) {
		ports->ready[side] = value;
		return VCON_NOTHING;
	}
	if (*id >= ports->num)
		goto bad;

	port = &ports->port[*id];
	switch (le16_to_cpu(header.event)) {
	case VIRTIO_CONSOLE_PORT_READY:
		return port_ready(ports, side, port, value);
	case VIRTIO_CONSOLE_PORT_OPEN:
		return port_open(port, side, value);
	}
bad:
	ports->bad++;
	return VCON_NOTHING;
}

size_t vcon_make(void *msg, unsigned int id, u16 event, u16 value)
{
	struct vcon_header header = {
		.id = cpu_to_le32(id),
		.event = cpu_to_le16(event),
		.value = cpu_to_le16(value),
	};

	memcpy(msg, &header, sizeof(header));
	return sizeof(header);
}

/* A name goes without the zero behind it */
static size_t make_name(void *msg, unsigned int id, const char *name)
{
	size_t len = vcon_make(msg, id, VIRTIO_CONSOLE_PORT_NAME, 1);

	memcpy(msg + len, name, strlen(name));
	return len + strlen(name);
}

static size_t make_size(void *msg, unsigned int id, struct vcon_size size)
{
	size_t len = vcon_make(msg, id, VIRTIO_CONSOLE_RESIZE, 0);
	__le16 val[] = { cpu_to_le16(size.cols), cpu_to_le16(size.rows) };

	memcpy(msg + len, val, sizeof(val));
	return len + sizeof(val);
}

static bool same_size(struct vcon_size a, struct vcon_size b)
{
	return a.cols == b.cols && a.rows == b.rows;
}

/* What a driver that has the port ready should be told next */
static size_t next_of_ready(struct vcon_port *port, unsigned int id, enum vcon_side side,
			    bool resize, void *msg)
{
	bool peer_open = port->end[other(side)].open;
	struct vcon_end *end = &port->end[side];

	if (port->console && !end->told_console) {
		end->told_console = true;
		return vcon_make(msg, id, VIRTIO_CONSOLE_CONSOLE_PORT, 1);
	}
	if (port->name[0] && !end->told_name) {
		end->told_name = true;
		return make_name(msg, id, port->name);
	}
	if (port->console && resize && !same_size(end->size, end->told_size)) {
		end->told_size = end->size;
		return make_size(msg, id, end->size);
	}
	if (end->close) {
		if (!end->drained)
			return 0;
		end->close = false;
		end->told_open = false;
		return vcon_make(msg, id, VIRTIO_CONSOLE_PORT_OPEN, 0);
	}
	if (peer_open && !end->told_open) {
		end->told_open = true;
		return vcon_make(msg, id, VIRTIO_CONSOLE_PORT_OPEN, 1);
	}
	return 0;
}

size_t vcon_next(struct vcon_ports *ports, enum vcon_side side, void *msg)
{
	unsigned int i;
	size_t len;

	if (!ports->multiport[side] || !ports->ready[side])
		return 0;

	for (i = 0; i < ports->num; i++) {
		struct vcon_port *port = &ports->port[i];
		struct vcon_end *end = &port->end[side];

		if (end->remove) {
			forget(end);
			end->reused = true;
			return vcon_make(msg, i, VIRTIO_CONSOLE_PORT_REMOVE, 1);
		}
		if (port->present && !end->added) {
			end->added = true;
			end->stale = false;
			return vcon_make(msg, i, VIRTIO_CONSOLE_PORT_ADD, 1);
		}
		if (!end->ready)
			continue;
		len = next_of_ready(port, i, side, ports->resize[side], msg);
		if (len)
			return len;
	}
	return 0;
}

bool vcon_drained(struct vcon_ports *ports, enum vcon_side from, unsigned int id)
{
	struct vcon_end *end = &ports->port[id].end[other(from)];

	end->drained = true;
	return !end->close;
}

void vcon_plug(struct vcon_ports *ports, unsigned int id, bool console, const char *name)
{
	struct vcon_port *port = &ports->port[id];

	port->present = true;
	port->console = console;
	memcpy(port->name, name, strlen(name) + 1);
}

unsigned int vcon_unplug(struct vcon_ports *ports, unsigned int id)
{
	struct vcon_port *port = &ports->port[id];
	unsigned int side, closed = 0;

	port->present = false;
	for (side = VCON_HOST; side <= VCON_ENDPOINT; side++) {
		struct vcon_end *end = &port->end[side];

		/* One that does not talk of it keeps the only port it has */
		if (!end->added) {
			end->stale = true;
			continue;
		}
		if (end->open)
			closed |= BIT(side);
		forget(end);
		end->added = true;
		end->remove = true;
	}
	return closed;
}

void vcon_resize(struct vcon_ports *ports, enum vcon_side side, unsigned int id,
		 struct vcon_size size)
{
	ports->port[id].end[side].size = size;
}
