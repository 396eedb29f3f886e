// SPDX-License-Identifier: GPL-2.0
/*
 * Which consoles have a terminal on the endpoint
 *
 * The kernel's hvc takes any number of terminals, and has files for a few of them, for all its
 * users together.  What a function makes of its ports itself, it knows.  virtio_console does
 * not tell what it has made, so its consoles are counted: if ours are too many, those that
 * came last have none.
 */
#include <linux/atomic.h>
#include <linux/bits.h>
#include <linux/dev_printk.h>
#include <linux/errno.h>
#include <linux/sysfs.h>

#include "hvc_console.h"
#include "vcon.h"

static atomic_t vcon_terminals;

void vcon_terminal_count(int change)
{
	atomic_add(change, &vcon_terminals);
}

void vcon_say_no_terminal(const struct vcon *vcon, unsigned int id)
{
	dev_warn(vcon->dev,
		 "port %u has no terminal on the endpoint: there are %u for all consoles, /dev/hvc0 to /dev/hvc%u\n",
		 id, HVC_ALLOC_TTY_ADAPTERS, HVC_ALLOC_TTY_ADAPTERS - 1);
}

/* A console that is the endpoint's driver's has come, or is gone; the mutex is held */
void vcon_driver_terminal(struct vcon *vcon, unsigned int id, bool there)
{
	if (there && atomic_inc_return(&vcon_terminals) <= HVC_ALLOC_TTY_ADAPTERS) {
		vcon->counted |= BIT(id);
		return;
	}
	if (there)
		vcon_say_no_terminal(vcon, id);
	if (there || vcon->counted & BIT(id))
		vcon_terminal_count(-1);
	vcon->counted &= ~BIT(id);
}

ssize_t vcon_terminal_show(struct vcon *vcon, unsigned int id, char *page)
{
	int number = -ENODEV;
	bool counted;

	mutex_lock(&vcon->mutex);
	if (vcon->bound && vcon->type.direct)
		number = vcon_direct_terminal(vcon, id);
	counted = vcon->counted & BIT(id);
	mutex_unlock(&vcon->mutex);
	if (number >= 0)
		return sysfs_emit(page, "hvc%d\n", number);
	return sysfs_emit(page, "%s\n", counted ? "virtio_console" : "none");
}
