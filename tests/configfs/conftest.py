# SPDX-License-Identifier: GPL-2.0
"""One endpoint machine, without a cable, for tests of pci-ep-configfs.

Every test starts without any of the modules loaded, and fails if the kernel
said something alarming during it, or if it left something behind.
"""

import os
import subprocess
import sys
import tempfile

import pytest

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, TOP)

from cable.vm.machine import Endpoint, MachineError     # noqa: E402

SUITES = os.environ.get("E2E_SUITES", "trixie-backports trixie").split()
LOGS = os.path.join(TOP, "build", "log", "configfs")
TREE = "/sys/kernel/config/pci_ep"
MODULES = {
    "pci_ep_configfs": "modprobe pci_ep_configfs",
    "epc_dummy": "insmod /tests/epc-dummy.ko",
    "epf_dummy": "insmod /tests/epf-dummy.ko",
}


def pytest_generate_tests(metafunc):
    if "suite" in metafunc.fixturenames:
        metafunc.parametrize("suite", SUITES, scope="session")


@pytest.fixture(scope="session")
def machine(suite):
    subprocess.run([os.path.join(TOP, "tests", "modules", "mk-image"), suite], check=True)
    machine = Endpoint("endpoint-" + suite, suite, tempfile.mkdtemp(prefix="configfs-"), LOGS)
    machine.image = machine.image.replace("endpoint-", "endpoint-tests-")
    machine.start()
    try:
        machine.wait_booted()
        yield machine
    finally:
        machine.stop()


class Tree:
    """The machine's pci_ep tree. Commands run in its root where there is one."""

    def __init__(self, machine):
        self.machine = machine

    def run(self, *lines):
        """Run lines, until one fails: (exit code, output)."""
        return self.machine.shell.run(
            "(cd %s 2>/dev/null; set -e; %s) 2>&1" % (TREE, "; ".join(lines)))

    def check(self, *lines):
        """Run lines that must succeed; their output."""
        code, text = self.run(*lines)
        if code:
            raise MachineError("%r: exit code %d: %s" % (lines, code, text))
        return text.strip()

    def fails(self, line, reason):
        """Run a line that must fail for a reason, and say so."""
        code, text = self.run(line)
        assert code != 0, "succeeded: " + line
        assert reason in text, "%s: said %r" % (line, text)

    def said_during(self, action):
        """What the kernel says while something is done."""
        before = len(self.machine.kernel_messages())
        action()
        return self.machine.kernel_messages()[before:]

    def said(self, *lines):
        """Run lines that must succeed; what the kernel says meanwhile."""
        return self.said_during(lambda: self.check(*lines))

    def names(self, path):
        """What is in a directory."""
        return set(self.check("ls " + path).split())

    def load(self, *modules):
        for module in modules or MODULES:
            self.check(MODULES[module])

    def gone(self, path):
        """Wait until a path has gone."""
        self.check("n=0; while [ -e %s ]; do n=$((n+1)); [ $n -lt 50 ] || exit 1;"
                   " sleep 0.1; done" % path)


@pytest.fixture
def tree(machine):
    tree = Tree(machine)
    yield tree
    # In one go: each command costs an emulated machine a quarter of a second
    left = machine.shell.check("""
        if cd %s 2>/dev/null; then
            for start in controllers/*/start; do
                [ ! -e $start ] || [ $(cat $start) = 0 ] || echo 0 >$start
            done
            find . -type l -exec rm {} +
            rmdir functions/*/* 2>/dev/null
            cd /
        fi
        for module in %s; do
            [ ! -d /sys/module/$module ] || rmmod $module || exit 1
        done
        ls -A /sys/kernel/config /sys/class/pci_epc /sys/bus/pci-epf/devices 2>/dev/null |
            grep -v : || true""" % (TREE, " ".join(reversed(list(MODULES)))))
    assert left == ""
    assert machine.alarms() == []
