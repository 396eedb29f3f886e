# SPDX-License-Identifier: GPL-2.0
"""The packets that accesses become: their number, and their bytes on the link."""

import itertools

import pytest
import vfu
from test_control import Control
from test_dma import LOCAL, READ, WRITE, Engine
from test_stat import Stats
from test_windows import Windows

DEVCTL, LNKCTL = 0x08, 0x10              # in the PCI Express capability
FRAMING, SHORT, LONG = 8, 12, 16
TOTALS = {"bytes of payload", "bytes on the link", "efficiency in %"}


class Traffic:
    """What passes from now on."""

    def __init__(self, path):
        self.control = Control(path)
        self.restart()

    def restart(self):
        self.control.ask("stat reset")

    def rows(self):
        return Stats(self.control).table["packets"]

    def packets(self):
        """{type: [to the endpoint, to the host]} of those there were, then begin anew."""
        rows = self.rows()
        self.restart()
        return {name: row for name, row in rows.items() if name not in TOTALS and row != [0, 0]}

    def take(self):
        """packets(); bytes of payload and bytes on the link, both ways."""
        rows = self.rows()
        return self.packets(), rows["bytes of payload"], rows["bytes on the link"]


@pytest.fixture
def traffic(start, tmp_path):
    """Start a cable with more options, and what makes an endpoint and a host of it."""
    path = str(tmp_path / "control")

    def begin(kind, *options):
        machines = kind(start("--control=" + path, *options))
        return machines, Traffic(path)

    return begin


class Machines:
    """An endpoint with BAR 2 above 4 GiB and the others below, and a host that uses it."""

    def __init__(self, cable):
        self.ep = cable.endpoint()
        self.ep.set_up(msi=2)
        self.ep.set_bar(2, 0x1000, self.ep.BAR0, flags=0xc)
        self.ep.set_reg(vfu.LINK_CTRL, 1)
        self.host = cable.host()
        self.host.set_config(0x10, 4, 0xfe600000)
        self.host.set_config(0x18, 4, 0x00000000)
        self.host.set_config(0x1c, 4, 0x00000001)
        self.host.enable()


@pytest.fixture
def machines(traffic):
    return traffic(Machines)


@pytest.fixture
def windows(traffic):
    return traffic(Windows, "--windows=metered,granule=4K")


@pytest.fixture
def engine(traffic):
    return traffic(Engine)


def test_host_reads(machines):
    machines, traffic = machines
    machines.host.read_region(0, 0x10, 4)
    assert traffic.take() == (
        {"MRd": [1, 0], "CplD": [0, 1]}, [0, 4], [SHORT + FRAMING, SHORT + FRAMING + 4])


@pytest.mark.parametrize("offset,count,dwords", [
    (0, 8, 2), (0, 4, 1), (2, 2, 1), (3, 1, 1), (3, 2, 2), (1, 8, 3)])
def test_host_writes(machines, offset, count, dwords):
    machines, traffic = machines
    machines.host.write_region(0, offset, bytes(count))
    assert traffic.take() == (
        {"MWr": [1, 0]}, [count, 0], [SHORT + FRAMING + 4 * dwords, 0])


def test_bar_above_4_gib(machines):
    """An address of 64 bits takes a header of four dwords, its completion does not."""
    machines, traffic = machines
    machines.host.read_region(2, 0, 2)
    assert traffic.take() == (
        {"MRd": [1, 0], "CplD": [0, 1]}, [0, 2], [LONG + FRAMING, SHORT + FRAMING + 4])
    machines.host.write_region(2, 0, bytes(4))
    assert traffic.take()[2] == [LONG + FRAMING + 4, 0]


def test_memory_disabled(machines):
    """A read ends with a completion without data, a write is a packet all the same."""
    machines, traffic = machines
    machines.host.enable(4)
    traffic.restart()
    machines.host.read_region(0, 0, 4)
    assert traffic.take() == ({"MRd": [1, 0], "Cpl": [0, 1]}, [0, 0], [20, 20])
    machines.host.write_region(0, 0, bytes(4))
    assert traffic.take() == ({"MWr": [1, 0]}, [4, 0], [24, 0])


def test_configuration(machines):
    machines, traffic = machines
    machines.host.config(0x3c, 1)
    assert traffic.take() == ({"CfgRd": [1, 0], "CplD": [0, 1]}, [0, 1], [20, 24])
    machines.host.read_region(7, 0, 256)
    assert traffic.take() == ({"CfgRd": [64, 0], "CplD": [0, 64]}, [0, 256], [64 * 20, 64 * 24])
    machines.host.enable()
    assert traffic.take() == ({"CfgWr": [1, 0], "Cpl": [0, 1]}, [2, 0], [24, 20])


def test_link_down(machines):
    machines, traffic = machines
    machines.ep.set_reg(vfu.LINK_CTRL, 0)
    machines.host.read_region(0, 0, 4)
    machines.host.write_region(0, 0, bytes(4))
    machines.host.config(0, 4)
    machines.ep.raise_irq(1)
    assert traffic.take() == ({}, [0, 0], [0, 0])


def test_message_signalled_interrupts(machines):
    machines, traffic = machines
    events = [vfu.Event(), vfu.Event()]
    machines.host.set_irqs(vfu.IRQ_EVENTFD | vfu.IRQ_TRIGGER, 0, 1, [events[0].fd])
    machines.host.set_irqs(vfu.IRQ_EVENTFD | vfu.IRQ_TRIGGER, 0, 1, [events[1].fd], index=vfu.MSI)
    machines.host.msix(0x8000)
    traffic.restart()
    assert machines.ep.raise_irq(1) == vfu.SENT
    assert traffic.take() == ({"MWr": [0, 1]}, [0, 4], [0, 24])
    assert machines.ep.raise_irq(2) == vfu.MASKED
    assert traffic.take() == ({}, [0, 0], [0, 0])
    machines.host.msix(0)
    machines.host.msi(1)
    traffic.restart()
    assert machines.ep.raise_irq(1, vfu.FN_MSI_RAISE) == vfu.SENT
    assert traffic.take() == ({"MWr": [0, 1]}, [0, 4], [0, 24])


def test_intx(machines):
    """Messages: a header of four dwords, and no data"""
    machines, traffic = machines
    assert machines.ep.raise_irq(1, vfu.FN_INTX) == vfu.SENT
    assert traffic.take() == ({"Msg": [0, 1]}, [0, 0], [0, LONG + FRAMING])
    event = vfu.Event()
    machines.host.set_irqs(vfu.IRQ_EVENTFD | vfu.IRQ_TRIGGER, 0, 1, [event.fd], index=vfu.INTX)
    assert machines.ep.raise_irq(1, vfu.FN_INTX_PULSE) == vfu.SENT
    assert traffic.packets() == {"Msg": [0, 2]}


def test_windows(windows):
    windows, traffic = windows
    windows.set(0, 0, 0x1000, 0)
    traffic.restart()
    windows.read(0)
    assert traffic.take() == ({"MRd": [0, 1], "CplD": [1, 0]}, [8, 0], [28, 20])
    windows.write(6, b"12")
    assert traffic.take() == ({"MWr": [0, 1]}, [0, 2], [0, 24])


def test_windows_to_where_the_host_has_no_ram(windows):
    windows, traffic = windows
    windows.set(0, 0, 0x1000, 1 << 32)
    windows.read(0)
    assert traffic.take() == ({"MRd": [0, 1], "Cpl": [1, 0]}, [0, 0], [20, LONG + FRAMING])
    windows.write(0, b"12")
    assert traffic.take() == ({"MWr": [0, 1]}, [0, 2], [0, LONG + FRAMING + 4])


def test_what_is_not_sent(windows):
    windows, traffic = windows
    windows.read(0x8000)
    windows.write(0x8000, b"12")
    windows.host.enable(2)
    traffic.restart()
    windows.read(0)
    assert traffic.take() == ({}, [0, 0], [0, 0])


def limits(host, payload, request, boundary=64):
    """Have the host set the limits of these bytes."""
    express = host.capability(0x10)
    code = {128 << n: n for n in range(6)}
    host.set_config(express + DEVCTL, 2, code[request] << 12 | code[payload] << 5)
    host.set_config(express + LNKCTL, 2, 8 if boundary == 128 else 0)


@pytest.mark.parametrize("payload,packets,wire,efficiency", [
    (128, 32, 32 * 20 + 4096, "86.5"), (256, 16, 16 * 20 + 4096, "92.8"),
    (512, 8, 8 * 20 + 4096, "96.2"), (4096, 1, 20 + 4096, "99.5")])
def test_dma_writes_4_kib(engine, payload, packets, wire, efficiency):
    engine, traffic = engine
    limits(engine.host, payload, 512)
    traffic.restart()
    engine.start(WRITE, (0x10000, LOCAL, 4096))
    assert engine.result(WRITE) == (0, 1)
    assert traffic.rows()["efficiency in %"] == ["0.0", efficiency]
    assert traffic.take() == ({"MWr": [0, packets]}, [0, 4096], [0, wire])


@pytest.mark.parametrize("payload,most,requests,completions", [
    (128, 128, 32, 32), (128, 512, 8, 32), (256, 512, 8, 16), (512, 512, 8, 8), (512, 128, 32, 32),
    (256, 4096, 1, 16)])
def test_dma_reads_4_kib(engine, payload, most, requests, completions):
    engine, traffic = engine
    limits(engine.host, payload, most)
    traffic.restart()
    engine.start(READ, (0x10000, LOCAL, 4096))
    assert engine.result(READ) == (0, 1)
    assert traffic.take() == ({"MRd": [0, requests], "CplD": [completions, 0]},
                              [4096, 0], [20 * completions + 4096, 20 * requests])


def test_read_completion_boundary(engine):
    """From 0x1040 on, a completion of 128 bytes may end at 0x10c0, or only at 0x1080."""
    engine, traffic = engine
    for boundary, completions in ((64, 2), (128, 3)):
        limits(engine.host, 128, 512, boundary)
        traffic.restart()
        engine.start(READ, (0x1040, LOCAL, 256))
        assert engine.result(READ) == (0, 1)
        assert traffic.packets() == {"MRd": [0, 1], "CplD": [completions, 0]}


def cut(addr, count, most, multiple):
    """Pieces of up to so many bytes that end at multiples, each as long as it can be."""
    end = addr + count
    while addr < end:
        stop = min(end, (addr + most) // multiple * multiple)
        yield addr, stop - addr
        addr = stop


def wire_bytes(pieces):
    return sum(20 + 4 * ((at + count + 3) // 4 - at // 4) for at, count in pieces)


def test_dma_at_odd_addresses(engine):
    """Against a walk from packet to packet"""
    engine, traffic = engine
    for payload, request, boundary in itertools.product((128, 512), (128, 1024), (64, 128)):
        limits(engine.host, payload, request, boundary)
        for addr, count in itertools.product((0x1000, 0x1001, 0x10ff, 0x11c3),
                                             (1, 2, 127, 129, 1000, 4097)):
            asked = list(cut(addr, count, request, request))
            given = [piece for read in asked for piece in cut(*read, payload, boundary)]
            written = list(cut(addr, count, payload, payload))
            traffic.restart()
            engine.start(READ, (addr, LOCAL, count))
            assert engine.result(READ) == (0, 1)
            assert traffic.take() == ({"MRd": [0, len(asked)], "CplD": [len(given), 0]},
                                      [count, 0], [wire_bytes(given), 20 * len(asked)])
            engine.start(WRITE, (addr, LOCAL, count))
            assert engine.result(WRITE) == (0, 1)
            assert traffic.take() == ({"MWr": [0, len(written)]}, [0, count],
                                      [0, wire_bytes(written)])


def test_large_dma(engine):
    """It is moved in several turns, and is as many packets as if it were not."""
    engine, traffic = engine
    engine.start(WRITE, (1 << 20, LOCAL, 1 << 20))
    assert engine.result(WRITE) == (0, 1)
    assert traffic.packets() == {"MWr": [0, 8192]}


def test_dma_that_cannot_be(engine):
    engine, traffic = engine
    engine.host.enable(2)
    traffic.restart()
    engine.start(READ, (0x1000, LOCAL, 8))
    engine.result(READ)
    assert traffic.packets() == {}
