# SPDX-License-Identifier: GPL-2.0
"""The style of C, as the kernel has it checked: scripts/checkpatch.pl --strict.

It is part of the source of the newest kernel there is in the sandbox. One line for each file; and
one for the page that names the tests that are left out.
"""

import glob
import os
import re
import subprocess
import sys

import left_out

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
SOURCE = "/sources/trixie-backports"
# It writes a file with names that it has found to where it runs: not into the work tree
FOLDER = os.path.join(TOP, "build", "checkpatch")
SCRIPTS = ("checkpatch.pl", "const_structs.checkpatch", "spelling.txt")

KERNEL = ("drivers/*", "cable/pcie-cable-ep", "tests/modules")

# A program has the types and macros of the C library, not the kernel's, and _Alignas() is not
# known. What it has to say is in tables and calls, in one piece each, but for JSON.
PROGRAM = ("cable/pcie-cable",)
NOT_OF_PROGRAMS = (
    "ARRAY_SIZE", "BIT_MACRO", "CAMELCASE", "EMBEDDED_FUNCTION_NAME", "LONG_LINE",
    "LONG_LINE_STRING", "PREFER_DEFINED_ATTRIBUTE_MACRO", "PREFER_KERNEL_TYPES",
    "QUOTED_WHITESPACE_BEFORE_NEWLINE", "SPACING", "SPLIT_STRING", "VOLATILE")

# What is not the kernel's style where the kernel itself does so, too, or where it is not so
EXCEPTIONS = {
    # How the kernel writes its trace events
    "drivers/pci-epf-virtio/trace.h": ("OPEN_ENDED_LINE", "PARENTHESIS_ALIGNMENT"),
    # It is part of names that are put together
    "drivers/pci-ep-configfs/functions.c": ("MACRO_ARG_REUSE",),
    # 6.12 has no allocation of an object that takes flags
    "cable/pcie-cable-ep/dma.c": ("ALLOC_WITH_SIZEOF",),
}


def unpack():
    """Have the script, of the source that there is."""
    with open(SOURCE + ".version") as f:
        version = f.read()
    stamp = os.path.join(FOLDER, "version")
    if os.path.exists(stamp):
        with open(stamp) as f:
            if f.read() == version:
                return
    # A kernel's headers, in which it looks for names
    os.makedirs(os.path.join(FOLDER, "include"), exist_ok=True)
    subprocess.run(["tar", "-xf", SOURCE + ".tar.xz", "-C", FOLDER, "--strip-components=2",
                    "--wildcards", *("*/scripts/" + name for name in SCRIPTS)], check=True)
    with open(stamp, "w") as f:
        f.write(version)


def files(folders):
    return sorted(path for folder in folders for path in
                  glob.glob(os.path.join(TOP, folder, "*.[ch]")))


def complaints(paths, ignored):
    """What is said of each file."""
    said = {os.path.relpath(path, TOP): [] for path in paths}
    checkpatch = subprocess.run(
        ["perl", "checkpatch.pl", "--strict", "--no-tree", "--root", FOLDER, "--terse",
         "--show-types", "--no-summary", "--ignore", ",".join(ignored), "--file", *paths],
        cwd=FOLDER, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True,
        check=False)
    text = checkpatch.stdout
    # 1: it has something to say; a script that does not run says nothing, either
    if checkpatch.returncode not in (0, 1) or bool(checkpatch.returncode) != bool(text):
        raise RuntimeError("checkpatch.pl ended with %d" % checkpatch.returncode)
    for path, line, kind, what in re.findall(r"^(/[^:]*):(\d+): \w+:(\w+): (.*)$", text, re.M):
        path = os.path.relpath(path, TOP)
        if kind not in EXCEPTIONS.get(path, ()):
            said[path].append("%s:%s: %s: %s" % (path, line, kind, what))
    return said


def main():
    unpack()
    said = complaints(files(KERNEL), ("FILE_PATH_CHANGES",))
    said.update(complaints(files(PROGRAM), NOT_OF_PROGRAMS))
    said[left_out.PAGE] = left_out.complaints()
    for path, lines in said.items():
        print("%s  %s" % ("FAILED" if lines else "passed", path))
        for line in lines:
            print("    " + line)
    return 1 if any(said.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
