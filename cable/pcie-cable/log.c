// SPDX-License-Identifier: GPL-2.0
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "log.h"

#define LOG_PREFIX	"pcie-cable: "

bool log_verbose;

void log_event(const char *fmt, ...)
{
	char line[512] = LOG_PREFIX;
	const size_t start = sizeof(LOG_PREFIX) - 1;
	const size_t room = sizeof(line) - start - 1;
	va_list args;
	size_t len;
	int n;

	va_start(args, fmt);
	n = vsnprintf(line + start, room, fmt, args);
	va_end(args);
	if (n < 0)
		return;

	len = start + ((size_t)n < room ? (size_t)n : room - 1);
	line[len++] = '\n';
	/* One write per line, so that lines of several writers do not mix. */
	if (write(STDERR_FILENO, line, len) < 0)
		return;
}
