// SPDX-License-Identifier: GPL-2.0
/*
 * Settings of a console function
 */
#include <linux/dev_printk.h>
#include <linux/kstrtox.h>
#include <linux/module.h>
#include <linux/string.h>
#include <linux/sysfs.h>

#include "vcon.h"

/* Sizes */

ssize_t vcon_size_show(struct vcon_size size, char *page)
{
	return sysfs_emit(page, "%ux%u\n", size.cols, size.rows);
}

int vcon_size_parse(struct vcon *vcon, const char *page, struct vcon_size *size)
{
	unsigned int cols, rows;
	int end = 0;

	if (sscanf(page, "%ux%u%n", &cols, &rows, &end) != 2 || end != strcspn(page, "\n") ||
	    cols > U16_MAX || rows > U16_MAX) {
		dev_err(vcon->dev,
			"a size must be COLUMNSxROWS, each from 0 to %u, 0x0 if it is not known\n",
			U16_MAX);
		return -EINVAL;
	}
	size->cols = cols;
	size->rows = rows;
	return 0;
}

const char *vcon_size_name(enum vcon_side side)
{
	return side == VCON_HOST ? "host_size" : "endpoint_size";
}

bool vcon_size_known(struct vcon_size size)
{
	return size.cols || size.rows;
}

/* With ports, each of them may have a terminal of its own */
static bool vcon_size_ok(const struct vcon *vcon, enum vcon_side side, struct vcon_size size)
{
	if (!vcon_size_known(size) || !vcon_has_ports(vcon))
		return true;
	dev_err(vcon->dev,
		"%s must be 0x0 as the console has ports; write the size to ports/N/%s\n",
		vcon_size_name(side), vcon_size_name(side));
	return false;
}

bool vcon_sizes_ok(const struct vcon *vcon)
{
	return vcon_size_ok(vcon, VCON_HOST, vcon->size[VCON_HOST]) &&
	       vcon_size_ok(vcon, VCON_ENDPOINT, vcon->size[VCON_ENDPOINT]);
}

static ssize_t vcon_set_size(struct vcon *vcon, enum vcon_side side, const char *page, size_t len)
{
	struct vcon_size size;
	ssize_t ret = len;
	int err;

	err = vcon_size_parse(vcon, page, &size);
	if (err)
		return err;
	mutex_lock(&vcon->mutex);
	if (vcon_size_ok(vcon, side, size)) {
		vcon->size[side] = size;
		vcon_apply_size(vcon, side);
	} else {
		ret = -EINVAL;
	}
	mutex_unlock(&vcon->mutex);
	return ret;
}

/* Of a function */

static ssize_t vcon_host_size_show(struct config_item *item, char *page)
{
	struct vcon *vcon = epfv_item_priv(item);

	return vcon_size_show(vcon->size[VCON_HOST], page);
}

static ssize_t vcon_host_size_store(struct config_item *item, const char *page, size_t len)
{
	return vcon_set_size(epfv_item_priv(item), VCON_HOST, page, len);
}

static ssize_t vcon_endpoint_size_show(struct config_item *item, char *page)
{
	struct vcon *vcon = epfv_item_priv(item);

	return vcon_size_show(vcon->size[VCON_ENDPOINT], page);
}

static ssize_t vcon_endpoint_size_store(struct config_item *item, const char *page, size_t len)
{
	return vcon_set_size(epfv_item_priv(item), VCON_ENDPOINT, page, len);
}

static ssize_t vcon_max_ports_show(struct config_item *item, char *page)
{
	struct vcon *vcon = epfv_item_priv(item);

	return sysfs_emit(page, "%u\n", vcon->max_ports);
}

static ssize_t vcon_max_ports_store(struct config_item *item, const char *page, size_t len)
{
	struct vcon *vcon = epfv_item_priv(item);
	unsigned int max;
	ssize_t ret = len;

	if (kstrtouint(page, 0, &max) || max > VCON_MAX_PORTS) {
		dev_err(vcon->dev, "max_ports must be from 1 to %u, or 0 for those that are there\n",
			VCON_MAX_PORTS);
		return -EINVAL;
	}
	mutex_lock(&vcon->mutex);
	if (vcon->bound) {
		dev_err(vcon->dev, "max_ports cannot change while bound to a controller\n");
		ret = -EBUSY;
	} else {
		vcon->max_ports = max;
	}
	mutex_unlock(&vcon->mutex);
	return ret;
}

static const char * const vcon_backends[] = { "bridge", "direct" };

static ssize_t vcon_backend_show(struct config_item *item, char *page)
{
	struct vcon *vcon = epfv_item_priv(item);

	return sysfs_emit(page, "%s\n", vcon_backends[vcon->direct]);
}

static ssize_t vcon_backend_store(struct config_item *item, const char *page, size_t len)
{
	int direct = sysfs_match_string(vcon_backends, page);
	struct vcon *vcon = epfv_item_priv(item);
	ssize_t ret = len;

	if (direct < 0) {
		dev_err(vcon->dev, "backend must be bridge or direct\n");
		return -EINVAL;
	}
	mutex_lock(&vcon->mutex);
	if (vcon->bound) {
		dev_err(vcon->dev, "backend cannot change while bound to a controller\n");
		ret = -EBUSY;
	} else {
		vcon->direct = direct;
	}
	mutex_unlock(&vcon->mutex);
	return ret;
}

static ssize_t vcon_endpoint_terminal_show(struct config_item *item, char *page)
{
	struct vcon *vcon = epfv_item_priv(item);
	bool ports;

	mutex_lock(&vcon->mutex);
	ports = vcon_has_ports(vcon);
	mutex_unlock(&vcon->mutex);
	if (ports)
		return sysfs_emit(page, "see ports/\n");
	return vcon_terminal_show(vcon, 0, page);
}

CONFIGFS_ATTR(vcon_, backend);
CONFIGFS_ATTR(vcon_, host_size);
CONFIGFS_ATTR(vcon_, endpoint_size);
CONFIGFS_ATTR_RO(vcon_, endpoint_terminal);
CONFIGFS_ATTR(vcon_, max_ports);

struct configfs_attribute * const vcon_attrs[] = {
	&vcon_attr_backend,
	&vcon_attr_host_size,
	&vcon_attr_endpoint_size,
	&vcon_attr_endpoint_terminal,
	&vcon_attr_max_ports,
	NULL,
};
