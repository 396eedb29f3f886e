# SPDX-License-Identifier: GPL-2.0
"""The console while the link, the controller or a machine fails, as pcie-cable ctl has it."""

import subprocess
import time

import pytest

import resets
from conftest import MAPPED, PROFILE
from test_resets import after
from transfer import (RECEIVE, SEND, TAKE, check_received, exchange, heard, heard_all, listen,
                      random_file)

# Through windows that are not mapped, each eight bytes are an access for pcie-cable
SIZE = 128 << 10 if MAPPED else 16 << 10
SMALL = 8 << 10

# Processor time of the function's threads in nanoseconds, and the time in seconds
SPENT = ("cat $(grep -ls '^pci_epf_vcon' /proc/[0-9]*/comm | sed s/comm/schedstat/) |"
         " awk '{ n += $1 } END { printf \"%.0f\\n\", n }'; cut -d' ' -f1 /proc/uptime")

# One that never pauses takes all of a processor. One that does is charged also for what
# its emulated processor did not get of a real one.
SPINS = 0.5

ENDS = (("host", "cont"), ("endpoint", "cont"), ("irq", "delay", "0"), ("irq", "drop", "0"),
        ("irq", "flush"), ("windows", "limit", "off"), ("map", "short", "off"), ("link", "up"))

# A function whose controller does not tell of the link goes on reading all-ones
LINK_TOLD = PROFILE != "j721e"

pytestmark = pytest.mark.not_kasan("takes a quarter of an hour there; not tried yet")

METERED = "the same is tried with mapped windows, and metered ones in test_windows.py"

short_maps = pytest.mark.skipif(PROFILE == "j721e", reason="its driver has no align_addr")


@pytest.fixture
def faults(pool, guard):
    """Give a control command; all faults end with the test."""
    yield lambda *command: pool.pair.cable.ctl(*command)
    for command in ENDS:
        try:
            pool.pair.cable.ctl(*command)
        except subprocess.CalledProcessError:
            assert command[0] == "map" and PROFILE == "j721e"


@pytest.fixture
def remade(pool):
    """A function whose counters of errors are of no interest any more is made anew."""
    yield
    if pool.spoilt:
        return
    pool.pair.remove_card()
    pool.pair.make_again()


def take_line(pair):
    """Both ends held open in raw mode, with nothing left in the line."""
    pair.answer(pair.host, False)
    pair.hold(pair.host)
    pair.drain(pair.endpoint, pair.host)


def give_line(pair):
    pair.release(pair.host)
    pair.answer(pair.host, True)


def rebind(pair):
    """The host's driver and all windows begin anew; a terminal is open on the endpoint only."""
    pair.answer(pair.host, False)
    card = pair.unbind_driver()
    resets.wait_unmapped(pair)
    pair.bind_driver(card)
    pair.wait_consoles()


def busy(pair, seconds):
    """The share of a processor that the function's threads take."""
    spent, now = map(float, pair.endpoint.shell.check(SPENT).split())
    pair.endpoint.shell.check("sleep %g" % seconds, 10 * seconds)
    later, then = map(float, pair.endpoint.shell.check(SPENT).split())
    return (later - spent) / 1e9 / (then - now)


def counted(pair, before, name):
    return pair.counter_values()[name] - before[name]


@pytest.mark.once
@pytest.mark.lost
def test_link_lost(pair, faults):
    """Only the endpoint writes: nobody is left to return a buffer of the host."""
    load = resets.Load(pair, pair.endpoint)
    faults("link", "down")
    if LINK_TOLD:
        pair.endpoint.wait_for("link down", lambda: "state down" in pair.counters(), 5)
    before = pair.counter_values()
    assert busy(pair, 2) < SPINS
    if LINK_TOLD:
        assert counted(pair, before, "np_reads") == counted(pair, before, "posted_writes") == 0
    load.stop(pair.host)
    assert faults("link", "up") == "the link is up\n"
    pair.remove_card()
    pair.rescan()
    load.stop(pair.endpoint)
    after(pair)


@pytest.mark.once
@pytest.mark.lost
def test_hot_reset(pair, faults):
    """Behind the back of the host's driver, which has to be bound again."""
    load = resets.Load(pair, pair.endpoint)
    before = pair.cable.stat("host reset")[0]
    faults("hot-reset")
    pair.bind_driver(pair.unbind_driver())
    load.stop(pair.host, pair.endpoint)
    assert pair.cable.stat("host reset")[0] > before
    after(pair)


@pytest.mark.once
def test_late_interrupts(pair, faults):
    take_line(pair)
    for delay in ("20", "200"):
        faults("irq", "delay", delay)
        exchange(pair, SIZE)
    # To be seen on its way, it has to be late
    faults("irq", "delay", "3000")
    receiving = pair.host.shell.start("head -c 6 </dev/hvc0")
    pair.endpoint.shell.check("echo hello >/dev/hvc0")
    pair.endpoint.wait_for("interrupt", lambda: pair.cable.stat("late")[0], 3)
    assert pair.host.shell.finish(receiving, 20, "late line") == (0, "hello\n")
    faults("irq", "delay", "0")
    give_line(pair)


@pytest.mark.once
def test_lost_interrupts(pair, faults):
    """The host hears of nothing until the next interrupt, and then of everything."""
    take_line(pair)
    expected = random_file(pair.endpoint, SMALL)
    faults("irq", "drop", "1000000")
    listen(pair.host, TAKE % SMALL)
    assert pair.endpoint.shell.check(SEND) == ""
    pair.endpoint.wait_for("interrupt", lambda: pair.cable.stat("vectors held back")[0], 5)
    assert busy(pair, 1) < SPINS
    faults("irq", "drop", "0")
    time.sleep(0.5)
    assert heard(pair.host) == "", "the host has heard of it"
    assert faults("irq", "flush").endswith("sent\n")
    check_received(pair, heard_all(pair.host, 60), SMALL, expected)

    faults("irq", "drop", "1")
    listen(pair.host, "head -c 12")
    pair.endpoint.shell.check("echo first >/dev/hvc0")
    pair.endpoint.wait_for("interrupt", lambda: pair.cable.stat("vectors held back")[0], 5)
    time.sleep(0.5)
    assert heard(pair.host) == "", "the host has heard of it"
    pair.endpoint.shell.check("echo again >/dev/hvc0")
    assert heard_all(pair.host, 20) == "first\nagain"

    # This is why they have to listen before
    faults("irq", "drop", "1000000")
    pair.endpoint.shell.check("echo third >/dev/hvc0")
    pair.endpoint.wait_for("interrupt", lambda: pair.cable.stat("vectors held back")[0], 5)
    assert pair.host.shell.check("timeout 10 head -c 6 </dev/hvc0", 20) == "third"
    give_line(pair)


def check_short_maps(pair, faults, size):
    """Rings in three windows each; then 256 bytes of payload in each that is mapped anew."""
    faults("map", "short", "4096")
    rebind(pair)
    take_line(pair)
    exchange(pair, size)
    faults("map", "short", "256")
    before = pair.counter_values()
    exchange(pair, size)
    # Where a map is short, the next one asks for what there is
    assert 2 * size / 256 / 2 < counted(pair, before, "maps") < 3 * 2 * size / 256
    assert counted(pair, before, "host_errors") == 0
    faults("map", "short", "off")
    pair.release(pair.host)
    rebind(pair)
    pair.answer(pair.host, True)
    assert pair.login_to_host() == "x86_64"


@pytest.mark.once
@short_maps
def test_short_maps(pair, faults):
    check_short_maps(pair, faults, SIZE)


@pytest.mark.whole(METERED)
@short_maps
def test_short_metered_maps(metered, faults):
    check_short_maps(metered, faults, SMALL)


def check_few_windows(pair, faults, size):
    """A ring lends its window to payload, so that one is enough; none is not."""
    for limit, some in (("3", size), ("2", SMALL), ("1", SMALL)):
        faults("windows", "limit", limit)
        rebind(pair)
        take_line(pair)
        before = pair.counter_values()
        exchange(pair, some)
        assert counted(pair, before, "host_errors") == 0
        pair.release(pair.host)

    faults("windows", "limit", "0")
    rebind(pair)
    assert "will try again" in pair.endpoint.kernel_messages()
    resets.check_host_runs(pair)
    # This one spins, until the rings can be mapped, and its other processor soon waits for it
    writing = pair.host.shell.start("exec 4<>/dev/hvc0; stty raw -echo <&4; echo hello >&4")
    time.sleep(0.5)
    faults("windows", "limit", "off")
    assert pair.host.shell.finish(writing, 20, "write") == (0, "")
    assert pair.endpoint.shell.check("timeout 20 head -c 6 </dev/hvc0", 30) == "hello"
    pair.answer(pair.host, True)
    assert pair.login_to_host() == "x86_64"


def check_windows_lost(pair, faults):
    """Rings that had windows beside those of payload keep theirs; payload has none then."""
    # So short that each buffer needs another window, and each ring three
    faults("map", "short", "4096")
    rebind(pair)
    take_line(pair)
    exchange(pair, SMALL)
    faults("windows", "limit", "6")
    before = pair.counter_values()
    # A host that writes is not kept for longer than by a slow receiver: those bytes are lost
    assert pair.host.shell.check("timeout 20 cat /etc/passwd >/dev/hvc0; echo $?", 30) == "0"
    assert counted(pair, before, "transmitq_from_host_host_errors") > 0
    # Bytes to the host are kept for five seconds, so that nothing slow may come in between
    expected = random_file(pair.endpoint, SMALL)
    pair.host.shell.check("(%s) >/tmp/got 2>&1 &" % (RECEIVE % SMALL))
    assert pair.endpoint.shell.check(SEND + "; sleep 1") == ""
    held = pair.counter_values()
    faults("windows", "limit", "off")
    faults("map", "short", "off")
    assert held["receiveq_to_host_held"] > 0
    # One that gets an empty buffer does not look behind it
    assert held["receiveq_to_host_messages"] == before["receiveq_to_host_messages"]
    got = pair.host.shell.check("until grep got /tmp/got; do sleep 0.1; done", 60)
    check_received(pair, got, SMALL, expected)
    pair.drain(pair.endpoint)
    exchange(pair, SMALL)
    give_line(pair)


@pytest.mark.once
def test_few_windows(pair, remade, faults):
    check_few_windows(pair, faults, SIZE)


@pytest.mark.once
@short_maps
def test_windows_lost(pair, remade, faults):
    check_windows_lost(pair, faults)


@pytest.mark.whole(METERED)
def test_few_metered_windows(metered, remade, faults):
    check_few_windows(metered, faults, SMALL)


@pytest.mark.whole(METERED)
@short_maps
def test_metered_windows_lost(metered, remade, faults):
    check_windows_lost(metered, faults)


@pytest.mark.once
def test_host_stopped(pair, faults):
    """Who writes on the endpoint does not wait for it."""
    take_line(pair)
    expected = random_file(pair.endpoint, SMALL)
    receiving = pair.host.shell.start(RECEIVE % SMALL)
    faults("host", "stop")
    assert pair.endpoint.shell.check(SEND, 10) == ""
    assert busy(pair, 3) < SPINS
    faults("host", "cont")
    check_received(pair, pair.host.shell.finish(receiving, 60, "bytes")[1], SMALL, expected)
    exchange(pair, SMALL)
    give_line(pair)


@pytest.mark.once
def test_endpoint_stopped(pair, faults):
    """A host that writes spins until it goes on; one that does not is not disturbed."""
    take_line(pair)
    faults("endpoint", "stop")
    resets.check_host_runs(pair)
    assert pair.host.shell.check("lspci -s %s -xxx" % pair.host_card())
    faults("endpoint", "cont")
    exchange(pair, SMALL)

    expected = random_file(pair.host, SIZE)
    receiving = pair.endpoint.shell.start(RECEIVE % SIZE)
    sending = pair.host.shell.start(SEND)
    time.sleep(0.2)
    faults("endpoint", "stop")
    time.sleep(1)
    faults("endpoint", "cont")
    assert pair.host.shell.finish(sending, 80, "send") == (0, "")
    check_received(pair, pair.endpoint.shell.finish(receiving, 80, "receive")[1], SIZE, expected)
    give_line(pair)
