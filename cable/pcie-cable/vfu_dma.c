// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "vfu_dma.h"

void vfu_dma_init(struct vfu_dma *dma, void (*lost)(void *arg), void *arg)
{
	*dma = (struct vfu_dma){ .lost = lost, .arg = arg };
}

void vfu_dma_exit(struct vfu_dma *dma)
{
	unsigned int i;

	for (i = 0; i < dma->num_files; i++) {
		mem_del(&dma->files[i].map);
		munmap(dma->files[i].map.mem, dma->files[i].map.size);
	}
	free(dma->ranges);
	vfu_dma_init(dma, NULL, NULL);
}

static int get_file(struct vfu_dma *dma, int fd, struct vfu_dma_file **found)
{
	struct vfu_dma_file *file;
	struct stat st;
	unsigned int i;
	int prot, mode;

	mode = fcntl(fd, F_GETFL);
	if (mode < 0 || fstat(fd, &st))
		return -errno;
	if (!S_ISREG(st.st_mode) || st.st_size <= 0)
		return -EINVAL;

	for (i = 0; i < dma->num_files; i++) {
		file = &dma->files[i];
		if (file->dev == st.st_dev && file->ino == st.st_ino) {
			*found = file;
			return 0;
		}
	}
	if (dma->num_files == VFU_DMA_MAX_FILES)
		return -ENOSPC;

	file = &dma->files[dma->num_files];
	file->dev = st.st_dev;
	file->ino = st.st_ino;
	file->map = (struct mem_map){
		.size = st.st_size, .lost = dma->lost, .arg = dma->arg,
	};
	file->writable = (mode & O_ACCMODE) == O_RDWR;
	prot = PROT_READ | (file->writable ? PROT_WRITE : 0);
	file->map.mem = mmap(NULL, file->map.size, prot, MAP_SHARED, fd, 0);
	if (file->map.mem == MAP_FAILED)
		return -errno;
	mem_add(&file->map);
	dma->num_files++;
	*found = file;
	return 0;
}

/* The first range that ends behind @addr */
static unsigned int lower_bound(const struct vfu_dma *dma, uint64_t addr)
{
	unsigned int lo = 0, hi = dma->num_ranges, mid;

	while (lo < hi) {
		mid = (lo + hi) / 2;
		if (dma->ranges[mid].addr + (dma->ranges[mid].size - 1) < addr)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

static int grow(struct vfu_dma *dma)
{
	struct vfu_dma_range *ranges;
	unsigned int max;

	if (dma->num_ranges < dma->max_ranges)
		return 0;
	if (dma->max_ranges == VFU_MAX_DMA_MAPS)
		return -ENOSPC;
	max = dma->max_ranges ? dma->max_ranges * 2 : 16;
	ranges = realloc(dma->ranges, max * sizeof(*ranges));
	if (!ranges)
		return -ENOMEM;
	dma->ranges = ranges;
	dma->max_ranges = max;
	return 0;
}

int vfu_dma_map(struct vfu_dma *dma, const struct vfu_dma_map *map, int fd)
{
	struct vfu_dma_range range = {
		.addr = map->addr,
		.size = map->size,
		.offset = map->offset,
		.writable = map->flags & VFU_DMA_WRITE,
	};
	unsigned int at;
	int ret;

	if (!map->size || map->addr + (map->size - 1) < map->addr)
		return -EINVAL;
	at = lower_bound(dma, map->addr);
	if (at < dma->num_ranges && dma->ranges[at].addr <= map->addr + (map->size - 1))
		return -EEXIST;
	ret = grow(dma);
	if (ret)
		return ret;

	if (fd >= 0) {
		ret = get_file(dma, fd, &range.file);
		if (ret)
			return ret;
		if (range.offset > range.file->map.size ||
		    range.size > range.file->map.size - range.offset)
			return -EINVAL;
	}
	if (range.writable) {
		dma->seen_shared |= fd >= 0;
		dma->seen_unshared |= fd < 0;
	}

	memmove(&dma->ranges[at + 1], &dma->ranges[at],
		(dma->num_ranges - at) * sizeof(range));
	dma->ranges[at] = range;
	dma->num_ranges++;
	return 0;
}

int vfu_dma_unmap(struct vfu_dma *dma, uint64_t addr, uint64_t size)
{
	const uint64_t last = addr + (size - 1);
	unsigned int from, to;

	if (!size || last < addr)
		return -EINVAL;
	from = lower_bound(dma, addr);
	for (to = from; to < dma->num_ranges && dma->ranges[to].addr <= last; to++)
		if (dma->ranges[to].addr < addr ||
		    dma->ranges[to].addr + (dma->ranges[to].size - 1) > last)
			return -EINVAL;
	if (from == to)
		return -ENOENT;

	memmove(&dma->ranges[from], &dma->ranges[to],
		(dma->num_ranges - to) * sizeof(dma->ranges[0]));
	dma->num_ranges -= to - from;
	return 0;
}

void vfu_dma_unmap_all(struct vfu_dma *dma)
{
	dma->num_ranges = 0;
}

enum vfu_dma_found vfu_dma_find(const struct vfu_dma *dma, uint64_t addr,
				uint64_t size, uint8_t **mem)
{
	const struct vfu_dma_range *range;
	unsigned int at = lower_bound(dma, addr);

	if (at == dma->num_ranges)
		return VFU_DMA_NOTHING;
	range = &dma->ranges[at];
	if (addr < range->addr || size > range->size - (addr - range->addr))
		return VFU_DMA_NOTHING;
	if (!range->file)
		return VFU_DMA_UNSHARED;
	if (!range->writable || !range->file->writable)
		return VFU_DMA_NOTHING;
	*mem = range->file->map.mem + range->offset + (addr - range->addr);
	return VFU_DMA_FOUND;
}
