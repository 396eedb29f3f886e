# SPDX-License-Identifier: GPL-2.0
"""What a machine maps, and what a machine is shown."""

import errno
import mmap
import os
import struct

import pytest
import vfu
from test_control import Control
from test_dma import LIST, LOCAL, WRITE, Engine
from test_program import run
from test_protocol import alive, refused


@pytest.fixture
def memfd():
    fd = os.memfd_create("more")
    os.ftruncate(fd, 0x10000)
    yield fd
    os.close(fd)


def test_map_and_unmap(endpoint, memfd):
    endpoint.dma_map(0x1000, 0x1000, memfd)
    endpoint.dma_map(0x2000, 0x1000, memfd, 0x1000)
    endpoint.dma_map(0x0, 0x1000)
    endpoint.dma_unmap(0x1000, 0x2000)
    refused(errno.ENOENT, endpoint.dma_unmap, 0x1000, 0x2000)
    endpoint.dma_unmap(0x0, 0x1000)


@pytest.mark.parametrize("addr,size", [(0x1000, 0x1000), (0x0, 0x1001), (0x1fff, 0x1000),
                                       (0x0, 0x10000), (0x1800, 1)])
def test_map_over_a_map(endpoint, memfd, addr, size):
    endpoint.dma_map(0x1000, 0x1000, memfd)
    refused(errno.EEXIST, endpoint.dma_map, addr, size)
    endpoint.dma_unmap(0x1000, 0x1000)


@pytest.mark.parametrize("addr,size", [(0x0, 0), (2 ** 64 - 0x1000, 0x1001), (2, 2 ** 64 - 1)])
def test_map_refuses_ranges(endpoint, addr, size):
    refused(errno.EINVAL, endpoint.dma_map, addr, size)


def test_map_at_the_end_of_the_address_space(endpoint):
    endpoint.dma_map(2 ** 64 - 0x1000, 0x1000)
    refused(errno.EEXIST, endpoint.dma_map, 2 ** 64 - 1, 1)
    endpoint.dma_unmap(2 ** 64 - 0x1000, 0x1000)


@pytest.mark.parametrize("offset,size", [(0, 0x10001), (0xf000, 0x1001), (0x10001, 1),
                                         (2 ** 64 - 1, 2)])
def test_map_outside_of_the_file(endpoint, memfd, offset, size):
    refused(errno.EINVAL, endpoint.dma_map, 0x1000, size, memfd, offset)


def test_map_of_something_else(endpoint):
    read_end, write_end = os.pipe()
    refused(errno.EINVAL, endpoint.dma_map, 0x1000, 0x1000, write_end)
    os.close(read_end)
    os.close(write_end)


def test_map_with_two_files(endpoint, memfd):
    with pytest.raises(vfu.Refused):
        endpoint.request(vfu.DMA_MAP, b"\x20" + b"\0" * 31, [memfd, memfd])


def test_unmap_that_cuts(endpoint, memfd):
    endpoint.dma_map(0x1000, 0x3000, memfd)
    for addr, size in ((0x1000, 0x1000), (0x2000, 0x2000), (0x0, 0x2000), (0x0, 0)):
        refused(errno.EINVAL, endpoint.dma_unmap, addr, size)
    endpoint.dma_unmap(0x0, 0x10000)


def test_unmap_all(endpoint):
    for i in range(100):
        endpoint.dma_map(i << 12, 0x1000)
    refused(errno.EINVAL, endpoint.dma_unmap, 0, 0x1000, 2)
    refused(errno.EINVAL, endpoint.dma_unmap, 0, 0x1000, 4)
    endpoint.dma_unmap(0, 0, 2)
    endpoint.dma_map(endpoint.RAM_BASE, endpoint.RAM_SIZE, endpoint.ram_fd)


def test_map_too_many(endpoint):
    for i in range(65534):
        endpoint.send(vfu.DMA_MAP, struct.pack("<IIQQQ", 32, 3, 0, i << 12, 0x1000),
                      flags=vfu.NO_REPLY)
    refused(errno.ENOSPC, endpoint.dma_map, 0x80000000, 0x1000)


def test_too_many_files(endpoint):
    fds = []
    for i in range(31):
        fds.append(os.memfd_create("f"))
        os.ftruncate(fds[-1], 4096)
        endpoint.dma_map(i << 12, 4096, fds[-1])
    fd = os.memfd_create("f")
    os.ftruncate(fd, 4096)
    refused(errno.ENOSPC, endpoint.dma_map, 0x10000000, 4096, fd)
    for fd in fds + [fd]:
        os.close(fd)


def test_remapping_keeps_the_memory(pair):
    """A firmware's rounds of unmapping and mapping: accesses go on in between."""
    endpoint, host = pair
    for i in range(200):
        endpoint.dma_unmap(endpoint.RAM_BASE, endpoint.RAM_SIZE)
        assert host.read_region(0, 0, 4) == b"\xff" * 4
        endpoint.dma_map(endpoint.RAM_BASE, endpoint.RAM_SIZE, endpoint.ram_fd)
        host.write_region(0, 0, i.to_bytes(4, "little"))
        assert endpoint.at(endpoint.BAR0, 4) == i.to_bytes(4, "little")


def test_file_that_shrinks(start, tmp_path):
    """A machine that takes away what it shares harms itself: nobody else is stopped by that."""
    cable = start("--control=%s/control" % tmp_path)
    control = Control(str(tmp_path / "control"))
    for n in (1, 2):
        endpoint = cable.endpoint()
        endpoint.start()
        host = cable.host()
        host.enable()
        os.ftruncate(endpoint.ram_fd, 0)
        for _ in range(3):
            host.write_region(0, 0, b"\x11" * 8)
            host.read_region(0, 0, 8)
        assert host.read_region(1, 0x900, 8) == b"\0" * 8
        assert endpoint.reg(vfu.LINK_STATUS) == 1
        text = "endpoint: a part of its RAM is not there any more; it reads as zero"
        vfu.wait_until(lambda: cable.log().count(text) == n, "the message, once")
        # BAR 0, with all that follows it in the file
        assert "  parts of RAM lost\t%d" % n in control.ask("stat")[0]
        cable.leave(host, "host disconnected")
        cable.leave(endpoint, "endpoint disconnected")


def test_much_that_is_gone(start):
    """Each page that is missing takes a place of which there is a limited number."""
    cable = start()
    engine = Engine(cable)
    size, base = 64 << 20, 0x80000000
    fd = os.memfd_create("more")
    os.ftruncate(fd, size)
    engine.ep.dma_map(base, size, fd)
    os.ftruncate(fd, 0)

    def places():
        with open("/proc/%d/maps" % cable.process.pid) as maps:
            return len(maps.readlines())

    before = places()
    for first in range(0, size, 2000 * 4096):
        pages = range(first, min(first + 2000 * 4096, size), 2 * 4096)
        engine.start(WRITE, *((0x1000, base + page, 8) for page in pages))
        assert engine.result(WRITE) == (0, len(pages))
    assert places() - before < 20
    assert alive(engine.host)
    os.close(fd)


def test_what_is_there_stays(start):
    """Of a file that was made shorter the beginning is what it was."""
    cable = start()
    engine = Engine(cable)
    os.ftruncate(engine.ep.ram_fd, LOCAL - engine.ep.RAM_BASE)
    engine.start(WRITE, (0x1000, LOCAL + (1 << 20), 8), (0x1000, LOCAL, 8))
    assert engine.result(WRITE) == (0, 2)
    engine.ep.put(LIST + 0x1000, b"is there")
    engine.start(WRITE, (0x2000, LIST + 0x1000, 8))
    assert engine.result(WRITE) == (0, 1)
    assert engine.ram[0x2000:0x2008] == b"is there"


CTRL_REGIONS = {0: (0x10000, False), 1: (0x1000, False), 2: (64 << 20, True),
                4: (64 << 20, True), 7: (256, False)}
BANK_REGIONS = {0: (64 << 20, True), 2: (64 << 20, True), 4: (64 << 20, True), 7: (256, False)}


def check_regions(client, regions):
    for index in range(9):
        flags, size, fd = client.region_info(index)
        want_size, want_fd = regions.get(index, (0, False))
        assert size == want_size
        assert (fd is not None) == want_fd
        assert flags == (7 if want_fd else 3 if want_size else 0)
        if fd is not None:
            os.close(fd)
    refused(errno.EINVAL, client.region_info, 9)


def test_controller_regions(endpoint):
    check_regions(endpoint, CTRL_REGIONS)


def test_bank_regions(cable, endpoint):
    check_regions(cable.bank(), BANK_REGIONS)
    assert endpoint


def test_window_is_host_ram(cable, endpoint):
    bank = cable.bank()
    with open(cable.ram, "r+b") as ram_file:
        with mmap.mmap(ram_file.fileno(), 0) as ram:
            assert len(ram) == 64 << 20
            for client, index in ((endpoint, 2), (endpoint, 4), (bank, 0), (bank, 2), (bank, 4)):
                fd = client.region_info(index)[2]
                with mmap.mmap(fd, 64 << 20) as window:
                    mark = os.urandom(16)
                    window[0x123450:0x123460] = mark
                    assert ram[0x123450:0x123460] == mark
                    ram[0x3fffff0:0x4000000] = mark
                    assert window[0x3fffff0:0x4000000] == mark
                    assert client.read_region(index, 0x3fffff0, 16) == mark
                    client.write_region(index, 0x40, mark)
                    assert ram[0x40:0x50] == mark
                os.close(fd)


def test_bank_configuration_space(cable, endpoint):
    bank = cable.bank()
    assert endpoint.config(0, 4) == 0x10f01af4
    assert bank.config(0, 4) == 0x10f11af4
    for bar in (0, 2, 4):
        at = 0x10 + bar * 4
        assert bank.config(at, 4) == 0xc
        bank.set_config(at, 8, 2 ** 64 - 1)
        assert bank.config(at, 8) == (2 ** 64 - (64 << 20)) | 0xc
    bank.request(vfu.RESET)
    assert bank.config(0x10, 8) == 0xc
    assert bank.irq_info(vfu.MSIX) == (0, 0)


def test_banks_are_counted(cable, endpoint):
    banks = [cable.bank() for _ in range(8)]
    with pytest.raises((vfu.Closed, OSError)):
        cable.bank()
    cable.expect("endpoint: one connection too many")
    cable.leave(banks[3], "window bank 3 disconnected")
    assert cable.bank().config(0, 4) == 0x10f11af4
    assert endpoint.reg(vfu.MAGIC)


def test_endpoint_ram_without_file(cable):
    endpoint = cable.endpoint(share=False)
    endpoint.send(vfu.REGION_WRITE, (vfu.FN).to_bytes(8, "little") + b"\0\0\0\0\x04\0\0\0\0\0\0\0")
    assert cable.exit_code() == 3
    assert "share=on" in cable.log()


def test_endpoint_bar_in_memory_without_file(cable, endpoint):
    endpoint.dma_map(0x90000000, 0x10000)
    endpoint.set_fn(vfu.fn_bar(0) + 0x10, 0x90000000)
    endpoint.set_fn(vfu.fn_bar(0) + 0x14, 0)
    assert cable.exit_code() == 3
    assert "share=on" in cable.log()


def test_endpoint_ram_private(cable):
    fd = os.memfd_create("ram")
    os.ftruncate(fd, 1 << 20)
    with mmap.mmap(fd, 1 << 20, flags=mmap.MAP_PRIVATE):
        client = cable.keep(vfu.Client(cable.ep_socket))
        client.dma_map(0x40000000, 1 << 20, fd)
        assert cable.exit_code() == 3
    assert "share=on" in cable.log()
    os.close(fd)


def test_host_ram_private(cable, endpoint):
    endpoint.start()
    with open(cable.ram, "r+b") as ram_file:
        with mmap.mmap(ram_file.fileno(), 0, flags=mmap.MAP_PRIVATE):
            cable.keep(vfu.Client(cable.host_socket)).dma_map(0, 64 << 20, ram_file.fileno())
            assert cable.exit_code() == 3
    assert "share=on" in cable.log()


def test_host_ram_is_not_the_file(cable, endpoint):
    endpoint.start()
    host = cable.host(ram=False)
    fd = os.memfd_create("ram")
    os.ftruncate(fd, 64 << 20)
    host.dma_map(0, 64 << 20, fd)
    host.enable(0)
    assert cable.process.poll() is None
    host.enable(2)
    assert cable.exit_code() == 3
    assert "mem-path=%s,size=64M,share=on" % cable.ram in cable.log()
    os.close(fd)


def with_ram(program, tmp_path, ram):
    return run(program, "--ep-socket=%s/e" % tmp_path, "--host-socket=%s/h" % tmp_path,
               "--host-ram=%s,size=64M" % ram)


def test_no_room_for_the_ram(program, tmp_path, small_tmpfs):
    folder = small_tmpfs(63)
    got = with_ram(program, tmp_path, folder / "ram")
    assert got.returncode == 1
    assert "%s: no room for 64M; its file system has 63M left" % (folder / "ram") in got.stderr
    assert os.listdir(folder) == [] and not os.path.exists(tmp_path / "e")


def test_no_room_for_ram_that_is_there(program, tmp_path, small_tmpfs):
    """It is as it was."""
    folder = small_tmpfs(63)
    with open(folder / "ram", "wb") as ram:
        ram.write(b"the host was first")
        ram.truncate(64 << 20)
    os.chmod(folder / "ram", 0o600)
    got = with_ram(program, tmp_path, folder / "ram")
    assert got.returncode == 1 and "no room for 64M" in got.stderr
    with open(folder / "ram", "rb") as ram:
        assert ram.read(20) == b"the host was first\0\0"


def test_ram_has_its_room(start, small_tmpfs):
    """Whoever fills the file system later: what is written to the RAM is there."""
    folder = small_tmpfs(80)
    cable = start("--host-ram=%s/ram,size=64M" % folder)
    assert os.stat(folder / "ram").st_blocks >= (64 << 20) // 512
    with pytest.raises(OSError, match="No space"), open(folder / "more", "wb", 0) as more:
        while True:
            more.write(bytes(1 << 20))
    endpoint = cable.endpoint()
    for at in range(0, 64 << 20, 1 << 20):
        endpoint.write_region(2, at, b"written")
    with open(folder / "ram", "rb") as ram:
        for at in range(0, 64 << 20, 1 << 20):
            assert os.pread(ram.fileno(), 7, at) == b"written"


def test_ram_that_is_lost_later(cable, pair):
    endpoint, host = pair
    os.truncate(cable.ram, 1 << 20)
    endpoint.write_region(2, 0, b"there")
    assert endpoint.read_region(2, 0, 5) == b"there"
    assert alive(host)
    endpoint.send(vfu.REGION_WRITE, struct.pack("<QII", 2 << 20, 2, 4096) + bytes(4096))
    assert cable.exit_code() == 1
    text = "%s: a part of the host's RAM is not there any more" % cable.ram
    assert cable.log().count(text) == 1


def test_ram_that_is_lost_to_dma(start):
    cable = start()
    engine = Engine(cable)
    os.truncate(cable.ram, 1 << 20)
    engine.start(WRITE, (2 << 20, LOCAL, 1 << 20))
    assert cable.exit_code() == 1
    assert cable.log().count("a part of the host's RAM is not there any more") == 1
