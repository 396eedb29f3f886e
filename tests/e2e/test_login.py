# SPDX-License-Identifier: GPL-2.0
"""Logins across the cable, after all that can happen to either side."""

import pytest


def check_login(pair):
    assert pair.login_to_host().split() == ["x86_64"]


def test_login_from_endpoint(pair):
    check_login(pair)


def test_login_from_host(pair):
    assert pair.login_to_endpoint().split() == ["aarch64"]


def test_lspci(pair):
    """The host sees a legacy virtio console with MSI-X behind its root port."""
    card = pair.host_card()
    text = pair.host.shell.check("lspci -vvnn -s " + card)
    assert "[1af4:1003]" in text
    assert "MSI-X: Enable+ Count=" in text
    assert "Express" in text and "Endpoint" in text
    assert "Kernel driver in use: virtio-pci" in text


@pytest.mark.parametrize("first", ["endpoint", "host"])
def test_start_order(pool, suite, first):
    pair = pool.fresh(suite, first)
    check_login(pair)
    assert pair.login_to_endpoint().split() == ["aarch64"]


def test_host_driver_rebind(pair):
    card = pair.host_card()
    driver = "/sys/bus/pci/drivers/virtio-pci"
    for _ in range(5):
        pair.at_host("echo %s > %s/unbind" % (card, driver))
        assert pair.host.shell.run("[ -e %s/%s ]" % (driver, card))[0] != 0
        pair.at_host("echo %s > %s/bind" % (card, driver))
        pair.wait_consoles()
        check_login(pair)


def test_host_reboot(pair):
    for _ in range(3):
        before = pair.host.shell.check("cat /proc/sys/kernel/random/boot_id")
        pair.host.reboot()
        assert pair.host.shell.check("cat /proc/sys/kernel/random/boot_id") != before
        pair.wait_consoles()
        check_login(pair)


def test_endpoint_rebind(pair):
    """The host's administrator removes the card before, and rescans after."""
    for _ in range(5):
        pair.remove_card()
        pair.stop_link()
        pair.unbind()
        pair.bind()
        pair.start_link()
        pair.rescan()
        pair.wait_consoles()
        check_login(pair)


@pytest.mark.lost
def test_endpoint_rebind_unannounced(pair):
    """The host keeps its device until the endpoint is back."""
    for _ in range(5):
        pair.stop_link()
        pair.unbind()
        pair.bind()
        pair.start_link()
        pair.remove_card()
        pair.rescan()
        pair.wait_consoles()
        check_login(pair)


def test_module_reload(pair):
    for _ in range(3):
        pair.remove_card()
        pair.deconfigure()
        pair.unload_modules()
        loaded = pair.endpoint.shell.check("lsmod")
        assert "pci_epf_vcon" not in loaded and "pcie_cable_ep" not in loaded
        pair.load_modules()
        pair.configure()
        pair.rescan()
        pair.wait_consoles()
        check_login(pair)
