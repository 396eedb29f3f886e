// SPDX-License-Identifier: GPL-2.0
/*
 * Endpoint controllers as the core meets them
 */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <linux/io.h>
#include <linux/log2.h>
#include <linux/minmax.h>
#include <linux/mutex.h>
#include <linux/pci.h>
#include <linux/sched.h>
#include <linux/sizes.h>

#include "fake-epc.h"
#include "fake-kernel.h"
#include "fake-sched.h"

/* Aligned to more than any window, so that an address' low bits are an offset's */
#define SPACE_ALIGN	(1ULL << 33)

const struct fake_profile fake_dwc = {
	.name = "DesignWare, 64 KiB granule",
	.windows = 1,
	.window_size = 256 * SZ_1M,
	.page_size = SZ_64K,
	.max_maps = 8,
	.full = -EINVAL,
	.align = FAKE_ALIGN_PAGE,
};

const struct fake_profile fake_cadence = {
	.name = "Cadence, no align_addr",
	.windows = 1,
	.window_size = 128 * SZ_1M,
	.page_size = SZ_4K,
	.max_maps = 31,
	.full = -EINVAL,
	.align = FAKE_ALIGN_NONE,
	.low_bits = true,
};

const struct fake_profile fake_rk3399 = {
	.name = "RK3399, maps end at 1 MiB",
	.windows = 32,
	.window_size = SZ_1M,
	.page_size = SZ_1M,
	.max_maps = 32,
	.full = -EINVAL,
	.align = FAKE_ALIGN_SHORT,
};

const struct fake_profile fake_short = {
	.name = "maps of up to 1 MiB, in much more space",
	.windows = 1,
	.window_size = 1024 * SZ_1M,
	.page_size = SZ_4K,
	.max_maps = 16,
	.full = -EINVAL,
	.align = FAKE_ALIGN_SHORT,
};

const struct fake_profile fake_three = {
	.name = "three windows, then ENOMEM",
	.windows = 3,
	.window_size = 16 * SZ_1M,
	.page_size = 16 * SZ_1M,
	.max_maps = 3,
	.full = -ENOMEM,
	.align = FAKE_ALIGN_PAGE,
};

const struct fake_profile fake_four = {
	.name = "four windows, then EINVAL",
	.windows = 1,
	.window_size = 64 * SZ_1M,
	.page_size = SZ_4K,
	.max_maps = 4,
	.full = -EINVAL,
	.align = FAKE_ALIGN_PAGE,
};

const struct fake_profile fake_small = {
	.name = "4 MiB of window space",
	.windows = 1,
	.window_size = 4 * SZ_1M,
	.page_size = SZ_64K,
	.max_maps = 16,
	.full = -EINVAL,
	.align = FAKE_ALIGN_PAGE,
};

const struct fake_profile fake_tiny = {
	.name = "windows of 256 bytes",
	.windows = 16,
	.window_size = 256,
	.page_size = 256,
	.max_maps = 16,
	.full = -EINVAL,
	.align = FAKE_ALIGN_PAGE,
};

const struct fake_profile fake_cable = {
	.name = "the cable, windows show all of RAM",
	.windows = 11,
	.window_size = 512 * SZ_1M,
	.page_size = 512 * SZ_1M,
	.max_maps = 11,
	.full = -ENOMEM,
	.align = FAKE_ALIGN_ALL,
	.ram = 512 * SZ_1M,
};

/* Accesses carry a pointer and nothing else */
static struct fake_epc *the_epc;

static struct fake_epc *to_fake(struct pci_epc *epc)
{
	return container_of(epc, struct fake_epc, epc);
}

void fake_epc_init(struct fake_epc *f, const struct fake_profile *profile, struct host_mem *host)
{
	unsigned int i;

	memset(f, 0, sizeof(*f));
	f->profile = profile;
	f->host = host;
	f->space_size = profile->windows * profile->window_size;
	f->space = mmap(NULL, f->space_size + SPACE_ALIGN, PROT_NONE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	assert_true(f->space != MAP_FAILED);

	for (i = 0; i < profile->windows; i++) {
		f->mem[i].window.phys_base = i * profile->window_size;
		f->mem[i].window.size = profile->window_size;
		f->mem[i].window.page_size = profile->page_size;
		f->mem_ptr[i] = &f->mem[i];
	}
	f->epc.dev.name = "epc";
	f->epc.windows = f->mem_ptr;
	f->epc.num_windows = profile->windows;
	f->posted = calloc(FAKE_MAX_POSTED, sizeof(*f->posted));
	f->log = calloc(FAKE_MAX_LOG, sizeof(*f->log));
	f->msix = FAKE_MAX_VECTORS;
	the_epc = f;
}

void fake_epc_free(struct fake_epc *f)
{
	munmap(f->space, f->space_size + SPACE_ALIGN);
	free(f->posted);
	free(f->log);
	the_epc = NULL;
}

void fake_epc_clear_log(struct fake_epc *f)
{
	f->num_log = 0;
}

/* Local physical address 0 is the first multiple of SPACE_ALIGN in the space */
static char *space_base(struct fake_epc *f)
{
	return f->space + (-(uintptr_t)f->space & (SPACE_ALIGN - 1));
}

static struct fake_map *map_at(struct fake_epc *f, u64 phys)
{
	unsigned int i;

	for (i = 0; i < f->num_maps; i++)
		if (phys - f->map[i].phys < f->map[i].size)
			return &f->map[i];
	return NULL;
}

static u64 to_host(const struct fake_epc *f, const struct fake_map *map, u64 phys)
{
	u64 mask;

	if (!f->profile->low_bits)
		return map->pci_addr + (phys - map->phys);
	mask = max_t(u64, roundup_pow_of_two(map->size), 256) - 1;
	return (map->pci_addr & ~mask) | (phys & mask);
}

/* The first @n posted writes arrive */
static void deliver(struct fake_epc *f, unsigned int n)
{
	unsigned int i;

	for (i = 0; i < n; i++) {
		const struct fake_posted *w = &f->posted[i];
		const struct fake_map *map = map_at(f, w->phys);

		host_write(f->host, to_host(f, map, w->phys), &w->val, w->size);
	}
	f->num_posted -= n;
	memmove(f->posted, f->posted + n, f->num_posted * sizeof(*f->posted));
}

void fake_epc_settle(struct fake_epc *f)
{
	deliver(f, f->num_posted);
}

static void log_access(struct fake_epc *f, u64 addr, size_t size, bool write)
{
	if (f->no_log)
		return;
	if (f->num_log == FAKE_MAX_LOG)
		fail_msg("the log is full");
	f->log[f->num_log++] = (struct fake_access){ addr, size, write };
}

static struct fake_map *check_access(struct fake_epc *f, u64 phys, size_t size)
{
	struct fake_map *map;

	/* Others may map and unmap meanwhile */
	fake_preempt();
	map = map_at(f, phys);
	if (f->act_after && !--f->act_after)
		f->act(f->act_ctx);
	if (fake_locks)
		fail_msg("host memory used under a lock");
	if (!map || map_at(f, phys + size - 1) != map)
		fail_msg("access at %#llx is in no mapping", phys);
	if (phys & (size - 1))
		fail_msg("access of %zu bytes at %#llx is not aligned", size, phys);
	return map;
}

u64 fake_io_load(const void *addr, size_t size)
{
	struct fake_epc *f = the_epc;
	u64 phys = (char *)addr - space_base(f), host, val = 0;

	host = to_host(f, check_access(f, phys, size), phys);
	fake_epc_settle(f);
	log_access(f, host, size, false);
	host_read(f->host, host, &val, size);
	return val;
}

void fake_io_store(void *addr, u64 val, size_t size)
{
	struct fake_epc *f = the_epc;
	u64 phys = (char *)addr - space_base(f);
	struct fake_map *map = check_access(f, phys, size);

	map->dirty = true;
	log_access(f, to_host(f, map, phys), size, true);
	if (f->num_posted == FAKE_MAX_POSTED)
		deliver(f, FAKE_MAX_POSTED / 2);
	f->posted[f->num_posted++] = (struct fake_posted){ phys, val, size };
}

/* A free area of a power of two of pages, naturally aligned in its window */
static bool alloc_space(struct fake_epc *f, size_t size, u64 *phys)
{
	const struct fake_profile *p = f->profile;
	unsigned int i, k;

	size = roundup_pow_of_two(max(size, p->page_size));
	for (i = 0; i < p->windows; i++) {
		u64 base = f->mem[i].window.phys_base, off = 0;

		while (off + size <= p->window_size) {
			for (k = 0; k < f->num_maps; k++) {
				const struct fake_map *m = &f->map[k];
				u64 len = roundup_pow_of_two(max(m->size, p->page_size));

				if (base + off < m->phys + len && m->phys < base + off + size)
					break;
			}
			if (k == f->num_maps) {
				*phys = base + off;
				return true;
			}
			off += size;
		}
	}
	return false;
}

static u64 align_addr(const struct fake_profile *p, u64 addr, size_t *size, size_t *offset)
{
	u64 len = *size, block = 256;

	switch (p->align) {
	case FAKE_ALIGN_PAGE:
		*offset = addr & (p->page_size - 1);
		*size = (*offset + len + p->page_size - 1) & ~(p->page_size - 1);
		return addr - *offset;
	case FAKE_ALIGN_SHORT:
		while (block < SZ_1M && (addr ^ (addr + len - 1)) >= block)
			block <<= 1;
		*offset = addr & (block - 1);
		*size = min(*offset + len, block);
		return addr - *offset;
	case FAKE_ALIGN_ALL:
		*offset = 0;
		if (addr >= p->ram)
			return addr;
		*offset = addr;
		*size = addr + min(len, p->ram - addr);
		return 0;
	case FAKE_ALIGN_NONE:
		break;
	}
	*offset = 0;
	return addr;
}

static void check_lock(const struct fake_epc *f)
{
	if (f->locks[0] && f->locks[0]->owner != current && f->locks[1]->owner != current)
		fail_msg("the host is reached without a lock of the function");
}

int pci_epc_mem_map(struct pci_epc *epc, u8 func_no, u8 vfunc_no, u64 pci_addr, size_t pci_size,
		    struct pci_epc_map *map)
{
	struct fake_epc *f = to_fake(epc);
	const struct fake_profile *p = f->profile;
	size_t size = pci_size, offset;
	u64 phys, base;

	(void)func_no;
	(void)vfunc_no;
	check_lock(f);
	if (fake_locks)
		fail_msg("mapping sleeps, and a lock is held");
	if (!pci_size)
		return -EINVAL;

	memset(map, 0, sizeof(*map));
	base = align_addr(p, pci_addr, &size, &offset);
	if (!alloc_space(f, size, &phys))
		return -ENOMEM;
	if (f->num_maps + f->reserved >= p->max_maps)
		return p->full;
	if (p->ram && (base >= p->ram || size > p->ram - base))
		return -ERANGE;

	map->pci_addr = pci_addr;
	map->pci_size = min(pci_size, size - offset);
	map->map_pci_addr = base;
	map->map_size = size;
	map->phys_base = phys;
	map->phys_addr = phys + offset;
	map->virt_base = space_base(f) + phys;
	map->virt_addr = space_base(f) + phys + offset;
	f->map[f->num_maps++] = (struct fake_map){
		.phys = phys, .size = size, .pci_addr = base,
		.show = map->virt_addr, .show_addr = pci_addr,
	};
	f->maps++;
	return 0;
}

/* The read that pushed the writes out of a window before it goes is no other's access */
static void find_flush_read(struct fake_epc *f, struct fake_map *map)
{
	const struct fake_access *last;

	if (!map->dirty || !f->num_log)
		return;
	last = &f->log[f->num_log - 1];
	if (last->write || last->size != 4 || last->addr != map->show_addr)
		return;
	f->flush_reads++;
	f->num_log--;
}

void pci_epc_mem_unmap(struct pci_epc *epc, u8 func_no, u8 vfunc_no, struct pci_epc_map *map)
{
	struct fake_epc *f = to_fake(epc);
	struct fake_map *m = map_at(f, map->phys_base);
	unsigned int i, kept = 0;

	(void)func_no;
	(void)vfunc_no;
	if (fake_locks)
		fail_msg("unmapping sleeps, and a lock is held");
	if (!m || m->show != map->virt_addr)
		fail_msg("unmapping what is not mapped");

	find_flush_read(f, m);
	for (i = 0; i < f->num_posted; i++) {
		if (f->posted[i].phys - m->phys < m->size)
			f->lost++;
		else
			f->posted[kept++] = f->posted[i];
	}
	f->num_posted = kept;
	*m = f->map[--f->num_maps];
	f->unmaps++;
}

int pci_epc_raise_irq(struct pci_epc *epc, u8 func_no, u8 vfunc_no, unsigned int type,
		      u16 interrupt_num)
{
	struct fake_epc *f = to_fake(epc);
	unsigned int vector = interrupt_num - 1;

	(void)func_no;
	(void)vfunc_no;
	check_lock(f);
	if (fake_locks)
		fail_msg("raising an interrupt sleeps, and a lock is held");
	if (type == PCI_IRQ_INTX) {
		f->intx_raises++;
		if (!f->intx_result)
			f->intx_sent++;
		return f->intx_result;
	}
	assert_int_equal(type, PCI_IRQ_MSIX);
	assert_in_range(interrupt_num, 1, FAKE_MAX_VECTORS);
	f->raises[vector]++;
	if (f->raise_result[vector])
		return f->raise_result[vector];
	f->sent[vector]++;
	return 0;
}

int pci_epc_get_msix(struct pci_epc *epc, u8 func_no, u8 vfunc_no)
{
	(void)func_no;
	(void)vfunc_no;
	to_fake(epc)->msix_looks++;
	return to_fake(epc)->msix;
}
