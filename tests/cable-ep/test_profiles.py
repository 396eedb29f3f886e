# SPDX-License-Identifier: GPL-2.0
"""The console function on the controllers of --profile: which can carry it, and which refuse."""

import os
import sys

import pytest

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, TOP)

from cable.vm.cable import FUNCTION, Pair               # noqa: E402

SUITES = os.environ.get("E2E_SUITES", "trixie-backports trixie").split()
LOGS = os.path.join(TOP, "build", "log", "cable-ep")


@pytest.fixture
def bound(request):
    """An endpoint with that controller: exit code of binding the function, what was said."""
    pairs = []

    def bind(suite, profile):
        pair = Pair(suite, os.path.join(LOGS, "%s-%s" % (suite, profile)), "endpoint",
                    profile=profile)
        pairs.append(pair)
        pair.cable.start()
        pair.start_endpoint()
        pair.endpoint.wait_booted()
        pair.load_modules()
        pair.make_functions()
        code, _ = pair.endpoint.shell.run("cd /sys/kernel/config/pci_ep; ln -s %s %s" % (
            FUNCTION % 0, pair.controller()))
        return pair, code, pair.endpoint.kernel_messages()

    yield bind
    for pair in pairs:
        alarms = pair.endpoint.alarms()
        pair.stop()
        assert alarms == []


@pytest.mark.parametrize("suite", SUITES)
@pytest.mark.parametrize("profile", ["rk3588", "j721e"])
def test_carries_a_console(bound, suite, profile):
    pair, code, said = bound(suite, profile)
    assert code == 0
    pair.start_link()
    assert "cannot" not in said[said.index("pcie-cable-ep 0000"):]


@pytest.mark.parametrize("profile", ["imx8mp", "rcar-gen4"])
def test_refuses_a_console(bound, profile):
    _, code, said = bound(SUITES[0], profile)
    assert code != 0
    assert "has neither MSI-X nor INTx, and virtio-pci drivers never use MSI" in said
