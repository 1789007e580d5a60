#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
#
# What is told of pipelines, as a command gets it: real pelihook.cgi and
# pelihookctl, whose wall clock comes from here, so that nothing is waited for.

bats_require_minimum_version 1.5.0

setup_file() {
	"${CC:-cc}" -D_GNU_SOURCE -O1 -shared -fPIC \
	    -o "$BATS_FILE_TMPDIR/clock.so" \
	    "$BATS_TEST_DIRNAME/../fault/clock.c"
	chmod -R go+rX "$BATS_FILE_TMPDIR"
}

setup() {
	. "$BATS_TEST_DIRNAME/ctl_lib.sh"
	# A sanitizer's library has to be the first.
	! grep -qs -e __asan_init -e __tsan_init "$PELIHOOKCTL" ||
	    skip "not with sanitizers"
	ctl_begin
	cp "$BATS_FILE_TMPDIR/clock.so" "$T"
	mkdir "$T/state" "$T/told"
	if [ "$(id -u)" = 0 ]; then
		chown nobody "$T/state" "$T/told"
	fi
	make_command tell <<-END
		cat >$T/told/\$PELIHOOK_ID.\${1-tell}
		printf '%s\n' "\$PELIHOOK_EVENT \$PELIHOOK_KIND \
		\$PELIHOOK_OUTCOME \$PELIHOOK_ATTEMPT" |
		    tr -d '\t' >>$T/told/\${1-tell}
	END
	make_command fail_once <<-END
		$T/tell fail_once
		[ "\$PELIHOOK_ATTEMPT" -gt 1 ] || exit 75
	END
	clock 0
}

teardown() {
	[ -z "${T:-}" ] || ctl_end
}

clock() {	# seconds ahead of the machine's
	perl -e 'print pack("q", shift)' "$1" >"$T/clock"
}

# The hook h; more of it on standard input.
make_hook() {
	{
		cat <<-END
			journal $T/state/journal.db
			dispatch none
			hook h
			signature none
		END
		cat
	} >"$conf"
	chmod 644 "$conf"
}

# What is put before a program.
clocked() {
	env LD_PRELOAD="$T/clock.so" PELIHOOK_TEST_CLOCK="$T/clock" "$@"
}

at() {	# seconds: whoever runs the queue does it then
	clock "$1"
	drain
}

drain() {
	# shellcheck disable=SC2086
	clocked "$PELIHOOKCTL" -c "$conf" $as drain
}

words() {	# word of pelihookctl...
	# shellcheck disable=SC2086
	clocked "$PELIHOOKCTL" -c "$conf" $as "$@"
}

send_body() {	# body
	printf '%s' "$1" >"$T/body"
	cgi_user env -i LD_PRELOAD="$T/clock.so" \
	    PELIHOOK_TEST_CLOCK="$T/clock" PELIHOOK_CONFIG="$conf" \
	    PELIHOOK_HOOK="${HOOK:-h}" REQUEST_METHOD=POST \
	    ${SIGNATURE:+HTTP_X_SIGNATURE="$SIGNATURE"} \
	    CONTENT_LENGTH="$(wc -c <"$T/body")" \
	    "$PELIHOOK_CGI" <"$T/body" >"$T/reply" 2>>"$T/log"
	STATUS=$(sed -n 's/^Status: \([0-9]*\).*/\1/p' "$T/reply")
}

send() {	# event, pipeline's ID, its name, run
	send_body "{\"event\":\"$1\",\"pipeline\":{\"id\":\"$2\",\
\"name\":\"$3\"},\"run_id\":\"$4\"}"
	[[ $STATUS == 20[02] ]] || { cat "$T/reply" "$T/log" >&2; return 1; }
}

# For all that can be wrong, from now on.
watch_for_all() {
	make_hook <<-END
		watch on failing 2 late 90m stuck 30m silent 2h
		on @watch run $T/tell
		on * ignore
	END
	drain
}

# What was told by events of a name, a line each.
payloads() {	# event
	jq -c --arg event "$1" 'select(.event == $event)' "$T"/told/*.tell
}

# Each key of each payload on its own.
expect_payloads() {	# event...
	local event
	for event in "$@"; do
		payloads "$event" >"$T/payloads"
		[ -s "$T/payloads" ] || { echo "no $event" >&2; return 1; }
		jq -r -f "$BATS_TEST_DIRNAME/payload.jq" "$T/payloads" \
		    >"$T/wrong"
		[ ! -s "$T/wrong" ] || {
			echo "$event:" >&2
			cat "$T/wrong" "$T/payloads" >&2
			return 1
		}
	done
}

@test "the payload of each event of one pipeline has each key, of its type" {
	watch_for_all
	for i in 1 2 3 4; do
		send pipeline_run_started 7 Sales "d$i"
		clock $((i * 60))
		send pipeline_run_completed 7 Sales "d$i"
	done
	send pipeline_run_completed 8 Stock s0
	send pipeline_run_error 8 Stock s1
	send pipeline_run_started 7 Sales r1
	send pipeline_run_remote_error 8 Stock s2
	drain
	at $((240 + 1800))
	at $((240 + 3600))
	send pipeline_run_killed 7 Sales r1
	drain
	at $((240 + 5400))
	send pipeline_run_completed 7 Sales r2
	send pipeline_run_completed 8 Stock s3
	at $((240 + 5460))
	at $((240 + 9000))
	at $((240 + 5400 + 7200))
	at $((240 + 5400 + 7260))
	send_body '{"event":"connection_added"}'
	drain
	expect_payloads pelihook.pipeline_failing pelihook.run_stuck \
	    pelihook.pipeline_late pelihook.hook_silent pelihook.recovered
	# From each of the four.
	[ "$(payloads pelihook.recovered | jq -r .recovered_from | sort -u |
	    xargs)" = "failing late silent stuck" ]
}

@test "the payload says which pipeline and run, since when, and what is usual" {
	watch_for_all
	for i in 1 2 3 4; do
		clock $((i * 600))
		send pipeline_run_started 7 Sales "d$i"
		clock $((i * 600 + 120))
		send pipeline_run_completed 7 Sales "d$i"
	done
	clock 3000
	send pipeline_run_started 7 Sales r1
	send pipeline_run_error 8 Stock s1
	clock 3060
	send pipeline_run_remote_error 8 Stock s2
	drain
	at 4800
	payloads pelihook.pipeline_failing | jq -e '.hook == "h" and
	    .pipeline == { id: "8", name: "Stock" } and .run == "s2" and
	    .expected == null and .usual == null and .last_success == null and
	    .cause == "source" and (.text | test("Stock is failing.*5xx"))'
	# The clock goes on meanwhile.
	payloads pelihook.run_stuck | jq -e '
	    def seconds: .[:19] + "Z" | fromdate;
	    .hook == "h" and .pipeline == { id: "7", name: "Sales" } and
	    .run == "r1" and (.usual >= 120 and .usual < 240) and
	    ((.since | seconds) - (.expected | seconds) |
		. >= 1560 and . <= 1681) and
	    (.last_success < .since) and .cause == null and
	    (.text | test("^Run r1 of pipeline Sales is stuck: "))'
	at 6000
	send pipeline_run_completed 7 Sales r1
	drain
	payloads pelihook.recovered | jq -e '
	    .pipeline.id == "7" and .run == "r1" and
	    .recovered_from == "stuck" and
	    (.lasted >= 1200 and .lasted < 1260)'
	at 9000
	at 11400
	payloads pelihook.pipeline_late | jq -se '
	    def seconds: .[:19] + "Z" | fromdate;
	    map(select(.pipeline.id == "7"))[0] | .run == null and
	    (.usual >= 600 and .usual < 660) and
	    ((.since | seconds) - (.last_success | seconds) |
		. >= 5399 and . <= 5401) and
	    ((.expected | seconds) - (.last_success | seconds) |
		. >= 599 and . <= 660)'
	at 13200
	payloads pelihook.hook_silent | jq -e '.pipeline == null and
	    .run == null and .last_success == null and .usual == null and
	    .since == .expected and .cause == null'
}

@test "what is told of many has the keys of one, and the list" {
	make_hook <<-END
		watch on failing off late 40m stuck 30m
		on @watch run $T/tell
		on * ignore
	END
	drain
	for i in 1 2 3 4; do
		send pipeline_run_started "$i" "P$i" "r$i"
	done
	at 1810
	[ -z "$(ls "$T/told")" ]
	at 2120
	for i in 1 2 3 4; do
		send pipeline_run_completed "$i" "P$i" "r$i"
	done
	at 2500
	at 4600
	at 4900
	expect_payloads pelihook.runs_stuck pelihook.pipelines_recovered \
	    pelihook.pipelines_late
	payloads pelihook.runs_stuck | jq -e '(.list | map(.run)) ==
	    ["r1", "r2", "r3", "r4"] and .list[2].pipeline ==
	    { id: "3", name: "P3" } and .since == .list[0].since'
	payloads pelihook.pipelines_recovered | jq -e '(.list | map(.run)) ==
	    ["r1", "r2", "r3", "r4"] and .recovered_from == "stuck"'
	payloads pelihook.pipelines_late | jq -e '(.list |
	    map(.pipeline.name)) == ["P1", "P2", "P3", "P4"]'
	# And nothing of them one by one.
	[ "$(ls "$T"/told/*.tell | wc -l)" -eq 3 ]
}

@test "samples of pelihook's own events have each key, of its type" {
	for event in $("$PELIHOOKCTL" events | awk '/own: / { print $1 }'); do
		"$PELIHOOKCTL" sample "$event" >"$T/told/$event.tell"
	done
	expect_payloads pelihook.pipeline_failing pelihook.pipeline_late \
	    pelihook.pipelines_late pelihook.run_stuck pelihook.runs_stuck \
	    pelihook.hook_silent pelihook.recovered \
	    pelihook.pipelines_recovered
	[ "$(ls "$T"/told/*.tell | wc -l)" -eq 8 ]
}

@test "it is delivered through the queue like any other, with its tries" {
	make_hook <<-END
		watch on
		retry 1h
		on @watch also run $T/fail_once
		on @watch run $T/tell
		on * ignore
	END
	drain
	send pipeline_run_error 7 Sales r1
	drain
	# One event with a delivery for each line that takes it.
	words list --json >"$T/list"
	jq -se 'length == 2 and (map(.id) | unique | length) == 1 and
	    (map([.event, .pipeline, .run, .attempts]) | unique) ==
	    [["pelihook.pipeline_failing", "Sales", "r1", 1]] and
	    (map(.state)) == ["queued", "done"]' "$T/list"
	at 4200
	[ "$(cat "$T/told/fail_once")" = \
	    "pelihook.pipeline_failing watch failing 1
pelihook.pipeline_failing watch failing 2" ]
	# The same event, with the same ID: one file.
	[ "$(ls "$T"/told/*.fail_once | wc -l)" -eq 1 ]
	[ "$(words list --json --state queued | wc -l)" -eq 0 ]
}

@test "it goes to lines that name @watch or its name, and to no others" {
	make_hook <<-END
		watch on
		on * also run $T/tell star
		on @pipeline also run $T/tell pipeline
		on @problem also run $T/tell problem
		on @unknown also run $T/tell unknown
		on pelihook.pipeline_failing run $T/tell named
		on @watch run $T/tell watch
	END
	drain
	send pipeline_run_error 7 Sales r1
	drain
	send pipeline_run_completed 7 Sales r2
	drain
	[ "$(cat "$T/told/named")" = \
	    "pelihook.pipeline_failing watch failing 1" ]
	[ "$(cat "$T/told/watch")" = "pelihook.recovered watch recovered 1" ]
	for line in star pipeline problem; do
		grep -q pipeline_run_error "$T/told/$line"
		run -1 grep pelihook "$T/told/$line"
	done
	[ ! -e "$T/told/unknown" ]
}

@test "a received event of such a name is unknown, and these lines never take it" {
	make_hook <<-END
		watch on
		on pelihook.run_stuck run $T/tell named
		on @watch run $T/tell watch
		on @unknown run $T/tell unknown
		hook pinned
		signature none
		event-name /what
		on pelihook.run_stuck run $T/tell named
		on @watch run $T/tell watch
		on @unknown run $T/tell unknown
	END
	drain
	send_body '{"event":"pelihook.run_stuck","hook":"h"}'
	[ "$STATUS" = 202 ]
	HOOK=pinned send_body '{"what":"pelihook.run_stuck"}'
	[ "$STATUS" = 202 ]
	drain
	[ "$(cat "$T/told/unknown")" = "unknown unknown  1
unknown unknown  1" ]
	[ ! -e "$T/told/named" ]
	[ ! -e "$T/told/watch" ]
}

@test "while it is muted nothing is told, and the state is shown" {
	make_hook <<-END
		watch on
		on @watch run $T/tell
		on * ignore
	END
	drain
	send pipeline_run_completed 7 Sales r0
	run -0 words mute Sales --for 30m
	send pipeline_run_error 7 Sales r1
	drain
	at 1700
	[ ! -e "$T/told/tell" ]
	[ "$(words pipelines --json | jq -r .state)" = failing ]
	at 1860
	[ "$(cat "$T/told/tell")" = \
	    "pelihook.pipeline_failing watch failing 1" ]
	run -0 words mute --all --for 1h
	send pipeline_run_completed 7 Sales r2
	drain
	[ "$(wc -l <"$T/told/tell")" -eq 1 ]
	run -0 words unmute --all
	drain
	[ "$(tail -n 1 "$T/told/tell")" = \
	    "pelihook.recovered watch recovered 1" ]
}

@test "what is not verified does not end a hook's silence" {
	make_secret secret 0123456789abcdef
	make_hook <<-END
		watch on silent 1h late off stuck off
		on @watch run $T/tell
		on * ignore
	END
	sed -i "s,^signature none$,secret-file $T/secret," "$conf"
	signature=$(printf '{"event":"pipeline_run_started"}' |
	    "$PELIHOOKCTL" -c "$conf" $as sign h | sed 's/^[^:]*: //')
	SIGNATURE=$signature send_body '{"event":"pipeline_run_started"}'
	[ "$STATUS" = 200 ]
	drain
	at 1800
	at 3610
	[ "$(cat "$T/told/tell")" = "pelihook.hook_silent watch silent 1" ]
	clock 3700
	SIGNATURE=sha256=$(printf '%064d' 0) \
	    send_body '{"event":"pipeline_run_started"}'
	[ "$STATUS" = 401 ]
	at 3800
	[ "$(wc -l <"$T/told/tell")" -eq 1 ]
	SIGNATURE=$signature send_body '{"event":"pipeline_run_started"}'
	[ "$STATUS" = 200 ]
	at 3900
	[ "$(tail -n 1 "$T/told/tell")" = \
	    "pelihook.recovered watch recovered 1" ]
}

@test "without the file of what was counted nothing is silent by mistake" {
	make_hook <<-END
		watch on silent 10m late off stuck off
		on @watch run $T/tell
		on * ignore
	END
	send_body '{"event":"connection_added"}'
	drain
	clock 400
	send_body '{"foo":1}'
	[ "$STATUS" = 200 ]
	rm "$T/state/journal.db-stats"
	at 610
	[ ! -e "$T/told/tell" ]
	# From then on it is counted, and silence begins there.
	[ -f "$T/state/journal.db-stats" ]
	at 1100
	[ ! -e "$T/told/tell" ]
	at 1300
	[ "$(cat "$T/told/tell")" = "pelihook.hook_silent watch silent 1" ]
}

@test "while nothing can be counted no silence is found, and none is over" {
	make_hook <<-END
		watch on silent 10m late off stuck off
		on @watch run $T/tell
		on * ignore
	END
	send_body '{"event":"connection_added"}'
	drain
	rm "$T/state/journal.db-stats"
	mkdir "$T/state/journal.db-stats"
	at 1300
	rmdir "$T/state/journal.db-stats"
	cgi_user sh -c ": >$T/state/journal.db-stats"
	chmod 600 "$T/state/journal.db-stats"
	at 2600
	[ ! -e "$T/told/tell" ]
	rm "$T/state/journal.db-stats"
	at 2610
	at 3300
	[ "$(cat "$T/told/tell")" = "pelihook.hook_silent watch silent 1" ]
	rm "$T/state/journal.db-stats"
	mkdir "$T/state/journal.db-stats"
	at 3400
	rmdir "$T/state/journal.db-stats"
	at 3500
	[ "$(wc -l <"$T/told/tell")" -eq 1 ]
	send_body '{"foo":1}'
	drain
	[ "$(tail -n 1 "$T/told/tell")" = \
	    "pelihook.recovered watch recovered 1" ]
}

@test "watch off ends what was told, and on again it is told anew" {
	watched() {	# on or off
		make_hook <<-END
			watch $1
			on @watch run $T/tell
			on * ignore
		END
	}
	watched on
	send pipeline_run_error 7 Sales r1
	drain
	at 600
	[ "$(wc -l <"$T/told/tell")" -eq 1 ]
	watched off
	at 700
	watched on
	at 800
	[ "$(cat "$T/told/tell")" = \
	    "pelihook.pipeline_failing watch failing 1
pelihook.pipeline_failing watch failing 1" ]
	watched off
	drain
	send pipeline_run_completed 7 Sales r2
	at 900
	watched on
	send pipeline_run_completed 7 Sales r3
	at 1000
	# What ended meanwhile is not told to have recovered.
	[ "$(wc -l <"$T/told/tell")" -eq 2 ]
}
