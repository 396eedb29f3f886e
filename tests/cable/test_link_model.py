# SPDX-License-Identifier: GPL-2.0
"""The link that is said to be there: in registers, in the split of packets, and in times."""

import pytest
import vfu
from test_dma import LOCAL, READ, WRITE, Engine
from test_program import run
from test_stat import Stats
from test_traffic import DEVCTL, Machines, limits, machines, traffic

__all__ = ["machines", "traffic"]       # fixtures
DEVCAP, LNKCAP, LNKSTA, LNKCAP2, LNKCTL2 = 0x04, 0x0c, 0x12, 0x2c, 0x30


def times(traffic):                                             # noqa: F811
    """The rows with times, {name: [us, us]}, and the link that they are for."""
    stats = Stats(traffic.control)
    heading = next(name for name in stats.table if name.startswith("time on "))
    rows = dict(stats.table[heading], **stats.table["time of requesters in us"])
    assert stats.columns[heading] == ["to endpoint", "to host"]
    assert stats.columns["time of requesters in us"] == ["reads", "writes"]
    return {name: [float(cell) for cell in row] for name, row in rows.items()}, heading


def us(ns):
    """As it is printed"""
    return round(ns / 1000, 3)


def registers(host, *where):
    express = host.capability(0x10)
    return [host.config(express + at, count) for at, count in where]


@pytest.mark.parametrize("option,speed,width,speeds", [
    (None, 1, 1, 0b1), ("gen1x1", 1, 1, 0b1), ("gen2x2", 2, 2, 0b11), ("gen3x4", 3, 4, 0b111),
    ("gen4x8", 4, 8, 0b1111), ("gen5x16", 5, 16, 0b11111)])
def test_registers(traffic, option, speed, width, speeds):      # noqa: F811
    machines, _ = traffic(Machines, *(["--link=" + option] if option else []))
    assert registers(machines.host, (LNKCAP, 4), (LNKSTA, 2), (LNKCAP2, 4), (LNKCTL2, 2)) == [
        width << 4 | speed, width << 4 | speed, speeds << 1, speed]
    assert registers(machines.host, (DEVCAP, 4)) == [0x10008000]


@pytest.mark.parametrize("size", [128, 256, 512, 1024, 2048, 4096])
def test_supported_payload(traffic, size):                      # noqa: F811
    machines, _ = traffic(Machines, "--mps=%d" % size)
    assert 128 << (registers(machines.host, (DEVCAP, 4))[0] & 7) == size


def test_registers_after_a_reset(traffic):                      # noqa: F811
    machines, _ = traffic(Machines, "--link=gen4x2", "--mps=256")
    where = (DEVCAP, 4), (LNKCAP, 4), (LNKSTA, 2), (LNKCAP2, 4), (LNKCTL2, 2)
    before = registers(machines.host, *where)
    machines.host.request(vfu.RESET)
    assert registers(machines.host, *where) == before


@pytest.mark.parametrize("options,writes,reads,completions", [
    ((), 32, 32, 32), (("--mps=256",), 16, 32, 32), (("--mrrs=512",), 32, 8, 32),
    (("--mps=256", "--mrrs=4096"), 16, 1, 16), (("--mps=512", "--mrrs=1K"), 8, 4, 8)])
def test_sizes(traffic, options, writes, reads, completions):   # noqa: F811
    """4 KiB, of a host that has set 128 bytes"""
    engine, counts = traffic(Engine, *options)
    limits(engine.host, 128, 128)
    counts.restart()
    engine.start(WRITE, (0x10000, LOCAL, 4096))
    assert engine.result(WRITE) == (0, 1)
    assert counts.packets() == {"MWr": [0, writes]}
    engine.start(READ, (0x10000, LOCAL, 4096))
    assert engine.result(READ) == (0, 1)
    assert Stats(counts.control).table["endpoint's DMA"]["from the host"] == [1, 4096, reads, 0]
    assert counts.packets() == {"MRd": [0, reads], "CplD": [completions, 0]}


def test_sizes_go_before_those_of_the_host(traffic):            # noqa: F811
    engine, counts = traffic(Engine, "--mps=256", "--mrrs=256")
    limits(engine.host, 512, 4096)
    assert engine.host.config(engine.host.capability(0x10) + DEVCTL, 2) == 5 << 12 | 2 << 5
    counts.restart()
    engine.start(WRITE, (0x10000, LOCAL, 4096))
    assert engine.result(WRITE) == (0, 1)
    assert counts.packets() == {"MWr": [0, 16]}


def test_trace_has_these_requests(traffic, tmp_path):           # noqa: F811
    engine, _ = traffic(Engine, "--mps=512", "--mrrs=2048", "--trace=%s/trace" % tmp_path)
    for channel in (READ, WRITE):
        engine.start(channel, (0x10000, LOCAL, 4096))
        assert engine.result(channel) == (0, 1)
    assert engine.cable.stop() == 0
    lines = [line.split()[2:6] for line in (tmp_path / "trace").read_text().splitlines()
             if " ep Dma" in line]
    assert lines == [["DmaRd", "0x10000", "4096", "2"], ["DmaWr", "0x10000", "4096", "8"]]


def test_no_times_without_an_option(machines):                  # noqa: F811
    _, counts = machines
    assert not any(heading.startswith("time") for heading in Stats(counts.control).table)


# 4736 bytes on the link: 32 packets with 128 bytes of payload each. A byte takes 10 bits up to
# 5 GT/s, 8 * 130 / 128 = 8.125 from there on.
@pytest.mark.parametrize("link,time", [
    ("gen1x1", 18.944), ("gen1x16", 1.184), ("gen2x1", 9.472), ("gen2x4", 2.368),
    ("gen3x1", 4.810), ("gen3x4", 1.2025), ("gen4x1", 2.405), ("gen5x1", 1.2025),
    ("gen5x16", 0.07515625)])
def test_time_on_the_link(traffic, link, time):                 # noqa: F811
    engine, counts = traffic(Engine, "--link=" + link)
    limits(engine.host, 128, 128)
    counts.restart()
    engine.start(WRITE, (0x10000, LOCAL, 4096))
    assert engine.result(WRITE) == (0, 1)
    got, heading = times(counts)
    assert heading == "time on %s in us" % link.replace("x", " x")
    spent = [0, pytest.approx(time, abs=0.0006)]
    assert got == {"packets": spent, "host": [0, 0], "endpoint": [0, 0], "endpoint's DMA": spent}


def test_times_of_requesters(traffic):                          # noqa: F811
    engine, counts = traffic(Engine, "--link=gen1x1", "--read-ns=500", "--write-ns=100",
                             "--mps=128", "--mrrs=512", "--windows=metered,granule=4K")
    at = 0x9000
    engine.ep.set_reg(at + 0x08, 0x1000)
    engine.ep.set_reg(at + 0x18, 1)
    counts.restart()
    for _ in range(3):
        engine.ep.read_region(2, 0, 8)
    engine.ep.write_region(2, 0, bytes(8))
    engine.host.read_region(0, 0, 4)
    engine.host.write_region(0, 0, bytes(2))
    engine.host.enable()
    engine.start(READ, (0x10000, LOCAL, 1024))
    assert engine.result(READ) == (0, 1)
    engine.start(WRITE, (0x10000, LOCAL, 256))
    assert engine.result(WRITE) == (0, 1)
    got, _ = times(counts)
    # Bytes on the link at 4 ns each; MRd 20, CplD 20 + payload, MWr 20 + payload
    assert got == {
        # CplD of windows and DMA; MRd, MWr and CfgWr of the host
        "packets": [us(4 * (3 * 28 + 8 * 148 + 20 + 24 + 24)),
                    us(4 * (3 * 20 + 2 * 20 + 28 + 2 * 148 + 24 + 20))],
        # The host's MRd with its CplD, CfgWr with its Cpl; its MWr
        "host": [us(2 * 500 + 4 * (20 + 24 + 24 + 20)), us(100 + 4 * 24)],
        "endpoint": [us(3 * (500 + 4 * (20 + 28))), us(100 + 4 * 28)],
        # Two requests for 512 bytes, each answered by four packets
        "endpoint's DMA": [us(2 * (500 + 4 * (20 + 4 * 148))), us(2 * (100 + 4 * 148))]}


@pytest.mark.parametrize("option,more", [("--read-ns=700", 700), ("--write-ns=9", 0)])
def test_one_option_is_enough(traffic, option, more):           # noqa: F811
    machines, counts = traffic(Machines, option)
    counts.restart()
    machines.host.read_region(0, 0, 4)
    got, heading = times(counts)
    assert heading == "time on gen1 x1 in us"
    assert got["host"] == [us(4 * (20 + 24) + more), 0]


def test_interrupts_are_writes_of_the_endpoint(traffic):        # noqa: F811
    machines, counts = traffic(Machines, "--write-ns=1000")
    counts.restart()
    assert machines.ep.raise_irq(1, vfu.FN_INTX) == vfu.SENT
    assert times(counts)[0]["endpoint"] == [0, us(1000 + 4 * 24)]


ALLOWED = {
    "--link": "gen1 to gen5 with x1, x2, x4, x8 or x16, as in gen3x1 is allowed",
    "--mps": "a power of two from 128 to 4096 is allowed",
    "--mrrs": "a power of two from 128 to 4096 is allowed",
    "--read-ns": "a number of nanoseconds from 0 to 1000000 is allowed",
    "--write-ns": "a number of nanoseconds from 0 to 1000000 is allowed"}


@pytest.mark.parametrize("option,values", [
    ("--link", ["", "gen", "gen0x1", "gen6x1", "gen3", "gen3x", "gen3x0", "gen3x3", "gen3x12",
                "gen3x32", "gen3x1x", "gen3x01", "Gen3x1", " gen3x1", "3x1", "gen33x1"]),
    ("--mps", ["", "0", "64", "127", "129", "384", "8192", "8K", "x", "-128"]),
    ("--mrrs", ["", "64", "8192", "300"]),
    ("--read-ns", ["", "-1", "1000001", "1K", "1.5", "x", "99999999999999999999"]),
    ("--write-ns", ["", "-1", "1000001", "5ns"])])
def test_wrong_options(program, option, values):
    for value in values:
        got = run(program, "--ep-socket=a", "--host-socket=b", "--host-ram=r,size=64M",
                  "%s=%s" % (option, value))
        assert got.returncode == 2 and ALLOWED[option] in got.stderr, value
