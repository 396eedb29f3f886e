// SPDX-License-Identifier: GPL-2.0
/*
 * The tree's root
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/acpi.h>
#include <linux/module.h>

#include "ep-cfs.h"

/* Directories that the user has not made come and go under it */
DEFINE_MUTEX(ep_cfs_tree_lock);

static const struct config_item_type ep_cfs_root_type = {
	.ct_owner	= THIS_MODULE,
};

static struct configfs_subsystem ep_cfs_subsys = {
	.su_group = {
		.cg_item = {
			.ci_namebuf	= "pci_ep",
			.ci_type	= &ep_cfs_root_type,
		},
	},
	.su_mutex = __MUTEX_INITIALIZER(ep_cfs_subsys.su_mutex),
};

static int __init ep_cfs_register(void)
{
	struct config_group *root = &ep_cfs_subsys.su_group;
	int ret;

	config_group_init(root);
	config_group_init_type_name(&ep_cfs_functions, "functions",
				    &ep_cfs_root_type);
	configfs_add_default_group(&ep_cfs_functions, root);
	config_group_init_type_name(&ep_cfs_controllers, "controllers",
				    &ep_cfs_root_type);
	configfs_add_default_group(&ep_cfs_controllers, root);

	ret = configfs_register_subsystem(&ep_cfs_subsys);
	if (ret)
		pr_err("cannot make the pci_ep tree: %d\n", ret);
	return ret;
}

static int __init ep_cfs_init(void)
{
	int ret;

	if (IS_ENABLED(CONFIG_PCI_ENDPOINT_CONFIGFS)) {
		pr_err("not needed, this kernel has a pci_ep tree of its own (CONFIG_PCI_ENDPOINT_CONFIGFS)\n");
		return -EEXIST;
	}

	/*
	 * There pci_bus_find_domain_nr() (drivers/pci/pci.c), which every
	 * endpoint controller goes through, follows a null pointer.
	 */
	if (IS_ENABLED(CONFIG_PCI_DOMAINS_GENERIC) && !acpi_disabled) {
		pr_err("the kernel has no endpoint controllers on machines with ACPI\n");
		return -ENODEV;
	}

	ret = ep_cfs_register();
	if (ret)
		return ret;

	ret = ep_cfs_controllers_init();
	if (ret)
		goto err_unregister;

	ret = ep_cfs_drivers_init();
	if (ret)
		goto err_controllers;
	return 0;

err_controllers:
	ep_cfs_controllers_exit();
err_unregister:
	configfs_unregister_subsystem(&ep_cfs_subsys);
	return ret;
}
module_init(ep_cfs_init);

/* Not before the last function is gone: its directory holds this module */
static void __exit ep_cfs_exit(void)
{
	ep_cfs_drivers_exit();
	ep_cfs_controllers_exit();
	configfs_unregister_subsystem(&ep_cfs_subsys);
}
module_exit(ep_cfs_exit);

MODULE_DESCRIPTION("The pci_ep configfs tree, for kernels built without it");
MODULE_LICENSE("GPL");
