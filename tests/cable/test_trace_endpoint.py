# SPDX-License-Identifier: GPL-2.0
"""The file of --trace: what the endpoint sends to the host, by windows and by DMA."""

import pytest
import vfu
from test_dma import BASE, BUSY, ERROR, LOCAL, READ, WRITE, CTRL, Engine
from test_trace import without_time
from test_windows import RAM_SIZE, Windows

DEVCTL = 8                              # in the PCI Express capability


@pytest.fixture
def traced(start, tmp_path):
    """A machine pair with a trace of one kind, and what the trace has at the end."""
    def run(make, kinds, *options):
        machines = make(start("--trace=%s/trace" % tmp_path, "--trace-filter=" + kinds, *options))

        def lines():
            assert machines.cable.stop() == 0
            return without_time(tmp_path / "trace")
        return machines, lines
    return run


@pytest.fixture
def windows(traced):
    return traced(Windows, "out", "--windows=metered,number=4,granule=4K,space=1M")


@pytest.fixture
def engine(traced):
    return traced(Engine, "dma")


def test_windows(windows):
    windows, lines = windows
    windows.set(1, 0x8000, 0x1000, 0x345000)
    windows.ram[0x345010:0x345018] = bytes(range(1, 9))
    for count in (1, 2, 4, 8):
        windows.read(0x8010, count)
    windows.write(0x8ffe, b"\1\2")
    assert lines() == [
        "ep MRd 0x345010 1 0x01", "ep MRd 0x345010 2 0x0201", "ep MRd 0x345010 4 0x04030201",
        "ep MRd 0x345010 8 0x0807060504030201", "ep MWr 0x345ffe 2 0x0201"]


def test_windows_that_do_not_send(windows):
    """Nothing translates it; bus mastering is off; the link is down."""
    windows, lines = windows
    windows.read(0x8010, 4)
    windows.set(0, 0x8000, 0x1000, 0)
    windows.write(0x8ffe, b"\1\2\3\4")
    windows.host.enable(2)
    windows.read(0x8000, 2)
    windows.host.enable()
    windows.ep.set_reg(vfu.LINK_CTRL, 0)
    windows.write(0x8000, b"\1")
    assert lines() == [
        "ep MRd win+0x8010 4 0xffffffff UR", "ep MWr win+0x8ffe 4 0x04030201 UR",
        "ep MRd win+0x8000 2 0xffff UR", "ep MWr win+0x8000 1 0x01 UR"]


@pytest.mark.parametrize("target", [RAM_SIZE, 2 ** 64 - 0x1000])
def test_windows_to_where_the_host_has_no_ram(windows, target):
    windows, lines = windows
    windows.set(0, 0, 0x1000, target)
    windows.read(0xff8, 8)
    windows.write(8, b"\1")
    assert lines() == ["ep MRd 0x%x 8 0xffffffffffffffff UR" % (target + 0xff8),
                       "ep MWr 0x%x 1 0x01 UR" % (target + 8)]


def test_dma(engine):
    engine, lines = engine
    engine.ram[0x1001:0x1009] = b"12345678"
    engine.start(READ, (0x1001, LOCAL, 8), (0x1002, LOCAL, 1))
    assert engine.result(READ) == (0, 2)
    engine.ep.put(LOCAL, bytes(range(17)))
    engine.start(WRITE, (0x2000, LOCAL, 16), (0x3000, LOCAL, 17))
    assert engine.result(WRITE) == (0, 2)
    assert lines() == [
        "ep DmaRd 0x1001 8 1 0x3837363534333231", "ep DmaRd 0x1002 1 1 0x32",
        "ep DmaWr 0x2000 16 1 0x0f0e0d0c0b0a09080706050403020100",
        "ep DmaWr 0x3000 17 1 0x..0f0e0d0c0b0a09080706050403020100"]


def test_requests_of_dma(engine):
    """A payload of 256 bytes, and requests for 1024"""
    engine, lines = engine
    engine.host.set_config(engine.host.capability(0x10) + DEVCTL, 2, 3 << 12 | 1 << 5)
    engine.start(READ, (0x1010, LOCAL, 2048))
    assert engine.result(READ) == (0, 1)
    engine.start(WRITE, (0x1010, LOCAL, 2048))
    assert engine.result(WRITE) == (0, 1)
    assert [line.rsplit(" ", 1)[0] for line in lines()] == [
        "ep DmaRd 0x1010 2048 3", "ep DmaWr 0x1010 2048 9"]


@pytest.mark.parametrize("value", [5, 6, 7])
def test_requests_of_dma_are_never_larger_than_4_kib(engine, value):
    """The two values behind 4096 bytes are reserved."""
    engine, lines = engine
    engine.host.set_config(engine.host.capability(0x10) + DEVCTL, 2, value << 12 | value << 5)
    engine.start(WRITE, (0x1010, LOCAL, 16384))
    assert engine.result(WRITE) == (0, 1)
    assert lines()[0].rsplit(" ", 1)[0] == "ep DmaWr 0x1010 16384 5"


def test_turns_of_dma(engine):
    """A line for what is moved at once"""
    engine, lines = engine
    size = (256 << 10) + 4
    engine.ram[0x10000 + size - 4:0x10000 + size] = b"rest"
    engine.start(READ, (0x10000, LOCAL, size))
    assert engine.result(READ) == (0, 1)
    assert [line.split()[1:4] + line.split()[5:] for line in lines()] == [
        ["DmaRd", "0x10000", "262144", "0x.." + "00" * 16],
        ["DmaRd", "0x50000", "4", "0x74736572"]]


@pytest.mark.parametrize("bad,refused", [
    ((RAM_SIZE, LOCAL, 1), "0x%x 1 refused no-memory" % RAM_SIZE),
    ((8, BASE - 1, 1), "0x8 1 refused local"),
    ((2 ** 64 - 4, LOCAL, 8), "0xfffffffffffffffc 8 refused no-memory"),
    ((8, LOCAL, 0), "0x8 0 refused length")])
@pytest.mark.parametrize("channel", [READ, WRITE])
def test_dma_that_is_refused(engine, channel, bad, refused):
    engine, lines = engine
    what = {READ: "DmaRd", WRITE: "DmaWr"}[channel]
    engine.start(channel, (0, LOCAL, 1), bad)
    assert engine.result(channel) == (ERROR, 1)
    engine.host.enable(2)
    engine.set(channel, CTRL, BUSY)
    assert engine.result(channel) == (ERROR, 0)
    engine.start(channel, (0, LOCAL, 1), at=BASE - 24)
    assert engine.result(channel) == (ERROR, 0)
    assert lines() == ["ep %s %s" % (what, rest) for rest in (
        "0x0 1 1 0x00", refused, "0x0 1 refused bus-master", "0x0 0 refused list")]


@pytest.mark.parametrize("channel", [READ, WRITE])
def test_dma_beyond_the_host_s_ram(engine, channel):
    """What there is is moved"""
    engine, lines = engine
    what = {READ: "DmaRd", WRITE: "DmaWr"}[channel]
    engine.start(channel, (RAM_SIZE - 4, LOCAL, 2 ** 32 - 1))
    assert engine.result(channel) == (ERROR, 0)
    assert lines() == ["ep %s 0x%x 4 1 0x00000000" % (what, RAM_SIZE - 4),
                       "ep %s 0x%x 4294967291 refused no-memory" % (what, RAM_SIZE)]


def test_dma_that_is_refused_in_its_middle(engine):
    """Between two turns of the engine"""
    engine, lines = engine
    size = 8 << 20
    engine.start(READ, *[(1 << 20, LOCAL, size)] * 1000)
    engine.host.enable(2)
    assert engine.result(READ)[0] == ERROR
    last = lines()[-1].split()
    assert last[1] == "DmaRd" and last[4:] == ["refused", "bus-master"]
    done = int(last[2], 16) - (1 << 20)
    assert done % (256 << 10) == 0 and int(last[3]) == size - done


@pytest.mark.parametrize("kinds,which", [("out", ["MWr"]), ("dma", ["DmaRd"]),
                                         ("out,dma", ["MWr", "DmaRd"]), ("mem,cfg,irq,link", [])])
def test_kinds(start, tmp_path, kinds, which):
    cable = start("--trace=%s/trace" % tmp_path, "--trace-filter=" + kinds,
                  "--windows=metered,number=1,granule=4K,space=1M")
    engine = Engine(cable)
    engine.ep.write_region(2, 0, b"\1")
    engine.start(READ, (0, LOCAL, 1))
    assert engine.result(READ) == (0, 1)
    assert cable.stop() == 0
    got = [line.split() for line in without_time(tmp_path / "trace")]
    assert [words[1] for words in got if words[0] == "ep"] == which
