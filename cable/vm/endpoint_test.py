# SPDX-License-Identifier: GPL-2.0
"""The kernel's own endpoint test on the cable.

The endpoint's function is pci-epf-test, the host's driver pci_endpoint_test, and the
host's program one of the kernel's selftests, or pcitest where the kernel is older than
that. cable/vm/mk-pci-endpoint-test builds them, unchanged.
"""

import os
import re
import subprocess
from collections import namedtuple

from .cable import Pair
from .machine import TOP

FUNCTION = "functions/pci_epf_test/test0"
MODULES = ("pcie-cable-ep", "pci-ep-configfs", "pci-epf-test")
DEVICE = "/dev/pci-endpoint-test.0"

# The entry of the driver's table decides where it looks for the function's registers
# (BAR0 in both, where pci-epf-test has them) and how its buffers are aligned.
ALIGNED = 0x1d87, 0x3588        # to 64 KiB
UNALIGNED = 0x16c3, 0xedda      # as they come

# What the host gives out is up to the host: one MSI vector, unless it remaps interrupts.
MSI, MSIX = 32, 32

# Of BARs 1 to 5, where the function can be told. Its own are larger, and as each four
# bytes of them are an access across the cable, their test takes long.
BAR_SIZES = 512, 1024, 16384, 131072, 65536

# A test of the program: its name, "ok", "not ok" or "skip", and why it was skipped.
Result = namedtuple("Result", "name outcome reason")


def make(suite, host_suite, patient=False):
    """Build what is needed, and images that have it.

    patient: with the selftest whose tests may take as long as they do.
    """
    def run(*command):
        subprocess.run([os.path.join(TOP, "cable", "vm", command[0]), *command[1:]], check=True)

    def built(of, name):
        return os.path.join(TOP, "build", "pci-endpoint-test", of, name)

    run("mk-pci-endpoint-test", *{suite, host_suite})
    run("mk-initramfs", "-n", "endpoint-pcitest", "-x", built(suite, "pci-epf-test.ko"),
        "endpoint", suite)
    program = built(host_suite, "patient/" * patient + "pci_endpoint_test")
    run("mk-initramfs", "-n", "host-pcitest", "-x", built(host_suite, "pci_endpoint_test.ko"),
        "-f", program if os.path.exists(program) else built(host_suite, "pcitest"),
        "host", host_suite)


def parse_list(text):
    """Names of all tests in what the selftest says with -l: a table for each fixture."""
    names = []
    for table in re.split(r"^-+\n", text, flags=re.M)[1:]:
        rows = [(line[:21].strip(), line[21:47].strip(), line[47:].strip())
                for line in table.splitlines()]
        fixture, variants, tests = (list(filter(None, column)) for column in zip(*rows))
        names += [".".join([*fixture, *variant, test])
                  for variant in ([v] for v in variants) for test in tests]
        if not variants:
            names += [".".join([*fixture, test]) for test in tests]
    return names


def parse_tap(text):
    """The results in what the selftest said."""
    results = []
    for line in text.splitlines():
        match = re.match(r"(ok|not ok) \d+ (\S+)(?: # SKIP ?(.*))?$", line)
        if match:
            outcome = "skip" if match[3] is not None else match[1]
            results.append(Result(match[2], outcome, match[3] or ""))
    planned = re.search(r"^1\.\.(\d+)$", text, re.M)
    if not planned or int(planned[1]) != len(results):
        raise ValueError("not as many results as announced:\n" + text)
    return results


class EndpointTest(Pair):
    """Two machines, and between them the function that the kernel tests endpoints with.

    identity: ALIGNED or UNALIGNED. parameters: of the host's driver. options: of Pair.
    """

    def __init__(self, suite, logs, host_suite="trixie-backports", identity=ALIGNED,
                 parameters="", **options):
        super().__init__(suite, logs, host_suite=host_suite, **options)
        self.suite = suite
        self.identity = identity
        self.parameters = parameters
        for machine in (self.endpoint, self.host):
            machine.image = os.path.join(TOP, "build", "images", "%s-pcitest-%s.cpio" % (
                machine.role, machine.release))

    def load_modules(self, names=MODULES):
        super().load_modules(names)
        self.at_host("modprobe pci_endpoint_test " + self.parameters)

    def configure(self):
        """Everything the kernel's guide to this test says, up to the link's start."""
        attributes = FUNCTION + "/pci_epf_test.0"
        self.at_endpoint(
            "mkdir " + FUNCTION,
            "echo %#x > %s/vendorid" % (self.identity[0], FUNCTION),
            "echo %#x > %s/deviceid" % (self.identity[1], FUNCTION),
            "echo %d > %s/msi_interrupts" % (MSI, FUNCTION),
            "echo %d > %s/msix_interrupts" % (MSIX, FUNCTION))
        if self.at_endpoint_is("-e /sys/kernel/config/pci_ep/%s/bar1_size" % attributes):
            self.at_endpoint(*("echo %d > %s/bar%d_size" % (size, attributes, bar)
                               for bar, size in enumerate(BAR_SIZES, 1)))
        self.at_endpoint("ln -s %s %s" % (FUNCTION, self.controller()))
        self.start_link()

    def deconfigure(self):
        self.stop_link()
        self.at_endpoint("rm %s/test0" % self.controller(), "rmdir " + FUNCTION)

    def host_card(self):
        return self.at_host("lspci -Dn -d %04x:%04x" % self.identity).split()[0]

    def wait_consoles(self):
        """Wait until the host's driver has found the function; there are no consoles."""
        self.host.wait_for("pci_endpoint_test",
                           lambda: self.host.shell.run("[ -c %s ]" % DEVICE)[0] == 0, 20)

    def tests(self):
        """Names of all tests that the selftest has."""
        return parse_list(self.host.shell.run("./pci_endpoint_test -l")[1])

    def selftest(self, names, timeout=300):
        """Run these tests of it: what it said."""
        return self.host.shell.run("./pci_endpoint_test " + " ".join(
            "-r " + name for name in names), timeout)[1]

    def pcitest(self, *arguments, timeout=120):
        """Run the older program: whether it succeeded, and what it said."""
        code, text = self.host.shell.run("./pcitest " + " ".join(arguments), timeout)
        return code == 0, text.strip()
