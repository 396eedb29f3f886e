# SPDX-License-Identifier: GPL-2.0
"""INTx: a level, of which the host's QEMU hears by an event, and which it masks."""

import errno

import pytest
import vfu
from test_protocol import refused
from vfu import DISABLED, FN_INTX, FN_INTX_PULSE, NO_LINK, NO_VECTOR, SENT

EVENTFD = vfu.IRQ_EVENTFD | vfu.IRQ_TRIGGER
COMMAND, STATUS, PIN = 4, 6, 0x3d
MEMORY_AND_MASTER, INTX_DISABLE = 6, 1 << 10
ASSERTED = 1 << 3


def linked(cable, **setup):
    endpoint = cable.endpoint()
    endpoint.start(**setup)
    host = cable.host()
    host.enable()
    return endpoint, host


@pytest.fixture
def intx(cable):
    """An endpoint, a host and the event that the host has set up for INTx."""
    endpoint, host = linked(cable, msi=2)
    return endpoint, host, set_up_event(host)


def set_up_event(host):
    event = vfu.Event()
    host.set_irqs(EVENTFD, 0, 1, [event.fd], index=vfu.INTX)
    return event


def unmask(host):
    host.set_irqs(vfu.IRQ_NONE | vfu.IRQ_UNMASK, 0, 1, index=vfu.INTX)


def turn_off(host, index):
    host.set_irqs(vfu.IRQ_NONE | vfu.IRQ_TRIGGER, 0, 0, index=index)


def level(endpoint, asserted):
    return endpoint.raise_irq(asserted, FN_INTX)


def pulse(endpoint):
    return endpoint.raise_irq(1, FN_INTX_PULSE)


def shown(host):
    return bool(host.config(STATUS, 2) & ASSERTED)


@pytest.mark.parametrize("pin", [1, 2, 3, 4])
def test_pin(cable, pin):
    endpoint, host = linked(cable, pin=pin)
    assert host.config(PIN, 1) == pin
    host.set_config(PIN, 1, 0)
    assert host.config(PIN, 1) == pin
    assert host.irq_info(vfu.INTX) == (7, 1)
    event = set_up_event(host)
    assert pulse(endpoint) == SENT
    assert event.take() == 1


def test_without_a_pin(cable):
    endpoint, host = linked(cable, pin=0)
    assert host.config(PIN, 1) == 0
    assert host.irq_info(vfu.INTX) == (0, 0)
    refused(errno.EINVAL, host.set_irqs, EVENTFD, 0, 1, [vfu.Event().fd], index=vfu.INTX)
    assert pulse(endpoint) == level(endpoint, 1) == NO_VECTOR
    assert endpoint.fn(FN_INTX) == 0 and not shown(host)


def test_pulse(intx):
    """One that comes while the host is about another is kept; several are one."""
    endpoint, host, event = intx
    assert pulse(endpoint) == SENT
    assert event.take() == 1
    assert endpoint.fn(FN_INTX) == 0 and not shown(host)
    unmask(host)
    assert event.take() == 0
    assert pulse(endpoint) == pulse(endpoint) == pulse(endpoint) == SENT
    assert event.take() == 1
    unmask(host)
    assert event.take() == 1
    unmask(host)
    assert event.take() == 0


def test_level(intx):
    """Each unmasking signals again, until it is deasserted."""
    endpoint, host, event = intx
    assert level(endpoint, 1) == SENT
    assert endpoint.fn(FN_INTX) == 1 and shown(host)
    assert event.take() == 1
    assert level(endpoint, 1) == SENT
    assert event.take() == 0
    for _ in range(3):
        unmask(host)
        assert event.take() == 1
    assert level(endpoint, 0) == SENT
    assert endpoint.fn(FN_INTX) == 0 and not shown(host)
    unmask(host)
    assert event.take() == 0
    assert level(endpoint, 1) == SENT
    assert event.take() == 1


def test_other_bits_of_the_level(intx):
    endpoint, host, event = intx
    assert level(endpoint, 0xfffffffe) == SENT
    assert endpoint.fn(FN_INTX) == 0 and event.take() == 0
    assert level(endpoint, 0xffffffff) == SENT
    assert endpoint.fn(FN_INTX) == 1 and event.take() == 1 and shown(host)


def test_masked(intx):
    endpoint, host, event = intx
    host.set_irqs(vfu.IRQ_NONE | vfu.IRQ_MASK, 0, 1, index=vfu.INTX)
    assert level(endpoint, 1) == SENT
    assert event.take() == 0
    unmask(host)
    assert event.take() == 1


@pytest.mark.parametrize("how", ["command", "MSI", "MSI-X"])
def test_off(intx, how):
    """A level waits until the host has INTx on; a pulse does not."""
    endpoint, host, event = intx

    def turn(on):
        if how == "command":
            host.set_config(COMMAND, 2, MEMORY_AND_MASTER | (0 if on else INTX_DISABLE))
        elif how == "MSI":
            host.msi(0 if on else 1)
        else:
            host.msix(0 if on else 0x8000)

    turn(False)
    assert pulse(endpoint) == DISABLED
    assert level(endpoint, 1) == DISABLED
    assert endpoint.fn(FN_INTX) == 1 and shown(host)
    assert event.take() == 0
    unmask(host)
    assert event.take() == 0
    turn(True)
    assert event.take() == 1
    turn(False)
    unmask(host)
    assert event.take() == 0
    assert level(endpoint, 0) == DISABLED
    assert not shown(host)
    turn(True)
    assert event.take() == 0


def test_off_while_one_waits(intx):
    endpoint, host, event = intx
    assert pulse(endpoint) == pulse(endpoint) == SENT
    assert event.take() == 1
    host.enable(MEMORY_AND_MASTER | INTX_DISABLE)
    unmask(host)
    assert event.take() == 0
    host.enable()
    assert event.take() == 1


def test_reset_turns_it_on(intx):
    endpoint, host, event = intx
    host.enable(MEMORY_AND_MASTER | INTX_DISABLE)
    host.request(vfu.RESET)
    assert pulse(endpoint) == SENT
    assert event.take() == 1
    host.enable(MEMORY_AND_MASTER | INTX_DISABLE)
    endpoint.set_reg(vfu.LINK_CTRL, 0)
    endpoint.set_reg(vfu.LINK_CTRL, 1)
    unmask(host)
    assert pulse(endpoint) == SENT
    assert event.take() == 1


def test_bus_mastering_does_not_matter(intx):
    endpoint, host, event = intx
    host.enable(0)
    assert pulse(endpoint) == SENT
    assert event.take() == 1


def test_as_qemu_goes_to_msix_and_back(intx):
    endpoint, host, event = intx
    assert level(endpoint, 1) == SENT
    assert event.take() == 1
    host.msix(0x8000)
    turn_off(host, vfu.INTX)
    vector = vfu.Event()
    host.set_irqs(EVENTFD, 0, 1, [vector.fd])
    assert endpoint.raise_irq(1) == SENT
    assert vector.take() == 1
    host.msix(0)
    turn_off(host, vfu.MSIX)
    # The descriptor is a new one, and not masked
    again = set_up_event(host)
    assert again.take() == 1
    assert event.take() == vector.take() == 0
    assert level(endpoint, 0) == SENT
    turn_off(host, vfu.INTX)
    assert pulse(endpoint) == DISABLED


def test_host_reset_deasserts(intx):
    endpoint, host, event = intx
    level(endpoint, 1)
    pulse(endpoint)
    assert event.take() == 1
    turn_off(host, vfu.INTX)
    host.request(vfu.RESET)
    event = set_up_event(host)
    assert endpoint.fn(FN_INTX) == 0 and not shown(host)
    unmask(host)
    assert event.take() == 0
    assert pulse(endpoint) == SENT
    assert event.take() == 1


def test_link_down_deasserts(intx):
    endpoint, host, event = intx
    level(endpoint, 1)
    pulse(endpoint)
    assert event.take() == 1
    endpoint.set_reg(vfu.LINK_CTRL, 0)
    assert endpoint.fn(FN_INTX) == 0
    assert pulse(endpoint) == level(endpoint, 1) == NO_LINK
    assert endpoint.fn(FN_INTX) == 0
    unmask(host)
    assert event.take() == 0
    endpoint.set_reg(vfu.LINK_CTRL, 1)
    assert endpoint.fn(FN_INTX) == 0 and not shown(host)
    assert pulse(endpoint) == SENT
    assert event.take() == 1


def test_host_goes_with_it_asserted(cable, intx):
    endpoint, host, _ = intx
    level(endpoint, 1)
    cable.leave(host, "host disconnected")
    assert level(endpoint, 1) == NO_LINK
    assert endpoint.fn(FN_INTX) == 0
    host = cable.host()
    assert set_up_event(host).take() == 0
    assert not shown(host)


def test_before_qemu_has_set_it_up(cable):
    endpoint, host = linked(cable)
    assert pulse(endpoint) == DISABLED
    assert level(endpoint, 1) == SENT
    assert set_up_event(host).take() == 1
