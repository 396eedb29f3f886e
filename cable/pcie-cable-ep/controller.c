// SPDX-License-Identifier: GPL-2.0
/*
 * The controller's PCI device
 */
#include <linux/dma-mapping.h>
#include <linux/module.h>

#include "cable-ep.h"

static int cable_ep_identify(struct cable_ep *ep)
{
	struct device *dev = &ep->pdev->dev;
	u32 magic = cable_ep_read(ep, PCIE_CABLE_MAGIC);
	u32 version = cable_ep_read(ep, PCIE_CABLE_VERSION);

	if (magic != PCIE_CABLE_MAGIC_VALUE)
		return dev_err_probe(dev, -ENODEV,
				     "magic number is %#x, not %#x\n", magic,
				     PCIE_CABLE_MAGIC_VALUE);
	if (version != PCIE_CABLE_VERSION_VALUE)
		return dev_err_probe(dev, -ENODEV,
				     "register layout is version %u, this driver knows %u\n",
				     version, PCIE_CABLE_VERSION_VALUE);

	ep->num_functions = cable_ep_read(ep, PCIE_CABLE_NUM_FUNCTIONS);
	if (ep->num_functions < 1 ||
	    ep->num_functions > PCIE_CABLE_MAX_FUNCTIONS)
		return dev_err_probe(dev, -ENODEV,
				     "%u functions offered, can use 1 to %u\n",
				     ep->num_functions,
				     PCIE_CABLE_MAX_FUNCTIONS);

	ep->host_ram = (u64)cable_ep_read(ep, PCIE_CABLE_HOST_RAM_HI) << 32 |
		       cable_ep_read(ep, PCIE_CABLE_HOST_RAM_LO);
	return cable_ep_find_features(ep);
}

/* Functions look whether there is an align_addr */
static const struct pci_epc_ops *cable_ep_ops(struct cable_ep *ep)
{
	if (!ep->num_ob)
		return &cable_ep_mapped_ops;
	return ep->ob_passes_low_bits ? &cable_ep_low_bits_ops :
					&cable_ep_metered_ops;
}

static int cable_ep_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct device *dev = &pdev->dev;
	struct cable_ep *ep;
	struct pci_epc *epc;
	int ret;

	ep = devm_kzalloc(dev, sizeof(*ep), GFP_KERNEL);
	if (!ep)
		return -ENOMEM;
	ep->pdev = pdev;

	ret = pcim_enable_device(pdev);
	if (ret)
		return dev_err_probe(dev, ret, "cannot enable the device\n");

	ep->regs = pcim_iomap_region(pdev, PCIE_CABLE_BAR_REGS, dev_name(dev));
	if (IS_ERR(ep->regs))
		return dev_err_probe(dev, PTR_ERR(ep->regs),
				     "cannot map the registers\n");

	ret = cable_ep_identify(ep);
	if (ret)
		return ret;

	ret = ep->num_ob ? cable_ep_metered_init(ep) : cable_ep_mapped_init(ep);
	if (ret)
		return ret;

	/* BARs of the functions are allocated on behalf of this device */
	ret = dma_set_mask_and_coherent(dev, DMA_BIT_MASK(64));
	if (ret)
		return dev_err_probe(dev, ret, "no 64-bit DMA\n");
	pci_set_master(pdev);

	cable_ep_write(ep, PCIE_CABLE_LINK_CTRL, 0);
	cable_ep_clear_functions(ep);

	/* Not devm: remove() has to be done with it in the middle */
	epc = pci_epc_create(dev, cable_ep_ops(ep));
	if (IS_ERR(epc))
		return dev_err_probe(dev, PTR_ERR(epc),
				     "cannot create the controller\n");
	ep->epc = epc;
	epc_set_drvdata(epc, ep);
	epc->max_functions = ep->num_functions;
	pci_set_drvdata(pdev, ep);

	ret = pci_epc_multi_mem_init(epc, ep->windows, ep->num_windows);
	if (ret) {
		dev_err(dev, "cannot set up the windows: %d\n", ret);
		goto err_destroy_epc;
	}

	ret = pci_alloc_irq_vectors(pdev, PCIE_CABLE_NUM_IRQS,
				    PCIE_CABLE_NUM_IRQS, PCI_IRQ_MSIX);
	if (ret < 0) {
		dev_err(dev, "no MSI-X: %d\n", ret);
		goto err_mem_exit;
	}

	ret = cable_ep_dma_init(ep);
	if (ret)
		goto err_free_vectors;

	ret = cable_ep_events_start(ep);
	if (ret)
		goto err_dma_exit;

	if (!ep->perst)
		cable_ep_initialized(ep);
	if (ep->num_ob)
		dev_info(dev,
			 "%u functions, %u metered windows in %zu MiB, multiples of %u bytes\n",
			 ep->num_functions, ep->num_ob, ep->windows->size >> 20,
			 ep->ob_granule);
	else
		dev_info(dev, "%u functions, %u windows of %llu MiB\n",
			 ep->num_functions, ep->num_windows, ep->host_ram >> 20);
	return 0;

err_dma_exit:
	cable_ep_dma_exit(ep);
err_free_vectors:
	pci_free_irq_vectors(pdev);
err_mem_exit:
	pci_epc_mem_exit(epc);
err_destroy_epc:
	pci_epc_destroy(epc);
	return ret;
}

static void cable_ep_quiesce(struct cable_ep *ep)
{
	cable_ep_events_stop(ep);

	mutex_lock(&ep->epc->lock);
	cable_ep_write(ep, PCIE_CABLE_LINK_CTRL, 0);
	ep->started = false;
	mutex_unlock(&ep->epc->lock);
}

/*
 * The device can be unbound while functions are bound to the controller.  They
 * are told by link_down and epc_deinit; who bound them may unbind them when the
 * class device goes, during pci_epc_destroy().  Who does neither, but holds a
 * reference to the controller, finds operations that fail.
 */
static void cable_ep_remove(struct pci_dev *pdev)
{
	struct cable_ep *ep = pci_get_drvdata(pdev);
	struct pci_epc *epc = ep->epc;
	bool unused;

	cable_ep_quiesce(ep);
	if (ep->link_up)
		pci_epc_linkdown(epc);
	pci_epc_deinit_notify(epc);

	get_device(&epc->dev);
	pci_epc_destroy(epc);

	/* Functions have given their channels back by now */
	cable_ep_dma_exit(ep);
	pci_free_irq_vectors(pdev);

	mutex_lock(&epc->lock);
	cable_ep_clear_functions(ep);
	epc_set_drvdata(epc, NULL);
	mutex_unlock(&epc->lock);

	mutex_lock(&epc->list_lock);
	unused = list_empty(&epc->pci_epf);
	mutex_unlock(&epc->list_lock);
	if (unused)
		pci_epc_mem_exit(epc);
	else
		dev_warn(&pdev->dev,
			 "a function still uses the controller, its windows are lost\n");
	put_device(&epc->dev);
}

static void cable_ep_shutdown(struct pci_dev *pdev)
{
	cable_ep_quiesce(pci_get_drvdata(pdev));
}

static const struct pci_device_id cable_ep_ids[] = {
	{ PCI_DEVICE(PCIE_CABLE_VENDOR_ID, PCIE_CABLE_DEVICE_ID) },
	{ }
};
MODULE_DEVICE_TABLE(pci, cable_ep_ids);

static struct pci_driver cable_ep_driver = {
	.name		= "pcie-cable-ep",
	.id_table	= cable_ep_ids,
	.probe		= cable_ep_probe,
	.remove		= cable_ep_remove,
	.shutdown	= cable_ep_shutdown,
};

static int __init cable_ep_init(void)
{
	int ret;

	/* Banks first: a controller looks for them when it is probed */
	ret = pci_register_driver(&cable_ep_bank_driver);
	if (ret)
		return ret;

	ret = pci_register_driver(&cable_ep_driver);
	if (ret)
		pci_unregister_driver(&cable_ep_bank_driver);
	return ret;
}
module_init(cable_ep_init);

static void __exit cable_ep_exit(void)
{
	pci_unregister_driver(&cable_ep_driver);
	pci_unregister_driver(&cable_ep_bank_driver);
}
module_exit(cable_ep_exit);

MODULE_DESCRIPTION("Endpoint controller of a virtual PCIe cable");
MODULE_LICENSE("GPL");
