#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
#
# The words of pelihookctl about runs and pipelines, with a real journal that
# pelihook.cgi filled.

bats_require_minimum_version 1.5.0

setup() {
	. "$BATS_TEST_DIRNAME/ctl_lib.sh"
	ctl_begin
	mkdir "$T/state"
	if [ "$(id -u)" = 0 ]; then
		chown nobody "$T/state"
	fi
}

teardown() {
	ctl_end
}

# The hook q, which runs nothing; more of it, and more hooks, on standard input.
make_hook() {
	{
		cat <<-EOF
			journal $T/state/journal.db
			dispatch none
			hook q
			signature none
			on @watch run /bin/true
			on @success ignore
			on * run /bin/true
		EOF
		cat
	} >"$conf"
	chmod 644 "$conf"
}

send_body() {	# hook, body
	printf '%s' "$2" >"$T/body"
	cgi_user env -i PELIHOOK_CONFIG="$conf" PELIHOOK_HOOK="$1" \
	    REQUEST_METHOD=POST CONTENT_LENGTH="$(wc -c <"$T/body")" \
	    "$PELIHOOK_CGI" <"$T/body" >"$T/reply" 2>>"$T/log"
	grep -q '^Status: 20[02]' "$T/reply" ||
	    { cat "$T/reply" "$T/log" >&2; return 1; }
}

send() {	# event, pipeline's ID, its name, run
	send_body "${HOOK:-q}" "{\"event\":\"$1\",\"pipeline\":{\"id\":\"$2\",\
\"name\":\"$3\"},\"run_id\":\"$4\"}"
}

# Changes what the journal knows of times, once it knows of all that came.
sql() {	# statement
	ctl runs >/dev/null
	cgi_user /usr/bin/python3 - "$T/state/journal.db" "$1" <<-'EOF'
		import sqlite3, sys
		db = sqlite3.connect(sys.argv[1], isolation_level=None)
		assert db.execute(sys.argv[2]).rowcount != 0
	EOF
}

# --- runs -------------------------------------------------------------------

@test "runs are told newest first: pipeline, beginning, duration, outcome" {
	make_hook </dev/null
	send pipeline_run_started 1 Sales r1
	send pipeline_run_completed 1 Sales r1
	send pipeline_run_error 2 Stock r2
	send pipeline_run_started 1 Sales r3
	sql "UPDATE runs SET began = ended - 192000 WHERE run = 'r1'"
	sql "UPDATE runs SET began = began - 7380000 WHERE run = 'r3'"
	run -0 --separate-stderr ctl runs
	[ -z "$stderr" ]
	[ "${#lines[@]}" -eq 4 ]
	[[ ${lines[0]} == "PIPELINE  BEGAN "*"DURATION  OUTCOME  RUN  EVENT "*"  LAST EVENT ID" ]]
	[[ ${lines[1]} =~ ^Sales\ +20.*Z\ +2h3m\ +open\ +r3\ +pipeline_run_started\  ]]
	[[ ${lines[2]} =~ ^Stock\ +-\ +-\ +failure\ +r2\ +pipeline_run_error\  ]]
	[[ ${lines[3]} =~ ^Sales\ +20.*Z\ +3m12s\ +success\ +r1\ +pipeline_run_completed\  ]]
	# An event of it, by which show tells the rest.
	run -0 ctl show "${lines[2]##* }"
	[[ $output == *"pipeline_run_error"*"
  run          r2, found at /run_id
"* ]]
}

@test "runs --json is one object a line" {
	make_hook </dev/null
	send pipeline_run_started 1 Sales r1
	send pipeline_run_completed 1 Sales r1
	send pipeline_run_error 2 Stock r2
	send_body q '{"event":"pipeline_run_started"}'
	sql "UPDATE runs SET began = ended - 192500 WHERE run = 'r1'"
	run -0 --separate-stderr ctl runs --json
	[ "${#lines[@]}" -eq 3 ]
	[ "$(jq -c keys_unsorted <<<"${lines[2]}")" = \
	    '["hook","pipeline","run","began","ended","duration","event","outcome","first","last"]' ]
	jq -se '.[2] | .hook == "q" and
	    .pipeline == { "id": "1", "name": "Sales" } and .run == "r1" and
	    .duration == 192.5 and .event == "pipeline_run_completed" and
	    .outcome == "success" and (.began | test("^20.*Z$")) and
	    .began < .ended and .first < .last' <<<"$output"
	jq -se '.[1] | .began == null and .duration == null and
	    (.ended | test("^20")) and .outcome == "failure"' <<<"$output"
	jq -se '.[0] | .pipeline.id == "" and .run == null and
	    .ended == null and .outcome == "open" and .duration >= 0' \
	    <<<"$output"
}

@test "runs are chosen by hook, pipeline, open, since and limit" {
	make_hook <<-EOF
		hook other
		signature none
		on * ignore
	EOF
	send pipeline_run_started 1 Sales r1
	send pipeline_run_completed 1 Sales r1
	send pipeline_run_started 2 Stock r2
	HOOK=other send pipeline_run_started 1 Sales r3
	of() { ctl runs --json "$@" | jq -r .run | xargs; }
	[ "$(of)" = "r3 r2 r1" ]
	[ "$(of --hook q)" = "r2 r1" ]
	[ "$(of --pipeline Sales)" = "r3 r1" ]
	[ "$(of --pipeline 1 --hook q)" = r1 ]
	[ "$(of --pipeline 2)" = r2 ]
	[ "$(of --open)" = "r3 r2" ]
	[ "$(of --limit 2)" = "r3 r2" ]
	[ "$(of --limit 0)" = "" ]
	sql "UPDATE runs SET began = began - 7200000, ended = ended - 7200000
	    WHERE run = 'r1'"
	sql "UPDATE runs SET began = began - 7200000 WHERE run = 'r2'"
	[ "$(of --since 1h)" = r3 ]
	[ "$(of --since 3h)" = "r3 r2 r1" ]
	sql "UPDATE runs SET ended = ended + 7200000 WHERE run = 'r1'"
	[ "$(of --since 1h)" = "r3 r1" ]
	# Of several hooks each is named.
	run -0 ctl runs
	[[ ${lines[0]} == "PIPELINE  HOOK   BEGAN "* ]]
	[[ ${lines[1]} =~ ^Sales\ +other\  ]]
	run -0 ctl runs --hook q
	[[ ${lines[0]} == "PIPELINE  BEGAN "* ]]
	run -0 --separate-stderr ctl runs --pipeline nope
	[ -z "$output$stderr" ]
	run -66 ctl runs --hook Q
	[[ $output == *"has no hook Q"* ]]
}

@test "a long list of runs is read in parts, and on a terminal cut off" {
	make_hook </dev/null
	send pipeline_run_started 1 Sales r1
	sql "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n
	    WHERE i < 2100) INSERT INTO runs(hook, pipeline, run, began, ended,
	    event, outcome, first, last) SELECT 'q', '1', 'n' || i,
	    1000 + i, 2000 + i, 'pipeline_run_completed', 'success', '', ''
	    FROM n"
	ctl runs --json | jq -r .run >"$T/list"
	[ "$(wc -l <"$T/list")" -eq 2101 ]
	[ "$(sed -n '1p;1000p;1001p;$p' "$T/list" | xargs)" = \
	    "n2100 n1101 n1100 r1" ]
	[ "$(ctl runs --json --limit 1500 | wc -l)" -eq 1500 ]
	[ "$(ctl runs | grep -c '^PIPELINE ')" -eq 3 ]
	run -0 script -qec "'$PELIHOOKCTL' -c '$conf' $as runs" /dev/null
	[ "$(grep -c ' success ' <<<"$output")" -eq 50 ]
	[[ $output == *"the newest 50 are shown"* ]]
	run -0 script -qec "'$PELIHOOKCTL' -c '$conf' $as runs --limit 60" \
	    /dev/null
	[ "$(grep -c ' success ' <<<"$output")" -eq 60 ]
}

@test "runs begin and end when their events were received, whatever these say" {
	make_hook </dev/null
	send_body q '{"event":"pipeline_run_started","pipeline_id":1,
"run_id":"r1","timestamp":"2001-02-03T04:05:06Z","started_at":981173106}'
	send_body q '{"event":"pipeline_run_error","pipeline_id":1,
"run_id":"r1","timestamp":"2001-02-03T05:05:06Z","finished_at":981176706}'
	ctl runs --json >"$T/runs"
	ctl list --json >"$T/list"
	jq -e --slurpfile list "$T/list" '
	    ($list | map({ (.event): . }) | add) as $of |
	    .began == $of.pipeline_run_started.received and
	    .ended == $of.pipeline_run_error.received and
	    .first == $of.pipeline_run_started.id and
	    .last == $of.pipeline_run_error.id' "$T/runs"
}

@test "what is a duplicate says nothing of a run" {
	make_hook <<-EOF
		dedupe /key
		hook now
		signature none
		delivery wait
		dedupe /key
		on * run /bin/true
	EOF
	for hook in q now; do
		send_body $hook '{"event":"pipeline_run_started","run_id":"r1",
"key":"1"}'
		send_body $hook '{"event":"pipeline_run_started","run_id":"r2",
"key":"1"}'
		grep -q '"duplicate"' "$T/reply"
		run -0 ctl runs --json --hook $hook
		[ "$(jq -r .run <<<"$output")" = r1 ]
		# Whatever else it could have said.
		send_body $hook '{"event":"pipeline_run_started","run_id":"r3",
"key":"2"}'
		[ "$(ctl runs --hook $hook --json | jq -r .run | xargs)" = \
		    "r3 r1" ]
	done
}

@test "of what is ignored or waited for a run is kept, and no body" {
	make_hook <<-EOF
		on @started ignore
		hook now
		signature none
		delivery wait
		on * run /bin/true
	EOF
	# The first line that matches counts.
	sed -i '/^on @started ignore$/d; s/^on @watch run .*/&\non @started ignore/' \
	    "$conf"
	for hook in q now; do
		send_body $hook '{"event":"pipeline_run_started","run_id":"r1",
"what":"kept-nowhere"}'
		run -0 ctl runs --json --hook $hook
		jq -e '.run == "r1" and .outcome == "open"' <<<"$output"
	done
	[ -z "$(ctl list)" ]
	run -1 grep -rq kept-nowhere "$T/state"
	# Of what is stored it is.
	send_body q '{"event":"pipeline_run_error","what":"kept-here"}'
	grep -rq kept-here "$T/state"
}

@test "a hook without a journal has no runs" {
	cat >"$conf" <<-EOF
		hook q
		signature none
		on * run /bin/true
	EOF
	send pipeline_run_started 1 Sales r1
	for word in runs pipelines "mute Sales --for 1d" "forget Sales"; do
		# shellcheck disable=SC2086
		run --separate-stderr ctl $word
		[ "$status" -ne 0 ]
		[ -z "$output" ]
		[[ $stderr == *journal* ]]
	done
	[ -z "$(ls "$T/state")" ]
}

# --- pipelines --------------------------------------------------------------

@test "pipelines are told the worst first, then by name" {
	make_hook <<-EOF
		watch on failing 2 stuck 1h
	EOF
	send pipeline_run_completed 3 Beta b1
	send pipeline_run_completed 4 Alpha a1
	send pipeline_run_error 1 Sales r1
	send pipeline_run_remote_error 1 Sales r2
	send pipeline_run_started 2 Stock r3
	sql "UPDATE runs SET began = began - 90000000 WHERE run = 'r3'"
	sql "UPDATE pipelines SET first = first - 90000000"
	run -0 --separate-stderr ctl pipelines
	[ -z "$stderr" ]
	[ "${#lines[@]}" -eq 5 ]
	[[ ${lines[0]} == "PIPELINE  STATE "*"SINCE "*"LAST RUN "*"AT "*"LAST SUCCESS "*"USUAL RUN  USUAL GAP  MUTED UNTIL" ]]
	[[ ${lines[1]} =~ ^Sales\ +failing\ +20.*Z\ +failure\ +20.*Z\ +- ]]
	[[ ${lines[2]} =~ ^Stock\ +stuck\ +20.*Z\ +open\ +20 ]]
	[[ ${lines[3]} =~ ^Alpha\ +(learning|fine)\ +-\ +success\ +20.*Z\ +20 ]]
	[[ ${lines[4]%% *} == Beta ]]
	run -0 ctl pipelines --json
	jq -se 'map(.pipeline.name)[0] == "Sales" and (.[0] |
	    .hook == "q" and .pipeline.id == "1" and .state == "failing" and
	    (.since | test("^20")) and .failures == 2 and
	    .last_failure == "pipeline_run_remote_error" and
	    .last_run.run == "r2" and .last_run.outcome == "failure" and
	    .last_success == null and .usual_gap == null and
	    .muted_until == null and (has("runs") | not))' <<<"$output"
	jq -se '.[1] | .pipeline.id == "2" and .state == "stuck" and
	    .last_run.ended == null and .last_run.outcome == "open"' \
	    <<<"$output"
}

@test "what is usual of a pipeline is told" {
	make_hook <<-EOF
		watch on
	EOF
	for i in 1 2 3 4 5; do
		send pipeline_run_started 1 Sales r$i
		send pipeline_run_completed 1 Sales r$i
	done
	sql "UPDATE runs SET ended = 1767323045000 + seq * 3600000,
	    began = 1767323045000 + seq * 3600000 - 192000"
	sql "DELETE FROM successes"
	sql "INSERT INTO successes SELECT hook, pipeline, ended FROM runs"
	run -0 ctl pipelines
	[[ ${lines[1]} == *" 3m12s  "*" 1h0m "* ]]
	run -0 ctl pipelines --json
	jq -e '.usual_duration == 192 and .usual_gap == 3600' <<<"$output"
}

@test "pipelines --since is a morning's summary" {
	make_hook <<-EOF
		watch on
	EOF
	send pipeline_run_completed 1 Sales r1
	send pipeline_run_completed 1 Sales r2
	send pipeline_run_completed_with_errors 1 Sales r3
	send pipeline_run_error 2 Stock r4
	send pipeline_run_killed 2 Stock r5
	send pipeline_run_started 2 Stock r6
	sql "UPDATE runs SET ended = ended - 90000000 WHERE run = 'r1'"
	run -0 ctl pipelines --since 1d
	[[ ${lines[0]} =~ ^"2 pipelines: 1 failing, 1 "(learning|fine)$ ]]
	[[ ${lines[1]} =~ ^"5 runs since "20.*Z": 1 success, 1 partial, 1 failure, 1 stopped, 1 open"$ ]]
	[[ ${lines[2]} == "PIPELINE  STATE "*"SUCCESS  PARTIAL  FAILURE  STOPPED  UNKNOWN  OPEN  LAST RUN"* ]]
	[[ ${lines[3]} =~ ^Stock\ .*\ 0\ +0\ +1\ +1\ +0\ +1\ +open\  ]]
	[[ ${lines[4]} =~ ^Sales\ .*\ 1\ +1\ +0\ +0\ +0\ +0\ +partial\  ]]
	run -0 ctl pipelines --since 1d --json
	jq -se '.[0].runs == { success: 0, partial: 0, failure: 1, stopped: 1,
	    unknown: 0, open: 1 }' <<<"$output"
}

@test "pipelines that are shown alike are told apart" {
	make_hook <<-EOF
		hook other
		signature none
		on * ignore
	EOF
	send pipeline_run_completed 1 Sales r1
	send pipeline_run_completed 2 Sales r2
	HOOK=other send pipeline_run_completed 3 Sales r3
	run -0 ctl pipelines
	[[ ${lines[0]} == "PIPELINE "*" HOOK "* ]]
	[[ $output == *"Sales (1) "*" q "*"Sales (2) "*" q "* ]]
	[ "$(grep -c '^Sales  ' <<<"$output")" -eq 1 ]
	run -0 ctl pipelines --hook other
	[ "${#lines[@]}" -eq 2 ]
	[[ ${lines[1]} == "Sales "* && ${lines[0]} != *" HOOK "* ]]
	run -66 ctl pipelines --hook Q
	[[ $output == *"has no hook Q"* ]]
}

@test "names out of payloads do not move the terminal's cursor" {
	make_hook </dev/null
	send pipeline_run_started 1 'a\u001b[2Jb\u202ec' 'r\u001b]0;x'
	for words in runs pipelines list "pipelines --since 1d" \
	    "runs --json" "pipelines --json" "stats --prometheus"; do
		# shellcheck disable=SC2086
		ctl $words >"$T/out"
		[ "$(tr -d '[:print:]\n' <"$T/out" | tr -d '\200-\377' |
		    wc -c)" -eq 0 ]
		grep -q 'a' "$T/out"
	done
	run -0 ctl runs
	[[ $output == *'a\x1b[2Jb\xe2\x80\xaec'* ]]
}

@test "check warns where nobody judges, as nothing runs the queue" {
	make_hook <<-EOF
		watch on
	EOF
	sed -i 's/^dispatch none$/dispatch thread/' "$conf"
	run -0 --separate-stderr ctl check
	[[ $stderr != *"judges when the queue is run"* ]]
	sed -i 's/^dispatch thread$/dispatch none/' "$conf"
	run -0 --separate-stderr ctl check
	[[ $stderr == *"no timer and no cron line was found"* ]] ||
	    skip "something on this machine runs the queue"
	[[ $stderr == *"hook q: \`watch' judges when the queue is run"* ]]
	sed -i 's/^watch on$/watch off/' "$conf"
	run -0 --separate-stderr ctl check
	[[ $stderr != *"judges when the queue is run"* ]]
}

# --- mute, unmute, forget ---------------------------------------------------

@test "mute tells nothing until then, and says until when; unmute ends it" {
	make_hook <<-EOF
		hook other
		signature none
		on * ignore
	EOF
	send pipeline_run_error 1 Sales r1
	send pipeline_run_completed 2 Stock r2
	HOOK=other send pipeline_run_completed 1 Sales r3
	muted() { ctl pipelines --json |
	    jq -rs 'map(select(.muted_until)) | map("\(.hook)/\(.pipeline.name)")
		| sort | join(" ")'; }
	run -0 --separate-stderr ctl mute Sales --for 12h
	[[ $output == "2 pipelines are muted until 20"*Z ]]
	[ -z "$stderr" ]
	[ "$(muted)" = "other/Sales q/Sales" ]
	# The state is still shown.
	[[ $(ctl pipelines) == *"Sales "*"failing "* ]]
	until=$(ctl pipelines --json --hook other | jq -r .muted_until)
	[ $(($(date -d "$until" +%s) - $(date +%s))) -gt 43100 ]
	[ $(($(date -d "$until" +%s) - $(date +%s))) -le 43200 ]
	run -0 ctl unmute Sales --hook q
	[ "$output" = "1 pipeline is no longer muted" ]
	[ "$(muted)" = other/Sales ]
	run -0 ctl mute 2 --hook q --for 365d
	[[ $output == "1 pipeline is muted until 20"*Z ]]
	[ "$(muted)" = "other/Sales q/Stock" ]
	run -0 ctl unmute --all
	[ "$output" = "2 hooks with all their pipelines are no longer muted" ]
	[ -z "$(muted)" ]
	run -0 ctl mute --all --hook q --for 1d
	[[ $output == "1 hook with all its pipelines is muted until 20"*Z ]]
	[ "$(muted)" = "q/Sales q/Stock" ]
	run -0 --separate-stderr ctl unmute Stock
	[ "$output" = "1 pipeline is no longer muted" ]
	[[ $stderr == "warning: all of hook q is muted until 20"* ]]
	[ "$(muted)" = "q/Sales q/Stock" ]
	# A mute of its own that ends before that of its hook changes nothing.
	run -0 --separate-stderr ctl mute Stock --for 12h
	[[ $output == "1 pipeline is muted until 20"* ]]
	[[ $stderr == "warning: all of hook q is muted until 20"* ]]
	run -0 --separate-stderr ctl mute Stock --for 2d
	[[ $output == "1 pipeline is muted until 20"* ]]
	[ -z "$stderr" ]
	run -0 ctl mute --all --for 1d
	[[ $output == "2 hooks with all their pipelines are muted until 20"*Z ]]
	[ "$(muted)" = "other/Sales q/Sales q/Stock" ]
}

@test "forget takes a pipeline out until it is seen again" {
	make_hook <<-EOF
		hook other
		signature none
		on * ignore
	EOF
	send pipeline_run_error 1 Sales r1
	send pipeline_run_completed 2 Stock r2
	HOOK=other send pipeline_run_completed 1 Sales r4
	seen() { ctl pipelines --json |
	    jq -r '"\(.hook)/\(.pipeline.name)"' | sort | xargs; }
	run -0 --separate-stderr ctl forget Sales --hook q
	[ "$output" = "1 pipeline is forgotten until it is seen again" ]
	[ "$(seen)" = "other/Sales q/Stock" ]
	run -66 ctl forget Sales --hook q
	send pipeline_run_completed 1 Sales r3
	[ "$(seen)" = "other/Sales q/Sales q/Stock" ]
	run -0 ctl forget Sales
	[ "$output" = "2 pipelines are forgotten until they are seen again" ]
	[ "$(seen)" = "q/Stock" ]
}

@test "a connection_removed of its identity takes a pipeline out, too" {
	make_hook </dev/null
	send pipeline_run_started 1 Sales r1
	send pipeline_run_completed 2 Stock r2
	send_body q '{"event":"connection_removed","connection":{"id":"3"}}'
	[ "$(ctl pipelines --json | jq -r .pipeline.id | sort | xargs)" = \
	    "1 2" ]
	send_body q '{"event":"connection_removed","connection":{"id":"1"}}'
	[ "$(ctl pipelines --json | jq -r .pipeline.id)" = 2 ]
	[ "$(ctl runs --json --pipeline 1 | jq -r .outcome)" = unknown ]
	send pipeline_run_started 1 Sales r3
	[ "$(ctl pipelines --json | jq -r .pipeline.id | sort | xargs)" = \
	    "1 2" ]
}

@test "forget and mute change nothing before all is known that came" {
	make_hook </dev/null
	send pipeline_run_started 1 Sales r1
	ctl runs >/dev/null
	for i in {2..40}; do
		send pipeline_run_started "$i" "Stock $i" r2
	done
	# What is written for them all is over the limit of a file.
	small() { bash -c "ulimit -f 40; exec \"\$@\"" bash "$PELIHOOKCTL" \
	    -c "$conf" $as "$@"; }
	run -74 small forget Sales
	run -74 small mute Sales --for 1h
	# What can be seen is shown.
	run -0 --separate-stderr small runs
	[[ $output == *" r1 "* && $output != *" r2 "* ]]
	[[ $stderr == *"what the last events say of runs is missing"* ]]
	send pipeline_run_completed 1 Sales r1
	ctl forget Sales
	[ "$(ctl runs --json | jq -r '[.run, .outcome] | join(" ")' | sort |
	    uniq -c | xargs)" = "1 r1 success 39 r2 open" ]
}

@test "the pipeline of events that name none is called -" {
	make_hook </dev/null
	send_body q '{"event":"pipeline_run_error"}'
	send pipeline_run_error 1 Sales r1
	muted() { ctl pipelines --json |
	    jq -cs 'map(select(.muted_until).pipeline.id)'; }
	run -0 ctl pipelines
	[ "$(grep -c '^-  ' <<<"$output")" -eq 1 ]
	run -0 --separate-stderr ctl mute - --for 12h
	[[ $output == "1 pipeline is muted until 20"*Z ]]
	[ -z "$stderr" ]
	[ "$(muted)" = '[""]' ]
	run -0 ctl unmute -
	[ "$output" = "1 pipeline is no longer muted" ]
	[ "$(muted)" = '[]' ]
	run -66 ctl mute - --hook other --for 1d
	run -0 ctl forget - --hook q
	[ "$output" = "1 pipeline is forgotten until it is seen again" ]
	[ "$(ctl pipelines --json | jq -r .pipeline.name)" = Sales ]
	run -66 ctl forget -
	[[ $output == *"-: no such pipeline"* ]]
	send_body q '{"event":"pipeline_run_error"}'
	run -0 ctl mute --for 12h -
	[ "$(muted)" = '[""]' ]
}

@test "the runs of a forgotten pipeline are found by its identity" {
	make_hook </dev/null
	send pipeline_run_completed 1 Sales r1
	run -0 ctl forget Sales
	run -0 ctl runs --pipeline 1
	[ "${#lines[@]}" -eq 2 ]
	[[ ${lines[1]} == *" r1 "* ]]
	run -0 --separate-stderr ctl runs --pipeline Sales
	[ -z "$output$stderr" ]
	run -0 --separate-stderr ctl list --pipeline nope
	[ -z "$output$stderr" ]
}

@test "no such pipeline is 66, with a hint" {
	make_hook </dev/null
	for words in "mute Sales --for 1d" "unmute Sales" "forget Sales" \
	    "mute --all --for 1d"; do
		# shellcheck disable=SC2086
		run -66 --separate-stderr ctl $words
		[ -z "$output" ]
		[ -n "$stderr" ]
	done
	[ ! -e "$T/state/journal.db" ]
	send pipeline_run_error 1 "Sales to warehouse" r1
	send pipeline_run_error 2 "Stock" r1
	for words in "mute warehouse --for 1d" "unmute sales" \
	    "forget Sales"; do
		[ "$words" != "unmute sales" ] || words="unmute ales"
		# shellcheck disable=SC2086
		run -66 --separate-stderr ctl $words
		[ -z "$output" ]
		[[ $stderr == *"no such pipeline"*"did you mean
  Sales to warehouse" ]]
	done
	run -66 ctl forget stok
	[[ $output == *"did you mean
  Stock" ]]
	run -66 ctl forget "something else"
	[[ $output == *"\`pelihookctl pipelines' lists them" ]]
	run -66 ctl mute Stock --hook Q --for 1d
	[[ $output == *"has no hook Q"* ]]
	run -66 ctl mute --all --hook Q --for 1d
	[[ $output == *"has no hook Q"* ]]
	run -66 ctl mute Sale --hook q --for 1d
	[[ $output == *"Sale: no such pipeline of hook q"* ]]
}

@test "mute always has an end" {
	for words in "mute" "mute Sales" "mute --all" "mute --for 1d" \
	    "mute a b --for 1d" "mute --all a --for 1d" "mute a --for" \
	    "mute a --for 0s" "mute a --for 366d" "mute a --for x" \
	    "mute a --for 1w" "mute a --since 1d" "unmute" "unmute a b" \
	    "unmute --all a" "unmute a --for 1d" "forget" "forget a b" \
	    "forget --all" "runs more" "runs --pipeline" "runs --state dead" \
	    "pipelines more" "pipelines --limit 1" "pipelines --open" \
	    "list --pipeline"; do
		# shellcheck disable=SC2086
		run -64 --separate-stderr "$PELIHOOKCTL" -c "$T/none" $words
		[ -z "$output" ]
		[ -n "$stderr" ]
	done
	run -64 "$PELIHOOKCTL" mute a
	[[ $output == *"mute always ends: say --for D, "* ]]
	run -64 "$PELIHOOKCTL" mute a --for 400d
	[[ $output == *"must be more than 0s and at most 365d, not \`400d'"* ]]
	[[ $output != *unmute* ]]
	run -64 "$PELIHOOKCTL" mute a --for 0s
	[[ $output == *"unmute"* ]]
}

# --- what else tells pipelines ----------------------------------------------

@test "list and show tell pipeline and run, where they are known" {
	make_hook </dev/null
	send_body q '{"event":"connection_added"}'
	run -0 ctl list
	[[ ${lines[0]} == "ID "*" EVENT "*" # "* && ${lines[0]} != *PIPELINE* ]]
	send pipeline_run_started 1 Sales r1
	send pipeline_run_error 2 Stock r2
	run -0 ctl list
	[[ ${lines[0]} == "ID "*" EVENT "*" PIPELINE  RUN  # "* ]]
	[[ ${lines[1]} == *" pipeline_run_error "*" Stock "*" r2 "* ]]
	[[ ${lines[3]} =~ connection_added\ +-\ +-\ +1\  ]]
	run -0 ctl list --pipeline Sales
	[ "${#lines[@]}" -eq 2 ]
	[ "$(ctl list --pipeline 2 --json | jq -c '[.pipeline, .run]')" = \
	    '["Stock","r2"]' ]
	[ "$(ctl list --event connection_added --json |
	    jq -c '[.pipeline, .run]')" = '[null,null]' ]
	id=$(ctl list --pipeline 2 --json | jq -r .id)
	run -0 ctl show "$id"
	[[ $output == *"
  pipeline     2, found at /pipeline/id
  shown as     Stock, found at /pipeline/name
  run          r2, found at /run_id
"* ]]
	run -0 ctl show --json "$id"
	jq -e '.pipeline == { id: "2", name: "Stock", id_at: "/pipeline/id",
	    name_at: "/pipeline/name" } and .run == "r2" and
	    .run_at == "/run_id"' <<<"$output"
	# What is stored is told, also where it would be found no more.
	sed -i 's,^hook q$,&\nrun-id /nowhere\npipeline-name /nowhere,' "$conf"
	run -0 ctl show "$id"
	[[ $output == *"
  shown as     Stock
  run          r2
"* ]]
	id=$(ctl list --event connection_added --json | jq -r .id)
	run -0 ctl show --json "$id"
	jq -e '.pipeline == null and .run == null and .run_at == null' \
	    <<<"$output"
}

@test "try says what was found where, and commands get it" {
	make_command act <<-'EOF'
		echo "<$PELIHOOK_PIPELINE|$PELIHOOK_RUN|$PELIHOOK_TEXT>"
		echo "<${PELIHOOK_URL-none}>"
	EOF
	make_conf <<-EOF
		on * run $T/act
	EOF
	body='{"event":"pipeline_run_error","pipeline":{"id":7,"name":"Sales"},
"run_id":"r1"}'
	for words in "try -n" try; do
		# shellcheck disable=SC2086
		run -0 ctl $words peliqan <<<"$body"
		[[ $output == *"
  pipeline     7, found at /pipeline/id
  shown as     Sales, found at /pipeline/name
  run          r1, found at /run_id
  text         "*Sales* ]]
	done
	text=$(sed -n 's/^  text         //p' <<<"$output")
	[[ $output == *"<Sales|r1|$text>"*"<none>"* ]]
	run -0 ctl try -n peliqan <<<'{"event":"pipeline_run_error"}'
	[[ $output == *"
  pipeline     none was found
  run          none was found
  text "* ]]
	run -0 ctl try -n peliqan <<<'{"event":"connection_added"}'
	[[ $output != *"none was found"* ]]
	sed -i "1i page-url https://status.example.org/p" "$conf"
	run -0 ctl try peliqan <<<"$body"
	[[ $output == *"<https://status.example.org/p?view=event&id="*">"* ]]
}

@test "try runs what takes an alarm, by the sample of it" {
	make_command alarm <<-'EOF'
		echo "<$PELIHOOK_EVENT|$PELIHOOK_KIND|$PELIHOOK_OUTCOME|$PELIHOOK_PIPELINE>"
		[ "$(jq -r .text)" = "$PELIHOOK_TEXT" ] && echo "<$PELIHOOK_TEXT>"
		exit 65
	EOF
	make_hook <<-EOF
		watch on
	EOF
	sed -i "s,^on @watch run .*,on @watch run $T/alarm," "$conf"
	for event in $("$PELIHOOKCTL" events | awk '/own: / { print $1 }'); do
		"$PELIHOOKCTL" sample "$event" >"$T/sample"
		run -65 ctl try q <"$T/sample"
		[[ $output == *"event        $event, pelihook's own"* ]]
		[[ $output == *"<$event|watch|"* ]]
		[[ $output == *"<$(jq -r .text "$T/sample")>"* ]]
		n=$((${n:-0} + 1))
	done
	[ "$n" -eq 8 ]
	"$PELIHOOKCTL" sample pelihook.run_stuck >"$T/sample"
	run -65 ctl try q <"$T/sample"
	[[ $output == *"<pelihook.run_stuck|watch|stuck|CRM to warehouse>"* ]]
	# With -n it is not run.
	run -0 ctl try -n q <"$T/sample"
	[[ $output == *"taken by     $conf:"*": on @watch run $T/alarm"* ]]
	[[ $output != *"<pelihook"* ]]
	# A name that only looks like one of them is unknown.
	sed -i 's/run_stuck/run_struck/' "$T/sample"
	run -0 ctl try q <"$T/sample"
	[[ $output == *"event        unknown, "*" run /bin/true"* ]]
	[[ $output != *"<unknown"* ]]
}

@test "Prometheus has the state and the last success of each pipeline" {
	make_hook <<-EOF
		watch on
		hook other
		signature none
		on * ignore
	EOF
	send pipeline_run_completed 1 'Sa\"les\\n' r1
	send pipeline_run_error 2 Stock r2
	send pipeline_run_completed 3 Alike r3
	send pipeline_run_completed 4 Alike r4
	sql "UPDATE pipelines SET success = 1767323045250 WHERE id = '1'"
	run -0 --separate-stderr ctl stats --prometheus
	printf '%s\n' "$output" >"$T/metrics"
	grep -qF 'pelihook_pipeline_state{hook="q",pipeline="Stock",state="failing"} 1' "$T/metrics"
	[ "$(grep -c '^pelihook_pipeline_state{.*"Stock"' "$T/metrics")" -eq 6 ]
	# Each is in one state.
	[ "$(grep -c '^pelihook_pipeline_state{.*} 1$' "$T/metrics")" -eq 4 ]
	grep -qF 'pelihook_pipeline_last_success_timestamp_seconds{hook="q",pipeline="Sa\"les\\n"} 1767323045.25' "$T/metrics"
	grep -qF 'pelihook_pipeline_last_success_timestamp_seconds{hook="q",pipeline="Stock"} 0' "$T/metrics"
	grep -qF 'pelihook_pipeline_state{hook="q",pipeline="Alike",id="3",state="failing"} 0' "$T/metrics"
	grep -qF 'pelihook_pipelines{hook="q",state="failing"} 1' "$T/metrics"
	grep -qF 'pelihook_pipelines{hook="other",state="failing"} 0' "$T/metrics"
	! grep -E '^pelihook_pipeline' "$T/metrics" | sed 's/ [^ ]*$//' |
	    sort | uniq -d | grep .
	! command -v promtool || promtool check metrics <"$T/metrics"
}

@test "of many pipelines Prometheus gets the worst 1000" {
	make_hook <<-EOF
		watch on
	EOF
	send pipeline_run_completed 1 a1 r1
	send pipeline_run_error bad zz r2
	sql "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n
	    WHERE i < 1100) INSERT INTO pipelines SELECT hook, 'n' || i,
	    'a' || i || 'x', first, seen, success, failures, failed, failure,
	    due FROM n, pipelines WHERE id = '1'"
	ctl stats --prometheus >"$T/metrics"
	[ "$(grep -c '^pelihook_pipeline_state{.*} 1$' "$T/metrics")" -eq 1000 ]
	[ "$(grep -c '^pelihook_pipeline_last_success' "$T/metrics")" -eq 1000 ]
	grep -qF '{hook="q",pipeline="zz",state="failing"} 1' "$T/metrics"
	[ "$(sed -n 's/^pelihook_pipelines{.*} //p' "$T/metrics" |
	    paste -s -d + - | bc)" -eq 1102 ]
}

@test "samples of pelihook's own events have the keys of the real ones" {
	own=$("$PELIHOOKCTL" events | awk '/own: / { print $1 }')
	[ "$(wc -w <<<"$own")" -eq 8 ]
	for event in $own; do
		run -0 --separate-stderr "$PELIHOOKCTL" sample "$event"
		jq -e --arg event "$event" '.event == $event and
		    .hook == "peliqan" and (.text | length) > 10 and
		    ([ "pipeline", "run", "since", "expected", "usual",
			"last_success", "cause" ] - keys == [])' <<<"$output"
	done
	run -0 "$PELIHOOKCTL" sample pelihook.run_stuck
	jq -e '.pipeline.id == "1234" and (.run | length) == 36 and
	    (.since | test("^2026-")) and .usual == 3600' <<<"$output"
	run -0 "$PELIHOOKCTL" sample pelihook.recovered
	jq -e '.recovered_from == "late" and .lasted == 3600' <<<"$output"
	run -0 "$PELIHOOKCTL" sample pelihook.pipelines_late
	jq -e '.list | length == 2 and .[0].pipeline.name != ""' <<<"$output"
	run -64 "$PELIHOOKCTL" sample stuck
	[[ $output == *"pelihook.run_stuck"* ]]
}
