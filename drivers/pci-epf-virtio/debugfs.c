// SPDX-License-Identifier: GPL-2.0
/*
 * Counters, readable below /sys/kernel/debug/pci_epf_virtio/<function>/
 */
#include <linux/debugfs.h>
#include <linux/seq_file.h>

#include "function.h"

static struct dentry *vepf_debugfs_root;

/* Some are counted for the whole function only */
#define VEPF_COUNTER(field, whole)	{ #field, offsetof(struct vepf_stats, field), whole }

static const struct {
	const char *name;
	size_t offset;
	bool whole;
} vepf_counters[] = {
	VEPF_COUNTER(np_reads, false),
	VEPF_COUNTER(np_bytes, false),
	VEPF_COUNTER(posted_writes, false),
	VEPF_COUNTER(posted_bytes, false),
	VEPF_COUNTER(maps, false),
	VEPF_COUNTER(unmaps, false),
	VEPF_COUNTER(interrupts, false),
	VEPF_COUNTER(interrupt_retries, false),
	VEPF_COUNTER(wakeups, true),
	VEPF_COUNTER(host_resets, true),
	VEPF_COUNTER(longest_burst, true),
	VEPF_COUNTER(host_errors, false),
};

/* In front of each counter's name: of which queue it is */
static void vepf_stats_show(struct seq_file *s, const char *queue, const char *direction,
			    const struct vepf_stats *stats)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(vepf_counters); i++) {
		if (*direction && vepf_counters[i].whole)
			continue;
		seq_printf(s, "%s%s%s %llu\n", queue, direction, vepf_counters[i].name,
			   *(const u64 *)((const void *)stats + vepf_counters[i].offset));
	}
}

static void vepf_pipe_show(struct seq_file *s, const char *direction, const struct vepf_pipe *p)
{
	const char *name = p->hq->name;

	vepf_stats_show(s, name, direction, &p->hq->stats);
	seq_printf(s, "%s%smessages %llu\n", name, direction, p->hq->messages);
	seq_printf(s, "%s%sbytes %llu\n", name, direction, p->hq->bytes);
	seq_printf(s, "%s%svector %u\n", name, direction, p->hq->vector);
	seq_printf(s, "%s%sheld %u\n", name, direction, vepf_fifo_len(&p->fifo));
	seq_printf(s, "%s%sdropped %llu\n", name, direction, p->fifo.dropped);
}

static int counters_show(struct seq_file *s, void *unused)
{
	struct vepf_function *f = s->private;
	unsigned int i;

	seq_printf(s, "state %s\n", vepf_poller_state(&f->poller));
	vepf_stats_show(s, "", "", &f->stats);
	seq_printf(s, "guessed_queues %llu\n", f->poller.regs.anomalies);
	for (i = 0; i < f->type->num_pairs; i++) {
		vepf_pipe_show(s, "_from_host_", &f->from_host[i]);
		vepf_pipe_show(s, "_to_host_", &f->to_host[i]);
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
