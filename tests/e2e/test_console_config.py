# SPDX-License-Identifier: GPL-2.0
"""What passes through a console's configuration bytes: sizes, and emergency writes."""

import pytest

import ports

# Where the register is as long as no driver has enabled MSI-X
EMERGENCY = 20 + 8


def size(machine):
    return machine.shell.check("stty size </dev/hvc0")


def set_size(pair, folder, host, endpoint):
    pair.at_endpoint("echo %s > %s/host_size" % (host, folder),
                     "echo %s > %s/endpoint_size" % (endpoint, folder))


def check_sizes(pair, folder):
    """Each side's terminal has the size it is given, at once and after a new start."""
    for host, endpoint in (("132x50", "81x25"), ("100x40", "200x60")):
        set_size(pair, folder, host, endpoint)
        for machine, said in ((pair.host, host), (pair.endpoint, endpoint)):
            rows = " ".join(reversed(said.split("x")))
            machine.wait_for("size " + said, lambda: size(machine) == rows, 10)
    set_size(pair, folder, "90x30", "0x0")
    card = pair.unbind_driver()
    pair.bind_driver(card)
    pair.wait_consoles()
    pair.host.wait_for("size", lambda: size(pair.host) == "30 90", 10)
    set_size(pair, folder, "0x0", "0x0")


@pytest.mark.backend
def test_size(pair):
    check_sizes(pair, ports.FOLDER)


@pytest.fixture
def with_port(pair):
    ports.configure(pair, ())
    return pair


@pytest.mark.backend
@pytest.mark.kasan
def test_size_of_port(with_port):
    check_sizes(with_port, ports.FOLDER + "ports/0")


# docs/console.md
FOLLOW = """follow() {
	while sleep 1; do
		set -- $(stty size)
		[ $2x$1 = $(cat host_size) ] || echo $2x$1 > host_size
	done
}"""


@pytest.mark.once
def test_size_follows_a_terminal(pair):
    """The one that the endpoint's user sits at, whatever becomes of it."""
    shell = pair.endpoint.shell
    shell.check("cd %s\n%s\nfollow <&3 & echo $! >/run/follow" % (ports.CONFIGFS, FOLLOW))
    for cols, rows in ((132, 50), (81, 25), (200, 60)):
        shell.check("stty columns %d rows %d <&3" % (cols, rows))
        pair.host.wait_for("size", lambda: size(pair.host) == "%d %d" % (rows, cols), 10)
    shell.check("kill $(cat /run/follow)")
    set_size(pair, ports.FOLDER, "0x0", "0x0")


TEXT = "BUG: emergency"


@pytest.mark.backend
@pytest.mark.once
def test_emergency_write(pair):
    """Without a driver, character by character, each a while after the one before."""
    pair.answer(pair.host, False)
    card = pair.unbind_driver()
    pair.drain(pair.endpoint)
    bar = int(pair.host.shell.check(
        "head -n 1 /sys/bus/pci/devices/%s/resource" % card).split()[0], 16)
    pair.at_host("echo 1 > /sys/bus/pci/devices/%s/enable" % card)
    job = pair.endpoint.shell.start("timeout 60 head -c %d </dev/hvc0" % len(TEXT))
    for char in TEXT:
        pair.at_host("devmem %#x 32 %d" % (bar + EMERGENCY, ord(char)), "sleep 0.1")
    assert pair.endpoint.shell.finish(job, 60, "emergency write") == (0, TEXT)
    pair.at_host("echo 0 > /sys/bus/pci/devices/%s/enable" % card)
    pair.bind_driver(card)
    pair.wait_consoles()
    pair.answer(pair.host, True)
