# SPDX-License-Identifier: GPL-2.0
"""Many resets of all kinds, in random order, and what arrives between them.

Usage: tests/e2e/soak.py [-n RESETS] [-s SEED] [-t MINUTES] [SUITE]

Runs in the sandbox. Ends at the first thing that is not as it must be; exit code 0 if
there was none in RESETS (default 200) resets. docs/soak.md says what is looked at.
"""

import argparse
import collections
import os
import random
import sys
import time

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, TOP)

import resets                                           # noqa: E402
from cable.vm.cable import Pair                         # noqa: E402
from cable.vm.machine import MachineError               # noqa: E402
from lines import Lost                                  # noqa: E402
from limit import time_limit                            # noqa: E402
from transfer import exchange                           # noqa: E402

LOGS = os.path.join(TOP, "build", "log", "soak")
SIZE = 64 << 10         # bytes each way between two resets
STEP_LIMIT = 300        # seconds for a reset and all that is looked at after it

Kind = collections.namedtuple("Kind", "run weight ignore_host ignore_endpoint",
                              defaults=(None, None))
KINDS = {
    "host driver unbound": Kind(resets.host_driver_unbound, 40),
    "function level reset": Kind(resets.function_level_reset, 15),
    "slot reset": Kind(resets.slot_reset, 15),
    "function unbound": Kind(resets.function_unbound, 10, resets.LOST, resets.UNLINKED),
    "modules removed": Kind(resets.modules_removed, 6, resets.LOST, resets.UNLINKED),
    "host reboots": Kind(resets.host_reboots, 3),
    "host crashes": Kind(resets.host_crashes, 3),
    "host kexecs": Kind(resets.host_kexecs, 3),
    "host switched off": Kind(resets.host_is_switched_off, 3),
    "endpoint switched off": Kind(resets.endpoint_is_switched_off, 2, resets.LOST),
}


class Report(Exception):
    """A kernel said that something is wrong with it."""


# What is counted at the end, by what ended the run
FAILURES = {Lost: "lost", MachineError: "hangs", Report: "kernel reports",
            (AssertionError, OSError): "other failures"}


def say(text):
    print(text, flush=True)


def sync(pair, mark):
    """Take out of the line what was left in it, each way up to a mark."""
    machines = (pair.host, pair.endpoint)
    command = "exec 4<>/dev/hvc0; printf '\\n%s\\n' >&4; timeout 60 grep -qx %s <&4" % (mark, mark)
    jobs = [machine.shell.start(command) for machine in machines]
    for machine, job in zip(machines, jobs):
        if machine.shell.finish(job, 70, "mark in the line")[0]:
            raise Lost("a mark did not reach the " + machine.name)


class Soak:
    """A pair of machines, and what has become of it so far."""

    def __init__(self, pair, seed):
        self.pair = pair
        self.random = random.Random(seed)
        self.done = collections.Counter()
        self.moved = collections.Counter()

    def settle(self):
        """Both ends held, and bytes compared both ways."""
        pair = self.pair
        pair.hold(pair.host)
        sync(pair, "mark%d" % sum(self.done.values()))
        exchange(pair, SIZE)
        for machine in (pair.host, pair.endpoint):
            self.moved[machine.name] += SIZE

    def choose(self):
        return self.random.choices(list(KINDS), [kind.weight for kind in KINDS.values()])[0]

    def begin(self):
        self.pair.start()
        self.pair.answer(self.pair.host, False)
        self.settle()

    def reset(self, name):
        """One reset under load, and all that must hold after it."""
        pair, kind = self.pair, KINDS[name]
        pair.release(pair.host)
        self.moved.update(kind.run(pair).moved)
        pair.wait_consoles()
        resets.check_vectors(pair)
        pair.answer(pair.host, False)
        pair.hold(pair.endpoint)
        resets.check_left_alone(pair)
        self.done[name] += 1
        self.settle()
        self.look(kind)

    def look(self, kind):
        """Into both kernels' logs."""
        pair = self.pair
        bad = ["%s: %s" % (machine.name, line)
               for machine, ignore in ((pair.host, kind.ignore_host),
                                       (pair.endpoint, kind.ignore_endpoint))
               for line in machine.alarms(ignore)]
        if bad:
            raise Report("\n".join(bad))
        if pair.cable.process.poll() is not None:
            raise MachineError("pcie-cable has ended")

    def run(self, count, seconds):
        """So many resets, in so many seconds at most."""
        end = time.monotonic() + seconds
        with time_limit(STEP_LIMIT * self.pair.endpoint.slow):
            self.begin()
        for number in range(1, count + 1):
            name = self.choose()
            begin = time.monotonic()
            assert begin < end, "%d resets took all of the %d s" % (number - 1, seconds)
            with time_limit(STEP_LIMIT * self.pair.endpoint.slow):
                try:
                    self.reset(name)
                except Exception:
                    say("%4d/%d  %s: FAILED" % (number, count, name))
                    raise
            say("%4d/%d  %s: %.0f s" % (number, count, name, time.monotonic() - begin))

    def summary(self, failures, seconds):
        kinds = ", ".join("%s %d" % (name, self.done[name]) for name in KINDS if self.done[name])
        return "%d resets in %d s (%s); %d bytes to the host, %d to the endpoint; %s" % (
            sum(self.done.values()), seconds, kinds or "none", self.moved["endpoint"],
            self.moved["host"], ", ".join("%s %d" % (name, failures[name])
                                          for name in FAILURES.values()))


def show_logs(pair):
    for path, end in pair.ends_of_logs(25):
        say("soak: the end of %s:" % path)
        say(end)


def soak(pair, seed, count, seconds):
    """All of it; the exit code."""
    failures = collections.Counter()
    work = Soak(pair, seed)
    begin = time.monotonic()
    try:
        work.run(count, seconds)
    except (Lost, MachineError, Report, AssertionError, OSError) as error:
        failures[next(name for kind, name in FAILURES.items() if isinstance(error, kind))] += 1
        say("soak: %s: %s" % (type(error).__name__, error))
        show_logs(pair)
    finally:
        pair.stop()
    say("soak: " + work.summary(failures, time.monotonic() - begin))
    return 1 if failures else 0


def main():
    parser = argparse.ArgumentParser(description="Many resets of all kinds under load.")
    parser.add_argument("-n", "--resets", type=int, default=200)
    parser.add_argument("-s", "--seed", type=int, default=random.SystemRandom().randrange(1 << 32))
    parser.add_argument("-t", "--minutes", type=float, default=90)
    parser.add_argument("suite", nargs="?", default="trixie-backports")
    args = parser.parse_args()
    say("soak: %d resets, SEED=%d" % (args.resets, args.seed))
    return soak(Pair(args.suite, LOGS), args.seed, args.resets, 60 * args.minutes)


if __name__ == "__main__":
    sys.exit(main())
