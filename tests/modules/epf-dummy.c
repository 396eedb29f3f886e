// SPDX-License-Identifier: GPL-2.0
/*
 * An endpoint function that does nothing but to log what happens to it, for
 * tests of what calls it.  One driver with two names, epf_dummy_a and
 * epf_dummy_b.
 */
#include <linux/configfs.h>
#include <linux/delay.h>
#include <linux/device.h>
#include <linux/module.h>
#include <linux/pci-epf.h>
#include <linux/sysfs.h>

#include "pci-ep-compat.h"

struct epf_dummy {
	struct config_group	group;
	struct pci_epf_header	header;
	bool			used;
	bool			bound;
};

/* Never freed: a function's directory stays when its driver leaves it */
static struct epf_dummy epf_dummies[8];

/* So that something else can happen meanwhile */
static unsigned int unbind_ms;
module_param(unbind_ms, uint, 0644);
MODULE_PARM_DESC(unbind_ms, "how long it takes to unbind a function");

static int epf_dummy_epc_init(struct pci_epf *epf)
{
	dev_info(&epf->dev, "epc_init\n");
	return 0;
}

static int epf_dummy_link_down(struct pci_epf *epf)
{
	struct epf_dummy *dummy = epf_get_drvdata(epf);

	dev_info(&epf->dev, "link_down, %s\n", dummy->bound ? "bound" : "not bound");
	return 0;
}

static const struct pci_epc_event_ops epf_dummy_events = {
	.epc_init	= epf_dummy_epc_init,
	.link_down	= epf_dummy_link_down,
};

/* A device identity of 0xdead is one that this function cannot be bound with */
static int epf_dummy_bind(struct pci_epf *epf)
{
	struct epf_dummy *dummy = epf_get_drvdata(epf);

	dev_info(&epf->dev, "bind\n");
	if (dummy->header.deviceid == 0xdead)
		return -EINVAL;
	dummy->bound = true;
	return 0;
}

static void epf_dummy_unbind(struct pci_epf *epf)
{
	struct epf_dummy *dummy = epf_get_drvdata(epf);

	dev_info(&epf->dev, "unbind\n");
	if (WARN(!epf->epc && !epf->sec_epc, "unbound from no controller\n"))
		return;
	dummy->bound = false;
	msleep(unbind_ms);
}

static ssize_t epf_dummy_bound_show(struct config_item *item, char *page)
{
	struct epf_dummy *dummy = container_of(to_config_group(item),
					       struct epf_dummy, group);

	return sysfs_emit(page, "%d\n", dummy->bound);
}

CONFIGFS_ATTR_RO(epf_dummy_, bound);

static struct configfs_attribute *epf_dummy_attrs[] = {
	&epf_dummy_attr_bound,
	NULL,
};

static const struct config_item_type epf_dummy_type = {
	.ct_attrs	= epf_dummy_attrs,
	.ct_owner	= THIS_MODULE,
};

static struct config_group *epf_dummy_add_cfs(struct pci_epf *epf,
					      struct config_group *group)
{
	struct epf_dummy *dummy = epf_get_drvdata(epf);

	config_group_init_type_name(&dummy->group, dev_name(&epf->dev),
				    &epf_dummy_type);
	return &dummy->group;
}

static int epf_dummy_probe(struct pci_epf *epf,
			   const struct pci_epf_device_id *id)
{
	struct epf_dummy *dummy = epf_dummies;

	while (dummy->used)
		if (++dummy == epf_dummies + ARRAY_SIZE(epf_dummies))
			return -ENOSPC;

	dummy->used = true;
	dummy->header = (struct pci_epf_header){};
	dummy->header.vendorid = 0xffff;
	dummy->header.interrupt_pin = PCI_INTERRUPT_INTA;
	epf->header = &dummy->header;
	epf->event_ops = &epf_dummy_events;
	epf_set_drvdata(epf, dummy);
	return 0;
}

static void epf_dummy_remove(struct pci_epf *epf)
{
	struct epf_dummy *dummy = epf_get_drvdata(epf);

	WARN(dummy->bound, "removed without having been unbound\n");
	epf->header = NULL;
	dummy->used = false;
}

static const struct pci_epf_device_id epf_dummy_ids[] = {
	{ .name = "epf_dummy_a" },
	{ .name = "epf_dummy_b" },
	{ }
};

static const struct pci_epf_ops epf_dummy_ops = {
	.bind		= epf_dummy_bind,
	.unbind		= epf_dummy_unbind,
	.add_cfs	= epf_dummy_add_cfs,
};

static struct pci_epf_driver epf_dummy_driver = {
	.driver.name	= "epf_dummy",
	.probe		= epf_dummy_probe,
	.remove		= epf_dummy_remove,
	.id_table	= epf_dummy_ids,
	.ops		= &epf_dummy_ops,
};

static int __init epf_dummy_init(void)
{
	return pci_epf_register_driver(&epf_dummy_driver);
}
module_init(epf_dummy_init);

static void __exit epf_dummy_exit(void)
{
	pci_epf_unregister_driver(&epf_dummy_driver);
}
module_exit(epf_dummy_exit);

MODULE_DESCRIPTION("Endpoint function that does nothing, for tests");
MODULE_LICENSE("GPL");
