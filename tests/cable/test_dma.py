# SPDX-License-Identifier: GPL-2.0
"""The controller's DMA engine."""

import mmap
import os
import struct

import pytest
import vfu
from test_program import run

RAM_SIZE = 64 << 20
CHANNELS, STATUS, ENABLE = 0x3c, 0x40, 0x44
LO, HI, COUNT, CTRL, DONE = 0x00, 0x04, 0x08, 0x0c, 0x10
BUSY, ERROR, ABORT = 1, 2, 4
READ, WRITE = 0, 2                      # the first channel of each direction
BASE = vfu.Endpoint.RAM_BASE
LIST, LOCAL = BASE + 0x10000, BASE + 0x400000


class Engine:
    """An endpoint with DMA channels, and a host that it may access."""

    def __init__(self, cable):
        self.cable = cable
        self.ep = cable.endpoint()
        self.event = vfu.Event()
        self.ep.set_irqs(vfu.IRQ_EVENTFD | vfu.IRQ_TRIGGER, 1, 1, [self.event.fd])
        self.ep.set_reg(ENABLE, 0xf)
        self.ep.start()
        self.host = cable.host()
        self.host.enable()
        with open(cable.ram, "r+b") as ram:
            self.ram = mmap.mmap(ram.fileno(), RAM_SIZE)

    def reg(self, channel, reg):
        return self.ep.reg(0xc000 + channel * 0x20 + reg)

    def set(self, channel, reg, value):
        self.ep.set_reg(0xc000 + channel * 0x20 + reg, value)

    def start(self, channel, *elements, count=None, at=LIST):
        """elements: (host address, address in the endpoint, length)"""
        if at == LIST:
            self.ep.put(LIST, b"".join(struct.pack("<QQII", *element, 0)
                                       for element in elements))
        self.set(channel, LO, at & 0xffffffff)
        self.set(channel, HI, at >> 32)
        self.set(channel, COUNT, len(elements) if count is None else count)
        self.set(channel, CTRL, BUSY)

    def result(self, channel):
        """What CTRL and DONE say at the end, of which an interrupt tells."""
        self.event.wait()
        assert self.ep.reg(STATUS) == 1 << channel
        self.ep.set_reg(STATUS, 1 << channel)
        assert self.ep.reg(STATUS) == 0
        return self.reg(channel, CTRL), self.reg(channel, DONE)


@pytest.fixture
def engine(cable):
    return Engine(cable)


def test_read(engine):
    engine.ram[0x1001:0x1009] = b"12345678"
    engine.start(READ, (0x1001, LOCAL + 3, 8))
    assert engine.result(READ) == (0, 1)
    assert engine.ep.at(LOCAL, 12) == bytes(3) + b"12345678" + bytes(1)


def test_write(engine):
    engine.ep.put(LOCAL + 5, b"abcdefg")
    engine.start(WRITE, (0x2000, LOCAL + 5, 7))
    assert engine.result(WRITE) == (0, 1)
    assert engine.ram[0x2000:0x2008] == b"abcdefg\0"


def test_list(engine):
    """Elements in their order: the last one wins."""
    engine.ep.put(LOCAL, b"aabbcc")
    engine.start(WRITE, *((0x3000 + k, LOCAL + 2 * k, 2) for k in range(3)))
    assert engine.result(WRITE) == (0, 3)
    assert engine.ram[0x3000:0x3004] == b"abcc"


@pytest.mark.parametrize("channel", [READ, WRITE])
def test_megabytes(engine, channel):
    """In many pieces, with the registers answering meanwhile."""
    size = 8 << 20
    data = os.urandom(size)
    if channel == READ:
        engine.ram[0x100000:0x100000 + size] = data
    else:
        engine.ep.put(LOCAL, data)
    engine.start(channel, (0x100000, LOCAL, 5000001), (0x100000 + 5000001, LOCAL + 5000001,
                                                       size - 5000001))
    assert engine.result(channel) == (0, 2)
    got = engine.ep.at(LOCAL, size) if channel == READ else engine.ram[0x100000:0x100000 + size]
    assert got == data


def test_channels_beside_each_other(engine):
    """A long list does not keep a short one of another channel from its turn."""
    size = 8 << 20
    engine.start(READ, *[(1 << 20, LOCAL, size)] * 1000)
    engine.ep.put(LIST + 0x8000, struct.pack("<QQII", 0x100, LOCAL, 8, 0))
    engine.start(WRITE, None, at=LIST + 0x8000)
    assert engine.result(WRITE) == (0, 1)
    assert engine.reg(READ, CTRL) == BUSY
    engine.set(READ, CTRL, ABORT)
    assert engine.reg(READ, CTRL) == 0 and engine.reg(READ, DONE) < 1000
    assert engine.ep.reg(STATUS) == 0


def test_busy_channel_keeps_its_list(engine):
    engine.start(READ, *[(1 << 20, LOCAL, 8 << 20)] * 1000)
    for reg in (LO, HI, COUNT):
        engine.set(READ, reg, 1)
    assert engine.reg(READ, LO) == LIST & 0xffffffff and engine.reg(READ, COUNT) == 1000
    engine.set(READ, CTRL, ABORT)


@pytest.mark.parametrize("bad", [
    (RAM_SIZE, LOCAL, 1), (RAM_SIZE - 4, LOCAL, 8), (2 ** 64 - 4, LOCAL, 8),
    (0, BASE + vfu.Endpoint.RAM_SIZE, 1), (0, BASE + vfu.Endpoint.RAM_SIZE - 4, 8),
    (0, BASE - 1, 2), (0, LOCAL, 0), (0, 2 ** 64 - 4, 8)])
@pytest.mark.parametrize("channel", [READ, WRITE])
def test_bad_element(engine, channel, bad):
    engine.start(channel, (0, LOCAL, 1), bad, (0, LOCAL, 1))
    assert engine.result(channel) == (ERROR, 1)
    engine.start(channel, (0, LOCAL, 1))
    assert engine.result(channel) == (0, 1)


@pytest.mark.parametrize("where,count", [(BASE - 24, 1), (2 ** 64 - 24, 1), (2 ** 64 - 8, 1),
                                         (LIST, 1025), (LIST, 2 ** 32 - 1)])
def test_bad_list(engine, where, count):
    engine.ep.put(LIST, struct.pack("<QQII", 0, LOCAL, 1, 0))
    engine.start(READ, (0, LOCAL, 1), at=where, count=count)
    assert engine.result(READ) == (ERROR, 0)


def test_empty_list(engine):
    engine.start(READ)
    assert engine.result(READ) == (0, 0)


def test_bus_mastering_and_link(engine):
    engine.host.enable(2)
    engine.start(READ, (0, LOCAL, 1))
    assert engine.result(READ) == (ERROR, 0)
    engine.ep.set_reg(vfu.LINK_CTRL, 0)
    engine.start(WRITE, (0, LOCAL, 1))
    assert engine.result(WRITE) == (ERROR, 0)


def test_link_goes_meanwhile(engine):
    engine.start(READ, *[(1 << 20, LOCAL, 8 << 20)] * 1000)
    engine.cable.leave(engine.host, "host disconnected")
    assert engine.result(READ)[0] == ERROR


def test_reset_stops(engine):
    engine.start(READ, *[(1 << 20, LOCAL, 8 << 20)] * 1000)
    engine.ep.request(vfu.RESET)
    assert engine.reg(READ, CTRL) == 0 and engine.ep.reg(STATUS) == 0


def test_endpoint_leaves_meanwhile(engine):
    engine.start(READ, *[(1 << 20, LOCAL, 8 << 20)] * 1000)
    engine.cable.leave(engine.ep, "endpoint disconnected")
    engine.cable.endpoint()


def test_interrupts_are_enabled(engine):
    engine.ep.set_reg(ENABLE, 0)
    engine.start(READ, (0, LOCAL, 1))
    vfu.wait_until(lambda: engine.ep.reg(STATUS) == 1, "end of the list")
    assert not engine.event.take()
    engine.ep.set_reg(ENABLE, 1)
    engine.event.wait()


def test_number_of_channels(start):
    ep = start("--dma=1").endpoint()
    assert ep.reg(CHANNELS) == 1
    ep.set_reg(0xc040 + COUNT, 7)
    assert ep.reg(0xc040 + COUNT) == 0


def test_no_engine(start):
    ep = start("--dma=0").endpoint()
    assert ep.reg(CHANNELS) == 0
    ep.set_reg(0xc000 + CTRL, BUSY)
    assert ep.reg(0xc000 + CTRL) == 0


@pytest.mark.parametrize("number", ["", "9", "-1", "x", "1x"])
def test_wrong_options(program, number):
    got = run(program, "--ep-socket=a", "--host-socket=b", "--host-ram=r,size=64M",
              "--dma=" + number)
    assert got.returncode == 2 and "from 0 to 8" in got.stderr
