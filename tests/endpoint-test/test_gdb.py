# SPDX-License-Identifier: GPL-2.0
"""gdb at either kernel: it stops in a function of a module, and says how it came there."""

import os
import re
import subprocess

from cable.vm.debug import prepare
from cable.vm.machine import TOP
from conftest import remark

SUITE = "trixie-backports"
BUILT = os.path.join(TOP, "build", "pci-endpoint-test", SUITE)
TRANSFER = "./pci_endpoint_test -r pci_ep_data_transfer.memcpy.READ_TEST"


def stop_at(pair, machine, folder, function):
    """What gdb says when the kernel comes to a function during a transfer."""
    script = prepare(machine, folder, BUILT)
    # The transfer must not be over before gdb is there
    machine.qmp.command("stop")
    transfer = pair.host.shell.start(TRANSFER)
    result = subprocess.run(
        ["gdb-multiarch", "-batch", "-x", script, "-ex", "break " + function, "-ex", "continue",
         "-ex", "delete", "-ex", "backtrace"], stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, timeout=100)
    assert result.returncode == 0, result.stdout
    code, text = pair.host.shell.finish(transfer, 60)
    assert code == 0, text
    return result.stdout


def frames(said):
    """Names of the functions in a backtrace, the innermost first."""
    return re.findall(r"^#\d+ +(?:0x\w+ in )?(\w+) \(", said, re.M)


def test_breakpoints(watched, tmp_path):
    pair = watched(SUITE)
    said = stop_at(pair, pair.endpoint, str(tmp_path), "pci_epf_test_write")
    assert frames(said)[:5] == ["pci_epf_test_write", "pci_epf_test_cmd_handler",
                                "process_one_work", "worker_thread", "kthread"], said
    assert re.search(r"^#0 .* reg=0x\w+\) at pci-epf-test\.c:\d+$", said, re.M), said

    # This kernel has nothing that tells gdb where a caller's caller is
    said = stop_at(pair, pair.host, str(tmp_path), "pci_endpoint_test_ioctl")
    assert frames(said)[:2] == ["pci_endpoint_test_ioctl", "__x64_sys_ioctl"], said
    assert re.search(r"^#0 .* at pci_endpoint_test\.c:\d+$", said, re.M), said
    remark("gdb at both kernels: breakpoints in modules, callers in the kernel")
