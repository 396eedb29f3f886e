// SPDX-License-Identifier: GPL-2.0
/*
 * An endpoint function: where registers, rings, interrupts and the bridge meet
 */
#include <linux/align.h>
#include <linux/err.h>
#include <linux/errno.h>
#include <linux/module.h>
#include <linux/pci-epc.h>
#include <linux/pci_ids.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/time64.h>
#include <linux/timekeeping.h>
#include <uapi/linux/pci_regs.h>

#include "function.h"
#include "pci-ep-compat.h"

/* The MSI-X table follows the registers at a round distance */
#define EPFV_MSIX_OFFSET	SZ_2K

/* Transitional devices, virtio specification "PCI Device Discovery" */
#define EPFV_PCI_DEVICE_MIN	0x1000
#define EPFV_PCI_DEVICE_MAX	0x103f

static struct epfv_function *to_function(struct pci_epf *epf)
{
	return epf_get_drvdata(epf);
}

/* Binding to a controller */

static bool epfv_gate(void *ctx, u32 epoch)
{
	struct epfv_function *f = ctx;

	return READ_ONCE(f->poller.t->epoch) == epoch && epfv_poller_epoch_open(&f->poller);
}

static int epfv_check_header(struct epfv_function *f)
{
	const struct pci_epf_header *h = f->epf->header;
	struct device *dev = &f->epf->dev;

	if (h->vendorid != PCI_VENDOR_ID_REDHAT_QUMRANET) {
		dev_err(dev, "vendorid must be %#x: virtio drivers match no other\n",
			PCI_VENDOR_ID_REDHAT_QUMRANET);
		return -EINVAL;
	}
	if (h->deviceid < EPFV_PCI_DEVICE_MIN || h->deviceid > EPFV_PCI_DEVICE_MAX) {
		dev_err(dev, "deviceid must be from %#x to %#x: drivers take no other for a transitional device\n",
			EPFV_PCI_DEVICE_MIN, EPFV_PCI_DEVICE_MAX);
		return -EINVAL;
	}
	if (h->revid) {
		dev_err(dev, "revid must be 0: it is the version of the legacy interface\n");
		return -EINVAL;
	}
	if (h->subsys_id != f->type->virtio_id) {
		dev_err(dev, "subsys_id must be %u: it tells drivers that this is a %s\n",
			f->type->virtio_id, f->type->name);
		return -EINVAL;
	}
	if (h->interrupt_pin < PCI_INTERRUPT_INTA || h->interrupt_pin > PCI_INTERRUPT_INTD) {
		dev_err(dev, "interrupt_pin must be from %u to %u: a host that does not use MSI-X needs one\n",
			PCI_INTERRUPT_INTA, PCI_INTERRUPT_INTD);
		return -EINVAL;
	}
	return 0;
}

/* A controller that has INTx only: one interrupt for all queues, and no table */
static int epfv_check_intx(struct epfv_function *f, const struct pci_epc_features *features)
{
	struct pci_epf *epf = f->epf;

	if (!pci_ep_intx_capable(features)) {
		dev_err(&epf->dev,
			"controller %s has neither MSI-X nor INTx, and virtio-pci drivers never use MSI\n",
			dev_name(&epf->epc->dev));
		return -EOPNOTSUPP;
	}
	if (epf->msix_interrupts && epf->msix_interrupts != f->chosen_vectors) {
		dev_err(&epf->dev, "msix_interrupts must be 0: controller %s cannot raise MSI-X\n",
			dev_name(&epf->epc->dev));
		return -EINVAL;
	}
	epf->msix_interrupts = 0;
	if (epf->header->interrupt_pin != PCI_INTERRUPT_INTA) {
		dev_err(&epf->dev, "interrupt_pin must be %u: controller %s has INTx only\n",
			PCI_INTERRUPT_INTA, dev_name(&epf->epc->dev));
		return -EINVAL;
	}
	return 0;
}

static int epfv_check_interrupts(struct epfv_function *f, const struct pci_epc_features *features)
{
	struct pci_epf *epf = f->epf;

	if (epf->msi_interrupts) {
		dev_err(&epf->dev, "msi_interrupts must be 0: virtio-pci drivers never use MSI; msix_interrupts is what they use\n");
		return -EINVAL;
	}
	if (!features->msix_capable)
		return epfv_check_intx(f, features);
	/* The number chosen for what the function was before is nobody's wish */
	if (!epf->msix_interrupts || epf->msix_interrupts == f->chosen_vectors) {
		f->chosen_vectors = f->type->num_queues + 1;
		epf->msix_interrupts = f->chosen_vectors;
	}
	if (epf->msix_interrupts < 2 || epf->msix_interrupts > EPFV_MAX_VECTORS) {
		dev_err(&epf->dev, "msix_interrupts must be from 2 to %u (%u serve every queue best), or 0\n",
			EPFV_MAX_VECTORS, f->type->num_queues + 1);
		return -EINVAL;
	}
	return 0;
}

static int epfv_alloc_bar(struct epfv_function *f, const struct pci_epc_features *features)
{
	struct pci_epf *epf = f->epf;
	size_t size;

	if (!pci_ep_bar_usable(features, BAR_0)) {
		dev_err(&epf->dev,
			"controller %s keeps BAR0 for itself, where virtio-pci drivers look for their registers\n",
			dev_name(&epf->epc->dev));
		return -EOPNOTSUPP;
	}

	f->msix_offset = EPFV_MSIX_OFFSET;
	/* The number may be changed in configfs at any time, the table may not */
	f->vectors = epf->msix_interrupts;
	/* The PBA, a bit for each vector in words of 64, follows the table */
	size = f->msix_offset + f->vectors * PCI_MSIX_ENTRY_SIZE +
	       ALIGN(DIV_ROUND_UP(f->vectors, 8), 8);
	size = ALIGN(size, SZ_4K);

	epf->bar[BAR_0].flags |= PCI_BASE_ADDRESS_SPACE_MEMORY;
	f->bar = pci_epf_alloc_space(epf, size, BAR_0, features, PRIMARY_INTERFACE);
	if (!f->bar) {
		dev_err(&epf->dev, "controller %s has no BAR0 of %zu bytes\n",
			dev_name(&epf->epc->dev), size);
		return -ENOSPC;
	}
	memset(f->bar, 0, size);
	return 0;
}

static void epfv_free_bar(struct epfv_function *f)
{
	pci_epf_free_space(f->epf, f->bar, BAR_0, PRIMARY_INTERFACE);
	f->bar = NULL;
}

static int epfv_start_poller(struct epfv_function *f)
{
	const struct epfv_regs_params params = {
		.features = (u32)(f->type->features | f->type->host_features),
		.num_queues = f->type->num_queues,
		.required = f->type->control_feature ? 2 : f->type->num_queues,
		.all_with = f->type->control_feature,
		.queue_size = f->queue_size,
		.config = f->type->config[EPFV_HOST],
		.config_len = f->type->config_len,
		.written = f->type->written,
	};
	int err;

	err = epfv_legacy_init(&f->legacy, f->bar, &params);
	if (err)
		return err;
	return epfv_poller_start(&f->poller, dev_name(&f->epf->dev), &f->legacy.regs.t,
				 f->type->config_len, &epfv_poller_ops, f);
}

static bool epfv_type_ok(const struct epfv_type *type)
{
	unsigned int i;

	if (type->num_queues < 1 || type->num_queues > EPFV_MAX_QUEUES || !type->num_workers ||
	    type->num_pairs > type->num_queues / 2 || type->config_len > EPFV_MAX_CONFIG ||
	    type->pci_device_id < EPFV_PCI_DEVICE_MIN || type->pci_device_id > EPFV_PCI_DEVICE_MAX)
		return false;
	if (type->control_feature && (!type->num_pairs || type->control.rx >= type->num_queues ||
				      type->control.tx >= type->num_queues))
		return false;
	for (i = 0; i < type->num_pairs; i++)
		if (type->pairs[i].rx >= type->num_queues ||
		    type->pairs[i].tx >= type->num_queues ||
		    type->pairs[i].worker >= type->num_workers)
			return false;
	return true;
}

static void epfv_bound(struct epfv_function *f, bool bound)
{
	if (f->ops && f->ops->bound)
		f->ops->bound(f->priv, bound);
}

/* What the function is with the settings that it has now */
static int epfv_settle_type(struct epfv_function *f)
{
	const struct epfv_type *type;

	if (!f->ops || !f->ops->bind)
		return 0;
	type = f->ops->bind(f->priv);
	if (IS_ERR(type))
		return PTR_ERR(type);
	if (!epfv_type_ok(type) || (type->direct && !f->ops->changed))
		return -EINVAL;
	f->type = type;
	return 0;
}

static int epfv_bind(struct pci_epf *epf)
{
	struct epfv_function *f = to_function(epf);
	const struct pci_epc_features *features;
	int err;

	if (epf->sec_epc) {
		dev_err(&epf->dev, "a %s has one host, and one controller: link it to the function's primary/, not to secondary/%s\n",
			f->type->name,
			f->bound ?
			". It is not bound any more: remove its link in primary/ and link it anew" :
			"");
		return -EINVAL;
	}
	/* The endpoint core tells a virtual function of no event of the controller */
	if (epf->vfunc_no) {
		dev_err(&epf->dev,
			"cannot be a virtual function: link it to a controller, not to a function\n");
		return -EOPNOTSUPP;
	}
	features = pci_epc_get_features(epf->epc, epf->func_no, epf->vfunc_no);
	if (!features) {
		dev_err(&epf->dev, "controller %s does not tell what it can do\n",
			dev_name(&epf->epc->dev));
		return -EOPNOTSUPP;
	}
	err = epfv_check_header(f);
	if (err)
		return err;
	err = epfv_settle_type(f);
	if (err)
		return err;
	err = epfv_check_interrupts(f, features);
	if (err)
		return err;

	memset(&f->lane, 0, sizeof(f->lane));
	f->lane.hm = &f->hostmem;
	epfv_hostmem_init(&f->hostmem, epf, epfv_gate, f);
	epfv_irq_init(&f->irq, epf);
	err = epfv_alloc_bar(f, features);
	if (err)
		return err;
	err = epfv_alloc_queues(f);
	if (err)
		goto err_free_bar;
	err = epfv_start_poller(f);
	if (err)
		goto err_free_queues;
	/* They wake the poller's thread */
	err = epfv_start_workers(f);
	if (err)
		goto err_stop_poller;
	if (f->bridge)
		err = epfv_bridge_register(f->bridge);
	if (err)
		goto err_stop_workers;
	epfv_debugfs_add(f);
	f->bound = true;
	epfv_bound(f, true);
	return 0;

err_stop_workers:
	epfv_stop_workers(f);
err_stop_poller:
	epfv_poller_stop(&f->poller);
err_free_queues:
	epfv_free_queues(f);
err_free_bar:
	epfv_free_bar(f);
	return err;
}

static void epfv_unbind(struct pci_epf *epf)
{
	struct epfv_function *f = to_function(epf);

	if (!f->bound)
		return;

	epfv_bound(f, false);
	epfv_debugfs_remove(f);
	epfv_poller_leave(&f->poller);
	/* The driver may be waiting for a buffer, which the workers still return */
	if (f->bridge)
		epfv_bridge_unregister(f->bridge);
	epfv_stop_workers(f);
	epfv_poller_stop(&f->poller);
	if (f->bar_set && epf->epc->init_complete)
		pci_epc_clear_bar(epf->epc, epf->func_no, epf->vfunc_no, &epf->bar[BAR_0]);
	f->bar_set = false;
	f->ready = false;
	epfv_free_queues(f);
	epfv_free_bar(f);
	f->bound = false;
}

/* Events of the controller: any order, any number */

static int epfv_epc_init(struct pci_epf *epf)
{
	struct epfv_function *f = to_function(epf);
	struct pci_epc *epc = epf->epc;
	int err;

	if (!f->bound)
		return 0;

	epfv_poller_down(&f->poller);
	f->ready = false;
	err = pci_epc_write_header(epc, epf->func_no, epf->vfunc_no, epf->header);
	if (err) {
		dev_err(&epf->dev, "cannot write the configuration header (err=%d)\n", err);
		return err;
	}
	err = pci_epc_set_bar(epc, epf->func_no, epf->vfunc_no, &epf->bar[BAR_0]);
	if (err) {
		dev_err(&epf->dev, "cannot set up BAR0 (err=%d)\n", err);
		return err;
	}
	f->bar_set = true;
	if (f->vectors) {
		err = pci_epc_set_msix(epc, epf->func_no, epf->vfunc_no, f->vectors, BAR_0,
				       f->msix_offset);
		if (err) {
			dev_err(&epf->dev, "cannot set up MSI-X (err=%d)\n", err);
			return err;
		}
	}
	f->ready = true;

	/*
	 * Not every controller tells when the link is up, nor one that does
	 * those who were bound later.  The registers are local memory: look.
	 */
	epfv_poller_up(&f->poller);
	return 0;
}

static void epfv_down(struct pci_epf *epf)
{
	struct epfv_function *f = to_function(epf);

	if (f->bound)
		epfv_poller_down(&f->poller);
}

static void epfv_epc_deinit(struct pci_epf *epf)
{
	epfv_down(epf);
	to_function(epf)->bar_set = false;
	to_function(epf)->ready = false;
}

static int epfv_link_up(struct pci_epf *epf)
{
	struct epfv_function *f = to_function(epf);

	if (f->ready)
		epfv_poller_up(&f->poller);
	return 0;
}

static int epfv_link_down(struct pci_epf *epf)
{
	epfv_down(epf);
	return 0;
}

static const struct pci_epc_event_ops epfv_event_ops = {
	.epc_init = epfv_epc_init,
	.epc_deinit = epfv_epc_deinit,
	.link_up = epfv_link_up,
	.link_down = epfv_link_down,
};

/* Life of a function before it is bound */

static struct config_group *epfv_add_cfs(struct pci_epf *epf, struct config_group *group)
{
	return epfv_configfs_group(to_function(epf));
}

static struct pci_epf_ops epfv_epf_ops = {
	.bind = epfv_bind,
	.unbind = epfv_unbind,
	.add_cfs = epfv_add_cfs,
};

static void epfv_put_driver(void *owner)
{
	module_put(owner);
}

/*
 * The function's folder has settings that are the driver's, and stays if the driver goes.
 * Nothing else holds the driver's module before the function is bound.
 */
static int epfv_hold_driver(struct pci_epf *epf, struct module *owner)
{
	if (!try_module_get(owner))
		return -ENODEV;
	return devm_add_action_or_reset(&epf->dev, epfv_put_driver, owner);
}

static int epfv_probe(struct pci_epf *epf, const struct pci_epf_device_id *id)
{
	const struct epfv_driver *drv = container_of(epf->driver, struct epfv_driver, epf);
	const struct epfv_type *type = drv->type;
	struct epfv_function *f;
	int err;

	err = epfv_hold_driver(epf, drv->epf.owner);
	if (err)
		return err;
	f = devm_kzalloc(&epf->dev, sizeof(*f), GFP_KERNEL);
	if (!f)
		return -ENOMEM;

	f->epf = epf;
	f->type = type;
	f->ops = drv->ops;
	f->queue_size = EPFV_QUEUE_SIZE_DEFAULT;
	f->header.vendorid = PCI_VENDOR_ID_REDHAT_QUMRANET;
	f->header.deviceid = type->pci_device_id;
	f->header.baseclass_code = type->pci_class >> 8;
	f->header.subclass_code = type->pci_class & 0xff;
	f->header.subsys_vendor_id = PCI_VENDOR_ID_REDHAT_QUMRANET;
	f->header.subsys_id = type->virtio_id;
	f->header.interrupt_pin = PCI_INTERRUPT_INTA;
	epf->header = &f->header;
	epf->event_ops = &epfv_event_ops;
	epf_set_drvdata(epf, f);
	if (f->ops) {
		f->priv = f->ops->create(f, &epf->dev);
		if (IS_ERR(f->priv))
			return PTR_ERR(f->priv);
	}
	return 0;
}

int __epfv_register_driver(struct epfv_driver *drv, struct module *owner)
{
	/* Else it is known when a function is bound */
	if (!(drv->ops && drv->ops->bind) && (!epfv_type_ok(drv->type) || drv->type->direct))
		return -EINVAL;

	drv->epf.probe = epfv_probe;
	drv->epf.ops = &epfv_epf_ops;
	drv->epf.owner = owner;
	/* configfs and the controller hold on to what a driver gave a function */
	drv->epf.driver.suppress_bind_attrs = true;
	return __pci_epf_register_driver(&drv->epf, owner);
}
EXPORT_SYMBOL_GPL(__epfv_register_driver);

void epfv_unregister_driver(struct epfv_driver *drv)
{
	pci_epf_unregister_driver(&drv->epf);
}
EXPORT_SYMBOL_GPL(epfv_unregister_driver);

static int __init epfv_module_init(void)
{
	epfv_debugfs_init();
	return 0;
}
module_init(epfv_module_init);

static void __exit epfv_module_exit(void)
{
	epfv_debugfs_exit();
}
module_exit(epfv_module_exit);

MODULE_DESCRIPTION("Standard virtio devices offered by a PCIe endpoint");
MODULE_LICENSE("GPL");
