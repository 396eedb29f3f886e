/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the console's driver uses of the kernel, in user space: one thread
 *
 * Each header of the kernel that the driver includes is this one, see the Makefile.
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
#include <linux/limits.h>
#include <linux/types.h>
#include <linux/virtio_ids.h>

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

/* Errors */
static inline void *ERR_PTR(long error)
{
	return (void *)error;
}

static inline long PTR_ERR(const void *ptr)
{
	return (long)ptr;
}

static inline bool IS_ERR(const void *ptr)
{
	return (unsigned long)ptr >= (unsigned long)-4095;
}

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

typedef struct {
	int n;
} atomic_t;

static inline void atomic_add(int n, atomic_t *v)
{
	v->n += n;
}

static inline int atomic_inc_return(atomic_t *v)
{
	return ++v->n;
}

/* Work is done when the test says so */
struct work_struct {
	void (*fn)(struct work_struct *work);
	bool enabled;
	bool pending;
};

#define INIT_WORK(work, func) \
	(*(work) = (struct work_struct){ .fn = (func), .enabled = true })

static inline void disable_work(struct work_struct *work)
{
	work->enabled = false;
	work->pending = false;
}

#define disable_work_sync(work)	disable_work(work)

static inline void enable_work(struct work_struct *work)
{
	work->enabled = true;
}

static inline void schedule_work(struct work_struct *work)
{
	work->pending |= work->enabled;
}

static inline void fake_work(struct work_struct *work)
{
	while (work->pending) {
		work->pending = false;
		work->fn(work);
	}
}

/* configfs: items without a file system */
struct config_item_type;

struct config_item {
	const char *name;
	const struct config_item_type *ci_type;
};

struct config_group {
	struct config_item cg_item;
};

struct configfs_attribute {
	const char *name;
	ssize_t (*show)(struct config_item *item, char *page);
	ssize_t (*store)(struct config_item *item, const char *page, size_t len);
};

struct configfs_item_operations {
	void (*release)(struct config_item *item);
};

struct configfs_group_operations {
	struct config_item *(*make_item)(struct config_group *group, const char *name);
	void (*drop_item)(struct config_group *group, struct config_item *item);
};

struct config_item_type {
	void *ct_owner;
	struct configfs_item_operations *ct_item_ops;
	struct configfs_group_operations *ct_group_ops;
	struct configfs_attribute **ct_attrs;
};

#define CONFIGFS_ATTR_RO(prefix, _name)					\
static struct configfs_attribute prefix##attr_##_name = {		\
	.name = #_name,							\
	.show = prefix##_name##_show,					\
}

#define CONFIGFS_ATTR(prefix, _name)					\
static struct configfs_attribute prefix##attr_##_name = {		\
	.name = #_name,							\
	.show = prefix##_name##_show,					\
	.store = prefix##_name##_store,					\
}

static inline void config_item_init_type_name(struct config_item *item, const char *name,
					      const struct config_item_type *type)
{
	item->name = name;
	item->ci_type = type;
}

static inline void config_group_init_type_name(struct config_group *group, const char *name,
					       const struct config_item_type *type)
{
	config_item_init_type_name(&group->cg_item, name, type);
}

static inline void config_item_put(struct config_item *item)
{
	item->ci_type->ct_item_ops->release(item);
}

static inline void configfs_add_default_group(struct config_group *group,
					      struct config_group *parent)
{
	(void)group;
	(void)parent;
}

/* Text */
#define sysfs_emit(page, fmt, ...)	sprintf(page, fmt, ##__VA_ARGS__)

int kstrtouint(const char *s, unsigned int base, unsigned int *val);
int kstrtobool(const char *s, bool *val);
int fake_match_string(const char * const *strings, size_t n, const char *s);
#define sysfs_match_string(strings, s)	fake_match_string(strings, ARRAY_SIZE(strings), s)
#define strscpy(to, from, ...)		snprintf(to, sizeof(to), "%s", from)

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
