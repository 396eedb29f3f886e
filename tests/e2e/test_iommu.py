# SPDX-License-Identifier: GPL-2.0
"""A host whose IOMMU translates what the card sends: what is said, and the remedy."""

import time

import pytest

from conftest import MAPPED

SILENT = "the host's memory does not answer. Its IOMMU may be why"
TRANSLATED = "host: an IOMMU translates the function's addresses"
AS_IT_IS = "host: no IOMMU translates the function's addresses any more"
GROUP = "/sys/bus/pci/devices/%s/iommu_group/type"


def start(pool, suite, windows, **options):
    """Both machines, of which the host does not write to its console by itself.

    Who does waits for the endpoint to take it, and keeps a processor until it does.
    """
    pair = pool.make(suite, windows=windows, iommu=True, **options)
    pair.boot()
    pair.answer(pair.host, False)
    pair.load_modules()
    pair.configure()
    pair.wait_consoles()
    return pair


def said(pair):
    return pair.endpoint.kernel_messages().count(SILENT)


def wait_said(pair, times):
    pair.endpoint.wait_for("what the function says of the host", lambda: said(pair) >= times, 20)
    assert said(pair) == times


def choose(pair, kind):
    """What docs/board.md tells to do at the host, for a group of that type."""
    card = pair.unbind_driver()
    pair.at_host("echo %s > %s" % (kind, GROUP % card))
    pair.bind_driver(card)
    pair.wait_consoles()


@pytest.mark.once
def test_remedy(pool, suite, guard):
    pair = start(pool, suite, "metered")
    assert pair.at_host("cat " + GROUP % pair.host_card()).startswith("DMA")
    wait_said(pair, 1)
    assert pair.cable.said(TRANSLATED) == 1
    reads, writes = pair.cable.stat("window reads"), pair.cable.stat("window writes")
    assert reads[0] and reads[0] == reads[2], "all that was read was not answered"
    assert writes[0] == writes[2] == 0
    # Once, whatever drivers come
    pair.bind_driver(pair.unbind_driver())
    time.sleep(2)
    assert said(pair) == 1

    choose(pair, "identity")
    pair.answer(pair.host, True)
    assert pair.login_to_host() == "x86_64"
    assert pair.login_to_endpoint() == "aarch64"
    assert pair.cable.said(AS_IT_IS) == 1
    assert said(pair) == 1

    # And again, as somebody may undo it
    pair.answer(pair.host, False)
    choose(pair, "DMA")
    wait_said(pair, 2)
    choose(pair, "identity")
    pair.answer(pair.host, True)
    assert pair.login_to_host() == "x86_64"


@pytest.mark.whole("to the card it is the same as identity, which test_remedy has")
def test_passthrough(pool, suite, guard):
    """iommu=pt: the other way that docs/board.md names."""
    pair = start(pool, suite, "metered", host_append="iommu=pt")
    pair.answer(pair.host, True)
    assert pair.login_to_host() == "x86_64"
    assert said(pair) == 0 and pair.cable.said(TRANSLATED) == 0


@pytest.mark.once
@pytest.mark.skipif(not MAPPED, reason="this controller's windows are metered")
def test_mapped_windows(pool, suite, guard):
    """They pass by the IOMMU, so the console works; the cable's program says that they do."""
    pair = start(pool, suite, "mapped")
    assert pair.cable.said(TRANSLATED + ", but mapped windows show all of the host's RAM") == 1
    pair.answer(pair.host, True)
    assert pair.login_to_host() == "x86_64"
    assert said(pair) == 0
    assert pair.host.alive() and pair.endpoint.alive()
