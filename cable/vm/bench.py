# SPDX-License-Identifier: GPL-2.0
"""Figures for the console: throughput, round trip, transactions, load: docs/bench.md.

The counters are the core's own, and do not depend on how fast this machine is;
times do, and on what else it is doing.
"""

import os
import sys
import time

from .cable import Pair
from .machine import TOP, Machine, MachineError

# Bytes of a write, and how many bytes are written
SIZES = ((1, 2 << 10), (64, 64 << 10), (1514, 512 << 10), (4096, 1 << 20))
ECHOES = 300
IDLE_SECONDS = 10
COUNTED = "np_reads", "posted_writes", "interrupts", "wakeups"

# Processor time that the function's thread has had, in nanoseconds
SPENT = "cut -d' ' -f1 $(grep -ls '^pci_epf_vcon' /proc/[0-9]*/comm | sed s/comm/schedstat/)"


def rfc(to_host, size):
    """Reads, writes and interrupts that a message of that size takes in the design that this
    one came from, https://lore.kernel.org/all/20230427104428.862643-1-mie@igel.co.jp: it reads
    avail->idx, an entry and a descriptor in two halves, and copies by eight bytes, what is left
    by single ones; a used entry is written byte by byte, as it is not aligned, and its idx.
    """
    copy = size // 8 + size % 8
    return (4, copy + 9, 1) if to_host else (4 + copy, 9, 0)


def snapshot(pair):
    counters = pair.counter_values()
    counters["spent"] = int(pair.endpoint.shell.check(SPENT))
    return counters


def per_message(before, after, messages):
    return [(after[name] - before[name]) / messages for name in COUNTED] + [
        (after["spent"] - before["spent"]) / messages / 1e3]


def show_heading():
    print("%-21s %5s %9s %10s   each message:" % ("", "write", "bytes/s", "messages/s"))
    print("%-21s %5s %9s %10s %5s %14s %14s %12s %9s %8s" % (
        "", "", "", "", "bytes", "reads (RFC)", "writes (RFC)", "irqs (RFC)", "wake-ups",
        "CPU us"))


def throughput(pair, source, to, block, size):
    """Write size bytes in blocks, at the source; the time until the last arrived."""
    before = snapshot(pair)
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
    after = snapshot(pair)
    to_host = to is pair.host
    name = ("receiveq_to_host" if to_host else "transmitq_from_host") + "_messages"
    messages = after[name] - before[name]
    each = per_message(before, after, messages)
    then = rfc(to_host, size // messages)
    print("%-21s %5d %9.0f %10.0f %5.0f %7.2f (%4d) %7.2f (%4d) %6.2f (%3d) %9.2f %8.1f" % (
        "%s -> %s" % (source.name, to.name), block, size / seconds, messages / seconds,
        size / messages, each[0], then[0], each[1], then[1], each[2], then[2], *each[3:]))


def round_trip(pair):
    """A short line from the endpoint to the host and back, many times."""
    host, endpoint = pair.host.shell, pair.endpoint.shell
    host.check("cat </dev/hvc0 >/dev/hvc0 & echo $! >/run/echo")
    before = snapshot(pair)
    text = endpoint.check(
        "exec 4<>/dev/hvc0; n=0; while [ $n -lt %d ]; do a=$EPOCHREALTIME; "
        "echo x >&4; read -r line <&4; echo $a $EPOCHREALTIME; n=$((n+1)); done"
        % ECHOES, 120)
    after = snapshot(pair)
    host.check("kill $(cat /run/echo)")
    times = sorted(1000 * (float(end) - float(begin)) for begin, end in
                   (line.split() for line in text.splitlines()))
    print("echo, endpoint -> host -> endpoint: p50 %.2f ms, p99 %.2f ms; of each of its two"
          " messages:\n  reads %.2f, writes %.2f, interrupts %.2f, wake-ups %.2f, CPU %.1f us" % (
              times[len(times) // 2], times[int(len(times) * 0.99)],
              *per_message(before, after, 2 * len(times))))


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
    before, inside, clock = snapshot(pair), busy(pair.endpoint), time.monotonic()
    emulator = cpu_seconds(pair.endpoint)
    time.sleep(IDLE_SECONDS)
    clock = time.monotonic() - clock
    used = cpu_seconds(pair.endpoint) - emulator
    now, after = busy(pair.endpoint), snapshot(pair)
    print("endpoint idle, %s: function's thread %.2f %% of one processor, %.0f wake-ups/s;"
          " all of the machine %.1f %% by its own count, %.1f %% by the emulator's" % (
              what, (after["spent"] - before["spent"]) / 1e7 / clock,
              (after["wakeups"] - before["wakeups"]) / clock,
              200 * (now[0] - inside[0]) / max(1, now[1] - inside[1]), 100 * used / clock))


def measure(pair):
    pair.answer(pair.host, False)
    pair.hold(pair.host)
    for machine in (pair.endpoint, pair.host):
        pair.drain(machine)
    show_heading()
    for source, to in ((pair.host, pair.endpoint), (pair.endpoint, pair.host)):
        for block, size in SIZES:
            throughput(pair, source, to, block, size // block * block)
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
