// SPDX-License-Identifier: GPL-2.0
/*
 * Settings of the ports of a console function
 */
#include <linux/ctype.h>
#include <linux/dev_printk.h>
#include <linux/kstrtox.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/sysfs.h>

#include "vcon.h"

static struct vcon_setting *to_setting(struct config_item *item)
{
	return container_of(item, struct vcon_setting, item);
}

static bool vcon_name_ok(const char *name, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		if (!isascii(name[i]) || !isgraph(name[i]) || name[i] == '/')
			return false;
	return len <= VCON_NAME_MAX;
}

static ssize_t vcon_port_name_show(struct config_item *item, char *page)
{
	return sysfs_emit(page, "%s\n", to_setting(item)->name);
}

static ssize_t vcon_port_name_store(struct config_item *item, const char *page, size_t len)
{
	struct vcon_setting *s = to_setting(item);
	size_t n = strcspn(page, "\n");
	ssize_t ret = len;

	if (!vcon_name_ok(page, n)) {
		dev_err(s->vcon->dev,
			"a port's name must be of at most %u printable ASCII characters without space and '/'\n",
			VCON_NAME_MAX);
		return -EINVAL;
	}
	mutex_lock(&s->vcon->mutex);
	if (s->enabled) {
		dev_err(s->vcon->dev, "port %u cannot change its name while it is enabled\n",
			s->id);
		ret = -EBUSY;
	} else {
		memcpy(s->name, page, n);
		s->name[n] = 0;
	}
	mutex_unlock(&s->vcon->mutex);
	return ret;
}

static ssize_t vcon_port_console_show(struct config_item *item, char *page)
{
	return sysfs_emit(page, "%d\n", to_setting(item)->console);
}

static ssize_t vcon_port_console_store(struct config_item *item, const char *page, size_t len)
{
	struct vcon_setting *s = to_setting(item);
	ssize_t ret = len;
	bool console;

	if (kstrtobool(page, &console)) {
		dev_err(s->vcon->dev, "console must be 0 or 1\n");
		return -EINVAL;
	}
	mutex_lock(&s->vcon->mutex);
	if (s->enabled) {
		dev_err(s->vcon->dev, "port %u cannot become another kind while it is enabled\n",
			s->id);
		ret = -EBUSY;
	} else {
		s->console = console;
	}
	mutex_unlock(&s->vcon->mutex);
	return ret;
}

static ssize_t vcon_port_enable_show(struct config_item *item, char *page)
{
	return sysfs_emit(page, "%d\n", to_setting(item)->enabled);
}

/* A port that is enabled, or will be in a moment */
static bool vcon_port_size_ok(const struct vcon_setting *s, enum vcon_side side,
			      struct vcon_size size)
{
	if (!vcon_size_known(size) || s->console)
		return true;
	dev_err(s->vcon->dev, "%s of port %u must be 0x0 as it is no console\n",
		vcon_size_name(side), s->id);
	return false;
}

/* Whether a port may be enabled; the mutex is held */
static int vcon_port_check(const struct vcon_setting *s)
{
	struct vcon *vcon = s->vcon;
	unsigned int i;

	if (!vcon_port_size_ok(s, VCON_HOST, s->size[VCON_HOST]) ||
	    !vcon_port_size_ok(s, VCON_ENDPOINT, s->size[VCON_ENDPOINT]))
		return -EINVAL;
	for (i = 0; i < VCON_MAX_PORTS; i++) {
		const struct vcon_setting *other = vcon->setting[i];

		if (other && other != s && other->enabled && s->name[0] &&
		    !strcmp(s->name, other->name)) {
			dev_err(vcon->dev, "port %u has the name %s already\n", i, s->name);
			return -EEXIST;
		}
	}
	if (vcon->bound && s->id >= vcon->ports.num) {
		dev_err(vcon->dev,
			"there is room for %u ports; max_ports, while not bound, makes more\n",
			vcon->ports.num);
		return -ENOSPC;
	}
	return 0;
}

static ssize_t vcon_port_enable_store(struct config_item *item, const char *page, size_t len)
{
	struct vcon_setting *s = to_setting(item);
	bool enable;
	int err = 0;

	if (kstrtobool(page, &enable)) {
		dev_err(s->vcon->dev, "enable must be 0 or 1\n");
		return -EINVAL;
	}
	mutex_lock(&s->vcon->mutex);
	if (enable && !s->enabled)
		err = vcon_port_check(s);
	if (!err && s->enabled != enable) {
		s->enabled = enable;
		vcon_apply_port(s);
	}
	mutex_unlock(&s->vcon->mutex);
	return err ?: len;
}

static ssize_t vcon_set_port_size(struct vcon_setting *s, enum vcon_side side, const char *page,
				  size_t len)
{
	struct vcon_size size;
	ssize_t ret = len;
	int err;

	err = vcon_size_parse(s->vcon, page, &size);
	if (err)
		return err;
	mutex_lock(&s->vcon->mutex);
	if (!s->enabled || vcon_port_size_ok(s, side, size)) {
		s->size[side] = size;
		vcon_apply_port(s);
	} else {
		ret = -EINVAL;
	}
	mutex_unlock(&s->vcon->mutex);
	return ret;
}

static ssize_t vcon_port_host_size_show(struct config_item *item, char *page)
{
	return vcon_size_show(to_setting(item)->size[VCON_HOST], page);
}

static ssize_t vcon_port_host_size_store(struct config_item *item, const char *page, size_t len)
{
	return vcon_set_port_size(to_setting(item), VCON_HOST, page, len);
}

static ssize_t vcon_port_endpoint_size_show(struct config_item *item, char *page)
{
	return vcon_size_show(to_setting(item)->size[VCON_ENDPOINT], page);
}

static ssize_t vcon_port_endpoint_size_store(struct config_item *item, const char *page, size_t len)
{
	return vcon_set_port_size(to_setting(item), VCON_ENDPOINT, page, len);
}

static ssize_t vcon_port_endpoint_terminal_show(struct config_item *item, char *page)
{
	const struct vcon_setting *s = to_setting(item);

	return vcon_terminal_show(s->vcon, s->id, page);
}

CONFIGFS_ATTR(vcon_port_, name);
CONFIGFS_ATTR(vcon_port_, console);
CONFIGFS_ATTR(vcon_port_, enable);
CONFIGFS_ATTR(vcon_port_, host_size);
CONFIGFS_ATTR(vcon_port_, endpoint_size);
CONFIGFS_ATTR_RO(vcon_port_, endpoint_terminal);

static struct configfs_attribute *vcon_port_attrs[] = {
	&vcon_port_attr_name,
	&vcon_port_attr_console,
	&vcon_port_attr_enable,
	&vcon_port_attr_host_size,
	&vcon_port_attr_endpoint_size,
	&vcon_port_attr_endpoint_terminal,
	NULL,
};

static void vcon_port_release(struct config_item *item)
{
	kfree(to_setting(item));
}

static struct configfs_item_operations vcon_port_ops = {
	.release = vcon_port_release,
};

static const struct config_item_type vcon_port_type = {
	.ct_item_ops = &vcon_port_ops,
	.ct_attrs = vcon_port_attrs,
	.ct_owner = THIS_MODULE,
};

/* The folder of all ports */

static struct config_item *vcon_make_port(struct config_group *group, const char *name)
{
	struct vcon *vcon = container_of(group, struct vcon, group);
	struct vcon_setting *s;
	unsigned int id;

	/* Not "01": it would be the same port as "1" */
	if (kstrtouint(name, 10, &id) || id >= VCON_MAX_PORTS || !isdigit(name[0]) ||
	    strlen(name) != (id < 10 ? 1 : 2)) {
		dev_err(vcon->dev, "a port must be a number from 0 to %u\n", VCON_MAX_PORTS - 1);
		return ERR_PTR(-EINVAL);
	}
	s = kzalloc(sizeof(*s), GFP_KERNEL);
	if (!s)
		return ERR_PTR(-ENOMEM);
	s->vcon = vcon;
	s->id = id;
	config_item_init_type_name(&s->item, name, &vcon_port_type);
	mutex_lock(&vcon->mutex);
	vcon->setting[id] = s;
	mutex_unlock(&vcon->mutex);
	return &s->item;
}

static void vcon_drop_port(struct config_group *group, struct config_item *item)
{
	struct vcon_setting *s = to_setting(item);
	struct vcon *vcon = s->vcon;

	mutex_lock(&vcon->mutex);
	s->enabled = false;
	if (s->id < vcon->ports.num)
		vcon_apply_port(s);
	vcon->setting[s->id] = NULL;
	mutex_unlock(&vcon->mutex);
	config_item_put(item);
}

static struct configfs_group_operations vcon_group_ops = {
	.make_item = vcon_make_port,
	.drop_item = vcon_drop_port,
};

static const struct config_item_type vcon_group_type = {
	.ct_group_ops = &vcon_group_ops,
	.ct_owner = THIS_MODULE,
};

void vcon_add_groups(void *priv, struct config_group *group)
{
	struct vcon *vcon = priv;

	config_group_init_type_name(&vcon->group, "ports", &vcon_group_type);
	configfs_add_default_group(&vcon->group, group);
}
