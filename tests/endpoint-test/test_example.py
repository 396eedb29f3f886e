# SPDX-License-Identifier: GPL-2.0
"""An example of a test of an endpoint function, to copy: docs/endpoint-test.md explains it.

The function and its driver at the host are the kernel's pci-epf-test and pci_endpoint_test.
"""

import pytest
from cable.vm.cable import Pair
from cable.vm.endpoint_test import make

SUITE = "trixie-backports"
BUILT = "build/pci-endpoint-test/%s/" % SUITE
FUNCTION = "functions/pci_epf_test/example"


@pytest.fixture(scope="module")
def pair():
    make(SUITE, SUITE)      # Builds what is in BUILT; a function of your own is there already
    pair = Pair(SUITE, "build/log/example", profile="j721e")
    pair.endpoint.make_image("example-endpoint", modules=[BUILT + "pci-epf-test.ko"])
    pair.host.make_image("example-host", modules=[BUILT + "pci_endpoint_test.ko"],
                         files=[BUILT + "pci_endpoint_test"])
    try:
        pair.boot()
        pair.load_modules(("pcie-cable-ep", "pci-ep-configfs", "pci-epf-test"))
        pair.at_endpoint("mkdir " + FUNCTION,
                         "echo 0x1d87 >%s/vendorid" % FUNCTION,
                         "echo 0x3588 >%s/deviceid" % FUNCTION,
                         "echo 1 >%s/msi_interrupts" % FUNCTION,
                         "echo 1 >%s/msix_interrupts" % FUNCTION,
                         "ln -s %s %s" % (FUNCTION, pair.controller()))
        pair.start_link()
        pair.at_host("modprobe pci_endpoint_test")
        pair.host.wait_for("driver", lambda: pair.host.shell.run(
            "[ -c /dev/pci-endpoint-test.0 ]")[0] == 0, 20)
        yield pair
    finally:
        pair.stop()


@pytest.fixture(autouse=True)
def quiet(pair):
    """Neither kernel has warned of anything during a test."""
    yield
    assert pair.endpoint.alarms() == [] and pair.host.alarms() == []


def test_card(pair):
    assert "1d87:3588" in pair.at_host("lspci -n")


def test_interrupt(pair):
    pair.cable.ctl("stat", "reset")
    pair.at_host("./pci_endpoint_test -r pci_ep_basic.LEGACY_IRQ_TEST")
    sent = pair.cable.stat("INTx")[0]
    assert sent == 2        # Asserted, and taken back


def test_packets(pair):
    """No more of them than it takes: eight bytes each, and one for what is left."""
    pair.cable.ctl("stat", "reset")
    pair.at_host("./pci_endpoint_test -r pci_ep_data_transfer.memcpy.READ_TEST", timeout=60)
    sizes = 1, 1024, 1025, 1024000, 1024001
    writes, size, unanswered = pair.cable.stat("window writes")
    assert (writes, size, unanswered) == (sum(n // 8 + n % 8 for n in sizes), sum(sizes), 0)
