// SPDX-License-Identifier: GPL-2.0
/*
 * Counters, readable below /sys/kernel/debug/pci_epf_virtio/<function>/
 */
#include <linux/debugfs.h>
#include <linux/seq_file.h>

#include "function.h"

static struct dentry *vepf_debugfs_root;

#define VEPF_COUNTER(field)	{ #field, offsetof(struct vepf_stats, field) }

static const struct {
	const char *name;
	size_t offset;
} vepf_counters[] = {
	VEPF_COUNTER(np_reads),
	VEPF_COUNTER(np_bytes),
	VEPF_COUNTER(posted_writes),
	VEPF_COUNTER(posted_bytes),
	VEPF_COUNTER(maps),
	VEPF_COUNTER(unmaps),
	VEPF_COUNTER(interrupts),
	VEPF_COUNTER(interrupt_retries),
	VEPF_COUNTER(wakeups),
	VEPF_COUNTER(host_resets),
	VEPF_COUNTER(host_errors),
};

static void vepf_pipe_show(struct seq_file *s, const char *direction, const struct vepf_pipe *p)
{
	const char *name = p->hq->name;

	seq_printf(s, "%s_%s_messages %llu\n", name, direction, p->hq->messages);
	seq_printf(s, "%s_%s_bytes %llu\n", name, direction, p->hq->bytes);
	seq_printf(s, "%s_%s_held %u\n", name, direction, vepf_fifo_len(&p->fifo));
	seq_printf(s, "%s_%s_dropped %llu\n", name, direction, p->fifo.dropped);
}

static int counters_show(struct seq_file *s, void *unused)
{
	struct vepf_function *f = s->private;
	unsigned int i;

	seq_printf(s, "state %s\n", vepf_poller_state(&f->poller));
	for (i = 0; i < ARRAY_SIZE(vepf_counters); i++)
		seq_printf(s, "%s %llu\n", vepf_counters[i].name,
			   *(u64 *)((void *)&f->stats + vepf_counters[i].offset));
	seq_printf(s, "guessed_queues %llu\n", f->poller.regs.anomalies);
	for (i = 0; i < f->type->num_pairs; i++) {
		vepf_pipe_show(s, "from_host", &f->from_host[i]);
		vepf_pipe_show(s, "to_host", &f->to_host[i]);
	}
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(counters);

/**
 * vepf_debugfs_init() - make the module's folder
 */
void vepf_debugfs_init(void)
{
	vepf_debugfs_root = debugfs_create_dir("pci_epf_virtio", NULL);
}

/**
 * vepf_debugfs_exit() - remove the module's folder
 */
void vepf_debugfs_exit(void)
{
	debugfs_remove(vepf_debugfs_root);
}

/**
 * vepf_debugfs_add() - show a function that has been bound
 * @f: function
 */
void vepf_debugfs_add(struct vepf_function *f)
{
	f->debugfs = debugfs_create_dir(dev_name(&f->epf->dev), vepf_debugfs_root);
	debugfs_create_file("counters", 0444, f->debugfs, f, &counters_fops);
}

/**
 * vepf_debugfs_remove() - hide a function; no reader is left when this returns
 * @f: function
 */
void vepf_debugfs_remove(struct vepf_function *f)
{
	debugfs_remove(f->debugfs);
	f->debugfs = NULL;
}
