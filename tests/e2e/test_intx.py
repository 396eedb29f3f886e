# SPDX-License-Identifier: GPL-2.0
"""A host that does not use MSI-X, as with pci=nomsi: INTx, where the controller can raise it."""

import pytest

from conftest import MAPPED, PROFILE
from transfer import exchange

SIZE = 256 << 10 if MAPPED else 16 << 10
RAISES_INTX = PROFILE in ("generic", "j721e")
LOGS = "the host has not enabled MSI-X"


@pytest.fixture
def without_msi(pool, pair):
    """A host that may not use MSI-X for the card; its PCI address."""
    card = pair.host_card()

    def allow(msi):
        pair.answer(pair.host, False)
        pair.unbind_driver()
        pair.at_host("echo %d >/sys/bus/pci/devices/%s/msi_bus" % (msi, card))
        pair.bind_driver(card)
        pair.wait_consoles()

    allow(False)
    yield card
    if not pool.spoilt:
        allow(True)
        pair.answer(pair.host, True)


def interrupts(pair, card):
    """How often the host's handler of the card's INTx was called, for it or for others."""
    irq = pair.host.shell.check("cat /sys/bus/pci/devices/%s/irq" % card)
    line = pair.host.shell.check("grep '^ *%s:' /proc/interrupts" % irq)
    return sum(map(int, line.split()[1:3]))


@pytest.mark.once
@pytest.mark.skipif(not RAISES_INTX, reason="its controller cannot raise INTx")
def test_intx(pair, without_msi):
    card = without_msi
    text = pair.host.shell.check("lspci -vv -s " + card)
    assert "MSI-X: Enable-" in text and "DisINTx-" in text
    assert LOGS in pair.endpoint.kernel_messages()
    pair.hold(pair.host)
    pair.drain(pair.endpoint, pair.host)
    sent, heard = pair.cable.stat("INTx")[0], interrupts(pair, card)
    exchange(pair, SIZE)
    assert pair.cable.stat("INTx")[0] > sent
    assert interrupts(pair, card) > heard
    pair.release(pair.host)
    for _ in range(3):
        pair.bind_driver(pair.unbind_driver())
        pair.wait_consoles()
    pair.answer(pair.host, True)
    assert pair.login_to_host() == "x86_64"
    assert pair.login_to_endpoint() == "aarch64"
    counters = pair.counter_values()
    assert counters["interrupt_retries"] == 0


@pytest.mark.skipif(RAISES_INTX, reason="its controller can raise INTx")
def test_intx_is_refused(pair, without_msi):
    """The log says so once for each driver, and not at each interrupt."""
    pair.endpoint.shell.check("for n in 1 2 3; do echo $n; done >/dev/hvc0")
    pair.endpoint.wait_for("message", lambda: "it hears of nothing" in
                           pair.endpoint.kernel_messages(), 5)
    assert pair.endpoint.kernel_messages().count("it hears of nothing") == 1
