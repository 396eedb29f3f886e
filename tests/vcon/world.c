// SPDX-License-Identifier: GPL-2.0
/*
 * A console function of the driver, its settings, and a core that looks at what it does
 */
#include "world.h"

static struct epfv_driver *driver;

struct vcon_terminal {
	struct epfv_function *f;
	unsigned int number;
};

struct vcon_device {
	struct epfv_function *f;
	unsigned int id;
};

int __epfv_register_driver(struct epfv_driver *drv, struct module *owner)
{
	(void)owner;
	driver = drv;
	return 0;
}

void epfv_unregister_driver(struct epfv_driver *drv)
{
	assert_ptr_equal(driver, drv);
	driver = NULL;
}

void *epfv_item_priv(struct config_item *item)
{
	return container_of(item, struct epfv_function, group.cg_item)->vcon;
}

/*
 * The thread copies the configuration bytes whenever it is not held off: without the lock
 * they do not change.
 */
static void check_config(struct epfv_function *f)
{
	if (f->bound)
		assert_memory_equal(f->config, f->vcon->config, sizeof(f->config));
}

void epfv_lock(struct epfv_function *f)
{
	assert_false(f->locked);
	check_config(f);
	f->locked = true;
}

void epfv_unlock(struct epfv_function *f)
{
	assert_true(f->locked);
	memcpy(f->config, f->vcon->config, sizeof(f->config));
	f->locked = false;
}

void epfv_wake(struct epfv_function *f)
{
	(void)f;
}

void epfv_config_changed(struct epfv_function *f)
{
	assert_false(f->locked);
	check_config(f);
	f->config_changes++;
}

void epfv_pair_open(struct epfv_function *f, unsigned int pair, enum epfv_side side, bool open)
{
	assert_in_range(pair, 0, f->vcon->type.num_pairs - 1);
	f->open[side][pair] = open;
}

void epfv_pair_lossless(struct epfv_function *f, unsigned int pair, enum epfv_side side,
			bool lossless)
{
	(void)f;
	(void)pair;
	(void)side;
	(void)lossless;
}

void epfv_pair_put(struct epfv_function *f, unsigned int pair, const void *buf, size_t len)
{
	(void)f;
	(void)pair;
	(void)buf;
	(void)len;
}

/* The endpoint's terminals: the first number that is free */

struct vcon_terminal *vcon_terminal_add(struct epfv_function *f, unsigned int pair)
{
	struct vcon_terminal *t;
	unsigned int n = 0;

	(void)pair;
	while ((f->terminals | f->others) & BIT(n))
		n++;
	if (n >= WORLD_TERMINALS)
		return ERR_PTR(-ENOSPC);
	t = calloc(1, sizeof(*t));
	t->f = f;
	t->number = n;
	f->terminals |= BIT(n);
	return t;
}

unsigned int vcon_terminal_number(const struct vcon_terminal *t)
{
	assert_true(t->f->locked);
	return t->number;
}

void vcon_terminal_remove(struct vcon_terminal *t)
{
	t->f->terminals &= ~BIT(t->number);
	free(t);
}

void vcon_terminal_resize(struct vcon_terminal *t, struct vcon_size size)
{
	(void)t;
	(void)size;
}

void vcon_terminal_changed(struct vcon_terminal *t)
{
	assert_non_null(t);
}

void vcon_terminals_exit(void)
{
}

/* And its devices */

int vcon_devices_init(void)
{
	return 0;
}

void vcon_devices_exit(void)
{
}

struct vcon_device *vcon_device_add(struct vcon *vcon, unsigned int id, const char *name)
{
	struct vcon_device *d = calloc(1, sizeof(*d));

	(void)name;
	d->f = vcon->f;
	d->id = id;
	d->f->devices |= BIT(id);
	if (d->f->hasty)
		vcon_direct_open(vcon, id, true);
	return d;
}

void vcon_device_remove(struct vcon_device *d)
{
	d->f->devices &= ~BIT(d->id);
	free(d);
}

void vcon_device_peer(struct vcon_device *d, bool open)
{
	(void)d;
	(void)open;
}

void vcon_device_changed(struct vcon_device *d)
{
	assert_non_null(d);
}

struct epfv_function *world_new(void)
{
	static struct device dev = { .name = "pci_epf_vcon.0" };
	struct epfv_function *f = calloc(1, sizeof(*f));

	fake_messages = 0;
	fake_warnings = 0;
	assert_int_equal(fake_module_init(), 0);
	f->vcon = driver->ops->create(f, &dev);
	assert_false(IS_ERR(f->vcon));
	driver->ops->groups(f->vcon, &f->group);
	return f;
}

void world_free(struct epfv_function *f)
{
	unsigned int i;

	if (f->bound)
		world_unbind(f);
	for (i = 0; i < VCON_MAX_PORTS; i++)
		if (f->vcon->setting[i])
			world_rmdir(f, i);
	free(f->vcon);
	free(f);
	fake_module_exit();
}

static struct configfs_attribute *find(struct epfv_function *f, int id, const char *name,
				       struct config_item **item)
{
	struct configfs_attribute * const *attr;

	*item = id < 0 ? &f->group.cg_item : &f->vcon->setting[id]->item;
	for (attr = id < 0 ? driver->ops->attrs : (*item)->ci_type->ct_attrs; *attr; attr++)
		if (!strcmp((*attr)->name, name))
			return *attr;
	fail_msg("there is no %s", name);
	return NULL;
}

/* What is rejected is said, and what is not, is not */
static int said(unsigned int before, ssize_t ret)
{
	assert_int_equal(fake_messages - before, ret < 0);
	return ret < 0 ? ret : 0;
}

int world_set(struct epfv_function *f, int id, const char *name, const char *value)
{
	unsigned int before = fake_messages;
	struct configfs_attribute *attr;
	struct config_item *item;
	char page[128];
	ssize_t ret;

	attr = find(f, id, name, &item);
	snprintf(page, sizeof(page), "%s\n", value);
	ret = attr->store(item, page, strlen(page));
	check_config(f);
	if (ret >= 0)
		assert_int_equal(ret, strlen(page));
	return said(before, ret);
}

const char *world_get(struct epfv_function *f, int id, const char *name)
{
	struct configfs_attribute *attr;
	struct config_item *item;
	static char page[4096];

	attr = find(f, id, name, &item);
	assert_true(attr->show(item, page) > 0);
	page[strcspn(page, "\n")] = '\0';
	return page;
}

int world_mkdir(struct epfv_function *f, unsigned int id)
{
	struct config_group *group = &f->vcon->group;
	unsigned int before = fake_messages;
	struct config_item *item;
	char name[16];

	snprintf(name, sizeof(name), "%u", id);
	item = group->cg_item.ci_type->ct_group_ops->make_item(group, name);
	return said(before, IS_ERR(item) ? PTR_ERR(item) : 0);
}

void world_rmdir(struct epfv_function *f, unsigned int id)
{
	struct config_group *group = &f->vcon->group;

	group->cg_item.ci_type->ct_group_ops->drop_item(group, &f->vcon->setting[id]->item);
	assert_null(f->vcon->setting[id]);
}

int world_bind(struct epfv_function *f)
{
	unsigned int before = fake_messages;
	const struct epfv_type *type;

	assert_false(f->bound);
	type = driver->ops->bind(f->vcon);
	if (IS_ERR(type))
		return said(before, PTR_ERR(type));
	said(before, 0);
	memset(f->open, 0, sizeof(f->open));
	memcpy(f->config, f->vcon->config, sizeof(f->config));
	f->bound = true;
	driver->ops->bound(f->vcon, true);
	return 0;
}

void world_unbind(struct epfv_function *f)
{
	driver->ops->bound(f->vcon, false);
	f->bound = false;
	assert_int_equal(f->terminals, 0);
	assert_int_equal(f->devices, 0);
}

void world_settle(struct epfv_function *f)
{
	fake_work(&f->vcon->direct_work);
}
