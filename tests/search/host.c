// SPDX-License-Identifier: GPL-2.0
/*
 * The host's driver: its life; what it says is console.c's business
 */
#include <linux/virtio_console.h>
#include <linux/virtio_pci.h>

#include "search.h"

#define HOST_ALIGN	4096

/*
 * From a driver's end to the next one's beginning, the least that a kernel takes; and from the
 * moment in which a kernel that has just started disables MSI-X, if there was no such end
 */
#define BETWEEN_NS	(2 * MSEC)
#define BOOT_NS		(30 * MSEC)

static void load(void *ctx, u64 addr, void *buf, u32 len)
{
	/* A driver looks at used entries after it has seen idx, so all writes are there */
	fake_epc_settle(&((struct card *)ctx)->epc);
	host_read(&((struct card *)ctx)->host, addr, buf, len);
}

static void store(void *ctx, u64 addr, const void *buf, u32 len)
{
	host_write(&((struct card *)ctx)->host, addr, buf, len);
}

static const struct driver_mem host_mem = { load, store };

/* Who has set up too often in too short a time is looked after again when it left off for long */
static void wait_for_credit(struct card *c)
{
	if (c->f->poller.credit[EPFV_POLLER_LOOKS].spent)
		fake_sleep(2000 * MSEC);
}

/* Each boot has its rings and buffers elsewhere, so that use of old ones shows */
void host_up(struct card *c, bool multiport, unsigned int stop_after)
{
	u64 base = 0x100000000 + ((u64)(++c->boots % 8) << 24);
	struct side *s = &c->side[EPFV_HOST];
	unsigned int i;

	if (!c->bound || !c->link || s->up)
		return;
	c->legacy.bar = fake_epf.epf.bar[BAR_0].addr;
	c->epc.msix = 0;
	wait_for_credit(c);
	fake_sleep(c->legacy.bar[VIRTIO_PCI_STATUS] ? BOOT_NS : BETWEEN_NS);
	multiport &= c->f->type->control_feature != 0;
	c->legacy = (struct legacy){
		.bar = fake_epf.epf.bar[BAR_0].addr,
		.msix = &c->epc.msix,
		.vectors = c->f->vectors,
		.use_msix = true,
		.accepts = BIT(VIRTIO_CONSOLE_F_SIZE) |
			   (multiport ? BIT(VIRTIO_CONSOLE_F_MULTIPORT) : 0),
		.num_queues = multiport ? c->f->type->num_queues : 2,
		.left = stop_after ? stop_after + 1 : 0,
	};
	for (i = 0; i < QUEUES; i++) {
		struct queue *q = &s->queue[i];

		q->index = i;
		q->buffers = base + (1 << 20) + i * QUEUE_SIZE * BUFFER_SIZE;
		c->legacy.ring[i] = base + i * 0x10000;
		driver_init(&q->d, &host_mem, c, c->legacy.ring[i], QUEUE_SIZE, HOST_ALIGN);
	}
	legacy_probe(&c->legacy);
	if (stop_after)
		return;
	assert_int_equal(c->legacy.err, 0);
	assert_int_equal(c->legacy.size, QUEUE_SIZE);
	console_start(s, multiport);
}

/* It is gone, and the host has not said a word */
void host_crash(struct card *c)
{
	if (c->side[EPFV_HOST].up)
		console_gone(&c->side[EPFV_HOST]);
}

/* The driver is unbound; or, not to @wait, its host is reset, and something may be next at once */
void host_down(struct card *c, bool wait)
{
	if (!c->bound || !c->link)
		return;
	if (c->side[EPFV_HOST].up)
		console_gone(&c->side[EPFV_HOST]);
	c->legacy.bar = fake_epf.epf.bar[BAR_0].addr;
	c->legacy.msix = &c->epc.msix;
	c->legacy.left = 0;
	if (wait)
		legacy_remove(&c->legacy);
	else
		legacy_reset(&c->legacy);
}
