# SPDX-License-Identifier: GPL-2.0
"""Controllers that a virtio function cannot use: refused at bind, and the log says why."""

import pytest

FUNCTION = "functions/pci_epf_vcon/f1"


@pytest.fixture
def function(tree):
    tree.load("pci_ep_configfs", "epc_dummy")
    tree.check("modprobe pci-epf-vcon", "mkdir " + FUNCTION)
    yield tree
    tree.run("rm -f controllers/*/f1", "rmdir " + FUNCTION)
    tree.check("rmmod pci-epf-vcon", "rmmod pci-epf-virtio")


@pytest.mark.parametrize("controller, why", [
    ("epc-dummy.0", "controller epc-dummy.0 cannot raise MSI-X"),
    ("epc-dummy.1", "controller epc-dummy.1 keeps BAR0 for itself"),
], ids=["no-msix", "no-bar0"])
def test_controller_is_refused(function, controller, why):
    said = function.said_during(lambda: function.fails(
        "ln -s %s controllers/%s" % (FUNCTION, controller), "Operation not supported"))
    assert said.count(why) == 1
    assert function.names("/sys/bus/virtio/devices") == set()
