#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
#
# The words of pelihookctl that work on the queue, with a real journal that
# pelihook.cgi filled.

bats_require_minimum_version 1.5.0

setup() {
	. "$BATS_TEST_DIRNAME/ctl_lib.sh"
	PELIHOOK_FCGI=$build/fcgi/pelihook.fcgi
	ctl_begin
	mkdir "$T/state"
	if [ "$(id -u)" = 0 ]; then
		chown nobody "$T/state"
	fi
	started=
}

teardown() {
	for pid in $started; do
		kill "$pid" 2>/dev/null || :
		wait "$pid" 2>/dev/null || :
	done
	ctl_end
}

# --- a queue ----------------------------------------------------------------

# The hook q, whose command does what the file does says, behind a journal.
# Directives and `on` lines of more hooks are on standard input.
make_queue() {
	make_command act <<-EOF
		. "$T/does"
	EOF
	does 'exit 0'
	{
		cat <<-EOF
			journal $T/state/journal.db
			dispatch none
			kill-after 100ms
			hook q
			signature none
			on * run $T/act
		EOF
		cat
	} >"$conf"
	chmod 644 "$conf"
}

# From now on the command does this. (text)
does() {
	printf '%s\n' "$1" >"$T/does"
	chmod 644 "$T/does"
}

# Stores a body for a hook; prints the ID it got. (hook, body)
event_body() {
	printf '%s' "$2" >"$T/body"
	cgi_user env -i PELIHOOK_CONFIG="$conf" PELIHOOK_HOOK="$1" \
	    REQUEST_METHOD=POST REMOTE_ADDR=192.0.2.7 \
	    CONTENT_LENGTH="$(wc -c <"$T/body")" \
	    "$PELIHOOK_CGI" <"$T/body" >"$T/reply" 2>>"$T/log"
	grep -q '^Status: 202' "$T/reply" ||
	    { cat "$T/reply" "$T/log" >&2; return 1; }
	sed 1,/^.$/d "$T/reply" | jq -r .id
}

# (hook, event name)
event() {
	event_body "$1" "{\"event\":\"$2\"}"
}

# The states of an event's deliveries. (ID)
states_of() {
	ctl show --json "$1" |
	    jq -r '[.deliveries[].state] | join(" ")'
}

# Runs everything that is due, quietly.
drain() {
	ctl drain 2>>"$T/log"
}

# A command that is running, until go is written to; $mine is the drain's.
start_running() {
	mkfifo "$T/started" "$T/go"
	chmod 666 "$T/started" "$T/go"
	does "echo \$\$ >$T/started; read -r word <$T/go; exit 0"
	start_drain
	read -r command <"$T/started"
}

start_drain() {
	# shellcheck disable=SC2086
	"$PELIHOOKCTL" -c "$conf" $as drain 2>>"$T/log" 3>&- &
	mine=$!
	started="$started $mine"
}

# Lets the command end, and looks how the drain does. (status)
ends_with() {
	local status=0
	echo go >"$T/go"
	wait "$mine" || status=$?
	[ "$status" = "$1" ]
}

let_it_end() {
	echo go >"$T/go"
	wait "$mine"
}

# As the user of the queue, in the background: `$!' is the program itself.
service() {
	if [ "$(id -u)" = 0 ]; then
		set -- setpriv --reuid nobody --regid nogroup \
		    --clear-groups "$@"
	fi
	exec "$@"
}

# Whether all of standard input is one JSON object a line. (how many)
are_objects() {
	[ "$(jq -cs 'map(select(type == "object")) | length')" = "$1" ]
}

# Polls, with a bound. (command)
wait_for() {
	for _ in $(seq 200); do
		! "$@" || return 0
		sleep 0.05
	done
	return 1
}

# --- the command line -------------------------------------------------------

@test "help names every word of the queue" {
	for word in list show retry drop drain stats purge runs pipelines mute \
	    unmute forget; do
		run -0 "$PELIHOOKCTL" --help
		[[ $output == *"
  $word "* ]]
		run -0 "$PELIHOOKCTL" "$word" --help
		[[ $output == "usage: pelihookctl "*" $word"* ]]
		run -0 "$PELIHOOKCTL" "$word" -V
	done
}

# The options and operands that a usage has, and those that help explains.
@test "help explains each argument, units and exit codes of every word" {
	words=$("$PELIHOOKCTL" --help | sed -n 's/^  \([a-z]*\)  .*/\1/p')
	[ "$(wc -w <<<"$words")" -eq 19 ]
	for word in $words; do
		run -0 --separate-stderr "$PELIHOOKCTL" "$word" --help
		[ -z "$stderr" ]
		typed=$(sed '/^$/q' <<<"$output" | tr -d '[]|' |
		    sed "1s/.* $word//" | tr -s ' ' '\n' |
		    grep -x -e '-.*' -e '[A-Z][A-Z.]\+' || :)
		for one in $typed; do
			[[ $output == *"
  $one"[\ $'\n']* ]]
		done
		[ "$(awk 'length > 79' <<<"$output")" = "" ]
		[[ $output == *"Exit status:
  0 "*"
  64 "*"
  78 "* ]]
	done
	run -0 "$PELIHOOKCTL" list --help
	for text in 2026-01-02T03:04:05Z 2026-01-02, 2w "queued, running, done"; do
		[[ $output == *"$text"* ]]
	done
	run -0 "$PELIHOOKCTL" stats --help
	[[ $output == *"--max-age D "*"500ms, 90s, 15m, 12h, 7d"* ]]
}

@test "wrong usage is 64 before anything is looked at" {
	for words in "list more" "list --nonsense" "list --state" \
	    "list --state sleeping" "list --state Done" "list --limit x" \
	    "list --limit -1" "list --since" "list --since yesterday" \
	    "list --since 2026-13-02" "list --since 2026-1-2" \
	    "list --since 5" "list --since w" "list -j" "list --body" "show" \
	    "show a b" "show --body --json a" "retry" "retry --dead a" \
	    "retry --hook q" "retry --hook q a" "retry --since 1h a" \
	    "retry --event e a" "drop" "drop --dead" "drain more" \
	    "drain --json" "stats more" "stats --json --prometheus" \
	    "stats --max-age" "stats --max-age 5" "stats --max-age x" \
	    "stats --max-dead 5s" "stats --max-dead -1" "purge more" \
	    "stats --max-age 1w" \
	    "stats --max-silence" "stats --max-silence x" \
	    "stats --max-refused" "stats --max-refused 5s" \
	    "purge --all"; do
		run -64 --separate-stderr "$PELIHOOKCTL" -c "$T/none" $words
		[ -z "$output" ]
		[ -n "$stderr" ]
	done
}

@test "what an option takes is said" {
	run -64 "$PELIHOOKCTL" list --state sleeping
	[[ $output == *"queued, running, done, dead or dropped, not \`sleeping'" ]]
	run -64 "$PELIHOOKCTL" list --since tomorrow
	[[ $output == *"T03:04:05Z"*12h*2w*", not \`tomorrow'" ]]
	run -64 "$PELIHOOKCTL" stats --max-silence 1w
	[[ $output == *"--max-silence is a duration (500ms, "*", not \`1w'" ]]
	run -64 "$PELIHOOKCTL" stats --max-refused 5s
	[[ $output == *"--max-refused is a number, not \`5s'" ]]
	run -64 "$PELIHOOKCTL" list --dead
	[[ $output == *"--dead: unknown option, or its value is missing"* ]]
	run -64 "$PELIHOOKCTL" list --body
	[[ $output == *"--body goes with --json"* ]]
}

@test "without a journal in the configuration all are 78" {
	make_conf <<-EOF
		on * run /bin/true
	EOF
	for words in list "show a" "retry a" "retry --dead" "drop a" drain \
	    stats purge runs pipelines "mute a --for 1d" "unmute --all" \
	    "forget a"; do
		run -78 --separate-stderr ctl $words
		[ -z "$output" ]
		[[ $stderr == *"no \`journal' line"* ]]
	done
}

@test "a configuration with an error is 78 for all" {
	echo nonsense >"$conf"
	for words in list "show a" "retry a" "drop a" drain stats purge runs \
	    pipelines "mute --all --for 1d" "unmute a" "forget a"; do
		run -78 --separate-stderr ctl $words
		[[ $stderr == *"$conf:1: "* ]]
	done
}

@test "before the first event the queue is empty, and stays without file" {
	make_queue </dev/null
	for words in list drain purge runs pipelines "pipelines --since 1d" \
	    "retry --dead" "stats --max-age 0s" \
	    "stats --prometheus" "list --json" check; do
		run -0 ctl $words
	done
	run -0 --separate-stderr ctl list
	[ -z "$output$stderr" ]
	for words in "show 0" "show ''" "retry 0" "drop 0"; do
		run -66 ctl $words
	done
	[ -z "$(ls "$T/state")" ]
}

@test "what is no journal is 78 and stays as it is" {
	make_queue </dev/null
	printf 'this is a text and no journal; longer than a page: %4000s' \
	    >"$T/state/journal.db"
	chmod 600 "$T/state/journal.db"
	if [ "$(id -u)" = 0 ]; then
		chown nobody "$T/state/journal.db"
	fi
	before=$(sha256sum "$T/state/journal.db")
	for words in list "show a" "retry a" "drop a" drain stats purge \
	    check; do
		run -78 ctl $words
		[[ $output == *"is no journal"* ]]
	done
	# The last of them was check, which names the line too.
	[[ $output == *"conf:1: the journal"* ]]
	[ "$(sha256sum "$T/state/journal.db")" = "$before" ]
}

@test "a journal that others keep locked is 75, and nothing has changed" {
	make_queue </dev/null
	id=$(event q connection_added)
	mkfifo "$T/hold"
	service /usr/bin/python3 -c '
import sqlite3, sys
db = sqlite3.connect(sys.argv[1], isolation_level=None)
db.execute("BEGIN IMMEDIATE")
print("locked", flush=True)
open(sys.argv[2]).read()' "$T/state/journal.db" "$T/hold" \
	    >"$T/locked" 3>&- &
	holder=$!
	started=$holder
	wait_for grep -q locked "$T/locked"
	run -75 --separate-stderr ctl drop "$id"
	[[ $stderr == *locked* ]]
	run -0 ctl list
	: >"$T/hold"
	wait "$holder"
	[ "$(states_of "$id")" = queued ]
	run -0 ctl drop "$id"
}

# --- list -------------------------------------------------------------------

@test "list is newest first and aligned" {
	make_queue </dev/null
	first=$(event q connection_added)
	second=$(event q pipeline_run_completed_with_errors)
	run -0 --separate-stderr ctl list
	[ -z "$stderr" ]
	[ "${#lines[@]}" -eq 3 ]
	[[ ${lines[0]} == "ID "*" RECEIVED "*" HOOK "*" EVENT "*" STATE "* ]]
	event=pipeline_run_completed_with_errors
	[[ ${lines[1]} == "$second "*" q "*" $event "*" queued "* ]]
	event=connection_added
	[[ ${lines[2]} == "$first "*" q "*" $event "*" queued "* ]]
	for head in RECEIVED HOOK EVENT STATE TRIES LAST DUE; do
		before=${lines[0]%%"$head"*}
		for line in "${lines[@]}"; do
			[ "${line:${#before}-1:1}" = " " ]
			[ "${line:${#before}:1}" != " " ]
		done
	done
}

@test "list --json is one object a line" {
	make_queue </dev/null
	first=$(event q connection_added)
	second=$(event q pipeline_run_error)
	run -0 --separate-stderr ctl list --json
	are_objects 2 <<<"$output"
	[ "${#lines[@]}" -eq 2 ]
	[ "$(jq -r .id <<<"$output" | xargs)" = "$second $first" ]
	jq -e '.hook == "q" and .event == "connection_added" and
	    .state == "queued" and .attempts == 0 and .delivery == 1 and
	    .due == null and (.received | test("^20.*Z$")) and
	    (has("outcome") | not)' <<<"${lines[1]}"
	does 'exit 3'
	run -0 drain
	run -0 ctl list --json --limit 1
	jq -e '.attempts == 1 and .outcome == "exit" and .code == 3 and
	    .due > .received' <<<"$output"
}

@test "list filters by state, hook, event, since and limit" {
	make_queue <<-EOF
		hook other
		signature none
		on * run $T/act
	EOF
	a=$(event q connection_added)
	b=$(event q pipeline_run_error)
	drain
	does 'exit 65'
	c=$(event other pipeline_run_error)
	drain
	d=$(event other connection_added)
	ids() { ctl list --json "$@" | jq -r .id | xargs; }
	[ "$(ids)" = "$d $c $b $a" ]
	[ "$(ids --state queued)" = "$d" ]
	[ "$(ids --state done)" = "$b $a" ]
	[ "$(ids --state dead)" = "$c" ]
	[ -z "$(ids --state running)" ]
	[ -z "$(ids --state dropped)" ]
	[ "$(ids --hook other)" = "$d $c" ]
	[ "$(ids --event pipeline_run_error)" = "$c $b" ]
	[ "$(ids --event pipeline_run_error --hook q)" = "$b" ]
	[ "$(ids --event 'pipeline_*')" = "$c $b" ]
	[ "$(ids --event @failure --state dead)" = "$c" ]
	[ "$(ids --event @connection --limit 1)" = "$d" ]
	[ -z "$(ids --event '@watch')" ]
	run -0 ctl list --event @failur
	[[ $output == *"warning: --event: there is no group \`@failur' (did you mean @failure?): write one of @connection "* ]]
	[ "$(ids --limit 2)" = "$d $c" ]
	[ -z "$(ids --limit 0)" ]
	[ "$(ids --since 1h)" = "$d $c $b $a" ]
	[ -z "$(ids --since 2999-01-01T00:00:00Z)" ]
	at=$(ctl show --json "$c" | jq -r .received)
	[ "$(ids --since "$at")" = "$d $c" ]
	[ "$(ids --since "$at" --state dead)" = "$c" ]
	[ "$(ids --since 1970-01-01T00:00:00+01:00)" = "$d $c $b $a" ]
}

@test "list --since takes a date and an age in weeks" {
	make_queue </dev/null
	id=$(event q connection_added)
	for since in 1w 2d 90m "$(date -u +%Y-%m-%d)" 1970-01-01; do
		[ "$(ctl list --json --since "$since" | jq -r .id)" = "$id" ]
	done
	[ -z "$(ctl list --json --since 2999-01-01)" ]
	[ -z "$(ctl list --json --since 0w)" ]
}

# pelihookctl with the test's configuration on a terminal of its own, whose
# output it prints.
ctl_on_terminal() {
	# shellcheck disable=SC2086
	python3 -c '
import os, pty, sys
def read(fd):
    try:
        return os.read(fd, 65536)
    except OSError:
        return b""
sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:], read)))' \
	    "$PELIHOOKCTL" -c "$conf" $as "$@" </dev/null | tr -d '\r'
}

# Events that cost nothing to make: copies of the first one. (how many)
copy_events() {
	cgi_user /usr/bin/python3 -c '
import sqlite3, sys
db = sqlite3.connect(sys.argv[1])
for table, key, other in ("events", 0, None), ("deliveries", 0, 1):
    row = db.execute("SELECT * FROM %s WHERE seq = 1" % table).fetchone()
    for i in range(2, int(sys.argv[2]) + 1):
        copy = list(row)
        copy[key] = i
        if table == "events":
            copy[1] = row[1][:24] + "%012x" % i
        else:
            copy[other] = i
        db.execute("INSERT INTO %s VALUES(%s)"
                   % (table, ",".join("?" * len(copy))), copy)
db.commit()' "$T/state/journal.db" "$1"
}

@test "where nothing is found a terminal is told, and a program is not" {
	make_queue </dev/null
	run -0 ctl_on_terminal list
	[[ $output == "nothing was found"* ]]
	event q connection_added
	run -0 ctl_on_terminal list
	[[ $output != *"nothing was found"* ]]
	run -0 ctl_on_terminal list --event nope
	[[ $output == "nothing was found"* ]]
	run -0 --separate-stderr ctl list --event nope
	[ -z "$output$stderr" ]
	run -0 ctl_on_terminal retry --dead
	[[ $output == "0 dead deliveries are back"* ]]
	[[ $output != *"nothing was found"* ]]
}

@test "on a terminal list shows the newest 50 and says how to see more" {
	make_queue </dev/null
	event q connection_added
	copy_events 50
	run -0 ctl_on_terminal list
	[ "${#lines[@]}" -eq 51 ]
	cgi_user /usr/bin/python3 -c '
import sqlite3, sys
db = sqlite3.connect(sys.argv[1])
db.execute("DELETE FROM deliveries WHERE seq > 1")
db.execute("DELETE FROM events WHERE seq > 1")
db.commit()' "$T/state/journal.db"
	copy_events 51
	run -0 ctl_on_terminal list
	[ "${#lines[@]}" -eq 52 ]
	[[ ${lines[51]} == "the newest 50 are shown: --limit N shows more"* ]]
	newest=$(ctl list --json --limit 1 | jq -r .id)
	[[ ${lines[1]} == "$newest "* ]]
	run -0 ctl_on_terminal list --limit 51
	[ "${#lines[@]}" -eq 52 ]
	[[ $output != *"are shown"* ]]
	run -0 ctl_on_terminal list --json
	[ "${#lines[@]}" -eq 51 ]
	[ "$(grep -c '^{' <<<"$output")" -eq 50 ]
	# A program gets all of them, and nothing else.
	run -0 --separate-stderr ctl list
	[ "${#lines[@]}" -eq 52 ]
	[ -z "$stderr" ]
}

@test "list --json --body has the payload, whatever it is" {
	make_queue <<-EOF
		hook two
		signature none
		on pipeline_run_error also run $T/act
		on * run /bin/true
	EOF
	a=$(event_body q '{ "event":"connection_added", "n":[1.0, -0,
	    1e400], "s":" \u0041 é" }')
	b=$(event_body q '{"event":"connection_added","n":NaN}')
	c=$(event_body two '{"event":"pipeline_run_error"}')
	run -0 --separate-stderr ctl list --json --body
	[ "${#lines[@]}" -eq 4 ]
	[ -z "$stderr" ]
	for line in "${lines[@]}"; do
		jq -e .id <<<"$line"
	done
	grep -F "\"id\":\"$a\"" <<<"$output" | grep -qF \
	    '"body":{"event":"connection_added","n":[1.0,-0,1e400],"s":" \u0041 é"}}'
	[ "$(grep -F "\"id\":\"$b\"" <<<"$output" |
	    jq -r .body_base64 | base64 -d)" = \
	    '{"event":"connection_added","n":NaN}' ]
	[ "$(jq -c "select(.id == \"$c\") | .body" <<<"$output")" = \
	    '{"event":"pipeline_run_error"}
{"event":"pipeline_run_error"}' ]
	run -0 ctl list --json
	[[ $output != *body* ]]
}

@test "list --json --body of a damaged payload is 65, with the others" {
	make_queue </dev/null
	a=$(event q connection_added)
	b=$(event q connection_removed)
	cgi_user /usr/bin/python3 -c '
import sqlite3, sys
db = sqlite3.connect(sys.argv[1])
db.execute("UPDATE events SET digest = ? WHERE id = ?", ("x", sys.argv[2]))
db.commit()' "$T/state/journal.db" "$a"
	run -65 --separate-stderr ctl list --json --body
	[ "${#lines[@]}" -eq 2 ]
	[ "$(jq -r 'select(has("body")) | .id' <<<"$output")" = "$b" ]
	[[ $stderr == *"damaged rows"* ]]
}

@test "list of a hook that never was is 66" {
	make_queue </dev/null
	event q connection_added
	for words in "list --hook Q" "list --json --hook Q" \
	    "retry --dead --hook Q"; do
		run -66 --separate-stderr ctl $words
		[[ $stderr == *"no hook Q"* ]]
	done
	run -0 ctl list --hook q --state dead
	[ -z "$output" ]
}

# In parts of 1,000, with an event on both sides of the cut.
@test "list goes on where a part of it ended" {
	make_queue <<-EOF
		hook many
		signature none
		on * also run $T/act
		on * also run $T/act
		on * run $T/act
	EOF
	event many connection_added
	cgi_user /usr/bin/python3 - "$T/state/journal.db" <<-'EOF'
		import sqlite3, sys
		db = sqlite3.connect(sys.argv[1])
		one = db.execute("SELECT * FROM events").fetchone()
		several = db.execute("SELECT * FROM deliveries").fetchall()
		for n in range(1, 700):
		    seq = one[0] + n
		    db.execute("INSERT INTO events VALUES(%s)" %
		        ",".join("?" * len(one)),
		        (seq, "%08x%s" % (int(one[1][:8], 16) + n, one[1][8:]),
		        *one[2:]))
		    for d in several:
		        db.execute("INSERT INTO deliveries VALUES(%s)" %
		            ",".join("?" * len(d)),
		            (d[0] + 3 * n, seq, *d[2:]))
		db.execute("UPDATE opens SET events = 700")
		db.commit()
	EOF
	for words in "" "--state queued" "--limit 2099" "--limit 2101"; do
		ctl list --json $words >"$T/out"
		count=2100
		[ "$words" != "--limit 2099" ] || count=2099
		[ "$(wc -l <"$T/out")" -eq "$count" ]
		[ "$(jq -r '"\(.id) \(.delivery)"' "$T/out" | sort -u |
		    wc -l)" -eq "$count" ]
		jq -r .id "$T/out" | sort -rc
	done
	[ "$(ctl list | grep -c '^ID ')" -eq 3 ]
	[ "$(ctl list | grep -c queued)" -eq 2100 ]
}

@test "list ends when nobody reads it, without holding up the queue" {
	make_queue </dev/null
	event q connection_added
	run -74 sh -c '"$0" -c "$1" $2 list >/dev/full' "$PELIHOOKCTL" \
	    "$conf" "$as"
	run -74 sh -c '"$0" -c "$1" $2 list >&-' "$PELIHOOKCTL" \
	    "$conf" "$as"
	run -0 drain
}

# --- show -------------------------------------------------------------------

@test "show tells the whole story" {
	make_queue <<-EOF
		hook two
		signature none
		retry 1h
		on pipeline_run_error also run $T/act
		on * run /bin/echo second
	EOF
	id=$(event two pipeline_run_error)
	does 'echo to stdout; echo to stderr >&2; exit 3'
	drain
	run -0 --separate-stderr ctl show "$id"
	[ -z "$stderr" ]
	digest=$(printf '{"event":"pipeline_run_error"}' | sha256sum)
	for text in "$id" "hook         two" \
	    "event        pipeline_run_error" "from         192.0.2.7" \
	    "verified     no" "digest       ${digest%% *}" \
	    "body         30 bytes: pelihookctl show --body $id" \
	    "delivery 1: queued, 1 try" "due          20" "try 1 at 20" \
	    ": exit 3 after " "    | to stdout
" "    | to stderr
" "on           pipeline_run_error also run $T/act (line 10)" \
	    "on           * run /bin/echo second (line 11)" "delivery 2: done, 1 try" "finished     20" ": exit 0 after " \
	    "    | second"; do
		[[ $output == *"$text"* ]]
	done
	does 'kill -KILL $$'
	run -0 ctl retry "$id"
	drain
	run -0 ctl show "$id"
	[[ $output == *"delivery 1: queued, 2 tries"*"try 2 at "* ]]
	[[ $output == *": signal 9 (Killed)"* ]]
	does 'exit 0'
	sed -i '1s,.*,#!/no/interpreter,' "$T/act"
	run -0 ctl retry "$id"
	drain
	run -0 ctl show "$id"
	[[ $output == *"try 3 at "*": unstarted 2 (No such file or dir"* ]]
}

@test "show --json tells the same" {
	make_queue </dev/null
	id=$(event q pipeline_run_error)
	does 'printf "caf\303\251 \033[2J \377"; exit 65'
	drain
	run -0 --separate-stderr ctl show --json "$id"
	[ "${#lines[@]}" -eq 1 ]
	jq -e --arg id "$id" '.id == $id and .hook == "q" and .configured and
	    .event == "pipeline_run_error" and .verified == false and
	    .remote_addr == "192.0.2.7" and .size == 30 and
	    (.digest | test("^[0-9a-f]{64}$")) and
	    (.deliveries | length) == 1' <<<"$output"
	jq -e '.deliveries[0] | .delivery == 1 and .state == "dead" and
	    .held == false and .due == null and
	    (.finished | test("^20.*Z$")) and (.attempts | length) == 1' \
	    <<<"$output"
	jq -e '.deliveries[0].attempts[0] | .number == 1 and
	    .outcome == "exit" and .code == 65 and .started <= .ended and
	    .output == "café \u001b[2J \ufffd"' <<<"$output"
}

@test "show says what an event is held back by" {
	make_queue <<-EOF
		hook ordered
		signature none
		order hook
		retry 1h
		on * run $T/act
	EOF
	event ordered connection_added
	second=$(event ordered connection_removed)
	does 'exit 1'
	drain
	run -0 ctl show "$second"
	[[ $output == *"held back    by an earlier one"* ]]
	ctl show --json "$second" | jq -e '.deliveries[0].held'
}

@test "show --body is the body and nothing else" {
	make_queue </dev/null
	body='\r\n{ "event" :\t"connection_added", "a":"\303\251\\u0000"}'
	# shellcheck disable=SC2059
	body=$(printf "$body\n\n.")
	id=$(event_body q "${body%.}")
	ctl show --body "$id" >"$T/out"
	cmp "$T/body" "$T/out"
	run -74 sh -c '"$0" -c "$1" $2 show --body "$3" >/dev/full' \
	    "$PELIHOOKCTL" "$conf" "$as" "$id"
}

@test "an unambiguous prefix of an ID will do" {
	make_queue </dev/null
	one=$(event q connection_added)
	run -0 ctl show "${one:0:1}"
	[[ $output == "$one
"* ]]
	two=$(event q connection_added)
	for words in show "show --body" "show --json" retry drop; do
		run -64 --separate-stderr ctl $words "${one:0:4}"
		[ -z "$output" ]
		[[ $stderr == *"several events"* ]]
	done
	[ "$(states_of "$one") $(states_of "$two")" = "queued queued" ]
	n=1
	while [ "${one:0:n}" = "${two:0:n}" ]; do
		n=$((n + 1))
	done
	run -0 ctl show "${two:0:n}"
	[[ $output == "$two
"* ]]
}

@test "an unambiguous end of an ID will do, in letters of either case" {
	make_queue </dev/null
	one=$(event q connection_added)
	two=$(event q connection_added)
	end=${one: -12}
	for text in "$end" "${end^^}" "${one^^}"; do
		run -0 ctl show "$text"
		[[ $output == "$one
"* ]]
	done
	run -0 ctl drop "${two: -12}"
	[[ $output == "$two: 1 delivery was dropped"* ]]
	run -0 ctl retry "${two: -12}"
	[[ $output == "$two: 1 delivery is back"* ]]
	[ "$(states_of "$one") $(states_of "$two")" = "queued queued" ]
	# One begins so and another one ends so.
	cgi_user /usr/bin/python3 -c '
import sqlite3, sys
db = sqlite3.connect(sys.argv[1])
db.execute("UPDATE events SET id = ? WHERE id = ?",
           (sys.argv[2][:32] + sys.argv[3][:4], sys.argv[2]))
db.commit()' "$T/state/journal.db" "$two" "$one"
	run -64 --separate-stderr ctl show "${one:0:4}"
	[[ $stderr == *"begin or end so"*"$one"* ]]
	[[ $stderr == *"${two:0:32}${one:0:4}"* ]]
}

@test "no such ID is 66 and says so" {
	make_queue </dev/null
	id=$(event q connection_added)
	for no in "" x "${id}0" "${id%?}x" 'A*' "' OR 1=1 --" "%" \
	    00000000-0000-7000-8000-000000000000; do
		for words in show "show --body" "show --json" retry drop; do
			run -66 --separate-stderr ctl $words "$no"
			[ -z "$output" ]
			[[ $stderr == *"$no: no such event"* ]]
		done
	done
	[ "$(states_of "$id")" = queued ]
}

@test "nothing from outside moves the terminal's cursor" {
	make_queue <<-EOF
		hook named
		signature none
		event-name /name
		on * run $T/act
	EOF
	id=$(event_body named '{"name":"a\u001b[2Jb\u009b\"\\c\nd"}')
	does 'printf "\033]0;owned\007\r\302\2332J\t\n"; exit 65'
	drain
	for words in list "show $id" stats "stats --prometheus" "list --json" \
	    "show --json $id" "stats --json"; do
		run -0 --separate-stderr ctl $words
		LC_ALL=C
		[[ $output != *[$'\001'-$'\011'$'\013'-$'\037'$'\177']* ]]
		# Only JSON may hold other characters than ASCII.
		[[ $words == *json* || $output != *[$'\200'-$'\377']* ]]
	done
}

# --- retry ------------------------------------------------------------------

@test "retry puts a dead event back: same ID, attempts go on" {
	make_queue </dev/null
	id=$(event q pipeline_run_error)
	does "env >$T/state/env; exit 65"
	drain
	[ "$(states_of "$id")" = dead ]
	run -0 --separate-stderr ctl retry "$id"
	[ "$output" = "$id: 1 delivery is back in the queue (1 was dead)" ]
	[ -z "$stderr" ]
	[ "$(states_of "$id")" = queued ]
	does "env >$T/state/env; exit 0"
	drain
	[ "$(states_of "$id")" = "done" ]
	grep -qx "PELIHOOK_ID=$id" "$T/state/env"
	grep -qx PELIHOOK_ATTEMPT=2 "$T/state/env"
}

@test "retry takes what waits, what was dropped and what is done" {
	make_queue <<-EOF
		hook waits
		signature none
		retry 1h
		on * run $T/act
	EOF
	id=$(event waits pipeline_run_error)
	does 'exit 1'
	drain
	[ -n "$(ctl list --json | jq -r '.due // empty')" ]
	run -0 ctl retry "$id"
	[[ $output == *"1 delivery is back in the queue (1 waited for a retry)" ]]
	[ -z "$(ctl list --json | jq -r '.due // empty')" ]
	does 'exit 0'
	drain
	[ "$(states_of "$id")" = "done" ]
	run -0 ctl retry "${id:0:20}"
	[ "$(states_of "$id")" = queued ]
	run -0 ctl drop "$id"
	[ "$(states_of "$id")" = dropped ]
	run -0 ctl retry "$id"
	drain
	[ "$(states_of "$id")" = "done" ]
	[ "$(ctl show --json "$id" |
	    jq '[.deliveries[0].attempts[].number] == [1, 2, 3]')" = true ]
}

@test "retry begins the schedule anew" {
	make_queue <<-EOF
		hook once
		signature none
		retry 1h
		on * run $T/act
	EOF
	id=$(event once pipeline_run_error)
	does 'exit 1'
	for _ in 1 2 3; do
		drain
		[ "$(states_of "$id")" = queued ]
		run -0 ctl retry "$id"
	done
}

@test "retry of what is queued already is 75" {
	make_queue </dev/null
	id=$(event q pipeline_run_error)
	run -75 --separate-stderr ctl retry "$id"
	[[ $stderr == *"$id: is queued or running already"* ]]
	run -0 drain
	run -0 ctl retry "$id"
}

@test "an ID that is given twice is put back or dropped once" {
	make_queue </dev/null
	id=$(event q pipeline_run_error)
	drain
	run -0 --separate-stderr ctl retry "$id" "${id:0:30}" "$id"
	[ "$output" = "$id: 1 delivery is back in the queue (1 was done)" ]
	[ -z "$stderr" ]
	run -0 --separate-stderr ctl drop "$id" "$id"
	[ "$output" = "$id: 1 delivery was dropped (1 was queued)" ]
	[ -z "$stderr" ]
	# What is wrong with one is told of each that is wrong.
	run -66 --separate-stderr ctl retry "$id" no "$id"
	[ "$output" = "$id: 1 delivery is back in the queue (1 was dropped)" ]
}

@test "characters that reorder or break a line are not shown as they are" {
	local all name
	name=$(printf 'a\342\200\256b\342\200\250c\342\201\246d\357\273\277e')
	make_queue <<-EOF
		hook names
		signature none
		event-name /event
		on * run $T/act
	EOF
	id=$(event names "$name")
	drain
	for words in list "show $id" stats; do
		run -0 ctl $words
		all=$output
		[[ $all == *'a\xe2\x80\xaeb\xe2\x80\xa8c\xe2\x81\xa6d\xef\xbb\xbfe'* ]]
		[[ $all != *"$name"* ]]
	done
	run ! grep -qF "$name" "$T/log"
	grep -qF 'event="a\u202eb\u2028c\u2066d\ufeffe"' "$T/log"
	# Programs read what it is.
	[ "$(ctl list --json | jq -r .event)" = "$name" ]
}

@test "retry --dead takes all dead ones, or those of a hook or a time" {
	make_queue <<-EOF
		hook other
		signature none
		on * run $T/act
	EOF
	does 'exit 65'
	a=$(event q pipeline_run_error)
	b=$(event other pipeline_run_error)
	c=$(event other connection_added)
	drain
	done=$(event q connection_added)
	does 'exit 0'
	drain
	at=$(ctl show --json "$c" | jq -r .received)
	run -0 ctl retry --dead --since 2999-01-01T00:00:00Z
	[ "$output" = "0 dead deliveries are back in the queue" ]
	run -0 ctl retry --dead --hook other --since "$at"
	[ "$output" = "1 dead delivery is back in the queue" ]
	[ "$(states_of "$a") $(states_of "$b") $(states_of "$c")" = \
	    "dead dead queued" ]
	run -0 ctl retry --dead --hook q
	[ "$(states_of "$a") $(states_of "$b")" = "queued dead" ]
	run -0 ctl retry --dead --since 1h
	[ "$output" = "1 dead delivery is back in the queue" ]
	[ "$(states_of "$b") $(states_of "$done")" = "queued done" ]
	drain
	[ -z "$(ctl list --state dead)" ]
}

@test "retry passes dedupe" {
	make_queue <<-EOF
		hook deduped
		signature none
		dedupe body
		on * run $T/act
	EOF
	id=$(event deduped connection_added)
	drain
	run ! event deduped connection_added
	run -0 ctl retry "$id"
	does "echo \$PELIHOOK_ATTEMPT >$T/state/attempt"
	drain
	[ "$(cat "$T/state/attempt")" = 2 ]
}

@test "of several IDs each is done, and the first that went wrong decides" {
	make_queue </dev/null
	a=$(event q connection_added)
	b=$(event q connection_added)
	c=$(event q connection_added)
	run -66 ctl drop "$a" nonsense "$b"
	[ "$(states_of "$a") $(states_of "$b") $(states_of "$c")" = \
	    "dropped dropped queued" ]
	run -75 ctl retry "$c" nonsense "$a" "$b"
	[ "$(states_of "$a") $(states_of "$b")" = "queued queued" ]
	run -66 ctl retry nonsense "$c"
}

# --- drop -------------------------------------------------------------------

@test "drop gives queued, waiting and dead events up" {
	make_queue </dev/null
	a=$(event q connection_added)
	does 'exit 1'
	drain
	b=$(event q connection_added)
	does 'exit 65'
	drain
	c=$(event q connection_added)
	[ "$(states_of "$a") $(states_of "$b") $(states_of "$c")" = \
	    "queued dead queued" ]
	run -0 --separate-stderr ctl drop "$a" "$b" "$c"
	[ "$output" = "$a: 1 delivery was dropped (1 was queued)
$b: 1 delivery was dropped (1 was dead)
$c: 1 delivery was dropped (1 was queued)" ]
	[ -z "$stderr" ]
	[ "$(states_of "$a") $(states_of "$b") $(states_of "$c")" = \
	    "dropped dropped dropped" ]
	does "touch $T/state/ran"
	drain
	[ ! -e "$T/state/ran" ]
	run -0 ctl stats --max-age 0s --max-dead 0
}

@test "drop of a running event is 75, and it runs on" {
	make_queue </dev/null
	id=$(event q connection_added)
	start_running
	[ "$(states_of "$id")" = running ]
	run -75 --separate-stderr ctl drop "$id"
	[[ $stderr == *"$id: is running"* ]]
	run -75 ctl retry "$id"
	kill -0 "$command"
	let_it_end
	[ "$(states_of "$id")" = "done" ]
}

@test "drop of what is done changes nothing, and says so" {
	make_queue </dev/null
	id=$(event q connection_added)
	drain
	run -0 --separate-stderr ctl drop "$id"
	[ "$output" = "$id: nothing to drop (1 is done)" ]
	[ -z "$stderr" ]
	[ "$(states_of "$id")" = "done" ]
	# It hides nothing of what is wrong with the next one.
	run -66 ctl drop "$id" ffffffff
}

@test "of several deliveries retry and drop count them by their states" {
	make_queue <<-EOF
		hook many
		signature none
		on pipeline_run_error also run $T/act
		on pipeline_run_error also run $T/act
		on * run /bin/true
	EOF
	id=$(event many pipeline_run_error)
	run -0 ctl drop "$id"
	[ "$output" = "$id: 3 deliveries were dropped (3 were queued)" ]
	run -0 ctl drop "$id"
	[ "$output" = "$id: nothing to drop (3 are dropped already)" ]
	run -0 ctl retry "$id"
	[ "$output" = "$id: 3 deliveries are back in the queue (3 were dropped)" ]
	does 'exit 65'
	drain
	run -0 ctl retry "$id"
	[ "$output" = "$id: 2 deliveries are back in the queue (2 were dead)" ]
	does 'exit 0'
	drain
	run -0 ctl retry "$id"
	[ "$output" = "$id: 3 deliveries are back in the queue (3 were done)" ]
}

# --- drain ------------------------------------------------------------------

@test "drain runs what is due until nothing is, in order" {
	make_queue <<-EOF
		hook ordered
		signature none
		order hook
		on * run $T/act
	EOF
	does "cat >>$T/state/seen"
	for n in 1 2 3 4 5; do
		event_body ordered "{\"event\":\"connection_added\",\"n\":$n}"
	done
	run -0 ctl drain
	[ "$(jq -s -c 'map(.n)' "$T/state/seen")" = '[1,2,3,4,5]' ]
	[ -z "$(ctl list --state queued)" ]
	run -0 ctl drain
	[ "$(jq -s length "$T/state/seen")" = 5 ]
}

# The user's, and not that of who typed it.
@test "HOME, USER and LOGNAME are the same in drain and try, whoever starts it" {
	local entry words
	make_queue </dev/null
	: >"$T/seen"
	chmod 666 "$T/seen"
	does "echo \$HOME \$USER \$LOGNAME >>$T/seen"
	event q x
	HOME=/a USER=b LOGNAME=c drain
	HOME=/d ctl try q <"$T/body"
	entry=$(getent passwd nobody)
	[ "$(id -u)" = 0 ] || entry=$(getent passwd "$(id -u)")
	words="$(cut -d : -f 6 <<<"$entry") ${entry%%:*} ${entry%%:*}"
	[ "$(cat "$T/seen")" = "$words
$words" ]
}

@test "umask and signals are the same in drain and try, whoever starts it" {
	make_queue </dev/null
	: >"$T/seen"
	chmod 666 "$T/seen"
	does "{ umask; grep SigIgn /proc/self/status; } >>$T/seen"
	event q x
	(umask 002; trap '' INT; drain)
	(umask 002; trap '' INT; ctl try q <"$T/body")
	[ "$(sort "$T/seen" | uniq -c | wc -l)" = 2 ]
	grep -qx 0077 "$T/seen"
}

# Leaves a process behind, which writes to $T/over once it is told to go.
leaves_behind() {
	mkfifo "$T/go"
	: >"$T/over"
	chmod 666 "$T/go" "$T/over"
	does "{ read -r word <$T/go; echo one; echo two >&2
		head -c 300000 /dev/zero; echo over >$T/over; } & exit 0"
}

@test "what a command of drain or try leaves running goes on after it" {
	make_queue </dev/null
	leaves_behind
	event q x
	drain
	[ ! -s "$T/over" ]
	echo go >"$T/go"
	wait_for test -s "$T/over"
	: >"$T/over"
	ctl try q <"$T/body" >"$T/tried"
	[ ! -s "$T/over" ]
	echo go >"$T/go"
	wait_for test -s "$T/over"
	run ! grep -e level=warning -e level=error "$T/log"
}

@test "what a command leaves running may write while drain is at work" {
	make_queue <<-EOF
		on-dead run /bin/false
		retry 1h
	EOF
	: >"$T/over"
	chmod 666 "$T/over"
	does "[ \$PELIHOOK_EVENT = last ] || {
		{ head -c 300000 /dev/zero; echo over >$T/over; } & exit 0; }
	for _ in \$(seq 200); do
		[ ! -s $T/over ] || exit 0; sleep 0.05
	done; exit 1"
	event q first
	event q last
	drain
	[ "$(ctl list --json | jq -s 'map(select(.state == "done")) | length')" = 2 ]
}

@test "drain does not wait for later tries" {
	make_queue </dev/null
	id=$(event q connection_added)
	does 'exit 75'
	run -0 timeout 20 "$PELIHOOKCTL" -c "$conf" $as drain
	[ "$(states_of "$id")" = queued ]
}

@test "drain refuses root" {
	needs_root
	make_queue </dev/null
	event q connection_added
	does "touch $T/ran"
	run -78 "$PELIHOOKCTL" -c "$conf" -u root drain
	[[ $output == *"as root"* ]]
	rm -r "$T/state"
	mkdir "$T/state"
	run -78 "$PELIHOOKCTL" -c "$conf" drain
	[[ $output == *"as root"* ]]
	[ ! -e "$T/ran" ]
	[ -z "$(ls "$T/state")" ]
}

@test "drain started by root runs commands as the journal's owner" {
	needs_root
	make_queue </dev/null
	event q connection_added
	does "id -un >$T/state/who"
	run -0 "$PELIHOOKCTL" -c "$conf" drain
	[ "$(cat "$T/state/who")" = nobody ]
}

@test "drain lets what runs end when it is told to stop" {
	make_queue </dev/null
	id=$(event q connection_added)
	next=$(event q connection_added)
	start_running
	kill -TERM "$mine"
	let_it_end
	[ "$(states_of "$id") $(states_of "$next")" = "done queued" ]
}

@test "drain ends what runs longer than stop-timeout, uncounted" {
	for signal in TERM INT; do
		make_queue </dev/null
		sed -i '1i stop-timeout 100ms' "$conf"
		id=$(event q connection_added)
		rm -f "$T/started" "$T/go"
		# Background jobs of a shell ignore SIGINT.
		mkfifo "$T/started" "$T/go"
		chmod 666 "$T/started"
		does "echo \$\$ >$T/started; exec sleep 60"
		# shellcheck disable=SC2086
		env --default-signal=INT "$PELIHOOKCTL" -c "$conf" $as drain \
		    2>>"$T/log" 3>&- &
		mine=$!
		started="$started $mine"
		read -r command <"$T/started"
		kill -s "$signal" "$mine"
		wait "$mine"
		[ ! -e "/proc/$command" ]
		[ "$(states_of "$id")" = queued ]
		ctl list --json --limit 1 |
		    jq -e '.due == null and .attempts == 0'
		run -0 ctl drop "$id"
	done
}

@test "one drain at a time: another one ends at once" {
	make_queue </dev/null
	event q connection_added
	start_running
	later=$(event q connection_added)
	run -0 timeout 20 "$PELIHOOKCTL" -c "$conf" $as drain
	[ "$(states_of "$later")" = queued ]
	kill -0 "$mine"
	does 'exit 0'
	let_it_end
	[ "$(states_of "$later")" = "done" ]
}

@test "drain says to a person that another one is at work" {
	make_queue </dev/null
	event q connection_added
	start_running
	run -0 script -qec "$PELIHOOKCTL -c $conf $as drain" /dev/null
	[[ $output == *"another drain is at work"* ]]
	let_it_end
}

@test "drain logs where the configuration says" {
	make_queue </dev/null
	sed -i "1i log $T/state/log" "$conf"
	event q connection_added
	does 'echo hello >&2'
	run -0 --separate-stderr ctl drain
	[ -z "$output$stderr" ]
	grep -q 'msg=done' "$T/state/log"
	grep -q hello "$T/state/log"
	[ "$(stat -c %a "$T/state/log")" = 600 ]
}

@test "drain is not held up by a log that cannot be opened" {
	make_queue </dev/null
	mkfifo "$T/state/fifo"
	sed -i "1i log" "$conf"
	for log in "$T/none/log" "$T/state" "$T/state/fifo"; do
		sed -i "1s,.*,log $log," "$conf"
		id=$(event q connection_added)
		run -0 --separate-stderr ctl drain
		[ "$(grep -c 'cannot open the log' <<<"$stderr")" = 1 ]
		[[ $stderr == *"$log"*"standard error"* ]]
		[[ $stderr == *"msg=done"* ]]
		[ "$(states_of "$id")" = "done" ]
		run -78 ctl check
		[[ $output == *"$conf:1: "* ]]
		run -78 cgi_user "$PELIHOOK_FCGI" -c "$conf" -t
		run -78 cgi_user "$PELIHOOK_FCGI" -c "$conf" -s "$T/sock"
		[[ $output == *"$conf:1: "* ]]
	done
}

# Whether the journal can be used is asked in two ways. (text)
both_refuse() {
	run -78 ctl check
	[[ $output == *"$conf:1: "*"$1"* ]]
	run -78 cgi_user "$PELIHOOK_FCGI" -c "$conf" -t
	[[ $output == *"$conf:1: "*"$1"* ]]
}

both_accept() {
	run -0 ctl check
	run -0 cgi_user "$PELIHOOK_FCGI" -c "$conf" -t
}

@test "check and -t try the journal, and make none" {
	make_queue </dev/null
	both_accept
	[ -z "$(ls -A "$T/state")" ]
	chmod 500 "$T/state"
	both_refuse "cannot be written by"
	run -78 cgi_user "$PELIHOOK_FCGI" -c "$conf" -s "$T/state/../sock"
	[[ $output == *"$conf:1: "*"cannot be written by"* ]]
	chmod 700 "$T/state"
	event q connection_added
	# Whoever runs the queue leaves all of it in the first file.
	ctl drain
	both_accept
	journal=$T/state/journal.db
	cp -a "$T/state" "$T/good"
	: >"$journal"
	both_refuse "is empty, but $journal-runners"
	for damage in "truncate -s 5000" "cp /etc/passwd" \
	    "dd if=/dev/zero bs=4096 seek=8 conv=notrunc count=20 status=none"; do
		rm -r "$T/state"
		cp -a "$T/good" "$T/state"
		case $damage in
		truncate*) $damage "$journal" ;;
		cp*) cat /etc/passwd >"$journal" ;;
		dd*) $damage of="$journal" ;;
		esac
		both_refuse "the journal cannot be used"
	done
	for end in "" -wal -shm -runners; do
		rm -r "$T/state"
		cp -a "$T/good" "$T/state"
		rm -f "$journal$end"
		ln -s /etc/passwd "$journal$end"
		both_refuse "$journal$end is no regular file"
		rm "$journal$end"
		mkdir "$journal$end"
		both_refuse "$journal$end is no regular file"
	done
}

# A full disk, and one that cannot be written, for a journal in $1.
disks_that_take_nothing() {
	mount -t tmpfs -o size=300k,mode=700 none "$1" || exit 99
	"$PELIHOOKCTL" -c "$conf" check >/dev/null || exit 1
	dd if=/dev/zero of="$1/fill" bs=1k status=none
	"$PELIHOOKCTL" -c "$conf" check
	"$PELIHOOK_FCGI" -c "$conf" -t
	rm "$1/fill"
	mount -o remount,ro "$1"
	"$PELIHOOKCTL" -c "$conf" check
	"$PELIHOOK_FCGI" -c "$conf" -t
}

@test "check and -t tell a disk that takes nothing" {
	make_queue </dev/null
	export conf PELIHOOKCTL PELIHOOK_FCGI
	export -f disks_that_take_nothing
	chown "$(id -u)" "$T/state"
	run unshare -rm bash -c 'disks_that_take_nothing "$1"' _ "$T/state"
	[ "$status" != 99 ] && unshare -rm true || skip "mounts nothing"
	[ "$status" = 78 ]
	[ "$(grep -c "$conf:1: .*No space left on device" <<<"$output")" = 2 ]
	[ "$(grep -c "$conf:1: .*Read-only file system" <<<"$output")" = 2 ]
}

# What is stored is in the write-ahead log, and the file cannot take it; on a
# smaller disk it would have been put there at once.  Only one user is there.
purge_on_a_full_disk() {
	mount -t tmpfs -o size=3m,mode=700 none "$1" || exit 99
	cgi_user() { "$@"; }
	event q connection_added >/dev/null
	dd if=/dev/zero of="$1/fill" bs=1k status=none
	"$PELIHOOKCTL" -c "$conf" purge
}

@test "purge says by its exit that a full disk gave nothing back" {
	make_queue </dev/null
	export T conf PELIHOOKCTL PELIHOOK_CGI
	export -f purge_on_a_full_disk event event_body
	chown "$(id -u)" "$T/state"
	run unshare -rm bash -c 'purge_on_a_full_disk "$1"' _ "$T/state"
	[ "$status" != 99 ] && unshare -rm true || skip "mounts nothing"
	[[ $output == *"$T/state/journal.db: database or disk is full"* ]]
	[ "$status" = 74 ]
}

# Disks on which an event is refused, and one that takes it.
disks_for_a_first_event() {
	for options in size=64k size=160k size=600k,nr_inodes=4 size=600k; do
		mount -t tmpfs -o "$options,mode=700" none "$1" || exit 99
		"$PELIHOOKCTL" -c "$conf" check >/dev/null
		echo "$options: $?"
		umount "$1"
	done
}

@test "check tells a disk that has no room for a new journal" {
	make_queue </dev/null
	export conf PELIHOOKCTL
	export -f disks_for_a_first_event
	chown "$(id -u)" "$T/state"
	run unshare -rm bash -c 'disks_for_a_first_event "$1"' _ "$T/state"
	[ "$status" != 99 ] && unshare -rm true || skip "mounts nothing"
	[[ $output == *"$conf:1: "*"size=64k: 78"* ]]
	[[ $output == *"size=160k: 78"* ]]
	[[ $output == *"$conf:1: "*inodes*"nr_inodes=4: 78"* ]]
	[[ $output == *"size=600k: 0" ]]
}

# The drain runs one event, and another one waits behind it.
start_with_two() {
	make_queue </dev/null
	id=$(event q connection_added)
	next=$(event q connection_added)
	start_running
	make_command act <<-EOF
		touch $T/state/by-old
	EOF
	make_command new <<-EOF
		touch $T/state/by-new
	EOF
}

@test "drain ends with its command where the journal was removed" {
	start_with_two
	rm "$T/state/journal.db"
	ends_with 74
	[ "$(grep -c "a result is lost" "$T/log")" = 1 ]
}

@test "drain goes by a changed configuration from the next event on" {
	start_with_two
	sed "s,run $T/act,run $T/new," "$conf" >"$T/conf"
	sed -i "1i log $T/state/log" "$T/conf"
	mv "$T/conf" "$conf"
	let_it_end
	[ "$(states_of "$id") $(states_of "$next")" = "done done" ]
	[ -e "$T/state/by-new" ]
	[ ! -e "$T/state/by-old" ]
	grep -q "reloaded $conf" "$T/state/log"
}

@test "drain takes a configuration that is written bit by bit" {
	start_with_two
	sed "s,run $T/act,run $T/new," "$conf" >"$T/conf"
	: >"$conf"
	{
		sleep 0.2
		cat "$T/conf" >"$conf"
	} 3>&- &
	let_it_end
	[ "$(states_of "$id") $(states_of "$next")" = "done done" ]
	[ -e "$T/state/by-new" ]
}

@test "drain begins nothing more by a configuration that is broken" {
	start_with_two
	sed 's,^signature .*,signatur none,' "$conf" >"$T/conf"
	mv "$T/conf" "$conf"
	ends_with 78
	grep -q "$conf:5: .*signatur" "$T/log"
	make_queue </dev/null
	[ "$(states_of "$id") $(states_of "$next")" = "done queued" ]
	[ ! -e "$T/state/by-old" ]
	run -0 drain
	[ "$(states_of "$next")" = "done" ]
}

@test "drain leaves a journal that the configuration does not name any more" {
	for line in "# none" "journal $T/state/other.db"; do
		rm -f "$T/started" "$T/go" "$T"/state/*
		start_with_two
		cp "$conf" "$T/good"
		sed -i "1s,.*,$line," "$conf"
		[ "$line" != "# none" ] ||
		    sed -i 's,^dispatch.*,delivery wait,' "$conf"
		: >"$T/log"
		ends_with 78
		grep -q "$conf:.*$T/state/journal.db waits" "$T/log"
		cp "$T/good" "$conf"
		[ "$(states_of "$id") $(states_of "$next")" = "done queued" ]
		[ ! -e "$T/state/other.db" ]
	done
}

@test "purge keeps by the file, and what it does not name by its own" {
	make_queue <<-EOF
		keep 200d
		hook other
		signature none
		on * run $T/act
	EOF
	long=$(event q connection_added)
	less=$(event other connection_added)
	run -0 drain
	# Both are done for 100 days.
	cgi_user /usr/bin/python3 -c 'import sqlite3, sys
db = sqlite3.connect(sys.argv[1])
db.execute("UPDATE events SET received = received - 8640000000")
db.execute("UPDATE deliveries SET finished = finished - 8640000000")
db.commit()' "$T/state/journal.db"
	cp "$conf" "$T/good"
	sed -i '/^hook q/,/^keep/d' "$conf"
	run -0 ctl purge
	[ "$output" = "1 event was taken out" ]
	run -66 ctl show "$less"
	[ "$(states_of "$long")" = "done" ]
	cp "$T/good" "$conf"
	sed -i 's/^keep 200d/keep 10d/' "$conf"
	run -0 ctl purge
	[ "$output" = "1 event was taken out" ]
}

@test "drain says on standard error when it cannot use the journal" {
	make_queue </dev/null
	sed -i "1i log $T/state/log" "$conf"
	event q connection_added
	chmod 666 "$T/state/journal.db"
	run -78 --separate-stderr ctl drain
	[[ $stderr == *"$T/state/journal.db"*"see the log"* ]]
	grep -q 'writable by others' "$T/state/log"
}

@test "a hook that is not ready holds up no other, and is 78" {
	make_queue <<-EOF
		hook broken
		signature none
		on * run $T/missing
	EOF
	fine=$(event q connection_added)
	cp "$T/act" "$T/missing"
	chmod 755 "$T/missing"
	waits=$(event broken connection_added)
	rm "$T/missing"
	run -78 --separate-stderr ctl drain
	[[ $stderr == *"$conf:9: "*missing* ]]
	[ "$(states_of "$fine") $(states_of "$waits")" = "done queued" ]
	cp "$T/act" "$T/missing"
	chmod 755 "$T/missing"
	run -0 ctl drain
	[ "$(states_of "$waits")" = "done" ]
}

# --- hooks that are gone ----------------------------------------------------

@test "a hook that is gone is said in stats, check and the log" {
	make_queue <<-EOF
		hook leaves
		signature none
		on * run $T/act
	EOF
	a=$(event leaves connection_added)
	event leaves connection_removed
	run -0 --separate-stderr ctl stats
	[ -z "$stderr" ]
	run -0 --separate-stderr ctl check
	[[ $stderr != *"any more"* ]]
	sed -i '/^hook leaves/,$d' "$conf"
	for word in stats check; do
		run -0 --separate-stderr ctl $word
		[[ $stderr == *"warning: $conf has no hook leaves any more"* ]]
		[[ $stderr == *"2 of its events stay queued"* ]]
	done
	[ "$(ctl stats --json 2>/dev/null | jq -c \
	    '.hooks | map([.hook, .configured])')" = \
	    '[["leaves",false],["q",true]]' ]
	ctl stats --prometheus 2>/dev/null |
	    grep -qxF 'pelihook_hook_configured{hook="leaves"} 0'
	run -0 --separate-stderr ctl drain
	[[ $stderr == *"hook=leaves events=2"* ]]
	[ "$(states_of "$a")" = queued ]
	run -0 ctl show "$a"
	[[ $output == *"leaves
"*"which $conf does not have"* ]]
	[ "$(ctl list --hook leaves --json | wc -l)" -eq 2 ]
	run -0 ctl drop "$a"
}

@test "a hook that another configuration of the journal has is not gone" {
	make_queue </dev/null
	sed 's/^hook q/hook other/' "$conf" >"$T/other.conf"
	conf=$T/other.conf event other connection_added >/dev/null
	for word in stats check drain; do
		run -0 --separate-stderr ctl $word
		[[ $stderr != *other* ]]
	done
	# Where that has lost it, too, nobody runs it.
	sed -i 's/^hook other/hook third/' "$T/other.conf"
	for word in stats check; do
		run -0 --separate-stderr ctl $word
		[[ $stderr == *"$conf has no hook other any more: 1 of"* ]]
	done
	run -0 --separate-stderr ctl drain
	[[ $stderr == *"hook=other events=1"* ]]
}

@test "check: damage that is met in reading is the journal's line" {
	make_queue </dev/null
	event q connection_added >/dev/null
	python3 -c 'import sqlite3, sys
db = sqlite3.connect(sys.argv[1])
db.execute("UPDATE sources SET file = zeroblob(1)")
db.commit()' "$T/state/journal.db"
	if [ "$(id -u)" = 0 ]; then
		chown nobody "$T/state/"*
	fi
	run -78 --separate-stderr ctl check
	[[ $stderr == *"table=sources"*"$conf:1: the journal cannot be used"* ]]
}

# --- stats ------------------------------------------------------------------

# One event in each state but running.
make_all_states() {
	does 'exit 0'
	event q connection_added
	drain
	does 'exit 65'
	event q connection_added
	event q connection_removed
	drain
	ctl drop "$(event q connection_added)"
	event q connection_added
	event q connection_added
}

@test "stats counts by hook, event and state" {
	make_queue </dev/null
	make_all_states
	run -0 --separate-stderr ctl stats
	[ -z "$stderr" ]
	[ "$(awk '/^$/ { exit } { $NF = ""; print }' <<<"$output")" = \
"HOOK EVENT QUEUED RUNNING DONE DEAD DROPPED 
q connection_added 2 0 1 1 1 
q connection_removed 0 0 0 1 0 
total - 2 0 1 2 1 " ]
	[[ ${lines[1]} =~ [0-9]s$ ]]
	[[ ${lines[2]} =~ -$ ]]
}

@test "stats counts what is running" {
	make_queue </dev/null
	event q connection_added
	start_running
	ctl stats --json | jq -e '.undelivered == 1 and
	    .hooks[0].events[0].running == 1 and
	    .hooks[0].events[0].queued == 0 and .age >= 0 and
	    .oldest == .hooks[0].oldest'
	let_it_end
	ctl stats --json | jq -e '.undelivered == 0 and .oldest == null and
	    .age == 0 and .hooks[0].events[0].done == 1'
}

@test "stats --json is one object" {
	make_queue </dev/null
	make_all_states
	run -0 --separate-stderr ctl stats --json
	[ "${#lines[@]}" -eq 1 ]
	jq -e '.undelivered == 2 and .dead == 2 and (.hooks | length) == 1' \
	    <<<"$output"
	jq -e '.hooks[0] | .hook == "q" and .configured and
	    .undelivered == 2 and .dead == 2' <<<"$output"
	jq -e '.hooks[0].events | map([.event, .queued, .running, .done,
	    .dead, .dropped]) == [["connection_added", 2, 0, 1, 1, 1],
	    ["connection_removed", 0, 0, 0, 1, 0]]' <<<"$output"
}

@test "stats beyond a limit is 75 and says why, whatever the form" {
	make_queue </dev/null
	make_all_states
	for form in "" --json --prometheus; do
		run -0 ctl stats $form --max-age 1h --max-dead 2
		run -75 --separate-stderr ctl stats $form --max-dead 1
		[[ $stderr == *"2 deliveries are dead"* ]]
		[ -n "$output" ]
		run -75 --separate-stderr ctl stats $form --max-age 0s
		[[ $stderr == *"oldest undelivered event is "* ]]
		run -75 --separate-stderr ctl stats $form --max-age 0ms \
		    --max-dead 0
		[[ $stderr == *"oldest"*"dead"* ]]
	done
	does 'exit 0'
	ctl retry --dead
	drain
	run -0 ctl stats --max-age 0s --max-dead 0
}

# Every form of the exposition format, by two who read it.
@test "stats --prometheus is what Prometheus reads" {
	make_queue <<-EOF
		hook idle
		signature none
		on * run $T/act
		hook named
		signature none
		event-name /name
		on * run $T/act
	EOF
	# The last two look alike where only ASCII is printed.
	for event in 'a\"b\\c' 'new\nline' 'caf\u00e9' 'caf\\xc3\\xa9'; do
		event_body named "{\"name\":\"$event\"}"
	done
	make_all_states
	ctl stats --prometheus >"$T/metrics"
	run -0 promtool check metrics <"$T/metrics"
	[ -z "$output" ]
	/usr/bin/python3 - "$T/metrics" >"$T/parsed" <<-'EOF'
		import json, sys
		from prometheus_client import parser
		text = open(sys.argv[1]).read()
		print(json.dumps([[family.type, sample.name, sample.labels,
		    sample.value] for family in
		    parser.text_string_to_metric_families(text)
		    for sample in family.samples]))
	EOF
	jq -e 'map(.[0]) | unique == ["counter", "gauge"]' "$T/parsed"
	value() {
		jq --arg name "pelihook_$1" --argjson labels "$2" 'map(select(
		    .[1] == $name and .[2] == $labels))[0][3]' "$T/parsed"
	}
	[ "$(value deliveries '{"hook":"q","event":"connection_added",
	    "state":"queued"}')" = 2 ]
	[ "$(value deliveries '{"hook":"q","event":"connection_removed",
	    "state":"dead"}')" = 1 ]
	[ "$(value deliveries '{"hook":"q","event":"connection_removed",
	    "state":"running"}')" = 0 ]
	[ "$(value undelivered_events '{"hook":"idle"}')" = 0 ]
	[ "$(value oldest_undelivered_age_seconds '{"hook":"idle"}')" = 0 ]
	value oldest_undelivered_age_seconds '{"hook":"q"}' |
	    jq -e '. > 0 and . < 3600'
	[ "$(value hook_configured '{"hook":"q"}')" = 1 ]
	[ "$(jq 'map(select(.[2].hook == "named" and .[2].state == "done") |
	    .[3]) | add' "$T/parsed")" = 4 ]
	[ "$(jq -c 'map(select(.[2].hook == "named") | .[2].event // empty) | unique' \
	    "$T/parsed")" = \
	    '["a\"b\\c","caf\\xc3\\xa9","café","unknown"]' ]
}

@test "an event of any name is stored, listed, shown and run under it" {
	make_queue <<-EOF
		hook named
		signature none
		event-name /name
		on "Push Hook" run $T/act
		on "*/*" run $T/act
	EOF
	does 'printf "%s\n" "$PELIHOOK_EVENT" >>'"$T/ran"
	: >"$T/ran"
	chmod 666 "$T/ran"
	long=$(printf 'l%.0s' $(seq 200))/$(printf 'l%.0s' $(seq 54))
	for name in 'Push Hook' 'orders/create' "$long" 'say "hi"/\'; do
		id=$(event_body named "$(jq -cn --arg name "$name" \
		    '{name: $name}')")
		run -0 ctl list --json --event "$name"
		[ "$(jq -r .id <<<"$output")" = "$id" ]
		[ "$(jq -r .event <<<"$output")" = "$name" ]
		[ "$(ctl show --json "$id" | jq -r .event)" = "$name" ]
		run -0 ctl list --event "$name"
		[[ $output == *"$name"* ]]
		drain
		[ "$(states_of "$id")" = done ]
		[ "$(tail -n 1 "$T/ran")" = "$name" ]
	done
	[ "$(ctl stats --json | jq -c '.hooks[] | select(.hook == "named") |
	    [.events[] | select(.done == 1)] | length')" = 4 ]
}

@test "stats --prometheus of an empty queue is what Prometheus reads" {
	make_queue </dev/null
	ctl stats --prometheus >"$T/metrics"
	run -0 promtool check metrics <"$T/metrics"
	[ -z "$output" ]
	grep -qxF 'pelihook_undelivered_events{hook="q"} 0' "$T/metrics"
}

# --- purge ------------------------------------------------------------------

@test "drain says why it ends where few files may be open" {
	make_queue </dev/null
	event q connection_added >/dev/null
	for limit in 6 7 8 9 12 16; do
		run --separate-stderr bash -c 'ulimit -n "$1" && shift &&
		    exec "$@" 3>&- 4>&-' _ $limit "$PELIHOOKCTL" -c "$conf" $as drain
		[ "$status" != 0 ]
		[ -n "$stderr" ]
		[ $limit -lt 7 ] || [ "$status" = 78 ]
	done
}

@test "purge takes out what keep does not keep, and nothing else" {
	make_queue <<-EOF
		hook short
		signature none
		keep 1ms
		on * run $T/act
	EOF
	# The first drain purges too, and another one would only in an hour.
	long=$(event q connection_added)
	drain
	for _ in 1 2; do
		event short connection_added
	done
	drain
	does 'exit 65'
	dead=$(event short connection_added)
	drain
	dropped=$(event short connection_added)
	ctl drop "$dropped"
	queued=$(event short connection_added)
	run -0 --separate-stderr ctl purge
	[ "$output" = "3 events were taken out" ]
	[ "$(ctl list --json | jq -r .id | xargs)" = "$queued $dead $long" ]
	run -66 ctl show "$dropped"
	run -0 ctl purge
	[ "$output" = "0 events were taken out" ]
	ctl drop "$dead"
	run -0 ctl purge
	[ "$output" = "1 event was taken out" ]
}

# The first drain purges too, and another one would only in an hour.
purge_first() {
	event q connection_added
	drain
}

# The journal notes the file by an absolute path.
@test "purge goes by a file that is named by another path" {
	make_queue <<<"keep 200d"
	purge_first
	event q connection_added
	drain
	sed -i 's/^keep 200d/keep 1ms/' "$conf"
	cd "${conf%/*}"
	run -0 "$PELIHOOKCTL" -c "${conf##*/}" purge
	[ "$output" = "2 events were taken out" ]
}

@test "purge takes out what keep-dead does not keep" {
	make_queue <<-EOF
		hook short
		signature none
		keep-dead 1ms
		on * run $T/act
	EOF
	purge_first
	does 'exit 65'
	stays=$(event q connection_added)
	event short connection_added
	drain
	run -0 ctl check
	[[ $output == *"keep-dead    forever"*"keep-dead    1ms"* ]]
	run -0 ctl purge
	[ "$output" = "1 event was taken out" ]
	[ "$(ctl list --json --state dead | jq -r .id)" = "$stays" ]
}

@test "check warns of dead ones that are many and kept for ever" {
	make_queue <<-EOF
		hook many
		signature none
		max-queue 1
		on * run $T/act
		hook few
		signature none
		max-queue 2
		on * run $T/act
		hook short
		signature none
		max-queue 1
		keep-dead 30d
		on * run $T/act
	EOF
	does 'exit 65'
	for event in connection_added connection_removed; do
		run -0 --separate-stderr ctl check
		[[ $stderr != *"dead deliveries"* ]]
		for hook in many few short; do
			event "$hook" "$event"
		done
		drain
	done
	run -0 --separate-stderr ctl check
	[ "$(grep -c 'dead deliveries' <<<"$stderr")" = 1 ]
	[[ $stderr == *"hook many has 2 dead deliveries"*"keep-dead 90d"* ]]
}

journal_size() {
	stat -c %s "$T/state/journal.db"
}

# Ten events of about 900 KB are done, and one is queued.
fill_queue() {
	printf '{"event":"connection_added","x":"%900000s"}' x >"$T/large"
	for _ in $(seq 10); do
		event_body q "$(cat "$T/large")" >"$T/id"
	done
	drain
	queued=$(event q connection_added)
}

@test "purge gives the room of what it takes out back" {
	make_queue <<<"keep 1ms"
	purge_first
	fill_queue
	[ "$(journal_size)" -gt 8000000 ]
	run -0 ctl purge
	[[ $output == *" events were taken out" ]]
	[ "$(journal_size)" -lt 2000000 ]
	run -0 ctl purge --compact
	[[ $output == *$'\n'*" bytes were given back, $(journal_size) are in use" ]]
	[ "$(journal_size)" -lt 300000 ]
	[ "$(states_of "$queued")" = queued ]
	drain
	[ "$(states_of "$queued")" = done ]
}

# The first release made it so.
make_earlier_journal() {
	cgi_user /usr/bin/python3 - "$T/state/journal.db" <<-'EOF'
		import sqlite3, sys
		db = sqlite3.connect(sys.argv[1])
		db.execute("PRAGMA auto_vacuum=NONE")
		db.execute("VACUUM")
	EOF
}

@test "purge --compact makes an earlier journal fit to give room back" {
	make_queue <<<"keep 1ms"
	purge_first
	fill_queue
	make_earlier_journal
	run -0 ctl purge
	[ "$(journal_size)" -gt 8000000 ]
	run -0 ctl purge --compact
	[ "$(journal_size)" -lt 300000 ]
	drain
	[ "$(states_of "$queued")" = done ]
	fill_queue
	run -0 ctl purge
	[ "$(journal_size)" -lt 2000000 ]
}

@test "stats --prometheus has a bound for names that a sender makes up" {
	make_queue <<-EOF
		hook named
		signature none
		event-name /name
		on wanted run $T/act
		on * run $T/act
	EOF
	for name in $(seq 30) wanted pipeline_run_error; do
		event_body named "{\"name\":\"$name\"}" >"$T/id"
	done
	for _ in 1 2; do
		event_body named '{"name":"often"}' >"$T/id"
	done
	ctl stats --prometheus >"$T/metrics"
	run -0 promtool check metrics <"$T/metrics"
	[ "$(grep -c '^pelihook_deliveries' "$T/metrics")" = 100 ]
	for label in 'wanted",state="queued"} 1' 'often",state="queued"} 2' \
	    'pipeline_run_error",state="queued"} 1' \
	    '(other)",state="queued"} 14'; do
		grep -qF "hook=\"named\",event=\"$label" "$T/metrics"
	done
	[ "$(ctl stats --json | jq '.hooks[] | select(.hook == "named") |
	    .events | length')" = 33 ]
}

@test "a stored body that is no JSON is shown, and ends dead" {
	make_queue <<-EOF
		hook once
		signature none
		retry 1ms
		on * run $T/act
	EOF
	id=$(event once connection_added)
	# As 0.1.0 took it.
	cgi_user /usr/bin/python3 - "$T/state/journal.db" <<-'EOF'
		import hashlib, sqlite3, sys
		body = b"{'event':'connection_added'}"
		db = sqlite3.connect(sys.argv[1])
		db.execute("UPDATE bodies SET body = ?", (body,))
		db.execute("UPDATE events SET digest = ?",
		    (hashlib.sha256(body).hexdigest(),))
		db.commit()
	EOF
	run -0 ctl show "$id"
	[[ $output == *"delivery 1: queued"* ]]
	run -0 ctl show --body "$id"
	[ "$output" = "{'event':'connection_added'}" ]
	does "touch $T/ran"
	dies() {
		drain
		[ "$(states_of "$id")" = dead ]
	}
	wait_for dies
	[ ! -e "$T/ran" ]
}

# --- users and files --------------------------------------------------------

@test "root's words make no file that the owner cannot write" {
	needs_root
	make_queue </dev/null
	sed -i '/^signature/a keep 1ms' "$conf"
	id=$(event q connection_added)
	umask 000
	for words in check list "show $id" "show --body $id" stats \
	    "stats --prometheus" "drop $id" "retry $id" drain "retry --dead" \
	    purge; do
		# Without what the last one left beside the journal, too.
		cgi_user /usr/bin/python3 -c 'import sqlite3, sys
sqlite3.connect(sys.argv[1]).execute("PRAGMA wal_checkpoint(TRUNCATE)")' \
		    "$T/state/journal.db"
		run -0 "$PELIHOOKCTL" -c "$conf" $words
		[ -z "$(find "$T/state" -type f \
		    \( ! -user nobody -o -perm /077 \))" ]
	done
	event q connection_added
	run -0 "$PELIHOOKCTL" -c "$conf" drain
}

@test "who is neither root nor the owner is 78" {
	needs_root
	make_queue </dev/null
	event q connection_added
	for words in list "show 0" "retry 0" "drop 0" drain stats purge \
	    check; do
		run -78 setpriv --reuid daemon --regid daemon --clear-groups \
		    "$PELIHOOKCTL" -c "$conf" $words
		[[ $output == *"$T/state"* ]]
		run -78 "$PELIHOOKCTL" -c "$conf" -u daemon $words
	done
}

@test "the owner needs no root" {
	make_queue </dev/null
	id=$(event q connection_added)
	for words in list "show $id" stats "drop $id" "retry $id" drain purge \
	    check; do
		run -0 ctl_unprivileged -c "$conf" $words
	done
	[ "$(states_of "$id")" = "done" ]
}

# --- what check sees --------------------------------------------------------

@test "check: a pointer that none of the journal's events has is warned of" {
	make_queue <<-EOF
		hook keyed
		signature none
		dedupe /event_id
		order /run/idd
		on * also run $T/act
		on * run $T/act
	EOF
	for i in 1 2; do
		event_body keyed "{\"event\":\"x\",\"event_id\":$i,\"run\":{\"idd\":null}}"
	done
	# So few say nothing.
	run -0 --separate-stderr ctl check
	[[ $stderr != *identity* ]]
	event keyed x
	line=$(grep -n '^order' "$conf" | cut -d : -f 1)
	run -0 --separate-stderr ctl check
	[[ $stderr == *"warning: $conf:$line: hook keyed: none of its last 3 events in the journal has an identity at /run/idd"* ]]
	[[ $stderr != *"/event_id"* ]]
	# One is enough.
	event_body keyed '{"event":"x","run":{"idd":7}}'
	run -0 --separate-stderr ctl check
	[[ $stderr != *identity* ]]
}

@test "check: where pelihook.fcgi serves no timer is missed" {
	make_queue </dev/null
	sed -i '/^dispatch/d' "$conf"
	run -0 --separate-stderr ctl check
	if [[ $stderr != *"no timer"* ]]; then
		skip "this machine has a timer for pelihook"
	fi
	mkdir "$T/run"
	chmod 777 "$T/run"
	service "$PELIHOOK_FCGI" -c "$conf" -s "$T/run/socket" -m 666 \
	    >>"$T/log" 2>&1 3>&- &
	server=$!
	started=$server
	wait_for test -f "$T/state/journal.db"
	wait_for eval '! ctl check 2>&1 | grep -q "no timer"'
	# Another journal's is no help.
	mkdir "$T/other"
	chown --reference "$T/state" "$T/other"
	sed "s|$T/state/|$T/other/|" "$conf" >"$T/other.conf"
	run -0 --separate-stderr "$PELIHOOKCTL" -c "$T/other.conf" $as check
	[[ $stderr == *"no timer"* ]]
	kill -TERM "$server"
	wait "$server"
	started=
	run -0 --separate-stderr ctl check
	[[ $stderr == *"no timer"* ]]
}

@test "check takes a draft by the lines of README, and makes no journal for it" {
	make_queue </dev/null
	event q connection_added
	chmod 755 "$T"
	sed 's/^on \*/on pipeline_run_error/' "$conf" >"$T/new.conf"
	run -78 "$PELIHOOKCTL" -c "$T/new.conf" $as check
	[[ $output == *"the journal's events of hook q are those of $conf"* ]]
	readme_block "cd /etc/pelihook" | sed -e "s,/etc/pelihook,$T," \
	    -e "s,/var/lib/pelihook/draft.db,$T/state/draft.db," \
	    -e "s,pelihookctl -u www-data,$PELIHOOKCTL $as," >"$T/lines"
	grep -q check "$T/lines"
	run -0 sh "$T/lines"
	[ ! -e "$T/state/draft.db" ]
	[ ! -e "$T/new.conf" ]
	run -0 ctl check
	[[ $output == *"pipeline_run_error run $T/act"* ]]
	# What is wrong with a draft leaves the file alone.
	sed 's/^on /onn /' "$conf" >"$T/new.conf"
	run -78 sh "$T/lines"
	run -0 ctl check
}

# --- lanes --------------------------------------------------------------------

@test "list, show and stats name the lanes" {
	make_queue <<-EOF
		hook several
		signature none
		lane jobs
		on pipeline_run_completed lane jobs run $T/act job
		on connection_added also run $T/act one
		on connection_added also run $T/act two
		on * run /bin/true
	EOF
	first=$(event several pipeline_run_completed)
	second=$(event several connection_added)
	# Nobody has run the queue yet: they are where their lines say.
	run -0 ctl list --hook several
	[[ ${lines[0]} == *" LANE "* ]]
	[[ ${lines[1]} == *" $T/act one "* && ${lines[2]} == *" $T/act two "* ]]
	[[ ${lines[3]} == *" true "* && ${lines[4]} == *" jobs "* ]]
	[ "$(ctl list --hook several --json | jq -r .lane | tail -n 1)" = jobs ]
	ctl list --hook several --json >"$T/rows"
	[ "$(jq -r .lane_name "$T/rows")" = "$T/act one
$T/act two
true
jobs" ]
	jq -r .lane "$T/rows" | head -n 3 >"$T/lanes"
	[ "$(grep -cE '^sha256:[0-9a-f]{64}$' "$T/lanes")" -eq 3 ]
	[ "$(sort -u "$T/lanes" | wc -l)" -eq 3 ]
	run -0 ctl show "$first"
	[[ $output == *"lane         jobs"* ]]
	run -0 ctl show "$second"
	[ "$(grep -c "lane         $T/act" <<<"$output")" -eq 2 ]
	ctl show --json "$first" | jq -e '.deliveries[0] |
	    .lane == "jobs" and .lane_name == "jobs"'
	run -0 ctl stats
	[[ $output =~ several\ +jobs\ +1\ +0 ]]
	ctl stats --json | jq -e '[.lanes[] | select(.hook == "several")] |
	    length == 4 and map(.queued) == [1, 1, 1, 1] and
	    map(.running) == [0, 0, 0, 0] and .[0].lane == "jobs"'
	ctl stats --prometheus >"$T/metrics"
	grep -qF 'pelihook_lane_deliveries{hook="several",lane="jobs",name="jobs",state="queued"} 1' \
	    "$T/metrics"
	drain
	# What is done keeps its lane, and a lane that is empty is no row of it.
	[ "$(ctl show --json "$first" | jq -r '.deliveries[0].lane')" = jobs ]
	run -0 ctl stats
	[[ $output != *"several  jobs"* ]]
	grep -qF 'pelihook_lane_deliveries{hook="several",lane="jobs",name="jobs",state="queued"} 0' \
	    <(ctl stats --prometheus)
	# One that the configuration does not have any more is told by its key.
	sed -i -e "s|/act one|/act three|" -e 's/lane jobs/lane works/' "$conf"
	run -0 ctl list --hook several
	[[ ${lines[1]} == *" sha256:"* && ${lines[4]} == *" jobs "* ]]
}

@test "a stored event is answered as queued-status says" {
	make_queue <<-EOF
		hook plain
		queued-status 200
		signature none
		on * run $T/act
	EOF
	event q connection_added
	printf '{"event":"connection_added"}' >"$T/body"
	cgi_user env -i PELIHOOK_CONFIG="$conf" PELIHOOK_HOOK=plain \
	    REQUEST_METHOD=POST CONTENT_LENGTH="$(wc -c <"$T/body")" \
	    "$PELIHOOK_CGI" <"$T/body" >"$T/reply" 2>>"$T/log"
	grep -q '^Status: 200 OK' "$T/reply"
	[ "$(sed 1,/^.$/d "$T/reply" | jq -r .status)" = queued ]
	grep -q 'msg=queued status=200 hook=plain' "$T/log"
}

@test "a command runs in its directory" {
	make_command where <<-EOF
		pwd >>$T/where.log
	EOF
	mkdir -p "$T/hooks" "$T/lanes" "$T/gone"
	chmod 755 "$T/hooks" "$T/lanes" "$T/gone"
	: >"$T/where.log"
	chmod 666 "$T/where.log"
	make_queue <<-EOF
		hook here
		signature none
		retry 1h
		directory $T/hooks
		lane there directory $T/lanes
		lane gone directory $T/gone
		on connection_added run $T/where
		on connection_removed lane there run $T/where
		on pipeline_run_started lane gone run $T/where
		hook root
		signature none
		on * run $T/where
	EOF
	for words in "here connection_added" "here connection_removed" \
	    "root connection_added"; do
		event $words
		drain
	done
	[ "$(cat "$T/where.log")" = "$T/hooks
$T/lanes
/" ]
	# One that is not there holds up its hook, and nothing is lost.
	id=$(event here pipeline_run_started)
	rmdir "$T/gone"
	event root connection_added
	run -78 ctl drain
	[ "$(states_of "$id")" = queued ]
	[ "$(tail -n 1 "$T/where.log")" = / ]
	mkdir -m 755 "$T/gone"
	drain
	[ "$(states_of "$id")" = done ]
	[ "$(tail -n 1 "$T/where.log")" = "$T/gone" ]
}

@test "where a directory goes while pelihook.fcgi runs, its log names it" {
	mkdir -m 755 "$T/hooks" "$T/gone"
	make_queue <<-EOF
		hook here
		signature none
		retry 1h
		directory $T/hooks
		lane gone directory $T/gone
		on connection_added run $T/act
		on connection_removed lane gone run $T/act
	EOF
	sed -i 's/^dispatch none/dispatch thread/' "$conf"
	mkdir -m 777 "$T/run"
	chmod 777 "$T/run"
	service "$PELIHOOK_FCGI" -c "$conf" -s "$T/run/socket" -m 666 \
	    >>"$T/log" 2>&1 3>&- &
	server=$!
	started=$server
	wait_for test -S "$T/run/socket"
	for event in connection_added connection_removed; do
		id=$(event here "$event")
		wait_for eval '[ "$(states_of "$id")" = done ]'
		case $event in
		connection_added) path=$T/hooks ;;
		connection_removed) path=$T/gone ;;
		esac
		mv "$path" "$path.away"
		run -0 ctl retry "$id"
		wait_for eval 'ctl show "$id" | grep -q "unstarted 2"'
		line=$(grep 'cannot be started' "$T/log" | grep "id=$id")
		[[ $line == *"level=error "*"its directory $path: No such file or directory"* ]]
		mv "$path.away" "$path"
	done
	kill -TERM "$server"
	wait "$server"
	started=
}

# --- all of it under load ---------------------------------------------------

@test "all words work while pelihook.fcgi runs under load" {
	make_queue <<-EOF
		hook busy
		signature none
		concurrency 4
		on * run /bin/true
	EOF
	sed -i 's/^dispatch none/dispatch thread/' "$conf"
	mkdir "$T/run"
	chmod 777 "$T/run"
	service "$PELIHOOK_FCGI" -c "$conf" -s "$T/run/socket" -m 666 \
	    >>"$T/log" 2>&1 3>&- &
	server=$!
	started=$server
	wait_for test -S "$T/run/socket"
	/usr/bin/python3 "$BATS_TEST_DIRNAME/queue_load.py" \
	    "$T/run/socket" busy >"$T/count" 3>&- &
	load=$!
	started="$load $started"
	does 'exit 65'
	for _ in 1 2 3; do
		id=$(event q connection_added)
		wait_for eval '[ "$(states_of "$id")" = dead ]'
		for words in "list --limit 2000" "list --json --state done" \
		    "show $id" "stats --json" "stats --prometheus" \
		    "retry --dead --hook q" purge check; do
			run -0 --separate-stderr ctl $words
		done
		wait_for eval '[ "$(states_of "$id")" = dead ]'
		run -0 ctl drop "$id"
		run -0 timeout 60 "$PELIHOOKCTL" -c "$conf" $as drain
	done
	kill -TERM "$load"
	wait "$load"
	count=$(cat "$T/count")
	[ "$count" -gt 100 ]
	wait_for eval '[ "$(ctl list --hook busy --state queued)" = "" ]'
	wait_for eval '[ "$(ctl list --hook busy --state running)" = "" ]'
	[ "$(ctl list --hook busy --json | wc -l)" -eq "$count" ]
	[ "$(ctl list --hook busy --json --state done | wc -l)" -eq "$count" ]
	kill -TERM "$server"
	wait "$server"
}
