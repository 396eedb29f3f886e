// SPDX-License-Identifier: GPL-2.0
/*
 * pipe.c between a host and an endpoint's driver, in fake time
 */
#include <string.h>

#include <linux/minmax.h>
#include <linux/sizes.h>
#include <linux/virtio_ring.h>

#include "legacy-layout.h"
#include "world.h"

#define HISTORY		EPFV_HISTORY_SIZE
/* The promise to a driver that waits with interrupts off */
#define SENDER_MAX	(10 * MSEC)

static int setup_profile(void **state, const struct fake_profile *profile)
{
	*state = world_new(profile);
	return 0;
}

static int setup(void **state)
{
	return setup_profile(state, &fake_dwc);
}

static int setup_three(void **state)
{
	return setup_profile(state, &fake_three);
}

static int setup_cable(void **state)
{
	return setup_profile(state, &fake_cable);
}

static int setup_lossless(void **state)
{
	*state = world_new_lossless(&fake_dwc);
	return 0;
}

static void both_up(struct world *w)
{
	world_host_up(w);
	world_local_up(w);
}

static void expect_all(const struct side *from, const struct side *to)
{
	assert_int_equal(to->num_received, from->pos);
	assert_int_equal(side_gaps(to, from->pos), 0);
}

/* What the drivers of a test do */
static struct {
	u64 total;		/* each sender stops after so many bytes */
	unsigned int outstanding;	/* messages a sender has under way at most */
	u32 message;		/* of so many bytes, 0: any */
	u64 every;		/* a receiver offers a buffer so often, in nanoseconds */
	u32 buffer;		/* of so many bytes, 0: any */
	bool pauses;		/* but now and then nothing for long */
	ktime_t next_tx[2];
	ktime_t next_rx[2];
} play;

static void play_sender(struct side *s, ktime_t *next)
{
	side_reap(s);
	while (s->pos < play.total && s->in_flight < play.outstanding && fake_now >= *next) {
		u32 len = rnd() % 4 ? rnd_range(1, 80) : rnd_range(1, 5000);

		if (!side_send(s, play.message ? play.message : len, rnd_range(1, 4)))
			break;
		if (rnd() % 16 == 0)
			*next = fake_now + rnd_range(0, 500 * USEC);
	}
}

static void play_receiver(struct side *s, ktime_t *next)
{
	side_reap(s);
	while (fake_now >= *next) {
		if (!side_offer(s, play.buffer ? play.buffer : rnd_range(64, 5000),
				rnd_range(1, 4)))
			break;
		*next = fake_now + play.every;
		if (play.pauses && rnd() % 64 == 0)
			*next += rnd_range(0, 50 * MSEC);
		if (!play.every)
			break;
	}
}

/* All drivers may begin */
static void play_start(void)
{
	unsigned int i;

	for (i = 0; i < 2; i++) {
		play.next_tx[i] = fake_now;
		play.next_rx[i] = fake_now;
	}
}

static void play_from_host(struct world *w)
{
	play_sender(&w->htx, &play.next_tx[0]);
	play_receiver(&w->lrx, &play.next_rx[0]);
}

static void play_to_host(struct world *w)
{
	play_sender(&w->ltx, &play.next_tx[1]);
	play_receiver(&w->hrx, &play.next_rx[1]);
}

static void play_both(struct world *w)
{
	play_from_host(w);
	play_to_host(w);
}

/* Receivers that always have buffers: nothing is lost, senders hardly wait */
static void test_streams(void **state)
{
	struct world *w = *state;

	both_up(w);
	memset(&play, 0, sizeof(play));
	play.total = SZ_1M;
	play.outstanding = 8;
	play_start();
	w->step = play_both;
	world_run(w, 4000 * MSEC);
	expect_all(&w->htx, &w->lrx);
	expect_all(&w->ltx, &w->hrx);
	assert_int_equal(w->from_host->fifo.dropped, 0);
	assert_int_equal(w->to_host->fifo.dropped, 0);
	assert_in_range(w->htx.slowest, 1, SENDER_MAX);
	assert_in_range(w->ltx.slowest, 0, SENDER_MAX);
	assert_int_equal(w->host_tx->bytes, w->htx.pos);
	assert_int_equal(w->host_rx->bytes, w->hrx.num_received);
	assert_int_equal(w->host_tx->messages, w->htx.returned);
	assert_int_equal(w->host_rx->messages, w->hrx.returned);
	assert_int_equal(w->epc.lost, 0);
	assert_int_equal(fake_messages, 0);
}

/*
 * Receivers slower than senders, but at it: 4 KiB each 1.5 ms.  The history
 * fills, and senders are held back instead of bytes dropped.
 */
static void test_slow_receivers_lose_nothing(void **state)
{
	struct world *w = *state;

	both_up(w);
	memset(&play, 0, sizeof(play));
	play.total = SZ_1M;
	play.outstanding = 1;
	/* The history is no multiple of that */
	play.message = 3000;
	play.every = 1500 * USEC;
	play.buffer = 4096;
	play_start();
	w->step = play_both;
	world_run(w, 1000 * MSEC);
	assert_int_equal(w->from_host->fifo.dropped, 0);
	assert_int_equal(w->to_host->fifo.dropped, 0);
	expect_all(&w->htx, &w->lrx);
	expect_all(&w->ltx, &w->hrx);
	/* The host's buffers were held, but not for longer than promised */
	assert_in_range(w->htx.slowest, MSEC + 500 * USEC, SENDER_MAX);
	assert_in_range(w->ltx.slowest, 0, 100 * USEC);
}

/* Receivers that come and go: whatever they do, a sender has its buffer in time */
static void test_erratic_receivers(void **state)
{
	struct world *w = *state;
	u64 held;

	both_up(w);
	memset(&play, 0, sizeof(play));
	play.total = 2 * SZ_1M;
	play.outstanding = 1;
	play.every = MSEC;
	play.pauses = true;
	play_start();
	w->step = play_both;
	world_run(w, 3000 * MSEC);
	assert_true(w->htx.pos >= play.total && w->ltx.pos >= play.total);
	assert_in_range(w->htx.slowest, 1, SENDER_MAX);
	assert_in_range(w->ltx.slowest, 0, 100 * USEC);

	/* What was sent was received, dropped and counted, or is still held */
	held = epfv_fifo_len(&w->from_host->fifo);
	assert_int_equal(side_gaps(&w->lrx, w->htx.pos), w->from_host->fifo.dropped + held);
	held = epfv_fifo_len(&w->to_host->fifo) + w->to_host->chunk_len;
	assert_int_equal(side_gaps(&w->hrx, w->ltx.pos), w->to_host->fifo.dropped + held);
}

/* Sends one message after the other, as hvc does; returns how long the slowest took */
static u64 send_one_by_one(struct world *w, struct side *s, unsigned int n, u32 len)
{
	unsigned int i;

	s->slowest = 0;
	for (i = 0; i < n; i++) {
		ktime_t end = fake_now + 400 * MSEC;

		/* A driver that is throttled sleeps, and tries again */
		while (!side_send(s, len, 1)) {
			if (fake_now >= end)
				fail_msg("message %u cannot be sent", i);
			world_run(w, 20 * USEC);
		}
		end = fake_now + 100 * MSEC;
		for (;;) {
			side_reap(s);
			if (!s->in_flight)
				break;
			if (fake_now >= end)
				fail_msg("buffer %u did not come back", i);
			world_run(w, 20 * USEC);
		}
	}
	return s->slowest;
}

static void receive_all(struct world *w, struct side *s)
{
	unsigned int i;

	for (i = 0; i < 100; i++) {
		side_reap(s);
		side_offer(s, 4000, 2);
		world_run(w, 2 * MSEC);
	}
	side_reap(s);
}

/* Nobody reads on the endpoint: the newest 64 KiB wait, and the host does not */
static void test_from_host_nobody_reads(void **state)
{
	struct world *w = *state;
	u64 first, later;

	world_host_up(w);
	first = send_one_by_one(w, &w->htx, HISTORY / 1024, 1024);
	assert_in_range(first, 1, 2 * MSEC);
	assert_int_equal(w->from_host->fifo.dropped, 0);
	/* There is no driver: nobody waits to see whether it has stopped */
	later = send_one_by_one(w, &w->htx, 200, 1000);
	assert_in_range(later, 1, 2 * MSEC);
	assert_int_equal(w->from_host->fifo.dropped, 200 * 1000);

	world_local_up(w);
	receive_all(w, &w->lrx);
	assert_int_equal(w->lrx.num_received, HISTORY);
	assert_int_equal(side_gaps(&w->lrx, w->htx.pos), 200 * 1000);
}

/* The receiver stops just now: one message waits for it, those after it do not */
static void test_from_host_receiver_stops(void **state)
{
	struct world *w = *state;

	both_up(w);
	send_one_by_one(w, &w->htx, 100, 64);
	side_offer(&w->lrx, 4096, 1);
	world_run(w, MSEC);
	side_offer(&w->lrx, 64, 1);
	send_one_by_one(w, &w->htx, HISTORY / 4096 + 3, 4096);
	assert_in_range(w->htx.slowest, 0, SENDER_MAX);
	world_run(w, 10 * MSEC);
	assert_in_range(send_one_by_one(w, &w->htx, 50, 4096), 1, 2 * MSEC);
}

/* Slow is not stopped: the sender is slowed down, and nothing is lost */
static void test_from_host_slow_receiver(void **state)
{
	struct world *w = *state;
	unsigned int i;
	ktime_t begin;

	both_up(w);
	send_one_by_one(w, &w->htx, HISTORY / 4096, 4096);
	begin = fake_now;
	for (i = 0; i < 30; i++) {
		side_offer(&w->lrx, 64, 1);
		send_one_by_one(w, &w->htx, 1, 4096);
		assert_in_range(w->htx.slowest, 0, SENDER_MAX);
		side_reap(&w->lrx);
	}
	assert_in_range(fake_now - begin, 29 * EPFV_HOLD_NS, 31 * SENDER_MAX);
	assert_in_range(epfv_fifo_len(&w->from_host->fifo), HISTORY + 29 * 4000, U64_MAX);

	/* As soon as there is room the sender goes as fast as it can */
	receive_all(w, &w->lrx);
	assert_in_range(send_one_by_one(w, &w->htx, 1, 4096), 1, 2 * MSEC);
	receive_all(w, &w->lrx);
	expect_all(&w->htx, &w->lrx);
	assert_int_equal(w->from_host->fifo.dropped, 0);
}

/* However many buffers are held, the last of them is back in time, too */
static void test_from_host_hold_is_shared(void **state)
{
	struct world *w = *state;
	unsigned int i;

	both_up(w);
	send_one_by_one(w, &w->htx, HISTORY / 4096, 4096);
	for (i = 0; i < 20; i++)
		assert_true(side_send(&w->htx, 8192, 2));
	for (i = 0; i < 20; i++) {
		world_run(w, MSEC);
		side_offer(&w->lrx, 64, 1);
		side_reap(&w->htx);
	}
	assert_int_equal(w->htx.in_flight, 0);
	assert_in_range(w->htx.slowest, EPFV_HOLD_NS, SENDER_MAX);
	assert_int_equal(w->from_host->fifo.dropped, 0);
}

/* A receiver that takes nothing for that long finds the history only */
static void test_from_host_transit_is_bounded(void **state)
{
	struct world *w = *state;

	both_up(w);
	send_one_by_one(w, &w->htx, 4 * HISTORY / 4096, 4096);
	assert_int_equal(w->from_host->fifo.dropped, 0);
	world_run(w, EPFV_TRANSIT_NS + 2 * MSEC);
	assert_int_equal(w->from_host->fifo.dropped, 3 * HISTORY);
	assert_in_range(send_one_by_one(w, &w->htx, 10, 4096), 1, 2 * MSEC);
	assert_int_equal(epfv_fifo_len(&w->from_host->fifo), HISTORY);

	/* Until it takes some again */
	side_offer(&w->lrx, 64, 1);
	send_one_by_one(w, &w->htx, 3, 4096);
	assert_in_range(epfv_fifo_len(&w->from_host->fifo), HISTORY + 8192, HISTORY + 3 * 4096);
}

/* The endpoint's driver goes: what is left for the next one is the history */
static void test_from_host_transit_ends_with_driver(void **state)
{
	struct world *w = *state;

	both_up(w);
	send_one_by_one(w, &w->htx, 4 * HISTORY / 4096, 4096);
	world_host_down(w);
	assert_int_equal(epfv_fifo_len(&w->from_host->fifo), 4 * HISTORY);
	world_local_down(w);
	world_poll(w, false);
	assert_int_equal(epfv_fifo_len(&w->from_host->fifo), HISTORY);
	assert_int_equal(w->from_host->fifo.dropped, 3 * HISTORY);
}

/* One buffer in a third of a second, from a ring that is empty for most of it */
static void test_to_host_slow_receiver(void **state)
{
	struct world *w = *state;
	unsigned int i;

	both_up(w);
	for (i = 0; i < SZ_1M / 4096; i++) {
		assert_true(side_send(&w->ltx, 4096, 1));
		side_reap(&w->ltx);
	}
	for (i = 0; i < 20; i++) {
		side_offer(&w->hrx, 4096, 1);
		world_run(w, 300 * MSEC);
		side_reap(&w->hrx);
	}
	for (i = 0; i < 2 * SZ_1M / 4096; i++) {
		side_offer(&w->hrx, 4096, 1);
		world_run(w, 2 * MSEC);
		side_reap(&w->hrx);
	}
	expect_all(&w->ltx, &w->hrx);
	assert_int_equal(w->to_host->fifo.dropped, 0);
}

/* There is no host: messages are taken while the driver notifies, always */
static void test_to_host_no_host(void **state)
{
	struct world *w = *state;
	unsigned int i;

	world_local_up(w);
	for (i = 0; i < 150; i++) {
		assert_true(side_send(&w->ltx, 1000, 3));
		side_reap(&w->ltx);
		assert_int_equal(w->ltx.in_flight, 0);
	}
	assert_in_range(w->ltx.slowest, 0, 100 * USEC);
	assert_int_equal(w->to_host->fifo.dropped, 150 * 1000 - HISTORY);
	world_run(w, 100 * MSEC);

	world_host_up(w);
	receive_all(w, &w->hrx);
	assert_int_equal(w->hrx.num_received, HISTORY);
	assert_int_equal(side_gaps(&w->hrx, w->ltx.pos), 150 * 1000 - HISTORY);
}

/* There is a host, but it does not read: waited for once, then known to have stopped */
static void test_to_host_nobody_reads(void **state)
{
	struct world *w = *state;
	u64 slowest;

	both_up(w);
	assert_int_equal(send_one_by_one(w, &w->ltx, HISTORY / 1024, 1024), 0);
	slowest = send_one_by_one(w, &w->ltx, 10, 1024);
	assert_in_range(slowest, 0, SENDER_MAX);
	world_run(w, EPFV_TRANSIT_NS + 2 * MSEC);
	assert_int_equal(send_one_by_one(w, &w->ltx, 200, 1000), 0);
	receive_all(w, &w->hrx);
	/* The poller's thread has 4 KiB in its hand that cannot be dropped */
	assert_in_range(w->hrx.num_received, HISTORY, HISTORY + EPFV_PIPE_CHUNK);
	assert_int_equal(side_gaps(&w->hrx, w->ltx.pos), w->to_host->fifo.dropped);
}

/* What a host has not taken yet is kept while it takes some */
static void test_transit(void **state)
{
	struct world *w = *state;
	unsigned int i;

	both_up(w);
	for (i = 0; i < SZ_1M / 4096; i++) {
		assert_true(side_send(&w->ltx, 4096, 1));
		side_reap(&w->ltx);
		assert_int_equal(w->ltx.in_flight, 0);
	}
	assert_int_equal(w->ltx.slowest, 0);
	assert_true(w->f->poller.kicked);
	/* A thread that comes late must not take the host for one that stopped */
	fake_now += 1000 * MSEC;
	for (i = 0; i < 2 * SZ_1M / 4096 && w->hrx.num_received < SZ_1M; i++) {
		side_offer(&w->hrx, 4096, 1);
		world_run(w, 2 * MSEC);
		side_reap(&w->hrx);
	}
	assert_int_equal(w->to_host->fifo.dropped, 0);
	assert_int_equal(w->hrx.num_received, SZ_1M);
}

/* Fills what can be in transit, with a host that takes nothing */
static void fill_transit(struct world *w, u32 len)
{
	both_up(w);
	world_poll(w, true);
	for (; len; len -= 4096) {
		assert_true(side_send(&w->ltx, 4096, 1));
		side_reap(&w->ltx);
	}
}

/* A host that takes nothing for that long finds the history only */
static void test_transit_is_bounded(void **state)
{
	struct world *w = *state;

	fill_transit(w, 4 * HISTORY);
	assert_int_equal(world_poll(w, false), EPFV_TRANSIT_NS);
	fake_now += EPFV_TRANSIT_NS - 1;
	assert_int_equal(world_poll(w, false), 1);
	assert_int_equal(w->to_host->fifo.dropped, 0);
	fake_now += 1;
	assert_true(world_poll(w, false) == U64_MAX);
	/* The poller's thread has 4 KiB in its hand */
	assert_int_equal(w->to_host->fifo.dropped, 3 * HISTORY - EPFV_PIPE_CHUNK);
	assert_int_equal(epfv_fifo_len(&w->to_host->fifo), HISTORY);
	assert_true(side_send(&w->ltx, 1000, 1));
	assert_int_equal(epfv_fifo_len(&w->to_host->fifo), HISTORY);

	/* Until it takes some again */
	side_offer(&w->hrx, 4096, 1);
	world_run(w, 2 * MSEC);
	assert_true(side_send(&w->ltx, 4096, 1));
	assert_true(side_send(&w->ltx, 4096, 1));
	assert_true(epfv_fifo_len(&w->to_host->fifo) > HISTORY);
}

/* A host that took a little while it was waited for, and then no more */
static void test_transit_is_bounded_again(void **state)
{
	struct world *w = *state;

	fill_transit(w, 4 * HISTORY);
	world_run(w, 2 * MSEC);
	side_offer(&w->hrx, 64, 1);
	world_run(w, EPFV_TRANSIT_NS);
	assert_int_equal(w->to_host->fifo.dropped, 0);
	world_run(w, EPFV_TRANSIT_NS);
	assert_int_equal(epfv_fifo_len(&w->to_host->fifo), HISTORY);
}

/* The host goes: what is left for the next one is the history */
static void test_transit_ends_with_host(void **state)
{
	struct world *w = *state;

	fill_transit(w, 4 * HISTORY);
	world_host_down(w);
	assert_int_equal(epfv_fifo_len(&w->to_host->fifo), HISTORY);
	world_host_up(w);
	assert_true(side_send(&w->ltx, 4096, 1));
	assert_int_equal(epfv_fifo_len(&w->to_host->fifo), HISTORY + 4096);
}

/* A driver that comes soon after the one before finds its rings mapped, if they are there */
static void test_rings_of_the_next_driver(void **state)
{
	struct world *w = *state;
	struct epfv_queue_setup rx, tx, longer;
	unsigned long maps, unmaps;

	world_host_up(w);
	rx = legacy_queue(w->hrx.d.base, QUEUE_SIZE, 1);
	tx = legacy_queue(w->htx.d.base + SZ_64K, QUEUE_SIZE, 2);
	longer = legacy_queue(w->hrx.d.base, 4 * QUEUE_SIZE, 1);
	maps = w->epc.maps;
	unmaps = world_stats(w).unmaps;
	epfv_hostq_stop(w->host_rx);
	epfv_hostq_stop(w->host_tx);
	assert_false(w->host_rx->live || w->host_tx->live);
	assert_int_equal(world_stats(w).unmaps, unmaps);

	/* One where it was, the other one elsewhere */
	assert_true(epfv_hostq_keep(w->host_rx, &rx));
	assert_false(epfv_hostq_keep(w->host_tx, &tx));
	assert_int_equal(world_stats(w).unmaps, unmaps + 1);
	assert_int_equal(epfv_hostq_start(w->host_rx, &rx), 0);
	assert_int_equal(w->epc.maps, maps);
	assert_int_equal(epfv_hostq_start(w->host_tx, &tx), 0);
	assert_int_equal(w->epc.maps, maps + 1);
	assert_int_equal(w->host_tx->region[0].addr, tx.desc);

	/* Longer than it was, and not there any more */
	epfv_hostq_stop(w->host_rx);
	epfv_hostq_stop(w->host_tx);
	assert_false(epfv_hostq_keep(w->host_rx, &longer));
	assert_false(epfv_hostq_keep(w->host_tx, NULL));
	assert_false(epfv_hostq_release(w->host_tx));
	assert_int_equal(w->epc.num_maps, 0);
}

/* A ring whose parts are not together, as no legacy driver has it; in any order */
static void test_ring_in_three_places(void **state)
{
	const struct vring_desc desc = { .addr = 0x5000000, .len = 100 };
	const struct epfv_queue_setup setup = {
		.desc = 0x730000000, .avail = 0x540000100, .used = 0x540100000,
		.size = QUEUE_SIZE, .vector = 2,
	};
	struct epfv_queue_setup other = setup;
	struct world *w = *state;
	struct epfv_request req;
	u16 one = 1, zero = 0, idx;
	unsigned long maps;

	world_host_up(w);
	epfv_hostq_stop(w->host_tx);
	assert_false(epfv_hostq_keep(w->host_tx, &setup));
	host_write(&w->host, setup.desc, &desc, sizeof(desc));
	host_write(&w->host, setup.avail, &zero, 2);
	host_write(&w->host, setup.avail + 2, &one, 2);
	host_write(&w->host, setup.avail + 4, &zero, 2);
	maps = w->epc.maps;
	assert_int_equal(epfv_hostq_start(w->host_tx, &setup), 0);
	assert_int_equal(w->host_tx->num_regions, 3);
	assert_int_equal(w->epc.maps, maps + 3);
	assert_int_equal(epfv_hostq_take(w->host_tx, &req), 1);
	assert_int_equal(req.readable, 100);
	epfv_hostq_complete(w->host_tx, &req, 0, 100);
	assert_int_equal(epfv_hostq_publish(w->host_tx), 0);
	fake_epc_settle(&w->epc);
	host_read(&w->host, setup.used + 2, &idx, 2);
	assert_int_equal(idx, 1);

	/* The next driver has the same, and the one after it not all of it */
	epfv_hostq_stop(w->host_tx);
	assert_true(epfv_hostq_keep(w->host_tx, &setup));
	other.used += SZ_64K;
	assert_false(epfv_hostq_keep(w->host_tx, &other));
	assert_int_equal(w->host_tx->num_regions, 0);
	/* Where no ring can be there is none */
	other.desc++;
	assert_int_equal(epfv_hostq_start(w->host_tx, &other), -EINVAL);
	assert_int_equal(w->host_tx->num_regions, 0);
}

/* A driver that has just started gets nothing until it was quiet for a while */
static void test_settle(void **state)
{
	struct world *w = *state;

	both_up(w);
	epfv_settle_begin(&w->to_host->settle);
	epfv_settle_begin(&w->local_rx->settle);
	assert_true(side_send(&w->ltx, 100, 1));
	assert_true(side_send(&w->htx, 100, 1));
	side_offer(&w->lrx, 4096, 1);
	side_offer(&w->hrx, 4096, 1);

	/* It notifies, so the time begins again */
	fake_now += EPFV_SETTLE_QUIET_NS / 2;
	epfv_settle_disturb(&w->local_rx->settle);
	assert_in_range(world_poll(w, true), 1, EPFV_SETTLE_QUIET_NS);
	fake_now += EPFV_SETTLE_QUIET_NS - MSEC;
	world_poll(w, false);
	side_reap(&w->lrx);
	side_reap(&w->hrx);
	assert_int_equal(w->lrx.num_received, 0);
	assert_int_equal(w->hrx.num_received, 0);

	fake_now += MSEC;
	world_poll(w, false);
	side_reap(&w->lrx);
	side_reap(&w->hrx);
	assert_int_equal(w->lrx.num_received, 100);
	assert_int_equal(w->hrx.num_received, 100);
}

/* One that never is quiet gets it after a second all the same */
static void test_settle_is_bounded(void **state)
{
	struct world *w = *state;
	ktime_t end;

	both_up(w);
	epfv_settle_begin(&w->to_host->settle);
	end = fake_now + EPFV_SETTLE_MOST_NS;
	assert_true(side_send(&w->ltx, 100, 1));
	side_offer(&w->hrx, 4096, 1);
	for (; fake_now < end; fake_now += 10 * MSEC) {
		world_poll(w, true);
		side_reap(&w->hrx);
		assert_int_equal(w->hrx.num_received, 0);
	}
	world_poll(w, true);
	side_reap(&w->hrx);
	assert_int_equal(w->hrx.num_received, 100);
}

/* Receivers that were given up take bytes again: from then on, nothing is lost */
static void test_receivers_come_back(void **state)
{
	struct world *w = *state;
	u64 dropped[2];

	both_up(w);
	send_one_by_one(w, &w->htx, HISTORY / 1024 + 50, 1024);
	send_one_by_one(w, &w->ltx, HISTORY / 1024 + 50, 1024);
	world_run(w, EPFV_TRANSIT_NS + 2 * MSEC);
	assert_true(w->from_host->fifo.dropped > 0);
	assert_true(w->to_host->fifo.dropped > 0);
	side_offer(&w->lrx, 4096, 1);
	side_offer(&w->hrx, 4096, 1);
	world_run(w, 3 * MSEC);
	dropped[0] = w->from_host->fifo.dropped;
	dropped[1] = w->to_host->fifo.dropped;

	memset(&play, 0, sizeof(play));
	play.total = 8 * HISTORY;
	play.outstanding = 1;
	play.message = 4096;
	play.every = 1500 * USEC;
	play.buffer = 4096;
	play_start();
	w->step = play_both;
	world_run(w, 1000 * MSEC);
	assert_int_equal(w->from_host->fifo.dropped, dropped[0]);
	assert_int_equal(w->to_host->fifo.dropped, dropped[1]);
	assert_int_equal(side_gaps(&w->lrx, w->htx.pos), dropped[0]);
	assert_int_equal(side_gaps(&w->hrx, w->ltx.pos), dropped[1]);
}

static void reset(void *ctx)
{
	legacy_reset(ctx);
}

/* The host resets the device in front of the function's next access but so many */
static void reset_after(struct world *w, unsigned long n)
{
	w->epc.act_after = n;
	w->epc.act = reset;
	w->epc.act_ctx = &w->driver;
}

/*
 * The host resets the device at any moment of a transfer.  What had not been
 * written to its memory yet comes when there is a host again, in order.
 */
static void test_to_host_reset(void **state)
{
	struct world *w = *state;
	unsigned int n, reset = 0;

	world_local_up(w);
	for (n = 0; n < 40; n++) {
		u64 left, before, lost;
		unsigned int i;

		world_host_up(w);
		for (i = 0; i < 30; i++)
			assert_true(side_offer(&w->hrx, 3000, 2));
		for (i = 0; i < 40; i++) {
			assert_true(side_send(&w->ltx, 1000, 2));
			side_reap(&w->ltx);
		}
		before = w->hrx.num_received;
		reset_after(w, 1 + 83 * n);
		world_poll(w, true);
		reset += !w->driver.up;
		side_reap(&w->hrx);
		left = epfv_fifo_len(&w->to_host->fifo) + w->to_host->chunk_len;
		lost = 40000 - left - (w->hrx.num_received - before);
		assert_in_range(lost, 0, ROUND_MAX);
		/* Rings are read first: nothing was written, nothing is lost */
		if (!n)
			assert_int_equal(left, 40000);

		world_host_down(w);
		world_run(w, 5 * MSEC);
		before = w->hrx.num_received;
		world_host_up(w);
		receive_all(w, &w->hrx);
		assert_int_equal(w->hrx.num_received - before, left);
		assert_int_equal(epfv_fifo_len(&w->to_host->fifo), 0);
		/* That the last of the stream came, in order */
		side_gaps(&w->hrx, w->ltx.pos);
		world_host_down(w);
	}
	/* After that many accesses the round was over before the reset */
	assert_in_range(reset, 12, 39);
	assert_int_equal(w->to_host->fifo.dropped, 0);
	assert_int_equal(fake_messages, 0);
}

static void test_from_host_reset(void **state)
{
	struct world *w = *state;
	unsigned int n;
	u64 taken = 0;

	for (n = 0; n < 60; n++) {
		u64 from;

		world_host_up(w);
		assert_true(side_send(&w->htx, 900, 3));
		assert_true(side_send(&w->htx, 20000, 5));
		reset_after(w, 1 + 61 * n);
		from = w->from_host->fifo.in;
		world_poll(w, true);
		assert_in_range(w->from_host->fifo.in - from, 0, 20900);
		taken += w->from_host->fifo.in - from;
		world_host_down(w);

		/* All that had been taken is there, whoever the host is now */
		world_local_up(w);
		receive_all(w, &w->lrx);
		assert_int_equal(w->lrx.num_received, taken);
		side_gaps(&w->lrx, w->htx.pos);
		world_local_down(w);
	}
	assert_int_equal(w->from_host->fifo.dropped, 0);
	assert_true(taken > 100000);
}

/* A new host is not made to pay for what the one before waited */
static void test_hold_ends_with_reset(void **state)
{
	struct world *w = *state;
	unsigned int i;

	both_up(w);
	for (i = 0; i < HISTORY / 4096; i++)
		assert_true(side_send(&w->htx, 4096, 1));
	world_run(w, 3 * MSEC);
	assert_true(side_send(&w->htx, 4096, 1));
	world_run(w, 2 * MSEC);
	side_reap(&w->htx);
	assert_int_equal(w->htx.in_flight, 1);
	world_host_down(w);
	world_run(w, 50 * MSEC);
	assert_int_equal(w->from_host->fifo.dropped, 0);

	world_host_up(w);
	assert_true(side_send(&w->htx, 4096, 1));
	world_run(w, 2 * MSEC);
	for (i = 0; i < 30; i++) {
		side_offer(&w->lrx, 4096, 1);
		side_reap(&w->lrx);
		world_run(w, 2 * MSEC);
	}
	side_reap(&w->lrx);
	side_reap(&w->htx);
	assert_int_equal(w->htx.in_flight, 0);
	assert_int_equal(w->from_host->fifo.dropped, 0);
	/* The first host's buffer is no business of the second one's ring */
	assert_int_equal(w->host_tx->messages, w->htx.returned);
	/* All but the message that the first host never saw returned */
	assert_int_equal(side_gaps(&w->lrx, w->htx.pos), 4096);
}

/* The host's drivers are gone; the endpoint's still waits for its buffer */
static void play_no_host(struct world *w)
{
	side_reap(&w->ltx);
}

/* Hosts and drivers come and go at any moment, receivers sleep */
static void test_everything_at_once(void **state)
{
	struct world *w = *state;
	unsigned int i, resets = 0;
	u64 gaps, held;

	both_up(w);
	memset(&play, 0, sizeof(play));
	play.total = ~0ULL;
	play.outstanding = 1;
	play.every = MSEC;
	play.pauses = true;
	play_start();
	w->step = play_both;
	for (i = 0; i < 60; i++) {
		world_run(w, rnd_range(0, 60 * MSEC));
		if (rnd() & 1) {
			reset_after(w, rnd_range(1, 4000));
			world_run(w, rnd_range(0, 20 * MSEC));
		}
		w->step = play_no_host;
		world_host_down(w);
		fake_epc_clear_log(&w->epc);
		resets++;
		world_run(w, rnd_range(0, 20 * MSEC));
		world_host_up(w);
		w->step = play_both;
	}
	world_run(w, 100 * MSEC);
	assert_in_range(w->ltx.slowest, 0, SENDER_MAX);
	assert_true(w->hrx.num_received > 100000 && w->lrx.num_received > 100000);

	/* Beyond what was counted, a reset costs what was in the host's buffers by then */
	held = epfv_fifo_len(&w->to_host->fifo) + w->to_host->chunk_len;
	gaps = side_gaps(&w->hrx, w->ltx.pos) - held;
	assert_in_range(gaps, w->to_host->fifo.dropped,
			w->to_host->fifo.dropped + resets * ROUND_MAX);
	held = epfv_fifo_len(&w->from_host->fifo);
	gaps = side_gaps(&w->lrx, w->htx.pos) - held;
	assert_in_range(gaps, w->from_host->fifo.dropped,
			w->from_host->fifo.dropped + resets * 5000);
}

/* Buffers that a proper driver does not make */

static u64 host_addr(const struct side *s)
{
	return s->slots + 60 * SLOT_SIZE;
}

static void test_wrong_direction(void **state)
{
	struct world *w = *state;
	struct epfv_seg seg = { host_addr(&w->htx), 100, true };

	both_up(w);
	seg.addr = host_addr(&w->htx);
	assert_true(side_add_raw(&w->htx, &seg, 1) >= 0);
	assert_true(side_send(&w->htx, 10, 1));
	seg.addr = host_addr(&w->hrx);
	seg.writable = false;
	assert_true(side_add_raw(&w->hrx, &seg, 1) >= 0);
	side_offer(&w->hrx, 100, 1);
	side_offer(&w->lrx, 100, 1);
	assert_true(side_send(&w->ltx, 10, 1));
	world_run(w, 5 * MSEC);
	side_reap(&w->htx);
	side_reap(&w->hrx);
	side_reap(&w->lrx);
	assert_int_equal(w->htx.returned, 2);
	assert_int_equal(w->hrx.returned, 2);
	expect_all(&w->htx, &w->lrx);
	expect_all(&w->ltx, &w->hrx);
}

/* Each way to break a ring: it stops, says so once, and all else goes on */
static void test_broken_ring(void **state)
{
	struct world *w = *state;
	unsigned int i;

	for (i = 0; i < 3; i++) {
		struct epfv_seg bad = { 0x1000, 0, false };
		bool tx = i != 1;
		u64 errors;

		both_up(w);
		fake_messages = 0;
		errors = world_stats(w).host_errors;
		bad.writable = !tx;
		if (i == 2) {
			bad.addr = U64_MAX;
			bad.len = 2;
		}
		assert_true(side_add_raw(tx ? &w->htx : &w->hrx, &bad, 1) >= 0);
		/* Without it nobody would look for a buffer to write to */
		assert_true(side_send(&w->ltx, 10, 1));
		side_reap(&w->ltx);
		world_run(w, 50 * MSEC);
		assert_int_equal(fake_messages, 1);
		assert_int_equal(world_stats(w).host_errors, errors + 1);
		assert_non_null(strstr(fake_message, tx ? "transmitq" : "receiveq"));
		assert_false(tx ? w->host_tx->live : w->host_rx->live);
		assert_int_equal(send_one_by_one(w, &w->ltx, 20, 100), 0);
		if (tx)
			receive_all(w, &w->hrx);
		else
			send_one_by_one(w, &w->htx, 20, 100);
		assert_in_range(send_one_by_one(w, &w->ltx, 100, 4000), 0, SENDER_MAX);
		assert_int_equal(fake_messages, 1);

		world_host_down(w);
		world_host_up(w);
		receive_all(w, &w->hrx);
		send_one_by_one(w, &w->htx, 20, 100);
		assert_int_equal(epfv_fifo_len(&w->to_host->fifo), 0);
		world_host_down(w);
		world_local_down(w);
	}
}

/* 4 GiB in one descriptor */
static void test_huge_buffers(void **state)
{
	struct world *w = *state;
	struct epfv_seg seg = { .len = 0xffffffff };
	unsigned int i;
	u64 again, took;

	both_up(w);
	seg.addr = host_addr(&w->hrx);
	seg.writable = true;
	side_add_raw(&w->hrx, &seg, 1);
	assert_true(side_send(&w->ltx, 100, 1));
	world_run(w, 3 * MSEC);
	side_reap(&w->hrx);
	assert_int_equal(w->hrx.returned, 1);
	expect_all(&w->ltx, &w->hrx);

	/* world_poll() checks that each call moves a bounded number of bytes */
	seg.addr = host_addr(&w->htx);
	seg.writable = false;
	side_add_raw(&w->htx, &seg, 1);
	for (i = 0; i < 300; i++) {
		side_offer(&w->lrx, 30000, 1);
		again = world_poll(w, true);
		fake_now += 10 * USEC;
		assert_int_equal(again, 0);
		side_reap(&w->lrx);
	}
	took = w->lrx.num_received;
	assert_true(took > 100 * 16384);
	assert_int_equal(w->from_host->fifo.dropped, 0);

	/* The other direction is not starved by it */
	side_offer(&w->hrx, 100, 1);
	assert_true(side_send(&w->ltx, 100, 1));
	world_run(w, 3 * MSEC);
	side_reap(&w->hrx);
	assert_int_equal(w->hrx.returned, 2);
	assert_int_equal(fake_messages, 0);
}

/* The host answers nothing, and no controller tells of it: it is asked ever less often */
static void test_silent_host(void **state)
{
	struct world *w = *state;
	struct driver *drivers[] = { &w->htx.d, &w->hrx.d };
	u32 flags_and_idx[ARRAY_SIZE(drivers)], silence = ~0;
	unsigned int i;
	u64 before;

	both_up(w);
	assert_true(side_offer(&w->hrx, 3000, 1));
	assert_true(side_offer(&w->lrx, 3000, 1));
	world_run(w, 3 * MSEC);
	assert_true(side_send(&w->htx, 100, 1));
	assert_true(side_send(&w->ltx, 100, 1));
	for (i = 0; i < ARRAY_SIZE(drivers); i++) {
		struct driver *d = drivers[i];

		d->mem->load(d->ctx, d->base + d->avail, &flags_and_idx[i], sizeof(u32));
		d->mem->store(d->ctx, d->base + d->avail, &silence, sizeof(u32));
	}
	before = world_stats(w).np_reads;
	world_run(w, 1000 * MSEC);
	assert_in_range(world_stats(w).np_reads - before, 20, 200);
	assert_int_equal(w->hrx.num_received + w->lrx.num_received, 0);

	for (i = 0; i < ARRAY_SIZE(drivers); i++) {
		struct driver *d = drivers[i];

		d->mem->store(d->ctx, d->base + d->avail, &flags_and_idx[i], sizeof(u32));
	}
	world_run(w, 25 * MSEC);
	side_reap(&w->hrx);
	side_reap(&w->lrx);
	expect_all(&w->ltx, &w->hrx);
	expect_all(&w->htx, &w->lrx);

	/* Once it has answered, the first pause is short again */
	before = world_stats(w).np_reads;
	assert_true(side_send(&w->htx, 100, 1));
	drivers[0]->mem->store(drivers[0]->ctx, drivers[0]->base + drivers[0]->avail, &silence,
			       sizeof(u32));
	world_run(w, 5 * MSEC);
	assert_in_range(world_stats(w).np_reads - before, 3, 8);
	assert_int_equal(fake_messages, 0);
}

/* A host with an IOMMU that translates: its driver is ready, and its memory never answers */
static void silent_from_the_start(struct world *w)
{
	w->silent = true;
	world_host_up(w);
	w->silent = false;
	world_run(w, 500 * MSEC);
}

/* It is said once, and again only if it has answered in between */
static void test_host_that_never_answers(void **state)
{
	struct world *w = *state;
	unsigned int round;

	world_local_up(w);
	for (round = 0; round < 3; round++) {
		silent_from_the_start(w);
		assert_int_equal(fake_messages, 1);
		world_host_down(w);
		world_run(w, MSEC);
	}
	assert_non_null(strstr(fake_message, "IOMMU"));
	assert_non_null(strstr(fake_message, "iommu_group/type"));

	/* The remedy: another driver comes, which can be reached */
	world_host_up(w);
	assert_true(side_offer(&w->hrx, 3000, 1));
	assert_true(side_send(&w->ltx, 100, 1));
	world_run(w, 300 * MSEC);
	side_reap(&w->hrx);
	expect_all(&w->ltx, &w->hrx);
	world_host_down(w);
	world_run(w, MSEC);
	assert_int_equal(fake_messages, 1);

	silent_from_the_start(w);
	assert_int_equal(fake_messages, 2);
	/* Without another driver: so it was something else */
	world_host_answers(w);
	assert_true(side_send(&w->htx, 100, 1));
	world_run(w, 300 * MSEC);
	side_reap(&w->htx);
	assert_int_equal(w->htx.returned, 1);
	assert_int_equal(fake_messages, 2);
}

/* Addresses that the controller cannot reach: the buffer goes back, no byte is lost */
static void test_unreachable_buffers(void **state)
{
	struct world *w = *state;
	struct epfv_seg segs[3] = {
		{ .len = 50 },
		{ .addr = 1ULL << 40, .len = 1000 },
		{ .len = 50 },
	};
	u8 known[50];

	both_up(w);
	side_offer(&w->lrx, 4000, 1);
	side_offer(&w->lrx, 4000, 1);

	side_add_raw(&w->htx, &segs[1], 1);
	assert_true(side_send(&w->htx, 77, 1));
	world_run(w, 20 * MSEC);
	side_reap(&w->htx);
	side_reap(&w->lrx);
	assert_int_equal(w->htx.returned, 2);
	assert_int_equal(world_stats(w).host_errors, 1);
	assert_non_null(strstr(fake_message, "0x10000000000"));
	expect_all(&w->htx, &w->lrx);

	/* Of a buffer in pieces, what lies before the bad one */
	segs[0].addr = host_addr(&w->htx);
	segs[2].addr = host_addr(&w->htx) + 1000;
	host_read(&w->host, segs[0].addr, known, 50);
	side_add_raw(&w->htx, segs, 3);
	world_run(w, 20 * MSEC);
	side_reap(&w->htx);
	side_reap(&w->lrx);
	assert_int_equal(w->htx.returned, 3);
	assert_int_equal(w->lrx.num_received, 77 + 50);
	assert_memory_equal(w->lrx.received + 77, known, 50);

	segs[0].addr = host_addr(&w->hrx);
	segs[2].addr = host_addr(&w->hrx) + 1000;
	segs[0].writable = true;
	segs[1].writable = true;
	segs[2].writable = true;
	side_add_raw(&w->hrx, &segs[1], 1);
	side_add_raw(&w->hrx, segs, 3);
	side_offer(&w->hrx, 4000, 2);
	assert_true(side_send(&w->ltx, 500, 2));
	world_run(w, 3 * EPFV_TRANSIT_NS);
	side_reap(&w->hrx);
	assert_int_equal(w->hrx.returned, 3);
	expect_all(&w->ltx, &w->hrx);
	/* The one that had taken bytes before is not waited for */
	assert_int_equal(world_stats(w).host_errors, 3);
}

/* Both drivers are there, and windows were enough; now there is none any more */
static void both_up_without_windows(struct world *w)
{
	both_up(w);
	assert_true(side_send(&w->htx, 1, 1));
	world_run(w, MSEC);
	side_reap(&w->htx);
	assert_int_equal(w->htx.returned, 1);
	epfv_hostmem_flush(&w->f->lane);
	w->epc.reserved = w->epc.profile->max_maps - w->epc.num_maps;
}

/* Translations run out for a moment, while either side sends: nothing is lost */
static void test_no_window_for_a_moment(void **state)
{
	struct world *w = *state;

	both_up_without_windows(w);
	side_offer(&w->hrx, 4000, 1);
	side_offer(&w->lrx, 4000, 1);
	side_offer(&w->lrx, 4000, 1);
	assert_true(side_send(&w->htx, 1000, 1));
	assert_true(side_send(&w->ltx, 1000, 1));
	world_run(w, 5 * MSEC);
	side_reap(&w->htx);
	side_reap(&w->hrx);
	assert_int_equal(w->htx.returned + w->hrx.returned, 1);
	assert_int_equal(world_stats(w).host_errors, 0);

	w->epc.reserved = 0;
	world_run(w, 60 * MSEC);
	side_reap(&w->htx);
	side_reap(&w->hrx);
	side_reap(&w->lrx);
	expect_all(&w->htx, &w->lrx);
	expect_all(&w->ltx, &w->hrx);
	assert_int_equal(world_stats(w).host_errors, 0);
}

/* For longer: a sender is not held for that, and a receiver gets no empty buffers */
static void test_no_window(void **state)
{
	struct world *w = *state;
	unsigned int i;

	both_up_without_windows(w);
	for (i = 0; i < 32; i++)
		side_offer(&w->hrx, 4000, 1);
	for (i = 0; i < 10; i++) {
		side_send(&w->htx, 100, 1);
		world_run(w, SENDER_MAX - MSEC);
		side_reap(&w->htx);
		assert_int_equal(w->htx.returned, i + 2);
	}
	assert_in_range(w->htx.slowest, EPFV_HOLD_NS, SENDER_MAX);
	assert_int_equal(world_stats(w).host_errors, 10);

	assert_true(side_send(&w->ltx, 1000, 1));
	world_run(w, 10 * SENDER_MAX);
	side_reap(&w->hrx);
	assert_int_equal(w->hrx.returned, 0);
	w->epc.reserved = 0;
	world_run(w, 60 * MSEC);
	side_reap(&w->hrx);
	expect_all(&w->ltx, &w->hrx);
}

/* Cost of a batch */

static unsigned int used_idx_writes(const struct world *w, const struct side *s)
{
	unsigned int i, n = 0;

	for (i = 0; i < w->epc.num_log; i++) {
		const struct fake_access *a = &w->epc.log[i];

		n += a->write && a->addr == s->d.base + s->d.used + 2;
	}
	return n;
}

static void test_one_publish_per_batch(void **state)
{
	struct world *w = *state;
	unsigned int i;

	both_up(w);
	for (i = 0; i < 40; i++) {
		assert_true(side_send(&w->htx, 16, 1));
		assert_true(side_offer(&w->hrx, 16, 1));
		assert_true(side_offer(&w->lrx, 1000, 1));
		assert_true(side_send(&w->ltx, 16, 1));
	}
	fake_epc_clear_log(&w->epc);
	world_poll(w, true);
	side_reap(&w->htx);
	side_reap(&w->hrx);
	assert_int_equal(w->htx.returned, 40);
	assert_int_equal(w->hrx.returned, 40);
	assert_int_equal(used_idx_writes(w, &w->htx), 1);
	assert_int_equal(used_idx_writes(w, &w->hrx), 1);
	assert_int_equal(w->epc.sent[1], 1);
	assert_int_equal(w->epc.sent[2], 1);

	/* No news, no traffic */
	fake_epc_clear_log(&w->epc);
	assert_true(world_poll(w, false) == U64_MAX);
	assert_int_equal(w->epc.num_log, 0);

	/* No interrupt for who wants none */
	driver_want_interrupt(&w->htx.d, false);
	assert_true(side_send(&w->htx, 16, 1));
	world_poll(w, true);
	side_reap(&w->htx);
	assert_int_equal(w->htx.returned, 41);
	assert_int_equal(w->epc.sent[2], 1);
}

/* More than a round's worth is ready: it is moved in rounds, and asked for again */
static void test_bounded_rounds(void **state)
{
	struct world *w = *state;
	unsigned int i, rounds = 0;

	both_up(w);
	/* A stream does not wait for buffers to be full, so it takes more of them */
	for (i = 0; i < 60; i++)
		assert_true(side_offer(&w->lrx, 8192, 1));
	for (i = 0; i < 15; i++)
		assert_true(side_send(&w->htx, 8000, 3));
	for (i = 0; i < 15; i++)
		assert_true(side_send(&w->ltx, 4000, 3));
	for (i = 0; i < 16; i++)
		assert_true(side_offer(&w->hrx, 4096, 1));
	while (!world_poll(w, !rounds))
		assert_in_range(++rounds, 1, 20);
	assert_in_range(rounds, 15 * 8000 / ROUND_MAX, 15 * 8000 / 16384 + 1);
	side_reap(&w->htx);
	side_reap(&w->lrx);
	side_reap(&w->hrx);
	assert_int_equal(w->htx.returned, 15);
	expect_all(&w->htx, &w->lrx);
	expect_all(&w->ltx, &w->hrx);
}

/* A masked vector is asked for again, and the data does not wait for it */
static void test_masked_interrupt(void **state)
{
	struct world *w = *state;

	both_up(w);
	side_offer(&w->lrx, 100, 1);
	w->epc.raise_result[2] = -EPERM;
	assert_true(side_send(&w->htx, 100, 1));
	world_run(w, 30 * MSEC);
	side_reap(&w->lrx);
	expect_all(&w->htx, &w->lrx);
	assert_int_equal(w->epc.sent[2], 0);
	w->epc.raise_result[2] = 0;
	world_run(w, 30 * MSEC);
	assert_int_equal(w->epc.sent[2], 1);
}

#define TEST(fn)		cmocka_unit_test_setup_teardown(fn, setup, world_teardown)
#define TEST_ON(fn, profile)	{ #fn "/" #profile, fn, setup_##profile, world_teardown, NULL }

/* A sender waits: much more than fits, to a receiver that stops now and then */
static void test_lossless_streams(void **state)
{
	struct world *w = *state;

	both_up(w);
	memset(&play, 0, sizeof(play));
	play.total = SZ_1M;
	play.outstanding = 32;
	play.every = 300 * USEC;
	play.pauses = true;
	play_start();
	w->step = play_both;
	world_run(w, 6000 * MSEC);
	expect_all(&w->htx, &w->lrx);
	expect_all(&w->ltx, &w->hrx);
	assert_int_equal(w->from_host->fifo.dropped, 0);
	assert_int_equal(w->to_host->fifo.dropped, 0);
	assert_in_range(w->htx.slowest, 20 * MSEC, U64_MAX);
	assert_in_range(w->ltx.slowest, 20 * MSEC, U64_MAX);
}

/* Sends as long as there is room in the queue */
static void send_all(struct side *s)
{
	while (side_send(s, 5000, rnd_range(1, 3)))
		;
}

/* A receiver that stops for a minute: the sender has its queue full, and nobody spins */
static void test_lossless_receiver_stops(void **state)
{
	struct world *w = *state;
	unsigned long wakeups;
	unsigned int i;

	both_up(w);
	for (i = 0; i < 20; i++) {
		send_all(&w->htx);
		send_all(&w->ltx);
		world_run(w, MSEC);
		side_reap(&w->htx);
		side_reap(&w->ltx);
	}
	assert_in_range(epfv_fifo_len(&w->from_host->fifo), 0, HISTORY);
	assert_in_range(epfv_fifo_len(&w->to_host->fifo), 0, HISTORY);
	wakeups = world_wakeups(w);
	world_run(w, 60000 * MSEC);
	assert_in_range(world_wakeups(w) - wakeups, 0, WATCHES(60000) + 10);
	assert_in_range(w->htx.in_flight, 1, SLOTS);
	assert_in_range(w->ltx.in_flight, 1, SLOTS);

	receive_all(w, &w->lrx);
	receive_all(w, &w->hrx);
	side_reap(&w->htx);
	side_reap(&w->ltx);
	expect_all(&w->htx, &w->lrx);
	expect_all(&w->ltx, &w->hrx);
	assert_int_equal(w->from_host->fifo.dropped + w->to_host->fifo.dropped, 0);
}

/* One message larger than all that may be in transit */
static void test_lossless_large_messages(void **state)
{
	struct world *w = *state;

	both_up(w);
	assert_true(side_send(&w->htx, SLOT_SIZE / 2 + HISTORY / 2, 3));
	assert_true(side_send(&w->ltx, SLOT_SIZE / 2 + HISTORY / 2, 3));
	assert_true(side_send(&w->ltx, 10, 1));
	world_run(w, MSEC);
	side_reap(&w->ltx);
	assert_int_equal(w->ltx.returned, 0);
	receive_all(w, &w->lrx);
	receive_all(w, &w->hrx);
	side_reap(&w->ltx);
	side_reap(&w->htx);
	expect_all(&w->htx, &w->lrx);
	expect_all(&w->ltx, &w->hrx);
}

static struct epfv_pipe *pipe_of(struct world *w, const struct side *s)
{
	return s == &w->htx || s == &w->lrx ? w->from_host : w->to_host;
}

/*
 * A sender closes its end, and opens it again for the next one: what the first one
 * sent arrives before it is done with, what the second one sends after that.
 */
static void check_close(struct world *w, struct side *from, struct side *to)
{
	struct epfv_pipe *p = pipe_of(w, from);
	u64 first;

	assert_false(epfv_pipe_drained(p));
	send_all(from);
	world_run(w, MSEC);
	first = from->pos;
	epfv_pipe_close(p, &w->f->lane);
	side_reap(from);
	send_all(from);
	assert_true(from->pos > first);
	world_run(w, 100 * MSEC);
	assert_false(epfv_pipe_drained(p));
	receive_all(w, to);
	assert_int_equal(to->num_received, first);
	assert_true(epfv_pipe_drained(p));
	assert_false(epfv_pipe_drained(p));
	world_kick(w);
	receive_all(w, to);
	side_reap(from);
	expect_all(from, to);
	assert_int_equal(p->fifo.dropped, 0);

	/* With nothing on its way, it is done at once */
	epfv_pipe_close(p, &w->f->lane);
	world_run(w, MSEC);
	assert_true(epfv_pipe_drained(p));
}

static void test_lossless_sender_closes(void **state)
{
	struct world *w = *state;

	both_up(w);
	check_close(w, &w->htx, &w->lrx);
	check_close(w, &w->ltx, &w->hrx);
}

/* A receiver closes its end: what is for it goes nowhere, and the next one gets none of it */
static void check_open(struct world *w, struct side *from, struct side *to)
{
	struct epfv_pipe *p = pipe_of(w, from);
	u64 lost, received;

	side_offer(to, 1000, 1);
	send_all(from);
	world_run(w, 10 * MSEC);
	epfv_pipe_open(p, false);
	world_kick(w);
	world_run(w, 10 * MSEC);
	side_reap(to);
	side_reap(from);
	received = to->num_received;
	assert_int_equal(received, 1000);
	assert_int_equal(from->in_flight, 0);
	assert_int_equal(p->fifo.dropped, from->pos - received);

	/* Nor of what was sent in the meantime */
	while (side_offer(to, 1000, 1))
		;
	send_all(from);
	world_run(w, 10 * MSEC);
	side_reap(from);
	assert_int_equal(from->in_flight, 0);
	epfv_pipe_open(p, true);
	world_kick(w);
	world_run(w, 10 * MSEC);
	side_reap(to);
	side_reap(from);
	assert_int_equal(to->num_received, received);
	assert_int_equal(from->in_flight, 0);
	lost = from->pos - received;
	assert_int_equal(p->fifo.dropped, lost);

	/* Both in one: as if the thread had no time in between */
	send_all(from);
	epfv_pipe_open(p, false);
	epfv_pipe_open(p, true);
	world_kick(w);
	world_run(w, 10 * MSEC);
	side_reap(from);
	side_reap(to);
	assert_int_equal(to->num_received, received);
	assert_int_equal(p->fifo.dropped, from->pos - received);

	send_all(from);
	world_run(w, MSEC);
	side_reap(to);
	assert_true(to->num_received > received);
	receive_all(w, to);
	side_reap(from);
	assert_int_equal(side_gaps(to, from->pos), p->fifo.dropped);
}

static void test_lossless_receiver_closes(void **state)
{
	struct world *w = *state;

	both_up(w);
	check_open(w, &w->htx, &w->lrx);
	check_open(w, &w->ltx, &w->hrx);
}

/* What the host sent before it went away is delivered before its end is done with */
static void test_lossless_host_leaves(void **state)
{
	struct world *w = *state;
	u64 taken;

	both_up(w);
	send_all(&w->htx);
	world_run(w, 10 * MSEC);
	side_reap(&w->htx);
	taken = epfv_fifo_len(&w->from_host->fifo);
	assert_true(taken > 10000);
	world_host_down(w);
	epfv_pipe_close(w->from_host, &w->f->lane);
	epfv_pipe_open(w->to_host, false);
	world_run(w, 10 * MSEC);
	assert_false(epfv_pipe_drained(w->from_host));
	receive_all(w, &w->lrx);
	assert_int_equal(w->lrx.num_received, taken);
	assert_int_equal(side_gaps(&w->lrx, taken), 0);
	assert_true(epfv_pipe_drained(w->from_host));
}

/* A receiver that has to say that it is there: before, there is the history only */
static void test_history_until_opened(void **state)
{
	struct world *w = *state;
	unsigned int i;

	both_up(w);
	epfv_pipe_open(w->from_host, false);
	epfv_pipe_open(w->to_host, false);
	for (i = 0; i < 10; i++) {
		side_offer(&w->lrx, 4096, 1);
		side_offer(&w->hrx, 4096, 1);
	}
	assert_in_range(send_one_by_one(w, &w->htx, 100, 1000), 1, 2 * MSEC);
	assert_in_range(send_one_by_one(w, &w->ltx, 100, 1000), 0, 100 * USEC);
	side_reap(&w->lrx);
	side_reap(&w->hrx);
	assert_int_equal(w->lrx.num_received + w->hrx.num_received, 0);
	epfv_settle_begin(&w->local_rx->settle);
	epfv_settle_begin(&w->to_host->settle);
	epfv_pipe_open(w->from_host, true);
	epfv_pipe_open(w->to_host, true);
	world_kick(w);
	world_run(w, MSEC);
	side_reap(&w->lrx);
	side_reap(&w->hrx);
	assert_int_equal(w->lrx.num_received, 10 * 4096);
	assert_int_equal(w->hrx.num_received, 10 * 4096);
	receive_all(w, &w->lrx);
	receive_all(w, &w->hrx);
	assert_int_equal(w->lrx.num_received, HISTORY);
	assert_int_equal(w->hrx.num_received, HISTORY);
	epfv_pipe_close(w->from_host, &w->f->lane);
	assert_true(epfv_pipe_drained(w->from_host));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_streams),
		TEST_ON(test_streams, three),
		TEST_ON(test_streams, cable),
		TEST(test_slow_receivers_lose_nothing),
		TEST(test_erratic_receivers),
		TEST(test_from_host_nobody_reads),
		TEST(test_from_host_receiver_stops),
		TEST(test_from_host_slow_receiver),
		TEST(test_from_host_hold_is_shared),
		TEST(test_from_host_transit_is_bounded),
		TEST(test_from_host_transit_ends_with_driver),
		TEST(test_to_host_slow_receiver),
		TEST(test_to_host_no_host),
		TEST(test_to_host_nobody_reads),
		TEST(test_settle),
		TEST(test_settle_is_bounded),
		TEST(test_transit),
		TEST(test_transit_is_bounded),
		TEST(test_transit_is_bounded_again),
		TEST(test_transit_ends_with_host),
		TEST(test_rings_of_the_next_driver),
		TEST(test_ring_in_three_places),
		TEST(test_receivers_come_back),
		TEST(test_to_host_reset),
		TEST_ON(test_to_host_reset, three),
		TEST(test_from_host_reset),
		TEST(test_hold_ends_with_reset),
		TEST(test_everything_at_once),
		TEST(test_wrong_direction),
		TEST(test_broken_ring),
		TEST(test_huge_buffers),
		TEST(test_silent_host),
		TEST(test_host_that_never_answers),
		TEST_ON(test_unreachable_buffers, cable),
		TEST(test_no_window_for_a_moment),
		TEST(test_no_window),
		TEST(test_one_publish_per_batch),
		TEST(test_bounded_rounds),
		TEST(test_masked_interrupt),
		cmocka_unit_test_setup_teardown(test_lossless_streams, setup_lossless, world_teardown),
		cmocka_unit_test_setup_teardown(test_lossless_receiver_stops, setup_lossless, world_teardown),
		cmocka_unit_test_setup_teardown(test_lossless_large_messages, setup_lossless, world_teardown),
		cmocka_unit_test_setup_teardown(test_lossless_sender_closes, setup_lossless, world_teardown),
		cmocka_unit_test_setup_teardown(test_lossless_receiver_closes, setup_lossless, world_teardown),
		cmocka_unit_test_setup_teardown(test_lossless_host_leaves, setup_lossless, world_teardown),
		cmocka_unit_test_setup_teardown(test_history_until_opened, setup, world_teardown),
	};

	return cmocka_run_group_tests_name("pipe", tests, NULL, NULL);
}
