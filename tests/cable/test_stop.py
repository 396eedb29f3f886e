# SPDX-License-Identifier: GPL-2.0
"""A machine that stands still, by a control command, and the other one that does not."""

import os
import signal
import subprocess
import sys
import time

import pytest
import vfu
from test_control import controlled, ctl, refused                       # noqa: F401
from test_program import ENDS

# The machine that is stopped is a process of its own. It says when it is ready, and then
# the first word of BAR 0, or the link's status, for each line it gets.
MACHINE = """import sys
sys.path.insert(0, %r)
import vfu
kind, path, ram = sys.argv[1:]
if kind == "host":
    machine = vfu.Host(path, ram)
    machine.enable()
    look = lambda: machine.read_region(0, 0, 4).hex()
else:
    machine = vfu.Endpoint(path)
    machine.start()
    look = lambda: machine.reg(vfu.LINK_STATUS)
print("ready", flush=True)
for _ in sys.stdin:
    print(look(), flush=True)
""" % os.path.dirname(os.path.abspath(__file__))


class Machine:
    """One that can be stopped."""

    def __init__(self, cable, kind):
        path = cable.host_socket if kind == "host" else cable.ep_socket
        self.process = subprocess.Popen(
            [sys.executable, "-c", MACHINE, kind, path, cable.ram], text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert self.answer() == "ready"

    def answer(self):
        return self.process.stdout.readline().strip()

    def ask(self):
        self.process.stdin.write("\n")
        self.process.stdin.flush()

    def stopped(self):
        with open("/proc/%d/stat" % self.process.pid) as stat:
            return stat.read().rsplit(")", 1)[1].split()[0] == "T"

    def wait_stopped(self, stopped):
        vfu.wait_until(lambda: self.stopped() == stopped, "stopped: %s" % stopped)

    def end(self):
        self.process.kill()
        self.process.wait()


@pytest.fixture
def machine(controlled):                                                # noqa: F811
    """Start a machine that can be stopped."""
    started = []

    def start(kind):
        started.append(Machine(controlled, kind))
        return started[-1]

    yield start
    for other in started:
        other.end()


@pytest.fixture
def endpoint(controlled):                                               # noqa: F811
    endpoint = controlled.endpoint()
    endpoint.start()
    return endpoint


def test_host(controlled, endpoint, machine, ctl):                      # noqa: F811
    host = machine("host")
    endpoint.events()
    assert ctl("host", "stop") == ""
    host.wait_stopped(True)
    controlled.expect("host stopped by a control command")
    assert ctl("host", "stop") == "the host is stopped already\n"
    assert ctl("stat").endswith("faults in force\n  host stopped\n")
    host.ask()
    # The link is what it was, and the endpoint is served
    assert endpoint.reg(vfu.LINK_STATUS) == 1
    assert endpoint.events() == 0
    endpoint.put(endpoint.BAR0, b"\1\2\3\4")
    assert ctl("endpoint", "cont") == "the endpoint is not stopped\n"
    assert host.stopped()
    assert ctl("host", "cont") == ""
    assert host.answer() == "01020304"
    controlled.expect("host goes on")
    assert ctl("host", "cont") == "the host is not stopped\n"


def test_endpoint(controlled, machine, ctl):                            # noqa: F811
    endpoint = machine("endpoint")
    host = controlled.host()
    host.enable()
    assert ctl("endpoint", "stop") == ""
    endpoint.wait_stopped(True)
    endpoint.ask()
    for n in range(10):
        begin = time.monotonic()
        host.write_region(0, 0, bytes([n] * 8))
        assert host.read_region(0, 0, 8) == bytes([n] * 8)
        # As one that is idle, not as one that is kept from running
        assert time.monotonic() - begin < 0.4
    assert "wants to run" not in controlled.log()
    assert ctl("endpoint", "cont") == ""
    assert endpoint.answer() == "1"


def test_nobody_to_stop(program, controlled, machine, ctl):             # noqa: F811
    for name in ("host", "endpoint"):
        assert refused(program, controlled, name, "stop") == \
            "that machine is not connected; it can be stopped while it is"
        assert ctl(name, "cont") == "the %s is not stopped\n" % name


def test_one_that_goes(controlled, endpoint, machine, ctl):             # noqa: F811
    """The next one runs."""
    host = machine("host")
    ctl("host", "stop")
    host.wait_stopped(True)
    host.end()
    controlled.expect("host disconnected")
    other = machine("host")
    assert not other.stopped()
    assert ctl("host", "cont") == "the host is not stopped\n"


@pytest.mark.parametrize("number", ENDS)
def test_the_program_ends(controlled, machine, ctl, number):            # noqa: F811
    endpoint = machine("endpoint")
    host = machine("host")
    for name, other in (("endpoint", endpoint), ("host", host)):
        ctl(name, "stop")
        other.wait_stopped(True)
    controlled.process.send_signal(number)
    assert controlled.exit_code() == 0
    endpoint.wait_stopped(False)
    host.wait_stopped(False)


def test_killed(controlled, machine, ctl):                              # noqa: F811
    """As the documentation says: then it is for the user to let it go on."""
    endpoint = machine("endpoint")
    ctl("endpoint", "stop")
    endpoint.wait_stopped(True)
    controlled.process.kill()
    controlled.process.wait()
    time.sleep(0.2)
    assert endpoint.stopped()
    endpoint.process.send_signal(signal.SIGCONT)
    endpoint.wait_stopped(False)
