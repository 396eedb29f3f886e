# SPDX-License-Identifier: GPL-2.0
"""The file of --host-ram: whose it may be, and who else uses it."""

import os
import subprocess

import pytest
import vfu
from test_memory import with_ram

SIZE = 64 << 20
NOBODY = 65534


@pytest.fixture
def ram(tmp_path):
    """A file that could be the host's RAM, and is not ours to lose."""
    path = tmp_path / "ram"
    with open(path, "wb") as file:
        file.write(b"precious")
        file.truncate(SIZE)
    path.chmod(0o600)
    return path


def refused(program, tmp_path, ram, message):
    got = with_ram(program, tmp_path, ram)
    assert got.returncode == 1
    assert got.stderr == "pcie-cable: %s: %s\n" % (ram, message)
    assert not os.path.exists(tmp_path / "e")


def untouched(ram):
    with open(ram, "rb") as file:
        return file.read(12) == b"precious\0\0\0\0"


def test_of_somebody_else(program, tmp_path, ram):
    os.chown(ram, NOBODY, NOBODY)
    refused(program, tmp_path, ram,
            "belongs to another user; a file of one's own, or none, is allowed")
    assert untouched(ram)


@pytest.mark.parametrize("mode", [0o666, 0o620, 0o602])
def test_others_may_write_to_it(program, tmp_path, ram, mode):
    ram.chmod(mode)
    refused(program, tmp_path, ram,
            "others may write to it; a file to which its owner alone may write is allowed")
    assert untouched(ram)


def test_as_qemu_makes_it(start, tmp_path, ram):
    ram.chmod(0o644)
    cable = start("--host-ram=%s,size=64M" % ram)
    assert cable.stop() == 0
    assert untouched(ram)


def test_symbolic_link(program, tmp_path, ram):
    link = tmp_path / "link"
    link.symlink_to(ram)
    refused(program, tmp_path, link, "is a symbolic link; a file is allowed")
    link.unlink()
    link.symlink_to(tmp_path / "nothing")
    refused(program, tmp_path, link, "is a symbolic link; a file is allowed")
    assert untouched(ram) and not (tmp_path / "nothing").exists()


def test_another_name(program, tmp_path, ram):
    """Somebody may have put a file of ours into a folder that is open to all."""
    os.link(ram, tmp_path / "other")
    refused(program, tmp_path, tmp_path / "other",
            "has another name, too; a file with one name is allowed")
    assert untouched(ram)


@pytest.mark.parametrize("make", [os.mkdir, os.mkfifo], ids=["folder", "pipe"])
def test_no_file(program, tmp_path, make):
    make(tmp_path / "ram")
    got = with_ram(program, tmp_path, tmp_path / "ram")
    assert got.returncode == 1
    assert os.path.exists(tmp_path / "ram")


def test_somebody_uses_it(cable, pair, program, tmp_path):
    endpoint, _ = pair
    endpoint.write_region(2, 0, b"in use")
    refused(program, tmp_path, cable.ram, "another pcie-cable uses it")
    assert endpoint.read_region(2, 0, 6) == b"in use"
    assert os.path.samefile(cable.ram, "/proc/%d/fd/%d" % (
        os.getpid(), endpoint.region_info(2)[2]))


def test_a_machine_that_stays_does_not_use_it(start, tmp_path, ram):
    """It has a descriptor of the file still."""
    cable = start("--host-ram=%s,size=64M" % ram)
    fd = cable.endpoint().region_info(2)[2]
    assert cable.stop() == 0
    assert start("--host-ram=%s,size=64M" % ram).endpoint().read_region(2, 0, 8) == b"precious"
    os.close(fd)


def test_another_file_has_its_name_now(start, tmp_path):
    cable = start()
    os.unlink(cable.ram)
    with open(cable.ram, "w") as other:
        other.write("of somebody else")
    assert cable.stop() == 0
    with open(cable.ram) as other:
        assert other.read() == "of somebody else"


def test_many_begin_at_once(program, tmp_path):
    """One has the file, and as long as it runs the file is there."""
    path = tmp_path / "ram"
    for n in range(8):
        folders = [tmp_path / ("%d.%d" % (n, k)) for k in range(4)]
        for folder in folders:
            folder.mkdir()
        runs = [subprocess.Popen(
            [program, "--ep-socket=%s/e" % folder, "--host-socket=%s/h" % folder,
             "--host-ram=%s,size=64M" % path], stderr=subprocess.PIPE, text=True)
            for folder in folders]
        lines = [run.stderr.readline() for run in runs]
        ready = [run for run, line in zip(runs, lines) if line == "pcie-cable: ready\n"]
        others = [run for run in runs if run not in ready]
        assert [run.wait(vfu.PATIENCE) for run in others] == [1] * 3, lines
        assert os.stat(path).st_size == SIZE
        ready[0].terminate()
        assert ready[0].wait(vfu.PATIENCE) == 0
        assert not path.exists()
        for run in runs:
            run.stderr.close()
