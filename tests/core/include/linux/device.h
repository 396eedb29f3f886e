/* SPDX-License-Identifier: GPL-2.0 */
#ifndef CORE_SHIM_LINUX_DEVICE_H
#define CORE_SHIM_LINUX_DEVICE_H

#include <linux/err.h>
#include <linux/slab.h>
#include <linux/types.h>

struct device {
	const char *name;
	struct device *parent;
	void (*release)(struct device *dev);
	unsigned int refs;
	void *data;
};

static inline const char *dev_name(const struct device *dev)
{
	return dev->name;
}

static inline struct device *get_device(struct device *dev)
{
	dev->refs++;
	return dev;
}

static inline void put_device(struct device *dev)
{
	if (!--dev->refs)
		dev->release(dev);
}

#include <linux/dev_printk.h>

/* Live as long as the device of the one function there is: see fake-epf.c */
void *devm_kzalloc(struct device *dev, size_t size, int flags);
int devm_add_action_or_reset(struct device *dev, void (*action)(void *data), void *data);

#endif /* CORE_SHIM_LINUX_DEVICE_H */
