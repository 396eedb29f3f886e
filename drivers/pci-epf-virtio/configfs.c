// SPDX-License-Identifier: GPL-2.0
/*
 * The function's own group in the pci_ep configfs tree
 */
#include <linux/dev_printk.h>
#include <linux/kstrtox.h>
#include <linux/log2.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/sysfs.h>

#include "function.h"
#include "pci-ep-compat.h"

static struct epfv_function *to_function(struct config_item *item)
{
	return container_of(to_config_group(item), struct epfv_function, group);
}

static ssize_t epfv_queue_size_show(struct config_item *item, char *page)
{
	return sysfs_emit(page, "%u\n", to_function(item)->queue_size);
}

static ssize_t epfv_queue_size_store(struct config_item *item, const char *page, size_t len)
{
	struct epfv_function *f = to_function(item);
	struct device *dev = &f->epf->dev;
	unsigned int size;
	ssize_t ret = len;

	if (kstrtouint(page, 0, &size) || !is_power_of_2(size) ||
	    size < EPFV_QUEUE_SIZE_MIN || size > EPFV_QUEUE_SIZE_MAX) {
		dev_err(dev, "queue_size must be a power of two from %u to %u\n",
			EPFV_QUEUE_SIZE_MIN, EPFV_QUEUE_SIZE_MAX);
		return -EINVAL;
	}

	mutex_lock(&f->epf->lock);
	if (f->bound) {
		dev_err(dev, "queue_size cannot change while bound to a controller\n");
		ret = -EBUSY;
	} else {
		f->queue_size = size;
	}
	mutex_unlock(&f->epf->lock);
	return ret;
}

static ssize_t epfv_state_show(struct config_item *item, char *page)
{
	struct epfv_function *f = to_function(item);
	ssize_t len;

	mutex_lock(&f->epf->lock);
	len = sysfs_emit(page, "%s\n", f->bound ? epfv_poller_state(&f->poller) : "unbound");
	mutex_unlock(&f->epf->lock);
	return len;
}

CONFIGFS_ATTR(epfv_, queue_size);
CONFIGFS_ATTR_RO(epfv_, state);

static struct configfs_attribute * const epfv_attrs[] = {
	&epfv_attr_queue_size,
	&epfv_attr_state,
};

void *epfv_item_priv(struct config_item *item)
{
	return to_function(item)->priv;
}
EXPORT_SYMBOL_GPL(epfv_item_priv);

/**
 * epfv_configfs_group() - the function's own group
 * @f: function
 *
 * Return: the group, which lives as long as @f, or NULL if there is not enough memory.
 */
struct config_group *epfv_configfs_group(struct epfv_function *f)
{
	const struct epfv_type_ops *ops = f->ops;
	unsigned int i, n = 0;

	while (ops && ops->attrs && ops->attrs[n])
		n++;
	f->attrs = devm_kcalloc(&f->epf->dev, ARRAY_SIZE(epfv_attrs) + n + 1, sizeof(*f->attrs),
				GFP_KERNEL);
	if (!f->attrs)
		return NULL;
	memcpy(f->attrs, epfv_attrs, sizeof(epfv_attrs));
	for (i = 0; i < n; i++)
		f->attrs[ARRAY_SIZE(epfv_attrs) + i] = ops->attrs[i];
	f->group_type.ct_attrs = f->attrs;
	f->group_type.ct_owner = THIS_MODULE;
	config_group_init_type_name(&f->group, dev_name(&f->epf->dev), &f->group_type);
	if (ops && ops->groups)
		ops->groups(f->priv, &f->group);
	return &f->group;
}
