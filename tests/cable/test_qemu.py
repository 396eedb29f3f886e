# SPDX-License-Identifier: GPL-2.0
"""A host machine's real QEMU, without a kernel in it: what it makes of interrupts.

Its accelerator is qtest, by whose protocol (QEMU, docs/devel/testing/qtest.rst) a test
takes the place of the processor. A message lands in RAM, where the test points it.
"""

import re
import socket
import subprocess

import pytest
import vfu

SLOT = 4
GSI = 20            # ICH9: pin A of slot 4
BAR0 = 0xe0000000
TARGET, DATA = 0x100000, 0x4a40
COMMAND, STATUS, BAR, PIN = 4, 6, 0x10, 0x3d


class Machine:
    """A machine with the card in a slot of its root bus."""

    def __init__(self, cable, directory):
        path = str(directory / "qtest")
        self.ram = cable.ram
        self.log = open(directory / "qemu.log", "w+")
        self.process = subprocess.Popen(
            ["qemu-system-x86_64", "-nodefaults", "-no-user-config", "-display", "none",
             "-accel", "qtest", "-machine", "q35,memory-backend=ram", "-m", "64M",
             "-object", "memory-backend-file,id=ram,mem-path=%s,size=64M,share=on" % cable.ram,
             "-chardev", "socket,id=qtest,path=%s,server=on,wait=off" % path,
             "-qtest", "chardev:qtest", "-qtest-log", "none",
             "-device", '{"driver":"vfio-user-pci","addr":"%d",'
             '"socket":{"type":"unix","path":"%s"}}' % (SLOT, cable.host_socket)],
            stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log)
        self.sock = socket.socket(socket.AF_UNIX)
        vfu.wait_until(lambda: self.process.poll() is not None or
                       not self.sock.connect_ex(path), "QEMU", 30)
        assert self.process.poll() is None, self.said()
        self.sock.settimeout(vfu.PATIENCE)
        self.lines = self.sock.makefile("rw")
        self.pin = False            # as the interrupt controller sees it
        self.raised = 0
        self.ask("irq_intercept_in ioapic")

    def said(self):
        self.log.seek(0)
        return self.log.read()

    def stop(self):
        self.process.terminate()
        self.process.wait()
        self.lines.close()
        self.sock.close()
        said = self.said()
        self.log.close()
        return said

    def take(self):
        """One line; changes of the pin come at any time."""
        line = self.lines.readline().strip()
        change = re.fullmatch("IRQ (raise|lower) (\\d+)", line)
        if not change:
            return line
        if int(change[2]) == GSI:
            self.pin = change[1] == "raise"
            self.raised += self.pin
        return None

    def ask(self, *words):
        self.lines.write(" ".join(map(str, words)) + "\n")
        self.lines.flush()
        answer = None
        while answer is None:
            answer = self.take()
        assert answer.startswith("OK"), answer
        return int(answer[3:], 0) if answer[3:] else None

    def config(self, offset, count=4):
        size = {1: "b", 2: "w", 4: "l"}[count]
        self.ask("outl", 0xcf8, 1 << 31 | SLOT << 11 | offset & ~3)
        return self.ask("in" + size, 0xcfc + offset % 4)

    def set_config(self, offset, count, value):
        size = {1: "b", 2: "w", 4: "l"}[count]
        self.ask("outl", 0xcf8, 1 << 31 | SLOT << 11 | offset & ~3)
        self.ask("out" + size, 0xcfc + offset % 4, value)

    def capability(self, ident):
        at = self.config(0x34, 1)
        while self.config(at, 1) != ident:
            at = self.config(at + 1, 1)
        return at

    def enable(self, command=6):
        self.set_config(BAR, 4, BAR0)
        self.set_config(COMMAND, 2, command)

    def access_bar(self):
        return self.ask("readl", BAR0)

    def pin_is(self, asserted):
        """Wait until the pin is so; each question lets what came before be seen."""
        vfu.wait_until(lambda: self.ask("clock_step", 1) and self.pin == asserted,
                       "pin %d" % asserted)

    def message(self):
        """Take the message that came, by and by."""
        with open(self.ram, "r+b", buffering=0) as ram:
            def look():
                ram.seek(TARGET)
                return int.from_bytes(ram.read(4), "little")
            data = vfu.wait_until(look, "a message")
            ram.seek(TARGET)
            ram.write(bytes(4))
        return data


@pytest.fixture
def machine(cable, tmp_path):
    """An endpoint, and a machine with its card, used."""
    endpoint = cable.endpoint()
    endpoint.start(msi=32)
    machine = Machine(cable, tmp_path)
    machine.enable()
    yield endpoint, machine
    said = machine.stop().splitlines()
    # What QEMU says of a card that reports no errors (AER)
    assert [line for line in said if "Could not enable error recovery" not in line] == []


@pytest.mark.parametrize("log2", range(6))
def test_msi(machine, log2):
    endpoint, host = machine
    count = 1 << log2
    msi = host.capability(0x05)
    assert host.config(msi + 2, 2) == 0x8a
    host.set_config(msi + 4, 4, TARGET)
    host.set_config(msi + 8, 4, 0)
    host.set_config(msi + 12, 2, DATA)
    host.set_config(msi + 2, 2, log2 << 4 | 1)
    assert host.config(msi + 2, 2) == 0x8b | log2 << 4
    assert endpoint.fn(vfu.FN_MSI_ENABLED) == count
    for vector in sorted({1, count // 2 + 1, count}):
        assert endpoint.raise_irq(vector, vfu.FN_MSI_RAISE) == vfu.SENT
        assert host.message() == DATA + vector - 1
    assert endpoint.raise_irq(count + 1, vfu.FN_MSI_RAISE) == vfu.NO_VECTOR
    host.set_config(msi + 2, 2, 0)
    assert endpoint.raise_irq(1, vfu.FN_MSI_RAISE) == vfu.DISABLED


def test_msi_at_another_address(machine):
    """QEMU looks where messages go when it sends one."""
    endpoint, host = machine
    msi = host.capability(0x05)
    host.set_config(msi + 4, 4, TARGET + 0x1000)
    host.set_config(msi + 12, 2, DATA)
    host.set_config(msi + 2, 2, 1)
    host.set_config(msi + 4, 4, TARGET)
    assert endpoint.raise_irq(1, vfu.FN_MSI_RAISE) == vfu.SENT
    assert host.message() == DATA


def test_intx_level(machine):
    endpoint, host = machine
    assert host.config(PIN, 1) == 1
    assert endpoint.raise_irq(1, vfu.FN_INTX) == vfu.SENT
    host.pin_is(True)
    assert host.config(STATUS, 2) & 8
    # The driver's access deasserts the pin in QEMU, and the program asserts it again
    for raised in (2, 3):
        host.access_bar()
        vfu.wait_until(lambda: host.ask("clock_step", 1) and host.raised == raised, "another")
        assert host.pin
    assert endpoint.raise_irq(0, vfu.FN_INTX) == vfu.SENT
    host.access_bar()
    host.pin_is(False)
    assert not host.config(STATUS, 2) & 8
    assert host.raised == 3


def test_intx_pulses(machine):
    endpoint, host = machine
    for raised in range(1, 20):
        assert endpoint.raise_irq(1, vfu.FN_INTX_PULSE) == vfu.SENT
        host.pin_is(True)
        host.access_bar()
        host.pin_is(False)
        assert host.raised == raised
    host.enable(0x406)
    assert endpoint.raise_irq(1, vfu.FN_INTX_PULSE) == vfu.DISABLED


@pytest.mark.parametrize("ident,on", [(0x05, 1), (0x11, 0x8000)])
def test_intx_comes_back(machine, ident, on):
    """While the host has messages enabled there is no INTx, and then there is again."""
    endpoint, host = machine
    at = host.capability(ident)
    host.set_config(at + 2, 2, on)
    assert endpoint.raise_irq(1, vfu.FN_INTX) == vfu.DISABLED
    assert endpoint.raise_irq(1, vfu.FN_INTX_PULSE) == vfu.DISABLED
    assert host.access_bar() == 0 and not host.raised
    host.set_config(at + 2, 2, 0)
    host.pin_is(True)
    assert endpoint.raise_irq(0, vfu.FN_INTX) == vfu.SENT
    host.access_bar()
    host.pin_is(False)
