# SPDX-License-Identifier: GPL-2.0
"""A console with several ports: who has them open, and what passes through them."""

import time

import pytest

import ports
from conftest import HELPERS_MISSING, MAPPED, WHOLE
from test_faults import SPINS, busy
from transfer import random_file

SIZE = 1 << 20 if MAPPED else 32 << 10
PORT = 2


@pytest.fixture
def with_ports(equipped):
    """A console and three generic ports."""
    ports.configure(equipped, (1, 2, 3))
    return equipped


@pytest.mark.backend
@pytest.mark.kasan
def test_names_and_login(with_ports):
    """Each side finds the ports by their names; the console is one as without ports."""
    pair = with_ports
    for machine in ports.machines(pair):
        names = machine.shell.check("cat /sys/class/v*-ports/*/name").split()
        # A console without a virtio device is a terminal, and nothing else
        assert sorted(names) == [ports.name_of(n) for n in (1, 2, 3)] \
            if pair.backend == "direct" and machine is pair.endpoint \
            else ["console"] + [ports.name_of(n) for n in (1, 2, 3)]
    assert pair.login_to_host().split() == ["x86_64"]
    assert pair.login_to_endpoint().split() == ["aarch64"]


def waits(machine, path):
    """Whether a reader of the port neither gets anything, nor the end of file."""
    return machine.shell.check("timeout 1 cat %s >/tmp/got || echo waits; wc -c </tmp/got"
                               % path).split()[-2:] == ["waits", "0"]


@pytest.mark.backend
@pytest.mark.once
@pytest.mark.parametrize("who", ["host", "endpoint"])
def test_open_and_close(with_ports, who):
    """What one side does with its end shows on the other, and no reader waits for nobody."""
    pair = with_ports
    here = getattr(pair, who)
    (other,) = [machine for machine in ports.machines(pair) if machine is not here]
    path = ports.device(other, PORT)
    for _ in range(3):
        assert not ports.connected(other, PORT)
        # The end of file at once, and nobody to write to
        assert other.shell.check("timeout 5 cat %s | wc -c" % path) == "0"
        code, _ = other.shell.run("timeout 1 sh -c 'echo x >%s'" % path)
        assert code != 0
        with ports.held_open(here, PORT):
            ports.wait_connected(other, PORT, True)
            assert not ports.connected(other, 1) and not ports.connected(other, 3)
            assert waits(other, path), "a reader did not wait"
        ports.wait_connected(other, PORT, False)


@pytest.mark.backend
@pytest.mark.kasan
@pytest.mark.parametrize("way", ["to-host", "to-endpoint"])
def test_data(with_ports, way):
    """All that was written arrives before the end of file, also if nobody waits for it."""
    pair = with_ports
    source, to = ports.machines(pair) if way == "to-endpoint" else ports.machines(pair)[::-1]
    before = ports.dropped(pair)
    ports.transfer(pair, source, to, PORT, SIZE)
    ports.transfer(pair, source, to, PORT, 1)
    ports.transfer(pair, source, to, 1, SIZE)
    assert ports.dropped(pair) == before


@pytest.fixture
def with_room(equipped):
    """A console, a generic port, and room for more."""
    ports.configure(equipped, (1,), max_ports=8)
    return equipped


# Opens a file in the moment it is there, and keeps it; to read, as "<>" makes one if there is none
HURRY = """sh -c 'echo $$ >/run/pid.%(port)d; until command exec 9<%(path)s; do :; done
exec sleep 1000' >/dev/null 2>&1 &
until [ -s /run/pid.%(port)d ]; do sleep 0.05; done"""


@pytest.mark.once
@pytest.mark.parametrize("who", [
    pytest.param("host", marks=pytest.mark.backend_whole(
        "the host's driver is the same with both backends")),
    pytest.param("endpoint", marks=pytest.mark.backend)])
def test_opened_at_once(with_room, who):
    """A program that opens a port as soon as there is its file has it open."""
    pair = with_room
    here = getattr(pair, who)
    (other,) = [machine for machine in ports.machines(pair) if machine is not here]
    first = ports.device(here, 1)
    for port in range(2, 8):
        here.shell.check(HURRY % {"port": port, "path": first.removesuffix("1") + str(port)})
        ports.add(pair, port)
        ports.wait_there(pair, port)
        ports.wait_connected(other, port, True)
        here.shell.check("n=$(cat /run/pid.%d); kill $n" % port)
        ports.wait_connected(other, port, False)
    for port in range(2, 8):
        ports.remove(pair, port)
        ports.wait_there(pair, port, False)


@pytest.fixture
def small_queues(equipped):
    """Queues of 16 buffers, so that few bytes fill them."""
    ports.configure(equipped, (1, 2), queue_size=16)
    return equipped


# Seconds for which a reader takes nothing: more than any that the function counts to
PAUSE = 60 if WHOLE else 15


@pytest.mark.backend
@pytest.mark.once
def test_back_pressure(small_queues):
    """A reader that stops, on either side: the writer waits, nobody spins, nothing is dropped,
    and then all of it arrives.
    """
    pair = small_queues
    size = 2 << 20 if MAPPED else 1 << 20
    streams = []
    for port, source, to in zip((1, PORT), ports.machines(pair), ports.machines(pair)[::-1]):
        expected = random_file(source, size)
        source.shell.check("(timeout 150 cat /tmp/out >%s; echo sent $?) >/tmp/sent 2>&1 &"
                           % ports.device(source, port))
        ports.wait_connected(to, port, True)
        to.shell.check("((sleep %d; timeout 80 cat) <%s >/tmp/in; echo received $?"
                       " $(wc -c </tmp/in) $(sha256sum </tmp/in)) >/tmp/received 2>&1 &"
                       % (PAUSE, ports.device(to, port)))
        streams += [(source, "sent", "sent 0"),
                    (to, "received", "received 0 %d %s -" % (size, expected))]
    time.sleep(2)
    assert busy(pair, PAUSE - 7) < SPINS
    for machine in ports.machines(pair):
        assert machine.shell.check("cat /tmp/sent") == "", "the writer did not wait"
    for machine, name, said in streams:
        machine.wait_for(name, lambda: machine.shell.check("cat /tmp/" + name), 90)
        assert machine.shell.check("cat /tmp/%s; rm /tmp/%s" % (name, name)) == said
    assert not ports.dropped(pair)


@pytest.mark.backend
@pytest.mark.once
@pytest.mark.not_kasan(HELPERS_MISSING)
def test_what_a_program_finds(with_ports):
    """A port that is closed, open, full, or gone, at the endpoint: with a virtio device or not."""
    pair = with_ports

    def check(state):
        return "timeout 60 /root/port-check %s %s" % (state, ports.device(pair.endpoint, PORT))

    def passes(state):
        code, text = pair.endpoint.shell.run(check(state), 90)
        assert (code, text.split()[-1]) == (0, "passed"), text

    passes("closed")
    with ports.held_open(pair.host, PORT):
        passes("open")
        passes("full")
        pair.endpoint.shell.check("(%s; echo $?) >/tmp/said 2>&1 &" % check("gone"))
        said = lambda: pair.endpoint.shell.check("cat /tmp/said").split()   # noqa: E731
        pair.endpoint.wait_for("reader", lambda: said() == ["ready"], 20)
        ports.remove(pair, PORT)
        pair.endpoint.wait_for("end", lambda: len(said()) > 1, 20)
        assert said() == ["ready", "passed", "0"]
    ports.add(pair, PORT)
    ports.wait_there(pair, PORT)


@pytest.mark.backend
@pytest.mark.once
def test_reader_leaves(with_ports):
    """The next reader gets nothing that was meant for the one before it."""
    pair = with_ports
    path = ports.device(pair.endpoint, PORT)
    with ports.held_open(pair.host, PORT) as do:
        ports.wait_connected(pair.endpoint, PORT, True)
        with ports.held_open(pair.endpoint, PORT):
            ports.wait_connected(pair.host, PORT, True)
            do("echo old >&9")
            time.sleep(0.5)
        ports.wait_connected(pair.host, PORT, False)
        assert waits(pair.endpoint, path), "a reader got what was for another one"


@pytest.mark.backend
@pytest.mark.kasan
def test_port_comes_and_goes(with_ports):
    """While drivers run; who has the port open notices."""
    pair = with_ports
    with ports.held_open(pair.endpoint, PORT):
        ports.wait_connected(pair.host, PORT, True)
        reading = pair.host.shell.start("timeout 60 cat %s; echo done"
                                        % ports.device(pair.host, PORT))
        time.sleep(0.5)
        ports.remove(pair, PORT)
        assert "done" in ports.finish(pair.host, reading)
    ports.wait_there(pair, PORT, False)
    ports.add(pair, PORT)
    ports.wait_there(pair, PORT)
    ports.transfer(pair, pair.host, pair.endpoint, PORT, SIZE)
    ports.transfer(pair, pair.endpoint, pair.host, PORT, SIZE)


@pytest.mark.backend
@pytest.mark.kasan
def test_host_driver_unbound(with_ports):
    """The endpoint's users see every port closed, and it works again afterwards."""
    pair = with_ports
    pair.answer(pair.host, False)
    with ports.held_open(pair.host, PORT):
        ports.wait_connected(pair.endpoint, PORT, True)
        card = pair.unbind_driver()
        ports.wait_connected(pair.endpoint, PORT, False)
    pair.bind_driver(card)
    pair.wait_consoles()
    ports.wait_there(pair, PORT)
    pair.answer(pair.host, True)
    ports.transfer(pair, pair.host, pair.endpoint, PORT, SIZE)
    ports.transfer(pair, pair.endpoint, pair.host, PORT, SIZE)


@pytest.mark.backend
@pytest.mark.whole("without ports it is tried by test_resets.py, and ports by"
                   " test_host_driver_unbound")
def test_host_reboots(with_ports):
    """What was sent before arrives, and then the end of file; afterwards all is as before."""
    pair = with_ports
    size = 200000
    expected = random_file(pair.host, size)
    before = ports.sent(pair.host, PORT)
    with ports.held_open(pair.host, PORT) as do:
        ports.wait_connected(pair.endpoint, PORT, True)
        receiving = pair.endpoint.shell.start(
            "(sleep 5; timeout 60 cat) <%s >/tmp/in; echo received $(wc -c </tmp/in)"
            " $(sha256sum </tmp/in)" % ports.device(pair.endpoint, PORT))
        ports.wait_connected(pair.host, PORT, True)
        do("cat /tmp/out >&9")
        pair.host.wait_for("all to be sent", lambda: ports.sent(pair.host, PORT) == before + size,
                           20)
        time.sleep(1)
    assert ports.finish(pair.endpoint, receiving)[:3] == ["received", str(size), expected]
    pair.host.reboot()
    pair.wait_consoles()
    for port in (1, 2, 3):
        ports.wait_there(pair, port)
    ports.transfer(pair, pair.host, pair.endpoint, PORT, SIZE)
    ports.transfer(pair, pair.endpoint, pair.host, PORT, SIZE)


@pytest.fixture
def full(equipped):
    """As many ports as there can be."""
    ports.configure(equipped, range(1, 32))
    return equipped


@pytest.mark.backend_whole("three ports of them are tried by the other tests")
@pytest.mark.once
def test_all_ports(full):
    """Each of them, and all at once."""
    pair = full
    assert pair.login_to_host().split() == ["x86_64"]
    for port in (1, 16, 31):
        ports.transfer(pair, pair.host, pair.endpoint, port, 100000)
        ports.transfer(pair, pair.endpoint, pair.host, port, 100000)


# Of the kernel's hvc, for all consoles of a machine: /dev/hvc0 to /dev/hvc7
TERMINALS = 8


@pytest.fixture
def many_consoles(pool, equipped):
    """One more than there can be terminals; those that there are, are held open."""
    pair = equipped
    ports.configure(pair, (), max_ports=TERMINALS + 1)
    pair.answer(pair.host, False)
    pair.release(pair.endpoint)
    before = len(pair.endpoint.kernel_messages())
    for port in range(1, TERMINALS + 1):
        ports.add(pair, port, "console%d" % port, console=True)
    last = "until (exec 9<>/dev/hvc%d) 2>/dev/null; do sleep 0.1; done" % (TERMINALS - 1)
    for machine in ports.machines(pair):
        machine.shell.check(last, 20)
        pair.hold(machine, TERMINALS)
    yield pair, before
    if pool.spoilt:
        return
    for machine in ports.machines(pair):
        pair.release(machine)
    for port in range(1, TERMINALS + 1):
        ports.remove(pair, port)
    pair.hold(pair.endpoint)
    pair.answer(pair.host, True)


@pytest.mark.backend
@pytest.mark.once
def test_more_consoles_than_terminals(many_consoles):
    """All that have a terminal work, and the endpoint says of the last one that it has none."""
    pair, before = many_consoles
    for port in range(TERMINALS):
        pair.endpoint.shell.check("echo to host %d >/dev/hvc%d" % (port, port))
        assert pair.host.shell.check("timeout 20 head -n 1 </dev/hvc%d" % port, 30) \
            == "to host %d" % port
        pair.host.shell.check("echo to endpoint %d >/dev/hvc%d" % (port, port))
        assert pair.endpoint.shell.check("timeout 20 head -n 1 </dev/hvc%d" % port, 30) \
            == "to endpoint %d" % port
    said = [line for line in pair.endpoint.kernel_messages()[before:].splitlines()
            if "/dev/hvc7" in line]
    assert len(said) == 1 and "port %d " % TERMINALS in said[0]
    kinds = pair.endpoint.shell.check(
        "cd %sports; for n in $(seq 0 %d); do cat $n/endpoint_terminal; done"
        % (ports.CONFIGFS, TERMINALS)).split()
    assert kinds[TERMINALS] == "none"
    assert kinds[:TERMINALS] == (
        ["hvc%d" % n for n in range(TERMINALS)] if pair.backend == "direct"
        else ["virtio_console"] * TERMINALS)


@pytest.fixture
def sharing(pair):
    """The card has too few vectors: the host has one for all queues."""
    ports.configure(pair, (1, 2, 3))
    return pair


def test_shared_vector(sharing):
    pair = sharing
    ports.transfer(pair, pair.host, pair.endpoint, PORT, SIZE)
    ports.transfer(pair, pair.endpoint, pair.host, PORT, SIZE)


REFUSED = {
    "backend": (["", "none", "mediated"], ["bridge or direct"]),
    "max_ports": (["33", "-1", "many", ""], ["1", "32"]),
    "host_size": (["80", "80x", "x24", "80x24x2", "65536x1", "-1x3", "80 24"], ["65535"]),
    "ports/1/name": (["a b", "a/b", "x" * 65], ["64"]),
    "ports/1/console": (["2", "maybe"], ["0 or 1"]),
    "ports/1/enable": (["2", "maybe"], ["0 or 1"]),
}


@pytest.mark.once
def test_settings_are_checked(pair):
    """What is not allowed is refused, and the log says what is."""
    pair.remove_card()
    pair.deconfigure()
    pair.make_functions()
    ports.add(pair, 1)
    shell = pair.endpoint.shell
    pair.at_endpoint("echo 0 > %sports/1/enable" % ports.FOLDER)

    def refused(command, said):
        before = len(pair.endpoint.kernel_messages())
        code, _ = shell.run(command)
        assert code != 0, command
        text = pair.endpoint.kernel_messages()[before:]
        assert all(word in text for word in said), (command, text)

    for name in ("32", "01", "-1", "a"):
        refused("mkdir %sports/%s" % (ports.CONFIGFS, name), ["0 to 31"])
    for attribute, (values, said) in REFUSED.items():
        old = shell.check("cat %s%s" % (ports.CONFIGFS, attribute))
        for value in values:
            refused("echo '%s' > %s%s" % (value, ports.CONFIGFS, attribute), said)
        assert shell.check("cat %s%s" % (ports.CONFIGFS, attribute)) == old
    ports.add(pair, 2, "twice")
    pair.at_endpoint("echo twice > %sports/1/name" % ports.FOLDER)
    refused("echo 1 > %sports/1/enable" % ports.CONFIGFS, ["port 2", "twice"])
    refused("echo other > %sports/2/name" % ports.CONFIGFS, ["enabled"])
    pair.at_endpoint("echo 2 > %smax_ports" % ports.FOLDER)
    refused("cd /sys/kernel/config/pci_ep; ln -s %s %s" % (ports.FIRST, pair.controller()),
            ["max_ports is 2"])
    pair.at_endpoint("rmdir %sports/*" % ports.FOLDER, "echo 0 > %smax_ports" % ports.FOLDER)
    pair.bind()
    pair.start_link()
    pair.rescan()
    pair.wait_consoles()
