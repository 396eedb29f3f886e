# SPDX-License-Identifier: GPL-2.0
"""Options, sockets, files and signals."""

import os
import resource
import signal
import socket
import subprocess

import pytest
import vfu


def run(program, *options):
    return subprocess.run([program, *options], capture_output=True, text=True, timeout=vfu.PATIENCE,
                          check=False)


def test_help_and_version(program):
    for option in ("--help", "-h"):
        got = run(program, option)
        assert got.returncode == 0 and got.stderr == ""
        for name in ("--ep-socket", "--host-socket", "--host-ram", "--host-qmp", "--host-bus",
                     "--host-device-id", "--profile", "--windows", "--dma", "--link", "--read-ns",
                     "--write-ns", "--mps", "--mrrs", "--trace", "--trace-filter", "--trace-limit",
                     "--control", "--control-mode", "--socket-mode", "--verbose", "--version",
                     "EXIT STATUS", "CONTROL"):
            assert name in got.stdout
    for option in ("--version", "-V"):
        assert run(program, option).stdout.startswith("pcie-cable ")


@pytest.mark.parametrize("options,message", [
    ([], "are needed"), (["--nonsense"], "unrecognized option"), (["--ep-socket"], "argument"),
    (["x"], "only options are allowed"),
    (["--ep-socket=a", "--host-socket=a", "--host-ram=r,size=64M"], "need different paths"),
    (["--host-ram=r"], "FILE,size=SIZE"), (["--host-ram=,size=64M"], "FILE,size=SIZE"),
    (["--host-ram=r,size="], "FILE,size=SIZE"), (["--host-ram=r,size=64X"], "FILE,size=SIZE"),
    (["--host-ram=r,size=64MM"], "FILE,size=SIZE"), (["--host-ram=r,size=-1"], "FILE,size=SIZE"),
    (["--host-ram=r,size=99999999999999999999"], "FILE,size=SIZE"),
    (["--host-ram=r,size=99999999999999999G"], "FILE,size=SIZE"),
    (["--host-ram=r,size=32M"], "from 64M to 2G"), (["--host-ram=r,size=4G"], "from 64M to 2G"),
    (["--host-ram=r,size=96M"], "power of two")])
def test_wrong_options(program, options, message):
    got = run(program, *options)
    assert got.returncode == 2
    assert message in got.stderr


@pytest.mark.parametrize("size", ["67108864", "65536K", "64M"])
def test_size_suffixes(program, tmp_path, size):
    process = subprocess.Popen([program, "--ep-socket=%s/e" % tmp_path, "--host-socket=%s/h" % tmp_path,
                                "--host-ram=%s/a,b,size=%s" % (tmp_path, size)])
    vfu.wait_until(lambda: os.path.exists(tmp_path / "a,b") and
                   os.stat(tmp_path / "a,b").st_size == 64 << 20, "the file")
    process.terminate()
    assert process.wait(vfu.PATIENCE) == 0


ENDS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT)


def has_gone(cable):
    return not any(map(os.path.lexists, (cable.ep_socket, cable.host_socket, cable.ram)))


def test_log_that_cannot_be_started(program, slow, tmp_path, monkeypatch):
    """Who waits for the line that says so does not go on as if it were ready."""
    monkeypatch.setenv("NO_THREADS", "1")
    got = run(program, "--ep-socket=%s/e" % tmp_path, "--host-socket=%s/h" % tmp_path,
              "--host-ram=%s/r,size=64M" % tmp_path)
    assert got.returncode == 1
    assert got.stderr == "pcie-cable: cannot start: Resource temporarily unavailable\n"
    assert os.listdir(tmp_path) == ["slow-calls.so"]


@pytest.mark.parametrize("number", ENDS)
def test_ends_and_removes(cable, pair, number):
    assert pair
    cable.process.send_signal(number)
    assert cable.exit_code() == 0
    assert has_gone(cable)


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGQUIT])
def test_signal_that_was_ignored(start, number):
    """As nohup does it, or a shell for what it runs in the background."""
    before = signal.signal(number, signal.SIG_IGN)
    try:
        cable = start()
    finally:
        signal.signal(number, before)
    cable.process.send_signal(number)
    cable.endpoint().start()
    assert cable.process.poll() is None
    assert cable.stop() == 0
    assert has_gone(cable)


def test_limit_of_file_sizes(start, tmp_path):
    """The machines go on, and all is removed at the end."""
    cable = start("--trace=%s/trace" % tmp_path)
    resource.prlimit(cable.process.pid, resource.RLIMIT_FSIZE, (4096, 4096))
    cable.endpoint().start()
    host = cable.host()
    host.read_region(7, 0, 4096)
    cable.expect("%s/trace: the trace ends here: File too large" % tmp_path)
    host.enable()
    assert cable.stop() == 0
    assert has_gone(cable)


def test_stale_sockets_are_replaced(start):
    first = start()
    first.process.kill()
    first.process.wait()
    assert os.path.exists(first.ep_socket)
    second = start()
    second.endpoint().start()
    second.host()


def test_sockets_in_use_are_kept(cable, start, program, tmp_path):
    got = run(program, "--ep-socket=" + cable.ep_socket, "--host-socket=%s/x" % tmp_path,
              "--host-ram=%s/y,size=64M" % tmp_path)
    assert got.returncode == 1
    assert "somebody listens there already" in got.stderr
    assert not os.path.exists(tmp_path / "y")
    got = run(program, "--host-socket=" + cable.host_socket, "--ep-socket=%s/x" % tmp_path,
              "--host-ram=%s/y,size=64M" % tmp_path)
    assert got.returncode == 1
    assert not os.path.exists(tmp_path / "x")
    cable.endpoint().start()


def test_no_socket_at_that_path(program, tmp_path):
    (tmp_path / "file").write_text("precious")
    got = run(program, "--ep-socket=%s/file" % tmp_path, "--host-socket=%s/h" % tmp_path,
              "--host-ram=%s/r,size=64M" % tmp_path)
    assert got.returncode == 1
    assert "no socket" in got.stderr
    assert (tmp_path / "file").read_text() == "precious"


@pytest.mark.parametrize("path", ["/nonexistent/a", "/" + "x" * 200])
def test_bad_socket_path(program, tmp_path, path):
    got = run(program, "--ep-socket=" + path, "--host-socket=%s/h" % tmp_path,
              "--host-ram=%s/r,size=64M" % tmp_path)
    assert got.returncode == 1
    assert "cannot listen" in got.stderr


def test_ram_of_another_size(program, tmp_path):
    (tmp_path / "r").write_bytes(b"precious")
    got = run(program, "--ep-socket=%s/e" % tmp_path, "--host-socket=%s/h" % tmp_path,
              "--host-ram=%s/r,size=64M" % tmp_path)
    assert got.returncode == 1
    assert "no file of 67108864 bytes" in got.stderr
    assert (tmp_path / "r").read_bytes() == b"precious"
    assert not os.path.exists(tmp_path / "e")


def test_ram_that_is_there_is_used_and_kept(start, tmp_path):
    with open(tmp_path / "host-ram", "wb") as ram:
        ram.write(b"the host was first")
        ram.truncate(64 << 20)
    cable = start()
    assert cable.endpoint().read_region(2, 0, 18) == b"the host was first"
    assert cable.stop() == 0
    assert os.stat(cable.ram).st_size == 64 << 20


def test_verbose(start):
    cable = start("--verbose")
    cable.endpoint().start()
    cable.expect("endpoint: command 1, ")
    cable.expect("endpoint: memory 0x40000000, 0x1000000 bytes, shared at 0")


def test_connection_without_a_word(cable):
    silent = socket.socket(socket.AF_UNIX)
    silent.connect(cable.host_socket)
    other = socket.socket(socket.AF_UNIX)
    other.connect(cable.ep_socket)
    other.close()
    silent.close()
    cable.endpoint().start()
