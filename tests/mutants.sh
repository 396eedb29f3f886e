#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Break the code under test in one place at a time; each time, a test must fail.
# Usage: mutants.sh TEST-DIRECTORY LIST OUTPUT-DIRECTORY PROGRAM [NAME]
# The test directory's Makefile has built PROGRAM in the output directory.  If PROGRAM has a
# %, it stands for several: the list's third column says what to put in place of the %.
# In the environment: LIMIT, seconds of processor time for one run; HANG=killed where a run
# that takes more has noticed the mutant, else it is not known to have done so.
set -eu

here=$(cd "$1" && pwd)
list=$2
out=$(cd "$3" && pwd)
program=$4
only=${5:-}
drivers=$(cd "$(dirname "$0")/../drivers" && pwd)
dir=$out/mutants
killed=0
survived=0
unseen=0
wrong=0

ulimit -c 0
# A program ends with its first test that fails
export CMOCKA_TEST_ABORT=1

fail()
{
	echo "mutant '$name' $1" >&2
	exit 1
}

# What was found wrong by the run whose output is in the log
reason()
{
	test=$(sed -n 's/^\[ RUN      \] //p' "$dir/log" | tail -n 1)
	if [ "$ret" -eq 152 ]; then
		what="takes more than ${LIMIT:-300} s"
	elif what=$(grep -a -m1 'LeakSanitizer: ' "$dir/log"); then
		# At the end, of whatever test it was
		test=
	elif ! what=$(grep -a -m1 -e 'AddressSanitizer: ' -e 'runtime error' -e '^FAILED:' "$dir/log"); then
		what=$(grep -a -m1 -B1 '^\[   LINE   \] --- ' "$dir/log" | head -n 1)
	fi
	echo "${test:+$test: }${what:-exit code $ret}" | sed 's/==[0-9]*==ERROR: //' | cut -c1-100
}

# LIST: name | file | arguments of the program, or programs, of which one must notice | sed script
# The file is one of the core, of the console, or of the test directory; vcon/FILE if both
# of the first have it.  A name that begins with "unseen: " is of one that no test can notice,
# for a reason that the list gives; it must survive.
while IFS='|' read -r name file words script; do
	case $name in
	'' | '#'*) continue ;;
	esac
	name=$(echo "$name" | sed 's/ *$//')
	file=$(echo $file)
	expected=killed
	case $name in
	'unseen: '*) expected=survived name=${name#unseen: } ;;
	esac
	[ -z "$only" ] || [ "$only" = "$name" ] || continue

	rm -rf "$dir"
	mkdir -p "$dir/core" "$dir/vcon" "$dir/here" "$dir/o"
	cp "$drivers"/pci-epf-virtio/*.[ch] "$dir/core"
	cp "$drivers"/pci-epf-vcon/*.[ch] "$dir/vcon"
	cp "$here"/*.[ch] "$dir/here"
	for target in "$dir/$file" "$dir/core/$file" "$dir/vcon/$file" "$dir/here/$file"; do
		[ ! -e "$target" ] || break
	done
	[ -e "$target" ] || fail "is of a file that there is not: $file"
	cp "$target" "$dir/before"
	sed -i "$script" "$target"
	! cmp -s "$dir/before" "$target" || fail "does not change $file"

	# What does not depend on the file is not built again
	[ ! -d "$out/include" ] || cp -r "$out/include" "$dir/o"
	cp "$out"/*.o "$dir/o"
	made=$(grep -lE "/${file##*/}([ :]|\$)" "$out"/*.d) || fail "is of a file that is not used: $file"
	for made in $made; do
		made=${made##*/}
		rm -f "$dir/o/${made%.d}.o"
	done

	ret=0
	for word in $words; do
		case $program in
		*%*) run=${program%%%*}$word${program#*%} argument= ;;
		*) run=$program argument=$word ;;
		esac
		if ! make -s -C "$here" O="$dir/o" CORE="$dir/core" VCON="$dir/vcon" \
				MODEL="$dir/here" CFLAGS="-O1 -g -w" "$dir/o/$run" \
				>"$dir/log" 2>&1; then
			cat "$dir/log" >&2
			fail "does not build"
		fi
		(
			ulimit -S -t "${LIMIT:-300}"
			"$dir/o/$run" $argument || exit
		) >"$dir/log" 2>&1 </dev/null || ret=$?
		# SIGXCPU
		[ "$ret" -ne 152 ] || [ "${HANG:-}" = killed ] || ret=0
		[ "$ret" -eq 0 ] || break
	done
	if [ "$ret" -ne 0 ]; then
		echo "killed    $name: $(reason)"
		killed=$((killed + 1))
		if [ "$expected" = survived ]; then
			echo "          ... which the list says cannot be noticed"
			wrong=$((wrong + 1))
		fi
	elif [ "$expected" = survived ]; then
		echo "unseen    $name"
		unseen=$((unseen + 1))
	else
		echo "SURVIVED  $name"
		survived=$((survived + 1))
	fi
done <"$list"

[ "$unseen" -eq 0 ] || echo "cannot be noticed, as the list says why: $unseen"
echo "mutants: $killed killed, $survived survived"
[ "$survived" -eq 0 ] && [ "$killed" -gt 0 ] && [ "$wrong" -eq 0 ]
