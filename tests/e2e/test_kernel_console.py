# SPDX-License-Identifier: GPL-2.0
"""The host's kernel has its console on hvc0, and the endpoint has what it says there."""

import pytest

import ports
from cable.vm.cable import Console
from conftest import PROGRAMS
from test_terminal import check_files, make_files, receive, send, start_agetty, stop_agetty

# The last one is also /dev/console
APPEND = "console=hvc0 console=ttyS0"
SAID = "/tmp/said"


def machines(pool, suite):
    return pool.get(suite, vectors=67, programs=PROGRAMS, host_append=APPEND)


@pytest.fixture
def kernel_console(pool, suite, guard):
    """Such a host, and somebody on the endpoint who keeps what comes."""
    pair = machines(pool, suite)
    ports.deconfigure(pair)
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


LOGIN_PORT = 1


@pytest.fixture
def two_consoles(pool, suite, guard):
    """As docs/console.md recommends: a console for the kernel, and one for everything else; the
    host answers on both."""
    pair = machines(pool, suite)
    ports.configure(pair, (), max_ports=LOGIN_PORT + 1)
    ports.add(pair, LOGIN_PORT, "login", console=True)
    pair.answer(pair.host, False)
    pair.release(pair.endpoint)
    for machine in ports.machines(pair):
        machine.shell.check("until (exec 9<>/dev/hvc1) 2>/dev/null; do sleep 0.1; done", 20)
    pair.hold(pair.endpoint, 2)
    # picocom asks a terminal that does not tell
    pair.endpoint.shell.check("stty columns 80 rows 24 <&3")
    yield pair
    if pool.spoilt:
        return
    pair.release(pair.endpoint)
    pair.hold(pair.endpoint)
    pair.answer(pair.host, True)
    ports.remove(pair, LOGIN_PORT)
    ports.deconfigure(pair)


CTRL_O = r"\017"


@pytest.mark.once
def test_ctrl_o(two_consoles):
    """On the kernel's console it is SysRq, for whoever is at the endpoint; on another one, a byte."""
    pair = two_consoles
    pair.hold(pair.host, 2)
    before = len(pair.host.kernel_messages())
    said = lambda: pair.host.kernel_messages()[before:].count("sysrq: Emergency Sync")  # noqa: E731

    def type_at(terminal):
        pair.endpoint.shell.check(r"printf '%ss%s%s!\n' >/dev/%s" % (
            CTRL_O, CTRL_O, CTRL_O, terminal))
        return pair.host.shell.check("timeout 20 head -n 1 </dev/%s | od -An -c" % terminal,
                                     30).split()

    assert type_at("hvc1") == ["017", "s", "017", "017", "!", r"\n"]
    assert not said()
    assert type_at("hvc0") == ["017", "!", r"\n"]
    assert said() == 1
    pair.release(pair.host)


@pytest.mark.once
@pytest.mark.parametrize("terminal, escape", [("hvc1", ""), ("hvc0", " -e")])
def test_zmodem(two_consoles, terminal, escape):
    """Files of any bytes: beside the kernel's console without ado, on it with -e."""
    pair = two_consoles
    start_agetty(pair.host, terminal)
    sums = make_files(pair)
    with Console(pair.endpoint, "/dev/" + terminal) as console:
        console.login()
        receive(console, "/tmp/sent")
        send(console, "/tmp/sent", "rz" + escape)
        console.logout()
    check_files(pair, sums)
    stop_agetty(pair.host, terminal)
