/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The endpoint's side of a console without a second virtio device
 *
 * A port that is a console is a terminal of hvc, any other one a character device; both
 * are what the kernel's virtio_console makes of a port, and read and write what is in
 * transit by themselves.
 */
#ifndef VCON_DIRECT_H
#define VCON_DIRECT_H

#include <linux/types.h>

#include "ports.h"

struct vcon;
struct vcon_device;
struct vcon_terminal;
struct epfv_function;

/**
 * struct vcon_direct_port - a port of the endpoint
 * @terminal: if it is a console, else NULL; changed with epfv_lock()
 * @device: if it is not, else NULL; the same
 */
struct vcon_direct_port {
	struct vcon_terminal *terminal;
	struct vcon_device *device;
};

/* direct.c: once; while the function is bound; these may sleep */
void vcon_direct_init(struct vcon *vcon);
void vcon_direct_start(struct vcon *vcon);
void vcon_direct_stop(struct vcon *vcon);
/* The terminal of a function without ports has another size; may sleep */
void vcon_direct_resize(struct vcon *vcon, struct vcon_size size);
/* The number of a port's terminal, /dev/hvcN, or -ENODEV; may sleep */
int vcon_direct_terminal(struct vcon *vcon, unsigned int id);
/* There may be messages for the endpoint's side; any context */
void vcon_direct_kick(struct vcon *vcon);
/* As in struct epfv_type_ops */
void vcon_direct_changed(void *priv, unsigned int pair);
/* The endpoint's user has opened a port, or closed it; any context */
void vcon_direct_open(struct vcon *vcon, unsigned int id, bool open);

/* terminal.c: a terminal of hvc for a pair; ERR_PTR(), -ENOSPC if there are too many */
void vcon_terminals_exit(void);
struct vcon_terminal *vcon_terminal_add(struct epfv_function *f, unsigned int pair);
void vcon_terminal_remove(struct vcon_terminal *t);
/* The number in its name, /dev/hvcN */
unsigned int vcon_terminal_number(const struct vcon_terminal *t);
void vcon_terminal_resize(struct vcon_terminal *t, struct vcon_size size);
void vcon_terminal_changed(struct vcon_terminal *t);

/* device.c: a character device for a port; ERR_PTR() */
int vcon_devices_init(void);
void vcon_devices_exit(void);
struct vcon_device *vcon_device_add(struct vcon *vcon, unsigned int id, const char *name);
void vcon_device_remove(struct vcon_device *d);
void vcon_device_peer(struct vcon_device *d, bool open);
void vcon_device_changed(struct vcon_device *d);

#endif /* VCON_DIRECT_H */
