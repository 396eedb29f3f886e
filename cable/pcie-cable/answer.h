/* SPDX-License-Identifier: GPL-2.0 */
/*
 * answer: what a control command has to say, text of bounded length
 *
 * Offered to:	control (sends it) and the commands (fill it).
 *
 * The body is lines of text, in which a tab begins the next column; the last
 * line is "ok", or "error: " and what is allowed.
 */
#ifndef CABLE_ANSWER_H
#define CABLE_ANSWER_H

#include <stdbool.h>
#include <stddef.h>

#define ANSWER_MAX	8192

struct answer {
	size_t len;
	char text[ANSWER_MAX];
};

/* Add to the body; what does not fit is cut off. */
void answer_add(struct answer *answer, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* Add the last line: @error is what is wrong and what is allowed; NULL: nothing is. */
void answer_end(struct answer *answer, const char *error);

#endif /* CABLE_ANSWER_H */
