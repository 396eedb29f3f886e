# SPDX-License-Identifier: GPL-2.0
"""What cable.vm.bench measures, as numbers for each message, and as lines of tables."""

from typing import NamedTuple

# A terminal hands its driver so many bytes of a write at once
CHUNK = 2048

COLUMNS = (("write", 5), ("served by", 9), ("bytes/s", 8), ("msgs/s", 6), ("bytes", 6),
           ("reads", 7), ("writes", 7), ("irqs", 5), ("wake-ups", 8), ("thread us", 9),
           ("machine us", 10))


class Sample(NamedTuple):
    """What so many messages took.

    A message is a buffer of the host's driver that was used. thread, machine: processor time,
    in seconds, of the function's thread and of all of the endpoint.
    """

    size: int
    messages: int
    seconds: float
    reads: int
    writes: int
    interrupts: int
    wakeups: int
    thread: float
    machine: float


def rfc(to_host, size):
    """Reads, writes and interrupts that a message of that size, which comes alone, takes in the
    design that this one came from,
    https://lore.kernel.org/all/20230427104428.862643-1-mie@igel.co.jp: it reads avail->idx, an
    entry and a descriptor in two halves, and copies by eight bytes, what is left by single ones;
    a used entry is written byte by byte, as it is not aligned, and its idx. Then it looks for
    the sender's next: on the host's ring, a read of avail->idx that finds nothing.
    """
    copy = size // 8 + size % 8
    return (4, copy + 9, 1) if to_host else (4 + copy + 1, 9, 0)


def percentile(values, share):
    """The smallest of them that is not less than so many per cent of them (nearest rank)."""
    rank = -(-len(values) * share // 100)
    return sorted(values)[max(1, rank) - 1]


def line(cells):
    """A line of the table."""
    return "  ".join("%*s" % (width, cell) for cell, (_, width) in zip(cells, COLUMNS)).rstrip()


def heading():
    return line([name for name, _ in COLUMNS])


def sample_line(block, backend, sample, paced):
    """paced: only what is counted; times and wake-ups are mostly those of the pauses."""
    n = sample.messages
    speed, load = ("", ""), ("", "", "")
    if not paced:
        speed = "%.0f" % (sample.size / sample.seconds), "%.0f" % (n / sample.seconds)
        load = ("%.2f" % (sample.wakeups / n), "%.0f" % (sample.thread / n * 1e6),
                "%.0f" % (sample.machine / n * 1e6))
    return line([
        block, backend, *speed, "%.1f" % (sample.size / n), "%.2f" % (sample.reads / n),
        "%.2f" % (sample.writes / n), "%.2f" % (sample.interrupts / n), *load])


def rfc_line(to_host, block):
    size = min(block, CHUNK)
    return line([block, "RFC", "", "", "%.1f" % size,
                 *("%.2f" % count for count in rfc(to_host, size))])
