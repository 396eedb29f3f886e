# SPDX-License-Identifier: GPL-2.0
"""The cable and the two machines it joins."""

import json
import os
import re
import signal
import subprocess
import tempfile
import time

from .machine import MEMORY, TOP, Endpoint, Host, Machine, MachineError, prioritize, wait_for

PROGRAM = os.path.join(TOP, "build", "bin", "pcie-cable")
BANKS = 3
CARD_DRIVER = "/sys/bus/pci/drivers/virtio-pci"
FUNCTION = "functions/pci_epf_vcon/vcon%d"
VECTORS = 3
MODULES = ("pcie-cable-ep", "pci-ep-configfs", "pci-epf-vcon")


class Cable:
    """The pcie-cable program.

    profile, windows, init: what the options of that name say; windows: None for the
    profile's. trace: file for what passes over the link, or None. options: more of them,
    a list.
    """

    def __init__(self, directory, logs, windows=None, profile="generic", init="probe"):
        self.ep_socket = os.path.join(directory, "ep.sock")
        self.host_socket = os.path.join(directory, "host.sock")
        self.host_qmp = os.path.join(directory, "host.plug")
        self.control = os.path.join(directory, "control")
        self.ram = tempfile.mktemp(prefix="host-ram-", dir="/dev/shm")
        self.log = os.path.join(logs, "cable.log")
        self.profile = profile
        self.init = init
        self.windows = windows or ("mapped" if profile == "generic" else None)
        self.banks = BANKS if self.windows == "mapped" else 0
        self.trace = None
        self.options = []
        self.process = None

    def start(self):
        more = ["--profile", self.profile, "--init", self.init]
        if self.windows:
            more += ["--windows", self.windows]
        if self.trace:
            more += ["--trace", self.trace]
        with open(self.log, "w") as out:
            self.process = subprocess.Popen(
                [PROGRAM, "--ep-socket", self.ep_socket, "--host-socket", self.host_socket,
                 "--host-ram", "%s,size=%dM" % (self.ram, MEMORY),
                 "--host-qmp", self.host_qmp, "--control", self.control,
                 *more, *self.options],
                stdin=subprocess.DEVNULL, stdout=out, stderr=out)
        prioritize(self.process)
        wait_for("sockets of pcie-cable", lambda: self.process.poll() is not None or (
            os.path.exists(self.ep_socket) and os.path.exists(self.host_socket)
            and os.path.exists(self.ram)), 5)
        if self.process.poll() is not None:
            raise MachineError("pcie-cable ended: " + Machine.tail(self.log, 10))

    def ctl(self, *command):
        """What the running program answers to a command."""
        return subprocess.run([PROGRAM, "ctl", self.control, *command], check=True, text=True,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE).stdout

    def stat(self, name):
        """A line of its counters: the numbers in it."""
        match = re.search(r"^ *%s  +(\d.*)$" % name, self.ctl("stat"), re.M)
        return [int(number) for number in match[1].split()]

    def wait_up(self):
        """Wait until the link is up."""
        wait_for("link", lambda: self.ctl("stat").startswith("link is up"), 20)

    def said(self, text):
        """How often the program's log has the text."""
        with open(self.log, errors="replace") as f:
            return f.read().count(text)

    def stop(self):
        """End the program; its exit code."""
        if self.process is None:
            return 0
        self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            code = self.process.wait()
        self.process = None
        return code


class Console:
    """A machine's console device, as its user sees it in a terminal program.

    While it is open the machine's shell is busy.
    """

    LEAVE = b"\x01\x18"

    def __init__(self, machine, device="/dev/hvc0"):
        self.shell = machine.shell
        self.device = device
        self.seen = b""

    def __enter__(self):
        self.ident = self.shell.start(
            "picocom -q --nolock %s <&3 >&3 2>&3" % self.device)
        time.sleep(0.3)
        return self

    def __exit__(self, *exc):
        self.shell.send(self.LEAVE)
        if exc[0] is None:
            self.shell.finish(self.ident, 10, "picocom")
        else:
            try:
                self.shell.finish(self.ident, 10, "picocom")
            except MachineError:
                pass

    def send(self, text):
        self.shell.send(text.encode())

    def expect(self, pattern, timeout=10):
        """Wait for a regular expression (str); the text up to its end."""
        match = self.shell.expect(pattern.encode(), timeout,
                                  "%r on %s" % (pattern, self.device))
        self.seen += match.string[:match.end()]
        return match.string[:match.end()].decode(errors="replace")

    def quiet(self, seconds):
        """Wait until nothing came for that long; what came until then."""
        while self.shell.receive(seconds):
            pass
        text, self.shell.data = self.shell.data, b""
        self.seen += text
        return text

    def prompt(self, end):
        """Get to a fresh login prompt; whether a session is open there instead."""
        asked = 0
        while time.monotonic() < end:
            text = self.quiet(0.4)
            if re.search(rb"login: $", text):
                return False
            if re.search(rb":~# (\x1b\[6n)?$", text):
                return True
            # A wrong name or password is answered after three seconds.
            if re.search(rb"Password: $", text) or time.monotonic() > asked + 4:
                self.send("\r")
                asked = time.monotonic()
        raise MachineError("no login prompt on %s; it said %r" % (
            self.device, self.seen[-500:]))

    def answered(self, pattern):
        """Whether that comes, soon."""
        try:
            self.expect(pattern)
        except MachineError:
            return False
        return True

    def login(self, timeout=60):
        """Log in as root, from whatever state the line is in."""
        end = time.monotonic() + timeout * self.shell.slow
        while not self.prompt(end):
            self.send("root\r")
            if self.answered(r"root\r+\nPassword: "):
                # login throws away what was typed before it has turned off the echo
                self.quiet(0.5)
                self.send("cable\r")
                if self.answered(r":~# |incorrect\r\n") and self.seen.endswith(b":~# "):
                    return

    def command(self, command, timeout=10):
        """Run a command in the session that is logged in; its output."""
        self.send(command + "\r")
        text = self.expect(r":~# ", timeout)
        return "\n".join(text.replace("\r", "").split("\n")[1:-1])

    def logout(self, timeout=10):
        self.send("exit\r")
        self.expect(r"login: ", timeout)


class Pair:
    """Host, endpoint and the cable between them.

    suite: Debian suite of the endpoint's kernel, host_suite: of the host's. first: which
    machine is started first, "host" or "endpoint". windows, profile, init: of the controller,
    see class Cable. functions: their number, all of them consoles. vectors: MSI-X vectors
    of each. backend: of the consoles. directory: for sockets. programs: more of them for both
    machines, see Machine.make_image(), and files, pairs of a machine's role and what is more on
    it with these.
    host_append: more of the host's kernel command line. iommu: the host has one that
    translates. Nothing is configured on the
    endpoint by boot().
    """

    def __init__(self, suite, logs, first="host", windows=None, profile="generic",
                 init="probe", functions=1, vectors=VECTORS,
                 backend="bridge", host_suite="trixie-backports", directory=None, programs=(),
                 files=(), host_append="", iommu=False):
        self.directory = directory or tempfile.mkdtemp(prefix="cable-")
        self.first = first
        self.functions = functions
        self.consoles = functions
        # Of a function; the host's QEMU wants them to stay as they were at its start
        self.vectors = vectors
        self.backend = backend
        self.logs = logs
        os.makedirs(logs, exist_ok=True)
        self.cable = Cable(self.directory, logs, windows, profile, init)
        self.endpoint = Endpoint("endpoint", suite, self.directory, logs)
        self.host = Host("host", host_suite, self.directory, logs, self.cable.ram,
                         slow=self.endpoint.slow)
        if iommu:
            self.host.add_iommu()
        if host_append:
            self.host.append += " " + host_append
        if programs:
            for machine in (self.endpoint, self.host):
                machine.make_image(machine.role + "-programs", programs=programs,
                                   files=[path for role, path in files
                                          if role == machine.role])
        self.transcript = None

    def endpoint_devices(self):
        device = {"driver": "vfio-user-pci",
                  "socket": {"type": "unix", "path": self.cable.ep_socket}}
        extra = []
        for slot in range(1 + self.cable.banks):
            extra += ["-device", json.dumps(dict(device, addr="%#x" % (4 + slot)))]
        return extra

    def start_host(self):
        """Start the host; where the endpoint is first it has the card from the start."""
        extra = ["-qmp", "unix:%s,server=on,wait=off" % self.cable.host_qmp]
        if self.first == "endpoint":
            for n in range(self.functions):
                extra += ["-device", json.dumps(self.host_device(n))]
        self.host.start(extra)

    def host_device(self, n):
        """The host's device for function n, as QEMU wants to have it."""
        suffix = ".%d" % n if n else ""
        device = {"driver": "vfio-user-pci", "id": "card" + suffix, "bus": "rp0",
                  "x-no-posted-writes": True,
                  "socket": {"type": "unix", "path": self.cable.host_socket + suffix}}
        if self.functions > 1:
            device.update(addr="0.%d" % n, multifunction=True)
        return device

    def start_endpoint(self):
        self.endpoint.start(self.endpoint_devices())

    def boot(self):
        """Start the cable and both machines, the host first."""
        self.cable.start()
        self.start_host()
        self.start_endpoint()
        self.endpoint.wait_booted()
        self.host.wait_booted_alone()

    def start(self):
        """Boot and configure everything; a login from the endpoint is possible then."""
        if self.first == "endpoint":
            self.cable.start()
            self.start_endpoint()
            self.endpoint.wait_booted()
            self.load_modules()
            self.configure()
            self.start_host()
            self.host.wait_booted()
        else:
            self.boot()
            self.load_modules()
            self.configure()
        self.wait_consoles()

    def ends_of_logs(self, lines):
        """Each log of both machines and the cable: its path, and its last lines."""
        for path in (self.cable.log, self.endpoint.log, self.host.log,
                     self.endpoint.qemu_log, self.host.qemu_log):
            yield path, Machine.tail(path, lines)

    def explain(self, who, error):
        """Print what went wrong in a program, and the ends of the logs."""
        print("%s: %s" % (who, error), flush=True)
        for path, end in self.ends_of_logs(15):
            print("%s: the end of %s:\n%s" % (who, path, end), flush=True)

    def stop(self):
        self.host.stop()
        self.endpoint.stop()
        return self.cable.stop()

    # The endpoint, as its user handles it

    def at_endpoint(self, *lines, timeout=20):
        """Run lines in the endpoint's shell, in the configfs folder; their output."""
        if self.transcript:
            for line in lines:
                self.transcript("endpoint# " + line)
        script = "set -e; cd /sys/kernel/config/pci_ep; " + "; ".join(lines)
        return self.endpoint.shell.check("(%s)" % script, timeout)

    def at_endpoint_is(self, condition):
        return self.endpoint.shell.run("[ %s ]" % condition)[0] == 0

    def load_modules(self, names=MODULES):
        for name in names:
            # The debug kernel has the tree itself
            if name == "pci-ep-configfs" and self.at_endpoint_is("-d /sys/kernel/config/pci_ep"):
                continue
            if self.transcript:
                self.transcript("endpoint# modprobe " + name)
            self.endpoint.shell.check("modprobe " + name)

    def unload_modules(self):
        # rmmod, as modprobe -r complains of modules others still use
        if not self.at_endpoint_is("-d /sys/module/pci_ep_configfs"):
            # The kernel's own tree holds on to a controller's driver while it has the device
            self.endpoint.shell.check(
                "cd /sys/bus/pci/drivers/pcie-cable-ep; for dev in 0*; do echo $dev >unbind; done")
        for name in reversed(MODULES):
            if not self.at_endpoint_is("-d /sys/module/" + name.replace("-", "_")):
                continue
            self.endpoint.shell.check("rmmod " + name)
            if name == "pci-epf-vcon":
                self.endpoint.shell.check("rmmod pci-epf-virtio")

    def controller(self):
        """configfs folder of the cable's controller."""
        name = self.endpoint.shell.check("ls /sys/class/pci_epc").split()
        if len(name) != 1:
            raise MachineError("expected one endpoint controller, found %r" % name)
        return "controllers/" + name[0]

    def make_functions(self, queue_size=None):
        for n in range(self.consoles):
            self.make_console(n, queue_size)

    def make_console(self, n, queue_size=None):
        function = FUNCTION % n
        lines = [
            "mkdir " + function,
            "echo 0x1af4 > %s/vendorid" % function,
            "echo 0x1003 > %s/deviceid" % function,
            "echo 0x1af4 > %s/subsys_vendor_id" % function,
            "echo 3 > %s/subsys_id" % function,
            "echo %d > %s/msix_interrupts" % (self.vectors, function),
        ]
        if self.backend != "bridge":
            lines.append("echo %s > %s/pci_epf_vcon.%d/backend" % (self.backend, function, n))
        if queue_size is not None:
            lines.append("echo %d > %s/pci_epf_vcon.%d/queue_size" % (
                queue_size, function, n))
        self.at_endpoint(*lines)

    def bind(self):
        controller = self.controller()
        self.at_endpoint(*("ln -s %s %s" % (FUNCTION % n, controller)
                           for n in range(self.consoles)))
        self.wait_console(self.endpoint)
        self.hold(self.endpoint)

    def unbind(self):
        self.release(self.endpoint)
        controller = self.controller()
        self.at_endpoint(*("rm %s/vcon%d" % (controller, n) for n in range(self.consoles)))

    def start_link(self):
        self.at_endpoint("echo 1 > %s/start" % self.controller())

    def stop_link(self):
        self.at_endpoint("echo 0 > %s/start" % self.controller())

    def remove_functions(self):
        self.at_endpoint(*("rmdir " + FUNCTION % n for n in range(self.consoles)))

    def configure(self, queue_size=None):
        """Everything the kernel's guide to pci_ep says, up to the link's start."""
        self.make_functions(queue_size)
        self.bind()
        self.start_link()

    def deconfigure(self):
        self.stop_link()
        self.unbind()
        self.remove_functions()

    def make_again(self, **options):
        """The functions anew, with these options of configure(); the host has no card now."""
        self.deconfigure()
        self.configure(**options)
        self.rescan()
        self.wait_consoles()

    def counters(self):
        """What the core counted, as text."""
        return self.endpoint.shell.check("cat /sys/kernel/debug/pci_epf_virtio/*/counters")

    def counter_values(self):
        """The numbers among them, by name."""
        pairs = [line.split(None, 1) for line in self.counters().splitlines()]
        return {name: int(value) for name, value in pairs if value.isdigit()}

    # The host

    def host_card(self):
        """PCI address of the card at the host, or None."""
        text = self.host.shell.check("lspci -Dn -d 1af4:1003")
        return text.split()[0] if text else None

    def at_host(self, *lines, timeout=20):
        return self.host.shell.check("(set -e; %s)" % "; ".join(lines), timeout)

    def unbind_driver(self):
        """Take the card from its driver; its address, for bind_driver()."""
        card = self.host_card()
        self.at_host("echo %s > %s/unbind" % (card, CARD_DRIVER))
        return card

    def bind_driver(self, card):
        self.at_host("echo %s > %s/bind" % (card, CARD_DRIVER))

    def remove_card(self):
        self.at_host("echo 1 > /sys/bus/pci/devices/%s/remove" % self.host_card())

    def rescan(self):
        self.at_host("echo 1 > /sys/bus/pci/rescan")

    def wait_console(self, machine, timeout=20):
        """Wait until the machine has the functions' terminals."""
        last = "/dev/hvc%d" % (self.consoles - 1)
        if machine is self.endpoint and self.backend == "direct":
            # There are files for more terminals than there are
            there = "(exec 4<>%s) 2>/dev/null" % last
        else:
            there = "grep -qs 'is_console: yes' /sys/kernel/debug/virtio-ports/* && [ -c %s ]" \
                % last
        machine.shell.check("n=0; until %s; do n=$((n+1)); [ $n -lt %d ] || exit 1; sleep 0.1; done"
                            % (there, timeout * machine.slow * 10), 2 * timeout)

    def wait_consoles(self):
        self.wait_console(self.host)
        self.wait_console(self.endpoint)

    def answer(self, machine, on):
        """Have a getty on the machine's hvc0, or have none, nor anybody else."""
        machine.shell.check("serve-console %s hvc0" % ("on" if on else "off"))

    def hold(self, machine, terminals=None):
        """Keep the machine's hvc0 open, in raw mode, until release(); or several from hvc0
        on, by default those of all functions.

        A terminal that nobody has told otherwise echoes. A greeting that waits in
        the line when it is opened would go back to the getty as a user's name.
        """
        machine.shell.check(" ".join(
            "exec %d<>/dev/hvc%d; stty raw -echo <&%d;" % (4 + n, n, 4 + n)
            for n in range(terminals or self.consoles)) + " sleep 100000 & echo $! >/run/holder")

    def drain(self, *machines):
        """Read what is left in the line, until nothing has come for two seconds.

        A driver that has just started is given nothing for up to one.
        """
        command = "; ".join("while [ $(timeout 2 cat </dev/hvc%d | wc -c) -gt 0 ]; do :; done" % n
                            for n in range(self.consoles))
        jobs = [(machine.shell, machine.shell.start(command)) for machine in machines]
        for shell, job in jobs:
            code, text = shell.finish(job, 60, "drain")
            if code:
                raise MachineError("%s: drain: %s" % (shell.name, text))

    @staticmethod
    def release(machine):
        """Undo hold(). Before a device goes away: hvc gives a terminal that somebody
        still has open to the next one, which does not get the device's input then.
        """
        machine.shell.check("n=$(cat /run/holder); rm /run/holder; kill -KILL $n;"
                            " while kill -0 $n 2>/dev/null; do sleep 0.05; done")

    def login_to_host(self):
        """From the endpoint's hvc0; what uname -m says there."""
        with Console(self.endpoint) as console:
            console.login()
            text = console.command("uname -m")
            console.logout()
        return text

    def login_to_endpoint(self):
        """From the host's hvc0; what uname -m says there."""
        self.turn_round()
        try:
            with Console(self.host) as console:
                console.login()
                text = console.command("uname -m")
                console.logout()
        finally:
            self.turn_back()
        return text

    def turn_round(self):
        """Have the endpoint ask the host to log in, not the host the endpoint."""
        self.answer(self.host, False)
        self.hold(self.host)
        self.release(self.endpoint)
        self.answer(self.endpoint, True)

    def turn_back(self):
        """Undo turn_round()."""
        self.answer(self.endpoint, False)
        self.hold(self.endpoint)
        self.release(self.host)
        self.answer(self.host, True)
