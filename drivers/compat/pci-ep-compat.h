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
#include <linux/slab.h>
#include <linux/timer.h>
#include <linux/workqueue.h>

/* Vectors a controller is asked for, from the argument of its set_msi() */
static inline int pci_ep_set_msi_count(u8 arg)
{
#ifdef HAVE_EPC_NR_IRQS
	return arg;
#else
	return 1 << arg;
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

/* Bytes that pci_epf_alloc_space() allocated behind the BAR */
static inline size_t pci_ep_bar_mem_size(const struct pci_epf_bar *bar)
{
#ifdef HAVE_EPF_BAR_MEM_SIZE
	return bar->mem_size;
#else
	return bar->aligned_size;
#endif
}

/*
 * May pci_epc_set_bar() be called again, without pci_epc_clear_bar(), to make
 * a BAR point elsewhere?  Older kernels cannot tell: false.
 */
static inline bool
pci_ep_dynamic_inbound(const struct pci_epc_features *features)
{
#ifdef HAVE_EPC_DYNAMIC_INBOUND
	return features->dynamic_inbound_mapping;
#else
	return false;
#endif
}

/*
 * Does the controller say that it can raise INTx?  Older kernels cannot tell,
 * and of the newer ones only some drivers that can do say so: false means
 * nothing.
 */
static inline bool pci_ep_intx_capable(const struct pci_epc_features *features)
{
#ifdef HAVE_EPC_INTX_CAPABLE
	return features->intx_capable;
#else
	return false;
#endif
}

/* For the initialiser of a controller's struct pci_epc_features: it can */
#ifdef HAVE_EPC_DYNAMIC_INBOUND
#define PCI_EP_FEATURE_DYNAMIC_INBOUND	.dynamic_inbound_mapping = true,
#else
#define PCI_EP_FEATURE_DYNAMIC_INBOUND
#endif

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

#ifndef HAVE_TIMER_CONTAINER_OF
#define timer_container_of(var, callback_timer, timer_fieldname) \
	from_timer(var, callback_timer, timer_fieldname)
#endif

#ifndef kzalloc_obj
#define kzalloc_obj(obj)	kzalloc(sizeof(obj), GFP_KERNEL)
#endif

#ifndef HAVE_WQ_PERCPU
#define WQ_PERCPU	0
#endif

#endif /* PCI_EP_COMPAT_H */
