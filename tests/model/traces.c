// SPDX-License-Identifier: GPL-2.0
/*
 * What real drivers were seen to do, against the programs
 *
 * A trace is a text file, SUFFIX at the end of its name, of lines as host_print()
 * writes them, behind a head of comments:
 *
 *	# program: KEY QUEUES
 *	# features: NUMBER	if they are not those of the program's device
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "checks.h"

#define SUFFIX		".txt"
#define MAX_LINE	256

/* In place of a line, behind the last one */
#define NOTHING		"nothing more"

/**
 * struct trace - a trace that is being read
 * @path: of the file
 * @file: the file
 * @line: the line that was read last, without its end
 * @number: of that line
 */
struct trace {
	const char *path;
	FILE *file;
	char line[MAX_LINE];
	unsigned int number;
};

static unsigned int differs(const struct trace *t, const char *what)
{
	printf("FAILED: %s:%u: %s\n", t->path, t->number, what);
	return 1;
}

static bool next_line(struct trace *t)
{
	t->number++;
	if (fgets(t->line, sizeof(t->line), t->file)) {
		t->line[strcspn(t->line, "\n")] = '\0';
		return true;
	}
	snprintf(t->line, sizeof(t->line), NOTHING);
	return false;
}

/* The head, up to the first access, which is in @t->line then */
static bool read_head(struct trace *t, struct program *program, struct device *device,
		      unsigned int *queues)
{
	const struct program *p = NULL;
	bool has_features = false;
	char key[MAX_LINE];
	unsigned int features = 0;

	while (next_line(t) && t->line[0] == '#') {
		if (sscanf(t->line, "# program: %s %u", key, queues) == 2)
			p = find_program(key);
		else if (sscanf(t->line, "# features: %x", &features) == 1)
			has_features = true;
	}
	if (!p || !*queues || *queues > HOST_MAX_QUEUES)
		return false;
	*program = *p;
	*device = *p->device;
	if (has_features)
		device->features = features;
	program->device = device;
	return true;
}

static unsigned int compare(struct trace *t)
{
	char expected[HOST_LINE], text[2 * MAX_LINE];
	static struct host host;
	struct program program;
	struct device device;
	unsigned int queues = 0, pc;

	if (!read_head(t, &program, &device, &queues))
		return differs(t, "the head does not name a program and 1 to 6 queues");
	host_expand(&host, &program, queues);
	for (pc = 0; pc < host.len; pc = host.op[pc].next) {
		if (!host_line(&host.op[pc], expected))
			continue;
		if (strcmp(t->line, expected))
			break;
		next_line(t);
	}
	if (pc >= host.len)
		snprintf(expected, sizeof(expected), NOTHING);
	if (!strcmp(t->line, expected))
		return 0;
	snprintf(text, sizeof(text), "program %s, %u queues: %s; the driver: %s", program.key,
		 queues, expected, t->line);
	return differs(t, text);
}

static unsigned int check_trace(const char *dir, const char *name)
{
	struct trace t = { };
	unsigned int bad;
	char path[4096];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	num_checks++;
	t.path = path;
	t.file = fopen(path, "r");
	if (!t.file)
		return differs(&t, strerror(errno));
	bad = compare(&t);
	fclose(t.file);
	if (!bad)
		printf("as in its program: %s\n", name);
	return bad;
}

static int is_trace(const struct dirent *entry)
{
	size_t len = strlen(entry->d_name);

	return len > strlen(SUFFIX) && !strcmp(entry->d_name + len - strlen(SUFFIX), SUFFIX);
}

unsigned int check_traces(const char *dir)
{
	struct dirent **entries;
	int i, n = scandir(dir, &entries, is_trace, alphasort);
	unsigned int bad = 0;

	if (n <= 0) {
		printf("FAILED: %s: %s\n", dir, n ? strerror(errno) : "no traces there");
		num_checks++;
		return 1;
	}
	for (i = 0; i < n; i++) {
		bad += check_trace(dir, entries[i]->d_name);
		free(entries[i]);
	}
	free(entries);
	return bad;
}
