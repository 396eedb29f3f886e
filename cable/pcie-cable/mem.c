// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include "drops.h"
#include "mem.h"

/* The largest naturally aligned piece at @p that @count allows */
static uint32_t piece(const uint8_t *p, uint32_t count)
{
	uint32_t size = 8;

	while (size > count || (uintptr_t)p % size)
		size /= 2;
	return size;
}

#define COPY_IN(type, to, from) do {						\
	type v = __atomic_load_n((const type *)(from), __ATOMIC_SEQ_CST);	\
										\
	memcpy(to, &v, sizeof(v));						\
} while (0)

#define COPY_OUT(type, to, from) do {						\
	type v;									\
										\
	memcpy(&v, from, sizeof(v));						\
	__atomic_store_n((type *)(to), v, __ATOMIC_SEQ_CST);			\
} while (0)

void mem_read(uint8_t *to, const uint8_t *from, uint32_t count)
{
	uint32_t size;

	for (; count; count -= size, to += size, from += size) {
		size = piece(from, count);
		switch (size) {
		case 8:
			COPY_IN(uint64_t, to, from);
			break;
		case 4:
			COPY_IN(uint32_t, to, from);
			break;
		case 2:
			COPY_IN(uint16_t, to, from);
			break;
		default:
			COPY_IN(uint8_t, to, from);
		}
	}
}

void mem_write(uint8_t *to, const uint8_t *from, uint32_t count)
{
	uint32_t size;

	for (; count; count -= size, to += size, from += size) {
		size = piece(to, count);
		switch (size) {
		case 8:
			COPY_OUT(uint64_t, to, from);
			break;
		case 4:
			COPY_OUT(uint32_t, to, from);
			break;
		case 2:
			COPY_OUT(uint16_t, to, from);
			break;
		default:
			COPY_OUT(uint8_t, to, from);
		}
	}
}

static struct {
	struct loop_source src;		/* something was lost */
	struct loop *loop;
	struct mem_map *maps;
} state;

static struct mem_map *map_at(const uint8_t *addr)
{
	struct mem_map *map;

	for (map = state.maps; map; map = map->next)
		if (addr >= map->mem && addr - map->mem < (ptrdiff_t)map->size)
			return map;
	return NULL;
}

/*
 * Private memory takes the place of the page, which may be a large one, and of all that follows:
 * of a file that was made shorter nothing of that is there, and each piece costs one of the
 * mappings that a process may have.
 */
static bool replace(uint8_t *addr, const struct mem_map *map)
{
	size_t size = getpagesize();
	uint8_t *from;

	do {
		from = (uint8_t *)((uintptr_t)addr & ~(size - 1));
		if (from < map->mem)
			from = map->mem;
		if (mmap(from, map->mem + map->size - from, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0) == from)
			return true;
		size *= 2;
	} while (from > map->mem);
	return false;
}

/* In the loop's thread, as nobody else has anything to do with the machines' memory */
static void no_page(int sig, siginfo_t *info, void *context)
{
	struct mem_map *map = map_at(info->si_addr);
	const int saved = errno;
	const uint64_t one = 1;

	(void)context;
	if (info->si_code != BUS_ADRERR || !map || !replace(info->si_addr, map)) {
		signal(sig, SIG_DFL);	/* and so end when the access is repeated */
		return;
	}
	map->is_lost = true;
	drop_count(DROP_MEMORY);
	/* One that nobody else has, and that never is full */
	if (write(state.src.fd, &one, sizeof(one)) < 0)
		abort();
	errno = saved;
}

static void tell(struct loop_source *src, uint32_t events)
{
	struct mem_map *map;
	uint64_t count;

	(void)events;
	if (read(src->fd, &count, sizeof(count)) < 0)
		return;
	for (map = state.maps; map; map = map->next) {
		if (!map->is_lost || map->told)
			continue;
		map->told = true;
		map->lost(map->arg);
	}
}

void mem_add(struct mem_map *map)
{
	map->is_lost = false;
	map->told = false;
	map->next = state.maps;
	state.maps = map;
}

void mem_del(struct mem_map *map)
{
	struct mem_map **p;

	for (p = &state.maps; *p && *p != map; p = &(*p)->next)
		;
	if (*p)
		*p = map->next;
}

int mem_init(struct loop *loop)
{
	struct sigaction action = {
		.sa_sigaction = no_page,
		.sa_flags = SA_SIGINFO,
	};

	state.loop = loop;
	state.src.ready = tell;
	state.src.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (state.src.fd < 0 || sigaction(SIGBUS, &action, NULL))
		return -errno;
	return loop_add(loop, &state.src, EPOLLIN);
}

void mem_exit(void)
{
	loop_del(state.loop, &state.src);
	close(state.src.fd);
}
