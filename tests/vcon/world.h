/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A console function of the driver, its settings, and a core that looks at what it does
 */
#ifndef VCON_TEST_WORLD_H
#define VCON_TEST_WORLD_H

#include <setjmp.h>

#include <cmocka.h>

#include "vcon.h"

/* Of the kernel's hvc: /dev/hvc0 to /dev/hvc7 */
#define WORLD_TERMINALS	8

/* What the core knows, of the one function there is */
struct epfv_function {
	struct vcon *vcon;
	bool locked;
	bool bound;
	/* The configuration bytes when the thread was allowed to look at them */
	u8 config[2][VCON_CONFIG_LEN];
	unsigned int config_changes;
	bool open[2][VCON_MAX_PORTS];
	/* Terminals and devices of the endpoint, and terminals that others have */
	unsigned int terminals;
	unsigned int devices;
	unsigned int others;
	/* A program opens each device in the moment it is there */
	bool hasty;
	struct config_group group;
};

struct epfv_function *world_new(void);
void world_free(struct epfv_function *f);

/* Write to a setting of the function, or of a port (id >= 0); 0 or -errno */
int world_set(struct epfv_function *f, int id, const char *name, const char *value);
/* What a setting reads, without the end of its line */
const char *world_get(struct epfv_function *f, int id, const char *name);
/* mkdir and rmdir of a port; 0 or -errno */
int world_mkdir(struct epfv_function *f, unsigned int id);
void world_rmdir(struct epfv_function *f, unsigned int id);

int world_bind(struct epfv_function *f);
void world_unbind(struct epfv_function *f);
/* The endpoint's side handles its messages, if it has no driver */
void world_settle(struct epfv_function *f);

#endif /* VCON_TEST_WORLD_H */
