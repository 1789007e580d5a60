# SPDX-License-Identifier: ISC
#
# Watching, through real servers: a run that never ends, a pipeline that fails
# and is fine again, one that is late, each told once to a real command, by
# pelihook.fcgi as it comes true and by a drain where nothing else runs.

load lib.bash
load servers.bash
load draining.bash

setup_file() {
	prepare
	mkdir -m 700 "$WORK/state"
	cat >"$WORK/tell" <<-END
	#!/bin/sh
	jq -r .text >>$WORK/sentences
	{
		echo "\$PELIHOOK_EVENT \$PELIHOOK_KIND \$PELIHOOK_OUTCOME" \
		    "\${PELIHOOK_PIPELINE-none} \${PELIHOOK_RUN-none}" \
		    "\$PELIHOOK_VERIFIED \${PELIHOOK_REMOTE_ADDR-none}"
	} >>$WORK/told
	END
	chmod 755 "$WORK/tell"
	give_away
}

setup() {
	BODY=$BATS_TEST_TMPDIR/body
	rm -f "$WORK"/state/* "$WORK/told" "$WORK/sentences"
}

configure() {	# what the hook's watch is, and more of its lines
	{
		cat <<-END
		log $WORK/pelihook.log
		journal $WORK/state/journal.db
		hook first
		  secret-file $WORK/secret
		  on @watch run $WORK/tell
		  on * ignore
		  watch $1
		END
		shift
		printf '%s\n' "$@"
	} >"$CONFIG"
	[ -z "${RUN_AS:-}" ] || chown www-data "$CONFIG"
}

say() {	# event, pipeline, run
	printf '{"event":"%s","pipeline":{"id":%s,"name":"P%s"},"run_id":"%s"}' \
	    "$1" "$2" "$2" "$3" >"$BODY"
	post_signed "$BODY"
	expect_status 200
}

ctl() {
	# Words are wanted here.
	# shellcheck disable=SC2086
	${RUN_AS:-} "$CTL" -c "$CONFIG" "$@"
}

told() {	# line
	grep -qsxF "$1" "$WORK/told"
}

expect_told() {	# a line each
	until_true 30 told "${!#}" || { show_logs; return 1; }
	printf '%s\n' "$@" | diff - "$WORK/told"
}

@test "FastCGI: a run that does not end is stuck, and it is told how it ended" {
	configure 'on stuck 1s failing off late off'
	start_server nginx
	say pipeline_run_started 7 r1
	expect_told 'pelihook.run_stuck watch stuck P7 r1 1 none'
	[ "$(ctl pipelines --json | jq -r .state)" = stuck ]
	say pipeline_run_completed 7 r1
	expect_told 'pelihook.run_stuck watch stuck P7 r1 1 none' \
	    'pelihook.recovered watch recovered P7 r1 1 none'
	grep -q '^Run r1 of pipeline P7 is stuck: ' "$WORK/sentences"
	grep -q '^Run r1 of pipeline P7 is no longer stuck, after [0-9a-z]*: it has ended (success)' \
	    "$WORK/sentences"
}

@test "FastCGI: a pipeline that fails is told once, and once that it recovered" {
	configure 'on failing 2'
	start_server nginx
	say pipeline_run_error 7 r1
	say pipeline_run_completed 8 r1
	say pipeline_run_error 7 r2
	expect_told 'pelihook.pipeline_failing watch failing P7 r2 1 none'
	say pipeline_run_error 7 r3
	say pipeline_run_completed 7 r4
	expect_told 'pelihook.pipeline_failing watch failing P7 r2 1 none' \
	    'pelihook.recovered watch recovered P7 none 1 none'
	[ "$(ctl runs --json --pipeline P7 | jq -r .outcome | tr '\n' ' ')" = \
	    'success failure failure failure ' ]
}

@test "FastCGI: without a success for longer than that it is late, with reminders" {
	configure 'on late 1s remind 1s'
	start_server nginx
	say pipeline_run_completed 7 r1
	expect_told 'pelihook.pipeline_late watch late P7 none 1 none'
	twice() { [ "$(wc -l <"$WORK/told")" -ge 2 ]; }
	until_true 30 twice
	ctl mute P7 --for 1h
	[ "$(ctl pipelines --json | jq -r .state)" = late ]
}

@test "FastCGI: a hook without events is silent" {
	configure 'on silent 2s'
	start_server nginx
	say connection_added 7 r1
	expect_told 'pelihook.hook_silent watch silent none none 1 none'
	say connection_added 7 r2
	expect_told 'pelihook.hook_silent watch silent none none 1 none' \
	    'pelihook.recovered watch recovered none none 1 none'
}

@test "CGI: an ignored failure starts the drain that tells of it" {
	configure 'on'
	start_server cgi
	say pipeline_run_error 7 r1
	expect_told 'pelihook.pipeline_failing watch failing P7 r1 1 none'
}

@test "CGI: a drain tells of a silent hook, whose events left no journal" {
	configure 'on silent 1s'
	start_server cgi
	say connection_added 7 r1
	[ ! -e "$WORK/state/journal.db" ]
	silent() { ctl drain &&
		told 'pelihook.hook_silent watch silent none none 1 none'; }
	until_true 30 silent
}

@test "CGI: a drain tells of a run that has become stuck meanwhile" {
	configure 'on stuck 1s failing off late off'
	start_server cgi
	say pipeline_run_started 7 r1
	stuck() { ctl drain && told 'pelihook.run_stuck watch stuck P7 r1 1 none'; }
	until_true 30 stuck
	[ "$(wc -l <"$WORK/told")" = 1 ]
}

@test "two processes that judge at the same moment tell once" {
	local n=20 i pids=
	configure 'on' 'concurrency 8'
	start_server nginx
	for i in $(seq $n); do
		say pipeline_run_error "$i" r1
		ctl drain &
		pids="$pids $!"
	done
	# Words are wanted here.
	# shellcheck disable=SC2086
	wait $pids
	all() { [ "$(wc -l <"$WORK/told")" -ge $n ]; }
	until_true 60 all
	ctl drain
	[ "$(sort "$WORK/told" | uniq | wc -l)" = $n ]
	[ "$(wc -l <"$WORK/told")" = $n ]
}

@test "a full queue, an order and dedupe do not hold up what is told" {
	configure 'on' 'max-queue 1' 'order hook' 'dedupe body' 'retry 1h'
	sed -i '/on \* ignore/i\  on connection_added run /bin/sh -c "exit 75"' \
	    "$CONFIG"
	start_server nginx
	printf '{"event":"connection_added"}' >"$BODY"
	post_signed "$BODY"
	expect_status 202
	printf '{"event":"connection_added","again":true}' >"$BODY"
	post_signed "$BODY"
	expect_status 503
	say pipeline_run_error 7 r1
	expect_told 'pelihook.pipeline_failing watch failing P7 r1 1 none'
	say pipeline_run_completed 7 r2
	expect_told 'pelihook.pipeline_failing watch failing P7 r1 1 none' \
	    'pelihook.recovered watch recovered P7 none 1 none'
	[ "$(ctl list --json --state queued | jq -r .event)" = connection_added ]
}
