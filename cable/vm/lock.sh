# SPDX-License-Identifier: GPL-2.0
# Sourced by the scripts here: what is made by one of them at a time.
#
#   lock FD NAME [-s]
#
# waits until nobody else holds build/lock/NAME of this work tree (-s: nobody but those
# who have it with -s, too), and holds it by descriptor FD until the script ends. A process ID
# tells no two runs apart: each may have a PID name space of its own.

lock()
{
	mkdir -p "$top/build/lock"
	eval "exec $1>\"\$top/build/lock/\$2\""
	# shellcheck disable=SC2086
	flock ${3:-} "$1"
}
