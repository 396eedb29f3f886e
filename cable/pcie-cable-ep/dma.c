// SPDX-License-Identifier: GPL-2.0
/*
 * The controller's DMA engine
 *
 * Endpoint functions find its channels as they find those of an eDMA: by the parent
 * device of the controller, and the directions of a channel.  The slave address is
 * the host's PCI address, and needs no window.
 *
 * A client may keep a channel for longer than the controller is there, so what a
 * channel needs is freed with the last of them, and its @ep is NULL until then.
 */
#include <linux/dmaengine.h>
#include <linux/dmapool.h>
#include <linux/interrupt.h>
#include <linux/module.h>
#include <linux/slab.h>

#include "cable-ep.h"

#define CABLE_EP_DMA_ELEMENTS	64	/* of a list: segments of one transfer */

/* See PCIE_CABLE_DMA() */
struct cable_ep_dma_element {
	__le64	host;
	__le64	local;
	__le32	len;
	__le32	reserved;
};

struct cable_ep_dma_desc {
	struct dma_async_tx_descriptor	tx;
	struct list_head		node;
	struct cable_ep_dma_element	*list;
	dma_addr_t			list_addr;
	unsigned int			count;	/* elements */
	size_t				len;	/* bytes */
	bool				failed;
};

struct cable_ep_dma_chan {
	struct dma_chan			chan;
	struct cable_ep_dma		*dma;
	unsigned int			index;
	enum dma_transfer_direction	direction;

	spinlock_t			lock;	/* protects all below */
	struct cable_ep			*ep;
	dma_addr_t			host;	/* slave address */
	struct list_head		prepared;
	struct list_head		submitted;
	struct list_head		issued;
	struct cable_ep_dma_desc	*active;
	dma_cookie_t			failed;	/* the last one that did */
};

struct cable_ep_dma {
	struct dma_device		device;
	struct cable_ep			*ep;
	struct dma_pool			*pool;
	int				irq;
	unsigned int			num_chans;
	struct cable_ep_dma_chan	chans[];
};

static struct cable_ep_dma_chan *to_cable_chan(struct dma_chan *chan)
{
	return container_of(chan, struct cable_ep_dma_chan, chan);
}

static u32 cable_ep_dma_reg(struct cable_ep_dma_chan *c, u32 reg)
{
	return PCIE_CABLE_DMA(c->index) + reg;
}

/* Called with the channel's lock held */
static void cable_ep_dma_start(struct cable_ep_dma_chan *c)
{
	struct cable_ep *ep = c->ep;
	struct cable_ep_dma_desc *desc;

	desc = list_first_entry_or_null(&c->issued, struct cable_ep_dma_desc,
					node);
	if (!ep || c->active || !desc)
		return;

	list_del(&desc->node);
	c->active = desc;
	cable_ep_write(ep, cable_ep_dma_reg(c, PCIE_CABLE_DMA_LIST_LO),
		       lower_32_bits(desc->list_addr));
	cable_ep_write(ep, cable_ep_dma_reg(c, PCIE_CABLE_DMA_LIST_HI),
		       upper_32_bits(desc->list_addr));
	cable_ep_write(ep, cable_ep_dma_reg(c, PCIE_CABLE_DMA_COUNT),
		       desc->count);
	cable_ep_write(ep, cable_ep_dma_reg(c, PCIE_CABLE_DMA_CTRL),
		       PCIE_CABLE_DMA_BUSY);
}

static void cable_ep_dma_free_desc(struct cable_ep_dma_chan *c,
				   struct cable_ep_dma_desc *desc)
{
	dma_pool_free(c->dma->pool, desc->list, desc->list_addr);
	kfree(desc);
}

static void cable_ep_dma_tell(struct cable_ep_dma_desc *desc)
{
	struct dmaengine_result result = {
		.result = desc->failed ? DMA_TRANS_ABORTED : DMA_TRANS_NOERROR,
		.residue = desc->failed ? desc->len : 0,
	};
	struct dma_async_tx_descriptor *tx = &desc->tx;

	dma_descriptor_unmap(tx);
	if (tx->callback_result)
		tx->callback_result(tx->callback_param, &result);
	else if (tx->callback)
		tx->callback(tx->callback_param);
	dma_run_dependencies(tx);
}

/* The list that has ended, and the next one is started; NULL: none has */
static struct cable_ep_dma_desc *cable_ep_dma_end(struct cable_ep_dma_chan *c)
{
	struct cable_ep_dma_desc *desc = NULL;
	u32 ctrl;

	spin_lock_irq(&c->lock);
	if (!c->ep || !c->active)
		goto unlock;
	/* The interrupt may be of a list before this one, which was terminated */
	ctrl = cable_ep_read(c->ep, cable_ep_dma_reg(c, PCIE_CABLE_DMA_CTRL));
	if (ctrl & PCIE_CABLE_DMA_BUSY)
		goto unlock;

	desc = c->active;
	c->active = NULL;
	desc->failed = ctrl & PCIE_CABLE_DMA_ERROR;
	if (desc->failed)
		c->failed = desc->tx.cookie;
	c->chan.completed_cookie = desc->tx.cookie;
	desc->tx.cookie = 0;
	cable_ep_dma_start(c);
unlock:
	spin_unlock_irq(&c->lock);
	return desc;
}

static irqreturn_t cable_ep_dma_irq(int irq, void *data)
{
	struct cable_ep_dma *dma = data;
	struct cable_ep_dma_desc *desc;
	u32 status = cable_ep_read(dma->ep, PCIE_CABLE_DMA_STATUS);
	unsigned int i;

	if (PCI_POSSIBLE_ERROR(status) || !status)
		return IRQ_NONE;

	/* First, so that a list which ends from now on is told of again */
	cable_ep_write(dma->ep, PCIE_CABLE_DMA_STATUS, status);
	for (i = 0; i < dma->num_chans; i++) {
		if (!(status & BIT(i)))
			continue;
		desc = cable_ep_dma_end(&dma->chans[i]);
		if (!desc)
			continue;
		cable_ep_dma_tell(desc);
		cable_ep_dma_free_desc(&dma->chans[i], desc);
	}
	return IRQ_HANDLED;
}

static dma_cookie_t cable_ep_dma_submit(struct dma_async_tx_descriptor *tx)
{
	struct cable_ep_dma_desc *desc =
		container_of(tx, struct cable_ep_dma_desc, tx);
	struct cable_ep_dma_chan *c = to_cable_chan(tx->chan);
	dma_cookie_t cookie;
	unsigned long flags;

	spin_lock_irqsave(&c->lock, flags);
	cookie = c->chan.cookie + 1;
	if (cookie < DMA_MIN_COOKIE)
		cookie = DMA_MIN_COOKIE;
	c->chan.cookie = cookie;
	tx->cookie = cookie;
	list_move_tail(&desc->node, &c->submitted);
	spin_unlock_irqrestore(&c->lock, flags);
	return cookie;
}

static struct dma_async_tx_descriptor *
cable_ep_dma_prep(struct dma_chan *chan, struct scatterlist *sgl,
		  unsigned int sg_len, enum dma_transfer_direction direction,
		  unsigned long flags, void *context)
{
	struct cable_ep_dma_chan *c = to_cable_chan(chan);
	struct cable_ep_dma_desc *desc;
	unsigned long irq_flags;
	struct scatterlist *sg;
	unsigned int i;
	u64 host;

	if (direction != c->direction || !sg_len ||
	    sg_len > CABLE_EP_DMA_ELEMENTS || !READ_ONCE(c->ep))
		return NULL;

	desc = kzalloc(sizeof(*desc), GFP_NOWAIT);
	if (!desc)
		return NULL;
	desc->list = dma_pool_alloc(c->dma->pool, GFP_NOWAIT, &desc->list_addr);
	if (!desc->list)
		goto err_free_desc;

	host = READ_ONCE(c->host);
	for_each_sg(sgl, sg, sg_len, i) {
		desc->list[i] = (struct cable_ep_dma_element){
			.host = cpu_to_le64(host),
			.local = cpu_to_le64(sg_dma_address(sg)),
			.len = cpu_to_le32(sg_dma_len(sg)),
		};
		host += sg_dma_len(sg);
		desc->len += sg_dma_len(sg);
	}
	desc->count = sg_len;
	dma_async_tx_descriptor_init(&desc->tx, chan);
	desc->tx.flags = flags;
	desc->tx.tx_submit = cable_ep_dma_submit;
	spin_lock_irqsave(&c->lock, irq_flags);
	list_add_tail(&desc->node, &c->prepared);
	spin_unlock_irqrestore(&c->lock, irq_flags);
	return &desc->tx;

err_free_desc:
	kfree(desc);
	return NULL;
}

static int cable_ep_dma_config(struct dma_chan *chan,
			       struct dma_slave_config *config)
{
	struct cable_ep_dma_chan *c = to_cable_chan(chan);

	WRITE_ONCE(c->host, c->direction == DMA_DEV_TO_MEM ? config->src_addr :
							     config->dst_addr);
	return 0;
}

static void cable_ep_dma_issue(struct dma_chan *chan)
{
	struct cable_ep_dma_chan *c = to_cable_chan(chan);
	unsigned long flags;

	spin_lock_irqsave(&c->lock, flags);
	list_splice_tail_init(&c->submitted, &c->issued);
	cable_ep_dma_start(c);
	spin_unlock_irqrestore(&c->lock, flags);
}

static enum dma_status cable_ep_dma_status(struct dma_chan *chan,
					   dma_cookie_t cookie,
					   struct dma_tx_state *state)
{
	struct cable_ep_dma_chan *c = to_cable_chan(chan);
	enum dma_status status;
	unsigned long flags;
	size_t residue = 0;

	spin_lock_irqsave(&c->lock, flags);
	status = dma_async_is_complete(cookie, chan->completed_cookie,
				       chan->cookie);
	if (status == DMA_COMPLETE && cookie == c->failed)
		status = DMA_ERROR;
	if (c->active && c->active->tx.cookie == cookie)
		residue = c->active->len;
	if (state) {
		state->last = chan->completed_cookie;
		state->used = chan->cookie;
		state->residue = residue;
	}
	spin_unlock_irqrestore(&c->lock, flags);
	return status;
}

static void cable_ep_dma_stop(struct cable_ep_dma_chan *c, bool prepared_too)
{
	struct dma_chan *chan = &c->chan;
	u32 ctrl = cable_ep_dma_reg(c, PCIE_CABLE_DMA_CTRL);
	struct cable_ep_dma_desc *desc, *next;
	unsigned long flags;
	LIST_HEAD(gone);

	spin_lock_irqsave(&c->lock, flags);
	if (c->active) {
		if (c->ep) {
			cable_ep_write(c->ep, ctrl, PCIE_CABLE_DMA_ABORT);
			/* Memory may be given back from now on */
			cable_ep_read(c->ep, ctrl);
		}
		list_add(&c->active->node, &gone);
		c->active = NULL;
	}
	list_splice_init(&c->submitted, &gone);
	list_splice_init(&c->issued, &gone);
	if (prepared_too)
		list_splice_init(&c->prepared, &gone);
	chan->completed_cookie = chan->cookie;
	c->failed = chan->cookie;
	spin_unlock_irqrestore(&c->lock, flags);

	list_for_each_entry_safe(desc, next, &gone, node)
		cable_ep_dma_free_desc(c, desc);
}

static int cable_ep_dma_terminate(struct dma_chan *chan)
{
	cable_ep_dma_stop(to_cable_chan(chan), false);
	return 0;
}

static void cable_ep_dma_synchronize(struct dma_chan *chan)
{
	struct cable_ep_dma_chan *c = to_cable_chan(chan);

	if (READ_ONCE(c->ep))
		synchronize_irq(c->dma->irq);
}

static void cable_ep_dma_free_chan(struct dma_chan *chan)
{
	cable_ep_dma_stop(to_cable_chan(chan), true);
	cable_ep_dma_synchronize(chan);
}

static void cable_ep_dma_caps(struct dma_chan *chan, struct dma_slave_caps *caps)
{
	caps->directions = BIT(to_cable_chan(chan)->direction);
}

static void cable_ep_dma_release(struct dma_device *device)
{
	struct cable_ep_dma *dma =
		container_of(device, struct cable_ep_dma, device);

	dma_pool_destroy(dma->pool);
	kfree(dma);
}

static void cable_ep_dma_add_chan(struct cable_ep_dma *dma, unsigned int i)
{
	struct cable_ep_dma_chan *c = &dma->chans[i];

	c->dma = dma;
	c->ep = dma->ep;
	c->index = i;
	c->direction = i < dma->num_chans / 2 ? DMA_DEV_TO_MEM : DMA_MEM_TO_DEV;
	spin_lock_init(&c->lock);
	INIT_LIST_HEAD(&c->prepared);
	INIT_LIST_HEAD(&c->submitted);
	INIT_LIST_HEAD(&c->issued);
	c->chan.device = &dma->device;
	c->chan.cookie = DMA_MIN_COOKIE;
	c->chan.completed_cookie = DMA_MIN_COOKIE;
	list_add_tail(&c->chan.device_node, &dma->device.channels);
}

static void cable_ep_dma_describe(struct dma_device *device, struct device *dev)
{
	const u32 widths = BIT(DMA_SLAVE_BUSWIDTH_1_BYTE) |
			   BIT(DMA_SLAVE_BUSWIDTH_2_BYTES) |
			   BIT(DMA_SLAVE_BUSWIDTH_4_BYTES) |
			   BIT(DMA_SLAVE_BUSWIDTH_8_BYTES);

	INIT_LIST_HEAD(&device->channels);
	dma_cap_set(DMA_SLAVE, device->cap_mask);
	dma_cap_set(DMA_PRIVATE, device->cap_mask);
	device->dev = dev;
	device->src_addr_widths = widths;
	device->dst_addr_widths = widths;
	device->directions = BIT(DMA_DEV_TO_MEM) | BIT(DMA_MEM_TO_DEV);
	device->residue_granularity = DMA_RESIDUE_GRANULARITY_DESCRIPTOR;
	device->max_sg_burst = CABLE_EP_DMA_ELEMENTS;
	device->device_free_chan_resources = cable_ep_dma_free_chan;
	device->device_prep_slave_sg = cable_ep_dma_prep;
	device->device_config = cable_ep_dma_config;
	device->device_caps = cable_ep_dma_caps;
	device->device_issue_pending = cable_ep_dma_issue;
	device->device_tx_status = cable_ep_dma_status;
	device->device_terminate_all = cable_ep_dma_terminate;
	device->device_synchronize = cable_ep_dma_synchronize;
	device->device_release = cable_ep_dma_release;
}

/*
 * Context: process, may sleep; the interrupt vectors have been allocated.
 * Undone by cable_ep_dma_exit().  A controller without an engine is no error.
 */
int cable_ep_dma_init(struct cable_ep *ep)
{
	unsigned int n = cable_ep_read(ep, PCIE_CABLE_DMA_CHANNELS);
	struct device *dev = &ep->pdev->dev;
	struct cable_ep_dma *dma;
	unsigned int i;
	int ret;

	if (!n)
		return 0;
	if (n > PCIE_CABLE_MAX_DMA_CHANNELS) {
		dev_err(dev, "%u DMA channels offered, can use up to %u\n", n,
			PCIE_CABLE_MAX_DMA_CHANNELS);
		return -EINVAL;
	}

	dma = kzalloc(struct_size(dma, chans, 2 * n), GFP_KERNEL);
	if (!dma)
		return -ENOMEM;
	dma->ep = ep;
	dma->num_chans = 2 * n;
	dma->pool = dma_pool_create("pcie-cable-ep", dev,
				    CABLE_EP_DMA_ELEMENTS *
				    sizeof(struct cable_ep_dma_element), 8, 0);
	if (!dma->pool) {
		ret = -ENOMEM;
		goto err_free;
	}

	cable_ep_dma_describe(&dma->device, dev);
	for (i = 0; i < dma->num_chans; i++) {
		cable_ep_write(ep, PCIE_CABLE_DMA(i) + PCIE_CABLE_DMA_CTRL,
			       PCIE_CABLE_DMA_ABORT);
		cable_ep_dma_add_chan(dma, i);
	}
	cable_ep_write(ep, PCIE_CABLE_DMA_STATUS, U32_MAX);

	dma->irq = pci_irq_vector(ep->pdev, PCIE_CABLE_IRQ_DMA);
	ret = request_threaded_irq(dma->irq, NULL, cable_ep_dma_irq,
				   IRQF_ONESHOT, "pcie-cable-ep-dma", dma);
	if (ret)
		goto err_pool;
	cable_ep_write(ep, PCIE_CABLE_DMA_ENABLE, BIT(dma->num_chans) - 1);

	ret = dma_async_device_register(&dma->device);
	if (ret)
		goto err_irq;
	ep->dma = dma;
	return 0;

err_irq:
	cable_ep_write(ep, PCIE_CABLE_DMA_ENABLE, 0);
	free_irq(dma->irq, dma);
err_pool:
	dma_pool_destroy(dma->pool);
err_free:
	kfree(dma);
	dev_err(dev, "no DMA engine: %d\n", ret);
	return ret;
}

/* Context: process, may sleep.  Nothing is moved, and no client told, after it returns. */
void cable_ep_dma_exit(struct cable_ep *ep)
{
	struct cable_ep_dma *dma = ep->dma;
	unsigned int i;

	if (!dma)
		return;

	ep->dma = NULL;
	cable_ep_write(ep, PCIE_CABLE_DMA_ENABLE, 0);
	free_irq(dma->irq, dma);
	for (i = 0; i < dma->num_chans; i++) {
		struct cable_ep_dma_chan *c = &dma->chans[i];

		cable_ep_dma_stop(c, false);
		spin_lock_irq(&c->lock);
		c->ep = NULL;
		spin_unlock_irq(&c->lock);
	}
	dma_async_device_unregister(&dma->device);
}
