# SPDX-License-Identifier: GPL-2.0
"""Two consoles on one card."""

import pytest

from cable.vm.cable import CARD_DRIVER
from conftest import PROFILE

pytestmark = pytest.mark.skipif(PROFILE == "rk3588", reason="the controller has one function")


@pytest.fixture
def card(pool, suite, guard):
    """A pair of machines whose card has two functions, a console each."""
    return quiet(pool.get(suite, functions=2))


def quiet(pair):
    """Nobody answers at the host, and the lines are empty."""
    pair.answer(pair.host, False)
    pair.hold(pair.host)
    pair.drain(pair.endpoint, pair.host)
    pair.release(pair.host)
    return pair


def addresses(pair):
    return [line.split()[0] for line in
            pair.host.shell.check("lspci -Dn -d 1af4:1003").splitlines()]


def line(pair, machine, other, terminal, text):
    """A line that a machine writes to a terminal, and what the other one reads from it."""
    job = other.shell.start("timeout 20 head -n 1 /dev/" + terminal)
    machine.shell.check("echo %s >/dev/%s" % (text, terminal))
    code, got = other.shell.finish(job, 30, "head")
    assert code == 0
    return got.strip()


def check(pair, *terminals):
    """Each of these takes a line to the other machine, and one back."""
    pair.hold(pair.host, len(terminals))
    for terminal in terminals:
        assert line(pair, pair.endpoint, pair.host, terminal, "to-" + terminal) == "to-" + terminal
        assert line(pair, pair.host, pair.endpoint, terminal, terminal) == terminal
    pair.release(pair.host)


def check_both(pair):
    check(quiet(pair), "hvc0", "hvc1")


@pytest.mark.once
def test_lspci(card):
    first, second = addresses(card)
    assert (first[-2:], second[-2:]) == (".0", ".1") and first[:-2] == second[:-2]
    text = card.host.shell.check("lspci -vv -d 1af4:1003")
    assert text.count("Kernel driver in use: virtio-pci") == 2
    assert text.count("MSI-X: Enable+") == 2


@pytest.mark.backend
@pytest.mark.once
def test_each_has_its_own_line(card):
    check_both(card)


@pytest.mark.once
def test_one_is_reset(card):
    """The host resets one function, and the other one goes on."""
    _, second = addresses(card)
    before = card.cable.stat("link down")
    card.at_host("cd /sys/bus/pci/devices/" + second, "echo flr > reset_method",
                 "echo 1 > reset")
    assert card.cable.stat("function level reset")[0] > 0
    assert card.cable.stat("link down") == before
    card.at_host("echo %s > %s/unbind" % (second, CARD_DRIVER))
    check(card, "hvc0")
    card.bind_driver(second)
    check_both(card)


@pytest.mark.whole("with one function it is tried by test_resets.py")
def test_host_reboots(card):
    card.host.reboot()
    card.wait_consoles()
    check_both(card)


@pytest.mark.backend_whole("that they are made is tried by test_each_has_its_own_line")
@pytest.mark.once
def test_endpoint_makes_them_again(card):
    card.at_host(*("echo 1 > /sys/bus/pci/devices/%s/remove" % address
                   for address in reversed(addresses(card))))
    card.make_again()
    check_both(card)


@pytest.mark.once
def test_host_that_starts_later(pool, suite):
    """It has both functions on its command line."""
    pair = pool.fresh(suite, first="endpoint", functions=2)
    assert len(addresses(pair)) == 2
    check_both(pair)
