# SPDX-License-Identifier: GPL-2.0
# Sourced by the scripts here: steps with one progress line each.
#
#   step LOG "what happens" command...
#
# runs the command with its output appended to LOG. On a terminal the line
# counts the seconds; elsewhere it is printed at the start and at the end.
# A failing command shows the end of its output and ends the script.

step()
{
	_log=$1 _text=$2
	shift 2
	mkdir -p "$(dirname "$_log")"
	printf '== %s: %s\n' "$_text" "$*" >>"$_log"
	_from=$(wc -l <"$_log")
	_t0=$(date +%s)

	_tick=
	if [ -t 1 ]; then
		(
			while :; do
				printf '\r%4d s  %s ' $(($(date +%s) - _t0)) "$_text"
				sleep 1
			done
		) &
		_tick=$!
	else
		printf '   0 s  %s ...\n' "$_text"
	fi

	_rc=0
	# In the background: "set -e" holds in there, and traps are served at once.
	"$@" >>"$_log" 2>&1 </dev/null &
	wait $! || _rc=$?

	if [ -n "$_tick" ]; then
		kill "$_tick"
		wait "$_tick" 2>/dev/null || :
		printf '\r'
	fi
	if [ "$_rc" -eq 0 ]; then
		printf '%4d s  %s: done\n' $(($(date +%s) - _t0)) "$_text"
		return 0
	fi
	printf '%4d s  %s: FAILED (%d); the end of %s:\n' \
		$(($(date +%s) - _t0)) "$_text" "$_rc" "$_log"
	tail -n "+$_from" "$_log" | tail -n 25 | sed 's/^/    | /'
	exit "$_rc"
}
