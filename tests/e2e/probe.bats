#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
#
# An unknown sender, from its first 401 to the one right line, through a real
# server.

bats_require_minimum_version 1.5.0

load lib.bash
load servers.bash
load sender.bash

setup_file() {
	prepare
	install_senders
	start_server lighttpd-cgi
}

teardown_file() {
	stop_all
}

setup() {
	BODY=$BATS_TEST_TMPDIR/body
	: >"$WORK/pelihook.log"
	chmod 600 "$WORK/pelihook.log"
	set_secret "$(openssl rand -hex 32)"
	odd_payload "$BODY"
}

# ---- The senders' own libraries ----

@test "GitHub's library: captured, probed, pinned, verified" {
	story '' stripe send_as github "$BODY"
	[ "$LINES_FOUND" = "signature header X-Hub-Signature-256 \
prefix sha256= encoding hex" ]
}

@test "Stripe's library: captured, probed, pinned, verified" {
	set_secret "whsec_$(openssl rand -hex 16)"
	story '' auto send_as stripe "$BODY"
	[ "$LINES_FOUND" = "signature header Stripe-Signature split , \
prefix v1= encoding hex timestamp item t= over {timestamp}.{body}" ]
}

@test "what Slack's library verifies: captured, probed, pinned, verified" {
	story '' auto send_as slack "$BODY"
	[ "$LINES_FOUND" = "signature header X-Slack-Signature prefix v0= \
encoding hex timestamp header X-Slack-Request-Timestamp \
over v0:{timestamp}:{body}" ]
}

@test "Standard Webhooks' library: captured, probed, pinned, verified" {
	set_secret "whsec_$(openssl rand -base64 32)"
	story whsec auto send_as standard-webhooks "$BODY"
	[ "$LINES_FOUND" = "signature header webhook-signature split \" \" \
prefix v1, encoding base64 timestamp header webhook-timestamp \
id header webhook-id over {id}.{timestamp}.{body}" ]
}

@test "Svix' library with the secret taken as text at first" {
	set_secret "whsec_$(openssl rand -base64 24)"
	story '' auto send_as svix "$BODY"
	[ "$LINES_FOUND" = "secret-file $WORK/secret whsec
signature header Svix-Signature split \" \" prefix v1, encoding base64 \
timestamp header Svix-Timestamp id header Svix-Id \
over {id}.{timestamp}.{body}" ]
}

# ---- Secrets in every form ----

# The request of a sender that knows the key as these bytes.
send_keyed() {	# hex of the key
	local mac
	mac=$(mac_with "$1" <"$BODY")
	send_with "$BODY" "X-Mac: $mac" 'X-Request-Id: 4711'
}

@test "64 hex digits that are text for pelihook and bytes for the sender" {
	story '' auto send_keyed "$SECRET"
	[ "$LINES_FOUND" = "secret-file $WORK/secret hex
signature header X-Mac encoding hex" ]
}

@test "a secret in base64" {
	local key
	key=$(openssl rand -hex 24)
	set_secret "$(printf %s "$key" | hex_to_base64)"
	story '' auto send_keyed "$key"
	[ "$LINES_FOUND" = "secret-file $WORK/secret base64
signature header X-Mac encoding hex" ]
}

@test "a secret behind whsec_ whose text is the key" {
	set_secret "whsec_$(openssl rand -base64 24)"
	story whsec auto send_keyed "$(key_hex)"
	[ "$LINES_FOUND" = "secret-file $WORK/secret raw
signature header X-Mac encoding hex" ]
}

@test "a secret that was pasted as hex and is text" {
	story hex auto send_keyed "$(key_hex)"
	[ "$LINES_FOUND" = "secret-file $WORK/secret raw
signature header X-Mac encoding hex" ]
}

@test "the one of several secrets that the sender has" {
	local mac file
	openssl rand -hex 32 >"$WORK/other"
	chmod 600 "$WORK/other"
	rm -rf "$WORK/captures"
	mkdir -m 700 "$WORK/captures"
	hook_lines <<-END
	secret-file $WORK/other
	secret-file $WORK/secret
	signature stripe
	capture $WORK/captures
	END
	mac=$(mac_hex <"$BODY")
	send_with "$BODY" "X-Mac: $mac"
	expect_status 401
	file=$(only_capture)
	run -0 --separate-stderr "$CTL" -c "$CONFIG" probe first "$file"
	[ "$output" = "signature header X-Mac encoding hex" ]
}

# ---- Senders without a library ----

@test "timestamp, id and body joined, each in a header of its own" {
	send_joined() {
		local now mac
		now=$(date +%s%3N)
		mac=$(printf 'd-1:%s:%s' "$now" "$(cat "$BODY"; echo x)" |
		    head -c -1 | mac_base64)
		send_with "$BODY" "X-Delivery-Id: d-1" "X-Sent-At: $now" \
		    "X-Auth: HMAC $mac"
	}
	payload "$BODY" 2000
	story '' auto send_joined
	[ "$LINES_FOUND" = "signature header X-Auth prefix \"HMAC \" \
encoding base64 timestamp header X-Sent-At unit ms \
id header X-Delivery-Id over {id}:{timestamp}:{body}" ]
}

@test "Authorization with the signature is kept and explained" {
	send_authorized() {
		local mac
		mac=$(mac_base64 <"$BODY")
		send_with "$BODY" "Authorization: HMAC-SHA256 $mac"
	}
	story '' slack send_authorized
	[ "$LINES_FOUND" = "signature header Authorization \
prefix \"HMAC-SHA256 \" encoding base64" ]
}

# ---- What probe says when it cannot tell ----

# One captured request of a sender, whose secret is another in the end.
capture_one() {	# header lines
	rm -rf "$WORK/captures"
	mkdir -m 700 "$WORK/captures"
	hook_lines <<-END
	secret-file $WORK/secret
	capture $WORK/captures
	END
	send_with "$BODY" "$@"
	expect_status 401
	FILE=$(only_capture)
}

@test "a wrong secret is 65 and says what was looked at" {
	local mac
	mac=$(mac_hex <"$BODY")
	set_secret "$(openssl rand -hex 32)"
	capture_one "X-Hub-Signature-256: sha256=$mac" 'X-Request-Id: 1'
	run -65 --separate-stderr "$CTL" -c "$CONFIG" probe first "$FILE"
	[ -z "$output" ]
	[[ $stderr == *"none of "*" recipes explains this request"* ]]
	[[ $stderr == *"X-Hub-Signature-256 holds 32 bytes as hex"* ]]
	[[ $stderr == *"$WORK/secret"* ]]
	[[ $stderr == *secret* ]]
	[[ $stderr != *"$SECRET"* ]]
	[[ $stderr != *"X-Request-Id"* ]]
}

@test "a body that changed on the way is 65 too" {
	capture_one "X-Signature: $(echo other | mac_hex)"
	run -65 --separate-stderr "$CTL" -c "$CONFIG" probe first "$FILE"
	[[ $stderr == *"body"* ]]
}

@test "a body over 64 KiB is 65 and says to send a smaller one" {
	payload "$BODY" 65537
	capture_one "X-Signature: $(openssl rand -hex 32)"
	[ "$(stat -c %s "$FILE")" -lt 70000 ]
	run -65 --separate-stderr "$CTL" -c "$CONFIG" probe first "$FILE"
	[ -z "$output" ]
	[[ $stderr == *"smaller"* ]]
}

@test "a body of exactly 64 KiB is explained" {
	payload "$BODY" 65536
	story '' slack send_keyed "$(key_hex)"
}

@test "a file that is no capture is 65, one that is missing 66" {
	capture_one "X-Signature: $(openssl rand -hex 32)"
	run -65 --separate-stderr "$CTL" -c "$CONFIG" probe first "$BODY"
	[[ $stderr == *"no captured request"* ]]
	run -66 --separate-stderr "$CTL" -c "$CONFIG" probe first \
	    "$WORK/captures/none"
	[[ $stderr == *"$WORK/captures/none"* ]]
	run -66 "$CTL" -c "$CONFIG" probe second "$FILE"
	run -64 "$CTL" -c "$CONFIG" probe first
}

@test "a hook without a secret cannot explain anything, and says so" {
	capture_one "X-Signature: $(openssl rand -hex 32)"
	echo 'signature none' | hook_lines
	run -65 --separate-stderr "$CTL" -c "$CONFIG" probe first "$FILE"
	[[ $stderr == *"no secret"* ]]
}

@test "without a signature probe says where the sender's secret is set" {
	capture_one 'X-Request-Id: 1'
	run -65 --separate-stderr "$CTL" -c "$CONFIG" probe first "$FILE"
	[ -z "$output" ]
	[[ $stderr == *"nothing in the request is a signature"* ]]
	[[ $stderr == *"Settings, API Token & Webhooks, Outbound Webhooks"* ]]
	[[ $stderr != *X-Request-Id* ]]
}

@test "a large body without a signature need not be smaller" {
	payload "$BODY" 65537
	capture_one 'X-Request-Id: 1'
	run -65 --separate-stderr "$CTL" -c "$CONFIG" probe first "$FILE"
	[[ $stderr == *"nothing in the request is a signature"* ]]
	[[ $stderr != *smaller* ]]
}

@test "probe names a SHA-1 and a SHA-512" {
	local mac
	mac=$(openssl dgst -sha1 -hmac "$SECRET" -r <"$BODY")
	capture_one "X-Hub-Signature: sha1=${mac%% *}"
	run -65 --separate-stderr "$CTL" -c "$CONFIG" probe first "$FILE"
	[[ $stderr == *"X-Hub-Signature holds 20 bytes, as a SHA-1 has"* ]]
	[[ $stderr == *"HMAC-SHA256 only"* ]]
	mac=$(openssl dgst -sha512 -hmac "$SECRET" -binary <"$BODY" |
	    openssl base64 -A)
	capture_one "Authorization: HMAC $mac"
	run -65 --separate-stderr "$CTL" -c "$CONFIG" probe first "$FILE"
	[[ $stderr == *"Authorization holds 64 bytes, as a SHA-512 has"* ]]
	[[ $stderr == *"HMAC-SHA256 only"* ]]
	[[ $stderr != *"$mac"* ]]
}

@test "probe names a token and never prints it" {
	capture_one "X-Gitlab-Token: $SECRET"
	run -65 --separate-stderr "$CTL" -c "$CONFIG" probe first "$FILE"
	[[ $stderr == *"X-Gitlab-Token holds the secret itself, as a token"* ]]
	[[ $stderr == *"let the sender sign"* ]]
	[[ $stderr != *"$SECRET"* ]]
	capture_one 'Authorization: Bearer topsecret'
	run -65 --separate-stderr "$CTL" -c "$CONFIG" probe first "$FILE"
	[[ $stderr == *"Authorization holds a token or a password"* ]]
	run ! grep -q topsecret "$FILE"
}

@test "clocks that are apart are told" {
	local stamp mac
	stamp=$(($(date +%s) - 3600))
	mac=$(printf '%s.%s' "$stamp" "{}" | mac_hex)
	printf '{}' >"$BODY"
	capture_one "X-Signature: t=$stamp,v1=$mac"
	run -0 --separate-stderr "$CTL" -c "$CONFIG" probe first "$FILE"
	[ "$output" = "signature header X-Signature split , prefix v1= \
encoding hex timestamp item t= over {timestamp}.{body}" ]
	[[ $stderr == *"36"??" s"* ]]
}

@test "neither the secret nor the right MAC is printed or logged" {
	local mac
	mac=$(mac_hex <"$BODY")
	capture_one "X-Signature: $(openssl rand -hex 32)"
	run ! "$CTL" -c "$CONFIG" probe first "$FILE"
	[[ $output != *"$mac"* && $output != *"$SECRET"* ]]
	run ! grep -F -e "$mac" -e "$SECRET" "$WORK/pelihook.log" "$FILE"
}

# ---- capture ----

@test "only what is refused with 401 is kept" {
	capture_one "X-Signature: $(openssl rand -hex 32)"
	rm "$FILE"
	send_with "$BODY" "X-Signature: $(mac_hex <"$BODY")"
	expect_status 200
	[ -z "$(ls "$WORK/captures")" ]
	send_with "$BODY"
	expect_status 401
	[ -n "$(only_capture)" ]
}

@test "Cookie and Authorization are blanked where they are no signature" {
	capture_one "X-Signature: $(openssl rand -hex 32)" \
	    'Cookie: session=topsecret' 'Authorization: Bearer topsecret'
	run ! grep -q topsecret "$FILE"
	grep -qx 'Cookie: (blanked)' "$FILE"
	grep -qx 'Authorization: (blanked)' "$FILE"
}

@test "eight senders at once leave one capture a second" {
	local began ended pids=() pid
	capture_one "X-Signature: $(openssl rand -hex 32)"
	began=$(date +%s)
	for _ in 1 2 3 4 5 6 7 8; do
		for _ in 1 2 3 4 5 6; do
			curl -s -o "$BATS_TEST_TMPDIR/null" --max-time 30 \
			    -H "X-Signature: $(openssl rand -hex 32)" \
			    --data-binary "@$BODY" "$URL"
		done 3>&- &
		pids+=($!)
	done
	for pid in "${pids[@]}"; do
		wait "$pid"
	done
	ended=$(date +%s)
	[ "$(find "$WORK/captures" -type f | wc -l)" -le \
	    $((ended - began + 2)) ]
	[ "$(find "$WORK/captures" -type f ! -perm 600 | wc -l)" -eq 0 ]
	grep -l "^Pelihook-Capture: 1$" "$WORK"/captures/* | wc -l |
	    grep -qx "$(find "$WORK/captures" -type f | wc -l)"
}

@test "check warns of capture" {
	capture_one "X-Signature: $(openssl rand -hex 32)"
	run -0 --separate-stderr "$CTL" -c "$CONFIG" check
	[[ $stderr == *capture* ]]
}

@test "a request that could not be kept is refused all the same" {
	capture_one "X-Signature: $(openssl rand -hex 32)"
	rm -r "$WORK/captures"
	send_with "$BODY" "X-Signature: $(openssl rand -hex 32)"
	[ "$STATUS" = 401 ] || [ "$STATUS" = 500 ]
	grep -q "$WORK/captures" "$WORK/pelihook.log"
}

# ---- The documents ----

# The indented lines of README from the one that begins so to the next empty
# one.
readme_lines() {	# beginning
	awk -v want="    $1" 'index($0, want) == 1 { on = 1 }
	    on && $0 == "" { exit } on { print substr($0, 5) }' \
	    "$SOURCE/README.md"
}

@test "the lines of README's two minutes do what it says" {
	local line stamp mac
	line=$(readme_lines 'capture ')
	[ -n "$line" ]
	rm -rf "$WORK/captures"
	mkdir -m 700 "$WORK/captures"
	printf '%s\n' "secret-file $WORK/secret" \
	    "${line/'/var/lib/pelihook'/$WORK}" | hook_lines
	stamp=$(date +%s)
	printf '{}' >"$BODY"
	mac=$(printf '%s.{}' "$stamp" | mac_hex)
	# A sender that tries again leaves several, of which the newest counts.
	send_with "$BODY" "X-Signature: $(openssl rand -hex 32)"
	expect_status 401
	sleep 1.1
	send_with "$BODY" "X-Signature: t=$stamp,v1=$mac"
	expect_status 401
	[ "$(find "$WORK/captures" -type f | wc -l)" -eq 2 ]
	line=$(readme_lines 'pelihookctl -u www-data probe ' |
	    sed -e "s,pelihookctl -u www-data,$CTL -c $CONFIG," \
		-e "s,/var/lib/pelihook,$WORK," -e 's,peliqan,first,')
	run -0 --separate-stderr sh -c "$line"
	line=$(readme_lines 'signature header ')
	[ "$output" = "$(echo "$line" | perl -0pe 's/\\\n *//')" ]
	printf '%s\n' "secret-file $WORK/secret" "$line" | hook_lines
	run -0 "$CTL" -c "$CONFIG" check
	send_with "$BODY" "X-Signature: t=$stamp,v1=$mac"
	expect_status 200
}
