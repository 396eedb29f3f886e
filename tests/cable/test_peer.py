# SPDX-License-Identifier: GPL-2.0
"""What a machine shares with the program it may go on using, in any way it likes."""

import errno
import fcntl
import os
import select
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time

import pytest
import slow_fds
import vfu
from conftest import TOP
from test_control import Control
from test_protocol import alive, refused
from vfu import SENT

EVENTFD = vfu.IRQ_EVENTFD | vfu.IRQ_TRIGGER
FULL = 2 ** 64 - 2

# Fills its event descriptor to the top, and changes O_NONBLOCK, as fast as it can
RESTLESS = """
import fcntl, os, sys
fd = int(sys.argv[1])
flags = fcntl.fcntl(fd, fcntl.F_GETFL)
print("ready", flush=True)
while True:
    fcntl.fcntl(fd, fcntl.F_SETFL, flags | os.O_NONBLOCK)
    try:
        os.eventfd_write(fd, %d)
    except BlockingIOError:
        pass
    fcntl.fcntl(fd, fcntl.F_SETFL, flags & ~os.O_NONBLOCK)
""" % FULL


def blocking(fd):
    fcntl.fcntl(fd, fcntl.F_SETFL, fcntl.fcntl(fd, fcntl.F_GETFL) & ~os.O_NONBLOCK)


def set_up_full(machine, index):
    """Have the machine's first vector signal an event that has no room: who writes waits."""
    event = vfu.Event()
    machine.set_irqs(EVENTFD, 0, 1, [event.fd], index=index)
    event.take()
    os.eventfd_write(event.fd, FULL)
    blocking(event.fd)
    return event


@pytest.fixture
def msix(pair):
    endpoint, host = pair
    host.msix(0x8000)
    return pair


def test_event_that_is_full_stops_nobody(cable, msix):
    endpoint, host = msix
    event = set_up_full(host, vfu.MSIX)
    for _ in range(9000):
        endpoint.send(vfu.REGION_WRITE, struct.pack("<QIII", vfu.FN + vfu.FN_MSIX_RAISE, 0, 4, 1),
                      flags=vfu.NO_REPLY)
    assert endpoint.fn(vfu.FN_IRQ_STATUS) == SENT
    host.set_irqs(vfu.IRQ_NONE | vfu.IRQ_TRIGGER, 0, 1)
    assert alive(host)
    # Of what it counts nothing was taken
    assert os.eventfd_read(event.fd) >= FULL
    assert endpoint.raise_irq(1) == SENT
    assert os.eventfd_read(event.fd) == 1


def test_event_of_the_endpoint_that_is_full(cable, endpoint):
    endpoint.start()
    set_up_full(endpoint, vfu.MSIX)
    host = cable.host()
    host.enable()
    assert endpoint.reg(vfu.LINK_STATUS) == 1
    assert alive(host)


def test_event_that_changes_all_the_time(cable, msix):
    """Whatever the flag is at the moment of a look, it may be another one at the next."""
    endpoint, host = msix
    event = vfu.Event()
    host.set_irqs(EVENTFD, 0, 1, [event.fd])
    peer = subprocess.Popen([sys.executable, "-c", RESTLESS, str(event.fd)], pass_fds=[event.fd],
                            stdout=subprocess.PIPE)
    try:
        assert peer.stdout.readline() == b"ready\n"
        end = time.monotonic() + 3
        while time.monotonic() < end:
            for _ in range(50):
                assert endpoint.raise_irq(1) == SENT
            assert alive(host)
    finally:
        peer.kill()
        peer.wait()
    cable.process.send_signal(signal.SIGTERM)
    assert cable.exit_code() == 0


def test_the_flags_of_an_event_are_left_alone(msix):
    endpoint, host = msix
    event = vfu.Event()
    blocking(event.fd)
    host.set_irqs(EVENTFD, 0, 1, [event.fd])
    assert endpoint.raise_irq(1) == SENT
    assert not fcntl.fcntl(event.fd, fcntl.F_GETFL) & os.O_NONBLOCK
    assert event.take() == 1


def something_else():
    """Descriptors that can be written to, or waited for, and are no event descriptors."""
    pipe = os.pipe()
    sockets = socket.socketpair()
    null = os.open("/dev/null", os.O_RDWR)
    memory = os.memfd_create("anon_inode:[eventfd]")
    epoll = select.epoll()
    timer = os.timerfd_create(time.CLOCK_MONOTONIC)
    yield from (("pipe", pipe[1]), ("end of a pipe to read from", pipe[0]),
                ("socket", sockets[0].fileno()), ("null", null), ("memory", memory),
                ("epoll", epoll.fileno()), ("timer", timer))
    for fd in (*pipe, null, memory, timer):
        os.close(fd)
    epoll.close()
    for end in sockets:
        end.close()


def test_only_event_descriptors(cable, msix):
    endpoint, host = msix
    event = vfu.Event()
    host.set_irqs(EVENTFD, 0, 1, [event.fd])
    for name, fd in something_else():
        refused(errno.EINVAL, host.set_irqs, EVENTFD, 0, 1, [fd])
        refused(errno.EINVAL, host.set_irqs, EVENTFD, 0, 2, [event.fd, fd])
        cable.expect("host: a descriptor for interrupts is no eventfd; only those are allowed")
        assert endpoint.raise_irq(1) == SENT and event.take() == 1, name


def test_event_that_counts_down(msix):
    endpoint, host = msix
    fd = os.eventfd(0, os.EFD_SEMAPHORE | os.EFD_NONBLOCK)
    host.set_irqs(EVENTFD, 0, 1, [fd])
    assert [endpoint.raise_irq(1) for _ in range(2)] == [SENT] * 2
    assert [os.eventfd_read(fd) for _ in range(2)] == [1, 1]
    os.close(fd)


@pytest.fixture
def poison():
    """Send a message, or bytes, with such a connection to the program, which has it alone then."""
    others = []

    def send(cable, sock, data):
        end, silent = slow_fds.lingering(60)
        others.append(silent)
        cable.process.send_signal(signal.SIGSTOP)
        socket.send_fds(sock, [data], [end.fileno()])
        end.close()
        cable.process.send_signal(signal.SIGCONT)

    yield send
    for silent in others:
        silent.close()


def served(machine):
    """It is, without a wait."""
    begin = time.monotonic()
    assert alive(machine)
    assert time.monotonic() - begin < 1


GET_INFO = struct.pack("<HHIII", 1, vfu.GET_INFO, 32, 0, 0) + struct.pack("<IIII", 16, 0, 0, 0)
SET_IRQS = struct.pack("<HHIII", 1, vfu.SET_IRQS, 36, 0, 0) + struct.pack(
    "<IIIII", 20, EVENTFD, vfu.MSIX, 0, 1)
DMA_MAP = struct.pack("<HHIII", 1, vfu.DMA_MAP, 48, 0, 0) + struct.pack(
    "<IIQQQ", 32, 3, 0, 0x80000000, 4096)


@pytest.mark.parametrize("message", [GET_INFO, SET_IRQS, DMA_MAP, GET_INFO[:10], b"\xff" * 16],
                         ids=["not-wanted", "interrupt", "memory", "cut", "noise"])
def test_descriptor_that_is_slow_to_close(cable, pair, poison, message):
    endpoint, host = pair
    poison(cable, host.sock, message)
    served(endpoint)
    host.close()
    cable.clients.remove(host)
    cable.expect("host disconnected")
    served(endpoint)
    assert cable.stop() == 0


def test_descriptor_that_nobody_takes(cable, pair, poison):
    """The connection is refused before anything of it is read."""
    endpoint, host = pair
    for _ in range(3):
        other = socket.socket(socket.AF_UNIX)
        cable.process.send_signal(signal.SIGSTOP)
        other.connect(cable.host_socket)
        poison(cable, other, GET_INFO)
        other.close()
    cable.expect("host refused")
    served(endpoint)
    served(host)


def test_descriptor_at_the_control_socket(start, tmp_path, poison):
    cable = start("--control=%s/control" % tmp_path)
    endpoint = cable.endpoint()
    for line in (b"help\n", b"half a li", b""):
        client = socket.socket(socket.AF_UNIX)
        client.connect(str(tmp_path / "control"))
        poison(cable, client, line or b"\n" * 1000)
        served(endpoint)
        client.close()
        served(endpoint)


def test_descriptor_from_qmp(start, tmp_path, poison):
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(tmp_path / "qmp"))
    listener.listen()
    cable = start("--host-qmp=%s/qmp" % tmp_path)
    endpoint = cable.endpoint()
    endpoint.start()
    qmp = listener.accept()[0]
    poison(cable, qmp, b'{"QMP":{}}\n')
    assert qmp.recv(100)
    served(endpoint)
    poison(cable, qmp, b"x")
    qmp.close()
    served(endpoint)
    listener.close()


def send_lingering(sock, data):
    """... the last descriptor of it; its other end, which is to be closed at last"""
    end, silent = slow_fds.lingering(60)
    socket.send_fds(sock, [data], [end.fileno()])
    end.close()
    return silent


def test_descriptor_of_one_who_was_not_let_in(cable, pair):
    """The program ends while some wait at its sockets that have sent something already."""
    cable.process.send_signal(signal.SIGSTOP)
    waiting = []
    for path in [cable.host_socket, cable.ep_socket] * 3:
        sock = socket.socket(socket.AF_UNIX)
        sock.connect(path)
        waiting += [sock, send_lingering(sock, GET_INFO)]
    cable.process.send_signal(signal.SIGTERM)
    cable.process.send_signal(signal.SIGCONT)
    assert cable.exit_code() == 0
    for other in waiting:
        other.close()


@pytest.mark.parametrize("where", ["host", "ep", "control"])
def test_descriptor_out_of_band(start, tmp_path, where):
    """The kernel drops what comes out of band when the next byte is read, unless told otherwise."""
    cable = start("--control=%s/control" % tmp_path)
    endpoint = cable.endpoint()
    endpoint.start()
    host = cable.host()
    sock = {"host": host.sock, "ep": cable.bank().sock}.get(where)
    if not sock:
        sock = socket.socket(socket.AF_UNIX)
        sock.connect(str(tmp_path / "control"))
    end, silent = slow_fds.lingering(60)
    cable.process.send_signal(signal.SIGSTOP)
    sock.sendmsg([b"x"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS,
                           struct.pack("i", end.fileno()))], socket.MSG_OOB)
    end.close()
    cable.process.send_signal(signal.SIGCONT)
    time.sleep(0.2)
    served(endpoint)
    silent.close()


def test_those_who_send_such_descriptors_wait(cable, pair, poison):
    """... until they are closed, so that there are never many."""
    endpoint, host = pair
    poison(cable, host.sock, GET_INFO)
    assert host.receive()[:3] == (1, vfu.GET_INFO, 1)
    host.sock.sendall(GET_INFO)
    host.sock.settimeout(0.5)
    with pytest.raises(TimeoutError):
        host.receive()
    served(endpoint)


def test_others_are_closed_all_the_same(start, tmp_path, poison):
    """Who comes and goes, and has sent nothing that was not read, does not wait for anybody."""
    cable = start("--control=%s/control" % tmp_path)
    endpoint = cable.endpoint()
    endpoint.start()
    poison(cable, endpoint.sock, GET_INFO)
    for _ in range(80):
        assert Control(str(tmp_path / "control")).ask("help")
        cable.leave(cable.host(), "host disconnected")
    served(cable.host())


def leave_many(path):
    """Descriptors that are not wanted, more than may wait to be closed"""
    event = vfu.Event()
    for _ in range(3):
        with socket.socket(socket.AF_UNIX) as other:
            other.connect(path)
            socket.send_fds(other, [b"x"], [event.fd] * 250)
            other.settimeout(vfu.PATIENCE)
            assert other.recv(1) == b""


def none_can_connect(cable, path):
    with socket.socket(socket.AF_UNIX) as other:
        other.connect(path)
        cable.expect("%s: nobody can connect until the descriptors are closed that came with "
                     "messages" % path)


def test_others_connect_all_the_same(cable, pair, poison):
    """Who sends many has to wait until they are closed, and nobody else."""
    endpoint, host = pair
    poison(cable, host.sock, GET_INFO)
    cable.leave(host, "host disconnected")
    leave_many(cable.host_socket)
    none_can_connect(cable, cable.host_socket)
    served(cable.bank())
    served(endpoint)


def test_others_at_the_same_socket(cable, pair, poison):
    """Who is connected there is served all the same."""
    bank, other = cable.bank(), cable.bank()
    poison(cable, other.sock, GET_INFO)
    leave_many(cable.ep_socket)
    none_can_connect(cable, cable.ep_socket)
    for machine in (bank, *pair):
        served(machine)


@pytest.fixture
def stuck_event():
    """Make an event descriptor that is slow to close, until the end of the test."""
    stuck = []

    def make():
        fd, epoll = slow_fds.stuck_event()
        stuck.append(epoll)
        return fd

    yield make
    for epoll in stuck:
        epoll.release()


@pytest.mark.parametrize("data", [b"", None], ids=["no-vector", "gone"])
def test_event_that_is_slow_to_close(cable, msix, stuck_event, data):
    """Nobody waits for a lock that is the peer's when the program has the event last."""
    endpoint, host = msix
    fd = stuck_event()
    host.set_irqs(EVENTFD, 0, 1, [fd])
    os.close(fd)
    if data is None:
        host.close()
        cable.clients.remove(host)
    else:
        host.send(vfu.SET_IRQS, struct.pack("<IIIII", 20, vfu.IRQ_NONE | vfu.IRQ_TRIGGER,
                                            vfu.MSIX, 0, 0))
    time.sleep(0.2)
    served(endpoint)


def test_events_that_are_slow_to_close(cable, msix, stuck_event):
    """Who leaves many to be closed has to wait, at last; the other machine does not."""
    endpoint, host = msix
    fd = stuck_event()
    host.set_irqs(EVENTFD, 0, 1, [fd])
    os.close(fd)
    event = vfu.Event()

    def replace(machine):
        for n in range(600):
            try:
                machine.set_irqs(EVENTFD, 0, 1, [event.fd])
            except TimeoutError:
                return n
        return 600

    host.sock.settimeout(1)
    # A function has 289 of them
    assert 289 < replace(host) < 600
    assert replace(endpoint) == 600
    served(endpoint)
    cable.leave(host, "host disconnected")


def test_the_end_with_an_event_that_is_slow_to_close(cable, msix, stuck_event):
    """The process stays until the kernel has closed the event; nothing else of it does."""
    _, host = msix
    fd = stuck_event()
    host.set_irqs(EVENTFD, 0, 1, [fd])
    os.close(fd)
    cable.process.send_signal(signal.SIGTERM)
    for machine in cable.clients:
        assert machine.sock.recv(1) == b""
    vfu.wait_until(lambda: not any(map(os.path.exists, (
        cable.host_socket, cable.ep_socket, cable.ram))), "nothing left behind")


def test_memory_is_in_memory(cable, endpoint):
    """A file of another kind may be on a server that never answers: it is not mapped."""
    with tempfile.TemporaryFile(dir=os.path.join(TOP, "build")) as other:
        other.truncate(8192)
        refused(errno.EINVAL, endpoint.dma_map, 0x1000, 0x1000, other.fileno())
    cable.expect("endpoint: a file that is not in memory is not mapped; give its QEMU "
                 "-object memory-backend-memfd")
    served(endpoint)
