/* SPDX-License-Identifier: GPL-2.0 */
/*
 * virtio console on a PCIe endpoint: a function and its settings
 */
#ifndef VCON_H
#define VCON_H

#include <linux/configfs.h>
#include <linux/mutex.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/workqueue.h>

#include "direct.h"
#include "pci-epf-virtio.h"
#include "ports.h"

/* A pair for each port, and one for messages */
#define VCON_MAX_QUEUES		(2 * (VCON_MAX_PORTS + 1))

/* struct virtio_console_config */
#define VCON_CONFIG_LEN		12

/**
 * struct vcon_setting - a port in configfs
 * @item: its folder
 * @vcon: function it is of
 * @id: its number
 * @enabled: drivers are told of it while the function is bound
 * @console: it is a console
 * @name: its name, or nothing
 * @size: of the terminals that show it to each side's users
 */
struct vcon_setting {
	struct config_item item;
	struct vcon *vcon;
	unsigned int id;
	bool enabled;
	bool console;
	char name[VCON_NAME_MAX + 1];
	struct vcon_size size[2];
};

/**
 * struct vcon - a console function
 * @f: the core's part of it
 * @dev: for messages
 * @mutex: guards all settings, and that a function is bound or not
 * @group: folder of the ports
 * @setting: ports in configfs, by number
 * @max_ports: ports to make room for, 0: for those that are there
 * @size: of terminals, for a function without ports
 * @direct: the endpoint's side has no virtio device
 * @bound: between bind and unbind
 * @counted: ports that are consoles of the endpoint's driver, and have a terminal
 * @lock: guards @ports; taken with interrupts disabled
 * @ports: what drivers were told, while bound
 * @type: what the function is, while bound; all below is part of it
 * @pairs: see there
 * @queue_names: see there
 * @names: see there
 * @config: see there
 * @direct_port: the endpoint's ports, if it has no virtio device
 * @direct_work: handles the messages for them
 * @direct_busy: it has taken some, and is not done with them; guarded by @lock
 */
struct vcon {
	struct epfv_function *f;
	struct device *dev;
	struct mutex mutex; /* settings */
	struct config_group group;
	struct vcon_setting *setting[VCON_MAX_PORTS];
	unsigned int max_ports;
	struct vcon_size size[2];
	bool direct;
	bool bound;
	u32 counted;

	spinlock_t lock; /* ports */
	struct vcon_ports ports;
	struct epfv_type type;
	struct epfv_pair pairs[VCON_MAX_PORTS];
	const char *queue_names[VCON_MAX_QUEUES];
	char names[VCON_MAX_QUEUES][24];
	u8 config[2][VCON_CONFIG_LEN];
	struct vcon_direct_port direct_port[VCON_MAX_PORTS];
	struct work_struct direct_work;
	bool direct_busy;
};

/* As in struct epfv_type_ops */
void vcon_driver_state(void *priv, enum epfv_side side, bool up, u64 features);
void vcon_driver_message(void *priv, enum epfv_side side, const void *msg, size_t len);
size_t vcon_next_message(void *priv, enum epfv_side side, void *msg);

/* Whether it has ports, or will have some when it is bound; @mutex is held */
bool vcon_has_ports(const struct vcon *vcon);

/* What changes while the function is bound; @mutex is held */
void vcon_apply_port(const struct vcon_setting *s);
void vcon_apply_size(struct vcon *vcon, enum vcon_side side);

/* terminals.c */
void vcon_terminal_count(int change);
void vcon_say_no_terminal(const struct vcon *vcon, unsigned int id);
void vcon_driver_terminal(struct vcon *vcon, unsigned int id, bool there);
ssize_t vcon_terminal_show(struct vcon *vcon, unsigned int id, char *page);

/* configfs.c */
extern struct configfs_attribute * const vcon_attrs[];
ssize_t vcon_size_show(struct vcon_size size, char *page);
int vcon_size_parse(struct vcon *vcon, const char *page, struct vcon_size *size);
bool vcon_size_known(struct vcon_size size);
const char *vcon_size_name(enum vcon_side side);
/* Whether the function's own sizes have an effect; else the log says what has; @mutex is held */
bool vcon_sizes_ok(const struct vcon *vcon);

/* configfs-port.c */
void vcon_add_groups(void *priv, struct config_group *group);

#endif /* VCON_H */
