// SPDX-License-Identifier: GPL-2.0
/*
 * Controller operations for interrupts; ops.c says how they are called
 */
#include "cable-ep.h"
#include "pci-ep-compat.h"

#define CABLE_EP_MSIX_ENTRY	16		/* bytes in the MSI-X table */

int cable_ep_set_msix(struct pci_epc *epc, u8 func_no, u8 vfunc_no,
		      u16 nr_irqs, enum pci_barno bir, u32 offset)
{
	struct cable_ep *ep = cable_ep_usable(epc);
	u32 pba = offset + nr_irqs * CABLE_EP_MSIX_ENTRY;
	u32 end = pba + BITS_TO_LONGS(nr_irqs) * 8;
	u32 words[CABLE_EP_MSIX_WORDS] = { nr_irqs, offset | bir, pba | bir };
	u32 regs = PCIE_CABLE_FN(func_no);
	struct cable_ep_fn *fn;
	int ret;

	if (!ep)
		return -ENODEV;

	fn = &ep->fn[func_no];
	if (nr_irqs > ep->num_msix) {
		dev_err(&epc->dev, "%u MSI-X vectors wanted, 1 to %u possible\n",
			nr_irqs, ep->num_msix);
		return -EINVAL;
	}
	if (bir < BAR_0 || bir > BAR_5 || offset % 8 || end < offset ||
	    end > fn->shape.bar[bir].size) {
		dev_err(&epc->dev,
			"MSI-X table at %#x does not fit into BAR %d, or is not aligned to 8 bytes\n",
			offset, bir);
		return -EINVAL;
	}
	ret = cable_ep_may_change(ep, func_no, "MSI-X", words, fn->visible.msix,
				  sizeof(words));
	if (ret)
		return ret;

	memcpy(fn->shape.msix, words, sizeof(words));
	cable_ep_write(ep, regs + PCIE_CABLE_FN_MSIX_VECTORS, words[0]);
	cable_ep_write(ep, regs + PCIE_CABLE_FN_MSIX_TABLE, words[1]);
	cable_ep_write(ep, regs + PCIE_CABLE_FN_MSIX_PBA, words[2]);
	return 0;
}

int cable_ep_get_msix(struct pci_epc *epc, u8 func_no, u8 vfunc_no)
{
	struct cable_ep *ep = cable_ep_usable(epc);
	u32 count;

	if (!ep)
		return -ENODEV;

	count = cable_ep_read(ep, PCIE_CABLE_FN(func_no) +
				  PCIE_CABLE_FN_MSIX_ENABLED);
	if (count > ep->num_msix)
		return -EIO;
	return pci_ep_get_msix_result(count);
}

/* A number that the capability cannot express becomes the next one it can */
int cable_ep_set_msi(struct pci_epc *epc, u8 func_no, u8 vfunc_no, u8 nr_irqs)
{
	u32 count = roundup_pow_of_two(pci_ep_set_msi_count(nr_irqs));
	struct cable_ep *ep = cable_ep_usable(epc);
	struct cable_ep_fn *fn;
	int ret;

	if (!ep)
		return -ENODEV;

	fn = &ep->fn[func_no];
	if (count > ep->num_msi) {
		dev_err(&epc->dev, "%u MSI vectors wanted, 1 to %u possible\n",
			count, ep->num_msi);
		return -EINVAL;
	}
	ret = cable_ep_may_change(ep, func_no, "MSI", &count, &fn->visible.msi,
				  sizeof(count));
	if (ret)
		return ret;

	fn->shape.msi = count;
	cable_ep_write(ep, PCIE_CABLE_FN(func_no) + PCIE_CABLE_FN_MSI_VECTORS,
		       count);
	return 0;
}

int cable_ep_get_msi(struct pci_epc *epc, u8 func_no, u8 vfunc_no)
{
	struct cable_ep *ep = cable_ep_usable(epc);
	u32 count;

	if (!ep)
		return -ENODEV;

	count = cable_ep_read(ep, PCIE_CABLE_FN(func_no) +
				  PCIE_CABLE_FN_MSI_ENABLED);
	if (count > ep->num_msi)
		return -EIO;
	return pci_ep_get_msi_result(count);
}

int cable_ep_raise_irq(struct pci_epc *epc, u8 func_no, u8 vfunc_no,
		       unsigned int type, u16 interrupt_num)
{
	struct cable_ep *ep = cable_ep_usable(epc);
	u32 regs = PCIE_CABLE_FN(func_no);

	if (!ep)
		return -ENODEV;

	switch (type) {
	case PCI_IRQ_MSI:
		cable_ep_write(ep, regs + PCIE_CABLE_FN_MSI_RAISE,
			       interrupt_num);
		break;
	case PCI_IRQ_MSIX:
		cable_ep_write(ep, regs + PCIE_CABLE_FN_MSIX_RAISE,
			       interrupt_num);
		break;
	case PCI_IRQ_INTX:
		if (!ep->intx) {
			dev_err(&epc->dev, "this controller cannot raise INTx\n");
			return -EINVAL;
		}
		/*
		 * A pulse, as other controllers send: a function has no means
		 * to deassert it when the driver is done.
		 */
		cable_ep_write(ep, regs + PCIE_CABLE_FN_INTX_PULSE, 1);
		break;
	default:
		return -EINVAL;
	}

	switch (cable_ep_read(ep, regs + PCIE_CABLE_FN_IRQ_STATUS)) {
	case PCIE_CABLE_IRQ_SENT:
		return 0;
	case PCIE_CABLE_IRQ_MASKED:
		/* To be tried again: the interrupt is not kept pending */
		return -EPERM;
	default:
		/*
		 * Nobody to interrupt: the host has this type or bus mastering
		 * off, it gave out fewer vectors, the function has no pin, or
		 * the link is down.
		 */
		return -EINVAL;
	}
}
