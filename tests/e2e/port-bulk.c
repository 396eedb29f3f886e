// SPDX-License-Identifier: GPL-2.0
/*
 * Much data through a generic port, with no process for every few writes
 *
 *   port-bulk make SEED SIZE
 *   port-bulk move DEVICE SEED SEND RECEIVE <FILE
 *
 * The first writes SIZE bytes to standard output in which nothing repeats, so that any that are
 * lost, or come twice, change the sum. The second waits until the other end of the port is open.
 * Then it sends the first SEND bytes of FILE, in writes of any size up to MOST, while it receives
 * RECEIVE bytes, which go to standard output. A port can be opened once, so both go through
 * the same file.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define MOST	65536

#define CHECK(cond) do {							\
	if (!(cond)) {								\
		fprintf(stderr, "line %d: %s (errno: %s)\n", __LINE__, #cond,	\
			strerror(errno));					\
		exit(1);							\
	}									\
} while (0)

static unsigned long long state;

/* Marsaglia, "Xorshift RNGs", Journal of Statistical Software 8(14), 2003 */
static unsigned long long next(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

static void seed(const char *text)
{
	state = strtoull(text, NULL, 0) * 2 + 1;
}

static void write_all(int fd, const void *from, size_t size)
{
	const char *p = from;

	while (size) {
		ssize_t n = write(fd, p, size);

		CHECK(n > 0 && (size_t)n <= size);
		p += n;
		size -= n;
	}
}

static void make(size_t size)
{
	static unsigned long long block[MOST / sizeof(unsigned long long)];

	while (size) {
		size_t n = size < sizeof(block) ? size : sizeof(block);
		size_t i;

		for (i = 0; i < sizeof(block) / sizeof(*block); i++)
			block[i] = next();
		write_all(STDOUT_FILENO, block, n);
		size -= n;
	}
}

static void wait_for_other_end(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN | POLLOUT };

	for (;;) {
		CHECK(poll(&p, 1, 0) >= 0);
		if (!(p.revents & POLLHUP))
			return;
		usleep(10000);
	}
}

static void send_file(int fd, size_t size)
{
	static char buf[MOST];

	while (size) {
		size_t n = next() % MOST + 1;
		ssize_t got;

		got = read(STDIN_FILENO, buf, n < size ? n : size);
		CHECK(got > 0);
		write_all(fd, buf, got);
		size -= got;
	}
}

static void receive(int fd, size_t size)
{
	static char buf[MOST];

	while (size) {
		ssize_t got = read(fd, buf, size < sizeof(buf) ? size : sizeof(buf));

		CHECK(got > 0);
		write_all(STDOUT_FILENO, buf, got);
		size -= got;
	}
}

static void move(const char *device, size_t send, size_t size)
{
	int fd = open(device, O_RDWR);
	pid_t child;
	int status;

	CHECK(fd >= 0);
	wait_for_other_end(fd);
	child = fork();
	CHECK(child >= 0);
	if (!child) {
		send_file(fd, send);
		exit(0);
	}
	receive(fd, size);
	CHECK(waitpid(child, &status, 0) == child && status == 0);
}

int main(int argc, char **argv)
{
	CHECK(argc >= 4);
	if (!strcmp(argv[1], "make") && argc == 4) {
		seed(argv[2]);
		make(strtoul(argv[3], NULL, 0));
		return 0;
	}
	CHECK(!strcmp(argv[1], "move") && argc == 6);
	seed(argv[3]);
	move(argv[2], strtoul(argv[4], NULL, 0), strtoul(argv[5], NULL, 0));
	return 0;
}
