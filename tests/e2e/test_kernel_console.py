# SPDX-License-Identifier: GPL-2.0
"""The host's kernel has its console on hvc0, and the endpoint has what it says there."""

import pytest

# The last one is also /dev/console
APPEND = "console=hvc0 console=ttyS0"
SAID = "/tmp/said"


@pytest.fixture
def kernel_console(pool, suite, guard):
    """Such a host, and somebody on the endpoint who keeps what comes."""
    pair = pool.get(suite, host_append=APPEND)
    pair.answer(pair.host, False)
    pair.endpoint.shell.check("cat </dev/hvc0 >%s & echo $! >/run/reader" % SAID)
    yield pair
    if not pool.spoilt:
        pair.endpoint.shell.check("kill $(cat /run/reader)")
        pair.answer(pair.host, True)


def said(pair):
    return pair.endpoint.shell.check("cat " + SAID).replace("\r", "")


def check_heard(pair, text):
    pair.at_host("echo '<1>%s' >/dev/kmsg" % text)
    pair.endpoint.wait_for("what the host's kernel says", lambda: text in said(pair), 10)


@pytest.mark.once
def test_panic(kernel_console):
    """Everything, up to the last line of a panic; and the kernel after it is heard again."""
    pair = kernel_console
    check_heard(pair, "still well")
    assert pair.host.alarms() == []
    before = len(pair.host.kernel_messages())
    pair.host.shell.start("echo c >/proc/sysrq-trigger")
    pair.host.wait_booted()
    log = pair.host.kernel_messages()[before:]
    log = log[log.index("sysrq: Trigger a crash"):]
    log = log[:log.rindex("\n", 0, log.index("Linux version"))]
    lines = [line for line in log.splitlines() if line.startswith("[")]
    assert "Kernel panic" in log and len(lines) > 10
    assert "Kernel panic" in lines[-1] or "Kernel Offset" in lines[-1], lines[-1]
    text = said(pair)
    assert [line for line in lines if line not in text] == []
    pair.host.forget_alarms()
    pair.wait_consoles()
    check_heard(pair, "up again")
