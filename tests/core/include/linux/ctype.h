/* SPDX-License-Identifier: GPL-2.0 */
#ifndef CORE_SHIM_LINUX_CTYPE_H
#define CORE_SHIM_LINUX_CTYPE_H

#include <ctype.h>

#endif /* CORE_SHIM_LINUX_CTYPE_H */
