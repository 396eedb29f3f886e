// SPDX-License-Identifier: GPL-2.0
/*
 * The endpoint's side: its driver, or the users of its files where it has none
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <linux/err.h>
#include <linux/virtio_console.h>
#include <linux/virtio_ring.h>

#include "search.h"

/* With `bridge`: the endpoint's own virtio_console */

void local_up(struct card *c, bool multiport)
{
	struct side *s = &c->side[EPFV_ENDPOINT];
	unsigned int i;

	if (!c->bound || card_direct(c) || s->up)
		return;
	multiport &= c->f->type->control_feature != 0;
	fake_virtio.accepts = BIT(VIRTIO_CONSOLE_F_SIZE) |
			      (multiport ? BIT(VIRTIO_CONSOLE_F_MULTIPORT) : 0);
	fake_virtio.num_vqs = multiport ? c->f->type->num_queues : 2;
	assert_int_equal(fake_virtio_probe(), 0);
	for (i = 0; i < fake_virtio.num_vqs; i++) {
		const struct vring *vring = virtqueue_get_vring(fake_virtio.vq[i]);
		struct queue *q = &s->queue[i];

		q->index = i;
		q->buffers = (uintptr_t)s->memory + i * QUEUE_SIZE * BUFFER_SIZE;
		driver_init(&q->d, &driver_local_mem, NULL, (uintptr_t)vring->desc, QUEUE_SIZE,
			    SMP_CACHE_BYTES);
	}
	console_start(s, multiport);
}

void local_down(struct card *c)
{
	struct side *s = &c->side[EPFV_ENDPOINT];

	if (!s->up || card_direct(c))
		return;
	console_gone(s);
	fake_virtio_remove();
}

/* With `direct`: files, as vcon's device.c and terminal.c have them, and their users */

struct vcon_device {
	struct vcon *vcon;
	unsigned int id;
	bool told;
};

struct vcon_terminal {
	struct epfv_function *f;
	unsigned int id;
	bool told;
};

static struct card *the_card;
static struct vcon_device *devices[PORTS];
static struct vcon_terminal *terminals[PORTS];

static struct end *local_end(unsigned int id)
{
	return &the_card->side[EPFV_ENDPOINT].end[id];
}

void user_begin(struct card *c)
{
	the_card = c;
	memset(devices, 0, sizeof(devices));
	memset(terminals, 0, sizeof(terminals));
}

static void file_is_there(unsigned int id, bool console)
{
	assert_in_range(id, 0, PORTS - 1);
	assert_null(devices[id]);
	assert_null(terminals[id]);
	*local_end(id) = (struct end){ .known = true, .ready = true, .console = console };
}

static void file_has_gone(unsigned int id)
{
	if (local_end(id)->open)
		end_closed(&the_card->side[EPFV_ENDPOINT], id);
	*local_end(id) = (struct end){};
	flow_excuse(the_card, id);
}

struct vcon_device *vcon_device_add(struct vcon *vcon, unsigned int id, const char *name)
{
	struct side *s = &the_card->side[EPFV_ENDPOINT];
	struct vcon_device *d = calloc(1, sizeof(*d));

	file_is_there(id, false);
	snprintf(local_end(id)->name, sizeof(local_end(id)->name), "%s", name);
	d->vcon = vcon;
	d->id = id;
	devices[id] = d;
	if (s->hasty)
		user_open(s, id, true);
	return d;
}

void vcon_device_remove(struct vcon_device *d)
{
	file_has_gone(d->id);
	devices[d->id] = NULL;
	free(d);
}

void vcon_device_peer(struct vcon_device *d, bool open)
{
	struct end *end = local_end(d->id);

	if (end->peer && !open)
		flow_told_end(&the_card->side[EPFV_ENDPOINT], d->id);
	end->peer = open;
	d->told = true;
}

void vcon_device_changed(struct vcon_device *d)
{
	d->told = true;
}

int vcon_devices_init(void)
{
	return 0;
}

void vcon_devices_exit(void)
{
}

struct vcon_terminal *vcon_terminal_add(struct epfv_function *f, unsigned int pair)
{
	struct vcon_terminal *t = calloc(1, sizeof(*t));

	file_is_there(pair, true);
	end_opened(&the_card->side[EPFV_ENDPOINT], pair);
	t->f = f;
	t->id = pair;
	terminals[pair] = t;
	vcon_terminal_count(1);
	return t;
}

void vcon_terminal_remove(struct vcon_terminal *t)
{
	file_has_gone(t->id);
	terminals[t->id] = NULL;
	free(t);
	vcon_terminal_count(-1);
}

unsigned int vcon_terminal_number(const struct vcon_terminal *t)
{
	return t->id;
}

void vcon_terminal_resize(struct vcon_terminal *t, struct vcon_size size)
{
	local_end(t->id)->size = size;
}

void vcon_terminal_changed(struct vcon_terminal *t)
{
	t->told = true;
}

void vcon_terminals_exit(void)
{
}

void user_open(struct side *s, unsigned int id, bool open)
{
	if (!devices[id] || s->end[id].open == open)
		return;
	if (open)
		end_opened(s, id);
	else
		end_closed(s, id);
	/* A reader looks once before it waits */
	devices[id]->told = true;
	vcon_direct_open(devices[id]->vcon, id, open);
}

void user_send(struct side *s, unsigned int id)
{
	struct flow *f = flow_from(s, id);
	u8 byte;

	if (!s->end[id].open || f->num == MAX_BYTES ||
	    (devices[id] && !s->end[id].peer))
		return;
	byte = flow_next(s, id);
	if (!epfv_pair_write(the_card->f, id, &byte, 1))
		flow_unsent(s, id);
}

/* Who reads does so when there is something, as it was told */
void user_pump(struct side *s)
{
	unsigned int i;
	u8 buf[16];
	size_t n, k;

	for (i = 0; i < PORTS; i++) {
		bool *told = devices[i] ? &devices[i]->told : NULL;

		if (terminals[i])
			told = &terminals[i]->told;
		if (!told || !*told || s->stalled || !s->end[i].open)
			continue;
		*told = false;
		while ((n = epfv_pair_read(the_card->f, i, buf, sizeof(buf))))
			for (k = 0; k < n; k++)
				flow_arrived(s, i, buf[k]);
	}
}
