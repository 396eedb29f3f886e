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

	if (dma->num_ranges == VFU_MAX_DMA_MAPS)
		return -ENOSPC;
	if (dma->num_ranges < dma->max_ranges)
		return 0;
	max = dma->max_ranges ? dma->max_ranges * 2 : 16;
	ranges = realloc(dma->ranges, max * sizeof(*ranges));
	if (!ranges)
		return -ENOMEM;
	dma->ranges = ranges;
	dma->max_ranges = max;
	return 0;
}

/* Make room for a range at @at; the range in @map is not there yet */
static int make_room(struct vfu_dma *dma, const struct vfu_dma_map *map, unsigned int *at)
{
	if (!map->size || map->addr + (map->size - 1) < map->addr)
		return -EINVAL;
	*at = lower_bound(dma, map->addr);
	if (*at < dma->num_ranges && dma->ranges[*at].addr <= map->addr + (map->size - 1))
		return -EEXIST;
	return grow(dma);
}

static void insert(struct vfu_dma *dma, unsigned int at, const struct vfu_dma_map *map,
		   uint8_t *mem, bool writable)
{
	memmove(&dma->ranges[at + 1], &dma->ranges[at],
		(dma->num_ranges - at) * sizeof(dma->ranges[0]));
	dma->ranges[at] = (struct vfu_dma_range){
		.addr = map->addr,
		.size = map->size,
		.mem = mem,
		.writable = writable && (map->flags & VFU_DMA_WRITE),
	};
	dma->num_ranges++;
	if (map->flags & VFU_DMA_WRITE) {
		dma->seen_shared |= !!mem;
		dma->seen_unshared |= !mem;
	}
}

static bool lies_in(const struct vfu_dma_map *map, uint64_t size)
{
	return map->offset <= size && map->size <= size - map->offset;
}

int vfu_dma_map_memory(struct vfu_dma *dma, const struct vfu_dma_map *map, uint8_t *mem,
		       uint64_t size)
{
	unsigned int at;
	int ret;

	ret = make_room(dma, map, &at);
	if (ret)
		return ret;
	if (mem && !lies_in(map, size))
		return -EINVAL;
	insert(dma, at, map, mem ? mem + map->offset : NULL, true);
	return 0;
}

int vfu_dma_map(struct vfu_dma *dma, const struct vfu_dma_map *map, int fd)
{
	struct vfu_dma_file *file = NULL;
	unsigned int at;
	int ret;

	if (fd < 0)
		return vfu_dma_map_memory(dma, map, NULL, 0);
	ret = make_room(dma, map, &at);
	if (ret)
		return ret;
	ret = get_file(dma, fd, &file);
	if (ret)
		return ret;
	if (!lies_in(map, file->map.size))
		return -EINVAL;
	insert(dma, at, map, file->map.mem + map->offset, file->writable);
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
	if (!range->mem)
		return VFU_DMA_UNSHARED;
	if (!range->writable)
		return VFU_DMA_NOTHING;
	*mem = range->mem + (addr - range->addr);
	return VFU_DMA_FOUND;
}

uint8_t *vfu_dma_piece(const struct vfu_dma *dma, uint64_t addr, uint32_t *size, bool write)
{
	const struct vfu_dma_range *range;
	unsigned int at = lower_bound(dma, addr);
	uint64_t left;

	if (at == dma->num_ranges)
		return NULL;
	range = &dma->ranges[at];
	if (addr < range->addr || !range->mem || (write && !range->writable))
		return NULL;
	left = range->size - (addr - range->addr);
	if (*size > left)
		*size = left;
	return range->mem + (addr - range->addr);
}
