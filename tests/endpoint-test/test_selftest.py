# SPDX-License-Identifier: GPL-2.0
"""The kernel's selftest of endpoints, with either kernel at the endpoint.

All of its tests are accounted for: each has to pass, or to be named below.
"""

import re

import pytest
from cable.vm.endpoint_test import MSIX, Result, parse_list, parse_tap
from conftest import SUITES, remark

EVERY = ".*"

# Not run: kernels of the endpoint, test, why
LEFT_OUT = (
    (EVERY, r"pci_ep_data_transfer\.dma\.COPY_TEST",
     "the function refuses to copy with an engine that has slave channels, as eDMAs do"),
    ("trixie-backports", r"pcie_ep_doorbell\.DOORBELL_TEST",
     "the kernel is built without CONFIG_PCI_ENDPOINT_MSI_DOORBELL, which this test takes"
     " for a failure where BARs can be pointed elsewhere"),
    ("trixie", r"pci_ep_data_transfer\.memcpy\..*",
     "two megabytes, of which each eight bytes are an access that pcie-cable translates: it"
     " takes about the 30 s that a test may; test_pcitest.py has smaller transfers"),
    ("trixie", r"pci_ep_bar\.BAR5\.BAR_TEST|pci_ep_basic\.CONSECUTIVE_BAR_TEST",
     "BAR5 has 1 MiB there, of which each four bytes are an access: as long as the 30 s"
     " that a test may take"),
)

# Skipped by the selftest itself: test, its reason
SKIPPED = (
    (EVERY, r"pci_ep_bar\.BAR\d\.BAR_SUBRANGE_TEST", "Subrange map is not supported"),
    # It tries more vectors than there are, so the reason says how many have worked
    (EVERY, r"pci_ep_basic\.MSIX_TEST", "MSI-X%d is disabled" % (MSIX + 1)),
    (EVERY, r"pci_ep_basic\.MSI_TEST", "MSI2 is disabled"),
    ("trixie", r"pcie_ep_doorbell\.DOORBELL_TEST", "Doorbell test is not supported"),
)

# Expected to fail: kernels, test, why. An entry whose test passes has to go.
FAILING = ()


def entry(table, suite, name):
    """What a table has of that test: its last column, or None."""
    for suites, names, value in table:
        if re.fullmatch(suites, suite) and re.fullmatch(names, name):
            return value
    return None


def problems(suite, results):
    """Of results those that are not as they should be."""
    for result in results:
        if entry(FAILING, suite, result.name):
            if result.outcome != "not ok":
                yield "%s: expected to fail, but %s" % (result.name, result.outcome)
        elif result.outcome == "skip":
            if result.reason != entry(SKIPPED, suite, result.name):
                yield "%s: skipped: %s" % (result.name, result.reason)
        elif result.outcome != "ok":
            yield "%s: %s" % (result.name, result.outcome)


def by_reason(pairs):
    """Lines of (name, reason): a reason, and the tests it is true for."""
    names = {}
    for name, reason in pairs:
        names.setdefault(reason, []).append(name)
    return ["%s: %s" % (", ".join(names[reason]), reason) for reason in names]


def tell(title, suite, names, results, details):
    count = {outcome: sum(result.outcome == outcome for result in results)
             for outcome in ("ok", "not ok", "skip")}
    remark("%s, %s: %d passed, %d failed, %d skipped, %d not run" % (
        suite, title, count["ok"], count["not ok"], count["skip"], len(names) - len(results)))
    if not details:
        return
    for line in by_reason((r.name, r.reason) for r in results if r.outcome == "skip"):
        remark("  skipped: " + line)
    for line in by_reason((r.name, entry(FAILING, suite, r.name)) for r in results
                          if entry(FAILING, suite, r.name)):
        remark("  fails: " + line)
    for line in by_reason((name, entry(LEFT_OUT, suite, name)) for name in names
                          if entry(LEFT_OUT, suite, name)):
        remark("  not run: " + line)


def run(pair, suite, title, chosen=EVERY, details=False):
    names = [name for name in pair.tests() if re.fullmatch(chosen, name)]
    wanted = [name for name in names if not entry(LEFT_OUT, suite, name)]
    tap = pair.selftest(wanted)
    results = parse_tap(tap)
    tell(title, suite, names, results, details)
    assert sorted(result.name for result in results) == sorted(wanted)
    assert not list(problems(suite, results)), tap


def machine_pair(watched, suite):
    """The function of 6.12 needs windows that translate: see test_pcitest.py."""
    return watched(suite, windows="metered" if suite == "trixie" else None)


@pytest.mark.parametrize("suite", SUITES)
class TestOnTheCable:
    @pytest.mark.parametrize("time", ("first", "second"))
    def test_all(self, watched, suite, time):
        run(machine_pair(watched, suite), suite, time + " time", details=time == "first")

    def test_function_that_is_made_again(self, watched, suite):
        """The host sees it go and come back, and everything works as before."""
        pair = machine_pair(watched, suite)
        pair.at_host("echo 1 >/sys/bus/pci/devices/%s/remove" % pair.host_card())
        pair.deconfigure()
        pair.configure()
        pair.rescan()
        pair.wait_consoles()
        run(pair, suite, "function made again", r"pci_ep_data_transfer.*|.*MSIX_TEST")


def test_report_is_understood():
    listing = """\
# FIXTURE            VARIANT                   TEST
global                                         
--------------------------------------------------------------------------------
bar                  BAR0                      ONE
                     BAR1                      
--------------------------------------------------------------------------------
basic                                          ONE
                                               TWO
"""
    assert parse_list(listing) == ["bar.BAR0.ONE", "bar.BAR1.ONE", "basic.ONE", "basic.TWO"]
    tap = "TAP version 13\n1..3\n# RUN a\nok 1 a.b\nnot ok 2 c\nok 3 d # SKIP No such thing\n"
    assert parse_tap(tap) == [Result("a.b", "ok", ""), Result("c", "not ok", ""),
                              Result("d", "skip", "No such thing")]
    with pytest.raises(ValueError):
        parse_tap(tap.replace("1..3", "1..4"))
