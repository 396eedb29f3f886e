/* SPDX-License-Identifier: GPL-2.0 */
#ifndef CORE_SHIM_UAPI_LINUX_VIRTIO_IDS_H
#define CORE_SHIM_UAPI_LINUX_VIRTIO_IDS_H

#include <linux/virtio_ids.h>

#endif /* CORE_SHIM_UAPI_LINUX_VIRTIO_IDS_H */
