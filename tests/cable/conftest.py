# SPDX-License-Identifier: GPL-2.0
"""The program under test, built with the address and undefined sanitizers."""

import ctypes
import os
import signal
import subprocess

import pytest

import vfu

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
OUT = os.path.join(TOP, "build", "bin", "sanitized")
RAM_SIZE = 64 << 20
MNT_DETACH = 2

# A shell has what it runs in the background ignore these, which programs inherit
for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGHUP):
    if signal.getsignal(number) == signal.SIG_IGN:
        signal.signal(number, signal.SIG_DFL)


@pytest.fixture(scope="session")
def program():
    subprocess.run(["make", "-s", "-C", os.path.join(TOP, "cable", "pcie-cable"),
                    "O=" + OUT, "SANITIZE=1"], check=True)
    return os.path.join(OUT, "pcie-cable")


class Cable:
    """A running pcie-cable, and the machines connected to it."""

    def __init__(self, program, directory, *more, stderr=None, preexec=None):
        self.ep_socket = os.path.join(directory, "ep.sock")
        self.host_socket = os.path.join(directory, "host.sock")
        self.ram = os.path.join(directory, "host-ram")
        self.log_path = os.path.join(directory, "log")
        before = 0
        if os.path.exists(self.log_path):
            before = self.log().count("pcie-cable: ready")
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(
                [program, "--ep-socket", self.ep_socket, "--host-socket", self.host_socket,
                 "--host-ram", "%s,size=64M" % self.ram, *more],
                stderr=log if stderr is None else stderr, preexec_fn=preexec)
        self.clients = []
        self.started(before)

    def started(self, before):
        vfu.wait_until(lambda: self.log().count("pcie-cable: ready") > before, "ready")

    def log(self):
        with open(self.log_path, encoding="utf-8") as log:
            return log.read()

    def says(self, text):
        """Wait for it in the log."""
        vfu.wait_until(lambda: text in self.log(), text)

    def expect(self, text):
        """Wait for a line of the log."""
        self.says("pcie-cable: " + text)

    def keep(self, client):
        self.clients.append(client)
        return client

    def endpoint(self, **how):
        return self.keep(vfu.Endpoint(self.ep_socket, **how))

    def bank(self):
        return self.keep(vfu.Client(self.ep_socket))

    def host(self, ram=True, fn=0):
        path = self.host_socket + (".%d" % fn if fn else "")
        return self.keep(vfu.Host(path, self.ram if ram else None))

    def leave(self, client, message):
        """A machine ends."""
        self.clients.remove(client)
        client.close()
        self.expect(message)

    def exit_code(self):
        try:
            return self.process.wait(vfu.PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        return self.exit_code()


@pytest.fixture
def start(program, tmp_path):
    """Start the program with more options; it must end well at the end."""
    started = []

    def run(*more, **how):
        started.append(Cable(program, str(tmp_path), *more, **how))
        return started[-1]

    yield run
    for cable in started:
        if cable.process.poll() is None:
            assert cable.stop() == 0
        for client in cable.clients:
            client.close()
        assert "Sanitizer" not in cable.log() and "runtime error" not in cable.log()


@pytest.fixture
def slow(tmp_path, monkeypatch):
    """Some calls of the program can be slow: slow-calls.c."""
    path = tmp_path / "slow-calls.so"
    subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-Wall", "-Wextra", "-Werror", "-o", path,
                    os.path.join(TOP, "tests", "cable", "slow-calls.c")], check=True)
    monkeypatch.setenv("LD_PRELOAD", str(path))
    monkeypatch.setenv("ASAN_OPTIONS", "verify_asan_link_order=0")


@pytest.fixture
def cable(start):
    return start()


@pytest.fixture
def endpoint(cable):
    return cable.endpoint()


@pytest.fixture
def pair(cable):
    """An endpoint that has started the link, and a host that uses it."""
    ep = cable.endpoint()
    ep.start()
    host = cable.host()
    host.enable()
    ep.events()
    ep.event.take()
    return ep, host


@pytest.fixture
def small_tmpfs(tmp_path):
    """A tmpfs of some megabytes."""
    folder = tmp_path / "tmpfs"
    folder.mkdir()

    libc = ctypes.CDLL(None, use_errno=True)

    def mount(megabytes):
        assert libc.mount(b"tmpfs", bytes(folder), b"tmpfs", 0, b"size=%dM" % megabytes) == 0, \
            os.strerror(ctypes.get_errno())
        return folder

    yield mount
    libc.umount2(bytes(folder), MNT_DETACH)
