# SPDX-License-Identifier: GPL-2.0
"""All that a machine or a client should not do, at once, for some seconds: hostile.py."""

import hostile


def test_some_seconds():
    dropped, report = hostile.run(0.2, 1)
    assert report.requests > 1000 and report.exchanges
    assert dropped["connections refused"] > 100
    assert dropped["descriptors refused"] > 100
    assert dropped["log lines left out"] > 100
