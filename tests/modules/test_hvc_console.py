# SPDX-License-Identifier: GPL-2.0
"""drivers/compat/hvc_console.h says what the kernels' own header says."""

import os
import re

import pytest

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
OURS = os.path.join(TOP, "drivers", "compat", "hvc_console.h")
KERNELS = "/sources/%s/drivers/tty/hvc/hvc_console.h"


def declarations(path):
    """What a header declares, without the ways there are to write it, by what it begins with."""
    with open(path) as f:
        text = f.read()
    text = re.sub(r"/\*.*?\*/|//[^\n]*|^#[^\n]*", "", text, flags=re.S | re.M)
    text = text.replace("uint32_t", "u32").replace("extern ", "")
    found = {}
    for part in re.findall(r"struct \w+ \{.*?\};|[^;{}]+\([^{}]*?\);", text, re.S):
        words = re.findall(r"\w+|[^\w\s]", part)
        found[" ".join(words[:words.index("{" if "{" in words else "(")])] = words
    return found


def test_declarations_are_found():
    assert set(declarations(OURS)) == {
        "struct hvc_struct", "struct hv_ops", "struct hvc_struct * hvc_alloc", "void hvc_remove",
        "int hvc_poll", "void hvc_kick", "void __hvc_resize"}
    assert "irq_requested" in declarations(OURS)["struct hvc_struct"]


def terminals(path):
    """How many a header says that there can be."""
    with open(path) as f:
        return re.findall(r"^#define HVC_ALLOC_TTY_ADAPTERS\s+(\d+)$", f.read(), re.M)


@pytest.mark.parametrize("suite", ["trixie-backports", "trixie"])
def test_same_number_of_terminals(suite):
    assert terminals(OURS) == terminals(KERNELS % suite) == ["8"]


@pytest.mark.parametrize("suite", ["trixie-backports", "trixie"])
def test_same_as_the_kernels(suite):
    theirs = declarations(KERNELS % suite)
    for name, words in declarations(OURS).items():
        assert words == theirs.get(name), name
