# SPDX-License-Identifier: GPL-2.0
"""pcie-cable trace: lines of what the endpoint sends."""

import itertools

import pcapng
import pytest
from test_dma import LOCAL, READ, WRITE, Engine
from test_program import run
from test_trace_command import FUNCTION, HOST, SUCCESS, UNSUPPORTED, capture, show, tlps, words

__all__ = ["capture", "show"]           # fixtures

TRACE = """\
0.000100 link up
0.200000 ep MRd 0x12345678 4 0x04030201
0.300000 ep MRd 0x1fffffff8 8 0x0807060504030201
0.300000 ep MWr 0x1002 1 0x55
0.400000 ep MRd 0x10000000 2 0xffff UR
0.400000 ep MWr 0x10000000 2 0x0201 UR
0.500000 ep MRd win+0x8010 1 0xff UR
0.500000 ep MWr win+0x8010 1 0x01 UR
0.600000 ep DmaRd 0x2000 8 1 0x0807060504030201
0.600000 ep DmaWr 0x1ffffff00 512 2 0x..100f0e0d0c0b0a090807060504030201
0.700000 ep DmaRd 0x20000000 4294967295 refused no-memory
0.700000 ep DmaWr 0x0 0 refused list
1.000000 ep MSI-X 2 sent
1.000000 host MRd bar0+0x0 1 0x00
"""


def test_text(show):
    lines = show(TRACE)
    assert words(lines) == [line.split(" ", 1)[1] for line in TRACE.splitlines()]
    assert len({line.index(line.split()[2]) for line in lines}) == 1
    values = [line.rindex(" 0x") for line in lines if "MRd" in line or "MWr" in line]
    assert len(set(values)) == 1


@pytest.mark.parametrize("options,rows", [
    (["--only=out"], range(1, 8)), (["--only=dma"], [8, 9, 10, 11]), (["--only=mem"], [13]),
    (["--only=link,dma"], [0, 8, 9, 10, 11]), (["--bar=0"], [13]),
    (["--only=out", "--from=0.5"], [6, 7])])
def test_filters(show, options, rows):
    every = TRACE.splitlines()
    assert words(show(TRACE, *options)) == [every[row].split(" ", 1)[1] for row in rows]


@pytest.mark.parametrize("line", [
    "ep", "ep MRd", "ep MRd 0x0 1", "ep MRd 0 1 0x00", "ep MRd bar0+0x0 1 0x00",
    "ep MRd cfg+0x0 1 0x00", "ep MRd win+0x0 1 0x00", "ep MRd win+0 1 0x00 UR",
    "ep MRd 0x0 1 0x00 ur", "ep MRd 0x0 0 0x", "ep MRd 0x0 2 0x00",
    "ep MRd 0x0 17 0x.." + "00" * 16,
    "ep MRx 0x0 1 0x00", "ep CfgRd cfg+0x0 1 0x00", "host MRd 0x0 1 0x00",
    "host MRd win+0x0 1 0x00 UR", "ep MRd 0x10000000000000000 1 0x00",
    "ep MRd 0x" + "0" * 500 + " 1 0x00",
    "ep DmaRd 0x0 1 0x00", "ep DmaRd 0x0 1 1 0x00 UR", "ep DmaRx 0x0 1 1 0x00",
    "ep DmaRd win+0x0 1 1 0x00", "ep DmaRd 0x0 0 1 0x", "ep DmaRd 0x0 1 0 0x00",
    "ep DmaRd 0x0 1 2 0x00", "ep DmaRd 0x0 256 3 0x.." + "00" * 16,
    "ep DmaRd 0x0 8192 1 0x.." + "00" * 16, "ep DmaRd 0x0 16 1 0x.." + "00" * 16,
    "ep DmaRd 0x0 17 1 0x" + "00" * 17, "ep DmaRd 0x0 17 1 0x" + "00" * 16,
    "ep DmaRd 0x0 262145 2049 0x.." + "00" * 16,
    "ep DmaRd 0xffffffffffffffff 2 1 0x0000",
    "ep DmaRd 0x0 1 refused", "ep DmaRd 0x0 1 refused sent", "ep DmaRd win+0x0 1 refused list",
    "ep DmaRd 0x0 4294967296 refused list", "ep DmaRd 0x0 x refused list"])
def test_bad_lines(program, tmp_path, line):
    (tmp_path / "trace").write_text("0.000000 link up\n1.000000 " + line + "\n")
    got = run(program, "trace", str(tmp_path / "trace"))
    assert got.returncode == 1
    assert "/trace:2: no line of a trace; see TRACE in --help" in got.stderr


def test_packets_of_windows(capture):
    packets = capture(TRACE, "--only=out")
    assert [(packet.interface, packet.comment.split()[3],
             packet.data and pcapng.tlp(packet.data).kind) for packet in packets] == [
        ("endpoint to host", "4", "MRd"), ("host to endpoint", "4", "CplD"),
        ("endpoint to host", "8", "MRd"), ("host to endpoint", "8", "CplD"),
        ("endpoint to host", "1", "MWr"),
        ("endpoint to host", "2", "MRd"), ("host to endpoint", "2", "Cpl"),
        ("endpoint to host", "2", "MWr"), ("no packet", "1", b""), ("no packet", "1", b"")]
    read, answer, read64, answer64, write, beyond, refused, _ = tlps(packets)
    assert all(tlp.requester == FUNCTION for tlp in tlps(packets))
    assert all(tlp.completer == HOST for tlp in (answer, answer64, refused))
    assert (read.address, read.count) == (0x12345678, 4)
    assert (answer.tag, answer.status, answer.data) == (read.tag, SUCCESS, b"\1\2\3\4")
    assert (read64.address, answer64.data) == (0x1fffffff8, bytes(range(1, 9)))
    assert (write.address, write.data) == (0x1002, b"\x55")
    assert (refused.tag, refused.status, refused.count) == (beyond.tag, UNSUPPORTED, 2)


def test_window_at_the_end_of_all_addresses(capture):
    packets = capture("0.000000 ep MWr 0xfffffffffffffffc 8 0x0807060504030201 UR\n")
    assert [(tlp.address, tlp.data) for tlp in tlps(packets)] == [
        (2 ** 64 - 4, b"\1\2\3\4"), (0, b"\5\6\7\x08")]


def test_packets_of_dma(capture):
    read, answer, *writes = tlps(capture(TRACE, "--only=dma"))
    assert (read.kind, read.requester, read.address, read.count) == ("MRd", FUNCTION, 0x2000, 8)
    assert (answer.kind, answer.completer, answer.requester) == ("CplD", HOST, FUNCTION)
    assert (answer.tag, answer.data) == (read.tag, bytes(range(1, 9)))
    assert [(tlp.kind, tlp.requester, tlp.address, tlp.count, tlp.data) for tlp in writes] == [
        ("MWr", FUNCTION, 0x1ffffff00, 256, bytes(range(1, 17))),
        ("MWr", FUNCTION, 0x200000000, 256, b"")]


@pytest.mark.parametrize("address,count", list(itertools.product(
    (0, 1, 0x7e, 0x80, 0xff3, 0x1000, 0xfffffffe), (1, 15, 16, 17, 128, 1024, 16384))))
def test_split_of_dma(capture, address, count):
    """As many requests as there are, with the header of the whole and the bytes there are."""
    data = bytes(range(1, 17))[:count]
    for most in (128, 512, 4096):
        number = (address + count - 1) // most - address // most + 1
        line = "0x%x %d %d 0x%s%s\n" % (address, count, number, ".." if count > 16 else "",
                                        data[::-1].hex())
        for kind, completions in (("DmaWr", 0), ("DmaRd", number)):
            got = tlps(capture("0.000000 ep %s %s" % (kind, line)))
            requests = [tlp for tlp in got if tlp.kind != "CplD"]
            answers = [tlp for tlp in got if tlp.kind == "CplD"]
            assert (len(requests), len(answers)) == (number, completions)
            assert requests[0].address == address
            assert sum(tlp.count for tlp in requests) == count
            for before, after in zip(requests, requests[1:]):
                assert after.address == before.address + before.count
                assert after.address % most == 0
            assert [tlp.count for tlp in answers] in ([], [tlp.count for tlp in requests])
            assert b"".join(tlp.data for tlp in answers or requests) == data


def test_of_a_cable(start, program, tmp_path):
    """What the program has written, it can read."""
    cable = start("--trace=%s/trace" % tmp_path, "--windows=metered,granule=4K,space=1M")
    engine = Engine(cable)
    at = 0x9000
    engine.ep.write_region(2, 0, b"\1")
    for reg, value in ((8, 0x2000), (0x10, 0xfffff000), (0x14, 0xffffffff), (0x18, 1)):
        engine.ep.set_reg(at + reg, value)
    engine.ep.read_region(2, 0xffc, 8)
    for reg in (0x10, 0x14):
        engine.ep.set_reg(at + reg, 0)
    engine.ep.read_region(2, 0, 0x2000)
    engine.host.set_config(engine.host.capability(0x10) + 8, 2, 0x7fff)
    for channel in (READ, WRITE):
        engine.start(channel, (1, LOCAL, 1), (0xffd, LOCAL, 5), (0x100003, LOCAL, 1 << 20))
        assert engine.result(channel) == (0, 3)
    assert cable.stop() == 0
    got = run(program, "trace", str(tmp_path / "trace"))
    assert (got.returncode, got.stderr) == (0, "")
    assert len(got.stdout.splitlines()) == len((tmp_path / "trace").read_text().splitlines()) > 18
    got = run(program, "trace", str(tmp_path / "trace"), "--pcapng=%s/out" % tmp_path)
    assert (got.returncode, got.stderr) == (0, "")
    sent = [packet for packet in pcapng.read((tmp_path / "out").read_bytes())[1]
            if packet.comment.startswith("ep   Dma")]
    requests = {"DmaRd": 0, "DmaWr": 0}
    for line in (tmp_path / "trace").read_text().splitlines():
        if " ep Dma" in line:
            requests[line.split()[2]] += int(line.split()[5])
    assert requests["DmaRd"] == requests["DmaWr"] > 257
    assert len(tlps(sent)) == 2 * requests["DmaRd"] + requests["DmaWr"]
