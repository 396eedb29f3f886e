/* SPDX-License-Identifier: GPL-2.0 */
/*
 * fds: descriptors that others send along with their messages
 *
 * Offered to:	vfu_conn, and control and qmp, which want none.
 *
 * They come from processes that are not trusted, and may be anything: all that is done with
 * one before it is known to be harmless must not wait for its owner.
 */
#ifndef CABLE_FDS_H
#define CABLE_FDS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "aside.h"

/* The most that one message brings, SCM_MAX_FD of the kernel */
#define FDS_MAX		253

struct fds {
	unsigned int num;
	int fd[FDS_MAX];
};

/*
 * As recv(2), without waiting, with the descriptors that came along; -EMSGSIZE where some
 * were lost, as this process has too many.
 */
ssize_t fds_receive(int sock, void *buf, size_t len, struct fds *fds);

/* The same, but descriptors are not wanted, and closed */
ssize_t fds_receive_none(int sock, void *buf, size_t len, struct aside_owner *owner);

/* Is it a file that is memory (tmpfs, memfd, hugetlbfs)?  No access to one waits for others. */
bool fds_is_memory(int fd);

/* Close it, never waiting for its owner; false: that may take a while yet. */
bool fds_close(int fd, struct aside_owner *owner);

#endif /* CABLE_FDS_H */
