# SPDX-License-Identifier: GPL-2.0
"""Either side goes away at any moment, while both write as fast as they can."""

import pytest

import resets


def after(pair):
    """What must hold when all is over: a login works, and a host without driver has peace."""
    pair.wait_consoles()
    resets.check_vectors(pair)
    pair.answer(pair.host, False)
    for machine in (pair.host, pair.endpoint):
        pair.hold(machine)
    pair.drain(pair.endpoint, pair.host)
    pair.release(pair.host)
    pair.answer(pair.host, True)
    assert pair.login_to_host().split() == ["x86_64"]
    resets.check_left_alone(pair)


@pytest.mark.backend_whole("test_ports.py has the same, of each port")
@pytest.mark.once
@pytest.mark.kasan
def test_host_driver_unbound(pair):
    resets.host_driver_unbound(pair)
    after(pair)


@pytest.mark.backend_whole("to the endpoint it is the end of the host's driver, and another one")
@pytest.mark.once
def test_host_reboots(pair):
    resets.host_reboots(pair)
    after(pair)


@pytest.mark.once
def test_host_crashes(pair):
    resets.host_crashes(pair)
    after(pair)


@pytest.mark.once
def test_host_kexecs(pair):
    resets.host_kexecs(pair)
    after(pair)


@pytest.mark.once
@pytest.mark.kasan
def test_function_level_reset(pair):
    resets.function_level_reset(pair)
    after(pair)


@pytest.mark.once
def test_slot_reset(pair):
    resets.slot_reset(pair)
    after(pair)


@pytest.mark.once
def test_host_is_switched_off(pair):
    resets.host_is_switched_off(pair)
    after(pair)


@pytest.mark.backend
@pytest.mark.once
@pytest.mark.kasan
@pytest.mark.lost
@pytest.mark.unlinked
def test_function_unbound(pair):
    resets.function_unbound(pair)
    after(pair)


@pytest.mark.kasan
@pytest.mark.lost
@pytest.mark.unlinked
def test_modules_removed(pair):
    resets.modules_removed(pair)
    after(pair)


@pytest.mark.once
@pytest.mark.lost
def test_endpoint_is_switched_off(pair):
    resets.endpoint_is_switched_off(pair)
    after(pair)
