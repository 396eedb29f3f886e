// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <linux/vfio.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "event_fd.h"
#include "json.h"
#include "log.h"
#include "vfu_conn.h"
#include "vfu_msg.h"

static bool get(const struct vfu_msg *msg, void *payload, size_t size)
{
	if (msg->len < size)
		return false;
	memcpy(payload, msg->data, size);
	return true;
}

static void put(struct vfu_msg *msg, const void *payload, size_t size)
{
	memcpy(msg->reply, payload, size);
	msg->reply_len = size;
}

static int handle_version(struct vfu_conn *conn, struct vfu_msg *msg)
{
	struct json text = { (const char *)msg->data + sizeof(struct vfu_version), 0 };
	struct vfu_version version;
	struct json caps;
	int n;

	if (conn->negotiated || !get(msg, &version, sizeof(version)))
		return -EINVAL;
	if (version.major != VFU_VERSION_MAJOR) {
		log_event("%s: speaks vfio-user %u.%u; only %u.x is allowed",
			  conn->name, version.major, version.minor, VFU_VERSION_MAJOR);
		return -EPROTONOSUPPORT;
	}
	if (msg->len > sizeof(version)) {
		text.len = msg->len - sizeof(version) - 1;
		if (text.text[text.len] != '\0' || !json_is_object(text))
			return -EINVAL;
		if (json_member(text, "capabilities", &caps) && !json_is_object(caps))
			return -EINVAL;
	}

	version.minor = VFU_VERSION_MINOR;
	put(msg, &version, sizeof(version));
	n = sprintf((char *)msg->reply + sizeof(version),
		    "{\"capabilities\":{\"max_msg_fds\":%u,\"max_data_xfer_size\":%u,"
		    "\"max_dma_maps\":%u,\"pgsizes\":%u}}",
		    VFU_MAX_FDS, VFU_MAX_XFER, VFU_MAX_DMA_MAPS, VFU_PGSIZE);
	msg->reply_len += n + 1;
	conn->negotiated = true;
	conn->ops->ready(conn->dev);
	return 0;
}

static int handle_dma_map(struct vfu_conn *conn, struct vfu_msg *msg)
{
	struct vfu_dma_map map;

	if (!get(msg, &map, sizeof(map)) || map.argsz < sizeof(map) || msg->num_fds > 1)
		return -EINVAL;
	log_debug("%s: memory %#llx, %#llx bytes, %s at %#llx%s", conn->name,
		  (unsigned long long)map.addr, (unsigned long long)map.size,
		  msg->num_fds ? "shared" : "not shared", (unsigned long long)map.offset,
		  map.flags & VFU_DMA_WRITE ? "" : ", read only");
	return conn->ops->dma_map(conn->dev, &map, msg->num_fds ? msg->fds[0] : -1);
}

static int handle_dma_unmap(struct vfu_conn *conn, struct vfu_msg *msg)
{
	struct vfu_dma_unmap unmap;
	int ret = 0;

	if (!get(msg, &unmap, sizeof(unmap)) || unmap.argsz < sizeof(unmap) ||
	    (unmap.flags & ~VFU_UNMAP_ALL))
		return -EINVAL;
	if (!(unmap.flags & VFU_UNMAP_ALL))
		ret = vfu_dma_unmap(&conn->dma, unmap.addr, unmap.size);
	else if (unmap.addr || unmap.size)
		ret = -EINVAL;
	else
		vfu_dma_unmap_all(&conn->dma);
	if (!ret)
		put(msg, &unmap, sizeof(unmap));
	return ret;
}

static int handle_get_info(struct vfu_conn *conn, struct vfu_msg *msg)
{
	struct vfu_device_info info;

	(void)conn;
	if (!get(msg, &info, sizeof(info)) || info.argsz < sizeof(info))
		return -EINVAL;
	info.argsz = sizeof(info);
	info.flags = VFIO_DEVICE_FLAGS_PCI | VFIO_DEVICE_FLAGS_RESET;
	info.num_regions = VFIO_PCI_NUM_REGIONS;
	info.num_irqs = VFIO_PCI_NUM_IRQS;
	put(msg, &info, sizeof(info));
	return 0;
}

static int handle_get_region_info(struct vfu_conn *conn, struct vfu_msg *msg)
{
	struct vfu_region region = { .fd = -1 };
	struct vfu_region_info info;

	if (!get(msg, &info, sizeof(info)) || info.argsz < sizeof(info) ||
	    info.index >= VFIO_PCI_NUM_REGIONS)
		return -EINVAL;
	conn->ops->region(conn->dev, info.index, &region);

	info.argsz = sizeof(info);
	info.flags = 0;
	info.cap_offset = 0;
	info.size = region.size;
	info.offset = 0;
	if (region.size)
		info.flags = VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_WRITE;
	/* Without a list of areas, all of the region can be mapped. */
	if (region.fd >= 0)
		info.flags |= VFIO_REGION_INFO_FLAG_MMAP;
	put(msg, &info, sizeof(info));
	msg->reply_fd = region.fd;
	return 0;
}

static int handle_get_irq_info(struct vfu_conn *conn, struct vfu_msg *msg)
{
	struct vfu_irq_info info;

	if (!get(msg, &info, sizeof(info)) || info.argsz < sizeof(info) ||
	    info.index >= VFIO_PCI_NUM_IRQS)
		return -EINVAL;
	info.argsz = sizeof(info);
	info.count = conn->ops->num_irqs(conn->dev, info.index);
	info.flags = info.count ? vfu_irq_flags(info.index) : 0;
	put(msg, &info, sizeof(info));
	return 0;
}

static bool all_eventfds(const struct vfu_msg *msg)
{
	unsigned int i;

	for (i = 0; i < msg->num_fds; i++)
		if (!event_fd_is(msg->fds[i]))
			return false;
	return true;
}

static int handle_set_irqs(struct vfu_conn *conn, struct vfu_msg *msg)
{
	struct vfu_irq_set set;

	if (!get(msg, &set, sizeof(set)) || set.argsz < sizeof(set))
		return -EINVAL;
	if (!all_eventfds(msg)) {
		log_event("%s: a descriptor for interrupts is no eventfd; only those are allowed",
			  conn->name);
		return -EINVAL;
	}
	return vfu_irq_set(&conn->irqs, conn->ops->num_irqs(conn->dev, set.index), &set,
			   msg->data + sizeof(set), msg->len - sizeof(set),
			   msg->fds, msg->num_fds);
}

static int handle_region_access(struct vfu_conn *conn, struct vfu_msg *msg, bool write)
{
	struct vfu_region region = { .fd = -1 };
	struct vfu_region_access access;
	int ret;

	if (!get(msg, &access, sizeof(access)) || access.region >= VFIO_PCI_NUM_REGIONS ||
	    !access.count || access.count > VFU_MAX_XFER)
		return -EINVAL;
	conn->ops->region(conn->dev, access.region, &region);
	if (access.offset > region.size || access.count > region.size - access.offset)
		return -EINVAL;

	if (write) {
		if (msg->len - sizeof(access) != access.count)
			return -EINVAL;
		ret = conn->ops->write(conn->dev, access.region, access.offset,
				       msg->data + sizeof(access), access.count);
	} else {
		ret = conn->ops->read(conn->dev, access.region, access.offset,
				      msg->reply + sizeof(access), access.count);
	}
	if (ret)
		return ret;
	put(msg, &access, sizeof(access));
	if (!write)
		msg->reply_len += access.count;
	return 0;
}

int vfu_msg_handle(struct vfu_conn *conn, struct vfu_msg *msg)
{
	if (!conn->negotiated && msg->command != VFU_VERSION)
		return -EINVAL;

	switch (msg->command) {
	case VFU_VERSION:
		return handle_version(conn, msg);
	case VFU_DMA_MAP:
		return handle_dma_map(conn, msg);
	case VFU_DMA_UNMAP:
		return handle_dma_unmap(conn, msg);
	case VFU_GET_INFO:
		return handle_get_info(conn, msg);
	case VFU_GET_REGION_INFO:
		return handle_get_region_info(conn, msg);
	case VFU_GET_IRQ_INFO:
		return handle_get_irq_info(conn, msg);
	case VFU_SET_IRQS:
		return handle_set_irqs(conn, msg);
	case VFU_REGION_READ:
		return handle_region_access(conn, msg, false);
	case VFU_REGION_WRITE:
		return handle_region_access(conn, msg, true);
	case VFU_RESET:
		conn->ops->reset(conn->dev);
		return 0;
	default:
		log_event("%s: unknown command %u refused", conn->name, msg->command);
		return -EOPNOTSUPP;
	}
}
