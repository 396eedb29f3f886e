// SPDX-License-Identifier: GPL-2.0
#include <stdio.h>
#include <string.h>

#include "json.h"

#define JSON_MAX_DEPTH	32

struct scan {
	const char *at;
	const char *end;
};

static void skip_space(struct scan *s)
{
	while (s->at < s->end && strchr(" \t\r\n", *s->at) && *s->at)
		s->at++;
}

static bool accept(struct scan *s, char c)
{
	if (s->at == s->end || *s->at != c)
		return false;
	s->at++;
	return true;
}

static bool skip_string(struct scan *s)
{
	if (!accept(s, '"'))
		return false;
	while (s->at < s->end) {
		switch (*s->at++) {
		case '"':
			return true;
		case '\\':
			if (s->at == s->end)
				return false;
			s->at++;
		}
	}
	return false;
}

/* Numbers and the three words: their exact form does not matter here. */
static bool skip_word(struct scan *s)
{
	const char *start = s->at;

	while (s->at < s->end && *s->at && !strchr(" \t\r\n,:]}[{\"", *s->at))
		s->at++;
	return s->at > start;
}

static bool skip_value(struct scan *s, int depth);

static bool skip_group(struct scan *s, char close, bool keys, int depth)
{
	s->at++;
	skip_space(s);
	if (accept(s, close))
		return true;
	do {
		skip_space(s);
		if (keys) {
			if (!skip_string(s))
				return false;
			skip_space(s);
			if (!accept(s, ':'))
				return false;
		}
		if (!skip_value(s, depth + 1))
			return false;
		skip_space(s);
	} while (accept(s, ','));
	return accept(s, close);
}

static bool skip_value(struct scan *s, int depth)
{
	skip_space(s);
	if (s->at == s->end || depth > JSON_MAX_DEPTH)
		return false;
	switch (*s->at) {
	case '{':
		return skip_group(s, '}', true, depth);
	case '[':
		return skip_group(s, ']', false, depth);
	case '"':
		return skip_string(s);
	default:
		return skip_word(s);
	}
}

bool json_is_object(struct json v)
{
	struct scan s = { v.text, v.text + v.len };

	skip_space(&s);
	if (s.at == s.end || *s.at != '{' || !skip_value(&s, 0))
		return false;
	skip_space(&s);
	return s.at == s.end;
}

bool json_member(struct json v, const char *key, struct json *member)
{
	struct scan s = { v.text, v.text + v.len };
	struct json name, value;

	skip_space(&s);
	if (!accept(&s, '{'))
		return false;
	do {
		skip_space(&s);
		name.text = s.at;
		if (!skip_string(&s))
			return false;
		name.len = s.at - name.text;
		skip_space(&s);
		if (!accept(&s, ':'))
			return false;
		skip_space(&s);
		value.text = s.at;
		if (!skip_value(&s, 0))
			return false;
		value.len = s.at - value.text;
		if (json_equals(name, key)) {
			*member = value;
			return true;
		}
		skip_space(&s);
	} while (accept(&s, ','));
	return false;
}

bool json_uint(struct json v, uint64_t *number)
{
	uint64_t n = 0;
	size_t i;

	if (!v.len)
		return false;
	for (i = 0; i < v.len; i++) {
		if (v.text[i] < '0' || v.text[i] > '9' || n > UINT64_MAX / 10 - 1)
			return false;
		n = n * 10 + (v.text[i] - '0');
	}
	*number = n;
	return true;
}

bool json_equals(struct json v, const char *s)
{
	size_t len = strlen(s);

	return v.len == len + 2 && v.text[0] == '"' && !memcmp(v.text + 1, s, len);
}

bool json_quote(char *out, size_t size, const char *s)
{
	char *end = out + size;
	unsigned char c;
	size_t len;

	/* The longest escape, the closing quote and the NUL fit if 8 are left. */
	if (size < 9)
		return false;
	*out++ = '"';
	while ((c = *s++)) {
		if (end - out < 8)
			return false;
		if (c == '"' || c == '\\') {
			*out++ = '\\';
			*out++ = c;
		} else if (c < 0x20) {
			len = snprintf(out, end - out, "\\u%04x", c);
			out += len;
		} else {
			*out++ = c;
		}
	}
	*out++ = '"';
	*out = '\0';
	return true;
}
