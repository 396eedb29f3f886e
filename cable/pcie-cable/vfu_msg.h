/* SPDX-License-Identifier: GPL-2.0 */
/*
 * vfu_msg: what each vfio-user message means
 *
 * Offered to:	vfu_conn.
 */
#ifndef CABLE_VFU_MSG_H
#define CABLE_VFU_MSG_H

#include <stddef.h>
#include <stdint.h>

struct vfu_conn;

struct vfu_msg {
	uint16_t command;
	const uint8_t *data;		/* behind the header */
	size_t len;
	int *fds;			/* set to -1 where taken over */
	unsigned int num_fds;

	uint8_t *reply;			/* behind the header; VFU_MAX_MESSAGE is enough */
	size_t reply_len;
	int reply_fd;			/* -1: none */
};

/* Carry out @msg and write the reply; 0, or a negative errno for the reply. */
int vfu_msg_handle(struct vfu_conn *conn, struct vfu_msg *msg);

#endif /* CABLE_VFU_MSG_H */
