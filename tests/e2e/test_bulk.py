# SPDX-License-Identifier: GPL-2.0
"""Much data through a generic port, in writes of any size, while another one comes and goes."""

import pytest

import ports
from conftest import MAPPED, WHOLE
from transfer import random_file

SIZE = ((100 if WHOLE else 8) if MAPPED else 1) << 20
PORT, OTHER = 1, 3
LIMIT = 900

# Each dd reads and writes eight times, each time as many bytes, from 1 to 65536. A port can
# be opened once on each side, so both ways go through the same file. Who reads before the
# other side has opened it finds the end of file.
MOVE = """(exec 4<>%(device)s
	until %(connected)s; do
		sleep 0.1
	done
	(left=%(send)d; while [ $left -gt 0 ]; do
		n=$(($(od -An -N2 -tu2 /dev/urandom) + 1))
		dd bs=$n count=8 2>/dev/null
		left=$((left - 8 * n))
	done) </tmp/out >&4 &
	head -c %(receive)d <&4 | sha256sum; wait)"""
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
    sums = {machine: random_file(machine, SIZE if machine in sources else 0, 200)
            for machine in ports.machines(pair)}
    jobs = []
    for machine, other in (ports.machines(pair), ports.machines(pair)[::-1]):
        jobs.append((machine, sums[other], machine.shell.start(MOVE % {
            "device": ports.device(machine, PORT),
            "connected": ports.if_connected(machine, PORT),
            "send": SIZE * (machine in sources), "receive": SIZE * (other in sources)})))
    for machine, expected, job in jobs:
        assert ports.finish(machine, job, LIMIT)[0] == expected


@pytest.mark.backend
@pytest.mark.once
@pytest.mark.limit(LIMIT)
@pytest.mark.parametrize("way", ["to-host", "to-endpoint", "both-ways"])
def test_much(restless, way):
    pair = restless
    sources = {"to-host": [pair.endpoint], "to-endpoint": [pair.host],
               "both-ways": [pair.host, pair.endpoint]}[way]
    move(pair, *sources)
    counters = pair.counter_values()
    assert not any(value for name, value in counters.items() if name.endswith("_dropped"))
