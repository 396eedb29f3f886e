// SPDX-License-Identifier: GPL-2.0
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>

#include "peer.h"

bool peer_maps_privately(int sock, int fd)
{
	unsigned int dev_major, dev_minor;
	socklen_t len = sizeof(struct ucred);
	bool private = false, shared = false;
	char path[64], line[512], mode;
	unsigned long long inode;
	struct ucred peer;
	struct stat st;
	FILE *maps;

	if (getsockopt(sock, SOL_SOCKET, SO_PEERCRED, &peer, &len) || fstat(fd, &st))
		return false;
	snprintf(path, sizeof(path), "/proc/%d/maps", peer.pid);
	maps = fopen(path, "re");
	if (!maps)
		return false;
	while (fgets(line, sizeof(line), maps)) {
		if (sscanf(line, "%*x-%*x %*3c%c %*x %x:%x %llu", &mode, &dev_major,
			   &dev_minor, &inode) != 4)
			continue;
		if (inode != st.st_ino || makedev(dev_major, dev_minor) != st.st_dev)
			continue;
		private |= mode == 'p';
		shared |= mode == 's';
	}
	fclose(maps);
	return private && !shared;
}

int64_t peer_cpu_ns(int sock)
{
	socklen_t len = sizeof(struct ucred);
	struct timespec ts;
	struct ucred peer;
	clockid_t clock;

	if (getsockopt(sock, SOL_SOCKET, SO_PEERCRED, &peer, &len) ||
	    clock_getcpuclockid(peer.pid, &clock) || clock_gettime(clock, &ts))
		return -1;
	return ts.tv_sec * 1000000000LL + ts.tv_nsec;
}
