# SPDX-License-Identifier: GPL-2.0
"""The function's own settings in configfs."""

import pytest

import ports
from cable.vm.cable import VECTORS

ATTRIBUTE = ports.CONFIGFS + "queue_size"
BAD = ["0", "8", "15", "17", "100", "1025", "2048", "65536", "4294967312", "-16", "many", ""]


@pytest.fixture
def unbound(pool, pair):
    """The function made, but not bound to a controller, and the host without the card."""
    pair.remove_card()
    pair.deconfigure()
    pair.make_functions()
    yield pair
    if pool.spoilt:
        return
    pair.bind()
    pair.start_link()
    pair.rescan()
    pair.wait_consoles()


@pytest.mark.once
def test_queue_size_is_checked(unbound):
    """256 if nothing is said; what is not allowed is refused, and the log says what is."""
    shell = unbound.endpoint.shell
    assert shell.check("cat " + ATTRIBUTE) == "256"
    for value in BAD:
        before = len(unbound.endpoint.kernel_messages())
        code, text = shell.run("echo '%s' > %s" % (value, ATTRIBUTE))
        assert code != 0 and "Invalid argument" in text, value
        said = unbound.endpoint.kernel_messages()[before:]
        lines = [line for line in said.splitlines() if "queue_size" in line]
        assert len(lines) == 1, "%r: expected one line about queue_size, got: %r" % (value, said)
        assert "16" in lines[0] and "1024" in lines[0]
        assert shell.check("cat " + ATTRIBUTE) == "256"


def seen_by_host(pair, queues):
    """QUEUE_NUM (register 12, after QUEUE_SEL, 14) as read by a host without driver."""
    card = pair.unbind_driver()
    bar = int(pair.host.shell.check(
        "head -n 1 /sys/bus/pci/devices/%s/resource" % card).split()[0], 16)
    pair.at_host("echo 1 > /sys/bus/pci/devices/%s/enable" % card)
    values = []
    for queue in range(queues):
        pair.at_host("devmem %#x 16 %d" % (bar + 14, queue))
        values.append(int(pair.at_host("sleep 0.2", "devmem %#x 16" % (bar + 12)), 16))
    pair.at_host("echo 0 > /sys/bus/pci/devices/%s/enable" % card)
    pair.bind_driver(card)
    pair.wait_consoles()
    return values


@pytest.mark.once
def test_queue_sizes(resized):
    for size in (16, 64, 1024):
        pair = resized(size)
        assert seen_by_host(pair, 2) == [size, size]
        assert pair.login_to_host().split() == ["x86_64"]


@pytest.mark.parametrize("name, value", [("queue_size", "128"), ("backend", "direct")])
def test_bound_function_keeps_its_settings(pair, name, value):
    """One that could not take effect is refused."""
    attribute = ports.CONFIGFS + name
    before = pair.endpoint.shell.check("cat " + attribute)
    code, _ = pair.endpoint.shell.run("echo %s > %s" % (value, attribute))
    assert code != 0
    assert pair.endpoint.shell.check("cat " + attribute) == before


@pytest.mark.once
def test_vectors_that_the_host_was_not_started_with(pool, pair):
    """QEMU takes no others from a card that it has: the link stays down, and the endpoint says why."""
    def start(vectors):
        pair.stop_link()
        pair.unbind()
        pair.at_endpoint("echo %d > %s/msix_interrupts" % (vectors, ports.FIRST))
        pair.bind()
        before = len(pair.endpoint.kernel_messages())
        pair.start_link()
        return pair.endpoint.kernel_messages()[before:]

    pair.remove_card()
    assert "the host machine was started with other BARs or interrupts" in start(VECTORS + 2)
    assert pair.cable.ctl("stat").startswith("link is down")
    assert "other BARs" not in start(VECTORS)
    pair.rescan()
    pair.wait_consoles()
    assert pair.login_to_host() == "x86_64"
