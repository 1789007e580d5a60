# SPDX-License-Identifier: ISC
#
# What has to hold behind every web server; SERVER names the one.

load lib.bash
load servers.bash

setup_file() {
	prepare
	give_away
	export SERVER=${SERVER:-lighttpd-cgi}
	tell_version "$SERVER"
	start_server "$SERVER"
}

teardown_file() {
	stop_all
}

setup() {
	rm -f "$WORK"/records/*
	BODY=$BATS_TEST_TMPDIR/body
}

@test "a signed event reaches the command byte for byte" {
	odd_payload "$BODY"
	post_signed "$BODY"
	expect_status 200
	[ "$(field status)" = delivered ]
	[ "$(field event)" = pipeline_run_error ]
	[ "$(records)" -eq 1 ]
	cmp "$BODY" "$WORK/records/$(field id).body"
}

@test "the command is told what is known of the event" {
	odd_payload "$BODY"
	post_signed "$BODY"
	local base
	base=$WORK/records/$(field id)
	[ "$(cat "$base.args")" = 'one argument' ]
	while read -r line; do
		grep -qxF "$line" "$base.env" || {
			echo "no $line in:"
			cat "$base.env"
			return 1
		}
	done <<-END
	PELIHOOK_HOOK=first
	PELIHOOK_EVENT=pipeline_run_error
	PELIHOOK_KIND=pipeline
	PELIHOOK_OUTCOME=failure
	PELIHOOK_CAUSE=connector
	PELIHOOK_RUN_STATUS=ERROR
	PELIHOOK_ATTEMPT=1
	PELIHOOK_COUNT=1
	PELIHOOK_VERIFIED=1
	PELIHOOK_REMOTE_ADDR=127.0.0.1
	PELIHOOK_ID=$(field id)
	PELIHOOK_DIGEST=$(sha256sum <"$BODY" | cut -d ' ' -f 1)
	LANG=C.UTF-8
	PWD=/
	END
}

@test "no header, query or variable of the server reaches the command" {
	odd_payload "$BODY"
	URL="$URL?stray-query" post_signed "$BODY" -H 'Stray: stray-header' \
	    -H 'Proxy: stray-proxy'
	expect_status 200
	local env
	env=$WORK/records/$(field id).env
	run grep -E 'stray|^(HTTP|REQUEST|SERVER|SCRIPT|QUERY|CONTENT|GATEWAY|DOCUMENT|FCGI|PATH_INFO)' "$env"
	[ "$status" -eq 1 ]
	run sed 's/=.*//; /^PELIHOOK_/d' "$env"
	[ "$(echo $output)" = \
	    'HOME LANG LATER LOGNAME PATH PWD RECORDS USER' ]
}

@test "what the command leaves running goes on, and nothing waits for it" {
	echo '{"event":"pipeline_run_killed"}' >"$BODY"
	post_signed "$BODY"
	expect_status 200
	[ "$(records)" -eq 1 ]
	[ ! -e "$WORK/records/over" ]
	: >"$WORK/records/go"
	until_true 20 test -e "$WORK/records/over"
}

@test "a wrong signature is answered 401 and the command is silent" {
	odd_payload "$BODY"
	post "$BODY" "$(printf '%064d' 0)"
	expect_status 401
	[ "$(records)" -eq 0 ]
	grep -qi '^content-type: application/problem+json' "$ANSWER.head"
}

@test "a signature of other bytes is answered 401" {
	odd_payload "$BODY"
	local signature
	signature=$(sign "$BODY")
	printf ' ' >>"$BODY"
	post "$BODY" "$signature"
	expect_status 401
	[ "$(records)" -eq 0 ]
}

@test "a missing signature is answered as a wrong one" {
	odd_payload "$BODY"
	post "$BODY" "$(printf '%064d' 0)"
	cp "$ANSWER.body" "$BATS_TEST_TMPDIR/wrong"
	post "$BODY" ''
	expect_status 401
	[ "$(records)" -eq 0 ]
	cmp "$ANSWER.body" "$BATS_TEST_TMPDIR/wrong"
}

@test "1 byte, 8 KiB, one under and exactly max-body" {
	client sizes
}

@test "one byte over max-body and 3 MB are answered 413" {
	client too_large
}

@test "chunked bodies" {
	client chunked
}

@test "chunked bodies over max-body are answered 413" {
	client chunked_too_large
}

@test "a body that is cut half-way is no event" {
	client cut
}

@test "a client that is gone before the reply" {
	client gone
}

@test "repeated signatures" {
	client repeated
}

@test "names that look like X-Signature" {
	client twins
}

@test "no method but POST" {
	client methods
}

@test "query strings that look like options" {
	client queries
}

@test "200 events from 16 clients wait for their turn, each run once" {
	client crowd
}

@test "an ignored event is answered 200 and the command is silent" {
	payload "$BODY" 200 pipeline_run_started
	post_signed "$BODY"
	expect_status 200
	[ "$(field status)" = ignored ]
	[ "$(records)" -eq 0 ]
}

@test "exit 75 is answered 503 with Retry-After" {
	payload "$BODY" 200 connection_removed
	post_signed "$BODY"
	expect_status 503
	grep -qiE '^retry-after: *[0-9]+' "$ANSWER.head"
}

@test "a body that is signed but not JSON is answered 400" {
	printf 'event=pipeline_run_error' >"$BODY"
	post_signed "$BODY"
	expect_status 400
	[ "$(records)" -eq 0 ]
}

# Read from the connection itself: curl would not show a body.
@test "HEAD is answered 405 without a body" {
	exec 8<>"/dev/tcp/127.0.0.1/$PORT"
	printf 'HEAD /hook HTTP/1.0\r\nHost: localhost\r\n\r\n' >&8
	local answer
	answer=$(timeout 10 cat <&8)
	exec 8>&-
	[[ $answer == 'HTTP/1.'?' 405 '* ]]
	[[ $answer == *$'\r\n\r' ]]
}

@test "a path that is no hook is answered 404" {
	odd_payload "$BODY"
	URL=$URL/second post_signed "$BODY"
	expect_status 404
	URL=$URL/first post_signed "$BODY"
	expect_status 200
}

@test "neither the secret nor the right MAC is in any log" {
	odd_payload "$BODY"
	post_signed "$BODY"
	expect_status 200
	post "$BODY" "$(printf '%064d' 0)"
	expect_status 401
	grep -q delivered "$WORK/pelihook.log"
	run grep -rlFe "$SECRET" -e "$(sign "$BODY")" "$WORK" --include='*.log'
	[ "$status" -eq 1 ]
}

# Last: what was started is gone afterwards, and asked for nothing but TERM.
@test "the server and the responder stop when they are told to" {
	stop_all
	run answers "$URL"
	[ "$status" -ne 0 ]
}
