#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Run the fuzzing targets that `make all` has built.
# Usage: run.sh check|fuzz|minimize DIR TARGET:AMOUNT:LENGTH...
#
# AMOUNT is a number of inputs (check) or of seconds (fuzz).
set -eu

mode=$1
out=$(cd "$2" && pwd)
shift 2
cd "$(dirname "$0")"

# Failed checks, sanitizers, leaks, hangs and memory end a target
options="-timeout=10 -rss_limit_mb=2048 -print_final_stats=1"
mkdir -p "$out/found"

field()
{
	sed -n "s/^stat::$1: *//p" "$log"
}

# Run one target on the directories given, the first of which gets what is new
run()
{
	log=$out/log-$name
	ret=0
	mkdir -p "$1"
	"$out/fuzz_$name" $options -max_len="$len" -artifact_prefix="$out/found/$name-" \
		$limit "$@" >"$log" 2>&1 </dev/null || ret=$?
	if [ "$ret" -eq 0 ]; then
		echo "passed  $name: $(field number_of_executed_units) inputs," \
			"$(field average_exec_per_sec) per second," \
			"$(sed -n 's/.* cov: \([0-9]*\) .*/\1/p' "$log" | tail -n 1) of" \
			"$(sed -n 's/.*Loaded .*(\([0-9]*\) inline.*/\1/p' "$log") edges"
	else
		grep -a -v '^#[0-9]*	' "$log" | tail -n 40
		echo "FAILED  $name: exit code $ret; the input is in $out/found, the log is $log"
		failed=1
	fi
}

minimize()
{
	rm -rf "$out/min/$name"
	mkdir -p "$out/min/$name" "$out/new/$name" "corpus/$name"
	# What is executed counts, not how often: else there are thousands
	"$out/fuzz_$name" -merge=1 -set_cover_merge=1 -use_counters=0 -max_len="$len" \
		"$out/min/$name" "corpus/$name" "$out/seeds/$name" "$out/new/$name" \
		>"$out/log-$name" 2>&1
	rm -f "corpus/$name"/*
	cp "$out/min/$name"/* "corpus/$name"
	echo "$name: $(ls "corpus/$name" | wc -l) inputs, $(cat "corpus/$name"/* | wc -c) bytes"
}

failed=0
for spec; do
	name=${spec%%:*}
	len=${spec##*:}
	amount=${spec#*:}
	amount=${amount%:*}
	kept="corpus/$name $out/seeds/$name"
	[ ! -d "regressions/$name" ] || kept="$kept regressions/$name"
	case $mode in
	check)
		# The same inputs each time
		rm -rf "$out/check/$name"
		limit="-runs=$amount -seed=1"
		run "$out/check/$name" $kept
		;;
	fuzz)
		limit="-max_total_time=$amount"
		run "$out/new/$name" $kept
		;;
	minimize)
		minimize
		;;
	esac
done
exit "$failed"
