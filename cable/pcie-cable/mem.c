// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

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

/* A private page takes the place of the one that the file no longer has. */
static void replace_page(int sig, siginfo_t *info, void *context)
{
	const uintptr_t mask = ~(uintptr_t)(getpagesize() - 1);
	void *page = (void *)((uintptr_t)info->si_addr & mask);

	(void)context;
	if (info->si_code != BUS_ADRERR ||
	    mmap(page, getpagesize(), PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != page)
		signal(sig, SIG_DFL);	/* and so end when the access is repeated */
}

int mem_init(void)
{
	struct sigaction action = {
		.sa_sigaction = replace_page,
		.sa_flags = SA_SIGINFO,
	};

	return sigaction(SIGBUS, &action, NULL) ? -errno : 0;
}
