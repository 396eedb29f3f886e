# SPDX-License-Identifier: GPL-2.0
"""For gdb: the callers of functions of an arm64 kernel, without debug information.

The kernel keeps a chain of frame records, {x29, return address}, that x29 points to.
Where gdb knows nothing of a function it would look for that in the instructions, and
gets no further than a few.
"""

import gdb
from gdb.unwinder import FrameId, Unwinder, register_unwinder


class FrameRecords(Unwinder):
    def __init__(self):
        super().__init__("frame records")

    def __call__(self, frame):
        pc = frame.read_register("pc")
        # The function that runs may not have its record yet, or leave it out
        if frame.level() == 0 or gdb.find_pc_line(int(pc)).symtab:
            return None
        record = frame.read_register("x29")
        try:
            words = record.cast(gdb.lookup_type("unsigned long").pointer())
            caller, address = words[0], words[1]
            caller.fetch_lazy()
            address.fetch_lazy()
        except gdb.MemoryError:
            return None
        unwound = frame.create_unwind_info(FrameId(record, pc))
        unwound.add_saved_register("x29", caller)
        unwound.add_saved_register("sp", record + 16)
        unwound.add_saved_register("x30", address)
        unwound.add_saved_register("pc", address)
        return unwound


register_unwinder(None, FrameRecords())
