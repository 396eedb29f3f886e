# SPDX-License-Identifier: GPL-2.0
"""The two machines, with modules and files of a user's own: cable/vm/join runs this.

Usage: python3 -m cable.vm.join FOLDER SUITE HOST_SUITE LIMIT PROFILE WINDOWS INIT OPTIONS

FOLDER has what is for the machines, host/ and endpoint/: modules/, files/ and, to be run,
script; it gets the sockets of the machines' consoles, and log/. WINDOWS and INIT are as
for class Cable, or empty; OPTIONS are more options of pcie-cable.
"""

import os
import shlex
import sys

from . import debug
from .cable import Pair
from .machine import MachineError


def say(text):
    print(text, flush=True)


def content(folder):
    return sorted(os.path.join(folder, name) for name in os.listdir(folder))


def has_script(folder, role):
    return os.path.exists(os.path.join(folder, role, "script"))


def make_image(machine, folder):
    """The machine's image, with what is for it, and a shell on its console."""
    own = os.path.join(folder, machine.role)
    files = content(os.path.join(own, "files"))
    if has_script(folder, machine.role):
        files.append(os.path.join(own, "script"))
    machine.make_image("join-" + machine.role, content(os.path.join(own, "modules")), files, True)


def run_scripts(pair, folder, limit):
    """Run what is to be run, first at the endpoint; the first exit status that is not 0."""
    for machine in (pair.endpoint, pair.host):
        if not has_script(folder, machine.role):
            continue
        say("--- %s's script" % machine.role)
        code, output = machine.shell.run("sh /root/script", limit)
        say(output.strip("\n"))
        say("--- %s's script: exit status %d" % (machine.role, code))
        if code:
            return code
    return 0


def stay(pair, folder):
    """Until the user does not want the machines any more."""
    say("""
Both machines run. In other terminals:

    cable/vm/attach endpoint        its console; Ctrl-] detaches
    cable/vm/attach host
    cable/vm/gdb endpoint           gdb at its kernel, which stops meanwhile
    cable/vm/gdb host

    build/join/log                  what their kernels and the cable say

Ctrl-C here ends them.""")
    try:
        debug.serve({machine.role: (machine, os.path.join(folder, machine.role, "modules"))
                     for machine in (pair.endpoint, pair.host)}, folder)
    except KeyboardInterrupt:
        say("")


def main():
    folder, suite, host_suite, limit, profile, windows, init, options = sys.argv[1:]
    folder = os.path.abspath(folder)
    terminal = sys.stdin.isatty() and sys.stdout.isatty()
    if not terminal and not any(has_script(folder, role) for role in ("endpoint", "host")):
        say("join: no terminal, and neither EP_SCRIPT nor HOST_SCRIPT: nothing to do")
        return 2

    pair = Pair(suite, os.path.join(folder, "log"), host_suite=host_suite, directory=folder,
                profile=profile, windows=windows or None, init=init or "probe")
    pair.cable.options += shlex.split(options)
    make_image(pair.endpoint, folder)
    make_image(pair.host, folder)
    try:
        say("Booting the host (x86-64, %s) and the endpoint (arm64, %s) ..." % (
            pair.host.release, pair.endpoint.release))
        pair.boot()
        pair.load_modules(("pcie-cable-ep", "pci-ep-configfs"))
        code = run_scripts(pair, folder, int(limit))
        if terminal:
            stay(pair, folder)
        return code
    except MachineError as error:
        pair.explain("join", error)
        return 1
    except KeyboardInterrupt:
        return 130
    finally:
        pair.stop()


if __name__ == "__main__":
    sys.exit(main())
