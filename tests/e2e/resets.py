# SPDX-License-Identifier: GPL-2.0
"""All ways in which either side goes away, while both write as fast as they can.

Each returns when what went has come back, and the load has ended.
"""

import collections

from cable.vm.machine import wait_for
from lines import TEXT, check_heard, numbered

# The host's kernel warns where a driver is taken from a device that does not answer:
# its status reads all-ones after a reset, as on any bus.
LOST = r"drivers/virtio/virtio\.c:\d+ at virtio_dev_remove"

# The kernel's own pci_ep tree warns where a function is unbound with the link up.
UNLINKED = r"drivers/pci/endpoint/pci-ep-cfs\.c:\d+ at pci_epc_epf_unlink"

# Begins anew whenever the terminal has gone. Both ends of it are in one session, so
# that they can be ended together. The pauses keep what is under way from taking longer
# to read than everything else. Who writes waits for the other one to listen.
LOAD = """rm -f /run/heard /run/write
setsid sh -c '
while :; do
	(exec 4<>/dev/hvc0 && stty raw -echo <&4 && {
		cat <&4 >>/run/heard &
		until [ -e /run/write ]; do sleep 0.1; done
		exec >&4
		n=0
		echo && echo begin
		while echo $((n+=1)) %(text)s && echo $((n+=1)) %(text)s &&
			echo $((n+=1)) %(text)s && echo $((n+=1)) %(text)s; do
			sleep 0.01
		done
	})
	sleep 0.2
done' >/dev/null 2>&1 & echo $! >/run/load
until [ -e /run/heard ]; do sleep 0.05; done""" % {"text": TEXT}
# hvc gives a terminal that somebody still has open to the next device, which nobody hears then: so
# until all of them have ended, which takes a while on a busy machine
STOP_LOAD = """load=$(cat /run/load); kill -KILL -$load; n=0
while kill -0 -$load 2>/dev/null && [ $((n+=1)) -lt 200 ]; do sleep 0.05; done; sleep 0.2"""

# Lines that have arrived, each way, before anything is done to either side
LINES = 100

# Accesses that may still be made after a reset: docs/how-it-works.md
LONGEST_BURST = 517


class Load:
    """Both machines read, and write to the console; both if not told otherwise.

    What was received until the constructor returns is what was sent, from its first line.
    """

    def __init__(self, pair, *writers):
        self.pair = pair
        self.moved = collections.Counter()
        writers = writers or (pair.host, pair.endpoint)
        pair.answer(pair.host, False)
        pair.release(pair.endpoint)
        machines = (pair.host, pair.endpoint)
        for machine in machines:
            machine.shell.check(LOAD)
        for machine in writers:
            machine.shell.check(": >/run/write")
        for machine, other in zip(machines, reversed(machines)):
            if other in writers:
                self.listen(machine, other)

    def listen(self, machine, other):
        machine.wait_for("%d lines" % LINES, lambda: int(machine.shell.check(
            "sed '1,/^begin$/d' /run/heard | wc -l")) >= LINES, 40)
        count = check_heard(machine.shell.check, "/run/heard", "%s to %s" % (
            other.name, machine.name))
        self.moved[other.name] += len(numbered(count))

    def stop(self, *machines):
        for machine in machines:
            machine.shell.check(STOP_LOAD)


def host_driver_unbound(pair):
    load = Load(pair)
    card = pair.unbind_driver()
    pair.host.shell.check("sleep 0.3")
    pair.bind_driver(card)
    load.stop(pair.host, pair.endpoint)
    return load


def host_reboots(pair):
    load = Load(pair)
    pair.host.reboot()
    load.stop(pair.endpoint)
    return load


def host_crashes(pair):
    load = Load(pair)
    assert pair.host.alarms() == []
    pair.host.shell.start("echo c > /proc/sysrq-trigger")
    pair.host.wait_booted()
    assert "sysrq triggered crash" in pair.host.kernel_messages()
    pair.host.forget_alarms()
    load.stop(pair.endpoint)
    return load


def host_kexecs(pair):
    """The next kernel finds the card as the last one left it, and gets that one's memory."""
    pair.host.load_kernel()
    load = Load(pair)
    pair.host.kexec()
    load.stop(pair.endpoint)
    return load


def function_level_reset(pair):
    """Linux resets the function behind the back of its driver, which has to be bound again.

    Only the endpoint writes: an hvc of the host that waits for its buffer then waits for
    ever, with interrupts off, as its driver does not hear of the reset. No device may
    answer to what it was told before one.
    """
    return reset_by(pair, "flr")


def slot_reset(pair):
    """The same by the slot, which also takes the link down."""
    return reset_by(pair, "bus")


def reset_by(pair, method):
    load = Load(pair, pair.endpoint)
    pair.at_host("cd /sys/bus/pci/devices/" + pair.host_card(),
                 "echo %s > reset_method" % method, "echo 1 > reset")
    pair.bind_driver(pair.unbind_driver())
    load.stop(pair.host, pair.endpoint)
    return load


def host_is_switched_off(pair):
    load = Load(pair)
    pair.host.switch_off()
    pair.start_host()
    pair.host.wait_booted()
    load.stop(pair.endpoint)
    return load


def function_unbound(pair):
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
    return load


def modules_removed(pair):
    load = Load(pair)
    pair.at_endpoint("rm %s/vcon0" % pair.controller(), "echo 0 > %s/start" % pair.controller())
    load.stop(pair.endpoint)
    pair.remove_functions()
    pair.unload_modules()
    check_host_runs(pair)
    load.stop(pair.host)
    pair.load_modules()
    pair.configure()
    pair.release(pair.endpoint)
    pair.remove_card()
    pair.rescan()
    return load


def endpoint_is_switched_off(pair):
    """Only the endpoint writes: nobody is left to return a buffer of the host."""
    load = Load(pair, pair.endpoint)
    pair.endpoint.switch_off()
    load.stop(pair.host)
    pair.remove_card()
    pair.start_endpoint()
    pair.endpoint.wait_booted()
    pair.load_modules()
    pair.configure()
    pair.release(pair.endpoint)
    pair.rescan()
    return load


def timer_interrupts(machine):
    """Of each processor; one that has its interrupts off counts none."""
    line = machine.shell.check("grep LOC: /proc/interrupts")
    return [int(word) for word in line.split()[1:3]]


def check_host_runs(pair):
    """No processor of the host stands still with its interrupts off."""
    # Two that are busy, so that both processors have something to count
    pair.at_host("for n in 1 2; do (while :; do :; done) >/dev/null 2>&1 &"
                 " echo $!; done >/run/busy")
    before = timer_interrupts(pair.host)
    pair.host.shell.check("sleep 2")
    late = timer_interrupts(pair.host)
    pair.at_host("kill $(cat /run/busy)")
    assert all(b - a > 20 for a, b in zip(before, late)), \
        "a processor of the host stands still: %r, then %r" % (before, late)


def wait_unmapped(pair):
    """Until the function has unmapped what a driver that has gone left behind."""
    def unmapped():
        counters = pair.counter_values()
        return counters["maps"] == counters["unmaps"]

    wait_for("no window mapped", unmapped, 3 * pair.endpoint.slow)


def check_vectors(pair):
    """The host's driver has what it asked for first, a vector for each queue: it makes do with
    less where the registers of a queue are not answered in time.
    """
    vectors = pair.at_host("ls /sys/bus/pci/devices/%s/msi_irqs" % pair.host_card()).split()
    assert len(vectors) == pair.vectors


def check_left_alone(pair):
    """When there is no driver any more, the host's memory is left alone, though the
    endpoint has something to say, and soon no window to it is mapped any more.
    """
    card = pair.unbind_driver()
    before = pair.counter_values()
    pair.endpoint.shell.check("echo is anybody there >/dev/hvc0; sleep 0.3")
    wait_unmapped(pair)
    counters = pair.counter_values()
    for name in ("np_reads", "posted_writes", "interrupts"):
        assert counters[name] == before[name]
    assert counters["receiveq_to_host_held"] > 0
    assert counters["host_errors"] == 0
    assert 0 < counters["longest_burst"] <= LONGEST_BURST
    pair.bind_driver(card)
    pair.wait_consoles()
