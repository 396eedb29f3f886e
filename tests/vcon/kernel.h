/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the console's driver uses of the kernel, in user space: one thread
 *
 * What needs no thread is tests/core/include; each other header of the kernel that the driver
 * includes is this one, see the Makefile.
 */
#ifndef VCON_TEST_KERNEL_H
#define VCON_TEST_KERNEL_H

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

#include <asm/byteorder.h>
#include <linux/bits.h>
#include <linux/compiler.h>
#include <linux/err.h>
#include <linux/limits.h>
#include <linux/types.h>
#include <linux/virtio_ids.h>
#include <linux/workqueue.h>

#define U16_MAX				0xffff
#define PCI_CLASS_COMMUNICATION_OTHER	0x0780
#define GFP_KERNEL			0

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))
#define container_of(ptr, type, member) \
	((type *)((char *)(ptr) - offsetof(type, member)))

/* Modules */
struct module;
#define __init
#define __exit
#define THIS_MODULE	NULL
#define MODULE_DESCRIPTION(text)
#define MODULE_LICENSE(text)
#define module_init(fn)	int (*fake_module_init)(void) = fn
#define module_exit(fn)	void (*fake_module_exit)(void) = fn

extern int (*fake_module_init)(void);
extern void (*fake_module_exit)(void);

/* Memory; what is managed goes with the device, which is never freed here */
#define kzalloc(size, flags)			calloc(1, size)
#define devm_kzalloc(dev, size, flags)		calloc(1, size)
#define kfree(ptr)				free(ptr)

/* Messages: the last one, and how many there were of errors, and of warnings */
struct device {
	const char *name;
};

extern unsigned int fake_messages;
extern unsigned int fake_warnings;
extern char fake_message[256];

void dev_err(const struct device *dev, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
void dev_warn(const struct device *dev, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* Locks know whether they are held */
struct mutex {
	bool held;
};

typedef struct mutex spinlock_t;

void mutex_lock(struct mutex *lock);
void mutex_unlock(struct mutex *lock);

#define mutex_init(lock)			((lock)->held = false)
#define spin_lock_init(lock)			((lock)->held = false)
#define spin_lock_irqsave(lock, flags)		((flags) = 0, mutex_lock(lock))
#define spin_unlock_irqrestore(lock, flags)	((void)(flags), mutex_unlock(lock))

/* Work is done when the test says so */
static inline void fake_work(struct work_struct *work)
{
	while (work->pending) {
		work->pending = false;
		work->fn(work);
	}
}

/* PCI endpoint functions */
struct pci_epf_device_id {
	const char *name;
};

struct pci_epf_driver {
	struct {
		const char *name;
	} driver;
	const struct pci_epf_device_id *id_table;
};

#endif /* VCON_TEST_KERNEL_H */
