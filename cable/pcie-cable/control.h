/* SPDX-License-Identifier: GPL-2.0 */
/*
 * control: the socket for commands to the running program
 *
 * Offered to:	cable (open, close).  What the commands do is in control_cmd.
 *
 * A client sends lines, a command each, and gets a struct answer for each, in
 * their order.  None is read while an answer cannot be sent, so memory is
 * bounded, and whatever a client does or leaves, nobody waits for it.
 */
#ifndef CABLE_CONTROL_H
#define CABLE_CONTROL_H

#include <stdbool.h>
#include <stdint.h>

#include "answer.h"
#include "loop.h"
#include "sock.h"

#define CONTROL_CLIENTS	4
#define CONTROL_LINE_MAX	256	/* with the end of the line */

struct cable;
struct control;

struct control_client {
	struct loop_source src;		/* fd -1: none */
	struct control *control;
	unsigned int number;		/* the first one has 1 */
	uint32_t events;		/* what the loop waits for */
	bool skip;			/* the rest of a line that is too long */
	size_t in_len;
	char in[CONTROL_LINE_MAX];
	size_t sent;
	struct answer answer;
};

struct control {
	struct cable *cable;
	struct sock_listener listener;
	bool listens;
	unsigned int num_accepted;
	struct control_client client[CONTROL_CLIENTS];
};

/*
 * Listen at @path, which must stay valid, for those whom @mode lets in; 0, or what sock_listen()
 * says.
 */
int control_open(struct control *control, struct cable *cable, const char *path, mode_t mode);

/* Also for one that is all zero and was never opened */
void control_close(struct control *control);

#endif /* CABLE_CONTROL_H */
