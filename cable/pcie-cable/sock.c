// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "drops.h"
#include "log.h"
#include "sock.h"

#define BACKLOG		16
#define PAUSE_MS	100

/*
 * Others have a folder for as long as they need for one socket.  Whoever may read it can lock
 * it for longer, which is not to keep this program from its end.
 */
#define LOCK_MAX_MS	2000
#define UNLISTEN_MAX_MS	100
#define LOCK_PAUSE_MS	5

static int set_addr(struct sockaddr_un *addr, const char *path)
{
	const size_t len = strlen(path);

	if (!len)
		return -ENOENT;
	if (len >= sizeof(addr->sun_path))
		return -ENAMETOOLONG;
	*addr = (struct sockaddr_un){ .sun_family = AF_UNIX };
	memcpy(addr->sun_path, path, len + 1);
	return 0;
}

/*
 * What its peer sends out of band comes as other bytes do.  Else the kernel drops it when the
 * next byte is read, and closes the descriptors that came along, for which nobody must wait.
 */
static void take_in_line(int fd)
{
	const int on = 1;

	setsockopt(fd, SOL_SOCKET, SO_OOBINLINE, &on, sizeof(on));
}

int sock_connect(const char *path)
{
	struct sockaddr_un addr;
	int fd, ret;

	ret = set_addr(&addr, path);
	if (ret)
		return ret;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	if (connect(fd, (struct sockaddr *)&addr, sizeof(addr))) {
		ret = -errno;
		close(fd);
		return ret;
	}
	take_in_line(fd);
	return fd;
}

/* Closed where there is no other, so that a connection can be accepted and refused */
static int spare_fd = -1;

static bool keep_spare(void)
{
	if (spare_fd < 0)
		spare_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	return spare_fd >= 0;
}

void sock_refuse(int fd, struct aside_owner *owner)
{
	drop_count(DROP_CONNECTION);
	sock_close(fd, owner);
}

void sock_close(int fd, struct aside_owner *owner)
{
	int unread;

	shutdown(fd, SHUT_RDWR);
	/* No more comes now. Descriptors come with bytes. */
	if (!ioctl(fd, SIOCINQ, &unread) && !unread)
		close(fd);
	else
		aside_close(fd, owner);
}

/*
 * While a program looks who listens at a path, and puts its own socket there, no other one does
 * the same: it locks the folder.  A descriptor for unlock_folder(); -EBUSY; or another error
 * where a folder cannot be locked, which does no harm as long as one program begins at a time.
 */
static int lock_folder(const char *path, unsigned int max_ms)
{
	const struct timespec pause = { .tv_nsec = LOCK_PAUSE_MS * 1000000 };
	const char *end = strrchr(path, '/');
	char folder[sizeof(((struct sockaddr_un *)0)->sun_path) + 1];
	unsigned int ms;
	int fd, ret;

	snprintf(folder, sizeof(folder), "%.*s", end ? (int)(end - path) + 1 : 1, end ? path : ".");
	fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	for (ms = 0; flock(fd, LOCK_EX | LOCK_NB); ms += LOCK_PAUSE_MS) {
		ret = errno == EWOULDBLOCK ? -EBUSY : -errno;
		if (ret != -EBUSY || ms >= max_ms) {
			close(fd);
			return ret;
		}
		nanosleep(&pause, NULL);
	}
	return fd;
}

static void unlock_folder(int fd)
{
	if (fd >= 0)
		close(fd);
}

/* Make room at @path if what is there was left behind. */
static int remove_stale(const char *path, struct aside_owner *owner)
{
	struct stat st;
	int fd;

	if (lstat(path, &st))
		return errno == ENOENT ? 0 : -errno;
	if (!S_ISSOCK(st.st_mode))
		return -EEXIST;
	fd = sock_connect(path);
	/* Whoever listens there may have sent something already. */
	if (fd >= 0)
		sock_close(fd, owner);
	if (fd != -ECONNREFUSED)
		return -EADDRINUSE;
	return unlink(path) ? -errno : 0;
}

/* Who wants to connect waits for a while. */
static void pause_listener(struct sock_listener *l)
{
	loop_modify(l->loop, &l->src, 0);
	loop_timer_arm(l->loop, &l->pause, PAUSE_MS);
}

static void pause_over(struct loop_timer *timer)
{
	struct sock_listener *l = (struct sock_listener *)((char *)timer -
							   offsetof(struct sock_listener, pause));

	loop_modify(l->loop, &l->src, EPOLLIN);
}

static int accept_from(const struct sock_listener *l)
{
	return accept4(l->src.fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
}

/* A connection that is not accepted stays, and is reported for ever. */
static void refuse_next(struct sock_listener *l)
{
	int fd;

	close(spare_fd);
	spare_fd = -1;
	fd = accept_from(l);
	if (fd >= 0) {
		log_event("%s: a connection is refused: too many descriptors are open", l->path);
		sock_refuse(fd, &l->owner);
	}
}

static void listener_ready(struct loop_source *src, uint32_t events)
{
	struct sock_listener *l = (struct sock_listener *)src;
	int fd;

	(void)events;
	if (aside_is_behind(&l->owner)) {
		log_event("%s: nobody can connect until the descriptors are closed that came with messages",
			  l->path);
		pause_listener(l);
		return;
	}
	/* The next one that is free is for this, before anybody can have it. */
	if (!keep_spare()) {
		pause_listener(l);
		return;
	}
	fd = accept_from(l);
	if (fd >= 0) {
		take_in_line(fd);
		l->accepted(l->arg, fd);
	} else if (errno == EMFILE || errno == ENFILE) {
		refuse_next(l);
		pause_listener(l);
	} else if (errno != EAGAIN && errno != ECONNABORTED && errno != EINTR) {
		log_event("%s: accept: %s", l->path, strerror(errno));
		pause_listener(l);
	}
}

/* Bind and listen; what is at the path from then on is ours. */
static int listen_at(struct sock_listener *l, const struct sockaddr_un *addr, mode_t mode)
{
	const mode_t before = umask(0777 & ~mode);
	const int bound = bind(l->src.fd, (const struct sockaddr *)addr, sizeof(*addr));
	int ret = bound ? -errno : 0;
	struct stat st;

	umask(before);
	if (ret)
		return ret;
	if (lstat(l->path, &st) || listen(l->src.fd, BACKLOG)) {
		ret = -errno;
		unlink(l->path);
		return ret;
	}
	l->dev = st.st_dev;
	l->ino = st.st_ino;
	return 0;
}

int sock_listen(struct sock_listener *l, struct loop *loop, const char *path, mode_t mode,
		void (*accepted)(void *arg, int fd), void *arg)
{
	struct sockaddr_un addr;
	int folder, ret;

	ret = set_addr(&addr, path);
	if (ret)
		return ret;
	*l = (struct sock_listener){
		.src = { .ready = listener_ready },
		.pause.fire = pause_over,
		.loop = loop,
		.path = path,
		.accepted = accepted,
		.arg = arg,
	};
	folder = lock_folder(path, LOCK_MAX_MS);
	if (folder == -EBUSY)
		return folder;
	ret = remove_stale(path, &l->owner);
	if (ret)
		goto err_folder;
	l->src.fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (l->src.fd < 0) {
		ret = -errno;
		goto err_folder;
	}
	ret = listen_at(l, &addr, mode);
	if (ret)
		goto err_fd;
	ret = loop_add(loop, &l->src, EPOLLIN);
	if (ret)
		goto err_path;
	unlock_folder(folder);
	keep_spare();
	return 0;

err_path:
	unlink(path);
err_fd:
	close(l->src.fd);
err_folder:
	unlock_folder(folder);
	return ret;
}

void sock_unlisten(struct sock_listener *l)
{
	const int folder = lock_folder(l->path, UNLISTEN_MAX_MS);
	struct stat st;

	loop_timer_cancel(l->loop, &l->pause);
	loop_del(l->loop, &l->src);
	/* Another may have its own there by now; the number is ours until the socket is closed. */
	if (!lstat(l->path, &st) && st.st_dev == l->dev && st.st_ino == l->ino)
		unlink(l->path);
	unlock_folder(folder);
	/*
	 * It is closed at the end of the process.  With it go those who were not let in yet, and
	 * the descriptors that they have sent, which may take a while to close here.
	 */
}
