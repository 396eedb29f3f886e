# SPDX-License-Identifier: GPL-2.0
"""Descriptors and lines of the log: there is an end of both, and none of the program."""

import os
import re
import resource
import socket
import time

import pytest
import vfu
from test_control import Control
from test_protocol import alive, fd_numbers
from test_stat import Stats

EVENTFD = vfu.IRQ_EVENTFD | vfu.IRQ_TRIGGER
# INTx, MSI, MSI-X: what a host may set up in a function
VECTORS = ((vfu.INTX, 1), (vfu.MSI, 32), (vfu.MSIX, 256))
FUNCTIONS = 8


@pytest.fixture
def limited(start, tmp_path):
    """Start the program with a limit of descriptors."""
    def run(soft, hard, *options):
        limits = soft, hard or resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        return start("--control=%s/control" % tmp_path, *options,
                     preexec=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, limits))
    return run


def test_soft_limit_is_raised(limited):
    cable = limited(64, None)
    assert resource.prlimit(cable.process.pid, resource.RLIMIT_NOFILE)[0] >= 4096
    assert "descriptors" not in cable.log()


def test_hard_limit_that_is_low(limited):
    cable = limited(64, 1000)
    assert resource.prlimit(cable.process.pid, resource.RLIMIT_NOFILE) == (1000, 1000)
    cable.expect("no more than 1000 descriptors can be open, and 8 functions may need 2612; "
                 "a higher limit is set by ulimit -n")
    cable.stop()
    cable = limited(64, 1000, "--profile=rk3588")
    assert cable.log().count("descriptors can be open") == 1, "one function needs fewer"


def set_up(host, index, number, event):
    for at in range(0, number, 8):
        count = min(8, number - at)
        host.set_irqs(EVENTFD, at, count, [event.fd] * count, index=index)


def test_all_vectors_of_all_functions(limited):
    cable = limited(64, None)
    endpoint = cable.endpoint()
    # Eight tables of 256 entries
    for fn in range(FUNCTIONS):
        endpoint.set_up(vectors=256, msi=32, fn=fn)
        endpoint.set_bar(1, 0x2000, endpoint.BAR1 + fn * 0x10000, fn=fn)
        endpoint.set_fn(vfu.FN_MSIX_PBA, 0x1001, fn)
    endpoint.set_reg(vfu.LINK_CTRL, 1)
    event = vfu.Event()
    hosts = [cable.host(fn=fn) for fn in range(FUNCTIONS)]
    for host in hosts:
        for index, number in VECTORS:
            set_up(host, index, number, event)
    assert endpoint.reg(vfu.LINK_STATUS) == 1
    for fn, host in enumerate(hosts):
        host.enable()
        host.msix(0x8000)
        assert endpoint.raise_irq(256, fn=fn) == vfu.SENT
    assert event.take() == FUNCTIONS


def cpu_seconds(cable):
    with open("/proc/%d/stat" % cable.process.pid) as stat:
        ticks = stat.read().rsplit(")", 1)[1].split()[11:13]
    return sum(map(int, ticks)) / os.sysconf("SC_CLK_TCK")


def first_free(cable):
    """The lowest number that no descriptor has: RLIMIT_NOFILE is about numbers. Where a thread had
    one when another was opened, there is a gap below the highest."""
    used = fd_numbers(cable)
    return min(set(range(len(used) + 1)) - used)


def test_no_descriptor_left(limited, tmp_path):
    """Who connects is refused, at once; all others are served, and nothing else happens."""
    cable = limited(64, None)
    endpoint = cable.endpoint()
    endpoint.start()
    host = cable.host()
    control = Control(str(tmp_path / "control"))
    control.ask("help")
    number = first_free(cable)
    limits = resource.prlimit(cable.process.pid, resource.RLIMIT_NOFILE)
    resource.prlimit(cable.process.pid, resource.RLIMIT_NOFILE, (number, limits[1]))
    used = cpu_seconds(cable)
    for _ in range(20):
        other = socket.socket(socket.AF_UNIX)
        other.settimeout(vfu.PATIENCE)
        other.connect(cable.ep_socket)
        assert other.recv(1) == b""
        other.close()
    waiting = socket.socket(socket.AF_UNIX)
    waiting.connect(cable.host_socket)
    time.sleep(1)
    assert alive(endpoint) and alive(host)
    assert cpu_seconds(cable) - used < 0.5
    assert len(cable.log()) < 10000
    cable.expect("%s: a connection is refused: too many descriptors are open" % cable.ep_socket)
    got = Stats(control).table["dropped"]["connections refused"]
    assert 21 <= got[0] <= 30
    resource.prlimit(cable.process.pid, resource.RLIMIT_NOFILE, limits)
    cable.bank()
    waiting.close()


def test_no_descriptor_left_for_a_message(limited):
    """What comes with it is lost, so that connection ends."""
    cable = limited(64, None)
    endpoint = cable.endpoint()
    endpoint.start()
    host = cable.host()
    number = first_free(cable) + 3
    resource.prlimit(cable.process.pid, resource.RLIMIT_NOFILE, (number, number))
    event = vfu.Event()
    with pytest.raises(vfu.Closed):
        set_up(host, vfu.MSIX, 8, event)
    cable.expect("host: connection closed: Message too long")
    assert alive(endpoint)


def left_out(cable, tmp_path):
    return Stats(Control(str(tmp_path / "control"))).table["dropped"]["log lines left out"][0]


def test_lines_that_come_too_often(start, tmp_path):
    """A machine that does always the same does not fill the disk."""
    cable = start("--control=%s/control" % tmp_path)
    endpoint = cable.endpoint()
    number = 20000
    for n in range(number):
        endpoint.send(99, b"", flags=vfu.NO_REPLY)
    assert alive(endpoint)
    log = cable.log()
    assert len(log) < 100000
    said = log.count("unknown command 99 refused")
    assert 100 <= said < 1000
    assert left_out(cable, tmp_path) == number - said
    # Others are not hidden by them
    endpoint.start()
    cable.expect("link enabled")
    # And what they were is said as soon as one is let through
    vfu.wait_until(lambda: endpoint.send(99, b"", flags=vfu.NO_REPLY) and
                   cable.log().count("unknown command 99 refused") > said, "one more", 10)
    match = re.search(r"pcie-cable: (\d+) lines like the next one were left out\n", cable.log())
    assert int(match[1]) >= number - said
    # Of those that nothing comes after, the end tells
    before = left_out(cable, tmp_path)
    while left_out(cable, tmp_path) == before:
        endpoint.send(99, b"", flags=vfu.NO_REPLY)
    cable.stop()
    assert re.search(r"pcie-cable: \d+ lines were left out, as they came too often\n$", cable.log())


def test_registers_written_in_a_loop(start, tmp_path):
    cable = start("--control=%s/control" % tmp_path)
    endpoint = cable.endpoint()
    endpoint.set_up()
    message = lambda reg, value: endpoint.send(                     # noqa: E731
        vfu.REGION_WRITE, reg.to_bytes(8, "little") + b"\0\0\0\0\4\0\0\0" +
        value.to_bytes(4, "little"), flags=vfu.NO_REPLY)
    bar = vfu.FN + vfu.fn_bar(0)
    for _ in range(4000):
        message(vfu.LINK_CTRL, 1)
        message(vfu.LINK_CTRL, 0)
        message(bar + 0x10, 0xdead0000)
        message(bar + 0x14, 0xbeef)
    assert alive(endpoint)
    assert len(cable.log()) < 400000
    assert left_out(cable, tmp_path) > 9000


def test_after_a_while_all_is_said_again(start, tmp_path):
    cable = start("--control=%s/control" % tmp_path)
    endpoint = cable.endpoint()
    for _ in range(2000):
        endpoint.send(99, b"", flags=vfu.NO_REPLY)
    assert alive(endpoint)
    time.sleep(11)
    said = cable.log().count("unknown command 99 refused")
    for _ in range(100):
        endpoint.send(99, b"", flags=vfu.NO_REPLY)
    assert alive(endpoint)
    vfu.wait_until(lambda: cable.log().count("unknown command 99 refused") == said + 100, "all")
