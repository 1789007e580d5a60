#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
#
# signature auto, and the recipes of the manual, through a real server.

bats_require_minimum_version 1.5.0

load lib.bash
load servers.bash
load sender.bash

setup_file() {
	prepare
	start_server lighttpd-cgi
}

teardown_file() {
	stop_all
}

setup() {
	rm -rf "$WORK/records"
	mkdir "$WORK/records"
	BODY=$BATS_TEST_TMPDIR/body
	: >"$WORK/pelihook.log"
	chmod 600 "$WORK/pelihook.log"
	payload "$BODY" 300
	set_secret "$(openssl rand -hex 32)"
	printf 'secret-file %s\n' "$WORK/secret" | hook_lines
}

# ---- auto ----

joined() {	# before: a MAC over that and the body
	{ printf '%s' "$1"; cat "$BODY"; } | mac_hex
}

mac_of() {
	case $1 in
	other-body) echo '{"event":"connection_removed"}' | mac_hex ;;
	other-key) mac_with 00112233 <"$BODY" ;;
	# Some versions of openssl take no empty key: zeroes are padding.
	empty-key) mac_with 00 <"$BODY" ;;
	key-as-hex) mac_with "$SECRET" <"$BODY" ;;
	body-and-lf) { cat "$BODY"; echo; } | mac_hex ;;
	body-but-one) head -c -1 "$BODY" | mac_hex ;;
	stamp.body) joined 1700000000. ;;
	v0:stamp:body) joined v0:1700000000: ;;
	id.stamp.body) joined msg_1.1700000000. | hex_to_base64 ;;
	sha256) sha256sum <"$BODY" | cut -c 1-64 ;;
	sha256-key-body) { printf %s "$SECRET"; cat "$BODY"; } | sha256sum |
	    cut -c 1-64 ;;
	sha1) openssl dgst -sha1 -mac HMAC -macopt "hexkey:$(key_hex)" -r \
	    "$BODY" | cut -d ' ' -f 1 ;;
	sha512) openssl dgst -sha512 -mac HMAC -macopt "hexkey:$(key_hex)" \
	    -r "$BODY" | cut -d ' ' -f 1 ;;
	first-63) echo "${HEX:0:63}" ;;
	first-32) echo "${HEX:0:32}" ;;
	last-32) echo "${HEX:32}" ;;
	base64-unpadded) echo "${BASE64%=}" ;;
	base64-of-hex) printf %s "$HEX" | base64 -w 0 ;;
	# The last character's lowest bits are zero: the next has one set.
	base64-unused-bits) echo "$BASE64" | perl -pe 's{(.)=$}{
	    chr(ord($1) + 1) . "="}e' ;;
	base64-lower) echo "$BASE64" | tr '[:upper:]' '[:lower:]' ;;
	*) echo "what is $1?" >&2; return 1 ;;
	esac
}

fill() {	# value
	local value=$1 name
	while [[ $value == *'%('* ]]; do
		name=${value#*'%('}
		name=${name%%')'*}
		value=${value/"%($name)"/$(mac_of "$name")} || return
	done
	value=${value//%h/$HEX}
	value=${value//%H/${HEX^^}}
	value=${value//%b/$BASE64}
	value=${value//%w/$WRONG}
	value=${value//%v/$(printf %s "$WRONG" | hex_to_base64)}
	printf '%s' "$value"
}

# Sends what was gathered, and counts what is answered otherwise.
check_row() {
	[ -n "$ROW" ] || return 0
	send_with "$BODY" "${HEADERS[@]}"
	CHECKED=$((CHECKED + 1))
	[ "$STATUS" = "$WANT" ] && return
	echo "$ROW: $STATUS, not $WANT"
	last_line
	BAD=$((BAD + 1))
}

# check_rows STATUS: every request of auto.txt that is answered so.
check_rows() {
	local line value
	HEX=$(mac_hex <"$BODY")
	BASE64=$(mac_base64 <"$BODY")
	WRONG=$(openssl rand -hex 32)
	ROW='' CHECKED=0 BAD=0
	while IFS= read -r line; do
		case $line in
		'' | '#'*) continue ;;
		'+ '*)
			[ -z "$ROW" ] || HEADERS+=("$(fill "${line#+ }")")
			continue
			;;
		esac
		check_row
		ROW='' HEADERS=()
		WANT=${line%% *}
		[ "$WANT" = "$1" ] || continue
		ROW=$line
		value=${line#"$WANT"}
		[ -z "$value" ] || HEADERS=("$(fill "${value# }")")
	done <"$BATS_TEST_DIRNAME/auto.txt"
	check_row
	[ "$BAD" -eq 0 ]
}

@test "auto accepts every shape of a signature in any header" {
	check_rows 200
	[ "$CHECKED" -ge 48 ]
	[ "$(records)" -eq "$CHECKED" ]
}

@test "auto refuses everything else, and the command is silent" {
	check_rows 401
	[ "$CHECKED" -ge 38 ]
	[ "$(records)" -eq 0 ]
	# Never two ways to say no.
	[ "$(jq -c 'del(.id)' "$ANSWER.body")" = \
	    "$(send_with "$BODY"; jq -c 'del(.id)' "$ANSWER.body")" ]
}

@test "a signature in the query, the path or the body is none" {
	local url=$URL
	URL="$url?signature=$(mac_hex <"$BODY")"
	send_with "$BODY"
	expect_status 401
	printf '{"event":"connection_added","mac":"%s"}' \
	    "$(mac_hex <"$BODY")" >"$BODY"
	URL=$url
	send_with "$BODY"
	expect_status 401
	[ "$(records)" -eq 0 ]
}

@test "the log names the header and pins it with a line that works" {
	local line
	send_with "$BODY" "X-Odd: t=1; mac=$(mac_hex <"$BODY")"
	expect_status 200
	line=$(last_line)
	[[ $line == *signed-by=X-Odd* ]]
	line=$(printf '%s' "$line" |
	    sed -n 's/.* signature="\(.*\)" remote=.*/\1/p')
	[ "$line" = 'header X-Odd split ; prefix mac= encoding hex' ]
	printf '%s\n' "secret-file $WORK/secret" "signature $line" |
	    hook_lines
	send_with "$BODY" "X-Odd: t=1; mac=$(mac_hex <"$BODY")"
	expect_status 200
	send_with "$BODY" "X-Other: t=1; mac=$(mac_hex <"$BODY")"
	expect_status 401
}

@test "any of several secrets verifies, and the log names it" {
	local old
	old=$(openssl rand -hex 32)
	echo "$old" >"$WORK/old"
	chmod 600 "$WORK/old"
	printf 'secret-file %s\n' "$WORK/secret" "$WORK/old" | hook_lines
	send_with "$BODY" "X-Signature: $(mac_hex <"$BODY")"
	expect_status 200
	[[ $(last_line) == *"secret=$WORK/secret"* ]]
	send_with "$BODY" \
	    "X-Signature: $(SECRET=$old; mac_hex <"$BODY")"
	expect_status 200
	[[ $(last_line) == *"secret=$WORK/old"* ]]
	send_with "$BODY" "X-Signature: $(openssl rand -hex 32)"
	expect_status 401
}

@test "secrets as text, hex, base64 and whsec" {
	local bytes coding text
	bytes=$(openssl rand -hex 24)
	for coding in raw hex base64 whsec; do
		case $coding in
		raw) text=$bytes ;;
		hex) text=$bytes ;;
		base64) text=$(printf %s "$bytes" | hex_to_base64) ;;
		whsec) text=whsec_$(printf %s "$bytes" | hex_to_base64) ;;
		esac
		set_secret "$text"
		printf 'secret-file %s %s\n' "$WORK/secret" $coding |
		    hook_lines
		if [ $coding = raw ]; then
			send_with "$BODY" "X-S: $(mac_hex <"$BODY")"
		else
			send_with "$BODY" "X-S: $(mac_with "$bytes" <"$BODY")"
		fi
		expect_status 200
	done
}

@test "signature none accepts what is unsigned, but not by its path" {
	local url=$URL
	echo 'signature none' | hook_lines
	send_with "$BODY"
	expect_status 200
	URL=$url/first
	send_with "$BODY"
	expect_status 404
}

# ---- The recipes of the manual ----

# The manual's line for the header, without the markup of mdoc(7).
manual_line() {	# header
	perl -0pe 's/\\e\n */ /g; s/\\(.)/$1/g' \
	    "$SOURCE/common/pelihook.conf.5" |
	    sed -n "s/  */ /g; /^signature header $1\( \|\$\)/p"
}

# recipe SENDER HEADER SIGN: pins the manual's line, sends what SIGN prints as
# header lines, then the same with another body.
recipe() {
	local line words=()
	line=$(manual_line "$2")
	[ -n "$line" ] && [ "$(echo "$line" | wc -l)" -eq 1 ] || {
		echo "the manual has no line for $1"
		return 1
	}
	printf '%s\n' "secret-file $WORK/secret ${CODING:-}" "$line" |
	    hook_lines
	mapfile -t words < <("$3")
	send_with "$BODY" "${words[@]}"
	expect_status 200 || return
	# A byte more.
	cp "$BODY" "$BODY.other"
	echo >>"$BODY.other"
	send_with "$BODY.other" "${words[@]}"
	expect_status 401 || return
	[ "$(records)" -eq 1 ]
}

gitea() {
	echo "X-Gitea-Signature: $(mac_hex <"$BODY")"
}

shopify() {
	echo "X-Shopify-Hmac-Sha256: $(mac_base64 <"$BODY")"
}

paddle() {
	local now
	now=$(date +%s)
	echo "Paddle-Signature: ts=$now;h1=$WRONG;h1=$(joined "$now:")"
}

zendesk() {
	local now
	now=$(date -u +%Y-%m-%dT%H:%M:%SZ)
	echo "X-Zendesk-Webhook-Signature-Timestamp: $now"
	echo "X-Zendesk-Webhook-Signature: $(joined "$now" | hex_to_base64)"
}

box() {
	local now
	now=$(TZ=America/Los_Angeles date +%Y-%m-%dT%H:%M:%S%:z)
	echo "BOX-DELIVERY-TIMESTAMP: $now"
	echo "BOX-SIGNATURE-PRIMARY: $({ cat "$BODY"; printf %s "$now"; } |
	    mac_base64)"
	echo "BOX-SIGNATURE-SECONDARY: $(printf %s "$WRONG" | hex_to_base64)"
}

fivetran() {
	echo "X-Fivetran-Signature-256: $(mac_hex <"$BODY" | tr a-f A-F)"
}

dbt() {
	echo "Authorization: $(mac_hex <"$BODY")"
}

workos() {
	local now
	now=$(date +%s%3N)
	echo "WorkOS-Signature: t=$now, v1=$(joined "$now.")"
}

pagerduty() {
	echo "X-PagerDuty-Signature: v1=$WRONG,v1=$(mac_hex <"$BODY")"
}

github() {
	echo "X-Hub-Signature-256: sha256=$(mac_hex <"$BODY")"
	echo "X-Hub-Signature: sha1=$(mac_of sha1)"
}

stripe() {
	local now
	now=$(date +%s)
	echo "Stripe-Signature: t=$now,v1=$(joined "$now."),v0=$WRONG"
}

slack() {
	local now
	now=$(date +%s)
	echo "X-Slack-Request-Timestamp: $now"
	echo "X-Slack-Signature: v0=$(joined "v0:$now:")"
}

standard_webhooks() {
	local now
	now=$(date +%s)
	echo "webhook-id: msg_1"
	echo "webhook-timestamp: $now"
	echo "webhook-signature: v1,$(joined "msg_1.$now." | hex_to_base64)"
}

@test "the manual's line for Gitea verifies what it sends" {
	recipe Gitea X-Gitea-Signature gitea
}

@test "the manual's line for Shopify verifies what it sends" {
	recipe Shopify X-Shopify-Hmac-Sha256 shopify
}

@test "the manual's line for Paddle verifies what it sends" {
	WRONG=$(openssl rand -hex 32)
	recipe Paddle Paddle-Signature paddle
}

@test "the manual's line for Zendesk verifies what it sends" {
	recipe Zendesk X-Zendesk-Webhook-Signature zendesk
}

@test "the manual's line for Box verifies what it sends" {
	WRONG=$(openssl rand -hex 32)
	recipe Box BOX-SIGNATURE-PRIMARY box
}

@test "the manual's line for Fivetran verifies what it sends" {
	recipe Fivetran X-Fivetran-Signature-256 fivetran
}

@test "the manual's line for dbt verifies what it sends" {
	recipe dbt Authorization dbt
}

@test "the manual's line for WorkOS verifies what it sends" {
	recipe WorkOS WorkOS-Signature workos
}

@test "the manual's line for PagerDuty verifies what it sends" {
	WRONG=$(openssl rand -hex 32)
	recipe PagerDuty X-PagerDuty-Signature pagerduty
}

@test "the presets written out in the manual verify what they name" {
	WRONG=$(openssl rand -hex 32)
	recipe GitHub X-Hub-Signature-256 github
	rm "$WORK"/records/*
	recipe Stripe Stripe-Signature stripe
	rm "$WORK"/records/*
	recipe Slack X-Slack-Signature slack
	rm "$WORK"/records/*
	recipe "Standard Webhooks" webhook-signature standard_webhooks
}

# preset NAME SIGN: the same by its name.
preset() {
	local words=()
	printf '%s\n' "secret-file $WORK/secret" "signature $1" | hook_lines
	mapfile -t words < <("$2")
	send_with "$BODY" "${words[@]}"
	expect_status 200 || return
	send_with "$BODY" "X-Signature: $(mac_hex <"$BODY")"
	expect_status 401
}

@test "the presets by their names, and nothing else beside them" {
	WRONG=$(openssl rand -hex 32)
	preset github github
	preset stripe stripe
	preset slack slack
	preset standard-webhooks standard_webhooks
}

# ---- Timestamps ----

# stamped SECONDS: Slack's way, so far from now; sets STATUS.
stamped() {
	local stamp
	stamp=$(($(date +%s) + $1))
	send_with "$BODY" "X-Slack-Request-Timestamp: $stamp" \
	    "X-Slack-Signature: v0=$(joined "v0:$stamp:")"
}

@test "a stale and a future timestamp are refused as a wrong signature is" {
	printf '%s\n' "secret-file $WORK/secret" 'signature slack' |
	    hook_lines
	stamped -290
	expect_status 200
	stamped 290
	expect_status 200
	for apart in -310 310 -86400 86400; do
		stamped $apart
		expect_status 401
		jq -S 'del(.id)' "$ANSWER.body" >"$BODY.stale"
		[[ $(last_line) == *skew-ms=* ]]
	done
	send_with "$BODY"
	expect_status 401
	[ "$(jq -S 'del(.id)' "$ANSWER.body")" = "$(cat "$BODY.stale")" ]
}

@test "a tolerance holds both ways" {
	local line
	line=$(manual_line X-Slack-Signature)
	printf '%s\n' "secret-file $WORK/secret" "$line tolerance 1h" |
	    hook_lines
	stamped -3500
	expect_status 200
	stamped 3500
	expect_status 200
	stamped -3700
	expect_status 401
	stamped 3700
	expect_status 401
}
