# SPDX-License-Identifier: GPL-2.0
"""Logins across the cable, after all that can happen to either side."""

import pytest

from cable.vm.cable import CARD_DRIVER
from cable.vm.machine import SLOW
from conftest import WHOLE

ROUNDS = 5 if WHOLE else 2


def check_login(pair):
    assert pair.login_to_host().split() == ["x86_64"]


@pytest.mark.backend
def test_login_from_endpoint(pair):
    check_login(pair)


@pytest.mark.backend
def test_login_from_host(pair):
    assert pair.login_to_endpoint().split() == ["aarch64"]


def test_lspci(pair):
    """The host sees a legacy virtio console behind its root port, and uses its MSI-X."""
    card = pair.host_card()
    text = pair.host.shell.check("lspci -vvnn -s " + card)
    assert "[1af4:1003]" in text
    assert "MSI-X: Enable+ Count=" in text
    assert "Interrupt: pin A" in text and "DisINTx+" in text
    assert "Express" in text and "Endpoint" in text
    assert "Kernel driver in use: virtio-pci" in text


@pytest.mark.whole("the host is first in all tests but test_host_that_starts_later")
@pytest.mark.parametrize("first", ["endpoint", "host"])
def test_start_order(pool, suite, first):
    pair = pool.fresh(suite, first=first)
    check_login(pair)
    assert pair.login_to_endpoint().split() == ["aarch64"]


@pytest.mark.backend_whole("test_ports.py has the same, of each port")
@pytest.mark.once
def test_host_driver_rebind(pair):
    for _ in range(ROUNDS):
        card = pair.unbind_driver()
        assert pair.host.shell.run("[ -e %s/%s ]" % (CARD_DRIVER, card))[0] != 0
        pair.bind_driver(card)
        pair.wait_consoles()
        check_login(pair)


@pytest.mark.whole("test_resets.py has the same, under load")
def test_host_reboot(pair):
    for _ in range(ROUNDS):
        before = pair.host.shell.check("cat /proc/sys/kernel/random/boot_id")
        pair.host.reboot()
        assert pair.host.shell.check("cat /proc/sys/kernel/random/boot_id") != before
        pair.wait_consoles()
        check_login(pair)


@pytest.mark.backend_whole("test_endpoint_rebind_unannounced is the same, and harder")
@pytest.mark.once
def test_endpoint_rebind(pair):
    """The host's administrator removes the card before, and rescans after."""
    for _ in range(ROUNDS):
        pair.remove_card()
        pair.stop_link()
        pair.unbind()
        pair.bind()
        pair.start_link()
        pair.rescan()
        pair.wait_consoles()
        check_login(pair)


@pytest.mark.backend
@pytest.mark.once
@pytest.mark.lost
def test_endpoint_rebind_unannounced(pair):
    """The host keeps its device until the endpoint is back."""
    # What a host writes when its link is gone it waits for, with interrupts off, for as long as
    # it keeps the device: so its getty's greeting must be over
    check_login(pair)
    for _ in range(ROUNDS):
        pair.stop_link()
        pair.unbind()
        pair.bind()
        pair.start_link()
        pair.remove_card()
        pair.rescan()
        pair.wait_consoles()
        check_login(pair)


@pytest.mark.backend
@pytest.mark.once
def test_module_reload(pair):
    for _ in range(ROUNDS):
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


@pytest.mark.once
def test_busy_endpoint(pair, suite):
    """The endpoint has better things to do while the host's driver sets its queues up.

    What it does not see in time is a vector: then a queue gets that of another, and the
    host does not hear of its input.
    """
    if suite in SLOW:
        pytest.skip("a question of time, which that kernel has less of than any board")
    pair.answer(pair.host, False)
    pair.endpoint.shell.check("for n in 1 2 3 4; do (while :; do :; done) >/dev/null 2>&1 &"
                              " echo $!; done >/run/busy")
    try:
        for _ in range(8):
            pair.bind_driver(pair.unbind_driver())
            pair.wait_console(pair.host)
            counters = pair.counter_values()
            assert counters["receiveq_to_host_vector"] == 1
            assert counters["transmitq_from_host_vector"] == 2
            assert counters["guessed_queues"] == 0
    finally:
        pair.endpoint.shell.check("kill $(cat /run/busy)")
    pair.answer(pair.host, True)
