# SPDX-License-Identifier: GPL-2.0
"""Counters: pcie-cable ctl PATH stat."""

import re

import pytest
import vfu
from test_control import Control, controlled, ctl, linked      # noqa: F401
from test_dma import ERROR, LOCAL, RAM_SIZE, READ, WRITE, Engine
from test_windows import Windows


class Stats:
    """What stat says, as {heading: {name: [value, ...]}}."""

    def __init__(self, control):
        lines, end = control.ask("stat")
        assert end == "ok"
        self.link = lines.pop(0)
        self.seconds = float(re.fullmatch(r"counted for (\d+\.\d) s", lines.pop(0)).group(1))
        self.table, self.columns = {}, {}
        for line in lines:
            name, *cells = line.split("\t")
            if not line.startswith(" "):
                heading = name
                self.table[heading], self.columns[heading] = {}, cells
            else:
                self.table[heading][name.strip()] = [
                    int(cell) if cell.isdigit() else cell for cell in cells]

    def changed(self, before):
        """Rows that differ, and by how much; packets have tests of their own."""
        return {name: [new - old for new, old in zip(row, before.table[heading][name])]
                for heading, rows in self.table.items() if heading != "packets"
                for name, row in rows.items() if row != before.table[heading][name]}


@pytest.fixture
def stats(controlled):                                          # noqa: F811
    """Take the counters."""
    control = Control(controlled.control)
    return lambda: Stats(control)


def test_nothing_yet(stats):
    got = stats()
    assert got.link == "link is down: the endpoint has not started it"
    assert got.columns == {
        "host to endpoint": ["number", "bytes", "unanswered"],
        "endpoint to host": [], "endpoint's DMA": ["lists", "bytes", "requests", "refused"],
        "interrupts": ["sent", "disabled", "masked", "no vector", "link down"],
        "packets": ["to endpoint", "to host"],
        "events": ["number"], "endpoint's driver": ["number"], "interrupts under way": [],
        "dropped": ["number"]}
    assert got.table["host to endpoint"] == {
        "memory reads": [0, 0, 0], "memory writes": [0, 0, 0],
        "config reads": [0, 0, 0], "config writes": [0, 0, 0]}
    assert got.table["endpoint to host"] == {
        "mapped windows": ["not counted: they are memory of both machines"]}
    assert got.table["endpoint's DMA"] == {
        "from the host": [0, 0, 0, 0], "to the host": [0, 0, 0, 0]}
    assert got.table["interrupts"] == {
        name: [0] * 5 for name in ("MSI-X", "MSI", "INTx")}


def test_memory(linked, stats):                                 # noqa: F811
    _, endpoint, host = linked
    before = stats()
    assert before.link == "link is up"
    host.write_region(0, 0, b"12345678")
    host.write_region(0, 0, b"1")
    host.read_region(0, 0, 4)
    host.read_region(1, 0, 16)
    assert stats().changed(before) == {"memory reads": [2, 20, 0], "memory writes": [2, 9, 0]}
    before = stats()
    endpoint.set_reg(vfu.LINK_CTRL, 0)
    host.write_region(0, 0, b"12")
    host.read_region(0, 0, 4)
    assert stats().changed(before) == {
        "memory reads": [1, 4, 1], "memory writes": [1, 2, 1], "link down": [1],
        "register writes": [1]}


def test_configuration(linked, stats):                          # noqa: F811
    _, endpoint, host = linked
    before = stats()
    host.enable(2)
    host.enable(6)
    host.config(0, 4)
    assert stats().changed(before) == {
        "config reads": [1, 4, 0], "config writes": [2, 4, 0], "bus mastering on": [1]}
    endpoint.set_reg(vfu.LINK_CTRL, 0)
    before = stats()
    host.enable(6)
    host.read_region(7, 0, 64)
    assert stats().changed(before) == {"config reads": [1, 64, 1], "config writes": [1, 2, 1]}


def test_interrupts(linked, stats):                             # noqa: F811
    _, endpoint, host = linked
    event = vfu.Event()
    host.set_irqs(vfu.IRQ_EVENTFD | vfu.IRQ_TRIGGER, 0, 1, [event.fd])

    def raised(vector):
        before = stats()
        endpoint.set_fn(vfu.FN_MSIX_RAISE, vector)
        changed = stats().changed(before)
        assert changed.pop("register writes") == [1]
        return changed

    assert raised(1) == {"MSI-X": [0, 1, 0, 0, 0]}
    host.msix(0x8000)
    assert raised(1) == {"MSI-X": [1, 0, 0, 0, 0]}
    assert raised(2) == {"MSI-X": [0, 0, 1, 0, 0]}
    assert raised(9) == {"MSI-X": [0, 0, 0, 1, 0]}
    endpoint.set_reg(vfu.LINK_CTRL, 0)
    assert raised(1) == {"MSI-X": [0, 0, 0, 0, 1]}


def test_events(linked, stats, ctl):                            # noqa: F811
    _, _, host = linked
    before = stats()
    host.request(vfu.RESET)
    assert stats().changed(before)["host reset"] == [1]
    before = stats()
    host.request(vfu.RESET)
    ctl("link", "down")
    ctl("link", "down")
    ctl("link", "up")
    assert stats().changed(before) == {"link down": [1], "link up": [1]}
    before = stats()
    ctl("hot-reset")
    assert stats().changed(before) == {"host reset": [1]}


def test_registers(linked, stats):                              # noqa: F811
    _, endpoint, _ = linked
    before = stats()
    endpoint.reg(vfu.MAGIC)
    endpoint.reg(0xfff0)
    endpoint.set_reg(vfu.EVENT_ENABLE, 7)
    # What is no access to a register is not counted as such
    endpoint.read_region(0, 1, 4)
    endpoint.write_region(0, 0, b"12")
    endpoint.read_region(2, 0, 4)
    assert stats().changed(before) == {"register reads": [2], "register writes": [1]}


def test_under_way(linked, stats, ctl):                         # noqa: F811
    _, endpoint, host = linked
    events = [vfu.Event() for _ in range(3)]
    host.set_irqs(vfu.IRQ_EVENTFD | vfu.IRQ_TRIGGER, 0, 3, [e.fd for e in events])
    host.msix(0x8000)
    ctl("irq", "drop", "5")
    ctl("irq", "delay", "9000")
    for vector in (1, 2, 2):
        endpoint.raise_irq(vector)
    ctl("irq", "drop", "0")
    endpoint.raise_irq(3)
    ctl("irq", "drop", "7")
    got = stats()
    assert got.table["interrupts under way"] == {
        "delayed by": [9000, "ms"], "late": [1], "vectors held back": [2],
        "next to be held back": [7]}
    assert got.table["interrupts"]["MSI-X"] == [4, 0, 0, 0, 0]


def test_faults(controlled, stats, ctl):                        # noqa: F811
    """Those that last, while they do; those of interrupts have a place of their own."""
    controlled.endpoint()
    ctl("map", "short", "4096")
    assert stats().table["faults in force"] == {"map short": [4096, "bytes"]}
    ctl("windows", "limit", "0")
    assert stats().table["faults in force"] == {
        "map short": [4096, "bytes"], "windows limit": [0]}
    ctl("map", "short", "off")
    ctl("windows", "limit", "off")
    assert "faults in force" not in stats().table


def test_metered_windows(start, tmp_path):
    path = str(tmp_path / "control")
    windows = Windows(start("--windows=metered,granule=4K", "--control=" + path))
    control = Control(path)
    assert Stats(control).columns["endpoint to host"] == ["number", "bytes", "unanswered"]
    windows.set(0, 0, 0x1000, 0x10000)
    before = Stats(control)
    windows.read(0)
    windows.write(0, b"1234")
    windows.write(0x1000, b"1234")
    assert Stats(control).changed(before) == {"window reads": [1, 8, 0], "window writes": [2, 4, 1]}
    control.ask("stat reset")
    assert Stats(control).table["endpoint to host"] == {
        "window reads": [0, 0, 0], "window writes": [0, 0, 0]}


def test_dma(controlled, stats, ctl):                           # noqa: F811
    engine = Engine(controlled)
    before = stats()
    engine.start(READ, (0x10000, LOCAL, 300))
    assert engine.result(READ) == (0, 1)
    assert stats().changed(before)["from the host"] == [1, 300, 3, 0]
    before = stats()
    engine.start(READ, (0x10000, LOCAL, 1), (RAM_SIZE, LOCAL, 1))
    assert engine.result(READ) == (ERROR, 1)
    engine.host.enable(2)
    engine.start(WRITE, (0x10000, LOCAL, 1))
    assert engine.result(WRITE) == (ERROR, 0)
    changed = stats().changed(before)
    assert changed["from the host"] == [1, 1, 1, 1] and changed["to the host"] == [1, 0, 0, 1]
    ctl("stat", "reset")
    assert stats().table["endpoint's DMA"]["from the host"] == [0, 0, 0, 0]


def test_reset(linked, stats, ctl):                             # noqa: F811
    _, _, host = linked
    host.write_region(0, 0, b"1")
    assert stats().table["host to endpoint"]["memory writes"] == [1, 1, 0]
    assert ctl("stat", "reset") == ""
    got = stats()
    assert got.seconds < 2
    assert {value for rows in got.table.values() for row in rows.values() for value in row} == {
        0, "0.0", "ms", "not counted: they are memory of both machines"}
    assert got.link == "link is up"


def test_columns(linked, ctl):                                  # noqa: F811
    """Numbers end below each other."""
    _, _, host = linked
    host.write_region(0, 0, b"123456789012")
    lines = ctl("stat").splitlines()
    for names, number, columns in (("memory|config", 4, 3), ("MWr|bytes on|efficiency", 3, 2)):
        rows = [line for line in lines if re.match("  (%s) " % names, line)]
        assert len(rows) == number
        ends = {tuple(match.end() for match in re.finditer(r"[\d.]+", row)) for row in rows}
        assert len(ends) == 1 and len(ends.pop()) == columns
    assert not any("\t" in line or line != line.rstrip() for line in lines)
