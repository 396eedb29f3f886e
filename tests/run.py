# SPDX-License-Identifier: GPL-2.0
"""Every test there is, and a line that says how many passed. Runs in the sandbox.

Usage: tests/run.py [PART]...     (parts: see the end of this file; default: nearly all)
"""

import os
import re
import subprocess
import sys
import threading
import time
import traceback
import xml.etree.ElementTree

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
LOGS = os.path.join(TOP, "build", "log")


# What a part has to say waits for its end: two run at a time. Some of them run only while
# a processor has nothing else to do.
part = threading.local()
IDLE = ["chrt", "--idle", "0"]


def say(text):
    part.lines.append(text)


def run(name, command, environment=None):
    """Run a command with its output in a log file; exit code and output."""
    log = os.path.join(LOGS, "check-%s.log" % name)
    with open(log, "w") as out:
        code = subprocess.run((IDLE if part.idle else []) + command, cwd=TOP,
                              env=dict(os.environ, **environment or {}),
                              stdin=subprocess.DEVNULL, stdout=out,
                              stderr=subprocess.STDOUT, check=False).returncode
    with open(log, errors="replace") as f:
        return code, f.read(), log


def show_end(text, lines=40):
    for line in text.splitlines()[-lines:]:
        say("    | " + line)


def counted(code, text, log, passed, failed):
    """The counts of a run; one that failed or passed nothing without saying so has failed."""
    if code and not failed or not passed:
        failed += 1
    if failed:
        show_end(text)
    return passed, failed, log


def style():
    """Files whose style the kernel's checkpatch.pl finds nothing to say of."""
    code, text, log = run("style", [sys.executable, "tests/style.py"])
    passed = len(re.findall(r"^passed  ", text, re.M))
    failed = len(re.findall(r"^FAILED  ", text, re.M))
    return counted(code, text, log, passed, failed)


def cmocka(name, folder=None):
    """User-space tests of the core, with sanitizers: cmocka's own counts."""
    code, text, log = run(name, ["make", "-C", folder or "tests/" + name, "check"])
    passed = sum(map(int, re.findall(r"\[  PASSED  \] (\d+) test", text)))
    failed = sum(map(int, re.findall(r"\[  FAILED  \] (\d+) test", text)))
    return counted(code, text, log, passed, failed)


def model():
    """The model checker: the counts in the last lines of each of its two programs."""
    code, text, log = run("model", ["make", "-C", "tests/model", "check"])
    counts = re.findall(r"^(\d+) passed, (\d+) failed$", text, re.M)
    counts += re.findall(r"^mutants: (\d+) killed, (\d+) survived$", text, re.M)
    passed = sum(int(count[0]) for count in counts)
    failed = sum(int(count[1]) for count in counts)
    return counted(code, text, log, passed, failed)


def mutants():
    """Breaks of the core, one at a time: those that no test notices have failed."""
    code, text, log = run("mutants", ["make", "-C", "tests/core", "mutants"])
    for line in re.findall(r"^SURVIVED .*", text, re.M):
        say("    " + line)
    counts = re.findall(r"^mutants: (\d+) killed, (\d+) survived$", text, re.M)
    return counted(code, text, log, sum(int(count[0]) for count in counts),
                   sum(int(count[1]) for count in counts))


def fuzz():
    """Targets of tests/fuzz that passed; breaks of the code that none noticed fail, too."""
    code, text, log = run("fuzz", ["make", "-C", "tests/fuzz", "check"])
    passed = len(re.findall(r"^passed  ", text, re.M))
    failed = len(re.findall(r"^(?:FAILED|SURVIVED)  ", text, re.M))
    return counted(code, text, log, passed, failed)


def debug_kernel():
    """The kernel with KASAN, lockdep and kmemleak, and what the endpoint has with it."""
    code, text, log = run("debug-kernel", [
        "sh", "-ec", "cable/vm/mk-debug-kernel; cable/vm/mk-modules debug;"
        " cable/vm/mk-initramfs endpoint debug"])
    if code:
        show_end(text)
    return 0 if code else 1, 1 if code else 0, log


def modules():
    """All modules for both kernels, from scratch, with W=1 and sparse, not a word said; and
    what they declare themselves of a kernel.
    """
    passed = failed = 0
    for suite in ("trixie-backports", "trixie"):
        code, text, log = run("modules-" + suite, ["cable/vm/mk-modules", "-c", suite])
        if code:
            failed += 1
            show_end(text)
        else:
            passed += 1
    more, bad, log = pytest("modules", "tests/modules")
    return passed + more, failed + bad, log


def run_pytest(name, tests, environment):
    """pytest on files, folders or tests; its junit test cases (None: there are none), its exit
    code, its output and its log.
    """
    xml_file = os.path.join(LOGS, "check-%s.xml" % name)
    if os.path.exists(xml_file):
        os.unlink(xml_file)
    code, text, log = run(name, [
        sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-q", "-rs",
        "--tb=short", "--junitxml", xml_file, *tests], environment)
    cases = None
    if os.path.exists(xml_file):
        cases = list(xml.etree.ElementTree.parse(xml_file).getroot().iter("testcase"))
    return cases, code, text, log


def name_of(case):
    return case.get("classname"), case.get("name")


def failures(cases):
    """What those that failed said, by their names.

    A test that passed, and then failed in its clean-up, is there twice.
    """
    bad = {}
    for case in cases:
        for kind in ("failure", "error"):
            if case.find(kind) is not None:
                bad.setdefault(name_of(case), []).append(case.find(kind).get("message"))
    return bad


def say_failure(test, messages):
    say("    FAILED: %s::%s" % test)
    # The whole is in the log; this is for who has no more than these lines
    for message in messages:
        for line in message.splitlines()[:12]:
            say("      " + line[:300])


def pytest(name, folder, **environment):
    """A folder of pytest tests."""
    cases, code, text, log = run_pytest(name, [folder], environment)
    if cases is None:
        show_end(text)
        return 0, 1, log
    skipped = {}
    for case in cases:
        if case.find("skipped") is not None:
            skipped.setdefault(case.find("skipped").get("message"), []).append(case.get("name"))
    for reason, names in skipped.items():
        say("    skipped: %s: %s" % (reason, " ".join(names)))
    for warning in re.findall(r"UserWarning: (.*)", text):
        say("    warning: " + warning)
    bad = failures(cases)
    if code and not bad:
        show_end(text, 60)
        return 0, 1, log
    for test in sorted(bad):
        say_failure(test, bad[test])
    if bad:
        show_end(text, 60)
    every = {name_of(case) for case in cases}
    return len(every) - len(bad) - sum(map(len, skipped.values())), len(bad), log


def e2e(name, **environment):
    """Both machines, end to end."""
    return pytest(name, "tests/e2e", E2E_LOGS=os.environ.get("E2E_LOGS", name), **environment)


def endpoint_test():
    """The kernel's own test of endpoints, and what of it was left out, and why."""
    passed, failed, log = pytest("endpoint-test", "tests/endpoint-test")
    with open(log, errors="replace") as f:
        for remark in re.findall(r"^remark: (.*)", f.read(), re.M):
            say("    " + remark)
    return passed, failed, log


PARTS = {
    "style": style,
    "unit": lambda: cmocka("unit"),
    "model": model,
    "core": lambda: cmocka("core"),
    "vcon": lambda: cmocka("vcon"),
    "search": lambda: cmocka("search"),
    "ring-model": lambda: cmocka("ring-model", "tests/model/ring"),
    "fuzz": fuzz,
    "mutants": mutants,
    "modules": modules,
    "configfs": lambda: pytest("configfs", "tests/configfs"),
    "cable": lambda: pytest("cable", "tests/cable"),
    "cable-ep": lambda: pytest("cable-ep", "tests/cable-ep"),
    "soak": lambda: pytest("soak", "tests/soak"),
    "e2e": lambda: e2e("e2e"),
    "e2e-direct": lambda: e2e("e2e-direct", E2E_BACKEND="direct", E2E_SUITES="trixie-backports"),
    "endpoint-test": endpoint_test,
    "debug-kernel": debug_kernel,
    "e2e-debug": lambda: e2e("e2e-debug", E2E_SUITES="debug"),
    "e2e-direct-debug": lambda: e2e("e2e-direct-debug", E2E_BACKEND="direct",
                                    E2E_SUITES="debug"),
}

# For the time it takes, only where it is asked for
ASKED_FOR = ("e2e-direct-debug", "mutants")

# Parts run in rows beside each other: these rows, and after them the next ones
PHASES = (
    # One processor each
    (("style", "unit", "vcon", "fuzz", "cable", "soak", "mutants"),
     ("configfs", "cable-ep", "search")),
    # Two machines that wait for each other leave a processor idle for half of the time, for what
    # needs nothing else; it never runs while they want to
    (("e2e", "e2e-direct", "endpoint-test"),
     ("debug-kernel", "modules", "model", "core", "ring-model")),
    # Both processors
    (("e2e-debug", "e2e-direct-debug"),),
)
IDLE_ROW = PHASES[1][1]

# What each part, and what is before all of them, may take
BUDGETS = os.path.join(TOP, "docs", "testing.md")
PREPARATION, WHOLE = "preparation", "make check"


def budgets():
    """Seconds, by part."""
    with open(BUDGETS) as f:
        found = re.findall(r"^\| `([\w -]+)` \|.*\| (\d+) s \|$", f.read(), re.M)
    return {name: int(seconds) for name, seconds in found}


class Report:
    """Prints what the parts say, adds up their counts, and in the end says how long each took."""

    def __init__(self):
        self.lock = threading.Lock()
        self.passed = self.failed = 0
        self.took = {}

    def run(self, names, idle):
        """Run parts, one after the other; idle: when nobody else wants to."""
        for name in names:
            with self.lock:
                print("   0 s  %s ..." % name, flush=True)
            part.lines = []
            part.idle = idle
            begin = time.monotonic()
            try:
                passed, failed, log = PARTS[name]()
            except Exception:
                passed, failed, log = 0, 1, "no log"
                part.lines += traceback.format_exc().splitlines()
            with self.lock:
                for line in part.lines:
                    print(line)
                self.took[name] = time.monotonic() - begin
                print("%4d s  %s: %d passed, %d failed (%s)" % (
                    self.took[name], name, passed, failed, os.path.relpath(log, TOP)),
                      flush=True)
                self.passed += passed
                self.failed += failed

    def table(self):
        """Each part's time beside its budget."""
        may_take = budgets()
        print("\n%-16s %8s %9s" % ("part", "took", "may take"))
        for name, took in self.took.items():
            over = "  over" if took > may_take.get(name, 0) else ""
            print("%-16s %6d s %7s s%s" % (name, took, may_take.get(name, "?"), over))
        print()


def main():
    names = sys.argv[1:] or [name for name in PARTS if name not in ASKED_FOR]
    unknown = [name for name in names if name not in PARTS]
    if unknown:
        print("no such part: %s; there are: %s" % (" ".join(unknown), " ".join(PARTS)))
        return 2
    os.makedirs(LOGS, exist_ok=True)
    report = Report()
    # When `make check` has begun, to set up what is missing
    begun = int(os.environ.get("CHECK_BEGUN", "0"))
    if begun:
        report.took[PREPARATION] = time.time() - begun
    for phase in PHASES:
        rows = [[name for name in row if name in names] for row in phase]
        threads = [threading.Thread(target=report.run, args=(row, all(rows) and whole is IDLE_ROW))
                   for row, whole in zip(rows, phase)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    if begun:
        report.took[WHOLE] = time.time() - begun
    report.table()
    print("%d passed, %d failed" % (report.passed, report.failed))
    return 1 if report.failed else 0


if __name__ == "__main__":
    sys.exit(main())
