// SPDX-License-Identifier: GPL-2.0
/*
 * The world around pcie-cable: time, waiting, sockets, other processes
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sanitizer/asan_interface.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "aside.h"
#include "check.h"
#include "log.h"
#include "peer.h"
#include "server_env.h"

#define PAGE		4096ul
#define COUNTED_FDS	256
#define CALL_NS		10000
#define MAX_LARGE	12

/* The program is compiled with these names for what it takes from the C library */
int fuzz_clock_gettime(clockid_t clock, struct timespec *ts);
int fuzz_epoll_wait(int fd, struct epoll_event *events, int most, int timeout);
void *fuzz_mmap(void *addr, size_t len, int prot, int flags, int fd, off_t off);
int fuzz_munmap(void *addr, size_t len);
void *fuzz_calloc(size_t n, size_t size);
void fuzz_free(void *mem);

int64_t env_now_ns;
bool env_private;
bool env_closing;
bool env_qmp_there;
int env_qmp_peer = -1;

int fuzz_clock_gettime(clockid_t clock, struct timespec *ts)
{
	(void)clock;
	ts->tv_sec = env_now_ns / 1000000000;
	ts->tv_nsec = env_now_ns % 1000000000;
	return 0;
}

int fuzz_epoll_wait(int fd, struct epoll_event *events, int most, int timeout)
{
	int n = epoll_wait(fd, events, most, 0);

	/* A machine that has gone is reported again and again while its read is held */
	env_now_ns += CALL_NS;
	if (!n && timeout)
		server_idle(timeout);
	return n;
}

static size_t whole_pages(size_t len)
{
	return (len + PAGE - 1) & ~(PAGE - 1);
}

/* A page on either side that nobody may touch */
void *fuzz_mmap(void *addr, size_t len, int prot, int flags, int fd, off_t off)
{
	char *around, *mem;

	if (flags & MAP_FIXED)
		return mmap(addr, len, prot, flags, fd, off);
	around = mmap(NULL, whole_pages(len) + 2 * PAGE, PROT_NONE,
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (around == MAP_FAILED)
		return MAP_FAILED;
	mem = mmap(around + PAGE, len, prot, flags | MAP_FIXED, fd, off);
	if (mem == MAP_FAILED)
		munmap(around, whole_pages(len) + 2 * PAGE);
	return mem;
}

int fuzz_munmap(void *addr, size_t len)
{
	return munmap((char *)addr - PAGE, whole_pages(len) + 2 * PAGE);
}

/*
 * Connections are large, and the sanitizer maps and unmaps each such block.  Keep
 * them, out of bounds as long as they are free; the one freed last is used last.
 */
static struct large {
	void *mem;
	unsigned int freed;	/* when; 0: in use */
} large[MAX_LARGE];
static unsigned int num_freed;

void *fuzz_calloc(size_t n, size_t size)
{
	struct large *l, *oldest = NULL;

	if (n != 1 || size != sizeof(struct vfu_conn))
		return calloc(n, size);
	for (l = large; l < large + MAX_LARGE && l->mem; l++)
		if (l->freed && (!oldest || l->freed < oldest->freed))
			oldest = l;
	if (l < large + MAX_LARGE) {
		l->mem = malloc(size);
		oldest = l;
	}
	CHECK(oldest);
	oldest->freed = 0;
	__asan_unpoison_memory_region(oldest->mem, size);
	return memset(oldest->mem, 0, size);
}

void fuzz_free(void *mem)
{
	struct large *l;

	for (l = large; l < large + MAX_LARGE && (l->mem != mem || !mem); l++)
		;
	if (l == large + MAX_LARGE) {
		free(mem);
		return;
	}
	CHECK(!l->freed);
	l->freed = ++num_freed;
	__asan_poison_memory_region(mem, sizeof(struct vfu_conn));
}

unsigned int env_count_conns(void)
{
	unsigned int n = 0;
	struct large *l;

	for (l = large; l < large + MAX_LARGE; l++)
		n += l->mem && !l->freed;
	return n;
}

/* The log: formatted, for the sanitizers' sake, and thrown away */

bool log_verbose = true;

bool log_may(struct log_site *site)
{
	(void)site;
	return true;
}

void log_line(const char *fmt, ...)
{
	char line[512];
	va_list args;

	va_start(args, fmt);
	vsnprintf(line, sizeof(line), fmt, args);
	va_end(args);
}

void peer_check_start(struct peer_check *check, int sock, struct aside_owner *owner, int fd,
		      void (*found)(void *arg), void *arg)
{
	CHECK(sock >= 0 && owner && fd >= 0);
	check->arg = arg;
	if (env_private)
		found(arg);
}

void peer_check_forget(struct peer_check *check)
{
	check->arg = NULL;
}

void peer_run_look(int sock, struct peer_run *run)
{
	(void)sock;
	run->num = 0;
}

enum peer_ran peer_ran(const struct peer_run *before, const struct peer_run *now, int64_t ns)
{
	(void)before;
	(void)now;
	(void)ns;
	return PEER_RAN;
}

/* A descriptor, as of the process, that has to be closed */
int peer_stop(int sock)
{
	CHECK(sock >= 0);
	return env_private ? -EPERM : dup(sock);
}

void peer_cont(int pidfd)
{
	close(pidfd);
}

/* What is closed already may be said to be not */
void aside_close(int fd, struct aside_owner *owner)
{
	CHECK(!close(fd));
	owner->closing = env_closing ? owner->closing + 1 : 0;
}

void sock_close(int fd, struct aside_owner *owner)
{
	aside_close(fd, owner);
}

void sock_refuse(int fd, struct aside_owner *owner)
{
	aside_close(fd, owner);
}

int sock_listen(struct sock_listener *l, struct loop *loop, const char *path, mode_t mode,
		void (*accepted)(void *arg, int fd), void *arg)
{
	(void)mode;
	*l = (struct sock_listener){
		.src = { .fd = -1 }, .loop = loop, .path = path, .accepted = accepted, .arg = arg,
	};
	return 0;
}

void sock_unlisten(struct sock_listener *l)
{
	CHECK(l->accepted);
}

int sock_connect(const char *path)
{
	int fd[2];

	CHECK(path);
	if (!env_qmp_there)
		return -ECONNREFUSED;
	if (env_qmp_peer >= 0)
		close(env_qmp_peer);
	CHECK(!socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fd));
	env_qmp_peer = fd[1];
	return fd[0];
}

const char *env_init(int *ram_fd)
{
	static char path[] = "/dev/shm/fuzz-server-XXXXXX";
	int fd = mkostemp(path, O_CLOEXEC);

	CHECK(fd >= 0 && !ftruncate(fd, ENV_RAM_SIZE));
	*ram_fd = fd;
	return path;
}

unsigned int env_count_fds(void)
{
	struct pollfd p[COUNTED_FDS];
	unsigned int i, n = 0;

	for (i = 0; i < COUNTED_FDS; i++)
		p[i] = (struct pollfd){ .fd = i };
	CHECK(poll(p, COUNTED_FDS, 0) >= 0);
	for (i = 0; i < COUNTED_FDS; i++)
		n += !(p[i].revents & POLLNVAL);
	return n;
}
