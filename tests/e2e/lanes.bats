# SPDX-License-Identifier: ISC
#
# A long job and an alarm behind one URL: neither holds up the other, without
# a `lane` line and with named lanes, through a real CGI and a drain and
# through FastCGI.  The order of what happened decides, not how long it took.

load lib.bash
load servers.bash
load draining.bash

setup_file() {
	prepare
	mkdir -m 700 "$WORK/state"
	# For eight seconds, or for as long as nobody has called.
	cat >"$WORK/job" <<-END
	#!/bin/sh
	echo "job \$PELIHOOK_ID begins" >>$WORK/ledger
	tenths=80
	while [ \$tenths -gt 0 ] && ! grep -q alarm $WORK/ledger; do
		sleep 0.1
		tenths=\$((tenths - 1))
	done
	echo "job \$PELIHOOK_ID ends" >>$WORK/ledger
	END
	cat >"$WORK/alarm" <<-END
	#!/bin/sh
	echo "alarm \$PELIHOOK_ID" >>$WORK/ledger
	END
	chmod 755 "$WORK/job" "$WORK/alarm"
	give_away
}

setup() {
	BODY=$BATS_TEST_TMPDIR/body
	rm -f "$WORK"/state/* "$WORK/ledger"
}

configure() {	# the hook's lines are on standard input
	{
		cat <<-END
		log $WORK/pelihook.log
		journal $WORK/state/journal.db
		hook first
		  secret-file $WORK/secret
		END
		sed "s|@WORK@|$WORK|"
	} >"$CONFIG"
	[ -z "${RUN_AS:-}" ] || chown www-data "$CONFIG"
}

without_lane_lines() {
	configure <<-END
	on pipeline_run_completed run @WORK@/job
	on @failure run @WORK@/alarm
	END
}

with_named_lanes() {
	configure <<-END
	lane jobs concurrency 1 order hook
	lane alarms
	on pipeline_run_completed lane jobs run @WORK@/job
	on @failure lane alarms run @WORK@/alarm
	END
}

send_event() {	# name: the ID is in ID
	printf '{"event":"%s"}' "$1" >"$BODY"
	post_signed "$BODY"
	expect_status 202
	ID=$(field id)
}

in_ledger() {	# line
	grep -qsxF "$1" "$WORK/ledger"
}

all_done() {
	# Words are wanted here.
	# shellcheck disable=SC2086
	[ "$(${RUN_AS:-} "$CTL" -c "$CONFIG" list --json | jq -r .state |
	    sort | uniq -c | tr -s ' \n' ' ')" = " $1 done " ]
}

# Two jobs, and then the alarm: it has called before the first job is over.
alarm_is_not_held_up() {
	local first second
	send_event pipeline_run_completed
	first=$ID
	send_event pipeline_run_completed
	second=$ID
	until_true 20 in_ledger "job $first begins"
	send_event pipeline_run_error
	until_true 60 all_done 3 || { show_logs; return 1; }
	cat >"$BATS_TEST_TMPDIR/expected" <<-END
	job $first begins
	alarm $ID
	job $first ends
	job $second begins
	job $second ends
	END
	diff "$BATS_TEST_TMPDIR/expected" "$WORK/ledger"
}

@test "CGI and a drain, no lane line: a long job does not hold up the alarm" {
	without_lane_lines
	start_server cgi
	alarm_is_not_held_up
}

@test "CGI and a drain, named lanes: a long job does not hold up the alarm" {
	with_named_lanes
	start_server cgi
	alarm_is_not_held_up
}

@test "FastCGI, no lane line: a long job does not hold up the alarm" {
	without_lane_lines
	start_server nginx
	alarm_is_not_held_up
}

@test "FastCGI, named lanes: a long job does not hold up the alarm" {
	with_named_lanes
	start_server nginx
	alarm_is_not_held_up
}
