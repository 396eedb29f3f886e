// SPDX-License-Identifier: GPL-2.0
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
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

#ifndef SO_PEERPIDFD	/* before Linux 6.5 */
#define SO_PEERPIDFD	77
#endif

/* Of the peer, or a negative errno */
static pid_t pid_of(int sock)
{
	socklen_t len = sizeof(struct ucred);
	struct ucred peer;

	return getsockopt(sock, SOL_SOCKET, SO_PEERCRED, &peer, &len) ? -errno : peer.pid;
}

/* In a thread: whatever the process does, nobody waits for this. */
static void read_maps(struct aside_job *job)
{
	struct peer_check *check = (struct peer_check *)job;
	unsigned int dev_major, dev_minor;
	bool private = false, shared = false;
	char path[64], line[512], mode;
	unsigned long long inode;
	FILE *maps;

	snprintf(path, sizeof(path), "/proc/%d/maps", check->file.pid);
	maps = fopen(path, "re");
	if (!maps)
		return;
	while (fgets(line, sizeof(line), maps)) {
		if (sscanf(line, "%*x-%*x %*3c%c %*x %x:%x %llu", &mode, &dev_major,
			   &dev_minor, &inode) != 4)
			continue;
		if (inode != check->file.ino || makedev(dev_major, dev_minor) != check->file.dev)
			continue;
		private |= mode == 'p';
		shared |= mode == 's';
	}
	fclose(maps);
	check->private = private && !shared;
}

static void maps_read(struct aside_job *job);

static void begin(struct peer_check *check)
{
	check->job = (struct aside_job){ .work = read_maps, .done = maps_read };
	check->file = check->next;
	check->private = false;
	check->again = false;
	check->running = aside_do(&check->job, check->owner);
}

static void maps_read(struct aside_job *job)
{
	struct peer_check *check = (struct peer_check *)job;

	check->running = false;
	if (check->again)
		begin(check);
	else if (check->private && check->arg)
		check->found(check->arg);
}

void peer_check_start(struct peer_check *check, int sock, struct aside_owner *owner, int fd,
		      void (*found)(void *arg), void *arg)
{
	const pid_t pid = pid_of(sock);
	struct stat st;

	if (pid < 0 || fstat(fd, &st))
		return;
	check->next = (struct peer_file){ .pid = pid, .dev = st.st_dev, .ino = st.st_ino };
	check->owner = owner;
	check->found = found;
	check->arg = arg;
	/* Who has come meanwhile may be another. */
	if (check->running)
		check->again = true;
	else
		begin(check);
}

void peer_check_forget(struct peer_check *check)
{
	check->arg = NULL;
	check->again = false;
}

/* The line of a file below /proc that begins with @start; false where there is none */
static bool read_line(char *line, size_t size, const char *path, const char *start)
{
	FILE *file = fopen(path, "re");
	bool found = false;

	if (!file)
		return false;
	while (!found && fgets(line, size, file))
		found = !strncmp(line, start, strlen(start));
	fclose(file);
	return found;
}

static bool look_at_thread(pid_t pid, int tid, int64_t *ns, bool *wants)
{
	char path[64], line[512];

	snprintf(path, sizeof(path), "/proc/%d/task/%d/schedstat", pid, tid);
	if (!read_line(line, sizeof(line), path, "") || sscanf(line, "%" SCNd64, ns) != 1)
		return false;
	snprintf(path, sizeof(path), "/proc/%d/task/%d/status", pid, tid);
	if (!read_line(line, sizeof(line), path, "State:"))
		return false;
	*wants = !strncmp(line, "State:\tR", 8);
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

/*
 * A descriptor of the process that connected, which is that one even where it has ended and
 * another has its number.
 */
static int pidfd_of(int sock)
{
	struct pollfd p = { .fd = sock, .events = POLLRDHUP };
	socklen_t len = sizeof(int);
	int fd, ret;
	pid_t pid;

	if (!getsockopt(sock, SOL_SOCKET, SO_PEERPIDFD, &fd, &len))
		return fd;
	if (errno != ENOPROTOOPT)
		return -errno;
	/* Linux before 6.5 */
	pid = pid_of(sock);
	/* 0: of another PID name space */
	if (pid <= 0)
		return pid ? pid : -ESRCH;
	fd = pidfd_open(pid, 0);
	if (fd < 0)
		return -errno;
	/* Had it ended before, its end of the connection would be closed. */
	ret = poll(&p, 1, 0);
	if (!ret)
		return fd;
	close(fd);
	return -ESRCH;
}

int peer_stop(int sock)
{
	int fd, ret;

	fd = pidfd_of(sock);
	if (fd < 0)
		return fd;
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
