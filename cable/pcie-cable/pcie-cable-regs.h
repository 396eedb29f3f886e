/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Registers of the cable's endpoint controller
 *
 * Shared by pcie-cable (the daemon that implements them, user space) and
 * pcie-cable-ep (the EPC driver that uses them).  Only preprocessor constants
 * live here, so that it compiles in both places.
 *
 * The controller is a PCI device of the endpoint machine:
 *
 *   BAR0        registers below, 32-bit memory, PCIE_CABLE_REGS_SIZE bytes
 *   BAR1        MSI-X table and PBA, two vectors: events, DMA
 *   BAR2, BAR4  outbound windows 0 and 1, 64-bit prefetchable memory; where
 *               windows are metered BAR2 holds all of them, and no BAR4 is there
 *
 * A window bank is a PCI device without registers or interrupts:
 *
 *   BAR0, BAR2, BAR4  three more outbound windows, 64-bit prefetchable memory
 *
 * There are two kinds of outbound windows.  Mapped ones (OB_WINDOWS is 0) each
 * show all of the host's RAM, host address 0 first.  There is no translation to
 * program: a window's base address is fixed, its size is the size of the host's
 * RAM, and one mapping takes one window.  Metered ones are pieces of BAR2, the
 * only window BAR then, which the window registers translate, as those of a real
 * controller do; there are no banks.
 *
 * All registers are 32 bits wide, little endian, and accessed by aligned
 * 32-bit loads and stores; any other access reads all-ones and is ignored
 * when writing.  64-bit values take two registers, low half first.  Registers
 * not listed read as zero.
 */
#ifndef PCIE_CABLE_REGS_H
#define PCIE_CABLE_REGS_H

/* PCI identity: 1af4:10f0-10ff is set aside for experiments (QEMU, pci-ids) */
#define PCIE_CABLE_VENDOR_ID		0x1af4
#define PCIE_CABLE_DEVICE_ID		0x10f0
#define PCIE_CABLE_BANK_DEVICE_ID	0x10f1

#define PCIE_CABLE_BAR_REGS		0
#define PCIE_CABLE_BAR_MSIX		1
#define PCIE_CABLE_REGS_SIZE		0x10000
#define PCIE_CABLE_MSIX_SIZE		0x1000
#define PCIE_CABLE_MSIX_PBA		0x800	/* offset of the PBA in BAR1 */
#define PCIE_CABLE_NUM_IRQS		2
#define PCIE_CABLE_IRQ_EVENT		0
#define PCIE_CABLE_IRQ_DMA		1

/* Identification, read only */
#define PCIE_CABLE_MAGIC		0x000
#define   PCIE_CABLE_MAGIC_VALUE	0x4c424350	/* "PCBL" */
#define PCIE_CABLE_VERSION		0x004
#define   PCIE_CABLE_VERSION_VALUE	2

/* Limits, read only */
#define PCIE_CABLE_NUM_FUNCTIONS	0x008	/* functions offered, 1 to 8 */
#define PCIE_CABLE_NUM_MSIX		0x00c	/* MSI-X vectors per function */
#define PCIE_CABLE_NUM_MSI		0x018	/* MSI vectors per function */

/* Size in bytes of the host's RAM, and so of each mapped outbound window */
#define PCIE_CABLE_HOST_RAM_LO		0x010
#define PCIE_CABLE_HOST_RAM_HI		0x014

/*
 * The link.  Writing ENABLE makes the functions, as set up at that moment,
 * visible to the host; clearing it makes the host read all-ones.  A setup that no
 * host can be shown (no header, bad BAR, vectors or MSI-X table) is refused:
 * ENABLE then reads back as 0.  The link is up while it is enabled and a host
 * machine is connected whose QEMU has made the device with the same BARs, vectors
 * and MSI-X table; it cannot change those later.
 *
 * A controller with FEATURE_PERST starts anew whenever the host deasserts PERST#.  Its
 * driver sets WAIT_PERST when it may, which is taken for a host that is on.  Each
 * EVENT_PERST tells that ENABLE has been cleared and that functions, metered windows
 * and DMA channels are as after a reset.  It follows when WAIT_PERST is set, when the host
 * is reset, and when it leaves.  While WAIT_PERST is set and ENABLE is not, the host's
 * accesses to the configuration space are retried, for up to a second.
 */
#define PCIE_CABLE_LINK_CTRL		0x020
#define   PCIE_CABLE_LINK_ENABLE	(1u << 0)
#define   PCIE_CABLE_LINK_WAIT_PERST	(1u << 1)
#define PCIE_CABLE_LINK_STATUS		0x024	/* read only */
#define   PCIE_CABLE_LINK_UP		(1u << 0)
#define   PCIE_CABLE_LINK_MISFIT	(1u << 1)	/* down: the host has other BARs or interrupts */

/*
 * Events.  A bit is set when the event happens, and cleared by writing 1 to
 * it.  The controller's interrupt is raised when a bit goes from 0 to 1 while
 * it is set in EVENT_ENABLE, and when EVENT_ENABLE is written while an enabled
 * bit is set.  A host reset (of the machine or the slot) sets LINK_DOWN, and
 * LINK_UP as soon as the link is up again: where both are found set,
 * LINK_DOWN came first if LINK_STATUS says that the link is up.
 */
#define PCIE_CABLE_EVENT_STATUS		0x028
#define PCIE_CABLE_EVENT_ENABLE		0x02c
#define   PCIE_CABLE_EVENT_LINK_UP	(1u << 0)
#define   PCIE_CABLE_EVENT_LINK_DOWN	(1u << 1)
#define   PCIE_CABLE_EVENT_BME		(1u << 2)	/* bus mastering enabled */
#define   PCIE_CABLE_EVENT_PERST	(1u << 3)	/* PERST# was deasserted */
#define   PCIE_CABLE_EVENT_ALL		0xfu

/*
 * Metered windows, read only: how many there are (0: windows are mapped), and of
 * how many bytes base, target and size are multiples, a power of two
 */
#define PCIE_CABLE_OB_WINDOWS		0x030
#define PCIE_CABLE_OB_GRANULE		0x034

/*
 * What kind of controller this is, read only.  FEATURES has the events that it tells
 * of, as in EVENT_STATUS, and whether it raises INTx, and its driver says so.  Memory
 * behind BARs is aligned to BAR_ALIGN bytes, a power of two; 0: to nothing.  BAR_KIND
 * is what can be done with a BAR, BAR_FIXED its size in bytes where that is fixed.
 * A metered window of a controller that passes low bits covers as many bytes as the
 * power of two from SIZE on, of which the offset in BAR2 gives the low bits of the
 * host address, and TARGET the others.
 */
#define PCIE_CABLE_FEATURES		0x038
#define   PCIE_CABLE_FEATURE_INTX	(1u << 8)
#define   PCIE_CABLE_FEATURE_INTX_TOLD	(1u << 9)
#define   PCIE_CABLE_FEATURE_LOW_BITS	(1u << 10)
#define   PCIE_CABLE_FEATURE_PERST	(1u << 11)
#define PCIE_CABLE_BAR_ALIGN		0x048
#define PCIE_CABLE_BAR_KIND(b)		(0x050 + (b) * 8)
#define   PCIE_CABLE_BAR_PROGRAMMABLE	0
#define   PCIE_CABLE_BAR_FIXED		1
#define   PCIE_CABLE_BAR_RESIZABLE	2
#define   PCIE_CABLE_BAR_RESERVED	3
#define   PCIE_CABLE_BAR_DISABLED	4
#define PCIE_CABLE_BAR_FIXED_SIZE(b)	(0x054 + (b) * 8)

/*
 * DMA engine.  CHANNELS (read only) is how many channels there are of each
 * direction: the first CHANNELS of them read from the host, the others write to it;
 * 0: there is no engine.  A bit of STATUS is set when that channel has ended a list,
 * and cleared by writing 1 to it.  Interrupts are as for events.
 */
#define PCIE_CABLE_DMA_CHANNELS		0x03c
#define PCIE_CABLE_MAX_DMA_CHANNELS	8
#define PCIE_CABLE_DMA_STATUS		0x040
#define PCIE_CABLE_DMA_ENABLE		0x044

/*
 * Faults on demand, read only; what they say may change at any time, and is for new
 * mappings.  Where MAP_LIMIT is not 0, a power of two, a mapping is no longer than so
 * many bytes, nor crosses a multiple of them at the host.
 */
#define PCIE_CABLE_MAP_LIMIT		0x080
/* While LIMITED is set, no window is to be had where as many as COUNT are in use */
#define PCIE_CABLE_WINDOW_LIMIT		0x084
#define   PCIE_CABLE_WINDOW_LIMITED	(1u << 31)
#define   PCIE_CABLE_WINDOW_COUNT	0xffffu

/*
 * Registers of function n begin at FN(n).  The header, size and flags of BARs,
 * and the MSI and MSI-X capabilities are taken over by the host's view when the
 * link is enabled; later changes wait for the next time.
 */
#define PCIE_CABLE_FN(n)		(0x1000u + (n) * 0x1000u)
#define PCIE_CABLE_MAX_FUNCTIONS	8

/* Standard configuration header, the bytes PCI puts at 00h, 08h and 2Ch */
#define PCIE_CABLE_FN_ID		0x00	/* device << 16 | vendor */
#define PCIE_CABLE_FN_CLASS		0x04	/* class << 8 | revision */
#define PCIE_CABLE_FN_SUBSYS		0x08	/* subsystem << 16 | its vendor */
#define PCIE_CABLE_FN_MISC		0x0c	/* interrupt pin << 8 | cache line */
/* Interrupt pin: 1 (A) to 4 (D), or 0 for a function without INTx */
#define PCIE_CABLE_FN_CTRL		0x10
#define   PCIE_CABLE_FN_PRESENT		(1u << 0)	/* header was written */

/*
 * BAR b of a function: flags are the low four bits of a PCI BAR (memory
 * only).  A size of 0 removes the BAR.  Sizes are powers of two of at least
 * 16 bytes.  ADDR is where host accesses land, an address in the endpoint
 * machine's RAM; a store to ADDR_HI makes the pair take effect, at any time.
 * While ADDR is 0 the host reads all-ones; an address that is not in RAM as a
 * whole, and a store to SIZE_HI that leaves a size of 0, make it 0.
 */
#define PCIE_CABLE_FN_BAR(b)		(0x40 + (b) * 0x20)
#define PCIE_CABLE_BAR_SIZE_LO		0x00
#define PCIE_CABLE_BAR_SIZE_HI		0x04
#define PCIE_CABLE_BAR_FLAGS		0x08
#define PCIE_CABLE_BAR_ADDR_LO		0x10
#define PCIE_CABLE_BAR_ADDR_HI		0x14
#define PCIE_CABLE_NUM_BARS		6

/* MSI-X capability: number of vectors (0: no capability), table and PBA */
#define PCIE_CABLE_FN_MSIX_VECTORS	0x140
#define PCIE_CABLE_FN_MSIX_TABLE	0x144	/* offset | BAR number */
#define PCIE_CABLE_FN_MSIX_PBA		0x148	/* offset | BAR number */
/* Vectors while the host has MSI-X enabled, else 0; read only */
#define PCIE_CABLE_FN_MSIX_ENABLED	0x14c

/*
 * MSI capability: number of vectors, a power of two up to NUM_MSI (0: no
 * capability).  It has 64-bit addresses and no masks of single vectors.
 */
#define PCIE_CABLE_FN_MSI_VECTORS	0x158
/* Vectors that the host gave out, while it has MSI enabled, else 0; read only */
#define PCIE_CABLE_FN_MSI_ENABLED	0x15c

/*
 * Interrupts.  A store of a vector number (the first is 1) to MSIX_RAISE or
 * MSI_RAISE sends that message; IRQ_STATUS then says what became of it.
 */
#define PCIE_CABLE_FN_MSIX_RAISE	0x150
#define PCIE_CABLE_FN_MSI_RAISE		0x160
#define PCIE_CABLE_FN_IRQ_STATUS	0x154	/* read only */
#define   PCIE_CABLE_IRQ_SENT		0
#define   PCIE_CABLE_IRQ_DISABLED	1	/* this type, or bus mastering, is off */
#define   PCIE_CABLE_IRQ_MASKED		2	/* MSI-X: function or vector is masked */
#define   PCIE_CABLE_IRQ_NO_VECTOR	3	/* not one of those enabled; no pin */
#define   PCIE_CABLE_IRQ_LINK_DOWN	4

/*
 * INTx, which the host has off while MSI or MSI-X is enabled, or Interrupt Disable
 * is set in its command register; it needs no bus mastering.  A store to INTX
 * changes the level, and any store to INTX_PULSE sends a pulse, which is kept while
 * the host is still about the interrupt before it.  IRQ_STATUS then says what became
 * of it: a level that is DISABLED is kept, shows in the host's status register, and
 * gets through when the host has INTx on.  A reset of the host and the link's going
 * down deassert it; a function that no host sees, or without a pin, cannot assert it.
 */
#define PCIE_CABLE_FN_INTX		0x164
#define   PCIE_CABLE_INTX_ASSERT	(1u << 0)
#define PCIE_CABLE_FN_INTX_PULSE	0x168

/*
 * Metered window w: while ENABLE is set in CTRL, SIZE bytes of BAR2 from BASE on
 * are memory of the host from TARGET on, as seen by the function that CTRL names.
 * Bits below the granule are ignored in all three.  Where windows overlap, the
 * first one counts.  An access that is in no window as a whole, or comes while the
 * link is down or the host has bus mastering off, or is outside of the host's RAM,
 * reads all-ones and is ignored when writing.
 */
#define PCIE_CABLE_OB(w)		(0x9000u + (w) * 0x20u)
#define PCIE_CABLE_MAX_OB_WINDOWS	256
#define PCIE_CABLE_OB_BASE_LO		0x00
#define PCIE_CABLE_OB_BASE_HI		0x04
#define PCIE_CABLE_OB_SIZE_LO		0x08
#define PCIE_CABLE_OB_SIZE_HI		0x0c
#define PCIE_CABLE_OB_TARGET_LO		0x10
#define PCIE_CABLE_OB_TARGET_HI		0x14
#define PCIE_CABLE_OB_CTRL		0x18
#define   PCIE_CABLE_OB_ENABLE		(1u << 0)
#define   PCIE_CABLE_OB_FN_SHIFT	8
#define   PCIE_CABLE_OB_FN(n)		((n) << PCIE_CABLE_OB_FN_SHIFT)
#define   PCIE_CABLE_OB_FN_MASK		0xffu

/*
 * DMA channel c.  A store of BUSY to CTRL starts a list of COUNT elements at LIST in
 * the endpoint machine's RAM, which are carried out in their order; ABORT stops it,
 * and nothing is moved any more.  CTRL reads as BUSY until the list has ended, then
 * as 0, or as ERROR where an element could not be carried out: not in either machine's
 * RAM, of no length, the link down, the host's bus mastering off, too many elements.
 * DONE elements have been.  While BUSY all but ABORT is ignored.
 *
 * An element has 24 bytes: host address (64 bits), address in the endpoint machine's
 * RAM (64), length in bytes (32), nothing (32).
 */
#define PCIE_CABLE_DMA(c)		(0xc000u + (c) * 0x20u)
#define PCIE_CABLE_DMA_LIST_LO		0x00
#define PCIE_CABLE_DMA_LIST_HI		0x04
#define PCIE_CABLE_DMA_COUNT		0x08
#define PCIE_CABLE_DMA_CTRL		0x0c
#define   PCIE_CABLE_DMA_BUSY		(1u << 0)
#define   PCIE_CABLE_DMA_ERROR		(1u << 1)
#define   PCIE_CABLE_DMA_ABORT		(1u << 2)
#define PCIE_CABLE_DMA_DONE		0x10	/* read only */
#define PCIE_CABLE_DMA_MAX_ELEMENTS	1024

#endif /* PCIE_CABLE_REGS_H */
