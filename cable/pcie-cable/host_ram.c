// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "host_ram.h"
#include "log.h"

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
	int ret;

	if (fstatvfs(ram->fd, &fs))
		return -errno;
	left = (uint64_t)fs.f_bavail * fs.f_frsize;
	/* To try would take all that is left from others, for a moment. */
	if (fs.f_blocks && has < ram->size && ram->size - has > left)
		return no_room(ram, left);
	ret = -posix_fallocate(ram->fd, 0, ram->size);
	return ret == -ENOSPC ? no_room(ram, left) : ret;
}

int host_ram_open(struct host_ram *ram, const char *path, uint64_t size,
		  void (*lost)(void *arg), void *arg)
{
	struct stat st;
	int ret;

	*ram = (struct host_ram){ .path = path, .size = size };
	ram->fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	ram->created = ram->fd >= 0;
	if (ram->fd < 0 && errno == EEXIST)
		ram->fd = open(path, O_RDWR | O_CLOEXEC);
	if (ram->fd < 0 || fstat(ram->fd, &st))
		goto err_errno;

	if (!S_ISREG(st.st_mode) || (st.st_size && (uint64_t)st.st_size != size)) {
		log_event("%s: is there, but no file of %llu bytes; remove it, or give its size",
			  path, (unsigned long long)size);
		ret = -EEXIST;
		goto err_close;
	}
	ret = reserve(ram, (uint64_t)st.st_blocks * 512);
	if (ret == -ENOSPC)
		goto err_close;
	if (ret)
		goto err_ret;
	ram->mem = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, ram->fd, 0);
	if (ram->mem == MAP_FAILED)
		goto err_errno;
	ram->map = (struct mem_map){ .mem = ram->mem, .size = size, .lost = lost, .arg = arg };
	mem_add(&ram->map);
	return 0;

err_errno:
	ret = -errno;
err_ret:
	log_event("%s: cannot be the host's RAM: %s", path, strerror(-ret));
err_close:
	if (ram->fd >= 0)
		close(ram->fd);
	if (ram->created)
		unlink(path);
	return ret;
}

void host_ram_close(struct host_ram *ram)
{
	mem_del(&ram->map);
	munmap(ram->mem, ram->size);
	close(ram->fd);
	if (ram->created)
		unlink(ram->path);
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
