# SPDX-License-Identifier: ISC
#
# Sourced by the fault tests.  Runs the Python program of the test's name as
# an ordinary user, since neither a drain nor a command is run by root, with
# copies of all programs where that user reaches them.  As root it gets a
# small file system of its own besides, which no other process sees.  With
# STAYS_ROOT the Python program itself runs as root.  A test elsewhere says in
# FAULT where this file is, and in PROGRAMS what else of the build it needs.
#
# With PELIHOOK_FAULT_JOURNAL=postgresql each journal is a database of a
# PostgreSQL server that is started for the test.

set -u

HERE=$(cd "$(dirname "$0")" && pwd) || exit 1
NAME=$(basename "$0" .sh)
FAULT=${FAULT:-$HERE}
PROGRAMS=${PROGRAMS:-}
BUILD=${abs_top_builddir:-$(cd "$HERE/../.." && pwd)}
ORDINARY=${ORDINARY:-65534}

skip_all() {
	echo "1..0 # SKIP $1"
	exit 0
}

# What is proved by storms is proved once; the slow builds under sanitizers
# would only measure how long a storm may take.
[ "${PELIHOOK_KILLS-}" != 0 ] || skip_all "no kills were asked for"

as_user() {
	if [ "$(id -u)" -eq 0 ]; then
		setpriv --reuid="$ORDINARY" --regid="$ORDINARY" \
		    --clear-groups "$@"
	else
		"$@"
	fi
}

# A directory that the user can reach, whatever TMPDIR is.
make_work() {
	for base in "${TMPDIR:-/tmp}" /tmp; do
		WORK=$(mktemp -d "$base/pelihook-fault.XXXXXX") || continue
		chmod 755 "$WORK"
		if [ "${#base}" -lt 60 ] && as_user test -r "$WORK"; then
			return
		fi
		rm -rf "$WORK"
	done
	return 1
}

fill_work() {
	mkdir "$WORK/tmp" "$WORK/small" &&
	    cp "$FAULT"/*.py "$FAULT"/*.sql "$FAULT/../cases/fastcgi.py" \
		"$FAULT/../cases/harness.py" "$BUILD/tests/fault/mark" \
		"$BUILD/tests/fault/task" \
		"$BUILD/tests/fault/pelihook.cgi" \
		"$BUILD/tests/fault/pelihook.fcgi" \
		"$BUILD/ctl/pelihookctl" "$WORK" || return 1
	if [ "$HERE" != "$FAULT" ]; then
		cp "$HERE"/*.py "$WORK" || return 1
	fi
	for program in $PROGRAMS; do
		cp "$BUILD/$program" "$WORK" || return 1
	done
	for library in clock failing killat killspawn slow; do
		${CC:-cc} -D_GNU_SOURCE -O1 -shared -fPIC \
		    -o "$WORK/$library.so" "$FAULT/$library.c" || return 1
	done
	chmod -R go+rX "$WORK"
	[ "$(id -u)" -ne 0 ] || [ -n "${STAYS_ROOT:-}" ] ||
	    chown "$ORDINARY" "$WORK/tmp"
}

# One that the user can run: the first in PATH may be root's own.
find_python() {
	for python in ${PYTHON:-python3} /usr/bin/python3; do
		as_user "$python" -c 'import sqlite3' 2>/dev/null && return
	done
	return 1
}

# What a program leaves behind when it is killed is in the server's memory, so
# nothing has to reach the disk.
start_databases() {
	DATABASES=$WORK/databases
	. "$FAULT/../machines/postgresql.sh" &&
	    databases_prepare &&
	    database_create one 127.0.0.1 "$(database_free_port)" \
		'fsync = off' 'max_connections = 300' \
		"log_line_prefix = '%m [%p] %u@%d '" &&
	    database_start one || return 1
	PELIHOOK_DATABASES=postgresql://postgres@127.0.0.1:$(database_port one)
	export PELIHOOK_DATABASES
}

clean_up() {
	[ ! -e "$WORK/databases/started" ] || databases_down
	rm -rf "$WORK"
}

# PELIHOOK_SMALL is set where there is a small file system.
ordinary() {
	if [ -n "${STAYS_ROOT:-}" ]; then
		"$@"
	elif [ "$(id -u)" -eq 0 ] && unshare -m true 2>/dev/null; then
		# shellcheck disable=SC2016
		unshare -m --propagation private sh -c '
			mount -t tmpfs -o "size=24m,mode=755,uid=$ORDINARY" \
			    none "$WORK/small" || exit 1
			PELIHOOK_SMALL=$WORK/small
			export PELIHOOK_SMALL
			exec setpriv --reuid="$ORDINARY" --regid="$ORDINARY" \
			    --clear-groups "$@"' sh "$@"
	else
		as_user "$@"
	fi
}

make_work || skip_all 'no directory that an ordinary user can reach'
trap clean_up EXIT
trap 'exit 1' HUP INT TERM
find_python || skip_all 'no python3 with sqlite3'
if ! fill_work >"$WORK/log" 2>&1; then
	sed 's/^/# /' "$WORK/log"
	echo 'Bail out! the programs of the test are not there'
	exit 1
fi
case ${PELIHOOK_FAULT_JOURNAL:-} in
'') ;;
postgresql)
	if ! start_databases >"$WORK/log" 2>&1; then
		sed 's/^/# /' "$WORK/log"
		echo 'Bail out! no PostgreSQL server'
		exit 1
	fi ;;
*)
	echo "Bail out! PELIHOOK_FAULT_JOURNAL=$PELIHOOK_FAULT_JOURNAL"
	exit 1 ;;
esac
PELIHOOK_WORK=$WORK
PELIHOOK_CGI=$WORK/pelihook.cgi
PELIHOOK_FCGI=$WORK/pelihook.fcgi
PELIHOOK_TEST_CTL=$WORK/pelihookctl
TMPDIR=$WORK/tmp
PYTHONDONTWRITEBYTECODE=1
export ORDINARY WORK PELIHOOK_WORK PELIHOOK_CGI PELIHOOK_FCGI \
    PELIHOOK_TEST_CTL TMPDIR PYTHONDONTWRITEBYTECODE
# In a session of its own: whoever looks for what a killed runner left takes
# what another user runs in the same session for a command that it cannot see,
# and waits for it.  Tests that root runs meanwhile are such.
ordinary setsid -w "$python" "$WORK/$NAME.py" "$@"
