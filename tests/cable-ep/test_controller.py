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

sys.path.insert(1, os.path.join(TOP, "tests", "cable"))

import vfu                                              # noqa: E402
from cable.vm.cable import Pair                         # noqa: E402
from cable.vm.machine import MEMORY                     # noqa: E402

SUITES = os.environ.get("E2E_SUITES", "trixie-backports trixie").split()
LOGS = os.path.join(TOP, "build", "log", "cable-ep")
FUNCTION = "functions/epf_epc_check/f1"
ATTRIBUTES = FUNCTION + "/epf_epc_check.0"
EPERM, EINVAL = "Operation not permitted", "Invalid argument"
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
        expected = "8 functions, %d windows of 512 MiB" % (2 + 3 * linked.cable.banks)
    else:
        expected = "8 functions, 16 metered windows in 64 MiB, multiples of 65536 bytes"
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


@pytest.fixture
def host(linked):
    """What the host's QEMU would do, for a function that the endpoint has started."""
    start = linked.controller() + "/start"
    linked.at_endpoint("echo 1 >%s/serve" % ATTRIBUTES, "echo 1 >" + start)
    host = vfu.Host(linked.cable.host_socket, linked.cable.ram, MEMORY << 20)
    host.enable()
    yield host
    host.close()
    linked.at_endpoint("echo 0 >" + start)


def raises(pair, what):
    """Raise an interrupt; what the shell says of it."""
    return pair.endpoint.shell.run("echo %s 2>&1 >/sys/kernel/config/pci_ep/%s/raise" % (
        what, ATTRIBUTES))[1]


def vectors(pair):
    return pair.at_endpoint("cat %s/vectors" % ATTRIBUTES).strip()


def set_up_events(host, index, count):
    events = [vfu.Event() for _ in range(count)]
    host.set_irqs(vfu.IRQ_EVENTFD | vfu.IRQ_TRIGGER, 0, count, [e.fd for e in events],
                  index=index)
    return events


def test_msi(linked, host):
    """The function asks for 5 vectors, which makes 8; the host gives out fewer."""
    assert host.irq_info(vfu.MSI) == (1, 8)
    events = set_up_events(host, vfu.MSI, 8)
    assert vectors(linked) == "msi 0 msix 0"
    assert EINVAL in raises(linked, "msi 1")
    for log2 in range(4):
        host.msi(log2 << 4 | 1)
        assert vectors(linked) == "msi %d msix 0" % (1 << log2)
        assert raises(linked, "msi %d" % (1 << log2)) == ""
        assert [e.take() for e in events] == [i + 1 == 1 << log2 for i in range(8)]
        assert EINVAL in raises(linked, "msi %d" % ((1 << log2) + 1))
    assert EINVAL in raises(linked, "msi 0")
    host.enable(2)
    assert EINVAL in raises(linked, "msi 1")
    assert [e.take() for e in events] == [0] * 8


def test_msix(linked, host):
    events = set_up_events(host, vfu.MSIX, 2)
    host.msix(0x8000)
    assert vectors(linked) == "msi 0 msix 3"
    assert raises(linked, "msix 2") == ""
    assert [e.take() for e in events] == [0, 1]
    assert EPERM in raises(linked, "msix 3")
    assert EINVAL in raises(linked, "msix 4")
    assert EINVAL in raises(linked, "msi 1")


def test_intx(linked, host):
    """A pulse, on the pin of the function's header; one that comes too early is kept."""
    assert host.config(0x3d, 1) == 2
    event, = set_up_events(host, vfu.INTX, 1)
    assert raises(linked, "intx 1") == ""
    assert event.take() == 1
    assert not host.config(6, 2) & 8
    assert raises(linked, "intx 1") == ""
    assert event.take() == 0
    host.set_irqs(vfu.IRQ_NONE | vfu.IRQ_UNMASK, 0, 1, index=vfu.INTX)
    assert event.take() == 1
    host.msi(1)
    assert EINVAL in raises(linked, "intx 1")
    host.msi(0)
    host.enable(0x406)
    assert EINVAL in raises(linked, "intx 1")
