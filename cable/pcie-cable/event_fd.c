// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <linux/aio_abi.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "event_fd.h"
#include "log.h"

/* Reads of which nobody has taken the result yet */
#define QUEUE	64

static aio_context_t queue;
static int null_fd = -1;

int event_fd_init(void)
{
	int ret;

	null_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (null_fd < 0) {
		ret = -errno;
		log_event("/dev/null: cannot be read: %s", strerror(-ret));
		return ret;
	}
	if (!syscall(SYS_io_setup, QUEUE, &queue))
		return 0;
	ret = -errno;
	log_event("interrupts need asynchronous I/O, io_setup(2): %s%s", strerror(-ret),
		  ret == -EAGAIN ? "; a larger /proc/sys/fs/aio-max-nr is needed" : "");
	close(null_fd);
	return ret;
}

bool event_fd_is(int fd)
{
	static const char name[] = "anon_inode:[eventfd]";
	char path[32], target[sizeof(name)];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	/* The path of a file that has one begins with a slash */
	return readlink(path, target, sizeof(target)) == (ssize_t)strlen(name) &&
	       !memcmp(target, name, strlen(name));
}

/* They have ended, and what they read is nothing. */
static void take_results(void)
{
	struct io_event results[QUEUE];
	struct timespec no_time = { 0 };

	syscall(SYS_io_getevents, queue, 0, QUEUE, results, &no_time);
}

int event_fd_signal(int fd)
{
	struct iocb read = {
		.aio_fildes = null_fd,
		.aio_lio_opcode = IOCB_CMD_PREAD,
		.aio_flags = IOCB_FLAG_RESFD,
		.aio_resfd = fd,
	};
	struct iocb *list = &read;

	if (syscall(SYS_io_submit, queue, 1, &list) == 1)
		return 0;
	if (errno != EAGAIN)
		return -errno;
	take_results();
	return syscall(SYS_io_submit, queue, 1, &list) == 1 ? 0 : -errno;
}
