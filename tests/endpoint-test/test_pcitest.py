# SPDX-License-Identifier: GPL-2.0
"""A host whose kernel, 6.12, is older than the selftest: its driver, and its pcitest.

The endpoint has the newer kernel; test_selftest.py has the older one with the newer host.
"""

import pytest
from cable.vm.endpoint_test import MSIX, UNALIGNED
from conftest import remark

SIZES = 1, 1024, 1025, 1024000, 1024001


@pytest.fixture
def pair(watched):
    # The driver takes its own interrupt type, MSI-X, for devices of which it knows
    # nothing else
    return watched("trixie-backports", "trixie", identity=UNALIGNED, parameters="irq_type=2")


def check(pair, *runs):
    """What pcitest says of runs with these arguments is that all is well."""
    said = [(arguments, *pair.pcitest(*arguments)) for arguments in runs]
    bad = ["pcitest %s: %s" % (" ".join(arguments), text) for arguments, good, text in said
           if not good or not text.endswith("OKAY")]
    assert not bad


@pytest.mark.parametrize("time", ("first", "second"))
def test_pcitest(pair, time):
    bars = [("-b", str(bar)) for bar in range(6)]
    vectors = [("-i", "2")] + [("-x", str(vector)) for vector in range(1, MSIX + 1)]
    transfers = [(what, "-s", str(size)) for what in ("-r", "-w", "-c") for size in SIZES]
    check(pair, *bars, *vectors, *transfers)
    remark("host with trixie, pcitest, %s time: %d passed" % (
        time, len(bars) + len(vectors) + len(transfers)))
    if time == "first":
        remark("  not run: -d: the controller has no DMA engine")
        remark("  not run: -m, -l: the cable has MSI-X only")
