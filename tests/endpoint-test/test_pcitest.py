# SPDX-License-Identifier: GPL-2.0
"""A host whose kernel, 6.12, is older than the selftest: its driver, and its pcitest.

The sizes are those of the selftest, but where each eight bytes are an access that
pcie-cable translates: there the large ones are for DMA only.
"""

import pytest
from cable.vm.endpoint_test import ALIGNED, MSIX, UNALIGNED
from conftest import remark

SIZES = 1, 1024, 1025, 1024000, 1024001
SMALL = 1, 1024, 1025, 16384, 16385


# The function of 6.12 maps what it likes where it likes, without pci_epc_mem_map(), which
# mapped windows cannot do.
@pytest.fixture(params=[("trixie-backports", "mapped", UNALIGNED, SIZES),
                        ("trixie", "metered", ALIGNED, SMALL)],
                ids=lambda param: "-".join(param[:2]))
def pair(request, watched):
    suite, windows, identity, sizes = request.param
    # The driver takes its own interrupt type, MSI-X, for devices of which it knows
    # nothing else
    pair = watched(suite, "trixie", identity=identity, parameters="irq_type=2",
                   windows=windows)
    pair.sizes = sizes
    return pair


def check(pair, *runs):
    """What pcitest says of runs with these arguments is that all is well."""
    said = [(arguments, *pair.pcitest(*arguments)) for arguments in runs]
    bad = ["pcitest %s: %s" % (" ".join(arguments), text) for arguments, good, text in said
           if not good or not text.endswith("OKAY")]
    assert not bad


@pytest.mark.parametrize("time", ("first", "second"))
def test_pcitest(pair, time):
    bars = [("-b", str(bar)) for bar in range(6 if pair.sizes == SIZES else 5)]
    vectors = [("-i", "0"), ("-l",), ("-i", "1"), ("-m", "1"), ("-i", "2")]
    vectors += [("-x", str(vector)) for vector in range(1, MSIX + 1)]
    transfers = [(what, "-s", str(size)) for what in ("-r", "-w", "-c") for size in pair.sizes]
    transfers += [(what, "-d", "-s", str(size)) for what in ("-r", "-w") for size in SIZES]
    check(pair, *bars, *vectors, *transfers)
    remark("%s with host trixie, %s windows, pcitest, %s time: %d passed" % (
        pair.suite, pair.cable.windows, time, len(bars) + len(vectors) + len(transfers)))
    if time == "first":
        remark("  not run: -c -d: the function refuses to copy with an engine that has slave"
               " channels, as eDMAs do")
    if time == "first" and pair.sizes == SMALL:
        remark("  not run: -b 5: it has 1 MiB, of which each four bytes are an access")
