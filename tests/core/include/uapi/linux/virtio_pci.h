/* SPDX-License-Identifier: GPL-2.0 */
#ifndef CORE_SHIM_UAPI_LINUX_VIRTIO_PCI_H
#define CORE_SHIM_UAPI_LINUX_VIRTIO_PCI_H

#include <linux/virtio_pci.h>

#endif /* CORE_SHIM_UAPI_LINUX_VIRTIO_PCI_H */
