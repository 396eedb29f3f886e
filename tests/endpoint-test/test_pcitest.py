# SPDX-License-Identifier: GPL-2.0
"""A host whose kernel, 6.12, is older than the selftest: its driver, and its pcitest.

The sizes are those of the selftest, but where each eight bytes are an access that
pcie-cable translates: there the large ones are for DMA only, unless with E2E_WHOLE=1.
"""

from collections import namedtuple

import pytest
from cable.vm.endpoint_test import ALIGNED, MSIX, UNALIGNED
from conftest import PROFILE, SUITES, WHOLE, remark

SIZES = 1, 1024, 1025, 1024000, 1024001
SMALL = SIZES if WHOLE else (1, 1024, 1025, 16384, 16385)

# windows: None for the controller's own. identity: what the driver takes the card for.
# bars: those whose test takes seconds, slow: minutes. left_out: what is not run, and why.
Variant = namedtuple("Variant", "suite windows identity sizes bars slow intx dma left_out")


def variants():
    if PROFILE == "generic":
        # The function of 6.12 maps what it likes where it likes, without pci_epc_mem_map(),
        # which mapped windows cannot do.
        yield Variant("trixie-backports", "mapped", UNALIGNED, SIZES, range(6), (), True, True, ())
        yield Variant("trixie", "metered", ALIGNED, SMALL, range(5), (5,), True, True, ())
    elif PROFILE == "rk3588":
        for suite in SUITES:
            yield Variant(suite, None, ALIGNED, SMALL, (0,), (1, 2, 3, 5), False, True, (
                "-b 4: it is the controller's own",
                "-i 0, -l: the controller cannot raise INTx"))
    elif PROFILE == "j721e":
        yield Variant("trixie-backports", None, ALIGNED, SMALL, range(6), (), True, False, ())
        yield Variant("trixie", None, ALIGNED, SMALL, range(5), (5,), True, False, ())


def left_out(variant):
    """Marks of a variant that repeats what others try."""
    if WHOLE or PROFILE != "generic" or variant.suite != "trixie-backports":
        return ()
    return pytest.mark.skip(reason="the endpoint's kernel has the selftest, and the program the"
                                   " other kernel; runs with E2E_WHOLE=1")


@pytest.fixture(params=[pytest.param(variant, marks=left_out(variant))
                        for variant in variants() if variant.suite in SUITES],
                ids=lambda variant: "%s-%s" % (variant.suite, variant.windows or PROFILE))
def variant(request):
    return request.param


@pytest.fixture
def pair(watched, variant):
    # The driver takes its own interrupt type, MSI-X, for devices of which it knows
    # nothing else
    return watched(variant.suite, "trixie", profile=PROFILE, identity=variant.identity,
                   parameters="irq_type=2", windows=variant.windows)


def check(pair, *runs):
    """What pcitest says of runs with these arguments is that all is well."""
    said = [(arguments, *pair.pcitest(*arguments)) for arguments in runs]
    bad = ["pcitest %s: %s" % (" ".join(arguments), text) for arguments, good, text in said
           if not good or not text.endswith("OKAY")]
    assert not bad


@pytest.mark.parametrize("time", ("first", "second"))
def test_pcitest(pair, variant, time):
    runs = [("-b", str(bar)) for bar in (*variant.bars, *(variant.slow if WHOLE else ()))]
    if variant.intx:
        runs += [("-i", "0"), ("-l",)]
    runs += [("-i", "1"), ("-m", "1"), ("-i", "2")]
    runs += [("-x", str(vector)) for vector in range(1, MSIX + 1)]
    runs += [(what, "-s", str(size)) for what in ("-r", "-w", "-c") for size in variant.sizes]
    if variant.dma:
        runs += [(what, "-d", "-s", str(size)) for what in ("-r", "-w") for size in SIZES]
    check(pair, *runs)
    remark("%s with host trixie, %s, %s windows, pcitest, %s time: %d passed" % (
        variant.suite, PROFILE, pair.cable.windows or "metered", time, len(runs)))
    if time == "first":
        left_out = variant.left_out + (
            "-c -d: the function refuses to copy with an engine that has slave channels, as"
            " eDMAs do" if variant.dma else "-d: there is no DMA engine",)
        if not WHOLE:
            left_out += tuple("-b %d: it has 1 MiB, of which each four bytes are an access" % bar
                              for bar in variant.slow)
        for line in left_out:
            remark("  not run: " + line)
