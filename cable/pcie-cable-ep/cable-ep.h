/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Endpoint controller driver for the virtual PCIe cable
 *
 * controller.c	the controller's PCI device: probe, remove
 * bank.c	window banks, PCI devices that only hold outbound windows
 * mapped.c	outbound windows that show all of the host's RAM, of a controller and
 *		its banks
 * metered.c	outbound windows that are translated
 * windows.c	which windows of either kind are in use
 * dma.c	the DMA engine, where the kernel has dmaengine
 * events.c	the controller's interrupt: PERST#, link up, link down, bus mastering
 * ops.c	struct pci_epc_ops
 * features.c	what the controller can do
 * irqs.c	of these, the operations for interrupts
 */
#ifndef CABLE_EP_H
#define CABLE_EP_H

#include <linux/io.h>
#include <linux/pci.h>
#include <linux/pci-epc.h>

#include "pcie-cable-regs.h"

#define CABLE_EP_HDR_WORDS	4
#define CABLE_EP_MSIX_WORDS	3

struct cable_ep_bar {
	u64	size;		/* bytes, 0: none */
	u32	flags;
};

/* What the host gets to see of a function */
struct cable_ep_shape {
	u32			header[CABLE_EP_HDR_WORDS];
	u32			msix[CABLE_EP_MSIX_WORDS];
	u32			msi;		/* vectors, 0: none */
	struct cable_ep_bar	bar[PCIE_CABLE_NUM_BARS];
};

struct cable_ep_fn {
	struct cable_ep_shape	shape;
	/* The shape at the time the link was started: it stays until stopped */
	struct cable_ep_shape	visible;
};

/* An outbound window in use; @size is 0 where it is free */
struct cable_ep_ob {
	phys_addr_t	addr;
	size_t		size;
};

struct cable_ep_dma;

struct cable_ep {
	struct pci_dev			*pdev;
	struct pci_epc			*epc;
	void __iomem			*regs;
	int				irq;

	/* Protected by epc->lock */
	bool				started;
	bool				waits_perst;	/* between start and stop */
	bool				initialized;	/* functions may use it */
	struct cable_ep_fn		fn[PCIE_CABLE_MAX_FUNCTIONS];
	struct cable_ep_ob		*ob;		/* as many as windows */

	/* Used by the event thread, and when that has ended */
	bool				link_up;

	struct cable_ep_dma		*dma;		/* NULL: no engine */

	/* Constant after probe */
	u64				host_ram;	/* bytes */
	unsigned int			num_functions;
	u32				num_msix;	/* vectors per function */
	u32				num_msi;	/* likewise */
	bool				intx;		/* can be raised */
	bool				perst;		/* starts anew with PERST# */
	struct pci_epc_features		features;
	unsigned int			num_ob;		/* 0: windows are mapped */
	bool				ob_passes_low_bits;
	u32				ob_granule;	/* bytes */
	unsigned int			num_windows;
	struct pci_epc_mem_window	*windows;
};

static inline u32 cable_ep_read(struct cable_ep *ep, u32 reg)
{
	return readl(ep->regs + reg);
}

static inline void cable_ep_write(struct cable_ep *ep, u32 reg, u32 value)
{
	writel(value, ep->regs + reg);
}

/* A size as asked for, or up to where a fault on demand ends the mapping */
static inline size_t cable_ep_short(struct cable_ep *ep, u64 pci_addr, size_t size)
{
	u32 limit = cable_ep_read(ep, PCIE_CABLE_MAP_LIMIT);

	return limit ? min_t(size_t, size, limit - (pci_addr & (limit - 1))) : size;
}

/*
 * For operations: NULL when the device is gone, and before epc_init, when the
 * registers of a real controller may be without clocks.
 */
static inline struct cable_ep *cable_ep_usable(struct pci_epc *epc)
{
	struct cable_ep *ep = epc_get_drvdata(epc);

	if (ep && !ep->initialized) {
		dev_err_ratelimited(&epc->dev,
				    "used before epc_init, for which functions have to wait\n");
		return NULL;
	}
	return ep;
}

/* bank.c */
extern struct pci_driver cable_ep_bank_driver;
bool cable_ep_is_bank(struct pci_dev *pdev);

/* features.c */
int cable_ep_find_features(struct cable_ep *ep);
int cable_ep_check_kind(struct cable_ep *ep, const struct pci_epf_bar *epf_bar);

/* mapped.c */
int cable_ep_mapped_init(struct cable_ep *ep);
u64 cable_ep_mapped_align(struct pci_epc *epc, u64 pci_addr, size_t *size,
			  size_t *offset);
int cable_ep_mapped_map(struct pci_epc *epc, u8 func_no, u8 vfunc_no,
			phys_addr_t addr, u64 pci_addr, size_t size);
void cable_ep_mapped_unmap(struct pci_epc *epc, u8 func_no, u8 vfunc_no,
			   phys_addr_t addr);

/* metered.c */
int cable_ep_metered_init(struct cable_ep *ep);
u64 cable_ep_metered_align(struct pci_epc *epc, u64 pci_addr, size_t *size,
			   size_t *offset);
int cable_ep_metered_map(struct pci_epc *epc, u8 func_no, u8 vfunc_no,
			 phys_addr_t addr, u64 pci_addr, size_t size);
void cable_ep_metered_unmap(struct pci_epc *epc, u8 func_no, u8 vfunc_no,
			    phys_addr_t addr);

/* windows.c */
int cable_ep_take_window(struct cable_ep *ep, phys_addr_t addr, size_t size);
int cable_ep_give_window(struct cable_ep *ep, phys_addr_t addr);

/* dma.c */
#ifdef CONFIG_DMA_ENGINE
int cable_ep_dma_init(struct cable_ep *ep);
void cable_ep_dma_exit(struct cable_ep *ep);
#else
static inline int cable_ep_dma_init(struct cable_ep *ep)
{
	return 0;
}

static inline void cable_ep_dma_exit(struct cable_ep *ep)
{
}
#endif

/* events.c */
void cable_ep_initialized(struct cable_ep *ep);
int cable_ep_events_start(struct cable_ep *ep);
void cable_ep_events_stop(struct cable_ep *ep);

/* ops.c */
extern const struct pci_epc_ops cable_ep_mapped_ops;
extern const struct pci_epc_ops cable_ep_metered_ops;
extern const struct pci_epc_ops cable_ep_low_bits_ops;
void cable_ep_clear_functions(struct cable_ep *ep);
int cable_ep_enable_link(struct cable_ep *ep);
int cable_ep_may_change(struct cable_ep *ep, u8 func_no, const char *what,
			const void *wanted, const void *visible, size_t size);

/* irqs.c */
int cable_ep_set_msix(struct pci_epc *epc, u8 func_no, u8 vfunc_no,
		      u16 nr_irqs, enum pci_barno bir, u32 offset);
int cable_ep_get_msix(struct pci_epc *epc, u8 func_no, u8 vfunc_no);
int cable_ep_set_msi(struct pci_epc *epc, u8 func_no, u8 vfunc_no, u8 nr_irqs);
int cable_ep_get_msi(struct pci_epc *epc, u8 func_no, u8 vfunc_no);
int cable_ep_raise_irq(struct pci_epc *epc, u8 func_no, u8 vfunc_no,
		       unsigned int type, u16 interrupt_num);

#endif /* CABLE_EP_H */
