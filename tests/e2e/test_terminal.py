# SPDX-License-Identifier: GPL-2.0
"""A login as its user has it: keys, full-screen programs, files through the line."""

import re
import time

import pyte
import pytest

import ports
from cable.vm.cable import Console

pytestmark = [pytest.mark.once, pytest.mark.not_kasan(
    "is about the programs at both ends of a console, not about the drivers")]

COLUMNS, ROWS = 70, 20

# docs/console.md
INITTAB = "::respawn:/sbin/agetty %s vt220"


class Terminal(Console):
    """A console in a terminal emulator."""

    def __init__(self, machine):
        super().__init__(machine)
        self.screen = pyte.Screen(COLUMNS, ROWS)
        self.stream = pyte.ByteStream(self.screen)

    def expect_screen(self, check, timeout=10):
        """Wait until check(lines of the screen) fails no assertion; the lines."""
        end = time.monotonic() + timeout * self.shell.slow
        while True:
            self.stream.feed(self.quiet(0.2))
            lines = [line.rstrip() for line in self.screen.display]
            try:
                check(lines)
                return lines
            except AssertionError:
                if time.monotonic() > end:
                    raise


def start_agetty(machine, *terminals):
    """As documented, instead of what usually asks for a login."""
    lines = "\n".join(INITTAB % terminal for terminal in terminals)
    machine.shell.check("cp /etc/inittab /run/; echo '%s' >>/etc/inittab; kill -HUP 1" % lines)


def stop_agetty(machine, *terminals):
    machine.shell.check("mv /run/inittab /etc/; kill -HUP 1; " + "; ".join(
        "serve-console off " + terminal for terminal in terminals))


@pytest.fixture
def host_answers(pool, equipped):
    """With agetty. Whoever is at the endpoint has a terminal, and the host knows its size."""
    pair = equipped
    ports.deconfigure(pair)
    size = ports.FOLDER + "host_size"
    pair.at_endpoint("echo %dx%d > %s" % (COLUMNS, ROWS, size))
    pair.endpoint.shell.check("stty columns %d rows %d <&3" % (COLUMNS, ROWS))
    pair.answer(pair.host, False)
    start_agetty(pair.host, "hvc0")
    yield pair
    if not pool.spoilt:
        stop_agetty(pair.host, "hvc0")
        pair.answer(pair.host, True)
        pair.at_endpoint("echo 0x0 > " + size)


@pytest.fixture
def endpoint_answers(pool, equipped):
    """With agetty, and has not been told of any size."""
    pair = equipped
    ports.deconfigure(pair)
    pair.turn_round()
    pair.answer(pair.endpoint, False)
    start_agetty(pair.endpoint, "hvc0")
    yield pair
    if not pool.spoilt:
        stop_agetty(pair.endpoint, "hvc0")
        pair.turn_back()


def test_keys_on_host(host_answers):
    check_keys(host_answers.host, host_answers.endpoint, "%d %d" % (ROWS, COLUMNS))


def test_keys_on_endpoint(endpoint_answers):
    # What agetty assumes
    check_keys(endpoint_answers.endpoint, endpoint_answers.host, "24 80")


def wait_runs(machine, command, runs=True):
    machine.wait_for("%s to %s" % (command, "run" if runs else "end"), lambda: runs == bool(
        re.search(r" root +%s$" % command, machine.shell.check("ps"), re.M)), 10)


def check_keys(machine, user, size):
    """Keys that mean something to the line, and jobs of the shell."""
    with Console(user) as console:
        console.login()
        assert console.command("tty; hostname; stty size") == "\n".join(
            ("/dev/hvc0", machine.name, size))
        assert "TERM=vt220" in console.command("tr '\\0' '\\n' </proc/$$/environ").split("\n")
        for command in ("sleep 1000", "cat"):
            console.send(command + "\r")
            wait_runs(machine, command)
            console.send("\x03")
            console.expect(r"\x03\r\n.*:~# ")
            assert console.command("echo $?") == "130"
            wait_runs(machine, command, False)
        console.send("cat\r")
        wait_runs(machine, "cat")
        console.send("\x1a")
        console.expect(r"Stopped.*:~# ")
        assert re.search(r"Stopped +cat$", console.command("jobs"))
        console.send("fg\r")
        console.expect(r"cat\r\n")
        console.send("once more\r")
        console.expect(r"once more\r\nonce more\r\n")
        console.send("\x04")
        console.expect(r":~# ")
        assert console.command("jobs") == ""
        console.send("yes\r")
        console.expect(r"y\r\ny\r\ny\r\n")
        console.send("\x03")
        console.expect(r"\x03\r\n.*:~# ", 20)
        console.logout()


def check_vi(console, machine):
    """Every line of the screen, and the file in the end."""
    text = ["%d %s" % (n, "too long " * 8) for n in range(1, 100)]
    machine.shell.check("for n in $(seq 1 99); do echo \"$n %s\"; done >/tmp/text"
                        % ("too long " * 8))
    shown = ROWS - 1
    top = 0

    def expect(status):
        page = [line[:COLUMNS].rstrip() for line in text[top:top + shown]]

        def check(lines):
            assert lines == page + [status]
        console.expect_screen(check)

    console.send("vi /tmp/text\r")
    expect("- /tmp/text 1/99 1%")
    console.send("\x06")
    top += shown - 1
    expect("- /tmp/text 19/99 19%")
    console.send("dd")
    deleted = text.pop(top)
    expect("Delete 1 lines (%d chars) from [D]" % (len(deleted) + 1))
    console.send("ibefore \x1b")
    text[top] = "before " + text[top]
    expect("- /tmp/text [Modified] 19/98 19%")
    console.send("Oone more\x1b")
    text.insert(top, "one more")
    expect("- /tmp/text [Modified] 19/99 19%")
    console.send(":wq\r")
    console.expect(":~# ")
    assert machine.shell.check("cat /tmp/text").split("\n") == text


def check_top(console, machine):
    """It fills the screen again and again."""
    (head,) = [line for line in machine.shell.check("top -bn1").split("\n") if "PID" in line]

    def check(lines):
        assert [line.split(":")[0] for line in lines[:3]] == ["Mem", "CPU", "Load average"]
        assert lines[3] == head
        assert all(re.match(r" *\d+ +\d+ root ", line) for line in lines[4:])
        assert any(line.endswith(" top -d1") for line in lines[4:])

    console.send("top -d1\r")
    before = console.expect_screen(check)

    def check_other(lines):
        check(lines)
        assert lines != before
    console.expect_screen(check_other)
    console.send("q")
    console.expect(":~# ")


# A file with each byte that there is, and random ones; its sum
MAKE_FILE = r"""rm -f /root/sent
(printf "$(printf '\\%%03o' $(seq 0 255))"; head -c %d /dev/urandom) >/tmp/sent
sha256sum </tmp/sent"""


def receive(console, file):
    """From the host, as a user of picocom does: a key runs the program at this end."""
    console.send("sz %s\r" % file)
    console.expect(r"\*\*\x18B00")
    console.send("\x01\x12")
    console.expect(r"file: ")
    console.send("\r")
    console.expect(r"exit status: 0 ", 30)
    console.send("\r")
    console.expect(r":~# ")


def send(console, file, rz="rz"):
    console.send(rz + "\r")
    console.expect(r"waiting to receive.*\*\*\x18B01")
    console.send("\x01\x13")
    console.expect(r"file: ")
    console.send(file + "\r")
    console.expect(r"exit status: 0 ", 30)
    console.send("\r")
    console.expect(r":~# ")


def make_files(pair):
    """What each machine will send; their sums."""
    return {machine: machine.shell.check(MAKE_FILE % 100000) for machine in ports.machines(pair)}


def check_files(pair, sums):
    """Each machine has what the other one has sent."""
    for machine, other in ((pair.host, pair.endpoint), (pair.endpoint, pair.host)):
        assert machine.shell.check("sha256sum </root/sent; rm /root/sent") == sums[other]


def test_programs(host_answers):
    """Those that use all of the screen, and zmodem both ways."""
    pair = host_answers
    sums = make_files(pair)
    with Terminal(pair.endpoint) as console:
        console.login()
        check_vi(console, pair.host)
        check_top(console, pair.host)
        receive(console, "/tmp/sent")
        send(console, "/tmp/sent")
        console.logout()
    check_files(pair, sums)
