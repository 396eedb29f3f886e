// SPDX-License-Identifier: GPL-2.0
/*
 * Endpoint controllers without hardware, epc-dummy.0 and so on, for tests of what
 * is above them.  Unbinding their platform driver takes them away.  The first can
 * raise no interrupt, the second keeps BAR0 to itself, the third has INTx where the
 * kernel knows of it, and the last one has MSI-X.
 */
#include <linux/err.h>
#include <linux/module.h>
#include <linux/pci-epc.h>
#include <linux/platform_device.h>
#include <linux/workqueue.h>

#include "pci-ep-compat.h"

#define EPC_DUMMY_COUNT		4
#define EPC_DUMMY_FUNCTIONS	2
#define EPC_DUMMY_VFS		2

/* As a real one does, by an interrupt: some time after the link was stopped */
static unsigned int linkdown_ms;
module_param(linkdown_ms, uint, 0644);
MODULE_PARM_DESC(linkdown_ms, "how long after its stop a link is down; 0: nobody is told");

struct epc_dummy {
	struct pci_epc		*epc;
	struct delayed_work	linkdown;
};

static struct platform_device *epc_dummy_devices[EPC_DUMMY_COUNT];

static struct pci_epc_features epc_dummy_features[EPC_DUMMY_COUNT] = {
	{ },
	{ .msix_capable = true, .bar[BAR_0].type = BAR_RESERVED },
	{ },
	{ .msix_capable = true },
};

static int epc_dummy_start(struct pci_epc *epc)
{
	dev_info(&epc->dev, "start\n");
	return 0;
}

static void epc_dummy_linkdown(struct work_struct *work)
{
	struct epc_dummy *dummy = container_of(to_delayed_work(work), struct epc_dummy, linkdown);

	pci_epc_linkdown(dummy->epc);
	dev_info(&dummy->epc->dev, "link down\n");
}

static void epc_dummy_stop(struct pci_epc *epc)
{
	struct epc_dummy *dummy = epc_get_drvdata(epc);

	dev_info(&epc->dev, "stop\n");
	if (linkdown_ms)
		schedule_delayed_work(&dummy->linkdown, msecs_to_jiffies(linkdown_ms));
}

static const struct pci_epc_features *
epc_dummy_get_features(struct pci_epc *epc, u8 func_no, u8 vfunc_no)
{
	return &epc_dummy_features[to_platform_device(epc->dev.parent)->id];
}

static const struct pci_epc_ops epc_dummy_ops = {
	.start		= epc_dummy_start,
	.stop		= epc_dummy_stop,
	.get_features	= epc_dummy_get_features,
	.owner		= THIS_MODULE,
};

static int epc_dummy_probe(struct platform_device *pdev)
{
	struct epc_dummy *dummy;
	struct pci_epc *epc;
	u8 *max_vfs;

	dummy = devm_kzalloc(&pdev->dev, sizeof(*dummy), GFP_KERNEL);
	if (!dummy)
		return -ENOMEM;
	epc = devm_pci_epc_create(&pdev->dev, &epc_dummy_ops);
	if (IS_ERR(epc))
		return PTR_ERR(epc);

	max_vfs = devm_kcalloc(&pdev->dev, EPC_DUMMY_FUNCTIONS,
			       sizeof(*max_vfs), GFP_KERNEL);
	if (!max_vfs)
		return -ENOMEM;
	memset(max_vfs, EPC_DUMMY_VFS, EPC_DUMMY_FUNCTIONS);

	epc->max_functions = EPC_DUMMY_FUNCTIONS;
	epc->max_vfs = max_vfs;
	dummy->epc = epc;
	INIT_DELAYED_WORK(&dummy->linkdown, epc_dummy_linkdown);
	epc_set_drvdata(epc, dummy);
	platform_set_drvdata(pdev, dummy);
	pci_epc_init_notify(epc);
	return 0;
}

static void epc_dummy_remove(struct platform_device *pdev)
{
	struct epc_dummy *dummy = platform_get_drvdata(pdev);

	cancel_delayed_work_sync(&dummy->linkdown);
}

static struct platform_driver epc_dummy_driver = {
	.driver.name	= "epc-dummy",
	.probe		= epc_dummy_probe,
	.remove		= epc_dummy_remove,
};

static int __init epc_dummy_init(void)
{
	struct platform_device *pdev;
	int i, ret;

	pci_ep_set_intx_capable(&epc_dummy_features[2]);
	ret = platform_driver_register(&epc_dummy_driver);
	if (ret)
		return ret;

	for (i = 0; i < EPC_DUMMY_COUNT; i++) {
		pdev = platform_device_register_simple("epc-dummy", i, NULL, 0);
		if (IS_ERR(pdev)) {
			ret = PTR_ERR(pdev);
			goto err_unregister;
		}
		epc_dummy_devices[i] = pdev;
	}
	return 0;

err_unregister:
	while (i--)
		platform_device_unregister(epc_dummy_devices[i]);
	platform_driver_unregister(&epc_dummy_driver);
	return ret;
}
module_init(epc_dummy_init);

static void __exit epc_dummy_exit(void)
{
	int i;

	for (i = 0; i < EPC_DUMMY_COUNT; i++)
		platform_device_unregister(epc_dummy_devices[i]);
	platform_driver_unregister(&epc_dummy_driver);
}
module_exit(epc_dummy_exit);

MODULE_DESCRIPTION("Endpoint controllers without hardware, for tests");
MODULE_LICENSE("GPL");
