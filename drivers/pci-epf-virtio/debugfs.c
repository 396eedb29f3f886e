// SPDX-License-Identifier: GPL-2.0
/*
 * Counters, readable below /sys/kernel/debug/pci_epf_virtio/<function>/
 */
#include <linux/debugfs.h>
#include <linux/seq_file.h>

#include "function.h"

static struct dentry *epfv_debugfs_root;

/* Some are counted for the whole function only */
#define EPFV_COUNTER(field, whole)	{ #field, offsetof(struct epfv_stats, field), whole }

static const struct {
	const char *name;
	size_t offset;
	bool whole;
} epfv_counters[] = {
	EPFV_COUNTER(np_reads, false),
	EPFV_COUNTER(np_bytes, false),
	EPFV_COUNTER(posted_writes, false),
	EPFV_COUNTER(posted_bytes, false),
	EPFV_COUNTER(maps, false),
	EPFV_COUNTER(unmaps, false),
	EPFV_COUNTER(interrupts, false),
	EPFV_COUNTER(longest_burst, true),
	EPFV_COUNTER(host_errors, false),
};

/* In front of each counter's name: of which queue it is */
static void epfv_stats_show(struct seq_file *s, const char *queue, const char *direction,
			    const struct epfv_stats *stats)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(epfv_counters); i++) {
		if (*direction && epfv_counters[i].whole)
			continue;
		seq_printf(s, "%s%s%s %llu\n", queue, direction, epfv_counters[i].name,
			   *(const u64 *)((const void *)stats + epfv_counters[i].offset));
	}
}

static void epfv_pipe_show(struct seq_file *s, const char *direction, const struct epfv_pipe *p)
{
	const char *name = p->hq->name;

	epfv_stats_show(s, name, direction, &p->hq->lane.stats);
	seq_printf(s, "%s%smessages %llu\n", name, direction, p->hq->messages);
	seq_printf(s, "%s%sbytes %llu\n", name, direction, p->hq->bytes);
	seq_printf(s, "%s%svector %u\n", name, direction, p->hq->vector);
	seq_printf(s, "%s%sheld %u\n", name, direction, epfv_fifo_len(&p->fifo));
	seq_printf(s, "%s%sdropped %llu\n", name, direction, p->fifo.dropped);
}

static int counters_show(struct seq_file *s, void *unused)
{
	struct epfv_function *f = s->private;
	u64 wakeups = f->poller.wakeups;
	struct epfv_stats sum;
	unsigned int i;

	seq_printf(s, "state %s\n", epfv_poller_state(&f->poller));
	epfv_function_stats(f, &sum);
	for (i = 0; i < f->num_workers; i++)
		wakeups += f->workers[i].w.wakeups;
	epfv_stats_show(s, "", "", &sum);
	seq_printf(s, "interrupt_retries %llu\n", f->irq.retries);
	seq_printf(s, "wakeups %llu\n", wakeups);
	seq_printf(s, "host_resets %llu\n", f->poller.host_resets);
	seq_printf(s, "guessed_queues %llu\n", f->poller.t->guesses);
	for (i = 0; i < f->type->num_pairs; i++) {
		epfv_pipe_show(s, "_from_host_", &f->from_host[i]);
		epfv_pipe_show(s, "_to_host_", &f->to_host[i]);
	}
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(counters);

/**
 * epfv_debugfs_init() - make the module's folder
 */
void epfv_debugfs_init(void)
{
	epfv_debugfs_root = debugfs_create_dir("pci_epf_virtio", NULL);
}

/**
 * epfv_debugfs_exit() - remove the module's folder
 */
void epfv_debugfs_exit(void)
{
	debugfs_remove(epfv_debugfs_root);
}

/**
 * epfv_debugfs_add() - show a function that has been bound
 * @f: function
 */
void epfv_debugfs_add(struct epfv_function *f)
{
	f->debugfs = debugfs_create_dir(dev_name(&f->epf->dev), epfv_debugfs_root);
	debugfs_create_file("counters", 0444, f->debugfs, f, &counters_fops);
}

/**
 * epfv_debugfs_remove() - hide a function; no reader is left when this returns
 * @f: function
 */
void epfv_debugfs_remove(struct epfv_function *f)
{
	debugfs_remove(f->debugfs);
	f->debugfs = NULL;
}
