# SPDX-License-Identifier: GPL-2.0
"""The pci_ep tree: what the kernel's guides say of it, and what they leave out."""

import pytest

FUNCTION = "functions/epf_dummy_a/f1"
OTHER = "functions/epf_dummy_b/f2"
CONTROLLER = "controllers/epc-dummy.0"
LINK = CONTROLLER + "/f1"
BOUND = FUNCTION + "/epf_dummy_a.0/bound"
EPC_DRIVER = "/sys/bus/platform/drivers/epc-dummy"
EPF_DRIVER = "/sys/bus/pci-epf/drivers/epf_dummy"
NUMBERS = {
    "vendorid": 16, "deviceid": 16, "revid": 8, "progif_code": 8, "subclass_code": 8,
    "baseclass_code": 8, "cache_line_size": 8, "subsys_vendor_id": 16, "subsys_id": 16,
    "interrupt_pin": 8, "msi_interrupts": 8, "msix_interrupts": 16,
}


@pytest.fixture
def loaded(tree):
    tree.load()
    tree.check("mkdir " + FUNCTION)
    return tree


@pytest.fixture
def linked(loaded):
    loaded.check("ln -s %s %s" % (FUNCTION, CONTROLLER))
    return loaded


@pytest.mark.parametrize("order", [
    ("pci_ep_configfs", "epc_dummy", "epf_dummy"),
    ("epf_dummy", "epc_dummy", "pci_ep_configfs"),
], ids=["first", "last"])
def test_directories_follow_what_is_there(tree, order):
    tree.load(*order)
    assert tree.names("controllers") == {"epc-dummy.%d" % n for n in range(4)}
    assert tree.names("functions") == {"epf_dummy_a", "epf_dummy_b"}
    tree.check("rmmod epf_dummy")
    assert tree.names("functions") == set()
    tree.check("rmmod epc_dummy")
    assert tree.names("controllers") == set()
    tree.load("epf_dummy", "epc_dummy")
    assert tree.names("controllers") == {"epc-dummy.%d" % n for n in range(4)}
    assert tree.names("functions") == {"epf_dummy_a", "epf_dummy_b"}


def test_function_has_the_documented_files(loaded):
    assert loaded.names(FUNCTION) == set(NUMBERS) | {"primary", "secondary", "epf_dummy_a.0"}
    assert loaded.names(CONTROLLER) == {"start"}
    assert loaded.check("cat %s/vendorid" % FUNCTION) == "0xffff"
    assert loaded.check("cat %s/interrupt_pin" % FUNCTION) == "0x0001"
    assert loaded.check("cat %s/msi_interrupts" % FUNCTION) == "0"


def test_numbers(loaded):
    for name in NUMBERS:
        check_number(loaded, name)


def check_number(loaded, name):
    path = FUNCTION + "/" + name
    top = (1 << NUMBERS[name]) - 1
    good = [0, 1, 0x12, top]
    shown = loaded.check(
        "for v in %s; do echo $v >%s; cat %s; done" % (" ".join(map(hex, good)), path, path))
    form = "%d" if name.startswith("msi") else "0x%04x"
    assert shown.split() == [form % value for value in good]

    def try_bad():
        for bad in (str(top + 1), "-1", "x", "''"):
            loaded.fails("echo %s >%s" % (bad, path), "Invalid argument")
    said = loaded.said_during(try_bad)
    assert said.count("%s: a number from 0 to %#x is allowed" % (name, top)) == 4, name
    assert int(loaded.check("cat " + path), 0) == top


def test_names_of_functions_are_numbered(loaded):
    loaded.check("mkdir " + OTHER, "mkdir functions/epf_dummy_a/f3", "rmdir " + OTHER,
                 "mkdir functions/epf_dummy_b/f4")
    assert loaded.names("/sys/bus/pci-epf/devices") == {
        "epf_dummy_a.0", "epf_dummy_b.1", "epf_dummy_a.2"}
    assert "epf_dummy_b.1" in loaded.names("functions/epf_dummy_b/f4")


def test_function_that_its_driver_refuses(loaded):
    """The driver has room for eight."""
    loaded.check(*("mkdir functions/epf_dummy_b/g%d" % n for n in range(7)))
    loaded.fails("mkdir functions/epf_dummy_b/g7", "No such device")
    assert len(loaded.names("/sys/bus/pci-epf/devices")) == 8


def test_link_binds_and_then_tells_of_the_controller(loaded):
    said = loaded.said("ln -s %s %s" % (FUNCTION, CONTROLLER))
    assert said.index("epf_dummy_a.0: bind") < said.index("epf_dummy_a.0: epc_init")
    assert loaded.check("cat " + BOUND) == "1"
    assert "epf_dummy_a.0: unbind" in loaded.said("rm " + LINK)
    assert loaded.check("cat " + BOUND) == "0"


def test_start_and_stop(linked):
    assert linked.check("cat %s/start" % CONTROLLER) == "0"
    linked.fails("echo 0 >%s/start" % CONTROLLER, "Operation already in progress")
    assert "epc-dummy.0: start" in linked.said("echo 1 >%s/start" % CONTROLLER)
    assert linked.check("cat %s/start" % CONTROLLER) == "1"
    linked.fails("echo 1 >%s/start" % CONTROLLER, "Operation already in progress")
    assert "epc-dummy.0: stop" in linked.said("echo 0 >%s/start" % CONTROLLER)
    linked.fails("echo maybe >%s/start" % CONTROLLER, "Invalid argument")


PARAMETERS = "/sys/module/%s/parameters/%s"


@pytest.mark.parametrize("linkdown_ms,unbind_ms", [(100, 400), (400, 100)])
def test_link_that_goes_down_while_a_function_is_unbound(linked, linkdown_ms, unbind_ms):
    """echo 0 >start, and the link removed at once: no event comes to what is unbound."""
    linked.check("echo %d >%s" % (linkdown_ms, PARAMETERS % ("epc_dummy", "linkdown_ms")),
                 "echo %d >%s" % (unbind_ms, PARAMETERS % ("epf_dummy", "unbind_ms")),
                 "echo 1 >%s/start" % CONTROLLER)
    said = linked.said("echo 0 >%s/start; rm %s; sleep 0.8" % (CONTROLLER, LINK))
    assert said.index("epc-dummy.0: stop") < said.index("epf_dummy_a.0: unbind")
    assert "epc-dummy.0: link down" in said
    assert "epf_dummy_a.0: link_down, not bound" not in said


def test_link_that_goes_down(linked):
    """As long as it is bound it hears of that."""
    linked.check("echo 100 >" + PARAMETERS % ("epc_dummy", "linkdown_ms"),
                 "echo 1 >%s/start" % CONTROLLER)
    said = linked.said("echo 0 >%s/start; sleep 0.5; rm %s" % (CONTROLLER, LINK))
    assert said.index("epf_dummy_a.0: link_down, bound") < said.index("epf_dummy_a.0: unbind")


def test_function_that_cannot_be_bound(loaded):
    loaded.check("echo 0xdead >%s/deviceid" % FUNCTION)
    loaded.fails("ln -s %s %s" % (FUNCTION, CONTROLLER), "Invalid argument")
    assert loaded.names(CONTROLLER) == {"start"}
    loaded.check("echo 1 >%s/deviceid" % FUNCTION, "ln -s %s %s" % (FUNCTION, CONTROLLER))
    assert loaded.check("cat " + BOUND) == "1"


def test_no_more_functions_than_the_controller_has(linked):
    linked.check("mkdir functions/epf_dummy_b/f2 functions/epf_dummy_b/f3",
                 "ln -s functions/epf_dummy_b/f2 " + CONTROLLER)
    linked.fails("ln -s functions/epf_dummy_b/f3 " + CONTROLLER, "Invalid argument")


def test_function_is_bound_once(linked):
    linked.fails("ln -s %s controllers/epc-dummy.1/" % FUNCTION, "Device or resource busy")
    linked.fails("ln -s %s %s/again" % (FUNCTION, CONTROLLER), "Device or resource busy")
    linked.fails("ln -s %s %s/primary/" % (CONTROLLER, FUNCTION), "Device or resource busy")
    assert linked.check("cat " + BOUND) == "1"


@pytest.mark.parametrize("target", [
    "functions", "functions/epf_dummy_a", "controllers/epc-dummy.1",
    FUNCTION + "/primary", FUNCTION + "/epf_dummy_a.0",
])
def test_only_functions_are_linked_to_controllers(loaded, target):
    loaded.fails("ln -s %s %s/wrong" % (target, CONTROLLER), "Invalid argument")


def test_primary_and_secondary(loaded):
    loaded.fails("ln -s functions/epf_dummy_a %s/primary/wrong" % FUNCTION, "Invalid argument")
    loaded.check("ln -s controllers/epc-dummy.0 %s/primary/" % FUNCTION,
                 "ln -s controllers/epc-dummy.1 %s/secondary/" % FUNCTION)
    assert loaded.check("cat " + BOUND) == "1"
    loaded.fails("rmdir " + FUNCTION, "Directory not empty")
    loaded.check("rm %s/secondary/epc-dummy.1 %s/primary/epc-dummy.0" % (FUNCTION, FUNCTION))
    assert loaded.check("cat " + BOUND) == "0"
    loaded.check("rmdir " + FUNCTION)


def test_virtual_functions(loaded):
    loaded.check("mkdir " + OTHER)
    loaded.fails("ln -s %s %s/self" % (FUNCTION, FUNCTION), "Invalid argument")
    loaded.check("ln -s %s %s/vf1" % (OTHER, FUNCTION))
    loaded.fails("ln -s %s %s" % (OTHER, CONTROLLER), "Invalid argument")
    said = loaded.said("ln -s %s %s" % (FUNCTION, CONTROLLER))
    assert "epf_dummy_b.1: bind" in said and "epf_dummy_a.0: bind" in said
    said = loaded.said("rm " + LINK)
    assert "epf_dummy_b.1: unbind" in said and "epf_dummy_a.0: unbind" in said
    loaded.check("rm %s/vf1" % FUNCTION, "rmdir " + OTHER)


def test_virtual_function_leaves_one_that_is_bound(loaded):
    loaded.check("mkdir " + OTHER, "ln -s %s %s/vf1" % (OTHER, FUNCTION),
                 "ln -s %s %s" % (FUNCTION, CONTROLLER))
    assert "epf_dummy_b.1: unbind" in loaded.said("rm %s/vf1" % FUNCTION)
    loaded.check("rmdir " + OTHER, "rm " + LINK)


def test_driver_leaves_a_virtual_function(loaded):
    loaded.check("mkdir " + OTHER, "ln -s %s %s/vf1" % (OTHER, FUNCTION),
                 "ln -s %s %s" % (FUNCTION, CONTROLLER))
    said = loaded.said("echo epf_dummy_b.1 >%s/unbind" % EPF_DRIVER)
    assert "epf_dummy_b.1: unbind" in said and "epf_dummy_a.0: unbind" in said
    loaded.check("rm " + LINK)
    loaded.fails("ln -s %s %s" % (FUNCTION, CONTROLLER), "No such device")
    loaded.check("rm %s/vf1" % FUNCTION, "ln -s %s %s" % (FUNCTION, CONTROLLER))
    assert loaded.check("cat " + BOUND) == "1"


def test_what_is_used_stays(linked):
    linked.fails("rmdir " + FUNCTION, "busy")
    linked.fails("rmdir functions/epf_dummy_a", "Operation not permitted")
    linked.fails("rmdir " + CONTROLLER, "Operation not permitted")
    for module in ("epf_dummy", "epc_dummy", "pci_ep_configfs"):
        linked.fails("rmmod " + module, "temporarily unavailable")
    linked.check("rm " + LINK)
    for module in ("epf_dummy", "pci_ep_configfs"):
        linked.fails("rmmod " + module, "temporarily unavailable")
    linked.check("rmdir " + FUNCTION, "echo 1 >%s/start" % CONTROLLER)
    linked.fails("rmmod pci_ep_configfs", "temporarily unavailable")
    linked.check("echo 0 >%s/start" % CONTROLLER, "rmmod epf_dummy", "rmmod pci_ep_configfs")


def test_controller_goes_while_functions_are_linked(linked):
    linked.check("echo 1 >%s/start" % CONTROLLER)
    assert "epf_dummy_a.0: unbind" in linked.said("echo epc-dummy.0 >%s/unbind" % EPC_DRIVER)
    assert linked.check("cat " + BOUND) == "0"
    assert linked.names(CONTROLLER) == {"f1", "start"}
    assert linked.check("cat %s/start" % CONTROLLER) == "0"
    linked.fails("echo 1 >%s/start" % CONTROLLER, "No such device")
    linked.check("mkdir " + OTHER)
    linked.fails("ln -s %s %s" % (OTHER, CONTROLLER), "No such device")
    linked.check("ln -s %s controllers/epc-dummy.1" % FUNCTION)
    assert linked.check("cat " + BOUND) == "1"
    linked.check("rm " + LINK)
    linked.gone(CONTROLLER)
    assert linked.check("cat " + BOUND) == "1"
    linked.check("rm controllers/epc-dummy.1/f1", "echo epc-dummy.0 >%s/bind" % EPC_DRIVER,
                 "ln -s %s %s" % (FUNCTION, CONTROLLER))
    assert linked.check("cat " + BOUND) == "1"


def test_controller_comes_back_before_the_links_are_removed(linked):
    linked.check("echo epc-dummy.0 >%s/unbind" % EPC_DRIVER,
                 "echo epc-dummy.0 >%s/bind" % EPC_DRIVER)
    assert linked.names(CONTROLLER) == {"f1", "start"}
    assert linked.check("cat " + BOUND) == "0"
    linked.fails("ln -s %s %s/again" % (FUNCTION, CONTROLLER), "Device or resource busy")
    linked.check("rm " + LINK, "sleep 0.3", "ln -s %s %s" % (FUNCTION, CONTROLLER))
    assert linked.check("cat " + BOUND) == "1"


def test_driver_leaves_a_function_that_is_bound(linked):
    said = linked.said("echo epf_dummy_a.0 >%s/unbind" % EPF_DRIVER)
    assert "epf_dummy_a.0: unbind" in said
    linked.check("rm " + LINK)
    linked.fails("ln -s %s %s" % (FUNCTION, CONTROLLER), "No such device")
    linked.fails("cat %s/vendorid" % FUNCTION, "Invalid argument")
    linked.check("rmdir " + FUNCTION)


def test_many_rounds_under_load(loaded):
    """Functions, links and modules come and go at once."""
    loaded.check("""
    for n in 1 2 3; do
        (for i in $(seq 40); do
            mkdir functions/epf_dummy_b/r$n && ln -s functions/epf_dummy_b/r$n controllers/epc-dummy.1/
            rm -f controllers/epc-dummy.1/r$n; rmdir functions/epf_dummy_b/r$n
        done) 2>/dev/null &
    done
    for i in $(seq 15); do
        echo epc-dummy.1 >%s/unbind; echo epc-dummy.1 >%s/bind
    done
    wait""" % (EPC_DRIVER, EPC_DRIVER))
    loaded.check("find controllers/epc-dummy.1 -type l -exec rm {} +",
                 "rmdir functions/epf_dummy_b/* 2>/dev/null || true")
    assert loaded.names("functions/epf_dummy_b") == set()
    loaded.check("mkdir " + OTHER, "ln -s %s controllers/epc-dummy.1" % OTHER)
