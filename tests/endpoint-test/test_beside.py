# SPDX-License-Identifier: GPL-2.0
"""A console and the function that the kernel tests endpoints with, on one card."""

from cable.vm.cable import FUNCTION, MODULES
from cable.vm.endpoint_test import MODULES as TEST_MODULES
from cable.vm.endpoint_test import EndpointTest, parse_tap
from conftest import SUITES
from transfer import exchange

SIZE = 64 << 10
TESTS = ("pci_ep_basic.MSIX_TEST", "pci_ep_bar.BAR0.BAR_TEST",
         "pci_ep_data_transfer.memcpy.READ_TEST")


class Beside(EndpointTest):
    """Function 0 is the console, function 1 the other."""

    def __init__(self, *arguments, **options):
        super().__init__(*arguments, functions=2, **options)
        self.consoles = 1

    def load_modules(self, names=(*TEST_MODULES, MODULES[-1])):
        super().load_modules(names)

    def configure(self):
        self.make_functions()
        self.at_endpoint("ln -s %s %s" % (FUNCTION % 0, self.controller()))
        self.wait_console(self.endpoint)
        super().configure()

    def wait_consoles(self):
        super().wait_consoles()
        for machine in (self.host, self.endpoint):
            self.wait_console(machine)


def test_console_beside(watched):
    """Each does what it does alone, at the same time, and neither disturbs the other."""
    pair = watched(SUITES[0], kind=Beside)
    card = pair.host.shell.check("lspci -Dn").splitlines()
    functions = [line.split()[0][-1] for line in card if "1af4:1003" in line
                 or "%04x:%04x" % pair.identity in line]
    assert functions == ["0", "1"]
    pair.answer(pair.host, False)
    for machine in (pair.host, pair.endpoint):
        pair.hold(machine)
    pair.drain(pair.endpoint, pair.host)
    for _ in range(2):
        pair.host.shell.check("(./pci_endpoint_test %s; echo done) >/tmp/tap 2>&1 &"
                              % " ".join("-r " + name for name in TESTS))
        exchange(pair, SIZE)
        pair.host.wait_for("selftest", lambda: pair.host.shell.run(
            "grep -x done /tmp/tap")[0] == 0, 90)
        results = parse_tap(pair.host.shell.check("cat /tmp/tap"))
        assert {result.name.split(".")[-1]: result.outcome for result in results} == {
            "MSIX_TEST": "skip", "BAR_TEST": "ok", "READ_TEST": "ok"}, results
        exchange(pair, SIZE)
