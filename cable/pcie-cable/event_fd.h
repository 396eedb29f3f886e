/* SPDX-License-Identifier: GPL-2.0 */
/*
 * event_fd: signalling eventfds that belong to others
 *
 * Offered to:	vfu_irq (interrupts) and vfu_conn (which descriptors it was sent).
 *
 * Whether write(2) to an eventfd waits while its counter is full is decided by O_NONBLOCK,
 * a flag of the open file, which all have in common who hold a descriptor of it.  So no
 * write to the eventfd of another process can be kept from waiting: whatever the flag is
 * at one moment, at the next it is what the other wants.  What never waits is the kernel's
 * own eventfd_signal(): it is what happens when an asynchronous read (io_submit(2)) of
 * /dev/null ends, which it does before that call returns.
 */
#ifndef CABLE_EVENT_FD_H
#define CABLE_EVENT_FD_H

#include <stdbool.h>

/* Before all else here; 0, or a negative errno after a message */
int event_fd_init(void);

/* Is @fd an eventfd? */
bool event_fd_is(int fd);

/*
 * Add 1 to the counter of @fd, an eventfd, unless it is as high as it goes; never waits.
 * 0, or a negative errno.
 */
int event_fd_signal(int fd);

#endif /* CABLE_EVENT_FD_H */
