# SPDX-License-Identifier: GPL-2.0
"""Every test there is, and a line that says how many passed. Runs in the sandbox.

Usage: tests/run.py [PART]...     (parts: see the end of this file; default: all)
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
    """All modules for both kernels, from scratch, with W=1 and sparse, not a word said."""
    passed = failed = 0
    for suite in ("trixie-backports", "trixie"):
        code, text, log = run("modules-" + suite, ["cable/vm/mk-modules", "-c", suite])
        if code:
            failed += 1
            show_end(text)
        else:
            passed += 1
    return passed, failed, log


def pytest(name, folder, **environment):
    """A folder of pytest tests."""
    xml_file = os.path.join(LOGS, "check-%s.xml" % name)
    if os.path.exists(xml_file):
        os.unlink(xml_file)
    code, text, log = run(name, [
        sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-q", "-rs",
        "--tb=short", "--junitxml", xml_file, folder], environment)
    if not os.path.exists(xml_file):
        show_end(text)
        return 0, 1, log
    suite = xml.etree.ElementTree.parse(xml_file).getroot().find("testsuite")
    count = {key: int(suite.get(key)) for key in ("tests", "failures", "errors", "skipped")}
    # A test that passed, and then failed in its clean-up, is counted twice there.
    bad = {}
    for case in suite.iter("testcase"):
        for kind in ("failure", "error"):
            if case.find(kind) is not None:
                bad.setdefault((case.get("classname"), case.get("name")), []).append(
                    case.find(kind).get("message"))
    every = {(case.get("classname"), case.get("name")) for case in suite.iter("testcase")}
    skipped = {}
    for case in suite.iter("testcase"):
        if case.find("skipped") is not None:
            skipped.setdefault(case.find("skipped").get("message"), []).append(case.get("name"))
    for reason, names in skipped.items():
        say("    skipped: %s: %s" % (reason, " ".join(names)))
    for warning in re.findall(r"UserWarning: (.*)", text):
        say("    warning: " + warning)
    for classname, test in sorted(bad):
        say("    FAILED: %s::%s" % (classname, test))
        # The whole is in the log; this is for who has no more than these lines
        for message in bad[classname, test]:
            for line in message.splitlines()[:12]:
                say("      " + line[:300])
    failed = len(bad)
    if code and not failed:
        failed = 1
    if failed:
        show_end(text, 60)
    return len(every) - len(bad) - count["skipped"], failed, log


def endpoint_test():
    """The kernel's own test of endpoints, and what of it was left out, and why."""
    passed, failed, log = pytest("endpoint-test", "tests/endpoint-test")
    with open(log, errors="replace") as f:
        for remark in re.findall(r"^remark: (.*)", f.read(), re.M):
            say("    " + remark)
    return passed, failed, log


PARTS = {
    "unit": lambda: cmocka("unit"),
    "model": model,
    "core": lambda: cmocka("core"),
    "ring-model": lambda: cmocka("ring-model", "tests/model/ring"),
    "fuzz": fuzz,
    "modules": modules,
    "configfs": lambda: pytest("configfs", "tests/configfs"),
    "cable": lambda: pytest("cable", "tests/cable"),
    "cable-ep": lambda: pytest("cable-ep", "tests/cable-ep"),
    "soak": lambda: pytest("soak", "tests/soak"),
    "endpoint-test": endpoint_test,
    "e2e": lambda: pytest("e2e", "tests/e2e"),
    "e2e-debug": lambda: pytest("e2e-debug", "tests/e2e", E2E_SUITES="debug",
                                E2E_LOGS="e2e-debug"),
}

# These keep one processor busy each, and run in two rows beside each other. The others
# need both, and run after them.
ROWS = (("unit", "model", "core", "ring-model", "fuzz", "cable", "soak", "modules"),
        ("configfs", "cable-ep"))


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
    names = sys.argv[1:] or list(PARTS)
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
