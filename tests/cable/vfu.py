# SPDX-License-Identifier: GPL-2.0
"""A vfio-user client, byte by byte, and two machines made of it."""

import array
import errno
import json
import mmap
import os
import select
import socket
import struct
import time

VERSION, DMA_MAP, DMA_UNMAP, GET_INFO, GET_REGION_INFO = 1, 2, 3, 4, 5
GET_IRQ_INFO, SET_IRQS, REGION_READ, REGION_WRITE, RESET = 7, 8, 9, 10, 13
REPLY, NO_REPLY, ERROR = 1, 0x10, 0x20
CONFIG = 7
INTX, MSI, MSIX = 0, 1, 2

IRQ_NONE, IRQ_BOOL, IRQ_EVENTFD = 1, 2, 4
IRQ_MASK, IRQ_UNMASK, IRQ_TRIGGER = 8, 16, 32

PATIENCE = 5.0

CAPABILITIES = {"capabilities": {"max_msg_fds": 8, "pgsizes": 4096,
                                 "migration": {"pgsize": 4096},
                                 "write_multiple": True}}


class Refused(Exception):
    """An error reply; its errno is the first argument."""

    def __str__(self):
        return errno.errorcode.get(self.args[0], str(self.args[0]))


class Closed(Exception):
    """The server has closed the connection."""


def wait_until(check, what, timeout=PATIENCE):
    """Wait until check() is true; its value."""
    end = time.monotonic() + timeout
    while True:
        value = check()
        if value:
            return value
        assert time.monotonic() < end, "not within %g s: %s" % (timeout, what)
        time.sleep(0.01)


class Client:
    """One connection."""

    def __init__(self, path, negotiate=True):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(PATIENCE)
        self.sock.connect(path)
        self.next_id = 0
        if negotiate:
            self.version()

    def close(self):
        self.sock.close()

    def send(self, command, payload=b"", fds=(), flags=0, size=None):
        """Send a message; its id."""
        self.next_id = (self.next_id + 1) & 0xffff
        if size is None:
            size = 16 + len(payload)
        head = struct.pack("<HHIII", self.next_id, command, size, flags, 0)
        anc = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))] if fds else []
        try:
            sent = self.sock.sendmsg([head + payload], anc)
            if sent < len(head + payload):
                self.sock.sendall((head + payload)[sent:])
        except (BrokenPipeError, ConnectionResetError) as gone:
            raise Closed() from gone
        return self.next_id

    def read(self, count):
        """Exactly count bytes and the descriptors with them."""
        data, fds = b"", []
        while len(data) < count:
            try:
                more, anc, _, _ = self.sock.recvmsg(count - len(data), 256)
            except ConnectionResetError as gone:
                raise Closed() from gone
            if not more:
                raise Closed()
            data += more
            for level, kind, raw in anc:
                assert (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS)
                got = array.array("i")
                got.frombytes(raw[:len(raw) - len(raw) % 4])
                fds += got
        return data, fds

    def receive(self):
        """One reply: id, command, flags, error, payload, descriptors."""
        head, fds = self.read(16)
        ident, command, size, flags, error = struct.unpack("<HHIII", head)
        assert size >= 16
        payload, more = self.read(size - 16)
        return ident, command, flags, error, payload, fds + more

    def request(self, command, payload=b"", fds=()):
        """Send a command and wait for its reply: payload, descriptors."""
        ident = self.send(command, payload, fds)
        got, got_command, flags, error, reply, got_fds = self.receive()
        assert (got, got_command) == (ident, command)
        assert flags & 0xf == REPLY
        if flags & ERROR:
            assert error and not reply and not got_fds
            raise Refused(error)
        assert not error
        return reply, got_fds

    def version(self, major=0, minor=0, text=None):
        if text is None:
            text = json.dumps(CAPABILITIES).encode() + b"\0"
        reply, _ = self.request(VERSION, struct.pack("<HH", major, minor) + text)
        assert reply[-1:] == b"\0"
        return struct.unpack("<HH", reply[:4]) + (json.loads(reply[4:-1]),)

    def dma_map(self, addr, size, fd=None, offset=0, flags=3):
        self.request(DMA_MAP, struct.pack("<IIQQQ", 32, flags, offset, addr, size),
                     () if fd is None else (fd,))

    def dma_unmap(self, addr, size, flags=0):
        request = struct.pack("<IIQQ", 24, flags, addr, size)
        assert self.request(DMA_UNMAP, request)[0] == request

    def region_info(self, index, argsz=32):
        """flags, size, descriptor (or None)"""
        reply, fds = self.request(GET_REGION_INFO,
                                  struct.pack("<IIIIQQ", argsz, 0, index, 0, 0, 0))
        size_needed, flags, got, cap, size, offset = struct.unpack("<IIIIQQ", reply)
        assert (size_needed, got, cap, offset) == (32, index, 0, 0)
        assert len(fds) <= 1
        return flags, size, fds[0] if fds else None

    def irq_info(self, index):
        """flags, count"""
        reply, _ = self.request(GET_IRQ_INFO, struct.pack("<IIII", 16, 0, index, 0))
        return struct.unpack("<IIII", reply)[1::2]

    def set_irqs(self, flags, start, count, fds=(), data=b"", index=MSIX):
        reply, _ = self.request(SET_IRQS, struct.pack("<IIIII", 20 + len(data), flags, index,
                                                      start, count) + data, fds)
        assert reply == b""

    def read_region(self, region, offset, count):
        request = struct.pack("<QII", offset, region, count)
        reply, _ = self.request(REGION_READ, request)
        assert reply[:16] == request and len(reply) == 16 + count
        return reply[16:]

    def write_region(self, region, offset, data):
        head = struct.pack("<QII", offset, region, len(data))
        assert self.request(REGION_WRITE, head + data)[0] == head

    def config(self, offset, count):
        return int.from_bytes(self.read_region(CONFIG, offset, count), "little")

    def set_config(self, offset, count, value):
        self.write_region(CONFIG, offset, value.to_bytes(count, "little"))

    def capability(self, ident):
        """Offset of a capability in the configuration space, or None."""
        at = self.config(0x34, 1)
        while at:
            if self.config(at, 1) == ident:
                return at
            at = self.config(at + 1, 1)
        return None


class Event:
    """An eventfd, as QEMU gives them away."""

    def __init__(self):
        self.fd = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)

    def take(self):
        """Times it was signalled since the last look"""
        try:
            return os.eventfd_read(self.fd)
        except BlockingIOError:
            return 0

    def wait(self):
        assert select.select([self.fd], [], [], PATIENCE)[0], "no interrupt"
        return self.take()


# Registers, by the description in pcie-cable-regs.h
MAGIC, REGS_VERSION, NUM_FUNCTIONS, NUM_MSIX = 0x00, 0x04, 0x08, 0x0c
HOST_RAM_LO, HOST_RAM_HI, NUM_MSI = 0x10, 0x14, 0x18
LINK_CTRL, LINK_STATUS, EVENT_STATUS, EVENT_ENABLE = 0x20, 0x24, 0x28, 0x2c
LINK_MISFIT = 2
LINK_UP, LINK_DOWN, BME = 1, 2, 4
FN, FN_STRIDE = 0x1000, 0x1000
FN_ID, FN_CLASS, FN_SUBSYS, FN_MISC, FN_CTRL = 0x00, 0x04, 0x08, 0x0c, 0x10
FN_MSIX_VECTORS, FN_MSIX_TABLE, FN_MSIX_PBA, FN_MSIX_ENABLED = 0x140, 0x144, 0x148, 0x14c
FN_MSIX_RAISE, FN_IRQ_STATUS = 0x150, 0x154
FN_MSI_VECTORS, FN_MSI_ENABLED, FN_MSI_RAISE = 0x158, 0x15c, 0x160
FN_INTX, FN_INTX_PULSE = 0x164, 0x168
SENT, DISABLED, MASKED, NO_VECTOR, NO_LINK = range(5)


def fn_bar(bar):
    return 0x40 + bar * 0x20


class Endpoint(Client):
    """An endpoint machine: RAM in a memfd, and a driver for the controller."""

    RAM_BASE = 0x40000000
    RAM_SIZE = 16 << 20
    BAR0 = RAM_BASE + 0x100000
    BAR1 = RAM_BASE + 0x200000

    def __init__(self, path, share=True):
        super().__init__(path)
        self.ram_fd = os.memfd_create("ram")
        os.ftruncate(self.ram_fd, self.RAM_SIZE)
        self.ram = mmap.mmap(self.ram_fd, self.RAM_SIZE)
        self.dma_map(self.RAM_BASE, self.RAM_SIZE, self.ram_fd if share else None)
        self.event = Event()
        self.set_irqs(IRQ_EVENTFD | IRQ_TRIGGER, 0, 1, [self.event.fd])

    def close(self):
        super().close()
        self.ram.close()
        os.close(self.ram_fd)
        os.close(self.event.fd)

    def reg(self, offset):
        return int.from_bytes(self.read_region(0, offset, 4), "little")

    def set_reg(self, offset, value):
        self.write_region(0, offset, value.to_bytes(4, "little"))

    def fn(self, reg, fn=0):
        return self.reg(FN + fn * FN_STRIDE + reg)

    def set_fn(self, reg, value, fn=0):
        self.set_reg(FN + fn * FN_STRIDE + reg, value)

    def set_bar(self, bar, size, addr, flags=0, fn=0):
        at = fn_bar(bar)
        self.set_fn(at, size & 0xffffffff, fn)
        self.set_fn(at + 4, size >> 32, fn)
        self.set_fn(at + 8, flags, fn)
        self.set_fn(at + 0x10, addr & 0xffffffff, fn)
        self.set_fn(at + 0x14, addr >> 32, fn)

    def set_up(self, vectors=3, msi=0, pin=1, fn=0):
        """A function with 4 KiB in BAR 0, and MSI-X in BAR 1."""
        self.set_fn(FN_ID, 0x10031af4 + (fn << 16), fn)
        self.set_fn(FN_CLASS, 0x07800001, fn)
        self.set_fn(FN_SUBSYS, 0x00031af4, fn)
        self.set_fn(FN_MISC, pin << 8 | 0x10, fn)
        self.set_fn(FN_CTRL, 1, fn)
        self.set_bar(0, 0x1000, self.BAR0 + fn * 0x10000, fn=fn)
        self.set_bar(1, 0x1000, self.BAR1 + fn * 0x10000, fn=fn)
        self.set_fn(FN_MSIX_VECTORS, vectors, fn)
        self.set_fn(FN_MSIX_TABLE, 0x001, fn)
        self.set_fn(FN_MSIX_PBA, 0x801, fn)
        self.set_fn(FN_MSI_VECTORS, msi, fn)
        self.set_reg(EVENT_ENABLE, 7)

    def start(self, **setup):
        self.set_up(**setup)
        self.set_reg(LINK_CTRL, 1)
        assert self.reg(LINK_CTRL) == 1

    def events(self):
        """Take the events that are set."""
        got = self.reg(EVENT_STATUS)
        self.set_reg(EVENT_STATUS, got)
        return got

    def raise_irq(self, vector, register=FN_MSIX_RAISE, fn=0):
        self.set_fn(register, vector, fn)
        return self.fn(FN_IRQ_STATUS, fn)

    def at(self, addr, count):
        return self.ram[addr - self.RAM_BASE:addr - self.RAM_BASE + count]

    def put(self, addr, data):
        self.ram[addr - self.RAM_BASE:addr - self.RAM_BASE + len(data)] = data


class Host(Client):
    """A host machine that does what QEMU does when it makes the device."""

    def __init__(self, path, ram=None, ram_size=64 << 20):
        super().__init__(path)
        self.ram_fd = None
        if ram:
            self.ram_fd = os.open(ram, os.O_RDWR)
            self.dma_map(0, 0xa0000, self.ram_fd)
            self.dma_map(0xc0000, ram_size - 0xc0000, self.ram_fd, 0xc0000)
        self.dma_map(0xfffc0000, 0x40000, flags=1)

    def close(self):
        super().close()
        if self.ram_fd is not None:
            os.close(self.ram_fd)

    def enable(self, command=6):
        self.set_config(4, 2, command)

    def msix(self, control):
        self.set_config(self.capability(0x11) + 2, 2, control)

    def msi(self, control):
        self.set_config(self.capability(0x05) + 2, 2, control)
