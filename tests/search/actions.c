// SPDX-License-Identifier: GPL-2.0
/*
 * All that may happen: drivers, users, settings, the link, and time
 */
#include <string.h>

#include <linux/kthread.h>
#include <linux/virtio_console.h>

#include "fake-work.h"
#include "search.h"

/* Drivers */

static void up(struct card *c, const struct action *a)
{
	if (a->side == EPFV_HOST)
		host_up(c, a->arg, 0);
	else
		local_up(c, a->arg);
}

/* The host is gone after so many accesses, and its driver with it */
static void half_up(struct card *c, const struct action *a)
{
	host_up(c, true, a->arg);
}

static void down(struct card *c, const struct action *a)
{
	if (a->side == EPFV_HOST)
		host_down(c, a->arg);
	else
		local_down(c);
}

static void crash(struct card *c, const struct action *a)
{
	(void)a;
	host_crash(c);
}

static void speak(struct card *c, const struct action *a)
{
	struct side *s = &c->side[a->side];

	if (s->mute)
		console_speak(s);
	else
		s->mute = true;
}

static void lazy(struct card *c, const struct action *a)
{
	struct side *s = &c->side[a->side];

	if (a->side == EPFV_ENDPOINT && card_direct(c)) {
		fake_work_held = !fake_work_held;
		if (!fake_work_held && c->vcon->direct_work.pending)
			schedule_work(&c->vcon->direct_work);
	} else {
		s->lazy = !s->lazy;
	}
}

static void stall(struct card *c, const struct action *a)
{
	c->side[a->side].stalled = !c->side[a->side].stalled;
}

static void hasty(struct card *c, const struct action *a)
{
	c->side[a->side].hasty = !c->side[a->side].hasty;
}

/* What no stock driver says, or says now */
static void say(struct card *c, const struct action *a)
{
	struct side *s = &c->side[a->side];

	if (!s->up || !s->multiport)
		return;
	s->wild = true;
	console_say(s, c->port, a->arg >> 1, a->arg & 1);
}

static void say_of_other(struct card *c, const struct action *a)
{
	struct side *s = &c->side[a->side];

	if (!s->up || !s->multiport)
		return;
	console_say(s, a->arg, VIRTIO_CONSOLE_PORT_OPEN, 1);
	console_say(s, a->arg, VIRTIO_CONSOLE_PORT_READY, 0);
	console_say(s, a->arg, VIRTIO_CONSOLE_PORT_NAME, 1);
}

/* Said before, and as true as then */
static void say_again(struct card *c, const struct action *a)
{
	struct side *s = &c->side[a->side];
	struct end *end = &s->end[c->port];

	if (!s->up || !s->multiport || !s->asked)
		return;
	console_say(s, 0, VIRTIO_CONSOLE_DEVICE_READY, 1);
	if (end->ready) {
		console_say(s, c->port, VIRTIO_CONSOLE_PORT_READY, 1);
		console_say(s, c->port, VIRTIO_CONSOLE_PORT_OPEN, end->open);
	}
}

/* Users */

static void open_or_close(struct card *c, const struct action *a)
{
	struct side *s = &c->side[a->side];
	bool open = !s->end[c->port].open;

	if (a->side == EPFV_ENDPOINT && card_direct(c))
		user_open(s, c->port, open);
	else
		console_open(s, c->port, open);
}

static void transmit(struct card *c, const struct action *a)
{
	struct side *s = &c->side[a->side];

	if (a->side == EPFV_ENDPOINT && card_direct(c))
		user_send(s, c->port);
	else
		console_send(s, c->port);
}

/* Settings; those of a port only if it is there */

static void port_set(struct card *c, const char *name, const char *value)
{
	if (c->vcon->setting[c->port])
		card_set(c, c->port, name, value);
}

static void enable(struct card *c, const struct action *a)
{
	const struct vcon_setting *s = c->vcon->setting[c->port];

	(void)a;
	port_set(c, "enable", s && s->enabled ? "0" : "1");
}

static void kind(struct card *c, const struct action *a)
{
	const struct vcon_setting *s = c->vcon->setting[c->port];

	(void)a;
	port_set(c, "console", s && s->console ? "0" : "1");
}

/* What changes a port's kind at once, between two rounds */
static void become_other(struct card *c, const struct action *a)
{
	enable(c, a);
	kind(c, a);
	enable(c, a);
}

static void rename_port(struct card *c, const struct action *a)
{
	const struct vcon_setting *s = c->vcon->setting[c->port];

	(void)a;
	port_set(c, "name", s && s->name[0] == 'a' ? "b" : "a");
}

static const char * const size_names[] = { "host_size", "endpoint_size" };

static void resize(struct card *c, const struct action *a)
{
	const struct vcon_setting *s = c->vcon->setting[c->port];

	port_set(c, size_names[a->side], s && s->size[a->side].cols ? "0x0" : "80x24");
}

static void resize_all(struct card *c, const struct action *a)
{
	card_set(c, -1, size_names[a->side], c->vcon->size[a->side].cols ? "0x0" : "132x50");
}

/* The core's thread is at work, and copies the configuration bytes */
static int copy_config(void *data)
{
	struct card *c = data;
	u8 before[sizeof(c->vcon->config)];

	epfv_lock(c->f);
	memcpy(before, c->vcon->config, sizeof(before));
	fake_sleep(USEC);
	if (memcmp(before, c->vcon->config, sizeof(before)))
		fail_msg("configuration bytes change while they are copied");
	epfv_unlock(c->f);
	return 0;
}

static void resize_meanwhile(struct card *c, const struct action *a)
{
	struct task_struct *task;

	if (!c->bound)
		return;
	task = kthread_create(copy_config, c, "copy");
	wake_up_process(task);
	cond_resched();
	resize_all(c, a);
	fake_join(task);
}

static void backend(struct card *c, const struct action *a)
{
	(void)a;
	card_set(c, -1, "backend", c->vcon->direct ? "bridge" : "direct");
}

static void bind(struct card *c, const struct action *a)
{
	(void)a;
	if (c->bound)
		card_unbind(c);
	else
		card_bind(c);
}

/* The folder of the port is removed, or made */
static void folder(struct card *c, const struct action *a)
{
	(void)a;
	if (c->vcon->setting[c->port])
		card_rmdir(c, c->port);
	else
		card_mkdir(c, c->port);
}

/* All else */

static void plug(struct card *c, const struct action *a)
{
	(void)a;
	card_link(c, !c->link);
}

static void restart(struct card *c, const struct action *a)
{
	(void)a;
	card_restart(c);
}

static void pass(struct card *c, const struct action *a)
{
	card_run(c, a->arg * USEC);
}

static void other_port(struct card *c, const struct action *a)
{
	(void)a;
	c->port = !c->port;
}

#define HOST		EPFV_HOST
#define LOCAL		EPFV_ENDPOINT
#define SAY(event, val)	(VIRTIO_CONSOLE_##event << 1 | (val))

const struct action actions[] = {
	{ "round", pass, HOST, 200, false },
	{ "a-look", pass, HOST, 20, true },
	{ "a-while", pass, HOST, 20000, true },
	{ "host-up", up, HOST, true, false },
	{ "host-plain", up, HOST, false, false },
	{ "host-down", down, HOST, true, true },
	{ "host-reset", down, HOST, false, false },
	{ "host-crash", crash, HOST, 0, true },
	{ "host-open", open_or_close, HOST, 0, false },
	{ "host-send", transmit, HOST, 0, false },
	{ "host-stall", stall, HOST, 0, false },
	{ "host-lazy", lazy, HOST, 0, false },
	{ "host-mute", speak, HOST, 0, false },
	{ "host-hasty", hasty, HOST, 0, false },
	{ "ep-up", up, LOCAL, true, false },
	{ "ep-plain", up, LOCAL, false, true },
	{ "ep-down", down, LOCAL, 0, false },
	{ "ep-open", open_or_close, LOCAL, 0, false },
	{ "ep-send", transmit, LOCAL, 0, false },
	{ "ep-stall", stall, LOCAL, 0, false },
	{ "ep-lazy", lazy, LOCAL, 0, false },
	{ "ep-mute", speak, LOCAL, 0, true },
	{ "ep-hasty", hasty, LOCAL, 0, false },
	{ "enable", enable, HOST, 0, false },
	{ "kind", kind, HOST, 0, true },
	{ "become-other", become_other, HOST, 0, false },
	{ "name", rename_port, HOST, 0, false },
	{ "host-size", resize, HOST, 0, true },
	{ "ep-size", resize, LOCAL, 0, true },
	{ "all-size", resize_meanwhile, HOST, 0, false },
	{ "all-ep-size", resize_all, LOCAL, 0, true },
	{ "backend", backend, HOST, 0, false },
	{ "bind", bind, HOST, 0, false },
	{ "folder", folder, HOST, 0, true },
	{ "link", plug, HOST, 0, false },
	{ "restart", restart, HOST, 0, true },
	{ "other-port", other_port, HOST, 0, true },
	{ "host-again", say_again, HOST, 0, false },
	{ "ep-again", say_again, LOCAL, 0, true },
	{ "host-says-open", say, HOST, SAY(PORT_OPEN, 1), false },
	{ "host-says-closed", say, HOST, SAY(PORT_OPEN, 0), true },
	{ "host-says-ready", say, HOST, SAY(PORT_READY, 1), false },
	{ "host-says-not-ready", say, HOST, SAY(PORT_READY, 0), true },
	{ "host-says-no-device", say, HOST, SAY(DEVICE_READY, 0), true },
	{ "ep-says-open", say, LOCAL, SAY(PORT_OPEN, 1), true },
	{ "ep-says-closed", say, LOCAL, SAY(PORT_OPEN, 0), true },
	{ "ep-says-ready", say, LOCAL, SAY(PORT_READY, 1), true },
	{ "ep-says-not-ready", say, LOCAL, SAY(PORT_READY, 0), true },
	{ "host-of-other", say_of_other, HOST, 1, true },
	{ "host-of-none", say_of_other, HOST, 77, true },
	{ "ep-of-none", say_of_other, LOCAL, 77, true },
	{ "host-stops-1", half_up, HOST, 1, true },
	{ "host-stops-4", half_up, HOST, 4, true },
	{ "host-stops-8", half_up, HOST, 8, true },
	{ "host-stops-11", half_up, HOST, 11, true },
	{ "host-stops-14", half_up, HOST, 14, false },
	{ "host-stops-17", half_up, HOST, 17, true },
	{ "host-stops-20", half_up, HOST, 20, true },
	{ "host-stops-30", half_up, HOST, 30, true },
	{ "host-stops-50", half_up, HOST, 50, true },
	{ "host-stops-60", half_up, HOST, 60, true },
};

#define NUM_SLOW	10

const unsigned int num_quick = ARRAY_SIZE(actions) - NUM_SLOW;
const unsigned int num_actions = ARRAY_SIZE(actions);
