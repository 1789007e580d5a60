#!/bin/sh
# SPDX-License-Identifier: ISC
#
# Builds the fuzz targets and runs each for FUZZ_SECONDS (60), as many at once
# as there are processors, in the current directory: what libFuzzer found worth keeping stays in corpus/, what broke
# is crash-TARGET-*, to be run with ./TARGET FILE.
#
#	sh run.sh [TARGET...]
#
# Prints a line for each target; status 1 where any found something, 77
# where there is no clang.

set -u

here=$(cd "$(dirname "$0")" && pwd) || exit 1
top=$(cd "$here/../.." && pwd) || exit 1
seconds=${FUZZ_SECONDS:-60}
jobs=$(nproc)
status=0

# allocator_may_return_null: no memory is a case, not an end.
ASAN_OPTIONS="allocator_may_return_null=1:${ASAN_OPTIONS:-}"
UBSAN_OPTIONS="print_stacktrace=1:${UBSAN_OPTIONS:-}"
export ASAN_OPTIONS UBSAN_OPTIONS
unset PELIHOOK_CONFIG REQUEST_METHOD GATEWAY_INTERFACE LISTEN_FDS LISTEN_PID

dictionary_of() {	# target
	case $1 in
	conf) echo conf ;;
	event | input) echo json ;;
	serve | verify | capture) echo request ;;
	esac
}

# The threads of pelihook.fcgi are at work when libFuzzer would look for
# leaks; there they are looked for at the end.
fuzz() {	# target
	set -- "$1" "$(dictionary_of "$1")"
	mkdir -p "corpus/$1"
	./"$1" -max_total_time="$seconds" -timeout=25 -rss_limit_mb=1024 \
	    -detect_leaks="$([ "$1" = fastcgi ] && echo 0 || echo 1)" \
	    -max_len=8192 -print_final_stats=1 -artifact_prefix="crash-$1-" \
	    ${2:+-dict="$here/$2.dict"} "corpus/$1" "$here/seeds/$1" \
	    >"$1.log" 2>&1
}

# A target whose seeds are not read looks as good as one that finds nothing.
ran() {	# target
	sed -n 's/^stat::number_of_executed_units: *//p' "$1.log"
}

# Those that run, to their end.
judge() {	# (target number)...
	while [ $# -gt 1 ]; do
		if wait "$2" && [ "$(ran "$1")" -gt 100 ]; then
			echo "ok - $1: $(ran "$1") inputs in $seconds s"
		else
			status=1
			echo "not ok - $1"
			grep -E 'does not hold|runtime error|ERROR|SUMMARY' \
			    "$1.log" || tail -n 20 "$1.log"
			find . -maxdepth 1 -name "crash-$1-*"
		fi
		shift 2
	done
}

command -v clang >/dev/null || {
	echo 'fuzzing needs clang: install the Debian package clang' >&2
	exit 77
}
${MAKE:-make} -s -j "$jobs" -f "$here/fuzz.mk" TOP="$top" || exit 1
running=
# Words are wanted here.
# shellcheck disable=SC2086
for target in ${*:-capture conf event fastcgi html input journal serve \
    verify}; do
	fuzz "$target" &
	running="$running $target $!"
	if [ "$(echo $running | wc -w)" -ge $((2 * jobs)) ]; then
		judge $running
		running=
	fi
done
# shellcheck disable=SC2086
judge $running
exit $status
