# SPDX-License-Identifier: GPL-2.0
"""Controllers that start anew when the host deasserts PERST#: --init=perst."""

import threading
import time

import pytest
import vfu
from test_control import Control
from test_program import run
from vfu import BME, LINK_CTRL, LINK_DOWN, LINK_STATUS, LINK_UP

ENABLE, WAIT = 1, 2
PERST = 8
ALL = 15
FEATURES, CAN_PERST = 0x38, 1 << 11


class Perst:
    """A cable with such a controller, and the endpoint that drives it."""

    def __init__(self, cable, control):
        self.cable = cable
        self.control = Control(control)
        self.endpoint = cable.endpoint()
        self.endpoint.set_reg(vfu.EVENT_ENABLE, ALL)

    def events(self):
        return self.endpoint.events()

    def begin(self):
        """What a driver does when PERST# was deasserted."""
        self.endpoint.set_up()
        self.endpoint.set_reg(vfu.EVENT_ENABLE, ALL)
        self.endpoint.set_reg(LINK_CTRL, WAIT | ENABLE)
        assert self.endpoint.reg(LINK_CTRL) == WAIT | ENABLE

    def begin_soon(self, seconds):
        """As above, in another thread; to be joined."""
        def wait():
            time.sleep(seconds)
            self.begin()
        thread = threading.Thread(target=wait)
        thread.start()
        return thread

    def host(self):
        host = self.cable.host()
        host.enable()
        return host

    def is_reset(self):
        return self.endpoint.fn(vfu.FN_CTRL) == 0 and self.endpoint.fn(vfu.fn_bar(0)) == 0


@pytest.fixture
def perst(start, tmp_path):
    path = str(tmp_path / "control")
    return Perst(start("--init=perst", "--control", path), path)


@pytest.fixture
def linked(perst):
    perst.endpoint.set_reg(LINK_CTRL, WAIT)
    perst.events()
    perst.begin()
    host = perst.host()
    assert perst.events() == LINK_UP | BME
    return perst, host


def test_option(program):
    got = run(program, "--init=both", "--ep-socket=a", "--host-socket=b", "--host-ram=c,size=64M")
    assert got.returncode == 2 and "--init: probe or perst is allowed" in got.stderr


@pytest.mark.parametrize("init", ["probe", "perst"])
def test_driver_is_told(start, init):
    endpoint = start("--init=" + init).endpoint()
    assert bool(endpoint.reg(FEATURES) & CAN_PERST) == (init == "perst")


def test_others_do_not_wait(pair):
    endpoint, _ = pair
    endpoint.set_reg(LINK_CTRL, WAIT | ENABLE)
    assert endpoint.reg(LINK_CTRL) == ENABLE
    assert endpoint.events() == 0


def test_begins_when_it_waits(perst):
    perst.endpoint.set_up()
    perst.endpoint.set_reg(vfu.EVENT_ENABLE, ALL)
    perst.endpoint.set_reg(LINK_CTRL, WAIT)
    perst.endpoint.event.wait()
    assert perst.events() == PERST
    assert perst.is_reset(), "as no setup outlives it"
    assert perst.endpoint.reg(LINK_CTRL) == WAIT
    perst.begin()
    perst.host()
    assert perst.events() == LINK_UP | BME


def test_host_reset(linked):
    perst, host = linked
    host.request(vfu.RESET)
    assert perst.endpoint.reg(LINK_STATUS) == 0
    assert perst.events() == PERST, "and no link-down"
    assert perst.is_reset()
    assert host.read_region(0, 0, 4) == b"\xff" * 4
    perst.begin()
    assert perst.events() == LINK_UP
    assert host.config(0, 4) == 0x10031af4
    assert host.config(4, 2) == 0


def test_events_before_are_forgotten(linked):
    perst, host = linked
    host.enable(0)
    host.enable()
    host.request(vfu.RESET)
    assert perst.events() == PERST


def test_host_retries(linked):
    """A read of the configuration space waits for the endpoint."""
    perst, host = linked
    host.request(vfu.RESET)
    soon = perst.begin_soon(0.3)
    asked = time.monotonic()
    assert host.config(0, 4) == 0x10031af4
    assert 0.25 < time.monotonic() - asked < 0.9
    soon.join()


def test_host_does_not_retry_for_ever(linked):
    perst, host = linked
    host.request(vfu.RESET)
    asked = time.monotonic()
    assert host.config(0, 4) == 0xffffffff
    assert 0.9 < time.monotonic() - asked < 3
    asked = time.monotonic()
    assert host.config(0, 4) == 0xffffffff
    assert time.monotonic() - asked < 0.5
    perst.begin()
    assert host.config(0, 4) == 0x10031af4


def test_endpoint_that_stops_is_not_waited_for(linked):
    perst, host = linked
    host.request(vfu.RESET)
    perst.endpoint.set_reg(LINK_CTRL, 0)
    asked = time.monotonic()
    assert host.config(0, 4) == 0xffffffff
    assert time.monotonic() - asked < 0.5


def test_unused_host_is_not_reset(linked):
    """A machine that starts resets its devices before it has used them."""
    perst, host = linked
    host.request(vfu.RESET)
    perst.begin()
    perst.events()
    host.request(vfu.RESET)
    assert perst.events() == 0 and perst.endpoint.reg(LINK_STATUS) == 1


def test_host_that_leaves(linked):
    perst, host = linked
    perst.cable.leave(host, "host disconnected")
    assert perst.events() == PERST
    perst.begin()
    perst.host()
    assert perst.events() == LINK_UP | BME


def test_hot_reset_is_none(linked):
    perst, host = linked
    perst.control.ask("hot-reset")
    assert perst.events() == LINK_DOWN | LINK_UP
    assert perst.endpoint.reg(LINK_STATUS) == 1 and not perst.is_reset()


def test_command(linked):
    perst, host = linked
    assert perst.control.ask("perst")[1] == "ok"
    assert perst.events() == PERST
    lines, _ = perst.control.ask("stat")
    assert lines[0] == "link is down: the endpoint starts anew, as PERST# was deasserted"
    perst.begin()
    assert host.config(4, 2) == 0


def test_command_is_refused(perst, start, tmp_path):
    assert perst.control.ask("perst")[1] == (
        "error: the endpoint has not started the link; perst is allowed when it has")


def test_command_is_refused_without_the_option(start, tmp_path):
    start("--control=%s/control" % tmp_path)
    assert Control(str(tmp_path / "control")).ask("perst")[1] == (
        "error: the endpoint does not wait for PERST#; perst is allowed with --init=perst")


def test_stop(linked):
    perst, host = linked
    perst.endpoint.set_reg(LINK_CTRL, 0)
    assert perst.events() == LINK_DOWN
    assert perst.control.ask("perst")[1].startswith("error: ")
    host.request(vfu.RESET)
    assert perst.events() == 0


def test_endpoint_that_comes_back(linked):
    perst, host = linked
    perst.cable.leave(perst.endpoint, "endpoint disconnected")
    asked = time.monotonic()
    assert host.config(0, 4) == 0xffffffff
    assert time.monotonic() - asked < 0.5
    perst.endpoint = perst.cable.endpoint()
    assert perst.endpoint.reg(LINK_CTRL) == 0
    perst.endpoint.set_reg(vfu.EVENT_ENABLE, ALL)
    perst.endpoint.set_reg(LINK_CTRL, WAIT)
    assert perst.events() == PERST
    perst.begin()
    assert host.config(0, 4) == 0x10031af4
