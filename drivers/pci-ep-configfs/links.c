// SPDX-License-Identifier: GPL-2.0
/*
 * Which function is bound to which controller
 *
 * A link the user has made binds a function to a controller.  It stays until the
 * user removes it, but binds no more when the controller goes, or the function's
 * driver leaves it.
 */
#include <linux/device.h>
#include <linux/list.h>
#include <linux/slab.h>

#include "ep-cfs.h"
#include "pci-ep-compat.h"

struct ep_cfs_link {
	struct list_head		node;
	struct ep_cfs_function		*fn;
	struct ep_cfs_controller	*ctrl;
	enum pci_epc_interface_type	type;
	struct pci_epc			*epc;	/* NULL if not bound */
};

/* Protects what ep-cfs.h says, and the list below */
DEFINE_MUTEX(ep_cfs_link_lock);

static LIST_HEAD(ep_cfs_links);

static struct ep_cfs_link *ep_cfs_find(struct ep_cfs_function *fn,
				       struct ep_cfs_controller *ctrl,
				       enum pci_epc_interface_type type)
{
	struct ep_cfs_link *link;

	list_for_each_entry(link, &ep_cfs_links, node)
		if (link->fn == fn && link->ctrl == ctrl && link->type == type)
			return link;
	return NULL;
}

/* The core takes for granted that a function and its virtual ones have drivers */
static int ep_cfs_check_drivers(struct pci_epf *epf)
{
	struct pci_epf *lacking = NULL, *vf;

	mutex_lock(&epf->lock);
	if (!device_is_bound(&epf->dev))
		lacking = epf;
	list_for_each_entry(vf, &epf->pci_vepf, list)
		if (!device_is_bound(&vf->dev))
			lacking = vf;
	mutex_unlock(&epf->lock);

	if (!lacking)
		return 0;
	dev_err(&lacking->dev, "has no driver\n");
	return -ENODEV;
}

static int ep_cfs_bind(struct ep_cfs_link *link)
{
	struct pci_epf *epf = link->fn->epf;
	struct pci_epc *epc;
	int ret;

	ret = ep_cfs_check_drivers(epf);
	if (ret)
		return ret;

	/* Keeps the controller and its driver until unbound */
	epc = pci_epc_get(dev_name(&link->ctrl->epc->dev));
	if (IS_ERR(epc))
		return PTR_ERR(epc);

	ret = pci_epc_add_epf(epc, epf, link->type);
	if (ret)
		goto err_put;

	ret = pci_epf_bind(epf);
	if (ret)
		goto err_remove;

	link->epc = epc;
	pci_epc_notify_pending_init(epc, epf);
	return 0;

err_remove:
	pci_epc_remove_epf(epc, epf, link->type);
err_put:
	pci_epc_put(epc);
	return ret;
}

/*
 * A notification of the controller may wait for the function's lock while that is
 * unbound, and would reach it when it is not bound any more.  Off the controller's
 * list there is none under way, and none comes.
 */
static void ep_cfs_silence(struct ep_cfs_link *link)
{
	struct pci_epf *epf = link->fn->epf;

	mutex_lock(&link->epc->list_lock);
	list_del_init(link->type == PRIMARY_INTERFACE ? &epf->list :
							&epf->sec_epc_list);
	mutex_unlock(&link->epc->list_lock);
}

static void ep_cfs_unbind(struct ep_cfs_link *link)
{
	struct pci_epf *epf = link->fn->epf;

	if (!link->epc)
		return;

	ep_cfs_silence(link);
	pci_epf_unbind(epf);
	/* It takes it off the list once more, which does nothing */
	pci_epc_remove_epf(link->epc, epf, link->type);
	pci_epc_put(link->epc);
	link->epc = NULL;
}

/**
 * ep_cfs_link() - bind a function to a controller, as the user has linked them
 * @fn: the function
 * @ctrl: the controller
 * @type: the function's side of it
 *
 * Context: Process, may sleep, ep_cfs_link_lock not held.
 * Return: 0; -ENODEV if the controller or the function's driver is gone; -EBUSY
 * if they are linked already; what pci_epc_add_epf() and pci_epf_bind() return.
 */
int ep_cfs_link(struct ep_cfs_function *fn, struct ep_cfs_controller *ctrl,
		enum pci_epc_interface_type type)
{
	struct ep_cfs_link *link;
	int ret;

	link = kzalloc_obj(*link);
	if (!link)
		return -ENOMEM;
	link->fn = fn;
	link->ctrl = ctrl;
	link->type = type;

	mutex_lock(&ep_cfs_link_lock);
	if (!ctrl->epc)
		ret = -ENODEV;
	else if (ep_cfs_find(fn, ctrl, type))
		ret = -EBUSY;
	else
		ret = ep_cfs_bind(link);
	if (!ret)
		list_add(&link->node, &ep_cfs_links);
	mutex_unlock(&ep_cfs_link_lock);

	if (ret)
		kfree(link);
	return ret;
}

/**
 * ep_cfs_unlink() - undo ep_cfs_link(), as the user has removed the link
 * @fn: the function
 * @ctrl: the controller
 * @type: the function's side of it
 *
 * Context: Process, may sleep, ep_cfs_link_lock not held.
 */
void ep_cfs_unlink(struct ep_cfs_function *fn, struct ep_cfs_controller *ctrl,
		   enum pci_epc_interface_type type)
{
	struct ep_cfs_link *link;

	mutex_lock(&ep_cfs_link_lock);
	link = ep_cfs_find(fn, ctrl, type);
	if (link) {
		if (ctrl->started)
			dev_warn(&fn->epf->dev, "unbound with the link started\n");
		ep_cfs_unbind(link);
		list_del(&link->node);
		kfree(link);
	}
	if (!ctrl->epc)
		ep_cfs_controllers_reap();
	mutex_unlock(&ep_cfs_link_lock);
}

/* Is anything linked to @ctrl?  ep_cfs_link_lock is held. */
bool ep_cfs_linked(const struct ep_cfs_controller *ctrl)
{
	struct ep_cfs_link *link;

	list_for_each_entry(link, &ep_cfs_links, node)
		if (link->ctrl == ctrl)
			return true;
	return false;
}

/* The controller goes.  Context: process, may sleep, ep_cfs_link_lock held. */
void ep_cfs_unbind_controller(struct ep_cfs_controller *ctrl)
{
	struct ep_cfs_link *link;

	list_for_each_entry(link, &ep_cfs_links, node)
		if (link->ctrl == ctrl)
			ep_cfs_unbind(link);
}

/*
 * The function, or the virtual function, loses its driver.  Context: process,
 * may sleep, ep_cfs_link_lock held.
 */
void ep_cfs_unbind_function(struct pci_epf *epf)
{
	struct ep_cfs_link *link;

	list_for_each_entry(link, &ep_cfs_links, node)
		if (link->fn->epf == epf || link->fn->epf == epf->epf_pf)
			ep_cfs_unbind(link);
}
