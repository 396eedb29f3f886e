# SPDX-License-Identifier: GPL-2.0
"""A console function with ports, as the users of both machines handle it."""

import contextlib
import re

from cable.vm.cable import FUNCTION
from cable.vm.machine import MachineError
from transfer import random_file

FIRST = FUNCTION % 0
FOLDER = FIRST + "/pci_epf_vcon.0/"
CONFIGFS = "/sys/kernel/config/pci_ep/" + FOLDER
CONSOLE = 0


def name_of(port):
    return "org.example.%d" % port


def add(pair, port, name=None, console=False):
    """A port in configfs, enabled."""
    folder = FOLDER + "ports/%d" % port
    pair.at_endpoint("mkdir " + folder, "echo %s > %s/name" % (name or name_of(port), folder),
                     "echo %d > %s/console" % (console, folder), "echo 1 > %s/enable" % folder)


def remove(pair, port):
    pair.at_endpoint("rmdir %sports/%d" % (FOLDER, port))


def configure(pair, generic, max_ports=0, queue_size=None):
    """Instead of the function that is there, one with a console, port 0, and these generic
    ports; nothing is done where that is what there is.
    """
    wanted = tuple(generic), max_ports, queue_size
    if pair.ports == wanted:
        return
    pair.remove_card()
    take_away(pair)
    pair.make_functions(queue_size)
    add(pair, CONSOLE, "console", console=True)
    for port in generic:
        add(pair, port)
    if max_ports:
        pair.at_endpoint("echo %d > %smax_ports" % (max_ports, FOLDER))
    pair.bind()
    pair.start_link()
    pair.rescan()
    pair.wait_consoles()
    for port in generic:
        wait_there(pair, port)
    pair.ports = wanted


def take_away(pair):
    """No function is left; the host's administrator has removed the card."""
    pair.stop_link()
    pair.unbind()
    if pair.ports:
        pair.at_endpoint("rmdir %sports/*" % FOLDER)
        pair.ports = None
    pair.remove_functions()


def deconfigure(pair):
    """Back to the simple function, if it is not that."""
    if not pair.ports:
        return
    pair.remove_card()
    take_away(pair)
    pair.configure()
    pair.rescan()
    pair.wait_consoles()


def machines(pair):
    return (pair.host, pair.endpoint)


def folder(machine, port):
    """Where sysfs has the port."""
    return machine.shell.check("grep -lx %s /sys/class/v*-ports/*/name"
                               % name_of(port)).removesuffix("/name")


def named(machine, name):
    """Device file of the port with that name; None if there is none.

    A port of a virtio device, which udev finds, or one of a console without such a device.
    """
    return machine.shell.check(
        "for name in $(grep -lx %s /sys/class/v*-ports/*/name); do"
        " sed -n s,^DEVNAME=,/dev/,p ${name%%name}uevent; done" % name) or None


def device(machine, port):
    return named(machine, name_of(port))


def wait_there(pair, port, there=True):
    for machine in machines(pair):
        machine.wait_for("port %d" % port, lambda: bool(device(machine, port)) == there, 20)


def debugfs(machine, port):
    """Where a virtio driver tells of the port."""
    return "/sys/kernel/debug/virtio-ports/" + folder(machine, port).split("/")[-1]


def if_connected(machine, port):
    """A command that succeeds if the machine believes that the other end is open."""
    path = folder(machine, port)
    if "/vcon-ports/" in path:
        return "grep -q 1 %s/host_connected" % path
    return "grep -q 'host_connected: 1' " + debugfs(machine, port)


def connected(machine, port):
    return machine.shell.run(if_connected(machine, port))[0] == 0


def sent(machine, port):
    """Bytes that the machine's virtio driver has sent since it found the port."""
    return int(re.search(r"bytes_sent: (\d+)",
                         machine.shell.check("cat " + debugfs(machine, port)))[1])


def wait_connected(machine, port, open_):
    machine.wait_for("port %d to be %s" % (port, "open" if open_ else "closed"),
                     lambda: connected(machine, port) == open_, 10)


def dropped(pair):
    """Of which queues the function has dropped bytes, and how many, since it was bound: those of
    an end that another test has left, too.
    """
    return {name: value for name, value in pair.counter_values().items()
            if name.endswith("_dropped") and value}


# Has the port open as file descriptor 9, and runs the lines that come through a pipe
HOLD = """mkfifo /run/do.%(port)d
sh -c 'exec 9<>%(path)s; echo $$ >/run/pid.%(port)d; while :; do
	read -r line </run/do.%(port)d && eval "$line"
done' >/dev/null 2>&1 &
until [ -s /run/pid.%(port)d ]; do sleep 0.05; done"""
RELEASE = """n=$(cat /run/pid.%(port)d); rm /run/pid.%(port)d /run/do.%(port)d; kill -KILL $n
while kill -0 $n 2>/dev/null; do sleep 0.05; done"""


@contextlib.contextmanager
def held_open(machine, port):
    """Somebody on the machine has the port open: a function that has it run a line."""
    machine.shell.check(HOLD % {"port": port, "path": device(machine, port)})
    try:
        yield lambda line: machine.shell.check("echo '%s' >/run/do.%d" % (line, port))
    finally:
        machine.shell.check(RELEASE % {"port": port})


def start_sending(machine, port, file, timeout=100):
    """Send a file, and close the port; a job of the shell's."""
    return machine.shell.start("timeout %d cat %s >%s; echo sent $?"
                               % (timeout, file, device(machine, port)))


def start_receiving(machine, port, file, timeout=100):
    """Receive until the other end is closed; a job of the shell's."""
    return machine.shell.start(
        "timeout %d cat %s >%s; echo received $? $(wc -c <%s) $(sha256sum <%s)"
        % (timeout, device(machine, port), file, file, file))


def finish(machine, job, timeout=120):
    code, text = machine.shell.finish(job, timeout, "port")
    if code:
        raise MachineError("%s: %s" % (machine.name, text))
    return text.split()


def transfer(pair, source, to, port, size):
    """A file from one machine to the other, up to the end of file."""
    expected = random_file(source, size)
    sending = start_sending(source, port, "/tmp/out")
    wait_connected(to, port, True)
    receiving = start_receiving(to, port, "/tmp/in")
    assert finish(source, sending) == ["sent", "0"]
    got = finish(to, receiving)
    assert got[:4] == ["received", "0", str(size), expected], (got, pair.counters())
