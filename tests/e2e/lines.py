# SPDX-License-Identifier: GPL-2.0
"""Numbered lines, and what became of them on their way.

The text of each line is known, so that who reads them can tell a line that is lost from
one that is altered, doubled or late.
"""

import hashlib

TEXT = "0123456789abcdef0123456789abcdef0123456789abcdef"


class Lost(Exception):
    """Something else arrived than what was sent."""


def numbered(count):
    """The first lines, as bytes."""
    return "".join("%d %s\n" % (n, TEXT) for n in range(1, count + 1)).encode()


def first_difference(sent, received):
    """In words; None where there is none. Both are bytes."""
    if sent == received:
        return None
    want, got = sent.split(b"\n"), received.split(b"\n")
    for index in range(max(len(want), len(got))):
        pair = [lines[index] if index < len(lines) else None for lines in (want, got)]
        if pair[0] != pair[1]:
            return "at line %d: sent %r, received %r (%d bytes sent, %d received)" % (
                index + 1, *pair, len(sent), len(received))
    raise AssertionError("bytes differ, but no line does")


# What a machine has in a file after the line "begin", without a last line that is not whole
DIGEST = ("sed '1,/^begin$/d' %(file)s >%(file)s.lines; n=$(wc -l <%(file)s.lines);"
          " echo $n $(head -n $n %(file)s.lines | sha256sum)")


def check_heard(run, file, who):
    """The lines in a machine's file are the first ones there are; their number.

    run: runs a shell command in the machine, and returns what it says.
    """
    count, digest = run(DIGEST % {"file": file}).split()[:2]
    expected = numbered(int(count))
    if hashlib.sha256(expected).hexdigest() == digest:
        return int(count)
    received = run("head -n %s %s.lines" % (count, file)).rstrip("\n").encode() + b"\n"
    raise Lost("%s: %s" % (who, first_difference(expected, received) or
                           "sums differ, but not the lines"))
