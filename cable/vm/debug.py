# SPDX-License-Identifier: GPL-2.0
"""What gdb needs to know of a machine's kernel: names, addresses, and where modules are.

Debian's kernels come without symbols, so the names are those the running kernel has in
/proc/kallsyms. Modules built here have debug information.

Usage: python3 -m cable.vm.debug host|endpoint [ARGUMENT OF GDB]...     (see cable/vm/gdb)
"""

import base64
import glob
import gzip
import os
import socket
import struct
import sys

from .machine import TOP, MachineError

ELF_MACHINE = {"amd64": 62, "arm64": 183}
CACHE = os.path.join(TOP, "build", "kallsyms")


def parse_symbols(text):
    """(address, name, module or "") of each function in lines as of /proc/kallsyms."""
    for line in text.splitlines():
        address, kind, name, *module = line.split()
        if kind in "tTwW" and not name.startswith("$"):
            yield int(address, 16), name, module[0].strip("[]") if module else ""


def read_packed(machine, command):
    """A command's output, by a serial line that is slow."""
    packed = machine.shell.check("%s | gzip -c | base64" % command, 120)
    return gzip.decompress(base64.b64decode(packed)).decode()


def kernel_symbols(machine):
    """(address, name) of the kernel's functions. Asked for once, as there are 100,000."""
    path = os.path.join(CACHE, machine.release)
    if not os.path.exists(path):
        os.makedirs(CACHE, exist_ok=True)
        text = read_packed(machine, r"grep -v '\[' /proc/kallsyms | grep -i ' [tw] '")
        with open(path + ".new", "w") as out:
            out.write(text)
        os.rename(path + ".new", path)
    with open(path) as f:
        symbols = [symbol[:2] for symbol in parse_symbols(f.read())]
    # Each boot has the kernel elsewhere
    then = next(address for address, name in symbols if name == "_stext")
    now = int(machine.shell.check("grep -m 1 ' _stext$' /proc/kallsyms").split()[0], 16)
    return [(address - then + now, name) for address, name in symbols]


def module_symbols(machine):
    """(address, name, module) of the functions of modules."""
    return list(parse_symbols(read_packed(machine, r"grep '\[' /proc/kallsyms")))


def module_sections(machine):
    """What is where in memory: {module: {section: address}}."""
    text = machine.shell.check(
        "cd /sys/module; for file in */sections/.*; do [ ! -f $file ] ||"
        " echo $file $(cat $file); done")
    modules = {}
    for line in text.splitlines():
        path, address = line.split()
        name, _, section = path.split("/")
        modules.setdefault(name, {})[section] = int(address, 16)
    return modules


def write_elf(path, arch, symbols):
    """An executable without content, whose symbols are functions: (address, name)."""
    symbols = sorted(symbols)
    base = symbols[0][0]
    size = symbols[-1][0] - base + 1
    names = bytearray(b"\0")
    table = bytearray(24)
    for address, name in symbols:
        table += struct.pack("<IBBHQQ", len(names), 0x12, 0, 1, address, 0)
        names += name.encode() + b"\0"
    titles = b"\0.text\0.symtab\0.strtab\0.shstrtab\0"

    # Name, type, flags, address, offset, size, link, info, alignment, size of an entry
    content = [b"", b"", table, names, titles]
    sections = [[0] * 10,
                [1, 8, 6, base, 64, size, 0, 0, 4, 0],          # no bits, allocated, code
                [7, 2, 0, 0, 0, len(table), 3, 1, 8, 24],
                [15, 3, 0, 0, 0, len(names), 0, 0, 1, 0],
                [23, 3, 0, 0, 0, len(titles), 0, 0, 1, 0]]
    offset = 64
    for section, data in zip(sections, content):
        if data:
            section[4] = offset
            offset += len(data)
    with open(path, "wb") as out:
        out.write(struct.pack("<16sHHIQQQIHHHHHH", b"\x7fELF\2\1\1", 2, ELF_MACHINE[arch], 1,
                              0, 0, offset, 0, 64, 0, 0, 64, len(sections), 4))
        for data in content:
            out.write(data)
        for section in sections:
            out.write(struct.pack("<IIQQQQIIQQ", *section))


def built_modules(machine, folder=None):
    """Files of modules with debug information: {name of the module: path}.

    Those of the project, and of a folder.
    """
    files = glob.glob(os.path.join(TOP, "build", "modules", machine.release, "**", "*.ko"),
                      recursive=True)
    if folder:
        files += glob.glob(os.path.join(folder, "*.ko"))
    return {os.path.basename(path)[:-3].replace("-", "_"): path for path in files}


def prepare(machine, directory, folder=None):
    """Write what gdb is to read first, for the machine as it is now; its path.

    folder: of modules with debug information, besides the project's own.
    """
    if not machine.qmp.command("query-status")["running"]:
        raise MachineError("%s: its kernel is stopped, by another gdb" % machine.name)
    sections = module_sections(machine)
    files = {name: path for name, path in built_modules(machine, folder).items()
             if name in sections}
    symbols = kernel_symbols(machine)
    symbols += [(address, name) for address, name, module in module_symbols(machine)
                if module not in files]
    elf = os.path.join(directory, machine.name + ".symbols")
    write_elf(elf, machine.arch, symbols)

    script = os.path.join(directory, machine.name + ".gdb-commands")
    with open(script, "w") as out:
        out.write("set confirm off\nfile %s\n" % elf)
        if machine.arch == "arm64":
            out.write("source %s\n" % os.path.join(TOP, "cable", "vm", "gdb_frames.py"))
        for name, path in sorted(files.items()):
            places = sections[name]
            out.write("add-symbol-file %s %s\n" % (path, " ".join(
                "-s %s %#x" % (section, places[section])
                for section in (".text", ".data", ".bss", ".rodata") if section in places)))
        out.write("set confirm on\ntarget remote %s\n" % machine.path("gdb"))
    return script


def serve(machines, folder):
    """Answer those who want to debug: the path of what prepare() has written, or an error.

    machines: {role: (machine, folder of modules)}.
    """
    path = os.path.join(folder, "debug")
    if os.path.exists(path):
        os.unlink(path)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(path)
        server.listen()
        while True:
            client, _ = server.accept()
            with client:
                machine, modules = machines[client.recv(16).decode()]
                try:
                    answer = "ok " + prepare(machine, folder, modules)
                except MachineError as error:
                    answer = "error " + str(error)[:500]
                client.sendall(answer.encode())


def main():
    role, arguments = sys.argv[1], sys.argv[2:]
    with socket.socket(socket.AF_UNIX) as sock:
        try:
            sock.connect(os.path.join(TOP, "build", "join", "debug"))
        except OSError:
            print("gdb: no machine runs, or not yet; see: make cable", file=sys.stderr)
            return 1
        sock.sendall(role.encode())
        answer, _, text = b"".join(iter(lambda: sock.recv(4096), b"")).decode().partition(" ")
    if answer != "ok":
        print("gdb: " + text, file=sys.stderr)
        return 1
    os.execvp("gdb-multiarch", ["gdb-multiarch", "-q", "-x", text, *arguments])


if __name__ == "__main__":
    sys.exit(main())
