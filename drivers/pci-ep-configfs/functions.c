// SPDX-License-Identifier: GPL-2.0
/*
 * functions/<driver>/: the functions that the user makes
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/device.h>
#include <linux/idr.h>
#include <linux/kstrtox.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/sysfs.h>

#include "ep-cfs.h"
#include "pci-ep-compat.h"

/* Numbers in the names of functions, <driver>.<number> */
static DEFINE_IDA(ep_cfs_indices);

static inline struct ep_cfs_function *to_function(struct config_item *item)
{
	return container_of(to_config_group(item), struct ep_cfs_function,
			    group);
}

/* A number in struct pci_epf or its header, of one, two or four bytes */
struct ep_cfs_field {
	const char	*name;
	bool		in_header;
	size_t		offset;
	size_t		size;
};

/* The header is provided by the function's driver */
static void *ep_cfs_field_at(struct pci_epf *epf,
			     const struct ep_cfs_field *field)
{
	if (!field->in_header)
		return (void *)epf + field->offset;
	return epf->header ? (void *)epf->header + field->offset : NULL;
}

static ssize_t ep_cfs_field_show(struct config_item *item, char *page,
				 const struct ep_cfs_field *field)
{
	void *at = ep_cfs_field_at(to_function(item)->epf, field);
	u32 value;

	if (!at)
		return -EINVAL;

	if (field->size == sizeof(u8))
		value = *(u8 *)at;
	else if (field->size == sizeof(u16))
		value = *(u16 *)at;
	else
		value = *(u32 *)at;
	return sysfs_emit(page, field->in_header ? "0x%04x\n" : "%u\n", value);
}

static ssize_t ep_cfs_field_store(struct config_item *item, const char *page,
				  size_t len, const struct ep_cfs_field *field)
{
	struct pci_epf *epf = to_function(item)->epf;
	unsigned int max = field->size == sizeof(u16) ? U16_MAX : U8_MAX;
	void *at = ep_cfs_field_at(epf, field);
	unsigned int value;

	if (!at)
		return -EINVAL;

	if (kstrtouint(page, 0, &value) < 0 || value > max) {
		dev_err(&epf->dev, "%s: a number from 0 to %#x is allowed\n",
			field->name, max);
		return -EINVAL;
	}

	if (field->size == sizeof(u8))
		*(u8 *)at = value;
	else if (field->size == sizeof(u16))
		*(u16 *)at = value;
	else
		*(u32 *)at = value;
	return len;
}

#define EP_CFS_FIELD(_struct, _header, _name)				\
static const struct ep_cfs_field ep_cfs_field_##_name = {		\
	.name		= #_name,					\
	.in_header	= _header,					\
	.offset		= offsetof(_struct, _name),			\
	.size		= sizeof_field(_struct, _name),		\
};									\
									\
static ssize_t ep_cfs_function_##_name##_show(struct config_item *item,	\
					      char *page)		\
{									\
	return ep_cfs_field_show(item, page, &ep_cfs_field_##_name);	\
}									\
									\
static ssize_t ep_cfs_function_##_name##_store(struct config_item *item, \
					       const char *page,	\
					       size_t len)		\
{									\
	return ep_cfs_field_store(item, page, len,			\
				  &ep_cfs_field_##_name);		\
}									\
									\
CONFIGFS_ATTR(ep_cfs_function_, _name)

EP_CFS_FIELD(struct pci_epf_header, true, vendorid);
EP_CFS_FIELD(struct pci_epf_header, true, deviceid);
EP_CFS_FIELD(struct pci_epf_header, true, revid);
EP_CFS_FIELD(struct pci_epf_header, true, progif_code);
EP_CFS_FIELD(struct pci_epf_header, true, subclass_code);
EP_CFS_FIELD(struct pci_epf_header, true, baseclass_code);
EP_CFS_FIELD(struct pci_epf_header, true, cache_line_size);
EP_CFS_FIELD(struct pci_epf_header, true, subsys_vendor_id);
EP_CFS_FIELD(struct pci_epf_header, true, subsys_id);
EP_CFS_FIELD(struct pci_epf_header, true, interrupt_pin);
EP_CFS_FIELD(struct pci_epf, false, msi_interrupts);
EP_CFS_FIELD(struct pci_epf, false, msix_interrupts);

static struct configfs_attribute *ep_cfs_function_attrs[] = {
	&ep_cfs_function_attr_vendorid,
	&ep_cfs_function_attr_deviceid,
	&ep_cfs_function_attr_revid,
	&ep_cfs_function_attr_progif_code,
	&ep_cfs_function_attr_subclass_code,
	&ep_cfs_function_attr_baseclass_code,
	&ep_cfs_function_attr_cache_line_size,
	&ep_cfs_function_attr_subsys_vendor_id,
	&ep_cfs_function_attr_subsys_id,
	&ep_cfs_function_attr_interrupt_pin,
	&ep_cfs_function_attr_msi_interrupts,
	&ep_cfs_function_attr_msix_interrupts,
	NULL,
};

/* primary/ and secondary/: links to the controllers of the function's two sides */

static int ep_cfs_side_link(struct config_item *item,
			    struct config_item *target,
			    enum pci_epc_interface_type type)
{
	struct ep_cfs_controller *ctrl = ep_cfs_to_controller(target);

	if (!ctrl) {
		pr_err("%s: only a controller, controllers/<name>, can be linked here\n",
		       item->ci_name);
		return -EINVAL;
	}
	return ep_cfs_link(to_function(item->ci_parent), ctrl, type);
}

static int ep_cfs_primary_link(struct config_item *item,
			       struct config_item *target)
{
	return ep_cfs_side_link(item, target, PRIMARY_INTERFACE);
}

static void ep_cfs_primary_unlink(struct config_item *item,
				  struct config_item *target)
{
	ep_cfs_unlink(to_function(item->ci_parent),
		      ep_cfs_to_controller(target), PRIMARY_INTERFACE);
}

static int ep_cfs_secondary_link(struct config_item *item,
				 struct config_item *target)
{
	return ep_cfs_side_link(item, target, SECONDARY_INTERFACE);
}

static void ep_cfs_secondary_unlink(struct config_item *item,
				    struct config_item *target)
{
	ep_cfs_unlink(to_function(item->ci_parent),
		      ep_cfs_to_controller(target), SECONDARY_INTERFACE);
}

static CONFIGFS_OPS_CONST struct configfs_item_operations
ep_cfs_primary_ops = {
	.allow_link	= ep_cfs_primary_link,
	.drop_link	= ep_cfs_primary_unlink,
};

static const struct config_item_type ep_cfs_primary_type = {
	.ct_item_ops	= &ep_cfs_primary_ops,
	.ct_owner	= THIS_MODULE,
};

static CONFIGFS_OPS_CONST struct configfs_item_operations
ep_cfs_secondary_ops = {
	.allow_link	= ep_cfs_secondary_link,
	.drop_link	= ep_cfs_secondary_unlink,
};

static const struct config_item_type ep_cfs_secondary_type = {
	.ct_item_ops	= &ep_cfs_secondary_ops,
	.ct_owner	= THIS_MODULE,
};

/* Links from a function to others make these its virtual functions */

static int ep_cfs_function_link(struct config_item *item,
				struct config_item *target)
{
	struct ep_cfs_function *fn = to_function(item);
	struct ep_cfs_function *vf = ep_cfs_to_function(target);
	int ret;

	if (!vf || vf == fn) {
		dev_err(&fn->epf->dev,
			"only another function can be linked here, to become a virtual function\n");
		return -EINVAL;
	}

	mutex_lock(&ep_cfs_link_lock);
	ret = pci_epf_add_vepf(fn->epf, vf->epf);
	mutex_unlock(&ep_cfs_link_lock);
	return ret;
}

static void ep_cfs_function_unlink(struct config_item *item,
				   struct config_item *target)
{
	struct ep_cfs_function *fn = to_function(item);
	struct ep_cfs_function *vf = ep_cfs_to_function(target);

	/* The core binds and unbinds a function with all its virtual ones */
	mutex_lock(&ep_cfs_link_lock);
	ep_cfs_unbind_function(vf->epf);
	pci_epf_remove_vepf(fn->epf, vf->epf);
	mutex_unlock(&ep_cfs_link_lock);
}

static void ep_cfs_function_release(struct config_item *item)
{
	struct ep_cfs_function *fn = to_function(item);

	pci_epf_destroy(fn->epf);
	ida_free(&ep_cfs_indices, fn->index);
	module_put(fn->owner);
	kfree(fn);
}

static CONFIGFS_OPS_CONST struct configfs_item_operations
ep_cfs_function_ops = {
	.allow_link	= ep_cfs_function_link,
	.drop_link	= ep_cfs_function_unlink,
	.release	= ep_cfs_function_release,
};

static const struct config_item_type ep_cfs_function_type = {
	.ct_item_ops	= &ep_cfs_function_ops,
	.ct_attrs	= ep_cfs_function_attrs,
	.ct_owner	= THIS_MODULE,
};

/* The function of a directory, NULL if the item is anything else */
struct ep_cfs_function *ep_cfs_to_function(struct config_item *item)
{
	if (item->ci_type != &ep_cfs_function_type)
		return NULL;
	return to_function(item);
}

/* The directory of the driver's own attributes, if it wants one */
static void ep_cfs_add_driver_group(struct ep_cfs_function *fn)
{
	struct pci_epf *epf = fn->epf;
	struct config_group *group = NULL;

	mutex_lock(&epf->lock);
	if (epf->driver->ops->add_cfs)
		group = epf->driver->ops->add_cfs(epf, &fn->group);
	mutex_unlock(&epf->lock);

	if (IS_ERR(group))
		dev_err(&epf->dev, "driver cannot add its attributes: %pe\n",
			group);
	else if (group)
		configfs_add_default_group(group, &fn->group);
}

static int ep_cfs_function_create(struct ep_cfs_function *fn,
				  const char *driver)
{
	struct pci_epf *epf;
	char *name;
	int ret = 0;

	name = kasprintf(GFP_KERNEL, "%s.%d", driver, fn->index);
	if (!name)
		return -ENOMEM;

	epf = pci_epf_create(name);
	kfree(name);
	if (IS_ERR(epf))
		return PTR_ERR(epf);

	fn->epf = epf;
	epf->group = &fn->group;

	/* epf->driver is also set when the driver's probe() has failed */
	device_lock(&epf->dev);
	if (device_is_bound(&epf->dev))
		ep_cfs_add_driver_group(fn);
	else
		ret = -ENODEV;
	device_unlock(&epf->dev);

	if (ret) {
		dev_err(&epf->dev, "refused by its driver\n");
		pci_epf_destroy(epf);
	}
	return ret;
}

/**
 * ep_cfs_function_make() - make a function and its directory
 * @driver: what the name of the function's device begins with, which decides
 *          on its driver
 * @owner: module of the driver, held until the function is gone
 * @name: name of the directory
 *
 * Context: Process, may sleep.
 * Return: the group for the directory; an error pointer with -ENODEV if the
 * driver is going or does not want the function, -ENOMEM, or what
 * pci_epf_create() returns.
 */
struct config_group *ep_cfs_function_make(const char *driver,
					  struct module *owner,
					  const char *name)
{
	struct ep_cfs_function *fn;
	int ret;

	if (!try_module_get(owner))
		return ERR_PTR(-ENODEV);

	fn = kzalloc_obj(*fn);
	if (!fn) {
		ret = -ENOMEM;
		goto err_put;
	}
	fn->owner = owner;

	fn->index = ida_alloc(&ep_cfs_indices, GFP_KERNEL);
	if (fn->index < 0) {
		ret = fn->index;
		goto err_free;
	}

	config_group_init_type_name(&fn->group, name, &ep_cfs_function_type);
	config_group_init_type_name(&fn->primary, "primary",
				    &ep_cfs_primary_type);
	configfs_add_default_group(&fn->primary, &fn->group);
	config_group_init_type_name(&fn->secondary, "secondary",
				    &ep_cfs_secondary_type);
	configfs_add_default_group(&fn->secondary, &fn->group);

	ret = ep_cfs_function_create(fn, driver);
	if (ret)
		goto err_index;
	return &fn->group;

err_index:
	ida_free(&ep_cfs_indices, fn->index);
err_free:
	kfree(fn);
err_put:
	module_put(owner);
	return ERR_PTR(ret);
}
