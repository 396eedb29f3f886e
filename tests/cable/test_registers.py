# SPDX-License-Identifier: GPL-2.0
"""The controller's registers, without a host."""

import errno
import struct

import pytest
import vfu
from test_protocol import refused
from vfu import FN


def test_identification(endpoint):
    assert endpoint.reg(vfu.MAGIC) == 0x4c424350
    assert endpoint.reg(vfu.REGS_VERSION) == 2
    assert endpoint.reg(vfu.NUM_FUNCTIONS) == 8
    assert endpoint.reg(vfu.NUM_MSIX) == 256
    assert endpoint.reg(vfu.NUM_MSI) == 32
    assert endpoint.reg(vfu.HOST_RAM_LO) == 64 << 20
    assert endpoint.reg(vfu.HOST_RAM_HI) == 0


def test_read_only_registers(endpoint):
    for reg in (vfu.MAGIC, vfu.REGS_VERSION, vfu.NUM_FUNCTIONS, vfu.NUM_MSIX, vfu.NUM_MSI,
                vfu.HOST_RAM_LO, vfu.LINK_STATUS, FN + vfu.FN_MSIX_ENABLED,
                FN + vfu.FN_MSI_ENABLED, FN + vfu.FN_IRQ_STATUS):
        before = endpoint.reg(reg)
        endpoint.set_reg(reg, 0xffffffff)
        assert endpoint.reg(reg) == before


def test_unlisted_registers_read_zero(endpoint):
    for reg in (0x1c, 0x30, 0xffc, FN + 0x14, FN + 0x4c, FN + 0x100, FN + 0x16c, FN + 0xffc,
                FN + 0x8000, 0xfffc):
        endpoint.set_reg(reg, 0xffffffff)
        assert endpoint.reg(reg) == 0


@pytest.mark.parametrize("count", [1, 2, 8])
def test_other_sizes(endpoint, count):
    endpoint.set_fn(vfu.FN_ID, 0x12345678)
    assert endpoint.read_region(0, FN, count) == b"\xff" * count
    endpoint.write_region(0, FN, b"\0" * count)
    assert endpoint.fn(vfu.FN_ID) == 0x12345678


def test_unaligned(endpoint):
    assert endpoint.read_region(0, 2, 4) == b"\xff" * 4
    endpoint.write_region(0, FN + 2, b"\1\2\3\4")
    assert endpoint.fn(vfu.FN_ID) == 0


@pytest.mark.parametrize("region,offset,count", [
    (0, 0x10000, 4), (0, 0xfffe, 4), (0, 2 ** 64 - 4, 4), (0, 0, 0), (3, 0, 4), (6, 0, 1),
    (7, 256, 1), (7, 254, 4), (8, 0, 1), (9, 0, 1), (2 ** 32 - 1, 0, 1)])
def test_outside_of_a_region(endpoint, region, offset, count):
    refused(errno.EINVAL, endpoint.read_region, region, offset, count)
    refused(errno.EINVAL, endpoint.write_region, region, offset, b"\0" * count)


def test_write_with_another_length(endpoint):
    for data in (b"", b"\0" * 3, b"\0" * 5):
        refused(errno.EINVAL, endpoint.request, vfu.REGION_WRITE,
                struct.pack("<QII", FN, 0, 4) + data)


def test_setup_reads_back(endpoint):
    endpoint.set_up()
    assert endpoint.fn(vfu.FN_ID) == 0x10031af4
    assert endpoint.fn(vfu.FN_CLASS) == 0x07800001
    assert endpoint.fn(vfu.FN_SUBSYS) == 0x00031af4
    assert endpoint.fn(vfu.FN_MISC) == 0x0110
    assert endpoint.fn(vfu.FN_CTRL) == 1
    bar = vfu.fn_bar(0)
    assert [endpoint.fn(bar + i) for i in (0, 4, 8, 0x10, 0x14)] == [0x1000, 0, 0, endpoint.BAR0, 0]
    assert [endpoint.fn(i) for i in range(0x140, 0x14c, 4)] == [3, 1, 0x801]
    endpoint.set_fn(vfu.FN_MSI_VECTORS, 8)
    assert endpoint.fn(vfu.FN_MSI_VECTORS) == 8


def test_reset_forgets(cable, endpoint):
    endpoint.start()
    endpoint.set_config(4, 2, 6)
    endpoint.request(vfu.RESET)
    cable.expect("link disabled")
    assert endpoint.reg(vfu.LINK_CTRL) == 0
    assert endpoint.reg(vfu.EVENT_ENABLE) == 0
    assert endpoint.fn(vfu.FN_CTRL) == 0
    assert endpoint.fn(vfu.fn_bar(0)) == 0
    assert endpoint.config(4, 2) == 0


def test_another_endpoint_finds_nothing_of_the_first(cable):
    first = cable.endpoint()
    bank = cable.bank()
    first.start()
    cable.leave(first, "endpoint disconnected")
    cable.leave(bank, "window bank 0 disconnected")
    second = cable.endpoint()
    assert second.fn(vfu.FN_ID) == 0
    assert second.reg(vfu.LINK_CTRL) == 0
    second.start()


def test_configuration_space(endpoint):
    assert endpoint.config(0, 4) == 0x10f01af4
    assert endpoint.config(8, 4) == 0x12000001
    for bar, want in ((0, 0xffff0000), (1, 0xfffff000)):
        endpoint.set_config(0x10 + 4 * bar, 4, 0xffffffff)
        assert endpoint.config(0x10 + 4 * bar, 4) == want
    cap = endpoint.capability(0x11)
    assert endpoint.config(cap + 2, 2) == 1, "two vectors"
    assert endpoint.config(cap + 4, 8) == 0x0000080100000001
    assert endpoint.irq_info(vfu.MSIX) == (1, 2)
    for index in (0, 1, 3, 4):
        assert endpoint.irq_info(index) == (0, 0)
    refused(errno.EINVAL, endpoint.irq_info, 5)


REFUSED_SETUPS = {
    "no header": (lambda ep: ep.set_fn(vfu.FN_CTRL, 0), "configuration header"),
    "odd size": (lambda ep: ep.set_bar(0, 0x1800, 0), "powers of two"),
    "small": (lambda ep: ep.set_bar(0, 8, 0), "powers of two"),
    "large": (lambda ep: ep.set_bar(0, 1 << 32, 0), "0x80000000 are allowed"),
    "I/O": (lambda ep: ep.set_bar(0, 0x1000, 0, 1), "has flags 0x1"),
    "64 bits without room": (lambda ep: ep.set_bar(0, 0x1000, 0, 4), "needs the next register"),
    "64 bits at the end": (lambda ep: ep.set_bar(5, 0x1000, 0, 4), "needs the next register"),
    "vectors": (lambda ep: ep.set_fn(vfu.FN_MSIX_VECTORS, 257), "1 to 256 are allowed"),
    "MSI vectors": (lambda ep: ep.set_fn(vfu.FN_MSI_VECTORS, 64),
                    "64 MSI vectors; a power of two from 1 to 32 is allowed, or 0"),
    "odd MSI vectors": (lambda ep: ep.set_fn(vfu.FN_MSI_VECTORS, 3), "3 MSI vectors; a power"),
    "very many MSI vectors": (lambda ep: ep.set_fn(vfu.FN_MSI_VECTORS, 1 << 31), "a power of two"),
    "pin": (lambda ep: ep.set_fn(vfu.FN_MISC, 0x0510),
            "interrupt pin 5; 1 (A) to 4 (D) are allowed, or 0"),
    "table outside": (lambda ep: ep.set_fn(vfu.FN_MSIX_TABLE, 0xfe1), "MSI-X table"),
    "table without BAR": (lambda ep: ep.set_fn(vfu.FN_MSIX_TABLE, 2), "MSI-X table"),
    "table in BAR 7": (lambda ep: ep.set_fn(vfu.FN_MSIX_TABLE, 7), "MSI-X table"),
    "pending bits outside": (lambda ep: ep.set_fn(vfu.FN_MSIX_PBA, 0x1001), "pending bits"),
}


@pytest.mark.parametrize("case", REFUSED_SETUPS)
def test_refused_setup(cable, endpoint, case):
    spoil, message = REFUSED_SETUPS[case]
    endpoint.set_up()
    spoil(endpoint)
    endpoint.set_reg(vfu.LINK_CTRL, 1)
    assert endpoint.reg(vfu.LINK_CTRL) == 0
    cable.says(message)
    endpoint.set_bar(5, 0, 0)
    endpoint.start()


def test_bar_address_not_in_ram(cable, endpoint):
    endpoint.set_up()
    for addr in (endpoint.RAM_BASE - 0x1000, endpoint.RAM_BASE + endpoint.RAM_SIZE - 0x800,
                 2 ** 64 - 0x1000):
        endpoint.set_bar(0, 0x1000, addr)
        cable.says("%#x, 0x1000 bytes, which is not in the endpoint machine's RAM" % addr)


def test_irq_mask_and_disable(endpoint):
    event = vfu.Event()
    trigger = vfu.IRQ_NONE | vfu.IRQ_TRIGGER
    endpoint.set_irqs(vfu.IRQ_EVENTFD | vfu.IRQ_TRIGGER, 0, 1, [event.fd])
    endpoint.set_irqs(vfu.IRQ_NONE | vfu.IRQ_MASK, 0, 1)
    endpoint.set_irqs(trigger, 0, 1)
    assert event.take() == 0
    endpoint.set_irqs(vfu.IRQ_NONE | vfu.IRQ_UNMASK, 0, 1)
    assert event.take() == 1
    endpoint.set_irqs(vfu.IRQ_BOOL | vfu.IRQ_TRIGGER, 0, 1, data=b"\0")
    assert event.take() == 0
    endpoint.set_irqs(vfu.IRQ_BOOL | vfu.IRQ_TRIGGER, 0, 1, data=b"\1")
    assert event.take() == 1
    endpoint.set_irqs(vfu.IRQ_EVENTFD | vfu.IRQ_TRIGGER, 0, 1)
    endpoint.set_irqs(trigger, 0, 1)
    assert event.take() == 0
    endpoint.set_irqs(vfu.IRQ_EVENTFD | vfu.IRQ_TRIGGER, 0, 1, [event.fd])
    endpoint.set_irqs(trigger, 0, 0)
    endpoint.set_irqs(trigger, 0, 1)
    assert event.take() == 0


@pytest.mark.parametrize("flags,first,count,index", [
    (vfu.IRQ_NONE | vfu.IRQ_TRIGGER, 0, 3, 2), (vfu.IRQ_NONE | vfu.IRQ_TRIGGER, 2, 1, 2),
    (vfu.IRQ_NONE | vfu.IRQ_TRIGGER, 1, 2 ** 32 - 1, 2), (vfu.IRQ_NONE, 0, 1, 2),
    (vfu.IRQ_TRIGGER, 0, 1, 2), (vfu.IRQ_BOOL | vfu.IRQ_TRIGGER, 0, 1, 2),
    (vfu.IRQ_EVENTFD | vfu.IRQ_MASK, 0, 1, 2), (vfu.IRQ_NONE | vfu.IRQ_TRIGGER, 0, 1, 0),
    (vfu.IRQ_NONE | vfu.IRQ_TRIGGER, 0, 0, 77)])
def test_irq_refuses(endpoint, flags, first, count, index):
    refused(errno.EINVAL, endpoint.set_irqs, flags, first, count, index=index)
