# SPDX-License-Identifier: GPL-2.0
"""What the endpoint does while nothing happens."""

import pytest

from conftest import PROFILE

# Interrupts of the timer, of both processors together, in a second. One that looks at the
# registers every 100 us takes thousands.
FEW = 1500


def timer_interrupts(pair):
    script = "awk '/arch_timer/ { n += $2 + $3 } END { print n }' /proc/interrupts"
    before = int(pair.endpoint.shell.check(script))
    pair.endpoint.shell.check("sleep 3")
    return (int(pair.endpoint.shell.check(script)) - before) / 3


@pytest.mark.once
@pytest.mark.skipif(PROFILE == "j721e", reason="its driver tells nobody that the link has stopped")
def test_link_stopped(pair):
    """Nobody looks at registers that nobody can reach."""
    pair.answer(pair.host, False)
    pair.remove_card()
    pair.endpoint.shell.check("sleep 1")
    busy = timer_interrupts(pair)
    pair.stop_link()
    assert timer_interrupts(pair) < FEW < busy
    pair.start_link()
    pair.rescan()
    pair.wait_consoles()
    pair.answer(pair.host, True)
