# SPDX-License-Identifier: GPL-2.0
"""The soak run and the comparing of bytes notice what they are there for."""

import os
import subprocess
import sys
import time

import pytest

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path[:0] = [TOP, os.path.join(TOP, "tests", "e2e")]

import soak                                             # noqa: E402
from cable.vm.machine import MachineError               # noqa: E402
from lines import Lost, check_heard, first_difference, numbered     # noqa: E402
from transfer import check_received                     # noqa: E402


def shell(command):
    return subprocess.run(["sh", "-c", command], check=True, capture_output=True,
                          text=True).stdout.rstrip("\n")


@pytest.fixture
def heard(tmp_path):
    """check_heard() of a file with these bytes."""
    def check(data):
        path = tmp_path / "heard"
        path.write_bytes(data)
        return check_heard(shell, str(path), "one to other")
    return check


def test_all_lines_heard(heard):
    assert heard(b"\nbegin\n" + numbered(500)) == 500


def test_what_is_not_compared(heard):
    """Something left in the line before the beginning, and a line that is still on its way."""
    assert heard(b"\r\nhost login: \nbegin\n" + numbered(20) + b"21 01234") == 20


def lines():
    return numbered(100).splitlines(keepends=True)


def lost():
    return lines()[:41] + lines()[42:]


def altered():
    every = lines()
    every[41] = every[41].replace(b"89ab", b"89aX", 1)
    return every


def doubled():
    return lines()[:42] + lines()[41:]


def swapped():
    every = lines()
    every[41:43] = reversed(every[41:43])
    return every


def cut():
    every = lines()
    every[41] = every[41][:-9] + b"\n"
    return every


@pytest.mark.parametrize("harm, where", [
    (lost, 42), (altered, 42), (doubled, 43), (swapped, 42), (cut, 42)])
def test_harm_is_found(heard, harm, where):
    with pytest.raises(Lost, match="one to other: at line %d: " % where):
        heard(b"\nbegin\n" + b"".join(harm()))


def test_first_line_lost(heard):
    with pytest.raises(Lost, match="at line 1: "):
        heard(b"\nbegin\n" + b"".join(lines()[1:]))


def test_difference_at_the_end():
    assert first_difference(numbered(9), numbered(9)) is None
    assert "at line 10: " in first_difference(numbered(10), numbered(9))


class FakePair:
    """Enough of a pair for what ends a run."""

    class Machine:
        slow = 1
        name = "machine"

        class shell:
            @staticmethod
            def run(_command):
                return 0, "nobody"

    endpoint = host = Machine
    stopped = False

    @staticmethod
    def ends_of_logs(_lines):
        return [("log", "the end")]

    def stop(self):
        self.stopped = True

    @staticmethod
    def counters():
        return ""


@pytest.mark.parametrize("text", [
    "got 4095 abc", "got 4096 abd", "got 0 abc", ""])
def test_transfer_that_is_not_whole(text):
    check_received(FakePair, "got 4096 abc", 4096, "abc")
    with pytest.raises(Lost):
        check_received(FakePair, text, 4096, "abc")


@pytest.fixture
def run(monkeypatch, capsys):
    """A soak run without machines, each reset of which does that; exit code, last line."""
    def begin(_self):
        pass

    def start(reset, minutes=1):
        def reset_one(self, name):
            reset()
            self.done[name] += 1

        pair = FakePair()
        monkeypatch.setattr(soak.Soak, "begin", begin)
        monkeypatch.setattr(soak.Soak, "reset", reset_one)
        code = soak.soak(pair, 1, 5, 60 * minutes)
        assert pair.stopped
        return code, capsys.readouterr().out.splitlines()[-1]
    return start


def test_run_without_failure(run):
    code, last = run(lambda: None)
    assert code == 0
    assert "5 resets in" in last
    assert last.endswith("lost 0, hangs 0, kernel reports 0, other failures 0")


@pytest.mark.parametrize("error, counts", [
    (Lost, "lost 1, hangs 0, kernel reports 0, other failures 0"),
    (MachineError, "lost 0, hangs 1, kernel reports 0, other failures 0"),
    (soak.Report, "lost 0, hangs 0, kernel reports 1, other failures 0"),
    (AssertionError, "lost 0, hangs 0, kernel reports 0, other failures 1"),
    (BrokenPipeError, "lost 0, hangs 0, kernel reports 0, other failures 1"),
])
def test_run_that_fails(run, error, counts):
    def fail():
        raise error("as it must not be")

    code, last = run(fail)
    assert code == 1
    assert last.endswith(counts)


def test_run_that_hangs(run, monkeypatch):
    monkeypatch.setattr(soak, "STEP_LIMIT", 1)
    code, last = run(lambda: time.sleep(20))
    assert code == 1
    assert "lost 0, hangs 1," in last


def test_run_that_takes_too_long(run):
    code, last = run(lambda: time.sleep(0.5), minutes=0.6 / 60)
    assert code == 1
    assert "2 resets in" in last
    assert last.endswith("other failures 1")


class FakeMachine:
    name = "host"

    def __init__(self, *said):
        self.said = list(said)

    def alarms(self, _ignore):
        return self.said


def test_kernel_that_says_something():
    pair = FakePair()
    pair.host, pair.endpoint = FakeMachine("WARNING: possible circular locking"), FakeMachine()
    with pytest.raises(soak.Report, match="circular"):
        soak.Soak(pair, 1).look(soak.KINDS["host reboots"])


def test_same_seed_same_resets():
    def names(seed):
        work = soak.Soak(None, seed)
        return [work.choose() for _ in range(50)]

    assert names(3) == names(3)
    assert names(3) != names(4)
