# SPDX-License-Identifier: GPL-2.0
"""One QEMU machine: its process, its monitor, a shell in it, its kernel log."""

import itertools
import json
import os
import re
import select
import shlex
import signal
import socket
import subprocess
import time
import warnings

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

# What a kernel says when something went wrong in it.
ALARMS = re.compile(
    r"\bWARNING:|\bBUG\b|\bOops\b|KASAN|KCSAN|UBSAN|possible circular locking"
    r"|possible recursive locking|inconsistent lock state|suspicious RCU"
    r"|detected stall|self-detected stall|blocked for more than|soft lockup"
    r"|hard LOCKUP|new suspected memory leaks|[Cc]all [Tt]race|Unable to handle kernel"
    r"|general protection fault|refcount_t:|use-after-free|list_(add|del) corruption"
    r"|oom-killer|Kernel panic|scheduling while atomic|sleeping function called|Internal error")

# Debian suites whose kernels need more time than others for the same, and how much.
SLOW = {"debug": 4}

# MiB of RAM, and of kernels that need more: KASAN takes an eighth of all that is mapped,
# and each of the cable's eleven windows is as large as the host's RAM.
MEMORY = 512
MUCH_MEMORY = {"debug": 2048}


def prioritize(process):
    """Have one that has just been started, and all its threads, come before others.

    An endpoint that polls what a host writes has tens of microseconds to see it, and each
    access over the link waits for both machines and the program between them. Whoever else
    runs on this machine should not get in between. Not a real-time priority: two busy
    processors of the endpoint would leave none to the host.
    """
    os.setpriority(os.PRIO_PROCESS, process.pid, -15)


class MachineError(Exception):
    """The machine did not do what it was told within its time."""


def kernel(suite, arch):
    """Folder of the newest kernel of a Debian suite, and its release."""
    with open("/kernels/%s-%s" % (suite, arch)) as f:
        release = f.read().strip()
    return "/kernels/" + release, release


def wait_for(what, check, timeout, interval=0.05):
    """Wait until check() is true; its value. MachineError after timeout s."""
    end = time.monotonic() + timeout
    while True:
        value = check()
        if value:
            return value
        if time.monotonic() > end:
            raise MachineError("%s: not within %g s" % (what, timeout))
        time.sleep(interval)


def connect(path, alive, timeout=10):
    """Connect to a Unix socket that is about to appear."""
    end = time.monotonic() + timeout
    while True:
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            sock.connect(path)
            return sock
        except OSError:
            sock.close()
            if time.monotonic() > end or not alive():
                raise MachineError("nothing listens on %s" % path)
            time.sleep(0.02)


class Qmp:
    """The machine's monitor."""

    def __init__(self, path, alive):
        self.file = connect(path, alive).makefile("rwb", buffering=0)
        self.file.readline()
        self.command("qmp_capabilities")

    def command(self, name, **arguments):
        """Run a monitor command; its "return" value."""
        message = {"execute": name}
        if arguments:
            message["arguments"] = arguments
        self.file.write(json.dumps(message).encode() + b"\n")
        while True:
            line = self.file.readline()
            if not line:
                raise MachineError("the monitor closed during %s" % name)
            answer = json.loads(line)
            if "error" in answer:
                raise MachineError("%s: %s" % (name, answer["error"]["desc"]))
            if "return" in answer:
                return answer["return"]


class Shell:
    """Runs commands in the machine, through serve-commands on serial line 1.

    slow: what to multiply all time limits by.
    """

    def __init__(self, path, alive, name, slow=1):
        self.name = name
        self.slow = slow
        self.alive = alive
        self.sock = connect(path, alive)
        self.sock.setblocking(False)
        self.data = b""
        self.ids = itertools.count(1)

    def receive(self, timeout):
        """Wait up to timeout s for more bytes; whether some came."""
        ready, _, _ = select.select([self.sock], [], [], timeout)
        if not ready:
            return False
        more = self.sock.recv(65536)
        if not more:
            raise MachineError("%s: the machine has gone" % self.name)
        self.data += more
        return True

    def expect(self, pattern, timeout, what=None):
        """Wait for a regular expression (bytes) in what the line says; the match.

        What was received up to its end is taken off, and is in match.string.
        """
        timeout *= self.slow
        end = time.monotonic() + timeout
        while True:
            match = re.search(pattern, self.data, re.DOTALL)
            if match:
                self.data = self.data[match.end():]
                return match
            left = end - time.monotonic()
            if left <= 0:
                raise MachineError("%s: %s: not within %g s; it said: %r" % (
                    self.name, what or pattern, timeout, self.data[-2000:]))
            self.receive(left)

    def send(self, data):
        """Send bytes, all of them."""
        while data:
            select.select([], [self.sock], [])
            data = data[self.sock.send(data):]

    def start(self, command):
        """Send a command; its id, for finish()."""
        ident = "c%d" % next(self.ids)
        self.send(("run %s %s\n" % (ident, shlex.quote(command))).encode())
        return ident

    def finish(self, ident, timeout, what="command"):
        """Wait for a command to end: (exit code, output)."""
        mark = b"\n\x02" + ident.encode() + b"\x03 (\\d+)\n"
        match = self.expect(mark, timeout, what)
        text = match.string[:match.start()].decode(errors="replace")
        return int(match.group(1)), text.replace("\r\n", "\n")

    def run(self, command, timeout=20):
        """Run a command in the machine: (exit code, its output)."""
        return self.finish(self.start(command), timeout, command)

    def check(self, command, timeout=20):
        """Run a command that must succeed; its output without the last newline."""
        code, text = self.run(command, timeout)
        if code:
            raise MachineError("%s: %s: exit code %d: %s" % (
                self.name, command, code, text))
        return text.rstrip("\n")

    def settle(self, timeout):
        """Wait until the machine takes commands (after a boot)."""
        self.expect(b"\n\x02ready\x03 0\n", timeout, "boot")
        self.data = b""


class Machine:
    """A QEMU machine that boots one of our initramfs images.

    name: also the name of its log files. directory: for its sockets.
    logs: folder for <name>.log (kernel messages) and <name>.qemu.log.
    slow: what to multiply time limits by, where another machine keeps it waiting.
    """

    program = None
    console = None
    # What of /kernels/RELEASE it is started with
    kernel_file = "vmlinuz"

    def __init__(self, name, suite, directory, logs, image=None, slow=None):
        self.name = name
        self.slow = slow or SLOW.get(suite, 1)
        self.memory = "%dM" % MUCH_MEMORY.get(suite, MEMORY)
        self.directory = directory
        self.suite = suite
        self.kernel, self.release = kernel(suite, self.arch)
        self.image = image or os.path.join(
            TOP, "build", "images", "%s-%s.cpio" % (self.role, self.release))
        os.makedirs(logs, exist_ok=True)
        self.log = os.path.join(logs, name + ".log")
        self.qemu_log = os.path.join(logs, name + ".qemu.log")
        self.process = None
        self.shell = None
        self.qmp = None
        self.scanned = 0
        self.marks = itertools.count(1)

    def path(self, what):
        return os.path.join(self.directory, "%s.%s" % (self.name, what))

    def alive(self):
        return self.process is not None and self.process.poll() is None

    def arguments(self):
        """The part of the command line that is common to both machines."""
        return [
            self.program, "-nodefaults", "-no-user-config", "-display", "none",
            "-name", self.name, "-accel", "tcg,thread=multi", "-smp", "2",
            "-m", self.memory,
            "-kernel", os.path.join(self.kernel, self.kernel_file), "-initrd", self.image,
            "-append", "console=%s loglevel=7 panic=-1 %s" % (self.console, self.append),
            "-chardev", "socket,id=s0,path=%s,server=on,wait=off,logfile=%s,logappend=on"
            % (self.path("serial0"), self.log),
            "-chardev", "socket,id=s1,path=%s,server=on,wait=off" % self.path("serial1"),
            "-serial", "chardev:s0", "-serial", "chardev:s1",
            "-qmp", "unix:%s,server=on,wait=off" % self.path("qmp"),
            "-gdb", "unix:%s,server=on,wait=off" % self.path("gdb"),
        ]

    # What a kernel does for signatures of modules: it takes a sixth of the time to boot, and there
    # are none
    append = "initcall_blacklist=load_system_certificate_list cryptomgr.notests"

    def make_image(self, name, modules=(), files=(), shell=False, programs=()):
        """Have an image of that name for it: with modules, for modprobe, and files, in /root.

        shell: on the console, too. programs: names of such in /userland. Paths are those in
        the sandbox.
        """
        options = ["-n", name] + ["-s"] * shell
        for path in modules:
            options += ["-x", path]
        for path in files:
            options += ["-f", path]
        for program in programs:
            options += ["-p", program]
        subprocess.run([os.path.join(TOP, "cable", "vm", "mk-initramfs"), *options, self.role,
                        self.suite], check=True)
        self.image = os.path.join(TOP, "build", "images", "%s-%s.cpio" % (name, self.release))

    def start(self, extra=()):
        """Start the machine, and return while it boots."""
        for what in ("serial0", "serial1", "qmp", "gdb"):
            if os.path.exists(self.path(what)):
                os.unlink(self.path(what))
        open(self.log, "w").close()
        self.scanned = 0
        command = self.arguments() + list(extra)
        with open(self.qemu_log, "w") as out:
            out.write(" ".join(command) + "\n")
            out.flush()
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL,
                                            stdout=out, stderr=out)
        prioritize(self.process)
        try:
            self.qmp = Qmp(self.path("qmp"), self.alive)
            self.shell = Shell(self.path("serial1"), self.alive, self.name,
                               self.slow)
        except MachineError:
            self.stop()
            raise MachineError("%s: QEMU did not start: %s" % (
                self.name, self.tail(self.qemu_log, 5)))

    def wait_for(self, what, check, timeout):
        """Wait until check() is true; its value."""
        return wait_for("%s: %s" % (self.name, what), check, timeout * self.slow)

    def wait_booted(self, timeout=60):
        self.shell.settle(timeout)

    def reboot(self, timeout=60):
        """Restart the machine's kernel, as its user would."""
        self.shell.start("reboot -f")
        self.wait_booted(timeout)

    def switch_off(self):
        """Take the machine's power away."""
        self.process.kill()
        self.process.wait()
        self.process = None

    def stop(self):
        """End the machine's process."""
        if self.process is None:
            return
        if self.alive():
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(5)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.process = None

    @staticmethod
    def tail(path, lines):
        try:
            with open(path, errors="replace") as f:
                return "".join(f.readlines()[-lines:])
        except OSError:
            return ""

    def kernel_messages(self):
        """Everything the kernel said until now (printk writes later than it returns)."""
        mark = "harness mark %d" % next(self.marks)
        self.shell.check("echo '<1>%s' >/dev/kmsg" % mark)
        return self.wait_for("kernel log",
                             lambda: mark in self.read_log() and self.read_log(), 20)

    def read_log(self):
        with open(self.log, errors="replace") as f:
            return f.read().replace("\r\n", "\n")

    def forget_alarms(self):
        """What the kernel said until now is as it should be."""
        self.scanned = len(self.kernel_messages())

    def alarms(self, ignore=None):
        """Kernel log lines since the last call that tell of a defect.

        ignore: regular expression for warnings that are as they should be.
        """
        return self.alarms_in(self.kernel_messages(), ignore)

    def alarms_in(self, text, ignore=None):
        """The same in what the log has, of a machine that may not answer any more."""
        new, self.scanned = text[self.scanned:], len(text)
        if ignore:
            new = re.sub(r"-+\[ cut here \]-+\n[^\n]*WARNING: %s.*?-+\[ end trace [^\n]*" % ignore,
                         "", new, flags=re.DOTALL)
        return [line for line in new.splitlines() if ALARMS.search(line)]


class Host(Machine):
    """x86-64 PC with one PCI Express root port, rp0."""

    role = "host"
    arch = "amd64"
    program = "qemu-system-x86_64"
    console = "ttyS0"
    kernel_file = "vmlinux"
    # The kernel calibrates its delay loop on each processor, and may never get done
    # where emulated ones do not run evenly. In clock ticks of 4 ms, at 4 GHz.
    append = Machine.append + " lpj=16000000"

    def __init__(self, name, suite, directory, logs, ram, image=None, slow=None):
        super().__init__(name, suite, directory, logs, image, slow)
        self.ram = ram
        self.devices = []

    def add_iommu(self):
        """Have an IOMMU that translates what the cards send, unless the kernel is told otherwise."""
        # QEMU shows the cards' addresses to other programs only with caching mode
        self.devices += ["-device", "intel-iommu,caching-mode=on,intremap=off"]
        self.append += " intel_iommu=on"

    def wait_booted_alone(self, timeout=60):
        """Wait for a host without a card; one that stands still in its boot is reset, once.

        The stock kernel, emulated on a busy machine, did that once in some hundred boots,
        right after it had its second processor up and before it looked at PCI. With a
        card in its slot it would have to be explained; without one it is not our subject.
        """
        try:
            # Nobody keeps this one waiting
            self.wait_booted(timeout / self.slow)
        except MachineError as error:
            warnings.warn("reset, as it stood still in its boot: %s" % error)
            self.qmp.command("system_reset")
            self.wait_booted(timeout)

    def load_kernel(self):
        """Have the kernel ready that kexec() starts: the same one, with this root file system."""
        self.shell.check("cd / && find . -xdev | cpio -o -H newc >/tmp/initrd 2>/dev/null &&"
                         " kexec -l /boot/vmlinuz --initrd=/tmp/initrd --reuse-cmdline &&"
                         " rm /tmp/initrd", 60)

    def kexec(self, timeout=60):
        """Go from this kernel to the one that is loaded, without a reset of the machine."""
        self.shell.start("kexec -e")
        self.wait_booted(timeout)

    def arguments(self):
        return super().arguments() + [
            "-machine", "q35,memory-backend=ram", "-vga", "none",
            "-object", "memory-backend-file,id=ram,mem-path=%s,size=%s,share=on"
            % (self.ram, self.memory),
            *self.devices,
            # The firmware's 2 MiB of each kind are less than six resizable BARs need
            "-device", "pcie-root-port,id=rp0,bus=pcie.0,chassis=1,slot=1,"
            "mem-reserve=32M,pref64-reserve=32M",
        ]


class Endpoint(Machine):
    """arm64 board."""

    role = "endpoint"

    arch = "arm64"
    program = "qemu-system-aarch64"
    console = "ttyAMA0"
    # The kernel takes its own pages from programs when it has a random place in memory, and each
    # system call empties the emulated TLB twice then: it takes seven times as long
    append = Machine.append + " kpti=off"

    def arguments(self):
        return super().arguments() + [
            "-machine", "virt,gic-version=3,memory-backend=ram", "-cpu", "cortex-a72",
            "-object", "memory-backend-memfd,id=ram,share=on,size=" + self.memory,
        ]
