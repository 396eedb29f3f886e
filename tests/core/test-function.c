// SPDX-License-Identifier: GPL-2.0
/*
 * A function as a whole: its life, its thread, and ports that are opened and closed
 */
#include <string.h>

#include <linux/minmax.h>

#include "world.h"

#define FEATURE		2	/* that brings control queues */
#define WRITTEN		8	/* a word in the configuration that the host's driver writes */
#define SECOND		1000000000ULL

/* A type with ports that says nothing by itself */

static unsigned int drained[2];

static void driver(void *priv, enum vepf_side side, bool up, u32 features)
{
	(void)priv;
	(void)side;
	(void)up;
	(void)features;
}

static void message(void *priv, enum vepf_side side, const void *msg, size_t len)
{
	(void)priv;
	(void)side;
	(void)msg;
	(void)len;
}

static size_t next(void *priv, enum vepf_side side, void *msg)
{
	(void)priv;
	(void)side;
	(void)msg;
	return 0;
}

static bool pair_drained(void *priv, enum vepf_side side, unsigned int pair)
{
	(void)priv;
	if (!pair)
		drained[side]++;
	return true;
}

#define PORTS		8

static struct vepf_function *closing;

static void closes_all(void *priv, enum vepf_side side, bool up, u32 features)
{
	unsigned int i;

	driver(priv, side, up, features);
	for (i = 0; !up && i < PORTS; i++)
		vepf_pair_open(closing, i, side, false);
}

static const char * const names[] = {
	"0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12", "13", "14", "15",
	"16", "17"
};

static struct vepf_pair ports[PORTS];

static struct world *make_ports(unsigned int num)
{
	struct world *w = world_make(&fake_dwc);
	unsigned int i;

	memset(drained, 0, sizeof(drained));
	for (i = 0; i < num; i++) {
		u8 rx = i ? 2 * i + 2 : 0;

		ports[i] = (struct vepf_pair){ .rx = rx, .tx = rx + 1, .lossless = true };
	}
	w->type.features = FEATURE;
	w->type.control_feature = FEATURE;
	w->type.control = (struct vepf_pair){ .rx = 2, .tx = 3 };
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

static int setup(void **state)
{
	*state = world_new(&fake_dwc);
	return 0;
}

static int setup_unbound(void **state)
{
	struct world *w = world_make(&fake_dwc);

	world_create(w);
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	world_free(*state);
	return 0;
}

static void open_both(struct world *w)
{
	vepf_pair_open(w->f, 0, VEPF_HOST, true);
	vepf_pair_open(w->f, 0, VEPF_ENDPOINT, true);
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
static void check_becomes_console(struct world *w, enum vepf_side from, struct side *s)
{
	open_both(w);
	fill(s);
	world_run(w, 10 * MSEC);
	side_reap(s);
	assert_true(s->in_flight);

	vepf_lock(w->f);
	vepf_pair_open(w->f, 0, from, false);
	vepf_pair_lossless(w->f, 0, VEPF_HOST, false);
	vepf_pair_lossless(w->f, 0, VEPF_ENDPOINT, false);
	vepf_pair_open(w->f, 0, from, true);
	vepf_unlock(w->f);
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
	check_becomes_console(w, VEPF_HOST, &w->htx);
}

static void test_becomes_console_at_endpoint(void **state)
{
	struct world *w = *state;

	world_host_up(w);
	world_local_up(w);
	check_becomes_console(w, VEPF_ENDPOINT, &w->ltx);
}

/*
 * A sender closes its end, and its driver is another one before all has arrived: what the
 * next one sends comes behind the end of the first one.
 */
static void check_next_session(struct world *w, enum vepf_side side, struct side *from,
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
		vepf_pair_open(w->f, 0, side, false);
	world_run(w, MSEC);
	if (side == VEPF_HOST)
		world_host_down(w);
	else
		world_local_down(w);
	if (!closes)
		vepf_pair_open(w->f, 0, side, false);
	world_run(w, MSEC);
	if (side == VEPF_HOST)
		world_host_up(w);
	else
		world_local_up(w);
	vepf_pair_open(w->f, 0, side, true);
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
	enum vepf_side side;
	u64 first;
} watched;

static void watch(struct world *w)
{
	(void)w;
	side_reap(watched.to);
	if (!drained[watched.side])
		assert_in_range(watched.to->num_received, 0, watched.first);
}

static void check_sessions(struct world *w, enum vepf_side side, struct side *from,
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

	check_sessions(w, VEPF_HOST, &w->htx, &w->lrx);
}

static void test_next_session_of_endpoint(void **state)
{
	struct world *w = *state;

	check_sessions(w, VEPF_ENDPOINT, &w->ltx, &w->hrx);
}

/* The driver's end is closed by its reset */
static void test_next_driver_of_host(void **state)
{
	struct world *w = *state;

	world_host_up(w);
	world_local_up(w);
	watched.to = &w->lrx;
	watched.side = VEPF_HOST;
	watched.first = 10000;
	w->step = watch;
	check_next_session(w, VEPF_HOST, &w->htx, &w->lrx, false);
}

static void test_next_driver_of_endpoint(void **state)
{
	struct world *w = *state;

	world_host_up(w);
	world_local_up(w);
	watched.to = &w->hrx;
	watched.side = VEPF_ENDPOINT;
	watched.first = 10000;
	w->step = watch;
	check_next_session(w, VEPF_ENDPOINT, &w->ltx, &w->hrx, false);
}

/* Ports that nobody has open cost no read, however often the thread runs */
static void test_closed_ports_are_not_read(void **state)
{
	struct world *w = *state;
	u64 before;

	world_host_up(w);
	world_local_up(w);
	world_run(w, 10 * MSEC);
	before = w->f->stats.np_reads;
	world_kick(w);
	world_run(w, 10 * MSEC);
	assert_int_equal(w->f->stats.np_reads, before);

	/* A notification is for all queues: {flags, idx} of each once, as none has a buffer */
	legacy_notify(&w->driver, 3);
	world_run(w, 10 * MSEC);
	assert_in_range(w->f->stats.np_reads - before, 1, w->type.num_queues);

	/* What is sent there comes back all the same */
	assert_true(side_send(&w->htx, 100, 1));
	world_run(w, 10 * MSEC);
	side_reap(&w->htx);
	assert_int_equal(w->htx.in_flight, 0);
	assert_int_equal(w->from_host->fifo.dropped, 100);
}

/* The thread's time */

enum { SELECT, EMERGENCY, NOTIFY };

static struct {
	unsigned int what;
	ktime_t end;
	u64 every;
} hostile;

static int torment(void *data)
{
	struct legacy *l = data;
	u16 i;

	for (i = 0; fake_now < hostile.end; i++) {
		if (hostile.what == SELECT)
			legacy_w16(l, 14, i & 1);
		else if (hostile.what == EMERGENCY)
			legacy_w32(l, 20 + WRITTEN, 'x');
		else
			legacy_notify(l, i & 1);
		fake_sleep(hostile.every);
	}
	return 0;
}

static void tormented(struct world *w, unsigned int what, u64 ns, u64 every)
{
	w->driver.bar = fake_epf.epf.bar[BAR_0].addr;
	hostile.what = what;
	hostile.end = fake_now + ns;
	hostile.every = every;
	w->epc.no_log = true;
	/* A slow processor: there are fewer rounds to go through */
	fake_tick = 5 * USEC;
	fake_join(fake_host_task(torment, &w->driver, "hostile host"));
	fake_tick = 0;
}

/* So much at once, and then a fifth of the time */
static u64 allowed(u64 ns)
{
	return 4 * SECOND + ns / 5 + ns / 100;
}

static void check_time(struct world *w, unsigned int what, u64 ns, u64 every)
{
	const struct task_struct *task = w->f->poller.task;
	struct task_struct before = *task;

	tormented(w, what, ns, every);
	assert_in_range(task->rt_ns - before.rt_ns, 0, allowed(ns));
	assert_in_range(task->nice_ns - before.nice_ns, 0, allowed(ns));
}

static void check_times(struct world *w, unsigned int what)
{
	check_time(w, what, 20 * SECOND, 50 * USEC);
	check_time(w, what, 6 * SECOND, 5 * USEC);
}

static void test_time_without_driver(void **state)
{
	struct world *w = *state;

	check_times(w, SELECT);
	/* Who comes afterwards is served */
	world_idle(20 * SECOND);
	world_host_up(w);
}

static void test_time_of_setup(void **state)
{
	struct world *w = *state;

	w->driver.bar = fake_epf.epf.bar[BAR_0].addr;
	legacy_w8(&w->driver, 18, 3);
	check_times(w, SELECT);
	legacy_reset(&w->driver);
	world_idle(20 * SECOND);
	world_host_up(w);
}

/*
 * A driver that falls silent in the middle is waited for, once, whatever else there is to do:
 * the windows of the one before it are unmapped meanwhile
 */
static void test_time_of_silent_setup(void **state)
{
	struct world *w = *state;
	u64 before;

	world_host_up(w);
	world_host_down(w);
	before = w->f->poller.task->rt_ns;
	legacy_w8(&w->driver, 18, 3);
	world_idle(6 * SECOND);
	assert_in_range(w->f->poller.task->rt_ns - before, 0, 12 * SECOND / 10);
}

/* One that comes after it writes to STATUS what is there, and must be heard all the same */
static void test_setup_after_silence(void **state)
{
	struct world *w = *state;
	int enabled;

	for (enabled = 0; enabled < 2; enabled++) {
		world_host_up(w);
		world_host_down(w);
		legacy_w8(&w->driver, 18, 3);
		*w->driver.msix = enabled ? w->driver.vectors : 0;
		world_idle(3 * SECOND);
		/* Its host's kernel disables MSI-X as it finds the card, and maps BAR0 then */
		*w->driver.msix = 0;
		world_idle(MSEC);
		world_host_up(w);
		assert_int_equal(w->driver.attempts, 1);
		world_host_down(w);
	}
}

static void test_time_of_driver(void **state)
{
	struct world *w = *state;
	u64 before;

	world_host_up(w);
	before = w->f->poller.task->rt_ns;
	check_times(w, NOTIFY);
	/* None of it with a real-time priority */
	assert_int_equal(w->f->poller.task->rt_ns, before);
}

/* One that moves data for long has its successor set its queues up in peace */
static void test_setup_after_traffic(void **state)
{
	struct world *w = *state;

	world_host_up(w);
	tormented(w, NOTIFY, 10 * SECOND, 20 * USEC);
	world_host_down(w);
	world_host_up(w);
	assert_int_equal(w->driver.attempts, 1);
}

/* Emergency writes come from honest firmware, too */
static void written(void *priv, u32 val)
{
	(void)priv;
	(void)val;
}

static u8 config[12];

static void test_time_of_emergency_writes(void **state)
{
	struct world *w = *state;

	w->type.config_len = sizeof(config);
	w->type.config[VEPF_HOST] = config;
	w->type.config[VEPF_ENDPOINT] = config;
	w->type.written = WRITTEN;
	w->ops.written = written;
	world_bind(w);
	w->driver.bar = fake_epf.epf.bar[BAR_0].addr;
	check_time(w, EMERGENCY, 10 * SECOND, 50 * USEC);
}

/* Interrupts are never off for longer than a slice and a pass */
static void test_slices(void **state)
{
	struct world *w = *state;

	world_host_up(w);
	assert_in_range(fake_irqs_off_longest, 1, 250 * USEC);
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
	assert_string_equal(vepf_poller_state(&w->f->poller), "down");
	fake_epf_link(false);

	/* The controller is ready again */
	fake_epf.msix_result = 0;
	assert_int_equal(fake_epf_init(), 0);
	assert_string_equal(vepf_poller_state(&w->f->poller), "idle");
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
				assert_string_equal(vepf_poller_state(&w->f->poller), "down");
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
		vepf_pair_open(w->f, i, VEPF_HOST, true);
		vepf_pair_open(w->f, i, VEPF_ENDPOINT, true);
	}
	/* A type may close them when it hears of the end */
	closing = w->f;
	w->ops.driver = closes_all;
	world_run(w, 10 * MSEC);
	reads = w->f->stats.np_reads;
	world_host_down(w);
	assert_int_equal(w->f->stats.np_reads, reads);
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

#define TEST(fn)		cmocka_unit_test_setup_teardown(fn, setup, teardown)
#define TEST_UNBOUND(fn)	cmocka_unit_test_setup_teardown(fn, setup_unbound, teardown)
#define TEST_PORT(fn)		cmocka_unit_test_setup_teardown(fn, setup_port, teardown)
#define TEST_PORTS(fn)		cmocka_unit_test_setup_teardown(fn, setup_ports, teardown)

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
		TEST(test_time_without_driver),
		TEST(test_time_of_setup),
		TEST(test_time_of_silent_setup),
		TEST(test_setup_after_silence),
		TEST(test_time_of_driver),
		TEST(test_setup_after_traffic),
		TEST_UNBOUND(test_time_of_emergency_writes),
		TEST(test_slices),
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
