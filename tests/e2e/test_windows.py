# SPDX-License-Identifier: GPL-2.0
"""The console through metered windows: translated, counted, and refused when PCIe would."""

import pytest

from transfer import exchange

SIZE = 16 << 10
FUNCTION = "/sys/bus/pci/devices/%s/config"
# The command register: memory space, with and without bus mastering, no INTx
MASTER_ON, MASTER_OFF = r"\006\004", r"\002\004"


def core_and_cable(pair):
    """Reads, bytes read, writes, bytes written: by the core, and by the cable.

    And the cable's packets: reads, writes but for interrupts, answers. All at a time when
    nothing happens: the core's are the same before and after.
    """
    names = "np_reads", "np_bytes", "posted_writes", "posted_bytes"
    for _ in range(50):
        before = [pair.counter_values()[name] for name in names]
        cable = pair.cable.stat("window reads")[:2] + pair.cable.stat("window writes")[:2]
        reads, writes, answers = (pair.cable.stat(name) for name in ("MRd", "MWr", "CplD"))
        packets = [reads[1], writes[1] - pair.cable.stat("MSI-X")[0], answers[0]]
        if [pair.counter_values()[name] for name in names] == before:
            return before, cable, packets
    raise AssertionError("the function is never idle")


def set_command(pair, value):
    pair.at_host("printf '%s' | dd of=%s bs=1 seek=4 conv=notrunc 2>/dev/null" % (
        value, FUNCTION % pair.host_card()))


@pytest.mark.once
def test_logins(metered):
    assert metered.login_to_host() == "x86_64"
    assert metered.login_to_endpoint() == "aarch64"


@pytest.mark.once
def test_link_is_said(metered):
    """The function's registers have what the options say."""
    text = metered.host.shell.check("lspci -vv -s " + metered.host_card())
    assert "MaxPayload 256 bytes, PhantFunc" in text
    assert "LnkCap:\tPort #0, Speed 8GT/s, Width x4" in text
    assert "LnkSta:\tSpeed 8GT/s, Width x4" in text


@pytest.mark.once
def test_counters_agree(metered):
    """What the core counts are the requests that pass over the link, to the last one."""
    pair = metered
    pair.answer(pair.host, False)
    pair.hold(pair.host)
    pair.drain(pair.endpoint, pair.host)
    before = core_and_cable(pair)
    exchange(pair, SIZE)
    core, cable, packets = ([now - then for now, then in zip(*counts)]
                            for counts in zip(core_and_cable(pair), before))
    pair.release(pair.host)
    pair.answer(pair.host, True)
    assert core == cable
    assert packets == [core[0], core[2], core[0]]
    assert core[1] > SIZE and core[3] > SIZE


@pytest.mark.once
def test_bus_mastering_off(metered):
    """Nothing of the host is read or written; the function is there again when it is on."""
    pair = metered
    pair.answer(pair.host, False)
    pair.hold(pair.host)
    pair.drain(pair.endpoint, pair.host)
    set_command(pair, MASTER_OFF)
    answered = pair.cable.stat("window reads")[:1] + pair.cable.stat("window writes")[:1]
    unanswered = pair.cable.stat("window reads")[2]
    pair.endpoint.shell.check("echo to nobody >/dev/hvc0")
    pair.endpoint.shell.check("sleep 0.5")
    reads, writes = pair.cable.stat("window reads"), pair.cable.stat("window writes")
    assert reads[2] > unanswered, "the endpoint has not tried"
    assert [reads[0] - reads[2] + unanswered, writes[0] - writes[2]] == answered
    set_command(pair, MASTER_ON)
    card = pair.unbind_driver()
    pair.bind_driver(card)
    pair.wait_consoles()
    pair.release(pair.host)
    pair.answer(pair.host, True)
    assert pair.login_to_host() == "x86_64"
