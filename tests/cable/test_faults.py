# SPDX-License-Identifier: GPL-2.0
"""What control commands have the endpoint's driver do; it honours the registers."""

import pytest
from test_control import controlled, ctl, refused              # noqa: F401

MAP_LIMIT, WINDOW_LIMIT = 0x80, 0x84
LIMITED = 1 << 31


@pytest.fixture
def endpoint(controlled):                                               # noqa: F811
    return controlled.endpoint()


def test_short_maps(controlled, endpoint, ctl):                         # noqa: F811
    assert endpoint.reg(MAP_LIMIT) == 0
    for size in (256, 4096, 512 << 20):
        assert ctl("map", "short", str(size)) == ""
        assert endpoint.reg(MAP_LIMIT) == size
    # It is the cable's, whoever is there
    controlled.leave(endpoint, "endpoint disconnected")
    endpoint = controlled.endpoint()
    endpoint.set_reg(MAP_LIMIT, 0)
    assert endpoint.reg(MAP_LIMIT) == 512 << 20
    assert ctl("map", "short", "off") == ""
    assert endpoint.reg(MAP_LIMIT) == 0


@pytest.mark.parametrize("size", ["", "0", "255", "536870913", "1k", "of", "offf", "-256"])
def test_bad_short_maps(program, controlled, endpoint, size):           # noqa: F811
    assert refused(program, controlled, "map", "short", size) == \
        "map short: BYTES from 256 to 536870912, or off, is allowed"
    assert refused(program, controlled, "map", "short", "4097") == \
        "map short: BYTES must be a power of two"
    assert endpoint.reg(MAP_LIMIT) == 0


@pytest.mark.parametrize("size", ["4096", "off"])
def test_no_short_maps_without_align_addr(program, start, tmp_path, size):
    cable = start("--profile=j721e", "--control=%s/control" % tmp_path)
    cable.control = str(tmp_path / "control")
    assert "no align_addr" in refused(program, cable, "map", "short", size)


def test_few_windows(controlled, endpoint, ctl):                        # noqa: F811
    assert endpoint.reg(WINDOW_LIMIT) == 0
    for count in (0, 3, 256):
        assert ctl("windows", "limit", str(count)) == ""
        assert endpoint.reg(WINDOW_LIMIT) == LIMITED | count
    controlled.leave(endpoint, "endpoint disconnected")
    assert controlled.endpoint().reg(WINDOW_LIMIT) == LIMITED | 256
    assert ctl("windows", "limit", "off") == ""
    assert controlled.clients[-1].reg(WINDOW_LIMIT) == 0


@pytest.mark.parametrize("count", ["", "257", "-1", "all"])
def test_bad_number_of_windows(program, controlled, endpoint, count):   # noqa: F811
    assert refused(program, controlled, "windows", "limit", count) == \
        "windows limit: N from 0 to 256, or off, is allowed"
    assert endpoint.reg(WINDOW_LIMIT) == 0
