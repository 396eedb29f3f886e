// SPDX-License-Identifier: GPL-2.0
/*
 * A terminal of the endpoint, without a virtio device behind it
 *
 * hvc calls with interrupts disabled, and may do so for a moment after a terminal was
 * removed; the core's pairs can be read and written in any context.
 */
#include <linux/cleanup.h>
#include <linux/err.h>
#include <linux/jiffies.h>
#include <linux/limits.h>
#include <linux/list.h>
#include <linux/minmax.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>

#include "hvc_console.h"
#include "pci-ep-compat.h"
#include "vcon.h"

/* What virtio_console has hvc gather before it sends */
#define VCON_OUTBUF_SIZE	PAGE_SIZE

/* Pauses between looks whether a terminal that was removed is still open */
#define VCON_LEFT_MIN		msecs_to_jiffies(10)
#define VCON_LEFT_MAX		((unsigned long)HZ)

/**
 * struct vcon_terminal - a terminal
 * @f: function
 * @pair: which one of it
 * @vtermno: hvc's number for it
 * @hvc: what hvc knows of it
 * @size: of the terminal; hvc forgets it with each user
 * @left: after its removal, in the list of those that are still open
 */
struct vcon_terminal {
	struct epfv_function *f;
	unsigned int pair;
	u32 vtermno;
	struct hvc_struct *hvc;
	struct winsize size;
	struct list_head left;
};

/* By hvc's number */
static DEFINE_XARRAY_ALLOC(vcon_terminals);

static ssize_t vcon_get_chars(u32 vtermno, u8 *buf, size_t count)
{
	struct vcon_terminal *t;
	ssize_t ret = -EPIPE;

	rcu_read_lock();
	t = xa_load(&vcon_terminals, vtermno);
	if (t)
		ret = epfv_pair_read(t->f, t->pair, buf, count);
	rcu_read_unlock();
	return ret;
}

static ssize_t vcon_put_chars(u32 vtermno, const u8 *buf, size_t count)
{
	struct vcon_terminal *t;
	ssize_t ret = -EPIPE;

	rcu_read_lock();
	t = xa_load(&vcon_terminals, vtermno);
	if (t)
		ret = epfv_pair_write(t->f, t->pair, buf, count);
	rcu_read_unlock();
	return ret;
}

static void resize(struct hvc_struct *hp, struct winsize size)
{
	unsigned long flags;

	spin_lock_irqsave(&hp->lock, flags);
	__hvc_resize(hp, size);
	spin_unlock_irqrestore(&hp->lock, flags);
}

/* A user has opened it: there are no interrupts, but we tell when there is something */
static int vcon_notifier_add(struct hvc_struct *hp, int irq)
{
	struct vcon_terminal *t;

	hp->irq_requested = 1;
	rcu_read_lock();
	t = xa_load(&vcon_terminals, hp->vtermno);
	if (t)
		resize(hp, t->size);
	rcu_read_unlock();
	return 0;
}

static void vcon_notifier_del(struct hvc_struct *hp, int irq)
{
	hp->irq_requested = 0;
}

static const struct hv_ops vcon_hv_ops = {
	.get_chars = vcon_get_chars,
	.put_chars = vcon_put_chars,
	.notifier_add = vcon_notifier_add,
	.notifier_del = vcon_notifier_del,
	.notifier_hangup = vcon_notifier_del,
};

struct vcon_terminal *vcon_terminal_add(struct epfv_function *f, unsigned int pair)
{
	struct vcon_terminal *t;
	int err;

	t = kzalloc_obj(*t);
	if (!t)
		return ERR_PTR(-ENOMEM);
	t->f = f;
	t->pair = pair;
	err = xa_alloc(&vcon_terminals, &t->vtermno, t, XA_LIMIT(0, INT_MAX), GFP_KERNEL);
	if (err)
		goto err_free;
	t->hvc = hvc_alloc(t->vtermno, 0, &vcon_hv_ops, VCON_OUTBUF_SIZE);
	if (IS_ERR(t->hvc)) {
		err = PTR_ERR(t->hvc);
		goto err_erase;
	}
	/* hvc takes any number, but has files for these only */
	if (t->hvc->index >= HVC_ALLOC_TTY_ADAPTERS) {
		err = -ENOSPC;
		goto err_remove;
	}
	__module_get(THIS_MODULE);
	vcon_terminal_count(1);
	return t;

err_remove:
	hvc_remove(t->hvc);
err_erase:
	xa_erase(&vcon_terminals, t->vtermno);
err_free:
	kfree(t);
	return ERR_PTR(err);
}

/*
 * hvc does not hold the module of its operations.  Who has a terminal open when it is removed
 * is hung up, but the tty is there until all of them have closed it, and until then others who
 * open it come to us.  So each terminal holds this module and its number until its last user
 * has closed it.  Nobody tells of that, so we look now and then.
 */
static LIST_HEAD(vcon_left);
static unsigned long vcon_left_wait;
static DEFINE_MUTEX(vcon_left_lock);

static void vcon_terminals_look(struct work_struct *work);
static DECLARE_DELAYED_WORK(vcon_look, vcon_terminals_look);

static void vcon_terminals_reap(void)
{
	struct vcon_terminal *t, *next;

	list_for_each_entry_safe(t, next, &vcon_left, left) {
		if (kref_read(&t->hvc->port.kref) > 1)
			continue;
		list_del(&t->left);
		/* Also waits for khvcd, which may be looking at it */
		tty_port_put(&t->hvc->port);
		xa_erase(&vcon_terminals, t->vtermno);
		kfree(t);
		module_put(THIS_MODULE);
	}
	if (!list_empty(&vcon_left))
		schedule_delayed_work(&vcon_look, vcon_left_wait);
}

static void vcon_terminals_look(struct work_struct *work)
{
	guard(mutex)(&vcon_left_lock);
	vcon_left_wait = min(2 * vcon_left_wait, VCON_LEFT_MAX);
	vcon_terminals_reap();
}

void vcon_terminals_exit(void)
{
	cancel_delayed_work_sync(&vcon_look);
}

void vcon_terminal_remove(struct vcon_terminal *t)
{
	struct hvc_struct *hvc = t->hvc;
	unsigned long flags;

	/* Nothing is found there any more, and the number stays in use */
	xa_store(&vcon_terminals, t->vtermno, NULL, GFP_KERNEL);
	/* Whoever has found it there is done with it */
	synchronize_rcu();
	tty_port_get(&hvc->port);
	hvc_remove(hvc);
	vcon_terminal_count(-1);
	/* Where nobody has it open hvc leaves that to run when there is no terminal any more */
	cancel_work_sync(&hvc->tty_resize);
	/* If another terminal has the same file later, a tty that is made for it finds that one */
	spin_lock_irqsave(&hvc->lock, flags);
	hvc->index = INT_MIN;
	spin_unlock_irqrestore(&hvc->lock, flags);

	guard(mutex)(&vcon_left_lock);
	list_add(&t->left, &vcon_left);
	vcon_left_wait = VCON_LEFT_MIN;
	vcon_terminals_reap();
}

unsigned int vcon_terminal_number(const struct vcon_terminal *t)
{
	return t->hvc->index;
}

void vcon_terminal_resize(struct vcon_terminal *t, struct vcon_size size)
{
	const struct winsize ws = { .ws_col = size.cols, .ws_row = size.rows };

	t->size = ws;
	resize(t->hvc, ws);
}

void vcon_terminal_changed(struct vcon_terminal *t)
{
	if (epfv_pair_readable(t->f, t->pair) && hvc_poll(t->hvc))
		hvc_kick();
}
