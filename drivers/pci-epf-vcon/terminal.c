// SPDX-License-Identifier: GPL-2.0
/*
 * A terminal of the endpoint, without a virtio device behind it
 *
 * hvc calls with interrupts disabled, and may do so for a moment after a terminal was
 * removed; the core's pairs can be read and written in any context.
 */
#include <linux/err.h>
#include <linux/limits.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/xarray.h>

#include "direct.h"
#include "hvc_console.h"
#include "pci-ep-compat.h"
#include "pci-epf-virtio.h"

/* What virtio_console has hvc gather before it sends */
#define VCON_OUTBUF_SIZE	PAGE_SIZE

/**
 * struct vcon_terminal - a terminal
 * @f: function
 * @pair: which one of it
 * @vtermno: hvc's number for it
 * @hvc: what hvc knows of it
 * @size: of the terminal; hvc forgets it with each user
 */
struct vcon_terminal {
	struct vepf_function *f;
	unsigned int pair;
	u32 vtermno;
	struct hvc_struct *hvc;
	struct winsize size;
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
		ret = vepf_pair_read(t->f, t->pair, buf, count);
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
		ret = vepf_pair_write(t->f, t->pair, buf, count);
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

struct vcon_terminal *vcon_terminal_add(struct vepf_function *f, unsigned int pair)
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
	return t;

err_erase:
	xa_erase(&vcon_terminals, t->vtermno);
err_free:
	kfree(t);
	return ERR_PTR(err);
}

void vcon_terminal_remove(struct vcon_terminal *t)
{
	xa_erase(&vcon_terminals, t->vtermno);
	/* Whoever has found it there is done with it */
	synchronize_rcu();
	hvc_remove(t->hvc);
	kfree(t);
}

void vcon_terminal_resize(struct vcon_terminal *t, struct vcon_size size)
{
	const struct winsize ws = { .ws_col = size.cols, .ws_row = size.rows };

	t->size = ws;
	resize(t->hvc, ws);
}

void vcon_terminal_changed(struct vcon_terminal *t)
{
	if (vepf_pair_readable(t->f, t->pair) && hvc_poll(t->hvc))
		hvc_kick();
}
