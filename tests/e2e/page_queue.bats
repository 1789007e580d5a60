# SPDX-License-Identifier: ISC
#
# What is retried on the page runs at once, whoever made the page; and no
# webhook waits for a page.

load lib.bash
load servers.bash

setup() {
	WORK=$BATS_TEST_TMPDIR/work
	prepare
	mkdir -m 700 "$WORK/state"
	cat >"$WORK/try" <<-END
	#!/bin/sh
	[ -e $WORK/mended ] || exit 1
	echo "\$PELIHOOK_ATTEMPT" >>$WORK/ran
	END
	chmod 755 "$WORK/try"
	cat >"$CONFIG" <<-END
	log $WORK/pelihook.log
	journal $WORK/state/journal.db
	hook first
	  secret-file $WORK/secret
	  retry 1h
	  on * run $WORK/try
	hook waits
	  secret-file $WORK/secret
	  dedupe-window 1h
	  delivery wait
	  on * run /bin/true
	END
	payload "$WORK/body" 100
	echo 'anna:{PLAIN}secret' >"$WORK/pelihook-view.htpasswd"
	cp "$WORK/pelihook-view.htpasswd" "$WORK/pelihook-operate.htpasswd"
	give_away
}

teardown() {
	stop_all
}

# As a web server starts it; the body is on standard input.
cgi() {	# variable...
	# Words are wanted here.
	# shellcheck disable=SC2086
	${RUN_AS:-} env -i PATH="$PATH" PELIHOOK_CONFIG="$CONFIG" \
	    PELIHOOK_TEST_CTL="$CTL" "$@" "$BUILD/tests/fault/pelihook.cgi"
}

ctl() {
	# shellcheck disable=SC2086
	${RUN_AS:-} "$CTL" -c "$CONFIG" "$@"
}

has_failed() {
	ctl list --json | grep -q '"attempts":1'
}

event() {
	ctl list --json | jq -r .id
}

serve_by_nginx() {
	PAGE=1 start_server nginx
	OPERATE=http://127.0.0.1:$PORT/pelihook/operate/
}

form() {	# fields
	URL=$OPERATE send -u anna:secret -H 'Sec-Fetch-Site: same-origin' \
	    --data-raw "$1"
}

@test "what is retried on pelihook.cgi's page is run by a drain at once" {
	local fields mac
	[ -x "$BUILD/tests/fault/pelihook.cgi" ] || skip 'it is not built'
	mac=$(sign "$WORK/body")
	cgi REQUEST_METHOD=POST PATH_INFO=/first CONTENT_LENGTH=100 \
	    HTTP_X_SIGNATURE="sha256=$mac" <"$WORK/body" |
	    grep -q '^Status: 202'
	until_true 20 has_failed
	: >"$WORK/mended"
	fields="action=retry&id=$(event)"
	printf '%s' "$fields" | cgi REQUEST_METHOD=POST PELIHOOK_PAGE=operate \
	    REMOTE_USER=anna HTTP_SEC_FETCH_SITE=same-origin \
	    CONTENT_TYPE=application/x-www-form-urlencoded \
	    CONTENT_LENGTH=${#fields} | grep -q '^Status: 303'
	until_true 20 test -s "$WORK/ran"
	[ "$(cat "$WORK/ran")" = 2 ]
}

@test "what is retried on pelihook.fcgi's page is run by its own thread at once" {
	serve_by_nginx
	URL=$URL/first post_signed "$WORK/body"
	expect_status 202
	until_true 20 has_failed
	: >"$WORK/mended"
	form "action=retry&id=$(event)"
	expect_status 303
	until_true 20 test -s "$WORK/ran"
	[ "$(cat "$WORK/ran")" = 2 ]
}

# Somebody else does, until something is written to hold.
lock() {	# [shut]
	mkfifo -m 666 "$WORK/hold"
	# shellcheck disable=SC2086
	launch locker ${RUN_AS:-} /usr/bin/python3 \
	    "$SOURCE/tests/e2e/locker.py" "$WORK/state/journal.db" \
	    "$WORK/hold" "$@"
	until_true 10 grep -qs locked "$WORK/locker.log"
}

# Each of them waits for the journal, which somebody else has locked.
@test "no webhook waits for a page, and of many pages most are refused at once" {
	local fields i refused asking=()
	serve_by_nginx
	URL=$URL/first post_signed "$WORK/body"
	expect_status 202
	until_true 20 has_failed
	fields="action=drop&id=$(event)"
	lock
	for ((i = 0; i < 24; i++)); do
		curl -s -o /dev/null -w '%{http_code}\n' -u anna:secret \
		    -H 'Sec-Fetch-Site: same-origin' --max-time 60 \
		    --data-raw "$fields" "$OPERATE" \
		    >>"$WORK/codes" 3>&- &
		asking+=($!)
	done
	until_true 10 grep -q 503 "$WORK/codes"
	payload "$WORK/other" 120
	URL=$URL/waits post_signed "$WORK/other"
	expect_status 200
	kill -0 "$LAUNCHED"
	: >"$WORK/hold"
	wait "${asking[@]}"
	refused=$(grep -c 503 "$WORK/codes")
	[ "$refused" -ge 6 ]
}

@test "a page is answered in time where the journal was shut before the start" {
	ctl drain
	lock shut
	serve_by_nginx
	[ "$(curl -s -o "$WORK/page" -w '%{http_code}' -u anna:secret \
	    --max-time 4 "$OPERATE")" = 503 ]
	grep -q 'The journal is locked' "$WORK/page"
	kill -0 "$LAUNCHED"
	: >"$WORK/hold"
}
