#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Break the code under test in one place at a time: each time, its target must notice,
# with the committed inputs and the new ones of `make check`.
# Usage: mutants.sh quick|all DIR TARGET...
set -eu

which=$1
out=$(cd "$2" && pwd)
shift 2
targets=" $* "
cd "$(dirname "$0")"
top=$(cd ../.. && pwd)
dir=$out/mutants
killed=0
survived=0

# quick: the first one of each target
seen=" "
# LIST: name | target | file | sed script
while IFS='|' read -r name target file script; do
	case $name in
	'' | '#'*) continue ;;
	esac
	name=$(echo "$name" | sed 's/ *$//')
	target=$(echo $target)
	file=$(echo $file)
	case $targets in
	*" $target "*) ;;
	*) continue ;;
	esac
	if [ "$which" = quick ]; then
		case $seen in
		*" $target "*) continue ;;
		esac
		seen="$seen$target "
	fi

	case $file in
	drivers/*) var=CORE obj=core ;;
	*) var=CABLE obj=cable ;;
	esac
	src=$top/$(dirname "$file")
	base=$(basename "$file" .c)
	rm -rf "$dir"
	mkdir -p "$dir/src" "$dir/o"
	cp "$src"/*.[ch] "$dir/src"
	sed "$script" "$src/$base.c" >"$dir/src/$base.c"
	if cmp -s "$src/$base.c" "$dir/src/$base.c"; then
		echo "mutant '$name' does not change $file" >&2
		exit 1
	fi
	# Nothing else is built again
	cp "$out"/*.o "$dir/o"
	rm "$dir/o/$obj-$base.o"
	if ! make -s O="$dir/o" $var="$dir/src" CFLAGS="-O1 -g -w" "$dir/o/fuzz_$target" \
			>"$dir/log" 2>&1; then
		cat "$dir/log" >&2
		echo "mutant '$name' does not build" >&2
		exit 1
	fi
	if make -s O="$dir/o" $var="$dir/src" TARGET="$target" replay >"$dir/log" 2>&1; then
		echo "SURVIVED  $target, $name"
		survived=$((survived + 1))
	else
		why=$(grep -a -h -m1 -e 'does not hold' -e 'ERROR: AddressSanitizer' -e 'runtime error' \
			-e '\.c:[0-9]*: ' -e 'ERROR: libFuzzer' "$dir/o/log-$target" | cut -c1-90) || why="?"
		echo "killed    $target, $name: $why"
		killed=$((killed + 1))
	fi
done <mutants

echo "mutants: $killed killed, $survived survived"
[ "$survived" -eq 0 ] && [ "$killed" -gt 0 ]
