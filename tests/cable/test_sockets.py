# SPDX-License-Identifier: GPL-2.0
"""Sockets as files: who may connect, and whose a path is."""

import fcntl
import os
import signal
import socket
import stat
import struct
import subprocess
import time

import pytest
import vfu
from test_control import Control
from test_program import run

FUNCTIONS = 8


def mode(path):
    return stat.S_IMODE(os.stat(path).st_mode)


def machine_sockets(cable):
    return [cable.ep_socket, cable.host_socket] + [
        "%s.%d" % (cable.host_socket, n) for n in range(1, FUNCTIONS)]


@pytest.mark.parametrize("umask", [0, 0o77, 0o777])
def test_for_oneself(start, tmp_path, umask):
    """Whatever the mode of new files is: who may connect can stop a machine."""
    control = str(tmp_path / "control")
    cable = start("--control=" + control, preexec=lambda: os.umask(umask))
    for path in (*machine_sockets(cable), control):
        assert mode(path) == 0o600


def test_for_others(start, tmp_path):
    control = str(tmp_path / "control")
    cable = start("--control=" + control, "--socket-mode=0660", "--control-mode=666",
                  preexec=lambda: os.umask(0o77))
    assert {mode(path) for path in machine_sockets(cable)} == {0o660}
    assert mode(control) == 0o666


@pytest.mark.parametrize("option", ["--socket-mode", "--control-mode"])
@pytest.mark.parametrize("value", ["", "rw", "0", "400", "0777", "888", "0600x", "7600"])
def test_bad_mode(program, option, value):
    got = run(program, "%s=%s" % (option, value))
    assert got.returncode == 2
    assert "%s: 600, 620, 660 or 666 is allowed" % option in got.stderr


def test_the_path_is_anothers_now(start, tmp_path):
    control = str(tmp_path / "control")
    cable = start("--control=" + control)
    others = []
    for path in (*machine_sockets(cable), control):
        os.unlink(path)
        others.append(socket.socket(socket.AF_UNIX))
        others[-1].bind(path)
        others[-1].listen()
    assert cable.stop() == 0
    for path in (*machine_sockets(cable), control):
        socket.socket(socket.AF_UNIX).connect(path)
    for other in others:
        other.close()


def owner(path):
    """The process that listens there"""
    client = socket.socket(socket.AF_UNIX)
    client.connect(path)
    pid = struct.unpack("iii", client.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))[0]
    client.close()
    return pid


@pytest.mark.parametrize("ms", [0, 40])
def test_many_begin_at_once(program, tmp_path, slow, monkeypatch, ms):
    """One has all the sockets, though somebody has left such behind; nobody has half of them."""
    monkeypatch.setenv("SLOW_UNLINK_MS", str(ms))
    folder = tmp_path / "sockets"
    folder.mkdir()
    ep, host, control = (str(folder / name) for name in ("ep", "host", "control"))
    for n in range(6):
        for path in (ep, host, control) if n % 2 else ():
            left = socket.socket(socket.AF_UNIX)
            left.bind(path)
            left.close()
        runs = [subprocess.Popen(
            [program, "--ep-socket=" + ep, "--host-socket=" + host, "--control=" + control,
             "--profile=rk3588", "--host-ram=%s/ram.%d,size=64M" % (tmp_path, k)],
            stderr=subprocess.PIPE, text=True) for k in range(4)]
        lines = [process.stderr.readline() for process in runs]
        ready = [process for process, line in zip(runs, lines) if line == "pcie-cable: ready\n"]
        assert len(ready) == 1, lines
        for process in runs:
            if process not in ready:
                assert process.wait(vfu.PATIENCE) == 1
        assert [owner(path) for path in (ep, host, control)] == [ready[0].pid] * 3
        Control(control).ask("help")
        ready[0].terminate()
        assert ready[0].wait(vfu.PATIENCE) == 0
        for process in runs:
            process.stderr.close()
        assert os.listdir(folder) == []


def test_folder_that_is_locked(program, tmp_path):
    """Somebody else takes sockets there, or is just in the way: for a moment only, or it is said."""
    folder = os.open(tmp_path, os.O_RDONLY)
    fcntl.flock(folder, fcntl.LOCK_EX)
    options = ["--ep-socket=%s/e" % tmp_path, "--host-socket=%s/h" % tmp_path,
               "--host-ram=%s/r,size=64M" % tmp_path]
    # However slow the machine: else it waits for ever
    got = subprocess.run([program, *options], stderr=subprocess.PIPE, text=True, timeout=60,
                         check=False)
    assert got.returncode == 1
    assert got.stderr == "pcie-cable: %s/e: cannot listen: its folder is locked by another " \
        "program; one that others cannot read is locked by nobody else\n" % tmp_path
    assert os.listdir(tmp_path) == []
    process = subprocess.Popen([program, *options], stderr=subprocess.PIPE, text=True)
    time.sleep(0.5)
    fcntl.flock(folder, fcntl.LOCK_UN)
    assert process.stderr.readline() == "pcie-cable: ready\n"
    fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
    fcntl.flock(folder, fcntl.LOCK_UN)
    process.terminate()
    assert process.wait(vfu.PATIENCE) == 0
    process.stderr.close()
    os.close(folder)
    assert os.listdir(tmp_path) == []


def test_folder_that_is_locked_at_the_end(start, tmp_path):
    """Whoever may read the folder may lock it; the program ends all the same, and leaves nothing."""
    cable = start("--control=%s/control" % tmp_path)
    folder = os.open(tmp_path, os.O_RDONLY)
    fcntl.flock(folder, fcntl.LOCK_EX)
    cable.process.send_signal(signal.SIGTERM)
    # As long for each of ten sockets as at the start is 20 s, on any machine
    assert cable.process.wait(18) == 0
    assert os.listdir(tmp_path) == ["log"]
    os.close(folder)
