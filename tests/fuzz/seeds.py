# SPDX-License-Identifier: GPL-2.0
"""Inputs to begin with: what a driver, or a machine, that behaves would do.

Usage: seeds.py DIR     (writes DIR/TARGET/NAME)

The numbers of the actions are those in fuzz_TARGET.c.
"""

import os
import struct
import sys


def u8(*values):
    return bytes(v & 0xff for v in values)


def u16(v):
    return struct.pack("<H", v & 0xffff)


def u32(v):
    return struct.pack("<I", v & 0xffffffff)


def u64(v):
    return struct.pack("<Q", v & 0xffffffffffffffff)


def ring():
    """Buffers of all shapes, batches, and each thing that may go wrong."""
    (desc, entry, _, move, _, _, offer, poll, fetch, get, put, _, publish, interrupt,
     hold, abandon, arm, fail, link, start) = range(20)

    def buffers(n, shape):
        return u8(offer, shape) * n + u8(poll, fetch, 64) + u8(get) * n + \
            b"".join(u8(put, k) + u32(k) for k in range(n)) + u8(publish, interrupt)

    header = u8(4)
    yield "batches", header + buffers(1, 0) + buffers(16, 4) * 3 + u8(hold, 1) + buffers(2, 0) + \
        u8(hold, 0)
    yield "chains", u8(6) + buffers(5, 0xf) * 4 + buffers(7, 5) * 3
    yield "large", u8(10) + buffers(64, 1) * 3 + u8(abandon)
    yield "kept", header + u8(offer, 9) * 5 + u8(poll, fetch, 2, get, fetch, 2, get, fetch, 9)
    for at, (flags, next_desc) in enumerate(((1, 0), (1, 16), (1, 99), (5, 0), (3, 1))):
        yield "chain%d" % at, header + u8(desc) + u16(0) + u8(4, 4, flags) + u16(next_desc) + \
            u8(desc) + u16(1) + u8(4, 4, 0) + u16(0) + u8(move, 1, poll, fetch, 9, get, poll)
    for at, (addr, length) in enumerate(((1, 0x40), (4, 0), (1, 1), (4, 1))):
        yield "length%d" % at, header + u8(desc) + u16(0) + u8(addr, length, 0) + u16(0) + \
            u8(move, 1, poll, fetch, 9, get, fetch, 1, start)
    yield "head", header + u8(entry) + u16(0) + u16(16) + u8(move, 1, poll, fetch, 1, poll)
    yield "twice", header + u8(offer, 0, move, 1, poll, fetch, 9)
    yield "jump", header + u8(move, 17, poll, poll, start, poll)
    yield "changed", header + u8(offer, 15) * 3 + u8(arm, 0, 3) + u16(14) + u16(2) + \
        u8(poll, fetch, 9, get, get, get)
    yield "failing", header + b"".join(
        u8(offer, 15, fail, k, poll, fetch, 9, get, put, 0) + u32(1) + u8(publish, interrupt)
        for k in range(1, 8))
    yield "gone", header + u8(offer, 1, poll, link, 1, fetch, 1, poll, link, 0, fetch, 1, get)


def regs():
    """A probe, in passes and between single accesses."""
    do_pass, changed, over, _, step, link, msix, defaults, quiet = range(9)

    def probe(queues):
        text = u8(step, 0, do_pass, step, 1, 0, do_pass, step, 1, 1, do_pass) + \
            u8(step, 3) + u32(0x80000005) + u8(do_pass)
        for q in range(queues):
            text += u8(step, 4, q, do_pass, do_pass, step, 6, q, do_pass, step, 9) + \
                u16(q + 1) + u8(do_pass)
        return text + u8(step, 1, 2) + u8(do_pass) * 4 + u8(step, 8, 0, changed, do_pass, over)

    for queues in (1, 2, 8):
        for more in (0, 8, 16):
            yield "probe%d_%d" % (queues, more), u8(0x80 | more | queues - 1) + \
                u8(msix, 1) + probe(queues) + u8(quiet) + probe(queues)
    yield "legacy", u8(0x81) + probe(2) + u8(step, 0, do_pass, msix, 1) + probe(2) + u8(defaults)
    yield "failed", u8(0x81) + probe(2) + u8(step, 1, 7, do_pass, quiet) + probe(2)
    yield "incomplete", u8(2) + probe(1) + u8(quiet, step, 6, 9, do_pass)
    yield "ones", u8(1) + probe(2) + u8(link, 1, do_pass, changed, over, quiet, link, 0, do_pass)


def pipe():
    """Bytes both ways, with each controller; buffers nobody can reach."""
    (desc, _, idx, move, _, raw, offer, arm, up, down, close, poll, notify, wait, settle,
     reserve, irq, local_up, local_down, send, take, reap) = range(22)
    for kind in range(7):
        yield "both%d" % kind, u8(kind) + \
            (u8(offer, 1, 6, 0x22) + u8(offer, 0, 12, 0x42) + u8(take) + u16(1000) +
             u8(send) + u16(500) + u8(notify, reap)) * 6 + \
            u8(down, wait, 9, up) + u32(0x300) + u32(0x340) + u8(notify, settle)
        yield "chains%d" % kind, u8(kind) + \
            (u8(offer, 7, 6, 0x22, 12, 0x22, 18, 0x60, 24, 0x8a) +
             u8(offer, 6, 6, 0x22, 1, 4, 2, 4, 3, 0x8a) +
             u8(take) + u16(4000) + u8(send) + u16(4000) + u8(notify, wait, 8, poll)) * 4
        # Bursts of descriptors across the end of a window
        yield "large%d" % kind, u8(0x80 | kind) + u8(up) + u32(0x307) + u32(0x347) + \
            (u8(offer, 5) + u8(6, 0x40) * 3) * 100 + u8(notify, poll)
    yield "far", u8(6) + u8(offer, 1, 5) + u64(1 << 63) + u8(0x22) + u8(notify) + \
        u8(offer, 0, 2, 0xff) + u8(send) + u16(99) + u8(notify, wait, 200, notify)
    yield "high", u8(0) + u8(up) + u32(0xffffffff) + u32(0xfffffff0) + u8(notify, down)
    yield "giant", u8(1) + u8(offer, 1, 6, 1) + u8(notify, wait, 9) * 8
    yield "nobody", u8(2, local_down) + (u8(offer, 1, 6, 0xfe) + u8(notify, wait, 4)) * 24 + \
        u8(local_up, take) + u16(4095) + u8(poll)
    yield "flood", u8(3) + (u8(send) + u16(4095)) * 40 + u8(poll, wait, 255, poll, wait, 255, poll)
    yield "masked", u8(0, irq, 5, irq, 6, offer, 1, 6, 0x22, notify, wait, 1, poll, irq, 9, poll)
    yield "closed", u8(0, offer, 1, 6, 0xfe, close, 3, notify, poll, down)
    yield "short", u8(4, reserve, 3, offer, 1, 6, 0xfe, notify, reserve, 7, notify)
    yield "races", u8(0) + (u8(arm, 0, 4, 1) + u16(12) + u16(2) + u8(offer, 7, 6, 2, 6, 2, 6, 2) +
                            u8(notify)) * 3
    yield "broken", u8(0, desc, 1, 6, 0x20, 1, 0, move, 1, 1, notify, idx, 0) + u16(99) + \
        u8(notify, raw, 1) + u16(0) + u8(16) + bytes(16) + u8(up) + u32(1) + u32(16)


class Machines:
    """Messages of machines to pcie-cable."""

    (EP, HOST, VERSION, TEXT, MESSAGE, RAW, REG, ACCESS, MAP, UNMAP, IRQS, ASK, CLOSE, READ,
     QMP, QMP_TEXT, WAIT, RESIZE, PEER, CONTROL, LINE, CONTROL_TEXT, CONTROL_CLOSE,
     CONTROL_READ, FUNCTION, CONTROL_FDS) = range(26)
    FD_RAM, FD_HOST_RAM, FD_EVENT = range(3)

    def number(self, v):
        return u8(v >> 12 << 2) if v % 4096 == 0 and v >> 12 < 64 else u8(3) + u64(v)

    def version(self, client):
        return u8(self.VERSION, client, 34)

    def dma_map(self, client, addr, size, fd=None, offset=0, flags=3):
        fds = 0 if fd is None else 0x10 | fd
        return u8(self.MAP, client, flags, fds) + self.number(addr) + self.number(size) + \
            self.number(offset)

    def reg(self, offset, value, client=0, more=0):
        return u8(self.REG | more, client) + u16(offset) + u32(value)

    def regs(self, *pairs):
        """One behind the other, without waiting for replies."""
        return b"".join(self.reg(at, value, more=0x80) for at, value in pairs)

    def bar(self, b, size, addr, flags=0, fn=0):
        at = 0x1040 + b * 0x20 + fn * 0x1000
        return self.regs((at, size), (at + 4, 0), (at + 8, flags), (at + 0x10, addr),
                         (at + 0x14, 0))

    def irqs(self, client, flags, start, count, fds=0, data=b"", index=2):
        return u8(self.IRQS, client, flags, index) + u16(start) + u16(count) + \
            u8(fds, len(data)) + data

    def access(self, client, region, offset, count, data=None):
        if data is None:
            return u8(self.ACCESS, client, region) + u16(offset) + u8(count)
        return u8(self.ACCESS, client, region | 0x10) + u16(offset) + u8(count) + \
            data[:8].ljust(min(count, 8), b"\0")

    def endpoint(self, share=True):
        return u8(self.EP) + self.version(0) + \
            self.dma_map(0, 0, 0x10000, self.FD_RAM if share else None) + \
            self.irqs(0, 0x24, 0, 1, 0x12)

    def set_up(self, fn=0):
        at = 0x1000 + fn * 0x1000
        return self.regs((at, 0x10031af4), (at + 4, 0x07800001), (at + 0x10, 1)) + \
            self.bar(0, 4096, 0x4000, fn=fn) + self.bar(1, 4096, 0x8000, fn=fn) + \
            self.regs((at + 0x140, 3), (at + 0x144, 1), (at + 0x148, 0x801)) + self.reg(0x2c, 7)

    def host(self, client=1, fn=0):
        return (u8(self.FUNCTION, fn) if fn else u8(self.HOST)) + self.version(client) + \
            self.dma_map(client, 0, 0x10000, self.FD_HOST_RAM) + \
            self.access(client, 7, 4, 2, b"\6\0")

    def linked(self):
        return self.endpoint() + self.set_up() + self.reg(0x20, 1) + self.host()


def server():
    """Two machines that come, use the link and go."""
    m = Machines()
    linked = m.linked()
    yield "linked", linked + m.access(1, 0, 0, 8, b"x") + m.access(1, 0, 0, 8) + \
        m.access(1, 1, 0, 8) + m.access(1, 7, 0, 64)
    yield "interrupts", linked + m.irqs(1, 0x24, 0, 3, 0x32) + \
        m.access(1, 7, 0x7e, 2, b"\0\x80") + m.reg(0x1150, 1) + m.irqs(1, 9, 0, 1) + \
        m.reg(0x1150, 1) + m.irqs(1, 0x12, 0, 2, data=b"\1\1") + m.irqs(1, 0x21, 0, 0)
    msi = m.endpoint() + m.set_up() + m.reg(0x1158, 16) + m.reg(0x20, 1) + m.host()
    yield "msi", msi + m.irqs(1, 0x24, 0, 8, 0x82, index=1) + m.irqs(1, 0x24, 8, 8, 0x82, index=1) + \
        m.access(1, 7, 0x8a, 2, b"\x41\0") + b"".join(m.reg(0x1160, v) for v in (0, 1, 16, 17)) + \
        m.irqs(1, 0x21, 0, 0, index=1) + m.reg(0x1160, 1) + m.access(0, 0, 0x115c, 4)
    yield "msi_all_ones", msi + m.access(1, 7, 0x88, 8, b"\xff" * 8) + m.reg(0x1160, 33) + \
        u8(m.ASK, 1, 3, 0) + m.reg(0x1160, 1)
    intx = m.endpoint() + m.set_up() + m.regs((0x100c, 0x110), (0x1158, 1)) + \
        m.reg(0x20, 1) + m.host()
    event = m.irqs(1, 0x24, 0, 1, 0x12, index=0)
    unmask = m.irqs(1, 0x11, 0, 1, index=0)
    yield "intx", intx + event + m.reg(0x1168, 1) + m.reg(0x1168, 1) + unmask + unmask + \
        m.reg(0x1164, 1) + unmask + m.access(1, 7, 4, 2, b"\6\4") + unmask + m.access(1, 7, 6, 2) + \
        m.access(1, 7, 4, 2, b"\6\0") + m.access(1, 7, 0x7e, 2, b"\0\x80") + \
        m.irqs(1, 0x21, 0, 0, index=0) + m.access(1, 7, 0x7e, 2, b"\0\0") + event + m.reg(0x1164, 0)
    yield "intx_reset", intx + event + m.reg(0x1164, 1) + u8(m.ASK, 1, 3, 0) + unmask + \
        m.access(0, 0, 0x1164, 4)
    for name, end in (("off", m.reg(0x20, 0)), ("leaves", u8(m.CLOSE, 1)), ("alone", u8(m.CLOSE, 0))):
        yield "intx_" + name, intx + event + m.reg(0x1164, 1) + end + unmask + m.reg(0x1168, 1)
    yield "few_fds", linked + m.irqs(1, 0x24, 0, 3, 0x22)
    yield "reset", linked + u8(m.ASK, 1, 3, 0) + u8(m.ASK, 0, 3, 0) + m.access(1, 7, 0, 4)
    yield "ep_leaves", linked + m.access(1, 0, 0, 8, b"x") + u8(m.CLOSE, 0) + \
        m.access(1, 0, 0, 8) + m.endpoint()
    yield "beyond", m.endpoint() + m.dma_map(0, 0x10000, 0x4000, m.FD_RAM, 0xe000) + \
        m.set_up() + m.bar(0, 4096, 0x12000) + m.reg(0x20, 1) + m.host() + \
        m.access(1, 0, 0, 8, b"x")
    yield "host_leaves", linked + u8(m.CLOSE, 1) + u8(m.WAIT, 100) + m.host()
    yield "held", linked + m.access(1, 0, 0, 8, b"x") + u8(0x80 | m.ACCESS, 1, 0) + u16(0) + \
        u8(8, m.CLOSE, 1)
    yield "asks", m.endpoint() + b"".join(
        u8(m.ASK, 0, what, index) for what in range(3) for index in range(10))
    yield "banks", m.endpoint() + b"".join(
        u8(m.EP) + m.version(k) + m.access(k, 2, 0, 16, b"y") + m.access(k, 2, 0, 16) +
        m.access(k, 7, 0, 64) + u8(m.ASK, k, 1, 0) + m.dma_map(k, 0, 4096, 0) + u8(m.ASK, k, 3, 0)
        for k in range(1, 4)) + u8(m.EP) * 7
    yield "maps", m.endpoint() + b"".join(
        m.dma_map(0, (k + 16) << 12, 4096, 0, k << 12) for k in range(20)) + \
        u8(m.UNMAP, 0, 0) + m.number(0x12000) + m.number(0x3000) + \
        u8(m.UNMAP, 0, 0) + m.number(0x15800) + m.number(0x1000) + \
        u8(m.UNMAP, 0, 2) + m.number(0) + m.number(0)
    yield "unshared", m.endpoint(False) + m.set_up()
    yield "private", u8(m.PEER, 3) + m.endpoint()
    yield "shrunk", linked + u8(m.RESIZE, 0) + m.access(1, 0, 0, 8, b"x") + u8(m.WAIT, 9) + \
        m.access(1, 0, 16, 8)
    for kind in range(6):
        yield "fd%d" % kind, m.endpoint() + m.dma_map(0, 0x80000, 4096, kind) + \
            m.irqs(0, 0x24, 0, 1, 0x10 | kind) + m.reg(0x2c, 7) + m.reg(0x20, 1)
    yield "many_fds", m.endpoint() + m.irqs(0, 0x24, 0, 8, 0x82) + m.irqs(0, 0x24, 0, 9, 0x92)
    yield "windows", m.endpoint() + m.access(0, 2, 0, 64, b"z") + m.access(0, 4, 3, 61) + \
        m.access(0, 1, 0, 16) + m.access(0, 7, 0, 255) + m.access(0, 0, 1, 2) + \
        b"".join(m.access(0, 0, reg, 4) for reg in range(0, 0x30, 4)) + \
        b"".join(m.access(0, 0, 0x1000 + reg, 4) for reg in range(0, 0x170, 4))
    def window(w, base, size, target, high=0):
        return m.regs((0x9000 + w * 32, base), (0x9004 + w * 32, 0), (0x9008 + w * 32, size),
                      (0x900c + w * 32, 0), (0x9010 + w * 32, target), (0x9014 + w * 32, high)) + \
            m.reg(0x9018 + w * 32, 1)

    def touch(*places):
        return b"".join(m.access(0, 2, at, 8, b"w") + m.access(0, 2, at, 8) for at in places)

    def odd(text):
        """Of metered windows: see LLVMFuzzerTestOneInput()"""
        return text + bytes(1 - len(text) % 2)

    metered = linked + m.dma_map(1, 0x10000, 0xf0000, m.FD_HOST_RAM, 0x10000) + b"".join(
        window(w, w * 0x1000, size, target, high)
        for w, size, target, high in ((0, 0x1000, 0, 0), (1, 0x100, 0xfff00, 0),
                                      (2, 0x2000, 0xff000, 0), (3, 0xff000, 0x1000, 1))) + \
        touch(0, 0xffc, 0x10f8, 0x2ff8, 0x2ffc, 0x3000, 0x5000) + \
        m.access(1, 7, 4, 2, b"\2\0") + m.access(0, 2, 0, 64, b"w") + m.access(0, 0, 0x9010, 4)
    yield "metered", odd(metered)
    yield "iommu", odd(linked + m.dma_map(1, 0x200000, 0x1000, m.FD_HOST_RAM) +
                       m.dma_map(1, 0x300000, 0x2000, m.FD_HOST_RAM, 0xff000) +
                       m.dma_map(1, 0x400000, 0x1000, m.FD_HOST_RAM, 0x8000, 1) +
                       window(0, 0, 0x4000, 0x1ff000) + window(1, 0x4000, 0x2000, 0x300000) +
                       window(2, 0x6000, 0x1000, 0x400000) +
                       touch(0, 0x1000, 0x1ffc, 0x4000, 0x5000, 0x6000))
    of_none = linked + m.regs((0x9008, 0x1000), (0x9018, 0xff01)) + m.access(0, 2, 0, 8)
    yield "window_of_none", odd(of_none)
    yield "large", m.endpoint() + u8(m.ACCESS, 0, 0x42) + u16(0) + u32(65536) + \
        u8(m.ACCESS, 0, 0x52) + u16(0) + u32(65536) + u8(m.READ, 0) + \
        (u8(m.ACCESS, 0, 0x42) + u16(0) + u32(65536)) * 6 + u8(m.READ, 0) + \
        u8(m.ACCESS, 0, 0x52) + u16(0) + u32(65537)
    ends = m.endpoint() + b"".join(
        u8(m.ACCESS, 0, how | 2) + u64((1 << 20) - 4) + u8(count)
        for how, count in ((0x20, 4), (0x20, 8), (0x30, 8), (0x20, 200)))
    # Of mapped windows: see LLVMFuzzerTestOneInput()
    yield "ends", ends + bytes(len(ends) % 2)
    yield "bad_setups", m.endpoint() + m.reg(0x20, 1) + m.set_up() + b"".join(
        m.reg(at, value) + m.reg(0x20, 1) + m.reg(0x20, 0)
        for at, value in ((0x1040, 17), (0x1048, 3), (0x1040, 4096), (0x1048, 4), (0x1140, 999),
                          (0x1140, 3), (0x1144, 7), (0x1144, 0x1000), (0x1050, 0x40000000)))
    # All but these is good
    yield "bad_interrupts", m.endpoint() + m.set_up() + b"".join(
        m.reg(at, value) + m.reg(0x20, 1) + m.reg(0x20, 0)
        for at, value in ((0x1158, 64), (0x1158, 3), (0x1158, 32), (0x100c, 0x500)))
    yield "other_shape", linked + m.reg(0x20, 0) + m.reg(0x1140, 2) + m.reg(0x20, 1)
    yield "raw", m.endpoint() + u8(m.RAW, 0, 16, 0) + struct.pack("<HHIII", 1, 4, 16, 0, 0) + \
        u8(m.RAW, 0, 8, 0) + struct.pack("<HHI", 1, 4, 32) + u8(m.RAW, 0, 4, 0x12) + u32(0)
    yield "not_a_command", m.endpoint() + u8(m.MESSAGE, 0, 4, 1, 0, 0, 0)
    yield "no_reply", m.endpoint() + u8(m.MESSAGE, 0, 4, 0x10, 0, 0, 16) + u32(16) + bytes(12)
    yield "texts", u8(m.EP) + u8(m.TEXT, 0, 20) + b'{"capabilities":[]} ' + \
        u8(m.TEXT, 0, 2) + b"{}"
    ready = m.endpoint() + m.set_up() + m.reg(0x20, 1)
    settled = ready + u8(m.QMP, 0, m.QMP, 1, m.WAIT, 110)
    yield "plug", settled + u8(m.QMP, 1) + m.host()
    for k in (3, 4, 5, 6, 7):
        yield "plug%d" % k, settled + u8(m.QMP, k, m.WAIT, 110, m.QMP, 1)
    yield "no_qmp", u8(m.PEER, 0) + ready + u8(m.WAIT, 30, m.PEER, 2, m.WAIT, 30, m.QMP, 0)
    control = u8(m.CONTROL)
    yield "control_lines", linked + control + b"".join(u8(m.LINE, 0, k) for k in range(20))
    yield "control_clients", control * 5 + b"".join(u8(m.LINE, k, 0) for k in range(5)) + control
    for name, text in (("words", b" link\tup \r\nfly\n\n"), ("number", b"irq delay 99999999\n"),
                       ("bytes", bytes(range(128, 200)) + b"\n"), ("half", b"link do"),
                       ("long", b"x" * 255)):
        yield "control_" + name, control + u8(m.CONTROL_TEXT, 0, len(text)) + text + \
            u8(m.CONTROL_TEXT, 0, 4) + b"wn\n\n" + u8(m.CONTROL_CLOSE, 0)
    yield "control_fds", control + u8(m.CONTROL_FDS, 0, 0x12, m.CONTROL_FDS, 0, 0xa8)
    yield "closing", u8(m.PEER, 6) + m.endpoint() + m.irqs(0, 0x24, 0, 1, 0x14) + \
        u8(m.ASK, 0, 0, 0, m.PEER, 2, m.ASK, 0, 0, 0)
    yield "control_link", linked + control + u8(m.LINE, 0, 3) + m.access(1, 7, 0, 64) + \
        m.reg(0x20, 0) + m.reg(0x20, 1) + u8(m.CLOSE, 1) + m.host() + u8(m.LINE, 0, 4) + m.host()
    raised = m.irqs(1, 0x24, 0, 3, 0x32) + m.access(1, 7, 0x7e, 2, b"\0\x80")
    yield "control_late", linked + raised + control + u8(m.LINE, 0, 6) + m.reg(0x1150, 1) + \
        u8(m.LINE, 0, 7) + m.reg(0x1150, 2) + u8(m.WAIT, 3)
    yield "control_held", linked + raised + control + u8(m.LINE, 0, 8) + m.reg(0x1150, 1) + \
        m.reg(0x1150, 1) + m.reg(0x1150, 2) + u8(m.LINE, 0, 10) + m.reg(0x1150, 3)
    yield "control_lost", linked + raised + control + u8(m.LINE, 0, 6) + m.reg(0x1150, 1) + \
        u8(m.CLOSE, 1, m.WAIT, 9)
    yield "control_stop", linked + raised + control + u8(m.LINE, 0, 16, m.LINE, 0, 18) + \
        m.reg(0x1150, 1) + u8(m.LINE, 0, 17, m.LINE, 0, 16, m.CLOSE, 1, m.CLOSE, 0)
    yield "control_silent", control + u8(m.CONTROL_READ, 0) + \
        (u8(m.CONTROL_TEXT, 0, 250) + b"help\n" * 50) * 8 + u8(m.CONTROL_READ, 0)
    several = m.endpoint() + m.set_up() + m.set_up(1) + m.set_up(7)
    card = several + m.reg(0x20, 1) + m.host(1, 7) + m.host(2, 1) + m.host(3)
    yield "functions", card + m.access(2, 0, 0, 8, b"x") + m.access(2, 0, 0, 8) + \
        m.irqs(2, 0x24, 0, 3, 0x32) + m.access(2, 7, 0x7e, 2, b"\0\x80") + m.reg(0x2150, 1) + \
        m.reg(0x1150, 1) + m.reg(0x2164, 1) + u8(m.ASK, 3, 3, 0) + u8(m.CLOSE, 2) + m.reg(0x2150, 1)
    yield "function_level_reset", card + m.irqs(2, 0x24, 0, 3, 0x32) + control + u8(m.LINE, 0, 6) + \
        m.access(2, 7, 0x7e, 2, b"\0\x80") + m.reg(0x2150, 1) + \
        m.access(2, 7, 0x48, 2, b"\0\x80") + u8(m.WAIT, 9) + m.access(2, 7, 0, 64)
    yield "functions_plugged", several + m.reg(0x20, 1) + u8(m.QMP, 0, m.QMP, 1, m.WAIT, 110) + \
        m.host(1, 7) + u8(m.QMP, 1) + m.host(2, 1) + u8(m.QMP, 1, m.QMP, 5) + m.host(3) + \
        m.reg(0x20, 0)
    anew = m.set_up() + m.reg(0x20, 3)
    perst = m.endpoint() + m.reg(0x2c, 15) + m.reg(0x20, 2) + anew + m.host() + u8(m.ASK, 1, 3, 0) + \
        m.access(1, 7, 0, 4) + anew + m.access(1, 7, 4, 2, b"\6\0") + control + \
        u8(m.CONTROL_TEXT, 0, 6) + b"perst\n" + m.access(1, 7, 0, 4) + u8(m.WAIT, 110) + \
        anew + u8(m.CLOSE, 1) + anew + m.host() + m.reg(0x20, 0)
    # Of the options this depends on the length: see LLVMFuzzerTestOneInput()
    yield "perst", perst + bytes(range(4))[:(2 - len(perst)) % 4]
    yield "no_first_function", m.endpoint() + m.set_up(1) + m.reg(0x20, 1) + m.host(1, 1)
    yield "qmp_text", settled + u8(m.QMP_TEXT, 19) + b'{"error":{"desc":1}'


def json():
    """Texts of both protocols, well-formed and not."""
    for at, text in enumerate((
            b'{"QMP":{"version":{"qemu":{"major":11}},"capabilities":["oob"]}}',
            b'{"error": {"class": "GenericError", "desc": "Bus \'rp0\' not found"}}',
            b'{"return": {}, "desc": [1, -2.5e3, true, null], "": "\\u0041\\\\\\""}',
            b'{"a":', b'{"a\\', b'{"a":"\\', b'{"a":[[[[{"desc":{}}]]]]}x', b"[" * 40,
            b'{"a":{},}', b'{"desc": 18446744073709551615}', b'\x01\x1f"\\')):
        yield "text%d" % at, text


def main():
    for target in (ring, regs, pipe, server, json):
        folder = os.path.join(sys.argv[1], target.__name__)
        os.makedirs(folder, exist_ok=True)
        for name, data in target():
            with open(os.path.join(folder, name), "wb") as f:
                f.write(data)


main()
