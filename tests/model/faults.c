// SPDX-License-Identifier: GPL-2.0
/*
 * What no memory and no host should do; in the end an ordinary driver is served as ever
 */
#include <stdio.h>

#include <linux/bits.h>

#include "checks.h"
#include "explore.h"
#include "linux.h"

/*
 * Torn loads, a queue word loaded too early, all-ones, passes on stale words, garbage in
 * STATUS, at any time
 */
unsigned int check_faults(unsigned int max_queues, unsigned int max_faults)
{
	static const struct step up[] = { DO(linux_probe), DO(linux_remove), END };
	static const struct step *const ways[] = { linux_intx, linux_each };
	unsigned long states = 0, recovered = 0;
	unsigned int queues, way, torn, bad = 0;

	for (queues = 1; queues <= max_queues; queues++) {
		/* MSI-X with two queues has too many states */
		for (way = 0; way < (queues > 1 ? 1 : 2); way++) {
			const struct program p = {
				.steps = up, .find_vqs = ways[way], .device = &any_device,
			};
			const struct program r = {
				.steps = linux_recover, .find_vqs = ways[way], .device = &any_device,
			};
			static struct host host, last;
			struct world_setup s, recovery;

			host_expand(&host, &p, queues);
			host_expand(&last, &r, queues);
			for (torn = 0; torn < 2; torn++) {
				struct search search = {
					.s = &s, .mode = SEARCH_FAULTS,
					.budget = max_faults, .recovery = &recovery,
					.properties = ALL_PROPERTIES,
				};
				struct findings found;

				num_checks++;
				world_setup_init(&s, &host);
				world_setup_init(&recovery, &last);
				s.hostile = true;
				s.torn = torn;
				found = explore(&search);
				states += found.states;
				recovered += found.recovered;
				if (!found.error)
					continue;
				bad++;
				printf("FAILED: faults, %u queues: %s\n", queues, found.error->text);
			}
		}
	}
	printf("Faults, up to %u: INTx with 1 to %u queues, MSI-X each with 1: %lu states;",
	       max_faults, max_queues, states);
	printf(" a driver succeeds from %lu states of the engine\n", recovered);
	return bad;
}

#define HOSTILE_ROUNDS	3000
#define HOSTILE_WRITES	100

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
	host_add(h, (struct host_op){
		.kind = HOST_WRITE, .size = size, .off = off,
		.val = next_random(seed) % 4 ? val : next_random(seed),
	});
}

static const struct violation *hostile_round(u32 seed)
{
	static const struct step *const ways[] = { linux_intx, linux_each, linux_shared };
	unsigned int queues = 1 + seed % HOST_MAX_QUEUES, i;
	const struct program next = {
		.steps = linux_recover, .find_vqs = ways[seed % 3], .device = &any_device,
	};
	struct host h = { .queues = queues, .device = &any_device };
	const struct violation *error = NULL;
	struct world_setup s, ordinary;
	struct host last;
	struct world w;

	for (i = 0; i < HOSTILE_WRITES; i++) {
		if (next_random(&seed) % 16)
			random_write(&h, &seed);
		else
			host_add(&h, (struct host_op){
				.kind = HOST_MSIX, .val = next_random(&seed) % 2,
			});
	}
	world_setup_init(&s, &h);
	s.hostile = true;
	world_init(&w, &s);
	while (w.pc < h.len && !error) {
		error = world_host(&w, &s);
		if (!error && next_random(&seed) % 2)
			error = world_pass(&w, &s, NULL);
	}
	if (error)
		return error;
	host_expand(&last, &next, queues);
	world_setup_init(&ordinary, &last);
	return world_recover(&w, &ordinary);
}

/* No sense in what the host writes */
unsigned int check_hostile(void)
{
	unsigned int round, bad = 0;

	for (round = 0; round < HOSTILE_ROUNDS; round++) {
		const struct violation *error = hostile_round(round);

		num_checks++;
		if (error)
			bad++;
		if (error)
			printf("FAILED: hostile, round %u: %s\n", round, error->text);
	}
	printf("Hosts that write at random: %u rounds, 1 to %u queues\n", round, HOST_MAX_QUEUES);
	return bad;
}
