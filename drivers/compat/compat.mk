# SPDX-License-Identifier: GPL-2.0
#
# Include this in a Kbuild file, by its path from $(src), and
# #include "pci-ep-compat.h" works.

pci-ep-compat := $(patsubst %/,%,$(dir $(lastword $(MAKEFILE_LIST))))
pci-ep-features := $(shell sh $(pci-ep-compat)/features.sh $(srctree)/include)
ifeq ($(wildcard $(srctree)/include/linux/pci-epc.h),)
$(error no endpoint headers found in $(srctree)/include)
endif

ccflags-y += -I$(pci-ep-compat) $(pci-ep-features)
CHECKFLAGS += -include $(pci-ep-compat)/sparse.h
