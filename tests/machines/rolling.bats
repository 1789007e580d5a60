# SPDX-License-Identifier: ISC
#
# A configuration that changes, from one machine to the next.

load site.bash

setup_file() {
	[ -z "${MACHINES_SQLITE:-}" ] || return 0
	site_up one two
}

teardown_file() {
	site_down
}

setup() {
	[ -z "${MACHINES_SQLITE:-}" ] || skip 'two machines'
	site_ready one two
}

teardown() {
	site_rest
}

reload() {	# machine
	machine_signal "$1" fcgi HUP && until_true 20 logged "$1" 'reload'
}

state_of() {	# ID
	ctl one list --json | jq -rs --arg id "$1" \
	    'flatten | map(select(.id == $id)) | .[].state'
}

# The rules of `first` are the same on both; `second` is on two alone, which
# runs nothing until it is told to.
differ() {
	configure one <<-END
	hook first
	  order /key
	  on * $RUN
	END
	GLOBAL='dispatch none' configure two <<-END
	hook first
	  order /key
	  on * $RUN
	hook second
	  on pipeline_run_error $RUN
	  on * ignore
	END
}

@test "while machines have different hooks nothing is settled as ignored" {
	local waits
	differ
	serve one two
	accepted two hook=second event=pipeline_run_error
	waits=$ID
	accepted two key=a
	until_true 30 has_ended "$N"
	[ "$(state_of "$waits")" = queued ]
	ctl two drain
	all_is_well once=1
	[ "$(state_of "$waits")" = "done" ]
}

@test "stats says that machines have different hooks, as long as they have" {
	differ
	serve one two
	accepted one key=a
	until_true 30 has_ended "$N"
	ctl one stats | grep -Ei 'differ'
	ctl one stats --json | grep -i 'differ'
	GLOBAL='' configure </dev/null
	reload one
	stop_fcgi two
	serve two
	until_true 60 agree
}

disagree() {
	ctl one stats | grep -qi differ
}

agree() {
	not sh -c 'grep -qi differ' <<<"$(ctl one stats)"
}

@test "a machine with older rules neither runs nor loses what the newer ones take" {
	serve one two
	accepted one key=a
	until_true 30 has_ended "$N"
	HOOK="order /key
  on pipeline_run_error $RUN
  on * ignore" configure two </dev/null
	reload two
	# The new rules count from when their machine has noted them.
	until_true 20 disagree
	accepted one key=a event=pipeline_run_error
	all_is_well concurrency=1 once=1
	verdict runs "$N" | grep -qx 'two 0'
}

@test "a change goes from machine to machine under load, and nothing is lost" {
	local round machine
	serve one two
	load_begins "$(sockets one two)" keys=6 w=5
	for round in 1 2 ${MACHINES_LONG:+3 4 5 6}; do
		for machine in one two; do
			answered_more 10 queued
			HOOK="concurrency $((round + 1))
  order /key" configure $machine </dev/null
			machine_signal $machine fcgi HUP
		done
	done
	load_ends
	all_is_well concurrency=8
}

@test "machines are stopped and started one after the other under load" {
	local round machine
	HOOK='concurrency 3
  order /key' configure </dev/null
	serve one two
	load_begins "$(sockets one two)" keys=6 w=5
	for round in 1 ${MACHINES_LONG:+2 3 4}; do
		for machine in one two; do
			answered_more 10 queued
			stop_fcgi $machine
			answered_more 10 queued
			serve $machine
		done
	done
	load_ends
	all_is_well concurrency=3
}
