# SPDX-License-Identifier: GPL-2.0
"""Plugging into a host that is already running."""

import json
import os
import select
import socket
import time

import pytest
import vfu

GREETING = {"QMP": {"version": {"qemu": {"major": 11}}, "capabilities": ["oob"]}}


class Monitor:
    """The QMP socket of a host machine."""

    def __init__(self, path):
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(path)
        self.listener.listen()
        self.listener.settimeout(vfu.PATIENCE)
        self.path = path
        self.sock = None
        self.data = b""

    def accept(self, greet=True):
        self.sock, _ = self.listener.accept()
        self.sock.settimeout(vfu.PATIENCE)
        self.data = b""
        if greet:
            self.say(GREETING)
            assert self.hear() == {"execute": "qmp_capabilities"}
            self.say({"return": {}})

    def say(self, message):
        self.sock.sendall(json.dumps(message).encode() + b"\r\n")

    def hear(self):
        """One command, or None at the end."""
        while b"\n" not in self.data:
            more = self.sock.recv(4096)
            if not more:
                return None
            self.data += more
        line, self.data = self.data.split(b"\n", 1)
        return json.loads(line)

    def silent(self, seconds):
        return not select.select([self.sock], [], [], seconds)[0]

    def close(self):
        if self.sock:
            self.sock.close()
        self.listener.close()
        if os.path.exists(self.path):
            os.unlink(self.path)


@pytest.fixture
def monitor(tmp_path):
    made = Monitor(str(tmp_path / "qmp"))
    yield made
    made.close()


@pytest.fixture
def plugged(start, tmp_path):
    return start("--host-qmp", str(tmp_path / "qmp"))


def test_plugs(plugged, monitor):
    plugged.endpoint().start()
    monitor.accept()
    asked = time.monotonic()
    assert monitor.hear() == {
        "execute": "device_add",
        "arguments": {"driver": "vfio-user-pci", "id": "card", "bus": "rp0",
                      "socket": {"type": "unix", "path": os.path.realpath(plugged.host_socket)},
                      "x-no-posted-writes": True}}
    assert time.monotonic() - asked > 0.9
    host = plugged.host()
    monitor.sock.settimeout(vfu.PATIENCE)
    assert monitor.hear() is None
    assert host.config(0, 4) == 0x10031af4


def test_names(start, tmp_path, monitor):
    cable = start("--host-qmp", monitor.path, "--host-bus", 'a"b\\', "--host-device-id", "x\ty")
    cable.endpoint().start()
    monitor.accept()
    arguments = monitor.hear()["arguments"]
    assert (arguments["bus"], arguments["id"]) == ('a"b\\', "x\ty")


def test_not_before_the_link(plugged, monitor):
    endpoint = plugged.endpoint()
    endpoint.set_up()
    assert not select.select([monitor.listener], [], [], 0.5)[0]
    endpoint.set_reg(vfu.LINK_CTRL, 1)
    monitor.accept()


def test_monitor_comes_later(plugged, tmp_path):
    plugged.endpoint().start()
    plugged.expect("waiting for the host's QMP")
    time.sleep(0.5)
    late = Monitor(str(tmp_path / "qmp"))
    late.accept()
    assert late.hear()["execute"] == "device_add"
    late.close()
    assert plugged.log().count("waiting for the host's QMP") == 1


def test_host_on_its_own_is_not_plugged(plugged, monitor):
    plugged.endpoint().start()
    monitor.accept()
    plugged.host()
    assert monitor.hear() is None
    assert "plugging" not in plugged.log()


def test_duplicate_id_is_fine(plugged, monitor):
    plugged.endpoint().start()
    monitor.accept()
    monitor.hear()
    monitor.say({"error": {"class": "GenericError", "desc": "Duplicate device ID 'card'"}})
    assert monitor.silent(1.5)
    assert "cannot plug" not in plugged.log()


def test_error_is_told_once_and_tried_again(plugged, monitor):
    plugged.endpoint().start()
    monitor.accept()
    for _ in range(3):
        assert monitor.hear()["execute"] == "device_add"
        monitor.say({"error": {"class": "GenericError", "desc": "Bus 'rp0' not found"}})
    assert plugged.log().count("cannot plug card into the host's rp0 yet: \"Bus 'rp0' not found\"") == 1


def test_error_without_description(plugged, monitor):
    plugged.endpoint().start()
    monitor.accept()
    monitor.hear()
    monitor.say({"error": {"class": "Duplicate device ID or so"}})
    assert monitor.hear()["execute"] == "device_add"
    assert "rp0 yet: \n" in plugged.log()


def test_events_and_noise_are_skipped(plugged, monitor):
    plugged.endpoint().start()
    monitor.accept(greet=False)
    monitor.sock.sendall(b"\r\nnoise\n{\n[]\n" + b"x" * 20000 + b'\n{"event": "X", "return": 1}\n')
    monitor.say(GREETING)
    assert monitor.hear() == {"execute": "qmp_capabilities"}
    monitor.say({"event": "NIC_RX_FILTER_CHANGED", "data": {"return": {}}})
    assert monitor.silent(1.3)
    for byte in b'{"return": {}}\r\n':
        monitor.sock.sendall(bytes([byte]))
    assert monitor.hear()["execute"] == "device_add"


def test_monitor_goes_and_comes(plugged, monitor):
    plugged.endpoint().start()
    for cut in range(3):
        monitor.accept(greet=cut > 0)
        if cut > 1:
            assert monitor.hear()["execute"] == "device_add"
        monitor.sock.close()
    monitor.accept()
    assert monitor.hear()["execute"] == "device_add"


def test_plugs_again_after_the_host_has_gone(plugged, monitor):
    plugged.endpoint().start()
    for _ in range(2):
        monitor.accept()
        assert monitor.hear()["execute"] == "device_add"
        host = plugged.host()
        assert monitor.hear() is None
        plugged.leave(host, "host disconnected")


def test_link_off_stops_plugging(plugged, monitor):
    endpoint = plugged.endpoint()
    endpoint.start()
    monitor.accept()
    endpoint.set_reg(vfu.LINK_CTRL, 0)
    assert monitor.hear() is None
    assert not select.select([monitor.listener], [], [], 0.5)[0]


def test_silent_monitor_stops_nobody(plugged, monitor):
    endpoint = plugged.endpoint()
    endpoint.start()
    monitor.accept(greet=False)
    host = plugged.host()
    assert host.config(0, 4) == 0x10031af4
    assert endpoint.reg(vfu.LINK_STATUS) == 1


def test_refused_host_is_told_to_wait(plugged, monitor):
    plugged.endpoint()
    with pytest.raises((vfu.Closed, OSError)):
        plugged.host()
    plugged.expect("host refused")
    assert "it will be plugged" in plugged.log()
    assert monitor
