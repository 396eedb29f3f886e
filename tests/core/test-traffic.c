// SPDX-License-Identifier: GPL-2.0
/*
 * A function between its drivers: when its thread looks, what it tells, what it keeps mapped
 */
#include <string.h>

#include <linux/minmax.h>
#include <linux/mutex.h>
#include <linux/sizes.h>
#include <linux/virtio_config.h>
#include <linux/virtio_ring.h>

#include "world.h"

enum { RX, TX, CONTROL_RX, CONTROL_TX };

#define FEATURE		2	/* that brings control queues */
#define WRITTEN		8	/* a word in the configuration that the host's driver writes */
#define CONFIG_LEN	12
#define STATUS		18
#define ISR		19
#define SECOND		1000000000ULL

static u8 config[2][CONFIG_LEN];

/* What the device type is told, and has to say */
static struct {
	struct world *w;
	unsigned int up[2];
	unsigned int down[2];
	u32 features;
	unsigned int messages[2];
	unsigned int to_say[2];
	u32 written;
	u64 received;	/* by the endpoint, when the last end of a sender was told */
} type;

static bool locked(void)
{
	return type.w->f->poller.lock.owner == current;
}

static bool worker_locked(void)
{
	return type.w->f->workers[0].w.lock.owner == current;
}

static void check_locks(struct world *w)
{
	w->epc.locks[0] = &w->f->poller.lock;
	w->epc.locks[1] = &w->f->workers[0].w.lock;
}

static void driver(void *priv, enum epfv_side side, bool up, u64 features)
{
	(void)priv;
	if (side == EPFV_HOST) {
		assert_true(locked());
		type.features = features;
	}
	type.up[side] += up;
	type.down[side] += !up;
}

static void message(void *priv, enum epfv_side side, const void *msg, size_t len)
{
	(void)priv;
	assert_int_equal(len, 5);
	assert_memory_equal(msg, "hello", 5);
	type.messages[side]++;
}

static size_t next(void *priv, enum epfv_side side, void *msg)
{
	(void)priv;
	assert_true(locked());
	if (!type.to_say[side])
		return 0;
	type.to_say[side]--;
	memcpy(msg, "hello", 5);
	return 5;
}

static bool pair_drained(void *priv, enum epfv_side side, unsigned int pair)
{
	(void)priv;
	(void)side;
	(void)pair;
	assert_true(worker_locked());
	side_reap(&type.w->lrx);
	type.received = type.w->lrx.num_received;
	return true;
}

static void written(void *priv, u32 val)
{
	(void)priv;
	assert_true(locked());
	type.written = val;
}

static const struct epfv_pair ports[] = { { .rx = RX, .tx = TX, .lossless = true } };

static int setup(void **state)
{
	struct world *w = world_new(&fake_dwc);

	check_locks(w);
	*state = w;
	return 0;
}

static int setup_port(void **state)
{
	struct world *w = world_make(&fake_dwc);

	memset(&type, 0, sizeof(type));
	memset(config, '-', sizeof(config));
	config[EPFV_HOST][0] = 'c';
	memset(config[EPFV_HOST] + WRITTEN, 0, 4);
	type.w = w;
	w->type.num_queues = 4;
	w->type.pairs = ports;
	w->type.features = FEATURE;
	w->type.control_feature = FEATURE;
	w->type.control = (struct epfv_pair){ .rx = CONTROL_RX, .tx = CONTROL_TX };
	w->type.config[EPFV_HOST] = config[EPFV_HOST];
	w->type.config[EPFV_ENDPOINT] = config[EPFV_ENDPOINT];
	w->type.config_len = CONFIG_LEN;
	w->type.written = WRITTEN;
	w->ops.driver = driver;
	w->ops.message = message;
	w->ops.next = next;
	w->ops.drained = pair_drained;
	w->ops.written = written;
	w->accepts = FEATURE;
	w->vectors = 5;
	fake_virtio.accepts = FEATURE;
	fake_virtio.num_vqs = 4;
	world_create(w);
	world_bind(w);
	check_locks(w);
	*state = w;
	return 0;
}

/* Its host has so much memory and no more */
static int setup_small(void **state)
{
	*state = world_new(&fake_cable);
	return 0;
}

static u8 bar(unsigned int off)
{
	return ((u8 *)fake_epf.epf.bar[BAR_0].addr)[off];
}

/* What the device type hears */

static void test_drivers_are_told_of(void **state)
{
	struct world *w = *state;

	type.down[EPFV_ENDPOINT] = 0;
	world_host_up(w);
	assert_int_equal(type.up[EPFV_HOST], 1);
	assert_int_equal(type.features, FEATURE);
	world_local_up(w);
	assert_int_equal(type.up[EPFV_ENDPOINT], 1);
	type.down[EPFV_HOST] = 0;
	world_host_down(w);
	assert_true(type.down[EPFV_HOST] > 0);
	world_host_up(w);
	assert_int_equal(type.up[EPFV_HOST], 2);
	type.down[EPFV_HOST] = 0;
	fake_epf_link(false);
	assert_true(type.down[EPFV_HOST] > 0);
	assert_int_equal(type.down[EPFV_ENDPOINT], 0);
}

/* A driver that does not know of control queues has the first pair, and no more */
static void test_feature_is_not_accepted(void **state)
{
	struct world *w = *state;
	struct epfv_function *f = w->f;

	world_host_up(w);
	assert_true(f->hostq[CONTROL_RX].live && f->hostq[CONTROL_TX].live);
	world_host_down(w);
	w->accepts = 0;
	world_host_up(w);
	assert_int_equal(type.features, 0);
	assert_true(f->hostq[RX].live && f->hostq[TX].live);
	assert_false(f->hostq[CONTROL_RX].live || f->hostq[CONTROL_TX].live);
	/* Nor has it windows that the driver before it left */
	assert_int_equal(f->hostq[CONTROL_RX].num_regions, 0);
	assert_int_equal(f->hostq[CONTROL_TX].num_regions, 0);
}

static void host_load(void *ctx, u64 addr, void *buf, u32 len)
{
	fake_epc_settle(&type.w->epc);
	host_read(ctx, addr, buf, len);
}

static void host_store(void *ctx, u64 addr, const void *buf, u32 len)
{
	host_write(ctx, addr, buf, len);
}

static const struct driver_mem host_mem = { host_load, host_store };

static void test_messages_of_host(void **state)
{
	struct world *w = *state;
	struct epfv_seg seg = { .len = 5 };
	struct driver tx, rx;
	u32 len;

	world_host_up(w);
	driver_init(&tx, &host_mem, &w->host, w->driver.ring[CONTROL_TX], QUEUE_SIZE, 4096);
	driver_init(&rx, &host_mem, &w->host, w->driver.ring[CONTROL_RX], QUEUE_SIZE, 4096);
	seg.addr = w->driver.ring[CONTROL_TX] + SZ_1M;
	host_write(&w->host, seg.addr, "hello", 5);
	driver_add(&tx, &seg, 1);
	legacy_notify(&w->driver, CONTROL_TX);
	world_idle(MSEC);
	assert_int_equal(type.messages[EPFV_HOST], 1);
	assert_int_equal(driver_get(&tx, &len), 0);

	seg.writable = true;
	driver_add(&rx, &seg, 1);
	legacy_notify(&w->driver, CONTROL_RX);
	world_idle(MSEC);
	assert_int_equal(driver_get(&rx, &len), -1);
	type.to_say[EPFV_HOST] = 1;
	epfv_wake(w->f);
	world_idle(MSEC);
	assert_int_equal(driver_get(&rx, &len), 0);
	assert_int_equal(len, 5);
}

/* A driver of the endpoint that waits for its message's buffer depends on no thread */
static void test_messages_of_endpoint(void **state)
{
	struct world *w = *state;
	char text[8] = "hello";
	struct epfv_seg seg = { .addr = (uintptr_t)text, .len = 5 };
	const struct vring *vring;
	struct driver tx;
	u32 len;

	world_local_up(w);
	vring = virtqueue_get_vring(fake_virtio.vq[CONTROL_TX]);
	driver_init(&tx, &driver_local_mem, NULL, (uintptr_t)vring->desc, QUEUE_SIZE,
		    SMP_CACHE_BYTES);
	driver_add(&tx, &seg, 1);
	fake_virtio_notify(CONTROL_TX);
	assert_int_equal(type.messages[EPFV_ENDPOINT], 1);
	assert_int_equal(driver_get(&tx, &len), 0);
}

static void test_written(void **state)
{
	struct world *w = *state;

	world_host_up(w);
	legacy_w32(&w->driver, 24 + WRITTEN, 'x');
	world_idle(MSEC);
	assert_int_equal(type.written, 'x');
}

static void test_lossless_is_of_the_sender(void **state)
{
	struct world *w = *state;

	epfv_pair_lossless(w->f, 0, EPFV_HOST, false);
	assert_false(w->from_host->lossless);
	assert_true(w->to_host->lossless);
}

/* An end is opened: what waits for it arrives at once, not when the thread runs by chance */
static void test_opening_wakes(void **state)
{
	struct world *w = *state;

	world_host_up(w);
	world_local_up(w);
	side_offer(&w->hrx, 4096, 1);
	epfv_lock(w->f);
	epfv_pair_open(w->f, 0, EPFV_ENDPOINT, true);
	epfv_unlock(w->f);
	world_idle(3 * MSEC);
	assert_true(side_send(&w->ltx, 100, 1));
	world_idle(103 * MSEC);
	side_reap(&w->hrx);
	assert_int_equal(w->hrx.num_received, 0);
	epfv_lock(w->f);
	epfv_pair_open(w->f, 0, EPFV_HOST, true);
	epfv_unlock(w->f);
	world_idle(MSEC);
	assert_true(side_send(&w->ltx, 100, 1));
	world_idle(MSEC);
	side_reap(&w->hrx);
	assert_true(w->hrx.num_received > 0);
}

/* The next session of a sender begins as soon as its last one has ended */
static void test_next_session_at_once(void **state)
{
	struct world *w = *state;
	unsigned int i;

	world_host_up(w);
	world_local_up(w);
	epfv_lock(w->f);
	epfv_pair_open(w->f, 0, EPFV_HOST, true);
	epfv_pair_open(w->f, 0, EPFV_ENDPOINT, true);
	epfv_unlock(w->f);
	for (i = 0; i < 8; i++)
		side_offer(&w->lrx, 4096, 1);
	world_idle(MSEC);
	assert_true(side_send(&w->htx, 100, 1));
	epfv_lock(w->f);
	epfv_pair_open(w->f, 0, EPFV_HOST, false);
	epfv_pair_open(w->f, 0, EPFV_HOST, true);
	epfv_unlock(w->f);
	assert_true(side_send(&w->htx, 100, 1));
	world_idle(MSEC);
	side_reap(&w->lrx);
	assert_int_equal(w->lrx.num_received, 200);
}

/* Whoever closes its end has sent what is in its ring, and nobody has looked at yet */
static void test_end_comes_behind_the_bytes(void **state)
{
	struct world *w = *state;

	world_host_up(w);
	world_local_up(w);
	epfv_lock(w->f);
	epfv_pair_open(w->f, 0, EPFV_HOST, true);
	epfv_pair_open(w->f, 0, EPFV_ENDPOINT, true);
	epfv_unlock(w->f);
	side_offer(&w->lrx, 4096, 1);
	world_idle(5 * MSEC);
	epfv_lock(w->f);
	assert_true(side_send(&w->htx, 100, 1));
	epfv_pair_open(w->f, 0, EPFV_HOST, false);
	epfv_unlock(w->f);
	world_idle(5 * MSEC);
	assert_int_equal(type.received, 100);
}

/* What comes from the host beside its queues goes on at once, with nothing else to do */
static void test_put(void **state)
{
	struct world *w = *state;

	world_local_up(w);
	side_offer(&w->lrx, 64, 1);
	world_idle(2 * SECOND);
	epfv_lock(w->f);
	epfv_pair_put(w->f, 0, "abc", 3);
	epfv_unlock(w->f);
	world_idle(5 * MSEC);
	side_reap(&w->lrx);
	assert_int_equal(w->lrx.num_received, 3);
}

/* A setting that is written again as it was changes nothing */
static void test_the_same_kind_again(void **state)
{
	struct world *w = *state;

	world_host_up(w);
	world_local_up(w);
	epfv_lock(w->f);
	epfv_pair_open(w->f, 0, EPFV_HOST, true);
	epfv_pair_open(w->f, 0, EPFV_ENDPOINT, true);
	epfv_unlock(w->f);
	assert_true(side_send(&w->htx, 100, 1));
	world_idle(MSEC);
	epfv_pair_lossless(w->f, 0, EPFV_HOST, true);
	side_offer(&w->lrx, 4096, 1);
	world_idle(25 * MSEC);
	side_reap(&w->lrx);
	assert_int_equal(w->lrx.num_received, 100);
}

/* Who reads a console sees no end of it, so its sender's end does not wait for that */
static void test_end_of_a_console(void **state)
{
	struct world *w = *state;

	type.received = 1;
	world_host_up(w);
	world_local_up(w);
	epfv_lock(w->f);
	epfv_pair_lossless(w->f, 0, EPFV_HOST, false);
	epfv_pair_open(w->f, 0, EPFV_HOST, true);
	epfv_pair_open(w->f, 0, EPFV_ENDPOINT, true);
	epfv_unlock(w->f);
	world_idle(MSEC);
	assert_true(side_send(&w->htx, 100, 1));
	world_idle(MSEC);
	epfv_lock(w->f);
	epfv_pair_open(w->f, 0, EPFV_HOST, false);
	epfv_unlock(w->f);
	world_idle(MSEC);
	/* It was told, and nothing was received by then */
	assert_int_equal(type.received, 0);
}

/* Configuration */

static void change(struct world *w, u8 byte)
{
	config[EPFV_HOST][0] = byte;
	epfv_config_changed(w->f);
}

static void test_configuration(void **state)
{
	struct world *w = *state;

	/* Nobody is there: it is where the next driver looks first */
	change(w, '1');
	assert_int_equal(bar(20), '1');
	assert_int_equal(bar(ISR), 0);
	world_local_up(w);
	world_host_up(w);
	assert_int_equal(bar(24), '1');
	assert_int_equal(w->epc.sent[0], 0);
	change(w, '2');
	assert_int_equal(bar(24), '2');
	assert_int_equal(w->epc.sent[0], 1);
	assert_int_equal(bar(ISR), 0);
	assert_int_equal(fake_virtio.config_calls, 1);
	world_host_down(w);
	change(w, '3');
	assert_int_equal(w->epc.raises[0], 1);
	assert_int_equal(fake_virtio.config_calls, 2);
}

static void test_configuration_with_intx(void **state)
{
	struct world *w = *state;
	unsigned long sent;

	w->use_msix = false;
	world_host_up(w);
	assert_int_equal(bar(20), 'c');
	sent = w->epc.intx_sent;
	change(w, '1');
	assert_int_equal(bar(20), '1');
	assert_int_equal(bar(ISR), 3);
	assert_int_equal(w->epc.intx_sent, sent + 1);
}

static int set_up_with_msix(void *data)
{
	struct world *w = data;

	legacy_w8(&w->driver, STATUS, 3);
	fake_sleep(50 * USEC);
	w->epc.msix = w->vectors;
	fake_sleep(400 * USEC);
	assert_int_equal(bar(24), 'c');
	legacy_reset(&w->driver);
	return 0;
}

/* A driver may look at its configuration before it is ready, and behind MSI-X if that is on */
static void test_configuration_while_set_up(void **state)
{
	struct world *w = *state;

	w->driver.bar = fake_epf.epf.bar[BAR_0].addr;
	world_idle(MSEC);
	fake_tick = 200;
	fake_join(fake_host_task(set_up_with_msix, w, "driver"));
	fake_tick = 0;
}

/* The host's kernel has switched MSI-X off and on: the bytes are where its driver looks */
static void test_configuration_moves(void **state)
{
	struct world *w = *state;

	world_host_up(w);
	legacy_reset(&w->driver);
	world_idle(10 * MSEC);
	assert_int_equal(bar(24), 'c');
	/* None of the registers tells of it */
	w->epc.msix = 0;
	world_idle(300 * USEC);
	assert_int_equal(bar(20), 'c');
}

/* Interrupts */

static void test_intx(void **state)
{
	struct world *w = *state;

	w->use_msix = false;
	world_host_up(w);
	assert_int_equal(bar(ISR), 1);
	assert_true(side_send(&w->htx, 100, 1));
	world_idle(MSEC);
	side_reap(&w->htx);
	assert_int_equal(w->htx.returned, 1);
	assert_true(w->epc.intx_sent > 0);
	assert_int_equal(w->epc.raises[1] + w->epc.raises[2], 0);
	world_host_down(w);
	world_idle(20 * MSEC);
	w->use_msix = true;
	world_host_up(w);
	assert_int_equal(bar(ISR), 0);
	w->epc.intx_sent = 0;
	assert_true(side_send(&w->htx, 100, 1));
	world_idle(MSEC);
	assert_int_equal(w->epc.sent[2], 1);
	assert_int_equal(w->epc.intx_sent, 0);
}

static void test_pending_interrupt_is_of_one_driver(void **state)
{
	struct world *w = *state;

	world_host_up(w);
	w->epc.raise_result[2] = -EPERM;
	assert_true(side_send(&w->htx, 100, 1));
	world_idle(MSEC);
	assert_true(w->epc.raises[2] > 0);
	world_host_down(w);
	w->epc.raise_result[2] = 0;
	world_host_up(w);
	world_idle(100 * MSEC);
	assert_int_equal(w->epc.sent[2], 0);
}

/* One that wants a vector for each queue, and has its own order of them */
static void test_vectors_are_the_drivers(void **state)
{
	struct world *w = *state;

	world_host_up(w);
	side_offer(&w->hrx, 4096, 1);
	world_local_up(w);
	assert_true(side_send(&w->ltx, 100, 1));
	world_idle(MSEC);
	assert_int_equal(w->epc.sent[1], 1);
	assert_int_equal(w->epc.sent[2], 0);
	assert_true(side_send(&w->htx, 100, 1));
	world_idle(MSEC);
	assert_int_equal(w->epc.sent[2], 1);
}

/* When the thread looks */

/* For how long a message of the host waits at most, after so long a silence */
static u64 slowest(struct world *w, u64 silence)
{
	unsigned int i;

	world_idle(MSEC);
	side_reap(&w->htx);
	w->htx.slowest = 0;
	for (i = 0; i < 30; i++) {
		world_idle(silence + rnd_range(0, MSEC));
		assert_true(side_send(&w->htx, 10, 1));
		while (w->htx.in_flight) {
			world_idle(10 * USEC);
			side_reap(&w->htx);
		}
	}
	return w->htx.slowest;
}

static void test_pauses(void **state)
{
	struct world *w = *state;

	world_host_up(w);
	assert_in_range(slowest(w, 50 * MSEC), 200 * USEC, 1200 * USEC);
	assert_in_range(slowest(w, 300 * USEC), 1, 250 * USEC);
}

static void notify_and_wait(struct world *w)
{
	legacy_notify(&w->driver, TX);
	while (bar(16) != 0xff || bar(17) != 0xff)
		world_idle(2 * USEC);
}

/* Without a pause for a while after something happened */
static void test_spins_after_an_event(void **state)
{
	struct world *w = *state;
	u64 wakeups;

	world_host_up(w);
	world_idle(50 * MSEC);
	notify_and_wait(w);
	world_idle(20 * USEC);
	wakeups = world_wakeups(w);
	notify_and_wait(w);
	assert_int_equal(world_wakeups(w), wakeups);
}

/* A running host's MSI-X goes off: another driver may come without a word before */
static void test_msix_goes_off(void **state)
{
	struct world *w = *state;

	world_host_up(w);
	world_idle(100 * MSEC);
	assert_false(w->f->poller.alert);
	w->epc.msix = 0;
	world_idle(25 * MSEC);
	assert_true(w->f->poller.alert);
	assert_in_range(slowest(w, 50 * MSEC), 1, 250 * USEC);
	world_host_down(w);
	world_host_up(w);
	assert_false(w->f->poller.alert);
	assert_in_range(slowest(w, 50 * MSEC), 200 * USEC, 1200 * USEC);
}

/* The same of one that never had it, which nothing would tell of */
static void test_intx_host_may_be_replaced(void **state)
{
	struct world *w = *state;

	w->use_msix = false;
	world_host_up(w);
	assert_in_range(slowest(w, 50 * MSEC), 1, 250 * USEC);
}

/* To ask a controller takes its time: not in each round */
static void test_msix_is_looked_at_rarely(void **state)
{
	struct world *w = *state;
	unsigned long looks;
	ktime_t begin;

	world_host_up(w);
	world_idle(50 * MSEC);
	begin = fake_now;
	looks = w->epc.msix_looks;
	slowest(w, 300 * USEC);
	assert_in_range(w->epc.msix_looks - looks, 1, WATCHES((fake_now - begin) / MSEC) + 2);
}

/* Who wakes the thread while it goes to sleep is heard, wherever that is */
static void test_kick_is_heard(void **state)
{
	struct world *w = *state;
	unsigned int i, k;

	world_host_up(w);
	world_local_up(w);
	fake_preempt_one_in = 2;
	for (i = 0; i < 3000; i++) {
		side_offer(&w->hrx, 64, 1);
		assert_true(side_send(&w->ltx, 10, 1));
		for (k = 0; w->hrx.num_received < 10 * (i + 1); k++) {
			assert_true(k < 1000);
			world_idle(rnd_range(100, 1500));
			side_reap(&w->hrx);
		}
		side_reap(&w->ltx);
	}
}

static void test_failed(void **state)
{
	struct world *w = *state;

	world_host_up(w);
	legacy_w8(&w->driver, STATUS, 7 | VIRTIO_CONFIG_S_FAILED);
	world_idle(MSEC);
	assert_string_equal(epfv_poller_state(&w->f->poller), "dead");
	assert_int_equal(world_stats(w).host_errors, 1);
	assert_non_null(strstr(fake_message, "has given up on the device"));
	assert_false(w->host_rx->live || w->host_tx->live);
	world_host_down(w);

	legacy_w8(&w->driver, STATUS, 3);
	world_idle(MSEC);
	legacy_w8(&w->driver, STATUS, 7);
	world_idle(MSEC);
	assert_int_equal(world_stats(w).host_errors, 2);
	assert_non_null(strstr(fake_message, "did not set up every queue"));
	world_host_up(w);
}

static void test_counters(void **state)
{
	struct world *w = *state;
	u64 resets;

	world_host_up(w);
	resets = w->f->poller.host_resets;
	assert_true(side_send(&w->htx, 100, 1));
	world_idle(MSEC);
	assert_true(w->host_tx->lane.stats.np_reads > 0);
	assert_int_equal(w->host_tx->bytes, 100);
	assert_int_equal(w->host_tx->messages, 1);
	assert_in_range(w->host_tx->lane.stats.np_reads + w->host_rx->lane.stats.np_reads, 1,
			world_stats(w).np_reads);
	world_host_down(w);
	assert_true(w->f->poller.host_resets > resets);
}

/* Windows */

static void send_one(struct world *w)
{
	assert_true(side_send(&w->htx, 100, 1));
	world_idle(MSEC);
	side_reap(&w->htx);
	assert_int_equal(w->htx.in_flight, 0);
}

/* A driver has gone: its windows stay for a while, for the next one, but no longer */
static void test_windows_of_last_driver(void **state)
{
	struct world *w = *state;
	unsigned int maps;

	world_host_up(w);
	send_one(w);
	maps = w->epc.num_maps;
	assert_int_equal(maps, 3);
	world_host_down(w);
	world_idle(900 * MSEC);
	assert_int_equal(w->epc.num_maps, maps);
	world_idle(150 * MSEC);
	assert_int_equal(w->epc.num_maps, 0);
}

/* Those of one that followed soon stay */
static void test_windows_of_next_driver(void **state)
{
	struct world *w = *state;
	unsigned long maps;

	world_host_up(w);
	world_host_down(w);
	world_host_up(w);
	send_one(w);
	maps = w->epc.maps;
	world_idle(3 * SECOND);
	send_one(w);
	assert_int_equal(w->epc.maps, maps);
	assert_int_equal(w->epc.num_maps, 3);
}

static unsigned int maps_while_set_up;

static int set_up_slowly(void *data)
{
	struct world *w = data;

	legacy_w8(&w->driver, STATUS, 3);
	fake_sleep(500 * MSEC);
	assert_string_equal(epfv_poller_state(&w->f->poller), "setup");
	maps_while_set_up = w->epc.num_maps;
	return 0;
}

/*
 * While a driver sets its queues up nothing is unmapped, for which it might have to wait.  One
 * that has fallen silent is not waited for.
 */
static void test_windows_while_set_up(void **state)
{
	struct world *w = *state;

	world_host_up(w);
	world_host_down(w);
	world_idle(900 * MSEC);
	fake_tick = 2 * USEC;
	fake_join(fake_host_task(set_up_slowly, w, "slow driver"));
	assert_int_equal(maps_while_set_up, 2);
	fake_sleep(600 * MSEC);
	fake_tick = 0;
	assert_int_equal(w->epc.num_maps, 0);
}

/* What is written when a reset has come is not read back */
static void test_no_access_behind_a_reset(void **state)
{
	struct world *w = *state;
	unsigned int log;

	world_host_up(w);
	world_local_up(w);
	side_offer(&w->hrx, 4096, 1);
	assert_true(side_send(&w->ltx, 100, 1));
	world_idle(MSEC);
	world_host_down(w);
	log = w->epc.num_log;
	w->epc.flush_reads = 0;
	world_host_up(w);
	world_idle(10 * MSEC);
	world_host_down(w);
	world_idle(2 * SECOND);
	assert_int_equal(w->epc.flush_reads, 0);
	assert_true(w->epc.num_log > log);
}

/* Rings for which there is no window: tried ever less often, and said once for each driver */
static void test_no_window_for_rings(void **state)
{
	struct world *w = *state;
	u64 wakeups;

	w->epc.reserved = w->epc.profile->max_maps;
	world_host_up(w);
	world_idle(3 * SECOND);
	assert_false(w->host_rx->live || w->host_tx->live);
	assert_int_equal(world_stats(w).host_errors, 1);
	assert_int_equal(fake_messages, 1);
	assert_non_null(strstr(fake_message, "will try again"));
	wakeups = world_wakeups(w);
	world_idle(SECOND);
	assert_in_range(world_wakeups(w) - wakeups, 1, WATCHES(1000) + 10);
	/* What the driver has told of before is not forgotten meanwhile */
	assert_true(side_send(&w->htx, 100, 1));
	world_idle(2 * SECOND);
	w->epc.reserved = 0;
	world_idle(SECOND + 10 * MSEC);
	assert_true(w->host_rx->live && w->host_tx->live);
	side_reap(&w->htx);
	assert_int_equal(w->htx.returned, 1);
	send_one(w);
	world_host_down(w);
	world_idle(2 * SECOND);

	/* The next one's pauses are its own */
	w->epc.reserved = w->epc.profile->max_maps;
	world_host_up(w);
	assert_int_equal(world_stats(w).host_errors, 2);
	w->epc.reserved = 0;
	world_idle(20 * MSEC);
	assert_true(w->host_rx->live && w->host_tx->live);
}

/* The driver gives up in between: nothing is tried for it any more */
static void test_no_window_and_no_driver(void **state)
{
	struct world *w = *state;

	w->epc.reserved = w->epc.profile->max_maps;
	world_host_up(w);
	world_idle(SECOND);
	world_host_down(w);
	w->epc.reserved = 0;
	world_idle(2 * SECOND);
	assert_false(w->host_rx->live || w->host_tx->live);
	assert_int_equal(w->epc.num_maps, 0);
}

/* One ring can be mapped, the other one not: neither is served, and no window is kept */
static void test_ring_out_of_reach(void **state)
{
	struct world *w = *state;

	world_host_up(w);
	world_host_down(w);
	w->driver.ring[TX] = 1ULL << 40;
	fake_tick = 200;
	assert_int_equal(legacy_probe(&w->driver), 0);
	fake_sleep(MSEC);
	fake_tick = 0;
	assert_int_equal(world_stats(w).host_errors, 1);
	assert_false(w->host_rx->live || w->host_tx->live);
	assert_int_equal(w->epc.num_maps, 0);
}

/* Memory that does not answer: the pauses of one driver are not the next one's */
static void test_silence_of_two_drivers(void **state)
{
	struct world *w = *state;
	u64 before;

	w->silent = true;
	world_host_up(w);
	world_idle(500 * MSEC);
	assert_int_equal(fake_messages, 1);
	world_host_down(w);
	world_host_up(w);
	before = world_stats(w).np_reads;
	world_idle(5 * MSEC);
	assert_in_range(world_stats(w).np_reads - before, 2, 10);
}

/* For a moment, as when a link goes down: no IOMMU is to blame */
static void test_silence_of_a_moment(void **state)
{
	struct world *w = *state;

	w->silent = true;
	world_host_up(w);
	world_idle(5 * MSEC);
	world_host_answers(w);
	world_idle(100 * MSEC);
	assert_true(w->f->hostmem.answers);
	assert_int_equal(fake_messages, 0);
}

/* All pairs together have as much in transit as one of them may */
static void test_transit(void **state)
{
	struct world *w = *state;
	static const struct epfv_pair pairs[] = {
		{ .rx = 0, .tx = 1 }, { .rx = 2, .tx = 3 },
	};
	u32 one = w->from_host->fifo.size;

	assert_int_equal(one, w->to_host->fifo.size);
	world_unbind(w);
	w->type.pairs = pairs;
	w->type.num_pairs = 2;
	w->type.num_queues = 4;
	world_bind(w);
	assert_int_equal(w->f->from_host[0].fifo.size, one / 2);
	assert_int_equal(w->f->to_host[1].fifo.size, one / 2);
}

#define TEST(fn)	cmocka_unit_test_setup_teardown(fn, setup, world_teardown)
#define TEST_PORT(fn)	cmocka_unit_test_setup_teardown(fn, setup_port, world_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST_PORT(test_drivers_are_told_of),
		TEST_PORT(test_feature_is_not_accepted),
		TEST_PORT(test_messages_of_host),
		TEST_PORT(test_messages_of_endpoint),
		TEST_PORT(test_written),
		TEST_PORT(test_lossless_is_of_the_sender),
		TEST_PORT(test_opening_wakes),
		TEST_PORT(test_next_session_at_once),
		TEST_PORT(test_end_comes_behind_the_bytes),
		TEST_PORT(test_configuration),
		TEST_PORT(test_configuration_with_intx),
		TEST_PORT(test_configuration_while_set_up),
		TEST_PORT(test_configuration_moves),
		TEST_PORT(test_the_same_kind_again),
		TEST_PORT(test_end_of_a_console),
		TEST(test_intx),
		TEST(test_pending_interrupt_is_of_one_driver),
		TEST(test_vectors_are_the_drivers),
		TEST(test_pauses),
		TEST(test_spins_after_an_event),
		TEST(test_put),
		TEST(test_msix_goes_off),
		TEST(test_intx_host_may_be_replaced),
		TEST(test_msix_is_looked_at_rarely),
		TEST(test_kick_is_heard),
		TEST(test_failed),
		TEST(test_counters),
		TEST(test_windows_of_last_driver),
		TEST(test_windows_of_next_driver),
		TEST(test_windows_while_set_up),
		TEST(test_no_access_behind_a_reset),
		TEST(test_no_window_for_rings),
		TEST(test_no_window_and_no_driver),
		cmocka_unit_test_setup_teardown(test_ring_out_of_reach, setup_small, world_teardown),
		TEST(test_silence_of_two_drivers),
		TEST(test_silence_of_a_moment),
		TEST(test_transit),
	};

	return cmocka_run_group_tests_name("traffic", tests, NULL, NULL);
}
