/* SPDX-License-Identifier: GPL-2.0 */
#ifndef CORE_SHIM_LINUX_PROCESSOR_H
#define CORE_SHIM_LINUX_PROCESSOR_H

#define cpu_relax()	((void)0)

#endif /* CORE_SHIM_LINUX_PROCESSOR_H */
