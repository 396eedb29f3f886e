/* SPDX-License-Identifier: GPL-2.0 */
#ifndef CORE_SHIM_LINUX_DEBUGFS_H
#define CORE_SHIM_LINUX_DEBUGFS_H

struct dentry;

#endif /* CORE_SHIM_LINUX_DEBUGFS_H */
