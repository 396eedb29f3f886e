# SPDX-License-Identifier: GPL-2.0
"""What makes images and modules may run several times at a time.

Each run has a PID name space of its own here, as those that cable/vm/enter starts have: the
process ID of each of them is 1.
"""

import os
import subprocess
import time

import pytest

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SUITE = "trixie"
NAME = "several-at-a-time"


def start(*command):
    return subprocess.Popen(
        ["unshare", "--pid", "--fork", "--kill-child", *command], cwd=TOP,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def end(runs):
    """All have ended well, and said nothing."""
    said = [run.communicate()[0] for run in runs]
    assert [(run.returncode, text) for run, text in zip(runs, said)] == [(0, "")] * len(runs)


@pytest.fixture
def image():
    with open("/kernels/trixie-backports-amd64") as release:
        path = os.path.join(TOP, "build", "images", "%s-%s.cpio" % (NAME, release.read().strip()))
    yield path
    if os.path.exists(path):
        os.unlink(path)


def test_images(image):
    """The same image, three times at once: whoever is last has made it, as a whole."""
    end([start("cable/vm/mk-initramfs", "-n", NAME, "host", "trixie-backports")
         for _ in range(3)])
    names = subprocess.run("cpio -t <" + image, shell=True, capture_output=True, text=True,
                           check=True).stdout.split()
    assert "boot/vmlinuz" in names and "init" in names
    assert [name for name in os.listdir(os.path.dirname(image)) if NAME in name] == \
        [os.path.basename(image)]


def test_modules():
    """A build that begins while another one is under way waits for it."""
    def build():
        return start("cable/vm/mk-modules", "-c", SUITE, "drivers/pci-ep-configfs")

    first = build()
    time.sleep(2)
    end([first, build()])
