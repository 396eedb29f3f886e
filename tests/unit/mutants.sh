#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Break the code under test in one place at a time; each time, a test must fail.
# Usage: mutants.sh TEST-DIRECTORY LIST OUTPUT-DIRECTORY PROGRAM [NAME]
# PROGRAM is what the test directory's Makefile builds in the output directory. A file of
# the list that the drivers do not have is one of the test directory.
# LIMIT, in the environment: seconds for one run of it.
set -eu

here=$1
list=$2
out=$3
program=$4
only=${5:-}
drivers=$(cd "$(dirname "$0")/../../drivers" && pwd)
core=$drivers/pci-epf-virtio
vcon=$drivers/pci-epf-vcon
dir=$out/mutants
killed=0
survived=0

mkdir -p "$dir"
# LIST: name | file | arguments of the program, of which one must notice | sed script
while IFS='|' read -r name file groups script; do
	case $name in
	'' | '#'*) continue ;;
	esac
	name=$(echo "$name" | sed 's/ *$//')
	file=$(echo $file)
	[ -z "$only" ] || [ "$only" = "$name" ] || continue

	rm -rf "$dir/src" "$dir/o"
	mkdir -p "$dir/src" "$dir/o"
	cp "$core"/regs.[ch] "$core"/ring.[ch] "$vcon"/ports.[ch] "$dir/src"
	if [ -e "$core/$file" ]; then
		from=$core model=$here object=core-${file%.c}.o
	elif [ -e "$vcon/$file" ]; then
		from=$vcon model=$here object=vcon-${file%.c}.o
	else
		from=$here model=$dir/src object=${file%.c}.o
		cp "$here"/*.[ch] "$dir/src"
	fi
	sed "$script" "$from/$file" >"$dir/src/$file"
	if cmp -s "$from/$file" "$dir/src/$file"; then
		echo "mutant '$name' does not change $file" >&2
		exit 1
	fi
	# What does not depend on the mutant's headers is not built again
	cp "$out"/*.o "$dir/o"
	rm "$dir/o/$object"
	if ! make -s -C "$here" O="$dir/o" CORE="$dir/src" VCON="$dir/src" MODEL="$model" CFLAGS="-O1 -g -w" \
			"$dir/o/$program" >"$dir/log" 2>&1; then
		cat "$dir/log" >&2
		echo "mutant '$name' does not build" >&2
		exit 1
	fi
	ret=0
	for group in $groups; do
		timeout "${LIMIT:-300}" "$dir/o/$program" $group >"$dir/log" 2>&1 </dev/null || ret=$?
		# One that does not end is not known to be noticed
		[ "$ret" -ne 124 ] || ret=0
		[ "$ret" -eq 0 ] || break
	done
	if [ "$ret" -eq 0 ]; then
		echo "SURVIVED  $name"
		survived=$((survived + 1))
	else
		why=$(grep -a -m1 -e '^\[  FAILED  \] test' -e 'AddressSanitizer' \
			-e 'runtime error' -e '^FAILED:' "$dir/log" |
			cut -c1-90) || why="exit code $ret"
		echo "killed    $name: $why"
		killed=$((killed + 1))
	fi
done <"$list"

echo "mutants: $killed killed, $survived survived"
[ "$survived" -eq 0 ] && [ "$killed" -gt 0 ]
