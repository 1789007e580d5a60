# SPDX-License-Identifier: ISC
#
# Ten hooks behind one server, and what happens to their events while server
# and responder are told to reload and to stop; SERVER names the one.

load lib.bash
load servers.bash

setup_file() {
	export SERVER=${SERVER:-lighttpd-cgi} DISPATCH=thread
	[ "$SERVER" != apache-fcgid ] || DISPATCH=drain
	prepare
	prepare_hooks
	give_away
	start_server "$SERVER"
}

teardown_file() {
	stop_all
}

setup() {
	rm -f "$WORK"/records/*
}

# h8 and h9 have a queue, which is run by whatever pelihook.fcgi there is, and
# where mod_fcgid ends that, by drains.  Two hooks more have no signatures.
prepare_hooks() {
	local i
	{
		echo "log $WORK/pelihook.log"
		echo "journal $WORK/state/journal.db"
		echo "dispatch $DISPATCH"
		for i in internal inside; do
			echo "hook $i"
			echo "signature none"
			echo "delivery wait"
			echo "setenv RECORDS $WORK/records"
			echo "on * run $WORK/record $i"
		done
		for i in 0 1 2 3 4 5 6 7 8 9; do
			openssl rand -hex 32 >"$WORK/secret.h$i"
			echo "hook h$i"
			echo "secret-file $WORK/secret.h$i"
			[ "$i" -ge 8 ] || echo "delivery wait"
			echo "setenv RECORDS $WORK/records"
			echo "on * run $WORK/record h$i"
		done
		openssl rand -hex 32 >"$WORK/secret.known"
		echo "hook known"
		echo "secret-file $WORK/secret.known"
		echo "signature standard-webhooks"
		echo "dedupe header webhook-id"
		echo "on * run /bin/true"
	} >"$CONFIG"
	chmod 600 "$WORK"/secret.*
	mkdir -m 700 "$WORK/state"
	"$CTL" -c "$CONFIG" check >"$WORK/check.log" 2>&1 || {
		cat "$WORK/check.log" >&2
		return 1
	}
}

no_responders() {
	[ -z "$(responders)" ]
}

@test "each of ten hooks has its secret and its command" {
	client hooks 10
}

@test "what is no hook of the ten is answered 404" {
	client no_hooks
}

spellings() {	# closed | opened, hook
	python3 "$SOURCE/tests/e2e/spellings.py" "$@"
}

@test "no spelling of its URL reaches a hook without signatures" {
	spellings closed internal
	client hooks 8
}

@test "blanks beside an id make no second event of a captured request" {
	local body=$BATS_TEST_TMPDIR/body id=msg_1 now mac shape
	printf '{"event":"connection_added"}' >"$body"
	now=$(date +%s)
	mac=$({ printf '%s.%s.' "$id" "$now"; cat "$body"; } |
	    openssl dgst -sha256 -mac HMAC \
	    -macopt "key:$(cat "$WORK/secret.known")" -binary | base64)
	for shape in '%s' '\t%s' '%s\t' ' %s' '%s ' '\t\t%s' ' \t %s \t'; do
		# shellcheck disable=SC2059 # the blanks are the format
		URL=$URL/known send --data-binary "@$body" \
		    -H "webhook-id:$(printf "$shape" "$id")" \
		    -H "webhook-timestamp: $now" \
		    -H "webhook-signature: v1,$mac"
		if [ "$shape" = '%s' ]; then
			expect_status 202
			continue
		fi
		expect_status 200
		[ "$(field status)" = duplicate ]
	done
}

# At least so many answers 2xx have been given.
accepted() {	# count
	[ "$(wc -l <"$WORK/accepted")" -ge "$1" ]
}

more_accepted() {	# count
	until_true 30 accepted $(($(wc -l <"$WORK/accepted") + $1))
}

# Signals come to whoever answers: the responders that the tests started or
# the server did.
reload_responders() {
	local pid
	for pid in $(responders); do
		# One that the server has just ended is not ours to reload.
		kill -HUP "$pid" 2>/dev/null || :
	done
}

@test "reload and stop under load lose nothing that was answered 2xx" {
	: >"$WORK/accepted"
	client storm "$WORK/accepted" "$WORK/calm" >"$WORK/storm.log" \
	    2>&1 3>&- &
	local storm=$! status=0 i
	until_true 30 accepted 40 || status=1
	for i in 1 2 3; do
		reload_server || status=1
		more_accepted 20 || status=1
		reload_responders
		more_accepted 20 || status=1
	done
	stop_all || status=1
	touch "$WORK/calm"
	wait "$storm" || status=1
	sed "s/^/# $SERVER: /" "$WORK/storm.log" >&3
	[ "$status" -eq 0 ] || { show_logs; return 1; }
	until_true 10 no_responders
	# What is still queued is run by the next process.
	if [ "$DISPATCH" = drain ]; then
		# The shell that is started is to put them in.
		# shellcheck disable=SC2016
		serve last sh -c 'while "$0" -c "$1" drain; do sleep 1; done' \
		    "$CTL" "$CONFIG"
	else
		serve last "$FCGI" -c "$CONFIG" -s "$WORK/last.sock"
	fi
	client settled "$WORK/accepted"
	stop_all
}

@test "a hook without signatures, offered to some, is closed to all others" {
	OFFER=yes start_server "$SERVER"
	spellings closed internal
	spellings opened inside
	stop_all
}
