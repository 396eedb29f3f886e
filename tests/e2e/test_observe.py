# SPDX-License-Identifier: GPL-2.0
"""What a user can see of a function while it works."""

EVENTS = "/sys/kernel/tracing/events/pci_epf_virtio"


def test_counters_of_queues(pair):
    """Those of the queues are of what the function's count, and nothing is left over."""
    pair.login_to_host()
    counters = pair.counter_values()
    queues = ("transmitq_from_host_", "receiveq_to_host_")
    for name in ("np_reads", "np_bytes", "posted_writes", "posted_bytes", "interrupts"):
        assert 0 < sum(counters[queue + name] for queue in queues) <= counters[name]
    for queue in queues:
        assert counters[queue + "messages"] > 0 and counters[queue + "bytes"] > 0
        assert counters[queue + "held"] == 0


def test_traces(pair):
    shell = pair.endpoint.shell
    card = pair.unbind_driver()
    shell.check("echo >/sys/kernel/tracing/trace; echo 1 >%s/enable" % EVENTS)
    try:
        pair.bind_driver(card)
        pair.wait_consoles()
        pair.login_to_host()
        text = shell.check("cat /sys/kernel/tracing/trace")
    finally:
        shell.check("echo 0 >%s/enable" % EVENTS)
    assert "epfv_state: pci_epf_vcon.0: idle -> setup" in text
    assert "epfv_state: pci_epf_vcon.0: setup -> running" in text
    assert "epfv_batch: pci_epf_vcon.0: transmitq: messages=" in text
    assert "epfv_batch: pci_epf_vcon.0: receiveq: messages=" in text
    assert "epfv_irq: pci_epf_vcon.0: vector=1 err=0" in text
    assert "epfv_irq: pci_epf_vcon.0: vector=2 err=0" in text
