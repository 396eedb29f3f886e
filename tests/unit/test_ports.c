// SPDX-License-Identifier: GPL-2.0
/*
 * ports.c between two drivers that do what Linux's virtio_console does
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <asm/byteorder.h>
#include <linux/bits.h>
#include <linux/virtio_console.h>

#include "ports.h"
#include "tests.h"

#define PORTS		4
#define BOTH(side)	for ((side) = VCON_HOST; (side) <= VCON_ENDPOINT; (side)++)

/* A port as a driver knows it, and what its user does */
struct known {
	bool there;
	bool console;
	char name[VCON_NAME_MAX + 1];
	struct vcon_size size;
	bool peer_open;		/* host_connected */
	bool open;		/* guest_connected */
	bool early;		/* opened before anybody knew that it is a console */
	bool had;		/* there was another port of this number before */
	unsigned int closes;	/* how often it was told that the other end has closed */
};

struct driver {
	bool up;
	bool multiport;
	bool hasty;		/* users find a port before the driver says that it is ready */
	struct known known[PORTS];
};

struct world {
	struct vcon_ports ports;
	struct driver driver[2];
	/* The core's part: whose end is open, and who has closed it since all was delivered */
	bool open[2][PORTS];
	bool closing[2][PORTS];
};

static u32 seed;

static unsigned int rnd(unsigned int n)
{
	seed = seed * 1664525 + 1013904223;
	return (seed >> 8) % n;
}

static enum vcon_side other(enum vcon_side side)
{
	return side == VCON_HOST ? VCON_ENDPOINT : VCON_HOST;
}

static void set_open(struct world *w, unsigned int side, unsigned int id, bool open)
{
	assert_true(id < PORTS);
	w->open[side][id] = open;
	if (!open)
		w->closing[side][id] = true;
}

static void set_open_mask(struct world *w, enum vcon_side side, u32 mask, bool open)
{
	unsigned int i;

	for (i = 0; i < VCON_MAX_PORTS; i++) {
		if (mask & BIT(i)) {
			assert_int_equal(w->open[side][i], !open);
			set_open(w, side, i, open);
		}
	}
}

static void say_raw(struct world *w, enum vcon_side side, const void *msg, size_t len)
{
	enum vcon_action action;
	unsigned int id = ~0U;

	action = vcon_message(&w->ports, side, msg, len, &id);
	if (action == VCON_NOTHING)
		return;
	assert_true(id < PORTS);
	assert_int_equal(w->open[side][id], action == VCON_CLOSED);
	set_open(w, side, id, action == VCON_OPENED);
}

static void say(struct world *w, enum vcon_side side, u32 id, u16 event, u16 value)
{
	const struct virtio_console_control msg = {
		.id = cpu_to_le32(id),
		.event = cpu_to_le16(event),
		.value = cpu_to_le16(value),
	};

	if (w->driver[side].up)
		say_raw(w, side, &msg, sizeof(msg));
}

static void driver_up(struct world *w, enum vcon_side side, bool multiport)
{
	struct driver *d = &w->driver[side];

	memset(d, 0, sizeof(*d));
	d->up = true;
	d->multiport = multiport;
	set_open_mask(w, side, vcon_driver_up(&w->ports, side, multiport, true), true);
	if (multiport)
		say(w, side, VIRTIO_CONSOLE_BAD_ID, VIRTIO_CONSOLE_DEVICE_READY, 1);
	else
		d->known[0].there = d->known[0].open = true;
}

static void driver_down(struct world *w, enum vcon_side side)
{
	memset(&w->driver[side], 0, sizeof(w->driver[side]));
	set_open_mask(w, side, vcon_driver_down(&w->ports, side), false);
}

/* Whether a driver has any port */
static bool has_ports(const struct driver *d)
{
	unsigned int i;

	for (i = 0; i < PORTS && !d->known[i].there; i++)
		;
	return i < PORTS;
}

/*
 * A driver that was suspended tells what it has; what it was told stays with it.  It does
 * not ask for messages again, so one without ports would get none.
 */
static void driver_resumes(struct world *w, enum vcon_side side)
{
	struct driver *d = &w->driver[side];
	unsigned int i;

	set_open_mask(w, side, vcon_driver_down(&w->ports, side), false);
	vcon_driver_up(&w->ports, side, true, true);
	for (i = 0; i < PORTS; i++) {
		if (!d->known[i].there)
			continue;
		d->known[i].peer_open = false;
		say(w, side, i, VIRTIO_CONSOLE_PORT_READY, 1);
		if (d->known[i].open)
			say(w, side, i, VIRTIO_CONSOLE_PORT_OPEN, 1);
	}
}

static void user_opens(struct world *w, enum vcon_side side, unsigned int id, bool open)
{
	struct known *k = &w->driver[side].known[id];

	if (!k->there || !w->driver[side].multiport)
		return;
	if (k->console) {
		/* port_fops_release() does not ask what the port has become */
		if (!open && k->early)
			say(w, side, id, VIRTIO_CONSOLE_PORT_OPEN, 0);
		k->early &= open;
		return;
	}
	if (k->open == open)
		return;
	k->open = open;
	k->early = false;
	say(w, side, id, VIRTIO_CONSOLE_PORT_OPEN, open);
}

/* handle_control_message() */
static void driver_handle(struct world *w, enum vcon_side side, const u8 *msg, size_t len)
{
	const struct virtio_console_control *m = (const void *)msg;
	u32 id = le32_to_cpu(m->id);
	u16 value = le16_to_cpu(m->value);
	struct known *k;
	__le16 size[2];

	assert_in_range(len, sizeof(*m), VCON_MESSAGE_MAX);
	assert_true(id < PORTS);
	k = &w->driver[side].known[id];
	if (le16_to_cpu(m->event) == VIRTIO_CONSOLE_PORT_ADD) {
		/* One that is there is ready already */
		k->there = true;
		if (w->driver[side].hasty && !k->had) {
			user_opens(w, side, id, true);
			k->early = k->open;
		}
		say(w, side, id, VIRTIO_CONSOLE_PORT_READY, 1);
		return;
	}
	/* The driver drops messages about ports that it does not know: none may be lost */
	assert_true(k->there);
	switch (le16_to_cpu(m->event)) {
	case VIRTIO_CONSOLE_PORT_REMOVE:
		memset(k, 0, sizeof(*k));
		k->had = true;
		break;
	case VIRTIO_CONSOLE_CONSOLE_PORT:
		assert_int_equal(value, 1);
		if (!k->console) {
			k->console = true;
			k->open = true;
			say(w, side, id, VIRTIO_CONSOLE_PORT_OPEN, 1);
		}
		break;
	case VIRTIO_CONSOLE_PORT_NAME:
		if (!k->name[0])
			memcpy(k->name, m + 1, len - sizeof(*m));
		break;
	case VIRTIO_CONSOLE_RESIZE:
		assert_int_equal(len, sizeof(*m) + sizeof(size));
		assert_true(k->console);
		memcpy(size, m + 1, sizeof(size));
		k->size.cols = le16_to_cpu(size[0]);
		k->size.rows = le16_to_cpu(size[1]);
		break;
	case VIRTIO_CONSOLE_PORT_OPEN:
		k->closes += k->peer_open && !value;
		/* Each one is news */
		assert_int_equal(k->peer_open, !value);
		k->peer_open = value;
		break;
	default:
		fail_msg("event %u", le16_to_cpu(m->event));
	}
}

static bool deliver(struct world *w, enum vcon_side side)
{
	u8 *msg = malloc(VCON_MESSAGE_MAX);
	size_t len = vcon_next(&w->ports, side, msg);

	if (len) {
		assert_true(w->driver[side].up && w->driver[side].multiport);
		driver_handle(w, side, msg, len);
	}
	free(msg);
	return len;
}

static void drain(struct world *w)
{
	unsigned int side, i;

	BOTH(side) {
		for (i = 0; i < PORTS; i++) {
			if (w->closing[side][i])
				vcon_drained(&w->ports, side, i);
			w->closing[side][i] = false;
		}
	}
}

static void deliver_all(struct world *w)
{
	unsigned int n = 0;

	while (deliver(w, VCON_HOST) || deliver(w, VCON_ENDPOINT))
		assert_true(n++ < 1000);
}

static void unplug(struct world *w, unsigned int id)
{
	unsigned int side, closed = vcon_unplug(&w->ports, id);

	BOTH(side) {
		if (closed & BIT(side)) {
			assert_true(w->open[side][id]);
			set_open(w, side, id, false);
		}
	}
}

/* When all was said and delivered, each driver knows what there is to know */
static void check_settled(struct world *w)
{
	unsigned int side, i;

	deliver_all(w);
	drain(w);
	deliver_all(w);
	BOTH(side) {
		const struct driver *d = &w->driver[side];

		for (i = 0; i < PORTS; i++) {
			const struct vcon_port *port = &w->ports.port[i];
			const struct known *k = &d->known[i];

			if (!d->up || !d->multiport) {
				assert_int_equal(w->open[side][i], d->up && i == 0);
				continue;
			}
			assert_int_equal(k->there, port->present);
			assert_int_equal(w->open[side][i], k->open);
			if (!k->there)
				continue;
			assert_int_equal(k->console, port->console);
			assert_string_equal(k->name, port->name);
			assert_int_equal(k->peer_open, w->open[other(side)][i]);
			if (k->console) {
				assert_int_equal(k->size.cols, port->end[side].size.cols);
				assert_int_equal(k->size.rows, port->end[side].size.rows);
			}
		}
	}
}

static void begin(struct world *w)
{
	memset(w, 0, sizeof(*w));
	memset(&w->ports, 0xa5, sizeof(w->ports));
	vcon_ports_init(&w->ports, PORTS);
	vcon_plug(&w->ports, 0, true, "console");
	vcon_plug(&w->ports, 2, false, "org.example");
}

static void test_start(void **state)
{
	struct world w;

	(void)state;
	begin(&w);
	check_settled(&w);
	driver_up(&w, VCON_HOST, true);
	check_settled(&w);
	assert_true(w.driver[VCON_HOST].known[0].console);
	assert_false(w.driver[VCON_HOST].known[0].peer_open);
	driver_up(&w, VCON_ENDPOINT, true);
	check_settled(&w);
	assert_true(w.driver[VCON_HOST].known[0].peer_open);
	assert_false(w.driver[VCON_HOST].known[2].peer_open);
	assert_int_equal(w.ports.bad, 0);
}

/*
 * A port can be found, and opened, before its driver says that it is ready: an open counts
 * as soon as the driver was told of the port.
 */
static void test_early_open(void **state)
{
	unsigned int side;
	struct world w;

	(void)state;
	BOTH(side) {
		begin(&w);
		driver_up(&w, other(side), true);
		driver_up(&w, side, true);
		w.driver[side].hasty = true;
		check_settled(&w);
		assert_true(w.driver[side].known[2].open);
		assert_true(w.driver[other(side)].known[2].peer_open);
		/* A console stays open, though who took it for a port without a name has left */
		assert_true(w.driver[side].known[0].console);
		user_opens(&w, side, 0, false);
		check_settled(&w);
		assert_true(w.driver[other(side)].known[0].peer_open);
		user_opens(&w, side, 2, false);
		check_settled(&w);
		assert_false(w.driver[other(side)].known[2].peer_open);
	}
}

/* Nothing is said to a driver that has not asked for it, or cannot */
static void test_silence(void **state)
{
	struct world w;
	u8 msg[VCON_MESSAGE_MAX];

	(void)state;
	begin(&w);
	assert_int_equal(vcon_next(&w.ports, VCON_HOST, msg), 0);
	w.driver[VCON_HOST].up = true;
	assert_int_equal(vcon_driver_up(&w.ports, VCON_HOST, true, true), 0);
	assert_int_equal(vcon_next(&w.ports, VCON_HOST, msg), 0);
	say(&w, VCON_HOST, VIRTIO_CONSOLE_BAD_ID, VIRTIO_CONSOLE_DEVICE_READY, 1);
	assert_true(vcon_next(&w.ports, VCON_HOST, msg) > 0);
	say(&w, VCON_HOST, VIRTIO_CONSOLE_BAD_ID, VIRTIO_CONSOLE_DEVICE_READY, 0);
	assert_int_equal(vcon_next(&w.ports, VCON_HOST, msg), 0);
	assert_int_equal(vcon_driver_up(&w.ports, VCON_ENDPOINT, false, false), BIT(0));
	assert_int_equal(vcon_next(&w.ports, VCON_ENDPOINT, msg), 0);
}

/* A driver without MULTIPORT is a console at port 0, whatever the other side sees there */
static void test_plain_driver(void **state)
{
	struct world w;

	(void)state;
	begin(&w);
	driver_up(&w, VCON_HOST, false);
	driver_up(&w, VCON_ENDPOINT, true);
	check_settled(&w);
	assert_true(w.driver[VCON_ENDPOINT].known[0].peer_open);
	assert_false(w.driver[VCON_ENDPOINT].known[2].peer_open);
	unplug(&w, 0);
	check_settled(&w);
	driver_down(&w, VCON_HOST);
	check_settled(&w);
}

/* A close waits until what was sent has arrived, and is told even if it was opened again */
static void test_close_waits(void **state)
{
	struct world w;
	const struct known *k = &w.driver[VCON_ENDPOINT].known[2];

	(void)state;
	begin(&w);
	driver_up(&w, VCON_HOST, true);
	driver_up(&w, VCON_ENDPOINT, true);
	deliver_all(&w);
	user_opens(&w, VCON_HOST, 2, true);
	check_settled(&w);
	assert_true(k->peer_open);
	user_opens(&w, VCON_HOST, 2, false);
	deliver_all(&w);
	assert_true(k->peer_open);
	user_opens(&w, VCON_HOST, 2, true);
	deliver_all(&w);
	assert_int_equal(k->closes, 0);
	drain(&w);
	deliver_all(&w);
	assert_int_equal(k->closes, 1);
	assert_true(k->peer_open);

	/* Closed before anybody was told that it was open: there is nothing to tell */
	user_opens(&w, VCON_HOST, 2, false);
	check_settled(&w);
	assert_int_equal(k->closes, 2);
	user_opens(&w, VCON_HOST, 2, true);
	user_opens(&w, VCON_HOST, 2, false);
	check_settled(&w);
	assert_int_equal(k->closes, 2);

	/* That one has long arrived says nothing about the next */
	user_opens(&w, VCON_HOST, 2, true);
	check_settled(&w);
	vcon_drained(&w.ports, VCON_HOST, 2);
	user_opens(&w, VCON_HOST, 2, false);
	deliver_all(&w);
	assert_true(k->peer_open);
	check_settled(&w);
	assert_false(k->peer_open);
}

/* A driver that goes away has closed all that it had open */
static void test_driver_leaves(void **state)
{
	struct world w;
	const struct known *k = &w.driver[VCON_ENDPOINT].known[2];

	(void)state;
	begin(&w);
	driver_up(&w, VCON_HOST, true);
	driver_up(&w, VCON_ENDPOINT, true);
	deliver_all(&w);
	user_opens(&w, VCON_HOST, 2, true);
	check_settled(&w);
	driver_down(&w, VCON_HOST);
	deliver_all(&w);
	assert_true(k->peer_open);
	drain(&w);
	deliver_all(&w);
	assert_false(k->peer_open);
	driver_up(&w, VCON_HOST, true);
	check_settled(&w);
}

/* What a driver says of a port that was removed is not said of the one that came after it */
static void test_late_open(void **state)
{
	u8 msg[2][VCON_MESSAGE_MAX];
	struct world w;
	size_t len[2];

	(void)state;
	begin(&w);
	driver_up(&w, VCON_HOST, true);
	driver_up(&w, VCON_ENDPOINT, true);
	check_settled(&w);
	unplug(&w, 2);
	vcon_plug(&w.ports, 2, false, "other");
	len[0] = vcon_next(&w.ports, VCON_HOST, msg[0]);
	len[1] = vcon_next(&w.ports, VCON_HOST, msg[1]);
	/* It has not got to these messages yet */
	user_opens(&w, VCON_HOST, 2, true);
	driver_handle(&w, VCON_HOST, msg[0], len[0]);
	driver_handle(&w, VCON_HOST, msg[1], len[1]);
	check_settled(&w);
	assert_false(w.driver[VCON_ENDPOINT].known[2].peer_open);
	user_opens(&w, VCON_HOST, 2, true);
	check_settled(&w);
	assert_true(w.driver[VCON_ENDPOINT].known[2].peer_open);
}

/* A port that goes while it is open, and comes back as another one before that was told */
static void test_unplug(void **state)
{
	struct world w;

	(void)state;
	begin(&w);
	driver_up(&w, VCON_HOST, true);
	driver_up(&w, VCON_ENDPOINT, true);
	deliver_all(&w);
	user_opens(&w, VCON_HOST, 2, true);
	user_opens(&w, VCON_ENDPOINT, 2, true);
	check_settled(&w);
	unplug(&w, 2);
	/* Its driver does not know yet */
	user_opens(&w, VCON_HOST, 2, false);
	user_opens(&w, VCON_HOST, 2, true);
	vcon_plug(&w.ports, 2, true, "other");
	user_opens(&w, VCON_ENDPOINT, 2, false);
	check_settled(&w);
	assert_true(w.driver[VCON_HOST].known[2].console);
	unplug(&w, 0);
	unplug(&w, 2);
	check_settled(&w);
}

static void test_resume(void **state)
{
	struct world w;

	(void)state;
	begin(&w);
	driver_up(&w, VCON_HOST, true);
	driver_up(&w, VCON_ENDPOINT, true);
	deliver_all(&w);
	user_opens(&w, VCON_HOST, 2, true);
	user_opens(&w, VCON_ENDPOINT, 2, true);
	check_settled(&w);
	driver_resumes(&w, VCON_HOST);
	check_settled(&w);
	assert_int_equal(w.driver[VCON_ENDPOINT].known[2].closes, 1);
	/* One that was removed meanwhile */
	unplug(&w, 2);
	driver_resumes(&w, VCON_HOST);
	check_settled(&w);
	assert_false(w.driver[VCON_HOST].known[2].there);
	/* One that has become another one */
	set_open_mask(&w, VCON_HOST, vcon_driver_down(&w.ports, VCON_HOST), false);
	unplug(&w, 0);
	vcon_plug(&w.ports, 0, false, "other");
	driver_resumes(&w, VCON_HOST);
	check_settled(&w);
}

static void test_size(void **state)
{
	static const struct vcon_size small = { 80, 24 }, large = { 300, 100 };
	struct world w;

	(void)state;
	begin(&w);
	vcon_resize(&w.ports, VCON_HOST, 0, small);
	driver_up(&w, VCON_HOST, true);
	driver_up(&w, VCON_ENDPOINT, true);
	check_settled(&w);
	assert_int_equal(w.driver[VCON_HOST].known[0].size.rows, 24);
	assert_int_equal(w.driver[VCON_ENDPOINT].known[0].size.rows, 0);
	vcon_resize(&w.ports, VCON_ENDPOINT, 0, large);
	/* Not of a port that is no console */
	vcon_resize(&w.ports, VCON_ENDPOINT, 2, large);
	check_settled(&w);
	/* Not to a driver without SIZE */
	driver_down(&w, VCON_HOST);
	w.driver[VCON_HOST].up = w.driver[VCON_HOST].multiport = true;
	vcon_driver_up(&w.ports, VCON_HOST, true, false);
	say(&w, VCON_HOST, VIRTIO_CONSOLE_BAD_ID, VIRTIO_CONSOLE_DEVICE_READY, 1);
	deliver_all(&w);
	assert_int_equal(w.driver[VCON_HOST].known[0].size.rows, 0);
}

/* Messages that no driver sends: nothing happens, and they are counted */
static void test_bad_messages(void **state)
{
	struct world w;
	u8 msg[8] = { 0 };
	size_t len;

	(void)state;
	begin(&w);
	driver_up(&w, VCON_HOST, true);
	driver_up(&w, VCON_ENDPOINT, true);
	check_settled(&w);
	for (len = 0; len < sizeof(msg); len++) {
		u8 *exact = malloc(len ? len : 1);

		memcpy(exact, msg, len);
		say_raw(&w, VCON_HOST, exact, len);
		free(exact);
	}
	assert_int_equal(w.ports.bad, 8);
	say(&w, VCON_HOST, PORTS, VIRTIO_CONSOLE_PORT_OPEN, 1);
	say(&w, VCON_HOST, 1u << 31, VIRTIO_CONSOLE_PORT_READY, 1);
	say(&w, VCON_HOST, 0, VIRTIO_CONSOLE_PORT_ADD, 1);
	say(&w, VCON_HOST, 0, 99, 1);
	assert_int_equal(w.ports.bad, 12);
	/* Of ports that are not there */
	say(&w, VCON_HOST, 1, VIRTIO_CONSOLE_PORT_OPEN, 1);
	check_settled(&w);
}

static void anything(struct world *w)
{
	enum vcon_side side = rnd(2);
	unsigned int id = rnd(PORTS);
	struct vcon_size size = { rnd(200), rnd(50) };

	switch (rnd(16)) {
	case 0:
		if (w->driver[side].up)
			driver_down(w, side);
		else
			driver_up(w, side, rnd(8));
		w->driver[side].hasty = rnd(2);
		break;
	case 1:
		if (w->driver[side].multiport && has_ports(&w->driver[side]))
			driver_resumes(w, side);
		break;
	case 2:
		if (w->ports.port[id].present)
			unplug(w, id);
		else
			vcon_plug(&w->ports, id, rnd(2), rnd(2) ? "a.name" : "");
		break;
	case 3:
		vcon_resize(&w->ports, side, id, size);
		break;
	case 4:
		drain(w);
		break;
	case 5 ... 9:
		user_opens(w, side, id, rnd(2));
		break;
	case 10:
		check_settled(w);
		break;
	default:
		deliver(w, side);
	}
}

static void test_anything(void **state)
{
	struct world w;
	unsigned int i, n;

	(void)state;
	for (i = 0; i < 2000; i++) {
		seed = i;
		begin(&w);
		for (n = 0; n < 200; n++)
			anything(&w);
		check_settled(&w);
	}
}

/* A driver that says anything: no harm, and the next one finds all in order */
static void test_hostile(void **state)
{
	struct world w;
	unsigned int i, n;

	(void)state;
	for (i = 0; i < 500; i++) {
		seed = i;
		begin(&w);
		w.driver[VCON_HOST].up = true;
		set_open_mask(&w, VCON_HOST, vcon_driver_up(&w.ports, VCON_HOST, true, rnd(2)),
			      true);
		driver_up(&w, VCON_ENDPOINT, true);
		for (n = 0; n < 300; n++) {
			u8 msg[VCON_MESSAGE_MAX];

			say(&w, VCON_HOST, rnd(PORTS + 2), rnd(9), rnd(3));
			if (rnd(4) == 0)
				vcon_next(&w.ports, VCON_HOST, msg);
			if (rnd(32) == 0)
				unplug(&w, rnd(PORTS));
			if (rnd(8) == 0 && !w.ports.port[n % PORTS].present)
				vcon_plug(&w.ports, n % PORTS, rnd(2), "again");
			deliver(&w, VCON_ENDPOINT);
			if (rnd(8) == 0)
				drain(&w);
		}
		driver_down(&w, VCON_HOST);
		check_settled(&w);
		driver_up(&w, VCON_HOST, true);
		check_settled(&w);
	}
}

int test_ports(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_start),
		cmocka_unit_test(test_early_open),
		cmocka_unit_test(test_late_open),
		cmocka_unit_test(test_silence),
		cmocka_unit_test(test_plain_driver),
		cmocka_unit_test(test_close_waits),
		cmocka_unit_test(test_driver_leaves),
		cmocka_unit_test(test_unplug),
		cmocka_unit_test(test_resume),
		cmocka_unit_test(test_size),
		cmocka_unit_test(test_bad_messages),
		cmocka_unit_test(test_anything),
		cmocka_unit_test(test_hostile),
	};

	return cmocka_run_group_tests_name("ports", tests, NULL, NULL);
}
