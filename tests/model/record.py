# SPDX-License-Identifier: GPL-2.0
"""Records what real drivers do with the registers: tests/model/traces/*.txt.

Usage: tests/model/record.py [DEVICE]...     (default: all); runs in the sandbox

Hosts with each PC kernel there is probe the console function and the stubs of
tests/modules, and leave them again in several ways. What they do in BAR0 is written
as "model --print" prints a program; a file names the program it is compared with.
"""

import os
import re
import subprocess
import sys
import time

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, TOP)

from cable.vm.cable import CARD_DRIVER, Pair            # noqa: E402
from cable.vm.machine import Endpoint, Host, kernel     # noqa: E402

LOGS = os.path.join(TOP, "build", "log", "traces")
TRACES = os.path.join(TOP, "tests", "model", "traces")
ENDPOINT = "trixie-backports"
HOSTS = ("trixie", "trixie-backports")

# Ways to have interrupts, by the number of vectors. Enough for each queue, or not.
MODES = {"each": 5, "shared": 2}

# What to multiply time limits by: it does not matter how long a recording takes
SLOW = 20

# Drivers that are no part of the kernels' images
MODULES = ("virtio_net", "vmw_vsock_virtio_transport")

MSIX_TABLE = 0x800
QUEUE_PFN = 8
QUEUE_NOTIFY = 16
BAR_LINE = re.compile(r"\d+\.\d+ host (MRd|MWr) ")
LINE = re.compile(r"\d+\.\d+ host (MRd|MWr) bar0\+(0x[0-9a-f]+) ([124]) (0x[0-9a-f]+)")


class Console:
    """The project's own function. Its host's user writes a line."""

    name = "vcon"
    function = "functions/pci_epf_vcon/traced"
    queues = 2
    features = 0
    program = "%s"
    has_peer = True     # a driver of the endpoint's own kernel
    events = ("remove", "rebind", "shutdown", "suspend")

    def bound(self, pair):
        pair.wait_console(pair.endpoint)
        pair.hold(pair.endpoint)

    def unbound(self, pair):
        pair.release(pair.endpoint)

    def use(self, pair):
        pair.wait_console(pair.host)
        pair.at_host("echo >/dev/hvc0")


class Stub:
    """A device that can be probed, and no more."""

    features = None
    has_peer = False
    events = ("remove",)
    queues = 3

    def __init__(self, name):
        self.name = name
        self.function = "functions/epf_%s_stub/traced" % name
        self.program = name + "-%s"

    def bound(self, pair):
        pass

    def unbound(self, pair):
        pass

    def use(self, pair):
        pass


class Ports(Stub):
    queues = 4


class Net(Stub):
    def use(self, pair):
        pair.at_host("ip link set eth0 up")


DEVICES = (Console(), Ports("console"), Net("net"), Stub("vsock"))


def canonical(lines):
    """The lines of a trace as those of a program.

    Only accesses in BARs are. Pages are numbered in their order, and kicks of a queue in a row, of which
    there are as many as a device does not suppress in time, are one.
    """
    pages = 0
    result = []
    for line in filter(BAR_LINE.match, lines):
        match = LINE.fullmatch(line)
        if not match:
            raise ValueError("not an access to the registers: " + line)
        kind, offset, size, value = match.group(1), *(int(x, 0) for x in match.groups()[1:])
        if offset >= MSIX_TABLE:
            continue
        if kind == "MRd":
            result.append("R%d %d" % (8 * size, offset))
            continue
        if offset == QUEUE_PFN and value:
            pages += 1
            value = 0x100000 + pages
        text = "W%d %d %s" % (8 * size, offset, "%#x" % value if value else "0")
        if offset != QUEUE_NOTIFY or result[-1:] != [text]:
            result.append(text)
    return result


def make_images():
    """The endpoint's with the stubs, the hosts' with MODULES."""
    subprocess.run([os.path.join(TOP, "tests", "modules", "mk-image"), ENDPOINT], check=True)
    for suite in HOSTS:
        add = [word for module in MODULES for word in ("-m", module)]
        subprocess.run([os.path.join(TOP, "cable", "vm", "mk-initramfs"), "-n", "host-traces",
                        *add, "host", suite], check=True)


class Recorder:
    """Two machines and the trace between them."""

    def __init__(self):
        self.pair = Pair(ENDPOINT, LOGS)
        self.pair.cable.trace = os.path.join(LOGS, "trace")
        self.pair.endpoint.slow = SLOW
        self.pair.endpoint.image = self.image("endpoint-tests", ENDPOINT, Endpoint.arch)
        self.device = None
        self.mode = None
        self.written = []

    @staticmethod
    def image(name, suite, arch):
        release = kernel(suite, arch)[1]
        return os.path.join(TOP, "build", "images", "%s-%s.cpio" % (name, release))

    def start(self):
        self.pair.cable.start()
        self.pair.start_endpoint()
        self.pair.endpoint.wait_booted()
        self.pair.load_modules()
        self.pair.endpoint.shell.check("insmod /tests/epf-virtio-stubs.ko")

    def stop(self):
        self.pair.stop()

    def start_host(self, suite):
        pair = self.pair
        pair.host = Host("host-" + suite, suite, pair.directory, LOGS, pair.cable.ram,
                         self.image("host-traces", suite, Host.arch), SLOW)
        pair.start_host()
        self.booted()

    def booted(self):
        self.pair.host.wait_booted()
        self.pair.at_host("serve-console off hvc0",
                          "echo 1 >/proc/sys/net/ipv6/conf/default/disable_ipv6",
                          *("modprobe " + module for module in MODULES))

    def set_up(self, device, mode):
        """A function with its link up."""
        pair = self.pair
        controller = pair.controller()
        pair.at_endpoint("echo %d > /sys/bus/virtio/drivers_autoprobe" % device.has_peer,
                         "mkdir " + device.function,
                         "echo %d > %s/msix_interrupts" % (MODES[mode], device.function),
                         "ln -s %s %s" % (device.function, controller))
        device.bound(pair)
        pair.start_link()
        self.device, self.mode = device, mode
        pair.host.wait_for("a driver for the card", self.found, 20)

    def take_down(self):
        pair = self.pair
        pair.stop_link()
        self.device.unbound(pair)
        pair.at_endpoint("rm %s/traced" % pair.controller(), "rmdir " + self.device.function)

    def remove_card(self):
        self.pair.at_host("echo 1 > /sys/bus/pci/devices/%s/remove" % self.card())

    def card(self):
        return self.pair.host.shell.check("lspci -Dn -d 1af4:").split()[0]

    def virtio(self):
        """The card's virtio device, in its driver's folder, or None if it has no driver."""
        code, path = self.pair.host.shell.run("ls -d /sys/bus/virtio/drivers/*/virtio[0-9]*")
        return None if code else path.strip()

    def wait_probed(self):
        self.pair.host.wait_for("a driver for the card", self.virtio, 20)

    def found(self):
        """Whether the host has found the card, and its driver has probed it."""
        self.pair.rescan()
        return self.virtio()

    def lines(self):
        """The trace, when nothing has happened for two seconds."""
        with open(self.pair.cable.trace) as f:
            text = f.read()
        while True:
            time.sleep(2)
            with open(self.pair.cable.trace) as f:
                before, text = text, f.read()
            if text == before:
                return text.splitlines()

    def use(self):
        self.wait_probed()
        self.device.use(self.pair)
        self.lines()

    def remove(self):
        """The driver is taken from the card, and gets it back."""
        card = self.card()
        self.pair.at_host("echo %s > %s/unbind" % (card, CARD_DRIVER))
        self.lines()
        self.pair.at_host("echo %s > %s/bind" % (card, CARD_DRIVER))
        return self.device.program % self.mode

    def rebind(self):
        """The same with the driver of the virtio device."""
        driver, name = os.path.split(self.virtio())
        self.pair.at_host("cd " + driver, "echo %s > unbind" % name, "echo %s > bind" % name)
        return "rebind-" + self.mode

    def shutdown(self):
        """The host starts again."""
        self.pair.host.shell.start("reboot -f")
        self.booted()
        return "shutdown-" + self.mode

    def suspend(self):
        """All devices go to sleep, and the kernel wakes up at once."""
        self.pair.at_host("echo devices > /sys/power/pm_test", "echo freeze > /sys/power/state")
        return "suspend-" + self.mode

    def record(self, event):
        self.remove_card()
        begin = len(self.lines())
        self.pair.rescan()
        self.use()
        program = getattr(self, event)()
        self.use()
        self.write(event, program, canonical(self.lines()[begin:]))

    def write(self, event, program, lines):
        device, release = self.device, self.pair.host.release
        version = ".".join(release.split(".")[:2])
        name = "%s-%s-%s-%s.txt" % (version, device.name, event, self.mode)
        self.written.append(name)
        with open(os.path.join(TRACES, name), "w") as f:
            f.write("# SPDX-License-Identifier: GPL-2.0\n# kernel: %s\n" % release)
            f.write("# program: %s %d\n" % (program, device.queues))
            if device.features is not None:
                f.write("# features: %#x\n" % device.features)
            f.write("\n".join(lines) + "\n")
        print("%s: %d accesses" % (name, len(lines)), flush=True)


def remove_others(devices, names):
    """Traces of these devices that have other names, of kernels there are no more."""
    for name in os.listdir(TRACES):
        if name not in names and any("-%s-" % device.name in name for device in devices):
            os.unlink(os.path.join(TRACES, name))


def main():
    names = sys.argv[1:] or [device.name for device in DEVICES]
    devices = [device for device in DEVICES if device.name in names]
    if len(devices) < len(set(names)):
        sys.exit("record.py: devices are: " + " ".join(device.name for device in DEVICES))
    os.makedirs(LOGS, exist_ok=True)
    os.makedirs(TRACES, exist_ok=True)
    make_images()
    recorder = Recorder()
    try:
        recorder.start()
        for suite in HOSTS:
            for mode in MODES:
                recorder.start_host(suite)
                for device in devices:
                    recorder.set_up(device, mode)
                    for event in device.events:
                        recorder.record(event)
                    recorder.remove_card()
                    recorder.take_down()
                recorder.pair.host.stop()
        remove_others(devices, recorder.written)
    finally:
        recorder.stop()


if __name__ == "__main__":
    main()
