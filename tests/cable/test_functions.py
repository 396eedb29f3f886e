# SPDX-License-Identifier: GPL-2.0
"""Several functions on one card, each with a connection of the host's."""

import json
import mmap
import os

import pcapng
import pytest
import vfu
from test_control import Control, controlled, ctl                # noqa: F401
from test_program import run
from test_qmp import monitor, plugged                            # noqa: F401
from test_stat import Stats
from test_trace import without_time

HEADER_TYPE, SEVERAL = 0x0e, 0x80
DEVCAP, DEVCTL, FLR_CAPABLE, START_FLR = 4, 8, 1 << 28, 1 << 15


def set_up(cable, *functions, **setup):
    """An endpoint that has started the link with these functions."""
    endpoint = cable.endpoint()
    for fn in functions:
        endpoint.set_up(fn=fn, **setup)
    endpoint.set_reg(vfu.LINK_CTRL, 1)
    assert endpoint.reg(vfu.LINK_CTRL) == 1
    return endpoint


def up(endpoint):
    return endpoint.reg(vfu.LINK_STATUS) == 1


class Card:
    """An endpoint with functions, and a host that uses them."""

    def __init__(self, cable, *functions, **setup):
        self.endpoint = set_up(cable, *functions, **setup)
        # As QEMU plugs them: the first one last
        self.host = {fn: cable.host(fn=fn) for fn in sorted(functions, reverse=True)}
        for host in self.host.values():
            host.enable()
        assert up(self.endpoint)
        self.endpoint.events()
        self.endpoint.event.take()

    def vectors(self, fn):
        """The host sets MSI-X of a function up: an event for each vector."""
        events = [vfu.Event() for _ in range(3)]
        self.host[fn].set_irqs(vfu.IRQ_EVENTFD | vfu.IRQ_TRIGGER, 0, 3,
                               [event.fd for event in events])
        self.host[fn].msix(0x8000)
        return events


@pytest.fixture
def card(cable):
    return Card(cable, 0, 1, 7)


def test_link_waits_for_all(cable):
    endpoint = set_up(cable, 0, 2)
    first = cable.host()
    assert not up(endpoint)
    assert first.config(0, 4) == 0x10031af4, "QEMU never ends where it finds all-ones"
    assert first.read_region(0, 0, 4) == b"\xff" * 4
    third = cable.host(fn=2)
    assert up(endpoint)
    assert (first.config(0, 4), third.config(0, 4)) == (0x10031af4, 0x10051af4)
    assert endpoint.events() == vfu.LINK_UP
    cable.leave(third, "host, function 2 disconnected")
    assert not up(endpoint)
    assert first.config(0, 4) == 0xffffffff
    assert endpoint.events() == vfu.LINK_DOWN
    cable.host(fn=2)
    assert up(endpoint)


@pytest.mark.parametrize("functions", [(0,), (0, 1), tuple(range(8))])
def test_header_says_whether_there_are_more(cable, functions):
    card = Card(cable, *functions)
    for host in card.host.values():
        assert bool(host.config(HEADER_TYPE, 1) & SEVERAL) == (len(functions) > 1)


def test_functions_have_their_own_memory(card):
    for fn, host in card.host.items():
        host.write_region(0, 0, bytes([0xf0 + fn] * 4))
    for fn, host in card.host.items():
        assert card.endpoint.at(card.endpoint.BAR0 + fn * 0x10000, 4) == bytes([0xf0 + fn] * 4)
        assert host.read_region(0, 0, 4) == bytes([0xf0 + fn] * 4)


def test_functions_have_their_own_commands(card):
    card.host[1].set_config(4, 2, 0)
    assert card.host[1].read_region(0, 0, 4) == b"\xff" * 4
    assert card.host[7].read_region(0, 0, 4) == bytes(4)
    card.host[1].enable()
    assert card.endpoint.events() == vfu.BME


def test_functions_have_their_own_interrupts(card):
    events = {fn: card.vectors(fn) for fn in (1, 7)}
    assert card.endpoint.raise_irq(2, fn=7) == vfu.SENT
    assert [event.take() for event in events[7]] == [0, 1, 0]
    assert [event.take() for event in events[1]] == [0, 0, 0]
    assert card.endpoint.fn(vfu.FN_MSIX_ENABLED, 1) == 3
    assert card.endpoint.fn(vfu.FN_MSIX_ENABLED, 0) == 0
    assert card.endpoint.raise_irq(2) == vfu.DISABLED
    assert card.endpoint.raise_irq(1, fn=3) == vfu.NO_LINK, "no such function"


def test_intx_of_each(card):
    assert card.endpoint.raise_irq(1, vfu.FN_INTX, fn=1) == vfu.SENT
    assert [bool(host.config(6, 2) & 8) for _, host in sorted(card.host.items())] == [
        False, True, False]
    assert card.endpoint.raise_irq(1, vfu.FN_INTX, fn=3) == vfu.NO_LINK, "no such function"


def test_one_host_reset_of_all(card):
    """QEMU resets the functions one after the other; the endpoint hears of it once."""
    for fn in (0, 1, 7):
        card.host[fn].request(vfu.RESET)
        assert card.host[fn].config(4, 2) == 0
        assert card.endpoint.events() == (vfu.LINK_DOWN | vfu.LINK_UP if not fn else 0)


def test_reset_of_any_is_a_reset_of_all(card):
    card.host[7].request(vfu.RESET)
    assert [host.config(4, 2) for host in card.host.values()] == [0, 0, 0]


def test_function_level_reset(start, tmp_path):
    card = Card(start("--trace=%s/trace" % tmp_path, "--trace-filter=link"), 0, 1)
    events = {fn: card.vectors(fn) for fn in (0, 1)}
    assert card.endpoint.raise_irq(1, vfu.FN_INTX, fn=1) == vfu.DISABLED, "kept"
    host = card.host[1]
    at = host.capability(0x10)
    assert host.config(at + DEVCAP, 4) & FLR_CAPABLE
    host.set_config(at + DEVCTL, 2, START_FLR | 0x2810)
    assert host.config(at + DEVCTL, 2) == 0
    assert host.config(4, 2) == 0 and not host.config(6, 2) & 8
    assert card.endpoint.raise_irq(1, fn=1) == vfu.DISABLED
    assert card.endpoint.raise_irq(1, fn=0) == vfu.SENT
    assert events[0][0].take() == 1
    assert up(card.endpoint) and card.endpoint.events() == 0
    assert card.host[0].config(4, 2) == 6
    host.enable()
    assert card.endpoint.events() == vfu.BME
    vfu.wait_until(lambda: "host.1 FLR" in without_time(tmp_path / "trace"), "line")


def test_function_level_reset_needs_its_bit(card):
    host = card.host[1]
    at = host.capability(0x10)
    host.set_config(at + DEVCTL, 2, 0x2810)
    host.set_config(at + DEVCTL, 1, 0xff)
    host.set_config(at + DEVCTL - 1, 1, 0xff)
    assert host.config(4, 2) == 6
    host.set_config(at + DEVCTL + 1, 1, START_FLR >> 8)
    assert host.config(4, 2) == 0


def test_interrupts_under_way_are_lost_with_their_function(controlled):     # noqa: F811
    card = Card(controlled, 0, 1)
    events = {fn: card.vectors(fn) for fn in (0, 1)}
    control = Control(controlled.control)
    control.ask("irq delay 200")
    for fn in (0, 1, 1, 0):
        assert card.endpoint.raise_irq(1 + fn, fn=fn) == vfu.SENT
    control.ask("irq drop 2")
    for fn in (0, 1):
        assert card.endpoint.raise_irq(3, fn=fn) == vfu.SENT
    host = card.host[1]
    host.set_config(host.capability(0x10) + DEVCTL, 2, START_FLR)
    lines, _ = control.ask("irq flush")
    assert lines == ["1 vector sent"]
    assert events[0][2].take() == 1
    events[0][0].wait()
    vfu.wait_until(lambda: Stats(control).table["interrupts under way"]["late"] == [0], "none")
    assert [event.take() for event in events[1]] == [0, 0, 0]


@pytest.mark.parametrize("ctrl,answered", [(0x001, True), (0x101, True), (0x201, False),
                                           (0xff01, False)])
def test_windows_are_of_a_function(start, ctrl, answered):
    cable = start("--windows=metered,number=4,granule=4K,space=1M")
    card = Card(cable, 0, 1)
    endpoint = card.endpoint
    with open(cable.ram, "r+b") as file:
        ram = mmap.mmap(file.fileno(), 64 << 20)
    ram[:8] = b"12345678"
    at = 0x9000
    endpoint.set_reg(at + 8, 0x1000)
    endpoint.set_reg(at + 0x18, ctrl)
    assert (endpoint.read_region(2, 0, 8) == b"12345678") == answered
    for fn in (0, 1):
        card.host[fn].set_config(4, 2, 2)
        assert (endpoint.read_region(2, 0, 8) == b"12345678") == (answered and ctrl >> 8 != fn)
        card.host[fn].enable()


def test_first_function_is_needed(cable):
    endpoint = cable.endpoint()
    endpoint.set_up(fn=1)
    endpoint.set_reg(vfu.LINK_CTRL, 1)
    assert endpoint.reg(vfu.LINK_CTRL) == 0
    cable.expect("the endpoint has not written a configuration header for function 0")


def test_bad_setup_says_whose(cable):
    endpoint = cable.endpoint()
    endpoint.set_up()
    endpoint.set_up(fn=1, pin=5)
    endpoint.set_reg(vfu.LINK_CTRL, 1)
    assert endpoint.reg(vfu.LINK_CTRL) == 0
    cable.expect("function 1: interrupt pin 5")


def test_function_that_is_not_set_up_is_refused(cable):
    set_up(cable, 0, 1)
    with pytest.raises(vfu.Closed):
        cable.host(fn=2)
    cable.expect("host, function 2 refused: the endpoint has started the link without this function")


def test_other_shape_of_one(cable):
    card = Card(cable, 0, 1)
    endpoint = card.endpoint
    endpoint.set_reg(vfu.LINK_CTRL, 0)
    endpoint.set_fn(vfu.FN_MSIX_VECTORS, 2, 1)
    endpoint.set_reg(vfu.LINK_CTRL, 1)
    assert not up(endpoint)
    cable.expect("function 1 has other BARs or interrupts")


@pytest.mark.parametrize("profile,number", [("generic", 8), ("rk3588", 1), ("j721e", 6),
                                            ("imx8mp", 1), ("rcar-gen4", 2)])
def test_profiles_have_so_many(start, profile, number):
    cable = start("--profile=" + profile)
    endpoint = cable.endpoint()
    assert endpoint.reg(vfu.NUM_FUNCTIONS) == number
    for fn in range(8):
        endpoint.set_fn(vfu.FN_ID, 0x12345678, fn)
        assert endpoint.fn(vfu.FN_ID, fn) == (0x12345678 if fn < number else 0)
        assert os.path.exists(cable.host_socket + (".%d" % fn if fn else "")) == (fn < number)


def test_sockets_are_removed(cable):
    assert cable.stop() == 0
    assert [name for name in os.listdir(os.path.dirname(cable.host_socket))
            if name.startswith("host.sock")] == []


def test_counters_of_each(controlled):                          # noqa: F811
    card = Card(controlled, 0, 3)
    card.vectors(3)
    control = Control(controlled.control)
    control.ask("stat reset")
    card.host[3].read_region(0, 0, 4)
    card.endpoint.raise_irq(1, fn=3)
    lines, _ = control.ask("stat")
    at = lines.index("function 3")
    assert lines.index("function 0") < at
    for line, count in (("  memory reads\t1\t4\t0", 1), ("  memory reads\t0\t0\t0", 0),
                        ("  MSI-X\t1\t0\t0\t0\t0", 1), ("  MSI-X\t0\t0\t0\t0\t0", 0)):
        assert lines[at:].count(line) == count
        assert lines[:at].count(line) == 1 - count


def test_state_without_all_functions(controlled):               # noqa: F811
    set_up(controlled, 0, 1)
    control = Control(controlled.control)
    assert Stats(control).link == "link is down: no host is connected"
    controlled.host()
    assert Stats(control).link == "link is down: the host has not connected with all functions"


TRACE = """\
0.000000 link up
0.000001 host CfgWr cfg+0x10 4 0x10000000
0.000002 host.2 CfgWr cfg+0x10 4 0x20000000
0.000003 host MWr bar0+0x10 1 0x01
0.000004 host.2 MRd bar0+0x10 1 0x02
0.000005 ep.2 MRd 0x1000 4 0x04030201
0.000006 ep.2 MSI-X 1 sent
0.000007 ep.2 INTx assert sent
0.000008 host.2 BME
0.000009 host.2 FLR
0.000010 host MWr bar0+0x10 1 0x01
0.000011 host.2 MWr bar0+0x10 1 0x01
"""


def test_trace_of_each(start, tmp_path):
    card = Card(start("--trace=%s/trace" % tmp_path), 0, 2)
    card.host[2].read_region(0, 0, 1)
    card.endpoint.raise_irq(1, fn=2)
    wanted = ["host.2 MRd bar0+0x0 1 0x00", "ep.2 MSI-X 1 disabled", "host.2 BME", "host BME",
              "link up"]
    vfu.wait_until(lambda: set(wanted) < set(without_time(tmp_path / "trace")), "lines")


def test_trace_command(program, tmp_path):
    (tmp_path / "trace").write_text(TRACE)
    got = run(program, "trace", str(tmp_path / "trace"), "--function=2")
    assert got.returncode == 0
    assert [" ".join(line.split()[2:]) for line in got.stdout.splitlines()] == [
        line.split(" ", 1)[1] for line in TRACE.splitlines() if ".2 " in line]
    for bad in ("8", "", "-1", "1x"):
        got = run(program, "trace", str(tmp_path / "trace"), "--function=" + bad)
        assert got.returncode == 2 and "--function: a number from 0 to 7 is allowed" in got.stderr


@pytest.mark.parametrize("who", ["host.0", "host.8", "host.", "host.11", "host.x", "hosts", "link.1"])
def test_bad_trace(program, tmp_path, who):
    (tmp_path / "trace").write_text("0.000000 %s BME\n" % who)
    assert run(program, "trace", str(tmp_path / "trace")).returncode == 1


def test_packets_have_ids(program, tmp_path):
    (tmp_path / "trace").write_text(TRACE)
    run(program, "trace", str(tmp_path / "trace"), "--pcapng=%s/out" % tmp_path)
    _, packets = pcapng.read((tmp_path / "out").read_bytes())
    rows = {}
    for packet in packets:
        rows.setdefault(packet.comment, []).append(packet.data)
    write = rows["host MWr   bar0+0x10     1 0x01"][0]
    assert write[8:12] == bytes.fromhex("10000010")
    read, completion = next(data for comment, data in rows.items() if comment.startswith("host.2 MRd"))
    assert read[8:12] == bytes.fromhex("20000010")
    assert completion[4:6] == bytes.fromhex("0102") and completion[8:10] == bytes(2)
    read, completion = next(data for comment, data in rows.items() if comment.startswith("ep.2 MRd"))
    assert read[4:6] == bytes.fromhex("0102")
    assert completion[4:6] == bytes(2) and completion[8:10] == bytes.fromhex("0102")
    # After the function's reset its BAR is nowhere, and that of the other one where it was
    assert packets[-2].data[8:12] == bytes.fromhex("10000010")
    assert packets[-1].data[8:12] == bytes.fromhex("00000010")


def device_add(monitor):                                        # noqa: F811
    command = monitor.hear()
    assert command["execute"] == "device_add"
    return command["arguments"]


def test_plugged_from_the_last_to_the_first(plugged, monitor):  # noqa: F811
    set_up(plugged, 0, 1, 4)
    monitor.accept()
    for fn in (4, 1, 0):
        arguments = device_add(monitor)
        assert arguments["id"] == ("card.%d" % fn if fn else "card")
        assert (arguments["addr"], arguments["multifunction"]) == ("0.%d" % fn, True)
        assert arguments["socket"]["path"] == os.path.realpath(
            plugged.host_socket) + (".%d" % fn if fn else "")
        plugged.host(fn=fn)
        if fn:
            monitor.say({"return": {}})
    assert monitor.hear() is None


def test_some_are_there_already(plugged, monitor):              # noqa: F811
    set_up(plugged, 0, 1)
    monitor.accept()
    assert device_add(monitor)["id"] == "card.1"
    monitor.say({"error": {"class": "GenericError", "desc": "Duplicate device ID 'card.1'"}})
    assert device_add(monitor)["id"] == "card"


def test_refused_by_the_host(plugged, monitor):                 # noqa: F811
    set_up(plugged, 0, 1)
    monitor.accept()
    device_add(monitor)
    monitor.say({"error": {"class": "GenericError", "desc": "slot taken"}})
    plugged.expect("cannot plug")
    assert json.dumps(device_add(monitor)).count("card.1") == 1, "tried again"
