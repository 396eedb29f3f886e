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


# What a part has to say waits for its end: two run at a time.
said = threading.local()


def say(text):
    said.lines.append(text)


def run(name, command, environment=None):
    """Run a command with its output in a log file; exit code and output."""
    log = os.path.join(LOGS, "check-%s.log" % name)
    with open(log, "w") as out:
        code = subprocess.run(command, cwd=TOP, env=dict(os.environ, **environment or {}),
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


def fuzz():
    """Targets of tests/fuzz that passed; breaks of the code that none noticed fail, too."""
    code, text, log = run("fuzz", ["make", "-C", "tests/fuzz", "check"])
    passed = len(re.findall(r"^passed  ", text, re.M))
    failed = len(re.findall(r"^(?:FAILED|SURVIVED)  ", text, re.M))
    return counted(code, text, log, passed, failed)


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
    "ring-model": lambda: cmocka("ring-model", "tests/model/ring"),
    "fuzz": fuzz,
    "modules": modules,
    "configfs": lambda: pytest("configfs", "tests/configfs"),
    "cable": lambda: pytest("cable", "tests/cable"),
    "cable-ep": lambda: pytest("cable-ep", "tests/cable-ep"),
    "soak": lambda: pytest("soak", "tests/soak"),
    "endpoint-test": endpoint_test,
    "e2e": lambda: e2e("e2e"),
    "e2e-direct": lambda: e2e("e2e-direct", E2E_BACKEND="direct", E2E_SUITES="trixie-backports"),
    "e2e-debug": lambda: e2e("e2e-debug", E2E_SUITES="debug"),
    "e2e-direct-debug": lambda: e2e("e2e-direct-debug", E2E_BACKEND="direct",
                                    E2E_SUITES="debug"),
}

# For the time it takes, only where it is asked for
ASKED_FOR = ("e2e-direct-debug",)

# These keep one processor busy each, and run in two rows beside each other. The others
# need both, and run after them.
ROWS = (("style", "unit", "model", "core", "vcon", "ring-model", "fuzz", "cable", "soak",
         "modules"), ("configfs", "cable-ep"))


class Report:
    """Prints what the parts say, and adds up their counts."""

    def __init__(self):
        self.lock = threading.Lock()
        self.passed = self.failed = 0

    def run(self, names):
        """Run parts, one after the other."""
        for name in names:
            with self.lock:
                print("   0 s  %s ..." % name, flush=True)
            said.lines = []
            begin = time.monotonic()
            try:
                passed, failed, log = PARTS[name]()
            except Exception:
                passed, failed, log = 0, 1, "no log"
                said.lines += traceback.format_exc().splitlines()
            with self.lock:
                for line in said.lines:
                    print(line)
                print("%4d s  %s: %d passed, %d failed (%s)" % (
                    time.monotonic() - begin, name, passed, failed,
                    os.path.relpath(log, TOP)), flush=True)
                self.passed += passed
                self.failed += failed


def main():
    names = sys.argv[1:] or [name for name in PARTS if name not in ASKED_FOR]
    unknown = [name for name in names if name not in PARTS]
    if unknown:
        print("no such part: %s; there are: %s" % (" ".join(unknown), " ".join(PARTS)))
        return 2
    os.makedirs(LOGS, exist_ok=True)
    report = Report()
    rows = [threading.Thread(target=report.run, args=([n for n in row if n in names],))
            for row in ROWS]
    for row in rows:
        row.start()
    for row in rows:
        row.join()
    report.run([name for name in names if not any(name in row for row in ROWS)])
    print("%d passed, %d failed" % (report.passed, report.failed))
    return 1 if report.failed else 0


if __name__ == "__main__":
    sys.exit(main())
