/* SPDX-License-Identifier: GPL-2.0 */
/*
 * host_ram: the file that is the host machine's RAM
 *
 * Offered to:	ep_window (shows it to the endpoint) and host_fn (compares it with
 *		what the host maps).
 *
 * It is this program's alone: nobody else may write to it, and no other pcie-cable uses it.
 * The cable makes the file, so that either machine may start first.  Offset in
 * the file and address in the host are the same.  Its content stays when the host
 * machine goes and comes back, as after a warm reset: a closed connection does
 * not prove that nobody runs in this RAM any more.
 */
#ifndef CABLE_HOST_RAM_H
#define CABLE_HOST_RAM_H

#include <stdbool.h>
#include <stdint.h>

#include "mem.h"

#define HOST_RAM_MIN	(64ull << 20)
#define HOST_RAM_MAX	(2048ull << 20)

struct host_ram {
	const char *path;
	uint64_t size;
	int fd;				/* given to machines */
	int lock;			/* never given to anybody */
	uint8_t *mem;
	bool created;
	struct mem_map map;
};

/*
 * Open or create @path as @size bytes, a power of two in the limits above, with room for all of
 * them.  0, or a negative errno after a message.  Should a part get lost all the same, @lost is
 * called in the loop.
 */
int host_ram_open(struct host_ram *ram, const char *path, uint64_t size,
		  void (*lost)(void *arg), void *arg);

/* Close it, and remove the file if it was made by host_ram_open(). */
void host_ram_close(struct host_ram *ram);

/* Is @fd this very file? */
bool host_ram_is(const struct host_ram *ram, int fd);

#endif /* CABLE_HOST_RAM_H */
