# SPDX-License-Identifier: GPL-2.0
"""The kernel's selftest of endpoints, on each controller, with either kernel at the endpoint.

All of its tests are accounted for: each has to pass, or to be named below.
"""

import re

import pytest
from cable.vm.endpoint_test import MSIX, Result, parse_list, parse_tap
from conftest import ONCE, TIME_LIMIT, TWICE, WHOLE, remark

EVERY = ".*"
NEW, OLD = "trixie-backports", "trixie"

MEGABYTES = "two megabytes are read, of which each eight bytes are an access that pcie-cable" \
    " translates: it takes about the 30 s that a test may; test_pcitest.py has smaller transfers"

# Each row of the tables: kernels of the endpoint, controllers, tests, and a text.

# Not run, and why
LEFT_OUT = (
    (EVERY, "generic|rk3588", r"pci_ep_data_transfer\.dma\.COPY_TEST",
     "the function refuses to copy with an engine that has slave channels, as eDMAs do"),
    (EVERY, "j721e", r"pci_ep_data_transfer\.dma\..*",
     "without a DMA engine the function does not answer, for which the driver waits for ever"),
    (EVERY, "rk3588", r"pci_ep_basic\.LEGACY_IRQ_TEST",
     "the controller cannot raise INTx, which this test takes for a failure"),
    (NEW, "generic|rk3588", r"pcie_ep_doorbell\.DOORBELL_TEST",
     "the kernel is built without CONFIG_PCI_ENDPOINT_MSI_DOORBELL, which this test takes"
     " for a failure where BARs can be pointed elsewhere"),
)

# Not run without E2E_WHOLE=1, and why
SLOW = (
    (EVERY, "rk3588|j721e", r"pci_ep_data_transfer\.memcpy\.(WRITE|COPY)_TEST", MEGABYTES),
    (OLD, "generic", r"pci_ep_data_transfer\.memcpy\.(WRITE|COPY)_TEST", MEGABYTES),
    (EVERY, "rk3588", r"pci_ep_bar\.BAR[1235]\.BAR_TEST|pci_ep_basic\.CONSECUTIVE_BAR_TEST",
     "BARs have 1 MiB on this controller, of which each four bytes are an access: as long as"
     " the 30 s that a test may take"),
    (OLD, "generic|j721e", r"pci_ep_bar\.BAR5\.BAR_TEST|pci_ep_basic\.CONSECUTIVE_BAR_TEST",
     "BAR5 has 1 MiB there, of which each four bytes are an access: as long as the 30 s"
     " that a test may take"),
)
if not WHOLE:
    LEFT_OUT += SLOW

# Skipped by the selftest itself: its reason
SKIPPED = (
    (NEW, "rk3588", r"pci_ep_bar\.BAR4\.BAR_(SUBRANGE_)?TEST", "BAR is reserved"),
    (OLD, "rk3588", r"pci_ep_bar\.BAR4\.BAR_TEST", "BAR is disabled"),
    (EVERY, EVERY, r"pci_ep_bar\.BAR\d\.BAR_SUBRANGE_TEST", "Subrange map is not supported"),
    # It tries more vectors than there are, so the reason says how many have worked
    (EVERY, EVERY, r"pci_ep_basic\.MSIX_TEST", "MSI-X%d is disabled" % (MSIX + 1)),
    (EVERY, EVERY, r"pci_ep_basic\.MSI_TEST", "MSI2 is disabled"),
    (OLD, EVERY, r"pcie_ep_doorbell\.DOORBELL_TEST", "Doorbell test is not supported"),
    (NEW, "j721e", r"pcie_ep_doorbell\.DOORBELL_TEST", "Doorbell test is not supported"),
)

# Expected to fail, and why. A row whose test passes has to go.
FAILING = ()


def entry(table, where, name):
    """What a table has of that test: the text, or None."""
    for suites, profiles, names, text in table:
        if re.fullmatch(suites, where.suite) and re.fullmatch(profiles, where.profile) and \
                re.fullmatch(names, name):
            return text
    return None


def problems(where, results):
    """Of results those that are not as they should be."""
    for result in results:
        if entry(FAILING, where, result.name):
            if result.outcome != "not ok":
                yield "%s: expected to fail, but %s" % (result.name, result.outcome)
        elif result.outcome == "skip":
            if result.reason != entry(SKIPPED, where, result.name):
                yield "%s: skipped: %s" % (result.name, result.reason)
        elif result.outcome != "ok":
            yield "%s: %s" % (result.name, result.outcome)


def by_reason(pairs):
    """Lines of (name, reason): a reason, and the tests it is true for."""
    names = {}
    for name, reason in pairs:
        names.setdefault(reason, []).append(name)
    return ["%s: %s" % (", ".join(names[reason]), reason) for reason in names]


def tell(title, where, names, results, details):
    count = {outcome: sum(result.outcome == outcome for result in results)
             for outcome in ("ok", "not ok", "skip")}
    remark("%s, %s, %s: %d passed, %d failed, %d skipped, %d not run" % (
        where.suite, where.profile, title, count["ok"], count["not ok"], count["skip"],
        len(names) - len(results)))
    if not details:
        return
    for line in by_reason((r.name, r.reason) for r in results if r.outcome == "skip"):
        remark("  skipped: " + line)
    for line in by_reason((r.name, entry(FAILING, where, r.name)) for r in results
                          if entry(FAILING, where, r.name)):
        remark("  fails: " + line)
    for line in by_reason((name, entry(LEFT_OUT, where, name)) for name in names
                          if entry(LEFT_OUT, where, name)):
        remark("  not run: " + line)


def rates(log):
    """The last of the largest transfers of each kind in the function's log, as it says itself."""
    found = {}
    for what, size, dma, rate in re.findall(
            r"(READ|WRITE|COPY) => Size: (\d+) B, DMA: (YES|NO), .*Rate: (\d+) KB/s", log):
        key = what, "DMA" if dma == "YES" else "memcpy"
        if int(size) >= found.get(key, (0,))[0]:
            found[key] = int(size), rate
    return ["%s of %d bytes by %s %s KB/s" % (what, size, how, rate)
            for (what, how), (size, rate) in sorted(found.items())]


def run(pair, where, title, chosen=EVERY, details=False):
    names = [name for name in pair.tests() if re.fullmatch(chosen, name)]
    wanted = [name for name in names if not entry(LEFT_OUT, where, name)]
    tap = pair.selftest(wanted, TIME_LIMIT)
    results = parse_tap(tap)
    tell(title, where, names, results, details)
    if details:
        remark("  the function says, of %s windows: %s" % (
            pair.cable.windows or "metered", ", ".join(rates(pair.endpoint.read_log()))))
    assert sorted(result.name for result in results) == sorted(wanted)
    assert not list(problems(where, results)), tap


def machine_pair(watched, where):
    """The function of 6.12 needs windows that translate: see test_pcitest.py."""
    metered = where.profile == "generic" and where.suite == OLD
    return watched(where.suite, profile=where.profile, windows="metered" if metered else None)


def left_out(where):
    """Marks of a controller that repeats what others try."""
    if WHOLE or where.profile != "j721e":
        return ()
    return pytest.mark.skip(reason="tests/cable-ep tries what is its own; runs with E2E_WHOLE=1")


@pytest.mark.parametrize("where, time", [
    *((where, time) for where in TWICE for time in ("first", "second")),
    *(pytest.param(where, "first", marks=left_out(where)) for where in ONCE)])
def test_all(watched, where, time):
    run(machine_pair(watched, where), where, time + " time", details=time == "first")


@pytest.mark.parametrize("where", TWICE)
def test_function_that_is_made_again(watched, where):
    """The host sees it go and come back, and everything works as before."""
    pair = machine_pair(watched, where)
    pair.at_host("echo 1 >/sys/bus/pci/devices/%s/remove" % pair.host_card())
    pair.make_again()
    run(pair, where, "function made again", r"pci_ep_data_transfer.*|.*MSIX_TEST")


def test_rates_are_understood():
    line = "[   9.1] pci_epf_test pci_epf_test.0: %s => Size: %d B, DMA: %s," \
        " Time: 0.000551520 s, Rate: %d KB/s\n"
    assert rates(line % ("WRITE", 1024, "NO", 5) + line % ("READ", 1024, "YES", 6) +
                 line % ("WRITE", 2048, "NO", 7) + line % ("WRITE", 1, "NO", 8)) == [
        "READ of 1024 bytes by DMA 6 KB/s", "WRITE of 2048 bytes by memcpy 7 KB/s"]


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
