# SPDX-License-Identifier: GPL-2.0
"""A host does what it should not with the card, and others at the cable's sockets.

Each for 20 s, or for E2E_HOSTILE_MINUTES. What they do is in bar-storm.c here, and in
tests/cable/hostile.py. Both machines go on, and what was dropped is counted.
"""

import contextlib
import os
import re
import sys
import time

import pytest

import ports
from conftest import TOP
from transfer import exchange

sys.path.insert(0, os.path.join(TOP, "tests", "cable"))

import hostile                                          # noqa: E402

MINUTES = float(os.environ.get("E2E_HOSTILE_MINUTES", "0.33"))
SIZE = 4 << 10
COUNTERS = ("host_errors", "host_resets", "guessed_queues", "interrupt_retries", "wakeups",
            "transmitq_from_host_messages",
            "transmitq_from_host_dropped", "receiveq_to_host_dropped")


@contextlib.contextmanager
def others(pair):
    """Clients that misbehave at the sockets, and what the program counted of them."""
    folder = hostile.Folder(pair.directory)
    if not os.path.exists(folder.control):
        os.symlink(pair.cable.control, folder.control)
    pair.cable.ctl("stat", "reset")
    downs = pair.cable.stat("link down")
    actors = [hostile.Actor(name, seed, folder.path)
              for seed, name in enumerate(("knock", "bank", "client"))]
    try:
        yield
    finally:
        for actor in actors:
            actor.end()
        # Nobody is there any more, so the socket is free for commands as well
        os.unlink(folder.control)
    assert pair.cable.stat("link down") == downs
    for name in ("connections refused", "descriptors refused"):
        assert pair.cable.stat(name)[0] > 10, name
    assert os.path.getsize(pair.cable.log) < 4 << 20
    for line in re.findall(r"^dropped.*(?:\n .*)*", pair.cable.ctl("stat"), re.M):
        print(line)


@pytest.mark.once
@pytest.mark.limit(300 + 60 * MINUTES)
def test_others(pair):
    pair.answer(pair.host, False)
    pair.hold(pair.host)
    with others(pair):
        end = time.monotonic() + 60 * MINUTES
        while time.monotonic() < end:
            exchange(pair, SIZE)
    pair.release(pair.host)
    pair.answer(pair.host, True)
    assert pair.login_to_host() == "x86_64"


@pytest.mark.once
@pytest.mark.limit(300 + 120 * MINUTES)
def test_host_and_others(equipped):
    pair = equipped
    ports.deconfigure(pair)
    pair.answer(pair.host, False)
    card = pair.unbind_driver()
    before, longest = pair.counter_values(), 0.0
    pair.at_host("echo 1 > /sys/bus/pci/devices/%s/enable" % card,
                 "echo 1 > /proc/sys/vm/nr_hugepages")
    with others(pair):
        job = pair.host.shell.start("/root/bar-storm /sys/bus/pci/devices/%s %d 1" % (
            card, max(1, 60 * MINUTES)))
        end = time.monotonic() + 60 * MINUTES
        while time.monotonic() < end:
            begun = time.monotonic()
            pair.endpoint.shell.check("dd if=/dev/zero of=/dev/null bs=64k count=200 2>&1")
            longest = max(longest, time.monotonic() - begun)
            time.sleep(0.5)
        code, text = pair.host.shell.finish(job, 60 + 60 * MINUTES, "bar-storm")
    assert code == 0, text
    print(text)
    after = pair.counter_values()
    for name in COUNTERS:
        print("%s %d" % (name, after[name] - before[name]))
    print("the endpoint's shell took %.1f s at most" % longest)
    for name in COUNTERS[:2]:
        assert after[name] - before[name] > 10, name
    # The next driver finds a device as ever
    pair.at_host("echo 0 > /sys/bus/pci/devices/%s/enable" % card,
                 "echo 0 > /proc/sys/vm/nr_hugepages")
    # The thread's time is spent, and a quarter of what passes comes back
    time.sleep(4 * pair.endpoint.slow)
    pair.bind_driver(card)
    pair.wait_consoles()
    pair.hold(pair.host)
    pair.drain(pair.endpoint, pair.host)
    exchange(pair, SIZE)
    pair.release(pair.host)
    pair.answer(pair.host, True)
    assert pair.login_to_host() == "x86_64"

