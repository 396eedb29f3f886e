// SPDX-License-Identifier: GPL-2.0
/*
 * What a program on the endpoint finds at a generic port, whatever is behind it
 *
 *   port-check closed|open|full|gone DEVICE
 *
 * The host's end is closed; open, and nothing comes from it; open, and nobody reads there;
 * open, and after "ready" was printed the port is taken away.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CHECK(cond) do {							\
	if (!(cond)) {								\
		printf("line %d: %s (errno: %s)\n", __LINE__, #cond,		\
		       strerror(errno));					\
		exit(1);							\
	}									\
} while (0)

static volatile sig_atomic_t signals;

static void count(int signal)
{
	(void)signal;
	signals++;
}

static short events(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN | POLLOUT };

	CHECK(poll(&p, 1, 0) >= 0);
	return p.revents & (POLLIN | POLLOUT | POLLHUP);
}

static int fails(ssize_t ret, int error)
{
	return ret < 0 && errno == error;
}

static void closed(int fd)
{
	char c;

	CHECK(events(fd) == (POLLIN | POLLHUP));
	CHECK(read(fd, &c, 1) == 0);
	CHECK(fails(write(fd, "x", 1), EAGAIN));
}

static void opened(int fd)
{
	const void *volatile nowhere = NULL;
	char c;

	CHECK(events(fd) == POLLOUT);
	CHECK(fails(read(fd, &c, 1), EAGAIN));
	CHECK(read(fd, &c, 0) == 0 || errno == EAGAIN);
	CHECK(write(fd, "abc", 3) == 3);
	CHECK(write(fd, "", 0) == 0);
	CHECK(fails(write(fd, nowhere, 1), EFAULT));
	CHECK(fails(lseek(fd, 0, SEEK_SET), ESPIPE));
}

static void full(int fd)
{
	static char buf[5000];
	long sent = 0;
	ssize_t n;
	int tries;

	/* What is sent goes on to the host's driver for a while */
	for (tries = 0; tries < 20; tries++) {
		while ((n = write(fd, buf, sizeof(buf))) > 0)
			sent += n;
		CHECK(fails(n, EAGAIN));
		usleep(100000);
	}
	CHECK(sent > 65536);
	CHECK(events(fd) == 0);
}

static void gone(int fd)
{
	char c;

	signal(SIGIO, count);
	CHECK(!fcntl(fd, F_SETOWN, getpid()));
	CHECK(!fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_ASYNC));
	puts("ready");
	fflush(stdout);
	/* signal() has set SA_RESTART: it goes on waiting */
	CHECK(fails(read(fd, &c, 1), ENODEV));
	CHECK(signals);
	CHECK(events(fd) == POLLHUP);
	CHECK(fails(read(fd, &c, 1), ENODEV));
	CHECK(fails(write(fd, "x", 1), ENODEV));
}

int main(int argc, char **argv)
{
	int fd;

	CHECK(argc == 3);
	fd = open(argv[2], O_RDWR | (strcmp(argv[1], "gone") ? O_NONBLOCK : 0));
	CHECK(fd >= 0);
	CHECK(fails(open(argv[2], O_RDWR), EBUSY));
	/* The host hears that it is open, and answers nothing to that */
	sleep(1);
	if (!strcmp(argv[1], "closed"))
		closed(fd);
	else if (!strcmp(argv[1], "open"))
		opened(fd);
	else if (!strcmp(argv[1], "full"))
		full(fd);
	else if (!strcmp(argv[1], "gone"))
		gone(fd);
	else
		CHECK(!"a known state");
	puts("passed");
	return 0;
}
