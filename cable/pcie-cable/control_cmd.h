/* SPDX-License-Identifier: GPL-2.0 */
/*
 * control_cmd: what can be said at the control socket, and what is done then
 *
 * Offered to:	control
 */
#ifndef CABLE_CONTROL_CMD_H
#define CABLE_CONTROL_CMD_H

#include <stddef.h>

#include "answer.h"

struct cable;

/*
 * Carry out the command @line, of @len characters and a NUL, which may be any
 * bytes and is changed.
 */
void control_cmd_run(struct cable *cable, char *line, size_t len, struct answer *answer);

#endif /* CABLE_CONTROL_CMD_H */
