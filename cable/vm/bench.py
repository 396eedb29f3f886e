# SPDX-License-Identifier: GPL-2.0
"""Figures for the console: throughput, transactions, round trip, load: docs/bench.md.

The counters are the core's own, and do not depend on how fast this machine is;
times do, and on what else it is doing.
"""

import os
import sys
import time
from typing import NamedTuple

from . import figures
from .cable import Pair
from .machine import TOP, Machine, MachineError

# How a console is served at the endpoint; the first is what Pair() makes unless told otherwise
BACKENDS = ("bridge", "direct")
SUITE = "trixie-backports"

# Bytes of a write, and how many such writes
WRITES = ((1, 3000), (64, 3000), (1514, 2000), (4096, 1000))
# Writes one by one, twice as many as buffers are fetched at once, and the least time from one
# to the next, in which all is done that it takes
PACED = 128
PAUSE_US = 20000
ECHOES = 500
IDLE_SECONDS = 10


class Way(NamedTuple):
    """How messages are sent."""

    title: str
    to_host: bool
    paced: bool


class Result(NamedTuple):
    """What was measured of a backend.

    samples: by way and bytes of a write. echoes: milliseconds. loads: by what the host does.
    """

    samples: dict
    echoes: list
    loads: dict


WAYS = (
    Way("host -> endpoint, as fast as it goes; hvc waits for each message", False, False),
    Way("endpoint -> host, writes at least %d ms apart" % (PAUSE_US // 1000), True, True),
    Way("endpoint -> host, as fast as it goes; a message holds what several writes left"
        " in transit", True, False),
)

# What an endpoint with nothing to do is measured in, one after the other, and how it gets there
STATES = {
    "driver running": lambda pair: None,
    "no driver": Pair.remove_card,
    "link stopped": Pair.stop_link,
}

# Nanoseconds that the function's threads have run, how often they have slept, and the ticks in
# which a processor of the machine was not idle
LOAD = """threads=$(grep -ls '^pci_epf_vcon' /proc/[0-9]*/comm | sed s/comm//) &&
for t in $threads; do cat $t/schedstat; done | awk '{ n += $1 } END { printf "%.0f\\n", n }' &&
for t in $threads; do cat $t/status; done | awk '/^voluntary/ { n += $2 } END { printf "%.0f\\n", n }' &&
awk '/^cpu / { print $2 + $3 + $4 + $7 + $8 }' /proc/stat"""
TICKS = 100


def snapshot(pair):
    counters = pair.counter_values()
    spent, slept, busy = pair.endpoint.shell.check(LOAD).split()
    counters.update(thread=int(spent) / 1e9, slept=int(slept), machine=int(busy) / TICKS)
    return counters


def writing(block, count, paced):
    """The shell's command for it."""
    if not paced:
        return "dd if=/dev/zero of=/dev/hvc0 bs=%d count=%d 2>/dev/null" % (block, count)
    return ("n=0; while [ $n -lt %d ]; do usleep %d; n=$((n+1));"
            " dd if=/dev/zero of=/dev/hvc0 bs=%d count=1 2>/dev/null; done" % (
                count, PAUSE_US, block))


def send(pair, way, block, count):
    """Write, and wait until all has arrived; what it took."""
    source, to = ((pair.endpoint, pair.host) if way.to_host else (pair.host, pair.endpoint))
    size = block * count
    before = snapshot(pair)
    receiving = to.shell.start("timeout 100 head -c %d </dev/hvc0 >/dev/null" % size)
    time.sleep(0.5)
    begin = time.monotonic()
    source.shell.check(writing(block, count, way.paced), 100)
    code, _ = to.shell.finish(receiving, 110, "receive")
    seconds = time.monotonic() - begin
    if code:
        raise MachineError("%s did not receive all" % to.name)
    # It may still be looking whether there is more
    time.sleep(0.2)
    after = snapshot(pair)
    messages = ("receiveq_to_host" if way.to_host else "transmitq_from_host") + "_messages"
    return figures.Sample(size, after[messages] - before[messages], seconds, *(
        after[name] - before[name] for name in (
            "np_reads", "posted_writes", "interrupts", "slept", "thread", "machine")))


def round_trip(pair):
    """A short line from the endpoint to the host and back, many times; milliseconds."""
    host, endpoint = pair.host.shell, pair.endpoint.shell
    host.check("cat </dev/hvc0 >/dev/hvc0 & echo $! >/run/echo")
    text = endpoint.check(
        "exec 4<>/dev/hvc0; n=0; while [ $n -lt %d ]; do a=$EPOCHREALTIME; "
        "echo x >&4; read -r line <&4; echo $a $EPOCHREALTIME; n=$((n+1)); done"
        % ECHOES, 120)
    host.check("kill $(cat /run/echo)")
    return [1000 * (float(end) - float(begin)) for begin, end in
            (times.split() for times in text.splitlines())]


def cpu_seconds(machine):
    """Processor time that the machine's emulator has had."""
    with open("/proc/%d/stat" % machine.process.pid) as f:
        fields = f.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def idle(pair):
    """Of one processor, in per cent: the thread, the endpoint, its emulator; wake-ups a second."""
    time.sleep(2)
    before, emulator, clock = snapshot(pair), cpu_seconds(pair.endpoint), time.monotonic()
    time.sleep(IDLE_SECONDS)
    emulator, clock = cpu_seconds(pair.endpoint) - emulator, time.monotonic() - clock
    after = snapshot(pair)
    thread, machine, slept = ((after[name] - before[name]) / clock
                              for name in ("thread", "machine", "slept"))
    return 100 * thread, 100 * machine, 100 * emulator / clock, slept


def measure(pair):
    """Everything, with the backend that the pair has."""
    pair.answer(pair.host, False)
    pair.hold(pair.host)
    pair.drain(pair.endpoint, pair.host)
    samples = {(way, block): send(pair, way, block, PACED if way.paced else count)
               for way in WAYS for block, count in WRITES}
    echoes = round_trip(pair)
    for machine in (pair.host, pair.endpoint):
        pair.release(machine)
    loads = {}
    for state, enter in STATES.items():
        enter(pair)
        loads[state] = idle(pair)
    return Result(samples, echoes, loads)


def run(backend):
    """Two machines with that backend, from their start to their end."""
    options = {} if backend == BACKENDS[0] else {"backend": backend}
    pair = Pair(SUITE, os.path.join(TOP, "build", "log", "bench-" + backend), **options)
    try:
        pair.start()
        print("measuring %s: endpoint %s, host %s, load average of this machine %.1f" % (
            backend, pair.endpoint.release, pair.host.release, os.getloadavg()[0]), flush=True)
        return measure(pair)
    except MachineError:
        print(Machine.tail(pair.cable.log, 10))
        raise
    finally:
        pair.stop()


def show(results):
    """results: by backend, in the order in which they are shown."""
    print("\nA message is a buffer of the host's driver that was used; bytes, and what stands"
          " right of it, are those of one.\nRFC: computed, for messages that come alone.")
    for way in WAYS:
        print("\n%s\n%s" % (way.title, figures.heading()))
        for block, _ in WRITES:
            for backend, result in results.items():
                print(figures.sample_line(block, backend, result.samples[way, block], way.paced))
            if way.paced or not way.to_host:
                print(figures.rfc_line(way.to_host, block))
    print("\nround trip of a line, endpoint -> host -> endpoint, %d times\n%9s  %7s  %7s" % (
        ECHOES, "served by", "p50 ms", "p99 ms"))
    for backend, result in results.items():
        print("%9s  %7.2f  %7.2f" % (
            backend, *(figures.percentile(result.echoes, share) for share in (50, 99))))
    print("\nendpoint with nothing to do, in %% of one processor\n%14s  %9s  %8s  %9s  %10s  %10s"
          % ("host", "served by", "thread %", "machine %", "emulator %", "wake-ups/s"))
    for state in STATES:
        for backend, result in results.items():
            print("%14s  %9s  %8.2f  %9.1f  %10.1f  %10.1f" % (
                state, backend, *result.loads[state]))


def main():
    try:
        show({backend: run(backend) for backend in BACKENDS})
    except MachineError as error:
        print("bench: %s" % error)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
