// SPDX-License-Identifier: GPL-2.0
/*
 * The virtio device on the endpoint's own bus, as its driver meets it
 */
#include <string.h>

#include <linux/virtio_config.h>
#include <linux/virtio_ring.h>

#include "world.h"

enum { RX, TX };

#define CONFIG_LEN	12

static u8 config[2][CONFIG_LEN];

/* A type that wants to know of drivers */
static struct {
	struct world *w;
	unsigned int up;
	unsigned int down;
	bool was_served;	/* when it heard of a driver, a queue was served already */
} told;

static void driver(void *priv, enum epfv_side side, bool up, u64 features)
{
	(void)priv;
	(void)features;
	if (side == EPFV_HOST)
		return;
	told.up += up;
	told.down += !up;
	if (up)
		told.was_served |= told.w->f->from_host->lq->live;
}

static int setup(void **state)
{
	struct world *w = world_make(&fake_dwc);

	memset(&told, 0, sizeof(told));
	memset(config[EPFV_HOST], 'h', CONFIG_LEN);
	memset(config[EPFV_ENDPOINT], 'e', CONFIG_LEN);
	told.w = w;
	w->type.num_queues = 4;
	w->type.control_feature = 2;
	w->type.control = (struct epfv_pair){ .rx = 2, .tx = 3 };
	w->type.config[EPFV_HOST] = config[EPFV_HOST];
	w->type.config[EPFV_ENDPOINT] = config[EPFV_ENDPOINT];
	w->type.config_len = CONFIG_LEN;
	w->ops.driver = driver;
	w->vectors = 5;
	world_create(w);
	*state = w;
	return 0;
}

/* As most devices are: data only */
static int teardown(void **state)
{
	fake_virtio.fill = NULL;
	world_free(*state);
	return 0;
}

static u8 status(void)
{
	return fake_virtio.vdev->config->get_status(fake_virtio.vdev);
}

static void test_driver_is_told_of(void **state)
{
	struct world *w = *state;

	world_bind(w);
	told.up = 0;
	told.down = 0;
	world_local_up(w);
	assert_int_equal(told.up, 1);
	assert_int_equal(told.down, 0);
	assert_false(told.was_served);
	assert_true(w->local_rx->live && w->local_tx->live);
	world_local_down(w);
	assert_int_equal(told.down, 1);
	assert_int_equal(told.up, 1);
	assert_int_equal(status(), VIRTIO_CONFIG_S_ACKNOWLEDGE);
	assert_false(w->local_rx->live || w->local_tx->live);
}

static void test_reset_clears_status(void **state)
{
	struct world *w = *state;

	world_local_up(w);
	fake_virtio.vdev->config->reset(fake_virtio.vdev);
	assert_int_equal(status(), 0);
	assert_false(w->local_rx->live || w->local_tx->live);
}

static void test_queues_too_many(void **state)
{
	struct world *w = *state;

	fake_virtio.num_vqs = 3;
	assert_int_equal(fake_virtio_probe(), -ENOENT);
	fake_virtio.num_vqs = 2;
	world_local_up(w);
}

/* A queue that the driver does not use has no number, as with the kernel's own transports */
static void test_unnamed_queue(void **state)
{
	(void)state;
	fake_virtio.num_vqs = 3;
	fake_virtio.unnamed = 1;
	assert_int_equal(fake_virtio_probe(), 0);
	assert_null(fake_virtio.vq[1]);
	assert_int_equal(fake_virtio.vq[0]->index, 0);
	assert_int_equal(fake_virtio.vq[2]->index, 1);
	fake_virtio_remove();
}

/*
 * One that it does not ask for is not there, whatever the driver before it had: nobody looks
 * at it, nor writes to it
 */
static void test_queue_is_missing(void **state)
{
	struct world *w = *state;

	world_local_up(w);
	world_local_down(w);
	fake_virtio.num_vqs = 1;
	assert_int_equal(fake_virtio_probe(), 0);
	assert_true(w->local_rx->live);
	assert_false(w->local_tx->live);
	world_idle(MSEC);
	fake_virtio_remove();
}

/* Whoever sets a status that has DRIVER_OK again has the queues it had */
static void test_status_again(void **state)
{
	struct world *w = *state;
	const struct virtio_config_ops *ops;

	world_host_up(w);
	world_local_up(w);
	ops = fake_virtio.vdev->config;
	assert_true(side_send(&w->ltx, 100, 1));
	side_offer(&w->hrx, 4096, 1);
	side_offer(&w->hrx, 4096, 1);
	world_run(w, 5 * MSEC);
	side_reap(&w->ltx);
	ops->set_status(fake_virtio.vdev, status());
	assert_true(side_send(&w->ltx, 100, 1));
	world_run(w, 5 * MSEC);
	side_reap(&w->ltx);
	side_reap(&w->hrx);
	assert_int_equal(w->ltx.returned, 2);
	assert_int_equal(w->hrx.num_received, 200);
	assert_int_equal(side_gaps(&w->hrx, w->ltx.pos), 0);
}

static u8 early[] = "early";

/* By hand, as nobody is notified of it */
static void fill(void)
{
	const struct vring *vring = virtqueue_get_vring(fake_virtio.vq[TX]);

	vring->desc[0] = (struct vring_desc){ .addr = (uintptr_t)early, .len = sizeof(early) };
	vring->avail->ring[0] = 0;
	vring->avail->idx = 1;
}

static void test_filled_before_it_is_ready(void **state)
{
	fake_virtio.fill = fill;
	assert_int_equal(fake_virtio_probe(), 0);
	assert_int_equal(virtqueue_get_vring(fake_virtio.vq[TX])->used->idx, 1);
	fake_virtio_remove();
	(void)state;
}

static void test_features(void **state)
{
	struct world *w = *state;
	struct virtio_device *vdev;

	w->type.features = 2 | 8;
	w->type.host_features = 16;
	world_bind(w);
	vdev = fake_virtio.vdev;
	assert_int_equal(vdev->config->get_features(vdev), 2 | 8 | 1ULL << VIRTIO_F_VERSION_1);
	vdev->features = U64_MAX;
	assert_int_equal(vdev->config->finalize_features(vdev), 0);
	assert_int_equal(vdev->features, 2 | 8 | 1ULL << VIRTIO_F_VERSION_1);
}

static void test_configuration(void **state)
{
	struct world *w = *state;
	struct virtio_device *vdev;
	u8 buf[8];

	world_bind(w);
	vdev = fake_virtio.vdev;
	vdev->config->get(vdev, 2, buf, 4);
	assert_memory_equal(buf, "eeee", 4);
	vdev->config->get(vdev, CONFIG_LEN - 4, buf, sizeof(buf));
	assert_memory_equal(buf, "eeee\0\0\0\0", sizeof(buf));
	memset(buf, 'x', sizeof(buf));
	vdev->config->get(vdev, CONFIG_LEN, buf, sizeof(buf));
	assert_memory_equal(buf, "\0\0\0\0\0\0\0\0", sizeof(buf));
	vdev->config->get(vdev, CONFIG_LEN + 4, buf, sizeof(buf));
	assert_memory_equal(buf, "\0\0\0\0\0\0\0\0", sizeof(buf));
}

/* A driver is called once for what was used, and only if it wants to be */
static void test_calls(void **state)
{
	struct world *w = *state;
	unsigned int i;

	world_host_up(w);
	world_local_up(w);
	assert_true(side_send(&w->ltx, 100, 1));
	for (i = 0; i < 5; i++)
		world_poll(w, false);
	assert_int_equal(fake_virtio.calls[TX], 1);
	assert_int_equal(fake_virtio.calls[RX], 0);
	side_reap(&w->ltx);
	driver_want_interrupt(&w->ltx.d, false);
	assert_true(side_send(&w->ltx, 100, 1));
	for (i = 0; i < 5; i++)
		world_poll(w, false);
	side_reap(&w->ltx);
	assert_int_equal(w->ltx.returned, 2);
	assert_int_equal(fake_virtio.calls[TX], 1);
}

/* What is due to a driver is not due to the one behind it */
static void test_no_call_behind_a_reset(void **state)
{
	struct world *w = *state;

	world_local_up(w);
	w->local_tx->call = true;
	fake_virtio.vdev->config->reset(fake_virtio.vdev);
	assert_false(w->local_tx->call);
	world_idle(MSEC);
	assert_int_equal(fake_virtio.calls[TX], 0);
}

/* A ring that makes no sense is told of once, and served again with the next driver */
static void test_broken_ring(void **state)
{
	struct epfv_seg empty = { .addr = (uintptr_t)early };
	struct world *w = *state;
	unsigned int i;

	world_local_up(w);
	side_add_raw(&w->ltx, &empty, 1);
	for (i = 0; i < 5; i++) {
		world_idle(MSEC);
		fake_virtio_notify(TX);
	}
	assert_int_equal(fake_messages, 1);
	assert_non_null(strstr(fake_message, "transmitq queue: "));
	assert_false(w->local_tx->live);
	world_local_down(w);
	world_local_up(w);
	assert_true(side_send(&w->ltx, 100, 1));
	side_reap(&w->ltx);
	assert_int_equal(w->ltx.returned, 1);
}

/* Who fills its queues is still busy with its start: what waits for that begins anew */
static void test_notification_disturbs(void **state)
{
	struct world *w = *state;
	ktime_t before;

	world_local_up(w);
	epfv_settle_begin(&w->local_rx->settle);
	before = w->local_rx->settle.at;
	fake_now += EPFV_SETTLE_QUIET_NS / 2;
	side_offer(&w->lrx, 4096, 1);
	assert_int_equal(w->local_rx->settle.at, before + EPFV_SETTLE_QUIET_NS / 2);
}

/* A notification that brings nothing costs the thread nothing */
static void test_empty_notification(void **state)
{
	struct world *w = *state;
	u64 wakeups;

	world_local_up(w);
	world_idle(10 * MSEC);
	wakeups = world_wakeups(w);
	fake_virtio_notify(TX);
	world_idle(MSEC);
	assert_int_equal(world_wakeups(w), wakeups);
	assert_true(side_send(&w->ltx, 100, 1));
	world_idle(MSEC);
	assert_true(world_wakeups(w) > wakeups);
}

#define TEST(fn)		cmocka_unit_test_setup_teardown(fn, setup, teardown)
#define TEST_BOUND(fn)		cmocka_unit_test_setup_teardown(fn, world_setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_driver_is_told_of),
		TEST_BOUND(test_reset_clears_status),
		TEST_BOUND(test_queues_too_many),
		TEST_BOUND(test_unnamed_queue),
		TEST_BOUND(test_queue_is_missing),
		TEST_BOUND(test_status_again),
		TEST_BOUND(test_filled_before_it_is_ready),
		TEST(test_features),
		TEST(test_configuration),
		TEST_BOUND(test_calls),
		TEST_BOUND(test_no_call_behind_a_reset),
		TEST_BOUND(test_broken_ring),
		TEST_BOUND(test_notification_disturbs),
		TEST_BOUND(test_empty_notification),
	};

	return cmocka_run_group_tests_name("bridge", tests, NULL, NULL);
}
