// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <linux/vfio.h>
#include <stddef.h>
#include <string.h>

#include "cable.h"
#include "fds.h"
#include "log.h"
#include "mem.h"
#include "peer.h"
#include "watch.h"

#define CTRL_ID		(PCIE_CABLE_DEVICE_ID << 16 | PCIE_CABLE_VENDOR_ID)
#define FN_STRIDE	(PCIE_CABLE_FN(1) - PCIE_CABLE_FN(0))
#define BAR_STRIDE	(PCIE_CABLE_FN_BAR(1) - PCIE_CABLE_FN_BAR(0))

static bool is_mapped_window(const struct cable *cable, unsigned int index)
{
	return !ep_atu_is_metered(&cable->atu) && (index == 2 || index == 4);
}

static bool is_metered_window(const struct cable *cable, unsigned int index)
{
	return ep_atu_is_metered(&cable->atu) && index == 2;
}

void ep_ctrl_connected(struct cable *cable, struct vfu_conn *conn)
{
	struct ep_ctrl *ep = &cable->ep;
	struct pci_config *cfg = &ep->cfg;
	unsigned int b;

	*ep = (struct ep_ctrl){ .conn = conn, .events_told = cable->profile->events |
		(cable->perst ? PCIE_CABLE_EVENT_PERST : 0) };
	pci_config_init(cfg, PCI_CONFIG_SIZE, CTRL_ID, EP_CLASS_REV, CTRL_ID);
	pci_config_add_bar(cfg, PCIE_CABLE_BAR_REGS, PCIE_CABLE_REGS_SIZE, 0);
	pci_config_add_bar(cfg, PCIE_CABLE_BAR_MSIX, PCIE_CABLE_MSIX_SIZE, 0);
	for (b = 0; b < PCIE_CABLE_NUM_BARS; b++) {
		if (is_mapped_window(cable, b))
			pci_config_add_bar(cfg, b, cable->ram.size, EP_WINDOW_BAR_FLAGS);
		else if (is_metered_window(cable, b))
			pci_config_add_bar(cfg, b, cable->atu.limits.space, EP_WINDOW_BAR_FLAGS);
	}
	pci_config_add_msix(cfg, PCIE_CABLE_NUM_IRQS, PCIE_CABLE_BAR_MSIX,
			    PCIE_CABLE_MSIX_PBA | PCIE_CABLE_BAR_MSIX);
}

static void interrupt(struct ep_ctrl *ep)
{
	if (ep->conn && (ep->event_status & ep->event_enable))
		vfu_irq_fire(&ep->conn->irqs, VFIO_PCI_MSIX_IRQ_INDEX, PCIE_CABLE_IRQ_EVENT);
}

void ep_ctrl_event(struct ep_ctrl *ep, uint32_t events)
{
	const uint32_t risen = events & ep->events_told & ~ep->event_status;

	ep->event_status |= risen;
	if (risen & ep->event_enable)
		interrupt(ep);
}

uint8_t *ep_ctrl_bar_mem(const struct ep_ctrl *ep, unsigned int fn, unsigned int bar,
			 uint64_t offset, uint64_t size)
{
	const uint64_t addr = ep->fn[fn].addr[bar];
	uint8_t *mem;

	if (!ep->conn || !addr ||
	    vfu_dma_find(&ep->conn->dma, addr + offset, size, &mem) != VFU_DMA_FOUND)
		return NULL;
	return mem;
}

static void unshared_ram(void *arg)
{
	struct cable *cable = arg;

	log_event("the endpoint machine does not share its RAM; start its QEMU with -object memory-backend-memfd,id=ram,size=...,share=on -machine memory-backend=ram");
	loop_stop(cable->loop, CABLE_EXIT_MACHINE);
}

static void set_bar_addr(struct cable *cable, struct ep_fn *fn, unsigned int b, uint32_t hi)
{
	const uint64_t addr = (uint64_t)hi << 32 | fn->addr_lo[b];
	const uint64_t size = fn->setup.bar[b].size;
	enum vfu_dma_found found;
	uint8_t *mem;

	fn->addr[b] = 0;
	if (!addr)
		return;
	found = vfu_dma_find(&cable->ep.conn->dma, addr, size ? size : 1, &mem);
	if (found == VFU_DMA_UNSHARED) {
		unshared_ram(cable);
	} else if (found == VFU_DMA_NOTHING) {
		log_event("BAR%u is set to %#llx, %#llx bytes, which is not in the endpoint machine's RAM; not set",
			  b, (unsigned long long)addr, (unsigned long long)size);
	} else {
		log_debug("BAR%u is at %#llx, %#llx bytes", b,
			  (unsigned long long)addr, (unsigned long long)size);
		fn->addr[b] = addr;
	}
}

static void set_lo(uint64_t *v, uint32_t lo)
{
	*v = (*v & ~0xffffffffull) | lo;
}

static void set_hi(uint64_t *v, uint32_t hi)
{
	*v = (*v & 0xffffffffull) | (uint64_t)hi << 32;
}

static uint32_t bar_reg_read(const struct ep_fn *fn, unsigned int b, uint32_t reg)
{
	switch (reg) {
	case PCIE_CABLE_BAR_SIZE_LO:
		return fn->setup.bar[b].size;
	case PCIE_CABLE_BAR_SIZE_HI:
		return fn->setup.bar[b].size >> 32;
	case PCIE_CABLE_BAR_FLAGS:
		return fn->setup.bar[b].flags;
	case PCIE_CABLE_BAR_ADDR_LO:
		return fn->addr_lo[b];
	case PCIE_CABLE_BAR_ADDR_HI:
		return fn->addr[b] >> 32;
	default:
		return 0;
	}
}

static void bar_reg_write(struct cable *cable, struct ep_fn *fn, unsigned int b,
			  uint32_t reg, uint32_t v)
{
	uint64_t *size = &fn->setup.bar[b].size;

	switch (reg) {
	case PCIE_CABLE_BAR_SIZE_LO:
		set_lo(size, v);
		break;
	case PCIE_CABLE_BAR_SIZE_HI:
		set_hi(size, v);
		/* Memory of a BAR that is removed is no longer ours to touch. */
		if (!*size)
			fn->addr[b] = 0;
		break;
	case PCIE_CABLE_BAR_FLAGS:
		fn->setup.bar[b].flags = v;
		break;
	case PCIE_CABLE_BAR_ADDR_LO:
		fn->addr_lo[b] = v;
		break;
	case PCIE_CABLE_BAR_ADDR_HI:
		set_bar_addr(cable, fn, b, v);
		break;
	}
}

/* The registers of a setup that are plain storage */
static uint32_t *setup_reg(struct fn_setup *setup, uint32_t reg)
{
	switch (reg) {
	case PCIE_CABLE_FN_ID:
		return &setup->id;
	case PCIE_CABLE_FN_CLASS:
		return &setup->class_rev;
	case PCIE_CABLE_FN_SUBSYS:
		return &setup->subsys;
	case PCIE_CABLE_FN_MISC:
		return &setup->misc;
	case PCIE_CABLE_FN_MSIX_VECTORS:
		return &setup->msix_vectors;
	case PCIE_CABLE_FN_MSIX_TABLE:
		return &setup->msix_table;
	case PCIE_CABLE_FN_MSIX_PBA:
		return &setup->msix_pba;
	case PCIE_CABLE_FN_MSI_VECTORS:
		return &setup->msi_vectors;
	default:
		return NULL;
	}
}

static bool is_bar_reg(uint32_t reg)
{
	return reg >= PCIE_CABLE_FN_BAR(0) && reg < PCIE_CABLE_FN_BAR(PCIE_CABLE_NUM_BARS);
}

static uint32_t fn_read(struct cable *cable, unsigned int n, uint32_t reg)
{
	const struct host_fn *host = &cable->host[n];
	struct ep_fn *fn = &cable->ep.fn[n];
	const uint32_t *plain = setup_reg(&fn->setup, reg);

	if (plain)
		return *plain;
	if (is_bar_reg(reg))
		return bar_reg_read(fn, (reg - PCIE_CABLE_FN_BAR(0)) / BAR_STRIDE,
				    (reg - PCIE_CABLE_FN_BAR(0)) % BAR_STRIDE);
	switch (reg) {
	case PCIE_CABLE_FN_CTRL:
		return fn->setup.present ? PCIE_CABLE_FN_PRESENT : 0;
	case PCIE_CABLE_FN_MSIX_ENABLED:
		return host_irq_msix_enabled(host);
	case PCIE_CABLE_FN_MSI_ENABLED:
		return host_irq_msi_enabled(host);
	case PCIE_CABLE_FN_INTX:
		return host->intx ? PCIE_CABLE_INTX_ASSERT : 0;
	case PCIE_CABLE_FN_IRQ_STATUS:
		return fn->irq_status;
	default:
		return 0;
	}
}

static void fn_write(struct cable *cable, unsigned int n, uint32_t reg, uint32_t v)
{
	struct host_fn *host = &cable->host[n];
	struct ep_fn *fn = &cable->ep.fn[n];
	uint32_t *plain = setup_reg(&fn->setup, reg);

	if (plain) {
		*plain = v;
		return;
	}
	if (is_bar_reg(reg)) {
		bar_reg_write(cable, fn, (reg - PCIE_CABLE_FN_BAR(0)) / BAR_STRIDE,
			      (reg - PCIE_CABLE_FN_BAR(0)) % BAR_STRIDE, v);
		return;
	}
	switch (reg) {
	case PCIE_CABLE_FN_CTRL:
		fn->setup.present = v & PCIE_CABLE_FN_PRESENT;
		break;
	case PCIE_CABLE_FN_MSIX_RAISE:
		fn->irq_status = watch_irq(host, IRQ_MSIX, v, host_irq_raise_msix(host, v));
		break;
	case PCIE_CABLE_FN_MSI_RAISE:
		fn->irq_status = watch_irq(host, IRQ_MSI, v, host_irq_raise_msi(host, v));
		break;
	case PCIE_CABLE_FN_INTX:
		v &= PCIE_CABLE_INTX_ASSERT;
		fn->irq_status = watch_irq(host, IRQ_INTX, v, host_irq_set_intx(host, v));
		break;
	case PCIE_CABLE_FN_INTX_PULSE:
		/* Two messages */
		fn->irq_status = watch_irq(host, IRQ_INTX, 1, host_irq_pulse_intx(host));
		watch_irq(host, IRQ_INTX, 0, fn->irq_status);
		break;
	}
}

/* Is it a register of a function, and if so, of which? */
static bool is_fn_reg(const struct cable *cable, uint64_t offset, unsigned int *n)
{
	if (offset < PCIE_CABLE_FN(0))
		return false;
	*n = (offset - PCIE_CABLE_FN(0)) / FN_STRIDE;
	return *n < cable->profile->functions;
}

static uint32_t features(const struct cable *cable)
{
	const struct profile *profile = cable->profile;

	return profile->events |
	       (profile->intx ? PCIE_CABLE_FEATURE_INTX : 0) |
	       (profile->intx_told ? PCIE_CABLE_FEATURE_INTX_TOLD : 0) |
	       (cable->atu.limits.passes_low_bits ? PCIE_CABLE_FEATURE_LOW_BITS : 0) |
	       (cable->perst ? PCIE_CABLE_FEATURE_PERST : 0);
}

static uint32_t bar_kind_read(const struct profile *profile, uint32_t reg)
{
	const struct profile_bar *bar = &profile->bar[reg / 8];

	return reg % 8 ? bar->size : bar->type;
}

static uint32_t reg_read(struct cable *cable, uint64_t offset)
{
	const struct ep_ctrl *ep = &cable->ep;
	unsigned int n;

	if (is_fn_reg(cable, offset, &n))
		return fn_read(cable, n, offset % FN_STRIDE);
	switch (offset) {
	case PCIE_CABLE_MAGIC:
		return PCIE_CABLE_MAGIC_VALUE;
	case PCIE_CABLE_VERSION:
		return PCIE_CABLE_VERSION_VALUE;
	case PCIE_CABLE_NUM_FUNCTIONS:
		return cable->profile->functions;
	case PCIE_CABLE_NUM_MSIX:
		return cable->profile->num_msix;
	case PCIE_CABLE_NUM_MSI:
		return cable->profile->num_msi;
	case PCIE_CABLE_HOST_RAM_LO:
		return cable->ram.size;
	case PCIE_CABLE_HOST_RAM_HI:
		return cable->ram.size >> 32;
	case PCIE_CABLE_LINK_CTRL:
		return (cable->link.enabled ? PCIE_CABLE_LINK_ENABLE : 0) |
		       (cable->link.waits_perst ? PCIE_CABLE_LINK_WAIT_PERST : 0);
	case PCIE_CABLE_LINK_STATUS:
		return (cable->link.up ? PCIE_CABLE_LINK_UP : 0) |
		       (link_is_misfit(cable) ? PCIE_CABLE_LINK_MISFIT : 0);
	case PCIE_CABLE_EVENT_STATUS:
		return ep->event_status;
	case PCIE_CABLE_EVENT_ENABLE:
		return ep->event_enable;
	case PCIE_CABLE_OB_WINDOWS:
		return cable->atu.limits.windows;
	case PCIE_CABLE_OB_GRANULE:
		return cable->atu.limits.granule;
	case PCIE_CABLE_BAR_ALIGN:
		return cable->profile->bar_align;
	case PCIE_CABLE_FEATURES:
		return features(cable);
	case PCIE_CABLE_MAP_LIMIT:
		return cable->faults.map_limit;
	case PCIE_CABLE_WINDOW_LIMIT:
		return cable->faults.window_limit;
	}
	if (offset >= PCIE_CABLE_BAR_KIND(0) && offset < PCIE_CABLE_BAR_KIND(PCIE_CABLE_NUM_BARS))
		return bar_kind_read(cable->profile, offset - PCIE_CABLE_BAR_KIND(0));
	return ep_atu_reg_read(&cable->atu, offset) | ep_dma_reg_read(&cable->dma, offset);
}

static void reg_write(struct cable *cable, uint64_t offset, uint32_t v)
{
	struct ep_ctrl *ep = &cable->ep;
	unsigned int n;

	if (is_fn_reg(cable, offset, &n)) {
		fn_write(cable, n, offset % FN_STRIDE, v);
		return;
	}
	switch (offset) {
	case PCIE_CABLE_LINK_CTRL:
		link_wait_perst(cable, v & PCIE_CABLE_LINK_WAIT_PERST);
		if (v & PCIE_CABLE_LINK_ENABLE)
			link_enable(cable);
		else
			link_disable(cable);
		break;
	case PCIE_CABLE_EVENT_STATUS:
		ep->event_status &= ~v;
		break;
	case PCIE_CABLE_EVENT_ENABLE:
		ep->event_enable = v & PCIE_CABLE_EVENT_ALL;
		interrupt(ep);
		break;
	default:
		ep_atu_reg_write(&cable->atu, offset, v);
		ep_dma_reg_write(&cable->dma, offset, v);
	}
}

static unsigned int ctrl_num_irqs(void *dev, unsigned int index)
{
	(void)dev;
	return index == VFIO_PCI_MSIX_IRQ_INDEX ? PCIE_CABLE_NUM_IRQS : 0;
}

static void ctrl_region(void *dev, unsigned int index, struct vfu_region *region)
{
	const struct cable *cable = dev;

	if (index == PCIE_CABLE_BAR_REGS) {
		region->size = PCIE_CABLE_REGS_SIZE;
	} else if (index == PCIE_CABLE_BAR_MSIX) {
		region->size = PCIE_CABLE_MSIX_SIZE;
	} else if (is_mapped_window(cable, index)) {
		region->size = cable->ram.size;
		region->fd = cable->ram.fd;
	} else if (is_metered_window(cable, index)) {
		region->size = cable->atu.limits.space;
	} else if (index == VFIO_PCI_CONFIG_REGION_INDEX) {
		region->size = cable->ep.cfg.size;
	}
}

static int ctrl_read(void *dev, unsigned int index, uint64_t offset,
		     uint8_t *data, uint32_t count)
{
	struct cable *cable = dev;
	uint32_t v;

	if (index == VFIO_PCI_CONFIG_REGION_INDEX) {
		pci_config_read(&cable->ep.cfg, offset, data, count);
	} else if (is_mapped_window(cable, index)) {
		mem_read(data, cable->ram.mem + offset, count);
	} else if (is_metered_window(cable, index)) {
		ep_atu_read(cable, offset, data, count);
	} else if (index == PCIE_CABLE_BAR_MSIX) {
		memset(data, 0, count);
	} else if (count == sizeof(v) && !(offset % sizeof(v))) {
		cable->stats.registers[false]++;
		v = reg_read(cable, offset);
		memcpy(data, &v, sizeof(v));
	} else {
		memset(data, 0xff, count);
	}
	return 0;
}

static int ctrl_write(void *dev, unsigned int index, uint64_t offset,
		      const uint8_t *data, uint32_t count)
{
	struct cable *cable = dev;
	const struct vfu_dma *dma = &cable->ep.conn->dma;
	uint32_t v;

	if (index == VFIO_PCI_CONFIG_REGION_INDEX) {
		pci_config_write(&cable->ep.cfg, offset, data, count);
	} else if (is_mapped_window(cable, index)) {
		mem_write(cable->ram.mem + offset, data, count);
	} else if (is_metered_window(cable, index)) {
		ep_atu_write(cable, offset, data, count);
	} else if (index == PCIE_CABLE_BAR_REGS && count == sizeof(v) && !(offset % sizeof(v))) {
		if (dma->seen_unshared && !dma->seen_shared)
			unshared_ram(cable);
		cable->stats.registers[true]++;
		memcpy(&v, data, sizeof(v));
		reg_write(cable, offset, v);
	}
	return 0;
}

static int ctrl_dma_map(void *dev, const struct vfu_dma_map *map, int fd)
{
	struct cable *cable = dev;
	struct vfu_conn *conn = cable->ep.conn;

	if (fd >= 0 && !fds_is_memory(fd)) {
		log_event("endpoint: a file that is not in memory is not mapped; give its QEMU -object memory-backend-memfd");
		return -EINVAL;
	}
	if (fd >= 0 && (map->flags & VFU_DMA_WRITE) && !conn->dma.seen_shared)
		peer_check_start(&cable->ep_check, conn->src.fd, conn->owner, fd, unshared_ram,
				 cable);
	return vfu_dma_map(&conn->dma, map, fd);
}

void ep_ctrl_core_reset(struct cable *cable)
{
	memset(cable->ep.fn, 0, sizeof(cable->ep.fn));
	ep_atu_reset(&cable->atu);
	ep_dma_reset(&cable->dma);
}

static void forget_setup(struct cable *cable)
{
	struct ep_ctrl *ep = &cable->ep;

	link_wait_perst(cable, false);
	link_disable(cable);
	ep_ctrl_core_reset(cable);
	ep->event_status = 0;
	ep->event_enable = 0;
}

static void ctrl_reset(void *dev)
{
	struct cable *cable = dev;

	forget_setup(cable);
	pci_config_reset(&cable->ep.cfg);
}

static void ctrl_ready(void *dev)
{
	(void)dev;
	log_event("endpoint connected");
}

static void ctrl_closed(void *dev)
{
	struct cable *cable = dev;

	stop_end(&cable->ep_stop);
	log_event("endpoint disconnected");
	peer_check_forget(&cable->ep_check);
	forget_setup(cable);
	cable->ep.conn = NULL;
}

const struct vfu_ops ep_ctrl_ops = {
	.num_irqs = ctrl_num_irqs,
	.region = ctrl_region,
	.read = ctrl_read,
	.write = ctrl_write,
	.dma_map = ctrl_dma_map,
	.reset = ctrl_reset,
	.ready = ctrl_ready,
	.closed = ctrl_closed,
};
