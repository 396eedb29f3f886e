// SPDX-License-Identifier: GPL-2.0
/*
 * The life of a function: what it is bound with, what it refuses, and what fails
 */
#include <string.h>

#include <linux/module.h>

#include "world.h"

static unsigned int told[2];

static void bound(void *priv, bool bound)
{
	assert_true(((struct world *)priv)->f->bound);
	told[bound]++;
}

static int setup(void **state)
{
	struct world *w = world_make(&fake_dwc);

	memset(told, 0, sizeof(told));
	w->ops.bound = bound;
	world_create(w);
	*state = w;
	return 0;
}

static int setup_nothing(void **state)
{
	*state = world_make(&fake_dwc);
	return 0;
}

static void nothing_is_left(void)
{
	assert_int_equal(fake_tasks(), 0);
	assert_null(fake_epf.epf.bar[BAR_0].addr);
	assert_null(fake_virtio.vdev);
}

/* It is not bound, and if @why is not NULL, the log has a line with it */
static void refused(int err, const char *why)
{
	unsigned int before = told[true];

	fake_message[0] = '\0';
	assert_int_equal(fake_epf_bind(), err);
	if (why)
		assert_non_null(strstr(fake_message, why));
	nothing_is_left();
	assert_int_equal(told[true], before);
}

static void accepted(void)
{
	assert_int_equal(fake_epf_bind(), 0);
	fake_epf_unbind();
	nothing_is_left();
}

static void test_header(void **state)
{
	struct pci_epf_header *h = fake_epf.epf.header, good = *h;

	(void)state;
	h->vendorid = 0x1234;
	refused(-EINVAL, "vendorid must be 0x1af4");
	*h = good;
	h->deviceid = 0xfff;
	refused(-EINVAL, "deviceid must be from 0x1000 to 0x103f");
	h->deviceid = 0x1040;
	refused(-EINVAL, "deviceid must be from 0x1000 to 0x103f");
	*h = good;
	h->revid = 1;
	refused(-EINVAL, "revid must be 0");
	*h = good;
	h->subsys_id++;
	refused(-EINVAL, "subsys_id must be 3");
	*h = good;
	h->interrupt_pin = 0;
	refused(-EINVAL, "interrupt_pin must be from 1 to 4");
	h->interrupt_pin = 5;
	refused(-EINVAL, "interrupt_pin must be from 1 to 4");
	*h = good;
	accepted();
}

static void test_vectors(void **state)
{
	struct world *w = *state;
	struct pci_epf *epf = &fake_epf.epf;

	epf->msi_interrupts = 1;
	refused(-EINVAL, "msi_interrupts must be 0");
	epf->msi_interrupts = 0;
	epf->msix_interrupts = 1;
	refused(-EINVAL, "msix_interrupts must be from 2 to 67");
	epf->msix_interrupts = 68;
	refused(-EINVAL, "msix_interrupts must be from 2 to 67");
	epf->msix_interrupts = 67;
	accepted();
	assert_int_equal(epf->msix_interrupts, 67);

	/* Nobody has chosen: one for each queue, and that of the configuration */
	epf->msix_interrupts = 0;
	accepted();
	assert_int_equal(epf->msix_interrupts, 3);
	w->type.num_queues = 4;
	accepted();
	assert_int_equal(epf->msix_interrupts, 5);
}

/* A controller that has INTx only, or not even that */
static void test_intx_only(void **state)
{
	struct pci_epf *epf = &fake_epf.epf;

	(void)state;
	accepted();
	assert_int_equal(epf->msix_interrupts, 3);
	fake_epf.features.msix_capable = false;
	refused(-EOPNOTSUPP, "neither MSI-X nor INTx");
	fake_epf.features.intx_capable = true;
	epf->header->interrupt_pin = 2;
	refused(-EINVAL, "interrupt_pin must be 1");
	epf->header->interrupt_pin = 1;
	epf->msix_interrupts = 4;
	refused(-EINVAL, "msix_interrupts must be 0");

	/* What was chosen for the other controller is nobody's wish */
	epf->msix_interrupts = 3;
	fake_epf.msix_vectors = 99;
	assert_int_equal(fake_epf_bind(), 0);
	assert_int_equal(epf->msix_interrupts, 0);
	assert_int_equal(fake_epf_init(), 0);
	assert_int_equal(fake_epf.msix_vectors, 99);
	fake_epf_unbind();
}

static void test_controller(void **state)
{
	(void)state;
	fake_epf.no_features = true;
	refused(-EOPNOTSUPP, "does not tell what it can do");
	fake_epf.no_features = false;
	fake_epf.features.bar0_reserved = true;
	refused(-EOPNOTSUPP, "keeps BAR0 for itself");
	fake_epf.features.bar0_reserved = false;
	fake_epf.epf.sec_epc = fake_epf.epf.epc;
	refused(-EINVAL, "not to secondary/");
	fake_epf.epf.sec_epc = NULL;
	accepted();
}

static const struct epfv_type *no_type(void *priv)
{
	(void)priv;
	return ERR_PTR(-EBUSY);
}

/* A device type that makes no sense is a mistake of its driver: it is not bound */
static void test_type(void **state)
{
	static const struct epfv_pair beyond[] = { { .rx = 0, .tx = 2 } };
	static const struct epfv_pair before[] = { { .rx = 2, .tx = 1 } };
	struct world *w = *state;
	const struct epfv_type *(*bind)(void *priv) = w->ops.bind;
	struct epfv_type good = w->type;

	fake_epf.epf.msix_interrupts = 3;
	w->type.num_queues = 67;
	refused(-EINVAL, NULL);
	w->type.num_queues = 0;
	refused(-EINVAL, NULL);
	w->type = good;
	w->type.num_pairs = 2;
	refused(-EINVAL, NULL);
	w->type = good;
	w->type.pairs = beyond;
	refused(-EINVAL, NULL);
	w->type.pairs = before;
	refused(-EINVAL, NULL);
	w->type = good;
	/* Indirect descriptors cost round trips */
	w->type.features = 1 << 28;
	refused(-EINVAL, NULL);
	w->type = good;
	w->type.config_len = 65;
	refused(-EINVAL, NULL);
	w->type = good;
	w->type.control_feature = 2;
	w->type.control = (struct epfv_pair){ .rx = 1, .tx = 2 };
	refused(-EINVAL, NULL);
	w->type.control = (struct epfv_pair){ .rx = 2, .tx = 1 };
	refused(-EINVAL, NULL);
	w->type = good;
	w->type.pci_device_id = 0x1040;
	refused(-EINVAL, NULL);
	w->type = good;
	w->type.direct = true;
	refused(-EINVAL, NULL);
	w->type = good;
	w->ops.bind = no_type;
	refused(-EBUSY, NULL);
	w->ops.bind = bind;
	accepted();
}

/* The host finds zeros where nothing was written, not what was in memory before */
static void test_bar_is_empty(void **state)
{
	static const u8 zeros[2048];
	u8 *bar;

	(void)state;
	assert_int_equal(fake_epf_bind(), 0);
	bar = fake_epf.epf.bar[BAR_0].addr;
	assert_int_equal(fake_epf.epf.bar[BAR_0].size, 4096);
	assert_memory_equal(bar + 2048, zeros, sizeof(zeros));
	fake_epf_unbind();
}

static void test_told(void **state)
{
	struct world *w = *state;

	world_bind(w);
	assert_int_equal(told[true], 1);
	assert_int_equal(told[false], 0);
	world_host_up(w);
	assert_true(world_stats(w).maps > 0);
	world_unbind(w);
	assert_int_equal(told[false], 1);
	/* Once */
	fake_epf_unbind();
	assert_int_equal(told[false], 1);

	/* What is counted begins anew */
	world_bind(w);
	assert_int_equal(world_stats(w).maps, 0);
	assert_int_equal(w->f->poller.host_resets, 0);
}

/* There is no memory at any one place: nothing of what there was stays */
static void check_memory(void)
{
	unsigned int n;
	int err;

	for (n = 1; n < 100; n++) {
		fake_no_memory_at = n;
		err = fake_epf_bind();
		if (fake_no_memory_at)
			break;
		assert_int_equal(err, -ENOMEM);
		nothing_is_left();
	}
	fake_no_memory_at = 0;
	assert_int_equal(err, 0);
	assert_in_range(n, 5, 99);
	fake_epf_unbind();
}

static void changed(void *priv, unsigned int pair)
{
	(void)priv;
	(void)pair;
}

static void test_no_memory(void **state)
{
	struct world *w = *state;

	check_memory();
	w->type.direct = true;
	w->ops.changed = changed;
	check_memory();
}

static void test_no_thread(void **state)
{
	(void)state;
	fake_no_thread = true;
	refused(-EAGAIN, NULL);
	fake_no_thread = false;
	accepted();
}

/* Somebody holds the endpoint's device for longer than the function is bound */
static void test_device_is_held(void **state)
{
	struct world *w = *state;
	struct virtio_device *vdev;

	world_bind(w);
	vdev = fake_virtio.vdev;
	get_device(&vdev->dev);
	world_unbind(w);
	assert_int_equal(vdev->dev.refs, 1);
	put_device(&vdev->dev);
}

static struct world *served;

/* The endpoint's driver waits for its buffer when it is unbound */
static void wait_for_buffer(void)
{
	ktime_t end = fake_now + 10 * MSEC;

	while (served->ltx.in_flight) {
		assert_true(fake_now < end);
		fake_sleep(100 * USEC);
		side_reap(&served->ltx);
	}
}

static void test_local_driver_is_served_to_the_end(void **state)
{
	static const struct epfv_pair lossless[] = { { .rx = 0, .tx = 1, .lossless = true } };
	struct world *w = *state;

	w->type.pairs = lossless;
	world_bind(w);
	world_local_up(w);
	/* Nobody wakes the thread but the driver itself */
	assert_true(side_send(&w->ltx, 100, 1));
	served = w;
	fake_virtio.removing = wait_for_buffer;
	world_unbind(w);
	fake_virtio.removing = NULL;
}

/* A driver of the host that waits for a buffer is told that the function goes */
static void test_host_driver_is_told(void **state)
{
	struct world *w = *state;
	unsigned long sent;
	u16 used;

	world_bind(w);
	world_host_up(w);
	side_offer(&w->hrx, 4096, 1);
	world_idle(MSEC);
	sent = w->epc.sent[1];
	host_read(&w->host, w->hrx.d.base + w->hrx.d.used + 2, &used, sizeof(used));
	assert_int_equal(used, 0);
	world_unbind(w);
	assert_int_equal(w->epc.lost, 0);
	fake_epc_settle(&w->epc);
	host_read(&w->host, w->hrx.d.base + w->hrx.d.used + 2, &used, sizeof(used));
	assert_int_not_equal(used, 0);
	assert_int_equal(w->epc.sent[1], sent + 1);
}

/* What the controller does not do, is not done again, or left undone */
static void test_controller_fails(void **state)
{
	struct world *w = *state;

	assert_int_equal(fake_epf_bind(), 0);
	fake_epf.header_result = -EIO;
	assert_int_equal(fake_epf_init(), -EIO);
	fake_epf_link(true);
	assert_string_equal(epfv_poller_state(&w->f->poller), "down");
	fake_epf.header_result = 0;
	fake_epf.bar_result = -ENXIO;
	assert_int_equal(fake_epf_init(), -ENXIO);
	fake_epf_link(true);
	assert_string_equal(epfv_poller_state(&w->f->poller), "down");
	fake_epf.bar_result = 0;
	assert_int_equal(fake_epf_init(), 0);
	assert_string_equal(epfv_poller_state(&w->f->poller), "idle");
	fake_epf_unbind();
}

/* The controller is set up again, and the host's driver is not there any more */
static void test_set_up_again(void **state)
{
	struct world *w = *state;

	world_bind(w);
	world_host_up(w);
	assert_true(w->epc.num_maps > 0);
	fake_epf.msix_result = -EIO;
	assert_int_equal(fake_epf_init(), -EIO);
	assert_int_equal(w->epc.num_maps, 0);
	assert_string_equal(epfv_poller_state(&w->f->poller), "down");
	fake_epf.msix_result = 0;
	assert_int_equal(fake_epf_init(), 0);
	assert_string_equal(epfv_poller_state(&w->f->poller), "idle");
	world_host_up(w);
}

static void test_link(void **state)
{
	struct world *w = *state;
	const u8 *bar;

	world_bind(w);
	world_host_up(w);
	bar = fake_epf.epf.bar[BAR_0].addr;
	assert_int_equal(bar[18], 7);
	fake_epf_link(false);
	assert_string_equal(epfv_poller_state(&w->f->poller), "down");
	assert_int_equal(w->epc.num_maps, 0);
	/* The next host finds what the first one did, and nobody looks at what there is before */
	assert_int_equal(bar[18], 0);
	legacy_w8(&w->driver, 18, 3);
	epfv_wake(w->f);
	world_idle(MSEC);
	assert_int_equal(w->f->poller.t->phase, EPFV_PHASE_IDLE);
	legacy_w8(&w->driver, 18, 0);
	fake_epf_link(true);
	assert_string_equal(epfv_poller_state(&w->f->poller), "idle");
	world_host_up(w);
	fake_epf_deinit();
	assert_string_equal(epfv_poller_state(&w->f->poller), "down");
	fake_epf_link(true);
	assert_string_equal(epfv_poller_state(&w->f->poller), "down");
}

/* The thread ends, whatever it is about to do */
static void test_unbound_at_any_time(void **state)
{
	struct world *w = *state;
	unsigned int i;

	fake_preempt_one_in = 2;
	fake_tick = 200;
	for (i = 0; i < 300; i++) {
		assert_int_equal(fake_epf_bind(), 0);
		if (i & 1)
			assert_int_equal(fake_epf_init(), 0);
		epfv_wake(w->f);
		fake_sleep(rnd_range(0, 3000));
		fake_epf_unbind();
		nothing_is_left();
	}
	fake_tick = 0;
}

/* A controller that has lost its power is not told to forget a BAR */
static void test_controller_is_gone(void **state)
{
	(void)state;
	assert_int_equal(fake_epf_bind(), 0);
	assert_int_equal(fake_epf_init(), 0);
	fake_epf.epf.epc->init_complete = false;
	fake_epf.bar_is_set = false;
	fake_epf_unbind();
}

/* Before it is bound there is nothing that an event could be about */
static void test_events_of_unbound(void **state)
{
	(void)state;
	assert_int_equal(fake_epf_init(), 0);
	fake_epf_link(true);
	fake_epf_link(false);
	fake_epf_deinit();
	assert_false(fake_epf.bar_is_set);
	fake_epf_unbind();
	accepted();
}

/* The driver's module is held by each function's folder */
static void test_module(void **state)
{
	struct world *w = *state;
	struct module module = {};

	assert_int_equal(__epfv_register_driver(&w->drv, &module), 0);
	module.going = true;
	assert_int_equal(fake_epf_create(), -ENODEV);
	module.going = false;
	assert_int_equal(fake_epf_create(), 0);
	assert_int_equal(module.refs, 1);
	fake_epf_destroy();
	assert_int_equal(module.refs, 0);
}

static void *cannot_create(struct epfv_function *f, struct device *dev)
{
	(void)f;
	(void)dev;
	return ERR_PTR(-EIO);
}

static void test_type_is_not_made(void **state)
{
	struct world *w = *state;

	w->ops.create = cannot_create;
	assert_int_equal(epfv_register_driver(&w->drv), 0);
	assert_int_equal(fake_epf_create(), -EIO);
}

/* A type that is known before a function is bound has to make sense before */
static void test_registered(void **state)
{
	struct world *w = *state;
	struct epfv_type good = w->type;

	w->drv.ops = NULL;
	w->type.num_queues = 0;
	assert_int_equal(epfv_register_driver(&w->drv), -EINVAL);
	w->type = good;
	w->type.direct = true;
	assert_int_equal(epfv_register_driver(&w->drv), -EINVAL);
	w->type.direct = false;
	assert_int_equal(epfv_register_driver(&w->drv), 0);
}

#define TEST(fn)		cmocka_unit_test_setup_teardown(fn, setup, world_teardown)
#define TEST_NOTHING(fn)	cmocka_unit_test_setup_teardown(fn, setup_nothing, world_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_header),
		TEST(test_vectors),
		TEST(test_intx_only),
		TEST(test_controller),
		TEST(test_type),
		TEST(test_bar_is_empty),
		TEST(test_told),
		TEST(test_no_memory),
		TEST(test_no_thread),
		TEST(test_device_is_held),
		TEST(test_local_driver_is_served_to_the_end),
		TEST(test_host_driver_is_told),
		TEST(test_controller_fails),
		TEST(test_set_up_again),
		TEST(test_link),
		TEST(test_unbound_at_any_time),
		TEST(test_controller_is_gone),
		TEST(test_events_of_unbound),
		TEST_NOTHING(test_module),
		TEST_NOTHING(test_type_is_not_made),
		TEST_NOTHING(test_registered),
	};

	return cmocka_run_group_tests_name("life", tests, NULL, NULL);
}
