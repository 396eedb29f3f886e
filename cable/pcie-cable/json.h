/* SPDX-License-Identifier: GPL-2.0 */
/*
 * json: as much of JSON as two small protocols need
 *
 * Offered to:	vfu_msg (capabilities of VERSION) and qmp.
 * Values are slices of the text they were found in; nothing is copied.
 */
#ifndef CABLE_JSON_H
#define CABLE_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct json {
	const char *text;
	size_t len;
};

/* Is @v one well-formed object, and nothing else but white space? */
bool json_is_object(struct json v);

/* The member @key of the object @v; false, and *@member as it was, when there is none. */
bool json_member(struct json v, const char *key, struct json *member);

/* A non-negative integer; false when @v is anything else. */
bool json_uint(struct json v, uint64_t *number);

/* Is @v exactly the string @s (which needs no escapes)? */
bool json_equals(struct json v, const char *s);

/* Write @s with quotes and escapes; false when @size bytes are too few. */
bool json_quote(char *out, size_t size, const char *s);

#endif /* CABLE_JSON_H */
