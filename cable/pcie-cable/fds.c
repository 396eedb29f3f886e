// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "drops.h"
#include "event_fd.h"
#include "fds.h"

static void take(struct fds *fds, const struct cmsghdr *cm)
{
	const unsigned int n = (cm->cmsg_len - CMSG_LEN(0)) / sizeof(int);
	unsigned int i;
	int fd;

	for (i = 0; i < n; i++) {
		memcpy(&fd, CMSG_DATA(cm) + i * sizeof(fd), sizeof(fd));
		if (fds->num < FDS_MAX)
			fds->fd[fds->num++] = fd;
		else
			close(fd);	/* Never: no message brings more */
	}
}

ssize_t fds_receive(int sock, void *buf, size_t len, struct fds *fds)
{
	/* With room for all, the kernel has none to close in here. */
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(FDS_MAX * sizeof(int))];
	struct iovec iov = { .iov_base = buf, .iov_len = len };
	struct msghdr mh = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control),
	};
	struct cmsghdr *cm;
	ssize_t n;

	fds->num = 0;
	do
		n = recvmsg(sock, &mh, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	for (cm = CMSG_FIRSTHDR(&mh); cm; cm = CMSG_NXTHDR(&mh, cm))
		if (cm->cmsg_level == SOL_SOCKET && cm->cmsg_type == SCM_RIGHTS)
			take(fds, cm);
	return mh.msg_flags & MSG_CTRUNC ? -EMSGSIZE : n;
}

ssize_t fds_receive_none(int sock, void *buf, size_t len, struct aside_owner *owner)
{
	struct fds fds;
	ssize_t n = fds_receive(sock, buf, len, &fds);

	while (fds.num)
		fds_close(fds.fd[--fds.num], owner);
	return n;
}

bool fds_is_memory(int fd)
{
	/* No other file can be sealed; the kernel tells without asking the file's system. */
	return fcntl(fd, F_GET_SEALS) >= 0;
}

bool fds_close(int fd, struct aside_owner *owner)
{
	/* No epoll takes such a file, and its file system waits for nobody. */
	if (fds_is_memory(fd)) {
		close(fd);
		return true;
	}
	if (!event_fd_is(fd))
		drop_count(DROP_FD);
	aside_close(fd, owner);
	return false;
}
