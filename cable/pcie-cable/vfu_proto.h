/* SPDX-License-Identifier: GPL-2.0 */
/*
 * vfu_proto: the vfio-user protocol on the wire
 *
 * Facts from "vfio-user Protocol Specification" (QEMU, docs/interop/vfio-user.rst)
 * and <linux/vfio.h>, whose structures and flags the payloads are made of.
 * Everything is in the byte order of the machine both programs run on.
 */
#ifndef CABLE_VFU_PROTO_H
#define CABLE_VFU_PROTO_H

#include <stdint.h>

enum vfu_command {
	VFU_VERSION		= 1,
	VFU_DMA_MAP		= 2,
	VFU_DMA_UNMAP		= 3,
	VFU_GET_INFO		= 4,
	VFU_GET_REGION_INFO	= 5,
	VFU_GET_IRQ_INFO	= 7,
	VFU_SET_IRQS		= 8,
	VFU_REGION_READ		= 9,
	VFU_REGION_WRITE	= 10,
	VFU_RESET		= 13,
};

struct vfu_header {
	uint16_t id;
	uint16_t command;
	uint32_t size;			/* of the message, header included */
	uint32_t flags;
	uint32_t error;			/* errno, in replies */
};

#define VFU_TYPE_MASK		0xfu
#define VFU_TYPE_COMMAND	0u
#define VFU_TYPE_REPLY		1u
#define VFU_NO_REPLY		(1u << 4)
#define VFU_ERROR		(1u << 5)

struct vfu_version {
	uint16_t major;
	uint16_t minor;
	/* JSON text with a terminating NUL follows, or nothing */
};

#define VFU_VERSION_MAJOR	0
#define VFU_VERSION_MINOR	0

/* What this server can take in; it tells so in its VERSION reply. */
#define VFU_MAX_FDS		8
#define VFU_MAX_XFER		65536u
#define VFU_MAX_DMA_MAPS	65535	/* as QEMU: an IOMMU's tables may have many */
#define VFU_PGSIZE		4096u

struct vfu_dma_map {
	uint32_t argsz;
	uint32_t flags;
	uint64_t offset;		/* in the file that comes with it */
	uint64_t addr;
	uint64_t size;
};

#define VFU_DMA_READ		(1u << 0)
#define VFU_DMA_WRITE		(1u << 1)

struct vfu_dma_unmap {
	uint32_t argsz;
	uint32_t flags;
	uint64_t addr;
	uint64_t size;
};

#define VFU_UNMAP_ALL		(1u << 1)

struct vfu_device_info {
	uint32_t argsz;
	uint32_t flags;
	uint32_t num_regions;
	uint32_t num_irqs;
};

struct vfu_region_info {
	uint32_t argsz;
	uint32_t flags;
	uint32_t index;
	uint32_t cap_offset;
	uint64_t size;
	uint64_t offset;		/* in the file that comes with it */
};

struct vfu_irq_info {
	uint32_t argsz;
	uint32_t flags;
	uint32_t index;
	uint32_t count;
};

struct vfu_irq_set {
	uint32_t argsz;
	uint32_t flags;
	uint32_t index;
	uint32_t start;
	uint32_t count;
};

struct vfu_region_access {
	uint64_t offset;
	uint32_t region;
	uint32_t count;
	/* the data follow: in a write command, and in the reply to a read */
};

#define VFU_MAX_MESSAGE		\
	(sizeof(struct vfu_header) + sizeof(struct vfu_region_access) + VFU_MAX_XFER)

#endif /* CABLE_VFU_PROTO_H */
