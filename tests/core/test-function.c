// SPDX-License-Identifier: GPL-2.0
/*
 * A function as a whole: its life, and ports that are opened and closed
 */
#include <string.h>

#include <linux/minmax.h>

#include "world.h"

#define FEATURE		2	/* that brings control queues */

/* A type with ports that says nothing by itself */

static unsigned int drained[2];

static void driver(void *priv, enum epfv_side side, bool up, u64 features)
{
	(void)priv;
	(void)side;
	(void)up;
	(void)features;
}

static void message(void *priv, enum epfv_side side, const void *msg, size_t len)
{
	(void)priv;
	(void)side;
	(void)msg;
	(void)len;
}

static size_t next(void *priv, enum epfv_side side, void *msg)
{
	(void)priv;
	(void)side;
	(void)msg;
	return 0;
}

static bool pair_drained(void *priv, enum epfv_side side, unsigned int pair)
{
	(void)priv;
	if (!pair)
		drained[side]++;
	return true;
}

#define PORTS		8

static struct epfv_function *closing;

static void closes_all(void *priv, enum epfv_side side, bool up, u64 features)
{
	unsigned int i;

	driver(priv, side, up, features);
	for (i = 0; !up && i < PORTS; i++)
		epfv_pair_open(closing, i, side, false);
}

static const char * const names[] = {
	"0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12", "13", "14", "15",
	"16", "17"
};

static struct epfv_pair ports[PORTS];

static struct world *make_ports(unsigned int num)
{
	struct world *w = world_make(&fake_dwc);
	unsigned int i;

	memset(drained, 0, sizeof(drained));
	for (i = 0; i < num; i++) {
		u8 rx = i ? 2 * i + 2 : 0;

		ports[i] = (struct epfv_pair){ .rx = rx, .tx = rx + 1, .lossless = true };
	}
	w->type.features = FEATURE;
	w->type.control_feature = FEATURE;
	w->type.control = (struct epfv_pair){ .rx = 2, .tx = 3 };
	w->type.num_queues = 2 * (num + 1);
	w->type.queue_names = names;
	w->type.pairs = ports;
	w->type.num_pairs = num;
	w->ops.driver = driver;
	w->ops.message = message;
	w->ops.next = next;
	w->ops.drained = pair_drained;
	w->accepts = FEATURE;
	w->vectors = w->type.num_queues + 1;
	fake_virtio.accepts = FEATURE;
	fake_virtio.num_vqs = w->type.num_queues;
	world_create(w);
	world_bind(w);
	return w;
}

static int setup_port(void **state)
{
	*state = make_ports(1);
	return 0;
}

static int setup_ports(void **state)
{
	*state = make_ports(PORTS);
	return 0;
}

static void open_both(struct world *w)
{
	epfv_pair_open(w->f, 0, EPFV_HOST, true);
	epfv_pair_open(w->f, 0, EPFV_ENDPOINT, true);
}

static void fill(struct side *s)
{
	while (side_send(s, 5000, 2))
		;
}

static void receive(struct world *w, struct side *s)
{
	unsigned int i;

	for (i = 0; i < 100; i++) {
		side_reap(s);
		side_offer(s, 4096, 1);
		world_run(w, MSEC);
	}
	side_reap(s);
}

/*
 * A port that both have open is taken away, and comes back as a console before the thread
 * had its turn: who sends there has its buffers back.
 */
static void check_becomes_console(struct world *w, enum epfv_side from, struct side *s)
{
	open_both(w);
	fill(s);
	world_run(w, 10 * MSEC);
	side_reap(s);
	assert_true(s->in_flight);

	epfv_lock(w->f);
	epfv_pair_open(w->f, 0, from, false);
	epfv_pair_lossless(w->f, 0, EPFV_HOST, false);
	epfv_pair_lossless(w->f, 0, EPFV_ENDPOINT, false);
	epfv_pair_open(w->f, 0, from, true);
	epfv_unlock(w->f);
	world_run(w, 20 * MSEC);
	side_reap(s);
	assert_int_equal(s->in_flight, 0);
	assert_true(side_send(s, 100, 1));
	world_run(w, 20 * MSEC);
	side_reap(s);
	assert_int_equal(s->in_flight, 0);
}

static void test_becomes_console(void **state)
{
	struct world *w = *state;

	world_host_up(w);
	world_local_up(w);
	check_becomes_console(w, EPFV_HOST, &w->htx);
}

static void test_becomes_console_at_endpoint(void **state)
{
	struct world *w = *state;

	world_host_up(w);
	world_local_up(w);
	check_becomes_console(w, EPFV_ENDPOINT, &w->ltx);
}

/*
 * A sender closes its end, and its driver is another one before all has arrived: what the
 * next one sends comes behind the end of the first one.
 */
static void check_next_session(struct world *w, enum epfv_side side, struct side *from,
			       struct side *to, bool closes)
{
	u64 first;

	open_both(w);
	assert_true(side_send(from, 5000, 2));
	assert_true(side_send(from, 5000, 2));
	world_run(w, 10 * MSEC);
	side_reap(from);
	first = from->pos;
	assert_int_equal(from->in_flight, 0);
	if (closes)
		epfv_pair_open(w->f, 0, side, false);
	world_run(w, MSEC);
	if (side == EPFV_HOST)
		world_host_down(w);
	else
		world_local_down(w);
	if (!closes)
		epfv_pair_open(w->f, 0, side, false);
	world_run(w, MSEC);
	if (side == EPFV_HOST)
		world_host_up(w);
	else
		world_local_up(w);
	epfv_pair_open(w->f, 0, side, true);
	assert_true(side_send(from, 3000, 1));
	world_run(w, 10 * MSEC);
	assert_int_equal(drained[side], 0);

	receive(w, to);
	assert_int_equal(drained[side], 1);
	assert_int_equal(to->num_received, from->pos);
	assert_int_equal(side_gaps(to, from->pos), 0);
	assert_true(first < from->pos);
}

/* Nothing of the next session arrives while the end of the first one is not told */
static struct {
	struct side *to;
	enum epfv_side side;
	u64 first;
} watched;

static void watch(struct world *w)
{
	(void)w;
	side_reap(watched.to);
	if (!drained[watched.side])
		assert_in_range(watched.to->num_received, 0, watched.first);
}

static void check_sessions(struct world *w, enum epfv_side side, struct side *from,
			   struct side *to)
{
	world_host_up(w);
	world_local_up(w);
	watched.to = to;
	watched.side = side;
	watched.first = 10000;
	w->step = watch;
	check_next_session(w, side, from, to, true);
}

static void test_next_session_of_host(void **state)
{
	struct world *w = *state;

	check_sessions(w, EPFV_HOST, &w->htx, &w->lrx);
}

static void test_next_session_of_endpoint(void **state)
{
	struct world *w = *state;

	check_sessions(w, EPFV_ENDPOINT, &w->ltx, &w->hrx);
}

/* The driver's end is closed by its reset */
static void test_next_driver_of_host(void **state)
{
	struct world *w = *state;

	world_host_up(w);
	world_local_up(w);
	watched.to = &w->lrx;
	watched.side = EPFV_HOST;
	watched.first = 10000;
	w->step = watch;
	check_next_session(w, EPFV_HOST, &w->htx, &w->lrx, false);
}

static void test_next_driver_of_endpoint(void **state)
{
	struct world *w = *state;

	world_host_up(w);
	world_local_up(w);
	watched.to = &w->hrx;
	watched.side = EPFV_ENDPOINT;
	watched.first = 10000;
	w->step = watch;
	check_next_session(w, EPFV_ENDPOINT, &w->ltx, &w->hrx, false);
}

/* Ports that nobody has open cost no read, however often the thread runs */
static void test_closed_ports_are_not_read(void **state)
{
	struct world *w = *state;
	u64 before;

	world_host_up(w);
	world_local_up(w);
	world_run(w, 10 * MSEC);
	before = world_stats(w).np_reads;
	world_kick(w);
	world_run(w, 10 * MSEC);
	assert_int_equal(world_stats(w).np_reads, before);

	/* A notification is for all queues: {flags, idx} of each once, as none has a buffer */
	legacy_notify(&w->driver, 3);
	world_run(w, 10 * MSEC);
	assert_in_range(world_stats(w).np_reads - before, 1, w->type.num_queues);

	/* What is sent there comes back all the same */
	assert_true(side_send(&w->htx, 100, 1));
	world_run(w, 10 * MSEC);
	side_reap(&w->htx);
	assert_int_equal(w->htx.in_flight, 0);
	assert_int_equal(w->from_host->fifo.dropped, 100);
}

/* Life */

static void test_msix_is_refused(void **state)
{
	struct world *w = *state;

	assert_int_equal(fake_epf_bind(), 0);
	fake_epf.msix_result = -EINVAL;
	assert_int_equal(fake_epf_init(), -EINVAL);
	/* The link is up, but the card is not what the host needs: it is left alone */
	fake_epf_link(true);
	assert_string_equal(epfv_poller_state(&w->f->poller), "down");
	fake_epf_link(false);

	/* The controller is ready again */
	fake_epf.msix_result = 0;
	assert_int_equal(fake_epf_init(), 0);
	assert_string_equal(epfv_poller_state(&w->f->poller), "idle");
	fake_epf_unbind();
	assert_false(fake_epf.bar_is_set);
}

static void test_vectors_stay(void **state)
{
	struct world *w = *state;

	fake_epf.epf.msix_interrupts = 3;
	assert_int_equal(fake_epf_bind(), 0);
	/* The table is in the BAR already */
	fake_epf.epf.msix_interrupts = 60;
	assert_int_equal(fake_epf_init(), 0);
	assert_int_equal(fake_epf.msix_vectors, 3);
	fake_epf_unbind();
	(void)w;
}

static void test_virtual_function(void **state)
{
	(void)state;
	fake_epf.epf.vfunc_no = 1;
	assert_int_equal(fake_epf_bind(), -EOPNOTSUPP);
	assert_non_null(strstr(fake_message, "virtual function"));
	fake_epf.epf.vfunc_no = 0;
	assert_int_equal(fake_epf_bind(), 0);
	fake_epf_unbind();
}

/* Events in any order, twice, or never */
static void test_events(void **state)
{
	struct world *w = *state;
	unsigned int i;

	for (i = 0; i < 200; i++) {
		bool initialised = false;
		unsigned int k, n = rnd_range(0, 8);

		assert_int_equal(fake_epf_bind(), 0);
		for (k = 0; k < n; k++) {
			switch (rnd() % 4) {
			case 0:
				assert_int_equal(fake_epf_init(), 0);
				initialised = true;
				break;
			case 1:
				fake_epf_deinit();
				initialised = false;
				break;
			default:
				fake_epf_link(rnd() & 1);
			}
			fake_tick = 200;
			fake_sleep(rnd_range(0, MSEC));
			fake_tick = 0;
			if (!initialised)
				assert_string_equal(epfv_poller_state(&w->f->poller), "down");
		}
		fake_epf_unbind();
		assert_int_equal(fake_tasks(), 0);
		assert_false(fake_epf.bar_is_set);
		fake_epf.epf.epc->init_complete = false;
	}
}

/* When the host has reset the device, its memory is not read any more, whatever was open */
static void test_reset_reads_nothing(void **state)
{
	struct world *w = *state;
	unsigned int i;
	u64 reads;

	world_host_up(w);
	world_local_up(w);
	for (i = 0; i < PORTS; i++) {
		epfv_pair_open(w->f, i, EPFV_HOST, true);
		epfv_pair_open(w->f, i, EPFV_ENDPOINT, true);
	}
	/* A type may close them when it hears of the end */
	closing = w->f;
	w->ops.driver = closes_all;
	world_run(w, 10 * MSEC);
	reads = world_stats(w).np_reads;
	world_host_down(w);
	assert_int_equal(world_stats(w).np_reads, reads);
}

/* Whatever fails while it is bound leaves nothing behind, and it can be bound again */
static void test_bind_fails(void **state)
{
	struct world *w = *state;

	fake_epf.no_bar = true;
	assert_int_equal(fake_epf_bind(), -ENOSPC);
	fake_epf.no_bar = false;
	fake_virtio.register_result = -ENODEV;
	assert_int_equal(fake_epf_bind(), -ENODEV);
	assert_int_equal(fake_tasks(), 0);
	assert_null(fake_epf.epf.bar[BAR_0].addr);
	fake_virtio.register_result = 0;
	fake_epf.epf.header->vendorid = 1;
	assert_int_equal(fake_epf_bind(), -EINVAL);
	fake_epf.epf.header->vendorid = 0x1af4;
	fake_epf.epf.msix_interrupts = 1;
	assert_int_equal(fake_epf_bind(), -EINVAL);
	fake_epf.epf.msix_interrupts = 0;
	world_bind(w);
	world_host_up(w);
	world_local_up(w);
}

/* The endpoint's driver does not get its queues: nothing of what it got stays */
static void test_local_driver_without_memory(void **state)
{
	struct world *w = *state;

	fake_virtio.no_memory_for = 1;
	assert_int_equal(fake_virtio_probe(), -ENOMEM);
	fake_virtio.no_memory_for = -1;
	world_local_up(w);
}

/* A message that cannot be sent for want of a window costs one ring its own, each time */
static void test_starved_interrupt(void **state)
{
	struct world *w = *state;
	unsigned int pinned;

	world_host_up(w);
	world_local_up(w);
	side_offer(&w->lrx, 4096, 1);
	pinned = w->f->hostmem.num_pinned;
	assert_int_equal(pinned, 2);
	w->epc.raise_result[2] = -ENOMEM;
	assert_true(side_send(&w->htx, 100, 1));
	world_poll(w, true);
	assert_int_equal(w->epc.raises[2], 1);
	/* The payload's window goes first; nothing else before the next attempt */
	world_poll(w, false);
	world_poll(w, false);
	assert_int_equal(w->epc.raises[2], 1);
	assert_int_equal(w->f->hostmem.num_pinned, pinned);
	w->epc.raise_result[2] = 0;
	world_run(w, 10 * MSEC);
	assert_int_equal(w->epc.sent[2], 1);
}

#define TEST(fn)		cmocka_unit_test_setup_teardown(fn, world_setup, world_teardown)
#define TEST_UNBOUND(fn)	cmocka_unit_test_setup_teardown(fn, world_setup_unbound, world_teardown)
#define TEST_PORT(fn)		cmocka_unit_test_setup_teardown(fn, setup_port, world_teardown)
#define TEST_PORTS(fn)		cmocka_unit_test_setup_teardown(fn, setup_ports, world_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST_PORT(test_becomes_console),
		TEST_PORT(test_becomes_console_at_endpoint),
		TEST_PORT(test_next_session_of_host),
		TEST_PORT(test_next_session_of_endpoint),
		TEST_PORT(test_next_driver_of_host),
		TEST_PORT(test_next_driver_of_endpoint),
		TEST_PORTS(test_closed_ports_are_not_read),
		TEST_UNBOUND(test_msix_is_refused),
		TEST_UNBOUND(test_vectors_stay),
		TEST_UNBOUND(test_virtual_function),
		TEST_UNBOUND(test_events),
		TEST_PORTS(test_reset_reads_nothing),
		TEST_UNBOUND(test_bind_fails),
		TEST(test_local_driver_without_memory),
		TEST(test_starved_interrupt),
	};

	return cmocka_run_group_tests_name("function", tests, NULL, NULL);
}
