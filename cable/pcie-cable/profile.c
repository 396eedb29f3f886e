// SPDX-License-Identifier: GPL-2.0
#include <stddef.h>
#include <string.h>

#include "fn_setup.h"
#include "profile.h"

#define KIB(n)		((n) * 1024ull)
#define MIB(n)		((n) * 1024ull * 1024)

#define LINK_EVENTS	(PCIE_CABLE_EVENT_LINK_UP | PCIE_CABLE_EVENT_LINK_DOWN)

#define RESIZABLE	{ PCIE_CABLE_BAR_RESIZABLE, 0 }
#define RESERVED	{ PCIE_CABLE_BAR_RESERVED, 0 }
#define DISABLED	{ PCIE_CABLE_BAR_DISABLED, 0 }
#define FIXED(size)	{ PCIE_CABLE_BAR_FIXED, size }
/* All others are programmable. */

/*
 * From the drivers of Linux 7.3, in drivers/pci/controller/: BARs, events and
 * interrupts from each pci_epc_features and raise_irq, windows from the devicetree
 * and, where the driver asks the hardware, from what kernels have printed of it.
 */
static const struct profile profiles[] = {
	{
		.name = "generic",
		.what = "everything the cable can do; mapped windows",
		.functions = PCIE_CABLE_MAX_FUNCTIONS,
		.events = LINK_EVENTS | PCIE_CABLE_EVENT_BME,
		.num_msi = FN_SETUP_MAX_MSI,
		.num_msix = FN_SETUP_MAX_MSIX,
		.intx = true,
		.intx_told = true,
		.dma_channels = 2,
	},
	{
		/*
		 * dwc/pcie-dw-rockchip.c, rk3588-extra.dtsi.  BAR4 shows the
		 * controller's own registers.  The number of windows is the one that
		 * hosts print of the SoC's other ports.  Its eDMA needs a kernel with
		 * CONFIG_DW_EDMA.
		 */
		.name = "rk3588",
		.what = "Rockchip RK3588 (DesignWare)",
		.functions = 1,
		.windows = { .windows = 8, .granule = KIB(64), .space = MIB(1024) },
		.events = LINK_EVENTS,
		.num_msi = 32,
		.num_msix = 256,
		.dma_channels = 2,
		.bar_align = KIB(64),
		.bar = { RESIZABLE, RESIZABLE, RESIZABLE, RESIZABLE, RESERVED, RESIZABLE },
	},
	{
		/*
		 * cadence/pci-j721e.c, pcie-cadence-ep.c, pcie-cadence.c: 32 regions,
		 * two of which the driver keeps.  It programs whatever it is given.
		 */
		.name = "j721e",
		.what = "TI J721E, J7200, AM64 (Cadence); no align_addr, maps wrongly instead",
		.functions = 6,
		.windows = {
			.windows = 30, .granule = 256, .space = MIB(128), .passes_low_bits = true
		},
		.num_msi = 32,
		.num_msix = 256,
		.intx = true,
		.bar_align = 256,
	},
	{
		/* dwc/pci-imx6.c; of the four windows the driver keeps one for MSI. */
		.name = "imx8mp",
		.what = "NXP i.MX8MP (DesignWare); MSI only, 3 windows, no link events",
		.functions = 1,
		.windows = { .windows = 3, .granule = KIB(64), .space = MIB(128) },
		.num_msi = 32,
		.bar_align = KIB(64),
		.bar = { [1] = DISABLED, [3] = DISABLED, [4] = FIXED(256), [5] = DISABLED },
	},
	{
		/* dwc/pcie-rcar-gen4.c; the number of windows is not published. */
		.name = "rcar-gen4",
		.what = "Renesas R-Car Gen4 (DesignWare); MSI only, 4 MiB of windows, no link events",
		.functions = 2,
		.windows = { .windows = 8, .granule = KIB(4), .space = MIB(4) },
		.num_msi = 32,
		.bar_align = KIB(4),
		.bar = { RESIZABLE, DISABLED, RESIZABLE, DISABLED, FIXED(256), DISABLED },
	},
};

#define NUM_PROFILES	(sizeof(profiles) / sizeof(profiles[0]))

const struct profile *profile_at(unsigned int n)
{
	return n < NUM_PROFILES ? &profiles[n] : NULL;
}

const struct profile *profile_find(const char *name)
{
	unsigned int i;

	for (i = 0; i < NUM_PROFILES; i++)
		if (!strcmp(profiles[i].name, name))
			return &profiles[i];
	return NULL;
}
