# SPDX-License-Identifier: GPL-2.0
"""Machines and clients that do all at once what they should not; the program must not care.

Usage: hostile.py [-m MINUTES] [-s SEED]

Runs pcie-cable (with sanitizers), lets processes misbehave at all of its sockets, and be
its host or its endpoint, and is the other machine, or both, itself: each of its requests has
to be answered in time. At the end it prints what the program has dropped. Exit code 0: the
program was alive and has forgotten nobody's descriptors.

hostile.py ACTOR SEED FOLDER is one of these processes, until it is killed.
"""

import fcntl
import getopt
import os
import random
import re
import resource
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time

import slow_fds
import vfu

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
OUT = os.path.join(TOP, "build", "bin", "sanitized")
EVENTFD = vfu.IRQ_EVENTFD | vfu.IRQ_TRIGGER
FULL = 2 ** 64 - 2
FUNCTIONS = 8
# QEMU gives a device up that does not answer for so long
PATIENCE = 5.0
# What is slow to close takes longer than that; there is some for a part of the time
SLOW = 6
SLOW_EVERY = 25
TURN = 8.0
EXPECTED = (OSError, vfu.Closed, vfu.Refused, AssertionError)


class Folder:
    """Where the program has its sockets and files."""

    def __init__(self, path):
        self.path = path
        self.ep, self.host, self.control, self.qmp, self.ram, self.trace, self.log = (
            os.path.join(path, name) for name in (
                "ep.sock", "host.sock", "control.sock", "qmp.sock", "host-ram", "trace", "log"))

    def sockets(self):
        return [self.ep, self.host, self.control] + [
            "%s.%d" % (self.host, n) for n in range(1, FUNCTIONS)]


# What may come with a message


class Gifts:
    """Descriptors of all kinds, and now and then one that is slow to close."""

    def __init__(self, rng):
        self.rng = rng
        self.pipe = os.pipe()
        self.memory = os.memfd_create("gift")
        os.ftruncate(self.memory, 1 << 20)
        self.event_fd = os.eventfd(0, os.EFD_NONBLOCK)
        self.null = os.open("/dev/null", os.O_RDWR)
        self.folder = os.open("/", os.O_RDONLY)
        self.pair = socket.socketpair()
        self.slow_at = 0
        self.events_at = 0
        self.silent = []

    def some(self, most=20):
        every = (*self.pipe, self.memory, self.event_fd, self.null, self.folder,
                 self.pair[0].fileno())
        return [self.rng.choice(every) for _ in range(self.rng.randrange(most))]

    def event(self):
        """An event descriptor, which now and then is slow to close; for the caller to close"""
        if time.monotonic() < self.events_at:
            return os.dup(self.event_fd)
        self.events_at = time.monotonic() + SLOW_EVERY
        fd, epoll = slow_fds.stuck_event()
        threading.Timer(SLOW, epoll.release).start()
        return fd

    def slow(self):
        """One that is slow to close"""
        if self.rng.randrange(2):
            return self.event()
        end, silent = slow_fds.lingering(SLOW)
        self.silent = self.silent[-3:] + [silent]
        return end.detach()

    def send(self, sock, data, fds=None):
        """Data with descriptors; the slow one is the program's alone then, mostly."""
        fds = self.some() if fds is None else fds
        slow = None
        if time.monotonic() > self.slow_at:
            self.slow_at = time.monotonic() + SLOW_EVERY
            slow = self.slow()
            fds = fds[:3] + [slow]
        try:
            if self.rng.randrange(8):
                socket.send_fds(sock, [data], fds)
            else:
                # Out of band, which is dropped when what comes next is read
                socket.send_fds(sock, [b"x"], fds, socket.MSG_OOB)
                sock.send(data)
        finally:
            if slow is not None:
                os.close(slow)


def message(command, payload=b"", size=None, flags=0):
    return struct.pack("<HHIII", 1, command, 16 + len(payload) if size is None else size, flags,
                       0) + payload


def noise(rng, most=200):
    return rng.randbytes(rng.randrange(1, most))


def odd_message(rng):
    """One that no machine would send"""
    command = rng.choice([*range(16), rng.randrange(1 << 16)])
    payload = rng.choice([b"", bytes(16), noise(rng), struct.pack("<I", 32) + noise(rng, 64)])
    size = rng.choice([None, None, None, 0, 15, 1 << 20, 1 << 31])
    return message(command, payload, size, rng.choice([0, 0, vfu.NO_REPLY, 1]))


# Actors. Each call is a while of misbehaviour; it may end in any of EXPECTED.


def knock(folder, rng, gifts):
    """At any socket: nothing, noise, or a message of no machine; and go, or stay."""
    kept = []
    for _ in range(100):
        sock = socket.socket(socket.AF_UNIX)
        sock.settimeout(1)
        kept.append(sock)
        try:
            sock.connect(rng.choice(folder.sockets()))
            for _ in range(rng.randrange(4)):
                gifts.send(sock, rng.choice([noise(rng), odd_message(rng),
                                             message(vfu.VERSION, b"\0\0\0\0{}\0")]))
        except EXPECTED:
            pass
        if len(kept) > 20:
            kept.pop(rng.randrange(len(kept))).close()


def be_bank(folder, rng, gifts):
    """One more device at the endpoint's socket, or a second endpoint."""
    client = vfu.Client(folder.ep)
    client.sock.settimeout(1)
    for _ in range(50):
        for _ in range(rng.randrange(30)):
            client.send(rng.randrange(20, 99), b"", flags=vfu.NO_REPLY)
        gifts.send(client.sock, message(vfu.DMA_MAP, struct.pack(
            "<IIQQQ", 32, 3, 0, rng.randrange(1 << 32) << 12, 4096)))
    # It asks for much, and takes nothing
    client.sock.setblocking(False)
    for _ in range(10000):
        client.sock.send(message(vfu.REGION_READ, struct.pack("<QII", 0, 7, 4096)))


def be_client(folder, rng, gifts):
    """At the control socket"""
    clients = []
    for _ in range(6):
        clients.append(socket.socket(socket.AF_UNIX))
        clients[-1].settimeout(1)
        clients[-1].connect(folder.control)
    for _ in range(200):
        client = rng.choice(clients)
        client.setblocking(False)
        line = rng.choice([b"stat\n" * 50, b"help\n" * 50, b"x" * 300, b"irq delay\n", noise(rng),
                           b"half a li"])
        try:
            gifts.send(client, line, None if rng.random() < 0.2 else [])
        except EXPECTED:
            pass


class Restless:
    """An event descriptor that is filled, while its O_NONBLOCK changes, as fast as can be."""

    def __init__(self):
        self.fd = os.eventfd(0, os.EFD_NONBLOCK)
        self.on = True
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        flags = fcntl.fcntl(self.fd, fcntl.F_GETFL)
        while self.on:
            fcntl.fcntl(self.fd, fcntl.F_SETFL, flags | os.O_NONBLOCK)
            try:
                os.eventfd_write(self.fd, FULL)
            except BlockingIOError:
                pass
            fcntl.fcntl(self.fd, fcntl.F_SETFL, flags & ~os.O_NONBLOCK)
        os.close(self.fd)


def be_host(folder, rng, gifts):
    """A host whose QEMU is somebody else's by now"""
    host = vfu.Host(folder.host, folder.ram)
    event = Restless()
    try:
        for index, number in ((vfu.INTX, 1), (vfu.MSI, 1), (vfu.MSIX, 3)):
            try:
                host.set_irqs(EVENTFD, 0, number, [event.fd] * number, index=index)
            except vfu.Refused:
                pass
        host.enable(6)
        host.msix(0x8000)
        for _ in range(rng.randrange(20, 300)):
            what = rng.randrange(8)
            if what == 0:
                host.enable(rng.choice([0, 2, 4, 6, 7]))
            elif what == 1:
                host.set_config(rng.randrange(256), 1, rng.randrange(256))
            elif what == 2:
                host.write_region(rng.randrange(2), rng.randrange(4000), noise(rng, 64))
            elif what == 3:
                host.set_irqs(vfu.IRQ_NONE | rng.choice([vfu.IRQ_MASK, vfu.IRQ_UNMASK]), 0, 1,
                              index=vfu.INTX)
            elif what == 4:
                host.dma_unmap(0, 0, 2)
                host.dma_map(0, 0xa0000, host.ram_fd)
            elif what == 5:
                host.request(vfu.RESET)
                host.enable(6)
                host.msix(0x8000)
            elif what == 6:
                fd = gifts.event()
                try:
                    host.set_irqs(EVENTFD, 2, 1, [fd])
                finally:
                    os.close(fd)
            else:
                gifts.send(host.sock, odd_message(rng))
                host.sock.settimeout(0.05)
                try:
                    host.receive()
                except TimeoutError:
                    pass
                host.sock.settimeout(vfu.PATIENCE)
    finally:
        event.on = False
        host.close()


def be_endpoint(folder, rng, gifts):
    """An endpoint whose driver writes to any register, and whose RAM comes and goes"""
    ep = vfu.Endpoint(folder.ep)
    event = Restless()
    try:
        ep.set_irqs(EVENTFD, 0, 2, [event.fd] * 2)
        ep.start()
        for _ in range(rng.randrange(20, 300)):
            what = rng.randrange(8)
            if what == 0:
                for _ in range(50):
                    ep.set_reg(vfu.LINK_CTRL, rng.randrange(2))
            elif what == 1:
                ep.set_bar(rng.randrange(6), 1 << rng.randrange(20), rng.randrange(1 << 33))
            elif what == 2:
                ep.set_reg(rng.randrange(0, 0x10000, 4), rng.randrange(1 << 32))
            elif what == 3:
                for _ in range(50):
                    ep.raise_irq(rng.randrange(5))
            elif what == 4:
                os.ftruncate(ep.ram_fd, rng.choice([0, 4096, ep.RAM_SIZE]))
            elif what == 5:
                at = 0xc000 + rng.randrange(4) * 0x20
                for reg, value in ((0, ep.BAR0), (4, 0), (8, rng.randrange(1, 200)), (12, 1)):
                    ep.set_reg(at + reg, value)
            elif what == 6:
                ep.request(vfu.RESET)
                os.ftruncate(ep.ram_fd, ep.RAM_SIZE)
                ep.start()
            else:
                gifts.send(ep.sock, odd_message(rng))
                return
    finally:
        event.on = False
        ep.close()


def be_qmp(folder, rng, gifts):
    """The host's QMP, which says anything"""
    listener = socket.socket(socket.AF_UNIX)
    path = folder.qmp + ".new"
    listener.bind(path)
    listener.listen()
    os.rename(path, folder.qmp)
    try:
        while True:
            client = listener.accept()[0]
            client.settimeout(1)
            for line in (b'{"QMP":{}}\n', b'{"return":{}}\n', noise(rng), b"x" * 20000 + b"\n",
                         b'{"error":{"desc":"%s"}}\n' % noise(rng)):
                gifts.send(client, line)
            client.close()
    finally:
        listener.close()


ACTORS = {"knock": knock, "bank": be_bank, "client": be_client, "host": be_host,
          "endpoint": be_endpoint, "qmp": be_qmp}
ALWAYS = ("knock", "bank", "client", "qmp")


def act(name, seed, path):
    rng = random.Random(seed)
    folder, gifts = Folder(path), Gifts(rng)
    vfu.PATIENCE = 1.0
    while True:
        try:
            ACTORS[name](folder, rng, gifts)
        except EXPECTED:
            time.sleep(0.02)


class Actor:
    """A process that misbehaves."""

    def __init__(self, name, seed, path):
        # Where there are emulated machines, these need the processors, too
        self.process = subprocess.Popen(["nice", "-n", "10", sys.executable,
                                         os.path.abspath(__file__), name, str(seed), path])

    def end(self):
        self.process.kill()
        self.process.wait()


# Those that behave


class Watched:
    """A machine of our own; the longest time that one of its requests took."""

    def __init__(self, report):
        self.report = report
        self.machine = None

    def timed(self, what, *args):
        begin = time.monotonic()
        try:
            return what(*args)
        finally:
            took = time.monotonic() - begin
            self.report.slowest = max(self.report.slowest, took)
            self.report.requests += 1
            assert took < PATIENCE, "not answered in time"

    def connect(self, make, end):
        """Until it is let in; others may have all places for a while."""
        while self.machine is None and time.monotonic() < end:
            try:
                self.machine = make()
            except EXPECTED:
                time.sleep(0.05)
        return self.machine

    def close(self):
        if self.machine:
            self.machine.close()
        self.machine = None


class Report:
    def __init__(self):
        self.slowest = 0.0
        self.requests = 0
        self.exchanges = 0
        self.turns = dict.fromkeys(("host", "endpoint", "others"), 0)

    def text(self):
        return "%d requests answered, the slowest in %.3f s; %d exchanges of both machines; " \
            "turns: %s" % (self.requests, self.slowest, self.exchanges, ", ".join(
                "%s %d" % item for item in sorted(self.turns.items())))


def info(machine):
    return machine.request(vfu.GET_INFO, struct.pack("<IIII", 16, 0, 0, 0))


def be_served(watched, make, end):
    """One machine of ours, beside another one that misbehaves."""
    while time.monotonic() < end:
        if watched.connect(make, end):
            watched.timed(info, watched.machine)
            for what in (lambda: watched.machine.set_config(4, 2, 6),
                         lambda: watched.machine.config(0, 4),
                         lambda: watched.machine.write_region(0, 0, b"\1\2\3\4"),
                         lambda: watched.machine.read_region(0, 0x800, 4)):
                try:
                    watched.timed(what)
                except vfu.Refused:
                    pass
    watched.close()


def started_endpoint(folder):
    """One that lets hosts in"""
    endpoint = vfu.Endpoint(folder.ep)
    try:
        # Somebody else may be the endpoint already, and this a bank
        endpoint.start()
    except EXPECTED:
        endpoint.close()
        raise
    return endpoint


def work_together(report, folder, end):
    """Both machines are ours: what passes between them arrives, and once."""
    ep, host = Watched(report), Watched(report)

    endpoint = ep.connect(lambda: started_endpoint(folder), end)
    machine = endpoint and host.connect(lambda: vfu.Host(folder.host, folder.ram), end)
    if machine:
        event = vfu.Event()
        machine.set_irqs(EVENTFD, 0, 1, [event.fd])
        machine.enable()
        machine.msix(0x8000)
    n = 0
    while machine and time.monotonic() < end:
        n = n + 1 & 0xffffffff
        data = n.to_bytes(4, "little")
        host.timed(machine.write_region, 0, 0, data)
        assert endpoint.at(endpoint.BAR0, 4) == data
        assert host.timed(machine.read_region, 0, 0, 4) == data
        ep.timed(endpoint.write_region, 2, 0x1000, data)
        assert ep.timed(endpoint.read_region, 2, 0x1000, 4) == data
        assert ep.timed(endpoint.raise_irq, 1) == vfu.SENT
        assert event.take() == 1
        report.exchanges += 1
    host.close()
    ep.close()


def take_turn(kind, folder, rng, report, seconds):
    """For some seconds: one machine misbehaves, or neither does; others do all the time."""
    end = time.monotonic() + seconds
    actors = [Actor(kind, rng.randrange(1 << 30), folder.path) for _ in range(2)] \
        if kind in ("host", "endpoint") else []
    try:
        if kind == "host":
            be_served(Watched(report), lambda: started_endpoint(folder), end)
        elif kind == "endpoint":
            be_served(Watched(report), lambda: vfu.Host(folder.host, folder.ram), end)
        else:
            work_together(report, folder, end)
    finally:
        for actor in actors:
            actor.end()
    report.turns[kind] += 1


# The program


def build():
    subprocess.run(["make", "-s", "-C", os.path.join(TOP, "cable", "pcie-cable"), "O=" + OUT,
                    "SANITIZE=1"], check=True)
    return os.path.join(OUT, "pcie-cable")


def fds(process):
    return len(os.listdir("/proc/%d/fd" % process.pid))


def resident(process):
    with open("/proc/%d/status" % process.pid) as status:
        return int(re.search(r"VmRSS:\s+(\d+) kB", status.read())[1]) >> 10


def ask(program, folder, *words):
    got = subprocess.run([program, "ctl", folder.control, *words], capture_output=True,
                         text=True, timeout=30, check=False)
    assert got.returncode == 0, got.stderr
    return got.stdout


def run(minutes, seed, say=print):
    """Do it; what the program has dropped, by name. Fails where it does not behave."""
    program = build()
    rng = random.Random(seed)
    folder = Folder(tempfile.mkdtemp(prefix="hostile-"))
    report = Report()
    with open(folder.log, "wb") as log:
        process = subprocess.Popen(
            [program, "--ep-socket", folder.ep, "--host-socket", folder.host,
             "--host-ram", folder.ram + ",size=64M", "--control", folder.control,
             "--host-qmp", folder.qmp, "--trace", folder.trace, "--trace-limit=32M"],
            stderr=log)
    actors = []
    try:
        vfu.wait_until(lambda: os.path.exists(folder.control), "the program")
        time.sleep(0.5)
        before = fds(process)
        actors = [Actor(name, rng.randrange(1 << 30), folder.path) for name in ALWAYS]
        end = time.monotonic() + minutes * 60
        while time.monotonic() < end:
            for kind in report.turns:
                take_turn(kind, folder, rng, report, TURN)
                assert process.poll() is None, "the program has ended"
        for actor in actors:
            actor.end()
        actors = []
        # What is slow to close takes some seconds each
        vfu.wait_until(lambda: fds(process) <= before, "all descriptors are closed", 120)
        text = ask(program, folder, "stat")
        dropped = {match[1]: int(match[2]) for match in re.finditer(
            r"^  (\S.*?)  +(\d+)$", text[text.index("dropped"):], re.M)}
        size = os.path.getsize(folder.log), os.path.getsize(folder.trace)
        say(report.text())
        say("dropped: " + ", ".join("%s %d" % item for item in dropped.items()))
        say("log %d bytes, trace %d bytes, resident %d MiB" % (*size, resident(process)))
        assert size[0] < 4 << 20 and size[1] <= 32 << 20
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
        with open(folder.log, errors="replace") as log:
            text = log.read()
        assert "Sanitizer" not in text and "runtime error" not in text
        return dropped, report
    finally:
        for actor in actors:
            actor.end()
        if process.poll() is None:
            process.kill()
            process.wait()
        with open(folder.log, errors="replace") as log:
            for line in re.findall(r".*(?:Sanitizer|runtime error).*", log.read())[:5]:
                say(line)
        shutil.rmtree(folder.path)


def main():
    minutes, seed = 10.0, random.randrange(1 << 30)
    try:
        options, rest = getopt.getopt(sys.argv[1:], "m:s:")
        for name, value in options:
            if name == "-m":
                minutes = float(value)
            else:
                seed = int(value)
    except (getopt.GetoptError, ValueError):
        rest = ["?"]
    if len(rest) == 3 and rest[0] in ACTORS:
        act(rest[0], int(rest[1]), rest[2])
    if rest:
        print(__doc__)
        return 2
    print("%g minutes, seed %d" % (minutes, seed), flush=True)
    run(minutes, seed)
    return 0


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_NOFILE,
                       (min(4096, resource.getrlimit(resource.RLIMIT_NOFILE)[1]),) * 2)
    sys.exit(main())
