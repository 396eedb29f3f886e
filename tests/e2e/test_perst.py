# SPDX-License-Identifier: GPL-2.0
"""Controllers that start anew with PERST#: epc_deinit and epc_init at each host reset."""

import pytest

import resets
from test_resets import after


WITHOUT = "test_resets.py has the same without PERST#, and slot_reset tries PERST#"


@pytest.fixture
def perst(pool, suite, guard):
    """A pair of machines with such a controller."""
    return pool.get(suite, init="perst")


def deasserted(pair):
    return pair.cable.said("PERST# deasserted")


@pytest.mark.once
def test_logins(perst):
    assert deasserted(perst) >= 1, "when the link was started"
    assert perst.login_to_host() == "x86_64"
    assert perst.login_to_endpoint() == "aarch64"


@pytest.mark.parametrize("how", [
    pytest.param("host_reboots", marks=pytest.mark.whole(WITHOUT)),
    pytest.param("slot_reset", marks=pytest.mark.once),
    pytest.param("host_is_switched_off", marks=pytest.mark.whole(WITHOUT))])
def test_resets(perst, how):
    before = deasserted(perst)
    getattr(resets, how)(perst)
    assert deasserted(perst) > before
    after(perst)


@pytest.mark.once
def test_functions_use_nothing_before_their_time(perst):
    assert "used before epc_init" not in perst.endpoint.read_log()


@pytest.mark.once
@pytest.mark.lost
def test_perst_without_a_reset_of_the_host(perst):
    """Somebody has pulled the card out and put it in again: nobody tells the host's driver."""
    load = resets.Load(perst, perst.endpoint)
    perst.cable.ctl("perst")
    perst.cable.wait_up()
    perst.remove_card()
    perst.rescan()
    load.stop(perst.host, perst.endpoint)
    after(perst)
