# SPDX-License-Identifier: GPL-2.0
"""Controllers that a virtio function cannot use: refused at bind, and the log says why."""

import pytest

FUNCTION = "functions/pci_epf_vcon/f1"


@pytest.fixture
def function(tree):
    tree.load("pci_ep_configfs", "epc_dummy")
    tree.check("modprobe pci-epf-vcon", "mkdir " + FUNCTION)
    yield tree
    tree.run("rm -f controllers/*/f1 %s/*ary/*" % FUNCTION, "rmdir " + FUNCTION)
    tree.check("rmmod pci-epf-vcon", "rmmod pci-epf-virtio")


@pytest.mark.parametrize("controller, why", [
    ("epc-dummy.0", "controller epc-dummy.0 has neither MSI-X nor INTx"),
    ("epc-dummy.1", "controller epc-dummy.1 keeps BAR0 for itself"),
], ids=["no-msix", "no-bar0"])
def test_controller_is_refused(function, controller, why):
    said = function.said_during(lambda: function.fails(
        "ln -s %s controllers/%s" % (FUNCTION, controller), "Operation not supported"))
    assert said.count(why) == 1
    assert function.names("/sys/bus/virtio/devices") == set()


def test_controller_with_intx(function, suite):
    """One that has INTx, and nothing else, will do where the kernel can tell it from others."""
    link = "ln -s %s controllers/epc-dummy.2" % FUNCTION
    if suite == "trixie":
        said = function.said_during(lambda: function.fails(link, "Operation not supported"))
        assert said.count("controller epc-dummy.2 has neither MSI-X nor INTx") == 1
        return
    function.check("echo 3 >%s/msix_interrupts" % FUNCTION)
    said = function.said_during(lambda: function.fails(link, "Invalid argument"))
    assert said.count("msix_interrupts must be 0: controller epc-dummy.2 cannot raise") == 1
    function.check("echo 0 >%s/msix_interrupts" % FUNCTION, "echo 2 >%s/interrupt_pin" % FUNCTION)
    said = function.said_during(lambda: function.fails(link, "Invalid argument"))
    assert said.count("interrupt_pin must be 1: controller epc-dummy.2 has INTx only") == 1
    function.check("echo 1 >%s/interrupt_pin" % FUNCTION, link)
    assert len(function.names("/sys/bus/virtio/devices")) == 1
    function.check("rm controllers/epc-dummy.2/f1")
    assert function.names("/sys/bus/virtio/devices") == set()


SETTINGS = [
    ("vendorid", "0x1234", "vendorid must be 0x1af4"),
    ("deviceid", "0x1041", "deviceid must be from 0x1000 to 0x103f"),
    ("revid", "1", "revid must be 0"),
    ("subsys_id", "1", "subsys_id must be 3"),
    ("interrupt_pin", "0", "interrupt_pin must be from 1 to 4"),
    ("interrupt_pin", "5", "interrupt_pin must be from 1 to 4"),
    ("msi_interrupts", "1", "msi_interrupts must be 0"),
    ("msix_interrupts", "1", "msix_interrupts must be from 2"),
]


# The core's own checks, which are the same on each kernel
only_once = "tries nothing of the endpoint's kernel; runs on trixie-backports"


def test_settings_are_refused(function, suite):
    """Those of each function: what would keep a virtio driver from it, or has no effect on it."""
    if suite != "trixie-backports":
        pytest.skip(only_once)
    link = "ln -s %s controllers/epc-dummy.3" % FUNCTION
    for name, value, why in SETTINGS:
        usual = function.check("cat %s/%s" % (FUNCTION, name))
        function.check("echo %s >%s/%s" % (value, FUNCTION, name))
        said = function.said_during(lambda: function.fails(link, "Invalid argument"))
        assert said.count(why) == 1, (name, value)
        function.check("echo %s >%s/%s" % (usual, FUNCTION, name))
    function.check(link)
    assert len(function.names("/sys/bus/virtio/devices")) == 1


def test_second_controller_is_refused(function):
    """It would be of no use to a function that has one host."""
    for first in ("", "ln -s controllers/epc-dummy.3 %s/primary/" % FUNCTION):
        function.check(first or ":")
        said = function.said_during(lambda: function.fails(
            "ln -s controllers/epc-dummy.3 %s/secondary/" % FUNCTION, "Invalid argument"))
        assert said.count("link it to the function's primary/") == 1
        # The kernel unbinds a function that does not take its second controller
        assert said.count("It is not bound any more") == (1 if first else 0)
        function.check("rm -f %s/primary/epc-dummy.3" % FUNCTION)
        assert function.names("/sys/bus/virtio/devices") == set()
    function.check("ln -s controllers/epc-dummy.3 %s/primary/" % FUNCTION)
    assert len(function.names("/sys/bus/virtio/devices")) == 1
