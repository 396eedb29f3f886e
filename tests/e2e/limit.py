# SPDX-License-Identifier: GPL-2.0
"""A limit to the time that something takes."""

import contextlib
import signal

from cable.vm.machine import MachineError


@contextlib.contextmanager
def time_limit(seconds):
    """MachineError where what is inside takes longer."""
    def too_long(_signal, _frame):
        raise MachineError("took longer than %d s" % seconds)

    old = signal.signal(signal.SIGALRM, too_long)
    signal.alarm(max(1, int(seconds)))
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, old)
