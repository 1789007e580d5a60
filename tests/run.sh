#!/bin/sh
# SPDX-License-Identifier: ISC
#
# All tests, from nothing: installs the Debian packages that are missing (as
# root, or through sudo), builds a copy of the source elsewhere and ends with
# one line, `N passed, N failed`, and status 1 if anything failed.
#
#	sh tests/run.sh [STAGE...]
#
# Each named test is counted once, in the stage `check` or `e2e`; running the
# same tests again under a sanitizer or valgrind counts as one test, or as
# those that fail.
#
# Most tests wait most of the time: for a disk, a time-out, a command.  So they
# run side by side, as many as there are processors: each has directories,
# names and ports of its own.  What looks at moments, or loads the machine until
# something gives way, runs by itself: ALONE below, and load.bats.

set -u

STAGES='format check shared e2e machines model demo browser distcheck clang analyze address
    thread valgrind fuzz'
TOP=$(cd "$(dirname "$0")/.." && pwd) || exit 1
JOBS=$(nproc)
# One by one, after the others: storms of kills, whose judgement allows for
# moments, and what fills queues, disks and limits.
ALONE='tests/fault/lanes.sh tests/fault/limits.sh tests/fault/lost.sh'
ALONE="$ALONE tests/fault/queue.sh tests/fault/twice.sh"
PACKAGES='apache2-bin autoconf automake bats caddy chromium clang clang-format
    curl fonts-dejavu-core gcc iproute2 jq kcat libapache2-mod-fcgid libc6-dev libclang-rt-dev libcmocka-dev
    libfcgi-dev libjson-c-dev libpq-dev libsqlite3-dev libssl-dev lighttpd make
    multiwatch nftables nginx nodejs npm openssl perl perl-base pgbouncer
    pkg-config postgresql procps prometheus python3 python3-jsonschema
    python3-prometheus-client spawn-fcgi systemd util-linux valgrind'
passed=0
failed=0

. "$TOP/tests/packages.sh"
umask 022
# What the caller's environment says is not to decide how tests go.
unset CFLAGS CPPFLAGS LDFLAGS MAKEFLAGS PELIHOOK_CONFIG PELIHOOK_BUILD
LC_ALL=C.UTF-8
export LC_ALL

# ---- Counting ---------------------------------------------------------------

note() {	# passed failed stage
	passed=$((passed + $1))
	failed=$((failed + $2))
	printf '== %-16s %4d passed, %d failed (%d s)\n' "$3" "$1" "$2" \
	    $(($(date +%s) - began))
}

# What automake wrote for each test program.  An ERROR beside a FAIL is the
# same trouble once more; one alone (a crash) counts.
count_trs() {	# directory result
	find "$1" -name '*.trs' -exec cat {} + | awk -v want="$2" '
	function program_ends() {
		failed += fail ? fail : error > 0
		fail = error = 0
	}
	/^:recheck:/ { program_ends() }
	/^:test-result: PASS/ { passed++ }
	/^:test-result: (FAIL|XPASS)/ { fail++ }
	/^:test-result: ERROR/ { error++ }
	END { program_ends(); print (want == "pass" ? passed : failed) + 0 }'
}

show_failures() {	# log of make check
	grep -E '^(FAIL|XPASS|ERROR): ' "$1"
	find "$WORK/$stage" -name '*.trs' -exec grep -lE \
	    '^:test-result: (FAIL|XPASS|ERROR)' {} + | while read -r trs; do
		echo "---- ${trs%.trs}.log"
		grep -vE '^(ok|PASS)' "${trs%.trs}.log" | tail -n 60
	done
}

# ---- Stages -------------------------------------------------------------------

only_configure() {	# directory, configure's words
	name=$1
	shift
	mkdir "$WORK/$name" &&
	    builds "$name" "$SOURCE/configure" -q --enable-werror "$@"
}

configure_in() {	# the same
	only_configure "$@" && builds "$1" make -s -j "$JOBS" &&
	    builds "$1" make -s -j "$JOBS" check TESTS=
}

builds() {	# directory word...
	name=$1
	shift
	(cd "$WORK/$name" && exec "$@") >>"$WORK/$name.build.log" 2>&1 || {
		echo "---- $name does not build"
		tail -n 40 "$WORK/$name.build.log"
		return 1
	}
}

# check_in STAGE WORD...: make check, and whether it went well.
check_in() {
	stage=$1
	shift
	(cd "$WORK/$stage" && exec "$@") >>"$WORK/$stage.check.log" 2>&1
}

# The same tests once more, as one.
check_again() {	# stage; how to call make
	name=$1
	if check_in "$@"; then
		note 1 0 "$name"
		return
	fi
	show_failures "$WORK/$name.check.log"
	[ "$name" != distcheck ] || tail -n 40 "$WORK/$name.check.log"
	again=$(count_trs "$WORK/$name" fail)
	note 0 "$((again > 0 ? again : 1))" "$name"
}

# .clang-format decides how code is laid out, as Debian 12's clang-format
# reads it: another version would lay some of it out otherwise.
stage_format() {
	if ! clang-format --version | grep -q ' version 14\.'; then
		echo "# format: not judged, clang-format 14 is not here"
		note 0 0 format
	elif (cd "$SOURCE" && find cgi common ctl fcgi tests -name '*.[ch]' \
	    -exec clang-format --dry-run --Werror {} +) \
	    >"$WORK/format.log" 2>&1; then
		note 1 0 format
	else
		grep ' error: ' "$WORK/format.log" | sed "s|^|# |" | head -n 40
		note 0 1 format
	fi
}

stage_check() {
	configure_in check || { note 0 1 check; return; }
	status=0
	check_in check sh "$SOURCE/tests/unit/postgresql.sh" \
	    make -j "$JOBS" check TESTS="\$(filter-out $ALONE, \
	    \$(shell_tests) \$(unit_tests))" || status=1
	check_in check make check TESTS="$ALONE" || status=1
	bad=$(count_trs "$WORK/check" fail)
	[ "$bad" -gt 0 ] || bad=$status
	[ "$bad" -eq 0 ] || show_failures "$WORK/check.check.log"
	note "$(count_trs "$WORK/check" pass)" "$bad" check
}

# A file of tests, or those of servers with SERVER behind an @; how it
# ended and how long it took stands beside what it printed.  Each has a session
# of its own, as the fault tests have (tests/fault/ordinary.sh).
# shellcheck disable=SC2016
ONE_BATS='
	tap=$TAPS/$1.tap
	began=$(date +%s)
	case $1 in
	server@*)
		SERVER=${1#*@}
		export SERVER
		setsid -w bats --tap server.bats server_hooks.bats ;;
	page@*)
		SERVER=${1#*@}
		export SERVER
		setsid -w bats --tap page.bats ;;
	*) setsid -w bats --tap "$1.bats" ;;
	esac >"$tap" 2>&1
	echo "$? $(($(date +%s) - began))" >"$tap.end"'

bats_of() {	# directory, how many at once, name...
	room=$1
	at_once=$2
	shift 2
	(
		TAPS=$WORK
		PELIHOOK_BUILD=$WORK/check
		abs_top_builddir=$WORK/check
		export TAPS PELIHOOK_BUILD abs_top_builddir
		cd "$SOURCE/tests/$room" && printf '%s\n' "$@" |
		    xargs -P "$at_once" -n 1 sh -c "$ONE_BATS" sh
	)
	for name; do
		tell_bats "$name"
	done
}

tell_bats() {	# name
	tap=$WORK/$1.tap
	status=1
	seconds=0
	[ ! -e "$tap.end" ] || read -r status seconds <"$tap.end"
	began=$(($(date +%s) - seconds))
	good=$(grep '^ok ' "$tap" | grep -vc ' # skip')
	bad=$(grep -c '^not ok ' "$tap")
	[ "$bad" -gt 0 ] || [ "$status" -eq 0 ] || bad=1
	[ "$bad" -eq 0 ] || grep -v '^ok ' "$tap"
	grep '^# tested with ' "$tap"
	note "$good" "$bad" "${1#server@}"
}

# The largest first, so that none is left to run by itself at the end; what
# is all about load does, before them.
stage_e2e() {
	built || { note 0 1 e2e; return; }
	bats_of e2e 1 load
	set --
	for file in $(cd "$SOURCE/tests/e2e" && ls -S -- *.bats); do
		case $file in
		server*.bats | page.bats | load.bats) ;;
		*) set -- "$@" "${file%.bats}" ;;
		esac
	done
	servers=$(bash -c '. "$1" && echo "$SERVERS"' bash \
	    "$SOURCE/tests/e2e/servers.bash")
	for server in $servers; do
		set -- "$@" "server@$server"
	done
	servers=$(bash -c '. "$1" && echo "$PAGE_SERVERS"' bash \
	    "$SOURCE/tests/e2e/servers.bash")
	for server in $servers; do
		set -- "$@" "page@$server"
	done
	bats_of e2e "$JOBS" "$@"
}

built() {
	[ -x "$WORK/check/ctl/pelihookctl" ] ||
	    { [ ! -d "$WORK/check" ] && configure_in check; }
}

model() {	# seconds; the journal
	(cd "$WORK" && abs_top_builddir=$WORK/check PELIHOOK_MODEL_SECONDS=$1 \
	    PELIHOOK_MODEL_JOURNAL=$2 exec sh "$SOURCE/tests/model/model.sh") \
	    >>"$WORK/model.log" 2>&1
}

# Longer with PELIHOOK_MODEL_SECONDS.
# The unit tests of the journal, on PostgreSQL.
stage_shared() {
	if ! built; then
		note 0 1 shared
		return
	fi
	abs_top_builddir=$WORK/check sh "$SOURCE/tests/unit/postgresql.sh" \
	    sh "$SOURCE/tests/unit/shared.sh" >"$WORK/shared.log" 2>&1
	good=$(grep -c '^ok ' "$WORK/shared.log")
	bad=$(grep -c '^not ok ' "$WORK/shared.log")
	grep -q '^1\.\.' "$WORK/shared.log" || bad=$((bad + 1))
	[ "$bad" -eq 0 ] || cat "$WORK/shared.log"
	note "$good" "$bad" shared
}

# Several machines on one PostgreSQL: the longest first.
stage_machines() {
	if ! built; then
		note 0 1 machines
	elif [ "$(id -u)" -ne 0 ]; then
		echo 'machines: only root makes namespaces that are networks'
	else
		bats_of machines "$JOBS" runners database sharing rolling machines
	fi
}

stage_model() {
	if ! built; then
		note 0 1 model
	elif model "${PELIHOOK_MODEL_SECONDS:-}" '' &&
	    model "${PELIHOOK_MODEL_SECONDS:-25}" postgresql; then
		note "$(grep -c '^ok ' "$WORK/model.log")" 0 model
	else
		cat "$WORK/model.log"
		note 0 1 model
	fi
}

stage_demo() {
	if built && PELIHOOK_BUILD=$WORK/check sh "$SOURCE/examples/demo.sh" \
	    >"$WORK/demo.log" 2>&1 </dev/null; then
		note 1 0 demo
	else
		tail -n 60 "$WORK/demo.log"
		note 0 1 demo
	fi
}

# The page in a real browser.
stage_browser() {
	built || { note 0 1 browser; return; }
	PELIHOOK_BUILD=$WORK/check sh "$SOURCE/tests/browser/browser.sh" \
	    >"$WORK/browser.log" 2>&1 </dev/null
	status=$?
	good=$(grep -c '^ok ' "$WORK/browser.log")
	bad=$(grep -c '^not ok ' "$WORK/browser.log")
	[ "$bad" -gt 0 ] || [ $status -eq 0 ] || bad=1
	[ "$bad" -eq 0 ] || grep -v '^ok ' "$WORK/browser.log"
	note "$good" "$bad" browser
}

# What is built and tested is what comes out of the archive, by the compiler
# and the flags of the stage check: what proves more with time has little.
stage_distcheck() {
	only_configure distcheck || { note 0 1 distcheck; return; }
	check_again distcheck env PELIHOOK_KILLS=0 PELIHOOK_WATCH_SECONDS=1 \
	    make -s -j "$JOBS" distcheck
}

stage_clang() {
	configure_in clang CC=clang || { note 0 1 clang; return; }
	note 1 0 clang
}

# All of clang's; what takes longer is left to `make check-long`.
stage_analyze() {
	if sh "$SOURCE/tests/analyze.sh" >"$WORK/analyze.log" 2>&1; then
		note 1 0 analyze
		return
	fi
	grep -v '^ok ' "$WORK/analyze.log"
	note 0 1 analyze
}

stage_address() {
	configure_in address --enable-sanitizers=address,undefined \
	    CFLAGS='-g -O1' || { note 0 1 address; return; }
	check_again address env PELIHOOK_KILLS=0 PELIHOOK_WATCH_SECONDS=10 \
	    UBSAN_OPTIONS=print_stacktrace=1 \
	    make -j "$JOBS" check
}

configure_thread() {
	gcc -c -D_GNU_SOURCE -o "$WORK/thread_sanitizer.o" \
	    "$SOURCE/tests/thread_sanitizer.c" || return 1
	configure_in thread --enable-sanitizers=thread CFLAGS='-g -O1' \
	    LIBS="$WORK/thread_sanitizer.o"
}

# The thread sanitizer of some compilers cannot live with the address
# layout of some kernels; without randomisation it can.
stage_thread() {
	configure_thread || { note 0 1 thread; return; }
	# Where one thread judges there is nothing to find between threads.
	check_again thread env PELIHOOK_KILLS=0 PELIHOOK_WATCH_CASES='race*' \
	    setarch -R make -j "$JOBS" check
}

stage_valgrind() {
	configure_in valgrind --disable-hardening CFLAGS='-g -O1' ||
	    { note 0 1 valgrind; return; }
	# valgrind 3.19 has no pidfd_open, so no command can be run under it:
	# what is all about commands is left to the sanitizers.  Nor does it
	# know that a wait for a lock of an open file (F_OFD_SETLKW) blocks,
	# and so a signal does not end it: no turn is waited for under it.
	# shellcheck disable=SC2016
	set -- '$(filter-out tests/unit/journal/turn tests/unit/queue/%,' \
	    '$(unit_tests))'
	check_again valgrind make -j "$JOBS" check TESTS="$1$2" \
	    LOG_FLAGS="valgrind -q --leak-check=full --error-exitcode=99 \
		--suppressions=$SOURCE/tests/valgrind.supp"
}

# Each target once; longer with `make fuzz FUZZ_SECONDS=600`.
stage_fuzz() {
	mkdir "$WORK/fuzz"
	(cd "$WORK/fuzz" && FUZZ_SECONDS=20 exec sh \
	    "$SOURCE/tests/fuzz/run.sh") >"$WORK/fuzz.log" 2>&1
	status=$?
	bad=$(grep -c '^not ok ' "$WORK/fuzz.log")
	[ "$bad" -gt 0 ] || [ $status -eq 0 ] || bad=1
	[ "$bad" -eq 0 ] || grep -v '^ok ' "$WORK/fuzz.log"
	note "$(grep -c '^ok ' "$WORK/fuzz.log")" "$bad" fuzz
}

# ---- All of it ------------------------------------------------------------------

clean_up() {
	[ -n "${PELIHOOK_KEEP:-}" ] || rm -rf "$WORK"
}

# A copy, so that the checkout stays as it is and may itself be configured.
copy_source() {
	SOURCE=$WORK/source
	mkdir "$SOURCE"
	for item in cgi common ctl examples fcgi tests configure.ac \
	    Makefile.am README.md LICENSE CHANGES.md SECURITY.md .ci \
	    .clang-format; do
		[ ! -e "$TOP/$item" ] || cp -R "$TOP/$item" "$SOURCE/"
	done
	find "$SOURCE" \( -name '*.o' -o -name '*.a' -o -name '*.trs' -o \
	    -name '*.log' -o -name .deps \) -prune -exec rm -rf {} +
	(cd "$SOURCE" && autoreconf -fi) >"$WORK/autoreconf.log" 2>&1 || {
		cat "$WORK/autoreconf.log"
		return 1
	}
}

WORK=$(mktemp -d "${TMPDIR:-/tmp}/pelihook-tests.XXXXXX") || exit 1
chmod 755 "$WORK"
trap clean_up EXIT
trap 'exit 1' HUP INT TERM

# Words are wanted here.
# shellcheck disable=SC2048,SC2086
if install_packages "$WORK/install.log" $PACKAGES && copy_source; then
	for stage in ${*:-$STAGES}; do
		began=$(date +%s)
		"stage_$stage"
	done
else
	failed=1
fi
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
