/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Ports of a console between two drivers: who was told what
 *
 * Each side's driver believes to talk to a device.  Between them there is this
 * state: what a driver has said, what it was told, and what it should know.  A
 * message is made whenever the last two differ, so nothing is queued, and however
 * often a driver says something it takes no memory.
 *
 * No kernel API is used here; the caller sees to it that one thing happens at a
 * time.  "Multiport Device Operation" in the virtio specification's console device.
 */
#ifndef VCON_PORTS_H
#define VCON_PORTS_H

#include <linux/types.h>

#define VCON_MAX_PORTS		32
#define VCON_NAME_MAX		64
/* The longest message there is: a header and a name */
#define VCON_MESSAGE_MAX	(8 + VCON_NAME_MAX)

/* struct virtio_console_control; legacy devices and drivers of little-endian hosts agree on it */
struct vcon_header {
	__le32 id;
	__le16 event;
	__le16 value;
};

enum vcon_side {
	VCON_HOST,
	VCON_ENDPOINT,
};

/**
 * struct vcon_size - of a terminal, 0: not known
 * @cols: columns
 * @rows: rows
 */
struct vcon_size {
	u16 cols;
	u16 rows;
};

/**
 * struct vcon_end - a port as one side's driver sees it
 * @added: the driver was told that there is the port
 * @remove: it is to be told that the port is gone
 * @ready: the driver has it ready
 * @reused: the driver had another port of this number, and may still talk of that
 * @stale: a driver that was suspended may remember another port
 * @open: the driver has opened it
 * @told_console: the driver was told that it is a console
 * @told_name: the driver was told its name
 * @told_size: the size the driver was told of
 * @told_open: the driver was told that the other end is open
 * @close: it is to be told that it was closed, as soon as what was sent has arrived
 * @drained: it has
 * @size: of the terminal that shows this end: what the driver should know
 */
struct vcon_end {
	bool added;
	bool remove;
	bool ready;
	bool reused;
	bool stale;
	bool open;
	bool told_console;
	bool told_name;
	struct vcon_size told_size;
	bool told_open;
	bool close;
	bool drained;
	struct vcon_size size;
};

/**
 * struct vcon_port - a port, as it was configured
 * @present: drivers are to be told of it
 * @console: it is a console
 * @name: its name, or nothing
 * @end: as each side sees it
 */
struct vcon_port {
	bool present;
	bool console;
	char name[VCON_NAME_MAX + 1];
	struct vcon_end end[2];
};

/**
 * struct vcon_ports - all ports, and a driver on each side
 * @num: ports that drivers have made room for
 * @port: by number
 * @multiport: the driver has MULTIPORT: it is sent messages
 * @resize: the driver has SIZE
 * @ready: the driver has asked for messages
 * @bad: messages that made no sense
 */
struct vcon_ports {
	unsigned int num;
	struct vcon_port port[VCON_MAX_PORTS];
	bool multiport[2];
	bool resize[2];
	bool ready[2];
	u64 bad;
};

/* What a message has changed */
enum vcon_action {
	VCON_NOTHING,
	VCON_OPENED,	/* the driver has opened its end of the port */
	VCON_CLOSED,	/* the driver has closed it */
};

/* Begin without ports and drivers */
void vcon_ports_init(struct vcon_ports *ports, unsigned int num);

/*
 * A driver has started (with what features?), or is gone.  Returns a mask of the ports
 * whose end it has opened or closed by that.
 */
u32 vcon_driver_up(struct vcon_ports *ports, enum vcon_side side, bool multiport, bool resize);
u32 vcon_driver_down(struct vcon_ports *ports, enum vcon_side side);

/* A message of a driver; *@id: of which port */
enum vcon_action vcon_message(struct vcon_ports *ports, enum vcon_side side, const void *msg,
			      size_t len, unsigned int *id);

/* A message without anything behind its header; returns its length */
size_t vcon_make(void *msg, unsigned int id, u16 event, u16 value);

/* The next message for a driver; returns its length, at most VCON_MESSAGE_MAX, 0: none */
size_t vcon_next(struct vcon_ports *ports, enum vcon_side side, void *msg);

/*
 * What a side has sent before it closed its end has arrived at the other.  Returns whether the
 * other was told of the end, or need not be.
 */
bool vcon_drained(struct vcon_ports *ports, enum vcon_side from, unsigned int id);

/*
 * There is a new port, or one is gone.  Returns a mask of the sides (BIT(side)) whose end was
 * open and is not any more.
 */
void vcon_plug(struct vcon_ports *ports, unsigned int id, bool console, const char *name);
unsigned int vcon_unplug(struct vcon_ports *ports, unsigned int id);

/* The terminal that shows a side's end has another size */
void vcon_resize(struct vcon_ports *ports, enum vcon_side side, unsigned int id,
		 struct vcon_size size);

#endif /* VCON_PORTS_H */
