# SPDX-License-Identifier: GPL-2.0
"""Random bytes from one machine to the other, compared by their sums."""

from lines import Lost

# Both end by themselves, so that the machine can be asked about what went wrong.
SEND = "timeout 60 cat /tmp/out >/dev/hvc0 || echo could not send"
TAKE = "timeout 60 head -c %d >/tmp/in; echo got $(wc -c </tmp/in) $(sha256sum </tmp/in)"
RECEIVE = "(" + TAKE + ") </dev/hvc0"


# Who opens a terminal has khvcd look for bytes at once, whether there was an interrupt or not
# (hvc_open() in the kernel's drivers/tty/hvc/hvc_console.c). It sleeps again when it has looked.
LISTEN = """rm -f /run/listens /run/ended
(exec 5</dev/hvc0; : >/run/listens; (%s) <&5 >/run/said 2>&1; echo $? >/run/ended) &
until [ -e /run/listens ]; do sleep 0.05; done
until grep -q '^State:.S' $(grep -ls '^khvcd$' /proc/[0-9]*/comm | sed s/comm/status/); do
	sleep 0.05
done"""


def listen(machine, command):
    """Start a command whose standard input is the terminal. From then on, it hears of what comes
    by interrupts, and in no other way."""
    machine.shell.check(LISTEN % command)


def heard(machine):
    """What the command has said until now."""
    return machine.shell.check("cat /run/said")


def heard_all(machine, timeout):
    """Wait for the end of the command; what it said."""
    return machine.shell.check("until [ -s /run/ended ]; do sleep 0.1; done; cat /run/said", timeout)


def random_file(machine, size, timeout=20):
    """Put what is to be sent in the machine; its sum."""
    return machine.shell.check(
        "head -c %d /dev/urandom >/tmp/out; sha256sum </tmp/out" % size,
        timeout).split()[0]


# Whoever else reads takes bytes away, and a terminal that is not raw changes them
USERS = """for p in /proc/[0-9]*; do
	! ls -l $p/fd 2>/dev/null | grep -q hvc0 || tr '\\0' ' ' <$p/cmdline; echo
done | grep .; stty -a </dev/hvc0"""


def check_received(pair, text, size, expected):
    if "got %d %s" % (size, expected) in text:
        return
    users = "\n".join("%s: %s" % (machine.name, machine.shell.run(USERS)[1])
                      for machine in (pair.endpoint, pair.host))
    raise Lost("%d bytes were sent: %s; who has the terminals open:\n%s\n"
               "counters at the endpoint:\n%s" % (size, text, users, pair.counters()))


def exchange(pair, size):
    """So many bytes each way at once; both ends are held open, and the line is empty."""
    machines = (pair.host, pair.endpoint)
    expected = {machine: random_file(machine, size) for machine in machines}
    jobs = {machine: machine.shell.start(
        "(%s) >/tmp/said 2>&1 & %s; wait" % (SEND, RECEIVE % size)) for machine in machines}
    texts = {machine: machine.shell.finish(jobs[machine], 90, "exchange of bytes")[1]
             for machine in machines}
    check_received(pair, texts[pair.host], size, expected[pair.endpoint])
    check_received(pair, texts[pair.endpoint], size, expected[pair.host])
    for machine in machines:
        assert machine.shell.check("cat /tmp/said") == ""
