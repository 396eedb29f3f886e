# SPDX-License-Identifier: GPL-2.0
"""Two machines and a cable for the tests here.

A pair of machines is used by one test after the other while all goes well; a
test that fails leaves its pair behind, and the next one gets a fresh pair.
Every test runs on every endpoint kernel (E2E_SUITES), E2E_ROUNDS times on each, and fails
if either machine's kernel said something alarming during it. But those that are marked "once"
run on one of Debian's kernels only, as they try no more of it than others do, and the kernel
with KASAN runs those that are marked "kasan". Those that are marked "whole" repeat what others
try; docs/testing.md has a list. With E2E_WHOLE=1 all run everywhere, but for those that are
marked "not_kasan", and some take longer. E2E_WINDOWS=metered runs them with the other kind of windows,
E2E_PROFILE=NAME with another controller, and E2E_BACKEND=direct those that are marked "backend"
(with E2E_WHOLE=1 also "backend_whole") with an endpoint that has no virtio device.
"""

import itertools
import os
import subprocess
import sys

import pytest

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, TOP)

import ports                                            # noqa: E402
from cable.vm.cable import VECTORS, Pair                # noqa: E402
from cable.vm.machine import SLOW                       # noqa: E402
from limit import time_limit                            # noqa: E402
from resets import LOST, UNLINKED                       # noqa: E402

SUITES = os.environ.get("E2E_SUITES", "trixie-backports trixie").split()
ROUNDS = int(os.environ.get("E2E_ROUNDS", "1"))
WHOLE = os.environ.get("E2E_WHOLE", "") == "1"
FIRST_SUITE = "trixie-backports"
WINDOWS = os.environ.get("E2E_WINDOWS")
PROFILE = os.environ.get("E2E_PROFILE", "generic")
BACKEND = os.environ.get("E2E_BACKEND", "bridge")
MAPPED = PROFILE == "generic" and WINDOWS != "metered"
TIME_LIMIT = 300
# Of Debian, what tests need that is not in the usual images
PROGRAMS = ("qemu-ga", "agetty", "rz", "sz")
# What they find at a port, and what they get through it; for which machine, and its compiler
HELPERS = (("endpoint", "aarch64-linux-gnu-gcc", "port-check"),
           ("endpoint", "aarch64-linux-gnu-gcc", "port-bulk"), ("host", "gcc", "port-bulk"),
           ("host", "gcc", "bar-storm"))
HELPERS_MISSING = "that pair of machines has no programs of the tests"
LOGS = os.path.join(TOP, "build", "log", os.environ.get("E2E_LOGS", "e2e"))
# A link that is not the usual one; it changes what is said and counted, and nothing else
LINK = ("--link=gen3x4", "--mps=256", "--read-ns=500", "--write-ns=100")


def check_leaks(pair):
    """After all has been unloaded, no memory is left that nobody points to."""
    pair.remove_card()
    ports.take_away(pair)
    pair.unload_modules()
    scan = "echo scan >/sys/kernel/debug/kmemleak"
    # It tells of nothing that is younger than five seconds
    pair.endpoint.shell.check(scan + "; sleep 6; " + scan, 120)
    leaks = pair.endpoint.shell.check("cat /sys/kernel/debug/kmemleak")
    assert leaks == "", "the endpoint's kernel has lost memory:\n" + leaks


class Pool:
    """The one pair that runs (the machines keep two processors busy)."""

    def __init__(self):
        self.pair = None
        self.spoilt = False
        self.numbers = itertools.count(1)

    def drop(self):
        pair, spoilt = self.pair, self.spoilt
        self.pair = None
        self.spoilt = False
        if not pair:
            return
        try:
            if pair.suite == "debug" and not spoilt:
                check_leaks(pair)
        finally:
            pair.stop()

    def make(self, suite, first="host", windows=WINDOWS, **options):
        """A pair that is not started yet; options: of class Pair."""
        self.drop()
        self.pair = Pair(suite, os.path.join(
            LOGS, "%02d-%s-%s-first" % (next(self.numbers), suite, first)), first, windows,
            PROFILE, backend=BACKEND, **options)
        if windows == "metered":
            self.pair.cable.options += LINK
        self.pair.suite = suite
        self.pair.ports = None
        self.pair.kind = windows, options
        return self.pair

    def fresh(self, suite, **options):
        """A pair that nobody has used; options: of make()."""
        self.make(suite, **options).start()
        return self.pair

    def get(self, suite, windows=WINDOWS, **options):
        """A pair whose endpoint runs that kernel, configured and with its link up."""
        if self.pair and self.pair.suite == suite and self.pair.kind == (windows, options) and \
                not self.spoilt:
            return self.pair
        return self.fresh(suite, windows=windows, **options)


@pytest.fixture(scope="session")
def pool():
    os.makedirs(LOGS, exist_ok=True)
    open(os.path.join(LOGS, "failures.txt"), "w").close()
    pool = Pool()
    yield pool
    pool.drop()


def pytest_configure(config):
    config.addinivalue_line("markers", "lost: the host's driver loses its device")
    config.addinivalue_line("markers", "limit(seconds): instead of %d s" % TIME_LIMIT)
    config.addinivalue_line("markers", "once: one of Debian's kernels will do")
    config.addinivalue_line("markers", "whole(reason): with E2E_WHOLE=1 only, as others try it, too")
    config.addinivalue_line("markers", "kasan: takes and gives back memory or locks in its own way")
    config.addinivalue_line("markers", "not_kasan(reason): never on the kernel with KASAN")
    config.addinivalue_line("markers", "backend: tries the endpoint's side of the console")
    config.addinivalue_line("markers", "backend_whole(reason): the same, but with a backend that "
                                       "is not the usual one only with E2E_WHOLE=1")
    config.addinivalue_line("markers", "unlinked: a function is unbound with the link up")


def pytest_generate_tests(metafunc):
    if "suite" in metafunc.fixturenames:
        metafunc.parametrize("suite", SUITES, scope="session")
        metafunc.parametrize("again", range(1, ROUNDS + 1), ids=lambda n: "run%d" % n)


def left_out(item, suite):
    """Why the test does not run on that kernel, or None."""
    never = item.get_closest_marker("not_kasan")
    if suite in SLOW and never:
        return never.args[0]
    if BACKEND != "bridge" and not item.get_closest_marker("backend") and \
            not item.get_closest_marker("backend_whole"):
        return "is not about the endpoint's side of the console"
    if WHOLE:
        return None
    left = item.get_closest_marker("whole")
    if BACKEND != "bridge":
        left = left or item.get_closest_marker("backend_whole")
    if left:
        return "%s; runs with E2E_WHOLE=1" % left.args[0]
    if suite in SLOW and not item.get_closest_marker("kasan"):
        return "has little for KASAN, lockdep and kmemleak to see; runs there with E2E_WHOLE=1"
    if suite not in (None, FIRST_SUITE, *SLOW) and item.get_closest_marker("once"):
        return "tries little of the endpoint's kernel, and runs on %s; here with E2E_WHOLE=1" \
            % FIRST_SUITE
    return None


def pytest_collection_modifyitems(items):
    """Tests that can share a pair follow each other."""
    def suite(item):
        return item.callspec.params["suite"] if hasattr(item, "callspec") else None

    def kind(item):
        names = getattr(item, "fixturenames", ())
        return [fixture in names for fixture in ("metered", "perst", "card", "equipped",
                                                     "kernel_console", "two_consoles")]

    for item in items:
        reason = left_out(item, suite(item))
        if reason:
            item.add_marker(pytest.mark.skip(reason=reason))
    items.sort(key=lambda item: (SUITES.index(suite(item)) if suite(item) else -1, kind(item)))


def expected(item, pair):
    """What the kernels of the two machines may report in this test."""
    found = {}
    if item.get_closest_marker("lost"):
        found[pair.host] = LOST
    if item.get_closest_marker("unlinked"):
        found[pair.endpoint] = UNLINKED
    return found


def described(alarms):
    """What is said of alarms, by machine."""
    lines = ["%s: %s" % (machine.name, line) for machine, found in alarms.items()
             for line in found]
    return "alarming kernel messages:\n" + "\n".join(lines) if lines else ""


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    report = outcome.get_result()
    if not report.failed:
        return
    # Known at once, and not only at the end of a long run.
    with open(os.path.join(LOGS, "failures.txt"), "a") as log:
        log.write("== %s (%s)\n%s\n\n" % (item.nodeid, report.when, report.longreprtext))
    pool = item.funcargs.get("pool")
    if pool and pool.pair:
        pool.spoilt = True
        pair = pool.pair
        # A test that failed for any reason has not come to look for these
        ignore = expected(item, pair)
        alarms = described({machine: machine.alarms_in(machine.read_log(), ignore.get(machine))
                            for machine in (pair.endpoint, pair.host) if machine.qmp})
        crash = getattr(report.longrepr, "reprcrash", None)
        if alarms and crash:
            crash.message += "\n" + alarms
        for path, end in pair.ends_of_logs(25):
            report.sections.append(("the end of " + path, end))


@pytest.fixture(autouse=True)
def guard(request, pool, suite, again):
    """Time limit, the look into both kernel logs, and the pair's end after a failure."""
    limit = request.node.get_closest_marker("limit")
    with time_limit((limit.args[0] if limit else TIME_LIMIT) * SLOW.get(suite, 1)):
        yield
        if pool.pair and not pool.spoilt:
            ignore = expected(request.node, pool.pair)
            bad = described({machine: machine.alarms(ignore.get(machine))
                             for machine in (pool.pair.endpoint, pool.pair.host)
                             if machine.alive()})
            assert not bad, bad
            assert pool.pair.cable.process.poll() is None, "pcie-cable has ended"


@pytest.fixture
def pair(pool, suite, guard):
    """Both machines up, the console function running, a getty on the host's hvc0."""
    pair = pool.get(suite)
    ports.deconfigure(pair)
    return pair


def built(role, compiler, name):
    """The path of a program of the tests, for that machine."""
    folder = os.path.join(TOP, "build", "e2e", role)
    os.makedirs(folder, exist_ok=True)
    path = os.path.join(folder, name)
    subprocess.run([compiler, "-static", "-O2", "-Wall", "-Wextra", "-Werror", "-o", path,
                    os.path.join(TOP, "tests", "e2e", name + ".c")], check=True)
    return path


@pytest.fixture(scope="session")
def helpers():
    """HELPERS, built: for which machine, and the path."""
    return [(role, built(role, *what)) for role, *what in HELPERS]


@pytest.fixture
def equipped(pool, suite, guard, helpers):
    """The same, the card has a vector for each queue of 32 ports, and both machines have
    PROGRAMS and HELPERS."""
    # Machines that start slowly are not started again for that
    if suite in SLOW:
        return pool.get(suite)
    return pool.get(suite, vectors=67, programs=PROGRAMS, files=helpers)


@pytest.fixture
def metered(pool, suite, guard):
    """A pair of machines whose controller has metered windows."""
    return pool.get(suite, "metered")


@pytest.fixture
def resized(pool, pair):
    """A function that can be made again with another queue size, and is put back."""
    def resize(size):
        pair.remove_card()
        pair.make_again(queue_size=size)
        return pair
    yield resize
    if not pool.spoilt:
        resize(None)
