// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "host_ram.h"
#include "log.h"

/* Programs that come and go at the same time, at most */
#define TRIES	100

/* @why, or what @error means; -@error */
static int refuse(const struct host_ram *ram, int error, const char *why)
{
	if (why)
		log_event("%s: %s", ram->path, why);
	else
		log_event("%s: cannot be the host's RAM: %s", ram->path, strerror(error));
	return -error;
}

static int no_room(const struct host_ram *ram, uint64_t left)
{
	log_event("%s: no room for %lluM; its file system has %lluM left", ram->path,
		  (unsigned long long)ram->size >> 20, (unsigned long long)left >> 20);
	return -ENOSPC;
}

/* Take all the room that the file will need, so that none can be missing later. */
static int reserve(const struct host_ram *ram, uint64_t has)
{
	struct statvfs fs;
	uint64_t left;
	int error;

	if (fstatvfs(ram->fd, &fs))
		return refuse(ram, errno, NULL);
	left = (uint64_t)fs.f_bavail * fs.f_frsize;
	/* To try would take all that is left from others, for a moment. */
	if (fs.f_blocks && has < ram->size && ram->size - has > left)
		return no_room(ram, left);
	error = posix_fallocate(ram->fd, 0, ram->size);
	if (error == ENOSPC)
		return no_room(ram, left);
	return error ? refuse(ram, error, NULL) : 0;
}

/* Open the file, or make it; what somebody else has put there does not wait, or lead elsewhere. */
static int open_file(struct host_ram *ram, int *fd)
{
	*fd = open(ram->path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	ram->created = *fd >= 0;
	if (*fd < 0 && errno == EEXIST)
		*fd = open(ram->path, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
	if (*fd >= 0)
		return 0;
	return refuse(ram, errno, errno == ELOOP ? "is a symbolic link; a file is allowed" : NULL);
}

/* Is the file one that may be written to? */
static int check_file(const struct host_ram *ram, const struct stat *st)
{
	if (!S_ISREG(st->st_mode) || (st->st_size && (uint64_t)st->st_size != ram->size)) {
		log_event("%s: is there, but no file of %llu bytes; remove it, or give its size",
			  ram->path, (unsigned long long)ram->size);
		return -EEXIST;
	}
	if (st->st_uid != geteuid())
		return refuse(ram, EPERM,
			      "belongs to another user; a file of one's own, or none, is allowed");
	if (st->st_mode & 0022)
		return refuse(ram, EPERM,
			      "others may write to it; a file to which its owner alone may write is allowed");
	if (st->st_nlink > 1)
		return refuse(ram, EPERM,
			      "has another name, too; a file with one name is allowed");
	return 0;
}

static bool is_named(const struct host_ram *ram, const struct stat *st)
{
	struct stat named;

	return !lstat(ram->path, &named) && named.st_dev == st->st_dev &&
	       named.st_ino == st->st_ino;
}

/*
 * Take the file for this program alone.  The lock is one of an open file that nobody else has:
 * machines get a descriptor of another one.  1: another program has removed the file meanwhile.
 */
static int take_file(struct host_ram *ram, struct stat *st)
{
	int ret;

	ret = open_file(ram, &ram->lock);
	if (ret)
		return ret;
	ret = fstat(ram->lock, st) ? refuse(ram, errno, NULL) : check_file(ram, st);
	if (ret)
		goto err_lock;
	if (flock(ram->lock, LOCK_EX | LOCK_NB)) {
		ret = refuse(ram, errno, errno == EWOULDBLOCK ? "another pcie-cable uses it" : NULL);
		goto err_lock;
	}
	ret = 1;
	ram->fd = open(ram->path, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
	if (ram->fd < 0)
		goto err_lock;
	if (fstat(ram->lock, st) || !is_named(ram, st) || !host_ram_is(ram, ram->lock))
		goto err_fd;
	/* Whoever is first to have it alone has made it. */
	ram->created |= !st->st_size;
	return 0;

err_fd:
	close(ram->fd);
err_lock:
	close(ram->lock);
	return ret;
}

static void give_back(const struct host_ram *ram)
{
	struct stat st;

	if (ram->created && !fstat(ram->lock, &st) && is_named(ram, &st))
		unlink(ram->path);
	close(ram->fd);
	close(ram->lock);
}

int host_ram_open(struct host_ram *ram, const char *path, uint64_t size,
		  void (*lost)(void *arg), void *arg)
{
	unsigned int tries = TRIES;
	struct stat st;
	int ret;

	*ram = (struct host_ram){ .path = path, .size = size };
	do
		ret = take_file(ram, &st);
	while (ret == 1 && tries--);
	if (ret)
		return ret == 1 ? refuse(ram, EBUSY, NULL) : ret;
	ret = reserve(ram, (uint64_t)st.st_blocks * 512);
	if (ret)
		goto err_file;
	ram->mem = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, ram->fd, 0);
	if (ram->mem == MAP_FAILED) {
		ret = refuse(ram, errno, NULL);
		goto err_file;
	}
	ram->map = (struct mem_map){ .mem = ram->mem, .size = size, .lost = lost, .arg = arg };
	mem_add(&ram->map);
	return 0;

err_file:
	give_back(ram);
	return ret;
}

void host_ram_close(struct host_ram *ram)
{
	mem_del(&ram->map);
	munmap(ram->mem, ram->size);
	give_back(ram);
}

bool host_ram_is(const struct host_ram *ram, int fd)
{
	const unsigned int mask = STATX_TYPE | STATX_INO;
	struct statx ours, theirs;

	/* What is known of it, without asking its file system, which may be another's. */
	return !statx(ram->fd, "", AT_EMPTY_PATH, mask, &ours) &&
	       !statx(fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, mask, &theirs) &&
	       ours.stx_dev_major == theirs.stx_dev_major &&
	       ours.stx_dev_minor == theirs.stx_dev_minor && ours.stx_ino == theirs.stx_ino;
}
