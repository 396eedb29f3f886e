# SPDX-License-Identifier: GPL-2.0
"""Machines for the kernel's endpoint test, and a report of what it left out.

E2E_SUITES has the endpoint's kernels, E2E_PROFILE the controller. Without the latter, all
of it runs on "generic", and some on two others. With E2E_WHOLE=1 nothing is left out for the time
that it takes.
"""

import os
import sys
from collections import namedtuple

import pytest

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, TOP)
sys.path.insert(0, os.path.join(TOP, "tests", "e2e"))

from cable.vm.endpoint_test import EndpointTest, make   # noqa: E402
from limit import time_limit                            # noqa: E402

LOGS = os.path.join(TOP, "build", "log", "endpoint-test")
SUITES = os.environ.get("E2E_SUITES", "trixie-backports trixie").split()
PROFILE = os.environ.get("E2E_PROFILE", "generic")
WHOLE = os.environ.get("E2E_WHOLE", "") == "1"
TIME_LIMIT = 3000 if WHOLE else 240

# Kernel of the endpoint, and controller
Where = namedtuple("Where", "suite profile")

# Where everything runs, twice on the same link, and where it does so once
TWICE = [Where(suite, PROFILE) for suite in SUITES]
ONCE = [Where(suite, profile) for suite in SUITES if suite == "trixie-backports"
        for profile in ("rk3588", "j721e")]

if "E2E_PROFILE" in os.environ:
    ONCE = []
    collect_ignore = ["test_example.py", "test_gdb.py", "test_join.py"]

remarks = []


def remark(text):
    """A line for the summary."""
    remarks.append(text)


def pytest_collection_modifyitems(items):
    """Those of one kernel and controller share their machines, so they follow each other."""
    items.sort(key=lambda item: (TWICE + ONCE).index(item.callspec.params["where"])
               if "where" in getattr(item, "fixturenames", ()) else -1)


def pytest_terminal_summary(terminalreporter):
    for text in remarks:
        terminalreporter.write_line("remark: " + text)


def pytest_make_parametrize_id(val):
    return "-".join(val) if isinstance(val, Where) else None


@pytest.fixture(scope="module")
def machines(request):
    """Function that starts a pair of machines, which the tests of a module share."""
    pairs = {}

    def get(suite, host_suite="trixie-backports", profile="generic", kind=EndpointTest,
            **arguments):
        key = suite, host_suite, profile, kind, *arguments.values()
        if key not in pairs:
            stop()
            make(suite, host_suite, patient=WHOLE)
            pairs[key] = kind(
                suite, os.path.join(LOGS, kind.__name__ + "-%s-with-host-%s-%s" % key[:3]),
                host_suite, profile=profile, **arguments)
            pairs[key].start()
        return pairs[key]

    def stop():
        for pair in pairs.values():
            pair.stop()
        pairs.clear()

    yield get
    stop()


@pytest.fixture
def watched(request, machines):
    """The same, within a time limit, and with a look into both kernels' logs."""
    used = []

    def get(*arguments, **named):
        used[:] = [machines(*arguments, **named)]
        return used[0]

    request.node.used = used
    with time_limit(TIME_LIMIT):
        yield get
        for pair in used:
            assert pair.cable.process.poll() is None, "pcie-cable has ended"
            bad = ["%s: %s" % (machine.name, line)
                   for machine in (pair.endpoint, pair.host) for line in machine.alarms()]
            assert not bad, "alarming kernel messages:\n" + "\n".join(bad)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    report = outcome.get_result()
    if report.failed:
        for pair in getattr(item, "used", ()):
            for path, end in pair.ends_of_logs(25):
                report.sections.append(("the end of " + path, end))
