// SPDX-License-Identifier: GPL-2.0
/*
 * regs.c with a host that may write anything between any two of its accesses
 *
 * An input is a header {queues, configuration bytes} and calls of the engine;
 * each access of the engine takes from the input what the host does just before.
 * In the end the host resets the device and probes it as a driver does, which
 * must work.
 */
#include <linux/virtio_config.h>
#include <linux/virtio_pci.h>

#include "check.h"
#include "input.h"
#include "regs.h"

#define QUEUE_SIZE	64
#define MAX_QUEUES	8
#define FEATURES	0x81000007
#define SEEN		BIT(30)
#define MAX_LOADS	3
#define EVENTS		(EPFV_EVENT_ACTIVITY | EPFV_EVENT_RESET | EPFV_EVENT_FAILED | \
			 EPFV_EVENT_LIVE | EPFV_EVENT_NOTIFY | EPFV_EVENT_INCOMPLETE)

enum action { PASS, CHANGED, EPOCH_OVER, WRITE, STEP, LINK, MSIX, DEFAULTS, QUIET, NUM_ACTIONS };

static struct epfv_regs regs;

static struct {
	struct input *in;
	u8 *file;		/* as large as the engine may think it is, to the byte */
	u8 config[EPFV_MAX_CONFIG];
	struct epfv_regs_params params;
	bool msix;
	bool gone;		/* loads give all-ones */
	bool quiet;		/* the host does nothing */
	bool defaults;		/* the whole file may be written */
	bool scribbled;		/* the host has overwritten what only defaults restore */
	u16 vector[MAX_QUEUES];

	/* the call being made */
	unsigned int loads;
	unsigned int stores;
} s;

static unsigned int file_size(void)
{
	/* At 20 there are four bytes without MSI-X, however few are configuration */
	unsigned int len = VIRTIO_PCI_CONFIG_OFF(true) + s.params.config_len;

	return len < 24 ? 24 : len;
}

static void host_write(unsigned int off, const void *buf, unsigned int len)
{
	if (off < 4 || (off < 14 && off + len > 12) || off + len > 24)
		s.scribbled = true;
	memcpy(s.file + off, buf, len);
}

static void host_store(unsigned int off, u32 val, unsigned int len)
{
	host_write(off, &val, len);
}

/* What a driver does next, in any order and with any value: most are bytes */
static void host_step(u8 how)
{
	struct input *in = s.in;

	switch (how % 12) {
	case 0:
		host_store(VIRTIO_PCI_STATUS, 0, 1);
		break;
	case 1:
		host_store(VIRTIO_PCI_STATUS, s.file[VIRTIO_PCI_STATUS] | 1 << in8(in) % 8, 1);
		break;
	case 2:
		host_store(VIRTIO_PCI_STATUS, in8(in), 1);
		break;
	case 3:
		host_store(VIRTIO_PCI_GUEST_FEATURES, in32(in), 4);
		break;
	case 4:
		host_store(VIRTIO_PCI_QUEUE_SEL, in8(in) % 9, 2);
		break;
	case 5:
		host_store(VIRTIO_PCI_QUEUE_SEL, in16(in), 2);
		break;
	case 6:
		host_store(VIRTIO_PCI_QUEUE_PFN, 1 + in8(in), 4);
		break;
	case 7:
		host_store(VIRTIO_PCI_QUEUE_PFN, in32(in), 4);
		break;
	case 8:
		host_store(VIRTIO_PCI_QUEUE_NOTIFY, in8(in) % 9, 2);
		break;
	case 9:
		host_store(VIRTIO_MSI_QUEUE_VECTOR, in16(in), 2);
		break;
	case 10:
		host_store(VIRTIO_MSI_CONFIG_VECTOR, in16(in), 2);
		break;
	default:
		host_store(VIRTIO_PCI_QUEUE_PFN, 0, 4);
	}
}

/* Any bytes anywhere: a word of the host, or one that is torn */
static void host_scribble(void)
{
	u8 buf[8];
	unsigned int off = in8(s.in) % file_size(), len = 1 + in8(s.in) % 8;

	if (len > file_size() - off)
		len = file_size() - off;
	in_bytes(s.in, buf, len);
	host_write(off, buf, len);
}

/* The engine is about to make an access */
static void host_turn(void)
{
	u8 how;

	if (s.quiet || !s.in->left)
		return;
	how = in8(s.in);
	if (how >= 0xf8)
		s.gone = how & 1;
	else if (how >= 0xe0)
		host_scribble();
	else if (how >= 0x80)
		host_step(how);
}

static u64 op_ld64(void *ctx, unsigned int off)
{
	u64 val;

	CHECK(ctx == &s);
	CHECK(off == 0 || off == 8 || off == 16);
	s.loads++;
	host_turn();
	if (s.gone)
		return ~0ULL;
	memcpy(&val, s.file + off, sizeof(val));
	return val;
}

static void engine_store(void *ctx, unsigned int off, u32 val, unsigned int len)
{
	CHECK(ctx == &s);
	CHECK(off + len <= file_size());
	s.stores++;
	host_turn();
	memcpy(s.file + off, &val, len);
}

static void op_st32(void *ctx, unsigned int off, u32 val)
{
	if (!s.defaults)
		CHECK((off == VIRTIO_PCI_QUEUE_PFN && !val) ||
		      (off == VIRTIO_PCI_GUEST_FEATURES && val == SEEN));
	engine_store(ctx, off, val, 4);
}

static void op_st16(void *ctx, unsigned int off, u16 val)
{
	if (!s.defaults)
		CHECK(off == VIRTIO_PCI_QUEUE_NOTIFY && val == 0xffff);
	engine_store(ctx, off, val, 2);
}

static void op_st8(void *ctx, unsigned int off, u8 val)
{
	unsigned int base = VIRTIO_PCI_CONFIG_OFF(s.msix);

	if (off == VIRTIO_PCI_ISR) {
		CHECK(val == 0 || val == EPFV_ISR_QUEUE);
	} else if (!s.defaults || off > VIRTIO_PCI_ISR) {
		CHECK(off >= base);
		CHECK(val == (off - base < s.params.config_len ? s.config[off - base] : 0xff));
	}
	engine_store(ctx, off, val, 1);
}

static void op_mb(void *ctx)
{
	CHECK(ctx == &s);
}

static const struct epfv_regs_ops ops = {
	.ld64 = op_ld64,
	.st32 = op_st32,
	.st16 = op_st16,
	.st8 = op_st8,
	.mb = op_mb,
};

static void check_live(void)
{
	unsigned int i;

	for (i = 0; i < s.params.required; i++)
		CHECK(regs.queue[i].pfn);
	CHECK(!(regs.features & ~s.params.features));
}

static unsigned int pass(void)
{
	enum epfv_phase before = regs.t.phase;
	u32 epoch = regs.t.epoch;
	unsigned int events, i;

	s.loads = 0;
	s.stores = 0;
	events = epfv_regs_pass(&regs, s.msix);
	CHECK(s.loads <= MAX_LOADS);
	CHECK(s.stores <= 5 + 2 * (s.params.config_len + 4));
	CHECK(!(events & ~EVENTS));
	CHECK(regs.t.epoch - epoch <= 2 && (regs.t.epoch != epoch) == !!(events & EPFV_EVENT_RESET));
	if (events & EPFV_EVENT_LIVE) {
		CHECK(before == EPFV_PHASE_SETUP && regs.t.phase == EPFV_PHASE_RUNNING);
		check_live();
		/* What the function does for a host that gets INTx */
		if (!s.msix)
			epfv_regs_put_isr(&regs, EPFV_ISR_QUEUE);
	}
	if (regs.t.phase == EPFV_PHASE_RUNNING)
		CHECK(events & EPFV_EVENT_LIVE ||
		      (before == EPFV_PHASE_RUNNING && !(events & EPFV_EVENT_RESET)));
	if (events & EPFV_EVENT_NOTIFY)
		CHECK(regs.t.phase == EPFV_PHASE_RUNNING);
	if (events & EPFV_EVENT_FAILED)
		CHECK(events & EPFV_EVENT_RESET);
	if (events & EPFV_EVENT_INCOMPLETE)
		CHECK(regs.t.phase == EPFV_PHASE_DEAD);
	if (before == EPFV_PHASE_RUNNING && regs.t.phase == EPFV_PHASE_RUNNING)
		check_live();
	for (i = s.params.num_queues; i < MAX_QUEUES; i++)
		CHECK(!regs.queue[i].pfn);
	return events;
}

static bool changed(void)
{
	bool ret;

	s.loads = 0;
	s.stores = 0;
	ret = epfv_regs_changed(&regs);
	CHECK(s.loads <= 2 && !s.stores);
	return ret;
}

static bool epoch_over(void)
{
	bool ret;

	s.loads = 0;
	s.stores = 0;
	ret = epfv_regs_epoch_over(&regs);
	CHECK(s.loads <= 2 && !s.stores);
	CHECK(ret || regs.t.phase == EPFV_PHASE_RUNNING);
	return ret;
}

static void defaults(void)
{
	bool msix = s.msix, quiet = s.quiet;

	/* The host cannot see the file then */
	s.quiet = true;
	s.defaults = true;
	s.msix = false;
	epfv_regs_defaults(&regs);
	s.defaults = false;
	s.msix = msix;
	s.quiet = quiet;
	s.scribbled = false;
}

/* A word of all-ones means that the link is gone, whoever wrote it */
static bool sees_ones(void)
{
	static const u8 ones[8] = { 255, 255, 255, 255, 255, 255, 255, 255 };

	return s.gone || !memcmp(s.file, ones, 8) || !memcmp(s.file + 16, ones, 8);
}

/* The host does nothing for a while: the engine comes to rest, and then finds nothing */
static void quiet(void)
{
	unsigned int i;

	s.quiet = true;
	for (i = 0; i < 6; i++)
		pass();
	/* One that cannot go live for want of the features asks for passes until it can */
	CHECK(!changed() || (regs.settle && sees_ones()));
	CHECK(!pass());
	if (!sees_ones() && regs.t.phase == EPFV_PHASE_RUNNING)
		CHECK(!epoch_over());
	s.quiet = false;
}

static u32 host_load(unsigned int off, unsigned int len)
{
	u32 val = 0;

	pass();
	memcpy(&val, s.file + off, len);
	return val;
}

static void polite_store(unsigned int off, u32 val, unsigned int len)
{
	host_store(off, val, len);
	pass();
}

static void probe(void)
{
	const u32 wanted = 0x80000005;
	unsigned int i;

	s.quiet = true;
	s.gone = false;
	if (s.scribbled)
		defaults();

	polite_store(VIRTIO_PCI_STATUS, 0, 1);
	CHECK(!host_load(VIRTIO_PCI_STATUS, 1));
	polite_store(VIRTIO_PCI_STATUS, VIRTIO_CONFIG_S_ACKNOWLEDGE, 1);
	polite_store(VIRTIO_PCI_STATUS, 3, 1);
	CHECK(host_load(VIRTIO_PCI_HOST_FEATURES, 4) == s.params.features);
	polite_store(VIRTIO_PCI_GUEST_FEATURES, wanted, 4);
	if (s.msix)
		polite_store(VIRTIO_MSI_CONFIG_VECTOR, 7, 2);
	for (i = 0; i < s.params.num_queues; i++) {
		polite_store(VIRTIO_PCI_QUEUE_SEL, i, 2);
		CHECK(host_load(VIRTIO_PCI_QUEUE_NUM, 2) == QUEUE_SIZE);
		CHECK(!host_load(VIRTIO_PCI_QUEUE_PFN, 4));
		polite_store(VIRTIO_PCI_QUEUE_PFN, 0x1000 + i, 4);
		CHECK(!host_load(VIRTIO_PCI_QUEUE_PFN, 4));
		if (s.msix)
			polite_store(VIRTIO_MSI_QUEUE_VECTOR, i + 1, 2);
	}
	host_store(VIRTIO_PCI_STATUS, 7, 1);
	for (i = 0; i < 4 && !(pass() & EPFV_EVENT_LIVE); i++)
		;
	CHECK(regs.t.phase == EPFV_PHASE_RUNNING);
	CHECK(regs.features == (wanted & s.params.features));
	for (i = 0; i < s.params.num_queues; i++) {
		CHECK(regs.queue[i].pfn == 0x1000 + i);
		if (s.msix)
			CHECK(regs.queue[i].vector == i + 1);
	}
	if (s.msix)
		CHECK(regs.config_vector == 7);
	/* Not before: in the place of the vectors, only this restores it for sure */
	for (i = 0; i < s.params.config_len; i++)
		CHECK(host_load(VIRTIO_PCI_CONFIG_OFF(s.msix) + i, 1) == s.config[i]);
	while (pass())
		;
	host_store(VIRTIO_PCI_QUEUE_NOTIFY, 0, 2);
	CHECK(changed());
	CHECK(pass() & EPFV_EVENT_NOTIFY);
	CHECK(!epoch_over());
}

static void act(struct input *in)
{
	switch (in8(in) % NUM_ACTIONS) {
	case PASS:
		pass();
		break;
	case CHANGED:
		changed();
		break;
	case EPOCH_OVER:
		epoch_over();
		break;
	case WRITE:
		host_scribble();
		break;
	case STEP:
		host_step(in8(in));
		break;
	case LINK:
		s.gone = in8(in) & 1;
		break;
	case MSIX:
		s.msix = in8(in) & 1;
		break;
	case DEFAULTS:
		defaults();
		break;
	case QUIET:
		quiet();
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { data, size };
	u8 how = in8(&in);
	unsigned int i;

	memset(&s, 0, sizeof(s));
	s.in = &in;
	for (i = 0; i < EPFV_MAX_CONFIG; i++)
		s.config[i] = 0xe0 + i % 16;
	s.params = (struct epfv_regs_params){
		.features = FEATURES,
		.num_queues = 1 + how % MAX_QUEUES,
		.required = how & 8 ? 1 : 1 + how % MAX_QUEUES,
		.queue_size = QUEUE_SIZE,
		.config = s.config,
		.config_len = how & 16 ? EPFV_MAX_CONFIG : how >> 5,
	};
	memset(&regs, 0xa5, sizeof(regs));
	CHECK(!epfv_regs_init(&regs, &s.params, &ops, &s));
	/* Apart, so that the sanitizer sees what is outside of it */
	s.file = malloc(file_size());
	memset(s.file, 0xa5, file_size());
	defaults();
	while (in.left)
		act(&in);
	probe();
	free(s.file);
	return 0;
}
