# SPDX-License-Identifier: GPL-2.0
"""The cable's endpoint controller, as endpoint functions see it.

An endpoint and the cable, but no host machine: what the endpoint does to the
host's memory is seen in the file that is that memory.
"""

import os
import struct
import subprocess
import sys

import pytest

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, TOP)

from cable.vm.cable import Pair                         # noqa: E402

SUITES = os.environ.get("E2E_SUITES", "trixie-backports trixie").split()
LOGS = os.path.join(TOP, "build", "log", "cable-ep")
FUNCTION = "functions/epf_epc_check/f1"
DRIVER = "/sys/bus/pci/drivers/pcie-cable-ep"


def machines(*kinds):
    return {"params": [(suite, windows) for suite in SUITES for windows in kinds],
            "ids": "-".join}


@pytest.fixture(scope="module", **machines("mapped", "metered"))
def pair(request):
    suite, windows = request.param
    subprocess.run([os.path.join(TOP, "tests", "modules", "mk-image"), suite], check=True)
    pair = Pair(suite, os.path.join(LOGS, suite + "-" + windows), "endpoint", windows)
    pair.endpoint.image = pair.endpoint.image.replace("endpoint-", "endpoint-tests-")
    pair.cable.start()
    try:
        pair.start_endpoint()
        pair.endpoint.wait_booted()
        pair.endpoint.shell.check("modprobe pcie-cable-ep; modprobe pci-ep-configfs;"
                                  " insmod /tests/epf-epc-check.ko")
        yield pair
    finally:
        pair.stop()


@pytest.fixture
def linked(pair):
    controller = pair.controller()
    pair.at_endpoint("mkdir " + FUNCTION, "ln -s %s %s" % (FUNCTION, controller))
    yield pair
    pair.at_endpoint("rm -f %s/f1" % controller, "rmdir " + FUNCTION)
    assert pair.endpoint.alarms() == []
    assert pair.cable.process.poll() is None


def check(pair):
    text = pair.at_endpoint("cat %s/epf_epc_check.0/check" % FUNCTION)
    assert [line for line in text.splitlines() if not line.startswith("ok ")] == []
    assert "ok start after the BAR with MSI-X has gone" in text
    with open(pair.cable.ram, "rb") as ram:
        ram.seek(0x123458)
        words = struct.unpack("<512Q", ram.read(4096))
    if pair.cable.windows == "mapped":
        assert words == tuple(0x5a00c3e100000000 + n for n in range(512))
    else:
        assert not any(words), "no host, and so no link"


def wipe(pair):
    with open(pair.cable.ram, "r+b") as ram:
        ram.seek(0x123458)
        ram.write(bytes(4096))


def test_operations(linked):
    wipe(linked)
    check(linked)


def test_windows_are_those_of_the_controller_and_its_banks(linked):
    said = linked.endpoint.kernel_messages()
    if linked.cable.windows == "mapped":
        expected = "1 functions, %d windows of 512 MiB" % (2 + 3 * linked.cable.banks)
    else:
        expected = "1 functions, 16 metered windows in 64 MiB, multiples of 65536 bytes"
    assert expected in said


def test_controller_goes_and_comes_back(linked):
    """Unbound with a function bound to it, and bound again."""
    controller = linked.controller()
    device = controller.split("/")[1]
    for _ in range(3):
        wipe(linked)
        linked.at_endpoint("echo %s >%s/unbind" % (device, DRIVER))
        code, text = linked.endpoint.shell.run(
            "cat /sys/kernel/config/pci_ep/%s/epf_epc_check.0/check 2>&1" % FUNCTION)
        assert code != 0 and "not connected" in text
        linked.at_endpoint("rm %s/f1" % controller, "echo %s >%s/bind" % (device, DRIVER),
                           "sleep 0.3", "ln -s %s %s" % (FUNCTION, controller))
        check(linked)


@pytest.mark.parametrize("pair", machines("mapped")["params"], indirect=True, ids="-".join)
def test_controller_goes_with_a_bank(linked):
    """It must not use windows of a bank that nobody holds. Metered windows have no banks."""
    controller = linked.controller()
    bank = linked.endpoint.shell.check("lspci -Dn -d 1af4:10f1").split()[0]
    linked.at_endpoint("echo %s >/sys/bus/pci/drivers/pcie-cable-ep-bank/unbind" % bank)
    assert linked.endpoint.shell.check("ls /sys/class/pci_epc") == ""
    linked.at_endpoint("rm %s/f1" % controller,
                       "echo %s >/sys/bus/pci/drivers/pcie-cable-ep-bank/bind" % bank,
                       "echo %s >%s/bind" % (controller.split("/")[1], DRIVER),
                       "ln -s %s %s" % (FUNCTION, controller))
    check(linked)


def test_module_is_held_by_functions(linked):
    code, text = linked.endpoint.shell.run("rmmod pcie_cable_ep 2>&1")
    assert code != 0 and "temporarily unavailable" in text
