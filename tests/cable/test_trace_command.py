# SPDX-License-Identifier: GPL-2.0
"""pcie-cable trace: text, and capture files."""

import itertools
import subprocess

import pcapng
import pytest
import vfu
from test_program import run

HOST, FUNCTION = 0x0000, 0x0100
SUCCESS, UNSUPPORTED = 0, 1

TRACE = """\
0.000100 link up
0.100000 host CfgRd cfg+0x0 4 0x10031af4
0.200000 host CfgWr cfg+0x4 2 0x0006
0.200010 host BME
1.000000 host MWr bar0+0x12 1 0x80
2.500000 host MRd bar0+0x12 1 0x80
2.500001 host MRd bar1+0x0 4 0xffffffff UR
3.000000 ep MSI-X 2 sent
3.000000 ep MSI-X 1 masked
12.000000 ep INTx assert sent
12.000001 ep INTx deassert sent
13.000000 ep MSI 1 sent
14.000000 host reset
15.000000 link down
"""


@pytest.fixture
def show(program, tmp_path):
    """Run pcie-cable trace on a text; the lines it prints."""
    def run_it(text, *options):
        (tmp_path / "trace").write_text(text)
        got = run(program, "trace", str(tmp_path / "trace"), *options)
        assert (got.returncode, got.stderr) == (0, "")
        return got.stdout.splitlines()
    return run_it


@pytest.fixture
def capture(show, tmp_path):
    """Convert a text; the packets."""
    def run_it(text, *options):
        assert show(text, "--pcapng=%s/out" % tmp_path, *options) == []
        interfaces, packets = pcapng.read((tmp_path / "out").read_bytes())
        assert interfaces == ["host to endpoint", "endpoint to host", "no packet"]
        assert all(packet.direction == {"host to endpoint": 1, "endpoint to host": 2,
                                        "no packet": 0}[packet.interface] for packet in packets)
        return packets
    return run_it


def tlps(packets):
    return [pcapng.tlp(packet.data, packet.size) for packet in packets if packet.data]


def words(lines):
    """Without times, and with one space between words"""
    return [" ".join(line.split()[2:]) for line in lines]


def test_text(show):
    lines = show(TRACE)
    assert words(lines) == [line.split(" ", 1)[1] for line in TRACE.splitlines()]
    assert [line.split()[0] for line in lines] == [line.split()[0] for line in TRACE.splitlines()]
    assert [line.split()[1] for line in lines[:3]] == ["+0.000000", "+0.099900", "+0.100000"]
    # In columns
    assert len({line.index(line.split()[2]) for line in lines}) == 1
    assert len({line.index(" 0x") for line in lines if "0x" in line}) == 1


def test_long_value(show):
    assert words(show("0.000000 host MWr bar0+0x0 17 0x%s\n" % bytes(range(17)).hex())) == \
        ["host MWr bar0+0x0 17 0x..0102030405060708090a0b0c0d0e0f10"]


@pytest.mark.parametrize("options,rows", [
    (["--only=mem"], [4, 5, 6]), (["--only=cfg"], [1, 2]), (["--only=irq"], [7, 8, 9, 10, 11]),
    (["--only=link"], [0, 3, 12, 13]), (["--only=link,cfg"], [0, 1, 2, 3, 12, 13]),
    (["--bar=0"], [4, 5]), (["--bar=1"], [6]), (["--bar=5"], []), (["--only=cfg", "--bar=0"], []),
    (["--from=2.5"], range(5, 14)), (["--to=2.5"], range(6)), (["--from=2.500001", "--to=3"],
                                                               [6, 7, 8]),
    (["--from=20"], [])])
def test_filters(show, options, rows):
    every = TRACE.splitlines()
    assert words(show(TRACE, *options)) == [every[row].split(" ", 1)[1] for row in rows]


@pytest.mark.parametrize("options,message", [
    (["t", "--only=bar"],
     "--only: allowed are, with commas between them: mem, cfg, irq, link, out, dma"),
    (["t", "--bar=6"], "--bar: a number from 0 to 5"), (["t", "--bar="], "--bar: a number from 0"),
    (["t", "--bar=10"], "--bar: a number from 0 to 5"), (["t", "--from=x"], "seconds as in 12.5"),
    (["t", "--to=-1"], "seconds as in 12.5"), (["t", "--to=1.2.3"], "seconds as in 12.5"),
    (["t", "--to=."], "seconds as in 12.5"), ([], "one FILE is needed"),
    (["a", "b"], "one FILE is needed"), (["t", "--nonsense"], "unrecognized option")])
def test_bad_options(program, options, message):
    got = run(program, "trace", *options)
    assert (got.returncode, got.stdout) == (2, "")
    assert message in got.stderr


@pytest.mark.parametrize("line", [
    "", "x", "1.000000", "1.000000 host", "1.0 link up", "1 link up", "-1.000000 link up",
    "1.000000 link sideways", "1.000000 link reset", "1.000000 host up", "1.000000 link up now",
    "1.000000 host MRd bar6+0x0 1 0x00", "1.000000 host MRd bar0+0 1 0x00",
    "1.000000 host MRd bar0+0x0 2 0x00", "1.000000 host MRd bar0+0x0 1 0x0g",
    "1.000000 host MRd bar0+0x0 0 0x", "1.000000 host MRd bar0+0x0 1 0x00 ur",
    "1.000000 host MRd bar0+0x0 1 0x00 UR UR", "1.000000 host MRd cfg+0x0 1 0x00",
    "1.000000 host MRx bar0+0x0 1 0x00", "1.000000 host CfgRd bar0+0x0 1 0x00",
    "1.000000 host CfgRd cfg+0xfff 2 0x0000", "1.000000 host CfgRd cfg+0x1000 1 0x00",
    "1.000000 host MRd bar0+0xffffffffffffffff 2 0x0000",
    "1.000000 host MRd bar0+0x10000000000000000 1 0x00", "1.000000 host MRd bar0+0x0 -1 0x00",
    "1.000000 host MRd bar0+0x" + "0" * 500 + " 1 0x00",
    "1.000000 host MRd bar0+0x0 65537 TOO-LONG", "1.000000 ep MSI-X x sent",
    "1.000000 ep MSI-X 4294967296 sent", "1.000000 ep IRQ 1 sent", "1.000000 ep INTx 1 sent",
    "1.000000 ep MSI-X 1", "1.000000 ep MSI-X 1 " + "x" * 500, "1.000000 link\0up",
    "99999999999999999999.000000 link up"])
def test_bad_lines(program, tmp_path, line):
    line = line.replace("TOO-LONG", "0x" + "00" * 65537)
    (tmp_path / "trace").write_text("0.000000 link up\n" + line + "\n0.000000 link down\n")
    got = run(program, "trace", str(tmp_path / "trace"))
    assert got.returncode == 1
    assert got.stderr == "pcie-cable: %s/trace:2: no line of a trace; see TRACE in --help\n" % tmp_path
    assert words(got.stdout.splitlines()) == ["link up"]


def test_line_that_is_being_written(show):
    assert words(show("0.000000 link up\n1.000000 link do")) == ["link up"]


@pytest.mark.parametrize("path", ["/nonexistent/trace", "."])
def test_bad_file(program, path):
    got = run(program, "trace", path)
    assert (got.returncode, got.stdout) == (1, "")
    assert got.stderr.startswith("pcie-cable: %s: " % path)


@pytest.mark.parametrize("path", ["/nonexistent/out", "/dev/full"])
def test_bad_output(program, tmp_path, path):
    (tmp_path / "trace").write_text(TRACE)
    got = run(program, "trace", str(tmp_path / "trace"), "--pcapng=" + path)
    assert (got.returncode, got.stdout) == (1, "")
    assert got.stderr.startswith("pcie-cable: %s: cannot write: " % path)


def test_full_disk(program, tmp_path):
    (tmp_path / "trace").write_text(TRACE)
    with open("/dev/full", "w", encoding="ascii") as full:
        got = subprocess.run([program, "trace", str(tmp_path / "trace")], stdout=full,
                             stderr=subprocess.PIPE, text=True, timeout=vfu.PATIENCE, check=False)
    assert got.returncode == 1
    assert "cannot write: No space left on device" in got.stderr


def test_packets(capture):
    packets = capture(TRACE)
    assert [(packet.us, packet.interface, " ".join(packet.comment.split()),
             packet.data and pcapng.tlp(packet.data).kind) for packet in packets] == [
        (100, "no packet", "link up", b""),
        (100000, "host to endpoint", "host CfgRd cfg+0x0 4 0x10031af4", "CfgRd0"),
        (100000, "endpoint to host", "host CfgRd cfg+0x0 4 0x10031af4", "CplD"),
        (200000, "host to endpoint", "host CfgWr cfg+0x4 2 0x0006", "CfgWr0"),
        (200000, "endpoint to host", "host CfgWr cfg+0x4 2 0x0006", "Cpl"),
        (200010, "no packet", "host BME", b""),
        (1000000, "host to endpoint", "host MWr bar0+0x12 1 0x80", "MWr"),
        (2500000, "host to endpoint", "host MRd bar0+0x12 1 0x80", "MRd"),
        (2500000, "endpoint to host", "host MRd bar0+0x12 1 0x80", "CplD"),
        (2500001, "host to endpoint", "host MRd bar1+0x0 4 0xffffffff UR", "MRd"),
        (2500001, "endpoint to host", "host MRd bar1+0x0 4 0xffffffff UR", "Cpl"),
        (3000000, "endpoint to host", "ep MSI-X 2 sent", "MWr"),
        (3000000, "no packet", "ep MSI-X 1 masked", b""),
        (12000000, "endpoint to host", "ep INTx assert sent", "Msg"),
        (12000001, "endpoint to host", "ep INTx deassert sent", "Msg"),
        (13000000, "endpoint to host", "ep MSI 1 sent", "MWr"),
        (14000000, "no packet", "host reset", b""), (15000000, "no packet", "link down", b"")]
    got = tlps(packets)
    ids = {"MRd": HOST, "CfgRd0": HOST, "CfgWr0": HOST, "Cpl": HOST, "CplD": HOST, "Msg": FUNCTION}
    assert all(tlp.requester == ids[tlp.kind] for tlp in got if tlp.kind in ids)
    assert [tlp.message for tlp in got if tlp.kind == "Msg"] == [0x20, 0x24]
    assert [(tlp.requester, tlp.address, tlp.data) for tlp in got if tlp.kind == "MWr"] == [
        (HOST, 0x12, b"\x80"), (FUNCTION, 0xfee00000, b"\2\0\0\0"),
        (FUNCTION, 0xfee00000, b"\1\0\0\0")]


def test_completions(capture):
    """Each has the tag of its request, which no other one has."""
    got = tlps(capture(TRACE, "--only=mem,cfg"))
    requests = [tlp for tlp in got if tlp.kind in ("MRd", "CfgRd0", "CfgWr0")]
    answers = [tlp for tlp in got if tlp.kind.startswith("Cpl")]
    assert [tlp.tag for tlp in requests] == [tlp.tag for tlp in answers] == [1, 2, 3, 4]
    assert [(tlp.status, tlp.count, tlp.address, tlp.data) for tlp in answers] == [
        (SUCCESS, 4, 0, b"\xf4\x1a\x03\x10"), (SUCCESS, 4, 0, b""),
        (SUCCESS, 1, 0x12, b"\x80"), (UNSUPPORTED, 4, 0, b"")]
    assert all(tlp.completer == FUNCTION for tlp in answers)


def test_bytes_of_a_request(capture):
    ranges = list(itertools.product((0, 1, 2, 3, 0x7d), (1, 2, 3, 4, 5, 8, 16)))
    text = ""
    for offset, count in ranges:
        for kind in ("MWr", "MRd"):
            text += "0.000000 host %s bar0+0x%x %d 0x%s\n" % (
                kind, offset, count, bytes(range(count, 0, -1)).hex())
    got = tlps(capture(text))
    for offset, count in ranges:
        data = bytes(range(1, count + 1))
        write, read, completion, *got = got
        assert (write.kind, write.address, write.data) == ("MWr", offset, data)
        assert (read.kind, read.address, read.count) == ("MRd", offset, count)
        assert (completion.kind, completion.address, completion.data) == ("CplD", offset, data)
    assert got == []


def test_large_access(capture):
    """No packet crosses a multiple of 4 KiB."""
    data = bytes(k % 251 for k in range(10000))
    text = "0xff0 10000 0x%s\n" % data[::-1].hex()
    packets = capture("0.000000 host MWr bar0+" + text)
    assert {packet.comment for packet in packets} == {
        "host MWr   bar0+0xff0   10000 0x.." + data[:16][::-1].hex()}
    got = tlps(packets)
    assert [(tlp.address, tlp.count) for tlp in got] == [(0xff0, 16), (0x1000, 4096),
                                                         (0x2000, 4096), (0x3000, 1792)]
    assert b"".join(tlp.data for tlp in got) == data
    got = tlps(capture("0.000000 host MRd bar0+" + text))
    assert [tlp.count for tlp in got] == [16, 16, 4096, 4096, 4096, 4096, 1792, 1792]
    assert b"".join(tlp.data for tlp in got if tlp.kind == "CplD") == data


def test_configuration_is_accessed_by_dwords(capture):
    data = bytes(range(1, 8))
    got = tlps(capture("0.000000 host CfgWr cfg+0x106 7 0x%s\n" % data[::-1].hex()))
    assert [(tlp.kind, tlp.address & 0xfff, tlp.data) for tlp in got if tlp.kind != "Cpl"] == [
        ("CfgWr0", 0x106, b"\1\2"), ("CfgWr0", 0x108, b"\3\4\5\6"), ("CfgWr0", 0x10c, b"\7")]
    # The function that is meant is in front of the register's number
    assert all(tlp.address >> 16 == FUNCTION for tlp in got if tlp.kind != "Cpl")
    got = tlps(capture("0.000000 host CfgRd cfg+0xe 1 0x55\n"))
    assert (got[0].kind, got[0].address & 0xfff, got[0].count) == ("CfgRd0", 0xe, 1)
    assert (got[1].kind, got[1].data) == ("CplD", b"\0\0\x55\0")


def test_addresses(capture):
    """Those of the BARs, which the host writes, in halves if they have 64 bits"""
    seen = "0.000000 host CfgRd cfg+0x10 24 0x%s\n" % (
        "00000000 0000000c 00000000 00000000 00000004 00000000".replace(" ", ""))
    write = "0.000000 host CfgWr cfg+0x%x 4 0x%08x\n"
    access = "0.000000 host MWr bar%d+0x14 1 0x00\n"

    def address(text, bar, *options):
        got = tlps(capture(text + access % bar, *options))
        return got[-1].address

    assert address("", 1) == 0x14
    text = seen + write % (0x10, 0xfe000000) + write % (0x14, 0xe0000000) + \
        write % (0x18, 0x1f) + write % (0x20, 0xffffffff)
    assert address(text, 0) == 0xfe000014
    assert address(text, 1) == 0x1fe0000014
    assert address(text, 4) == 0xfffffff0 + 0x14
    assert address(text, 1, "--only=mem") == 0x1fe0000014
    assert address(text + "0.000000 host reset\n", 1) == 0x14
    assert address(text + "0.000000 link down\n", 0) == 0xfe000014
    # The flags are still known
    text += "0.000000 link up\n" + write % (0x14, 0xd0000000) + write % (0x18, 0xf0f)
    assert address(text, 1) == 0xf0fd0000014


def test_to_standard_output(program, tmp_path):
    (tmp_path / "trace").write_text(TRACE)
    got = subprocess.run([program, "trace", str(tmp_path / "trace"), "--pcapng=-"],
                         capture_output=True, timeout=vfu.PATIENCE, check=False)
    assert (got.returncode, got.stderr) == (0, b"")
    assert len(pcapng.read(got.stdout)[1]) == 18


def test_of_a_cable(start, program, tmp_path):
    """What the program has written, it can read."""
    cable = start("--trace=%s/trace" % tmp_path)
    endpoint = cable.endpoint()
    endpoint.start()
    host = cable.host()
    host.read_region(7, 0, 4096)
    host.enable()
    host.msix(0x8000)
    host.write_region(0, 0, bytes(4096))
    endpoint.raise_irq(1)
    host.request(vfu.RESET)
    assert cable.stop() == 0
    got = run(program, "trace", str(tmp_path / "trace"))
    assert (got.returncode, got.stderr) == (0, "")
    assert len(got.stdout.splitlines()) == len((tmp_path / "trace").read_text().splitlines()) > 8
    got = run(program, "trace", str(tmp_path / "trace"), "--pcapng=%s/out" % tmp_path)
    assert got.returncode == 0
    packets = pcapng.read((tmp_path / "out").read_bytes())[1]
    assert sum(packet.comment.startswith("host CfgRd cfg+0x0 ") for packet in packets) == 2048
    assert len(tlps(packets)) > 2048
