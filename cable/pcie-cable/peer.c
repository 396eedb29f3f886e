// SPDX-License-Identifier: GPL-2.0
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "peer.h"

/* Of the peer, or a negative errno */
static pid_t pid_of(int sock)
{
	socklen_t len = sizeof(struct ucred);
	struct ucred peer;

	return getsockopt(sock, SOL_SOCKET, SO_PEERCRED, &peer, &len) ? -errno : peer.pid;
}

bool peer_maps_privately(int sock, int fd)
{
	unsigned int dev_major, dev_minor;
	const pid_t pid = pid_of(sock);
	bool private = false, shared = false;
	char path[64], line[512], mode;
	unsigned long long inode;
	struct stat st;
	FILE *maps;

	if (pid < 0 || fstat(fd, &st))
		return false;
	snprintf(path, sizeof(path), "/proc/%d/maps", pid);
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

/* One line of a file below /proc; false where it cannot be read */
static bool read_line(char *line, size_t size, const char *path)
{
	FILE *file = fopen(path, "re");
	bool ok;

	if (!file)
		return false;
	ok = fgets(line, size, file);
	fclose(file);
	return ok;
}

static bool look_at_thread(pid_t pid, int tid, int64_t *ns, bool *wants)
{
	char path[64], line[512], *state;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/schedstat", pid, tid);
	if (!read_line(line, sizeof(line), path) || sscanf(line, "%" SCNd64, ns) != 1)
		return false;
	snprintf(path, sizeof(path), "/proc/%d/task/%d/stat", pid, tid);
	if (!read_line(line, sizeof(line), path))
		return false;
	/* The name before it is in parentheses, and may contain some */
	state = strrchr(line, ')');
	*wants = state && !strncmp(state, ") R", 3);
	return true;
}

void peer_run_look(int sock, struct peer_run *run)
{
	const pid_t pid = pid_of(sock);
	struct dirent *entry;
	char path[64];
	DIR *tasks;

	run->num = 0;
	if (pid < 0)
		return;
	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	tasks = opendir(path);
	if (!tasks)
		return;
	while (run->num < PEER_MAX_THREADS && (entry = readdir(tasks))) {
		int tid = atoi(entry->d_name);

		if (tid && look_at_thread(pid, tid, &run->thread[run->num].ns,
					  &run->thread[run->num].wants))
			run->thread[run->num++].tid = tid;
	}
	closedir(tasks);
}

/* A thread that was not there before has run since then only */
static int64_t ran_before(const struct peer_run *before, int tid)
{
	unsigned int i;

	for (i = 0; i < before->num; i++)
		if (before->thread[i].tid == tid)
			return before->thread[i].ns;
	return 0;
}

enum peer_ran peer_ran(const struct peer_run *before, const struct peer_run *now, int64_t ns)
{
	int64_t all = 0;
	unsigned int i;

	for (i = 0; i < now->num; i++) {
		int64_t ran = now->thread[i].ns - ran_before(before, now->thread[i].tid);

		if (now->thread[i].wants && ran < ns)
			return PEER_STARVED;
		all += ran;
	}
	return all >= ns ? PEER_RAN : PEER_IDLE;
}

int peer_stop(int sock)
{
	const pid_t pid = pid_of(sock);
	int fd, ret;

	/* 0: of another PID name space */
	if (pid <= 0)
		return pid ? pid : -ESRCH;
	fd = pidfd_open(pid, 0);
	if (fd < 0)
		return -errno;
	if (!pidfd_send_signal(fd, SIGSTOP, NULL, 0))
		return fd;
	ret = -errno;
	close(fd);
	return ret;
}

void peer_cont(int pidfd)
{
	pidfd_send_signal(pidfd, SIGCONT, NULL, 0);
	close(pidfd);
}
