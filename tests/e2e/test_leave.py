# SPDX-License-Identifier: GPL-2.0
"""The function goes away while the host's driver uses it."""

import time

import pytest

from resets import timer_interrupts


@pytest.mark.lost
@pytest.mark.unlinked
def test_function_taken_from_writing_host(pair):
    """hvc waits for its buffer with interrupts off, and nobody is left to return it."""
    pair.answer(pair.host, False)
    pair.at_host("exec 4<>/dev/hvc0", "stty raw -echo <&4",
                 "(while :; do echo 0123456789abcdef; done >&4) >/dev/null 2>&1 &"
                 " echo $! >/run/writer")
    time.sleep(1)
    pair.unbind()
    time.sleep(1)

    # Two that are busy, so that both processors have something to count
    pair.at_host("for n in 1 2; do (while :; do :; done) >/dev/null 2>&1 &"
                 " echo $!; done >/run/busy")
    before = timer_interrupts(pair.host)
    time.sleep(2)
    after = timer_interrupts(pair.host)
    pair.at_host("kill $(cat /run/busy); kill -9 $(cat /run/writer)")
    assert all(late - early > 20 for early, late in zip(before, after)), \
        "a processor of the host stands still: %r, then %r" % (before, after)

    pair.stop_link()
    pair.bind()
    pair.start_link()
    pair.remove_card()
    pair.rescan()
    pair.wait_consoles()
    pair.answer(pair.host, True)
    assert pair.login_to_host().split() == ["x86_64"]
