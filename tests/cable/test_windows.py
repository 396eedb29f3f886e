# SPDX-License-Identifier: GPL-2.0
"""Metered outbound windows: translated, refused, and never more than the host's RAM.

With them, the controllers of --profile.
"""

import mmap

import pytest
import vfu
from test_program import run

RAM_SIZE = 64 << 20
GRANULE = 0x1000
OB_WINDOWS, OB_GRANULE = 0x30, 0x34


class Windows:
    """An endpoint with metered windows, and a host that it may access."""

    def __init__(self, cable):
        self.cable = cable
        self.ep = cable.endpoint()
        self.ep.start()
        self.host = cable.host()
        self.host.enable()
        with open(cable.ram, "r+b") as ram:
            self.ram = mmap.mmap(ram.fileno(), RAM_SIZE)

    def set(self, window, base, size, target, ctrl=1):
        at = 0x9000 + window * 0x20
        self.ep.set_reg(at + 0x18, 0)
        for offset, value in ((0x00, base), (0x08, size), (0x10, target)):
            self.ep.set_reg(at + offset, value & 0xffffffff)
            self.ep.set_reg(at + offset + 4, value >> 32)
        self.ep.set_reg(at + 0x18, ctrl)

    def read(self, offset, count=8):
        return self.ep.read_region(2, offset, count)

    def write(self, offset, data):
        self.ep.write_region(2, offset, data)

    def nothing_at(self, offset, count=8):
        """An access there is not answered, and changes nothing."""
        before = bytes(self.ram[:0x10000])
        self.write(offset, bytes(count))
        return self.read(offset, count) == b"\xff" * count and self.ram[:0x10000] == before


@pytest.fixture
def metered(start):
    return start("--windows=metered,number=4,granule=4K,space=1M")


@pytest.fixture
def windows(metered):
    windows = Windows(metered)
    windows.ram[:0x10000] = b"\x5a" * 0x10000
    return windows


def test_one_bar(metered):
    ep = metered.endpoint()
    assert ep.region_info(2)[1:] == (1 << 20, None)
    assert ep.region_info(4)[1] == 0
    assert ep.config(0x18, 4) & 0xf == 0xc and ep.config(0x20, 4) == 0
    assert ep.reg(OB_WINDOWS) == 4 and ep.reg(OB_GRANULE) == GRANULE


def test_mapped_windows_have_no_registers(endpoint):
    assert endpoint.reg(OB_WINDOWS) == 0 and endpoint.reg(OB_GRANULE) == 0
    endpoint.set_reg(0x9018, 1)
    assert endpoint.reg(0x9018) == 0


def test_no_banks(metered):
    metered.endpoint()
    with pytest.raises(vfu.Closed):
        metered.bank()
    metered.expect("endpoint: one connection too many; the controller alone is allowed")


def test_registers_keep_what_is_written(windows):
    windows.set(3, 0x12345678000, 0x2000, 0xfedcba987654000, 0x101)
    words = [windows.ep.reg(0x9060 + at) for at in range(0, 0x20, 4)]
    assert words == [0x45678000, 0x123, 0x2000, 0, 0x87654000, 0xfedcba9, 0x101, 0]
    windows.ep.set_reg(0x9080, 1)
    assert windows.ep.reg(0x9080) == 0, "a fifth window"


@pytest.mark.parametrize("count", [1, 2, 4, 8])
def test_translation(windows, count):
    windows.set(1, 0x8000, 0x2000, 0x4000)
    windows.ram[0x4010:0x4018] = b"12345678"
    assert windows.read(0x8010, count) == b"12345678"[:count]
    windows.write(0x9ff8, b"abcdefgh"[:count])
    assert windows.ram[0x5ff8:0x5ff8 + count] == b"abcdefgh"[:count]


def test_granule(windows):
    """Low bits are not there, as in hardware."""
    windows.set(0, 0x8abc, 0x1fff, 0x4123)
    windows.ram[0x4000:0x4008] = b"12345678"
    assert windows.read(0x8000) == b"12345678"
    assert windows.nothing_at(0x9000)


def test_first_window_counts(windows):
    windows.set(2, 0, 0x2000, 0x1000)
    windows.set(0, 0x1000, 0x1000, 0x6000)
    windows.ram[0x2000:0x2008], windows.ram[0x6000:0x6008] = b"second--", b"first---"
    assert windows.read(0x1000) == b"first---"
    windows.set(0, 0, 0, 0, 0)
    assert windows.read(0x1000) == b"second--"


def test_no_window(windows):
    windows.set(0, 0x8000, 0x1000, 0)
    assert windows.nothing_at(0x7ff8) and windows.nothing_at(0x9000)
    assert windows.nothing_at(0x7ffc) and windows.nothing_at(0x8ffc), "half in a window"
    windows.set(0, 0x8000, 0x1000, 0, 0)
    assert windows.nothing_at(0x8000), "not enabled"


def test_a_window_and_the_next(windows):
    """No access is in two windows, as no TLP has two addresses."""
    windows.set(0, 0, 0x1000, 0)
    windows.set(1, 0x1000, 0x1000, 0x1000)
    assert windows.nothing_at(0xffc)


@pytest.mark.parametrize("target", [RAM_SIZE, 1 << 32, 2 ** 64 - GRANULE])
def test_outside_of_the_ram(windows, target):
    windows.set(0, 0, 0x2000, target)
    assert windows.nothing_at(0)


def test_end_of_the_ram(windows):
    windows.set(0, 0, 0x2000, RAM_SIZE - 0x1000)
    windows.write(0xff8, b"the last")
    assert windows.ram[RAM_SIZE - 8:] == b"the last"
    assert windows.nothing_at(0x1000)
    assert windows.nothing_at(0xffc)


def test_wraps_around(windows):
    windows.set(0, 0xff000, 2 ** 64 - 0x1000, 2 ** 64 - 0x1000)
    assert windows.nothing_at(0xff000)


def test_bus_mastering(windows):
    windows.set(0, 0, 0x1000, 0)
    windows.host.enable(2)
    assert windows.nothing_at(0)
    windows.host.enable(6)
    assert windows.read(0) == b"\x5a" * 8


def test_link_down(windows):
    windows.set(0, 0, 0x1000, 0)
    windows.ep.set_reg(vfu.LINK_CTRL, 0)
    assert windows.nothing_at(0)
    windows.ep.set_reg(vfu.LINK_CTRL, 1)
    assert windows.nothing_at(0), "bus mastering is off again"
    windows.host.enable()
    assert windows.read(0) == b"\x5a" * 8


def test_host_gone(windows):
    windows.set(0, 0, 0x1000, 0)
    windows.cable.leave(windows.host, "host disconnected")
    assert windows.nothing_at(0)


def test_endpoint_reset(windows):
    windows.set(0, 0, 0x1000, 0)
    windows.ep.request(vfu.RESET)
    assert windows.ep.reg(0x9018) == 0
    windows.ep.start()
    windows.host.enable()
    assert windows.nothing_at(0)


@pytest.mark.parametrize("kind,message", [
    ("", "mapped, or metered"), ("mapped,number=1", "mapped, or metered"),
    ("metered=1", "mapped, or metered"), ("other", "mapped, or metered"),
    ("number=3", "mapped, or metered"), ("metered,numbers=3", "metered takes"),
    ("metered,number", "from 1 to 256"), ("metered,number=0", "from 1 to 256"),
    ("metered,number=257", "from 1 to 256"), ("metered,granule=128", "from 256 to 1M"),
    ("metered,granule=3K", "power of two"), ("metered,granule=2M", "from 256 to 1M"),
    ("metered,space=512K", "from 1M to 1G"), ("metered,space=3M", "power of two"),
    ("metered,space=x", "from 1M to 1G")])
def test_wrong_options(program, kind, message):
    got = run(program, "--ep-socket=a", "--host-socket=b", "--host-ram=r,size=64M",
              "--windows=" + kind)
    assert got.returncode == 2 and message in got.stderr


# Controllers of --profile

KINDS = {"generic": [0] * 6, "rk3588": [2, 2, 2, 2, 3, 2], "j721e": [0] * 6,
         "imx8mp": [0, 4, 0, 4, 1, 4], "rcar-gen4": [2, 4, 2, 4, 1, 4]}


@pytest.mark.parametrize("name", KINDS)
def test_profile_is_told(start, name):
    ep = start("--profile=" + name).endpoint()
    assert [ep.reg(0x50 + 8 * bar) for bar in range(6)] == KINDS[name]
    assert ep.reg(0x54 + 8 * 4) == (256 if KINDS[name][4] == 1 else 0)
    assert ep.reg(vfu.NUM_MSIX) == (0 if name in ("imx8mp", "rcar-gen4") else 256)
    assert ep.reg(vfu.NUM_MSI) == 32
    events = {"generic": 7, "rk3588": 3}.get(name, 0)
    intx = {"generic": 0x300, "j721e": 0x100}.get(name, 0)
    low_bits = 0x400 if name == "j721e" else 0
    assert ep.reg(0x38) == events | intx | low_bits
    assert (ep.reg(OB_WINDOWS) == 0) == (name == "generic")


@pytest.mark.parametrize("name,events", [("rk3588", vfu.LINK_UP), ("j721e", 0)])
def test_profile_tells_of_no_other_events(start, name, events):
    cable = start("--profile=" + name)
    ep = cable.endpoint()
    ep.start()
    cable.host().enable()
    assert ep.events() == events and ep.reg(vfu.LINK_STATUS) == 1


def test_own_windows_and_dma(start):
    ep = start("--windows=metered,number=5", "--dma=3", "--profile=rk3588").endpoint()
    assert ep.reg(OB_WINDOWS) == 5 and ep.reg(0x3c) == 3
    assert ep.reg(vfu.NUM_MSIX) == 256 and ep.reg(0x38) == 3


@pytest.mark.parametrize("name", ["", "rk3588x", "RK3588"])
def test_wrong_profile(program, name):
    got = run(program, "--ep-socket=a", "--host-socket=b", "--host-ram=r,size=64M",
              "--profile=" + name)
    assert got.returncode == 2 and "one of those above" in got.stderr
    for known in KINDS:
        assert "    " + known + " " in got.stderr


def test_profiles_are_in_the_help(program):
    for known in KINDS:
        assert "\n    " + known + " " in run(program, "--help").stdout


@pytest.fixture
def low_bits(start):
    windows = Windows(start("--profile=j721e"))
    windows.ram[:0x10000] = b"\x5a" * 0x10000
    return windows


def test_low_bits_of_an_aligned_window(low_bits):
    low_bits.set(29, 0x8000, 0x2000, 0x4000)
    low_bits.ram[0x4010:0x4018] = b"12345678"
    assert low_bits.read(0x8010) == b"12345678"
    low_bits.write(0x9ff8, b"abcdefgh")
    assert low_bits.ram[0x5ff8:0x6000] == b"abcdefgh"
    assert low_bits.nothing_at(0xa000) and low_bits.nothing_at(0x7ff8)


def test_low_bits_of_another_window(low_bits):
    """It covers a power of two, and shows what its address would have with it aligned."""
    low_bits.set(0, 0x8000, 0x1800, 0x5100)
    low_bits.ram[0x4008:0x4010], low_bits.ram[0x5108:0x5110] = b"wrongly!", b"rightly!"
    assert low_bits.read(0x8008) == b"wrongly!"
    assert low_bits.read(0x9ff8) != b"\xff" * 8
    assert low_bits.nothing_at(0x9ffc), "half in the window"


def test_low_bits_of_a_small_window(low_bits):
    low_bits.set(0, 0x8000, 1, 0x4000)
    assert low_bits.read(0x80f8) == b"\x5a" * 8
    assert low_bits.nothing_at(0x8100)
    low_bits.set(0, 0x8000, 0, 0x4000)
    assert low_bits.nothing_at(0x8000)
