// SPDX-License-Identifier: GPL-2.0
/*
 * Legacy virtio-pci register file in plain endpoint memory
 *
 * The header is three aligned 64-bit words:
 *
 *	0	HOST_FEATURES 0..3, GUEST_FEATURES 4..7
 *	8	QUEUE_PFN 8..11, QUEUE_NUM 12..13, QUEUE_SEL 14..15
 *	16	QUEUE_NOTIFY 16..17, STATUS 18, ISR 19, vectors 20..23
 *
 * PFN and SEL are sampled by one load, because a host may post PFN of one queue
 * and SEL of the next back to back.  For the same reason the queue of a PFN is
 * not the SEL beside it, but the one that was there before, while PFN was 0.
 *
 * The last word is loaded first.  A PFN that was written before a STATUS is then
 * seen no later than this STATUS, and QUEUE_SEL is loaded right after the vector
 * it tells the queue of.
 *
 * A reset is not answered with stores to the first two words: the host may be
 * about to write there.
 */
#include <linux/bits.h>
#include <linux/compiler.h>
#include <linux/errno.h>
#include <linux/virtio_config.h>
#include <linux/virtio_pci.h>
#include <linux/virtio_ring.h>

#include "regs.h"

#define WORD_FEATURES		0
#define WORD_QUEUE		8
#define WORD_STATUS		16

#define ALL_ONES		(~0ULL)
#define NO_NOTIFY		0xffff
#define ISR_SHIFT		24
#define NO_QUEUE		(-1)

/* In GUEST_FEATURES while running: no driver accepts a bit that was not offered */
#define FEATURES_SEEN		BIT(30)
#define FEATURES_REFUSED	(FEATURES_SEEN | BIT(VIRTIO_RING_F_INDIRECT_DESC) | \
				 BIT(VIRTIO_RING_F_EVENT_IDX))

/* Passes between the one that saw DRIVER_OK and the one that believes it */
#define SETTLE_PASSES		2

static u64 load(const struct epfv_regs *regs, unsigned int off)
{
	return regs->ops->ld64(regs->ctx, off);
}

/* mb() is a macro in the kernel, so the member cannot be called by its name */
static void full_barrier(const struct epfv_regs *regs)
{
	void (*call)(void *ctx) = regs->ops->mb;

	call(regs->ctx);
}

static u32 word_pfn(u64 word1)
{
	return word1;
}

static u16 word_sel(u64 word1)
{
	return word1 >> 48;
}

static u16 word_notify(u64 word2)
{
	return word2;
}

static u8 word_status(u64 word2)
{
	return word2 >> 16;
}

static u16 word_config_vector(u64 word2)
{
	return word2 >> 32;
}

static u16 word_queue_vector(u64 word2)
{
	return word2 >> 48;
}

static bool status_lost(const struct epfv_regs *regs, u8 status)
{
	return READ_ONCE(regs->status) & ~status;
}

static bool features_overwritten(u64 word0)
{
	return word0 >> 32 != FEATURES_SEEN;
}

/*
 * With MSI-X off, configuration bytes take the place of the vectors.  Where there
 * are none, the vectors read "none", as they do in a device that was just reset.
 */
static u8 config_byte(const struct epfv_regs *regs, unsigned int i)
{
	return i < regs->params.config_len ? regs->params.config[i] : 0xff;
}

static u64 with_config(const struct epfv_regs *regs, u64 word2)
{
	unsigned int i;

	word2 &= 0xffffffff;
	for (i = 0; i < 4; i++)
		word2 |= (u64)config_byte(regs, i) << (32 + 8 * i);
	return word2;
}

static void store_config(struct epfv_regs *regs, bool msix_on)
{
	unsigned int base = VIRTIO_PCI_CONFIG_OFF(msix_on);
	unsigned int len = regs->params.config_len;
	unsigned int i;

	if (!msix_on && len < 4)
		len = 4;
	for (i = 0; i < len; i++)
		regs->ops->st8(regs->ctx, base + i, config_byte(regs, i));
	WRITE_ONCE(regs->msix_layout, msix_on);
}

void epfv_regs_put_config(struct epfv_regs *regs, bool msix_on)
{
	store_config(regs, msix_on);
	if (!msix_on)
		WRITE_ONCE(regs->word2, with_config(regs, regs->word2));
}

/* No host writes it, and to read plain memory clears nothing */
static u64 store_isr(struct epfv_regs *regs, u64 word2, u8 isr)
{
	regs->isr = isr;
	regs->ops->st8(regs->ctx, VIRTIO_PCI_ISR, isr);
	return (word2 & ~(0xffULL << ISR_SHIFT)) | (u64)isr << ISR_SHIFT;
}

void epfv_regs_put_isr(struct epfv_regs *regs, u8 isr)
{
	WRITE_ONCE(regs->word2, store_isr(regs, regs->word2, isr));
}

/* The word that drivers may write, 0 if none has */
static u32 load_written(const struct epfv_regs *regs)
{
	unsigned int off = VIRTIO_PCI_CONFIG_OFF(READ_ONCE(regs->msix_layout)) +
			   regs->params.written;
	u64 word;

	if (!regs->params.written)
		return 0;
	word = load(regs, off & ~7U);
	if (word == ALL_ONES)
		return 0;
	return off & 4 ? word >> 32 : word;
}

static unsigned int look_at_written(struct epfv_regs *regs)
{
	u32 val = load_written(regs);

	if (!val)
		return 0;
	regs->ops->st32(regs->ctx, VIRTIO_PCI_CONFIG_OFF(regs->msix_layout) +
			regs->params.written, 0);
	regs->t.written = val;
	return EPFV_EVENT_ACTIVITY | EPFV_EVENT_WRITTEN;
}

static void new_epoch(struct epfv_regs *regs)
{
	unsigned int i;

	for (i = 0; i < EPFV_MAX_QUEUES; i++) {
		regs->queue[i].pfn = 0;
		regs->queue[i].vector = EPFV_NO_VECTOR;
	}
	regs->features = 0;
	regs->config_vector = EPFV_NO_VECTOR;
	regs->t.epoch++;
	regs->zsel = NO_QUEUE;
	regs->sel = NO_QUEUE;
	regs->last_queue = NO_QUEUE;
	WRITE_ONCE(regs->settle, 0);
	WRITE_ONCE(regs->t.phase, EPFV_PHASE_IDLE);
}

static const struct epfv_transport_ops epfv_regs_transport_ops;

int epfv_regs_init(struct epfv_regs *regs, const struct epfv_regs_params *params,
		   const struct epfv_regs_ops *ops, void *ctx)
{
	if (params->num_queues < 1 || params->num_queues > EPFV_MAX_QUEUES)
		return -EINVAL;
	if (params->required > params->num_queues)
		return -EINVAL;
	if (!params->queue_size || params->queue_size & (params->queue_size - 1))
		return -EINVAL;
	if (params->config_len > EPFV_MAX_CONFIG || (params->config_len && !params->config))
		return -EINVAL;
	if (params->written % 4 || (params->written && params->written + 4 > params->config_len))
		return -EINVAL;
	if (params->features & FEATURES_REFUSED)
		return -EINVAL;

	*regs = (struct epfv_regs){
		.t.ops = &epfv_regs_transport_ops,
		.ops = ops,
		.ctx = ctx,
		.params = *params,
	};
	new_epoch(regs);
	return 0;
}

void epfv_regs_defaults(struct epfv_regs *regs)
{
	const struct epfv_regs_ops *ops = regs->ops;
	u16 num = regs->params.queue_size;

	ops->st32(regs->ctx, VIRTIO_PCI_HOST_FEATURES, regs->params.features);
	ops->st32(regs->ctx, VIRTIO_PCI_GUEST_FEATURES, 0);
	ops->st32(regs->ctx, VIRTIO_PCI_QUEUE_PFN, 0);
	ops->st16(regs->ctx, VIRTIO_PCI_QUEUE_NUM, num);
	ops->st16(regs->ctx, VIRTIO_PCI_QUEUE_SEL, 0);
	ops->st16(regs->ctx, VIRTIO_PCI_QUEUE_NOTIFY, NO_NOTIFY);
	ops->st8(regs->ctx, VIRTIO_PCI_STATUS, 0);
	ops->st8(regs->ctx, VIRTIO_PCI_ISR, 0);
	regs->isr = 0;
	store_config(regs, false);

	WRITE_ONCE(regs->word1, (u64)num << 32);
	WRITE_ONCE(regs->word2, with_config(regs, NO_NOTIFY));
	WRITE_ONCE(regs->status, 0);
	new_epoch(regs);
}

/*
 * A host leaves {SEL, PFN == 0} visible for a round trip before it writes PFN, so
 * whoever looks that often knows the queue.  Else, queues are set up in order.
 */
static unsigned int queue_of_pfn(struct epfv_regs *regs, int sel)
{
	int next = regs->last_queue + 1;

	if (regs->zsel != NO_QUEUE && (sel == regs->zsel || sel == regs->zsel + 1))
		return regs->zsel;

	regs->t.guesses++;
	return sel == next || sel == next + 1 ? next : sel;
}

static void capture_pfn(struct epfv_regs *regs, u32 pfn, int sel)
{
	unsigned int q = queue_of_pfn(regs, sel);

	/* No host writes PFN twice without a new SEL: if this one stays, it is stale */
	regs->zsel = sel == (int)q ? NO_QUEUE : sel;
	regs->last_queue = q;

	if (q >= regs->params.num_queues) {
		regs->t.ignored++;
		return;
	}
	regs->queue[q].pfn = pfn;
	if (regs->t.phase != EPFV_PHASE_SETUP) {
		WRITE_ONCE(regs->settle, 0);
		WRITE_ONCE(regs->t.phase, EPFV_PHASE_SETUP);
	}
}

/* Returns whether the word differs from that of the last pass */
static bool look_at_queue(struct epfv_regs *regs, u16 vector, bool vector_new)
{
	u64 word1 = load(regs, WORD_QUEUE);
	bool changed = word1 != regs->word1;
	int sel = word_sel(word1);

	if (word1 == ALL_ONES)
		return false;

	if (word_pfn(word1)) {
		regs->ops->st32(regs->ctx, VIRTIO_PCI_QUEUE_PFN, 0);
		capture_pfn(regs, word_pfn(word1), sel);
		word1 &= ~0xffffffffULL;
	} else {
		regs->zsel = sel;
	}

	/*
	 * A vector equal to that of the queue before shows by SEL staying only, as do
	 * the configuration bytes left from the time before MSI-X was on.
	 */
	if (sel == regs->sel && vector != word_queue_vector(with_config(regs, 0)))
		vector_new = true;
	if (sel < (int)regs->params.num_queues && vector_new)
		regs->queue[sel].vector = vector;

	regs->sel = sel;
	WRITE_ONCE(regs->word1, word1);
	return changed;
}

/*
 * If a pass comes too late, a queue has no vector, or that of the queue before.  Linux numbers
 * the vectors of queues in ascending order.  So if numbers are missing between the vectors of
 * two queues, they are those of the queues in between.
 */
static void fill_in_vectors(struct epfv_regs *regs)
{
	u16 before = regs->config_vector;
	unsigned int i, k, first = 0;

	for (i = 0; i < regs->params.num_queues; i++) {
		u16 vector = regs->queue[i].vector;
		/* Very many, if the order is another one */
		unsigned int missing = vector - before - 1;

		if (vector == EPFV_NO_VECTOR || vector == before)
			continue;
		if (missing && missing <= i - first)
			for (k = first; k < i; k++)
				regs->queue[k].vector =
					before + 1 + (k - first) * missing / (i - first);
		before = vector;
		first = i + 1;
	}
}

/*
 * A queue whose vector was not seen shares the vector of another, which is right
 * for a driver that has one vector for all, and harmless for queues without callback.
 */
static void inherit_vectors(struct epfv_regs *regs, u16 vector)
{
	unsigned int i;

	for (i = 0; i < regs->params.num_queues; i++) {
		if (regs->queue[i].vector != EPFV_NO_VECTOR) {
			vector = regs->queue[i].vector;
			break;
		}
	}
	for (i = 0; i < regs->params.num_queues; i++) {
		if (regs->queue[i].vector == EPFV_NO_VECTOR)
			regs->queue[i].vector = vector;
	}
}

static unsigned int go_live(struct epfv_regs *regs, u64 word2, bool msix_on)
{
	u64 word0 = load(regs, WORD_FEATURES);
	unsigned int required = regs->params.required;
	u32 features = word0 >> 32 & regs->params.features;
	unsigned int i;

	if (word0 == ALL_ONES)
		return 0;

	if (features & regs->params.all_with)
		required = regs->params.num_queues;
	for (i = 0; i < required; i++) {
		if (!regs->queue[i].pfn) {
			WRITE_ONCE(regs->settle, 0);
			WRITE_ONCE(regs->t.phase, EPFV_PHASE_DEAD);
			return EPFV_EVENT_INCOMPLETE;
		}
	}

	/* Among them is not the mark, which is still there if this driver wrote nothing */
	regs->features = features;
	regs->config_vector = word_config_vector(word2);
	fill_in_vectors(regs);
	inherit_vectors(regs, word_queue_vector(word2));

	regs->ops->st32(regs->ctx, VIRTIO_PCI_GUEST_FEATURES, FEATURES_SEEN);
	if (!msix_on) {
		/* A host that gave MSI-X up may have left vectors here */
		store_config(regs, false);
		WRITE_ONCE(regs->word2, with_config(regs, word2));
	}
	WRITE_ONCE(regs->settle, 0);
	WRITE_ONCE(regs->t.phase, EPFV_PHASE_RUNNING);
	return EPFV_EVENT_LIVE;
}

unsigned int epfv_regs_pass(struct epfv_regs *regs, bool msix_on)
{
	u64 word2 = load(regs, WORD_STATUS);
	u8 status = word_status(word2);
	unsigned int events = 0;
	bool vector_changed;
	bool over;
	u64 word0;

	if (word2 == ALL_ONES)
		return 0;

	events |= look_at_written(regs);
	if (word2 != regs->word2)
		events |= EPFV_EVENT_ACTIVITY;
	vector_changed = word_queue_vector(word2) != word_queue_vector(regs->word2);

	over = status_lost(regs, status);
	if (!over && regs->t.phase == EPFV_PHASE_RUNNING) {
		word0 = load(regs, WORD_FEATURES);
		over = word0 != ALL_ONES && features_overwritten(word0);
	}
	if (over) {
		new_epoch(regs);
		regs->t.resets++;
		events |= EPFV_EVENT_ACTIVITY | EPFV_EVENT_RESET;
		WRITE_ONCE(regs->status, 0);
		regs->ops->st16(regs->ctx, VIRTIO_PCI_QUEUE_NOTIFY, NO_NOTIFY);
		word2 |= NO_NOTIFY;
		if (regs->isr)
			word2 = store_isr(regs, word2, 0);
	}
	if (msix_on != regs->msix_layout || (over && !msix_on)) {
		store_config(regs, msix_on);
		if (!msix_on)
			word2 = with_config(regs, word2);
	}
	if (status & ~READ_ONCE(regs->status) & VIRTIO_CONFIG_S_FAILED) {
		new_epoch(regs);
		WRITE_ONCE(regs->t.phase, EPFV_PHASE_DEAD);
		events |= EPFV_EVENT_RESET | EPFV_EVENT_FAILED;
	}
	WRITE_ONCE(regs->status, status);
	WRITE_ONCE(regs->word2, word2);

	if (regs->t.phase == EPFV_PHASE_RUNNING) {
		if (word_notify(word2) != NO_NOTIFY) {
			regs->ops->st16(regs->ctx, VIRTIO_PCI_QUEUE_NOTIFY, NO_NOTIFY);
			full_barrier(regs);
			WRITE_ONCE(regs->word2, word2 | NO_NOTIFY);
			events |= EPFV_EVENT_NOTIFY;
		}
		return events;
	}

	if (look_at_queue(regs, word_queue_vector(word2), vector_changed))
		events |= EPFV_EVENT_ACTIVITY;

	if (regs->t.phase == EPFV_PHASE_IDLE &&
	    status & (VIRTIO_CONFIG_S_DRIVER | VIRTIO_CONFIG_S_DRIVER_OK))
		WRITE_ONCE(regs->t.phase, EPFV_PHASE_SETUP);

	if (regs->t.phase == EPFV_PHASE_SETUP && status & VIRTIO_CONFIG_S_DRIVER_OK) {
		if (regs->settle < SETTLE_PASSES)
			WRITE_ONCE(regs->settle, regs->settle + 1);
		else
			events |= go_live(regs, word2, msix_on);
	}
	return events;
}

bool epfv_regs_changed(struct epfv_regs *regs)
{
	u64 word = load(regs, WORD_STATUS);

	/* A pass would do nothing, even if the last one has left it so by clearing NOTIFY */
	if (word == ALL_ONES)
		return false;
	if (word != READ_ONCE(regs->word2))
		return true;
	if (READ_ONCE(regs->settle) || load_written(regs))
		return true;

	if (READ_ONCE(regs->t.phase) == EPFV_PHASE_RUNNING) {
		/* One that came before DRIVER_OK looks like the next to the same queue */
		if (word_notify(word) != NO_NOTIFY)
			return true;
		word = load(regs, WORD_FEATURES);
		return word != ALL_ONES && features_overwritten(word);
	}
	word = load(regs, WORD_QUEUE);
	return word != ALL_ONES && word != READ_ONCE(regs->word1);
}

/* The last pass has left it so that the next one finds nothing: nothing else need be stored */
bool epfv_regs_notified(struct epfv_regs *regs)
{
	u64 word;

	if (READ_ONCE(regs->t.phase) != EPFV_PHASE_RUNNING)
		return false;
	word = load(regs, WORD_STATUS);
	if (word == ALL_ONES || word_notify(word) == NO_NOTIFY)
		return false;
	regs->ops->st16(regs->ctx, VIRTIO_PCI_QUEUE_NOTIFY, NO_NOTIFY);
	full_barrier(regs);
	return true;
}

bool epfv_regs_epoch_over(struct epfv_regs *regs)
{
	u64 word2;

	if (READ_ONCE(regs->t.phase) != EPFV_PHASE_RUNNING)
		return true;

	word2 = load(regs, WORD_STATUS);
	if (word2 == ALL_ONES || status_lost(regs, word_status(word2)) ||
	    word_status(word2) & ~READ_ONCE(regs->status) & VIRTIO_CONFIG_S_FAILED)
		return true;

	return features_overwritten(load(regs, WORD_FEATURES));
}

void epfv_regs_setup(const struct epfv_regs *regs, struct epfv_setup *setup)
{
	u16 num = regs->params.queue_size;
	unsigned int i;

	setup->features = regs->features;
	setup->config_vector = regs->config_vector;
	for (i = 0; i < regs->params.num_queues; i++) {
		u64 desc = (u64)regs->queue[i].pfn << VIRTIO_PCI_QUEUE_ADDR_SHIFT;
		u64 avail = desc + num * sizeof(struct vring_desc);
		/* Behind the entries of the available ring there is one event index */
		u64 end = avail + (3 + num) * sizeof(__le16);

		setup->queue[i] = (struct epfv_queue_setup){
			.desc = desc,
			.avail = avail,
			.used = (end + VIRTIO_PCI_VRING_ALIGN - 1) &
				~(VIRTIO_PCI_VRING_ALIGN - 1ULL),
			.size = num,
			.vector = regs->queue[i].vector,
		};
	}
}

/* As a transport */

static struct epfv_regs *to_regs(struct epfv_transport *t)
{
	return (struct epfv_regs *)t;
}

static unsigned int transport_pass(struct epfv_transport *t, bool msix_on)
{
	return epfv_regs_pass(to_regs(t), msix_on);
}

static bool transport_changed(struct epfv_transport *t)
{
	return epfv_regs_changed(to_regs(t));
}

static bool transport_notified(struct epfv_transport *t)
{
	return epfv_regs_notified(to_regs(t));
}

static bool transport_epoch_over(struct epfv_transport *t)
{
	return epfv_regs_epoch_over(to_regs(t));
}

static void transport_setup(const struct epfv_transport *t, struct epfv_setup *setup)
{
	epfv_regs_setup((const struct epfv_regs *)t, setup);
}

static void transport_put_config(struct epfv_transport *t, bool msix_on)
{
	epfv_regs_put_config(to_regs(t), msix_on);
}

static void transport_put_isr(struct epfv_transport *t, u8 isr)
{
	epfv_regs_put_isr(to_regs(t), isr);
}

static void transport_defaults(struct epfv_transport *t)
{
	epfv_regs_defaults(to_regs(t));
}

static const struct epfv_transport_ops epfv_regs_transport_ops = {
	.pass = transport_pass,
	.changed = transport_changed,
	.notified = transport_notified,
	.epoch_over = transport_epoch_over,
	.setup = transport_setup,
	.put_config = transport_put_config,
	.put_isr = transport_put_isr,
	.defaults = transport_defaults,
};
