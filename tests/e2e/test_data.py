# SPDX-License-Identifier: GPL-2.0
"""Bytes through the console, compared."""

import hashlib

import pytest

from conftest import MAPPED
from transfer import RECEIVE, SEND, check_received, exchange, random_file

# Through windows that are not mapped, each eight bytes are an access for pcie-cable
SIZE = 1 << 20 if MAPPED else 64 << 10


def sides(pair):
    return {"host": pair.host, "endpoint": pair.endpoint}


@pytest.fixture
def raw(pool, pair):
    """Both ends held open in raw mode, with nothing left in the line."""
    yield from raw_ends(pool, pair)


@pytest.fixture
def raw_small(pool, resized):
    """The same with queues of 16 buffers, so that a slow receiver soon has none left."""
    yield from raw_ends(pool, resized(16))


def raw_ends(pool, pair):
    pair.answer(pair.host, False)
    pair.hold(pair.host)
    pair.drain(pair.endpoint, pair.host)
    yield pair
    if pool.spoilt:
        return
    pair.release(pair.host)
    pair.answer(pair.host, True)


def test_hash_is_sensitive(pair):
    """What the tests below rely on: the machines' sha256sum tells files apart."""
    text = pair.host.shell.check("printf abc | sha256sum").split()[0]
    assert text == hashlib.sha256(b"abc").hexdigest()
    assert random_file(pair.host, SIZE) != random_file(pair.host, SIZE)


@pytest.mark.backend
@pytest.mark.parametrize("way", ["to-host", "to-endpoint"])
def test_one_way(raw, way):
    machines = sides(raw)
    to = machines.pop(way[3:])
    (source,) = machines.values()
    expected = random_file(source, SIZE)
    receiving = to.shell.start(RECEIVE % SIZE)
    said = source.shell.check(SEND, 80)
    _, text = to.shell.finish(receiving, 80, "receive 1 MiB")
    check_received(raw, text, SIZE, expected)
    assert said == ""


@pytest.mark.backend
def test_both_ways(raw):
    exchange(raw, SIZE)


@pytest.mark.backend_whole("test_back_pressure has small queues")
@pytest.mark.once
@pytest.mark.kasan
def test_both_ways_with_small_queues(raw_small):
    exchange(raw_small, SIZE)


LINE = "written while you were away, line %d"


def numbered(count):
    return "".join(LINE % n + "\n" for n in range(count))


def write_lines(machine, count):
    machine.shell.check(
        "exec 4<>/dev/hvc0; stty raw -echo <&4; n=0; while [ $n -lt %d ]; do"
        " echo '%s' >&4; n=$((n+1)); done" % (count, LINE.replace("%d", "'$n'")), 30)


def read_until(machine, last, timeout=20):
    """What arrives on hvc0, up to the line last."""
    code, text = machine.shell.run(
        "exec 4<>/dev/hvc0; stty raw -echo <&4; timeout %d sh -c 'while read -r line;"
        " do echo \"$line\"; [ \"$line\" != \"%s\" ] || exit 0; done' <&4" % (timeout, last),
        timeout + 10)
    assert code == 0, "%r did not arrive; this did: %r" % (last, text)
    return text


@pytest.mark.backend
def test_host_writes_first(pair):
    """Nobody has the endpoint's hvc0 open while the host writes."""
    pair.answer(pair.host, False)
    pair.release(pair.endpoint)
    write_lines(pair.host, 20)
    text = read_until(pair.endpoint, LINE % 19)
    pair.hold(pair.endpoint)
    pair.answer(pair.host, True)
    assert numbered(20) in text


@pytest.mark.backend
def test_endpoint_writes_first(pair):
    """The host's driver is not there while the endpoint writes."""
    pair.answer(pair.host, False)
    card = pair.unbind_driver()
    write_lines(pair.endpoint, 20)
    pair.bind_driver(card)
    pair.wait_consoles()
    text = read_until(pair.host, LINE % 19)
    pair.answer(pair.host, True)
    assert numbered(20) in text
