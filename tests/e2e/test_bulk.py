# SPDX-License-Identifier: GPL-2.0
"""Much data through a generic port: in writes of any size, while another one comes and goes, and
over resets of the host's driver.
"""

import random
import time

import pytest

import ports
from conftest import HELPERS_MISSING, MAPPED, WHOLE
from transfer import random_file

SIZE = (100 if MAPPED else 1) << 20
PORT, OTHER = 1, 3
LIMIT = 900

ONE_WAY = "both ways at once is the same, and more"

MAKE = "/root/port-bulk make %d %d >/tmp/out && sha256sum </tmp/out"
# The seed also says how much is written at once
MOVE = "/root/port-bulk move %(device)s %(seed)d %(send)d %(receive)d </tmp/out | sha256sum"
COME_AND_GO = """sh -c 'while :; do sleep 0.2 <%s; sleep 0.1; done' >/dev/null 2>&1 &
echo $! >/run/other"""
LEAVE = "kill $(cat /run/other)"


@pytest.fixture
def restless(equipped):
    """A pair with ports, of which one is opened and closed by both sides all the time."""
    pair = equipped
    ports.configure(pair, (1, 2, 3))
    for machine in ports.machines(pair):
        machine.shell.check(COME_AND_GO % ports.device(machine, OTHER))
    yield pair
    for machine in ports.machines(pair):
        machine.shell.check(LEAVE)


def move(pair, *sources):
    """From these machines to the other one, at once."""
    seeds = {machine: random.randrange(1 << 32) for machine in ports.machines(pair)}
    size = {machine: SIZE * (machine in sources) for machine in ports.machines(pair)}
    sums = {machine: machine.shell.check(MAKE % (seeds[machine], size[machine]), 100)
            for machine in ports.machines(pair)}
    jobs = []
    for machine, other in (ports.machines(pair), ports.machines(pair)[::-1]):
        jobs.append((machine, sums[other], machine.shell.start(MOVE % {
            "device": ports.device(machine, PORT), "seed": seeds[machine],
            "send": size[machine], "receive": size[other]})))
    for machine, expected, job in jobs:
        assert ports.finish(machine, job, LIMIT) == expected.split(), (machine.name, seeds)


@pytest.mark.backend
@pytest.mark.once
@pytest.mark.not_kasan(HELPERS_MISSING)
@pytest.mark.limit(LIMIT)
@pytest.mark.parametrize("way", [
    pytest.param("to-host", marks=pytest.mark.whole(ONE_WAY)),
    pytest.param("to-endpoint", marks=pytest.mark.whole(ONE_WAY)), "both-ways"])
def test_much(restless, way):
    pair = restless
    sources = {"to-host": [pair.endpoint], "to-endpoint": [pair.host],
               "both-ways": [pair.host, pair.endpoint]}[way]
    before = ports.dropped(pair)
    move(pair, *sources)
    assert ports.dropped(pair) == before


RESETS = 10 if WHOLE else 3
# Bytes of the host that the function has given back to its driver as used
ACKNOWLEDGED = "port%d_transmitq_from_host_bytes" % PORT
# More than goes through before the reset, however fast that is
PIECES, PIECE = 128, 65536
BEGIN = """setsid sh -c 'n=0; while [ $n -lt %d ]; do
	dd if=/tmp/out bs=%d skip=$n count=1 2>/dev/null && sleep 0.1; n=$((n+1))
done' >%%s 2>/dev/null & echo $! >/run/sender""" % (PIECES, PIECE)
# dd, too: it may wait for the host to come back
END = "kill -KILL -$(cat /run/sender) 2>/dev/null; wait"
RECEIVED = "n=$(wc -c </tmp/in); echo $n $(sha256sum </tmp/in)"


@pytest.fixture
def watched(equipped):
    """Nobody but these tests uses the ports, nor the host's console."""
    pair = equipped
    ports.configure(pair, (1, 2, 3))
    pair.answer(pair.host, False)
    yield pair
    pair.answer(pair.host, True)


@pytest.mark.once
@pytest.mark.limit(LIMIT)
@pytest.mark.parametrize("way", [
    pytest.param("to-host", marks=pytest.mark.backend_whole(
        "what the host's driver loses to the host does not depend on the endpoint's side")),
    pytest.param("to-endpoint", marks=pytest.mark.backend)])
def test_resets(watched, way):
    """The host's driver is reset at any moment: what arrives is what was sent, up to a point, and
    nothing is missing that the host's driver was told to be done with.
    """
    pair = watched
    source, to = ports.machines(pair) if way == "to-endpoint" else ports.machines(pair)[::-1]
    chance = random.Random(way)
    random_file(source, PIECES * PIECE, 100)
    for _ in range(RESETS):
        before = pair.counter_values()[ACKNOWLEDGED]
        source.shell.check(BEGIN % ports.device(source, PORT))
        ports.wait_connected(to, PORT, True)
        to.shell.check("(timeout 100 cat %s >/tmp/in 2>/dev/null; echo done >/tmp/end) &"
                       % ports.device(to, PORT))
        to.wait_for("data", lambda: to.shell.run("[ -s /tmp/in ]")[0] == 0, 20)
        time.sleep(chance.uniform(0, 2))
        card = pair.unbind_driver()
        to.wait_for("the end", lambda: to.shell.run("rm /tmp/end 2>/dev/null")[0] == 0, 60)
        acknowledged = pair.counter_values()[ACKNOWLEDGED] - before
        source.shell.check(END)
        received, digest = to.shell.check(RECEIVED, 60).split()[:2]
        assert source.shell.check("head -c %s /tmp/out | sha256sum" % received,
                                  60).split()[0] == digest
        assert 0 < int(received) < PIECES * PIECE
        if way == "to-endpoint":
            assert 0 < acknowledged <= int(received)
        pair.bind_driver(card)
        pair.wait_consoles()
        ports.wait_there(pair, PORT)
        ports.wait_connected(pair.endpoint, PORT, False)
    ports.transfer(pair, source, to, PORT, 100000)
