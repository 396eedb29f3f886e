#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Break the code or its caller in one place at a time; each time, the search must fail.
# Usage: mutants.sh OUTPUT-DIRECTORY all | first | NAME	(first: one for each property)
set -eu

out=$(cd "$1" && pwd)
only=$2
here=$(cd "$(dirname "$0")" && pwd)
core=$here/../../../drivers/pci-epf-virtio
dir=$out/mutants
last=
killed=0
survived=0

mkdir -p "$dir"
while IFS='|' read -r property name file script; do
	case $property in
	'' | '#'*) continue ;;
	esac
	property=${property% }
	name=$(echo "$name" | sed 's/^ *//; s/ *$//')
	file=$(echo $file)
	case $only in
	all) ;;
	first) [ "$property" != "$last" ] || continue ;;
	*) [ "$only" = "$name" ] || continue ;;
	esac
	last=$property

	rm -rf "$dir/core" "$dir/model" "$dir/o"
	mkdir -p "$dir/core" "$dir/model" "$dir/o"
	cp "$core"/*.[ch] "$dir/core"
	cp "$here"/*.[ch] "$dir/model"
	case $file in
	endpoint.c) target=$dir/model/$file object=${file%.c}.o ;;
	*) target=$dir/core/$file object=core-${file%.c}.o ;;
	esac
	cp "$target" "$dir/before"
	sed -i "$script" "$target"
	if cmp -s "$dir/before" "$target"; then
		echo "mutant '$name' does not change $file" >&2
		exit 1
	fi
	# Only what has changed is built again
	cp "$out"/core-*.o "$out/main.o" "$out/explore.o" "$out/world.o" "$out/host.o" \
		"$out/endpoint.o" "$dir/o"
	rm "$dir/o/$object"
	if ! make -s -C "$here" O="$dir/o" CORE="$dir/core" MODEL="$dir/model" \
			CFLAGS="-O2 -w" "$dir/o/$object" >"$dir/log" 2>&1 ||
	   ! ${CC:-cc} -o "$dir/o/ring-model" "$dir"/o/*.o -lcmocka 2>>"$dir/log"; then
		cat "$dir/log" >&2
		echo "mutant '$name' does not build" >&2
		exit 1
	fi
	if timeout 300 "$dir/o/ring-model" -1 >"$dir/log" 2>&1 </dev/null; then
		echo "SURVIVED  $property: $name"
		survived=$((survived + 1))
	else
		why=$(sed -n 's/^.*--- ERROR: //p' "$dir/log" | head -n 1)
		echo "killed    $property: $name: ${why:-exit code}"
		killed=$((killed + 1))
	fi
done <"$here/mutants"

echo "mutants: $killed killed, $survived survived"
[ "$survived" -eq 0 ] && [ "$killed" -gt 0 ]
