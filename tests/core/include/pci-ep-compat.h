/* SPDX-License-Identifier: GPL-2.0 */
#ifndef CORE_SHIM_PCI_EP_COMPAT_H
#define CORE_SHIM_PCI_EP_COMPAT_H

#include <linux/slab.h>

#define kvzalloc_obj(obj)	calloc(1, sizeof(obj))

#endif /* CORE_SHIM_PCI_EP_COMPAT_H */
