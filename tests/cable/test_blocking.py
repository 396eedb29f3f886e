# SPDX-License-Identifier: GPL-2.0
"""Whatever takes the program's output, or does not: the machines do not wait for it."""

import fcntl
import mmap
import os
import re
import threading
import time

import pytest
import vfu
from conftest import Cable
from test_control import Control
from test_program import run
from test_protocol import alive
from test_trace import without_time

PIPE_SIZE = 65536


class Plugged:
    """A pipe whose other end is read only when asked for."""

    def __init__(self):
        self.end, self.given = os.pipe()

    def read(self):
        """All that is in it, until nobody writes to it any more."""
        os.close(self.given)
        with open(self.end, "rb") as pipe:
            return pipe.read().decode()


class Mute(Cable):
    """A program whose standard error nobody reads."""

    def __init__(self, program, directory, *more):
        self.pipe = Plugged()
        super().__init__(program, directory, *more, stderr=self.pipe.given)

    def started(self, before):
        vfu.wait_until(lambda: os.path.exists(self.ram), "the program")
        time.sleep(0.2)


@pytest.fixture
def mute(program, tmp_path):
    cable = Mute(program, str(tmp_path), "--verbose", "--control=%s/control" % tmp_path)
    cable.control = str(tmp_path / "control")
    yield cable
    if cable.process.poll() is None:
        cable.process.kill()
        cable.process.wait()
    for client in cable.clients:
        client.close()


def test_nobody_reads_the_log(mute):
    endpoint = mute.endpoint()
    endpoint.start()
    for _ in range(5 * PIPE_SIZE // 40):
        endpoint.send(vfu.GET_INFO, bytes(16), flags=vfu.NO_REPLY)
    host = mute.host()
    assert alive(endpoint) and alive(host)
    # It does not wait for ever at its end, either
    begin = time.monotonic()
    assert mute.stop() == 0
    assert time.monotonic() - begin < 3


def test_lines_that_were_lost_are_counted(mute):
    endpoint = mute.endpoint()
    control = Control(mute.control)
    lines = 0

    def lost():
        return int(dict(line.strip().split("\t") for line in control.ask("stat")[0]
                        if line.startswith("  log lines lost"))["log lines lost"])

    while not lost():
        lines += 1000
        for _ in range(1000):
            endpoint.send(vfu.GET_INFO, bytes(16), flags=vfu.NO_REPLY)
        assert alive(endpoint)
        assert lines < 100000
    os.set_blocking(mute.pipe.end, False)
    text = b""

    def said():
        nonlocal text
        try:
            text += os.read(mute.pipe.end, PIPE_SIZE)
        except BlockingIOError:
            pass
        assert alive(endpoint)
        return re.search(rb"pcie-cable: (\d+) lines were lost here, as nobody took them\n", text)

    match = vfu.wait_until(said, "the number of lines", 20)
    assert 0 < int(match[1]) < 100000
    assert all(line.startswith(b"pcie-cable: ") for line in text.splitlines())


@pytest.mark.parametrize("slow_ms", [0, 5])
def test_log_that_cannot_be_written_for_a_while(slow_ms, small_tmpfs, start, slow, monkeypatch,
                                                tmp_path):
    """
    Lines that a full disk does not take are counted, and later ones are written again.

    Where the disk says late that it is full, there are lines in the buffer when it has room again.
    """
    monkeypatch.setenv("SLOW_FULL_MS", str(slow_ms))
    folder = small_tmpfs(1)
    os.symlink(folder / "log", tmp_path / "log")
    cable = start("--control=%s/control" % tmp_path)
    with pytest.raises(OSError, match="No space"), open(folder / "more", "wb", 0) as more:
        while True:
            more.write(bytes(1024))
    endpoint = cable.endpoint()
    for _ in range(400):
        endpoint.send(99, b"", flags=vfu.NO_REPLY)
        assert alive(endpoint)
    control = Control(str(tmp_path / "control"))

    def lost():
        return next(int(line.split("\t")[1]) for line in control.ask("stat")[0]
                    if line.startswith("  log lines lost"))

    vfu.wait_until(lambda: lost() > 100, "lines that are counted", 30)
    os.unlink(folder / "more")

    def said():
        endpoint.send(99, b"", flags=vfu.NO_REPLY)
        assert alive(endpoint)
        return re.search(r"pcie-cable: (\d+) lines could not be written\n", cable.log())

    # The first of these lines may still meet the disk as it was
    match = vfu.wait_until(said, "the number")
    assert int(match[1]) == lost()
    cable.leave(endpoint, "endpoint disconnected")


@pytest.fixture
def plugged_trace(start, tmp_path):
    """A trace that goes to a pipe which nobody reads."""
    pipe = Plugged()
    cable = start("--trace=/proc/%d/fd/%d" % (os.getpid(), pipe.given),
                  "--control=%s/control" % tmp_path)
    cable.control = str(tmp_path / "control")
    cable.pipe = pipe
    return cable


def linked(cable):
    endpoint = cable.endpoint()
    endpoint.start()
    host = cable.host()
    host.enable()
    return endpoint, host


def test_nobody_reads_the_trace(plugged_trace, program, tmp_path):
    cable = plugged_trace
    endpoint, host = linked(cable)
    # Each line has twice as many characters as there are bytes
    size, number = 32768, 200
    for n in range(number):
        host.write_region(0, 0, bytes([n]) * 4096)
        endpoint.write_region(2, 0, bytes(size))
        assert host.read_region(7, 0, 4096)
    for _ in range(number):
        host.read_region(1, 0x900, 1)
        host.read_region(7, 0, 4096)
        host.read_region(0, 0, 4096)
    lost = next(int(line.split("\t")[1]) for line in Control(cable.control).ask("stat")[0]
                if line.startswith("  trace lines lost"))
    cable.process.terminate()
    text = cable.pipe.read()
    assert cable.exit_code() == 0
    assert lost and "trace lost " in text
    (tmp_path / "trace").write_text(text)
    assert run(program, "trace", str(tmp_path / "trace")).returncode == 0


def test_trace_that_is_read_again(plugged_trace, program, tmp_path):
    """What was lost is said where it is missing, and the rest is whole."""
    cable = plugged_trace
    _, host = linked(cable)
    control = Control(cable.control)

    def lost():
        return next(int(line.split("\t")[1]) for line in control.ask("stat")[0]
                    if line.startswith("  trace lines lost"))

    for _ in range(20000):
        if lost():
            break
        for _ in range(10):
            host.read_region(7, 0, 4096)
    assert lost()
    host.read_region(7, 0, 4096)
    missing = lost()
    path = tmp_path / "trace"
    reader = threading.Thread(target=lambda: path.write_text(cable.pipe.read()))
    reader.start()
    # So that there is room again
    time.sleep(1)
    host.config(0, 2)
    assert lost() == missing
    assert cable.stop() == 0
    reader.join()
    assert "trace lost %d" % missing in without_time(path)
    assert without_time(path)[-2:] == ["host CfgRd cfg+0x0 2 0x1af4", "link down"]
    shown = run(program, "trace", str(path), "--only=mem")
    assert shown.returncode == 0
    assert [line.split()[2:] for line in shown.stdout.splitlines()] == [
        ["trace", "lost", str(missing)]]
    assert run(program, "trace", str(path), "--pcapng=%s/out" % tmp_path).returncode == 0
    assert b"trace lost %d" % missing in (tmp_path / "out").read_bytes()


def test_trace_has_a_limit(start, program, tmp_path):
    path = tmp_path / "trace"
    cable = start("--trace=%s" % path, "--trace-limit=1M")
    endpoint, host = linked(cable)
    for _ in range(300):
        host.read_region(7, 0, 4096)
    cable.expect("%s: the trace ends here: it is as long as --trace-limit allows" % path)
    assert alive(host) and alive(endpoint)
    assert cable.stop() == 0
    assert (1 << 20) - 16384 < path.stat().st_size <= 1 << 20
    assert without_time(path)[-1] == "trace end"
    assert run(program, "trace", str(path)).returncode == 0


def test_trace_that_ends_where_lines_were_lost(start, tmp_path):
    """It says so before it says that it ends."""
    pipe = Plugged()
    fcntl.fcntl(pipe.given, fcntl.F_SETPIPE_SZ, 4096)
    # A bit more than what waits to be written, and the pipe
    cable = start("--trace=/proc/%d/fd/%d" % (os.getpid(), pipe.given), "--trace-limit=4128K",
                  "--control=%s/control" % tmp_path)
    endpoint = cable.endpoint()
    endpoint.set_up()
    endpoint.set_bar(0, 0x8000, endpoint.BAR0)
    endpoint.set_reg(vfu.LINK_CTRL, 1)
    host = cable.host()
    host.enable()
    control = Control(str(tmp_path / "control"))

    def lost():
        return next(int(line.split("\t")[1]) for line in control.ask("stat")[0]
                    if line.startswith("  trace lines lost"))

    for _ in range(2000):
        if lost():
            break
        for _ in range(10):
            host.read_region(7, 0, 4096)
    missing = lost()
    assert missing and "the trace ends here" not in cable.log()
    host.read_region(0, 0, 0x8000)
    cable.expect("/proc/%d/fd/%d: the trace ends here: it is as long as --trace-limit allows"
                 % (os.getpid(), pipe.given))
    path = tmp_path / "trace"
    reader = threading.Thread(target=lambda: path.write_text(pipe.read()))
    reader.start()
    assert cable.stop() == 0
    reader.join()
    assert without_time(path)[-2:] == ["trace lost %d" % missing, "trace end"]
    assert path.stat().st_size <= 4128 << 10


@pytest.mark.parametrize("limit", ["", "0", "1", "1023K", "2049G", "x", "-1"])
def test_bad_limit(program, limit):
    got = run(program, "--trace-limit=" + limit)
    assert got.returncode == 2
    assert "--trace-limit: a size from 1M to 2048G is allowed" in got.stderr


@pytest.fixture
def slow_maps(slow, monkeypatch):
    monkeypatch.setenv("SLOW_MAPS_MS", "3000")


def test_look_into_a_machine_takes_its_time(slow_maps, start):
    """Both machines are served while it is being found out whether they share their RAM."""
    begin = time.monotonic()
    cable = start()
    endpoint, host = linked(cable)
    assert endpoint.reg(vfu.LINK_STATUS) == 1
    assert alive(host)
    assert time.monotonic() - begin < 3


def test_the_look_is_not_forgotten(slow_maps, start):
    fd = os.memfd_create("ram")
    os.ftruncate(fd, 1 << 20)
    cable = start()
    with mmap.mmap(fd, 1 << 20, flags=mmap.MAP_PRIVATE):
        cable.keep(vfu.Client(cable.ep_socket)).dma_map(0x40000000, 1 << 20, fd)
        assert cable.process.wait(10) == 3
    assert "share=on" in cable.log()
    os.close(fd)


def endpoint_with_ram(cable, fd):
    cable.keep(vfu.Client(cable.ep_socket)).dma_map(0x40000000, 1 << 20, fd)


def host_with_ram(cable, fd):
    host = cable.keep(vfu.Client(cable.host_socket))
    host.dma_map(0, 0xa0000, fd)


@pytest.mark.parametrize("who", ["endpoint", "host"])
def test_who_comes_back_is_looked_at(slow_maps, start, who):
    """... though the look at the one before is not over yet."""
    cable = start()
    if who == "endpoint":
        fd = os.memfd_create("ram")
        os.ftruncate(fd, 1 << 20)
        connect = endpoint_with_ram
    else:
        cable.endpoint().start()
        fd = os.open(cable.ram, os.O_RDWR)
        connect = host_with_ram
    connect(cable, fd)
    cable.leave(cable.clients[-1], who + " disconnected")
    with mmap.mmap(fd, 1 << 20, flags=mmap.MAP_PRIVATE):
        connect(cable, fd)
        assert cable.process.wait(20) == 3
    assert "share=on" in cable.log()
    os.close(fd)
