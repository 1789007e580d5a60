# SPDX-License-Identifier: ISC
#
# The commands in examples/, run by pelihook itself on its own samples.

load lib.bash
bats_require_minimum_version 1.5.0

setup() {
	WORK=$BATS_TEST_TMPDIR/work
	mkdir -p "$WORK"
	chmod 700 "$WORK"
	umask 022
	: >"$WORK/pids"
	CONFIG=$WORK/pelihook.conf
	SAMPLE=$WORK/sample
}

teardown() {
	stop_all
}

# configure COMMAND [ARGUMENT]; more lines of the hook on stdin
configure() {
	local name=$1
	shift
	openssl rand -hex 32 >"$WORK/secret"
	chmod 600 "$WORK/secret"
	install -m 755 "$SOURCE/examples/$name" "$WORK/$name"
	{
		echo "hook peliqan"
		echo "secret-file $WORK/secret"
		cat
		echo "on * run $WORK/$name $*"
	} >"$CONFIG"
}

sample() {	# event
	"$CTL" sample "$1" >"$SAMPLE"
}

# Where root becomes nobody, nobody has to get there.
let_through() {
	chmod 711 "$BATS_RUN_TMPDIR" "$BATS_FILE_TMPDIR/.." \
	    "$BATS_TEST_TMPDIR" "$WORK" 2>/dev/null
}

# The exit status of the command, through `pelihookctl try`; where that
# refuses to be root, as nobody.
try_it() {
	if [ "$(id -u)" = 0 ]; then
		chown -R nobody "$WORK"
		let_through
		run "$CTL" -c "$CONFIG" -u nobody try peliqan <"$SAMPLE"
	else
		run "$CTL" -c "$CONFIG" try peliqan <"$SAMPLE"
	fi
	echo "$output"
}

@test "log-event.sh appends a line for each event" {
	configure log-event.sh <<-END
	setenv EVENT_LOG $WORK/events.jsonl
	END
	sample pipeline_run_error
	try_it
	[ "$status" -eq 0 ]
	sample connection_added
	try_it
	[ "$status" -eq 0 ]
	[ "$(jq -r .event "$WORK/events.jsonl" | tr '\n' ' ')" = \
	    'pipeline_run_error connection_added ' ]
	[ "$(jq -r .outcome "$WORK/events.jsonl" | tr '\n' ' ')" = \
	    'failure added ' ]
	[ "$(sed -n 2p "$WORK/events.jsonl" | jq -S .payload)" = \
	    "$(jq -S . "$SAMPLE")" ]
}

@test "log-event.sh asks for another try when it cannot write" {
	configure log-event.sh <<-END
	setenv EVENT_LOG $WORK/there/is/no/such/directory
	END
	sample pipeline_run_error
	try_it
	[ "$status" -eq 75 ]
}

@test "store-event.py keeps an event once, whatever its ID says twice" {
	configure store-event.py <<-END
	setenv EVENTS_DB $WORK/events.db
	END
	sample pipeline_run_killed
	try_it
	[ "$status" -eq 0 ]
	local i
	for i in 1 2; do
		PELIHOOK_ID=same PELIHOOK_RECEIVED=now PELIHOOK_EVENT=e \
		    PELIHOOK_OUTCOME='' EVENTS_DB=$WORK/events.db \
		    "$WORK/store-event.py" <"$SAMPLE"
	done
	run python3 -c '
import json, sqlite3, sys
rows = sqlite3.connect(sys.argv[1]).execute(
    "select name, outcome, payload from event order by name").fetchall()
assert [row[:2] for row in rows] == [
    ("e", ""), ("pipeline_run_killed", "stopped")], rows
assert json.loads(rows[1][2]) == json.load(open(sys.argv[2])), rows
' "$WORK/events.db" "$SAMPLE"
	echo "$output"
	[ "$status" -eq 0 ]
}

@test "store-event.py refuses what is not JSON" {
	run "$SOURCE/examples/store-event.py" <<<'not JSON'
	[ "$status" -eq 65 ]
}

@test "store-event.py asks for another try when it cannot write" {
	sample pipeline_run_killed
	configure store-event.py <<-END
	setenv EVENTS_DB $WORK/there/is/no/such/directory
	END
	try_it
	[ "$status" -eq 75 ]
}

# A service that takes one POST and writes it down.
start_pager() {
	PORT=$(free_port)
	launch pager perl -MIO::Socket::INET -e '
		my ($port, $file) = @ARGV;
		my $listen = IO::Socket::INET->new(Listen => 1,
		    LocalAddr => "127.0.0.1", LocalPort => $port,
		    ReuseAddr => 1) or die "$!";
		open(my $ready, ">", "$file.ready"); close($ready);
		my $peer = $listen->accept;
		open(my $out, ">", $file) or die "$!";
		my $length = 0;
		while (my $line = <$peer>) {
			print $out $line;
			$length = $1 if $line =~ /^content-length: (\d+)/i;
			last if $line eq "\r\n";
		}
		read($peer, my $body, $length);
		print $out $body;
		close($out);
		print $peer "HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n";
	' "$PORT" "$WORK/page"
	until_true 10 test -e "$WORK/page.ready"
}

@test "page-oncall.sh sends title and text" {
	start_pager
	configure page-oncall.sh '"ELT trouble"' <<-END
	setenv ONCALL_URL http://127.0.0.1:$PORT/elt
	END
	sample pipeline_run_remote_error
	try_it
	[ "$status" -eq 0 ]
	grep -q '^POST /elt ' "$WORK/page"
	grep -q '^Title: ELT trouble' "$WORK/page"
	[[ $(tail -n 1 "$WORK/page") == \
	    'Pipeline CRM to warehouse failed: the source refused'* ]]
}

@test "page-oncall.sh leaves people alone when a run may be repeated" {
	configure page-oncall.sh <<-END
	setenv ONCALL_URL http://127.0.0.1:1/
	END
	sample pipeline_run_killed_for_system_upgrade
	try_it
	[ "$status" -eq 0 ]
}

@test "page-oncall.sh asks for another try when nobody answers" {
	configure page-oncall.sh <<-END
	setenv ONCALL_URL http://127.0.0.1:$(free_port)/
	END
	sample pipeline_run_remote_error
	try_it
	[ "$status" -eq 75 ]
}

# ---- The chat ----------------------------------------------------------------

# start_receiver STATUS...: what is posted to $RECEIVER becomes a line of
# $WORK/received.
start_receiver() {
	: >"$WORK/received"
	launch receiver python3 "$SOURCE/tests/e2e/receiver.py" \
	    "$WORK/received" "$@"
	until_true 10 test -e "$WORK/received.port"
	RECEIVER=http://127.0.0.1:$(cat "$WORK/received.port")
}

received() {	# how many requests
	wc -l <"$WORK/received"
}

# What curl was started with by $LAUNCHED, which waits for it; it is ended.
curl_arguments() {
	local pids=$LAUNCHED curl
	until curl=$(pgrep -x curl -P "$pids"); do
		pids=$(pgrep -d , -P "$pids") || return 1
	done
	tr '\0' ' ' <"/proc/$curl/cmdline"
	kill "$curl"
}

# What a person could have called a pipeline.
ODD=$'"CRM" & <DWH> \\ *bold* $(id) `id` %s \'q\'\n\xf0\x9f\x90\x9d \xc3\xa9'

# tell TEXT SHAPE: what pelihook would run, with a link if LINK is set.
tell() {
	PELIHOOK_TEXT=$1 CHAT_URL="${CHAT_URL:-$RECEIVER/hook/token}" \
	    ${LINK:+env "PELIHOOK_URL=$LINK"} \
	    "$SOURCE/examples/tell-chat.sh" "$2"
}

# The text as it is shown in Slack: there are three references and no more.
slack_text() {
	jq -r .body "$WORK/received" | jq -r '.text
	    | gsub("&lt;"; "<") | gsub("&gt;"; ">") | gsub("&amp;"; "&")'
}

@test "tell-chat.sh posts the sentence as Slack takes it, to the letter" {
	start_receiver 200
	run -0 tell "$ODD" slack
	[ -z "$output" ]
	[ "$(jq -r '.method + " " + .path' "$WORK/received")" = \
	    'POST /hook/token' ]
	[ "$(jq -r '.headers["content-type"]' "$WORK/received")" = \
	    application/json ]
	[ "$(slack_text)" = "$ODD" ]
	# What is between < and > would be a link or a mention.
	run -0 jq -r .body "$WORK/received"
	[[ $output != *[\<\>]* ]]
	jq -e 'keys == ["mrkdwn", "text"] and .mrkdwn == false' <<<"$output"
}

@test "tell-chat.sh posts the sentence as Teams takes it, to the letter" {
	start_receiver 202
	run -0 tell "$ODD" teams
	[ -z "$output" ]
	jq -r .body "$WORK/received" >"$WORK/body"
	jq -e --arg text "$ODD" '
	    .type == "message" and (.attachments | length) == 1
	    and .attachments[0].contentType ==
		"application/vnd.microsoft.card.adaptive"
	    and (.attachments[0].content
		| .type == "AdaptiveCard"
		and .body[0].inlines[0].text == $text
		and .actions == [])' "$WORK/body"
}

@test "tell-chat.sh: pelihook hands it the sentence and the URL's file" {
	start_receiver 200
	install -m 600 /dev/null "$WORK/chat.url"
	echo "$RECEIVER/hook/token" >"$WORK/chat.url"
	configure tell-chat.sh slack <<-END
	setenv-file CHAT_URL $WORK/chat.url
	END
	sample pipeline_run_remote_error
	sed -i 's/CRM to warehouse/<CRM> \\"é\\"/' "$SAMPLE"
	try_it
	[ "$status" -eq 0 ]
	[[ $output != *token* ]]
	[ "$(jq -r .path "$WORK/received")" = /hook/token ]
	[[ $(slack_text) == \
	    'Pipeline <CRM> "é" failed: the source refused'* ]]
}

@test "tell-chat.sh adds a link to the event where there is a page" {
	start_receiver 200
	LINK='https://host/hooks?view=event&id=1'
	run -0 tell 'It hangs.' slack
	[ "$(jq -r .body "$WORK/received" | jq -r .text)" = \
	    $'It hangs.\n<https://host/hooks?view=event&amp;id=1>' ]
	run -0 tell 'It hangs.' teams
	tail -n 1 "$WORK/received" | jq -r .body |
	    jq -e --arg link "$LINK" '.attachments[0].content.actions
		| length == 1 and .[0].type == "Action.OpenUrl"
		and .[0].url == $link'
}

@test "tell-chat.sh: what may pass is 75, what is refused is 65 and is told" {
	local status_of answer code
	for status_of in '429 75' '503 75' '500 75' '408 75' '400 65' \
	    '404 65' '410 65' '302 65' '200 0'; do
		read -r answer code <<<"$status_of"
		rm -f "$WORK/received.port"
		start_receiver "$answer"
		run tell 'It hangs.' slack
		echo "$answer: $status $output"
		[ "$status" -eq "$code" ]
		[ "$code" -eq 0 ] ||
		    [ "$output" = "the chat answers $answer: this is $answer" ]
		[ "$(received)" -eq 1 ]
		stop_all
	done
}

@test "tell-chat.sh asks for another try when nobody answers" {
	CHAT_URL=http://127.0.0.1:$(free_port)/ run -75 tell 'It hangs.' teams
}

@test "tell-chat.sh shows nobody the URL among its arguments" {
	start_receiver hang
	CHAT_URL=$RECEIVER/hook/token PELIHOOK_TEXT='It hangs.' launch tell \
	    "$SOURCE/examples/tell-chat.sh" slack
	until_true 10 test -s "$WORK/received"
	curl_arguments >"$WORK/arguments"
	grep -q -- '--max-time' "$WORK/arguments"
	run -1 grep -e token -e 127.0.0.1 "$WORK/arguments"
}

@test "tell-chat.sh says what is wrong with how it is called" {
	RECEIVER=http://127.0.0.1:1
	run -64 tell 'It hangs.' irc
	[ "$output" = 'usage: tell-chat slack|teams' ]
	run env -u CHAT_URL PELIHOOK_TEXT=x \
	    "$SOURCE/examples/tell-chat.sh" slack
	[ "$status" -ne 0 ]
	[[ $output == *'CHAT_URL: is not set'* ]]
}

# ---- A run that was killed for an upgrade -------------------------------------

# fill_in [SED WORD...]: the command as a user would have it, in $RETRIGGER.
fill_in() {
	RETRIGGER=$WORK/retrigger-run
	sed -e "s|^BASE=\$|BASE=$RECEIVER|" \
	    -e "s|# 'CRM to warehouse') echo 1234 ;;|*) echo 1234 ;;|" "$@" \
	    "$SOURCE/examples/retrigger-run.sh" >"$RETRIGGER"
	chmod 755 "$RETRIGGER"
	mkdir -p "$WORK/state"
}

# killed ID [PIPELINE [VARIABLE=VALUE...]]: an event of that ID.
killed() {
	local id=$1 pipeline=${2-CRM to warehouse}
	shift $(($# < 2 ? $# : 2))
	env PELIHOOK_HOOK=peliqan PELIHOOK_RETRIGGER=safe PELIHOOK_ID="$id" \
	    PELIHOOK_EVENT=pipeline_run_killed_for_system_upgrade \
	    PELIHOOK_PIPELINE="$pipeline" PELIQAN_TOKEN=one.two.three \
	    RETRIGGER_STATE="$WORK/state" "$@" "$RETRIGGER" </dev/null
}

@test "retrigger-run.sh does nothing but fail until it is filled in" {
	RETRIGGER=$SOURCE/examples/retrigger-run.sh
	run -78 killed one
	[[ $output == *'nothing was triggered'*'has to be filled in'*BASE* ]]
	[ ! -e "$WORK/state" ]

	# One pipeline more than the user has thought of.
	RECEIVER=http://127.0.0.1:1
	fill_in -e "s|\*) echo 1234|Sales) echo 1|"
	run -78 killed one 'Unheard of'
	[[ $output == *"script_of() for the pipeline 'Unheard of'"* ]]
	[ -z "$(ls -A "$WORK/state")" ]
}

@test "retrigger-run.sh makes the call that is known" {
	start_receiver 201
	fill_in
	run -0 killed one
	[ -z "$output" ]
	jq -e '.method == "POST" and .body == ""
	    and .path == "/api/interfaces/1234/schedule_run/"
	    and .headers.authorization == "JWT one.two.three"' \
	    "$WORK/received"
}

@test "retrigger-run.sh leaves alone what is not safe to trigger" {
	start_receiver 201
	fill_in
	run -0 killed one Sales PELIHOOK_RETRIGGER= \
	    PELIHOOK_EVENT=pipeline_run_killed
	[[ $output == *'pipeline_run_killed: not safe'* ]]
	[ "$(received)" -eq 0 ]
}

@test "retrigger-run.sh triggers a pipeline three times in an hour, no more" {
	start_receiver 201
	fill_in
	local id
	for id in one two three; do
		run -0 killed "$id" Sales
	done
	run -65 killed four Sales
	[[ $output == *"'Sales' was triggered 3 times in an hour"* ]]
	[ "$(received)" -eq 3 ]

	# Others have an hour of their own; a hook's are its own, too.
	run -0 killed five Costs
	run -0 killed six Sales PELIHOOK_HOOK=other
	[ "$(received)" -eq 5 ]

	# When the first call is an hour old there is room for one.
	touch -d '61 minutes ago' "$WORK"/state/*/one.done
	run -0 killed four Sales
	run -65 killed seven Sales
	run -65 killed eight Costs RETRIGGER_MOST=1
	[ "$(received)" -eq 6 ]
}

@test "retrigger-run.sh triggers once for an event that comes again" {
	start_receiver 201
	fill_in
	run -0 killed one
	run -0 killed one
	[[ $output == *'triggered a run before'* ]]
	[ "$(received)" -eq 1 ]
}

@test "retrigger-run.sh keeps to its limit when many run at once" {
	start_receiver 201
	fill_in
	local id pids=()
	for id in 1 2 3 4 5 6 7 8; do
		killed "$id" Sales RETRIGGER_MOST=2 >>"$WORK/said" 2>&1 3>&- &
		pids+=($!)
	done
	for id in "${pids[@]}"; do
		wait "$id" || echo $?
	done >"$WORK/codes"
	[ "$(received)" -eq 2 ]
	[ "$(uniq -c "$WORK/codes" | tr -d ' ')" = 665 ]
}

@test "retrigger-run.sh keeps its files where they belong, whatever a name" {
	start_receiver 201
	fill_in
	local name
	for name in '../../up' / . '' $'a\nb' '-rf *' "$ODD" \
	    "$(printf '%0300d' 0)"; do
		run -0 killed one "$name"
	done
	[ "$(received)" -eq 8 ]
	[ "$(ls "$WORK/state" | grep -c '^[0-9a-f]\{64\}$')" -eq 8 ]
	[ "$(ls "$WORK/state" | wc -l)" -eq 8 ]
	[ "$(find "$WORK" -name '*.done' | wc -l)" -eq 8 ]
}

@test "retrigger-run.sh: a call that nobody heard does not count" {
	start_receiver 429 503 201
	fill_in
	run -75 killed one Sales RETRIGGER_MOST=1
	[[ $output == *'the answer is 429'* ]]
	run -75 killed one Sales RETRIGGER_MOST=1
	run -0 killed one Sales RETRIGGER_MOST=1
	[ "$(received)" -eq 3 ]

	RECEIVER=http://127.0.0.1:$(free_port)
	fill_in
	run -75 killed two Costs RETRIGGER_MOST=1
	run -75 killed two Costs RETRIGGER_MOST=1
	[[ $output == *'the answer is 000'* ]]
}

@test "retrigger-run.sh: a call that may have been heard counts" {
	start_receiver hang 500
	fill_in -e 's/--max-time 30/--max-time 1/'
	run -75 killed one Sales RETRIGGER_MOST=2
	run -75 killed one Sales RETRIGGER_MOST=2
	# That one is tried again when the hour is over, others are dead.
	run -75 killed one Sales RETRIGGER_MOST=2
	[[ $output == *'2 times in an hour'* ]]
	run -65 killed two Sales RETRIGGER_MOST=2
	[ "$(received)" -eq 2 ]
}

@test "retrigger-run.sh: what Peliqan refuses is a bad event" {
	start_receiver 404
	fill_in
	run -65 killed one
	[[ $output == *'the answer is 404'* ]]
	[ "$(received)" -eq 1 ]
}

@test "retrigger-run.sh asks for another try when it cannot write" {
	start_receiver 201
	fill_in
	run -75 killed one Sales RETRIGGER_STATE=/dev/null/state
	[ "$(received)" -eq 0 ]
}

@test "retrigger-run.sh shows nobody the token among its arguments" {
	start_receiver hang
	fill_in
	killed one >>"$WORK/said" 2>&1 3>&- &
	LAUNCHED=$!
	until_true 10 test -s "$WORK/received"
	curl_arguments >"$WORK/arguments"
	grep -q -- '--max-time' "$WORK/arguments"
	run -1 grep two "$WORK/arguments"
	wait "$LAUNCHED" || [ $? -eq 75 ]
}

# ---- Watching ------------------------------------------------------------------

# The indented lines of README from the one that begins so to the next empty.
readme_lines() {	# first line
	awk -v first="    $1" '
		$0 == first { inside = 1 }
		inside && !NF { exit }
		inside { sub(/^    /, ""); print }
	' "$SOURCE/README.md"
}

# Runs a command as somebody who owns $WORK and is not root.
as_user() {
	if [ "$(id -u)" = 0 ]; then
		chown -R nobody "$WORK"
		let_through
		set -- setpriv --reuid nobody --regid nogroup --clear-groups \
		    "$@"
	fi
	env -u PELIHOOK_CONFIG "$@"
}

# A configuration with a journal, and these lines, each file of them in $WORK.
watching() {	# lines on stdin
	openssl rand -hex 32 >"$WORK/secret"
	echo "${RECEIVER:-http://127.0.0.1:1}/hook/token" >"$WORK/chat.url"
	chmod 600 "$WORK/secret" "$WORK/chat.url"
	install -m 755 "$SOURCE/examples/tell-chat.sh" "$WORK/tell-chat"
	install -d -m 700 "$WORK/journal"
	{
		echo "journal $WORK/journal/journal.db"
		echo 'dispatch none'
		echo 'hook peliqan'
		echo "secret-file $WORK/secret"
		sed -e "s|/etc/pelihook|$WORK|" -e "s|/usr/local/bin|$WORK|"
		echo 'on * ignore'
	} >"$CONFIG"
}

# A signed event, as a web server hands it to pelihook.cgi.
arrives() {	# event, what is answered: ignored
	"$CTL" sample "$1" >"$SAMPLE"
	as_user env REQUEST_METHOD=POST PATH_INFO=/peliqan \
	    PELIHOOK_CONFIG="$CONFIG" CONTENT_LENGTH="$(wc -c <"$SAMPLE")" \
	    HTTP_X_SIGNATURE="$(openssl dgst -sha256 -mac HMAC \
		-macopt "key:$(cat "$WORK/secret")" -r "$SAMPLE" |
		cut -d ' ' -f 1)" "$CGI" <"$SAMPLE" >"$WORK/answer" \
	    2>>"$WORK/pelihook.log"
	grep -q "\"status\":\"${2:-ignored}\"" "$WORK/answer"
}

drained() {	# how many messages there are to be
	as_user "$CTL" -c "$CONFIG" drain 2>>"$WORK/pelihook.log"
	[ "$(received)" -ge "$1" ]
}

@test "README's three lines tell the chat of a run that hangs, and of its end" {
	start_receiver 503 200
	readme_lines 'watch on' | sed 's/^watch on$/& stuck 1s/' | watching
	echo 'retry 1s' >>"$CONFIG"
	as_user "$CTL" -c "$CONFIG" check

	# By whoever runs the queue now and then, as a timer does.
	arrives pipeline_run_started
	until_true 20 drained 2
	run -0 jq -r .body <(tail -n 1 "$WORK/received")
	[[ $(jq -r .text <<<"$output") == \
	    'Run 5b1f9c1e-'*' of pipeline CRM to warehouse is stuck: '* ]]
	arrives pipeline_run_completed
	until_true 20 drained 3
	run -0 jq -r .body <(tail -n 1 "$WORK/received")
	[[ $(jq -r .text <<<"$output") == \
	    'Run 5b1f9c1e-'*' of pipeline CRM to warehouse is no longer '* ]]

	# Each was told once.
	as_user "$CTL" -c "$CONFIG" drain
	[ "$(received)" -eq 3 ]
}

@test "README's other limits for watching are good" {
	{
		readme_lines 'watch on remind 1d'
		echo 'on @watch run /bin/true'
	} | watching
	run -0 as_user "$CTL" -c "$CONFIG" check
	[[ $output == *'Nightly *'* ]]
}

@test "README's words for pipelines are there" {
	echo 'on @watch run /bin/true' | watching
	sed -i '/^secret-file/i watch on' "$CONFIG"
	arrives pipeline_run_started
	local line n=0
	while read -r line; do
		echo "$line"
		eval "set -- ${line%%#*}"
		shift
		[ "$1" != forget ] || set -- forget 'CRM to warehouse'
		run as_user "$CTL" -c "$CONFIG" "$@"
		echo "$output"
		[ "$status" -eq 0 ]
		n=$((n + 1))
	done < <(readme_lines \
	    'pelihookctl pipelines               # how each is, and since when')
	[ "$n" -eq 6 ]
}

@test "all that pelihook.conf shows in comments is good" {
	mkdir "$WORK/bin" "$WORK/dbt"
	local name
	for name in $(grep -o '/usr/local/bin/[a-z-]*' \
	    "$SOURCE/examples/pelihook.conf"); do
		printf '#!/bin/sh\n' >"$WORK/bin/${name##*/}"
	done
	chmod 755 "$WORK/bin" "$WORK"/bin/*
	install -d -m 700 "$WORK/journal"
	openssl rand -hex 32 >"$WORK/peliqan.secret"
	echo https://chat.example.org/ >"$WORK/chat.url"
	chmod 600 "$WORK/peliqan.secret" "$WORK/chat.url"
	sed -e 's/^\([[:blank:]]*\)#\([a-z]\)/\1\2/' \
	    -e "s|/usr/local/bin|$WORK/bin|" -e "s|/etc/pelihook|$WORK|" \
	    -e "s|/var/lib/pelihook|$WORK/journal|" \
	    -e "s|/srv/dbt|$WORK/dbt|" \
	    "$SOURCE/examples/pelihook.conf" >"$CONFIG"
	grep -q '^	watch on' "$CONFIG"
	run as_user "$CTL" -c "$CONFIG" check
	echo "$output"
	[ "$status" -eq 0 ]
}

@test "what retrigger-run.sh does not know yet waits for another try" {
	install -m 755 "$SOURCE/examples/retrigger-run.sh" \
	    "$WORK/retrigger-run"
	watching <<-END
	setenv RETRIGGER_STATE $WORK/state
	$(sed -n 's/^#	\(on .*\)/\1/p' "$SOURCE/examples/retrigger-run.sh")
	END
	arrives pipeline_run_killed_for_system_upgrade queued
	as_user "$CTL" -c "$CONFIG" drain 2>"$WORK/pelihook.log"
	grep 'code=78' "$WORK/pelihook.log"
	grep "has to be filled in.*'CRM to warehouse'" "$WORK/pelihook.log"
	run -0 as_user "$CTL" -c "$CONFIG" list --state queued --json
	[ "$(jq -r .event <<<"$output")" = \
	    pipeline_run_killed_for_system_upgrade ]
}

# A broker that kcat brings along, on a port of its own, and a consumer.
start_kafka() {
	command -v kcat >/dev/null || skip 'no kcat is installed'
	launch kafka kcat -X test.mock.num.brokers=1 -X debug=mock -b none \
	    -C -t events -q -u -f '%k|%h|%s\n' -X auto.offset.reset=earliest
	until_true 10 grep -q 'bootstrap.servers=127' "$WORK/kafka.log"
	BROKER=$(sed -n 's/.* bootstrap.servers=\(127[0-9.:]*\).*/\1/p' \
	    "$WORK/kafka.log")
}

@test "feed-kafka.sh sends one message, with key and headers" {
	start_kafka
	configure feed-kafka.sh <<-END
	env KEY /number
	setenv KAFKA_BROKERS $BROKER
	setenv KAFKA_TOPIC events
	END
	printf '{"event":"pipeline_run_error",\n"number":7}' >"$SAMPLE"
	try_it
	[ "$status" -eq 0 ]
	until_true 10 grep -q '^"number":7}$' "$WORK/kafka.log"
	grep '^7|id=[0-9a-f-]\{36\},event=pipeline_run_error,received=2' \
	    "$WORK/kafka.log" | grep '|{"event":"pipeline_run_error",$'
}

@test "feed-kafka.sh: what the broker finds too large is a bad event" {
	start_kafka
	payload "$SAMPLE" 1020000
	configure feed-kafka.sh <<-END
	setenv KAFKA_BROKERS $BROKER
	setenv KAFKA_TOPIC events
	END
	try_it
	[ "$status" -eq 65 ]
}

@test "feed-kafka.sh asks for another try when no broker answers" {
	command -v kcat >/dev/null || skip 'no kcat is installed'
	configure feed-kafka.sh <<-END
	setenv KAFKA_BROKERS 127.0.0.1:$(free_port)
	setenv KAFKA_TOPIC events
	setenv KAFKA_SECONDS 3
	END
	sample pipeline_run_error
	try_it
	[ "$status" -eq 75 ]
}

@test "pelihook-drain.cron is one line, with the word that is there" {
	local line
	line=$(grep -v '^#' "$BUILD/examples/pelihook-drain.cron" |
	    sed '/^$/d')
	[[ $line =~ ^(\*\ ){5}www-data\ /.*/sbin/pelihookctl\ ([a-z]+)$ ]]
	run "$CTL" "${BASH_REMATCH[2]}" --help
	echo "$output"
	[ "$status" -eq 0 ]
}

# Behind each server the tests try to; this is for what they do not run.
@test "no example or manual puts a part of a request into PELIHOOK_HOOK" {
	cd "$SOURCE"
	local files=(README.md SECURITY.md examples/*.conf examples/Caddyfile
	    common/*.5 cgi/*.8 fcgi/*.8 ctl/*.8)
	grep -qE 'PELIHOOK_HOOK\W+internal' "${files[@]}"
	run grep -nE 'PELIHOOK_HOOK\W*[$%{]' "${files[@]}"
	echo "$output"
	[ "$status" -eq 1 ]
}

@test "README's line for Prometheus writes what promtool accepts" {
	local line
	configure log-event.sh <<-END
	END
	install -d -m 700 "$WORK/journal" "$WORK/collector"
	sed -i "1i journal $WORK/journal/journal.db" "$CONFIG"
	[ "$(id -u)" != 0 ] || chown nobody "$WORK/journal"
	let_through
	line=$(sed -n 's/^ *\* \* \* \* \* root //p' "$SOURCE/README.md" |
	    sed -e "s|cd [^ ]*|cd $WORK/collector|" \
		-e "s|[^ ]*/pelihookctl|$CTL -c $CONFIG|")
	sh -c "$line"
	[ "$(ls "$WORK/collector")" = pelihook.prom ]
	grep -x 'pelihook_hook_configured{hook="peliqan"} 1' \
	    "$WORK/collector/pelihook.prom"
	promtool check metrics <"$WORK/collector/pelihook.prom"
}
