# SPDX-License-Identifier: GPL-2.0
"""Messages, good and bad: framing, negotiation, descriptors."""

import errno
import json
import os
import socket
import struct
import time

import pytest
import vfu
from vfu import Client, Closed, Refused


def alive(client):
    """The connection still answers in order."""
    reply, _ = client.request(vfu.GET_INFO, struct.pack("<IIII", 16, 0, 0, 0))
    return struct.unpack("<IIII", reply) == (16, 3, 9, 5)


def refused(code, call, *args, **kwargs):
    with pytest.raises(Refused) as error:
        call(*args, **kwargs)
    assert errno.errorcode[error.value.args[0]] == errno.errorcode[code]


def test_version(cable):
    client = cable.keep(Client(cable.ep_socket, negotiate=False))
    major, minor, text = client.version()
    assert (major, minor) == (0, 0)
    assert text == {"capabilities": {"max_msg_fds": 8, "max_data_xfer_size": 65536,
                                     "max_dma_maps": 65535, "pgsizes": 4096}}
    assert alive(client)
    cable.expect("endpoint connected")


def test_version_reply_fits_into_request_of_qemu(cable):
    # QEMU reads the reply into the buffer of its request, whose text is this long.
    qemu = {"capabilities": {"migration": {"max_bitmap_size": 268435456, "pgsize": 4096},
                             "max_msg_fds": 16, "max_data_xfer_size": 1048576,
                             "max_dma_maps": 65535, "pgsizes": 4096, "write_multiple": True}}
    client = cable.keep(Client(cable.ep_socket, negotiate=False))
    text = json.dumps(qemu).encode() + b"\0"
    reply, _ = client.request(vfu.VERSION, struct.pack("<HH", 0, 0) + text)
    assert len(reply) <= 4 + len(text)


@pytest.mark.parametrize("text", [b"", b"{}\0", b' { } \0', b'{"other":[1,{"a":"\\"}"}]}\0',
                                  b'{"capabilities":{}}\0'])
def test_version_accepts(cable, text):
    client = cable.keep(Client(cable.ep_socket, negotiate=False))
    client.version(text=text)
    assert alive(client)


@pytest.mark.parametrize("text", [b"{}", b"\0", b"{\0", b"[]\0", b"{}x\0", b"nonsense\0",
                                  b'{"capabilities":7}\0', b'{"a":"\0',
                                  b'{"a":' + b"[" * 1000 + b"]" * 1000 + b"}\0"])
def test_version_refuses_text(cable, text):
    client = cable.keep(Client(cable.ep_socket, negotiate=False))
    refused(errno.EINVAL, client.version, text=text)
    client.version()
    assert alive(client)


def test_version_refuses_other_major(cable):
    client = cable.keep(Client(cable.ep_socket, negotiate=False))
    refused(errno.EPROTONOSUPPORT, client.version, major=1)
    cable.expect("endpoint: speaks vfio-user 1.0; only 0.x is allowed")


def test_version_twice(endpoint):
    refused(errno.EINVAL, endpoint.version)
    assert alive(endpoint)


def test_nothing_before_version(cable):
    client = cable.keep(Client(cable.ep_socket, negotiate=False))
    for command in (vfu.GET_INFO, vfu.DMA_MAP, vfu.RESET, vfu.REGION_WRITE):
        refused(errno.EINVAL, client.request, command, b"\0" * 64)
    client.version()
    assert alive(client)


@pytest.mark.parametrize("command", [0, 6, 11, 12, 14, 15, 16, 0xffff])
def test_unknown_command(endpoint, command):
    refused(errno.EOPNOTSUPP, endpoint.request, command, b"\0" * 40)
    assert alive(endpoint)


@pytest.mark.parametrize("command,size", [
    (vfu.DMA_MAP, 32), (vfu.DMA_UNMAP, 24), (vfu.GET_INFO, 16), (vfu.GET_REGION_INFO, 32),
    (vfu.GET_IRQ_INFO, 16), (vfu.SET_IRQS, 20), (vfu.REGION_READ, 16), (vfu.REGION_WRITE, 16)])
def test_short_payload(endpoint, command, size):
    for length in range(size):
        refused(errno.EINVAL, endpoint.request, command, b"\xff" * length)
    assert alive(endpoint)


@pytest.mark.parametrize("command,size", [
    (vfu.DMA_MAP, 32), (vfu.DMA_UNMAP, 24), (vfu.GET_INFO, 16), (vfu.GET_REGION_INFO, 32),
    (vfu.GET_IRQ_INFO, 16), (vfu.SET_IRQS, 20)])
def test_argsz_too_small(endpoint, command, size):
    refused(errno.EINVAL, endpoint.request, command,
            struct.pack("<I", size - 1) + b"\0" * (size - 4))
    assert alive(endpoint)


@pytest.mark.parametrize("size", [0, 15, 16 + 16 + 65536 + 1, 0xffffffff])
def test_bad_size_closes_that_connection(cable, size):
    endpoint = cable.endpoint()
    other = cable.bank()
    other.send(vfu.GET_INFO, b"", size=size)
    with pytest.raises(Closed):
        other.receive()
    cable.expect("window bank 0: message of %u bytes; 16 to 65568 are allowed" % size)
    assert alive(endpoint)


def test_reply_is_no_command(cable):
    endpoint = cable.endpoint()
    other = cable.bank()
    other.send(vfu.GET_INFO, struct.pack("<IIII", 16, 0, 0, 0), flags=vfu.REPLY)
    with pytest.raises(Closed):
        other.receive()
    assert alive(endpoint)


def test_largest_message(endpoint):
    data = os.urandom(65536)
    endpoint.write_region(2, 0, data)
    assert endpoint.read_region(2, 0, 65536) == data
    refused(errno.EINVAL, endpoint.read_region, 2, 0, 65537)


def test_byte_by_byte(endpoint):
    message = struct.pack("<HHIII", 77, vfu.GET_INFO, 32, 0, 0) + struct.pack("<IIII", 16, 0, 0, 0)
    for i in range(len(message)):
        endpoint.sock.sendall(message[i:i + 1])
        time.sleep(0.002)
    ident, command, flags, error, payload, _ = endpoint.receive()
    assert (ident, command, flags, error, len(payload)) == (77, vfu.GET_INFO, 1, 0, 16)


def test_end_in_the_middle_of_a_message(cable):
    endpoint = cable.endpoint()
    for length in (1, 15, 16, 20):
        other = cable.bank()
        other.sock.sendall((struct.pack("<HHIII", 1, vfu.GET_INFO, 32, 0, 0) + b"\0" * 16)[:length])
        other.close()
        cable.clients.remove(other)
    cable.expect("window bank 0: connection closed")
    assert alive(endpoint)


def test_many_at_once(endpoint):
    idents = [endpoint.send(vfu.REGION_READ, struct.pack("<QII", 0, 0, 4)) for _ in range(100)]
    for ident in idents:
        got, _, flags, _, payload, _ = endpoint.receive()
        assert (got, flags, payload[16:]) == (ident, 1, b"PCBL")


def test_no_reply(endpoint):
    endpoint.send(vfu.REGION_WRITE, struct.pack("<QIII", 0x1000, 0, 4, 0x12345678),
                  flags=vfu.NO_REPLY)
    endpoint.send(99, b"", flags=vfu.NO_REPLY)
    assert endpoint.fn(vfu.FN_ID) == 0x12345678


def test_device_info(endpoint):
    assert alive(endpoint)


def test_peer_that_does_not_read_stops_nobody(pair):
    endpoint, host = pair
    host.sock.setblocking(False)
    message = struct.pack("<HHIII", 1, vfu.REGION_READ, 32, 0, 0) + struct.pack("<QII", 0, 7, 4096)
    with pytest.raises(BlockingIOError):
        for _ in range(100000):
            host.sock.send(message)
    start = time.monotonic()
    for _ in range(100):
        assert endpoint.reg(vfu.LINK_STATUS) == 1
    assert time.monotonic() - start < 2


def fd_numbers(cable):
    """Of what is open when its threads have nothing open of their own."""
    def fds():
        return set(map(int, os.listdir("/proc/%d/fd" % cable.process.pid)))

    seen = fds()
    for _ in range(5):
        time.sleep(0.02)
        seen, before = fds(), seen
        while seen != before:
            time.sleep(0.05)
            seen, before = fds(), seen
    return seen


def open_fds(cable):
    return len(fd_numbers(cable))


def test_descriptors_are_closed(cable, endpoint):
    fd = os.memfd_create("more")
    os.ftruncate(fd, 8192)
    before = open_fds(cable)
    for _ in range(200):
        endpoint.dma_map(0x1000, 0x1000, fd)
        endpoint.dma_unmap(0x1000, 0x1000)
        refused(errno.EINVAL, endpoint.dma_map, 0x1000, 0x4000, fd)
        refused(errno.EOPNOTSUPP, endpoint.request, 99, b"", [fd] * 8)
        refused(errno.EINVAL, endpoint.set_irqs, vfu.IRQ_EVENTFD | vfu.IRQ_TRIGGER, 0, 1, [fd] * 2)
    assert open_fds(cable) == before
    os.close(fd)


def test_descriptors_arrive_with_any_byte(endpoint):
    event = vfu.Event()
    message = struct.pack("<HHIII", 5, vfu.SET_IRQS, 36, 0, 0) + struct.pack(
        "<IIIII", 20, vfu.IRQ_EVENTFD | vfu.IRQ_TRIGGER, 2, 0, 1)
    for cut in (1, 16, 17, 35):
        endpoint.sock.sendall(message[:cut])
        time.sleep(0.01)
        socket.send_fds(endpoint.sock, [message[cut:]], [event.fd])
        assert endpoint.receive()[:4] == (5, vfu.SET_IRQS, 1, 0)
        endpoint.set_irqs(vfu.IRQ_NONE | vfu.IRQ_TRIGGER, 0, 1)
        assert event.take() == 1


def test_too_many_descriptors(cable):
    endpoint = cable.endpoint()
    other = cable.bank()
    before = open_fds(cable)
    other.send(vfu.GET_INFO, struct.pack("<IIII", 16, 0, 0, 0), [0] * 9)
    with pytest.raises(Closed):
        other.receive()
    assert alive(endpoint)
    vfu.wait_until(lambda: open_fds(cable) == before - 1, "all descriptors are closed")


def test_noise(cable):
    """Random bytes, in frames and without, never end the program."""
    endpoint = cable.endpoint()
    for seed in range(150):
        noise = os.urandom(seed)
        try:
            other = Client(cable.ep_socket)
            if seed % 2:
                other.sock.sendall(noise)
            else:
                for command in range(20):
                    other.send(command, noise)
            other.close()
        except (Closed, OSError):
            pass
    assert alive(endpoint)
