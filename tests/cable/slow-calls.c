// SPDX-License-Identifier: GPL-2.0
/*
 * To be preloaded: calls that take longer than usual, so that others come in between, or fail
 *
 * SLOW_MAPS_MS: to open the map of another process's memory, as where that is being changed
 *	all the time
 * SLOW_UNLINK_MS: to remove a file
 * SLOW_FULL_MS: to be told that a disk is full
 * NO_THREADS: there are as many threads as there may be
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void wait_for(const char *name)
{
	const char *ms = getenv(name);

	if (ms)
		usleep(1000 * atoi(ms));
}

FILE *fopen(const char *path, const char *mode)
{
	static FILE *(*real)(const char *path, const char *mode);
	const size_t len = strlen(path);

	if (!real)
		*(void **)&real = dlsym(RTLD_NEXT, "fopen");
	if (len > 5 && !strcmp(path + len - 5, "/maps") && strcmp(path, "/proc/self/maps"))
		wait_for("SLOW_MAPS_MS");
	return real(path, mode);
}

int unlink(const char *path)
{
	static int (*real)(const char *path);

	if (!real)
		*(void **)&real = dlsym(RTLD_NEXT, "unlink");
	wait_for("SLOW_UNLINK_MS");
	return real(path);
}

ssize_t write(int fd, const void *data, size_t len)
{
	static ssize_t (*real)(int fd, const void *data, size_t len);
	ssize_t ret;

	if (!real)
		*(void **)&real = dlsym(RTLD_NEXT, "write");
	ret = real(fd, data, len);
	if (ret < 0 && errno == ENOSPC) {
		wait_for("SLOW_FULL_MS");
		errno = ENOSPC;
	}
	return ret;
}

int pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*run)(void *arg), void *arg)
{
	static int (*real)(pthread_t *thread, const pthread_attr_t *attr, void *(*run)(void *arg),
			   void *arg);

	if (getenv("NO_THREADS"))
		return EAGAIN;
	if (!real)
		*(void **)&real = dlsym(RTLD_NEXT, "pthread_create");
	return real(thread, attr, run, arg);
}
