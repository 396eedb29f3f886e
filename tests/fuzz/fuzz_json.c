// SPDX-License-Identifier: GPL-2.0
/*
 * json.c: any text is well-formed or not, and what is found in it lies in it
 */
#include "check.h"
#include "input.h"
#include "json.h"

static bool inside(struct json part, struct json whole)
{
	return part.text >= whole.text && part.len <= whole.len &&
	       part.text + part.len <= whole.text + whole.len;
}

/* A member is found, or what was there before stays */
static void look_up(struct json text, const char *key)
{
	const struct json none = { "", 0 };
	struct json member = none;
	uint64_t number;

	if (!json_member(text, key, &member)) {
		CHECK(member.text == none.text && member.len == none.len);
		return;
	}
	CHECK(inside(member, text) && member.len);
	json_is_object(member);
	json_uint(member, &number);
}

/* What was quoted is one value, and found again as such */
static void quote(const char *s, size_t len)
{
	char *text = malloc(len + 1), *out = malloc(len * 2 + 16), line[4096];
	struct json member;
	int n;

	memcpy(text, s, len);
	text[len] = '\0';
	if (json_quote(out, len * 2 + 16, text)) {
		CHECK(strlen(out) < len * 2 + 16);
		n = snprintf(line, sizeof(line), "{\"a\":%s,\"b\":1}", out);
		if (n < (int)sizeof(line)) {
			CHECK(json_is_object((struct json){ line, n }));
			CHECK(json_member((struct json){ line, n }, "b", &member));
			CHECK(member.len == 1 && *member.text == '1');
		}
	}
	free(text);
	free(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* Apart and without a NUL, so that the sanitizer sees what is behind its end */
	char *copy = malloc(size);
	struct json text = { copy, size };

	memcpy(copy, data, size);
	json_is_object(text);
	look_up(text, "desc");
	look_up(text, "return");
	look_up(text, "");
	quote(copy, size);
	free(copy);
	return 0;
}
