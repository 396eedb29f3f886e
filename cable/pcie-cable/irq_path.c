// SPDX-License-Identifier: GPL-2.0
#include <stddef.h>
#include <string.h>

#include "cable.h"
#include "irq_path.h"

#define NS_PER_MS	1000000ll

static void fire(struct irq_path *path, unsigned int fn, unsigned int type, unsigned int vector)
{
	vfu_irq_fire(&path->cable->host[fn].conn->irqs, type, vector);
}

static void first_arrives(struct irq_path *path)
{
	const unsigned int at = path->first;

	path->first = (path->first + 1) % IRQ_PATH_LATE;
	path->num--;
	fire(path, path->late[at].fn, path->late[at].type, path->late[at].vector);
}

static void wait_for_first(struct irq_path *path)
{
	const int64_t left = path->late[path->first].due_ns - loop_now_ns();

	loop_timer_arm(path->cable->loop, &path->timer,
		       left > 0 ? (left + NS_PER_MS - 1) / NS_PER_MS : 0);
}

static void due(struct loop_timer *timer)
{
	struct irq_path *path = (struct irq_path *)((char *)timer -
						    offsetof(struct irq_path, timer));

	while (path->num && path->late[path->first].due_ns <= loop_now_ns())
		first_arrives(path);
	if (path->num)
		wait_for_first(path);
}

void irq_path_init(struct irq_path *path, struct cable *cable)
{
	*path = (struct irq_path){ .cable = cable, .timer.fire = due };
}

static void send_late(struct irq_path *path, unsigned int fn, unsigned int type,
		      unsigned int vector)
{
	int64_t due_ns = loop_now_ns() + path->delay_ms * NS_PER_MS, last;
	unsigned int at;

	if (path->num == IRQ_PATH_LATE)
		first_arrives(path);
	at = (path->first + path->num) % IRQ_PATH_LATE;
	if (path->num) {
		last = path->late[(at + IRQ_PATH_LATE - 1) % IRQ_PATH_LATE].due_ns;
		if (due_ns < last)
			due_ns = last;
	}
	path->late[at].fn = fn;
	path->late[at].type = type;
	path->late[at].vector = vector;
	path->late[at].due_ns = due_ns;
	if (!path->num++)
		wait_for_first(path);
}

bool irq_path_send(struct host_fn *host, unsigned int type, unsigned int vector)
{
	struct irq_path *path = &host->cable->irq_path;

	if (!host->conn || !vfu_irq_is_set_up(&host->conn->irqs, type, vector))
		return false;
	if (path->hold_next) {
		path->hold_next--;
		path->held[host->number][type][vector] = true;
	} else if (path->delay_ms || path->num) {
		send_late(path, host->number, type, vector);
	} else {
		fire(path, host->number, type, vector);
	}
	return true;
}

void irq_path_lose(struct irq_path *path)
{
	loop_timer_cancel(path->cable->loop, &path->timer);
	path->first = 0;
	path->num = 0;
	memset(path->held, 0, sizeof(path->held));
}

void irq_path_lose_function(struct irq_path *path, unsigned int fn)
{
	unsigned int i, at, to, kept = 0;

	for (i = 0; i < path->num; i++) {
		at = (path->first + i) % IRQ_PATH_LATE;
		to = (path->first + kept) % IRQ_PATH_LATE;
		if (path->late[at].fn == fn)
			continue;
		path->late[to] = path->late[at];
		kept++;
	}
	path->num = kept;
	memset(path->held[fn], 0, sizeof(path->held[fn]));
}

unsigned int irq_path_held(const struct irq_path *path)
{
	const bool *held = &path->held[0][0][0];
	unsigned int n = 0;
	size_t i;

	for (i = 0; i < sizeof(path->held) / sizeof(*held); i++)
		n += held[i];
	return n;
}

unsigned int irq_path_flush(struct irq_path *path)
{
	unsigned int fn, type, i, n = 0;

	for (fn = 0; fn < PCIE_CABLE_MAX_FUNCTIONS; fn++) {
		for (type = 0; type < IRQ_PATH_TYPES; type++) {
			for (i = 0; i < VFU_IRQ_MAX_MSIX; i++) {
				if (!path->held[fn][type][i])
					continue;
				path->held[fn][type][i] = false;
				fire(path, fn, type, i);
				n++;
			}
		}
	}
	return n;
}
