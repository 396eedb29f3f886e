# SPDX-License-Identifier: GPL-2.0
"""The file of --trace."""

import re
import subprocess

import pytest
import vfu


@pytest.fixture
def trace(start, tmp_path):
    """A cable with a trace, an endpoint that started the link, and a host."""
    def run(*options):
        cable = start("--trace=%s/trace" % tmp_path, *options)
        endpoint = cable.endpoint()
        endpoint.start()
        return cable, endpoint, cable.host(), tmp_path / "trace"
    return run


@pytest.fixture
def traced(trace):
    """One of accesses in BARs"""
    return trace("--trace-filter=mem")


def without_time(path):
    lines = path.read_text().splitlines()
    assert all(re.match(r"\d+\.\d{6} (host|ep|link|trace)(\.[1-7])? ", line) for line in lines)
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


def test_configuration(trace):
    cable, endpoint, host, path = trace("--trace-filter=cfg")
    host.config(0, 4)
    host.enable()
    host.write_region(0, 0, b"1")
    host.read_region(7, 0x100, 2)
    endpoint.set_reg(vfu.LINK_CTRL, 0)
    host.config(8, 4)
    host.set_config(0x10, 4, 0xfe000000)
    assert cable.stop() == 0
    assert without_time(path) == [
        "host CfgRd cfg+0x0 4 0x10031af4", "host CfgWr cfg+0x4 2 0x0006",
        "host CfgRd cfg+0x100 2 0x0000", "host CfgRd cfg+0x8 4 0xffffffff UR",
        "host CfgWr cfg+0x10 4 0xfe000000 UR"]


def test_interrupts(trace):
    cable, endpoint, host, path = trace("--trace-filter=irq")
    event = vfu.Event()
    host.set_irqs(vfu.IRQ_EVENTFD | vfu.IRQ_TRIGGER, 0, 1, [event.fd])
    host.enable()
    endpoint.raise_irq(1)
    host.msix(0x8000)
    for vector in (1, 2, 77):
        endpoint.raise_irq(vector)
    endpoint.set_reg(vfu.LINK_CTRL, 0)
    endpoint.raise_irq(1)
    assert cable.stop() == 0
    assert without_time(path) == [
        "ep MSI-X 1 disabled", "ep MSI-X 1 sent", "ep MSI-X 2 masked", "ep MSI-X 77 no-vector",
        "ep MSI-X 1 link-down"]


def test_link(trace):
    cable, endpoint, host, path = trace("--trace-filter=link")
    host.enable()
    host.request(vfu.RESET)
    host.enable(2)
    endpoint.set_reg(vfu.LINK_CTRL, 0)
    endpoint.set_reg(vfu.LINK_CTRL, 1)
    cable.leave(host, "host disconnected")
    assert cable.stop() == 0
    assert without_time(path) == ["link up", "host BME", "host reset", "link down", "link up",
                                  "link down"]


def test_all_in_their_order(trace):
    cable, endpoint, host, path = trace()
    host.enable()
    host.write_region(0, 0, b"1")
    endpoint.raise_irq(1)
    assert cable.stop() == 0
    assert without_time(path) == [
        "link up", "host CfgWr cfg+0x4 2 0x0006", "host BME", "host MWr bar0+0x0 1 0x31",
        "ep MSI-X 1 disabled", "link down"]


def test_several_kinds(trace):
    cable, endpoint, host, path = trace("--trace-filter=link,mem")
    host.enable()
    host.write_region(0, 0, b"1")
    endpoint.raise_irq(1)
    assert cable.stop() == 0
    assert without_time(path) == ["link up", "host BME", "host MWr bar0+0x0 1 0x31", "link down"]


@pytest.mark.parametrize("kinds", ["", "me", "memo", "mem,", ",mem", "mem,bar", "mem;cfg", "MEM"])
def test_bad_filter(program, kinds):
    got = subprocess.run([program, "--trace-filter=" + kinds], capture_output=True, text=True,
                         timeout=vfu.PATIENCE, check=False)
    assert got.returncode == 2
    assert "--trace-filter: allowed are, with commas between them: mem, cfg, irq, link, out, dma" \
        in got.stderr


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
