/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The pci_ep configfs tree, for kernels built without it
 *
 * tree.c	the tree's root, module init and exit
 * controllers.c	controllers/: a directory for each endpoint controller
 * drivers.c	functions/: a directory for each endpoint function driver
 * functions.c	functions/<driver>/: what the user makes there
 * links.c	which function is bound to which controller
 *
 * What the tree looks like and does is described in the kernel's
 * Documentation/PCI/endpoint/pci-endpoint-cfs.rst and pci-test-howto.rst.
 *
 * Locks, outermost first:
 *
 *   mutex of the pci_epc class (held when controllers come and go)
 *   ep_cfs_tree_lock	directories that the user has not made come and go
 *   configfs' own
 *   device lock of a function
 *   ep_cfs_link_lock	links, and whether a controller is there and started
 *   epf->lock, epc->lock
 */
#ifndef EP_CFS_H
#define EP_CFS_H

#include <linux/configfs.h>
#include <linux/mutex.h>
#include <linux/pci-epc.h>
#include <linux/pci-epf.h>

struct ep_cfs_controller {
	struct config_group	group;
	struct list_head	node;

	/* Protected by ep_cfs_link_lock */
	struct pci_epc		*epc;		/* NULL once it is gone */
	bool			started;
};

struct ep_cfs_function {
	struct config_group	group;
	struct config_group	primary;
	struct config_group	secondary;
	struct pci_epf		*epf;
	struct module		*owner;		/* of the function's driver */
	int			index;
};

extern struct mutex ep_cfs_tree_lock;
extern struct mutex ep_cfs_link_lock;

/* controllers.c */
extern struct config_group ep_cfs_controllers;
int ep_cfs_controllers_init(void);
void ep_cfs_controllers_exit(void);
void ep_cfs_controllers_reap(void);
struct ep_cfs_controller *ep_cfs_to_controller(struct config_item *item);

/* drivers.c */
extern struct config_group ep_cfs_functions;
int ep_cfs_drivers_init(void);
void ep_cfs_drivers_exit(void);

/* functions.c */
struct config_group *ep_cfs_function_make(const char *driver,
					  struct module *owner,
					  const char *name);
struct ep_cfs_function *ep_cfs_to_function(struct config_item *item);

/* links.c */
int ep_cfs_link(struct ep_cfs_function *fn, struct ep_cfs_controller *ctrl,
		enum pci_epc_interface_type type);
void ep_cfs_unlink(struct ep_cfs_function *fn, struct ep_cfs_controller *ctrl,
		   enum pci_epc_interface_type type);
bool ep_cfs_linked(const struct ep_cfs_controller *ctrl);
void ep_cfs_unbind_controller(struct ep_cfs_controller *ctrl);
void ep_cfs_unbind_function(struct pci_epf *epf);

#endif /* EP_CFS_H */
