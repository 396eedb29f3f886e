// SPDX-License-Identifier: GPL-2.0
/*
 * A host that does what it likes with a card
 *
 *   bar-storm DEVICE SECONDS SEED
 *
 * DEVICE is the card's folder in sysfs; no driver has it. The registers in its first BAR are
 * selected, written and reset without end. Rings are set up in memory of this program, and
 * nowhere else in the host's RAM, as the card writes to where they say; what is in them is
 * anything. At the end the device is reset, and what was done is printed.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/virtio_config.h>
#include <linux/virtio_pci.h>
#include <linux/virtio_ring.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define HUGE_PAGE	(2 << 20)
#define PAGE		4096
#define BAR_LEN		4096
#define COMMAND		4		/* of the configuration space */
#define COMMAND_ON	6		/* memory, and bus mastering */
#define EMERGENCY	(20 + 8)	/* emerg_wr of a console's configuration */
#define RING_SIZE	256		/* the function's */
#define RING_PAGES	4		/* that a ring takes, and more */

static volatile uint8_t *bar;
static uint8_t *memory;
static uint64_t memory_at;
static uint64_t state;

static void die(const char *what)
{
	fprintf(stderr, "bar-storm: %s: %s\n", what, strerror(errno));
	exit(1);
}

static uint64_t any(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

static void w8(unsigned int reg, uint8_t val)
{
	bar[reg] = val;
}

static void w16(unsigned int reg, uint16_t val)
{
	*(volatile uint16_t *)(bar + reg) = val;
}

static void w32(unsigned int reg, uint32_t val)
{
	*(volatile uint32_t *)(bar + reg) = val;
}

static void pause_us(unsigned int us)
{
	const struct timespec t = { .tv_nsec = 1000L * us };

	nanosleep(&t, NULL);
}

/* Often none, sometimes as a looping driver has it, sometimes long enough to be believed */
static void rest(void)
{
	static const unsigned int us[] = { 0, 0, 0, 50, 50, 300, 2000 };
	const unsigned int chosen = us[any() % 7];

	if (chosen)
		pause_us(chosen);
}

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ULL + t.tv_nsec;
}

/* In this program's memory, where nobody answers, or where the sum wraps */
static uint64_t any_address(void)
{
	switch (any() % 8) {
	case 0:
		return 1ULL << (40 + any() % 20);
	case 1:
		return -(any() % PAGE);
	default:
		return memory_at + any() % HUGE_PAGE;
	}
}

static uint32_t any_length(uint64_t addr)
{
	/* It must not go on in what is behind this program's memory */
	if (addr >= memory_at && addr < memory_at + HUGE_PAGE)
		return any() % (memory_at + HUGE_PAGE - addr + 1);
	return any();
}

/*
 * The device's half of a ring is wherever it was told, so nothing but that is scribbled on, and
 * all addresses in a table are as above.
 */
static void scribble(uint8_t *ring)
{
	struct vring_desc *desc = (struct vring_desc *)ring;
	uint16_t *avail = (uint16_t *)(ring + RING_SIZE * sizeof(*desc));
	unsigned int i;

	for (i = 0; i < RING_SIZE; i++) {
		desc[i].addr = any_address();
		desc[i].len = any_length(desc[i].addr);
		desc[i].flags = any() % 16 ? any() % 4 : any();
		desc[i].next = any() % 8 ? i + 1 : any();
		avail[2 + i] = any() % 16 ? any() % RING_SIZE : any();
	}
	avail[0] = any() % 2;
	avail[1] = any() % 4 ? any() % RING_SIZE : any();
}

/* Buffers as a driver has them, behind all rings */
static void make_good(uint8_t *ring, uint16_t flags)
{
	struct vring_desc *desc = (struct vring_desc *)ring;
	uint16_t *avail = (uint16_t *)(ring + RING_SIZE * sizeof(*desc));
	unsigned int i;

	for (i = 0; i < RING_SIZE; i++) {
		desc[i].addr = memory_at + HUGE_PAGE / 2 + i * PAGE;
		desc[i].len = 1 + any() % PAGE;
		desc[i].flags = flags;
		avail[2 + i] = i;
	}
	avail[0] = 0;
	avail[1] = any() % RING_SIZE;
}

static uint8_t *any_ring(void)
{
	return memory + any() % 8 * RING_PAGES * PAGE;
}

static void make_available(uint8_t *ring)
{
	volatile uint16_t *idx = (uint16_t *)(ring + RING_SIZE * sizeof(struct vring_desc)) + 1;
	unsigned int i;

	for (i = 0; i < 50; i++) {
		(*idx)++;
		w16(VIRTIO_PCI_QUEUE_NOTIFY, any() % 3);
		rest();
	}
}

/* As a driver does it, with pauses in which what it wrote is seen, or too fast for that */
static void set_up(void)
{
	uint8_t *rings[] = { any_ring(), any_ring() };
	const bool slow = any() % 4;
	unsigned int i;

	for (i = 0; i < 2; i++) {
		if (any() % 2)
			make_good(rings[i], i ? 0 : VRING_DESC_F_WRITE);
		else
			scribble(rings[i]);
	}
	w8(VIRTIO_PCI_STATUS, 0);
	if (slow)
		pause_us(2000);
	w8(VIRTIO_PCI_STATUS, VIRTIO_CONFIG_S_ACKNOWLEDGE);
	w8(VIRTIO_PCI_STATUS, VIRTIO_CONFIG_S_ACKNOWLEDGE | VIRTIO_CONFIG_S_DRIVER);
	w32(VIRTIO_PCI_GUEST_FEATURES, any() % 8);
	for (i = 0; i < 2; i++) {
		w16(VIRTIO_PCI_QUEUE_SEL, i);
		if (slow)
			pause_us(2000);
		w32(VIRTIO_PCI_QUEUE_PFN,
		    (memory_at + (rings[i] - memory)) >> VIRTIO_PCI_QUEUE_ADDR_SHIFT);
		if (slow)
			pause_us(2000);
	}
	w8(VIRTIO_PCI_STATUS, 7);
	pause_us(any() % 4 ? 5000 : 1);
	make_available(rings[1]);
	if (any() % 4 == 0)
		scribble(rings[any() % 2]);
	make_available(rings[any() % 2]);
}

static void select_queues(void)
{
	unsigned int i;

	for (i = 0; i < 2000; i++) {
		w16(VIRTIO_PCI_QUEUE_SEL, any() % 4 ? any() % 4 : any());
		pause_us(50);
	}
}

static void write_emergency(void)
{
	unsigned int i;

	for (i = 0; i < 500; i++) {
		w32(EMERGENCY, 'a' + any() % 26);
		rest();
	}
}

static void notify(void)
{
	unsigned int i;

	for (i = 0; i < 2000; i++) {
		w16(VIRTIO_PCI_QUEUE_NOTIFY, any());
		rest();
	}
}

static void reset(void)
{
	unsigned int i;

	for (i = 0; i < 200; i++) {
		w8(VIRTIO_PCI_STATUS, any() % 2 ? 0 : any());
		rest();
	}
}

/*
 * All but the queue's address, which could make the card write somewhere, and the two registers
 * that no driver writes and a reset does not put back: what the device offers, and a queue's
 * size.  A host spoils these for its next driver.
 */
static void write_registers(void)
{
	static const unsigned int regs[] = {
		VIRTIO_PCI_GUEST_FEATURES, VIRTIO_PCI_GUEST_FEATURES + 2, VIRTIO_PCI_QUEUE_SEL,
		VIRTIO_PCI_QUEUE_SEL, VIRTIO_PCI_QUEUE_NOTIFY, VIRTIO_PCI_STATUS, VIRTIO_PCI_ISR,
		20, 24, 28,
	};
	unsigned int i;

	for (i = 0; i < 500; i++) {
		w16(regs[any() % 10], any());
		rest();
	}
}

static const struct {
	const char *name;
	void (*act)(void);
} acts[] = {
	{ "set-ups", set_up },
	{ "queues selected", select_queues },
	{ "emergency writes", write_emergency },
	{ "notifications", notify },
	{ "resets", reset },
	{ "other registers", write_registers },
};

#define NUM_ACTS	(sizeof(acts) / sizeof(acts[0]))

static void map_bar(const char *device)
{
	uint16_t command;
	char path[256];
	int fd;

	snprintf(path, sizeof(path), "%s/config", device);
	fd = open(path, O_RDWR);
	if (fd < 0 || pread(fd, &command, sizeof(command), COMMAND) != sizeof(command))
		die(path);
	command |= COMMAND_ON;
	if (pwrite(fd, &command, sizeof(command), COMMAND) != sizeof(command))
		die(path);
	close(fd);
	snprintf(path, sizeof(path), "%s/resource0", device);
	fd = open(path, O_RDWR | O_SYNC);
	if (fd < 0)
		die(path);
	bar = mmap(NULL, BAR_LEN, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (bar == MAP_FAILED)
		die(path);
	close(fd);
}

/* One piece of the host's RAM, and where that is */
static void have_memory(void)
{
	uint64_t entry;
	int fd;

	memory = mmap(NULL, HUGE_PAGE, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB | MAP_POPULATE, -1, 0);
	if (memory == MAP_FAILED)
		die("memory, see /proc/sys/vm/nr_hugepages");
	memset(memory, 0, HUGE_PAGE);
	fd = open("/proc/self/pagemap", O_RDONLY);
	if (fd < 0 || pread(fd, &entry, sizeof(entry),
			    (uintptr_t)memory / PAGE * sizeof(entry)) != sizeof(entry))
		die("/proc/self/pagemap");
	close(fd);
	memory_at = (entry & ((1ULL << 55) - 1)) * PAGE;
	if (!memory_at || memory_at % HUGE_PAGE) {
		fprintf(stderr, "bar-storm: no address of its memory\n");
		exit(1);
	}
}

int main(int argc, char **argv)
{
	unsigned long done[NUM_ACTS] = { 0 };
	uint64_t end;
	unsigned int i, n;

	if (argc != 4 || atoi(argv[2]) < 1) {
		fprintf(stderr, "usage: bar-storm DEVICE SECONDS SEED\n");
		return 2;
	}
	state = strtoull(argv[3], NULL, 0) | 1ULL << 63;
	have_memory();
	map_bar(argv[1]);
	end = now_ns() + atoi(argv[2]) * 1000000000ULL;
	while (now_ns() < end) {
		i = any() % NUM_ACTS;
		acts[i].act();
		done[i]++;
		/* That is one of the shorter ones, and what rings are used in */
		for (n = any() % 20; n; n--, done[0]++)
			set_up();
	}
	w8(VIRTIO_PCI_STATUS, 0);
	/* Until the card has seen that, it may write to this program's memory */
	pause_us(500000);
	for (i = 0; i < NUM_ACTS; i++)
		printf("%s: %lu\n", acts[i].name, done[i]);
	return 0;
}
