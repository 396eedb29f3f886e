/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One endpoint API for the kernels we build for
 *
 * Newer names and meanings are used everywhere else; here they are provided
 * where a kernel lacks them.  HAVE_* come from features.sh.
 */
#ifndef PCI_EP_COMPAT_H
#define PCI_EP_COMPAT_H

#include <linux/configfs.h>
#include <linux/hrtimer.h>
#include <linux/log2.h>
#include <linux/pci-epc.h>
#include <linux/pci-epf.h>
#include <linux/sizes.h>
#include <linux/slab.h>

/* How many vectors a controller's set_msi() is asked for by its argument @nr_irqs */
static inline unsigned int pci_ep_set_msi_count(u8 nr_irqs)
{
#ifdef HAVE_EPC_NR_IRQS
	return nr_irqs;
#else
	return 1u << nr_irqs;
#endif
}

/* What a controller's get_msi() returns for @count vectors, 0 if disabled */
static inline int pci_ep_get_msi_result(int count)
{
#ifdef HAVE_EPC_NR_IRQS
	return count;
#else
	return count ? ilog2(count) : -EINVAL;
#endif
}

/* What a controller's get_msix() returns for @count vectors, 0 if disabled */
static inline int pci_ep_get_msix_result(int count)
{
#ifdef HAVE_EPC_NR_IRQS
	return count;
#else
	return count ? count - 1 : -EINVAL;
#endif
}

/* May a function use this BAR of the controller at all? */
static inline bool pci_ep_bar_usable(const struct pci_epc_features *features,
				     enum pci_barno bar)
{
#ifdef HAVE_EPC_BAR_DISABLED
	if (features->bar[bar].type == BAR_DISABLED)
		return false;
#endif
	return features->bar[bar].type != BAR_RESERVED;
}

/* A controller can raise INTx, and says so where it can be said */
static inline void pci_ep_set_intx_capable(struct pci_epc_features *features)
{
#ifdef HAVE_EPC_INTX_CAPABLE
	features->intx_capable = true;
#endif
}

static inline bool pci_ep_intx_capable(const struct pci_epc_features *features)
{
#ifdef HAVE_EPC_INTX_CAPABLE
	return features->intx_capable;
#else
	return false;
#endif
}

/* A BAR that is set again just changes its address */
static inline void pci_ep_set_dynamic_inbound(struct pci_epc_features *features)
{
#ifdef HAVE_EPC_DYNAMIC_INBOUND
	features->dynamic_inbound_mapping = true;
#endif
}

/* Kernels without resizable BARs give those of such controllers one size */
static inline void pci_ep_set_bar_resizable(struct pci_epc_bar_desc *bar)
{
#ifdef HAVE_EPC_BAR_RESIZABLE
	bar->type = BAR_RESIZABLE;
#else
	bar->type = BAR_FIXED;
	bar->fixed_size = SZ_1M;
#endif
}

static inline bool pci_ep_bar_resizable(const struct pci_epc_bar_desc *bar)
{
#ifdef HAVE_EPC_BAR_RESIZABLE
	return bar->type == BAR_RESIZABLE;
#else
	return false;
#endif
}

static inline void pci_ep_set_bar_disabled(struct pci_epc_bar_desc *bar)
{
#ifdef HAVE_EPC_BAR_DISABLED
	bar->type = BAR_DISABLED;
#else
	bar->type = BAR_RESERVED;
#endif
}

/* Operations structures are const where configfs takes them so */
#ifdef HAVE_CONFIGFS_CONST_OPS
#define CONFIGFS_OPS_CONST	const
#else
#define CONFIGFS_OPS_CONST
#endif

#ifndef HAVE_HRTIMER_SETUP
static inline void
hrtimer_setup(struct hrtimer *timer,
	      enum hrtimer_restart (*function)(struct hrtimer *),
	      clockid_t clock_id, enum hrtimer_mode mode)
{
	hrtimer_init(timer, clock_id, mode);
	timer->function = function;
}
#endif

#ifndef kzalloc_obj
#define kzalloc_obj(obj)	kzalloc(sizeof(obj), GFP_KERNEL)
#endif

#endif /* PCI_EP_COMPAT_H */
