#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Print -D options for the kernel interfaces that differ between the kernels
# we build for, found by looking into the headers of the kernel at hand.
# Kernel versions say little: distributions carry interfaces back.
#
# Usage: features.sh <kernel source or headers>/include

set -eu

if [ $# -ne 1 ] || [ ! -f "$1/linux/pci-epc.h" ]; then
	echo "usage: $0 DIR, where DIR/linux/pci-epc.h exists" >&2
	exit 1
fi
include=$1/linux

# has <name> <header> <extended regular expression>
has()
{
	if grep -Eq -- "$3" "$include/$2"; then
		echo "-DHAVE_$1"
	fi
}

# Endpoint controllers: the MSI and MSI-X operations of struct pci_epc_ops
# carry counts, where they used to carry encoded register fields
has EPC_NR_IRQS			pci-epc.h	'[^a-z0-9]u8 nr_irqs'
has EPC_BAR_DISABLED		pci-epc.h	'^[[:space:]]BAR_DISABLED,'
has EPC_BAR_RESIZABLE		pci-epc.h	'^[[:space:]]BAR_RESIZABLE,'
has EPC_DYNAMIC_INBOUND		pci-epc.h	'dynamic_inbound_mapping :'
has EPC_INTX_CAPABLE		pci-epc.h	'intx_capable :'

# The rest of the kernel
has CONFIGFS_CONST_OPS		configfs.h	'const struct configfs_item_operations'
has HRTIMER_SETUP		hrtimer.h	'void hrtimer_setup\('
