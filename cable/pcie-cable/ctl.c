// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "answer.h"
#include "cable.h"
#include "control.h"
#include "ctl.h"
#include "log.h"
#include "sock.h"

#define PATIENCE_MS	5000
#define PAUSE_MS	20
#define MAX_COLUMNS	8
#define MAX_HEADING	12
#define ERROR		"error: "

/* The words of a command in a line; its length, or 0 where they cannot be one */
static size_t join(char *line, int argc, char **argv)
{
	size_t len = 0, n;
	int i;

	for (i = 0; i < argc; i++) {
		n = strlen(argv[i]);
		if (strchr(argv[i], '\n') || len + n + 1 >= CONTROL_LINE_MAX)
			return 0;
		memcpy(line + len, argv[i], n);
		len += n;
		line[len++] = i + 1 < argc ? ' ' : '\n';
	}
	return len;
}

/* Where the last line of an answer begins, or NULL while it is not all there */
static const char *last_line(const char *text, size_t len)
{
	const char *line;

	if (!len || text[len - 1] != '\n')
		return NULL;
	line = memrchr(text, '\n', len - 1);
	line = line ? line + 1 : text;
	return !strcmp(line, "ok\n") || !strncmp(line, ERROR, strlen(ERROR)) ? line : NULL;
}

/* Where many clients wait to be accepted, so does this one, for a while. */
static int connect_soon(const char *path)
{
	unsigned int ms = 0;
	int fd;

	while ((fd = sock_connect(path)) == -EAGAIN && ms < PATIENCE_MS) {
		poll(NULL, 0, PAUSE_MS);
		ms += PAUSE_MS;
	}
	return fd;
}

/* Send the line and read the answer; its last line, or NULL after a message */
static const char *ask(const char *path, const char *line, size_t len, char *text)
{
	struct pollfd p = { .events = POLLIN };
	const char *end = NULL;
	size_t got = 0;
	ssize_t n = 1;
	int fd;

	fd = connect_soon(path);
	if (fd < 0) {
		log_event("%s: no pcie-cable answers there: %s", path, strerror(-fd));
		return NULL;
	}
	p.fd = fd;
	if (send(fd, line, len, MSG_NOSIGNAL) != (ssize_t)len)
		n = 0;
	while (n > 0 && !end && poll(&p, 1, PATIENCE_MS) > 0) {
		n = recv(fd, text + got, ANSWER_MAX - got, 0);
		got += n > 0 ? n : 0;
		text[got] = '\0';
		end = last_line(text, got);
	}
	close(fd);
	if (!end)
		log_event("%s: no whole answer came within %d s", path, PATIENCE_MS / 1000);
	return end;
}

static size_t cell_len(const char *cell)
{
	return strcspn(cell, "\t\n");
}

static bool is_number(const char *cell, size_t len)
{
	return len && strspn(cell, "0123456789.") >= len;
}

static void measure(const char *text, const char *end, size_t *width)
{
	unsigned int col = 0;
	size_t len;

	while (text < end) {
		len = cell_len(text);
		/* Running text at the end of a line has nothing to keep its distance to */
		if ((text[len] == '\t' || len <= MAX_HEADING) && col < MAX_COLUMNS &&
		    len > width[col])
			width[col] = len;
		col = text[len] == '\t' ? col + 1 : 0;
		text += len + 1;
	}
}

/* Text to the left, numbers to the right, as in other tables of counters */
static void print(const char *text, const char *end)
{
	size_t width[MAX_COLUMNS] = { 0 }, len;
	unsigned int col = 0;

	measure(text, end, width);
	while (text < end) {
		const int w = col < MAX_COLUMNS ? (int)width[col] : 0;

		len = cell_len(text);
		if (is_number(text, len))
			printf("%*.*s", w, (int)len, text);
		else if (text[len] == '\t')
			printf("%-*.*s", w, (int)len, text);
		else
			printf("%.*s", (int)len, text);
		fputs(text[len] == '\t' ? "  " : "\n", stdout);
		col = text[len] == '\t' ? col + 1 : 0;
		text += len + 1;
	}
}

int ctl_main(int argc, char **argv)
{
	char line[CONTROL_LINE_MAX], text[ANSWER_MAX + 1];
	const char *end;
	size_t len;

	if (argc < 2) {
		log_event("ctl: PATH and COMMAND are needed; see --help, or say: pcie-cable ctl PATH help");
		return CABLE_EXIT_USAGE;
	}
	len = join(line, argc - 1, argv + 1);
	if (!len) {
		log_event("ctl: a command is one line of up to %d characters", CONTROL_LINE_MAX - 1);
		return CABLE_EXIT_USAGE;
	}
	end = ask(argv[0], line, len, text);
	if (!end)
		return CABLE_EXIT_ERROR;
	print(text, end);
	if (strncmp(end, ERROR, strlen(ERROR)))
		return CABLE_EXIT_OK;
	log_event("%.*s", (int)cell_len(end), end);
	return CABLE_EXIT_REFUSED;
}
