# SPDX-License-Identifier: ISC
# shellcheck shell=bash
#
# What the tests of several machines share: machines, a database at DATABASE,
# one configuration, and what became of the events.  MACHINES are those that a
# file of tests needs.  With MACHINES_SQLITE set there is no PostgreSQL and the
# journal is the first machine's own, which shows how far the tests themselves
# are right.

load ../e2e/lib.bash

MACHINES_SOURCE=$BATS_TEST_DIRNAME
SHARED=$WORK/shared
DATABASES=$WORK/databases
DATABASE=10.77.0.1
LEASE=3
USER_ID=65534
export MACHINES_SOURCE SHARED DATABASES DATABASE LEASE USER_ID
. "$BATS_TEST_DIRNAME/machines.sh"
. "$BATS_TEST_DIRNAME/postgresql.sh"
[ ! -s "$WORK/network" ] || DATABASE_NETWORK=$(cat "$WORK/network")

# What is only negated does not end a test.
not() {
	! "$@"
}

# ---- A file of tests ------------------------------------------------------------

site_up() {	# machine...
	local reason machine
	umask 022
	mkdir -p "$WORK"
	: >"$WORK/pids"
	if ! reason=$(machines_possible); then
		echo "$reason" >"$WORK/impossible"
		return 0
	fi
	chmod 711 "$BATS_RUN_TMPDIR" "$(dirname "$BATS_FILE_TMPDIR")" \
	    "$BATS_FILE_TMPDIR"
	programs || return 1
	mkdir -p "$SHARED"
	network_up || return 1
	DATABASE_NETWORK=$(cat "$WORK/network")
	[ -n "${MACHINES_SQLITE:-}" ] || database_up || return 1
	for machine; do
		machine_start "$machine" || return 1
		[ -z "${MACHINES_SQLITE:-}" ] || break
	done
}

database_up() {
	databases_prepare && database_create main "$DATABASE" 5432 \
	    'synchronous_commit = on' && database_start main
}

# Where the machines find them, and nobody can change them.
programs() {
	mkdir -p "$WORK/bin" &&
	    cp "$SOURCE/tests/cases/harness.py" \
		"$SOURCE/tests/cases/fastcgi.py" \
		"$SOURCE/tests/model/judge.py" "$BATS_TEST_DIRNAME"/*.py \
		"$BUILD/tests/model/ledger" "$BUILD/tests/fault/pelihook.cgi" \
		"$FCGI" "$CTL" "$WORK/bin" &&
	    install -m 755 "$BATS_TEST_DIRNAME/command.sh" "$WORK/bin/command" &&
	    ${CC:-cc} -D_GNU_SOURCE -O1 -shared -fPIC -o "$WORK/bin/clock.so" \
		"$SOURCE/tests/fault/clock.c" &&
	    SHARED=$SHARED python3 "$WORK/bin/send.py" secret \
		>"$WORK/secret" &&
	    chown "$USER_ID" "$WORK/secret" && chmod 600 "$WORK/secret"
}

site_down() {
	machines_down
	databases_down
}

# ---- One test -------------------------------------------------------------------

# A test has all machines, a database without tables and an empty ledger.
site_ready() {	# machine...
	local machine
	[ ! -s "$WORK/impossible" ] || skip "$(cat "$WORK/impossible")"
	if [ -n "${MACHINES_SQLITE:-}" ]; then
		[ $# -eq 1 ] || skip 'one machine alone with SQLite'
	else
		database_alone || return 1
	fi
	for machine; do
		machine_is_there "$machine" || machine_start "$machine" ||
		    return 1
		network_restore "$machine"
		rm -rf "${WORK:?}/$machine"/lib/* "$WORK/$machine"/*.log \
		    "$WORK/$machine"/*.pid "$WORK/$machine/clock"
	done
	[ -n "${MACHINES_SQLITE:-}" ] || database_fresh main || return 1
	fresh_shared
	configure </dev/null
}

# The database is there, and no other; its commits wait for nobody.
database_alone() {
	local other
	for other in $(grep -vx main "$DATABASES/started" | sort -u); do
		database_kill "$other"
	done
	database_is_ready main || database_start main || return 1
	database_sql main 'ALTER SYSTEM RESET synchronous_standby_names' \
	    postgres &&
	    database_sql main 'SELECT pg_reload_conf()' postgres >/dev/null
}

fresh_shared() {
	rm -rf "$SHARED"
	mkdir -p "$SHARED/live"
	: >"$SHARED/ledger"
	: >"$SHARED/answers"
	: >"$SHARED/number"
	chown -R "$USER_ID:$USER_ID" "$SHARED"
	chmod 600 "$SHARED/ledger"
}

# Whatever is left of a test ends with its machine's processes.
site_rest() {
	local machine
	[ -n "${BATS_TEST_COMPLETED:-}" ] || site_tell
	[ ! -s "$WORK/impossible" ] || return 0
	[ -e "$WORK/machines" ] || return 0
	while read -r machine; do
		machine_is_there "$machine" || continue
		machine_rest "$machine"
	done <"$WORK/machines"
}

# All but its PID 1, which waits in a sleep.
machine_rest() {	# machine
	local pid
	machine_thaw "$1"
	for pid in $(machine_processes "$1"); do
		[ "$pid" = "$(machine_init "$1")" ] ||
		    kill -KILL "$pid" 2>/dev/null
	done
	return 0
}

# For a test that failed.
site_tell() {
	local log
	for log in "$WORK"/*/*.log "$WORK"/*/lib/*.log; do
		[ -s "$log" ] || continue
		echo "--- $log"
		tail -n 25 "$log"
	done
	[ ! -s "$SHARED/ledger" ] || tail -n 25 "$SHARED/ledger"
	return 0
}

long() {
	[ -n "${MACHINES_LONG:-}" ] || skip 'only with make check-long'
}

rounds() {	# ordinarily long
	if [ -n "${MACHINES_LONG:-}" ]; then
		echo "$2"
	else
		echo "$1"
	fi
}

# ---- The configuration ------------------------------------------------------------

JOURNAL=postgresql://pelihook@$DATABASE:5432/pelihook
[ -z "${MACHINES_SQLITE:-}" ] || JOURNAL=/var/lib/pelihook/journal.db

# configure [MACHINE...]: of all machines, or of those; the hooks' lines on
# standard input, or else those of a hook `first`.  GLOBAL has more global
# lines, and HOOK lines of that hook.
configure() {
	local machine hooks
	hooks=$(cat)
	# shellcheck disable=SC2046
	[ $# -gt 0 ] || set -- $(cat "$WORK/machines")
	[ -n "$hooks" ] || hooks="hook first
  ${HOOK:-order /key}"
	for machine; do
		{
			echo "journal $JOURNAL"
			[ -n "${MACHINES_SQLITE:-}" ] || echo "lease ${LEASE}s"
			cat <<-END
			log /var/lib/pelihook/pelihook.log
			log-level debug
			stop-timeout 500ms
			secret-file $WORK/secret
			setenv VERSION 1
			kill-after 1s
			timeout 60s
			retry 200ms 200ms 200ms 500ms 500ms 1s 1s 1s 1s 1s
			max-queue 1000000
			${GLOBAL:-}
			$hooks
			END
			case $hooks in
			*' run '*) ;;
			*) echo "  on * $RUN" ;;
			esac
		} >"$WORK/$machine/pelihook.conf.new"
		mv "$WORK/$machine/pelihook.conf.new" \
		    "$WORK/$machine/pelihook.conf"
	done
}
RUN="run $WORK/bin/command $WORK/bin/ledger $SHARED"

# ---- pelihook ---------------------------------------------------------------------

socket() {	# machine
	echo "$WORK/$1/lib/sock"
}

sockets() {	# machine...
	local machine all=
	for machine; do
		all=$all,$(socket "$machine")
	done
	echo "${all#,}"
}

# serve MACHINE...: pelihook.fcgi, ready to answer.  One that is there stays.
serve() {
	local machine
	for machine; do
		! machine_has "$machine" fcgi || continue
		launch_fcgi "$machine" &&
		    until_true 20 serves_or_gone "$machine" &&
		    machine_has "$machine" fcgi && continue
		tail -n 5 "$WORK/$machine"/*.log "$WORK/$machine"/lib/*.log >&2
		return 1
	done
}

launch_fcgi() {	# machine
	rm -f "$(socket "$1")"
	# Words are wanted here.
	# shellcheck disable=SC2046
	machine_launch "$1" fcgi $(machine_clock "$1") \
	    "$WORK/bin/pelihook.fcgi" -c "$WORK/$1/pelihook.conf" \
	    -s /var/lib/pelihook/sock
}

serves_or_gone() {	# machine
	has_no_fcgi "$1" || serves "$1"
}

serves() {	# machine
	python3 -c '
import socket, sys
socket.socket(socket.AF_UNIX).connect(sys.argv[1])' "$(socket "$1")" \
	    2>/dev/null
}

kill_fcgi() {	# machine: its process alone
	machine_signal "$1" fcgi KILL &&
	    machine_note killed "$1" && until_true 10 has_no_fcgi "$1"
}

has_no_fcgi() {	# machine
	! machine_has "$1" fcgi
}

stop_fcgi() {	# machine
	machine_signal "$1" fcgi TERM && until_true 30 has_no_fcgi "$1"
}

# lighttpd with pelihook.cgi, on the machine's port 8080; a detached drain is
# looked for where the environment says.
serve_cgi() {	# machine
	mkdir -p "$WORK/$1/empty"
	cat >"$WORK/$1/lighttpd.conf" <<-END
	server.modules = ( "mod_alias", "mod_cgi", "mod_setenv" )
	server.bind = "0.0.0.0"
	server.port = 8080
	server.document-root = "$WORK/$1/empty"
	server.upload-dirs = ( "/tmp" )
	server.breakagelog = "/var/lib/pelihook/cgi.log"
	alias.url = ( "/hook" => "$WORK/bin/pelihook.cgi" )
	cgi.assign = ( "pelihook.cgi" => "" )
	setenv.set-environment = (
		"PELIHOOK_CONFIG" => "$WORK/$1/pelihook.conf",
		"PELIHOOK_TEST_CTL" => "$WORK/bin/pelihookctl"
	)
	END
	machine_launch "$1" lighttpd lighttpd -D -f "$WORK/$1/lighttpd.conf" &&
	    until_true 20 answers_http "$1"
}

http() {	# machine
	echo "http://$(machine_address "$1"):8080/hook"
}

answers_http() {	# machine
	in_network curl -s -o /dev/null --max-time 2 "$(http "$1")"
}

ctl() {	# machine word...
	local machine=$1
	shift
	machine_user "$machine" "$WORK/bin/pelihookctl" \
	    -c "$WORK/$machine/pelihook.conf" "$@"
}

# ---- Events -------------------------------------------------------------------------

sender() {
	(cd "$WORK/bin" && in_network env "SHARED=$SHARED" \
	    PYTHONDONTWRITEBYTECODE=1 python3 "$@")
}

# send MACHINE|WHERE [NAME=VALUE...]: sets STATUS, WORD, ID and N.
send() {
	local where=$1 said
	shift
	case $where in
	/* | http:*) ;;
	*) where=$(socket "$where") ;;
	esac
	said=$(sender send.py one "$where" "$@") || return 1
	read -r STATUS WORD ID <<<"$said"
	N=$(cat "$SHARED/number")
	export STATUS WORD ID N
}

# accepted WHERE [NAME=VALUE...]: the same, which has to be queued.
accepted() {
	send "$@" && [ "$WORD" = queued ] && return
	echo "answered $STATUS $WORD" >&2
	return 1
}

# In the background until load_ends, which fails as it does.
load_begins() {	# where [name=value...]
	rm -f "$SHARED/enough"
	sender send.py until "$SHARED/enough" "$@" >"$WORK/load.log" 2>&1 \
	    </dev/null 3>&- &
	LOAD=$!
	until_true 20 test -s "$SHARED/answers"
}

load_ends() {
	: >"$SHARED/enough"
	wait "$LOAD" || { cat "$WORK/load.log" >&2; return 1; }
}

# While there is load: so many more answers like that.
answered_more() {	# count word-or-status
	local had
	had=$(answers_of "$2")
	until_true 60 has_answers "$((had + $1))" "$2"
}

answers_of() {	# word-or-status
	verdict words | awk -v word="$1" '$1 == word { n = $2 }
	    END { print n + 0 }'
}

has_answers() {	# count word-or-status
	[ "$(answers_of "$2")" -ge "$1" ]
}

verdict() {
	(cd "$WORK/bin" && SHARED=$SHARED PYTHONDONTWRITEBYTECODE=1 \
	    python3 verdict.py "$@")
}

nothing_left() {
	[ "$(verdict left)" = 0 ]
}

# All that was accepted has been run, and all is as it has to be.
all_is_well() {	# [name=value...]
	until_true "${PATIENCE:-60}" nothing_left || {
		echo "$(verdict left) events are left" >&2
	}
	verdict judge "lease=${LEASE}000" "$@"
}

has_begun() {	# number [times]
	[ "$(verdict begun "$1")" -ge "${2:-1}" ]
}

has_ended() {	# number: a run of it ended well
	verdict runs "$1" | grep -q ' 0$'
}

begins() {	# number [times]
	until_true 30 has_begun "$@"
}

hold() {	# machine: see command.sh
	: >"$SHARED/hold.$1"
}

let_go() {	# machine
	rm -f "$SHARED/hold.$1"
}

# grep MACHINE PATTERN in the log of its pelihook.
logged() {
	grep -Eq -- "$2" "$WORK/$1/lib/pelihook.log"
}
