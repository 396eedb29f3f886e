// SPDX-License-Identifier: GPL-2.0
/*
 * Host drivers against the register engine, in all interleavings
 *
 * A budget is the largest time, in eighths of a round trip of the host, between
 * the beginning of a pass and the end of the next with which every interleaving
 * ends well.  One more must find a counterexample: this keeps the table
 * honest, and shows that the search finds errors.  What sets the limits:
 *
 *	7	the host writes PFN, and a round trip later reads it for the next
 *		queue (INTx), or overwrites it or the vector
 *	15	MSI-X for all queues: reading the vector back takes another round trip
 *	23	MSI-X per queue with real software in between: a ring is allocated in
 *		one round trip, an interrupt requested in five
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <linux/bits.h>
#include <linux/virtio_config.h>
#include <linux/virtio_pci.h>

#include "tests.h"
#include "world.h"

#define ACK		VIRTIO_CONFIG_S_ACKNOWLEDGE
#define DRIVER		VIRTIO_CONFIG_S_DRIVER
#define DRIVER_OK	VIRTIO_CONFIG_S_DRIVER_OK
#define FAILED		VIRTIO_CONFIG_S_FAILED

#define FEATURES	0x21

static void linux_probe(struct host *h, enum host_irq irq)
{
	host_linux_probe(h, irq);
	host_sync(h);
}

static void linux_reprobe(struct host *h, enum host_irq irq)
{
	linux_probe(h, irq);
	host_linux_remove(h);
	host_sync(h);
	linux_probe(h, irq);
}

/* Without a pause, and without the device's removal: the driver is bound again */
static void linux_rebind(struct host *h, enum host_irq irq)
{
	host_linux_probe(h, irq);
	host_linux_remove(h);
	host_linux_bind(h, ACK);
	host_linux_queues(h, irq, h->queues);
	host_linux_ok(h, ACK | DRIVER);
	host_sync(h);
}

static void linux_intx(struct host *h)
{
	linux_reprobe(h, HOST_INTX);
}

static void linux_each(struct host *h)
{
	linux_reprobe(h, HOST_EACH);
}

static void linux_shared(struct host *h)
{
	linux_reprobe(h, HOST_SHARED);
}

static void linux_rebind_intx(struct host *h)
{
	linux_rebind(h, HOST_INTX);
}

static void linux_rebind_each(struct host *h)
{
	linux_rebind(h, HOST_EACH);
}

static void linux_each_software(struct host *h)
{
	h->alloc = HOST_RTT;
	h->request_irq = 5 * HOST_RTT;
	linux_probe(h, HOST_EACH);
}

static void linux_shared_software(struct host *h)
{
	h->alloc = HOST_RTT;
	h->request_irq = 5 * HOST_RTT;
	linux_probe(h, HOST_SHARED);
}

/* Device configuration is read before and after the queues are set up */
static void linux_config_intx(struct host *h)
{
	h->config_len = WORLD_CONFIG;
	linux_reprobe(h, HOST_INTX);
}

static void linux_config_each(struct host *h)
{
	h->config_len = WORLD_CONFIG;
	linux_reprobe(h, HOST_EACH);
}

static void linux_one_callback(struct host *h)
{
	h->callbacks = BIT(0);
	linux_probe(h, HOST_EACH);
}

static void linux_late_callback(struct host *h)
{
	h->callbacks = BIT(h->queues - 1);
	linux_probe(h, HOST_SHARED);
}

/* An attempt fails behind @count queues; the next begins without STATUS being touched */
static void roll_back(struct host *h, enum host_irq irq, unsigned int count)
{
	host_linux_queues(h, irq, count);
	host_linux_del_queues(h, count);
}

static void linux_roll_back(struct host *h)
{
	host_linux_register(h);
	host_linux_bind(h, ACK);
	roll_back(h, HOST_EACH, h->queues);
	roll_back(h, HOST_SHARED, h->queues);
	host_linux_queues(h, HOST_INTX, h->queues);
	host_linux_ok(h, ACK | DRIVER);
	host_sync(h);
}

static void linux_roll_back_one(struct host *h)
{
	host_linux_register(h);
	host_linux_bind(h, ACK);
	roll_back(h, HOST_EACH, 1);
	host_linux_queues(h, HOST_SHARED, h->queues);
	host_linux_ok(h, ACK | DRIVER);
	host_sync(h);
}

/* Interrupts are refused before any queue exists */
static void linux_roll_back_none(struct host *h)
{
	host_linux_register(h);
	host_linux_bind(h, ACK);
	roll_back(h, HOST_EACH, 0);
	roll_back(h, HOST_SHARED, 0);
	host_linux_queues(h, HOST_INTX, h->queues);
	host_linux_ok(h, ACK | DRIVER);
	host_sync(h);
}

static void linux_probe_fails(struct host *h)
{
	host_linux_register(h);
	host_linux_bind(h, ACK);
	roll_back(h, HOST_INTX, h->queues);
	host_read(h, 1, VIRTIO_PCI_STATUS);
	host_write(h, 1, VIRTIO_PCI_STATUS, ACK | DRIVER | FAILED);
	host_sync(h);
	/* Bound again by hand: FAILED stays */
	host_linux_bind(h, ACK | DRIVER | FAILED);
	host_linux_queues(h, HOST_INTX, h->queues);
	host_linux_ok(h, ACK | DRIVER | FAILED);
	host_sync(h);
}

static void next_kernel(struct host *h, enum host_irq irq)
{
	if (h->msix)
		host_set_msix(h, false);
	linux_probe(h, irq);
}

static void linux_shutdown(struct host *h)
{
	linux_probe(h, HOST_EACH);
	host_linux_shutdown(h);
	host_sync(h);
	next_kernel(h, HOST_EACH);
}

/* Linux 6.12 at a reboot, and any kernel that crashes */
static void linux_no_shutdown(struct host *h)
{
	linux_probe(h, HOST_SHARED);
	next_kernel(h, HOST_SHARED);
}

static void linux_suspend(struct host *h)
{
	linux_probe(h, HOST_EACH);
	host_linux_suspend(h, HOST_EACH);
	host_sync(h);
}

static void old_ipxe(struct host *h)
{
	host_old_ipxe(h);
	host_sync(h);
	host_old_ipxe_close(h);
	host_old_ipxe(h);
	host_sync(h);
	host_old_ipxe_close(h);
	host_sync(h);
	linux_probe(h, HOST_INTX);
}

static void new_ipxe(struct host *h)
{
	host_new_ipxe(h);
	host_sync(h);
	linux_probe(h, HOST_EACH);
}

static void seabios(struct host *h)
{
	host_seabios(h);
	host_sync(h);
	linux_probe(h, HOST_SHARED);
}

static void uboot(struct host *h)
{
	host_uboot(h);
	host_sync(h);
	host_linux_remove(h);
	linux_probe(h, HOST_INTX);
}

static void dpdk(struct host *h)
{
	linux_probe(h, HOST_EACH);
	host_linux_remove(h);
	host_dpdk(h);
	host_sync(h);
}

struct program {
	const char *name;
	void (*write)(struct host *h);
	unsigned int min, max;	/* queues */
	unsigned int budget;
};

static const struct program programs[] = {
	{ "Linux INTx", linux_intx, 2, 4, 7 },
	{ "Linux INTx, bound again at once", linux_rebind_intx, 2, 3, 7 },
	{ "Linux INTx, reads configuration", linux_config_intx, 2, 2, 7 },
	{ "Linux MSI-X per queue", linux_each, 2, 4, 7 },
	{ "Linux MSI-X per queue, bound again at once", linux_rebind_each, 2, 3, 7 },
	{ "Linux MSI-X per queue, reads configuration", linux_config_each, 2, 2, 7 },
	{ "Linux MSI-X per queue, with software", linux_each_software, 2, 2, 23 },
	{ "Linux MSI-X per queue, first queue only", linux_one_callback, 3, 4, 7 },
	{ "Linux MSI-X for all queues", linux_shared, 2, 2, 15 },
	{ "Linux MSI-X for all queues, with software", linux_shared_software, 2, 3, 15 },
	{ "Linux MSI-X for all queues, last queue only", linux_late_callback, 2, 4, 7 },
	{ "Linux rolls back twice", linux_roll_back, 2, 4, 7 },
	{ "Linux rolls back behind a queue", linux_roll_back_one, 2, 3, 15 },
	{ "Linux rolls back before all queues", linux_roll_back_none, 2, 4, 7 },
	{ "Linux fails and is bound again", linux_probe_fails, 2, 4, 7 },
	{ "Linux shuts down", linux_shutdown, 2, 4, 7 },
	{ "Linux reboots without shutdown", linux_no_shutdown, 2, 2, 15 },
	{ "Linux suspends", linux_suspend, 2, 3, 7 },
	{ "iPXE of old, then Linux", old_ipxe, 2, 4, 7 },
	{ "iPXE, then Linux", new_ipxe, 2, 4, 7 },
	{ "SeaBIOS, then Linux", seabios, 2, 4, 7 },
	{ "U-Boot, then Linux", uboot, 2, 4, 7 },
	{ "Linux, then DPDK", dpdk, 2, 4, 7 },
};

static void write_program(struct host *h, const struct program *p, unsigned int queues)
{
	host_init(h, queues);
	h->features = FEATURES;
	p->write(h);
}

static void lockstep_ok(const struct world_setup *s, const char *name)
{
	unsigned int passes;

	for (passes = 1; passes <= 4; passes++) {
		struct world_result res = world_lockstep(s, passes);

		if (res.error)
			fail_msg("%s, %u queues, %u passes: %s", name, s->host->queues, passes,
				 res.error);
	}
}

/* One, two, ... whole passes behind each step of the host; also with one queue only */
static void test_lockstep(void **state)
{
	unsigned int i, queues;

	(void)state;
	for (i = 0; i < sizeof(programs) / sizeof(*programs); i++) {
		for (queues = 1; queues <= 4; queues++) {
			struct world_setup s;
			struct host h;

			write_program(&h, &programs[i], queues);
			world_setup_init(&s, &h);
			lockstep_ok(&s, programs[i].name);
		}
	}
}

static void explore_budget(struct world_setup *s, const char *name, unsigned int budget)
{
	struct world_result res = world_explore(s, budget);
	struct world_result more;

	if (res.error) {
		s->verbose = true;
		world_explore(s, budget);
		fail_msg("%s, %u queues, budget %u/8: %s", name, s->host->queues, budget,
			 res.error);
	}
	more = world_explore(s, budget + 1);
	if (!more.error)
		fail_msg("%s, %u queues: budget is larger than %u/8", name, s->host->queues,
			 budget);
	printf("  %-44s %u queues, %2u/8 of a round trip: %lu states; beyond: %s\n", name,
	       s->host->queues, budget, res.states, more.error);
	fflush(stdout);
}

static void test_interleavings(void **state)
{
	unsigned int i, queues;

	(void)state;
	for (i = 0; i < sizeof(programs) / sizeof(*programs); i++) {
		for (queues = programs[i].min; queues <= programs[i].max; queues++) {
			struct world_setup s;
			struct host h;

			write_program(&h, &programs[i], queues);
			world_setup_init(&s, &h);
			explore_budget(&s, programs[i].name, programs[i].budget);
		}
	}
}

/* With one queue, no access of the host depends on a reaction, and all have two round trips */
static void test_one_queue(void **state)
{
	unsigned int i;

	(void)state;
	for (i = 0; i < sizeof(programs) / sizeof(*programs); i++) {
		struct world_result res;
		struct world_setup s;
		struct host h;

		write_program(&h, &programs[i], 1);
		world_setup_init(&s, &h);
		res = world_explore(&s, 15);
		if (res.error)
			fail_msg("%s, 1 queue: %s", programs[i].name, res.error);
	}
}

/* Whether MSI-X is on becomes known at any time after it was switched, or not at all */
static void test_stale_msix(void **state)
{
	static void (*const writers[])(struct host *h) = {
		linux_each_software, linux_rebind_each, linux_one_callback, linux_no_shutdown,
	};
	unsigned int i;

	(void)state;
	for (i = 0; i < sizeof(writers) / sizeof(*writers); i++) {
		struct world_result res;
		struct world_setup s;
		struct host h;

		host_init(&h, 2);
		h.features = FEATURES;
		writers[i](&h);
		world_setup_init(&s, &h);
		s.stale_msix = true;
		res = world_explore(&s, 7);
		if (res.error)
			fail_msg("writer %u: %s", i, res.error);
	}
}

/*
 * Memory that keeps the order of writes to each word only: the queue's word
 * is a pass late.  This is what passes between DRIVER_OK and LIVE are for.
 */
static void test_late_word(void **state)
{
	static const unsigned int passes[] = { 1, 2, 3 };
	unsigned int queues, i;

	(void)state;
	for (queues = 1; queues <= 4; queues++) {
		struct world_result res;
		struct world_setup s;
		struct host h;

		host_init(&h, queues);
		h.features = FEATURES;
		host_new_ipxe(&h);
		host_sync(&h);
		world_setup_init(&s, &h);
		s.late = true;
		for (i = 0; i < sizeof(passes) / sizeof(*passes); i++) {
			res = world_lockstep(&s, passes[i]);
			if (res.error)
				fail_msg("%u queues, %u passes: %s", queues, passes[i], res.error);
		}
		res = world_explore(&s, 7);
		if (res.error)
			fail_msg("%u queues: %s", queues, res.error);
	}
}

/* A kernel crashes behind each of its accesses, and the next one probes */
static void crash_at(const struct host *whole, unsigned int at, struct host *h)
{
	unsigned int i;

	*h = *whole;
	h->len = at;
	h->msix = false;
	for (i = 0; i < at; i++) {
		if (h->op[i].kind == HOST_MSIX)
			h->msix = h->op[i].val;
	}
	next_kernel(h, HOST_EACH);
}

static void test_crash(void **state)
{
	static const enum host_irq irqs[] = { HOST_INTX, HOST_EACH, HOST_SHARED };
	unsigned int i, at, queues;

	(void)state;
	for (i = 0; i < sizeof(irqs) / sizeof(*irqs); i++) {
		for (queues = 1; queues <= 4; queues++) {
			struct host whole, h;
			struct world_setup s;

			host_init(&whole, queues);
			whole.features = FEATURES;
			linux_rebind(&whole, irqs[i]);
			for (at = 0; at <= whole.len; at++) {
				crash_at(&whole, at, &h);
				world_setup_init(&s, &h);
				lockstep_ok(&s, "crash");
			}
		}
	}
}

static void test_crash_interleavings(void **state)
{
	unsigned int at;
	struct host whole, h;
	struct world_setup s;

	(void)state;
	host_init(&whole, 2);
	whole.features = FEATURES;
	host_linux_probe(&whole, HOST_EACH);
	for (at = 0; at <= whole.len; at++) {
		struct world_result res;

		crash_at(&whole, at, &h);
		world_setup_init(&s, &h);
		res = world_explore(&s, 3);
		if (res.error)
			fail_msg("crash behind access %u: %s", at, res.error);
	}
}

static u32 next_random(u32 *seed)
{
	*seed = *seed * 1664525 + 1013904223;
	return *seed >> 8;
}

/* Any write anywhere, but to what the host can spoil for itself only: HOST_FEATURES, NUM */
static void random_write(struct host *h, u32 *seed)
{
	static const u32 values[] = { 0, 1, 2, 3, 7, 0x83, 0x87, 0xff, 0xffff, ~0U,
				      BIT(30) };
	unsigned int size = 1u << next_random(seed) % 3;
	unsigned int off = 4 + next_random(seed) % 20 / size * size;
	u32 val = values[next_random(seed) % (sizeof(values) / sizeof(*values))];

	if (off >= VIRTIO_PCI_QUEUE_NUM && off < VIRTIO_PCI_QUEUE_SEL)
		off = VIRTIO_PCI_STATUS;
	if (off % size)
		size = 2;
	host_write(h, size, off, next_random(seed) % 4 ? val : next_random(seed));
}

/* No sense in what the host writes; then an ordinary driver is served as ever */
static void test_hostile(void **state)
{
	unsigned int round, i;

	(void)state;
	for (round = 0; round < 3000; round++) {
		struct world_setup s;
		const char *error = NULL;
		struct host h;
		struct world w;
		u32 seed = round;

		host_init(&h, 1 + round % 4);
		for (i = 0; i < 100; i++) {
			if (next_random(&seed) % 16)
				random_write(&h, &seed);
			else
				host_set_msix(&h, next_random(&seed) % 2);
		}
		world_setup_init(&s, &h);
		s.hostile = true;
		world_init(&w, &s);
		while (w.pc < 100 && !error) {
			world_host(&w, &s);
			if (next_random(&seed) % 2)
				error = world_pass(&w, &s, NULL);
		}
		if (error)
			fail_msg("round %u, write %u: %s", round, w.pc, error);

		s.hostile = false;
		h.features = FEATURES;
		host_write(&h, 1, VIRTIO_PCI_STATUS, 0);
		next_kernel(&h, round % 3);
		while (w.pc < h.len && !error) {
			error = world_host(&w, &s);
			for (i = 0; i < 2 && !error; i++)
				error = world_pass(&w, &s, NULL);
		}
		if (error)
			fail_msg("round %u, access %u of an ordinary driver: %s", round,
				 w.pc - 100, error);
	}
}

static const struct CMUnitTest hosts_tests[] = {
	cmocka_unit_test(test_lockstep),
	cmocka_unit_test(test_interleavings),
	cmocka_unit_test(test_one_queue),
	cmocka_unit_test(test_stale_msix),
	cmocka_unit_test(test_late_word),
	cmocka_unit_test(test_crash),
	cmocka_unit_test(test_crash_interleavings),
	cmocka_unit_test(test_hostile),
};

int test_hosts(void)
{
	return cmocka_run_group_tests_name("hosts", hosts_tests, NULL, NULL);
}
