# SPDX-License-Identifier: GPL-2.0
"""Both machines: link, data, interrupts, resets, coming and going."""

import errno
import os
import struct
import subprocess
import sys
import threading
import time

import pytest
import vfu
from test_protocol import refused
from vfu import BME, LINK_DOWN, LINK_UP


def refuse_host(cable):
    with pytest.raises((vfu.Closed, OSError)):
        cable.host()


def test_host_too_early(cable, endpoint):
    refuse_host(cable)
    cable.expect("host refused: the endpoint has not started the link")
    endpoint.start()
    cable.host()
    cable.expect("link up")


def test_second_host(cable, pair):
    refuse_host(cable)
    cable.expect("host refused: one host is connected already")
    assert pair[1].config(0, 4) == 0x10031af4


def test_link_up_event(cable, endpoint):
    endpoint.start()
    assert endpoint.reg(vfu.LINK_STATUS) == 0
    assert endpoint.events() == 0
    cable.host()
    assert endpoint.event.wait() == 1
    assert endpoint.reg(vfu.LINK_STATUS) == 1
    assert endpoint.events() == LINK_UP
    assert endpoint.events() == 0


def test_events_disabled_and_enabled_later(cable, endpoint):
    endpoint.start()
    endpoint.set_reg(vfu.EVENT_ENABLE, 0)
    host = cable.host()
    host.config(0, 4)
    assert endpoint.reg(vfu.EVENT_STATUS) == LINK_UP
    assert endpoint.event.take() == 0
    endpoint.set_reg(vfu.EVENT_ENABLE, LINK_DOWN)
    assert endpoint.event.take() == 0
    endpoint.set_reg(vfu.EVENT_ENABLE, LINK_UP)
    assert endpoint.event.take() == 1


def test_event_interrupts_once_per_edge(pair):
    endpoint, host = pair
    host.enable(0)
    host.enable(6)
    assert endpoint.event.take() == 1
    host.enable(0)
    host.enable(6)
    assert endpoint.event.take() == 0
    assert endpoint.events() == BME
    host.enable(2)
    assert endpoint.events() == 0


def test_configuration_space(pair):
    _, host = pair
    assert host.config(0, 4) == 0x10031af4
    assert host.config(4, 2) == 6
    assert host.config(6, 2) == 0x10
    assert host.config(8, 4) == 0x07800001
    assert host.config(0xc, 4) == 0x10
    assert host.config(0x2c, 4) == 0x00031af4
    assert host.config(0x3c, 4) == 0x100
    assert host.config(0x100, 4) == 0
    express = host.capability(0x10)
    assert host.config(express + 2, 2) == 0x02
    msix = host.capability(0x11)
    assert host.config(msix + 2, 2) == 2
    assert host.config(msix + 4, 8) == 0x0000080100000001
    assert host.irq_info(vfu.MSIX) == (1, 3)
    assert host.irq_info(vfu.INTX) == (7, 1)
    assert host.irq_info(vfu.MSI) == (0, 0)
    assert host.region_info(0) == (3, 0x1000, None)
    assert host.region_info(1) == (3, 0x1000, None)
    assert host.region_info(2) == (0, 0, None)
    assert host.region_info(7) == (3, 4096, None)


def test_read_only_configuration(pair):
    _, host = pair
    before = host.read_region(7, 0, 4096)
    for at in (0, 2, 6, 8, 0x2c, 0x34, 0x3d, host.capability(0x10), host.capability(0x11)):
        host.set_config(at, 2 if at != 0x34 else 1, 0xffff if at != 0x34 else 0xff)
    assert host.read_region(7, 0, 4096) == before


def test_bar_sizing(cable, endpoint):
    endpoint.set_up()
    endpoint.set_bar(2, 1 << 33, endpoint.BAR0, 0xc)
    endpoint.set_bar(4, 0x10, endpoint.BAR0, 8)
    endpoint.set_reg(vfu.LINK_CTRL, 1)
    host = cable.host()
    host.write_region(7, 0x10, b"\xff" * 24)
    assert host.config(0x10, 8) == 0xfffff000fffff000
    assert host.config(0x18, 8) == (2 ** 64 - (1 << 33)) | 0xc
    assert host.config(0x20, 8) == 0xfffffff8
    assert host.region_info(2) == (3, 1 << 33, None)


@pytest.mark.parametrize("count", [1, 2, 4, 8])
def test_bar_access(pair, count):
    endpoint, host = pair
    for offset in (0, 0x100 * count, 0x1000 - count):
        data = os.urandom(count)
        host.write_region(0, offset, data)
        assert endpoint.at(endpoint.BAR0 + offset, count) == data
        data = os.urandom(count)
        endpoint.put(endpoint.BAR0 + offset, data)
        assert host.read_region(0, offset, count) == data


def test_round_trip(pair):
    """A read behind a write leaves the endpoint time to look; one behind a read does not."""
    endpoint, host = pair

    def timed():
        begin = time.monotonic()
        host.read_region(0, 0, 4)
        return time.monotonic() - begin

    host.write_region(0, 0, b"1234")
    assert timed() > 0.001
    assert min(timed() for _ in range(20)) < 0.001

    # Meanwhile the endpoint is served
    host.write_region(0, 0, b"1234")
    reader = threading.Thread(target=timed)
    reader.start()
    for _ in range(5):
        assert endpoint.reg(0)
    reader.join()


def test_round_trip_after_a_link_flap(pair):
    """A link that comes up knows nothing of a write or a waiting read of the one before."""
    endpoint, host = pair

    def flap():
        endpoint.set_reg(vfu.LINK_CTRL, 0)
        endpoint.set_reg(vfu.LINK_CTRL, 1)

    def timed():
        host.enable()
        begin = time.monotonic()
        host.read_region(0, 0, 4)
        return time.monotonic() - begin

    def behind_a_waiting_read():
        host.write_region(0, 0, b"1234")
        host.send(vfu.REGION_READ, struct.pack("<QII", 0, 0, 4))
        flap()
        host.receive()
        # No processor of the endpoint has more to do than that
        time.sleep(0.05)
        host.enable()
        host.write_region(0, 0, b"1234")
        return timed()

    def behind_a_write():
        host.write_region(0, 0, b"1234")
        flap()
        return timed()

    assert min(behind_a_waiting_read() for _ in range(10)) > 0.001
    assert min(behind_a_write() for _ in range(20)) < 0.001


ENDPOINT = """
import os, sys, time
sys.path.insert(0, sys.argv[1])
import vfu
ep = vfu.Endpoint(sys.argv[2])
ep.start()
if sys.argv[3] == "sleeps":
    print("ready", flush=True)
    time.sleep(100)
os.sched_setaffinity(0, {int(sys.argv[-1])})
os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
print("ready", flush=True)
while True:
    pass
"""
GREEDY = """
import os, sys
os.sched_setaffinity(0, {int(sys.argv[-1])})
os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
print("ready", flush=True)
while True:
    pass
"""
STARVED = "the endpoint's QEMU wants to run, and got no processor for "


@pytest.fixture
def process():
    """Start a program of Python, and wait until it says that it is ready."""
    processes = []

    def start(program, *args):
        processes.append(subprocess.Popen([sys.executable, "-c", program, *args], text=True,
                                          stdout=subprocess.PIPE))
        assert processes[-1].stdout.readline() == "ready\n"
        return processes[-1]

    yield start
    for started in processes:
        started.kill()
        started.wait()
        started.stdout.close()


def endpoint_process(cable, process, what, cpu=0):
    """An endpoint with a process of its own, the time of which is looked at."""
    process(ENDPOINT, os.path.dirname(vfu.__file__), cable.ep_socket, what, str(cpu))


@pytest.fixture
def starved(cable, process):
    """A host's read behind a write in a thread, and who keeps the endpoint from running."""
    cpus = os.sched_getaffinity(0)
    cpu = min(cpus)
    endpoint_process(cable, process, "runs", cpu)
    host = cable.host()
    host.enable()
    # Nobody else is to be kept from running
    for pid in (0, cable.process.pid):
        os.sched_setaffinity(pid, cpus - {cpu})
    host.write_region(0, 0, b"1234")
    greedy = process(GREEDY, str(cpu))
    reader = threading.Thread(target=host.read_region, args=(0, 0, 4))
    reader.start()
    yield reader, greedy
    greedy.kill()
    reader.join()
    os.sched_setaffinity(0, cpus)


def test_round_trip_of_a_starved_endpoint(cable, starved):
    """The read waits for an endpoint that wants to run and cannot."""
    reader, greedy = starved
    reader.join(0.2)
    # This test may itself be late, on a machine that is as busy as that
    assert reader.is_alive() or STARVED in cable.log()
    greedy.kill()
    reader.join(2)
    assert not reader.is_alive()


def test_round_trip_has_an_end(cable, starved):
    reader, _ = starved
    reader.join(2)
    assert not reader.is_alive()
    cable.expect(STARVED)


def test_host_that_leaves_in_a_round_trip(cable, process):
    """The program is not busy with a read whose sender has gone."""
    endpoint_process(cable, process, "sleeps")

    def used():
        with open("/proc/%d/stat" % cable.process.pid) as stat:
            return sum(map(int, stat.read().rsplit(")")[1].split()[11:13]))

    before = used()
    for n in range(1, 21):
        host = cable.host()
        host.enable()
        host.write_region(0, 0, b"1234")
        host.send(vfu.REGION_READ, struct.pack("<QII", 0, 0, 4))
        cable.clients.remove(host)
        host.close()
        vfu.wait_until(lambda: cable.log().count("host disconnected") == n, "the end")
    assert used() - before < 30, "hundredths of a second, for 20 times 40 ms"


def test_bar_access_of_any_size(pair):
    endpoint, host = pair
    for offset, count in ((1, 2), (3, 8), (5, 1), (7, 4095 - 7), (0, 4096)):
        data = os.urandom(count)
        endpoint.put(endpoint.BAR0, b"\xee" * 0x1000)
        host.write_region(0, offset, data)
        assert endpoint.at(endpoint.BAR0, 0x1000) == (b"\xee" * offset + data).ljust(0x1000, b"\xee")
        assert host.read_region(0, offset, count) == data


@pytest.mark.parametrize("region,offset,count", [(0, 0x1000, 1), (0, 0xffe, 4), (2, 0, 4),
                                                 (7, 4096, 1), (0, 2 ** 64 - 1, 2)])
def test_outside_of_a_bar(pair, region, offset, count):
    _, host = pair
    refused(errno.EINVAL, host.read_region, region, offset, count)
    refused(errno.EINVAL, host.write_region, region, offset, b"\0" * count)


def test_bar_moves(pair):
    endpoint, host = pair
    endpoint.set_bar(0, 0x1000, endpoint.RAM_BASE)
    host.write_region(0, 0, b"here")
    assert endpoint.at(endpoint.RAM_BASE, 4) == b"here"
    assert endpoint.at(endpoint.BAR0, 4) == b"\0" * 4


@pytest.mark.parametrize("how", ["address 0", "size 0", "not in RAM"])
def test_bar_not_set(pair, how):
    endpoint, host = pair
    if how == "address 0":
        endpoint.set_fn(vfu.fn_bar(0) + 0x10, 0)
        endpoint.set_fn(vfu.fn_bar(0) + 0x14, 0)
    elif how == "size 0":
        endpoint.set_fn(vfu.fn_bar(0), 0)
        endpoint.set_fn(vfu.fn_bar(0) + 4, 0)
    else:
        endpoint.set_fn(vfu.fn_bar(0) + 0x14, 0xff)
    assert host.read_region(0, 0, 8) == b"\xff" * 8
    host.write_region(0, 0, b"\x55" * 8)
    assert endpoint.at(endpoint.BAR0, 8) == b"\0" * 8


def test_memory_space_off(pair):
    endpoint, host = pair
    host.enable(4)
    assert host.read_region(0, 0, 4) == b"\xff" * 4
    host.write_region(0, 0, b"\x55" * 4)
    assert endpoint.at(endpoint.BAR0, 4) == b"\0" * 4


def test_msix_table_is_not_in_ram(pair):
    endpoint, host = pair
    endpoint.put(endpoint.BAR1, b"\x77" * 0x1000)
    host.write_region(1, 0, b"\x55" * 16)
    assert endpoint.at(endpoint.BAR1, 16) == b"\x77" * 16
    assert host.read_region(1, 0, 0x30) == b"\0" * 0x30
    assert host.read_region(1, 0x30, 8) == b"\x77" * 8
    assert host.read_region(1, 0x800, 8) == b"\0" * 8
    assert host.read_region(1, 0x808, 8) == b"\x77" * 8


def test_interrupts(pair):
    endpoint, host = pair
    events = [vfu.Event() for _ in range(3)]
    host.set_irqs(vfu.IRQ_EVENTFD | vfu.IRQ_TRIGGER, 0, 2, [e.fd for e in events[:2]])

    assert endpoint.fn(vfu.FN_MSIX_ENABLED) == 0
    assert endpoint.raise_irq(1) == vfu.DISABLED
    host.msix(0x8000)
    assert endpoint.fn(vfu.FN_MSIX_ENABLED) == 3
    for vector in (1, 2):
        assert endpoint.raise_irq(vector) == vfu.SENT
        assert [e.take() for e in events] == [vector == 1, vector == 2, 0]

    assert endpoint.raise_irq(3) == vfu.MASKED
    host.set_irqs(vfu.IRQ_EVENTFD | vfu.IRQ_TRIGGER, 2, 1, [events[2].fd])
    assert endpoint.raise_irq(3) == vfu.SENT
    assert events[2].take() == 1
    for vector in (0, 4, 0xffffffff):
        assert endpoint.raise_irq(vector) == vfu.NO_VECTOR

    host.msix(0xc000)
    assert endpoint.raise_irq(1) == vfu.MASKED
    assert endpoint.fn(vfu.FN_MSIX_ENABLED) == 3
    host.msix(0x8000)
    host.enable(2)
    assert endpoint.raise_irq(1) == vfu.DISABLED
    host.enable(6)
    assert endpoint.raise_irq(1) == vfu.SENT
    endpoint.set_reg(vfu.LINK_CTRL, 0)
    assert endpoint.raise_irq(1) == vfu.NO_LINK
    assert endpoint.fn(vfu.FN_MSIX_ENABLED) == 0
    assert events[0].take() == 1


def test_link_off_and_on(pair):
    endpoint, host = pair
    endpoint.set_reg(vfu.LINK_CTRL, 0)
    assert endpoint.events() == LINK_DOWN
    assert host.read_region(7, 0, 64) == b"\xff" * 64
    assert host.read_region(0, 0, 4) == b"\xff" * 4
    host.enable(7)
    host.write_region(0, 0, b"\x55" * 4)
    assert endpoint.at(endpoint.BAR0, 4) == b"\0" * 4
    endpoint.set_fn(vfu.FN_ID, 0x10051af4)
    endpoint.set_reg(vfu.LINK_CTRL, 1)
    assert endpoint.events() == LINK_UP
    assert host.config(0, 4) == 0x10051af4
    assert host.config(4, 2) == 0
    host.enable()
    assert host.read_region(0, 0, 4) == b"\0" * 4


def test_changes_wait_for_the_next_link(pair):
    endpoint, host = pair
    endpoint.set_fn(vfu.FN_ID, 0x10051af4)
    endpoint.set_bar(0, 0x2000, endpoint.BAR0)
    endpoint.set_reg(vfu.LINK_CTRL, 1)
    assert host.config(0, 4) == 0x10031af4
    assert host.region_info(0)[1] == 0x1000


@pytest.mark.parametrize("change", [
    lambda ep: ep.set_bar(0, 0x2000, ep.BAR0), lambda ep: ep.set_bar(0, 0x1000, ep.BAR0, 8),
    lambda ep: ep.set_bar(2, 0x1000, ep.BAR0), lambda ep: ep.set_fn(vfu.FN_MSIX_VECTORS, 4),
    lambda ep: ep.set_fn(vfu.FN_MSIX_VECTORS, 0), lambda ep: ep.set_fn(vfu.FN_MSIX_PBA, 0xc01),
    lambda ep: ep.set_fn(vfu.FN_MSI_VECTORS, 4), lambda ep: ep.set_fn(vfu.FN_MISC, 0x0210),
    lambda ep: ep.set_fn(vfu.FN_MISC, 0x10)])
def test_other_shape(cable, pair, change):
    endpoint, host = pair
    endpoint.set_reg(vfu.LINK_CTRL, 0)
    endpoint.events()
    change(endpoint)
    endpoint.set_reg(vfu.LINK_CTRL, 1)
    cable.expect("function 0 has other BARs or interrupts")
    assert endpoint.reg(vfu.LINK_CTRL) == 1
    assert endpoint.reg(vfu.LINK_STATUS) == vfu.LINK_MISFIT
    assert endpoint.events() == 0
    assert host.config(0, 4) == 0xffffffff
    cable.leave(host, "host disconnected")
    assert endpoint.reg(vfu.LINK_STATUS) == 0
    host = cable.host()
    assert host.config(0, 4) == 0x10031af4
    assert endpoint.events() == LINK_UP


def test_host_reset(cable, pair):
    endpoint, host = pair
    host.msix(0x8000)
    host.set_config(0x10, 4, 0xfe000000)
    host.request(vfu.RESET)
    assert endpoint.event.take() == 1
    assert endpoint.events() == LINK_DOWN | LINK_UP
    assert endpoint.reg(vfu.LINK_STATUS) == 1
    assert endpoint.fn(vfu.FN_MSIX_ENABLED) == 0
    assert host.config(4, 2) == 0
    assert host.config(0x10, 4) == 0
    assert host.config(0, 4) == 0x10031af4
    cable.expect("host reset")


def test_reset_of_an_unused_function(cable, endpoint):
    endpoint.start()
    host = cable.host()
    endpoint.events()
    host.request(vfu.RESET)
    host.request(vfu.RESET)
    assert endpoint.events() == 0
    host.enable()
    host.request(vfu.RESET)
    host.request(vfu.RESET)
    assert endpoint.events() == LINK_DOWN | LINK_UP | BME


def test_host_comes_back(cable, pair):
    endpoint, host = pair
    for _ in range(5):
        with open(cable.ram, "r+b") as ram:
            ram.write(b"stays")
        cable.leave(host, "host disconnected")
        vfu.wait_until(lambda: endpoint.reg(vfu.LINK_STATUS) == 0, "link down")
        assert endpoint.events() & LINK_DOWN
        host = cable.host()
        assert endpoint.reg(vfu.LINK_STATUS) == 1
        assert host.config(4, 2) == 0
        assert endpoint.read_region(2, 0, 5) == b"stays"


def test_endpoint_comes_back(cable, pair):
    endpoint, host = pair
    for _ in range(5):
        cable.leave(endpoint, "endpoint disconnected")
        vfu.wait_until(lambda: host.config(0, 4) == 0xffffffff, "link down")
        assert host.read_region(0, 0, 4) == b"\xff" * 4
        endpoint = cable.endpoint()
        assert host.config(0, 4) == 0xffffffff
        endpoint.start()
        assert host.config(0, 4) == 0x10031af4
        host.enable()
        endpoint.put(endpoint.BAR0, b"back")
        assert host.read_region(0, 0, 4) == b"back"


def test_endpoint_reset_takes_the_link_down(pair):
    endpoint, host = pair
    endpoint.request(vfu.RESET)
    assert host.config(0, 4) == 0xffffffff
    endpoint.start()
    assert host.config(0, 4) == 0x10031af4


def test_host_connection_breaks(cable, pair):
    endpoint, host = pair
    host.send(vfu.GET_INFO, b"", size=3)
    with pytest.raises(vfu.Closed):
        host.receive()
    assert endpoint.reg(vfu.LINK_STATUS) == 0
    cable.host()
    assert endpoint.reg(vfu.LINK_STATUS) == 1
