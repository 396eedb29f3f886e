// SPDX-License-Identifier: GPL-2.0
/*
 * The register engine, against an array of bytes
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <linux/bits.h>
#include <linux/virtio_config.h>
#include <linux/virtio_pci.h>

#include "regs.h"
#include "tests.h"

#define ACK		VIRTIO_CONFIG_S_ACKNOWLEDGE
#define DRIVER		VIRTIO_CONFIG_S_DRIVER
#define DRIVER_OK	VIRTIO_CONFIG_S_DRIVER_OK
#define FAILED		VIRTIO_CONFIG_S_FAILED
#define READY		(ACK | DRIVER | DRIVER_OK)

#define FEATURES	0x08000025
#define SEEN		BIT(30)

static const u8 config[] = { 0x50, 0x00, 0x19, 0x02, 0x01, 0x02, 0x03, 0x04 };

static const struct epfv_regs_params two_queues = {
	.features = FEATURES,
	.num_queues = 2,
	.required = 2,
	.queue_size = 64,
	.config = config,
	.config_len = sizeof(config),
};

struct bar {
	u8 mem[EPFV_REGS_SIZE];
	unsigned int loads;
	unsigned int stores;
	unsigned int barriers;
	void (*meet)(struct bar *b);
	unsigned int meet_at;
	bool heard;		/* of the host's last notification */
	bool msix;
	struct epfv_regs regs;
};

static u64 get(const struct bar *b, unsigned int size, unsigned int off)
{
	u64 val = 0;

	memcpy(&val, b->mem + off, size);
	return val;
}

static void set(struct bar *b, unsigned int size, unsigned int off, u64 val)
{
	assert_true(off + size <= sizeof(b->mem));
	assert_int_equal(off % size, 0);
	memcpy(b->mem + off, &val, size);
}

/* What happens beside the engine in front of its @meet_at-th access */
static void meet(struct bar *b)
{
	void (*what)(struct bar *b) = b->meet;

	if (!what || b->meet_at--)
		return;
	b->meet = NULL;
	what(b);
}

static u64 bar_ld64(void *ctx, unsigned int off)
{
	struct bar *b = ctx;

	meet(b);
	assert_int_equal(off % 8, 0);
	assert_true(off + 8 <= sizeof(b->mem));
	b->loads++;
	return get(b, 8, off);
}

static void bar_st32(void *ctx, unsigned int off, u32 val)
{
	struct bar *b = ctx;

	meet(b);
	b->stores++;
	set(b, 4, off, val);
}

static void bar_st16(void *ctx, unsigned int off, u16 val)
{
	struct bar *b = ctx;

	meet(b);
	b->stores++;
	set(b, 2, off, val);
}

static void bar_st8(void *ctx, unsigned int off, u8 val)
{
	struct bar *b = ctx;

	meet(b);
	b->stores++;
	set(b, 1, off, val);
}

static void bar_mb(void *ctx)
{
	struct bar *b = ctx;

	b->barriers++;
}

static const struct epfv_regs_ops bar_ops = {
	.ld64 = bar_ld64,
	.st32 = bar_st32,
	.st16 = bar_st16,
	.st8 = bar_st8,
	.mb = bar_mb,
};

static void begin(struct bar *b, const struct epfv_regs_params *params)
{
	memset(b, 0xa5, sizeof(*b));
	assert_int_equal(epfv_regs_init(&b->regs, params, &bar_ops, b), 0);
	epfv_regs_defaults(&b->regs);
	b->msix = false;
	b->loads = 0;
	b->stores = 0;
	b->barriers = 0;
	b->meet = NULL;
}

static unsigned int pass(struct bar *b)
{
	return epfv_regs_pass(&b->regs, b->msix);
}

static void status(struct bar *b, u8 val)
{
	set(b, 1, VIRTIO_PCI_STATUS, val);
}

static void give_pfn(struct bar *b, u16 queue, u32 pfn)
{
	set(b, 2, VIRTIO_PCI_QUEUE_SEL, queue);
	pass(b);
	set(b, 4, VIRTIO_PCI_QUEUE_PFN, pfn);
	pass(b);
}

static void setup(struct bar *b)
{
	status(b, ACK | DRIVER);
	pass(b);
	set(b, 4, VIRTIO_PCI_GUEST_FEATURES, 0x21);
	give_pfn(b, 0, 0x1000);
	give_pfn(b, 1, 0x80000000);
	status(b, READY);
}

static void live(struct bar *b)
{
	setup(b);
	assert_int_equal(pass(b), EPFV_EVENT_ACTIVITY);
	assert_int_equal(pass(b), 0);
	assert_int_equal(pass(b), EPFV_EVENT_LIVE);
	assert_int_equal(b->regs.t.phase, EPFV_PHASE_RUNNING);
	b->loads = 0;
	b->stores = 0;
	b->barriers = 0;
}

static void refuses(const struct epfv_regs_params *params)
{
	struct epfv_regs regs;

	assert_int_equal(epfv_regs_init(&regs, params, &bar_ops, NULL), -EINVAL);
}

static void test_params(void **state)
{
	struct epfv_regs_params p;
	unsigned int bit;

	(void)state;
	p = two_queues;
	p.num_queues = 0;
	p.required = 0;
	refuses(&p);
	p.num_queues = EPFV_MAX_QUEUES + 1;
	refuses(&p);
	p = two_queues;
	p.required = 3;
	refuses(&p);
	p = two_queues;
	p.queue_size = 0;
	refuses(&p);
	p.queue_size = 48;
	refuses(&p);
	p = two_queues;
	p.config_len = EPFV_MAX_CONFIG + 1;
	refuses(&p);
	p = two_queues;
	p.config = NULL;
	refuses(&p);
	for (bit = 28; bit <= 30; bit++) {
		p = two_queues;
		p.features = BIT(bit);
		refuses(&p);
	}
}

static void test_params_limits(void **state)
{
	static const u8 large_config[EPFV_MAX_CONFIG];
	struct epfv_regs_params p = {
		.num_queues = EPFV_MAX_QUEUES,
		.required = EPFV_MAX_QUEUES,
		.queue_size = 32768,
		.config = large_config,
		.config_len = sizeof(large_config),
	};
	struct bar b;

	(void)state;
	begin(&b, &p);
	/* Both places of the configuration bytes are in the register file */
	epfv_regs_pass(&b.regs, true);
	assert_int_equal(get(&b, 2, VIRTIO_PCI_QUEUE_NUM), 32768);
	assert_int_equal(b.mem[24 + EPFV_MAX_CONFIG - 1], 0);
	assert_int_equal(b.mem[24 + EPFV_MAX_CONFIG], 0xa5);

	p.num_queues = 1;
	p.required = 0;
	p.queue_size = 1;
	p.config = NULL;
	p.config_len = 0;
	begin(&b, &p);
	assert_int_equal(get(&b, 4, 20), 0xffffffff);
}

static void test_defaults(void **state)
{
	struct bar b;

	(void)state;
	begin(&b, &two_queues);
	assert_int_equal(get(&b, 4, VIRTIO_PCI_HOST_FEATURES), FEATURES);
	assert_int_equal(get(&b, 4, VIRTIO_PCI_GUEST_FEATURES), 0);
	assert_int_equal(get(&b, 4, VIRTIO_PCI_QUEUE_PFN), 0);
	assert_int_equal(get(&b, 2, VIRTIO_PCI_QUEUE_NUM), 64);
	assert_int_equal(get(&b, 2, VIRTIO_PCI_QUEUE_SEL), 0);
	assert_int_equal(get(&b, 2, VIRTIO_PCI_QUEUE_NOTIFY), 0xffff);
	assert_int_equal(get(&b, 1, VIRTIO_PCI_STATUS), 0);
	assert_int_equal(get(&b, 1, VIRTIO_PCI_ISR), 0);
	assert_memory_equal(b.mem + 20, config, sizeof(config));
	assert_false(epfv_regs_changed(&b.regs));
	assert_int_equal(pass(&b), 0);
	assert_int_equal(b.regs.t.phase, EPFV_PHASE_IDLE);
}

static void test_defaults_end_epoch(void **state)
{
	struct bar b;
	u32 epoch;

	(void)state;
	begin(&b, &two_queues);
	live(&b);
	epoch = b.regs.t.epoch;
	epfv_regs_defaults(&b.regs);
	assert_int_equal(b.regs.t.epoch, epoch + 1);
	assert_int_equal(b.regs.t.phase, EPFV_PHASE_IDLE);
	assert_int_equal(b.regs.queue[0].pfn, 0);
	assert_true(epfv_regs_epoch_over(&b.regs));
	assert_int_equal(pass(&b), 0);
	live(&b);
}

static void test_live(void **state)
{
	struct bar b;

	(void)state;
	begin(&b, &two_queues);
	live(&b);
	assert_int_equal(b.regs.queue[0].pfn, 0x1000);
	assert_int_equal(b.regs.queue[1].pfn, 0x80000000);
	assert_int_equal(b.regs.features, 0x21);
	assert_int_equal(b.regs.t.guesses, 0);
	assert_int_equal(b.regs.t.ignored, 0);
	assert_int_equal(b.regs.t.resets, 0);
	assert_int_equal(get(&b, 4, VIRTIO_PCI_GUEST_FEATURES), SEEN);
	assert_int_equal(get(&b, 4, VIRTIO_PCI_QUEUE_PFN), 0);
	assert_int_equal(get(&b, 4, VIRTIO_PCI_HOST_FEATURES), FEATURES);
}

static void test_cost(void **state)
{
	struct bar b;

	(void)state;
	begin(&b, &two_queues);
	pass(&b);
	assert_int_equal(b.loads, 2);
	epfv_regs_changed(&b.regs);
	assert_int_equal(b.loads, 4);
	live(&b);
	pass(&b);
	assert_int_equal(b.loads, 2);
	epfv_regs_changed(&b.regs);
	assert_int_equal(b.loads, 4);
	epfv_regs_epoch_over(&b.regs);
	assert_int_equal(b.loads, 6);
	assert_int_equal(b.stores, 0);
}

static void test_features_limited(void **state)
{
	struct bar b;

	(void)state;
	begin(&b, &two_queues);
	setup(&b);
	set(&b, 4, VIRTIO_PCI_GUEST_FEATURES, 0xffffffff);
	pass(&b);
	pass(&b);
	assert_int_equal(pass(&b), EPFV_EVENT_LIVE);
	assert_int_equal(b.regs.features, FEATURES);
}

/* The mark left by the engine is not taken for features of the next driver */
static void test_features_not_written(void **state)
{
	struct bar b;

	(void)state;
	begin(&b, &two_queues);
	live(&b);
	status(&b, 0);
	assert_true(pass(&b) & EPFV_EVENT_RESET);
	give_pfn(&b, 0, 5);
	give_pfn(&b, 1, 6);
	status(&b, READY);
	pass(&b);
	pass(&b);
	assert_int_equal(pass(&b), EPFV_EVENT_LIVE);
	assert_int_equal(b.regs.features, 0);
}

static void test_notify(void **state)
{
	struct bar b;

	(void)state;
	begin(&b, &two_queues);
	live(&b);
	set(&b, 2, VIRTIO_PCI_QUEUE_NOTIFY, 1);
	assert_true(epfv_regs_changed(&b.regs));
	assert_int_equal(pass(&b), EPFV_EVENT_ACTIVITY | EPFV_EVENT_NOTIFY);
	assert_int_equal(get(&b, 2, VIRTIO_PCI_QUEUE_NOTIFY), 0xffff);
	assert_int_equal(b.barriers, 1);
	assert_false(epfv_regs_changed(&b.regs));
	assert_int_equal(pass(&b), 0);
}

/* What others are told: addresses of all parts, beyond 32 bits */
static void test_setup(void **state)
{
	static struct epfv_setup record;
	struct bar b;

	(void)state;
	begin(&b, &two_queues);
	live(&b);
	epfv_regs_setup(&b.regs, &record);
	assert_int_equal(record.features, b.regs.features);
	assert_int_equal(record.queue[0].desc, 0x1000000);
	assert_int_equal(record.queue[1].desc, 0x80000000000);
	assert_int_equal(record.queue[1].size, two_queues.queue_size);
	assert_int_equal(record.queue[1].avail,
			 record.queue[1].desc + 16 * two_queues.queue_size);
	/* Behind flags, idx, entries and one event index, at the next page */
	assert_int_equal(record.queue[1].used,
			 (record.queue[1].avail + 6 + 2 * two_queues.queue_size + 4095) &
			 ~4095ULL);
}

/* Taken without a pass: nothing is left for that to find */
static void test_notified(void **state)
{
	struct bar b;

	(void)state;
	begin(&b, &two_queues);
	assert_false(epfv_regs_notified(&b.regs));
	live(&b);
	b.loads = 0;
	assert_false(epfv_regs_notified(&b.regs));
	assert_int_equal(b.loads, 1);
	set(&b, 2, VIRTIO_PCI_QUEUE_NOTIFY, 0);
	b.barriers = 0;
	assert_true(epfv_regs_notified(&b.regs));
	assert_int_equal(b.barriers, 1);
	assert_int_equal(get(&b, 2, VIRTIO_PCI_QUEUE_NOTIFY), 0xffff);
	assert_false(epfv_regs_notified(&b.regs));
	assert_int_equal(pass(&b), 0);
	/* All-ones are none */
	memset(b.mem, 0xff, sizeof(b.mem));
	assert_false(epfv_regs_notified(&b.regs));
}

static void host_notifies(struct bar *b)
{
	set(b, 2, VIRTIO_PCI_QUEUE_NOTIFY, 1);
	b->heard = false;
}

static void timer_looks(struct bar *b)
{
	b->heard |= epfv_regs_notified(&b->regs);
}

static void host_notifies_first(struct bar *b)
{
	host_notifies(b);
	timer_looks(b);
}

static void timer_looks_first(struct bar *b)
{
	timer_looks(b);
	host_notifies(b);
}

static void host_notifies_twice(struct bar *b)
{
	host_notifies(b);
	timer_looks(b);
	host_notifies(b);
}

/*
 * The timer takes a notification in the middle of a pass, and another one comes: one of
 * both hears of it after it was written, or the next one does.
 */
static void test_notified_beside_pass(void **state)
{
	void (*const meetings[])(struct bar *b) = {
		host_notifies, host_notifies_first, timer_looks_first, host_notifies_twice,
	};
	unsigned int i, at, before;
	struct bar b;

	(void)state;
	for (i = 0; i < 4; i++) {
		for (at = 0; at < 8; at++) {
			for (before = 0; before < 2; before++) {
				begin(&b, &two_queues);
				live(&b);
				b.heard = true;
				if (before)
					host_notifies(&b);
				b.meet = meetings[i];
				b.meet_at = at;
				b.heard |= pass(&b) & EPFV_EVENT_NOTIFY;
				if (b.meet)
					meetings[i](&b);
				b.meet = NULL;
				assert_true(b.heard || epfv_regs_changed(&b.regs));
				assert_true(b.heard || pass(&b) & EPFV_EVENT_NOTIFY);
				assert_int_equal(pass(&b), 0);
			}
		}
	}
}

/* A kick before DRIVER_OK stays in the register; the next to the same queue looks alike */
static void test_notify_early(void **state)
{
	struct bar b;

	(void)state;
	begin(&b, &two_queues);
	setup(&b);
	set(&b, 2, VIRTIO_PCI_QUEUE_NOTIFY, 1);
	pass(&b);
	pass(&b);
	assert_int_equal(pass(&b), EPFV_EVENT_LIVE);
	set(&b, 2, VIRTIO_PCI_QUEUE_NOTIFY, 1);
	assert_true(epfv_regs_changed(&b.regs));
	assert_true(pass(&b) & EPFV_EVENT_NOTIFY);
}

static void test_reset(void **state)
{
	struct bar b;
	u32 epoch;

	(void)state;
	begin(&b, &two_queues);
	live(&b);
	epoch = b.regs.t.epoch;
	set(&b, 2, VIRTIO_PCI_QUEUE_NOTIFY, 0);
	status(&b, 0);
	assert_true(epfv_regs_changed(&b.regs));
	assert_true(epfv_regs_epoch_over(&b.regs));
	assert_int_equal(pass(&b), EPFV_EVENT_ACTIVITY | EPFV_EVENT_RESET);
	assert_int_equal(b.regs.t.phase, EPFV_PHASE_IDLE);
	assert_int_equal(b.regs.t.epoch, epoch + 1);
	assert_int_equal(b.regs.t.resets, 1);
	assert_int_equal(b.regs.queue[0].pfn, 0);
	assert_int_equal(get(&b, 2, VIRTIO_PCI_QUEUE_NOTIFY), 0xffff);
	assert_int_equal(get(&b, 4, VIRTIO_PCI_GUEST_FEATURES), SEEN);
	assert_int_equal(pass(&b), 0);
	assert_int_equal(b.regs.t.resets, 1);
	live(&b);
}

/* STATUS was 0 between two passes, but is not any more */
static void test_reset_missed(void **state)
{
	struct bar b;

	(void)state;
	begin(&b, &two_queues);
	live(&b);
	status(&b, ACK | DRIVER);
	assert_true(epfv_regs_epoch_over(&b.regs));
	assert_true(pass(&b) & EPFV_EVENT_RESET);
	assert_int_equal(b.regs.t.phase, EPFV_PHASE_SETUP);
	live(&b);
}

/* So long between two passes that the next driver is ready again */
static void test_reset_missed_entirely(void **state)
{
	struct bar b;

	(void)state;
	begin(&b, &two_queues);
	live(&b);
	set(&b, 4, VIRTIO_PCI_GUEST_FEATURES, 0);
	assert_true(epfv_regs_changed(&b.regs));
	assert_true(epfv_regs_epoch_over(&b.regs));
	assert_true(pass(&b) & EPFV_EVENT_RESET);
	assert_int_equal(b.regs.queue[0].pfn, 0);
	assert_int_equal(pass(&b), 0);
	assert_int_equal(pass(&b), EPFV_EVENT_INCOMPLETE);
	assert_int_equal(b.regs.t.phase, EPFV_PHASE_DEAD);
	assert_false(epfv_regs_changed(&b.regs));
}

static void test_reset_in_setup(void **state)
{
	struct bar b;

	(void)state;
	begin(&b, &two_queues);
	setup(&b);
	pass(&b);
	status(&b, 0);
	assert_true(pass(&b) & EPFV_EVENT_RESET);
	assert_int_equal(pass(&b), 0);
	assert_int_equal(pass(&b), 0);
	assert_int_equal(b.regs.t.phase, EPFV_PHASE_IDLE);
}

static void test_incomplete(void **state)
{
	struct bar b;

	(void)state;
	begin(&b, &two_queues);
	status(&b, ACK | DRIVER);
	give_pfn(&b, 1, 7);
	status(&b, READY);
	pass(&b);
	pass(&b);
	assert_int_equal(pass(&b), EPFV_EVENT_INCOMPLETE);
	assert_int_equal(b.regs.t.phase, EPFV_PHASE_DEAD);
	assert_int_equal(get(&b, 4, VIRTIO_PCI_GUEST_FEATURES), 0);
	assert_int_equal(pass(&b), 0);
	status(&b, 0);
	assert_true(pass(&b) & EPFV_EVENT_RESET);
	live(&b);
}

static void test_not_required(void **state)
{
	struct epfv_regs_params p = two_queues;
	struct bar b;

	(void)state;
	p.required = 1;
	begin(&b, &p);
	status(&b, ACK | DRIVER);
	give_pfn(&b, 0, 7);
	status(&b, READY);
	pass(&b);
	pass(&b);
	assert_int_equal(pass(&b), EPFV_EVENT_LIVE);
	assert_int_equal(b.regs.queue[0].pfn, 7);
	assert_int_equal(b.regs.queue[1].pfn, 0);
}

/* DRIVER_OK of a driver that accepted @features and set up @queues queues */
static unsigned int set_up(struct bar *b, u32 features, unsigned int queues)
{
	unsigned int i;

	status(b, 0);
	pass(b);
	status(b, ACK | DRIVER);
	set(b, 4, VIRTIO_PCI_GUEST_FEATURES, features);
	for (i = 0; i < queues; i++)
		give_pfn(b, i, 100 + i);
	status(b, READY);
	pass(b);
	pass(b);
	return pass(b);
}

/* Queues that a feature brings, up to as many as there can be */
static void test_required_by_feature(void **state)
{
	struct epfv_regs_params p = two_queues;
	struct bar b;
	unsigned int i;

	(void)state;
	p.num_queues = EPFV_MAX_QUEUES;
	p.features = 7;
	p.all_with = 2;
	begin(&b, &p);
	assert_int_equal(set_up(&b, 5, 2), EPFV_EVENT_LIVE);
	assert_int_equal(set_up(&b, 5, 1), EPFV_EVENT_INCOMPLETE);
	assert_int_equal(set_up(&b, 2, EPFV_MAX_QUEUES - 1), EPFV_EVENT_INCOMPLETE);
	assert_int_equal(set_up(&b, 0xa, EPFV_MAX_QUEUES), EPFV_EVENT_LIVE);
	assert_int_equal(b.regs.features, 2);
	for (i = 0; i < EPFV_MAX_QUEUES; i++)
		assert_int_equal(b.regs.queue[i].pfn, 100 + i);
}

/* A word of the configuration that the host writes: seen once, and put back */
static void test_written(void **state)
{
	static const u8 config[12] = { 1, 2, 3, 4, 5, 6, 7, 8 };
	struct epfv_regs_params p = two_queues;
	struct bar b;

	(void)state;
	p.config = config;
	p.config_len = sizeof(config);
	p.written = 8;
	begin(&b, &p);
	assert_false(epfv_regs_changed(&b.regs));
	assert_int_equal(pass(&b), 0);
	set(&b, 4, 28, 'x');
	assert_true(epfv_regs_changed(&b.regs));
	assert_int_equal(pass(&b), EPFV_EVENT_ACTIVITY | EPFV_EVENT_WRITTEN);
	assert_int_equal(b.regs.t.written, 'x');
	assert_int_equal(get(&b, 4, 28), 0);
	assert_false(epfv_regs_changed(&b.regs));
	assert_int_equal(pass(&b), 0);

	/* The bytes move, and it with them */
	live(&b);
	b.msix = true;
	pass(&b);
	assert_int_equal(get(&b, 4, 28), 0x08070605);
	assert_int_equal(get(&b, 4, 32), 0);
	assert_int_equal(pass(&b), 0);
	set(&b, 4, 32, 0x12345678);
	assert_true(epfv_regs_changed(&b.regs));
	assert_int_equal(pass(&b), EPFV_EVENT_ACTIVITY | EPFV_EVENT_WRITTEN);
	assert_int_equal(b.regs.t.written, 0x12345678);
	assert_int_equal(get(&b, 4, 28), 0x08070605);
	assert_int_equal(b.regs.t.phase, EPFV_PHASE_RUNNING);

	/* All-ones are no driver's */
	set(&b, 4, 32, 0xffffffff);
	set(&b, 4, 36, 0xffffffff);
	assert_false(epfv_regs_changed(&b.regs));
	assert_int_equal(pass(&b), 0);

	p.written = 2;
	refuses(&p);
	p.written = 12;
	refuses(&p);
	p.written = 8;
	p.config_len = 11;
	refuses(&p);
}

static void test_failed(void **state)
{
	struct bar b;
	u32 epoch;

	(void)state;
	begin(&b, &two_queues);
	live(&b);
	epoch = b.regs.t.epoch;
	status(&b, READY | FAILED);
	assert_true(epfv_regs_epoch_over(&b.regs));
	assert_int_equal(pass(&b), EPFV_EVENT_ACTIVITY | EPFV_EVENT_RESET | EPFV_EVENT_FAILED);
	assert_int_equal(b.regs.t.phase, EPFV_PHASE_DEAD);
	assert_int_equal(b.regs.t.epoch, epoch + 1);
	assert_int_equal(b.regs.t.resets, 0);
	assert_int_equal(pass(&b), 0);
	assert_int_equal(pass(&b), 0);
	assert_int_equal(pass(&b), 0);
	assert_int_equal(b.regs.t.phase, EPFV_PHASE_DEAD);
}

static void test_queue_beyond(void **state)
{
	struct bar b;

	(void)state;
	begin(&b, &two_queues);
	status(&b, ACK | DRIVER);
	pass(&b);
	give_pfn(&b, 2, 9);
	assert_int_equal(b.regs.t.ignored, 1);
	assert_int_equal(get(&b, 4, VIRTIO_PCI_QUEUE_PFN), 0);
	give_pfn(&b, 0xffff, 9);
	assert_int_equal(b.regs.t.ignored, 2);
	assert_int_equal(b.regs.queue[0].pfn, 0);
	assert_int_equal(b.regs.queue[1].pfn, 0);
	live(&b);
}

static void test_guess(void **state)
{
	struct bar b;

	(void)state;
	begin(&b, &two_queues);
	status(&b, ACK | DRIVER);
	pass(&b);
	give_pfn(&b, 0, 5);
	assert_int_equal(b.regs.t.guesses, 0);
	/* No pass between the steps of a driver: in order */
	set(&b, 2, VIRTIO_PCI_QUEUE_SEL, 1);
	set(&b, 4, VIRTIO_PCI_QUEUE_PFN, 6);
	pass(&b);
	assert_int_equal(b.regs.queue[0].pfn, 5);
	assert_int_equal(b.regs.queue[1].pfn, 6);
	assert_int_equal(b.regs.t.guesses, 1);

	/* SEL jumps: the queue that is selected is as good a guess as any */
	set(&b, 2, VIRTIO_PCI_QUEUE_SEL, 0);
	set(&b, 4, VIRTIO_PCI_QUEUE_PFN, 7);
	pass(&b);
	assert_int_equal(b.regs.queue[0].pfn, 7);
	assert_int_equal(b.regs.queue[1].pfn, 6);
	assert_int_equal(b.regs.t.guesses, 2);

	/* SEL is one further already */
	status(&b, 0);
	pass(&b);
	status(&b, ACK | DRIVER);
	give_pfn(&b, 0, 5);
	set(&b, 2, VIRTIO_PCI_QUEUE_SEL, 2);
	set(&b, 4, VIRTIO_PCI_QUEUE_PFN, 8);
	pass(&b);
	assert_int_equal(b.regs.queue[1].pfn, 8);
	assert_int_equal(b.regs.t.guesses, 3);
	assert_int_equal(b.regs.t.ignored, 0);
}

static void ones(struct bar *b, unsigned int off)
{
	set(b, 8, off, ~0ULL);
}

static void test_all_ones(void **state)
{
	struct bar b, was;
	unsigned int off;

	(void)state;
	begin(&b, &two_queues);
	for (off = 0; off <= 16; off += 8) {
		was = b;
		was.regs.ctx = &b;
		ones(&b, off);
		assert_false(epfv_regs_changed(&b.regs));
		assert_int_equal(pass(&b), 0);
		assert_int_equal(b.stores, 0);
		memcpy(b.mem, was.mem, sizeof(b.mem));
		assert_int_equal(pass(&b), 0);
	}

	live(&b);
	for (off = 0; off <= 16; off += 8) {
		was = b;
		ones(&b, off);
		assert_int_equal(epfv_regs_epoch_over(&b.regs), off != 8);
		assert_false(epfv_regs_changed(&b.regs));
		assert_int_equal(pass(&b), 0);
		memcpy(b.mem, was.mem, sizeof(b.mem));
		assert_int_equal(pass(&b), 0);
		assert_int_equal(b.regs.t.phase, EPFV_PHASE_RUNNING);
	}
	assert_int_equal(b.stores, 0);
}

/* A driver that is bound again runs with FAILED set, as all-ones have it, too */
static void test_all_ones_failed(void **state)
{
	struct bar b;

	(void)state;
	begin(&b, &two_queues);
	status(&b, ACK | DRIVER | FAILED);
	assert_true(pass(&b) & EPFV_EVENT_FAILED);
	give_pfn(&b, 0, 5);
	give_pfn(&b, 1, 6);
	status(&b, READY | FAILED);
	pass(&b);
	pass(&b);
	assert_int_equal(pass(&b), EPFV_EVENT_LIVE);
	assert_false(epfv_regs_epoch_over(&b.regs));
	ones(&b, 16);
	assert_true(epfv_regs_epoch_over(&b.regs));
}

/* Clearing NOTIFY makes all-ones of what was nearly that: not a reason to look again and again */
static void test_all_ones_cleared(void **state)
{
	struct bar b;

	(void)state;
	begin(&b, &two_queues);
	b.msix = true;
	live(&b);
	set(&b, 4, VIRTIO_PCI_GUEST_FEATURES, 0);
	set(&b, 8, 16, ~0xfeULL);
	assert_true(pass(&b) & EPFV_EVENT_RESET);
	assert_true(get(&b, 8, 16) == ~0ULL);
	set(&b, 4, VIRTIO_PCI_QUEUE_PFN, 5);
	assert_int_equal(pass(&b), 0);
	assert_false(epfv_regs_changed(&b.regs));

	status(&b, 0);
	assert_true(epfv_regs_changed(&b.regs));
	assert_true(pass(&b) & EPFV_EVENT_RESET);
}

/* The word with the features is believed only when it reads something */
static void test_all_ones_features(void **state)
{
	struct bar b;
	u64 was;

	(void)state;
	begin(&b, &two_queues);
	setup(&b);
	was = get(&b, 8, 0);
	ones(&b, 0);
	pass(&b);
	assert_int_equal(pass(&b), 0);
	assert_int_equal(pass(&b), 0);
	assert_int_equal(pass(&b), 0);
	set(&b, 8, 0, was);
	assert_int_equal(pass(&b), EPFV_EVENT_LIVE);
	assert_int_equal(b.regs.features, 0x21);
}

static void test_config_moves(void **state)
{
	struct bar b;

	(void)state;
	begin(&b, &two_queues);
	b.msix = true;
	pass(&b);
	assert_memory_equal(b.mem + 24, config, sizeof(config));
	set(&b, 2, VIRTIO_MSI_CONFIG_VECTOR, 0);
	set(&b, 2, VIRTIO_MSI_QUEUE_VECTOR, 2);
	pass(&b);
	assert_int_equal(get(&b, 4, 20), 0x20000);
	assert_memory_equal(b.mem + 24, config, sizeof(config));

	/* Reset does not touch vectors */
	status(&b, ACK);
	pass(&b);
	status(&b, 0);
	assert_true(pass(&b) & EPFV_EVENT_RESET);
	assert_int_equal(get(&b, 4, 20), 0x20000);

	b.msix = false;
	pass(&b);
	assert_memory_equal(b.mem + 20, config, sizeof(config));
	assert_int_equal(pass(&b), 0);
}

/* Seen by the host until it resets the device, and not taken for something that it wrote */
static void test_isr(void **state)
{
	struct bar b;

	(void)state;
	begin(&b, &two_queues);
	setup(&b);
	pass(&b);
	pass(&b);
	assert_int_equal(pass(&b), EPFV_EVENT_LIVE);
	epfv_regs_put_isr(&b.regs, EPFV_ISR_QUEUE);
	assert_int_equal(get(&b, 1, VIRTIO_PCI_ISR), EPFV_ISR_QUEUE);
	assert_false(epfv_regs_changed(&b.regs));
	assert_int_equal(pass(&b), 0);
	epfv_regs_put_isr(&b.regs, EPFV_ISR_QUEUE | VIRTIO_PCI_ISR_CONFIG);
	assert_int_equal(get(&b, 1, VIRTIO_PCI_ISR), 3);
	assert_int_equal(get(&b, 1, VIRTIO_PCI_STATUS), READY);
	assert_false(epfv_regs_changed(&b.regs));

	status(&b, 0);
	assert_true(pass(&b) & EPFV_EVENT_RESET);
	assert_int_equal(get(&b, 1, VIRTIO_PCI_ISR), 0);
	assert_int_equal(pass(&b), 0);
}

/* The host had MSI-X on and off again between two looks at that */
static void test_config_restored(void **state)
{
	struct bar b;

	(void)state;
	begin(&b, &two_queues);
	set(&b, 4, 20, 0xffff0000);
	setup(&b);
	pass(&b);
	pass(&b);
	assert_int_equal(pass(&b), EPFV_EVENT_LIVE);
	assert_memory_equal(b.mem + 20, config, sizeof(config));
	assert_false(epfv_regs_changed(&b.regs));

	set(&b, 4, 20, 0xffff0000);
	status(&b, 0);
	assert_true(pass(&b) & EPFV_EVENT_RESET);
	assert_memory_equal(b.mem + 20, config, sizeof(config));
}

static void test_vectors(void **state)
{
	struct bar b;

	(void)state;
	begin(&b, &two_queues);
	b.msix = true;
	pass(&b);
	set(&b, 2, VIRTIO_MSI_CONFIG_VECTOR, 0);
	setup(&b);
	set(&b, 2, VIRTIO_MSI_QUEUE_VECTOR, 3);
	pass(&b);
	pass(&b);
	assert_int_equal(pass(&b), EPFV_EVENT_LIVE);
	assert_int_equal(b.regs.config_vector, 0);
	assert_int_equal(b.regs.queue[1].vector, 3);
	/* Never heard of: the same as the other */
	assert_int_equal(b.regs.queue[0].vector, 3);
	assert_int_equal(get(&b, 2, VIRTIO_MSI_QUEUE_VECTOR), 3);
}

/* Numbered in ascending order, but for some that were looked at too late */
static void test_missed_vectors(void **state)
{
	enum { NONE = EPFV_NO_VECTOR, NUM = 6 };
	static const struct {
		u16 config;
		u16 seen[NUM];
		u16 want[NUM];
	} cases[] = {
		/* That of the queue before in its place, or none */
		{ 0, { 1, 2, 2, 4, 5, 6 }, { 1, 2, 3, 4, 5, 6 } },
		{ 0, { 1, NONE, 3, 4, 5, 6 }, { 1, 2, 3, 4, 5, 6 } },
		{ 0, { NONE, 2, 3, 4, 5, 6 }, { 1, 2, 3, 4, 5, 6 } },
		{ 0, { 0, 2, 3, 4, 5, 6 }, { 1, 2, 3, 4, 5, 6 } },
		{ 0, { 1, 1, NONE, NONE, 5, 6 }, { 1, 2, 3, 4, 5, 6 } },
		/* Every other queue has one, and the others hear of nothing */
		{ 0, { 1, NONE, NONE, NONE, 3, NONE }, { 1, 2, 2, 2, 3, 1 } },
		/* One for all, or none missing */
		{ 0, { 1, NONE, 1, 1, 1, 1 }, { 1, 1, 1, 1, 1, 1 } },
		{ 0, { 1, NONE, 2, NONE, 3, NONE }, { 1, 1, 2, 1, 3, 1 } },
		{ 0, { NONE, NONE, NONE, NONE, NONE, 1 }, { 1, 1, 1, 1, 1, 1 } },
		/* Another order, or more than there are queues for */
		{ 0, { 3, 2, NONE, 6, 5, 0 }, { 3, 2, 3, 6, 5, 0 } },
		{ NONE, { 3, NONE, 7, 8, 9, 10 }, { 3, 3, 7, 8, 9, 10 } },
	};
	struct epfv_regs_params params = two_queues;
	unsigned int i, q;
	struct bar b;

	(void)state;
	params.num_queues = NUM;
	params.required = NUM;
	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		begin(&b, &params);
		b.msix = true;
		pass(&b);
		for (q = 0; q < NUM; q++) {
			set(&b, 2, VIRTIO_PCI_QUEUE_SEL, q);
			pass(&b);
			set(&b, 4, VIRTIO_PCI_QUEUE_PFN, 0x100 + q);
			pass(&b);
		}
		for (q = 0; q < NUM; q++)
			b.regs.queue[q].vector = cases[i].seen[q];
		set(&b, 2, VIRTIO_MSI_CONFIG_VECTOR, cases[i].config);
		status(&b, READY);
		pass(&b);
		pass(&b);
		assert_int_equal(pass(&b), EPFV_EVENT_LIVE);
		for (q = 0; q < NUM; q++)
			if (b.regs.queue[q].vector != cases[i].want[q])
				fail_msg("case %u: queue %u has vector %u", i, q,
					 b.regs.queue[q].vector);
	}
}

static const struct CMUnitTest regs_tests[] = {
	cmocka_unit_test(test_params),
	cmocka_unit_test(test_params_limits),
	cmocka_unit_test(test_defaults),
	cmocka_unit_test(test_defaults_end_epoch),
	cmocka_unit_test(test_live),
	cmocka_unit_test(test_cost),
	cmocka_unit_test(test_features_limited),
	cmocka_unit_test(test_features_not_written),
	cmocka_unit_test(test_notify),
	cmocka_unit_test(test_setup),
	cmocka_unit_test(test_notified),
	cmocka_unit_test(test_notified_beside_pass),
	cmocka_unit_test(test_notify_early),
	cmocka_unit_test(test_reset),
	cmocka_unit_test(test_reset_missed),
	cmocka_unit_test(test_reset_missed_entirely),
	cmocka_unit_test(test_reset_in_setup),
	cmocka_unit_test(test_incomplete),
	cmocka_unit_test(test_not_required),
	cmocka_unit_test(test_required_by_feature),
	cmocka_unit_test(test_written),
	cmocka_unit_test(test_failed),
	cmocka_unit_test(test_queue_beyond),
	cmocka_unit_test(test_guess),
	cmocka_unit_test(test_all_ones),
	cmocka_unit_test(test_all_ones_failed),
	cmocka_unit_test(test_all_ones_cleared),
	cmocka_unit_test(test_all_ones_features),
	cmocka_unit_test(test_config_moves),
	cmocka_unit_test(test_config_restored),
	cmocka_unit_test(test_isr),
	cmocka_unit_test(test_vectors),
	cmocka_unit_test(test_missed_vectors),
};

int test_regs(void)
{
	return cmocka_run_group_tests_name("regs", regs_tests, NULL, NULL);
}
