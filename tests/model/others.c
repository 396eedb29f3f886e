// SPDX-License-Identifier: GPL-2.0
/*
 * Host drivers that are not Linux's: iPXE, SeaBIOS, U-Boot, DPDK
 *
 * Most of them want an I/O BAR, which no endpoint has.  They are here since
 * the engine must not depend on how Linux does it.
 */
#include "others.h"

/* QUEUE_SEL is written once; SeaBIOS, U-Boot and iPXE until 2025 */
static const struct step one_select[] = {
	W16(QUEUE_SEL, QUEUE),
	R16(QUEUE_NUM),
	R32(QUEUE_PFN),
	ALLOC,
	W32(QUEUE_PFN, PFN),
	END
};

/* QUEUE_PFN is never read; DPDK and iPXE since 2026 */
static const struct step blind[] = {
	W16(QUEUE_SEL, QUEUE),
	R16(QUEUE_NUM),
	ALLOC,
	W16(QUEUE_SEL, QUEUE),
	W32(QUEUE_PFN, PFN),
	END
};

/*
 * iPXE until 2025: queues before features, both with STATUS 0, buffers are announced
 * before DRIVER_OK, and ACKNOWLEDGE is left out
 */
const struct step old_ipxe[] = {
	W8(STATUS, 0),
	R8(ISR),
	QUEUES(one_select),
	W16(QUEUE_NOTIFY, 0),
	R32(HOST_FEATURES),
	W32(GUEST_FEATURES, FEATURES),
	W8(STATUS, DRIVER | DRIVER_OK),
	R8(ISR),
	W16(QUEUE_NOTIFY, LAST_QUEUE),
	R8(ISR),
	END
};

const struct step old_ipxe_close[] = {
	W8(STATUS, 0),
	R8(ISR),
	END
};

/* iPXE since 2026: each STATUS is read back, and follows the last PFN at once */
const struct step new_ipxe[] = {
	W8(STATUS, 0),
	R8(STATUS),
	W8(STATUS, ACK),
	R8(STATUS),
	W8(STATUS, SAME | DRIVER),
	R8(STATUS),
	R32(HOST_FEATURES),
	W32(GUEST_FEATURES, FEATURES),
	QUEUES(blind),
	W8(STATUS, SAME | DRIVER_OK),
	R8(STATUS),
	W16(QUEUE_NOTIFY, 0),
	END
};

const struct step seabios[] = {
	W8(STATUS, 0),
	R8(ISR),
	W8(STATUS, ACK | DRIVER),
	R32(HOST_FEATURES),
	W32(GUEST_FEATURES, FEATURES),
	QUEUES(one_select),
	W8(STATUS, SAME | DRIVER_OK),
	W16(QUEUE_NOTIFY, 0),
	R8(ISR),
	END
};

const struct step uboot[] = {
	W8(STATUS, 0),
	R8(STATUS),
	R8(STATUS),
	W8(STATUS, ACK),
	R8(STATUS),
	W8(STATUS, SAME | DRIVER),
	R32(HOST_FEATURES),
	W32(GUEST_FEATURES, FEATURES),
	QUEUES(one_select),
	R8(STATUS),
	W8(STATUS, SAME | DRIVER_OK),
	W16(QUEUE_NOTIFY, 0),
	R8(STATUS),
	W16(QUEUE_NOTIFY, LAST_QUEUE),
	END
};

static const struct step late_vector[] = {
	W16(QUEUE_SEL, QUEUE),
	W16_MSI(QUEUE_VECTOR, NEXT_VECTOR),
	R16_MSI(QUEUE_VECTOR),
	END
};

/* Vectors are bound when all queues exist */
const struct step dpdk[] = {
	W8(STATUS, 0),
	R8(STATUS),
	W8(STATUS, ACK),
	R8(STATUS),
	W8(STATUS, SAME | DRIVER),
	R32(HOST_FEATURES),
	W32(GUEST_FEATURES, FEATURES),
	MSIX(1),
	QUEUES(blind),
	W16_MSI(CONFIG_VECTOR, 0),
	R16_MSI(CONFIG_VECTOR),
	QUEUES(late_vector),
	R8(STATUS),
	W8(STATUS, SAME | DRIVER_OK),
	W16(QUEUE_NOTIFY, 0),
	R8(STATUS),
	END
};
