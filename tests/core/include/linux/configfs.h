/* SPDX-License-Identifier: GPL-2.0 */
/* Items without a file system: tests call their operations */
#ifndef CORE_SHIM_LINUX_CONFIGFS_H
#define CORE_SHIM_LINUX_CONFIGFS_H

#include <linux/types.h>

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

#endif /* CORE_SHIM_LINUX_CONFIGFS_H */
