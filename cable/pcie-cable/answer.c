// SPDX-License-Identifier: GPL-2.0
#include <stdarg.h>
#include <stdio.h>

#include "answer.h"

/* Kept free by the body, so that the last line is always whole */
#define END_MAX		512

static void add(struct answer *answer, size_t room, const char *fmt, va_list args)
{
	int n;

	if (answer->len >= room)
		return;
	n = vsnprintf(answer->text + answer->len, room - answer->len, fmt, args);
	if (n > 0)
		answer->len += (size_t)n < room - answer->len ? (size_t)n : room - answer->len - 1;
}

void answer_add(struct answer *answer, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	add(answer, ANSWER_MAX - END_MAX, fmt, args);
	va_end(args);
}

static void add_end(struct answer *answer, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	add(answer, ANSWER_MAX, fmt, args);
	va_end(args);
}

void answer_end(struct answer *answer, const char *error)
{
	if (error)
		add_end(answer, "error: %.*s\n", END_MAX - 16, error);
	else
		add_end(answer, "ok\n");
}
