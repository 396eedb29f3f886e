# SPDX-License-Identifier: GPL-2.0
"""qemu-guest-agent on the host, commanded from the endpoint: a card that manages its host."""

import base64
import itertools
import json
import os

import pytest

import ports
from conftest import TOP

pytestmark = [pytest.mark.once, pytest.mark.not_kasan(
    "is about the programs at both ends of a port, not about the drivers")]

NAME = "org.qemu.guest_agent.0"
PORT = 1

# The link is what udev makes; the program finds the port there by itself
START = "mkdir -p /dev/virtio-ports; ln -sfn %%s /dev/virtio-ports/%s; qemu-ga -d -r" % NAME

# What was answered to requests before may still be on its way
ASK = """exec 9<>%(port)s
ask() { echo "$1" >&9; read -r -t 20 answer <&9; }
ask '{"execute": "guest-sync", "arguments": {"id": %(id)d}}'
until [ "$answer" = '{"return": %(id)d}' ]; do read -r -t 20 answer <&9 || exit; done
ask '%(request)s' && echo "$answer" """

IDS = itertools.count(4711)


def start_agent(pair):
    for machine in ports.machines(pair):
        machine.wait_for("the agent's port", lambda: ports.named(machine, NAME), 20)
    pair.host.shell.check(START % ports.named(pair.host, NAME))


def request(command, **arguments):
    return json.dumps({"execute": command, "arguments": arguments})


def ask(pair, command, **arguments):
    """What the agent returns to a command."""
    answer = json.loads(pair.endpoint.shell.check(ASK % {
        "port": ports.named(pair.endpoint, NAME), "id": next(IDS),
        "request": request(command, **arguments)}, 60))
    assert "return" in answer, answer
    return answer["return"]


def run(pair, path, *arguments, given=b""):
    """What a program on the host says that the agent runs."""
    pid = ask(pair, "guest-exec", **{
        "path": path, "arg": arguments, "input-data": base64.b64encode(given).decode(),
        "capture-output": True})["pid"]
    status = pair.endpoint.wait_for("end of " + path, lambda: ended(pair, pid), 20)
    assert status["exitcode"] == 0
    return base64.b64decode(status["out-data"])


def ended(pair, pid):
    status = ask(pair, "guest-exec-status", pid=pid)
    return status if status["exited"] else None


@pytest.fixture
def managed(pool, equipped):
    """A console and the agent's port, and the agent runs."""
    pair = equipped
    ports.configure(pair, (), max_ports=PORT + 1)
    ports.add(pair, PORT, NAME)
    start_agent(pair)
    yield pair
    if not pool.spoilt:
        pair.host.shell.check("kill $(pidof qemu-ga)")
        ports.deconfigure(pair)


def test_commands(managed):
    pair = managed
    assert ask(pair, "guest-ping") == {}
    version = pair.host.shell.check("qemu-ga --version").split()[-1]
    assert ask(pair, "guest-info")["version"] == version
    assert ask(pair, "guest-get-host-name") == {"host-name": "host"}
    assert ask(pair, "guest-get-osinfo")["kernel-release"] == pair.host.release
    assert run(pair, "/bin/uname", "-m") == b"x86_64\n"
    data = os.urandom(2000)
    assert run(pair, "/bin/cat", given=data) == data


def documented(port):
    """The lines of docs/console.md that ask for the host's name, for that file of the port."""
    with open(os.path.join(TOP, "docs", "console.md")) as f:
        lines = [line.strip() for line in f]
    begin = lines.index("exec 9<>/dev/virtio-ports/" + NAME)
    end = [n for n, line in enumerate(lines) if "guest-get-host-name" in line and n > begin][0]
    return "\n".join(lines[begin:end + 1]).replace("/dev/virtio-ports/" + NAME, port)


def test_as_documented(managed):
    """Also if who had the port open before did not wait for an answer."""
    pair = managed
    port = ports.named(pair.endpoint, NAME)
    for left in ([], ["guest-ping"], ["guest-info", "guest-ping"]):
        for command in left:
            pair.endpoint.shell.check("echo '%s' >%s" % (request(command), port))
        answers = pair.endpoint.shell.check(documented(port), 60)
        assert answers.split("\n")[-1] == '{"return": {"host-name": "host"}}', answers


@pytest.mark.whole("a host that starts anew is tried by test_resets.py and test_ports.py")
def test_host_starts_anew(managed):
    """Its driver, and the agent finds the port by itself; then the host, as the endpoint says."""
    pair = managed
    pid = pair.host.shell.check("pidof qemu-ga")
    pair.bind_driver(pair.unbind_driver())
    pair.wait_consoles()
    boot_id = "/proc/sys/kernel/random/boot_id"
    before = run(pair, "/bin/cat", boot_id)
    assert pair.host.shell.check("pidof qemu-ga") == pid
    pair.endpoint.shell.check("echo '%s' >%s" % (
        request("guest-shutdown", mode="reboot"), ports.named(pair.endpoint, NAME)))
    pair.host.wait_booted()
    pair.wait_consoles()
    start_agent(pair)
    assert run(pair, "/bin/cat", boot_id) != before
