# SPDX-License-Identifier: ISC
#
# What events say of pipelines and runs, on its way through a web server to
# commands and into the journal: behind Apache with pelihook.cgi and nginx with
# pelihook.fcgi.

load lib.bash
load servers.bash

FRONTS='apache-cgi nginx'

setup() {
	WORK=$BATS_TEST_TMPDIR/work
	mkdir "$WORK"
	prepare
	mkdir -m 700 "$WORK/state"
	BODY=$WORK/body
	JOURNAL=$WORK/state/journal.db
	write_conf
	give_away
}

teardown() {
	stop_all
}

# The hook `later` queues and watches, the hook `now` waits.
write_conf() {
	cat >"$CONFIG" <<-END
	log $WORK/pelihook.log
	journal $JOURNAL
	dispatch none
	page-url https://hooks.example.com/page
	secret-file $WORK/secret
	setenv RECORDS $WORK/records

	hook later
	  watch on
	  on pipeline_run_started ignore
	  on pipeline_run_timeout ignore
	  on connection_added ignore
	  on @watch run $WORK/record alarm
	  on * run $WORK/record later

	hook now
	  delivery wait
	  on pipeline_run_started ignore
	  on pipeline_run_rate_limited run /bin/sh -c "exit 75"
	  on * run $WORK/record now

	hook own
	  delivery wait
	  env PIPELINE /table
	  env TEXT /table
	  on * run $WORK/record own
	END
	"$CTL" -c "$CONFIG" check >"$WORK/check.log" 2>&1 || {
		cat "$WORK/check.log" >&2
		return 1
	}
}

# Each of them from nothing; the journal is a new one.
with_fronts() {	# function
	local front
	for front in $FRONTS; do
		rm -rf "$WORK/state" "$WORK"/records/* "$WORK"/log*
		: >"$WORK/pelihook.log"
		mkdir -m 700 "$WORK/state"
		[ "$(id -u)" != 0 ] || chown www-data:www-data \
		    "$WORK/state" "$WORK/pelihook.log"
		start_server "$front"
		SERVER_URL=$URL
		echo "# $front" >&2
		# Not where a status is asked for: there no line of it would fail.
		"$@"
		stop_all
		rm -f "$WORK/pelihook.sock"
	done
}

# event HOOK NAME [MEMBER...]: posts it; STATUS and the answer are set.
event() {
	local hook=$1 name=$2
	shift 2
	printf '{"event":"%s"' "$name" >"$BODY"
	printf ',%s' "$@" | sed 's/^,$//' >>"$BODY"
	printf '}' >>"$BODY"
	URL=$SERVER_URL/$hook
	post_signed "$BODY"
}

RUN='"pipeline_id":7,"pipeline_name":"CRM to warehouse","run_id":"r-1"'

# ctl WORD...: as the servers' user.
ctl() {
	# Words are wanted here.
	# shellcheck disable=SC2086
	${RUN_AS:-} "$CTL" -c "$CONFIG" "$@"
}

# The runs in the journal, oldest first: pipeline, identity, whether the
# beginning is known, whether it has ended, outcome.
runs() {
	[ -e "$WORK/state/locked" ] || ctl runs >/dev/null
	# shellcheck disable=SC2086
	${RUN_AS:-} /usr/bin/python3 - "$JOURNAL" <<-END
	import sqlite3, sys
	journal = sqlite3.connect(sys.argv[1])
	for row in journal.execute("SELECT pipeline, run, began > 0, ended > 0,"
	                           " outcome FROM runs ORDER BY seq"):
	    print(*row)
	END
}

# Keeps the journal's lock until it is told to end: LOCKER.
lock() {
	# shellcheck disable=SC2086
	launch locker ${RUN_AS:-} /usr/bin/python3 -c '
import signal, sqlite3, sys
journal = sqlite3.connect(sys.argv[1], isolation_level=None)
journal.execute("BEGIN EXCLUSIVE")
open(sys.argv[2], "w").close()
signal.pause()' "$JOURNAL" "$WORK/state/locked"
	LOCKER=$LAUNCHED
	until_true 10 test -e "$WORK/state/locked"
}

unlock() {
	stop_pid "$LOCKER"
	rm -f "$WORK/state/locked"
}

# expect_env FILE LINE...: that the command had these variables.
expect_env() {
	local file=$1 line
	shift
	for line in "$@"; do
		grep -qxF "$line" "$file" && continue
		echo "no $line in:" >&2
		grep '^PELIHOOK_' "$file" >&2
		return 1
	done
}

milliseconds() {
	echo $(($(date +%s%N) / 1000000))
}

# took_at_most MILLISECONDS COMMAND...
took_at_most() {
	local most=$1 began took
	shift
	began=$(milliseconds)
	"$@"
	took=$(($(milliseconds) - began))
	[ "$took" -le "$most" ] && return
	echo "$* took $took ms" >&2
	return 1
}

known_variables() {
	local id text
	text='Pipeline CRM to warehouse completed (run r-1).'
	event now pipeline_run_completed "$RUN"
	expect_status 200
	id=$(field id)
	expect_env "$WORK/records/$id.env" \
	    'PELIHOOK_PIPELINE=CRM to warehouse' 'PELIHOOK_RUN=r-1' \
	    "PELIHOOK_TEXT=$text" \
	    "PELIHOOK_URL=https://hooks.example.com/page?view=event&id=$id"
	event later pipeline_run_completed "$RUN"
	expect_status 202
	id=$(field id)
	ctl drain
	expect_env "$WORK/records/$id.env" \
	    'PELIHOOK_PIPELINE=CRM to warehouse' 'PELIHOOK_RUN=r-1' \
	    "PELIHOOK_TEXT=$text" \
	    "PELIHOOK_URL=https://hooks.example.com/page?view=event&id=$id"
}

@test "a command is told pipeline, run, a sentence and the event's page" {
	with_fronts known_variables
}

unknown_variables() {
	local id
	event now orders/create
	expect_status 200
	id=$(field id)
	expect_env "$WORK/records/$id.env" \
	    'PELIHOOK_TEXT=An event without a known name arrived at hook now.'
	run grep -E '^PELIHOOK_(PIPELINE|RUN)=' "$WORK/records/$id.env"
	[ "$status" -eq 1 ]
}

@test "what is not known of an event is not set, and the sentence says so" {
	with_fronts unknown_variables
}

own_variables() {
	event own pipeline_run_completed "$RUN" '"table":"orders"'
	expect_status 200
	expect_env "$WORK/records/$(field id).env" \
	    'PELIHOOK_PIPELINE=orders' 'PELIHOOK_TEXT=orders' \
	    'PELIHOOK_RUN=r-1'
}

@test "an env line takes the place of what was found" {
	with_fronts own_variables
}

ignored_start() {
	event later pipeline_run_started "$RUN"
	expect_status 200
	[ "$(field status)" = ignored ]
	[ "$(runs)" = '7 r-1 1 0 ' ]
	event later pipeline_run_completed "$RUN"
	expect_status 202
	[ "$(runs)" = '7 r-1 1 1 success' ]
	event later pipeline_run_started "${RUN/r-1/r-2}"
	event later pipeline_run_timeout "${RUN/r-1/r-2}"
	expect_status 200
	[ "$(runs)" = '7 r-1 1 1 success
7 r-2 1 1 failure' ]
	[ "$(ctl list | grep -c pipeline_run_)" -eq 1 ]
}

@test "a run is of what is ignored and of what is stored" {
	with_fronts ignored_start
}

waited_for() {
	event now pipeline_run_started "$RUN"
	expect_status 200
	event now pipeline_run_rate_limited "$RUN"
	expect_status 503
	[ "$(runs)" = '7 r-1 1 1 failure' ]
}

@test "what a hook waits for is recorded, whatever its command came to" {
	with_fronts waited_for
}

refused() {
	printf '{"event":"pipeline_run_started",%s}' "$RUN" >"$BODY"
	URL=$SERVER_URL/later
	post "$BODY" "$(printf '%064d' 0)"
	expect_status 401
	[ ! -e "$JOURNAL" ] || [ -z "$(runs)" ]
}

@test "what is not verified is recorded nowhere" {
	with_fronts refused
}

# An event that says something of a run, while nobody can write.
locked() {
	event later pipeline_run_started "$RUN"
	[ "$(runs)" = '7 r-1 1 0 ' ]
	lock
	took_at_most 1500 event later pipeline_run_started "${RUN/r-1/r-2}"
	expect_status 200
	[ "$(field status)" = ignored ]
	[ "$(runs)" = '7 r-1 1 0 ' ]
	took_at_most 1500 event now pipeline_run_completed "$RUN"
	expect_status 200
	[ "$(field status)" = delivered ]
	# What says nothing of a run needs no journal.
	took_at_most 900 event later connection_added
	expect_status 200
	unlock
}

@test "a journal that is kept locked delays an answer for a second at most" {
	with_fronts locked
}

later() {
	[ "$(runs | grep -c '^7 r-2 1 0')" -eq 1 ]
}

@test "FastCGI: what was answered before is recorded once it can be" {
	FRONTS=nginx with_fronts eventually
}

eventually() {
	event later pipeline_run_started "$RUN"
	[ "$(runs)" = '7 r-1 1 0 ' ]
	lock
	event later pipeline_run_started "${RUN/r-1/r-2}"
	expect_status 200
	[ "$(runs)" = '7 r-1 1 0 ' ]
	unlock
	until_true 30 later
}

# As many as there are threads, and others besides.
crowded() {
	local i pids=
	event later pipeline_run_started "$RUN"
	[ "$(runs)" = '7 r-1 1 0 ' ]
	lock
	for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16; do
		(
			ANSWER= BATS_TEST_TMPDIR=$WORK/crowd.$i
			BODY=$WORK/body.$i
			mkdir "$BATS_TEST_TMPDIR"
			event later pipeline_run_started "${RUN/r-1/c-$i}"
			[ "$STATUS" = 200 ]
		) &
		pids="$pids $!"
	done
	took_at_most 900 event later connection_added
	expect_status 200
	[ "$(runs)" = '7 r-1 1 0 ' ]
	for i in $pids; do
		wait "$i"
	done
	unlock
}

@test "FastCGI: other requests go on while answers wait for the journal" {
	FRONTS=nginx with_fronts crowded
}

# Drains come to nothing where the program is not installed, and say so.
drains() {
	grep -c 'pelihookctl cannot be started' "$WORK/pelihook.log"
}

more_drains_than() {	# number
	[ "$(drains)" -gt "$1" ]
}

judged() {
	local before
	event later pipeline_run_started "$RUN"
	expect_status 200
	before=$(drains) || :
	event later pipeline_run_timeout "$RUN"
	expect_status 200
	[ "$(field status)" = ignored ]
	until_true 5 more_drains_than "$before"
}

@test "a drain judges once a run has ended whose end is ignored" {
	local ctl
	ctl=$(strings "$CGI" | grep -x '/.*/pelihookctl') || :
	[ -n "$ctl" ] && [ ! -e "$ctl" ] || skip "$ctl is installed"
	sed -i 's/^dispatch none/dispatch drain/' "$CONFIG"
	with_fronts judged
}

of_a_connection() {
	event now connection_added '"connection_name":"Odoo"'
	expect_status 200
	expect_env "$WORK/records/$(field id).env" \
	    'PELIHOOK_TEXT=Connection Odoo was added.'
}

@test "a connection's events have their sentence too" {
	with_fronts of_a_connection
}
