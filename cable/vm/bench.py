# SPDX-License-Identifier: GPL-2.0
"""Figures for the console: throughput, round trip, transactions, idle load.

The counters are the core's own, and do not depend on how fast this machine is;
times do, and on what else it is doing.
"""

import os
import sys
import time

from .cable import Pair
from .machine import TOP, Machine, MachineError

ECHOES = 300
IDLE_SECONDS = 10


def show_transactions(before, after, messages):
    parts = ["%s %.2f" % (name, (after[name] - before[name]) / messages)
             for name in ("np_reads", "posted_writes", "interrupts")]
    print("    per message (%d messages): %s" % (messages, ", ".join(parts)))


def throughput(pair, source, to, size, block):
    """Write size bytes in blocks, at the source; the time until the last arrived."""
    before = pair.counter_values()
    receiving = to.shell.start(
        "timeout 100 head -c %d </dev/hvc0 >/dev/null" % size)
    time.sleep(0.5)
    begin = time.monotonic()
    source.shell.check("dd if=/dev/zero of=/dev/hvc0 bs=%d count=%d 2>/dev/null" % (
        block, size // block), 100)
    code, _ = to.shell.finish(receiving, 110, "receive")
    seconds = time.monotonic() - begin
    if code:
        raise MachineError("%s did not receive all" % to.name)
    after = pair.counter_values()
    print("  %-8s -> %-8s %5d-byte writes: %10.0f bytes/s" % (
        source.name, to.name, block, size / seconds))
    queue = "transmitq_from_host" if source is pair.host else "receiveq_to_host"
    show_transactions(before, after,
                      after[queue + "_messages"] - before[queue + "_messages"])


def round_trip(pair):
    """A short line from the endpoint to the host and back, many times."""
    host, endpoint = pair.host.shell, pair.endpoint.shell
    host.check("cat </dev/hvc0 >/dev/hvc0 & echo $! >/run/echo")
    before = pair.counter_values()
    text = endpoint.check(
        "exec 4<>/dev/hvc0; n=0; while [ $n -lt %d ]; do a=$EPOCHREALTIME; "
        "echo x >&4; read -r line <&4; echo $a $EPOCHREALTIME; n=$((n+1)); done"
        % ECHOES, 120)
    after = pair.counter_values()
    host.check("kill $(cat /run/echo)")
    times = sorted(1000 * (float(end) - float(begin)) for begin, end in
                   (line.split() for line in text.splitlines()))
    print("  echo, endpoint -> host -> endpoint: p50 %.2f ms, p99 %.2f ms" % (
        times[len(times) // 2], times[int(len(times) * 0.99)]))
    show_transactions(before, after, 2 * len(times))


def cpu_seconds(machine):
    with open("/proc/%d/stat" % machine.process.pid) as f:
        fields = f.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def busy(machine):
    """Share of one processor that is not idle, as the machine's kernel sees it."""
    fields = machine.shell.check("head -n 1 /proc/stat").split()[1:]
    values = [int(word) for word in fields]
    return sum(values) - values[3] - values[4], sum(values)


def idle(pair, what):
    time.sleep(2)
    emulator, inside, clock = cpu_seconds(pair.endpoint), busy(pair.endpoint), time.monotonic()
    time.sleep(IDLE_SECONDS)
    clock = time.monotonic() - clock
    now = busy(pair.endpoint)
    print("  endpoint idle, %s: %.1f %% of one processor by its own count,"
          " %.1f %% by the emulator's" % (
              what, 200 * (now[0] - inside[0]) / max(1, now[1] - inside[1]),
              100 * (cpu_seconds(pair.endpoint) - emulator) / clock))


def measure(pair):
    pair.answer(pair.host, False)
    pair.hold(pair.host)
    for machine in (pair.endpoint, pair.host):
        pair.drain(machine)
    for block, size in ((64, 64 << 10), (4096, 1 << 20)):
        throughput(pair, pair.host, pair.endpoint, size, block)
        throughput(pair, pair.endpoint, pair.host, size, block)
    round_trip(pair)
    for machine in (pair.host, pair.endpoint):
        pair.release(machine)
    idle(pair, "host's driver running")
    pair.remove_card()
    idle(pair, "no driver at the host")
    pair.stop_link()
    idle(pair, "link stopped")


def main():
    pair = Pair("trixie-backports", os.path.join(TOP, "build", "log", "bench"))
    try:
        pair.start()
        print("console, %d-entry queues, endpoint %s, host %s, load average %.1f" % (
            256, pair.endpoint.release, pair.host.release, os.getloadavg()[0]))
        measure(pair)
    except MachineError as error:
        print("bench: " + str(error))
        print(Machine.tail(pair.cable.log, 10))
        return 1
    finally:
        pair.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
