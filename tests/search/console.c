// SPDX-License-Identifier: GPL-2.0
/*
 * What a virtio_console does, of the host or of the endpoint
 *
 * As drivers/char/virtio_console.c has it: it asks for ports, says of each that it is ready,
 * opens consoles by itself and others for its users, and fills the queue of what it knows.
 */
#include <string.h>

#include <asm/byteorder.h>
#include <linux/virtio_console.h>

#include "search.h"

/* Buffers that it keeps in the queue for messages; for data there is one, which is soon used up */
#define FILL		4

#define CONTROL_RX	2
#define CONTROL_TX	3

static struct queue *rx(struct side *s, unsigned int id)
{
	return &s->queue[id ? 2 * id + 2 : 0];
}

static struct queue *tx(struct side *s, unsigned int id)
{
	return rx(s, id) + 1;
}

static void notify(struct side *s, struct queue *q)
{
	if (s->side == EPFV_HOST)
		legacy_notify(&s->card->legacy, q->index);
	else
		fake_virtio_notify(q->index);
}

/* A buffer of one descriptor; false: there is no room */
static bool add(struct side *s, struct queue *q, const void *data, size_t len)
{
	struct epfv_seg seg = { .len = len, .writable = !data };
	unsigned int slot = 0;

	while (slot < QUEUE_SIZE && q->d.busy[slot])
		slot++;
	if (slot == QUEUE_SIZE)
		return false;
	seg.addr = q->buffers + slot * BUFFER_SIZE;
	if (data)
		q->d.mem->store(q->d.ctx, seg.addr, data, len);
	assert_int_equal(driver_add(&q->d, &seg, 1), slot);
	notify(s, q);
	return true;
}

/* A used buffer; false: there is none */
static bool get(struct queue *q, u8 *buf, u32 *len)
{
	int slot = driver_get(&q->d, len);

	if (slot < 0)
		return false;
	assert_in_range(*len, 0, BUFFER_SIZE);
	q->d.mem->load(q->d.ctx, q->buffers + slot * BUFFER_SIZE, buf, *len);
	return true;
}

static void fill(struct side *s, struct queue *q)
{
	while (q->fill && q->d.in_flight < (q->index == CONTROL_RX ? FILL : 1))
		add(s, q, NULL, BUFFER_SIZE);
}

static void reap(struct queue *q)
{
	u8 buf[BUFFER_SIZE];
	u32 len;

	while (get(q, buf, &len))
		assert_int_equal(len, 0);
}

void console_say(struct side *s, u32 id, u16 event, u16 value)
{
	u8 msg[sizeof(struct vcon_header)];

	reap(&s->queue[CONTROL_TX]);
	/* As it waits for each of them, there is room; the thread may be behind in a model only */
	if (!add(s, &s->queue[CONTROL_TX], msg, vcon_make(msg, id, event, value)))
		s->wild = true;
}

void console_open(struct side *s, unsigned int id, bool open)
{
	struct end *end = &s->end[id];

	if (!s->up || !s->multiport || !end->known || end->console || end->open == open)
		return;
	/* It may be taken for one of the port that was there before */
	if (end->reused && !end->ready)
		end->vague = true;
	if (open)
		end_opened(s, id);
	else
		end_closed(s, id);
	console_say(s, id, VIRTIO_CONSOLE_PORT_OPEN, open);
}

static void ask(struct side *s)
{
	s->asked = true;
	console_say(s, 0, VIRTIO_CONSOLE_DEVICE_READY, 1);
}

static void say_ready(struct side *s, unsigned int id)
{
	s->end[id].ready = true;
	console_say(s, id, VIRTIO_CONSOLE_PORT_READY, 1);
}

void console_speak(struct side *s)
{
	unsigned int i;

	s->mute = false;
	if (!s->up || !s->multiport)
		return;
	if (!s->asked)
		ask(s);
	for (i = 0; i < PORTS; i++)
		if (s->end[i].known && !s->end[i].ready)
			say_ready(s, i);
}

static void add_port(struct side *s, unsigned int id)
{
	struct end *end = &s->end[id];
	bool reused = end->reused;

	if (end->known && !s->wild)
		fail_msg("port %u was there already", id);
	if (end->known)
		return;
	*end = (struct end){ .known = true, .reused = reused, .vague = s->wild };
	rx(s, id)->fill = true;
	if (s->hasty)
		console_open(s, id, true);
	if (!s->mute)
		say_ready(s, id);
}

static void remove_port(struct side *s, unsigned int id)
{
	struct end *end = &s->end[id];

	if (!end->known && !s->wild)
		fail_msg("port %u is gone, and never was there", id);
	if (end->open)
		end_closed(s, id);
	rx(s, id)->fill = false;
	*end = (struct end){ .reused = true, .vague = s->wild };
}

static void is_console(struct side *s, unsigned int id)
{
	struct end *end = &s->end[id];

	if (end->console)
		fail_msg("port %u is a console, which it was", id);
	end->console = true;
	if (!end->open)
		end_opened(s, id);
	console_say(s, id, VIRTIO_CONSOLE_PORT_OPEN, 1);
}

static void handle(struct side *s, const u8 *msg, size_t len)
{
	struct vcon_header header;
	struct end *end;
	__le16 size[2];
	unsigned int id;

	assert_in_range(len, sizeof(header), VCON_MESSAGE_MAX);
	memcpy(&header, msg, sizeof(header));
	id = le32_to_cpu(header.id);
	assert_in_range(id, 0, PORTS - 1);
	end = &s->end[id];
	if (le16_to_cpu(header.event) == VIRTIO_CONSOLE_PORT_ADD) {
		add_port(s, id);
		return;
	}
	if (!end->known && s->wild)
		return;
	assert_true(end->known);
	switch (le16_to_cpu(header.event)) {
	case VIRTIO_CONSOLE_PORT_REMOVE:
		remove_port(s, id);
		break;
	case VIRTIO_CONSOLE_CONSOLE_PORT:
		is_console(s, id);
		break;
	case VIRTIO_CONSOLE_PORT_NAME:
		memcpy(end->name, msg + sizeof(header), len - sizeof(header));
		end->name[len - sizeof(header)] = '\0';
		break;
	case VIRTIO_CONSOLE_RESIZE:
		memcpy(size, msg + sizeof(header), sizeof(size));
		end->size = (struct vcon_size){ le16_to_cpu(size[0]), le16_to_cpu(size[1]) };
		break;
	case VIRTIO_CONSOLE_PORT_OPEN:
		if (end->peer && !le16_to_cpu(header.value))
			flow_told_end(s, id);
		end->peer = le16_to_cpu(header.value);
		break;
	default:
		fail_msg("message %u", le16_to_cpu(header.event));
	}
}

static void receive(struct side *s, unsigned int id)
{
	u8 buf[BUFFER_SIZE];
	u32 len, i;

	while (get(rx(s, id), buf, &len)) {
		for (i = 0; i < len; i++) {
			if (s->end[id].open)
				flow_arrived(s, id, buf[i]);
			else
				flow_dropped(s, id, buf[i]);
		}
	}
	if (!s->stalled)
		fill(s, rx(s, id));
}

void console_pump(struct side *s)
{
	u8 msg[BUFFER_SIZE];
	unsigned int i;
	u32 len;

	if (!s->up)
		return;
	if (s->multiport) {
		reap(&s->queue[CONTROL_TX]);
		while (!s->lazy && get(&s->queue[CONTROL_RX], msg, &len)) {
			handle(s, msg, len);
			fill(s, &s->queue[CONTROL_RX]);
		}
	}
	for (i = 0; i < (s->multiport ? PORTS : 1); i++) {
		reap(tx(s, i));
		receive(s, i);
	}
}

void console_send(struct side *s, unsigned int id)
{
	struct flow *f = flow_from(s, id);
	u8 byte;

	/* Nobody has a file of it, or may write to that */
	if (!s->up || !s->end[id].open || f->num == MAX_BYTES ||
	    (s->multiport && !s->end[id].console && !s->end[id].peer))
		return;
	reap(tx(s, id));
	byte = flow_next(s, id);
	if (!add(s, tx(s, id), &byte, 1))
		flow_unsent(s, id);
}

/* The driver has said DRIVER_OK; each queue's ring and buffers are set */
void console_start(struct side *s, bool multiport)
{
	unsigned int i;

	s->up = true;
	s->asked = false;
	s->multiport = multiport;
	s->wild = false;
	flow_excuse_all(s->card);
	for (i = 0; i < PORTS; i++)
		s->end[i] = (struct end){};
	if (multiport) {
		s->queue[CONTROL_RX].fill = true;
		fill(s, &s->queue[CONTROL_RX]);
		if (!s->mute)
			ask(s);
		return;
	}
	s->end[0].known = true;
	s->end[0].console = true;
	s->queue[0].fill = true;
	end_opened(s, 0);
	if (!s->stalled)
		fill(s, &s->queue[0]);
}

void console_gone(struct side *s)
{
	unsigned int i;

	for (i = 0; i < PORTS; i++) {
		if (s->end[i].open)
			end_closed(s, i);
		s->end[i] = (struct end){};
	}
	for (i = 0; i < QUEUES; i++)
		s->queue[i].fill = false;
	flow_excuse_all(s->card);
	s->up = false;
}
