/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the kernel's hvc offers to the drivers of its terminals
 *
 * The kernel has this in drivers/tty/hvc/hvc_console.h, which its header packages leave
 * out. Both kernels that we build for agree with what is here; "make check" compares it.
 */
#ifndef HVC_CONSOLE_H
#define HVC_CONSOLE_H

#include <linux/list.h>
#include <linux/spinlock.h>
#include <linux/tty.h>
#include <linux/types.h>
#include <linux/workqueue.h>

/* There are files for so many terminals: /dev/hvc0 and so on, of all drivers together */
#define HVC_ALLOC_TTY_ADAPTERS	8

struct hvc_struct {
	struct tty_port port;
	spinlock_t lock; /* all but the list */
	int index;
	int do_wakeup;
	int outbuf_size;
	int n_outbuf;
	u32 vtermno;
	const struct hv_ops *ops;
	int irq_requested;
	int data;
	struct winsize ws;
	struct work_struct tty_resize;
	struct list_head next;
	unsigned long flags;
	u8 outbuf[] __aligned(sizeof(long));
};

struct hv_ops {
	ssize_t (*get_chars)(u32 vtermno, u8 *buf, size_t count);
	ssize_t (*put_chars)(u32 vtermno, const u8 *buf, size_t count);
	int (*flush)(u32 vtermno, bool wait);
	int (*notifier_add)(struct hvc_struct *hp, int irq);
	void (*notifier_del)(struct hvc_struct *hp, int irq);
	void (*notifier_hangup)(struct hvc_struct *hp, int irq);
	int (*tiocmget)(struct hvc_struct *hp);
	int (*tiocmset)(struct hvc_struct *hp, unsigned int set, unsigned int clear);
	void (*dtr_rts)(struct hvc_struct *hp, bool active);
};

struct hvc_struct *hvc_alloc(u32 vtermno, int data, const struct hv_ops *ops,
			     int outbuf_size);
void hvc_remove(struct hvc_struct *hp);
int hvc_poll(struct hvc_struct *hp);
void hvc_kick(void);
void __hvc_resize(struct hvc_struct *hp, struct winsize ws);

#endif /* HVC_CONSOLE_H */
