/* SPDX-License-Identifier: GPL-2.0 */
/*
 * sock: Unix sockets, listening and connecting, never blocking
 *
 * Offered to:	cable (one listener per machine), vfu_conn, control, qmp and ctl.
 */
#ifndef CABLE_SOCK_H
#define CABLE_SOCK_H

#include <sys/types.h>

#include "aside.h"
#include "loop.h"

struct sock_listener {
	struct loop_source src;
	struct loop *loop;
	struct loop_timer pause;
	struct aside_owner owner;	/* who connects */
	const char *path;
	dev_t dev;			/* of the socket there */
	ino_t ino;
	void (*accepted)(void *arg, int fd);	/* takes @fd over */
	void *arg;
};

/*
 * Listen at @path, which must stay valid, for those whom @mode lets in.  A socket that nobody
 * listens at is replaced.  0, or a negative errno: -EADDRINUSE when somebody does listen,
 * -EEXIST when there is something that is no socket, -EBUSY when somebody has locked the
 * folder, -ENAMETOOLONG.
 */
int sock_listen(struct sock_listener *l, struct loop *loop, const char *path, mode_t mode,
		void (*accepted)(void *arg, int fd), void *arg);

/* Stop listening, before the end of the process, and remove the socket, if it is there still. */
void sock_unlisten(struct sock_listener *l);

/* A connected, non-blocking descriptor, or a negative errno */
int sock_connect(const char *path);

/*
 * Close a connection.  Its other end hears of that at once; but what it has sent, and nobody
 * has taken, may have descriptors in it that take a while to close.
 */
void sock_close(int fd, struct aside_owner *owner);

/* The same of one that was accepted, and is not wanted */
void sock_refuse(int fd, struct aside_owner *owner);

#endif /* CABLE_SOCK_H */
