# SPDX-License-Identifier: GPL-2.0
"""What the benchmark computes, and what it prints of what it has measured."""

import os
import sys

import pytest

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))

from cable.vm import bench, figures                     # noqa: E402

SAMPLE = figures.Sample(size=6000, messages=30, seconds=1.5, reads=390, writes=90, interrupts=15,
                        wakeups=60, thread=0.003, machine=0.3)


@pytest.mark.parametrize("to_host, size, counts", [
    (False, 1, (6, 9, 0)), (False, 64, (13, 9, 0)), (False, 1514, (196, 9, 0)),
    (True, 1, (4, 10, 1)), (True, 64, (4, 17, 1)), (True, 1514, (4, 200, 1))])
def test_counts_of_the_rfc(to_host, size, counts):
    assert figures.rfc(to_host, size) == counts


@pytest.mark.parametrize("values, share, value", [
    (range(1, 101), 50, 50), (range(1, 101), 99, 99), (range(1, 101), 100, 100),
    (range(500, 0, -1), 99, 495), ([7], 50, 7), ([7], 0, 7), ([3, 1, 2], 50, 2)])
def test_percentiles(values, share, value):
    assert figures.percentile(list(values), share) == value


def test_figures_of_a_message():
    """What was counted is divided by the messages, speed by the time."""
    cells = figures.sample_line(64, "bridge", SAMPLE, paced=False).split()
    assert cells == ["64", "bridge", "4000", "20", "200.0", "13.00", "3.00", "0.50", "2.00",
                     "100", "10000"]


def test_paced_message_has_counts_only():
    cells = figures.sample_line(64, "bridge", SAMPLE, paced=True).split()
    assert cells == ["64", "bridge", "200.0", "13.00", "3.00", "0.50"]


def test_rfc_has_what_a_terminal_hands_over():
    assert figures.rfc_line(False, 4096).split() == [
        "4096", "RFC", "2048.0", "261.00", "9.00", "0.00"]


def test_columns_are_below_their_names():
    heading = figures.heading()
    lines = [figures.sample_line(4096, "bridge", SAMPLE, paced) for paced in (False, True)]
    assert len(lines[0]) == len(heading)
    for line in lines:
        for name, value in (("bytes ", "200.0"), ("irqs", "0.50")):
            assert line[:heading.index(name) + len(name.strip())].endswith(value)


def test_backends_side_by_side(capsys):
    """All lines of one thing follow each other, whatever the number of backends."""
    one = bench.Result({(way, block): SAMPLE for way in bench.WAYS for block, _ in bench.WRITES},
                       [1.0, 2.0], {state: (1, 2, 3, 4) for state in bench.STATES})
    bench.show({"this": one, "that": one})
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    shown = [cells[1] for cells in lines if cells[:1] == ["64"]]
    assert shown == ["this", "that", "RFC"] * 2 + ["this", "that"]
    assert [cells[0] for cells in lines if cells[1:] == ["1.00", "2.00"]] == ["this", "that"]
    assert [cells[2] for cells in lines if cells[:2] == ["no", "driver"]] == ["this", "that"]
