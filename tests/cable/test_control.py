# SPDX-License-Identifier: GPL-2.0
"""The socket of --control, and pcie-cable ctl."""

import errno
import os
import socket
import subprocess
import time

import pytest
import vfu
from test_link import refuse_host
from test_program import run
from vfu import BME, LINK_DOWN, LINK_UP

REFUSED = 4


class Control:
    """A client, byte by byte."""

    def __init__(self, path):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(vfu.PATIENCE)
        self.sock.connect(path)
        self.rest = b""

    def send(self, data):
        self.sock.sendall(data)

    def answer(self):
        """The lines of the next answer; its last one apart."""
        lines = []
        while True:
            while b"\n" not in self.rest:
                more = self.sock.recv(4096)
                if not more:
                    raise vfu.Closed()
                self.rest += more
            line, self.rest = self.rest.split(b"\n", 1)
            if line == b"ok" or line.startswith(b"error: "):
                return [text.decode() for text in lines], line.decode()
            lines.append(line)

    def ask(self, line):
        self.send(line.encode() + b"\n")
        return self.answer()


@pytest.fixture
def controlled(start, tmp_path):
    """A cable with a control socket."""
    cable = start("--control=%s/control" % tmp_path)
    cable.control = str(tmp_path / "control")
    return cable


@pytest.fixture
def linked(controlled):
    """And an endpoint that has started the link, and a host that uses it."""
    endpoint = controlled.endpoint()
    endpoint.start()
    host = controlled.host()
    host.enable()
    endpoint.events()
    endpoint.event.take()
    return controlled, endpoint, host


@pytest.fixture
def ctl(program, controlled):
    """Run pcie-cable ctl with a command that is not refused; what it prints."""
    def say(*words):
        got = run(program, "ctl", controlled.control, *words)
        assert (got.returncode, got.stderr) == (0, "")
        return got.stdout
    return say


def refused(program, controlled, *words):
    got = run(program, "ctl", controlled.control, *words)
    assert (got.returncode, got.stdout) == (REFUSED, "")
    assert got.stderr.startswith("pcie-cable: error: ")
    return got.stderr[len("pcie-cable: error: "):].strip()


def test_help(ctl):
    lines = ctl("help").splitlines()
    assert lines[0].split(None, 1) == ["help", "this list"]
    # In columns
    assert len({line.index(line.split("  ")[-1].strip()) for line in lines}) == 1
    assert {"link down", "link up", "hot-reset"} <= {line.split("  ")[0] for line in lines}


@pytest.mark.parametrize("words,message", [
    (["fly"], "'fly' is no command; allowed are: help, "), ([""], "no command; allowed are: help, "),
    (["link"], "'link' is no command"), (["link", "sideways"], "'link sideways' is no command"),
    (["\x01\xe4"], "'???' is no command"), (["x" * 100], "'%s' is no command" % ("x" * 40)),
    (["link down", "now"], "link down: no argument is allowed"), (["HELP"], "'HELP' is no command")])
def test_bad_commands(program, controlled, words, message):
    assert refused(program, controlled, *words).startswith(message)


@pytest.mark.parametrize("arguments,message", [
    ([], "PATH and COMMAND are needed"), (["control"], "PATH and COMMAND are needed"),
    (["control", "a\nb"], "one line of up to 255"), (["control", "x" * 256], "one line of up to 255")])
def test_bad_arguments(program, arguments, message):
    got = run(program, "ctl", *arguments)
    assert (got.returncode, got.stdout) == (2, "")
    assert message in got.stderr


def test_nobody_there(program, tmp_path):
    got = run(program, "ctl", str(tmp_path / "control"), "help")
    assert (got.returncode, got.stdout) == (1, "")
    assert "no pcie-cable answers there: No such file or directory" in got.stderr


def test_no_answer(program, tmp_path):
    """Somebody else listens there, and goes."""
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(tmp_path / "control"))
    listener.listen()
    client = subprocess.Popen([program, "ctl", str(tmp_path / "control"), "help"],
                              stderr=subprocess.PIPE, text=True)
    connection = listener.accept()[0]
    assert connection.recv(100) == b"help\n"
    connection.sendall(b"half an answer\no")
    connection.close()
    assert "no whole answer came" in client.communicate(timeout=vfu.PATIENCE)[1]
    assert client.returncode == 1


def test_many_wait_there(program, tmp_path):
    """For a while: they may just have come, or have gone and not been noticed yet."""
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(tmp_path / "control"))
    listener.listen(0)
    waiting = socket.socket(socket.AF_UNIX)
    waiting.connect(str(tmp_path / "control"))
    client = subprocess.Popen([program, "ctl", str(tmp_path / "control"), "help"],
                              stdout=subprocess.PIPE, text=True)
    time.sleep(0.5)
    assert client.poll() is None
    listener.accept()[0].close()
    connection = listener.accept()[0]
    assert connection.recv(100) == b"help\n"
    connection.sendall(b"some\nok\n")
    assert client.communicate(timeout=vfu.PATIENCE)[0] == "some\n"
    assert client.returncode == 0
    listener.close()


def test_socket_comes_and_goes(start, controlled, program, tmp_path):
    assert os.path.exists(controlled.control)
    got = run(program, "--ep-socket=%s/e" % tmp_path, "--host-socket=%s/h" % tmp_path,
              "--host-ram=%s/r,size=64M" % tmp_path, "--control=" + controlled.control)
    assert got.returncode == 1
    assert "control: cannot listen: somebody listens there already" in got.stderr
    assert not {"e", "h", "r"} & set(os.listdir(tmp_path))
    assert controlled.stop() == 0
    assert not os.path.exists(controlled.control)


@pytest.mark.parametrize("other", ["ep", "host"])
def test_path_of_its_own(program, other):
    got = run(program, "--ep-socket=ep", "--host-socket=host", "--host-ram=r,size=64M",
              "--control=" + other)
    assert got.returncode == 2
    assert "--control needs a path of its own" in got.stderr


def test_link_down_and_up(linked, ctl):
    cable, endpoint, host = linked
    host.msix(0x8000)
    host.set_config(0x10, 4, 0xfe000000)
    assert ctl("link", "down") == ""
    assert endpoint.event.wait() == 1
    assert endpoint.events() == LINK_DOWN
    assert (endpoint.reg(vfu.LINK_CTRL), endpoint.reg(vfu.LINK_STATUS)) == (1, 0)
    assert host.read_region(7, 0, 4096) == b"\xff" * 4096
    assert host.read_region(0, 0, 8) == b"\xff" * 8
    host.enable()
    host.write_region(0, 0, b"\x55" * 8)
    assert endpoint.at(endpoint.BAR0, 8) == b"\0" * 8
    assert endpoint.raise_irq(1) == vfu.NO_LINK
    assert endpoint.events() == 0
    assert ctl("link", "down") == "the link is forced down already\n"
    assert endpoint.events() == 0
    cable.expect("link forced down")

    assert ctl("link", "up") == "the link is up\n"
    assert endpoint.event.wait() == 1
    assert endpoint.events() == LINK_UP
    assert endpoint.fn(vfu.FN_MSIX_ENABLED) == 0
    assert (host.config(0, 4), host.config(4, 2), host.config(0x10, 4)) == (0x10031af4, 0, 0)
    assert host.read_region(0, 0, 4) == b"\xff" * 4
    host.enable()
    assert endpoint.events() == BME
    assert host.read_region(0, 0, 4) == b"\0" * 4
    assert ctl("link", "up") == "the link is not forced down\nthe link is up\n"
    assert endpoint.events() == 0


def test_endpoint_cannot_bring_it_up(linked, ctl):
    _, endpoint, host = linked
    ctl("link", "down")
    assert endpoint.events() == LINK_DOWN
    endpoint.set_reg(vfu.LINK_CTRL, 0)
    endpoint.set_fn(vfu.FN_ID, 0x10051af4)
    endpoint.set_reg(vfu.LINK_CTRL, 1)
    assert (endpoint.reg(vfu.LINK_CTRL), endpoint.reg(vfu.LINK_STATUS)) == (1, 0)
    assert endpoint.events() == 0
    assert host.config(0, 4) == 0xffffffff
    assert ctl("link", "up") == "the link is up\n"
    assert endpoint.events() == LINK_UP
    assert host.config(0, 4) == 0x10051af4


def test_endpoint_restarts_while_it_is_down(linked, ctl):
    cable, endpoint, host = linked
    ctl("link", "down")
    cable.leave(endpoint, "endpoint disconnected")
    assert ctl("link", "up") == "the link is down: the endpoint has not started it\n"
    ctl("link", "down")
    endpoint = cable.endpoint()
    endpoint.start()
    assert endpoint.reg(vfu.LINK_STATUS) == 0
    assert ctl("link", "up") == "the link is up\n"
    assert host.config(0, 4) == 0x10031af4


def test_no_host_while_it_is_down(linked, ctl):
    cable, endpoint, host = linked
    ctl("link", "down")
    cable.leave(host, "host disconnected")
    refuse_host(cable)
    cable.expect("host refused: the link is forced down by a control command")
    assert endpoint.events() == LINK_DOWN
    assert ctl("link", "up") == "the link is down: no host is connected\n"
    host = cable.host()
    assert endpoint.events() == LINK_UP
    assert host.config(0, 4) == 0x10031af4


def test_other_shape_is_told(linked, ctl):
    _, endpoint, _ = linked
    ctl("link", "down")
    endpoint.set_reg(vfu.LINK_CTRL, 0)
    endpoint.set_fn(vfu.FN_MSIX_VECTORS, 4)
    endpoint.set_reg(vfu.LINK_CTRL, 1)
    assert ctl("link", "up") == \
        "the link is down: the host was started with other BARs or MSI-X vectors\n"


def test_forced_down_before_anybody_is_there(controlled, ctl):
    ctl("link", "down")
    endpoint = controlled.endpoint()
    endpoint.start()
    refuse_host(controlled)
    assert ctl("link", "up") == "the link is down: no host is connected\n"
    controlled.host()
    assert endpoint.events() == LINK_UP


def test_hot_reset(linked, ctl):
    cable, endpoint, host = linked
    host.msix(0x8000)
    for _ in range(2):
        # Also when the host has not used it since
        assert ctl("hot-reset") == ""
        assert endpoint.events() == LINK_DOWN | LINK_UP
        assert endpoint.reg(vfu.LINK_STATUS) == 1
        assert endpoint.fn(vfu.FN_MSIX_ENABLED) == 0
        assert (host.config(0, 4), host.config(4, 2)) == (0x10031af4, 0)
    cable.expect("host reset")


def test_hot_reset_without_a_link(program, linked, ctl):
    cable, endpoint, _ = linked
    ctl("link", "down")
    endpoint.events()
    assert refused(program, cable, "hot-reset") == \
        "the link is down; hot-reset is allowed while it is up"
    assert endpoint.events() == 0


def test_several_commands_and_clients(controlled):
    clients = [Control(controlled.control) for _ in range(4)]
    for client in clients:
        client.send(b"help\r\n  link \t down \nlink up\nfly\n")
    for client in clients:
        assert client.answer()[1] == "ok"
        assert client.answer()[1] == "ok"
        assert client.answer() == (["the link is down: the endpoint has not started it"], "ok")
        assert client.answer()[1].startswith("error: 'fly' is no command")
        client.sock.close()


def test_command_in_pieces(controlled):
    client = Control(controlled.control)
    for byte in b"hot-reset":
        client.send(bytes([byte]))
        assert Control(controlled.control).ask("link up")[1] == "ok"
    client.send(b"\n")
    assert client.answer()[1].startswith("error: the link is down")


def test_one_without_end_of_line_is_none(controlled):
    client = Control(controlled.control)
    client.send(b"link down")
    client.sock.shutdown(socket.SHUT_WR)
    with pytest.raises(vfu.Closed):
        client.answer()
    assert "forced" not in controlled.log()


@pytest.mark.parametrize("count,allowed", [(255, True), (256, False), (257, False), (100000, False)])
def test_length_of_a_line(controlled, count, allowed):
    client = Control(controlled.control)
    _, end = client.ask("link up".ljust(count))
    assert end == ("ok" if allowed else
                   "error: the line is too long; 255 characters are allowed")
    assert client.ask("link up")[1] == "ok"


def test_garbage(linked):
    cable, _, host = linked
    client = Control(cable.control)
    client.send(b"\0" * 1000 + b"\n" + bytes(set(range(256)) - {10}) + b"\n\n")
    assert client.answer()[1].startswith("error: the line is too long")
    assert client.answer()[1].startswith("error: '????????? ????")
    assert client.answer()[1].startswith("error: no command; allowed are")
    # Descriptors are not wanted, and not kept
    read_end, write_end = os.pipe()
    socket.send_fds(client.sock, [b"help\n"], [write_end])
    assert client.answer()[1] == "ok"
    os.close(write_end)
    assert os.read(read_end, 1) == b""
    os.close(read_end)
    assert host.config(0, 4) == 0x10031af4


def test_one_that_never_reads(linked):
    cable, _, host = linked
    client = Control(cable.control)
    client.sock.setblocking(False)
    with pytest.raises(BlockingIOError):
        while True:
            client.sock.send(b"help\n" * 50)
            assert host.config(0, 4) == 0x10031af4
    for _ in range(20):
        assert host.config(0, 4) == 0x10031af4
    assert Control(cable.control).ask("help")[1] == "ok"
    # All that was sent is answered, when it reads at last
    client.sock.settimeout(vfu.PATIENCE)
    for _ in range(1000):
        assert client.answer()[1] == "ok"


def test_one_that_never_stops(linked):
    cable, _, host = linked
    client = Control(cable.control)
    client.sock.setblocking(False)
    for _ in range(200):
        try:
            client.sock.send(b"x" * 100000)
        except BlockingIOError:
            pass
        assert host.config(0, 4) == 0x10031af4


def test_those_that_leave(linked):
    cable, _, host = linked
    for data in (b"", b"help", b"help\n" * 100):
        client = Control(cable.control)
        client.send(data)
        client.sock.close()
        assert host.config(0, 4) == 0x10031af4
    assert Control(cable.control).ask("link up")[1] == "ok"


def test_a_fifth_replaces_the_first(controlled):
    clients = [Control(controlled.control) for _ in range(4)]
    assert clients[0].ask("link up")[1] == "ok"
    clients.append(Control(controlled.control))
    assert clients[4].ask("link up")[1] == "ok"
    with pytest.raises(OSError) as gone:
        assert clients[0].sock.recv(1) == b""
        clients[0].send(b"help\n")
        clients[0].send(b"help\n")
    assert gone.value.errno == errno.EPIPE
    for client in clients[1:]:
        assert client.ask("link up")[1] == "ok"


def test_the_program_ends_with_clients(controlled):
    client = Control(controlled.control)
    assert client.ask("help")[1] == "ok"
    assert controlled.stop() == 0
    assert client.sock.recv(1) == b""


@pytest.fixture
def interrupts(linked):
    """An endpoint and a host, and the events of the host's three vectors."""
    _, endpoint, host = linked
    events = [vfu.Event() for _ in range(3)]
    host.set_irqs(vfu.IRQ_EVENTFD | vfu.IRQ_TRIGGER, 0, 2, [e.fd for e in events[:2]])
    host.msix(0x8000)
    return endpoint, host, events


def test_late_interrupts(controlled, interrupts):
    endpoint, _, events = interrupts
    control = Control(controlled.control)
    control.ask("irq delay 1000")
    begin = time.monotonic()
    assert endpoint.raise_irq(1) == vfu.SENT
    assert endpoint.raise_irq(3) == vfu.MASKED
    assert events[0].take() == 0
    # None overtakes another, however short its own way is
    control.ask("irq delay 0")
    assert endpoint.raise_irq(2) == vfu.SENT
    assert events[1].take() == 0
    assert events[0].wait() == 1
    assert time.monotonic() - begin > 1
    assert events[1].wait() == 1
    assert endpoint.raise_irq(1) == vfu.SENT
    assert events[0].take() == 1


def test_many_late_interrupts(interrupts, ctl):
    """More than there is room for: the first ones arrive early, and none is lost."""
    endpoint, _, events = interrupts
    ctl("irq", "delay", "10000")
    for _ in range(1100):
        assert endpoint.raise_irq(1) == vfu.SENT
    assert events[0].take() == 1100 - 1024


def test_interrupts_held_back(interrupts, ctl):
    endpoint, _, events = interrupts
    ctl("irq", "drop", "3")
    for vector in (1, 2, 1, 1):
        assert endpoint.raise_irq(vector) == vfu.SENT
    assert [e.take() for e in events] == [1, 0, 0]
    assert ctl("irq", "flush") == "2 vectors sent\n"
    assert [e.take() for e in events] == [1, 1, 0]
    assert ctl("irq", "flush") == "0 vectors sent\n"
    ctl("irq", "drop", "1000")
    ctl("irq", "drop", "0")
    assert endpoint.raise_irq(1) == vfu.SENT
    assert events[0].take() == 1


@pytest.mark.parametrize("how", ["link down", "hot-reset", "host", "endpoint"])
def test_interrupts_under_way_are_lost(linked, interrupts, ctl, how):
    cable = linked[0]
    endpoint, host, events = interrupts
    ctl("irq", "drop", "1")
    assert endpoint.raise_irq(1) == vfu.SENT
    ctl("irq", "delay", "10000")
    assert endpoint.raise_irq(2) == vfu.SENT
    if how == "host":
        cable.leave(host, "host disconnected")
    elif how == "endpoint":
        cable.leave(endpoint, "endpoint disconnected")
    else:
        ctl(*how.split())
    ctl("link", "up")
    assert ctl("irq", "flush") == "0 vectors sent\n"
    assert "  late\t0" in Control(cable.control).ask("stat")[0]
    assert [e.take() for e in events] == [0, 0, 0]


@pytest.mark.parametrize("words,message", [
    (["delay", "10001"], "irq delay: MS from 0 to 10000 is allowed"),
    (["delay"], "irq delay: MS from 0 to 10000 is allowed"),
    (["delay", "-1"], "irq delay: MS from 0 to 10000 is allowed"),
    (["delay", "1ms"], "irq delay: MS from 0 to 10000 is allowed"),
    (["delay", "99999999999"], "irq delay: MS from 0 to 10000 is allowed"),
    (["delay", "1", "2"], "irq delay: MS from 0 to 10000 is allowed"),
    (["drop", "x"], "irq drop: N from 0 to 1000000 is allowed"),
    (["flush", "1"], "irq flush: no argument is allowed"), (["delays"], "'irq delays' is no command")])
def test_bad_numbers(program, controlled, words, message):
    assert refused(program, controlled, "irq", *words).startswith(message)
