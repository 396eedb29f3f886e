// SPDX-License-Identifier: GPL-2.0
/*
 * An endpoint function that tries out the controller it is bound to
 *
 * Reading its attribute "check" runs all checks, which want no host to be
 * connected, and gives a line for each: "ok <what>" or "FAIL <what>: ...".  What
 * they write to the host's memory through mapped windows can be seen there:
 * EPC_CHECK_COUNT words from EPC_CHECK_VALUE on, at EPC_CHECK_ADDR.  Metered windows
 * must not let them through, with no host.
 *
 * For a host, a write to "serve" sets up all that it can be shown; the link is to
 * be started then.  "vectors" tells how many the host uses, "msi N msix N", and
 * "raise" takes the interrupt to be sent to it: "msi N", "msix N" or "intx N".
 */
#include <linux/configfs.h>
#include <linux/device.h>
#include <linux/dma-mapping.h>
#include <linux/dmaengine.h>
#include <linux/io.h>
#include <linux/module.h>
#include <linux/pci-epc.h>
#include <linux/pci-epf.h>
#include <linux/sizes.h>
#include <linux/sysfs.h>

#include "pci-ep-compat.h"

#define EPC_CHECK_ADDR		0x123458
#define EPC_CHECK_VALUE		0x5a00c3e100000000ull
#define EPC_CHECK_COUNT		512
#define EPC_CHECK_BAR_SIZE	SZ_4K
#define EPC_CHECK_VECTORS	3
#define EPC_CHECK_MSI		5	/* which makes 8 */
#define EPC_CHECK_MAX_WINDOWS	32
#define EPC_CHECK_DMA_CHANNELS	2	/* the default of pcie-cable */
#define EPC_CHECK_METERED_WINDOWS	16	/* the default of pcie-cable */

struct epc_check {
	struct config_group	group;
	struct pci_epf		*epf;
	void			*bar;		/* of EPC_CHECK_BAR_SIZE bytes */
	char			*page;
	int			len;
};

static struct pci_epf_header epc_check_header = {
	.vendorid	= 0x1af4,
	.deviceid	= 0x10ff,
	.baseclass_code	= 0xff,
	.interrupt_pin	= PCI_INTERRUPT_INTB,
};

static void epc_check_is(struct epc_check *c, const char *what, s64 got,
			 s64 wanted)
{
	if (got == wanted)
		c->len += sysfs_emit_at(c->page, c->len, "ok %s\n", what);
	else
		c->len += sysfs_emit_at(c->page, c->len,
					"FAIL %s: %lld, not %lld\n", what, got,
					wanted);
}

static int epc_check_map(struct epc_check *c, u64 addr, size_t size,
			 struct pci_epc_map *map)
{
	struct pci_epf *epf = c->epf;

	return pci_epc_mem_map(epf->epc, epf->func_no, epf->vfunc_no, addr,
			       size, map);
}

static void epc_check_unmap(struct epc_check *c, struct pci_epc_map *map)
{
	struct pci_epf *epf = c->epf;

	pci_epc_mem_unmap(epf->epc, epf->func_no, epf->vfunc_no, map);
}

/* Windows are pieces of a window space, not each a page of the allocator */
static bool epc_check_metered(struct epc_check *c)
{
	const struct pci_epc_mem *mem = c->epf->epc->mem;

	return mem->window.page_size < mem->window.size;
}

static void epc_check_window(struct epc_check *c)
{
	struct pci_epc_map map;
	unsigned int i, wrong = 0;
	int ret;

	ret = epc_check_map(c, EPC_CHECK_ADDR, EPC_CHECK_COUNT * 8, &map);
	epc_check_is(c, "map", ret, 0);
	if (ret)
		return;

	epc_check_is(c, "map whole", map.pci_size, EPC_CHECK_COUNT * 8);
	for (i = 0; i < EPC_CHECK_COUNT; i++)
		writeq(EPC_CHECK_VALUE + i, map.virt_addr + i * 8);
	for (i = 0; i < EPC_CHECK_COUNT; i++)
		wrong += readq(map.virt_addr + i * 8) !=
			 (epc_check_metered(c) ? U64_MAX : EPC_CHECK_VALUE + i);
	epc_check_is(c, "words read back wrong", wrong, 0);
	epc_check_unmap(c, &map);
}

static void epc_check_limits(struct epc_check *c)
{
	u64 ram = c->epf->epc->mem->window.size;
	struct pci_epc_map map;
	int ret;

	if (epc_check_metered(c)) {
		/* A controller with translation knows nothing of the host's RAM */
		ret = epc_check_map(c, U64_MAX - SZ_4K + 1, SZ_4K, &map);
		epc_check_is(c, "map far away", ret, 0);
		if (!ret)
			epc_check_unmap(c, &map);
		ret = epc_check_map(c, 0, ram + 1, &map);
		epc_check_is(c, "map more than the space", ret, -ENOMEM);
		return;
	}

	ret = epc_check_map(c, ram - 64, SZ_4K, &map);
	epc_check_is(c, "map at the end", ret, 0);
	if (!ret) {
		epc_check_is(c, "map at the end is short", map.pci_size, 64);
		epc_check_unmap(c, &map);
	}

	ret = epc_check_map(c, 0, ram, &map);
	epc_check_is(c, "map all", ret, 0);
	if (!ret)
		epc_check_unmap(c, &map);

	ret = epc_check_map(c, ram, 1, &map);
	epc_check_is(c, "map behind the end", ret, -ERANGE);
	ret = epc_check_map(c, U64_MAX - SZ_4K, SZ_4K, &map);
	epc_check_is(c, "map far away", ret, -ERANGE);
}

/* Take windows until there are none, give them back, and tell how many */
static unsigned int epc_check_exhaust(struct epc_check *c)
{
	static struct pci_epc_map maps[EPC_CHECK_MAX_WINDOWS];
	unsigned int i, n;
	int ret = 0;

	for (n = 0; n < EPC_CHECK_MAX_WINDOWS; n++) {
		ret = epc_check_map(c, n * SZ_4K, SZ_4K, &maps[n]);
		if (ret)
			break;
	}
	epc_check_is(c, "map with no window left", ret,
		     epc_check_metered(c) ? -EINVAL : -ENOMEM);
	for (i = 0; i < n; i++)
		epc_check_unmap(c, &maps[i]);
	return n;
}

static void epc_check_windows(struct epc_check *c)
{
	unsigned int windows = epc_check_exhaust(c);

	epc_check_is(c, "windows", windows,
		     epc_check_metered(c) ? EPC_CHECK_METERED_WINDOWS :
					    c->epf->epc->num_windows);
	epc_check_is(c, "windows again", epc_check_exhaust(c), windows);
}

/* An address from the allocator that does not show the host address wanted */
static void epc_check_map_addr(struct epc_check *c)
{
	struct pci_epf *epf = c->epf;
	phys_addr_t phys;
	void __iomem *virt;

	virt = pci_epc_mem_alloc_addr(epf->epc, &phys, SZ_4K);
	epc_check_is(c, "allocate", !!virt, 1);
	if (!virt)
		return;
	/* Neither what a mapped window shows there, nor a multiple of the granule */
	epc_check_is(c, "map where it cannot be",
		     pci_epc_map_addr(epf->epc, epf->func_no, epf->vfunc_no,
				      phys, SZ_64K + SZ_4K, SZ_4K), -EINVAL);
	pci_epc_mem_free_addr(epf->epc, phys, virt, SZ_4K);
}

static int epc_check_set_bar(struct epc_check *c, enum pci_barno b, size_t size,
			     int flags)
{
	struct pci_epf *epf = c->epf;
	struct pci_epf_bar bar = {
		.phys_addr	= epf->bar[BAR_0].phys_addr,
		.addr		= c->bar,
		.size		= size,
		.barno		= b,
		.flags		= flags,
	};

	return pci_epc_set_bar(epf->epc, epf->func_no, epf->vfunc_no, &bar);
}

static void epc_check_clear_bar(struct epc_check *c)
{
	struct pci_epf *epf = c->epf;

	pci_epc_clear_bar(epf->epc, epf->func_no, epf->vfunc_no,
			  &epf->bar[BAR_0]);
}

static int epc_check_set_msix(struct epc_check *c, u16 count, enum pci_barno b,
			      u32 offset)
{
	struct pci_epf *epf = c->epf;

	return pci_epc_set_msix(epf->epc, epf->func_no, epf->vfunc_no, count, b,
				offset);
}

static int epc_check_set_msi(struct epc_check *c, u8 count)
{
	struct pci_epf *epf = c->epf;

	return pci_epc_set_msi(epf->epc, epf->func_no, epf->vfunc_no, count);
}

static void epc_check_bars(struct epc_check *c)
{
	int mem64 = PCI_BASE_ADDRESS_MEM_TYPE_64;

	epc_check_is(c, "BAR of 64 bytes",
		     epc_check_set_bar(c, BAR_0, 64, 0), -EINVAL);
	epc_check_is(c, "BAR of 3000 bytes",
		     epc_check_set_bar(c, BAR_0, 3000, 0), -EINVAL);
	epc_check_is(c, "I/O BAR",
		     epc_check_set_bar(c, BAR_0, 256,
				       PCI_BASE_ADDRESS_SPACE_IO), -EINVAL);
	epc_check_is(c, "64-bit BAR 1",
		     epc_check_set_bar(c, BAR_1, SZ_4K, mem64), -EINVAL);
	epc_check_is(c, "64-bit BAR 0",
		     epc_check_set_bar(c, BAR_0, SZ_4K, mem64), 0);
	epc_check_is(c, "upper half of BAR 0",
		     epc_check_set_bar(c, BAR_1, SZ_4K, 0), -EINVAL);
	epc_check_clear_bar(c);
	epc_check_is(c, "BAR 0",
		     epc_check_set_bar(c, BAR_0, EPC_CHECK_BAR_SIZE, 0), 0);
	epc_check_is(c, "BAR 0 again",
		     epc_check_set_bar(c, BAR_0, EPC_CHECK_BAR_SIZE, 0), 0);
}

static void epc_check_interrupts(struct epc_check *c)
{
	struct pci_epf *epf = c->epf;
	struct pci_epc *epc = epf->epc;
	u8 fn = epf->func_no, vfn = epf->vfunc_no;

	epc_check_is(c, "too many vectors",
		     epc_check_set_msix(c, 2048, BAR_0, 0), -EINVAL);
	epc_check_is(c, "MSI-X table not aligned",
		     epc_check_set_msix(c, 1, BAR_0, 4), -EINVAL);
	epc_check_is(c, "MSI-X table outside of the BAR",
		     epc_check_set_msix(c, 4, BAR_0, EPC_CHECK_BAR_SIZE - 64),
		     -EINVAL);
	epc_check_is(c, "MSI-X table in no BAR",
		     epc_check_set_msix(c, 1, BAR_2, 0), -EINVAL);
	epc_check_is(c, "MSI-X",
		     epc_check_set_msix(c, EPC_CHECK_VECTORS, BAR_0, 0x800), 0);
	epc_check_is(c, "MSI", epc_check_set_msi(c, EPC_CHECK_MSI), 0);
	epc_check_is(c, "vectors the host uses",
		     pci_epc_get_msix(epc, fn, vfn), 0);
	epc_check_is(c, "MSI vectors the host uses",
		     pci_epc_get_msi(epc, fn, vfn), 0);
	epc_check_is(c, "MSI-X without a host",
		     pci_epc_raise_irq(epc, fn, vfn, PCI_IRQ_MSIX, 1), -EINVAL);
	epc_check_is(c, "MSI without a host",
		     pci_epc_raise_irq(epc, fn, vfn, PCI_IRQ_MSI, 1), -EINVAL);
	epc_check_is(c, "INTx without a host",
		     pci_epc_raise_irq(epc, fn, vfn, PCI_IRQ_INTX, 1), -EINVAL);
}

/* What the host sees cannot be changed while the link is started */
static void epc_check_started(struct epc_check *c)
{
	struct pci_epf_header other = epc_check_header;
	struct pci_epf *epf = c->epf;
	struct pci_epc *epc = epf->epc;
	u8 fn = epf->func_no, vfn = epf->vfunc_no;

	other.deviceid--;
	epc_check_is(c, "header",
		     pci_epc_write_header(epc, fn, vfn, &epc_check_header), 0);
	epc_check_is(c, "start", pci_epc_start(epc), 0);
	epc_check_is(c, "same header, started",
		     pci_epc_write_header(epc, fn, vfn, &epc_check_header), 0);
	epc_check_is(c, "other header, started",
		     pci_epc_write_header(epc, fn, vfn, &other), -EBUSY);
	epc_check_is(c, "larger BAR, started",
		     epc_check_set_bar(c, BAR_0, SZ_8K, 0), -EBUSY);
	epc_check_is(c, "new BAR, started",
		     epc_check_set_bar(c, BAR_3, SZ_4K, 0), -EBUSY);
	epc_check_is(c, "more vectors, started",
		     epc_check_set_msix(c, EPC_CHECK_VECTORS + 1, BAR_0, 0x800),
		     -EBUSY);
	epc_check_is(c, "more MSI vectors, started",
		     epc_check_set_msi(c, 9), -EBUSY);
	epc_check_is(c, "fewer MSI vectors, started",
		     epc_check_set_msi(c, 4), -EBUSY);
	epc_check_is(c, "as many MSI vectors, started",
		     epc_check_set_msi(c, 8), 0);
	epc_check_clear_bar(c);
	epc_check_is(c, "same BAR, started",
		     epc_check_set_bar(c, BAR_0, EPC_CHECK_BAR_SIZE, 0), 0);
	epc_check_is(c, "same vectors, started",
		     epc_check_set_msix(c, EPC_CHECK_VECTORS, BAR_0, 0x800), 0);
	epc_check_is(c, "same MSI vectors, started",
		     epc_check_set_msi(c, EPC_CHECK_MSI), 0);
	pci_epc_stop(epc);
	epc_check_is(c, "most MSI vectors, stopped", epc_check_set_msi(c, 32), 0);
	epc_check_is(c, "larger BAR, stopped",
		     epc_check_set_bar(c, BAR_0, SZ_8K, 0), 0);
	epc_check_clear_bar(c);
	epc_check_is(c, "start after the BAR with MSI-X has gone",
		     pci_epc_start(epc), 0);
	epc_check_is(c, "MSI after the last BAR has gone, started",
		     epc_check_set_msi(c, 32), -EBUSY);
	pci_epc_stop(epc);
}

struct epc_check_filter {
	struct device	*dev;
	u32		directions;
};

/* As functions of the kernel find the channels of an eDMA */
static bool epc_check_is_mine(struct dma_chan *chan, void *arg)
{
	struct epc_check_filter *filter = arg;
	struct dma_slave_caps caps = {};

	return chan->device->dev == filter->dev &&
	       !dma_get_slave_caps(chan, &caps) &&
	       caps.directions == filter->directions;
}

static void epc_check_transfer_ended(void *arg, const struct dmaengine_result *result)
{
	*(int *)arg = result->result;
}

/* No host is there, so the transfer has to fail, and to end */
static void epc_check_transfer(struct epc_check *c, struct dma_chan *chan,
			       enum dma_transfer_direction direction)
{
	struct dma_slave_config config = {
		.direction = direction,
		.src_addr = EPC_CHECK_ADDR,
		.dst_addr = EPC_CHECK_ADDR,
	};
	struct device *dev = dmaengine_get_dma_device(chan);
	struct dma_async_tx_descriptor *tx;
	dma_addr_t addr;
	int result = -1;
	void *buf;

	buf = dma_alloc_coherent(dev, SZ_4K, &addr, GFP_KERNEL);
	epc_check_is(c, "DMA memory", !!buf, 1);
	if (!buf)
		return;

	epc_check_is(c, "DMA configure",
		     dmaengine_slave_config(chan, &config), 0);
	tx = dmaengine_prep_slave_single(chan, addr, SZ_4K,
					 direction == DMA_DEV_TO_MEM ?
					 DMA_MEM_TO_DEV : DMA_DEV_TO_MEM,
					 DMA_CTRL_ACK);
	epc_check_is(c, "DMA the wrong way", !!tx, 0);
	tx = dmaengine_prep_slave_single(chan, addr, SZ_4K, direction,
					 DMA_CTRL_ACK);
	epc_check_is(c, "DMA prepare", !!tx, 1);
	if (tx) {
		tx->callback_result = epc_check_transfer_ended;
		tx->callback_param = &result;
		epc_check_is(c, "DMA with no host",
			     dma_sync_wait(chan, dmaengine_submit(tx)), DMA_ERROR);
		dmaengine_synchronize(chan);
		epc_check_is(c, "DMA with no host is told", result,
			     DMA_TRANS_ABORTED);
	}
	/* Never submitted: freed with the channel */
	dmaengine_prep_slave_single(chan, addr, SZ_4K, direction, DMA_CTRL_ACK);
	dmaengine_terminate_sync(chan);
	dma_free_coherent(dev, SZ_4K, buf, addr);
}

static void epc_check_dma(struct epc_check *c,
			  enum dma_transfer_direction direction)
{
	struct epc_check_filter filter = {
		.dev = c->epf->epc->dev.parent,
		.directions = BIT(direction),
	};
	struct dma_chan *chans[EPC_CHECK_DMA_CHANNELS + 1];
	dma_cap_mask_t mask;
	unsigned int n;

	dma_cap_zero(mask);
	dma_cap_set(DMA_SLAVE, mask);
	for (n = 0; n < ARRAY_SIZE(chans); n++) {
		chans[n] = dma_request_channel(mask, epc_check_is_mine, &filter);
		if (!chans[n])
			break;
	}
	epc_check_is(c, "DMA channels", n, EPC_CHECK_DMA_CHANNELS);
	if (n)
		epc_check_transfer(c, chans[0], direction);
	while (n--)
		dma_release_channel(chans[n]);
}

static ssize_t epc_check_check_show(struct config_item *item, char *page)
{
	struct epc_check *c = container_of(to_config_group(item),
					   struct epc_check, group);
	const struct pci_epc_features *features;
	struct pci_epf *epf = c->epf;

	if (!c->bar)
		return -ENOTCONN;

	c->page = page;
	c->len = 0;
	features = pci_epc_get_features(epf->epc, epf->func_no, epf->vfunc_no);
	epc_check_is(c, "tells of the link", features->linkup_notifier, 1);
	epc_check_is(c, "has MSI-X", features->msix_capable, 1);
	epc_check_is(c, "has MSI", features->msi_capable, 1);
#ifdef HAVE_EPC_INTX_CAPABLE
	epc_check_is(c, "has INTx", features->intx_capable, 1);
#endif
	epc_check_window(c);
	epc_check_limits(c);
	epc_check_windows(c);
	epc_check_map_addr(c);
	epc_check_dma(c, DMA_DEV_TO_MEM);
	epc_check_dma(c, DMA_MEM_TO_DEV);
	epc_check_bars(c);
	epc_check_interrupts(c);
	epc_check_started(c);
	return c->len;
}

CONFIGFS_ATTR_RO(epc_check_, check);

static ssize_t epc_check_serve_store(struct config_item *item,
				     const char *page, size_t len)
{
	struct epc_check *c = container_of(to_config_group(item),
					   struct epc_check, group);
	struct pci_epf *epf = c->epf;
	int ret;

	if (!c->bar)
		return -ENOTCONN;

	ret = pci_epc_write_header(epf->epc, epf->func_no, epf->vfunc_no,
				   &epc_check_header);
	if (!ret)
		ret = epc_check_set_bar(c, BAR_0, EPC_CHECK_BAR_SIZE, 0);
	if (!ret)
		ret = epc_check_set_msi(c, EPC_CHECK_MSI);
	if (!ret)
		ret = epc_check_set_msix(c, EPC_CHECK_VECTORS, BAR_0, 0x800);
	return ret ? ret : len;
}

CONFIGFS_ATTR_WO(epc_check_, serve);

static ssize_t epc_check_vectors_show(struct config_item *item, char *page)
{
	struct epc_check *c = container_of(to_config_group(item),
					   struct epc_check, group);
	struct pci_epf *epf = c->epf;

	if (!c->bar)
		return -ENOTCONN;

	return sysfs_emit(page, "msi %d msix %d\n",
			  pci_epc_get_msi(epf->epc, epf->func_no,
					  epf->vfunc_no),
			  pci_epc_get_msix(epf->epc, epf->func_no,
					   epf->vfunc_no));
}

CONFIGFS_ATTR_RO(epc_check_, vectors);

static ssize_t epc_check_raise_store(struct config_item *item,
				     const char *page, size_t len)
{
	struct epc_check *c = container_of(to_config_group(item),
					   struct epc_check, group);
	struct pci_epf *epf = c->epf;
	unsigned int type;
	u16 number;
	int ret;

	if (!c->bar)
		return -ENOTCONN;

	if (sscanf(page, "msi %hu", &number) == 1)
		type = PCI_IRQ_MSI;
	else if (sscanf(page, "msix %hu", &number) == 1)
		type = PCI_IRQ_MSIX;
	else if (sscanf(page, "intx %hu", &number) == 1)
		type = PCI_IRQ_INTX;
	else
		return -EINVAL;
	ret = pci_epc_raise_irq(epf->epc, epf->func_no, epf->vfunc_no, type,
				number);
	return ret ? ret : len;
}

CONFIGFS_ATTR_WO(epc_check_, raise);

static struct configfs_attribute *epc_check_attrs[] = {
	&epc_check_attr_check,
	&epc_check_attr_serve,
	&epc_check_attr_vectors,
	&epc_check_attr_raise,
	NULL,
};

static const struct config_item_type epc_check_type = {
	.ct_attrs	= epc_check_attrs,
	.ct_owner	= THIS_MODULE,
};

static struct config_group *epc_check_add_cfs(struct pci_epf *epf,
					      struct config_group *group)
{
	struct epc_check *c = epf_get_drvdata(epf);

	config_group_init_type_name(&c->group, dev_name(&epf->dev),
				    &epc_check_type);
	return &c->group;
}

static int epc_check_bind(struct pci_epf *epf)
{
	struct epc_check *c = epf_get_drvdata(epf);
	const struct pci_epc_features *features;

	features = pci_epc_get_features(epf->epc, epf->func_no, epf->vfunc_no);
	if (!features)
		return -EOPNOTSUPP;

	c->bar = pci_epf_alloc_space(epf, EPC_CHECK_BAR_SIZE, BAR_0, features,
				     PRIMARY_INTERFACE);
	return c->bar ? 0 : -ENOMEM;
}

static void epc_check_unbind(struct pci_epf *epf)
{
	struct epc_check *c = epf_get_drvdata(epf);

	pci_epf_free_space(epf, c->bar, BAR_0, PRIMARY_INTERFACE);
	c->bar = NULL;
}

static int epc_check_probe(struct pci_epf *epf,
			   const struct pci_epf_device_id *id)
{
	struct epc_check *c;

	c = devm_kzalloc(&epf->dev, sizeof(*c), GFP_KERNEL);
	if (!c)
		return -ENOMEM;

	c->epf = epf;
	epf->header = &epc_check_header;
	epf_set_drvdata(epf, c);
	return 0;
}

static const struct pci_epf_device_id epc_check_ids[] = {
	{ .name = "epf_epc_check" },
	{ }
};

static const struct pci_epf_ops epc_check_ops = {
	.bind		= epc_check_bind,
	.unbind		= epc_check_unbind,
	.add_cfs	= epc_check_add_cfs,
};

static struct pci_epf_driver epc_check_driver = {
	.driver.name	= "epf_epc_check",
	.probe		= epc_check_probe,
	.id_table	= epc_check_ids,
	.ops		= &epc_check_ops,
};

static int __init epc_check_init(void)
{
	return pci_epf_register_driver(&epc_check_driver);
}
module_init(epc_check_init);

static void __exit epc_check_exit(void)
{
	pci_epf_unregister_driver(&epc_check_driver);
}
module_exit(epc_check_exit);

MODULE_DESCRIPTION("Tries out an endpoint controller, for tests");
MODULE_LICENSE("GPL");
