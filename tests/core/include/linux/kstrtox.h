/* SPDX-License-Identifier: GPL-2.0 */
#ifndef CORE_SHIM_LINUX_KSTRTOX_H
#define CORE_SHIM_LINUX_KSTRTOX_H

#include <ctype.h>
#include <linux/errno.h>
#include <linux/types.h>
#include <stdlib.h>

static inline int kstrtouint(const char *s, unsigned int base, unsigned int *val)
{
	unsigned long n;
	char *end;

	if (!isdigit((unsigned char)s[0]))
		return -EINVAL;
	n = strtoul(s, &end, base);
	if (*end == '\n')
		end++;
	if (*end || n > UINT32_MAX)
		return -EINVAL;
	*val = n;
	return 0;
}

static inline int kstrtobool(const char *s, bool *val)
{
	if (s[0] != '0' && s[0] != '1')
		return -EINVAL;
	*val = s[0] == '1';
	return 0;
}

#endif /* CORE_SHIM_LINUX_KSTRTOX_H */
