// SPDX-License-Identifier: GPL-2.0
/*
 * What hosts do with the function from when they find it, and the budgets
 *
 * What sets the limits, in eighths of a round trip:
 *
 *	7	the host writes PFN, and a round trip later reads it for the next
 *		queue (INTx), or overwrites it or the vector
 *	15	MSI-X for all queues: reading the vector back takes another round trip
 *	23	MSI-X per queue with real software in between: a ring is allocated in
 *		one round trip, an interrupt requested in five
 */
#include "linux.h"
#include "others.h"

static const struct pace software = { .alloc = HOST_RTT, .request_irq = 5 * HOST_RTT };

static const struct step reprobe[] = {
	DO(linux_probe),
	DO(linux_remove),
	SYNC,
	DO(linux_probe),
	END
};

/* Without a pause, and without the device's removal: the driver is bound again */
static const struct step rebind[] = {
	DO(linux_register),
	DO(linux_bind),
	FIND_VQS,
	READY,
	DO(linux_remove),
	DO(linux_bind),
	FIND_VQS,
	READY,
	SYNC,
	END
};

static const struct step once[] = {
	DO(linux_probe),
	END
};

/* vp_find_vqs(): EACH, SHARED_SLOW, SHARED, INTx; the first fail, each at any step */
static const struct step to_slow[] = {
	DO(linux_register),
	DO(linux_bind),
	FAILS(linux_each),
	DO(linux_each),
	READY,
	SYNC,
	END
};

static const struct step to_shared[] = {
	DO(linux_register),
	DO(linux_bind),
	FAILS(linux_each),
	FAILS(linux_each),
	DO(linux_shared),
	READY,
	SYNC,
	END
};

static const struct step to_intx[] = {
	DO(linux_register),
	DO(linux_bind),
	FAILS(linux_each),
	FAILS(linux_each),
	FAILS(linux_shared),
	DO(linux_intx),
	READY,
	SYNC,
	END
};

/* The last two fail, the driver gives up, and is bound again by hand: FAILED stays */
static const struct step gives_up[] = {
	DO(linux_register),
	DO(linux_bind),
	FAILS(linux_shared),
	FAILS(linux_intx),
	R8(STATUS),
	W8(STATUS, SAME | FAILED),
	SYNC,
	DO(linux_bind),
	FIND_VQS,
	READY,
	SYNC,
	END
};

/* A shutdown; kexec does the same before it switches bus mastering off */
static const struct step shutdown[] = {
	DO(linux_probe),
	DO(linux_shutdown),
	SYNC,
	DO(linux_next_kernel),
	END
};

/* A kernel without virtio_dev_shutdown() */
static const struct step no_shutdown[] = {
	DO(linux_probe),
	DO(linux_next_kernel),
	END
};

static const struct step suspend[] = {
	DO(linux_probe),
	DO(linux_freeze),
	SYNC,
	DO(linux_restore),
	END
};

/* With No_Soft_Reset in the PM capability nothing is said: rings stay in use */
static const struct step suspend_kept[] = {
	DO(linux_probe),
	SYNC,
	W16(QUEUE_NOTIFY, LAST_QUEUE),
	SYNC,
	END
};

/* A kernel crashes at any step of its life, and another follows */
static const struct step crash[] = {
	DO(linux_register),
	DO(linux_bind),
	FIND_VQS,
	READY,
	DO(linux_remove),
	CRASH(linux_next_kernel),
	END
};

static const struct step old_ipxe_linux[] = {
	DO(old_ipxe),
	SYNC,
	DO(old_ipxe_close),
	DO(old_ipxe),
	SYNC,
	DO(old_ipxe_close),
	SYNC,
	DO(linux_probe),
	END
};

static const struct step new_ipxe_linux[] = {
	DO(new_ipxe),
	SYNC,
	DO(linux_probe),
	END
};

static const struct step seabios_linux[] = {
	DO(seabios),
	SYNC,
	DO(linux_probe),
	END
};

static const struct step uboot_linux[] = {
	DO(uboot),
	SYNC,
	DO(linux_remove),
	DO(linux_probe),
	END
};

static const struct step linux_dpdk[] = {
	DO(linux_probe),
	DO(linux_remove),
	DO(dpdk),
	SYNC,
	END
};

/* Firmware ends anywhere */
static const struct step old_ipxe_crash[] = {
	DO(old_ipxe),
	CRASH(linux_next_kernel),
	END
};

static const struct step new_ipxe_crash[] = {
	DO(new_ipxe),
	CRASH(linux_next_kernel),
	END
};

static const struct step seabios_crash[] = {
	DO(seabios),
	CRASH(linux_next_kernel),
	END
};

static const struct step uboot_crash[] = {
	DO(uboot),
	CRASH(linux_next_kernel),
	END
};

static const struct step dpdk_crash[] = {
	DO(dpdk),
	CRASH(linux_next_kernel),
	END
};

#define INTX	linux_intx
#define EACH	linux_each
#define SHARED	linux_shared

#define ANY	&any_device
#define FIRST	&first_device
#define LAST	&last_device
#define CONSOLE	&console_device
#define NET	&net_device
#define VSOCK	&vsock_device

/* Software takes no time, or some */
#define ZERO	NULL
#define REAL	&software

#define MIN(n)	((n) | AT_LEAST)

/* Nothing depends on a reaction if there is one queue */
#define BUDGET(n)	{ MIN(15), n, n, n, n, n }

/* With two queues no vector is lost: only one has any, or what is missed is known from the other */
#define BUDGET_EACH	{ MIN(15), 15, 7, 7, 7, 7 }

/* Many states: not searched to the end */
#define BUDGET_15	{ MIN(15), 15, 15, MIN(7), MIN(7), MIN(7) }

#define P(key_, name_, steps_, irq, device_, pace_, floor_, ...)			\
	{										\
		.name = name_, .key = key_, .steps = steps_, .find_vqs = irq,		\
		.device = device_, .pace = pace_, .floor = floor_, .budget = __VA_ARGS__,	\
	}

const struct program programs[] = {
	/* Linux, any driver: probe, remove, probe */
	P("intx", "INTx",
	  reprobe, INTX, ANY, ZERO, 7, BUDGET(7)),
	P("each", "MSI-X each",
	  reprobe, EACH, ANY, ZERO, 3, BUDGET_EACH),
	P("shared", "MSI-X shared",
	  reprobe, SHARED, ANY, ZERO, 11, { MIN(15), 15, 15, 15, MIN(7), MIN(7) }),
	P("each-real", "MSI-X each, real software",
	  reprobe, EACH, ANY, REAL, 23, { MIN(15), 23, 23, MIN(7), MIN(7), MIN(7) }),
	P("shared-real", "MSI-X shared, real software",
	  reprobe, SHARED, ANY, REAL, 15, BUDGET(15)),
	P("each-first", "MSI-X each, first queue has a callback",
	  once, EACH, FIRST, ZERO, 3, BUDGET_EACH),
	P("shared-last", "MSI-X shared, last queue has a callback",
	  once, SHARED, LAST, ZERO, 3, BUDGET(7)),
	/* Its drivers */
	P("console-intx", "console, INTx",
	  reprobe, INTX, CONSOLE, ZERO, 7, BUDGET(7)),
	P("console-each", "console, MSI-X each",
	  reprobe, EACH, CONSOLE, ZERO, 3, BUDGET_EACH),
	P("console-shared", "console, MSI-X shared",
	  reprobe, SHARED, CONSOLE, ZERO, 3, { MIN(15), 15, 15, MIN(7), 7, 7 }),
	P("net-intx", "net, INTx",
	  reprobe, INTX, NET, ZERO, 7, BUDGET(7)),
	P("net-each", "net, MSI-X each",
	  reprobe, EACH, NET, ZERO, 3, BUDGET_EACH),
	P("net-shared", "net, MSI-X shared",
	  reprobe, SHARED, NET, ZERO, 3, BUDGET_15),
	P("vsock-intx", "vsock, INTx",
	  reprobe, INTX, VSOCK, ZERO, 7, BUDGET(7)),
	P("vsock-each", "vsock, MSI-X each",
	  reprobe, EACH, VSOCK, ZERO, 3, BUDGET_EACH),
	P("vsock-shared", "vsock, MSI-X shared",
	  reprobe, SHARED, VSOCK, ZERO, 3, BUDGET_15),
	/* Bound again without a pause */
	P("rebind-intx", "bound again at once, INTx",
	  rebind, INTX, ANY, ZERO, 7, BUDGET(7)),
	P("rebind-each", "bound again at once, MSI-X each",
	  rebind, EACH, ANY, ZERO, 3, BUDGET_EACH),
	P("rebind-shared", "bound again at once, MSI-X shared",
	  rebind, SHARED, ANY, ZERO, 11, BUDGET_15),
	/* vp_find_vqs() fails at any step */
	P("to-slow", "each fails, then slow",
	  to_slow, EACH, ANY, ZERO, 3, BUDGET_EACH),
	P("to-shared", "each and slow fail, then shared",
	  to_shared, SHARED, ANY, ZERO, 3, { MIN(15), 15, MIN(7), MIN(3), MIN(1), 0 }),
	P("to-intx", "each, slow and shared fail, then INTx",
	  to_intx, INTX, ANY, ZERO, 3, { MIN(15), 7, 7, MIN(1), 0, 0 }),
	P("gives-up", "shared and INTx fail, then bound by hand",
	  gives_up, INTX, ANY, ZERO, 3, { MIN(15), 7, 7, MIN(3), MIN(3), MIN(3) }),
	/* Ways to end */
	P("shutdown-intx", "shutdown or kexec, INTx",
	  shutdown, INTX, ANY, ZERO, 7, BUDGET(7)),
	P("shutdown-each", "shutdown or kexec, MSI-X each",
	  shutdown, EACH, ANY, ZERO, 3, BUDGET_EACH),
	P("shutdown-shared", "shutdown or kexec, MSI-X shared",
	  shutdown, SHARED, ANY, ZERO, 11, BUDGET_15),
	P("reboot-intx", "reboot without a reset, INTx",
	  no_shutdown, INTX, ANY, ZERO, 7, BUDGET(7)),
	P("reboot-each", "reboot without a reset, MSI-X each",
	  no_shutdown, EACH, ANY, ZERO, 3, BUDGET_EACH),
	P("reboot-shared", "reboot without a reset, MSI-X shared",
	  no_shutdown, SHARED, ANY, ZERO, 11, BUDGET_15),
	P("suspend-intx", "suspend, resume, INTx",
	  suspend, INTX, ANY, ZERO, 7, BUDGET(7)),
	P("suspend-each", "suspend, resume, MSI-X each",
	  suspend, EACH, ANY, ZERO, 3, BUDGET_EACH),
	P("suspend-shared", "suspend, resume, MSI-X shared",
	  suspend, SHARED, ANY, ZERO, 11, BUDGET_15),
	P("suspend-kept", "suspend with rings kept",
	  suspend_kept, EACH, ANY, ZERO, 3, BUDGET_EACH),
	P("crash-intx", "crash at any step, INTx",
	  crash, INTX, ANY, ZERO, 3, BUDGET(7)),
	P("crash-each", "crash at any step, MSI-X each",
	  crash, EACH, ANY, ZERO, 3, BUDGET(7)),
	P("crash-shared", "crash at any step, MSI-X shared",
	  crash, SHARED, ANY, ZERO, 3, { MIN(15), MIN(7), MIN(7), MIN(7), MIN(7), MIN(7) }),
	/* Not Linux */
	P("old-ipxe", "iPXE until 2025, Linux INTx",
	  old_ipxe_linux, INTX, ANY, ZERO, 7, BUDGET(7)),
	P("new-ipxe", "iPXE since 2026, Linux MSI-X each",
	  new_ipxe_linux, EACH, ANY, ZERO, 3, BUDGET(7)),
	P("seabios", "SeaBIOS, Linux MSI-X shared",
	  seabios_linux, SHARED, ANY, ZERO, 7, BUDGET(7)),
	P("uboot", "U-Boot, Linux INTx",
	  uboot_linux, INTX, ANY, ZERO, 7, BUDGET(7)),
	P("dpdk", "Linux MSI-X each, DPDK",
	  linux_dpdk, EACH, ANY, ZERO, 3, BUDGET(7)),
	P("old-ipxe-crash", "iPXE until 2025 ends anywhere",
	  old_ipxe_crash, INTX, ANY, ZERO, 3, BUDGET(7)),
	P("new-ipxe-crash", "iPXE since 2026 ends anywhere",
	  new_ipxe_crash, EACH, ANY, ZERO, 3, BUDGET(7)),
	P("seabios-crash", "SeaBIOS ends anywhere",
	  seabios_crash, SHARED, ANY, ZERO, 3, { MIN(15), MIN(7), MIN(7), MIN(7), MIN(7), MIN(7) }),
	P("uboot-crash", "U-Boot ends anywhere",
	  uboot_crash, INTX, ANY, ZERO, 3, BUDGET(7)),
	P("dpdk-crash", "DPDK ends anywhere",
	  dpdk_crash, EACH, ANY, ZERO, 3, BUDGET(7)),
};

const unsigned int num_programs = sizeof(programs) / sizeof(*programs);
