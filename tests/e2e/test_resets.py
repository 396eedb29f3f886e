# SPDX-License-Identifier: GPL-2.0
"""Either side goes away at any moment, while both write as fast as they can."""

import os

import pytest

from test_leave import timer_interrupts

# Half a minute each: once on each kernel, if not told otherwise
ROUNDS = int(os.environ.get("E2E_ROUNDS", "1"))

# Begins anew whenever the terminal has gone. Both ends of it are in one session, so
# that they can be ended together. The pauses keep what is under way from taking longer
# to read than everything else.
LOAD = """setsid sh -c '
while :; do
	(exec 4<>/dev/hvc0 && stty raw -echo <&4 && {
		cat <&4 &
		line=0123456789abcdef0123456789abcdef0123456789abcdef
		while echo $line && echo $line && echo $line && echo $line; do
			sleep 0.01
		done >&4
	})
	sleep 0.2
done' >/dev/null 2>&1 & echo $! >/run/load"""
STOP_LOAD = "kill -KILL -$(cat /run/load); sleep 0.2"


class Load:
    """Machines write to the console, and read what comes; both if not told otherwise."""

    def __init__(self, pair, *writers):
        self.pair = pair
        self.writers = writers or (pair.host, pair.endpoint)
        pair.answer(pair.host, False)
        pair.release(pair.endpoint)
        before = pair.counter_values()
        for machine in self.writers:
            machine.shell.check(LOAD)
        pair.endpoint.wait_for("bytes under way", lambda: self.moves(before), 20)

    def moves(self, before):
        now = self.pair.counter_values()
        name = {self.pair.host: "transmitq_from_host_bytes",
                self.pair.endpoint: "receiveq_to_host_bytes"}
        return all(now[name[machine]] > before[name[machine]] + 4096 for machine in self.writers)

    def stop(self, *machines):
        for machine in machines:
            machine.shell.check(STOP_LOAD)


def after(pair):
    """What must hold when all is over.

    A login works. When there is no driver any more, the host's memory is left alone,
    though the endpoint has something to say, and no window to it stays mapped.
    """
    pair.wait_consoles()
    pair.answer(pair.host, False)
    for machine in (pair.host, pair.endpoint):
        pair.hold(machine)
    pair.drain(pair.endpoint, pair.host)
    pair.release(pair.host)
    pair.answer(pair.host, True)
    assert pair.login_to_host().split() == ["x86_64"]

    card = pair.unbind_driver()
    before = pair.counter_values()
    pair.endpoint.shell.check("echo is anybody there >/dev/hvc0; sleep 0.3")
    counters = pair.counter_values()
    for name in ("np_reads", "posted_writes", "interrupts"):
        assert counters[name] == before[name]
    assert counters["receiveq_to_host_held"] > 0
    assert counters["maps"] == counters["unmaps"]
    assert counters["host_errors"] == 0
    pair.bind_driver(card)
    pair.wait_consoles()


def test_host_driver_unbound(pair):
    load = Load(pair)
    card = pair.unbind_driver()
    pair.host.shell.check("sleep 0.3")
    pair.bind_driver(card)
    load.stop(pair.host, pair.endpoint)
    after(pair)


def test_host_reboots(pair):
    load = Load(pair)
    pair.host.reboot()
    load.stop(pair.endpoint)
    after(pair)


def test_host_crashes(pair):
    load = Load(pair)
    assert pair.host.alarms() == []
    pair.host.shell.start("echo c > /proc/sysrq-trigger")
    pair.host.wait_booted()
    assert "sysrq triggered crash" in pair.host.kernel_messages()
    pair.host.forget_alarms()
    load.stop(pair.endpoint)
    after(pair)


def test_host_kexecs(pair):
    """The next kernel finds the card as the last one left it, and gets that one's memory."""
    pair.host.load_kernel()
    load = Load(pair)
    pair.host.kexec()
    load.stop(pair.endpoint)
    after(pair)


def test_function_level_reset(pair):
    """Linux resets the function behind the back of its driver, which has to be bound again.

    Only the endpoint writes: an hvc of the host that waits for its buffer then waits for
    ever, with interrupts off, as its driver does not hear of the reset. No device may
    answer to what it was told before one.
    """
    load = Load(pair, pair.endpoint)
    card = pair.host_card()
    pair.at_host("echo 1 > /sys/bus/pci/devices/%s/reset" % card)
    pair.bind_driver(pair.unbind_driver())
    load.stop(pair.endpoint)
    after(pair)


def test_host_is_switched_off(pair):
    load = Load(pair)
    pair.host.switch_off()
    pair.start_host()
    pair.host.wait_booted()
    load.stop(pair.endpoint)
    after(pair)


@pytest.mark.lost
@pytest.mark.unlinked
def test_function_unbound(pair):
    load = Load(pair)
    pair.at_endpoint("rm %s/vcon0" % pair.controller())
    load.stop(pair.endpoint)
    check_host_runs(pair)
    load.stop(pair.host)
    pair.stop_link()
    pair.bind()
    pair.release(pair.endpoint)
    pair.start_link()
    pair.remove_card()
    pair.rescan()
    after(pair)


@pytest.mark.lost
@pytest.mark.unlinked
def test_modules_removed(pair):
    load = Load(pair)
    pair.at_endpoint("rm %s/vcon0" % pair.controller(), "echo 0 > %s/start" % pair.controller())
    load.stop(pair.endpoint)
    pair.remove_function()
    pair.unload_modules()
    check_host_runs(pair)
    load.stop(pair.host)
    pair.load_modules()
    pair.configure()
    pair.release(pair.endpoint)
    pair.remove_card()
    pair.rescan()
    after(pair)


@pytest.mark.lost
def test_endpoint_is_switched_off(pool, pair):
    """Only the endpoint writes: nobody is left to return a buffer of the host."""
    Load(pair, pair.endpoint)
    pair.endpoint.switch_off()
    pair.remove_card()
    pair.start_endpoint()
    pair.endpoint.wait_booted()
    pair.load_modules()
    pair.configure()
    pair.release(pair.endpoint)
    pair.rescan()
    after(pair)


def check_host_runs(pair):
    """No processor of the host stands still with its interrupts off."""
    pair.at_host("for n in 1 2; do (while :; do :; done) >/dev/null 2>&1 &"
                 " echo $!; done >/run/busy")
    before = timer_interrupts(pair.host)
    pair.host.shell.check("sleep 2")
    late = timer_interrupts(pair.host)
    pair.at_host("kill $(cat /run/busy)")
    assert all(b - a > 20 for a, b in zip(before, late)), \
        "a processor of the host stands still: %r, then %r" % (before, late)
