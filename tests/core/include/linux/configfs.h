/* SPDX-License-Identifier: GPL-2.0 */
/* What holds a function's settings; nobody reads or writes it here */
#ifndef CORE_SHIM_LINUX_CONFIGFS_H
#define CORE_SHIM_LINUX_CONFIGFS_H

#include <linux/types.h>

struct configfs_attribute;

struct config_item_type {
	struct configfs_attribute **ct_attrs;
};

struct config_item {
	const struct config_item_type *ci_type;
};

struct config_group {
	struct config_item cg_item;
};

#endif /* CORE_SHIM_LINUX_CONFIGFS_H */
