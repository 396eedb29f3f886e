# SPDX-License-Identifier: GPL-2.0
"""Others do what they should not at the cable's sockets: both machines have their link.

For 20 s, or for E2E_HOSTILE_MINUTES. tests/cable/hostile.py says what they do.
"""

import os
import re
import sys
import time

import pytest

from conftest import TOP
from transfer import exchange

sys.path.insert(0, os.path.join(TOP, "tests", "cable"))

import hostile                                          # noqa: E402

MINUTES = float(os.environ.get("E2E_HOSTILE_MINUTES", "0.33"))
SIZE = 4 << 10


@pytest.mark.once
@pytest.mark.limit(300 + 60 * MINUTES)
def test_others(pair):
    folder = hostile.Folder(pair.directory)
    if not os.path.exists(folder.control):
        os.symlink(pair.cable.control, folder.control)
    pair.cable.ctl("stat", "reset")
    downs = pair.cable.stat("link down")
    pair.answer(pair.host, False)
    pair.hold(pair.host)
    actors = [hostile.Actor(name, seed, folder.path)
              for seed, name in enumerate(("knock", "bank", "client"))]
    try:
        end = time.monotonic() + 60 * MINUTES
        while time.monotonic() < end:
            exchange(pair, SIZE)
    finally:
        for actor in actors:
            actor.end()
        # Nobody is there any more, so the socket is free for commands as well
        os.unlink(folder.control)
    pair.release(pair.host)
    pair.answer(pair.host, True)
    assert pair.login_to_host() == "x86_64"
    assert pair.cable.stat("link down") == downs
    for name in ("connections refused", "descriptors refused"):
        assert pair.cable.stat(name)[0] > 10, name
    assert os.path.getsize(pair.cable.log) < 4 << 20
    for line in re.findall(r"^dropped.*(?:\n .*)*", pair.cable.ctl("stat"), re.M):
        print(line)
