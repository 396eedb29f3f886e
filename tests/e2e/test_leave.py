# SPDX-License-Identifier: GPL-2.0
"""The function goes away while the host's driver uses it."""

import time

import pytest

from resets import check_host_runs


@pytest.mark.backend
@pytest.mark.once
@pytest.mark.kasan
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

    check_host_runs(pair)
    pair.at_host("kill -9 $(cat /run/writer)")

    pair.stop_link()
    pair.bind()
    pair.start_link()
    pair.remove_card()
    pair.rescan()
    pair.wait_consoles()
    pair.answer(pair.host, True)
    assert pair.login_to_host().split() == ["x86_64"]
