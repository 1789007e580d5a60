# SPDX-License-Identifier: ISC
#
# What several machines do with one journal while all goes well.

load site.bash

MACHINES='one two three'

setup_file() {
	# Words are wanted here.
	# shellcheck disable=SC2086
	site_up $MACHINES
}

teardown_file() {
	site_down
}

setup() {
	if [ -n "${MACHINES_SQLITE:-}" ]; then
		MACHINES=one
	fi
	# shellcheck disable=SC2086
	site_ready $MACHINES
	# shellcheck disable=SC2086
	set -- $MACHINES
	FIRST=$1
	SECOND=${2:-$1}
}

teardown() {
	site_rest
}

both_ran() {
	[ -n "${MACHINES_SQLITE:-}" ] ||
	    [ "$(verdict machines | grep -c '^\(one\|two\) ')" = 2 ]
}

@test "an event that two machines receive at once is taken by one of them" {
	local i where
	HOOK='dedupe /twin' configure </dev/null
	serve "$FIRST" "$SECOND"
	for i in $(seq 15); do
		for where in "$FIRST" "$SECOND"; do
			sender send.py one "$(socket "$where")" "twin=t$i" \
			    >>"$WORK/twins.log" &
		done
		wait
	done
	all_is_well order=0 once=1
	[ "$(answers_of queued)" = 15 ]
	[ "$(answers_of duplicate)" = 15 ]
}

@test "the events of a key run in the order of their commits, whoever took them" {
	HOOK='concurrency 4
  order /key' configure </dev/null
	serve "$FIRST" "$SECOND"
	sender send.py many "$(sockets "$FIRST" "$SECOND")" 120 keys=6 w=20
	all_is_well concurrency=4 once=1
	[ "$(answers_of queued)" = 120 ]
	both_ran
}

@test "an event that fails holds back its key on every machine, and no other" {
	local first
	serve "$FIRST" "$SECOND"
	accepted "$FIRST" key=a do=7770
	first=$N
	accepted "$SECOND" key=a
	accepted "$SECOND" key=b
	all_is_well concurrency=1 once=1
	[ "$(verdict runs "$first" | wc -l)" = 4 ]
}

@test "a lane runs one command at a time, over all machines" {
	HOOK='order none' configure </dev/null
	serve "$FIRST" "$SECOND"
	sender send.py many "$(sockets "$FIRST" "$SECOND")" 80 keys=8 w=10
	all_is_well order=0 concurrency=1 once=1
	both_ran
}

@test "a lane runs as many at a time as it may, and they may be of two machines" {
	HOOK='concurrency 2' configure </dev/null
	serve "$FIRST" "$SECOND"
	accepted "$FIRST" do=t
	begins "$N"
	accepted "$SECOND" do=t
	begins "$N"
	accepted "$SECOND"
	verdict judge order=0 concurrency=2 | grep 'accepted and is lost'
	[ "$(verdict begun "$N")" = 0 ]
}

@test "a lane that is full on one machine holds up no other lane" {
	HOOK="order none
  on pipeline_run_error lane slow $RUN
  on * lane quick $RUN
  lane slow concurrency 1
  lane quick concurrency 1" configure </dev/null
	serve "$FIRST" "$SECOND"
	accepted "$FIRST" event=pipeline_run_error do=t
	begins "$N"
	accepted "$SECOND" event=pipeline_run_error
	accepted "$SECOND"
	until_true 30 has_ended "$N"
	accepted "$FIRST"
	until_true 30 has_ended "$N"
	[ "$(verdict left)" = 2 ]
}

@test "a hook that waits dedupes over all machines" {
	configure <<-END
	hook first
	  delivery wait
	  dedupe /twin
	  on * $RUN
	hook queued
	  on * $RUN
	END
	serve "$FIRST" "$SECOND"
	sender send.py one "$(socket "$FIRST")" twin=t w=1500 \
	    >"$WORK/waits.log" 3>&- &
	begins 1
	send "$SECOND" twin=t
	[ "$STATUS" = 503 ]
	tail -n 1 "$SHARED/answers" | jq -e '.after > 0'
	wait
	grep -q '^200 delivered' "$WORK/waits.log"
	send "$SECOND" twin=t
	[ "$STATUS $WORD" = '200 duplicate' ]
	[ "$(verdict machines)" = "$FIRST 1" ]
}

@test "pelihook.cgi on one machine shares the queue with pelihook.fcgi on another" {
	local where
	serve_cgi "$FIRST"
	[ "$FIRST" = "$SECOND" ] || serve "$SECOND"
	where=$(http "$FIRST")
	[ "$FIRST" = "$SECOND" ] || where=$where,$(socket "$SECOND")
	sender send.py many "$where" 40 keys=4
	all_is_well concurrency=1 once=1
	[ "$(answers_of queued)" = 40 ]
}

@test "machines with pelihook.cgi alone run each event once, by their drains" {
	serve_cgi "$FIRST"
	[ "$FIRST" = "$SECOND" ] || serve_cgi "$SECOND"
	sender send.py many "$(http "$FIRST"),$(http "$SECOND")" 30 keys=3
	all_is_well concurrency=1 once=1
	[ "$(answers_of queued)" = 30 ]
}

@test "list, show, retry and drop speak of what another machine received" {
	serve "$FIRST"
	accepted "$FIRST" do=6
	until_true 30 is_listed "$SECOND" dead "$ID"
	ctl "$SECOND" show "$ID" | grep -q pipeline_run_completed
	ctl "$SECOND" retry "$ID"
	begins "$N" 2
	until_true 30 is_listed "$FIRST" "done" "$ID"
	[ "$(verdict runs "$N" | tail -n 1)" = "$FIRST 0" ]
	accepted "$FIRST" key=a do=t
	begins "$N"
	accepted "$FIRST" key=a
	ctl "$SECOND" drop "$ID"
	is_listed "$FIRST" dropped "$ID"
}

is_listed() {	# machine state ID
	ctl "$1" list --state "$2" --json | grep -q "$3"
}

@test "an event wakes the runner of another machine within moments" {
	GLOBAL='dispatch none' configure "$FIRST" </dev/null
	serve "$FIRST" "$SECOND"
	if [ "$FIRST" = "$SECOND" ]; then
		skip 'one machine alone'
	fi
	accepted "$FIRST"
	until_true 30 has_ended "$N"
	[ "$(verdict machines)" = "$SECOND 1" ]
}
