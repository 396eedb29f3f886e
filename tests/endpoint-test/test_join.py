# SPDX-License-Identifier: GPL-2.0
"""make cable: somebody else's function, driver and scripts. Here the kernel's test is that."""

import os
import subprocess
import sys

import pytest
from cable.vm.endpoint_test import make
from cable.vm.machine import TOP
from conftest import remark

BUILT = os.path.join(TOP, "build", "pci-endpoint-test", "trixie-backports")
ENDPOINT = """
set -e
modprobe pci-epf-test
cd /sys/kernel/config/pci_ep
mkdir functions/pci_epf_test/f0
echo 0x104c >functions/pci_epf_test/f0/vendorid
echo 0xb500 >functions/pci_epf_test/f0/deviceid
echo 1 >functions/pci_epf_test/f0/msi_interrupts
echo 4 >functions/pci_epf_test/f0/msix_interrupts
ln -s functions/pci_epf_test/f0 controllers/*
cd controllers/*
echo 1 >start
"""
HOST = """
modprobe pci_endpoint_test || exit 1
until [ -c /dev/pci-endpoint-test.0 ]; do sleep 0.1; done
./pci_endpoint_test -t MSIX_TEST
exit 3
"""


def join(folder):
    return subprocess.run(
        [sys.executable, "-m", "cable.vm.join", folder, "trixie-backports", "trixie-backports",
         "60", "generic", "metered", "", "--trace=%s/trace --trace-filter=irq" % folder], cwd=TOP,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, timeout=200)


@pytest.fixture
def folder(tmp_path):
    for role in ("endpoint", "host"):
        for kind in ("modules", "files"):
            (tmp_path / role / kind).mkdir(parents=True)
    return tmp_path


def test_scripts_are_run(folder):
    make("trixie-backports", "trixie-backports")
    os.symlink(BUILT + "/pci-epf-test.ko", folder / "endpoint/modules/pci-epf-test.ko")
    os.symlink(BUILT + "/pci_endpoint_test.ko", folder / "host/modules/pci_endpoint_test.ko")
    os.symlink(BUILT + "/pci_endpoint_test", folder / "host/files/pci_endpoint_test")
    (folder / "endpoint/script").write_text(ENDPOINT)
    (folder / "host/script").write_text(HOST)
    result = join(folder)
    assert "# SKIP MSI-X5 is disabled" in result.stdout
    assert "endpoint's script: exit status 0" in result.stdout
    assert result.returncode == 3, result.stdout
    assert "ep MSI-X 4 sent" in (folder / "trace").read_text()
    remark("make cable: a function and a driver that were built elsewhere work")


def test_nothing_to_do(folder):
    result = join(folder)
    assert result.returncode == 2 and "nothing to do" in result.stdout
