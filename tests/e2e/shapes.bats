#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
#
# The event's name in payloads of every shape: shapes.json, each through
# pelihookctl try -n and through pelihook.cgi.

bats_require_minimum_version 1.5.0

load lib.bash

# Not in bats' own directory, which others cannot enter: try runs nothing as
# root.
setup() {
	PLACE=$(mktemp -d "${TMPDIR:-/tmp}/pelihook-shapes.XXXXXX")
	chmod 755 "$PLACE"
	CONFIG=$PLACE/pelihook.conf
	BODY=$PLACE/body
	REPLY_FILE=$PLACE/reply
	[ "$(id -u)" != 0 ] || as='-u nobody'
}

teardown() {
	rm -rf "$PLACE"
}

# configure LINE: a hook with that line.
configure() {
	printf '%s\n' 'log stderr' 'log-format json' 'hook first' \
	    'signature none' "$1" 'on * run /bin/true' >"$CONFIG"
	chmod 644 "$CONFIG"
}

run_try() {
	# shellcheck disable=SC2086 # two words or none
	"$CTL" -c "$CONFIG" ${as:-} try -n first <"$BODY"
}

# The request's reply to $REPLY_FILE, its log to $REPLY_FILE.log.
run_cgi() {	# NAME=value...
	env -i PELIHOOK_CONFIG="$CONFIG" PELIHOOK_HOOK=first \
	    GATEWAY_INTERFACE=CGI/1.1 REQUEST_METHOD=POST \
	    CONTENT_LENGTH="$(stat -c %s "$BODY")" "$@" "$CGI" \
	    <"$BODY" >"$REPLY_FILE" 2>"$REPLY_FILE.log"
}

# Each shape: sets SHAPE, EVENT, FOUND, HEADER; writes BODY and CONFIG.
take_shape() {	# number
	local row
	row=$(jq -c ".[$1]" "$BATS_TEST_DIRNAME/shapes.json")
	SHAPE=$(jq -r .shape <<<"$row")
	EVENT=$(jq -r .event <<<"$row")
	FOUND=$(jq -r '.found // ""' <<<"$row")
	HEADER=$(jq -r '.header // ""' <<<"$row")
	ALONE=$(jq -r '.alone // ""' <<<"$row")
	jq -j '.text // (.body | tojson)' <<<"$row" >"$BODY"
	configure "$(jq -r '.config // ""' <<<"$row")"
}

count_shapes() {
	jq length "$BATS_TEST_DIRNAME/shapes.json"
}

complain() {
	echo "$SHAPE: $*"
	BAD=$((BAD + 1))
}

@test "there are at least forty shapes, each with a name of its own" {
	[ "$(count_shapes)" -ge 40 ]
	[ "$(jq -r '.[].shape' "$BATS_TEST_DIRNAME/shapes.json" | sort -u |
	    wc -l)" -eq "$(count_shapes)" ]
}

@test "try -n finds the event's name in payloads of every shape" {
	local i said known BAD=0
	for ((i = 0; i < $(count_shapes); i++)); do
		take_shape $i
		if [ -n "$ALONE" ]; then
			EVENT=$ALONE FOUND=''
		fi
		said=$(run_try | sed -n 's/^  event  *//p')
		known='?*'
		[ -z "$FOUND" ] || known="$EVENT, found at $FOUND"
		# shellcheck disable=SC2053 # a pattern
		[[ $said == "$EVENT"* && $said == $known* ]] ||
		    complain "$said"
		[[ $said == *"not in the table"* ]] &&
		    "$CTL" events | grep -q "^$EVENT " && complain "$said"
	done
	[ "$BAD" -eq 0 ]
}

@test "pelihook.cgi finds the same, and its log says where" {
	local i variable BAD=0
	for ((i = 0; i < $(count_shapes); i++)); do
		take_shape $i
		variable=
		[ -z "$HEADER" ] || variable=HTTP_$(printf '%s' \
		    "${HEADER%%:*}" | tr a-z- A-Z_)=${HEADER#*: }
		run_cgi ${variable:+"$variable"}
		[ "$(sed -n '/^{/p' "$REPLY_FILE" | jq -r .event)" = \
		    "$EVENT" ] || complain "$(cat "$REPLY_FILE")"
		[ "$(jq -rs '[.[] | select(.status == 200)][0].found // ""' \
		    "$REPLY_FILE.log")" = "$FOUND" ] ||
		    complain "$(cat "$REPLY_FILE.log")"
	done
	[ "$BAD" -eq 0 ]
}

@test "every event of the table is found, with its row" {
	local event status outcome cause
	configure ''
	sed -i 's|/bin/true|/usr/bin/env|' "$CONFIG"
	sed -i 's|log-format json|log-level debug|' "$CONFIG"
	while read -r event status outcome cause; do
		printf '{"event":"%s"}' "$event" >"$BODY"
		run_cgi
		grep -q "PELIHOOK_EVENT=$event\\b" "$REPLY_FILE.log"
		grep -q "PELIHOOK_RUN_STATUS=${status#-}[^A-Z]" \
		    "$REPLY_FILE.log"
		grep -q "PELIHOOK_OUTCOME=$outcome\\b" "$REPLY_FILE.log"
		grep -q "PELIHOOK_CAUSE=${cause#-}[^a-z]" "$REPLY_FILE.log"
	done <<-END
	connection_added - added -
	connection_removed - removed -
	pipeline_run_started RUNNING started -
	pipeline_run_completed COMPLETED success -
	pipeline_run_completed_with_errors COMPLETED_WITH_ERRORS partial destination
	pipeline_run_internal_error INTERNAL_ERROR failure platform
	pipeline_run_error ERROR failure connector
	pipeline_run_remote_error REMOTE_ERROR failure source
	pipeline_run_killed KILLED stopped user
	pipeline_run_killed_for_system_upgrade KILLED_FOR_SYSTEM_UPGRADE stopped platform
	pipeline_run_timeout TIMEOUT failure limit
	pipeline_run_rate_limited RATE_LIMITED failure source
	pipeline_run_no_streams NO_STREAMS failure configuration
	pipeline_run_failed - failure unknown
	END
}

@test "an event that no line takes is ignored with the keys to look at" {
	configure ''
	sed -i 's|on \* run|on @success run|' "$CONFIG"
	printf '{"kind":"x","secret_value":{"a":"hidden"}}' >"$BODY"
	run_cgi
	[ "$(sed -n '/^{/p' "$REPLY_FILE" | jq -r .status)" = ignored ]
	grep -q '"reason":"no-rule"' "$REPLY_FILE.log"
	grep -q 'kind secret_value' "$REPLY_FILE.log"
	grep -q 'event-name' "$REPLY_FILE.log"
	run ! grep -q hidden "$REPLY_FILE.log"
}
