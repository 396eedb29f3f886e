# SPDX-License-Identifier: GPL-2.0
"""A host whose IOMMU translates: QEMU maps what the host's tables allow, and nothing else."""

import mmap
import os
import struct

import pytest
import vfu
from test_control import Control
from test_dma import BASE, ERROR, READ, WRITE
from test_protocol import alive
from test_stat import Stats

RAM_SIZE = 64 << 20
LIST, LOCAL = BASE + 0x10000, BASE + 0x400000
TRANSLATES = "host: an IOMMU translates the function's addresses; what it does not allow is " \
    "not answered"
MAPPED = "host: an IOMMU translates the function's addresses, but mapped windows show all of " \
    "the host's RAM, as if there were none; with --windows=metered they do what it says"
AS_IT_IS = "host: no IOMMU translates the function's addresses any more"


class Translated(vfu.Host):
    """A host that shows its RAM to a function a piece at a time."""

    def __init__(self, path, ram):
        vfu.Client.__init__(self, path)
        self.ram_fd = os.open(ram, os.O_RDWR)

    def map(self, iova, addr, size, flags=3):
        self.dma_map(iova, size, self.ram_fd, addr, flags)

    def as_it_is(self):
        """The card's group is identity now, or the firmware runs."""
        self.dma_unmap(0, 0, 2)
        self.map(0, 0, 0xa0000)
        self.map(0xc0000, 0xc0000, RAM_SIZE - 0xc0000)


class Machines:
    """An endpoint with a metered window of 1 MiB at the host's address 0, and such a host."""

    def __init__(self, cable, functions=1):
        self.cable = cable
        self.ep = cable.endpoint()
        for fn in range(functions):
            self.ep.set_up(fn=fn)
        self.ep.set_reg(vfu.LINK_CTRL, 1)
        self.hosts = [cable.keep(Translated(cable.host_socket + (".%d" % fn if fn else ""),
                                            cable.ram)) for fn in range(functions)]
        self.host = self.hosts[0]
        for host in self.hosts:
            host.enable()
        self.ep.set_reg(0x9008, 1 << 20)
        self.choose(0)
        with open(cable.ram, "r+b") as ram:
            self.ram = mmap.mmap(ram.fileno(), RAM_SIZE)

    def choose(self, fn):
        """Whose address the window shows"""
        self.ep.set_reg(0x9018, fn << 8 | 1)

    def read(self, addr, count=8):
        return self.ep.read_region(2, addr, count)

    def write(self, addr, data):
        self.ep.write_region(2, addr, data)

    def dma(self, channel, *elements):
        """What CTRL and DONE say at the end"""
        self.ep.put(LIST, b"".join(struct.pack("<QQII", *element, 0) for element in elements))
        at = 0xc000 + channel * 0x20
        for reg, value in ((0, LIST), (4, 0), (8, len(elements)), (12, 1)):
            self.ep.set_reg(at + reg, value)
        vfu.wait_until(lambda: self.ep.reg(at + 12) != 1, "the engine")
        return self.ep.reg(at + 12), self.ep.reg(at + 16)


@pytest.fixture
def machines(start, tmp_path):
    cable = start("--windows=metered,number=4,granule=4K,space=1M", "--dma=2",
                  "--control=%s/control" % tmp_path)
    cable.control = str(tmp_path / "control")
    return Machines(cable)


NOTHING = b"\xff" * 8


def test_nothing_is_mapped(machines):
    """The card is plugged into a host that runs, and enabled."""
    machines.cable.expect(TRANSLATES)
    assert machines.ep.reg(vfu.LINK_STATUS) == 1
    machines.ram[0x5000:0x5008] = b"a secret"
    before = Stats(Control(machines.cable.control)).table["endpoint to host"]
    assert machines.read(0x5000) == NOTHING
    machines.write(0x5000, b"not here")
    assert machines.ram[0x5000:0x5008] == b"a secret"
    after = Stats(Control(machines.cable.control)).table["endpoint to host"]
    assert [after[name][2] - before[name][2] for name in ("window reads", "window writes")] == [1, 1]
    assert machines.dma(READ, (0x5000, LOCAL, 8)) == (ERROR, 0)
    assert machines.dma(WRITE, (0x5000, LOCAL, 8)) == (ERROR, 0)
    table = Stats(Control(machines.cable.control)).table["endpoint's DMA"]
    assert [table[name][3] for name in ("from the host", "to the host")] == [1, 1]
    assert alive(machines.host)


def test_what_is_mapped(machines):
    machines.host.map(0x8000, 0x5000, 0x2000)
    machines.ram[0x5000:0x5008] = b"readable"
    assert machines.read(0x8000) == b"readable"
    assert machines.read(0x5000) == NOTHING
    machines.write(0x9ff8, b"the last")
    assert machines.ram[0x6ff8:0x7000] == b"the last"
    for addr in (0x7ff8, 0x7ffc, 0x9ffc, 0xa000):
        before = bytes(machines.ram[:0x10000])
        machines.write(addr, b"outside!")
        assert machines.read(addr) == NOTHING and machines.ram[:0x10000] == before
    machines.host.dma_unmap(0x8000, 0x2000)
    assert machines.read(0x8000) == NOTHING


def test_memory_above(machines):
    """RAM that the machine has at an address beyond the file, as with more than 3 GiB"""
    machines.host.as_it_is()
    machines.host.map(1 << 40, 0x5000, 0x1000)
    machines.ram[0x5000:0x5008] = b"readable"
    machines.ep.set_reg(0x9014, 1 << 8)
    assert machines.read(0) == b"readable"
    assert machines.read(0x1000) == NOTHING
    assert machines.dma(READ, ((1 << 40) + 4, LOCAL, 4)) == (0, 1)
    assert machines.ep.at(LOCAL, 4) == b"able"


def test_what_may_only_be_read(machines):
    machines.host.map(0x8000, 0x5000, 0x1000, flags=1)
    machines.ram[0x5000:0x5008] = b"readable"
    machines.write(0x8000, b"written!")
    assert machines.read(0x8000) == b"readable"
    machines.ep.put(LOCAL, b"by DMA")
    assert machines.dma(WRITE, (0x8000, LOCAL, 6)) == (ERROR, 0)
    assert machines.dma(READ, (0x8000, LOCAL, 8)) == (0, 1)
    assert machines.ep.at(LOCAL, 8) == b"readable"


def test_memory_of_others(machines):
    """Another card's BAR, in which this program has no part."""
    machines.host.dma_map(0x8000, 0x1000)
    assert machines.read(0x8000) == NOTHING
    assert alive(machines.host)


@pytest.mark.parametrize("channel", [READ, WRITE])
def test_dma_of_pages_here_and_there(machines, channel):
    """What is in one piece for the function is not for the host."""
    pages = 0x5000, 0x9000, 0x7000, 0x1000
    for n, page in enumerate(pages):
        machines.host.map(0x80000 + n * 0x1000, page, 0x1000)
    data = os.urandom(0x4000)
    first = 0x80000 + 0x123
    length = 0x4000 - 0x123
    if channel == READ:
        for n, page in enumerate(pages):
            machines.ram[page:page + 0x1000] = data[n * 0x1000:][:0x1000]
    else:
        machines.ep.put(LOCAL, data[0x123:])
    assert machines.dma(channel, (first, LOCAL, length)) == (0, 1)
    if channel == READ:
        assert machines.ep.at(LOCAL, length) == data[0x123:]
    else:
        assert b"".join(bytes(machines.ram[page:page + 0x1000]) for page in pages)[0x123:] == \
            data[0x123:]
    # Up to the first that is missing
    machines.host.dma_unmap(0x82000, 0x1000)
    machines.ep.put(LOCAL, bytes(0x4000))
    assert machines.dma(READ, (first, LOCAL, length)) == (ERROR, 0)
    done = 0x2000 - 0x123
    assert machines.ep.at(LOCAL, done) == data[0x123:0x2000]
    assert machines.ep.at(LOCAL + done, 8) == bytes(8)


def test_each_function_has_its_own(start):
    machines = Machines(start("--windows=metered,granule=4K,space=1M"), functions=2)
    for fn, host in enumerate(machines.hosts):
        host.map(0x8000, 0x1000 * fn, 0x1000)
        machines.ram[0x1000 * fn:0x1000 * fn + 8] = b"of fn %2d" % fn
    for fn in range(2):
        machines.choose(fn)
        assert machines.read(0x8000) == b"of fn %2d" % fn
    machines.hosts[1].dma_unmap(0x8000, 0x1000)
    assert machines.read(0x8000) == NOTHING
    machines.choose(0)
    assert machines.read(0x8000) == b"of fn  0"
    machines.cable.expect(TRANSLATES.replace("host:", "host, function 1:"))


def test_remedy_and_back(machines):
    """Its driver is unbound, and bound after the group's type has changed."""
    machines.ram[0x5000:0x5008] = b"readable"
    machines.host.enable(0)
    machines.host.as_it_is()
    machines.host.enable()
    machines.cable.expect(AS_IT_IS)
    assert machines.read(0x5000) == b"readable"
    # What the machine has in place of RAM
    assert machines.read(0xa0000) == NOTHING
    machines.host.enable(0)
    machines.host.dma_unmap(0, 0, 2)
    machines.host.enable()
    vfu.wait_until(lambda: machines.cable.log().count(TRANSLATES) == 2, "the second time")
    assert machines.read(0x5000) == NOTHING


def test_remap_between(machines):
    """A firmware's: what is gone for a moment is there again, and nobody is told."""
    machines.host.as_it_is()
    machines.host.enable(0)
    machines.host.enable()
    machines.cable.expect(AS_IT_IS)
    for _ in range(20):
        machines.host.as_it_is()
        assert machines.read(0x5000) == bytes(8)
    assert machines.cable.log().count(TRANSLATES) == 1


def test_mapped_windows(start):
    """They pass by what the IOMMU says, as nobody can keep them from it."""
    cable = start()
    ep = cable.endpoint()
    ep.start()
    host = cable.keep(Translated(cable.host_socket, cable.ram))
    host.enable()
    cable.expect(MAPPED)
    host.map(0x8000, 0x5000, 0x1000)
    host.enable(0)
    host.enable()
    assert cable.log().count(MAPPED) == 1
    ep.write_region(2, 0x5000, b"past it")
    assert ep.read_region(2, 0x5000, 7) == b"past it"
    assert alive(host)


def test_ram_that_is_not_shared_is_still_told(start):
    """Where the machine's RAM begins there is some, and it is not that file."""
    cable = start("--windows=metered")
    ep = cable.endpoint()
    ep.start()
    host = cable.keep(Translated(cable.host_socket, cable.ram))
    host.dma_map(0, 0xa0000)
    host.enable()
    assert cable.exit_code() == 3
    assert "share=on" in cable.log()


def test_many_maps(machines):
    """A host's driver that has much under way"""
    number = 20000
    for n in range(number):
        machines.host.send(vfu.DMA_MAP, struct.pack(
            "<IIQQQ", 32, 3, n % 16384 << 12, n << 20, 4096), [machines.host.ram_fd])
        if n % 64 == 63:
            for _ in range(64):
                assert machines.host.receive()[3] == 0
    for _ in range(number % 64):
        assert machines.host.receive()[3] == 0
    machines.ram[0:8] = b"the page"
    assert machines.read(0) == b"the page"
