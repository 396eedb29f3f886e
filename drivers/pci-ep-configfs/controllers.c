// SPDX-License-Identifier: GPL-2.0
/*
 * controllers/: a directory for each endpoint controller
 *
 * The endpoint core calls out to its own tree only when built with it, but a
 * class interface hears of every controller that comes or goes.  configfs cannot
 * remove a directory that has symbolic links in it, or is the target of one, so
 * where the user has left some, the directory outlives the controller until the
 * last is removed.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/device.h>
#include <linux/kstrtox.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/sysfs.h>
#include <linux/workqueue.h>

#include "ep-cfs.h"
#include "pci-ep-compat.h"

struct config_group ep_cfs_controllers;

/* Protected by ep_cfs_tree_lock */
static LIST_HEAD(ep_cfs_controller_list);

static inline struct ep_cfs_controller *
to_controller(struct config_item *item)
{
	return container_of(to_config_group(item), struct ep_cfs_controller,
			    group);
}

static ssize_t ep_cfs_controller_start_show(struct config_item *item,
					    char *page)
{
	return sysfs_emit(page, "%d\n", to_controller(item)->started);
}

static int ep_cfs_start(struct ep_cfs_controller *ctrl)
{
	/* Only who is there can stop it again */
	if (!try_module_get(THIS_MODULE))
		return -ENODEV;

	if (pci_epc_start(ctrl->epc)) {
		dev_err(&ctrl->epc->dev, "failed to start the link\n");
		module_put(THIS_MODULE);
		return -EINVAL;
	}
	ctrl->started = true;
	return 0;
}

static void ep_cfs_stop(struct ep_cfs_controller *ctrl)
{
	pci_epc_stop(ctrl->epc);
	ctrl->started = false;
	module_put(THIS_MODULE);
}

static ssize_t ep_cfs_controller_start_store(struct config_item *item,
					     const char *page, size_t len)
{
	struct ep_cfs_controller *ctrl = to_controller(item);
	bool start;
	int ret = 0;

	if (kstrtobool(page, &start) < 0) {
		pr_err("%s/start: 0 or 1 is allowed\n", item->ci_name);
		return -EINVAL;
	}

	mutex_lock(&ep_cfs_link_lock);
	if (!ctrl->epc)
		ret = -ENODEV;
	else if (start == ctrl->started)
		ret = -EALREADY;
	else if (start)
		ret = ep_cfs_start(ctrl);
	else
		ep_cfs_stop(ctrl);
	mutex_unlock(&ep_cfs_link_lock);
	return ret ?: len;
}

CONFIGFS_ATTR(ep_cfs_controller_, start);

static struct configfs_attribute *ep_cfs_controller_attrs[] = {
	&ep_cfs_controller_attr_start,
	NULL,
};

static int ep_cfs_controller_link(struct config_item *item,
				  struct config_item *target)
{
	struct ep_cfs_function *fn = ep_cfs_to_function(target);

	if (!fn) {
		pr_err("controllers/%s: only a function, functions/<driver>/<name>, can be linked here\n",
		       item->ci_name);
		return -EINVAL;
	}
	return ep_cfs_link(fn, to_controller(item), PRIMARY_INTERFACE);
}

static void ep_cfs_controller_unlink(struct config_item *item,
				     struct config_item *target)
{
	ep_cfs_unlink(ep_cfs_to_function(target), to_controller(item),
		      PRIMARY_INTERFACE);
}

static void ep_cfs_controller_release(struct config_item *item)
{
	kfree(to_controller(item));
}

static CONFIGFS_OPS_CONST struct configfs_item_operations
ep_cfs_controller_ops = {
	.allow_link	= ep_cfs_controller_link,
	.drop_link	= ep_cfs_controller_unlink,
	.release	= ep_cfs_controller_release,
};

static const struct config_item_type ep_cfs_controller_type = {
	.ct_item_ops	= &ep_cfs_controller_ops,
	.ct_attrs	= ep_cfs_controller_attrs,
	.ct_owner	= THIS_MODULE,
};

/* The controller of a directory, NULL if the item is anything else */
struct ep_cfs_controller *ep_cfs_to_controller(struct config_item *item)
{
	if (item->ci_type != &ep_cfs_controller_type)
		return NULL;
	return to_controller(item);
}

static void ep_cfs_controller_remove(struct ep_cfs_controller *ctrl)
{
	list_del(&ctrl->node);
	configfs_unregister_group(&ctrl->group);
	config_group_put(&ctrl->group);
}

static void ep_cfs_reap_work(struct work_struct *work)
{
	struct ep_cfs_controller *ctrl, *next;
	bool dead;

	mutex_lock(&ep_cfs_tree_lock);
	list_for_each_entry_safe(ctrl, next, &ep_cfs_controller_list, node) {
		mutex_lock(&ep_cfs_link_lock);
		dead = !ctrl->epc && !ep_cfs_linked(ctrl);
		mutex_unlock(&ep_cfs_link_lock);
		if (dead)
			ep_cfs_controller_remove(ctrl);
	}
	mutex_unlock(&ep_cfs_tree_lock);
}

static DECLARE_WORK(ep_cfs_reap, ep_cfs_reap_work);

/*
 * Remove directories of controllers that are gone and have no links any more,
 * later: the caller may be removing the last one.
 */
void ep_cfs_controllers_reap(void)
{
	schedule_work(&ep_cfs_reap);
}

static int ep_cfs_epc_added(struct device *dev)
{
	struct ep_cfs_controller *ctrl;
	int ret = 0;

	mutex_lock(&ep_cfs_tree_lock);
	list_for_each_entry(ctrl, &ep_cfs_controller_list, node)
		if (!strcmp(ctrl->group.cg_item.ci_name, dev_name(dev)))
			goto found;

	ctrl = kzalloc_obj(*ctrl);
	if (!ctrl) {
		ret = -ENOMEM;
		goto out;
	}

	config_group_init_type_name(&ctrl->group, dev_name(dev),
				    &ep_cfs_controller_type);
	ret = configfs_register_group(&ep_cfs_controllers, &ctrl->group);
	if (ret) {
		config_group_put(&ctrl->group);
		goto out;
	}
	list_add(&ctrl->node, &ep_cfs_controller_list);
found:
	mutex_lock(&ep_cfs_link_lock);
	ctrl->epc = to_pci_epc(dev);
	mutex_unlock(&ep_cfs_link_lock);
out:
	mutex_unlock(&ep_cfs_tree_lock);
	if (ret)
		dev_err(dev, "cannot make a directory in controllers/: %d\n",
			ret);
	return ret;
}

static void ep_cfs_epc_removed(struct device *dev)
{
	struct ep_cfs_controller *ctrl;
	bool linked;

	mutex_lock(&ep_cfs_tree_lock);
	list_for_each_entry(ctrl, &ep_cfs_controller_list, node)
		if (ctrl->epc == to_pci_epc(dev))
			goto found;
	goto out;

found:
	mutex_lock(&ep_cfs_link_lock);
	ep_cfs_unbind_controller(ctrl);
	/* Its driver has stopped, or is stopping, the link */
	if (ctrl->started)
		module_put(THIS_MODULE);
	ctrl->started = false;
	ctrl->epc = NULL;
	linked = ep_cfs_linked(ctrl);
	mutex_unlock(&ep_cfs_link_lock);

	if (linked)
		dev_warn(dev,
			 "gone with functions linked to it, remove the links\n");
	else
		ep_cfs_controller_remove(ctrl);
out:
	mutex_unlock(&ep_cfs_tree_lock);
}

static struct class_interface ep_cfs_epc_interface = {
	.add_dev	= ep_cfs_epc_added,
	.remove_dev	= ep_cfs_epc_removed,
};

/*
 * The class is private to drivers/pci/endpoint/pci-epc-core.c, and so is the
 * list of controllers: a short-lived one of our own shows the way.
 */
static int ep_cfs_find_class(const struct class **class)
{
	static const struct pci_epc_ops no_ops = { .owner = THIS_MODULE };
	struct device *parent;
	struct pci_epc *epc;
	int ret = 0;

	parent = root_device_register(KBUILD_MODNAME);
	if (IS_ERR(parent))
		return PTR_ERR(parent);

	epc = pci_epc_create(parent, &no_ops);
	if (IS_ERR(epc)) {
		ret = PTR_ERR(epc);
	} else {
		*class = epc->dev.class;
		pci_epc_destroy(epc);
	}
	root_device_unregister(parent);
	return ret;
}

int ep_cfs_controllers_init(void)
{
	int ret;

	ret = ep_cfs_find_class(&ep_cfs_epc_interface.class);
	if (ret)
		pr_err("cannot find the endpoint controllers: %d\n", ret);
	else
		ret = class_interface_register(&ep_cfs_epc_interface);
	return ret;
}

void ep_cfs_controllers_exit(void)
{
	class_interface_unregister(&ep_cfs_epc_interface);
	flush_work(&ep_cfs_reap);
}
