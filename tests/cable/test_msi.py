# SPDX-License-Identifier: GPL-2.0
"""MSI: what the host's QEMU is shown, and where messages go."""

import errno

import pytest
import vfu
from test_protocol import refused
from vfu import FN_MSI_ENABLED, FN_MSI_RAISE

EVENTFD = vfu.IRQ_EVENTFD | vfu.IRQ_TRIGGER
ENABLE = 1


def given(vectors):
    """Message control of a host that gives out that many vectors"""
    return ENABLE | (vectors.bit_length() - 1) << 4


def linked(cable, msi, vectors=3):
    endpoint = cable.endpoint()
    endpoint.start(msi=msi, vectors=vectors)
    host = cable.host()
    host.enable()
    return endpoint, host


def set_up_events(host, count):
    """As QEMU does: with at most as many descriptors in a message as the program takes."""
    events = [vfu.Event() for _ in range(count)]
    for at in range(0, count, 8):
        some = events[at:at + 8]
        host.set_irqs(EVENTFD, at, len(some), [e.fd for e in some], index=vfu.MSI)
    return events


@pytest.mark.parametrize("log2", range(6))
def test_capability(cable, log2):
    vectors = 1 << log2
    endpoint, host = linked(cable, vectors)
    at = host.capability(0x05)
    assert at + 16 <= 0x100 and host.config(at + 2, 2) == 0x80 | log2 << 1
    # Writable: enable, vectors given out, address and data; no masks
    before = host.config(at, 2)
    host.write_region(vfu.CONFIG, at, b"\xff" * 14)
    assert host.config(at, 2) == before
    assert host.config(at + 2, 2) == 0xf1 | log2 << 1
    assert host.config(at + 4, 8) == 0xfffffffffffffffc
    assert host.config(at + 12, 4) == 0xffff
    assert host.irq_info(vfu.MSI) == (1, vectors)
    # A host that gives out more vectors than there are
    assert endpoint.fn(FN_MSI_ENABLED) == vectors
    assert host.capability(0x10) and host.capability(0x11)


def test_none(cable):
    endpoint, host = linked(cable, 0)
    assert host.capability(0x05) is None
    assert host.irq_info(vfu.MSI) == (0, 0)
    assert endpoint.fn(FN_MSI_ENABLED) == 0
    assert endpoint.raise_irq(1, FN_MSI_RAISE) == vfu.DISABLED
    refused(errno.EINVAL, host.set_irqs, EVENTFD, 0, 1, [vfu.Event().fd], index=vfu.MSI)


def test_without_msix(cable):
    endpoint, host = linked(cable, 4, vectors=0)
    assert host.capability(0x11) is None
    assert host.irq_info(vfu.MSIX) == (0, 0)
    event, = set_up_events(host, 1)
    host.msi(given(1))
    assert endpoint.raise_irq(1, FN_MSI_RAISE) == vfu.SENT
    assert event.take() == 1


@pytest.mark.parametrize("vectors", [1, 2, 4, 8, 16, 32])
def test_each_vector(cable, vectors):
    endpoint, host = linked(cable, 32)
    events = set_up_events(host, vectors)
    host.msi(given(vectors))
    assert endpoint.fn(FN_MSI_ENABLED) == vectors
    for vector in range(1, vectors + 1):
        assert endpoint.raise_irq(vector, FN_MSI_RAISE) == vfu.SENT
        assert [e.take() for e in events] == [v == vector for v in range(1, vectors + 1)]
    for vector in (0, vectors + 1, 33, 0xffffffff):
        assert endpoint.raise_irq(vector, FN_MSI_RAISE) == vfu.NO_VECTOR
    assert [e.take() for e in events] == [0] * vectors


def test_when_it_is_not_sent(cable):
    endpoint, host = linked(cable, 4)
    events = set_up_events(host, 2)
    assert endpoint.raise_irq(1, FN_MSI_RAISE) == vfu.DISABLED
    assert endpoint.fn(FN_MSI_ENABLED) == 0
    host.msi(given(2))
    host.enable(2)
    assert endpoint.raise_irq(1, FN_MSI_RAISE) == vfu.DISABLED
    host.enable(6)
    assert endpoint.raise_irq(1, FN_MSI_RAISE) == vfu.SENT
    # Not set up by QEMU, which has not answered the host then
    host.msi(given(4))
    assert endpoint.raise_irq(3, FN_MSI_RAISE) == vfu.DISABLED
    host.msi(given(2) & ~ENABLE)
    assert endpoint.raise_irq(1, FN_MSI_RAISE) == vfu.DISABLED
    host.msi(given(2))
    endpoint.set_reg(vfu.LINK_CTRL, 0)
    assert endpoint.raise_irq(1, FN_MSI_RAISE) == vfu.NO_LINK
    assert endpoint.fn(FN_MSI_ENABLED) == 0
    assert [e.take() for e in events] == [1, 0]


def test_beside_msix(cable):
    """Each type has its vectors, and turning one off leaves the other."""
    endpoint, host = linked(cable, 4)
    msi = set_up_events(host, 4)
    msix = [vfu.Event() for _ in range(3)]
    host.set_irqs(EVENTFD, 0, 3, [e.fd for e in msix])
    host.msix(0x8000)
    assert endpoint.raise_irq(2) == vfu.SENT
    assert endpoint.raise_irq(2, FN_MSI_RAISE) == vfu.DISABLED
    host.msix(0)
    host.set_irqs(vfu.IRQ_NONE | vfu.IRQ_TRIGGER, 0, 0)
    host.msi(given(4))
    assert endpoint.raise_irq(2) == vfu.DISABLED
    assert endpoint.raise_irq(2, FN_MSI_RAISE) == vfu.SENT
    assert [e.take() for e in msix + msi] == [0, 1, 0, 0, 1, 0, 0]
    host.msix(0x8000)
    assert endpoint.raise_irq(2) == vfu.MASKED


def test_reset_turns_it_off(cable):
    endpoint, host = linked(cable, 2)
    set_up_events(host, 2)
    host.msi(given(2))
    host.request(vfu.RESET)
    assert endpoint.fn(FN_MSI_ENABLED) == 0
    assert host.config(host.capability(0x05) + 2, 2) == 0x82
    host.msi(given(2))
    assert endpoint.fn(FN_MSI_ENABLED) == 2


def test_masked_by_qemu(cable):
    endpoint, host = linked(cable, 2)
    events = set_up_events(host, 2)
    host.msi(given(2))
    host.set_irqs(vfu.IRQ_NONE | vfu.IRQ_MASK, 1, 1, index=vfu.MSI)
    assert endpoint.raise_irq(2, FN_MSI_RAISE) == vfu.SENT
    assert [e.take() for e in events] == [0, 0]
    host.set_irqs(vfu.IRQ_NONE | vfu.IRQ_UNMASK, 0, 2, index=vfu.MSI)
    assert [e.take() for e in events] == [0, 1]


@pytest.mark.parametrize("first,count", [(0, 5), (4, 1), (5, 0), (1, 2 ** 32 - 1)])
def test_vectors_that_are_not_there(cable, first, count):
    _, host = linked(cable, 4)
    refused(errno.EINVAL, host.set_irqs, vfu.IRQ_NONE | vfu.IRQ_TRIGGER, first, count,
            index=vfu.MSI)
