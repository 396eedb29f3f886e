# SPDX-License-Identifier: GPL-2.0
"""The smallest device type there can be, tests/modules/epf-virtio-skeleton.c, does what it says."""

import base64
import glob
import os
import subprocess

import pytest

import ports
from cable.vm.machine import TOP
from conftest import MAPPED
from transfer import exchange

FUNCTION = "functions/epf_virtio_skeleton/bone"
MODULE = "epf-virtio-skeleton"
SIZE = 128 << 10 if MAPPED else 16 << 10


def install(machine):
    """Build the module for the machine's kernel, and load it."""
    subprocess.run([os.path.join(TOP, "tests", "modules", "mk-image"), machine.suite], check=True)
    (path,) = glob.glob(os.path.join(TOP, "build", "modules-tests", machine.release, "**",
                                     MODULE + ".ko"), recursive=True)
    subprocess.run(["aarch64-linux-gnu-strip", "--strip-debug", "-o", path + ".bare", path],
                   check=True)
    with open(path + ".bare", "rb") as f:
        text = base64.encodebytes(f.read()).decode()
    machine.shell.check("base64 -d >/tmp/%s.ko <<'END'\n%sEND" % (MODULE, text))
    machine.shell.check("insmod /tmp/%s.ko" % MODULE)


@pytest.fixture
def skeleton(pool, pair):
    """A pair whose function is the skeleton's."""
    install(pair.endpoint)
    pair.answer(pair.host, False)
    pair.remove_card()
    ports.take_away(pair)
    link = "%s/bone" % pair.controller()
    pair.at_endpoint("mkdir " + FUNCTION, "ln -s %s %s" % (FUNCTION, link))
    for machine in (pair.endpoint, pair.host):
        if machine is pair.host:
            pair.start_link()
            pair.rescan()
        pair.wait_console(machine)
        pair.hold(machine)
    yield pair
    if pool.spoilt:
        return
    pair.release(pair.host)
    pair.remove_card()
    pair.stop_link()
    pair.release(pair.endpoint)
    pair.at_endpoint("rm " + link, "rmdir " + FUNCTION)
    pair.endpoint.shell.check("rmmod " + MODULE)
    pair.configure()
    pair.rescan()
    pair.wait_consoles()
    pair.answer(pair.host, True)


@pytest.mark.once
def test_skeleton(skeleton):
    exchange(skeleton, SIZE)
    counters = skeleton.counter_values()
    assert counters["transmitq_from_host_bytes"] == counters["receiveq_to_host_bytes"] == SIZE
    assert counters["host_errors"] == 0
