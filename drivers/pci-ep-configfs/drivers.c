// SPDX-License-Identifier: GPL-2.0
/*
 * functions/: a directory for each endpoint function driver
 *
 * The endpoint core does not tell of its drivers, but they come and go with
 * modules.  A module cannot go while there are functions of it, so what remains
 * to be removed then are empty directories.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/device.h>
#include <linux/module.h>
#include <linux/notifier.h>
#include <linux/slab.h>

#include "ep-cfs.h"
#include "pci-ep-compat.h"

struct ep_cfs_driver {
	struct config_group	group;
	struct list_head	node;
	struct module		*owner;
};

struct config_group ep_cfs_functions;

/* Protected by ep_cfs_tree_lock */
static LIST_HEAD(ep_cfs_driver_list);

static const struct bus_type *ep_cfs_epf_bus;

static inline struct ep_cfs_driver *to_driver(struct config_item *item)
{
	return container_of(to_config_group(item), struct ep_cfs_driver, group);
}

static struct config_group *ep_cfs_driver_make_group(struct config_group *group,
						     const char *name)
{
	struct ep_cfs_driver *driver = to_driver(&group->cg_item);

	return ep_cfs_function_make(group->cg_item.ci_name, driver->owner,
				    name);
}

static void ep_cfs_driver_release(struct config_item *item)
{
	kfree(to_driver(item));
}

static CONFIGFS_OPS_CONST struct configfs_item_operations
ep_cfs_driver_item_ops = {
	.release	= ep_cfs_driver_release,
};

static CONFIGFS_OPS_CONST struct configfs_group_operations
ep_cfs_driver_group_ops = {
	.make_group	= ep_cfs_driver_make_group,
};

static const struct config_item_type ep_cfs_driver_type = {
	.ct_item_ops	= &ep_cfs_driver_item_ops,
	.ct_group_ops	= &ep_cfs_driver_group_ops,
	.ct_owner	= THIS_MODULE,
};

static void ep_cfs_driver_add(const char *name, struct module *owner)
{
	struct ep_cfs_driver *driver;
	int ret;

	list_for_each_entry(driver, &ep_cfs_driver_list, node)
		if (!strcmp(driver->group.cg_item.ci_name, name))
			return;

	driver = kzalloc_obj(*driver);
	if (!driver)
		return;

	driver->owner = owner;
	config_group_init_type_name(&driver->group, name, &ep_cfs_driver_type);
	ret = configfs_register_group(&ep_cfs_functions, &driver->group);
	if (ret) {
		pr_err("cannot make functions/%s: %d\n", name, ret);
		config_group_put(&driver->group);
		return;
	}
	list_add(&driver->node, &ep_cfs_driver_list);
}

static void ep_cfs_driver_remove(struct ep_cfs_driver *driver)
{
	list_del(&driver->node);
	configfs_unregister_group(&driver->group);
	config_group_put(&driver->group);
}

static int ep_cfs_driver_found(struct device_driver *drv, void *data)
{
	const struct pci_epf_device_id *id = to_pci_epf_driver(drv)->id_table;

	/* As pci_epf_device_match() in pci-epf-core.c does */
	if (!id)
		ep_cfs_driver_add(drv->name, drv->owner);
	for (; id && id->name[0]; id++)
		ep_cfs_driver_add(id->name, drv->owner);
	return 0;
}

static void ep_cfs_drivers_scan(void)
{
	mutex_lock(&ep_cfs_tree_lock);
	bus_for_each_drv(ep_cfs_epf_bus, NULL, NULL, ep_cfs_driver_found);
	mutex_unlock(&ep_cfs_tree_lock);
}

/* @owner NULL: all */
static void ep_cfs_drivers_remove(const struct module *owner)
{
	struct ep_cfs_driver *driver, *next;

	mutex_lock(&ep_cfs_tree_lock);
	list_for_each_entry_safe(driver, next, &ep_cfs_driver_list, node)
		if (!owner || driver->owner == owner)
			ep_cfs_driver_remove(driver);
	mutex_unlock(&ep_cfs_tree_lock);
}

/* A module is live after its init function, and going after its exit function */
static int ep_cfs_module_event(struct notifier_block *nb, unsigned long event,
			       void *data)
{
	if (event == MODULE_STATE_LIVE)
		ep_cfs_drivers_scan();
	else if (event == MODULE_STATE_GOING)
		ep_cfs_drivers_remove(data);
	return NOTIFY_DONE;
}

static struct notifier_block ep_cfs_module_notifier = {
	.notifier_call	= ep_cfs_module_event,
};

/* The core would call into a driver that has left its function through sysfs */
static int ep_cfs_epf_event(struct notifier_block *nb, unsigned long event,
			    void *data)
{
	if (event == BUS_NOTIFY_UNBIND_DRIVER) {
		mutex_lock(&ep_cfs_link_lock);
		ep_cfs_unbind_function(to_pci_epf(data));
		mutex_unlock(&ep_cfs_link_lock);
	}
	return NOTIFY_DONE;
}

static struct notifier_block ep_cfs_epf_notifier = {
	.notifier_call	= ep_cfs_epf_event,
};

/* The bus is private to pci-epf-core.c, its devices are not */
static int ep_cfs_find_bus(const struct bus_type **bus)
{
	struct pci_epf *epf = pci_epf_create(KBUILD_MODNAME);

	if (IS_ERR(epf))
		return PTR_ERR(epf);
	*bus = epf->dev.bus;
	pci_epf_destroy(epf);
	return 0;
}

int ep_cfs_drivers_init(void)
{
	int ret;

	ret = ep_cfs_find_bus(&ep_cfs_epf_bus);
	if (ret) {
		pr_err("cannot find the endpoint functions: %d\n", ret);
		return ret;
	}

	ret = bus_register_notifier(ep_cfs_epf_bus, &ep_cfs_epf_notifier);
	if (ret)
		return ret;

	ret = register_module_notifier(&ep_cfs_module_notifier);
	if (ret) {
		bus_unregister_notifier(ep_cfs_epf_bus, &ep_cfs_epf_notifier);
		return ret;
	}

	ep_cfs_drivers_scan();
	return 0;
}

void ep_cfs_drivers_exit(void)
{
	unregister_module_notifier(&ep_cfs_module_notifier);
	bus_unregister_notifier(ep_cfs_epf_bus, &ep_cfs_epf_notifier);
	ep_cfs_drivers_remove(NULL);
}
