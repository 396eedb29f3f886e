/* SPDX-License-Identifier: GPL-2.0 */
#ifndef CORE_SHIM_LINUX_DEV_PRINTK_H
#define CORE_SHIM_LINUX_DEV_PRINTK_H

#include <linux/device.h>

/* Says so on stderr, and counts it: see fake-kernel.h */
void __attribute__((format(printf, 2, 3))) dev_err(const struct device *dev, const char *fmt, ...);

#define dev_err_ratelimited	dev_err

#endif /* CORE_SHIM_LINUX_DEV_PRINTK_H */
