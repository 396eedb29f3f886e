/* SPDX-License-Identifier: GPL-2.0 */
#ifndef CORE_SHIM_LINUX_PFN_H
#define CORE_SHIM_LINUX_PFN_H

#define PHYS_PFN(addr)		((addr) / 4096)

#endif /* CORE_SHIM_LINUX_PFN_H */
