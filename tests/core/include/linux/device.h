/* SPDX-License-Identifier: GPL-2.0 */
#ifndef CORE_SHIM_LINUX_DEVICE_H
#define CORE_SHIM_LINUX_DEVICE_H

#include <linux/err.h>
#include <linux/types.h>

struct device {
	const char *name;
};

static inline const char *dev_name(const struct device *dev)
{
	return dev->name;
}

#endif /* CORE_SHIM_LINUX_DEVICE_H */
