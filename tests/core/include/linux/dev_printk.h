/* SPDX-License-Identifier: GPL-2.0 */
#ifndef CORE_SHIM_LINUX_DEV_PRINTK_H
#define CORE_SHIM_LINUX_DEV_PRINTK_H

struct device;

/* Says so on stderr, and counts it: see fake-kernel.h */
void __attribute__((format(printf, 2, 3))) dev_err(const struct device *dev, const char *fmt, ...);

#define dev_warn		dev_err
#define dev_err_ratelimited	dev_err
#define dev_warn_ratelimited	dev_err

/* What is no error is not counted */
#define dev_info_ratelimited(dev, ...)	((void)(dev))

#endif /* CORE_SHIM_LINUX_DEV_PRINTK_H */
