# SPDX-License-Identifier: GPL-2.0
"""The program builds with other headers and other flags than ours, and so do the tests."""

import os
import subprocess

import pytest

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
OLDER = os.path.join(TOP, "tests", "cable", "older-headers")
# Every folder with user-space C
FOLDERS = ("cable/pcie-cable", "tests/unit", "tests/core", "tests/model", "tests/model/ring",
           "tests/fuzz", "tests/vcon", "tests/search")


def make(*arguments):
    got = subprocess.run(["make", *arguments], cwd=TOP, capture_output=True, text=True,
                         check=False)
    assert got.returncode == 0, got.stdout[-2000:] + got.stderr[-2000:]
    return got.stdout


@pytest.mark.parametrize("flags", ["", "-O2 -isystem " + OLDER],
                         ids=["no-flags", "headers-of-debian-12"])
def test_builds(tmp_path, flags):
    make("-s", "-j2", "-C", "cable/pcie-cable", "O=%s" % tmp_path, "CFLAGS=" + flags)
    got = subprocess.run([tmp_path / "pcie-cable", "--version"], capture_output=True, text=True,
                         check=True)
    assert got.stdout.startswith("pcie-cable ")


@pytest.mark.parametrize("folder", FOLDERS)
def test_flags_of_the_user_are_added_to_ours(tmp_path, folder):
    """CFLAGS= on make's command line takes away none that the sources need."""
    text = make("-n", "-B", "-C", folder, "O=%s" % tmp_path, "CFLAGS=").replace("\\\n", " ")
    compiles = [line for line in text.splitlines() if " -c " in line]
    assert compiles
    for line in compiles:
        assert "-D_GNU_SOURCE" in line and "-Wall" in line, line


def test_all_folders_are_known():
    found = {os.path.relpath(root, TOP) for top in ("cable", "drivers", "tests")
             for root, _, files in os.walk(os.path.join(TOP, top)) if "Makefile" in files}
    assert found == set(FOLDERS)
