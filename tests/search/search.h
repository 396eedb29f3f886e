/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A console function, both machines, and all that they and their users may do
 *
 * The driver and the core are the real ones, between models of a host with its virtio_console,
 * of the endpoint's virtio_console or whoever uses the endpoint's files, and of who changes the
 * settings.  See docs/testing.md.
 */
#ifndef SEARCH_H
#define SEARCH_H

#include "driver.h"
#include "fake-epc.h"
#include "fake-epf.h"
#include "fake-kernel.h"
#include "fake-sched.h"
#include "fake-virtio.h"
#include "function.h"
#include "legacy.h"
#include "vcon.h"

#define PORTS		2
#define QUEUES		(2 * (PORTS + 1))
#define QUEUE_SIZE	16
#define BUFFER_SIZE	128

#define USEC		1000ULL
#define MSEC		1000000ULL

/* Bytes that are sent in one direction of one port in a run; each has a value of its own */
#define MAX_BYTES	256

struct card;

/**
 * struct flow - what one side sends to the other through a port
 * @num: bytes sent
 * @sent: of each: in which session of its sender and for which of its receiver; when things
 *	happened that may lose bytes, how often before; that it must arrive if none happens
 *	later; that its sender was to wait for a receiver; that it has arrived
 * @last: the last one that has arrived, or -1
 * @session: of the sender, counted
 * @rsession: of the receiver
 * @excuses: times at which something happened that may lose bytes
 * @heard: session that the last byte was of that came in this session of the receiver
 * @switches: times that this has changed
 * @ends: times that the receiver was told of the sender's end
 */
struct flow {
	unsigned int num;
	struct {
		unsigned int session;
		unsigned int rsession;
		unsigned int excuses;
		bool sure;
		bool lossless;
		bool arrived;
	} sent[MAX_BYTES];
	int last;
	unsigned int session;
	unsigned int rsession;
	unsigned int excuses;
	unsigned int heard;
	unsigned int switches;
	unsigned int ends;
};

/**
 * struct end - a port as a driver of one side knows it, and its user
 * @known: the driver was told of it
 * @reused: it was told that another one of this number has gone
 * @ready: it has said that it is ready
 * @console: it was told that it is a console
 * @name: it was told that this is its name
 * @size: of its terminal
 * @peer: it was told that the other end is open
 * @open: its user has it open
 * @gone: it is not the port any more that it knows, of which it has not heard yet
 * @vague: it has said what a stock driver does not: whether it is open is not known
 */
struct end {
	bool known;
	bool reused;
	bool ready;
	bool console;
	char name[VCON_NAME_MAX + 1];
	struct vcon_size size;
	bool peer;
	bool open;
	bool gone;
	bool vague;
};

/**
 * struct queue - a virtqueue of a driver: buffers of one descriptor
 * @d: the ring
 * @index: its number
 * @buffers: where the buffers are
 * @fill: the driver keeps buffers in it
 */
struct queue {
	struct driver d;
	unsigned int index;
	u64 buffers;
	bool fill;
};

/**
 * struct side - the host's virtio_console, the endpoint's, or who uses the endpoint's files
 * @up: the driver has said DRIVER_OK
 * @multiport: it has accepted MULTIPORT
 * @asked: it has said that it is ready itself, which asks for ports
 * @mute: it does not say so, nor that ports are, yet
 * @lazy: it does not handle messages
 * @stalled: nobody reads; the driver offers no buffers for data
 * @hasty: users open a port in the moment its file is there
 * @wild: the driver has said what a stock driver never does
 * @memory: of the endpoint's buffers
 */
struct side {
	struct card *card;
	enum epfv_side side;
	bool up;
	bool multiport;
	bool asked;
	bool mute;
	bool lazy;
	bool stalled;
	bool hasty;
	bool wild;
	struct end end[PORTS];
	struct queue queue[QUEUES];
	u8 *memory;
};

/**
 * struct card - all there is
 * @side: both sides
 * @flow: by the side that sends, and port
 * @link: the host reaches the card
 * @boots: drivers that the host has had
 * @port: that actions are about
 */
struct card {
	struct host_mem host;
	struct fake_epc epc;
	struct epfv_driver *drv;
	struct epfv_function *f;
	struct vcon *vcon;
	bool bound;
	bool link;
	unsigned int boots;
	unsigned int port;
	struct legacy legacy;
	struct side side[2];
	struct flow flow[2][PORTS];
};

/* card.c: the function, and the host it is plugged into */
struct card *card_new(void);
void card_free(struct card *c);
int card_bind(struct card *c);
void card_unbind(struct card *c);
void card_link(struct card *c, bool up);
/* The controller starts anew, and fails to set the function up at first */
void card_restart(struct card *c);
/* Write to a setting of the function, or of a port (id >= 0); 0 or -errno */
int card_set(struct card *c, int id, const char *name, const char *value);
int card_mkdir(struct card *c, unsigned int id);
void card_rmdir(struct card *c, unsigned int id);
/* Time passes, and all do what they do */
void card_run(struct card *c, u64 ns);
/* Everybody does all that there is to do, and a while passes */
void card_settle(struct card *c);

bool card_has_ports(const struct card *c);
bool card_direct(const struct card *c);

/* host.c: the host's driver; @stop_after: accesses after which its host is gone, 0: none */
void host_up(struct card *c, bool multiport, unsigned int stop_after);
void host_down(struct card *c, bool wait);
void host_crash(struct card *c);

/* console.c: what a virtio_console does, of the host or of the endpoint */
void console_start(struct side *s, bool multiport);
void console_gone(struct side *s);
void console_say(struct side *s, u32 id, u16 event, u16 value);
void console_pump(struct side *s);
void console_open(struct side *s, unsigned int id, bool open);
void console_send(struct side *s, unsigned int id);
void console_speak(struct side *s);

/* local.c: the endpoint's driver, or its users where it has none */
void local_up(struct card *c, bool multiport);
void local_down(struct card *c);
void user_begin(struct card *c);
void user_pump(struct side *s);
void user_open(struct side *s, unsigned int id, bool open);
void user_send(struct side *s, unsigned int id);

/* flow.c: bytes, and what may have become of them */
struct flow *flow_from(struct side *s, unsigned int id);
struct flow *flow_to(struct side *s, unsigned int id);
/* The next byte to send; flow_unsent() takes it back */
u8 flow_next(struct side *s, unsigned int id);
void flow_unsent(struct side *s, unsigned int id);
void flow_arrived(struct side *s, unsigned int id, u8 byte);
void flow_dropped(struct side *s, unsigned int id, u8 byte);
void flow_excuse(struct card *c, unsigned int id);
/* The port is another one, or none */
void flow_replaced(struct card *c, unsigned int id);
void flow_excuse_all(struct card *c);
void end_opened(struct side *s, unsigned int id);
void end_closed(struct side *s, unsigned int id);
void flow_told_end(struct side *s, unsigned int id);

/* check.c: what is true at any time; of things that have settled; of a card that can be used */
void check_always(struct card *c);
void check_settled(struct card *c);
void check_works(struct card *c);
/* A number for what there is: two cards with the same one behave in the same way */
u64 card_signature(const struct card *c);

/**
 * struct action - something that happens
 * @name: for messages, and to have it done again
 * @fn: what happens
 * @side: whose doing it is
 * @arg: more of it
 * @deep: for long runs only: there are many of its kind, or another one brings the same
 */
struct action {
	const char *name;
	void (*fn)(struct card *c, const struct action *a);
	enum epfv_side side;
	int arg;
	bool deep;
};

extern const struct action actions[];
/* The first ones take little time; what a host leaves in the middle is waited for */
extern const unsigned int num_quick;
extern const unsigned int num_actions;

#endif /* SEARCH_H */
