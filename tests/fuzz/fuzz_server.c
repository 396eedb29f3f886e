// SPDX-License-Identifier: GPL-2.0
/*
 * pcie-cable with machines, a QMP server and control clients that may send anything
 *
 * An input is a sequence of actions, each of which happens when the program has
 * nothing left to do, or at once.  The whole program runs in its own loop, over
 * socket pairs; the end of the loop with an exit code is the end of the input.
 * Checked: the form of the replies and answers, that there is one for each command
 * at most, and that no descriptor is left open.  Sanitizers and guard pages see the rest.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/vfio.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "check.h"
#include "event_fd.h"
#include "input.h"
#include "mem.h"
#include "server_env.h"

#define MAX_CLIENTS	10
#define RAM_SIZE	(16 * 4096)	/* the endpoint's */
#define MORE		0x80		/* in an action: the next one follows at once */
#define LAST_WAITS	40		/* timers that may fire after the last action */
#define SENT_FDS	10		/* more than a message may bring */

enum action {
	CONNECT_EP, CONNECT_HOST, VERSION, VERSION_TEXT, MESSAGE, RAW, REGISTER, ACCESS,
	DMA_MAP, DMA_UNMAP, SET_IRQS, ASK, CLOSE, READ_REPLIES, QMP, QMP_TEXT, WAIT,
	RESIZE, PEER, CONTROL, CONTROL_LINE, CONTROL_TEXT, CONTROL_CLOSE, CONTROL_READ,
	CONNECT_FUNCTION, CONTROL_FDS, NUM_ACTIONS
};

/* What a message may bring along */
enum { FD_RAM, FD_HOST_RAM, FD_EVENT, FD_READ_ONLY, FD_NULL, FD_PIPE, NUM_FDS };

struct client {
	int fd;			/* -1: none */
	bool silent;		/* replies are not read */
	unsigned int commands;
	unsigned int replies;
	size_t sent;
	bool ragged;		/* messages do not end where their headers say */
	bool checked;		/* the header of the first reply in @reply */
	size_t len;
	uint8_t reply[VFU_MAX_MESSAGE + 4096];
};

/* More than the program serves at a time */
#define MAX_CONTROLS	(CONTROL_CLIENTS + 1)

struct control_peer {
	int fd;			/* -1: none */
	bool silent;		/* answers are not read */
	unsigned int lines;
	unsigned int answers;
	size_t len;
	char line[ANSWER_MAX];
};

static struct {
	struct input in;
	struct control_peer control[MAX_CONTROLS];
	struct client client[MAX_CLIENTS];
	unsigned int waits;
} s;

static struct cable cable;
static struct loop loop;
static struct cable_options options;
static int fds[NUM_FDS];
static unsigned int open_fds;	/* without those of the input; 0: not counted yet */

static void client_close(struct client *c)
{
	if (c->fd >= 0)
		close(c->fd);
	c->fd = -1;
}

static void check_reply(struct client *c, const struct vfu_header *head)
{
	CHECK(head->size >= sizeof(*head) && head->size <= VFU_MAX_MESSAGE);
	CHECK((head->flags & ~VFU_ERROR) == VFU_TYPE_REPLY);
	CHECK(!(head->flags & VFU_ERROR) == !head->error);
	CHECK(!head->error || head->size == sizeof(*head));
	/* Whatever is in bytes that are no message, a command has a header */
	CHECK(c->replies < (c->ragged ? c->sent / sizeof(*head) : c->commands));
	c->replies++;
}

static void take_fds(struct msghdr *mh)
{
	struct cmsghdr *cm;
	int fd;

	for (cm = CMSG_FIRSTHDR(mh); cm; cm = CMSG_NXTHDR(mh, cm)) {
		CHECK(cm->cmsg_type == SCM_RIGHTS && cm->cmsg_len == CMSG_LEN(sizeof(int)));
		memcpy(&fd, CMSG_DATA(cm), sizeof(fd));
		close(fd);
	}
}

/* Take the replies that are complete out of what came */
static void client_take(struct client *c)
{
	struct vfu_header head;
	size_t at = 0;

	while (c->len - at >= sizeof(head)) {
		memcpy(&head, c->reply + at, sizeof(head));
		if (!c->checked)
			check_reply(c, &head);
		c->checked = true;
		if (c->len - at < head.size)
			break;
		at += head.size;
		c->checked = false;
	}
	c->len -= at;
	memmove(c->reply, c->reply + at, c->len);
}

static void client_read(struct client *c)
{
	_Alignas(struct cmsghdr) uint8_t control[CMSG_SPACE(4 * sizeof(int))];

	while (c->fd >= 0) {
		struct iovec iov = { c->reply + c->len, sizeof(c->reply) - c->len };
		struct msghdr mh = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control,
				     .msg_controllen = sizeof(control) };
		ssize_t n = recvmsg(c->fd, &mh, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);

		if (n < 0 && errno == EAGAIN)
			return;
		if (n <= 0) {
			client_close(c);
			return;
		}
		take_fds(&mh);
		c->len += n;
		client_take(c);
	}
}

static void connect_to(struct sock_listener *l)
{
	struct client *c;
	int fd[2];

	for (c = s.client; c < s.client + MAX_CLIENTS && c->fd >= 0; c++)
		;
	if (c == s.client + MAX_CLIENTS)
		return;
	CHECK(!socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fd));
	memset(c, 0, offsetof(struct client, reply));
	c->fd = fd[0];
	l->accepted(l->arg, fd[1]);
}

static struct client *some_client(void)
{
	return &s.client[in8(&s.in) % MAX_CLIENTS];
}

/* Which descriptors come with a message: none, mostly */
static unsigned int some_fds(int *list)
{
	uint8_t how = in8(&s.in);
	unsigned int i, n = how >> 4;

	if (n > SENT_FDS)
		n = SENT_FDS;
	for (i = 0; i < n; i++)
		list[i] = fds[((how & 15) + (how & 8 ? i : 0)) % NUM_FDS];
	return n;
}

/* What does not fit is left out */
static ssize_t send_with_fds(int fd, const void *buf, size_t len, const int *list,
			     unsigned int num)
{
	_Alignas(struct cmsghdr) uint8_t control[CMSG_SPACE(SENT_FDS * sizeof(int))] = { 0 };
	struct iovec iov = { .iov_base = (void *)buf, .iov_len = len };
	struct msghdr mh = { .msg_iov = &iov, .msg_iovlen = 1 };
	struct cmsghdr *cm;

	if (num) {
		mh.msg_control = control;
		mh.msg_controllen = CMSG_SPACE(num * sizeof(int));
		cm = CMSG_FIRSTHDR(&mh);
		cm->cmsg_level = SOL_SOCKET;
		cm->cmsg_type = SCM_RIGHTS;
		cm->cmsg_len = CMSG_LEN(num * sizeof(int));
		memcpy(CMSG_DATA(cm), list, num * sizeof(int));
	}
	return sendmsg(fd, &mh, MSG_DONTWAIT | MSG_NOSIGNAL);
}

static void send_bytes(struct client *c, const void *buf, size_t len, const int *list,
		       unsigned int num)
{
	ssize_t sent;

	if (c->fd < 0 || !len)
		return;
	sent = send_with_fds(c->fd, buf, len, list, num);
	if (sent > 0)
		c->sent += sent;
	if (sent < (ssize_t)len)
		c->ragged = true;
}

/* @head->size as given is added to the true one */
static void send_message(struct client *c, struct vfu_header head, const void *payload,
			 size_t len, const int *list, unsigned int num)
{
	static uint8_t buf[sizeof(struct vfu_header) + 2 * VFU_MAX_MESSAGE];

	if (head.size)
		c->ragged = true;
	head.size += sizeof(head) + len;
	memcpy(buf, &head, sizeof(head));
	if (len)
		memcpy(buf + sizeof(head), payload, len);
	c->commands++;
	send_bytes(c, buf, sizeof(head) + len, list, num);
}

static void send_command(struct client *c, uint16_t command, const void *payload, size_t len,
			 const int *list, unsigned int num)
{
	const struct vfu_header head = { .command = command };

	send_message(c, head, payload, len, list, num);
}

static void version(void)
{
	static const struct {
		struct vfu_version version;
		char text[36];
	} msg = { .text = "{\"capabilities\":{\"pgsizes\":4096}}" };
	struct client *c = some_client();

	send_command(c, VFU_VERSION, &msg, sizeof(msg.version) + in8(&s.in) % 36, NULL, 0);
}

static void version_text(void)
{
	uint8_t buf[sizeof(struct vfu_version) + 256] = { 0 };
	struct client *c = some_client();
	uint8_t len = in8(&s.in);

	in_bytes(&s.in, buf + sizeof(struct vfu_version), len);
	send_command(c, VFU_VERSION, buf, sizeof(struct vfu_version) + len + 1, NULL, 0);
}

static void message(void)
{
	struct client *c = some_client();
	struct vfu_header head = { .command = in8(&s.in), .flags = in8(&s.in) };
	uint8_t payload[256];
	int list[SENT_FDS];
	unsigned int num;
	uint8_t len;

	head.size = (int8_t)in8(&s.in);
	num = some_fds(list);
	len = in8(&s.in);
	in_bytes(&s.in, payload, len);
	send_message(c, head, payload, len, list, num);
}

static void raw(void)
{
	struct client *c = some_client();
	uint8_t buf[256], len = in8(&s.in);
	int list[SENT_FDS];
	unsigned int num = some_fds(list);

	in_bytes(&s.in, buf, len);
	c->ragged = true;
	send_bytes(c, buf, len, list, num);
}

/* The controller's registers, most of which are the function's */
static void write_register(void)
{
	struct client *c = some_client();
	uint16_t reg = in16(&s.in);
	struct {
		struct vfu_region_access access;
		uint32_t val;
	} msg = { .access = { .offset = reg, .count = 4 } };

	msg.val = in32(&s.in);
	/* The structure is padded */
	send_command(c, VFU_REGION_WRITE, &msg, sizeof(msg.access) + sizeof(msg.val), NULL, 0);
}

static void access_region(void)
{
	static uint8_t buf[sizeof(struct vfu_region_access) + VFU_MAX_XFER + 4096];
	struct client *c = some_client();
	uint8_t how = in8(&s.in);
	struct vfu_region_access access = { .region = how & 0xf };
	bool write = how & 0x10;

	access.offset = how & 0x20 ? in64(&s.in) : in16(&s.in);
	access.count = how & 0x40 ? in32(&s.in) : in8(&s.in);
	if (write && access.count <= VFU_MAX_XFER) {
		memset(buf, how, sizeof(buf));
		in_bytes(&s.in, buf + sizeof(access), access.count < 8 ? access.count : 8);
	}
	memcpy(buf, &access, sizeof(access));
	if (!write)
		send_command(c, VFU_REGION_READ, buf, sizeof(access), NULL, 0);
	else if (access.count <= VFU_MAX_XFER)
		send_command(c, VFU_REGION_WRITE, buf, sizeof(access) + access.count, NULL, 0);
	else
		send_command(c, VFU_REGION_WRITE, buf, sizeof(buf), NULL, 0);
}

/* In pages, and with a byte more or less, or anything */
static uint64_t some_number(void)
{
	uint8_t how = in8(&s.in);

	switch (how & 3) {
	case 0:
		return (uint64_t)(how >> 2) << 12;
	case 1:
		return ((uint64_t)(how >> 4) << 12) + (how >> 2 & 3) - 2;
	case 2:
		return 0ull - (how >> 2);
	default:
		return in64(&s.in);
	}
}

static void dma_map(void)
{
	struct client *c = some_client();
	uint8_t how = in8(&s.in);
	struct vfu_dma_map map = { .argsz = how & 0x80 ? 16 : sizeof(map), .flags = how & 3 };
	int list[SENT_FDS];
	unsigned int num = some_fds(list);

	map.addr = some_number();
	map.size = some_number();
	map.offset = some_number();
	send_command(c, VFU_DMA_MAP, &map, sizeof(map), list, num);
}

static void dma_unmap(void)
{
	struct client *c = some_client();
	struct vfu_dma_unmap unmap = { .argsz = sizeof(unmap), .flags = in8(&s.in) & 3 };

	unmap.addr = some_number();
	unmap.size = some_number();
	send_command(c, VFU_DMA_UNMAP, &unmap, sizeof(unmap), NULL, 0);
}

static void set_irqs(void)
{
	struct {
		struct vfu_irq_set set;
		uint8_t data[256];
	} msg = { .set = { .argsz = sizeof(msg.set) } };
	struct client *c = some_client();
	int list[SENT_FDS];
	unsigned int num;
	uint8_t len;

	msg.set.flags = in8(&s.in);
	msg.set.index = in8(&s.in);
	msg.set.start = in16(&s.in);
	msg.set.count = in16(&s.in);
	num = some_fds(list);
	len = in8(&s.in);
	in_bytes(&s.in, msg.data, len);
	send_command(c, VFU_SET_IRQS, &msg, sizeof(msg.set) + len, list, num);
}

/* Commands that want an index, or nothing */
static void ask(void)
{
	static const uint16_t commands[] = {
		VFU_GET_INFO, VFU_GET_REGION_INFO, VFU_GET_IRQ_INFO, VFU_RESET
	};
	struct vfu_region_info info = { .argsz = sizeof(info) };
	struct client *c = some_client();
	uint16_t command = commands[in8(&s.in) % 4];

	info.index = in8(&s.in);
	send_command(c, command, &info, sizeof(info), NULL, 0);
}

static void qmp_send(const char *text, size_t len)
{
	if (env_qmp_peer >= 0)
		send(env_qmp_peer, text, len, MSG_DONTWAIT | MSG_NOSIGNAL);
}

static void qmp_line(void)
{
	static const char *const lines[] = {
		"{\"QMP\":{\"version\":{}}}\r\n",
		"{\"return\":{}}\r\n",
		"{\"event\":\"RESET\"}\r\n",
		"{\"error\":{\"class\":\"GenericError\",\"desc\":\"Bus 'rp0' not found\"}}\r\n",
		"{\"error\":{\"class\":\"GenericError\",\"desc\":\"Duplicate device ID 'card'\"}}\r\n",
		"{\"error\":{}}\n",
	};
	uint8_t i = in8(&s.in) % 8;
	static const char spaces[512];

	if (i < 6)
		qmp_send(lines[i], strlen(lines[i]));
	else if (i == 6)
		for (i = 0; i < 34; i++)
			qmp_send(spaces, sizeof(spaces));
	else if (env_qmp_peer >= 0)
		shutdown(env_qmp_peer, SHUT_RDWR);
}

static void qmp_text(void)
{
	char text[256];
	uint8_t len = in8(&s.in);

	in_bytes(&s.in, text, len);
	qmp_send(text, len);
	qmp_send("\n", 1);
}

static void control_close_peer(struct control_peer *p)
{
	if (p->fd >= 0)
		close(p->fd);
	p->fd = -1;
}

static void control_connect(void)
{
	struct control_peer *p;
	int fd[2];

	for (p = s.control; p < s.control + MAX_CONTROLS && p->fd >= 0; p++)
		;
	if (p == s.control + MAX_CONTROLS)
		return;
	CHECK(!socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fd));
	*p = (struct control_peer){ .fd = fd[0] };
	cable.control.listener.accepted(cable.control.listener.arg, fd[1]);
}

static struct control_peer *some_control(void)
{
	return &s.control[in8(&s.in) % MAX_CONTROLS];
}

static void control_send(struct control_peer *p, const char *text, size_t len)
{
	ssize_t i, sent;

	if (p->fd < 0 || !len)
		return;
	sent = send(p->fd, text, len, MSG_DONTWAIT | MSG_NOSIGNAL);
	for (i = 0; i < sent; i++)
		p->lines += text[i] == '\n';
}

static void control_line(void)
{
	static const char *const lines[] = {
		"help\n", "stat\n", "stat reset\n", "link down\n", "link up\n", "hot-reset\n",
		"irq delay 20\n", "irq delay 0\n", "irq drop 2\n", "irq drop 0\n", "irq flush\n",
		"irq delay\n", "map short 4096\n", "map short off\n", "windows limit 0\n",
		"windows limit off\n", "host stop\n", "host cont\n", "endpoint stop\n",
		"endpoint cont\n",
	};
	struct control_peer *p = some_control();
	const char *line = lines[in8(&s.in) % (sizeof(lines) / sizeof(lines[0]))];

	control_send(p, line, strlen(line));
}

static void control_text(void)
{
	struct control_peer *p = some_control();
	char text[256];
	uint8_t len = in8(&s.in);

	in_bytes(&s.in, text, len);
	control_send(p, text, len);
}

/* A command with descriptors, which nobody wants */
static void control_fds(void)
{
	struct control_peer *p = some_control();
	int list[SENT_FDS];
	const unsigned int num = some_fds(list);

	if (p->fd >= 0 && send_with_fds(p->fd, "\n", 1, list, num) == 1)
		p->lines++;
}

/* An answer is text, and its last line tells that it is */
static void control_take_byte(struct control_peer *p, char c)
{
	CHECK(p->len < sizeof(p->line));
	if (c != '\n') {
		CHECK(c == '\t' || (c >= ' ' && c < 0x7f));
		p->line[p->len++] = c;
		return;
	}
	if ((p->len == 2 && !memcmp(p->line, "ok", 2)) ||
	    (p->len > 7 && !memcmp(p->line, "error: ", 7)))
		CHECK(p->answers++ < p->lines);
	p->len = 0;
}

static void control_read(struct control_peer *p)
{
	char text[4096];
	ssize_t i, n;

	while (p->fd >= 0) {
		n = recv(p->fd, text, sizeof(text), MSG_DONTWAIT);
		if (n < 0 && errno == EAGAIN)
			return;
		if (n <= 0)
			control_close_peer(p);
		for (i = 0; i < n; i++)
			control_take_byte(p, text[i]);
	}
}

static bool act(void)
{
	uint8_t how = in8(&s.in);
	struct control_peer *p;
	struct client *c;

	switch ((how & ~MORE) % NUM_ACTIONS) {
	case CONNECT_EP:
		connect_to(&cable.ep_listener);
		break;
	case CONNECT_HOST:
		connect_to(&cable.host_listener[0]);
		break;
	case CONNECT_FUNCTION:
		connect_to(&cable.host_listener[in8(&s.in) % PCIE_CABLE_MAX_FUNCTIONS]);
		break;
	case VERSION:
		version();
		break;
	case VERSION_TEXT:
		version_text();
		break;
	case MESSAGE:
		message();
		break;
	case RAW:
		raw();
		break;
	case REGISTER:
		write_register();
		break;
	case ACCESS:
		access_region();
		break;
	case DMA_MAP:
		dma_map();
		break;
	case DMA_UNMAP:
		dma_unmap();
		break;
	case SET_IRQS:
		set_irqs();
		break;
	case ASK:
		ask();
		break;
	case CLOSE:
		client_close(some_client());
		break;
	case READ_REPLIES:
		c = some_client();
		c->silent = !c->silent;
		break;
	case QMP:
		qmp_line();
		break;
	case QMP_TEXT:
		qmp_text();
		break;
	case WAIT:
		env_now_ns += in8(&s.in) * 10000000ll;
		break;
	case RESIZE:
		CHECK(!ftruncate(fds[FD_RAM], in8(&s.in) % 17 * 4096));
		break;
	case CONTROL:
		control_connect();
		break;
	case CONTROL_LINE:
		control_line();
		break;
	case CONTROL_TEXT:
		control_text();
		break;
	case CONTROL_FDS:
		control_fds();
		break;
	case CONTROL_CLOSE:
		control_close_peer(some_control());
		break;
	case CONTROL_READ:
		p = some_control();
		p->silent = !p->silent;
		break;
	case PEER:
		how = in8(&s.in);
		env_private = how & 1;
		env_qmp_there = how & 2;
		env_closing = how & 4;
		break;
	}
	return how & MORE;
}

static void check_link(void)
{
	const struct link *link = &cable.link;
	const struct host_fn *host;
	unsigned int n;

	CHECK(!link->enabled || cable.ep.conn);
	CHECK(!link->enabled || link_has(link, 0));
	CHECK(!link->starting || (link->waits_perst && !link->enabled));
	CHECK(!link->waits_perst || (options.perst && cable.ep.conn));
	for (n = 0; n < PCIE_CABLE_MAX_FUNCTIONS; n++) {
		host = &cable.host[n];
		CHECK(link->view[n].msi_vectors <= VFU_IRQ_MAX_MSI &&
		      link->view[n].msix_vectors <= VFU_IRQ_MAX_MSIX);
		CHECK(host_fn_is_up(host) || !host->intx);
		if (host_fn_is_up(host))
			CHECK(link->enabled && !link->forced_down && host->conn &&
			      fn_setup_same_shape(&link->view[n], &host->shape));
	}
	CHECK(!stop_is_on(&cable.host_stop) || cable.host[0].conn);
	CHECK(!stop_is_on(&cable.ep_stop) || cable.ep.conn);
}

void server_idle(int timeout_ms)
{
	unsigned int i;

	check_link();
	for (i = 0; i < MAX_CLIENTS; i++)
		if (!s.client[i].silent)
			client_read(&s.client[i]);
	for (i = 0; i < MAX_CONTROLS; i++)
		if (!s.control[i].silent)
			control_read(&s.control[i]);
	if (s.in.left) {
		while (act() && s.in.left)
			;
		return;
	}
	if (timeout_ms < 0 || !s.waits--)
		loop_stop(&loop, CABLE_EXIT_OK);
	else
		env_now_ns += timeout_ms * 1000000ll;
}

static void make_fds(void)
{
	char path[64];
	int p[2];

	fds[FD_RAM] = memfd_create("ram", MFD_CLOEXEC);
	options.host_ram = env_init(&fds[FD_HOST_RAM]);
	options.host_ram_size = ENV_RAM_SIZE;
	fds[FD_EVENT] = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fds[FD_RAM]);
	fds[FD_READ_ONLY] = open(path, O_RDONLY | O_CLOEXEC);
	fds[FD_NULL] = open("/dev/null", O_RDWR | O_CLOEXEC);
	/* Nobody will ever read from it */
	CHECK(!pipe2(p, O_CLOEXEC));
	fds[FD_PIPE] = p[1];
	close(p[0]);
}

static void begin(bool metered, bool perst)
{
	const struct ep_atu_limits metered_limits = {
		.windows = 4, .granule = 256, .space = 1 << 20
	};
	unsigned int i;

	if (!open_fds) {
		make_fds();
		CHECK(!event_fd_init());
		signal(SIGPIPE, SIG_IGN);
		options.ep_socket = "ep";
		options.host_socket = "/dev/null";
		options.host_qmp = "qmp";
		options.control = "control";
		options.host_bus = "rp0";
		options.host_device_id = "card";
		options.profile = profile_at(0);
		options.dma_channels = options.profile->dma_channels;
		options.model = (struct link_model){ .timed = true, .gen = 3, .lanes = 1 };
		open_fds = env_count_fds();
	}
	CHECK(!ftruncate(fds[FD_RAM], RAM_SIZE));
	memset(&s, 0, offsetof(typeof(s), client));
	for (i = 0; i < MAX_CLIENTS; i++)
		s.client[i].fd = -1;
	for (i = 0; i < MAX_CONTROLS; i++)
		s.control[i] = (struct control_peer){ .fd = -1 };
	s.waits = LAST_WAITS;
	env_now_ns = 1000000000;
	env_private = false;
	env_closing = false;
	env_qmp_there = true;
	memset(&options.windows, 0, sizeof(options.windows));
	if (metered)
		options.windows = metered_limits;
	options.perst = perst;
	CHECK(!loop_init(&loop));
	/* Each time: libFuzzer has a handler of its own */
	CHECK(!mem_init(&loop));
	CHECK(!cable_open(&cable, &loop, &options));
}

static void end(int code)
{
	unsigned int i;

	CHECK(code == CABLE_EXIT_OK || code == CABLE_EXIT_MACHINE);
	for (i = 0; i < MAX_CLIENTS; i++)
		client_close(&s.client[i]);
	for (i = 0; i < MAX_CONTROLS; i++)
		control_close_peer(&s.control[i]);
	cable_close(&cable);
	CHECK(!loop.timers);
	mem_exit();
	loop_exit(&loop);
	if (env_qmp_peer >= 0)
		close(env_qmp_peer);
	env_qmp_peer = -1;
	CHECK(!env_count_conns());
	CHECK(env_count_fds() == open_fds);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* What is an option depends on the length, which the fuzzer changes often */
	begin(size % 2, size / 2 % 2);
	s.in = (struct input){ data, size };
	end(loop_run(&loop));
	return 0;
}
