// SPDX-License-Identifier: GPL-2.0
/*
 * The function, its settings, and the controller
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <linux/highmem.h>
#include <linux/minmax.h>

#include "fake-work.h"
#include "search.h"

/* What a look at the time costs the endpoint */
#define TICK_NS		200
/* How often drivers and users look, at first, and when things have become quiet */
#define STEP_NS		(20 * USEC)
#define STEPS		30
#define QUIET_STEP_NS	(5 * MSEC)
/* A driver that talks of no ports is given data when it was quiet for 200 ms */
#define SETTLE_NS	(40 * MSEC)
#define SETTLE_PLAIN_NS	(300 * MSEC)

/* Of the core, what is not about this */

void *epfv_item_priv(struct config_item *item)
{
	return container_of(item, struct epfv_function, group.cg_item)->priv;
}

struct config_group *epfv_configfs_group(struct epfv_function *f)
{
	return &f->group;
}

void epfv_debugfs_init(void) { }
void epfv_debugfs_exit(void) { }
void epfv_debugfs_add(struct epfv_function *f) { (void)f; }
void epfv_debugfs_remove(struct epfv_function *f) { (void)f; }

/* Of the driver */
int fake_vcon_init(void);
void fake_vcon_exit(void);

bool card_has_ports(const struct card *c)
{
	return c->bound && c->f->type->control_feature;
}

bool card_direct(const struct card *c)
{
	return c->bound && c->f->type->direct;
}

struct card *card_new(void)
{
	struct card *c = calloc(1, sizeof(*c));
	unsigned int i, k;

	fake_kernel_reset();
	fake_tick = TICK_NS;
	fake_virtio_reset();
	host_init(&c->host);
	fake_epc_init(&c->epc, &fake_dwc, &c->host);
	c->epc.msix = 0;
	c->epc.no_log = true;
	fake_epf_reset(&c->epc.epc);
	fake_work_begin();
	for (i = 0; i < 2; i++) {
		c->side[i].card = c;
		c->side[i].side = i;
		c->side[i].memory = calloc(QUEUES, QUEUE_SIZE * BUFFER_SIZE);
		for (k = 0; k < PORTS; k++)
			c->flow[i][k].last = -1;
	}
	user_begin(c);
	assert_int_equal(fake_vcon_init(), 0);
	assert_int_equal(fake_epf_create(), 0);
	c->drv = container_of(fake_epf.driver, struct epfv_driver, epf);
	c->f = fake_epf.epf.dev.data;
	c->f->queue_size = QUEUE_SIZE;
	c->vcon = c->f->priv;
	c->drv->ops->groups(c->vcon, &c->f->group);
	return c;
}

void card_free(struct card *c)
{
	unsigned int i;

	card_unbind(c);
	for (i = 0; i < VCON_MAX_PORTS; i++)
		if (c->vcon->setting[i])
			card_rmdir(c, i);
	fake_epf_destroy();
	fake_vcon_exit();
	fake_work_held = false;
	fake_work_end();
	fake_epc_free(&c->epc);
	host_free(&c->host);
	for (i = 0; i < 2; i++)
		free(c->side[i].memory);
	free(c);
}

/* What was rejected is said, and what was not, is not */
static int said(unsigned int before, int ret)
{
	if (ret < 0 && fake_messages == before)
		fail_msg("rejected (%d), and nothing was said", ret);
	if (ret >= 0 && fake_messages != before)
		fail_msg("accepted, but: %s", fake_message);
	return ret < 0 ? ret : 0;
}

int card_bind(struct card *c)
{
	unsigned int before = fake_messages;
	int err;

	if (c->bound)
		return 0;
	err = said(before, fake_epf_bind());
	if (err)
		return err;
	c->bound = true;
	c->side[EPFV_ENDPOINT].multiport = card_has_ports(c);
	assert_int_equal(fake_epf_init(), 0);
	c->link = true;
	return 0;
}

static void nobody_is_left(struct card *c)
{
	assert_int_equal(c->epc.num_maps, 0);
	assert_int_equal(c->f->hostmem.maps, c->f->hostmem.unmaps);
	assert_int_equal(fake_locks, 0);
	assert_int_equal(fake_kmaps, 0);
	assert_int_equal(fake_irqs_off, 0);
	assert_null(fake_virtio.vdev);
	/* Which does what vcon puts off */
	assert_int_equal(fake_tasks(), 1);
	assert_int_equal(c->vcon->counted, 0);
}

void card_unbind(struct card *c)
{
	if (!c->bound)
		return;
	if (c->side[EPFV_HOST].up)
		console_gone(&c->side[EPFV_HOST]);
	/* Its driver is unbound with the device */
	if (c->side[EPFV_ENDPOINT].up)
		console_gone(&c->side[EPFV_ENDPOINT]);
	fake_epf_unbind();
	flow_excuse_all(c);
	c->bound = false;
	c->link = false;
	c->epc.msix = 0;
	nobody_is_left(c);
}

void card_link(struct card *c, bool up)
{
	if (!c->bound || c->link == up)
		return;
	if (!up && c->side[EPFV_HOST].up)
		console_gone(&c->side[EPFV_HOST]);
	if (!up)
		c->epc.msix = 0;
	fake_epf_link(up);
	c->link = up;
}

void card_restart(struct card *c)
{
	if (!c->bound)
		return;
	card_link(c, false);
	fake_epf_deinit();
	fake_epf.msix_result = -EINVAL;
	assert_int_equal(fake_epf_init(), -EINVAL);
	fake_epf_link(true);
	/* The host does not find the card as it is to be */
	assert_false(c->f->poller.up);
	fake_epf_link(false);
	fake_epf_deinit();
	fake_epf.msix_result = 0;
	assert_int_equal(fake_epf_init(), 0);
	c->link = true;
}

static struct configfs_attribute *find(struct card *c, int id, const char *name,
				       struct config_item **item)
{
	struct configfs_attribute * const *attr;

	*item = id < 0 ? &c->f->group.cg_item : &c->vcon->setting[id]->item;
	for (attr = id < 0 ? c->drv->ops->attrs : (*item)->ci_type->ct_attrs; *attr; attr++)
		if (!strcmp((*attr)->name, name))
			return *attr;
	fail_msg("there is no %s", name);
	return NULL;
}

/* Accepted: it reads back; rejected: it reads as before */
int card_set(struct card *c, int id, const char *name, const char *value)
{
	char page[128], was[128], now[128];
	struct configfs_attribute *attr;
	unsigned int before;
	struct config_item *item;
	int ret;

	attr = find(c, id, name, &item);
	attr->show(item, was);
	before = fake_messages;
	snprintf(page, sizeof(page), "%s\n", value);
	ret = said(before, attr->store(item, page, strlen(page)));
	attr->show(item, now);
	assert_string_equal(now, ret ? was : page);
	if (id >= 0 && !ret && strcmp(was, now) && !strcmp(name, "enable"))
		flow_replaced(c, id);
	return ret;
}

int card_mkdir(struct card *c, unsigned int id)
{
	struct config_group *group = &c->vcon->group;
	struct config_item *item;
	char name[16];

	snprintf(name, sizeof(name), "%u", id);
	item = group->cg_item.ci_type->ct_group_ops->make_item(group, name);
	assert_false(IS_ERR(item));
	return 0;
}

void card_rmdir(struct card *c, unsigned int id)
{
	struct config_group *group = &c->vcon->group;

	group->cg_item.ci_type->ct_group_ops->drop_item(group, &c->vcon->setting[id]->item);
	assert_null(c->vcon->setting[id]);
	flow_replaced(c, id);
}

static void pump(struct card *c)
{
	struct side *local = &c->side[EPFV_ENDPOINT];

	console_pump(&c->side[EPFV_HOST]);
	if (card_direct(c))
		user_pump(local);
	else
		console_pump(local);
	check_always(c);
}

void card_run(struct card *c, u64 ns)
{
	ktime_t end = fake_now + ns;
	unsigned int n = 0;

	while (fake_now < end) {
		pump(c);
		fake_sleep(min(n++ < STEPS ? STEP_NS : QUIET_STEP_NS, (u64)(end - fake_now)));
	}
	pump(c);
}

void card_settle(struct card *c)
{
	bool plain = false;
	unsigned int i;

	fake_work_held = false;
	if (c->vcon->direct_work.pending)
		schedule_work(&c->vcon->direct_work);
	for (i = 0; i < 2; i++) {
		c->side[i].lazy = false;
		c->side[i].stalled = false;
		console_speak(&c->side[i]);
		plain |= c->side[i].up && !c->side[i].multiport;
	}
	card_run(c, plain ? SETTLE_PLAIN_NS : SETTLE_NS);
}
