/* SPDX-License-Identifier: GPL-2.0 */
#ifndef CORE_SHIM_LINUX_STRING_H
#define CORE_SHIM_LINUX_STRING_H

#include_next <linux/string.h>
#include <stdio.h>

/* To an array, or with its size */
#define strscpy(to, from, ...)	snprintf(to, sizeof(to), "%s", from)

#endif /* CORE_SHIM_LINUX_STRING_H */
