# SPDX-License-Identifier: GPL-2.0
"""Reads pcapng files and PCI Express TLPs, by their specifications."""

import struct
from collections import namedtuple

USER0 = 147

# size: of the packet, of which data may be the beginning only
Packet = namedtuple("Packet", "interface us data comment direction size")
Tlp = namedtuple("Tlp", "kind requester tag enables address data completer status count message")


def options(data):
    """{code: [value, ...]}; they must end where the block does."""
    found = {}
    at = 0
    while True:
        code, size = struct.unpack_from("<HH", data, at)
        at += 4
        if not code:
            assert size == 0 and at == len(data)
            return found
        found.setdefault(code, []).append(data[at:at + size])
        pad = data[at + size:at + (size + 3) // 4 * 4]
        assert pad == bytes(len(pad))
        at += (size + 3) // 4 * 4


def read(data):
    """Names of the interfaces, and packets."""
    interfaces, packets = [], []
    at = 0
    while at < len(data):
        kind, size = struct.unpack_from("<II", data, at)
        assert size % 4 == 0 and at + size <= len(data)
        assert struct.unpack_from("<I", data, at + size - 4)[0] == size
        body = data[at + 8:at + size - 4]
        if kind == 0x0a0d0d0a:
            assert at == 0
            assert struct.unpack_from("<IHHq", body) == (0x1a2b3c4d, 1, 0, -1)
            assert options(body[16:]) == {4: [b"pcie-cable"]}
        elif kind == 1:
            assert not packets
            assert struct.unpack_from("<HHI", body) == (USER0, 0, 0)
            interfaces.append(options(body[8:])[2][0].decode())
        else:
            assert kind == 6
            interface, high, low, kept, whole = struct.unpack_from("<IIIII", body)
            assert interface < len(interfaces) and kept <= whole
            end = 20 + (kept + 3) // 4 * 4
            assert body[20 + kept:end] == bytes(end - 20 - kept)
            more = options(body[end:])
            assert set(more) == {1, 2}
            packets.append(Packet(interfaces[interface], high << 32 | low, body[20:20 + kept],
                                  more[1][0].decode(), struct.unpack("<I", more[2][0])[0] & 3, whole))
        at += size
    return interfaces, packets


KINDS = {(0b000, 0): "MRd", (0b001, 0): "MRd", (0b010, 0): "MWr", (0b011, 0): "MWr",
         (0b000, 4): "CfgRd0", (0b010, 4): "CfgWr0", (0b000, 10): "Cpl", (0b010, 10): "CplD",
         (0b001, 0b10100): "Msg"}


def tlp(data, size=None):
    """The fields of a TLP; data are those bytes of the payload that are enabled.

    size: of the TLP, where data are less.
    """
    fmt, kind = data[0] >> 5, data[0] & 31
    name = KINDS[fmt, kind]
    assert data[1] == 0 and data[2] & 0xfc == 0
    length = (data[2] & 3) << 8 | data[3] or 1024
    header = 16 if fmt & 1 else 12
    payload = data[header:]
    if fmt & 2:
        assert (size or len(data)) - header == 4 * length
    else:
        assert not payload
    if name in ("Cpl", "CplD"):
        completer, status, requester, tag, lower = struct.unpack(">HHHBB", data[4:12])
        count = status & 0xfff or 4096
        begin = lower & 3
        assert name == "Cpl" or length == (begin + count + 3) // 4
        assert name == "CplD" or data[2:4] == b"\0\0"
        return Tlp(name, requester, tag, None, lower, payload[begin:begin + count], completer,
                   status >> 13, count, None)
    requester, tag, enables = struct.unpack(">HBB", data[4:8])
    if name == "Msg":
        assert data[2:4] == b"\0\0"
        return Tlp(name, requester, tag, None, None, b"", None, None, None, enables)
    first, last = enables & 15, enables >> 4
    assert first and (last == 0) == (length == 1)
    address = int.from_bytes(data[8:header], "big")
    if name.startswith("M"):
        assert address % 4 == 0 and address % 4096 + 4 * length <= 4096
        assert header == 12 or address >> 32
    lanes = [first >> k & 1 for k in range(4)]
    if length > 1:
        lanes += [1] * 4 * (length - 2) + [last >> k & 1 for k in range(4)]
    begin, count = lanes.index(1), sum(lanes)
    assert lanes[begin:begin + count] == [1] * count
    assert payload == bytes(begin) + payload[begin:begin + count] + \
        bytes(max(len(payload) - begin - count, 0)) or not payload
    return Tlp(name, requester, tag, enables, address + begin, payload[begin:begin + count], None,
               None, count, None)
