# SPDX-License-Identifier: ISC
#
# What has to hold behind every web server; SERVER names the one.

load lib.bash
load servers.bash

setup_file() {
	prepare
	start_server "${SERVER:-lighttpd-cgi}"
}

teardown_file() {
	stop_all
}

setup() {
	rm -rf "$WORK/records"
	mkdir "$WORK/records"
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
	[ "$(echo $output)" = 'HOME LANG LATER PATH PWD RECORDS' ]
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

@test "one byte" {
	printf 7 >"$BODY"
	post_signed "$BODY"
	expect_status 200
	cmp "$BODY" "$WORK/records/$(field id).body"
}

@test "one byte under max-body" {
	payload "$BODY" $((MAX_BODY - 1))
	post_signed "$BODY"
	expect_status 200
	cmp "$BODY" "$WORK/records/$(field id).body"
}

@test "exactly max-body" {
	payload "$BODY" "$MAX_BODY"
	post_signed "$BODY"
	expect_status 200
	cmp "$BODY" "$WORK/records/$(field id).body"
}

@test "one byte over max-body is answered 413" {
	payload "$BODY" $((MAX_BODY + 1))
	post_signed "$BODY"
	expect_status 413
	[ "$(records)" -eq 0 ]
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

@test "GET is answered 405 with Allow" {
	send
	expect_status 405
	grep -qi '^allow: *POST' "$ANSWER.head"
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
	[ "${SERVER:-lighttpd-cgi}" = lighttpd-cgi ] ||
	    skip 'the example sends no other path to pelihook'
	odd_payload "$BODY"
	URL=$URL/second post_signed "$BODY"
	expect_status 404
	URL=$URL/first post_signed "$BODY"
	expect_status 200
}

@test "16 clients at once, every event once" {
	local clients=16 each=4 i j
	for i in $(seq "$clients"); do
		for j in $(seq "$each"); do
			printf '{"event":"pipeline_run_error","n":"%s-%s"}' \
			    "$i" "$j" >"$BODY.$i.$j"
			sign "$BODY.$i.$j" >"$BODY.$i.$j.mac"
		done
	done
	for i in $(seq "$clients"); do
		for j in $(seq "$each"); do
			curl -s --max-time 60 -o /dev/null \
			    -w '%{http_code}\n' --data-binary "@$BODY.$i.$j" \
			    -H "X-Signature: $(cat "$BODY.$i.$j.mac")" "$URL"
		done >"$BODY.$i.codes" 3>&- &
	done
	wait
	[ "$(cat "$BODY".*.codes | sort | uniq -c | tr -s ' ')" = \
	    " $((clients * each)) 200" ] || {
		cat "$BODY".*.codes | sort | uniq -c
		show_logs
		return 1
	}
	[ "$(records)" -eq $((clients * each)) ]
	[ "$(cat "$WORK"/records/*.body | grep -o '[0-9]*-[0-9]*' | sort -u |
	    wc -l)" -eq $((clients * each)) ]
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
