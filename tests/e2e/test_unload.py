# SPDX-License-Identifier: GPL-2.0
"""What keeps the endpoint's modules loaded: whatever may still call them."""

import pytest

import ports

pytestmark = pytest.mark.kasan

UNLOAD = "rmmod pci-epf-vcon"


@pytest.fixture
def alone(pool, pair):
    """The modules are loaded, nothing is made of them, and the host is without a card."""
    pair.remove_card()
    pair.deconfigure()
    yield pair
    if pool.spoilt:
        return
    pair.load_modules()
    pair.configure()
    pair.rescan()
    pair.wait_consoles()


def check_in_use(pair):
    code, text = pair.endpoint.shell.run(UNLOAD)
    # EWOULDBLOCK: somebody uses it
    assert code != 0 and "temporarily unavailable" in text


@pytest.mark.parametrize("backend", ["bridge", "direct"])
def test_function_that_is_not_bound(alone, backend):
    """Its folder is there, with settings that are the module's: to be removed first."""
    pair = alone
    usual, pair.backend = pair.backend, backend
    pair.make_functions()
    pair.backend = usual
    check_in_use(pair)
    assert pair.endpoint.shell.check("cat %sbackend" % ports.CONFIGFS) == backend
    pair.remove_functions()
    pair.endpoint.shell.check(UNLOAD)


def keep_terminal(pair):
    """A function has a terminal, which somebody opens; then it is unbound."""
    usual, pair.backend = pair.backend, "direct"
    pair.make_functions()
    pair.bind()
    pair.backend = usual
    pair.endpoint.shell.check("sleep 1000 <>/dev/hvc0 & echo $! >/run/keeper")
    pair.unbind()


def close_terminal(pair):
    pair.endpoint.shell.check(
        "n=$(cat /run/keeper); kill $n; while kill -0 $n 2>/dev/null; do sleep 0.05; done")


def wait_unloaded(pair):
    pair.endpoint.wait_for("the module to be free",
                           lambda: pair.endpoint.shell.run(UNLOAD)[0] == 0, 10)


def test_terminal_that_somebody_keeps_open(alone):
    """hvc calls the module again when another program opens what is left of the terminal."""
    pair = alone
    keep_terminal(pair)
    shell = pair.endpoint.shell
    pair.remove_functions()
    check_in_use(pair)
    code, _ = shell.run("timeout 10 cat /dev/hvc0")
    assert code in (0, 1), "who opens it is not told that it has gone"
    check_in_use(pair)
    close_terminal(pair)
    wait_unloaded(pair)
    code, _ = shell.run("cat /dev/hvc0")
    assert code == 1, "a terminal that was removed can be opened"


def test_next_terminal_is_another_one(alone):
    """What is left of a terminal has nothing of the one that is made next."""
    pair = alone
    keep_terminal(pair)
    shell = pair.endpoint.shell
    link = "%s/vcon0" % pair.controller()
    pair.at_endpoint("ln -s %s %s" % (ports.FIRST, pair.controller()))
    pair.start_link()
    pair.rescan()
    pair.wait_console(pair.host)
    pair.answer(pair.host, False)
    pair.host.shell.check("echo for the next one >/dev/hvc0")
    # hvc has given the file to the next one, but until it is closed it is the old one
    assert shell.check("cat %sendpoint_terminal" % ports.CONFIGFS) == "hvc0"
    assert "for the next one" not in shell.run("timeout 5 head -n 1 /dev/hvc0")[1]
    close_terminal(pair)
    line = shell.check("(stty raw -echo; timeout 10 head -n 1) </dev/hvc0")
    assert "for the next one" in line
    pair.answer(pair.host, True)
    pair.remove_card()
    pair.stop_link()
    pair.at_endpoint("rm " + link)
    pair.remove_functions()
    wait_unloaded(pair)
