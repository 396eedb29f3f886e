// SPDX-License-Identifier: GPL-2.0
#include <inttypes.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "drops.h"
#include "log.h"
#include "writer.h"

#define LOG_PREFIX	"pcie-cable: "
#define BUFFER		(256u << 10)
#define LAST_MS		1000
#define NS_PER_S	1000000000ll
#define PERIOD_NS	NS_PER_S
#define PERIOD_MAX_NS	(64 * NS_PER_S)
#define QUIET_NS	(10 * NS_PER_S)
#define NOTICE_MAX	128	/* longer than a line about the log itself */

bool log_verbose;

static struct writer writer;
static bool started;
static uint64_t lost;		/* after the last line that was taken */
static uint64_t unwritten;	/* before the last line that was written */
static uint64_t left_out;	/* of all sites */

static void put_number(uint64_t *lines, const char *what)
{
	char line[NOTICE_MAX];
	int n;

	n = snprintf(line, sizeof(line), LOG_PREFIX "%" PRIu64 " lines %s\n", *lines, what);
	writer_put(&writer, line, n);
	*lines = 0;
}

/* A disk that is full may have room again: as soon as it has, it is said what is missing. */
static void look_for_unwritten(void)
{
	const uint64_t before = unwritten;
	const bool well = writer_go_on(&writer, &unwritten);
	uint64_t n;

	for (n = before; n < unwritten; n++)
		drop_count(DROP_LOG_LOST);
	if (well && unwritten)
		put_number(&unwritten, "could not be written");
}

/* One write per line, so that lines of several writers do not mix. */
static void put(const char *line, size_t len)
{
	if (!started) {
		/* Nobody can be told of an error. */
		if (write(STDERR_FILENO, line, len) < 0)
			return;
		return;
	}
	look_for_unwritten();
	if (writer_fits(&writer, len + NOTICE_MAX)) {
		if (lost)
			put_number(&lost, "were lost here, as nobody took them");
		writer_put(&writer, line, len);
	} else {
		lost++;
		drop_count(DROP_LOG_LOST);
	}
}

int log_start(void)
{
	const int ret = writer_open(&writer, STDERR_FILENO, BUFFER, 0);

	started = !ret;
	return ret;
}

void log_stop(void)
{
	if (!started)
		return;
	if (left_out)
		log_line("%" PRIu64 " lines were left out, as they came too often", left_out);
	if (lost)
		put_number(&lost, "were lost here, as nobody took them");
	writer_close(&writer, LAST_MS);
}

static int64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * NS_PER_S + ts.tv_nsec;
}

static void refill(struct log_site *site, int64_t now)
{
	int64_t more;

	if (!site->used || now - site->last_ns > QUIET_NS) {
		site->used = 0;
		site->period_ns = PERIOD_NS;
		site->refilled_ns = now;
	}
	more = (now - site->refilled_ns) / site->period_ns;
	site->refilled_ns += more * site->period_ns;
	site->used -= more < site->used ? more : site->used;
	site->last_ns = now;
}

bool log_may(struct log_site *site)
{
	refill(site, now_ns());
	if (site->used == LOG_BURST) {
		site->left_out++;
		left_out++;
		drop_count(DROP_LOG_LIMITED);
		return false;
	}
	if (++site->used == LOG_BURST && site->period_ns < PERIOD_MAX_NS)
		site->period_ns *= 2;
	if (site->left_out)
		log_line("%" PRIu64 " lines like the next one were left out", site->left_out);
	left_out -= site->left_out;
	site->left_out = 0;
	return true;
}

void log_line(const char *fmt, ...)
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
	put(line, len);
}
