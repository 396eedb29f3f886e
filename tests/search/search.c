// SPDX-License-Identifier: GPL-2.0
/*
 * Sequences of actions: all of them as far as they lead to something new, and long ones by chance
 *
 *	test-search			what `make check` runs
 *	SEARCH_DEPTH=N			go on to sequences of N actions
 *	SEARCH_RUNS=N SEARCH_SEED=N	so many long ones for each scene, from that number on
 *	SEARCH_SCENE=NAME		this scene only
 *	SEARCH_DO="ACTION..."		in that scene, do these
 */
#include <stdlib.h>
#include <string.h>

#include <linux/minmax.h>

#include "search.h"

/*
 * Where a sequence begins; @bare: nobody is there yet, nor are the endpoint's files; @deep: only
 * for `make check-all`
 */
struct scene {
	const char *name;
	bool deep;
	bool bare;
	bool direct;
	bool ports;
	unsigned int port;
	bool console;
};

static const struct scene scenes[] = {
	{ "generic-bridge", false, false, false, true, 1, false },
	{ "generic-direct", false, false, true, true, 1, false },
	{ "console-bridge", false, false, false, true, 0, true },
	{ "console-direct", false, false, true, true, 0, true },
	{ "port0-bridge", true, false, false, true, 0, false },
	{ "port0-direct", true, false, true, true, 0, false },
	{ "bare-bridge", false, true, false, true, 1, false },
	{ "bare-direct", false, true, true, true, 1, false },
	{ "plain-bridge", false, false, false, false, 0, false },
	{ "plain-direct", false, false, true, false, 0, false },
};

/* What has been found before */
static const struct {
	const char *scene;
	const char *actions;
} found[] = {
	/* The kernel's worker is late, and the reader is not told of the end between two users */
	{ "generic-direct", "host-send round ep-lazy host-open round host-open host-send round" },
};

#define MAX_LENGTH	64

/* What was done last, for who reads of a failure */
static const struct scene *scene;
static unsigned char path[MAX_LENGTH];
static unsigned int length;
static bool finished;
static bool broken;

static unsigned int option(const char *name, unsigned int otherwise)
{
	const char *value = getenv(name);

	return value ? strtoul(value, NULL, 0) : otherwise;
}

/* As `make check-all` has it */
static bool whole(void)
{
	return getenv("E2E_WHOLE");
}

/* Both drivers are there, and both users of the port */
static struct card *begin(void)
{
	struct card *c = card_new();

	c->port = scene->port;
	if (scene->direct)
		assert_int_equal(card_set(c, -1, "backend", "direct"), 0);
	if (scene->ports) {
		assert_int_equal(card_set(c, -1, "max_ports", "2"), 0);
		card_mkdir(c, c->port);
		if (scene->console)
			assert_int_equal(card_set(c, c->port, "console", "1"), 0);
		assert_int_equal(card_set(c, c->port, "enable", "1"), 0);
	}
	if (scene->bare && scene->direct)
		return c;
	assert_int_equal(card_bind(c), 0);
	if (scene->bare)
		return c;
	host_up(c, true, 0);
	local_up(c, true);
	card_run(c, 2 * MSEC);
	if (scene->ports && !scene->console) {
		console_open(&c->side[EPFV_HOST], c->port, true);
		if (scene->direct)
			user_open(&c->side[EPFV_ENDPOINT], c->port, true);
		else
			console_open(&c->side[EPFV_ENDPOINT], c->port, true);
		card_run(c, 2 * MSEC);
	}
	return c;
}

/* Do what @path says; returns the signature of what that led to */
static u64 run(void)
{
	struct card *c = begin();
	u64 signature;
	unsigned int i;

	finished = false;
	for (i = 0; i < length; i++) {
		actions[path[i]].fn(c, &actions[path[i]]);
		check_always(c);
	}
	signature = card_signature(c);
	card_settle(c);
	check_settled(c);
	check_works(c);
	card_free(c);
	finished = true;
	return signature;
}

/* A set of signatures */
struct seen {
	u64 *slot;
	unsigned int size;
	unsigned int num;
};

static bool add_signature(struct seen *seen, u64 signature)
{
	unsigned int i, k;

	if (seen->num * 2 >= seen->size) {
		struct seen more = { .size = max(2 * seen->size, 1024U) };

		more.slot = calloc(more.size, sizeof(*more.slot));
		for (k = 0; k < seen->size; k++)
			if (seen->slot[k])
				add_signature(&more, seen->slot[k]);
		free(seen->slot);
		*seen = more;
	}
	signature |= 1;
	for (i = signature & (seen->size - 1); seen->slot[i]; i = (i + 1) & (seen->size - 1))
		if (seen->slot[i] == signature)
			return false;
	seen->slot[i] = signature;
	seen->num++;
	return true;
}

/* Sequences of one length that led to something new */
struct level {
	unsigned char (*path)[MAX_LENGTH];
	unsigned int num;
};

static void add_path(struct level *level)
{
	if (!(level->num & (level->num - 1)))
		level->path = realloc(level->path, max(2 * level->num, 1U) * sizeof(*level->path));
	memcpy(level->path[level->num++], path, length);
}

static void search(unsigned int depth)
{
	struct level level = {}, next = {};
	struct seen seen = {};
	unsigned int i, k, n, runs = 1;

	length = 0;
	add_signature(&seen, run());
	add_path(&level);
	for (n = 0; n < depth; n++) {
		for (i = 0; i < level.num; i++) {
			for (k = 0; k < num_actions; k++) {
				if (actions[k].deep)
					continue;
				memcpy(path, level.path[i], n);
				path[n] = k;
				length = n + 1;
				runs++;
				if (add_signature(&seen, run()))
					add_path(&next);
			}
		}
		free(level.path);
		level = next;
		next = (struct level){};
	}
	free(level.path);
	free(seen.slot);
	print_message("%s: %u sequences of up to %u actions, %u states\n", scene->name, runs,
		      depth, seen.num);
}

static void by_chance(unsigned int seed)
{
	unsigned int i;

	rnd_seed(seed);
	length = rnd_range(5, MAX_LENGTH - 1);
	for (i = 0; i < length; i++)
		path[i] = rnd() % 4 ? rnd_range(0, (rnd() % 8 ? num_quick : num_actions) - 1) : 0;
	run();
}

static int teardown(void **state)
{
	unsigned int i;

	(void)state;
	if (finished)
		return 0;
	print_error("scene %s, did:", scene->name);
	for (i = 0; i < length; i++)
		print_error(" %s", actions[path[i]].name);
	print_error("\n");
	broken = true;
	return 0;
}

static int setup(void **state)
{
	(void)state;
	/* Tasks and memory are as the failure left them */
	if (broken)
		print_error("not tried, as another one has failed\n");
	finished = false;
	return broken ? -1 : 0;
}

static void test_all(void **state)
{
	scene = *state;
	search(option("SEARCH_DEPTH", whole() ? 3 : 2));
}

static void test_chance(void **state)
{
	unsigned int seed = option("SEARCH_SEED", 1), runs = option("SEARCH_RUNS", whole() ? 200 : 10), i;

	scene = *state;
	for (i = 0; i < runs; i++)
		by_chance(seed + i);
}

static void do_these(const char *names)
{
	char *text = strdup(names), *word, *rest = text;
	unsigned int i;

	length = 0;
	while ((word = strsep(&rest, " "))) {
		for (i = 0; i < num_actions && strcmp(actions[i].name, word); i++)
			;
		if (!*word)
			continue;
		if (i == num_actions)
			fail_msg("there is no action %s", word);
		path[length++] = i;
	}
	free(text);
	run();
}

static void test_given(void **state)
{
	scene = *state;
	do_these(getenv("SEARCH_DO"));
}

static void test_found(void **state)
{
	unsigned int i, k;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(found); i++) {
		for (k = 0; strcmp(scenes[k].name, found[i].scene); k++)
			;
		scene = &scenes[k];
		do_these(found[i].actions);
	}
}

int main(void)
{
	struct CMUnitTest tests[2 * ARRAY_SIZE(scenes) + 1];
	const char *only = getenv("SEARCH_SCENE");
	unsigned int i, n = 0;

	if (!only)
		tests[n++] = (struct CMUnitTest){ "found", test_found, setup, teardown, NULL };
	for (i = 0; i < ARRAY_SIZE(scenes); i++) {
		void *initial = (void *)&scenes[i];

		if (only ? strcmp(only, scenes[i].name) : scenes[i].deep && !whole())
			continue;
		if (getenv("SEARCH_DO")) {
			tests[n++] = (struct CMUnitTest){
				"given", test_given, setup, teardown, initial };
			continue;
		}
		tests[n++] = (struct CMUnitTest){ "all", test_all, setup, teardown, initial };
		tests[n++] = (struct CMUnitTest){ "chance", test_chance, setup, teardown, initial };
	}
	return _cmocka_run_group_tests("search", tests, n, NULL, NULL);
}
