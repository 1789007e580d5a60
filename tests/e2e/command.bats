#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
#
# What commands read and see: input, env, setenv, where, also.

bats_require_minimum_version 1.5.0

load lib.bash
load servers.bash
load sender.bash

setup_file() {
	prepare
}

teardown_file() {
	stop_all
}

setup() {
	rm -rf "$WORK/records"
	mkdir "$WORK/records"
	BODY=$BATS_TEST_TMPDIR/body
	REPLY_FILE=$BATS_TEST_TMPDIR/reply
	: >"$WORK/pelihook.log"
	chmod 600 "$WORK/pelihook.log"
}

# configure: the hook's lines on standard input; its command keeps what it
# gets, see record.sh.
configure() {
	{
		echo "log $WORK/pelihook.log"
		echo "hook first"
		echo "signature none"
		echo "setenv RECORDS $WORK/records"
		cat
	} >"$CONFIG"
}

# post_cgi: $BODY to pelihook.cgi, which takes it; sets BASE to the record.
post_cgi() {
	env -i PELIHOOK_CONFIG="$CONFIG" PELIHOOK_HOOK=first \
	    GATEWAY_INTERFACE=CGI/1.1 REQUEST_METHOD=POST \
	    REMOTE_ADDR=192.0.2.9 CONTENT_LENGTH="$(stat -c %s "$BODY")" \
	    "$CGI" <"$BODY" >"$REPLY_FILE" 2>&1
	STATUS=$(sed -n 's/^Status: \([0-9]*\).*/\1/p' "$REPLY_FILE")
	BASE=$WORK/records/$(sed -n '/^{/p' "$REPLY_FILE" | jq -r .id)
	[ "$STATUS" = 200 ] || {
		cat "$REPLY_FILE" "$WORK/pelihook.log"
		return 1
	}
}

seen() {	# NAME: its value in the command's environment
	sed -n "s/^$1=//p" "$BASE.env"
}

# Debian's python3 has the validator; the first in PATH may be another one.
is_envelope() {
	local python=python3
	$python -c 'import jsonschema' 2>/dev/null || python=/usr/bin/python3
	$python "$BATS_TEST_DIRNAME/cloudevents.py"
}

# ---- CloudEvents ----

@test "the validator takes what CloudEvents allows and nothing else" {
	local good='{"specversion":"1.0","id":"1","source":"/a","type":"b"'
	local bad
	echo "$good}" | is_envelope
	echo "$good,\"data_base64\":\"YQ==\"}" | is_envelope
	echo "$good,\"data\":null,\"time\":\"2026-01-02T03:04:05.678Z\"}" |
	    is_envelope
	for bad in '{"id":"1","source":"/a","type":"b"}' \
	    "${good/1.0/0.3}}" "${good/\"b\"/\"\"}}" "${good/\/a/a b}}" \
	    "$good,\"Big\":1}" "$good,\"x\":{}}" "$good,\"id\":\"2\"}" \
	    "$good,\"time\":\"2026-01-02 03:04:05\"}" "$good" "[$good}]" \
	    "$good,\"data_base64\":\"YQ=\"}" \
	    "$good,\"data\":NaN}" "$good,\"data\":1,\"data_base64\":\"YQ==\"}" \
	    "$good,\"data_base6\":\"YQ==\"}"; do
		run -1 is_envelope <<<"$bad"
	done
	run -1 is_envelope < <(printf '%s}' "$good")
}

@test "cloudevents: every kind of payload becomes a valid envelope" {
	local text n=0
	configure <<-END
	input cloudevents
	on * run $WORK/record
	END
	while IFS= read -r text; do
		printf '%b' "$text" >"$BODY"
		post_cgi
		[ "$(wc -l <"$BASE.body")" -eq 1 ]
		is_envelope <"$BASE.body"
		[ "$(jq -cS .data "$BASE.body")" = \
		    "$(sed '1s/^\xef\xbb\xbf//' "$BODY" | jq -cS .)" ]
		n=$((n + 1))
	done <<-'END'
	{"event":"pipeline_run_completed","run":{"id":7}}
	{ "event" :\t"pipeline_run_error",\n "list": [1, 2.50, -0, 1e5] }\n
	[{"event":"connection_added"}]
	[]
	{}
	null
	true
	42
	"a text with \\\\\\"quotes\\\\\\" and \303\251 \360\237\220\235"
	\357\273\277{"event":"connection_removed"}
	{"event":"of an unknown kind","specversion":"0.3","id":""}
	END
	[ "$n" -eq 11 ]
}

@test "cloudevents: what only Python takes for JSON is handed on as bytes" {
	configure <<-END
	input cloudevents
	on * run $WORK/record
	END
	printf '{"event":"connection_added", "rate":NaN}' >"$BODY"
	post_cgi
	is_envelope <"$BASE.body"
	[ "$(jq -c .data "$BASE.body")" = null ]
	jq -j .data_base64 "$BASE.body" | base64 -d | cmp - "$BODY"
}

@test "cloudevents: each attribute is what the variables say" {
	configure <<-END
	input cloudevents
	on * run $WORK/record
	END
	odd_payload "$BODY"
	post_cgi
	is_envelope <"$BASE.body"
	[ "$(jq -r .specversion "$BASE.body")" = 1.0 ]
	[ "$(jq -r .id "$BASE.body")" = "$(seen PELIHOOK_ID)" ]
	[ "$(jq -r .source "$BASE.body")" = urn:pelihook:first ]
	[ "$(jq -r .type "$BASE.body")" = pipeline_run_error ]
	[ "$(jq -r .time "$BASE.body")" = "$(seen PELIHOOK_RECEIVED)" ]
	[ "$(jq -r .datacontenttype "$BASE.body")" = application/json ]
	[ "$(jq -c .pelihookattempt "$BASE.body")" = 1 ]
	[ "$(jq -r 'keys_unsorted | join(" ")' "$BASE.body")" = \
	    "specversion id source type time datacontenttype\
 pelihookattempt data" ]
}

@test "cloudevents: data is the payload's own text" {
	configure <<-END
	input cloudevents
	on * run $WORK/record
	END
	printf '{ "event": "connection_added",\n "n": [1.50, 1E5, 12345678901234567890, "\\u0041"] }' >"$BODY"
	post_cgi
	grep -qF '"data":{"event":"connection_added","n":[1.50,1E5,12345678901234567890,"\u0041"]}}' "$BASE.body"
}

@test "cloudevents: an event without a name is of the type unknown" {
	configure <<-END
	input cloudevents
	on @unknown run $WORK/record
	END
	echo '{}' >"$BODY"
	post_cgi
	is_envelope <"$BASE.body"
	[ "$(jq -r .type "$BASE.body")" = unknown ]
}

@test "body: the very bytes; line: the same JSON on one line" {
	configure <<-END
	on * run $WORK/record
	END
	odd_payload "$BODY"
	post_cgi
	cmp "$BODY" "$BASE.body"
	configure <<-END
	input line
	on * run $WORK/record
	END
	post_cgi
	[ "$(wc -l <"$BASE.body")" -eq 1 ]
	[ "$(jq -c . "$BASE.body")" = "$(jq -c . "$BODY")" ]
	grep -qF '"b":[1.0,1e5,-0]' "$BASE.body"
}

# ---- env and setenv ----

@test "env: a pointer's text of every type" {
	configure <<-END
	env STRING /s
	env EMPTY /e
	env NUMBER /n
	env BIG /big
	env TRUE /t
	env NULL /null
	env OBJECT /o
	env MISSING /none
	env ELEMENT /a/1
	env SLASH /x~1y
	env SPACES "/two words"
	env HUGE /huge
	on * run $WORK/record
	END
	printf '%s' '{"event":"connection_added","s":"a b\nc $(x)","e":"",' \
	    '"n":1.50,"big":9007199254740993,"huge":123456789012345678901,' \
	    '"t":true,"null":null,"o":{},"a":[0,"one"],"x/y":"slash",' \
	    '"two words":2}' >"$BODY"
	post_cgi
	[ "$(seen PELIHOOK_STRING)" = 'a b' ]
	grep -qxF 'c $(x)' "$BASE.env"
	grep -qx 'PELIHOOK_EMPTY=' "$BASE.env"
	[ "$(seen PELIHOOK_NUMBER)" = 1.50 ]
	[ "$(seen PELIHOOK_BIG)" = 9007199254740993 ]
	[ "$(seen PELIHOOK_TRUE)" = true ]
	[ "$(seen PELIHOOK_NULL)" = null ]
	[ "$(seen PELIHOOK_ELEMENT)" = one ]
	[ "$(seen PELIHOOK_SLASH)" = slash ]
	[ "$(seen PELIHOOK_SPACES)" = 2 ]
	[ "$(seen PELIHOOK_HUGE)" = 123456789012345678901 ]
	run ! grep -q '^PELIHOOK_\(OBJECT\|MISSING\)' "$BASE.env"
}

@test "env: what is over 4 KiB or holds a NUL is absent, with a warning" {
	configure <<-END
	env LONG /long
	env NUL /nul
	env LONE /lone
	env FITS /fits
	on * run $WORK/record
	END
	{
		printf '{"event":"connection_added","nul":"a\\u0000b",'
		printf '"lone":"\\ud800","fits":"'
		head -c 4096 /dev/zero | tr '\0' f
		printf '","long":"'
		head -c 4097 /dev/zero | tr '\0' l
		printf '"}'
	} >"$BODY"
	post_cgi
	[ "$(seen PELIHOOK_FITS | wc -c)" -eq 4097 ]
	run ! grep -q '^PELIHOOK_\(LONG\|NUL\|LONE\)' "$BASE.env"
	[ "$(grep -c 'left out.*variable=\(LONG\|NUL\|LONE\)' \
	    "$WORK/pelihook.log")" -eq 3 ]
	run ! grep -q llllllll "$WORK/pelihook.log"
}

@test "setenv: constants, and nothing else of the server's environment" {
	configure <<-END
	setenv TZ Europe/Brussels
	setenv GREETING 'hello "world" \$x'
	setenv EMPTY ""
	on * run $WORK/record
	END
	echo '{"event":"connection_added"}' >"$BODY"
	post_cgi
	[ "$(seen TZ)" = Europe/Brussels ]
	# shellcheck disable=SC2016
	[ "$(seen GREETING)" = 'hello "world" $x' ]
	grep -qx 'EMPTY=' "$BASE.env"
	[ "$(seen LANG)" = C.UTF-8 ]
	[ "$(seen HOME)" = "$(getent passwd "$(id -u)" | cut -d : -f 6)" ]
	[ "$(seen USER)" = "$(id -un)" ]
	[ "$(seen LOGNAME)" = "$(id -un)" ]
	[ "$(seen PATH)" = \
	    /usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin ]
	[ "$(cut -d = -f 1 "$BASE.env" | grep -vxE \
	    'PELIHOOK_[A-Z_]+|PATH|HOME|USER|LOGNAME|LANG|TZ|GREETING|EMPTY|RECORDS|PWD|OLDPWD|SHLVL|_' |
	    wc -l)" -eq 0 ]
}

@test "setenv-file: a token that is in no other file" {
	printf 'a token\nof two lines\r\n' >"$WORK/token"
	chmod 600 "$WORK/token"
	configure <<-END
	setenv-file TOKEN $WORK/token
	setenv GREETING hello
	on * run $WORK/record
	END
	echo '{"event":"connection_added"}' >"$BODY"
	post_cgi
	[ "$(seen TOKEN)" = "a token" ]
	grep -qx 'of two lines' "$BASE.env"
	[ "$(seen GREETING)" = hello ]
	chmod 644 "$WORK/token"
	run ! post_cgi
	grep -q '^Status: 500' "$REPLY_FILE"
	grep -q 'token is readable by others' "$WORK/pelihook.log"
	run ! grep -q "of two lines" "$WORK/pelihook.log"
}

@test "setenv and env of a hook replace all the defaults" {
	{
		echo "log $WORK/pelihook.log"
		echo "setenv A default"
		echo "setenv B default"
		echo "env X /event"
		echo "hook first"
		echo "signature none"
		echo "setenv RECORDS $WORK/records"
		echo "setenv B own"
		echo "env Y /event"
		echo "on * run $WORK/record"
	} >"$CONFIG"
	echo '{"event":"connection_added"}' >"$BODY"
	post_cgi
	[ "$(seen B)" = own ]
	[ "$(seen PELIHOOK_Y)" = connection_added ]
	run ! grep -q '^\(A\|PELIHOOK_X\)=' "$BASE.env"
}

# ---- where ----

# taken_by BODY: the argument of the line that took it.
taken_by() {
	printf '%s' "$1" >"$BODY"
	post_cgi || return
	if [ -e "$BASE.args" ]; then
		cat "$BASE.args"
	else
		echo ignored
	fi
}

@test "where: text of every type, globs, and all have to match" {
	configure <<-END
	on pipeline_* where /pipeline/name "prod-*" where /n 4[0-9] \
	    run $WORK/record both
	on pipeline_* where /pipeline/name "prod-*" run $WORK/record prod
	on * where /on true where /off false run $WORK/record booleans
	on * where /nothing null run $WORK/record null
	on * where /list/0/id [!0] run $WORK/record digit
	on * where /o * run $WORK/record object
	on * where /empty "" run $WORK/record empty
	on * where "" ?x run $WORK/record whole
	END
	local event='"event":"pipeline_run_error"'
	[ "$(taken_by "{$event,\"pipeline\":{\"name\":\"prod-1\"},\"n\":42}")" \
	    = both ]
	[ "$(taken_by "{$event,\"pipeline\":{\"name\":\"prod-1\"},\"n\":420}")" \
	    = prod ]
	[ "$(taken_by "{$event,\"pipeline\":{\"name\":\"Prod-1\"}}")" \
	    = ignored ]
	[ "$(taken_by '{"pipeline":{"name":"prod-1"}}')" = ignored ]
	[ "$(taken_by '{"on":true,"off":false}')" = booleans ]
	[ "$(taken_by '{"on":true}')" = ignored ]
	[ "$(taken_by '{"nothing":null}')" = null ]
	[ "$(taken_by '{"list":[{"id":7}]}')" = digit ]
	[ "$(taken_by '{"list":[{"id":0}]}')" = ignored ]
	[ "$(taken_by '{"o":{}}')" = ignored ]
	[ "$(taken_by '{"o":""}')" = object ]
	[ "$(taken_by '{"empty":""}')" = empty ]
	[ "$(taken_by '"yx"')" = whole ]
	[ "$(taken_by '"yxz"')" = ignored ]
}

@test "the first line that matches takes the event: names, globs, groups" {
	configure <<-END
	on pipeline_run_started ignore
	on connection_added run $WORK/record name
	on pipeline_run_k* run $WORK/record glob
	on @partial @success run $WORK/record groups
	on @problem run $WORK/record problem
	on @unknown run $WORK/record unknown
	on * run $WORK/record rest
	END
	[ "$(taken_by '{"event":"pipeline_run_started"}')" = ignored ]
	[ "$(taken_by '{"event":"connection_added"}')" = name ]
	[ "$(taken_by '{"event":"pipeline_run_killed"}')" = glob ]
	[ "$(taken_by '{"event":"pipeline_run_completed"}')" = groups ]
	[ "$(taken_by '{"event":"pipeline_run_completed_with_errors"}')" \
	    = groups ]
	[ "$(taken_by '{"event":"pipeline_run_error"}')" = problem ]
	[ "$(taken_by '{"event":"pipeline_run_exploded"}')" = unknown ]
	[ "$(taken_by '{}')" = unknown ]
	[ "$(taken_by '{"event":"connection_removed"}')" = rest ]
}

@test "arguments are fixed, and nothing of the payload becomes one" {
	configure <<-END
	on * run $WORK/record "two words" '\$(id)' "" '\$PELIHOOK_EVENT' \
	    --x=#1
	END
	printf '{"event":"connection_added","a":"--y"}' >"$BODY"
	post_cgi
	# shellcheck disable=SC2016
	printf '%s\n' 'two words' '$(id)' '' '$PELIHOOK_EVENT' '--x=#1' |
	    cmp - "$BASE.args"
}

# ---- also ----

# The records' names, without the event's id.
lanes() {
	find "$WORK"/lane-* -name '*.body' 2>/dev/null | wc -l
}

all_ran() {
	[ "$(lanes)" -eq "$1" ]
}

@test "also run: each line that matches is a delivery of its own" {
	local lane one
	mkdir -m 700 "$WORK/journal"
	for lane in one two three; do
		mkdir "$WORK/lane-$lane"
		sed "s|\$RECORDS|$WORK/lane-$lane|" \
		    "$SOURCE/tests/e2e/record.sh" >"$WORK/record-$lane"
		chmod 755 "$WORK/record-$lane"
	done
	cat >"$WORK/fail-once" <<-END
	#!/bin/sh
	echo "\$PELIHOOK_ATTEMPT" >>$WORK/attempts
	[ "\$PELIHOOK_ATTEMPT" -gt 1 ] || exit 1
	exec $WORK/record-two "\$@"
	END
	chmod 755 "$WORK/fail-once"
	cat >"$CONFIG" <<-END
	log $WORK/pelihook.log
	$SERVES
	journal $WORK/journal/journal.db
	hook first
	  secret-file $WORK/secret
	  retry 100ms
	  input cloudevents
	  on @problem also run $WORK/record-one
	  on pipeline_run_error also run $WORK/fail-once
	  on pipeline_run_killed also run $WORK/record-one never
	  on * run $WORK/record-three
	  on * run $WORK/record-one never
	END
	"$CTL" -c "$CONFIG" check
	start_server nginx
	payload "$BODY" 400 pipeline_run_error
	post_signed "$BODY"
	expect_status 202
	until_true 20 all_ran 3 || { show_logs; return 1; }
	# The same event in all three; only what failed was tried again.
	one=$(field id)
	[ "$(find "$WORK"/lane-* -name "$one.body" | wc -l)" -eq 3 ]
	[ "$(tr '\n' ' ' <"$WORK/attempts")" = '1 2 ' ]
	[ "$(cat "$WORK"/lane-one/*.args)" = '' ]
	[ "$(jq -c .pelihookattempt "$WORK/lane-one/$one.body" \
	    "$WORK/lane-two/$one.body" | tr '\n' ' ')" = '1 2 ' ]
	cat "$WORK"/lane-*/"$one.body" | is_envelope
	# An event for which only the last line is, is one delivery.
	payload "$BODY" 400 connection_added
	post_signed "$BODY"
	expect_status 202
	until_true 20 all_ran 4
	[ -e "$WORK/lane-three/$(field id).body" ]
	stop_all
}

@test "also in a hook that waits is an error that says so" {
	configure <<-END
	on * also run $WORK/record
	on * run $WORK/record
	END
	run -78 "$CTL" -c "$CONFIG" check
	[[ $output == *also* ]]
}
