# SPDX-License-Identifier: GPL-2.0
"""The demonstration: log in to the host from the endpoint, across the cable.

On a terminal it leaves the user on the endpoint's side of the console; without
one it logs in by itself both ways, prints the transcript, and exits 0 only if
all of it worked.
"""

import os
import re
import select
import sys
import termios
import time
import tty

from .cable import Console, Pair
from .machine import TOP, MachineError

LEAVE = b"\x1d"     # Ctrl-]


def say(text):
    print(text, flush=True)


def screen(machine, console):
    """What a terminal showed, as text, in the order it came."""
    text = re.sub(r"\x1b\[[0-9;]*[A-Za-z]|\r", "", console.seen.decode(errors="replace"))
    say("--- %s's screen: picocom /dev/hvc0" % machine)
    for line in text.strip("\n").split("\n"):
        say("  | " + line)
    say("---")


def log_in(pair, machine, expected):
    """Log in to the other machine from this one's hvc0, and check uname there."""
    with Console(machine) as console:
        try:
            console.login()
            said = console.command("uname -m").split()
            console.logout()
        finally:
            screen(machine.name, console)
    if said != [expected]:
        raise MachineError("uname -m said %r, not %s" % (said, expected))


def scripted(pair):
    log_in(pair, pair.endpoint, "x86_64")
    say("Now the other way: a getty on the endpoint, a terminal at the host.")
    pair.turn_round()
    log_in(pair, pair.host, "aarch64")


def interactive(pair):
    with Console(pair.endpoint) as console:
        console.prompt(time.monotonic() + 20)
        prompt = console.seen.split(b"\n")[-1].lstrip(b"\r")
        say("\nThis is the endpoint's /dev/hvc0; the host asks you to log in"
            " (root, password cable). Leave with Ctrl-].\n")
        fd = sys.stdin.fileno()
        old = termios.tcgetattr(fd)
        try:
            tty.setraw(fd)
            os.write(1, prompt)
            while True:
                ready, _, _ = select.select([fd, console.shell.sock], [], [])
                if fd in ready:
                    data = os.read(fd, 4096)
                    if not data or LEAVE in data:
                        break
                    console.shell.send(data)
                if console.shell.sock in ready:
                    console.shell.receive(0)
                    os.write(1, console.shell.data)
                    console.shell.data = b""
        finally:
            termios.tcsetattr(fd, termios.TCSADRAIN, old)
            say("")


def main():
    begin = time.monotonic()
    logs = os.path.join(TOP, "build", "log", "demo")
    pair = Pair("trixie-backports", logs)
    pair.transcript = say
    try:
        say("Booting the host (x86-64, %s) and the endpoint (arm64, %s) ..." % (
            pair.host.release, pair.endpoint.release))
        pair.start()
        say("host# lspci -nn")
        listing = pair.host.shell.check("lspci -nn")
        say(listing)
        if "[1af4:1003]" not in listing:
            raise MachineError("the host does not see [1af4:1003]")
        if sys.stdin.isatty() and sys.stdout.isatty():
            interactive(pair)
        else:
            scripted(pair)
            say("Both logins worked; %.0f s." % (time.monotonic() - begin))
    except MachineError as error:
        pair.explain("demo", error)
        return 1
    except KeyboardInterrupt:
        return 130
    finally:
        pair.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
