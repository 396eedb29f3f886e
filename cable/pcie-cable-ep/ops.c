// SPDX-License-Identifier: GPL-2.0
/*
 * Controller operations
 *
 * The endpoint core calls all of these but align_addr with epc->lock held (see
 * drivers/pci/endpoint/pci-epc-core.c), in process context, and with a valid
 * function number.  No virtual functions: epc->max_vfs is not set.  Driver data
 * is NULL once the device is gone.
 */
#include <linux/log2.h>
#include <linux/module.h>
#include <linux/sizes.h>

#include "cable-ep.h"
#include "pci-ep-compat.h"

#define CABLE_EP_BAR_MIN	128		/* as in pci_epf_alloc_space() */
#define CABLE_EP_BAR_MAX_32	SZ_2G

/*
 * The host takes over a function's shape when the link is started.  A change
 * after that would leave the host with BARs that the function's memory does not
 * fill, so it has to wait for the link to be stopped.
 */
int cable_ep_may_change(struct cable_ep *ep, u8 func_no, const char *what,
			const void *wanted, const void *visible, size_t size)
{
	if (!ep->started || !memcmp(wanted, visible, size))
		return 0;

	dev_err(&ep->epc->dev,
		"function %u: %s differs from what the host sees, stop the link first\n",
		func_no, what);
	return -EBUSY;
}

static int cable_ep_write_header(struct pci_epc *epc, u8 func_no, u8 vfunc_no,
				 struct pci_epf_header *hdr)
{
	struct cable_ep *ep = cable_ep_usable(epc);
	u32 words[CABLE_EP_HDR_WORDS] = {
		hdr->deviceid << 16 | hdr->vendorid,
		hdr->baseclass_code << 24 | hdr->subclass_code << 16 |
			hdr->progif_code << 8 | hdr->revid,
		hdr->subsys_id << 16 | hdr->subsys_vendor_id,
		hdr->interrupt_pin << 8 | hdr->cache_line_size,
	};
	u32 regs = PCIE_CABLE_FN(func_no);
	struct cable_ep_fn *fn;
	int ret;

	if (!ep)
		return -ENODEV;

	fn = &ep->fn[func_no];
	ret = cable_ep_may_change(ep, func_no, "header", words,
				  fn->visible.header, sizeof(words));
	if (ret)
		return ret;

	memcpy(fn->shape.header, words, sizeof(words));
	cable_ep_write(ep, regs + PCIE_CABLE_FN_ID, words[0]);
	cable_ep_write(ep, regs + PCIE_CABLE_FN_CLASS, words[1]);
	cable_ep_write(ep, regs + PCIE_CABLE_FN_SUBSYS, words[2]);
	cable_ep_write(ep, regs + PCIE_CABLE_FN_MISC, words[3]);
	cable_ep_write(ep, regs + PCIE_CABLE_FN_CTRL, PCIE_CABLE_FN_PRESENT);
	return 0;
}

static int cable_ep_check_bar(struct cable_ep *ep, u8 func_no,
			      const struct pci_epf_bar *epf_bar)
{
	struct device *dev = &ep->epc->dev;
	const struct cable_ep_bar *bars = ep->fn[func_no].shape.bar;
	bool is_64bit = epf_bar->flags & PCI_BASE_ADDRESS_MEM_TYPE_64;
	enum pci_barno b = epf_bar->barno;

	if (b < BAR_0 || b > BAR_5)
		return -EINVAL;

	if (epf_bar->flags & PCI_BASE_ADDRESS_SPACE_IO) {
		dev_err(dev, "BAR %d: only memory is possible, not I/O\n", b);
		return -EINVAL;
	}
	if (epf_bar->size < CABLE_EP_BAR_MIN || !is_power_of_2(epf_bar->size) ||
	    (!is_64bit && epf_bar->size > CABLE_EP_BAR_MAX_32)) {
		dev_err(dev,
			"BAR %d: size %zu is not a power of two of %d or more%s\n",
			b, epf_bar->size, CABLE_EP_BAR_MIN,
			is_64bit ? "" : ", up to 2 GiB as it has 32 bits");
		return -EINVAL;
	}
	if (is_64bit && b % 2) {
		dev_err(dev, "BAR %d: only BARs 0, 2 and 4 can have 64 bits\n",
			b);
		return -EINVAL;
	}
	if (is_64bit && bars[b + 1].size) {
		dev_err(dev, "BAR %d: has 64 bits, but BAR %d is in use\n", b,
			b + 1);
		return -EINVAL;
	}
	if (b % 2 && bars[b - 1].flags & PCI_BASE_ADDRESS_MEM_TYPE_64) {
		dev_err(dev, "BAR %d: is the upper half of BAR %d\n", b, b - 1);
		return -EINVAL;
	}
	return cable_ep_check_kind(ep, epf_bar);
}

static void cable_ep_point_bar(struct cable_ep *ep, u32 regs, u64 addr)
{
	cable_ep_write(ep, regs + PCIE_CABLE_BAR_ADDR_LO, lower_32_bits(addr));
	cable_ep_write(ep, regs + PCIE_CABLE_BAR_ADDR_HI, upper_32_bits(addr));
}

static void cable_ep_shape_bar(struct cable_ep *ep, u32 regs,
			       const struct cable_ep_bar *bar)
{
	cable_ep_write(ep, regs + PCIE_CABLE_BAR_SIZE_LO,
		       lower_32_bits(bar->size));
	cable_ep_write(ep, regs + PCIE_CABLE_BAR_SIZE_HI,
		       upper_32_bits(bar->size));
	cable_ep_write(ep, regs + PCIE_CABLE_BAR_FLAGS, bar->flags);
}

/* A second call with the same size and flags makes the BAR point elsewhere */
static int cable_ep_set_bar(struct pci_epc *epc, u8 func_no, u8 vfunc_no,
			    struct pci_epf_bar *epf_bar)
{
	struct cable_ep *ep = cable_ep_usable(epc);
	enum pci_barno b = epf_bar->barno;
	struct cable_ep_bar bar = {};
	struct cable_ep_fn *fn;
	u32 regs;
	int ret;

	if (!ep)
		return -ENODEV;

	ret = cable_ep_check_bar(ep, func_no, epf_bar);
	if (ret)
		return ret;

	bar.size = epf_bar->size;
	bar.flags = epf_bar->flags & (PCI_BASE_ADDRESS_MEM_TYPE_64 |
				      PCI_BASE_ADDRESS_MEM_PREFETCH);
	fn = &ep->fn[func_no];
	if (ep->started && (bar.size != fn->visible.bar[b].size ||
			    bar.flags != fn->visible.bar[b].flags)) {
		dev_err(&epc->dev,
			"function %u: BAR %d differs from what the host sees, stop the link first\n",
			func_no, b);
		return -EBUSY;
	}

	regs = PCIE_CABLE_FN(func_no) + PCIE_CABLE_FN_BAR(b);
	fn->shape.bar[b] = bar;
	cable_ep_shape_bar(ep, regs, &bar);
	cable_ep_point_bar(ep, regs, epf_bar->phys_addr);
	return 0;
}

static bool cable_ep_has_bars(const struct cable_ep_shape *shape)
{
	int b;

	for (b = 0; b < PCIE_CABLE_NUM_BARS; b++)
		if (shape->bar[b].size)
			return true;
	return false;
}

static void cable_ep_remove_bar(struct cable_ep *ep, u8 func_no, int b)
{
	struct cable_ep_shape *shape = &ep->fn[func_no].shape;
	static const struct cable_ep_bar none;
	u32 regs = PCIE_CABLE_FN(func_no);

	shape->bar[b] = none;
	cable_ep_shape_bar(ep, regs + PCIE_CABLE_FN_BAR(b), &none);
	cable_ep_point_bar(ep, regs + PCIE_CABLE_FN_BAR(b), 0);

	/*
	 * The MSI-X table goes with the BAR it is in, and MSI with the last of
	 * them.  No operation removes a capability, and the next function may
	 * have none.
	 */
	if ((shape->msix[1] & PCI_MSIX_TABLE_BIR) == b) {
		memset(shape->msix, 0, sizeof(shape->msix));
		cable_ep_write(ep, regs + PCIE_CABLE_FN_MSIX_VECTORS, 0);
	}
	if (!cable_ep_has_bars(shape)) {
		shape->msi = 0;
		cable_ep_write(ep, regs + PCIE_CABLE_FN_MSI_VECTORS, 0);
	}
}

static void cable_ep_clear_bar(struct pci_epc *epc, u8 func_no, u8 vfunc_no,
			       struct pci_epf_bar *epf_bar)
{
	struct cable_ep *ep = epc_get_drvdata(epc);

	if (!ep || epf_bar->barno < BAR_0 || epf_bar->barno > BAR_5)
		return;
	cable_ep_remove_bar(ep, func_no, epf_bar->barno);
}

/* No operation removes a header, and a host would find one without a function */
static void cable_ep_remove_unused_headers(struct cable_ep *ep)
{
	unsigned int i;

	for (i = 0; i < ep->num_functions; i++)
		if (!(ep->epc->function_num_map & BIT(i)))
			cable_ep_write(ep, PCIE_CABLE_FN(i) + PCIE_CABLE_FN_CTRL, 0);
}

/* epc->lock is held. */
int cable_ep_enable_link(struct cable_ep *ep)
{
	struct pci_epc *epc = ep->epc;
	unsigned int i;

	cable_ep_remove_unused_headers(ep);
	cable_ep_write(ep, PCIE_CABLE_LINK_CTRL, PCIE_CABLE_LINK_ENABLE |
		       (ep->perst ? PCIE_CABLE_LINK_WAIT_PERST : 0));
	if (!(cable_ep_read(ep, PCIE_CABLE_LINK_CTRL) &
	      PCIE_CABLE_LINK_ENABLE)) {
		dev_err(&epc->dev,
			"the cable refuses to start the link, its log says why\n");
		return -EINVAL;
	}
	if (cable_ep_read(ep, PCIE_CABLE_LINK_STATUS) & PCIE_CABLE_LINK_MISFIT)
		dev_warn(&epc->dev,
			 "the link stays down: the host machine was started with other BARs or interrupts, and has to be started again\n");

	for (i = 0; i < ep->num_functions; i++)
		ep->fn[i].visible = ep->fn[i].shape;
	ep->started = true;
	return 0;
}

static int cable_ep_start(struct pci_epc *epc)
{
	struct cable_ep *ep = epc_get_drvdata(epc);

	if (!ep)
		return -ENODEV;
	if (!ep->perst)
		return cable_ep_enable_link(ep);

	ep->waits_perst = true;
	cable_ep_write(ep, PCIE_CABLE_LINK_CTRL, PCIE_CABLE_LINK_WAIT_PERST);
	return 0;
}

static void cable_ep_stop(struct pci_epc *epc)
{
	struct cable_ep *ep = epc_get_drvdata(epc);

	if (!ep)
		return;

	cable_ep_write(ep, PCIE_CABLE_LINK_CTRL, 0);
	ep->started = false;
	ep->waits_perst = false;
}

static const struct pci_epc_features *
cable_ep_get_features(struct pci_epc *epc, u8 func_no, u8 vfunc_no)
{
	struct cable_ep *ep = epc_get_drvdata(epc);

	return ep ? &ep->features : NULL;
}

#define CABLE_EP_OPS(windows, align)				\
	.write_header	= cable_ep_write_header,		\
	.set_bar	= cable_ep_set_bar,			\
	.clear_bar	= cable_ep_clear_bar,			\
	.align_addr	= align,				\
	.map_addr	= cable_ep_ ## windows ## _map,		\
	.unmap_addr	= cable_ep_ ## windows ## _unmap,	\
	.set_msi	= cable_ep_set_msi,			\
	.get_msi	= cable_ep_get_msi,			\
	.set_msix	= cable_ep_set_msix,			\
	.get_msix	= cable_ep_get_msix,			\
	.raise_irq	= cable_ep_raise_irq,			\
	.start		= cable_ep_start,			\
	.stop		= cable_ep_stop,			\
	.get_features	= cable_ep_get_features,		\
	.owner		= THIS_MODULE

const struct pci_epc_ops cable_ep_mapped_ops = {
	CABLE_EP_OPS(mapped, cable_ep_mapped_align),
};

const struct pci_epc_ops cable_ep_metered_ops = {
	CABLE_EP_OPS(metered, cable_ep_metered_align),
};

const struct pci_epc_ops cable_ep_low_bits_ops = {
	CABLE_EP_OPS(metered, NULL),
};

/* Forget what an earlier user of the device has left; nobody else uses @ep */
void cable_ep_clear_functions(struct cable_ep *ep)
{
	unsigned int i;
	int b;

	for (i = 0; i < ep->num_functions; i++) {
		cable_ep_write(ep, PCIE_CABLE_FN(i) + PCIE_CABLE_FN_CTRL, 0);
		for (b = 0; b < PCIE_CABLE_NUM_BARS; b++)
			cable_ep_remove_bar(ep, i, b);
	}
}
