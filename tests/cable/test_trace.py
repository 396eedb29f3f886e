# SPDX-License-Identifier: GPL-2.0
"""The file of --trace."""

import re
import subprocess

import pytest
import vfu


@pytest.fixture
def traced(start, tmp_path):
    """A cable with a trace, an endpoint that started the link, and a host."""
    cable = start("--trace=%s/trace" % tmp_path)
    endpoint = cable.endpoint()
    endpoint.start()
    return cable, endpoint, cable.host(), tmp_path / "trace"


def without_time(path):
    lines = path.read_text().splitlines()
    assert all(re.match(r"\d+\.\d{6} host ", line) for line in lines)
    times = [float(line.split()[0]) for line in lines]
    assert times == sorted(times) and all(0 <= time < 60 for time in times)
    return [line.split(" ", 1)[1] for line in lines]


def test_lines(traced):
    cable, endpoint, host, path = traced
    host.enable()
    endpoint.put(endpoint.BAR0, b"\x78\x56\x34\x12")
    host.read_region(0, 0, 4)
    host.write_region(0, 18, b"\x80")
    host.read_region(0, 18, 1)
    host.write_region(0, 8, bytes(range(8)))
    host.write_region(0, 14, b"\1\2")
    wanted = [
        "host MRd bar0+0x0 4 0x12345678",
        "host MWr bar0+0x12 1 0x80",
        "host MRd bar0+0x12 1 0x80",
        "host MWr bar0+0x8 8 0x0706050403020100",
        "host MWr bar0+0xe 2 0x0201",
    ]
    # While the program runs, and without anything that happens next
    vfu.wait_until(lambda: len(path.read_text().splitlines()) == len(wanted), "lines")
    assert without_time(path) == wanted
    host.read_region(0, 0, 1)
    assert cable.stop() == 0
    assert without_time(path) == wanted + ["host MRd bar0+0x0 1 0x78"]


def test_unanswered(traced):
    cable, endpoint, host, path = traced
    host.enable(0)
    host.read_region(0, 4, 2)
    host.write_region(0, 4, b"\1")
    host.enable()
    endpoint.request(vfu.RESET)
    host.read_region(0, 0, 4)
    assert cable.stop() == 0
    assert without_time(path) == [
        "host MRd bar0+0x4 2 0xffff UR", "host MWr bar0+0x4 1 0x01 UR",
        "host MRd bar0+0x0 4 0xffffffff UR"]


def test_other_accesses_are_not_in_it(traced):
    cable, endpoint, host, path = traced
    host.enable()
    host.config(0, 4)
    endpoint.put(endpoint.BAR0, b"memory")
    endpoint.reg(vfu.MAGIC)
    assert cable.stop() == 0
    assert path.read_text() == ""


def test_what_was_there_is_lost(start, tmp_path):
    (tmp_path / "trace").write_text("old\n")
    assert start("--trace=%s/trace" % tmp_path).stop() == 0
    assert (tmp_path / "trace").read_text() == ""


@pytest.mark.parametrize("path,why", [("/nonexistent/trace", "No such file or directory"),
                                      (".", "Is a directory"), ("", "No such file or directory")])
def test_bad_path(program, tmp_path, path, why):
    got = subprocess.run(
        [program, "--ep-socket=%s/e" % tmp_path, "--host-socket=%s/h" % tmp_path,
         "--host-ram=%s/r,size=64M" % tmp_path, "--trace=" + path], capture_output=True, text=True,
        timeout=vfu.PATIENCE, check=False)
    assert got.returncode == 1
    assert got.stderr == "pcie-cable: %s: cannot write a trace: %s\n" % (path, why)
    assert list(tmp_path.iterdir()) == []


def test_full_disk(start):
    """The machines go on, and the log says that the trace does not."""
    cable = start("--trace=/dev/full")
    endpoint = cable.endpoint()
    endpoint.start()
    host = cable.host()
    host.enable()
    host.write_region(0, 18, b"\1")
    cable.expect("/dev/full: the trace ends here: No space left on device")
    assert host.read_region(0, 18, 1) == b"\1"
